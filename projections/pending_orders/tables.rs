//! The rows of this read model.

use orderlog_read_models::{Json, table};
use uuid::Uuid;

use super::versions::Versions;
use crate::order_state::CompactOrder;

table! {
    /// An order about which something is open.
    pub struct PendingOrder = "pending_orders" on conflict Replace {
        key {
            /// Order number.
            order_id: i64,
        }
        /// The customer who ordered.
        customer_id: Uuid,
        /// ISO code of the amounts.
        currency: String,
        /// Milliseconds since the epoch.
        placed_at: i64,
        /// Business day, ISO.
        placed_on: String,
        /// Position since which something is open: the placement, or the event that opened the order again.
        opened_position: i64,
        /// Name of its status.
        status: String,
        /// Name of its payment status.
        payment_status: String,
        /// In the scope `pending`.
        owes_goods: bool,
        /// In the scope `unconfirmed`.
        unconfirmed: bool,
        /// In the scope `unpaid`.
        unpaid: bool,
        /// In the scope `on_hold` before this time, milliseconds since the epoch; 0 if the order is not on hold.
        held_until: i64,
        /// In the scope `backordered`.
        backordered: bool,
        /// Active units that have not left.
        units_owed: i64,
        /// The amount of the order now, minor units.
        total: i64,
        /// The money that the customer still owes; negative if too much was paid.
        due: i64,
        /// Ids of the products in the order now, separated by blanks.
        products: String,
        /// The position since which the order has its present state.
        since: i64,
        /// The states of the order since `opened_position`.
        story: Json<Versions>,
        /// The order itself, into which the next event is folded.
        the_order: CompactOrder,
    }
}

table! {
    /// The states of an order while something about it was open. Written once, when nothing is open any more.
    pub struct PendingPast = "pending_past" on conflict Never {
        key {
            /// The level of the interval of positions in which the order was open; see `intervals.rs`.
            level: i64,
            /// The position from which something was open: the placement, or the event that opened the order again.
            from_position: i64,
        }
        /// The position from which nothing was open any more.
        until_position: i64,
        /// The order's number.
        order_id: i64,
        /// The customer who ordered.
        customer_id: Uuid,
        /// ISO code of the amounts.
        currency: String,
        /// Milliseconds since the epoch.
        placed_at: i64,
        /// Business day, ISO.
        placed_on: String,
        /// The states of the order in this interval.
        story: Json<Versions>,
    }
}

table! {
    /// An order about which nothing is open. Events that may open it again are folded into it.
    pub struct PendingClosed = "pending_closed" on conflict Replace {
        key {
            /// Order number.
            order_id: i64,
        }
        /// The order itself.
        the_order: CompactOrder,
    }
}

table! {
    /// The sums of the orders of a scope that were placed on a day and have the same status.
    pub struct PendingCount = "pending_counts" on conflict Add {
        key {
            /// Column of the scope.
            scope: String,
            /// Business day, ISO.
            placed_on: String,
            /// Name of their status.
            status: String,
            /// ISO code of the amounts.
            currency: String,
        }
        /// How many; 0 where all have moved on.
        orders: i64,
        /// Active units that have not left.
        units_owed: i64,
        /// The amount of the orders.
        total: i64,
        /// The money still owed for them.
        due: i64,
    }
}

table! {
    /// When the first and the last order of a day was placed, and where in the log the first.
    pub struct PendingDay = "pending_days" on conflict Replace {
        key {
            /// Business day, ISO.
            placed_on: String,
        }
        /// Milliseconds since the epoch.
        first_placed_at: i64,
        /// Milliseconds since the epoch.
        last_placed_at: i64,
        /// No order of the day was placed before this position.
        first_position: i64,
    }
}
