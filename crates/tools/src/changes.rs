//! The changes of a command, in the few fields that people look at: field, value before, value after.

use orderlog_domain::{
    order::{Line, Order, Status},
    product::Product,
    states::State,
};
use serde_json::Value;

use crate::{facts::plain, schema::Object, shop::OpenShop, views};

/// Most lines of an order that are named; an order may have hundreds.
const TOLD_LINES: usize = 4;

/// A particular that reads differently now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// Name of the field in short answers.
    pub(crate) name: String,
    /// The value before; `None` if the subject is new.
    from: Option<Value>,
    to: Value,
    /// Whether the sentence already contains the change.
    said: bool,
}

impl Change {
    /// `status: pending → cancelled`
    fn in_words(&self) -> String {
        let said = |value: &Value| match value {
            Value::Array(lines) if lines.is_empty() => "none".to_owned(),
            value => plain(value).replace('_', " "),
        };
        let name = self.name.replace('_', " ");
        match &self.from {
            Some(from) => format!("{name}: {} → {}", said(from), said(&self.to)),
            None => format!("{name}: {}", said(&self.to)),
        }
    }
}

/// The changes in words, without those that the sentence contains.
pub(crate) fn in_words(changes: &[Change]) -> Vec<String> {
    changes.iter().filter(|change| !change.said).map(Change::in_words).collect()
}

/// Each changed field with its new value.
pub(crate) fn as_json(changes: &[Change]) -> Object {
    changes.iter().map(|change| (change.name.clone(), change.to.clone())).collect()
}

/// The fields that a command changed; for a new subject, all fields worth showing.
pub(crate) fn between(shop: &OpenShop, before: Option<&State>, after: &State) -> Vec<Change> {
    match (before, after) {
        (Some(State::Order(before)), State::Order(after)) => of_order(shop, Some(before), after),
        (_, State::Order(after)) => of_order(shop, None, after),
        _ => of_fields(before.map(|state| shown(shop, state)), shown(shop, after)),
    }
}

/// The state as answers show it, with a product's cost as an amount.
fn shown(shop: &OpenShop, state: &State) -> Value {
    let mut view = views::state(shop, state);
    if let State::Product(Product { entry: Some(entry), .. }) = state
        && let Some(cost) = entry.cost
    {
        view["cost"] = shop.wording.money(cost, entry.currency).formatted.into();
    }
    view
}

/// The units of one kind on a line.
type Units = fn(&Line) -> i64;

fn of_order(shop: &OpenShop, before: Option<&Order>, after: &Order) -> Vec<Change> {
    let now = shop.clock.now();
    let mut changes = Changes(vec![]);
    changes.word("status", before.map(|order| order.status().name()), after.status().name());
    changes.word("payment_status", before.map(|order| order.payment_status().name()), after.payment_status().name());
    changes.flag("on_hold", before.map(|order| order.on_hold_at(now)), after.on_hold_at(now));
    let until = |order: &Order| order.times.held_until.filter(|_| order.on_hold_at(now));
    match (before.and_then(until), until(after)) {
        (was, Some(until)) if was != Some(until) => {
            changes.push("held_until", was.map(|was| shop.wording.time(was).into()), shop.wording.time(until).into());
        }
        // The hold was changed to one without an end.
        (Some(was), None) if after.on_hold_at(now) => {
            changes.push("held_until", Some(shop.wording.time(was).into()), "released".into());
        }
        _ => {}
    }
    if before.is_none_or(|before| before.lines != after.lines) {
        let lines = |order: &Order| order.lines.iter().map(|line| (line.line, line.active())).collect::<Vec<_>>();
        let (was, is) = (before.map(lines), lines(after));
        if was.as_ref() != Some(&is) && is.iter().any(|(_, active)| *active > 0) {
            // Of an order that existed before, only the lines that changed.
            let kept = |order: Option<&Order>, line: &Line| {
                order.is_some_and(|order| order.lines.iter().any(|other| as_told(other) == as_told(line)))
            };
            let was = before.map(|before| lines_in_words(before, |line| !kept(Some(after), line)));
            changes.push("lines", was, lines_in_words(after, |line| !kept(before, line)));
        }
        let moved: [(&str, Units); 5] = [
            ("backordered", |line| line.backordered),
            ("cancelled", |line| line.cancelled),
            ("shipped", |line| line.shipped),
            ("delivered", |line| line.delivered),
            ("returned", |line| line.returned),
        ];
        for (name, units) in moved {
            let sum = |order: &Order| order.lines.iter().map(units).sum::<i64>();
            changes.number(name, before.map(sum), sum(after), Value::from);
        }
    }
    let money = |minor: i64| Value::String(shop.wording.money(minor, after.currency).formatted);
    changes.number("total", before.map(|order| order.current_totals().total), after.current_totals().total, money);
    changes.number("captured", before.map(Order::received), after.received(), money);
    changes.number("refunded", before.map(Order::paid_back), after.paid_back(), money);
    changes.number("due", before.map(Order::due), after.due(), money);
    // If an order is cancelled completely, its status and what is owed back say everything.
    let cancelled =
        after.status() == Status::Cancelled && before.is_some_and(|before| before.captured == after.captured);
    changes.0.iter_mut().for_each(|change| change.said = cancelled && change.name != "on_hold");
    changes.0
}

/// The fields of a line that are shown.
fn as_told(line: &Line) -> (u32, i64, &str) {
    (line.line, line.active(), &line.sku)
}

/// `2 × Pen (PEN)`, for lines that are still part of the order and are to be shown.
fn lines_in_words(order: &Order, told: impl Fn(&Line) -> bool) -> Value {
    let kept = || order.lines.iter().filter(|line| line.active() > 0 && told(line));
    let told = kept().take(TOLD_LINES).map(|line| format!("{} × {} ({})", line.active(), line.name, line.sku));
    let more = kept().count().saturating_sub(TOLD_LINES);
    let more = (more > 0).then(|| format!("and {more} more"));
    told.chain(more).map(Value::String).collect()
}

/// The fields of a view that changed. What was known of a person before is not repeated.
fn of_fields(before: Option<Value>, after: Value) -> Vec<Change> {
    let (before, after) = (members(before.unwrap_or_default()), members(after));
    let is_new = before.is_empty();
    let differing = after.into_iter().filter(|(name, value)| !value.is_null() && before.get(name) != Some(value));
    differing
        .filter(|(name, _)| name != "product_id")
        .filter(|(_, value)| !is_new || *value != Value::Bool(false))
        .map(|(name, to)| Change {
            from: before.get(&name).cloned().filter(|from| !from.is_null()),
            name,
            to,
            said: false,
        })
        .collect()
}

fn members(view: Value) -> Object {
    match views::short::formatted_members(view) {
        Value::Object(fields) => fields,
        _ => Object::new(),
    }
}

struct Changes(Vec<Change>);

impl Changes {
    fn push(&mut self, name: &str, from: Option<Value>, to: Value) {
        self.0.push(Change { name: name.to_owned(), from, to, said: false });
    }

    fn word(&mut self, name: &str, from: Option<&str>, to: &str) {
        if from != Some(to) {
            self.push(name, from.map(Value::from), to.into());
        }
    }

    fn flag(&mut self, name: &str, from: Option<bool>, to: bool) {
        if from.unwrap_or_default() != to {
            self.push(name, from.map(Value::from), to.into());
        }
    }

    fn number(&mut self, name: &str, from: Option<i64>, to: i64, shown: impl Fn(i64) -> Value) {
        if from.unwrap_or_default() != to {
            self.push(name, from.map(&shown), shown(to));
        }
    }
}
