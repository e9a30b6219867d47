//! Facts about orders: placed, confirmed, held, changed, shipped, delivered, cancelled, returned.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amounts::{Amounts, Charge, Converted, ConvertedCharge, LineTotal, Totals};
use crate::{
    ids::{CustomerId, OrderId, ProductId},
    money::Currency,
    pricing::Discount,
};

/// See [`Event::OrderPlaced`](super::Event::OrderPlaced).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPlaced {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered; the person's particulars stand only in the customer's stream.
    pub customer_id: CustomerId,
    /// Of every amount in the order's events.
    pub currency: Currency,
    /// Whether the prices of every line were entered with tax, and so the shipping fee. The amounts below never include it.
    pub tax_inclusive: bool,
    /// In the order given, numbered from 1.
    pub lines: Vec<PlacedLine>,
    /// Shipping fee.
    pub shipping: Charge,
    /// Sums over lines and shipping.
    pub totals: Totals,
    /// The customer's note; may be sealed under the customer's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The same in the shop's currency, where the order is in another and a rate was stored (rule R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
    /// The order's number in the system it was imported from, as written there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<String>,
}

/// A line as ordered, with price, name and tax rate copied from the catalogue of that moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlacedLine {
    /// From 1.
    pub line: u32,
    /// What.
    pub product_id: ProductId,
    /// Copied from the catalogue.
    pub sku: String,
    /// Copied from the catalogue.
    pub name: String,
    /// Units ordered.
    pub quantity: i64,
    /// Price of one unit as entered, minor units.
    pub unit_price: i64,
    /// Percent; `18` means 18 %.
    #[serde(with = "crate::money::decimal_string")]
    #[schemars(with = "String")]
    pub tax_rate: Decimal,
    /// Whether the price and the discounts were entered with tax.
    pub tax_inclusive: bool,
    /// The price of all units together, where that was entered instead of the price of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_total: Option<LineTotal>,
    /// What is taken off, as entered, each from what the one before leaves: a change prices the line anew by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    /// Whether the last of them is the line's part of a discount on the whole order.
    #[serde(default, skip_serializing_if = "is_false")]
    pub order_discount: bool,
    /// Amounts of the whole line; the value of unit i follows from them by rule R4.
    pub amounts: Amounts,
    /// Whether stock is kept of the product.
    pub tracked: bool,
    /// Of its units, those cancelled before: always the highest numbers. None when placed.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub cancelled: i64,
    /// Units set aside for it.
    pub reserved: i64,
    /// Units it waits for.
    pub backordered: i64,
}

fn is_nothing(units: &i64) -> bool {
    *units == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl PlacedLine {
    /// Units that are part of the order.
    #[must_use]
    pub fn active(&self) -> i64 {
        self.quantity - self.cancelled
    }

    /// What is taken off this line alone, as entered.
    #[must_use]
    pub fn own_discounts(&self) -> &[Discount] {
        match self.discounts.split_last() {
            Some((_, own)) if self.order_discount => own,
            Some(_) | None => &self.discounts,
        }
    }

    /// Its part of a discount on the whole order: the percentage, or a share of the amount.
    #[must_use]
    pub fn part_of_order_discount(&self) -> Option<Discount> {
        self.discounts.last().copied().filter(|_| self.order_discount)
    }

    /// Amounts of the units that are part of the order.
    #[must_use]
    pub fn kept_amounts(&self) -> Amounts {
        self.amounts.of_units(self.quantity, 0, self.active())
    }
}

/// See [`Event::OrderConfirmed`](super::Event::OrderConfirmed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderConfirmed {
    /// The order's number.
    pub order_id: OrderId,
}

/// See [`Event::OrderUnconfirmed`](super::Event::OrderUnconfirmed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderUnconfirmed {
    /// The order's number.
    pub order_id: OrderId,
}

/// See [`Event::OrderHeld`](super::Event::OrderHeld).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderHeld {
    /// The order's number.
    pub order_id: OrderId,
    /// When the hold ends by itself; it lasts until released when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Option<DateTime<Utc>>,
}

/// See [`Event::OrderReleased`](super::Event::OrderReleased).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderReleased {
    /// The order's number.
    pub order_id: OrderId,
}

/// See [`Event::ProcessingStarted`](super::Event::ProcessingStarted).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessingStarted {
    /// The order's number.
    pub order_id: OrderId,
}

/// Units of one line that an event moves, with the value that rule R4 gives exactly these units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineUnits {
    /// Line number, from 1.
    pub line: u32,
    /// What the line is for.
    pub product_id: ProductId,
    /// How many units, at least 1.
    pub units: i64,
    /// Value of exactly these units.
    pub amounts: Amounts,
}

