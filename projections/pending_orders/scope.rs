//! What is open about an order. This file decides whether an order is in a scope, both for the present and for the
//! past.

use orderlog_domain::order::{PaymentStatus, Status};

/// How an order reads in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) status: Status,
    pub(super) payment: PaymentStatus,
    /// On hold before this time, milliseconds since the epoch; 0 if the order is not on hold.
    pub(super) held_until: i64,
    pub(super) backordered: bool,
    pub(super) units_owed: i64,
    pub(super) total: i64,
    pub(super) due: i64,
}

/// What is open about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The order owes goods; orders on hold are included.
    #[default]
    Pending,
    /// Nobody accepted it yet.
    Unconfirmed,
    /// Money is still owed.
    Unpaid,
    /// Nothing may ship.
    OnHold,
    /// A unit waits for stock.
    Backordered,
}

impl Reading {
    /// Whether the order is in any scope.
    pub(super) fn is_open(&self) -> bool {
        // An unconfirmed order and an order on hold owe goods.
        [Scope::Pending, Scope::Unpaid, Scope::Backordered].into_iter().any(|scope| scope.holds(self, 0))
    }
}

impl Scope {
    /// The scopes that are counted: a hold ends without an event, so orders on hold are counted when they are asked
    /// for.
    pub(super) const COUNTED: [Scope; 4] = [Scope::Pending, Scope::Unconfirmed, Scope::Unpaid, Scope::Backordered];

    /// Whether an order with this state is in the scope at the moment `at`, milliseconds since the epoch: a hold may
    /// have ended by then.
    pub(super) fn holds(self, reading: &Reading, at: i64) -> bool {
        match self {
            Scope::Pending => reading.status.owes_goods(),
            Scope::Unconfirmed => reading.status == Status::Pending,
            // Under any payment status: each of them may leave something owed.
            Scope::Unpaid => reading.status != Status::Cancelled && reading.due > 0,
            Scope::OnHold => reading.held_until > at,
            Scope::Backordered => reading.backordered,
        }
    }

    /// The column that says whether an order is in the scope; for `on_hold`, whether it was put on hold.
    pub(super) fn column(self) -> &'static str {
        match self {
            Scope::Pending => "owes_goods",
            Scope::Unconfirmed => "unconfirmed",
            Scope::Unpaid => "unpaid",
            Scope::OnHold => "held_until > 0",
            Scope::Backordered => "backordered",
        }
    }
}
