//! Notes and tracking numbers, sealed as the log has them: they are opened to be searched, so erasing a customer forgets them here too.

use orderlog_domain::ids::Version;
use orderlog_read_models::{CachedRows, table};

/// The place among an order's texts of the note that it was placed with; shipments are numbered from 1.
pub(super) const NOTE: i64 = 0;

/// The place of a note that an event of this version added: below 0.
pub(super) fn added_note(version: Version) -> i64 {
    -version.0
}

table! {
    /// A note, or the tracking number of a shipment.
    pub struct OrderSummaryText = "order_summary_texts" on conflict Replace {
        key {
            /// The order.
            order_id: i64,
            /// 0 is the note that it was placed with, those below are later notes, those above the numbers of its shipments.
            nth: i64,
        }
        /// As it stands in the log.
        sealed: String,
    }
}

/// Keeps a text of an order, if there is one.
pub(super) fn keep(texts: &mut CachedRows<OrderSummaryText>, order_id: i64, nth: i64, sealed: Option<&String>) {
    if let Some(sealed) = sealed.cloned() {
        texts.put(OrderSummaryText { order_id, nth, sealed });
    }
}