/// See [`Event::UnitsShipped`](super::Event::UnitsShipped).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitsShipped {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// 1 for the order's first shipment.
    pub shipment: u32,
    /// What left.
    pub lines: Vec<LineUnits>,
    /// The shipping fee, with the first shipment only.
    pub shipping: Charge,
    /// Whether nothing else of the order had left, or had stayed gone.
    pub first: bool,
    /// Whether nothing of the order remains to be shipped.
    pub completes: bool,
    /// Who carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// The same in the shop's currency, where the order is in another and a rate was stored (rule R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
}

/// See [`Event::UnitsDelivered`](super::Event::UnitsDelivered).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitsDelivered {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// What arrived.
    pub lines: Vec<LineUnits>,
    /// Whether every active unit has arrived or come back.
    pub completes: bool,
}

/// See [`Event::UnitsCancelled`](super::Event::UnitsCancelled).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitsCancelled {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// What was cancelled, with the amounts to take back.
    pub lines: Vec<LineUnits>,
    /// The shipping fee taken back (rule R6), or nothing.
    pub shipping: Charge,
    /// Whether no active unit remains.
    pub completes: bool,
    /// The same in the shop's currency, where the order is in another and a rate was stored (rule R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
    /// Goodwill posted back, since less is left of the order than was granted (rule R5a), or nothing.
    pub goodwill_back: Charge,
    /// The same in the shop's currency, where the order was converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodwill_back_converted: Option<ConvertedCharge>,
    /// Products of which no active unit remains by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<ProductId>,
}

/// See [`Event::BackorderFilled`](super::Event::BackorderFilled).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackorderFilled {
    /// The order's number.
    pub order_id: OrderId,
    /// The line that waited.
    pub line: u32,
    /// What the line is for.
    pub product_id: ProductId,
    /// Units now reserved.
    pub units: i64,
}

/// See [`Event::LinesChanged`](super::Event::LinesChanged).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinesChanged {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// The lines as they stand from now on, all of them; a line keeps its number, a removed one is not listed. One that
    /// was not changed keeps its units, cancelled ones too, and with them the value of each.
    pub lines: Vec<PlacedLine>,
    /// By how much each line moved, removed ones too: what is booked on this day.
    pub differences: Vec<LineDifference>,
    /// Shipping fee as it stands from now on.
    pub shipping: Charge,
    /// By how much the shipping fee moved.
    pub shipping_difference: Charge,
    /// Sums over the lines and shipping as they stand from now on.
    pub totals: Totals,
    /// The same in the shop's currency, where the order is in another and a rate was stored (rule R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
    /// The differences in the shop's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted_differences: Option<Converted>,
    /// Goodwill posted back, since less is left of the order than was granted (rule R5a), or nothing.
    pub goodwill_back: Charge,
    /// The same in the shop's currency, where the order was converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodwill_back_converted: Option<ConvertedCharge>,
    /// Products it holds from now on, and did not before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<ProductId>,
    /// Products of which no active unit remains by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<ProductId>,
}

/// By how much one line moved; each figure may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineDifference {
    /// Line number, from 1.
    pub line: u32,
    /// What the line is for.
    pub product_id: ProductId,
    /// Units now less units before.
    pub units: i64,
    /// Amounts now less amounts before.
    pub amounts: Amounts,
}

/// See [`Event::ShipmentVoided`](super::Event::ShipmentVoided).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentVoided {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// Which shipment never left after all.
    pub shipment: u32,
    /// What it held, with the amounts to take back.
    pub lines: Vec<LineUnits>,
    /// The shipping fee that was earned with it, or nothing.
    pub shipping: Charge,
    /// Whether nothing of the order has left now.
    pub last: bool,
    /// The same in the shop's currency, where the order is in another and a rate was stored (rule R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
}

/// What becomes of returned goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Sold again: the units are on hand once more.
    Restock,
    /// Thrown away: stock does not change.
    Scrap,
}

/// See [`Event::UnitsReturned`](super::Event::UnitsReturned).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitsReturned {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// What came back, with the amounts to take back.
    pub lines: Vec<LineUnits>,
    /// What becomes of it.
    pub disposition: Disposition,
    /// The shipping fee taken back, if asked (rule R6), or nothing.
    pub shipping: Charge,
    /// Whether every active unit has come back.
    pub completes: bool,
    /// The same in the shop's currency, where the order is in another and a rate was stored (rule R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
    /// Goodwill posted back, since less is left of the order than was granted (rule R5a), or nothing.
    pub goodwill_back: Charge,
    /// The same in the shop's currency, where the order was converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodwill_back_converted: Option<ConvertedCharge>,
}
