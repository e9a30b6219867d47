//! The changes of an order from one moment to another, field by field, for people who read its history.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{Line, Order};

/// A field that reads differently now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Name of the field in answers: `status`, `lines[2].shipped`, `totals.total`. Lines have their numbers, other
    /// lists count from 1.
    pub field: String,
    /// The value before; `None` if there was none.
    pub from: Option<FieldValue>,
    /// The value after; `None` if there is none.
    pub to: Option<FieldValue>,
}

/// A value as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// A word or a text; sealed if the order's texts are.
    Text(String),
    /// A number of units.
    Units(i64),
    /// Minor units of the order's currency.
    Money(i64),
    /// A moment.
    Time(DateTime<Utc>),
    /// Yes or no.
    Flag(bool),
}

impl FieldValue {
    /// Whether the value means that there is nothing yet.
    fn is_nothing(&self) -> bool {
        matches!(self, FieldValue::Units(0) | FieldValue::Money(0) | FieldValue::Flag(false))
    }
}

impl Order {
    /// The fields that changed since `before`; all fields if the order did not exist then. Fields that only count
    /// events (version, last day) are left out.
    #[must_use]
    pub fn changes_since(&self, before: Option<&Order>) -> Vec<Change> {
        let (old, new) = (before.map(fields).unwrap_or_default(), fields(self));
        let was: HashMap<&str, &FieldValue> = old.iter().map(|(field, shown)| (field.as_str(), shown)).collect();
        let is: HashMap<&str, &FieldValue> = new.iter().map(|(field, shown)| (field.as_str(), shown)).collect();
        let appeared = new.iter().filter_map(|(field, to)| {
            let from = was.get(field.as_str()).copied();
            let differs = from.map_or(!to.is_nothing(), |from| from != to);
            differs.then(|| Change { field: field.clone(), from: from.cloned(), to: Some(to.clone()) })
        });
        let gone = old.iter().filter(|(field, from)| !is.contains_key(field.as_str()) && !from.is_nothing());
        let gone = gone.map(|(field, from)| Change { field: field.clone(), from: Some(from.clone()), to: None });
        appeared.chain(gone).collect()
    }
}

/// Every field in the order of an answer.
fn fields(order: &Order) -> Vec<(String, FieldValue)> {
    let mut fields = Fields(vec![]);
    fields.word("status", order.status().name());
    fields.word("payment_status", order.payment_status().name());
    fields.put("on_hold", FieldValue::Flag(order.on_hold()));
    fields.put_some("hold_until", order.times.held_until.map(FieldValue::Time));
    for line in &order.lines {
        line_fields(&mut fields, line);
    }
    let totals = order.current_totals();
    fields.put("totals.shipping", FieldValue::Money(totals.shipping));
    fields.put("totals.tax", FieldValue::Money(totals.tax));
    fields.put("totals.total", FieldValue::Money(totals.total));
    fields.put("goodwill", FieldValue::Money(order.goodwill.net + order.goodwill.tax));
    fields.put("captured", FieldValue::Money(order.received()));
    fields.put("refunded", FieldValue::Money(order.paid_back()));
    fields.put("due", FieldValue::Money(order.due()));
    for (nth, shipment) in (1..).zip(&order.shipments) {
        let of = |name: &str| format!("shipments[{nth}].{name}");
        fields.put(&of("units"), FieldValue::Units(shipment.units.iter().map(|shipped| shipped.units).sum()));
        fields.text(&of("carrier"), shipment.carrier.as_ref());
        fields.text(&of("tracking"), shipment.tracking.as_ref());
        fields.put_some(&of("voided"), shipment.voided.map(FieldValue::Time));
    }
    for (nth, payment) in (1..).zip(&order.payments) {
        let of = |name: &str| format!("payments[{nth}].{name}");
        fields.put(&of("amount"), FieldValue::Money(payment.amount));
        fields.word(&of("method"), &payment.method);
        fields.text(&of("reference"), payment.reference.as_ref());
        fields.put_some(&of("undone"), payment.undone.map(FieldValue::Time));
    }
    for (nth, refund) in (1..).zip(order.refunds_made()) {
        let of = |name: &str| format!("refunds[{nth}].{name}");
        fields.put(&of("amount"), FieldValue::Money(refund.amount));
        fields.word(&of("kind"), refund.kind.name());
        fields.word(&of("method"), &refund.method);
        fields.text(&of("reference"), refund.reference.as_ref());
    }
    let rate = order.rate.map(|stored| FieldValue::Text(format!("{} {}", stored.rate.normalize(), stored.currency)));
    fields.put_some("rate", rate);
    fields.text("note", order.note.as_ref());
    for (nth, added) in (1..).zip(&order.notes) {
        fields.word(&format!("notes[{nth}]"), &added.note);
    }
    fields.put_some("external_reference", order.external_reference.clone().map(FieldValue::Text));
    fields.0
}

fn line_fields(fields: &mut Fields, line: &Line) {
    let of = |name: &str| format!("lines[{}].{name}", line.line);
    fields.word(&of("product"), &format!("{} ({})", line.name, line.sku));
    fields.put(&of("unit_price"), FieldValue::Money(line.unit_price));
    fields.put(&of("discount"), FieldValue::Money(line.amounts.discount));
    for (name, units) in [
        ("ordered", line.ordered),
        ("cancelled", line.cancelled),
        ("reserved", line.reserved),
        ("backordered", line.backordered),
        ("shipped", line.shipped),
        ("delivered", line.delivered),
        ("returned", line.returned),
    ] {
        fields.put(&of(name), FieldValue::Units(units));
    }
}

