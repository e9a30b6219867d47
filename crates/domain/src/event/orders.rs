//! Facts about orders: placed, confirmed, held, changed, shipped, delivered, cancelled, returned.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    amounts::{Charge, Converted, ConvertedCharge, Totals},
    lines::{LineDifference, LineUnits, PlacedLine},
    safeguards::Safeguards,
};
use crate::{
    guarded::GuardedAct,
    ids::{CustomerId, OrderId, ProductId},
    money::Currency,
    typed::{Typed, number, words},
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

impl Safeguards for OrderPlaced {
    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        words("note", &mut self.note).collect()
    }
}

/// See [`Event::OrderConfirmed`](super::Event::OrderConfirmed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderConfirmed {
    /// The order's number.
    pub order_id: OrderId,
}

impl Safeguards for OrderConfirmed {}

/// See [`Event::OrderUnconfirmed`](super::Event::OrderUnconfirmed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderUnconfirmed {
    /// The order's number.
    pub order_id: OrderId,
}

impl Safeguards for OrderUnconfirmed {}

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

impl Safeguards for OrderHeld {}

/// See [`Event::OrderReleased`](super::Event::OrderReleased).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderReleased {
    /// The order's number.
    pub order_id: OrderId,
}

impl Safeguards for OrderReleased {}

/// See [`Event::ProcessingStarted`](super::Event::ProcessingStarted).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessingStarted {
    /// The order's number.
    pub order_id: OrderId,
}

impl Safeguards for ProcessingStarted {}

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

impl Safeguards for UnitsShipped {
    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        number("carrier", &mut self.carrier).chain(number("tracking", &mut self.tracking)).collect()
    }
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

impl Safeguards for UnitsDelivered {}

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

impl Safeguards for UnitsCancelled {
    fn guarded(&self) -> Option<GuardedAct> {
        Some(GuardedAct::Cancelling)
    }
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

impl Safeguards for BackorderFilled {}

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

impl Safeguards for LinesChanged {
    fn guarded(&self) -> Option<GuardedAct> {
        // Fewer units on a line are cancelled units by another name.
        self.differences.iter().any(|line| line.units < 0).then_some(GuardedAct::Cancelling)
    }
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

impl Safeguards for ShipmentVoided {}

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

impl Safeguards for UnitsReturned {}
