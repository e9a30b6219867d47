//! The identity of an order in a file: its reference names the command, and its content must not differ.

use chrono::{DateTime, Utc};
use orderlog_domain::{commands::CreateOrder, ids::CommandId, money::Currency, text::key};
use orderlog_event_log::Hash;
use orderlog_tools::{keyed_command, principal::Principal};
use serde_json::{Value, json};

use crate::meaning;

/// The id of the command that places an imported order: one for each reference, for all users of the machine.
pub(crate) fn import_id(order: &CreateOrder) -> CommandId {
    let reference = order.external_reference.as_deref().unwrap_or_default();
    keyed_command(&Principal::local().user, &format!("import:orders:{reference}"))
}

/// The hash of an order's content, without regard to the case of addresses, zeros of amounts and outer blanks.
pub(crate) fn content(order: &CreateOrder, placed_at: Option<DateTime<Utc>>, shop: Currency) -> Hash {
    let currency = meaning::currency(order.currency.as_deref().unwrap_or_default(), shop);
    let amount = |text: &Option<String>| text.as_ref().map(|text| meaning::amount(text, currency));
    let lines = order
        .lines
        .iter()
        .map(|line| json!([key(&line.product), line.quantity, amount(&line.unit_price), amount(&line.discount)]));
    let content = json!([
        key(&order.customer),
        lines.collect::<Vec<Value>>(),
        amount(&order.shipping),
        amount(&order.order_discount),
        currency.code(),
        order.note,
        placed_at,
    ]);
    Hash::of(content.to_string().as_bytes())
}