struct Fields(Vec<(String, FieldValue)>);

impl Fields {
    fn put(&mut self, field: &str, shown: FieldValue) {
        self.0.push((field.to_owned(), shown));
    }

    fn put_some(&mut self, field: &str, shown: Option<FieldValue>) {
        self.0.extend(shown.map(|shown| (field.to_owned(), shown)));
    }

    fn word(&mut self, field: &str, text: &str) {
        self.put(field, FieldValue::Text(text.to_owned()));
    }

    fn text(&mut self, field: &str, text: Option<&String>) {
        self.put_some(field, text.cloned().map(FieldValue::Text));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        commands::{ChangeLines, CreateOrder, RecordPayment, SetHold, Ship, UpdateStatus},
        ids::OrderId,
        testing::{Story, input},
    };

    const ID: OrderId = OrderId(1001);

    fn shop() -> Story {
        let mut story = Story::new();
        story.product("A", "100.00", json!({})).stocked("A", 10);
        story.product("B", "20.00", json!({})).stocked("B", 10);
        story.done(input::<CreateOrder>(json!({
            "customer": "Ann", "shipping": "5.00",
            "lines": [{ "product": "A", "quantity": 3 }, { "product": "B", "quantity": 1 }],
        })));
        story
    }

    /// `field: from -> to`, money in minor units.
    fn told(changes: &[Change]) -> Vec<String> {
        let word = |shown: &Option<FieldValue>| match shown {
            None => "nothing".to_owned(),
            Some(FieldValue::Text(text)) => text.clone(),
            Some(FieldValue::Units(n)) => n.to_string(),
            Some(FieldValue::Money(minor)) => format!("{minor}p"),
            Some(FieldValue::Time(at)) => at.to_rfc3339(),
            Some(FieldValue::Flag(flag)) => flag.to_string(),
        };
        changes.iter().map(|c| format!("{}: {} -> {}", c.field, word(&c.from), word(&c.to))).collect()
    }

    #[track_caller]
    fn check(story: &mut Story, command: crate::commands::Command, expected: &[&str]) {
        let before = story.order(ID).clone();
        story.done(command);
        assert_eq!(told(&story.order(ID).changes_since(Some(&before))), expected);
    }

    #[test]
    fn a_placement_shows_all_there_is_and_no_noughts() {
        let expected = [
            "status: nothing -> pending",
            "payment_status: nothing -> unpaid",
            "lines[1].product: nothing -> Product A (A)",
            "lines[1].unit_price: nothing -> 10000p",
            "lines[1].ordered: nothing -> 3",
            "lines[1].reserved: nothing -> 3",
            "lines[2].product: nothing -> Product B (B)",
            "lines[2].unit_price: nothing -> 2000p",
            "lines[2].ordered: nothing -> 1",
            "lines[2].reserved: nothing -> 1",
            "totals.shipping: nothing -> 500p",
            "totals.total: nothing -> 32500p",
            "due: nothing -> 32500p",
        ];
        assert_eq!(told(&shop().order(ID).changes_since(None)), expected);
    }

    #[test]
    fn each_act_shows_what_it_moved_and_nothing_else() {
        let mut story = shop();
        check(
            &mut story,
            input::<RecordPayment>(json!({ "order_id": 1001, "method": "upi", "reference": "r1" })),
            &[
                "payment_status: unpaid -> paid",
                "captured: 0p -> 32500p",
                "due: 32500p -> 0p",
                "payments[1].amount: nothing -> 32500p",
                "payments[1].method: nothing -> upi",
                "payments[1].reference: nothing -> r1",
            ],
        );
        check(
            &mut story,
            input::<SetHold>(json!({ "order_id": 1001, "on": true, "until": "2026-12-01T10:00:00+05:30" })),
            &["on_hold: false -> true", "hold_until: nothing -> 2026-12-01T04:30:00+00:00"],
        );
        check(
            &mut story,
            input::<SetHold>(json!({ "order_id": 1001, "on": false })),
            &["on_hold: true -> false", "hold_until: 2026-12-01T04:30:00+00:00 -> nothing"],
        );
        let two = json!({ "order_id": 1001, "carrier": "Blue Dart", "lines": [{ "product": "A", "quantity": 2 }] });
        check(
            &mut story,
            input::<Ship>(two),
            &[
                "status: pending -> partially_shipped",
                "lines[1].reserved: 3 -> 1",
                "lines[1].shipped: 0 -> 2",
                "shipments[1].units: nothing -> 2",
                "shipments[1].carrier: nothing -> Blue Dart",
            ],
        );
    }

    #[test]
    fn a_removed_line_is_shown_as_gone() {
        let mut story = shop();
        let removed = json!({ "order_id": 1001, "changes": [{ "line": 2, "quantity": 0 }] });
        check(
            &mut story,
            input::<ChangeLines>(removed),
            &[
                "totals.total: 32500p -> 30500p",
                "due: 32500p -> 30500p",
                "lines[2].product: Product B (B) -> nothing",
                "lines[2].unit_price: 2000p -> nothing",
                "lines[2].ordered: 1 -> nothing",
                "lines[2].reserved: 1 -> nothing",
            ],
        );
    }

    #[test]
    fn nothing_changed_is_no_change() {
        let mut story = shop();
        story.done(input::<UpdateStatus>(json!({ "order_id": 1001, "status": "confirmed" })));
        let order = story.order(ID);
        assert_eq!(order.changes_since(Some(order)), []);
    }
}
