//! What makes an order of a file the same order: its reference names the command, its content must not differ.

use chrono::{DateTime, Utc};
use orderlog_domain::{commands::CreateOrder, ids::CommandId, money::Currency, text::key};
use orderlog_event_log::Hash;
use orderlog_tools::{keyed_command, principal::Principal};
use serde_json::{Value, json};

use crate::meaning;

/// The id of the command that places an imported order: one for each reference, whichever user of the machine imports it.
pub(crate) fn import_id(order: &CreateOrder) -> CommandId {
    let reference = order.external_reference.as_deref().unwrap_or_default();
    keyed_command(&Principal::local().user, &format!("import:orders:{reference}"))
}

/// What an order says, the same however it is written: case of addresses, zeros of amounts and outer blanks aside.
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
