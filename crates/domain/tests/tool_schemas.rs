//! The JSON Schemas of the commands, as assistants see them: hosts differ in what they bear.

use orderlog_domain::commands::{
    AdjustStock, Cancel, ChangeLines, CreateOrder, ReceiveStock, RecordPayment, Refund, ReturnItems, SetHold, Ship,
    UpdateStatus, UpsertCustomer, UpsertProduct,
};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

/// Calls `visit` with every object in `schema`.
fn walk(schema: &Value, visit: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match schema {
        Value::Object(object) => {
            visit(object);
            object.values().for_each(|value| walk(value, visit));
        }
        Value::Array(values) => values.iter().for_each(|value| walk(value, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn check<C: JsonSchema>(required: &[&str]) {
    let schema = schema_for!(C).to_value();
    let listed: Vec<&str> = schema["required"].as_array().expect("required").iter().filter_map(Value::as_str).collect();
    assert_eq!(listed, required);
    assert_eq!(schema["additionalProperties"], Value::Bool(false));
    assert!(schema["description"].as_str().is_some_and(|text| text.len() > 20), "the tool is described");
    for (name, property) in schema["properties"].as_object().expect("properties") {
        assert!(property["description"].is_string(), "{name} is described");
        let bounded = ["maxLength", "maximum", "pattern", "maxItems", "format", "$ref", "enum", "oneOf"];
        let open = property["type"] != "boolean" && property["type"] != "integer";
        assert!(!open || bounded.iter().any(|bound| !property[*bound].is_null()), "{name} has no bounds: {property}");
    }
    walk(&schema, &mut |object| {
        assert!(!object.get("type").is_some_and(Value::is_array), "a host may not bear {object:?}");
        assert_ne!(object.get("type"), Some(&Value::String("null".to_owned())));
        assert!(object.get("default").is_none_or(|default| !default.is_null()), "{object:?}");
    });
}

#[test]
fn inputs_are_bounded_described_and_free_of_null() {
    check::<CreateOrder>(&["customer", "lines"]);
    check::<UpdateStatus>(&["order_id", "status"]);
    check::<Ship>(&["order_id"]);
    check::<Cancel>(&["order_id"]);
    check::<SetHold>(&["order_id", "on"]);
    check::<RecordPayment>(&["order_id", "method"]);
    check::<ChangeLines>(&["order_id", "changes"]);
    check::<ReturnItems>(&["order_id", "disposition"]);
    check::<Refund>(&["order_id"]);
    check::<ReceiveStock>(&["product", "quantity"]);
    check::<AdjustStock>(&["product"]);
    check::<UpsertProduct>(&["sku"]);
}

#[test]
fn a_customer_can_be_described_by_anything() {
    let schema = schema_for!(UpsertCustomer).to_value();
    assert!(schema["required"].is_null());
    assert_eq!(schema["properties"]["name"]["maxLength"], 200);
}

#[test]
fn unknown_arguments_and_wrong_types_are_refused() {
    for wrong in [
        r#"{"order_id": 1001, "status": "shipped", "colour": "red"}"#,
        r#"{"order_id": "1001", "status": "shipped"}"#,
        r#"{"order_id": 1001.5, "status": "shipped"}"#,
        r#"{"order_id": 1001, "status": "shipped", "occurred_at": "2026-02-30T00:00:00Z"}"#,
    ] {
        assert!(serde_json::from_str::<UpdateStatus>(wrong).is_err(), "{wrong}");
    }
}
