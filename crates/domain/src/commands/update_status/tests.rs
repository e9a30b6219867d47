//! Every transition from one status to another, and what can prevent it.

use serde_json::json;

use super::*;
use crate::{
    commands::{CreateOrder, ReceiveStock, ReturnItems, SetHold},
    ids::Version,
    testing::{Story, input, types},
};

fn shop() -> (Story, OrderId) {
    let mut story = Story::new();
    story.product("A", "100.00", json!({})).stocked("A", 10);
    let order_id = story.ordered(&[("A", 3)]);
    (story, order_id)
}

fn to(status: &str) -> crate::commands::Command {
    input::<UpdateStatus>(json!({ "order_id": 1001, "status": status }))
}

#[test]
fn a_pending_order_is_confirmed_and_shipped_in_one_go() {
    let (mut story, id) = shop();
    let decision = story.done(to("dispatched"));
    assert_eq!(types(&decision), ["OrderConfirmed", "UnitsShipped", "StockConsumed"]);
    assert_eq!(story.status(id), Status::Shipped);
    assert_eq!((story.stock("A").on_hand, story.stock("A").reserved), (7, 0));
}

#[test]
fn the_long_way_is_open_too() {
    let (mut story, id) = shop();
    for (asked, status) in [
        ("accepted", Status::Confirmed),
        ("processing", Status::Processing),
        ("Sent", Status::Shipped),
        ("completed", Status::Delivered),
    ] {
        story.done(to(asked));
        assert_eq!(story.status(id), status);
        assert_eq!(types(&story.done(to(asked))), Vec::<&str>::new(), "asking for {asked} again changes nothing");
    }
    let refused = story.refused(to("canceled"));
    assert_eq!(refused.code, Code::IllegalTransition);
}

#[test]
fn illegal_steps_name_what_is_allowed() {
    let (mut story, _) = shop();
    let refused = story.refused(to("delivered"));
    assert_eq!(refused.code, Code::IllegalTransition);
    let next: Vec<&str> = refused.candidates.iter().filter_map(|next| next["status"].as_str()).collect();
    assert_eq!(next, ["confirmed", "shipped", "cancelled"]);
    assert_eq!(story.refused(to("processing")).code, Code::IllegalTransition);
    story.done(to("confirmed"));
    assert_eq!(story.refused(to("pending")).code, Code::IllegalTransition);
}

#[test]
fn other_matters_have_other_tools() {
    let (mut story, _) = shop();
    for (asked, tool) in
        [("Paid", "orders_record_payment"), ("refunded", "orders_refund"), ("on hold", "orders_set_hold")]
    {
        let refused = story.refused(to(asked));
        assert_eq!(refused.code, Code::UseOtherTool);
        assert_eq!(refused.candidates, [json!({ "tool": tool })]);
    }
    assert_eq!(story.refused(to("teleported")).code, Code::InvalidArgument);
}

#[test]
fn an_order_becomes_returned_by_what_comes_back() {
    let (mut story, id) = shop();
    story.done(to("shipped"));
    let refused = story.refused(to("returned"));
    assert_eq!((refused.code, &refused.candidates[0]["tool"]), (Code::UseOtherTool, &json!("orders_return_items")));
    assert!(!refused.message.contains("not an order status"), "{refused}");
    story.done(input::<ReturnItems>(json!({ "order_id": 1001, "disposition": "scrap" })));
    assert_eq!(story.status(id), Status::Returned);
    assert_eq!(types(&story.done(to("returned"))), Vec::<&str>::new());
}

#[test]
fn held_and_waiting_orders_do_not_ship() {
    let (mut story, _) = shop();
    story.done(SetHold { order_id: OrderId(1001), on: true, until: None });
    assert_eq!(story.refused(to("shipped")).code, Code::OnHold);
    story.done(SetHold { order_id: OrderId(1001), on: false, until: None });
    story.product("W", "1.00", json!({ "policy": "backorder", "backorder_limit": 5 }));
    story.done(input::<CreateOrder>(json!({ "customer": "Ann", "lines": [{ "product": "W", "quantity": 1 }] })));
    let refused = story.refused(input::<UpdateStatus>(json!({ "order_id": 1002, "status": "shipped" })));
    assert_eq!(refused.code, Code::InsufficientStock);
}

