//! The past of an order that it keeps: payments, refunds, shipments, the hold, and the times of its milestones.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::event::{Charge, RefundKind};

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// When it was paid.
    pub at: DateTime<Utc>,
    /// Amount in minor units.
    pub amount: i64,
    /// `card`, `cash`, …
    pub method: String,
    /// The payment provider's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When the payment was undone, if it was a mistake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<DateTime<Utc>>,
}

/// Money that went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRecord {
    /// When the money was paid back.
    pub at: DateTime<Utc>,
    /// Amount in minor units.
    pub amount: i64,
    /// The reason for the refund.
    pub kind: RefundKind,
    /// `card`, `cash`, …
    pub method: String,
    /// The payment provider's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Units that left together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// Number of the shipment; 1 is the first.
    pub shipment: u32,
    /// When the shipment left.
    pub at: DateTime<Utc>,
    /// The carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's tracking number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// The units in the shipment.
    pub units: Vec<ShippedUnits>,
    /// The shipping fee that was earned with the shipment.
    pub fee: Charge,
    /// When the shipment was voided, if it never left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided: Option<DateTime<Utc>>,
}

/// A note that was written to the order after it was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedNote {
    /// When.
    pub at: DateTime<Utc>,
    /// Who wrote it.
    pub by: String,
    /// What; may be sealed.
    pub note: String,
}

/// Time during which nothing of an order may ship.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// When the hold ends by itself; `None` if it must be released.
    pub until: Option<DateTime<Utc>>,
}

/// Units of one line in a shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippedUnits {
    /// Number of the line.
    pub line: u32,
    /// How many units.
    pub units: i64,
}

/// When an order reached its milestones: the times when things happened, not when they were recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Times {
    /// Placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed: Option<DateTime<Utc>>,
    /// Confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<DateTime<Utc>>,
    /// When it was put on hold, if it is on hold now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<DateTime<Utc>>,
    /// When the hold ends by itself, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<DateTime<Utc>>,
    /// Picking started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing: Option<DateTime<Utc>>,
    /// The last unit that was to ship left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipped: Option<DateTime<Utc>>,
    /// The last unit arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<DateTime<Utc>>,
    /// When the last unit was returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<DateTime<Utc>>,
    /// The last unit was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<DateTime<Utc>>,
}
