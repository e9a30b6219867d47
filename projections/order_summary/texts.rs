//! Notes and tracking numbers, sealed as the log has them: they are opened to be searched, so erasing a customer forgets them here too.

use orderlog_read_models::{CachedRows, table};

/// The place of an order's note among its texts; shipments are numbered from 1.
pub(super) const NOTE: i64 = 0;

table! {
    /// A note, or the tracking number of a shipment.
    pub struct OrderSummaryText = "order_summary_texts" on conflict Replace {
        key {
            /// The order.
            order_id: i64,
            /// 0 is its note; others are the numbers of its shipments.
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