#[test]
fn some_units_can_be_shipped_and_arrive() {
    let (mut story, id) = shop();
    let some = |status: &str, units: i64| {
        let lines = json!([{ "product": "a", "quantity": units }]);
        input::<UpdateStatus>(json!({ "order_id": 1001, "status": status, "lines": lines }))
    };
    assert_eq!(story.refused(to("partially_shipped")).code, Code::InvalidArgument);
    story.done(some("partially shipped", 1));
    assert_eq!(story.status(id), Status::PartiallyShipped);
    assert_eq!(story.refused(to("delivered")).code, Code::IllegalTransition);
    story.done(some("delivered", 1));
    assert_eq!(story.status(id), Status::PartiallyShipped);
    assert_eq!(story.refused(some("delivered", 1)).code, Code::IllegalTransition);
    story.done(some("shipped", 1));
    let refused = story.refused(some("delivered", 2));
    assert_eq!(refused.message, "Only 1 unit of line 1 (Product A) is on its way; 2 were asked for.");
    story.done(to("shipped"));
    story.done(to("delivered"));
    assert_eq!(story.status(id), Status::Delivered);
    assert!(story.order(id).times.delivered.is_some());
}

#[test]
fn time_given_must_be_possible() {
    let (mut story, _) = shop();
    let at = |time: &str| input::<UpdateStatus>(json!({ "order_id": 1001, "status": "shipped", "occurred_at": time }));
    story.at("2026-11-20T18:00:00+05:30");
    let (future, before) = ("2026-11-20T18:00:01+05:30", "2026-11-20T11:59:59+05:30");
    for impossible in [future, before, "2026-11-19T23:59:59+05:30", "2020-01-01T00:00:00Z"] {
        let refused = story.refused(at(impossible));
        assert_eq!(refused.field.as_deref(), Some("occurred_at"), "{impossible}");
    }
    let refused = story.refused(at(before)).message;
    assert!(refused.contains("2026-11-20T12:00:00+05:30, when the order was placed"), "{refused}");
    story.done(at("2026-11-20T12:00:00+05:30"));
}

#[test]
fn an_unexpected_version_is_a_conflict() {
    let (mut story, _) = shop();
    story.expected_version = Some(Version(2));
    let refused = story.refused(to("confirmed"));
    assert_eq!((refused.code, refused.retryable), (Code::VersionConflict, true));
    assert_eq!(refused.message, "Order #1001 is at version 1 now, not 2.");
    story.expected_version = Some(Version(1));
    story.done(to("confirmed"));
    let refused = story.refused(to("shipped"));
    assert_eq!(refused.message, "Order #1001 is at version 2 now, not 1: somebody changed it meanwhile.");
    let stock = story.refused(input::<ReceiveStock>(json!({ "product": "a", "quantity": 1 })));
    assert_eq!(stock.message, "The stock of A is at version 2 now, not 1: somebody changed it meanwhile.");
    let nobody = story.refused(input::<UpdateStatus>(json!({ "order_id": 9, "status": "shipped" })));
    assert_eq!(nobody.code, Code::NotFound);
    let order = json!({ "customer": "Ann", "lines": [{ "product": "A", "quantity": 1 }] });
    let placed = story.refused(input::<CreateOrder>(order.clone()));
    assert_eq!((placed.code, placed.retryable), (Code::InvalidArgument, false));
    story.expected_version = Some(Version::NONE);
    story.done(input::<CreateOrder>(order));
}

#[test]
fn an_unknown_order_is_not_found() {
    let refused = Story::new().refused(to("shipped"));
    assert_eq!((refused.code, refused.field.as_deref()), (Code::NotFound, Some("order_id")));
}
