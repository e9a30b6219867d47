//! The amounts in facts about orders: of goods, of fees, of complete orders, and the same in the shop's currency.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::{Currency, units_value};

/// The price entered for several units together, such as three for 100.00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineTotal {
    /// Minor units, as entered.
    pub amount: i64,
    /// For so many units.
    pub units: i64,
}

/// Amounts of goods, minor units, without tax unless said. net = gross − discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Amounts {
    /// Before discounts.
    pub gross: i64,
    /// Line discount and share of the order discount, as a positive amount.
    pub discount: i64,
    /// Tax on gross − discount.
    pub tax: i64,
}

/// Amounts of goods and fee in the shop's currency, converted once, when the order was placed or its lines changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Converted {
    /// The rate and the currency it leads to.
    #[serde(flatten)]
    pub by: StoredRate,
    /// One for each line of the event, in the same order; minor units of the shop's currency.
    pub lines: Vec<Amounts>,
    /// The event's shipping fee; minor units of the shop's currency.
    pub shipping: Charge,
}

/// A fee or goodwill in the shop's currency, at the rate of the order's placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConvertedCharge {
    /// The rate and the currency it leads to.
    #[serde(flatten)]
    pub by: StoredRate,
    /// Without tax, minor units of the shop's currency.
    pub net: i64,
    /// Tax on it, minor units of the shop's currency.
    pub tax: i64,
}

impl ConvertedCharge {
    /// Its amounts.
    #[must_use]
    pub fn charge(&self) -> Charge {
        Charge { net: self.net, tax: self.tax }
    }
}

/// Money paid back, in the shop's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConvertedRefund {
    /// The rate of the day and the currency it leads to.
    #[serde(flatten)]
    pub by: StoredRate,
    /// Minor units of the shop's currency.
    pub amount: i64,
    /// The event's allowance at the rate of the order's placement, which may come to nothing; minor units of the shop's
    /// currency. Left out where the order was not converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowance: Option<Charge>,
}

/// Money in the shop's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConvertedCash {
    /// The rate of the day and the currency it leads to.
    #[serde(flatten)]
    pub by: StoredRate,
    /// Minor units of the shop's currency.
    pub amount: i64,
    /// Always nothing: a payment lowers no sale.
    pub allowance: Charge,
}

/// An exchange rate as an event keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoredRate {
    /// The shop's currency.
    pub currency: Currency,
    /// Whole units of it for one whole unit of the order's currency.
    #[serde(with = "crate::money::decimal_string")]
    #[schemars(with = "String")]
    pub rate: Decimal,
}

/// A fee with its tax, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Charge {
    /// Without tax.
    pub net: i64,
    /// Tax on it.
    pub tax: i64,
}

/// The waterfall of rule R2, minor units: gross − discount = net; + shipping = revenue; + tax = total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Goods before discounts.
    pub gross: i64,
    /// Discounts, as a positive amount.
    pub discount: i64,
    /// Net sales.
    pub net: i64,
    /// Shipping without tax.
    pub shipping: i64,
    /// The headline: without tax, with shipping.
    pub revenue: i64,
    /// All tax.
    pub tax: i64,
    /// What the customer pays.
    pub total: i64,
}

impl Charge {
    /// With tax.
    #[must_use]
    pub fn total(self) -> i64 {
        self.net + self.tax
    }
}

impl Amounts {
    /// After discounts, with tax.
    #[must_use]
    pub fn total(self) -> i64 {
        self.gross - self.discount + self.tax
    }

    /// Value of the units `from + 1` to `to` of a line of `quantity` units that is worth this (rule R4).
    #[must_use]
    pub fn of_units(self, quantity: i64, from: i64, to: i64) -> Amounts {
        if quantity == 0 {
            return Amounts::default();
        }
        let value = |amount| units_value(amount, quantity, from, to);
        Amounts { gross: value(self.gross), discount: value(self.discount), tax: value(self.tax) }
    }

    /// Field by field.
    #[must_use]
    pub fn less(self, other: Amounts) -> Amounts {
        Amounts { gross: self.gross - other.gross, discount: self.discount - other.discount, tax: self.tax - other.tax }
    }
}

impl Totals {
    /// The waterfall of rule R2 over lines and shipping.
    #[must_use]
    pub fn of(lines: impl IntoIterator<Item = Amounts>, shipping: Charge) -> Totals {
        let mut totals = Totals { shipping: shipping.net, tax: shipping.tax, ..Totals::default() };
        for line in lines {
            totals.gross += line.gross;
            totals.discount += line.discount;
            totals.tax += line.tax;
        }
        totals.net = totals.gross - totals.discount;
        totals.revenue = totals.net + totals.shipping;
        totals.total = totals.revenue + totals.tax;
        totals
    }
}
