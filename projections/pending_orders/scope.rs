//! What is open about an order. Whether an order is in a scope is decided here, for the present and for the past alike.

use orderlog_domain::order::{PaymentStatus, Status};

/// How an order reads in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) status: Status,
    pub(super) payment: PaymentStatus,
    /// On hold before this time, milliseconds since the epoch; 0 when it is not held.
    pub(super) held_until: i64,
    pub(super) backordered: bool,
    pub(super) units_owed: i64,
    pub(super) total: i64,
    pub(super) due: i64,
}

/// What is open about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// It owes goods; held orders included.
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
        // One that is unconfirmed or held owes goods.
        [Scope::Pending, Scope::Unpaid, Scope::Backordered].into_iter().any(|scope| scope.holds(self, 0))
    }
}

impl Scope {
    /// Those of which counts are kept: a hold ends without an event, so held orders are counted when asked for.
    pub(super) const COUNTED: [Scope; 4] = [Scope::Pending, Scope::Unconfirmed, Scope::Unpaid, Scope::Backordered];

    /// Whether an order that reads so is in it at the moment `at`, milliseconds since the epoch: a hold may have ended by then.
    pub(super) fn holds(self, reading: &Reading, at: i64) -> bool {
        match self {
            Scope::Pending => reading.status.owes_goods(),
            Scope::Unconfirmed => reading.status == Status::Pending,
            // Whatever the payments are called: they may leave something owed under any name.
            Scope::Unpaid => reading.status != Status::Cancelled && reading.due > 0,
            Scope::OnHold => reading.held_until > at,
            Scope::Backordered => reading.backordered,
        }
    }

    /// The column that says whether an order is in it; for `on_hold`, whether it was put on hold.
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
