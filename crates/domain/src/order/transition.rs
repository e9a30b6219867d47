//! The transitions between statuses (rule O2): one table, which the commands that decide and `allowed_next` both read.

use chrono::{DateTime, Utc};

use super::{Order, Status};

/// A status to which one command can bring a complete order.
struct Transition {
    to: Status,
    from: &'static [Status],
    /// Whether a hold stops it.
    held_back: bool,
    /// Whether units that wait for stock stop it.
    needs_stock: bool,
}

/// Every transition. Commands that name units decide by the units: the status follows from the remaining ones.
const TRANSITIONS: [Transition; 5] = [
    Transition { to: Status::Confirmed, from: &[Status::Pending], held_back: false, needs_stock: false },
    Transition { to: Status::Processing, from: &[Status::Confirmed], held_back: true, needs_stock: false },
    Transition {
        to: Status::Shipped,
        from: &[Status::Pending, Status::Confirmed, Status::Processing, Status::PartiallyShipped],
        held_back: true,
        needs_stock: true,
    },
    Transition { to: Status::Delivered, from: &[Status::Shipped], held_back: false, needs_stock: false },
    Transition {
        to: Status::Cancelled,
        from: &[Status::Pending, Status::Confirmed, Status::Processing],
        held_back: false,
        needs_stock: false,
    },
];

impl Status {
    /// Whether one command can bring a complete order from this status to `next`, if neither a hold nor stock prevents
    /// it.
    pub(crate) fn may_become(self, next: Status) -> bool {
        TRANSITIONS.iter().any(|transition| transition.to == next && transition.from.contains(&self))
    }
}

impl Order {
    /// The statuses to which one command can bring the order at `now`.
    #[must_use]
    pub fn allowed_next(&self, now: DateTime<Utc>) -> Vec<Status> {
        let status = self.status();
        let open = TRANSITIONS.iter().filter(|transition| {
            let stopped =
                (transition.held_back && self.on_hold_at(now)) || (transition.needs_stock && self.backordered());
            status.may_become(transition.to) && !stopped
        });
        open.map(|transition| transition.to).collect()
    }
}
