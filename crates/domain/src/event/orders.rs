//! Facts about orders, and the amounts they carry.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of every amount in the order's events.
    #[schemars(with = "String")]
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
    #[schemars(with = "uuid::Uuid")]
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

impl PlacedLine {
    /// Units that are part of the order.
    #[must_use]
    pub fn active(&self) -> i64 {
        self.quantity - self.cancelled
    }
}

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
    #[schemars(with = "String")]
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
    #[schemars(with = "uuid::Uuid")]
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
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of the amounts.
    #[schemars(with = "String")]
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
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of the amounts.
    #[schemars(with = "String")]
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
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of the amounts.
    #[schemars(with = "String")]
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
    #[schemars(with = "Vec<uuid::Uuid>")]
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
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// Units now reserved.
    pub units: i64,
}

/// See [`Event::PaymentCaptured`](super::Event::PaymentCaptured).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentCaptured {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of the amounts.
    #[schemars(with = "String")]
    pub currency: Currency,
    /// Minor units of the order's currency, with tax.
    pub amount: i64,
    /// `card`, `cash`, `upi`, …
    pub method: String,
    /// The payment provider's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The same in the shop's currency at the rate of the day, where the order is in another and a rate was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<ConvertedCash>,
}

/// See [`Event::LinesChanged`](super::Event::LinesChanged).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinesChanged {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of the amounts.
    #[schemars(with = "String")]
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
    #[schemars(with = "Vec<uuid::Uuid>")]
    pub joined: Vec<ProductId>,
    /// Products of which no active unit remains by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<uuid::Uuid>")]
    pub gone: Vec<ProductId>,
}

/// By how much one line moved; each figure may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineDifference {
    /// Line number, from 1.
    pub line: u32,
    /// What the line is for.
    #[schemars(with = "uuid::Uuid")]
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
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of the amounts.
    #[schemars(with = "String")]
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
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of the amounts.
    #[schemars(with = "String")]
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

/// What money is paid back for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundKind {
    /// All that is owed back.
    Owed,
    /// What cancelled or returned units cost: cash alone moves.
    Units,
    /// A shipping fee taken back: cash alone moves.
    Shipping,
    /// A kindness: it lowers the sale too.
    Goodwill,
}

impl RefundKind {
    /// As written in answers: `goodwill`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RefundKind::Owed => "owed",
            RefundKind::Units => "units",
            RefundKind::Shipping => "shipping",
            RefundKind::Goodwill => "goodwill",
        }
    }
}

/// See [`Event::PaymentRefunded`](super::Event::PaymentRefunded).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentRefunded {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of the amounts.
    #[schemars(with = "String")]
    pub currency: Currency,
    /// Minor units of the order's currency that went back, with tax.
    pub amount: i64,
    /// What for.
    pub kind: RefundKind,
    /// By how much the sale is lowered: all of a goodwill refund, split by rule R7; nothing otherwise.
    pub allowance: Charge,
    /// Cancelled or returned units that are paid back, where they were named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<RefundedUnits>,
    /// Whether it takes back the payment before it, which never was one. Older versions did not say: there it does where it
    /// follows a payment at once and equals it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes_payment: Option<bool>,
    /// `card`, `cash`, `upi`, …
    pub method: String,
    /// The payment provider's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The same in the shop's currency at the rate of the day, where the order is in another and a rate was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<ConvertedRefund>,
}

/// Units of one line whose price went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefundedUnits {
    /// Line number, from 1.
    pub line: u32,
    /// How many units, at least 1.
    pub units: i64,
}
