//! What can be done to an order: the tool that does it, and how its arguments are read from a form.

use serde_json::{Map, Value, json};

use crate::{
    consent::ONCE,
    notify_forms,
    params::{Params, as_number},
};

/// The field that says how many units of a line are meant begins so; the line's number follows.
pub(crate) const UNITS: &str = "units_";
/// The field that says that units are chosen line by line.
pub(crate) const CHOSEN: &str = "chosen";

/// One thing that can be done to an order.
pub(crate) struct OrderAct {
    /// As addresses have it.
    pub(crate) name: &'static str,
    /// As buttons have it.
    pub(crate) called: &'static str,
    pub(crate) tool: &'static str,
    /// Whether the tool itself asks for a Yes, with a token; the others are tried with `dry_run`.
    pub(crate) asks: bool,
    /// Fields that the tool takes as they were typed.
    texts: &'static [&'static str],
    /// What the form says besides.
    more: fn(&Params, &mut Map<String, Value>),
}

pub(crate) const ALL: [OrderAct; 10] = [
    OrderAct {
        name: "status",
        called: "Change the status",
        tool: "orders.update_status",
        asks: false,
        texts: &["status"],
        more: nothing,
    },
    OrderAct {
        name: "ship",
        called: "Ship",
        tool: "orders.ship",
        asks: false,
        texts: &["carrier", "tracking"],
        more: |form, arguments| units(form, arguments),
    },
    OrderAct {
        name: "payment",
        called: "Record a payment",
        tool: "orders.record_payment",
        asks: false,
        texts: &["amount", "method", "reference"],
        more: nothing,
    },
    OrderAct {
        name: "refund",
        called: "Pay money back",
        tool: "orders.refund",
        asks: true,
        texts: &["kind", "amount", "method", "reference"],
        more: nothing,
    },
    OrderAct {
        name: "return",
        called: "Take units back",
        tool: "orders.return_items",
        asks: false,
        texts: &["disposition"],
        more: |form, arguments| {
            units(form, arguments);
            arguments.insert("shipping".to_owned(), form.get("shipping").map(|_| true).into());
        },
    },
    OrderAct {
        name: "cancel",
        called: "Cancel",
        tool: "orders.cancel",
        asks: true,
        texts: &[],
        more: |form, arguments| units(form, arguments),
    },
    OrderAct {
        name: "hold",
        called: "Hold back",
        tool: "orders.set_hold",
        asks: false,
        texts: &["until"],
        more: |_, arguments| {
            arguments.insert("on".to_owned(), true.into());
        },
    },
    OrderAct {
        name: "release",
        called: "Release the hold",
        tool: "orders.set_hold",
        asks: false,
        texts: &[],
        more: |_, arguments| {
            arguments.insert("on".to_owned(), false.into());
        },
    },
    OrderAct {
        name: "note",
        called: "Add a note",
        tool: "orders.change_lines",
        // A note alone is added at once.
        asks: true,
        texts: &["note"],
        more: |form, arguments| {
            arguments.insert("idempotency_key".to_owned(), json!(form.get(ONCE)));
        },
    },
    // A rule of its own and no change of the order, so the order's version is none of its business.
    OrderAct {
        name: "tell",
        called: "Tell somebody …",
        tool: "notifications.subscribe",
        asks: false,
        texts: &[],
        more: |form, arguments| {
            let order = arguments.remove("order_id").unwrap_or_default();
            arguments.extend(notify_forms::rule(form));
            arguments.insert("order_ids".to_owned(), json!([order]));
        },
    },
];

pub(crate) fn named(name: &str) -> Option<&'static OrderAct> {
    ALL.iter().find(|act| act.name == name)
}

impl OrderAct {
    /// What the form asks the tool to do.
    pub(crate) fn arguments(&self, order_id: i64, form: &Params) -> Value {
        let mut arguments = Map::new();
        arguments.insert("order_id".to_owned(), order_id.into());
        arguments.extend(self.texts.iter().map(|name| ((*name).to_owned(), json!(form.get(name)))));
        (self.more)(form, &mut arguments);
        Value::Object(arguments)
    }
}

fn nothing(_: &Params, _: &mut Map<String, Value>) {}

/// The units chosen line by line. None at all is for the tool to refuse: left out, it would mean every unit.
fn units(form: &Params, arguments: &mut Map<String, Value>) {
    if form.get(CHOSEN).is_none() {
        return;
    }
    let typed =
        form.without(&[]).filter_map(|(name, value)| Some((name.strip_prefix(UNITS)?.parse::<u32>().ok()?, value)));
    let lines = typed
        .filter(|(_, units)| *units != "0")
        .map(|(line, units)| json!({ "line": line, "quantity": as_number(units) }));
    arguments.insert("lines".to_owned(), lines.collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_chosen_and_never_all_by_mistake() {
        let read = |query: &str| {
            let mut arguments = Map::new();
            units(&Params::read(Some(query)), &mut arguments);
            arguments.get("lines").cloned()
        };
        assert_eq!(
            read("chosen=1&units_1=2&units_2=0&units_3=x"),
            Some(json!([
                { "line": 1, "quantity": 2 }, { "line": 3, "quantity": "x" },
            ]))
        );
        assert_eq!(read("chosen=1&units_1=0&units_2="), Some(json!([])));
        assert_eq!(read("carrier=x"), None);
    }
}
