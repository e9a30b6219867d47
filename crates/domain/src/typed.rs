//! Texts that people type: free texts of a command, an event or an order. Events contain them sealed, because any of
//! them may name a person; nothing else is ever opened. Each command, fact and order lists its own (`typed_mut`).

use crate::{limits, rejection::Problems, text};

/// A text that somebody typed, with its field.
#[derive(Debug)]
pub struct Typed<'a> {
    /// The name under which it is sealed: it opens under no other.
    pub field: &'static str,
    /// The text as typed, or sealed.
    pub text: &'a mut String,
    /// The use of the text.
    pub kind: Kind,
}

/// The use of a typed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words about a person or what was done: worth nothing once the person is forgotten.
    Words,
    /// A number or name that the shop works with: of a parcel, of a payment.
    Number,
}

pub(crate) fn words<'a>(field: &'static str, text: &'a mut Option<String>) -> impl Iterator<Item = Typed<'a>> {
    text.as_mut().map(|text| Typed { field, text, kind: Kind::Words }).into_iter()
}

pub(crate) fn number<'a>(field: &'static str, text: &'a mut Option<String>) -> impl Iterator<Item = Typed<'a>> {
    text.as_mut().map(|text| Typed { field, text, kind: Kind::Number }).into_iter()
}

impl Typed<'_> {
    /// Checks a command's text as it was typed; once sealed, it can no longer be checked.
    pub fn check(&self, problems: &mut Problems) {
        let max = match self.field {
            "carrier" => limits::CARRIER_CHARS,
            "note" => limits::NOTE_CHARS,
            _ => limits::TRACKING_CHARS,
        };
        match self.kind {
            Kind::Words => text::check_words(self.field, self.text, max, problems),
            Kind::Number => text::check_line(self.field, self.text, max, problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use schemars::{JsonSchema, schema_for};
    use serde_json::{Value, json};

    use crate::{
        event::{Event, catalogue, examples},
        order::Order,
        testing::input,
    };

    /// Texts of events that are not typed about a person: words from a list, figures, and texts of the catalogue.
    const NOT_TYPED: [&str; 14] = [
        "currency",
        "shop_currency",
        "converted.currency",
        "converted.rate",
        "converted_differences.currency",
        "converted_differences.rate",
        "entry.currency",
        "entry.name",
        "entry.tax_rate",
        "goodwill_back_converted.currency",
        "goodwill_back_converted.rate",
        "method",
        "rate",
        "sku",
    ];
    /// Such texts in lines.
    const NOT_TYPED_IN_LINES: [&str; 4] = ["lines.discounts.percent", "lines.name", "lines.sku", "lines.tax_rate"];
    /// An order's number in another system, which an import alone gives.
    const FROM_IMPORTS: [&str; 1] = ["external_reference"];

    /// Names of targets and templates, which an administrator gives, and what the program says of a try that failed.
    const OF_NOTIFICATIONS: [&str; 11] = [
        "alert.currency",
        "alert.fault",
        "disabled",
        "messages.target",
        "messages.template",
        "messages.why",
        "owner_told",
        "rule.at_least.currency",
        "rule.target",
        "rule.template",
        "target",
    ];

    /// The tool that was called, its caller's rights, what stands for the call and for the key, and a token.
    const OF_CONFIRMATIONS: [&str; 5] = ["call", "confirm_token", "key_id", "rights", "tool"];

    /// Paths of all texts in a schema that are free: neither of a closed list nor of a format.
    fn free_texts(schema: &Value, of: &Value, path: &str, found: &mut BTreeSet<String>) {
        if let Some(name) = of["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap_or_default();
            return free_texts(schema, &schema["$defs"][name], path, found);
        }
        for one in ["anyOf", "oneOf", "allOf"].iter().filter_map(|many| of[many].as_array()).flatten() {
            free_texts(schema, one, path, found);
        }
        let is_text =
            of["type"] == "string" || of["type"].as_array().is_some_and(|types| types.contains(&json!("string")));
        if is_text && of.get("format").is_none() && of.get("enum").is_none() && of.get("const").is_none() {
            found.insert(path.to_owned());
        }
        for (name, property) in of["properties"].as_object().into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            free_texts(schema, property, &path, found);
        }
        free_texts_of_items(schema, of, path, found);
    }

    fn free_texts_of_items(schema: &Value, of: &Value, path: &str, found: &mut BTreeSet<String>) {
        if of.get("items").is_some_and(Value::is_object) {
            free_texts(schema, &of["items"], path, found);
        }
    }

    fn texts_of(schema: &Value) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        free_texts(schema, schema, "", &mut found);
        found
    }

    /// A new free text in an event fails here until it is sealed (`typed_mut`) or known to be none.
    #[test]
    fn every_free_text_of_every_event_is_sealed() {
        let known: BTreeSet<&str> =
            [&NOT_TYPED[..], &NOT_TYPED_IN_LINES, &FROM_IMPORTS, &OF_NOTIFICATIONS, &OF_CONFIRMATIONS]
                .concat()
                .into_iter()
                .collect();
        for (event_type, example) in catalogue().into_iter().zip(examples()) {
            let mut data = serde_json::to_value(&example).expect("an event is JSON");
            let mut expected = BTreeSet::new();
            for path in texts_of(&event_type.json_schema).into_iter().filter(|path| !known.contains(path.as_str())) {
                let pointer = format!("/{}", path.replace('.', "/"));
                let (parent, name) = pointer.rsplit_once('/').expect("it begins with a slash");
                data.pointer_mut(parent).expect("it is in every example")[name] = json!(path);
                expected.insert(path);
            }
            let mut event = Event::decode(event_type.name, event_type.schema, &data.to_string()).expect("an event");
            let typed: BTreeSet<String> = event.typed_mut().into_iter().map(|typed| typed.text.clone()).collect();
            assert_eq!(typed, expected, "{}: seal every text that somebody types", event_type.name);
        }
    }

    #[test]
    fn provenance_and_orders_name_their_texts() {
        let story = crate::testing::Story::new();
        let mut provenance = story.provenance(story.now);
        (provenance.reason, provenance.request_text) = (Some("why".to_owned()), Some("what".to_owned()));
        let fields: Vec<&str> = provenance.typed_mut().into_iter().map(|typed| typed.field).collect();
        assert_eq!(fields, ["reason", "request_text"]);

        let mut order = Order::empty(crate::ids::OrderId(1001));
        let provenance = story.provenance(story.now);
        let mut expected: Vec<String> = vec![];
        for mut event in examples() {
            if event.category() == "order" {
                expected.extend(event.typed_mut().into_iter().map(|typed| typed.text.clone()));
                if let crate::event::Fact::Order(fact) = event.fact() {
                    order.evolve(fact, &provenance);
                }
            }
        }
        let mut kept: Vec<String> = order.typed_mut().into_iter().map(|typed| typed.text.clone()).collect();
        expected.sort_unstable();
        kept.sort_unstable();
        assert_eq!(kept, expected, "what is shown of an order can be opened");
    }

    /// Texts that events seal are named by the commands that record them.
    #[test]
    fn every_free_text_of_every_command_is_sealed() {
        fn named<C: JsonSchema + serde::de::DeserializeOwned>(arguments: Value) -> (BTreeSet<String>, BTreeSet<String>)
        where
            Command: From<C>,
        {
            let sealed = ["note", "carrier", "tracking", "reference", "reason", "request_text", "address", "phone"];
            let mut arguments = arguments;
            let fields: BTreeSet<String> = texts_of(&schema_for!(C).to_value())
                .into_iter()
                .filter(|path| sealed.contains(&path.as_str()))
                .collect();
            fields.iter().for_each(|field| arguments[field] = json!("x"));
            let mut command = input::<C>(arguments);
            let typed = command.typed_mut().into_iter().map(|typed| typed.field.to_owned()).collect();
            (fields, typed)
        }
        use crate::commands::*;
        let (order, line) = (json!({ "order_id": 1001 }), json!([{ "product": "A", "quantity": 1 }]));
        let with = |more: Value| {
            let mut all = order.clone();
            all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            all
        };
        for (fields, typed) in [
            named::<CreateOrder>(json!({ "customer": "Ann", "lines": line })),
            named::<UpdateStatus>(with(json!({ "status": "shipped" }))),
            named::<Ship>(order.clone()),
            named::<Cancel>(order.clone()),
            named::<SetHold>(with(json!({ "on": true }))),
            named::<RecordPayment>(with(json!({ "method": "card" }))),
            named::<ChangeLines>(with(json!({ "changes": [{ "line": 1, "quantity": 2 }] }))),
            named::<ReturnItems>(with(json!({ "lines": line, "disposition": "scrap" }))),
            named::<Refund>(with(json!({ "kind": "goodwill" }))),
            named::<SetRate>(json!({ "currency": "USD", "rate": "84" })),
            named::<ReceiveStock>(json!({ "product": "A", "quantity": 1 })),
            named::<AdjustStock>(json!({ "product": "A", "delta": 1 })),
            named::<UpsertProduct>(json!({ "sku": "A" })),
        ] {
            assert_eq!(fields, typed);
        }
    }
}
