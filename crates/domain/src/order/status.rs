//! The status and the payment status of an order, computed from its units and its money (rules O1, O3).

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Line, Order};

/// Where an order stands. Derived, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Placed, not yet accepted.
    Pending,
    /// Accepted.
    Confirmed,
    /// Being picked.
    Processing,
    /// Some units left.
    PartiallyShipped,
    /// All units left.
    Shipped,
    /// All units arrived.
    Delivered,
    /// All units came back.
    Returned,
    /// No unit remains.
    Cancelled,
}

impl Status {
    /// Every status, in the order of an order's life.
    pub const ALL: [Status; 8] = [
        Status::Pending,
        Status::Confirmed,
        Status::Processing,
        Status::PartiallyShipped,
        Status::Shipped,
        Status::Delivered,
        Status::Returned,
        Status::Cancelled,
    ];

    /// The words in sentences: `partially shipped`.
    #[must_use]
    pub fn spoken(self) -> String {
        self.name().replace('_', " ")
    }

    /// The name in answers: `partially_shipped`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Confirmed => "confirmed",
            Status::Processing => "processing",
            Status::PartiallyShipped => "partially_shipped",
            Status::Shipped => "shipped",
            Status::Delivered => "delivered",
            Status::Returned => "returned",
            Status::Cancelled => "cancelled",
        }
    }

    /// Reads a status or one of its synonyms; case, outer blanks, and blank or dash for underscore do not matter.
    #[must_use]
    pub fn parse(text: &str) -> Option<Status> {
        let word = text.trim().to_lowercase().replace([' ', '-'], "_");
        Some(match word.as_str() {
            "dispatched" | "sent" | "fulfilled" => Status::Shipped,
            "complete" | "completed" => Status::Delivered,
            "canceled" => Status::Cancelled,
            "approved" | "accepted" => Status::Confirmed,
            other => return Status::ALL.into_iter().find(|status| status.name() == other),
        })
    }

    /// Whether an order of this status still owes goods.
    #[must_use]
    pub fn owes_goods(self) -> bool {
        match self {
            Status::Pending | Status::Confirmed | Status::Processing | Status::PartiallyShipped => true,
            Status::Shipped | Status::Delivered | Status::Returned | Status::Cancelled => false,
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether an order is paid. Derived, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Nothing has been paid (or everything was paid back) and money is due; or nothing ever came in for an order that
    /// asked for money.
    Unpaid,
    /// Less was paid than is due.
    PartiallyPaid,
    /// Exactly what was asked for was paid, or nothing was ever asked for.
    Paid,
    /// Part of the money was paid back, and what is left is exactly what is asked for.
    PartiallyRefunded,
    /// All money was paid back, and nothing is due.
    Refunded,
    /// More was paid than is asked for, as after a cancellation.
    Overpaid,
}

impl PaymentStatus {
    /// The words in sentences: `partially paid`.
    #[must_use]
    pub fn spoken(self) -> String {
        self.name().replace('_', " ")
    }

    /// The name in answers: `partially_paid`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PaymentStatus::Unpaid => "unpaid",
            PaymentStatus::PartiallyPaid => "partially_paid",
            PaymentStatus::Paid => "paid",
            PaymentStatus::PartiallyRefunded => "partially_refunded",
            PaymentStatus::Refunded => "refunded",
            PaymentStatus::Overpaid => "overpaid",
        }
    }
}

impl std::fmt::Display for PaymentStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Order {
    /// Since when the order has its present status, if a time shows that.
    #[must_use]
    pub fn since(&self) -> Option<DateTime<Utc>> {
        match self.status() {
            Status::Pending => self.times.placed,
            Status::Confirmed => self.times.confirmed,
            Status::Processing => self.times.processing,
            Status::PartiallyShipped => None,
            Status::Shipped => self.times.shipped,
            Status::Delivered => self.times.delivered,
            Status::Returned => self.times.returned,
            Status::Cancelled => self.times.cancelled,
        }
    }

    /// The order's status: the first that fits.
    #[must_use]
    pub fn status(&self) -> Status {
        let sum = |units: fn(&Line) -> i64| self.lines.iter().map(units).sum::<i64>();
        let (active, shipped) = (sum(Line::active), sum(|line| line.shipped));
        let (delivered, returned) = (sum(|line| line.delivered), sum(|line| line.returned));
        if active == 0 {
            Status::Cancelled
        } else if returned == active {
            Status::Returned
        } else if delivered + returned == active {
            Status::Delivered
        } else if shipped == active {
            Status::Shipped
        } else if shipped > 0 {
            Status::PartiallyShipped
        } else if self.times.processing.is_some() {
            Status::Processing
        } else if self.times.confirmed.is_some() {
            Status::Confirmed
        } else {
            Status::Pending
        }
    }

    /// The payment status (rule O3): compares the money that is kept with the money that is asked for. If both are
    /// equal, the refunds decide. A payment that was undone counts neither as paid nor as paid back. An order for which
    /// no money was ever asked is paid.
    #[must_use]
    pub fn payment_status(&self) -> PaymentStatus {
        let kept = self.captured - self.refunded;
        match kept.cmp(&self.asked()) {
            Ordering::Greater => PaymentStatus::Overpaid,
            Ordering::Less if kept == 0 => PaymentStatus::Unpaid,
            Ordering::Less => PaymentStatus::PartiallyPaid,
            Ordering::Equal if self.captured == self.undone => {
                if self.totals.total == 0 {
                    PaymentStatus::Paid
                } else {
                    PaymentStatus::Unpaid
                }
            }
            Ordering::Equal if self.refunded == self.undone => PaymentStatus::Paid,
            Ordering::Equal if kept == 0 => PaymentStatus::Refunded,
            Ordering::Equal => PaymentStatus::PartiallyRefunded,
        }
    }
}
