use std::sync::LazyLock;

use orderlog_domain::calendar::BusinessCalendar;
use serde_json::json;

use super::*;

/// Sunday 2026-11-22, 14:30 in Kolkata.
fn when() -> When<'static> {
    static CALENDAR: LazyLock<BusinessCalendar> = LazyLock::new(BusinessCalendar::default);
    When { now: "2026-11-22T09:00:00Z".parse().expect("an instant"), calendar: &CALENDAR }
}

fn schema() -> Object {
    let schema = json!({ "required": ["order_id"], "properties": {
        "order_id": { "type": "integer", "minimum": 1 },
        "order_ids": { "type": "array", "items": { "type": "integer" } },
        "limit": { "type": "integer", "maximum": 100 },
        "grace": { "type": "integer", "minimum": 0 },
        "days": { "type": "integer", "minimum": 1 },
        "on": { "type": "boolean" },
        "occurred_at": { "type": "string", "format": "date-time" },
        "until": { "type": "string", "format": "date-time" },
        "text": { "type": "string", "maxLength": 9 },
        "customer": { "type": "string", "minLength": 1 },
        "status": { "type": "array", "items": { "type": "string", "enum": ["pending", "on_hold", "shipped"] } },
        "group_by": { "type": "string", "enum": ["day", "week"] },
        "currency": { "type": "string", "pattern": CURRENCY },
        "idempotency_key": { "type": "string", "minLength": 1 },
        "shipping": { "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$" },
        "lines": { "type": "array", "items": { "type": "object", "properties": {
            "quantity": { "type": "integer" }, "discount": { "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?%?$" }}}},
        "filter": { "type": "object", "properties": { "group_by": { "type": "string", "enum": ["day"] } } },
    }});
    schema.as_object().cloned().expect("an object")
}

#[test]
fn what_can_be_meant_in_one_way_only_is_read() {
    for (given, read_as) in [
        (json!({ "order_id": "1001" }), json!({ "order_id": 1001 })),
        (json!({ "order_id": "#1001" }), json!({ "order_id": 1001 })),
        (json!({ "order_id": "Order no. 1001" }), json!({ "order_id": 1001 })),
        (json!({ "order_ids": "1001, #1002" }), json!({ "order_ids": [1001, 1002] })),
        (json!({ "order_ids": 1001 }), json!({ "order_ids": [1001] })),
        (json!({ "limit": "500" }), json!({ "limit": 100 })),
        (json!({ "grace": "3 days" }), json!({ "grace": 259_200 })),
        (json!({ "grace": "36 hours" }), json!({ "grace": 129_600 })),
        (json!({ "grace": "90" }), json!({ "grace": 90 })),
        (json!({ "days": "2 weeks" }), json!({ "days": 14 })),
        (json!({ "occurred_at": "30 minutes ago" }), json!({ "occurred_at": "2026-11-22T14:00:00+05:30" })),
        (json!({ "until": "in 2 hours" }), json!({ "until": "2026-11-22T16:30:00+05:30" })),
        (json!({ "occurred_at": "yesterday 15:00" }), json!({ "occurred_at": "2026-11-21T15:00:00+05:30" })),
        (json!({ "occurred_at": "today" }), json!({})),
        (json!({ "until": "until Friday" }), json!({ "until": "2026-11-27T00:00:00+05:30" })),
        (json!({ "on": "True" }), json!({ "on": true })),
        (json!({ "customer": null, "shipping": " ", "text": "" }), json!({ "text": "" })),
        (json!({ "status": "Pending" }), json!({ "status": ["pending"] })),
        (json!({ "status": "[\"dispatched\"]" }), json!({ "status": ["shipped"] })),
        (json!({ "status": ["On hold", "SHIPPED"] }), json!({ "status": ["on_hold", "shipped"] })),
        (json!({ "group_by": "Weekly" }), json!({ "group_by": "week" })),
        (json!({ "currency": "usd", "shipping": 99.5 }), json!({ "currency": "USD", "shipping": "99.5" })),
        (json!({ "lines": "[{\"quantity\":\"2\",\"discount\":null}]" }), json!({ "lines": [{ "quantity": 2 }] })),
        (json!({ "lines": { "quantity": 2 } }), json!({ "lines": [{ "quantity": 2 }] })),
        (json!({ "filter": "{\"group_by\":\"DAY\"}" }), json!({ "filter": { "group_by": "day" } })),
    ] {
        let mut arguments = given.as_object().cloned().expect("an object");
        let readings = read(&schema(), &mut arguments, when());
        assert_eq!(Value::Object(arguments), read_as, "{given}");
        assert!(!readings.told.is_empty() && readings.problems.is_empty(), "{given}");
    }
}

#[test]
fn what_could_mean_several_things_stays_as_it_is() {
    for given in [
        json!({ "order_id": "12px" }),
        json!({ "order_id": "+1001" }),
        json!({ "order_id": 1001.5 }),
        json!({ "limit": "#5" }),
        json!({ "limit": "2 weeks" }),
        json!({ "grace": "2 months" }),
        json!({ "days": "36 hours" }),
        json!({ "on": "maybe" }),
        json!({ "group_by": "month" }),
        json!({ "shipping": -5 }),
        json!({ "shipping": 1e21 }),
        json!({ "shipping": 1_234_567_890_123_456_i64 }),
        json!({ "customer": 7 }),
        json!({ "idempotency_key": "" }),
        json!({ "lines": "PEN" }),
        json!({ "lines": [null] }),
        json!({ "unknown": null }),
    ] {
        let mut arguments = given.as_object().cloned().expect("an object");
        assert_eq!(read(&schema(), &mut arguments, when()), Readings::default(), "{given}");
        assert_eq!(Value::Object(arguments), given);
    }
}

#[test]
fn a_reading_says_what_stood_there_and_what_it_was_read_as() {
    let given = json!({ "group_by": "weekly", "order_id": "#1001", "on": "Tr\u{202e}ue", "customer": null,
        "until": "Friday 6pm", "grace": "2 hours" });
    let mut arguments = given.as_object().cloned().expect("an object");
    let mut told = read(&schema(), &mut arguments, when()).told;
    told.sort();
    let expected = [
        "customer null was read as left out",
        "grace \"2 hours\" was read as 7200 seconds",
        "group_by \"weekly\" was read as week",
        "order_id \"#1001\" was read as 1001",
        "until \"Friday 6pm\" was read as Fri 27 Nov 2026, 18:00 (Asia/Kolkata)",
    ];
    assert_eq!(told, expected);
}

#[test]
fn json_in_a_text_is_refused_for_what_it_would_be_refused_for_as_json() {
    for (given, field) in [
        (json!({ "lines": r#"[{"quantity":1,"quantity":1000}]"# }), "lines"),
        (json!({ "lines": [{ "quantity": 1 }, r#"{"quantity":1,"\u0071uantity":1000}"#] }), "lines[1]"),
        (json!({ "filter": r#"{"group_by":"day","group_by":"week"}"# }), "filter"),
        (json!({ "lines": r#"[{"discount":1.00000000000000001}]"# }), "lines"),
    ] {
        let mut arguments = given.as_object().cloned().expect("an object");
        let problems = read(&schema(), &mut arguments, when()).problems;
        assert_eq!(problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(), [field], "{given}");
        assert_eq!(Value::Object(arguments), given, "nothing was read");
    }
}
