//! The JSON Schemas of the commands: every argument is described and bounded, and nothing else is taken.

use orderlog_domain::commands::{
    AdjustStock, Cancel, ChangeLines, CreateOrder, ReceiveStock, RecordPayment, Refund, ReturnItems, SetHold, Ship,
    Subscribe, Unsubscribe, UpdateStatus, UpsertCustomer, UpsertProduct,
};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

fn check<C: JsonSchema>(required: &[&str]) {
    let schema = schema_for!(C).to_value();
    let listed: Vec<&str> = schema["required"].as_array().expect("required").iter().filter_map(Value::as_str).collect();
    assert_eq!(listed, required);
    assert_eq!(schema["additionalProperties"], Value::Bool(false));
    assert!(schema["description"].as_str().is_some_and(|text| text.len() > 20), "the tool is described");
    for (name, property) in schema["properties"].as_object().expect("properties") {
        assert!(property["description"].is_string(), "{name} is described");
        let bounded = ["maxLength", "maximum", "pattern", "maxItems", "format", "$ref", "enum", "oneOf", "anyOf"];
        let is = |kind: &str| match &property["type"] {
            Value::Array(kinds) => kinds.iter().any(|one| one == kind),
            one => one == kind,
        };
        let open = !is("boolean") && !is("integer");
        assert!(!open || bounded.iter().any(|bound| !property[*bound].is_null()), "{name} has no bounds: {property}");
    }
}

#[test]
fn inputs_are_bounded_and_described() {
    check::<CreateOrder>(&["customer", "lines"]);
    check::<UpdateStatus>(&["order_id", "status"]);
    check::<Ship>(&["order_id"]);
    check::<Cancel>(&["order_id"]);
    check::<SetHold>(&["order_id", "on"]);
    check::<RecordPayment>(&["order_id", "method"]);
    check::<ChangeLines>(&["order_id"]);
    check::<ReturnItems>(&["order_id", "disposition"]);
    check::<Refund>(&["order_id"]);
    check::<ReceiveStock>(&["product", "quantity"]);
    check::<AdjustStock>(&["product"]);
    check::<UpsertProduct>(&["sku"]);
    check::<Subscribe>(&["target", "when"]);
    check::<Unsubscribe>(&["rule_id"]);
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
