//! Notes, tracking numbers and carriers, sealed as the log has them: they are opened to be searched, so erasing a customer forgets them here too.

use orderlog_read_models::{CachedRows, table};

/// The fields whose texts are kept, as their seals name them.
pub(super) const NOTE: &str = "note";
pub(super) const CARRIER: &str = "carrier";
pub(super) const TRACKING: &str = "tracking";

table! {
    /// A note, or the tracking number or the carrier of a shipment.
    pub struct OrderSummaryText = "order_summary_texts" on conflict Replace {
        key {
            /// The order.
            order_id: i64,
            /// The field that has the text, as its seal names it.
            field: String,
            /// The version at which a note was given, or the number of the shipment.
            nth: i64,
        }
        /// The text as the log has it.
        sealed: String,
    }
}

/// Keeps a text of an order, if there is one.
pub(super) fn keep(
    texts: &mut CachedRows<OrderSummaryText>,
    order_id: i64,
    (field, nth): (&str, i64),
    sealed: Option<&String>,
) {
    if let Some(sealed) = sealed.cloned() {
        texts.put(OrderSummaryText { order_id, field: field.to_owned(), nth, sealed });
    }
}
