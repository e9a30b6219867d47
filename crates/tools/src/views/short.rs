//! Orders, their lines, customers and sums in short answers.

use orderlog_domain::format::MoneyOut;
use serde_json::Value;

use super::{CustomerView, LineView, MoneySum, OrderView, TotalsView};
use crate::{
    answer::Short,
    facts::{Members, amount, as_object, in_words},
    latest::earlier,
    permit::HIDDEN,
    schema::Object,
    table::{Row, Table},
};

/// Bytes of the notes that a short answer has, the latest at least.
const NOTES_BYTES: usize = 8_000;

impl OrderView {
    /// The usual fields of an order, with its lines as a table.
    pub(crate) fn in_short(self, short: Short) -> Short {
        let lines: Table = self.lines.into_iter().map(LineView::in_short).collect();
        let short = short.lines(lines.in_words(None));
        let customer = self.customer;
        let said: Members = vec![
            ("order_id", self.order_id.into()),
            ("status", self.status.into()),
            ("payment_status", self.payment_status.into()),
            ("placed_on", self.placed_on.into()),
            ("lines", lines.into_json()),
        ];
        let flags = [("on_hold", self.on_hold), ("backordered", self.backordered)];
        let said =
            said.into_iter().chain(flags.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| (name, true.into())));
        let customer_id = Some(customer.customer_id.to_string());
        let known = [
            ("name", customer.name),
            ("email", customer.email),
            ("phone", customer.phone),
            ("address", customer.address),
        ];
        // The id is the only known fact about a customer without name and address.
        let nameless = customer_id.filter(|_| known.iter().all(|(_, known)| known.is_none()));
        let known = known.into_iter().chain([("customer_id", nameless)]);
        let known: Members = known.filter_map(|(name, known)| Some((name, known?.into()))).collect();
        let TotalsView { gross, discount, shipping, revenue, tax, total, .. } = self.totals;
        let not_none = |(_, money): &(&str, MoneyOut)| money.minor != 0;
        let formatted = |(name, money): (&'static str, MoneyOut)| (name, amount(money));
        let parts =
            [("gross", gross), ("discount", discount), ("shipping", shipping), ("revenue", revenue), ("tax", tax)];
        let mut totals: Members = parts.into_iter().filter(not_none).map(formatted).collect();
        totals.push(("total", amount(total)));
        let paid = [("captured", self.captured), ("refunded", self.refunded)];
        let (notes, earlier) = latest(self.notes);
        let lists =
            [("shipments", self.shipments), ("payments", self.payments), ("refunds", self.refunds), ("notes", notes)];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        let texts =
            [("held_until", self.held_until), ("note", self.note), ("external_reference", self.external_reference)];
        let mut more: Members = paid.into_iter().filter(not_none).map(formatted).collect();
        more.push(("due", amount(self.due)));
        more.extend(lists.map(|(name, list)| (name, list.into_iter().map(formatted_members).collect())));
        more.extend(texts.into_iter().filter_map(|(name, text)| Some((name, text?.into()))));
        more.extend((earlier > 0).then(|| ("earlier_notes", earlier.into())));
        more.extend([("allowed_next", self.allowed_next.into()), ("version", self.version.into())]);
        let words = [in_words(&known), in_words(&totals), in_words(&more)].join("; ");
        let mut order = as_object(said.chain(more).collect());
        order.insert("customer".to_owned(), as_object(known).into());
        order.insert("totals".to_owned(), as_object(totals).into());
        short.worded("order", order, words)
    }
}

impl LineView {
    fn in_short(self) -> Row {
        Row::default()
            .cell("line", self.line)
            .cell("sku", self.sku)
            .cell("name", self.name)
            .cell("ordered", self.ordered)
            .count("cancelled", self.cancelled)
            .count("backordered", self.backordered)
            .count("shipped", self.shipped)
            .count("delivered", self.delivered)
            .count("returned", self.returned)
            .cell("unit_price", amount(self.unit_price))
            .cell("net", amount(self.net))
    }
}

/// The latest notes, oldest first, and how many there were before them: the history has all.
fn latest(mut notes: Vec<Value>) -> (Vec<Value>, usize) {
    let earlier = earlier(NOTES_BYTES, notes.iter().map(|note| note.to_string().len()));
    notes.drain(..earlier);
    (notes, earlier)
}

/// A view with its amounts as short answers write them.
pub(crate) fn formatted_members(mut view: Value) -> Value {
    for value in view.as_object_mut().into_iter().flat_map(Object::values_mut) {
        if let Some(formatted) = value.get_mut("formatted").map(Value::take) {
            *value = formatted;
        }
    }
    view
}

impl CustomerView {
    /// How a list calls the customer.
    pub(crate) fn called(self) -> String {
        self.name.or(self.email).unwrap_or_else(|| "(forgotten)".to_owned())
    }
}

impl CustomerView {
    /// The address to ship to, or that it is not known.
    pub(crate) fn ship_to(&self) -> String {
        let hidden = self.name.as_deref() == Some(HIDDEN);
        let unknown = if hidden { HIDDEN } else { "no address" };
        self.address.clone().unwrap_or_else(|| unknown.to_owned())
    }
}

/// The sums written as in short answers.
pub(crate) fn formatted(sums: Vec<MoneySum>) -> Value {
    sums.into_iter().map(|sum| sum.total.formatted).collect()
}
