//! An order as it is shown: everything derived spelled out, amounts in minor units.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::{AddedNote, Line, Order, Payment, PaymentStatus, Shipment, Status, Times};
use crate::event::{Amounts, Charge, Totals};

/// An order with all derived values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderView {
    /// The order's number.
    pub order_id: i64,
    /// Version of its stream.
    pub version: i64,
    /// Its status.
    pub status: Status,
    /// Whether it is paid.
    pub payment_status: PaymentStatus,
    /// Whether nothing may ship until released.
    pub on_hold: bool,
    /// Whether a unit waits for stock.
    pub backordered: bool,
    /// Statuses that one command can bring it to.
    pub allowed_next: Vec<Status>,
    /// The customer who ordered.
    pub customer_id: uuid::Uuid,
    /// ISO 4217 code of every amount.
    pub currency: String,
    /// Business day of the placement.
    pub placed_on: NaiveDate,
    /// When it reached its milestones.
    pub times: Times,
    /// In the order given.
    pub lines: Vec<LineView>,
    /// Shipping fee that is part of the order now.
    pub shipping: Charge,
    /// Totals as placed, or as of the last change of lines.
    pub placed_totals: Totals,
    /// Totals of what is part of the order now.
    pub totals: Totals,
    /// Money that came in; not that of payments that were undone.
    pub captured: i64,
    /// The money still owed; negative if too much was paid.
    pub due: i64,
    /// Every payment, oldest first.
    pub payments: Vec<Payment>,
    /// Every shipment, oldest first.
    pub shipments: Vec<Shipment>,
    /// The note that it was placed with; may be sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Notes since then, oldest first; each may be sealed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<AddedNote>,
    /// Its number in the system it was imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<String>,
}

/// One line with all derived values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineView {
    /// Number of the line, from 1.
    pub line: u32,
    /// The product.
    pub product_id: uuid::Uuid,
    /// SKU of the product when the line was placed.
    pub sku: String,
    /// Name of the product when the line was placed.
    pub name: String,
    /// Price of one unit as entered.
    pub unit_price: i64,
    /// Tax rate in percent.
    pub tax_rate: String,
    /// Units ordered.
    pub ordered: i64,
    /// Units cancelled.
    pub cancelled: i64,
    /// Units set aside in stock.
    pub reserved: i64,
    /// Units that wait for stock.
    pub backordered: i64,
    /// Units shipped.
    pub shipped: i64,
    /// Units that arrived and stayed.
    pub delivered: i64,
    /// Units that came back.
    pub returned: i64,
    /// Amounts of the units that are part of the order now.
    pub amounts: Amounts,
}

impl Order {
    /// The order as it is shown at `now`.
    #[must_use]
    pub fn view(&self, now: DateTime<Utc>) -> OrderView {
        OrderView {
            order_id: self.id.0,
            version: self.version.0,
            status: self.status(),
            payment_status: self.payment_status(),
            on_hold: self.on_hold_at(now),
            backordered: self.backordered(),
            allowed_next: self.allowed_next(now),
            customer_id: self.customer_id.0,
            currency: self.currency.code().to_owned(),
            placed_on: self.placed_on,
            times: self.times.clone(),
            lines: self.lines.iter().map(Line::view).collect(),
            shipping: self.current_shipping(),
            placed_totals: self.totals,
            totals: self.current_totals(),
            captured: self.received(),
            due: self.due(),
            payments: self.payments.clone(),
            shipments: self.shipments.clone(),
            note: self.note.clone(),
            notes: self.notes.clone(),
            external_reference: self.external_reference.clone(),
        }
    }
}

impl Line {
    fn view(&self) -> LineView {
        LineView {
            line: self.line,
            product_id: self.product_id.0,
            sku: self.sku.clone(),
            name: self.name.clone(),
            unit_price: self.unit_price,
            tax_rate: self.tax_rate.normalize().to_string(),
            ordered: self.ordered,
            cancelled: self.cancelled,
            reserved: self.reserved,
            backordered: self.backordered,
            shipped: self.shipped,
            delivered: self.delivered,
            returned: self.returned,
            amounts: self.kept_amounts(),
        }
    }
}
