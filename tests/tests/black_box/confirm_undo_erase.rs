//! Acts that are hard to take back: previewed first, done once, undone if possible.

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Mcp, Shop, chain_is_whole, check, events, node_js, on_both_engines, python};
use serde_json::{Value, json};

on_both_engines!(
    a_cancellation_is_confirmed_and_acts_once,
    the_user_is_asked_through_a_client_that_shows_forms,
    a_state_serves_only_the_call_it_was_given_for,
    an_identical_order_is_suspected_on_every_node,
    many_orders_change_each_on_its_own,
    changes_are_undone_where_nothing_stands_on_them
);

async fn a_cancellation_is_confirmed_and_acts_once(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(3).await?;
    let mcp = shop.mcp();
    let status = async |order_id: i64| -> Result<Value> {
        Ok(mcp.ok("orders_get", json!({ "order_id": order_id })).await?["order"]["status"].clone())
    };
    let cancel = |order_id: i64, token: Option<&str>| match token {
        Some(token) => json!({ "order_id": order_id, "confirm_token": token }),
        None => json!({ "order_id": order_id }),
    };
    let token = mcp.asked("orders_cancel", cancel(1001, None)).await?;
    check!(checks, status(1001).await? == "pending", "asking changes nothing");
    // Another order, another tool and a changed token are other calls; each gets a new preview.
    let foreign = mcp.refused("orders_cancel", cancel(1002, Some(&token))).await?;
    check!(checks, foreign.code == "CONFIRMATION_REQUIRED" && foreign.message.contains("another call"), "{foreign:?}");
    let status_call = json!({ "order_id": 1001, "status": "cancelled", "confirm_token": token });
    check!(checks, mcp.refused("orders_update_status", status_call).await?.code == "CONFIRMATION_REQUIRED");
    for nonsense in ["x", "AAAA", &token[1..], "' OR 1=1 --"] {
        check!(
            checks,
            mcp.refused("orders_cancel", cancel(1001, Some(nonsense))).await?.code == "CONFIRMATION_REQUIRED"
        );
    }
    let done = mcp.ok("orders_cancel", cancel(1001, Some(&token))).await?;
    check!(checks, done["replayed"] != true && status(1001).await? == "cancelled", "{done}");
    let again = mcp.ok("orders_cancel", cancel(1001, Some(&token))).await?;
    check!(checks, again["replayed"] == true && again["position"] == done["position"], "a token acts once: {again}");
    let log = events(&shop.node, 0).await?;
    let cancelled = log.iter().filter(|event| event.event_type() == "UnitsCancelled").count();
    check!(checks, cancelled == 1, "{cancelled} cancellations");

    // The order moved on between preview and confirmation.
    let token = mcp.asked("orders_cancel", cancel(1002, None)).await?;
    mcp.ok("orders_update_status", json!({ "order_id": 1002, "status": "confirmed" })).await?;
    let stale = mcp.refused("orders_cancel", cancel(1002, Some(&token))).await?;
    check!(checks, stale.code == "CONFIRMATION_REQUIRED" && stale.message.contains("changed since"), "{stale:?}");
    let fresh = stale.confirm_token.context("a fresh token")?;
    mcp.ok("orders_cancel", cancel(1002, Some(&fresh))).await?;

    // Lines of an unpaid order change freely; of a paid one, the user is asked.
    let change = json!({ "order_id": 1003, "changes": [{ "line": 1, "quantity": 2 }] });
    mcp.ok("orders_change_lines", change).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1003, "method": "card" })).await?;
    let change = json!({ "order_id": 1003, "changes": [{ "line": 1, "quantity": 1 }] });
    let changed = mcp.confirmed("orders_change_lines", change).await?;
    check!(checks, changed["changed"]["payment_status"] == "overpaid", "{changed}");
    let refunded = mcp.confirmed("orders_refund", json!({ "order_id": 1003, "kind": "units" })).await?;
    check!(checks, refunded["changed"]["payment_status"] == "partially_refunded", "{refunded}");
    checks.all_hold()
}

async fn the_user_is_asked_through_a_client_that_shows_forms(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(4).await?;
    for (interpreter, script, yes, no) in
        [(python()?, "confirm.py", "1001", "1002"), (node_js()?, "confirm.mjs", "1003", "1004")]
    {
        let held = shop.client_script(interpreter, script, &[yes, no]).await?;
        check!(checks, held.success, "{script}: {}\n{}", held.stdout, held.stderr);
    }
    let status = async |order_id: i64| -> Result<Value> {
        Ok(shop.mcp().ok("orders_get", json!({ "order_id": order_id })).await?["order"]["status"].clone())
    };
    check!(checks, status(1001).await? == "cancelled" && status(1003).await? == "cancelled");
    check!(checks, status(1002).await? == "pending" && status(1004).await? == "pending");

    // Many orders, and a client that does not say which kinds of question it can show.
    let mcp = shop.mcp().capable_of(json!({ "elicitation": {} }));
    let many = json!({ "order_ids": [1002, 1004], "status": "confirmed" });
    let asked = question(&mcp, "orders_bulk_update_status", &many).await?;
    let message = &asked["inputRequests"]["confirm"]["params"]["message"];
    check!(checks, message.as_str().is_some_and(|text| text.contains("2 orders would become confirmed")), "{asked}");
    let done = reply(&mcp, "orders_bulk_update_status", &many, &asked["requestState"], yes()).await?;
    check!(checks, done["result"]["structuredContent"]["changed"] == 2, "{done}");
    let addresses_only = shop.mcp().capable_of(json!({ "elicitation": { "url": {} } }));
    addresses_only.asked("orders_cancel", json!({ "order_id": 1002 })).await?;
    checks.all_hold()
}

async fn a_state_serves_only_the_call_it_was_given_for(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.restart_at("2026-11-22T10:00:00+05:30").await?;
    shop.with_orders(3).await?;
    let mcp = shop.mcp().capable_of(json!({ "elicitation": { "form": {} } }));
    let (first, second) = (json!({ "order_id": 1001 }), json!({ "order_id": 1002 }));
    let otherwise = json!({ "order_id": 1001, "status": "cancelled" });
    let asked = question(&mcp, "orders_cancel", &first).await?;
    let state = asked["requestState"].as_str().context("a state")?.to_owned();
    for (tool, arguments, state) in [
        ("orders_cancel", &first, format!("{state}x")),
        ("orders_cancel", &first, format!("x{}", &state[1..])),
        ("orders_cancel", &first, String::new()),
        ("orders_cancel", &second, state.clone()),
        ("orders_update_status", &otherwise, state.clone()),
        ("orders_get", &first, state.clone()),
    ] {
        let refused = reply(&mcp, tool, arguments, &json!(state), yes()).await?;
        check!(checks, refused["error"]["code"] == -32602, "{tool} {arguments} with {state}: {refused}");
    }
    // Without an answer, or without the state it belongs to, the user is asked once more.
    for (state, answer) in [(json!(state), json!({})), (Value::Null, yes())] {
        let again = reply(&mcp, "orders_cancel", &first, &state, answer).await?;
        check!(checks, again["result"]["resultType"] == "input_required", "{again}");
    }
    let done = reply(&mcp, "orders_cancel", &first, &json!(state), yes()).await?;
    check!(checks, done["result"]["structuredContent"]["replayed"] != true, "{done}");
    let again = reply(&mcp, "orders_cancel", &first, &json!(state), yes()).await?;
    check!(checks, again["result"]["structuredContent"]["replayed"] == true, "a state acts once: {again}");

    // A call about an order that has changed, or with an expired token, gets a new preview.
    let asked = question(&mcp, "orders_cancel", &second).await?;
    mcp.ok("orders_update_status", json!({ "order_id": 1002, "status": "confirmed" })).await?;
    let changed = reply(&mcp, "orders_cancel", &second, &asked["requestState"], yes()).await?;
    check!(checks, changed.to_string().contains("changed since the preview"), "{changed}");
    let state = changed["result"]["requestState"].clone();
    shop.node.restart_at("2026-11-22T10:30:00+05:30").await?;
    let mcp = shop.mcp().capable_of(json!({ "elicitation": { "form": {} } }));
    let late = reply(&mcp, "orders_cancel", &second, &state, yes()).await?;
    check!(checks, late.to_string().contains("came too late"), "{late}");
    let done = reply(&mcp, "orders_cancel", &second, &late["result"]["requestState"], yes()).await?;
    check!(checks, done["result"]["structuredContent"]["changed"]["status"] == "cancelled", "{done}");
    let cancelled = events(&shop.node, 0).await?.iter().filter(|e| e.event_type() == "UnitsCancelled").count();
    check!(checks, cancelled == 2, "{cancelled} cancellations");
    checks.all_hold()
}

fn yes() -> Value {
    json!({ "confirm": { "action": "accept", "content": { "confirm": true } } })
}

/// Calls a tool that must put its question to the client.
async fn question(mcp: &Mcp, tool: &str, arguments: &Value) -> Result<Value> {
    let asked = mcp.request("tools/call", json!({ "name": tool, "arguments": arguments })).await?;
    ensure!(asked["resultType"] == "input_required", "{tool} {arguments} answered {asked}");
    Ok(asked)
}

/// Repeats the call with an answer to its question; the whole JSON-RPC answer.
async fn reply(mcp: &Mcp, tool: &str, arguments: &Value, state: &Value, answers: Value) -> Result<Value> {
    let mut params = json!({ "name": tool, "arguments": arguments, "inputResponses": answers });
    if !state.is_null() {
        params["requestState"] = state.clone();
    }
    Ok(mcp.send("tools/call", params).await?.json().await?)
}

async fn an_identical_order_is_suspected_on_every_node(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(0).await?;
    let second = shop.another_node().await?;
    let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 1 }] });
    let nodes = [shop.mcp(), second.mcp()];
    let calls = (0..20).map(|nth| nodes[nth % 2].call("orders_create_order", order.clone()));
    let answers = futures::future::try_join_all(calls).await?;
    let placed: Vec<&Value> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    check!(checks, placed.len() == 1 && placed[0]["order_id"] == 1001, "{placed:?}");
    for refusal in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        check!(
            checks,
            refusal.code == "DUPLICATE_SUSPECTED" && refusal.candidates == [json!({ "order_id": 1001 })],
            "{refusal:?}"
        );
    }
    shop.node.stop().await?;
    shop.node.start_again().await?;
    let mcp = shop.mcp();
    check!(
        checks,
        mcp.refused("orders_create_order", order.clone()).await?.code == "DUPLICATE_SUSPECTED",
        "after a restart"
    );
    let with = |name: &str, value: Value| {
        let mut order = order.clone();
        order[name] = value;
        order
    };
    let foreseen = mcp.refused("orders_create_order", with("dry_run", json!(true))).await?;
    check!(checks, foreseen.code == "DUPLICATE_SUSPECTED", "a dry run foresees it: {foreseen:?}");
    let priced = json!([{ "product": "tea", "quantity": 1, "unit_price": "100.00" }]);
    for other_words in [
        with("customer", json!("Ann")),
        with("lines", priced),
        with("request_text", json!("again")),
        with("reason", json!("so")),
    ] {
        let refusal = mcp.refused("orders_create_order", other_words.clone()).await?;
        check!(checks, refusal.code == "DUPLICATE_SUSPECTED", "{other_words}: {refusal:?}");
    }
    for meant in
        [with("allow_duplicate", json!(true)), with("idempotency_key", json!("one more")), with("note", json!("gift"))]
    {
        second.mcp().ok("orders_create_order", meant).await?;
    }
    let latest = mcp.refused("orders_create_order", order).await?;
    check!(
        checks,
        latest.candidates == [json!({ "order_id": 1003 })],
        "the latest of them, with a key or without: {latest:?}"
    );
    check!(checks, events(&shop.node, 0).await?.iter().filter(|e| e.event_type() == "OrderPlaced").count() == 4);
    checks.all_hold()
}

async fn many_orders_change_each_on_its_own(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(6).await?;
    let mcp = shop.mcp();
    mcp.ok("orders_set_hold", json!({ "order_id": 1002, "on": true })).await?;
    mcp.ok("orders_update_status", json!({ "order_id": 1003, "status": "shipped" })).await?;
    let all = json!({ "date_range": "today", "status": "dispatched" });
    let mut full = all.clone();
    full["detail"] = json!("full");
    let refusal = mcp.refused("orders_bulk_update_status", full).await?;
    check!(checks, refusal.code == "CONFIRMATION_REQUIRED", "{refusal:?}");
    let counts = |answer: &Value| ["changed", "no_change", "skipped", "refused"].map(|name| answer[name].as_i64());
    check!(checks, counts(&refusal.preview) == [Some(4), Some(1), Some(0), Some(1)], "{refusal:?}");
    // The short preview names it too, and why.
    let short = mcp.refused("orders_bulk_update_status", all.clone()).await?;
    let told = short.preview["text"].as_str().unwrap_or_default();
    check!(checks, told.contains("1 order is refused: #1002 (on hold)."), "{short:?}");
    let token = refusal.confirm_token.context("a token")?;
    // One order changes between preview and confirmation, and one more comes in: neither is touched.
    mcp.ok("orders_update_status", json!({ "order_id": 1004, "status": "confirmed" })).await?;
    let late = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 9 }] });
    mcp.ok("orders_create_order", late).await?;
    let mut confirmed = all.clone();
    confirmed["confirm_token"] = token.into();
    let mut trial = confirmed.clone();
    trial["dry_run"] = json!(true);
    let trial = mcp.ok("orders_bulk_update_status", trial).await?;
    check!(checks, trial["text"].as_str().is_some_and(|text| text.contains("would become shipped")), "{trial}");
    let done = mcp.ok("orders_bulk_update_status", confirmed.clone()).await?;
    check!(checks, counts(&done) == [Some(3), Some(1), Some(1), Some(1)], "{done}");
    let told = "3 orders are now shipped. 1 order is shipped already. 1 order was skipped, because it changed since the \
                preview. 1 order is refused: #1002 (on hold).";
    check!(checks, done["text"] == told, "{done}");
    let again = mcp.ok("orders_bulk_update_status", confirmed).await?;
    check!(checks, counts(&again)[0] == Some(3), "a repetition answers the same and acts no more: {again}");
    for (order_id, status) in [
        (1001, "shipped"),
        (1002, "pending"),
        (1004, "confirmed"),
        (1005, "shipped"),
        (1006, "shipped"),
        (1007, "pending"),
    ] {
        let order = mcp.ok("orders_get", json!({ "order_id": order_id })).await?;
        check!(checks, order["order"]["status"] == status, "order {order_id} is {}", order["order"]["status"]);
    }
    let log = events(&shop.node, 0).await?;
    check!(checks, log.iter().filter(|event| event.event_type() == "UnitsShipped").count() == 4, "each shipped once");
    let both = json!({ "order_ids": [1001], "date_range": "today", "status": "shipped" });
    check!(checks, mcp.refused("orders_bulk_update_status", both).await?.field.as_deref() == Some("order_ids"));
    let undone = mcp.confirmed("orders_undo", json!({ "command_id": done["command_ids"]["1005"] })).await?;
    check!(checks, undone["order_id"] == 1005 && undone["changed"]["status"] == "pending", "{undone}");
    let unexpected = json!({ "order_ids": [1004, 1007], "status": "shipped", "expected_version": 9 });
    let unexpected = mcp.ok("orders_bulk_update_status", unexpected).await?;
    let told = "No order would become shipped. 2 orders are not at the version expected.";
    check!(checks, unexpected["text"] == told && counts(&unexpected)[2] == Some(2), "{unexpected}");
    let too_many = json!({ "order_ids": (1..=501).collect::<Vec<i64>>(), "status": "shipped" });
    check!(checks, mcp.refused("orders_bulk_update_status", too_many).await?.code == "LIMIT_EXCEEDED");
    let paid = json!({ "order_ids": [1001, 1007], "status": "paid" });
    check!(checks, mcp.refused("orders_bulk_update_status", paid).await?.code == "USE_OTHER_TOOL");
    checks.all_hold()
}

async fn changes_are_undone_where_nothing_stands_on_them(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(2).await?;
    let mcp = shop.mcp();
    let shipped = mcp.ok("orders_update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;
    let undo = shipped["undo"].clone();
    check!(checks, undo["tool"] == "orders_undo" && undo["arguments"]["command_id"] == shipped["command_id"], "{undo}");
    let undone = mcp.confirmed("orders_undo", undo["arguments"].clone()).await?;
    check!(checks, undone["changed"]["status"] == "pending", "{undone}");
    let stock = mcp.ok("inventory_check", json!({ "product": "TEA" })).await?;
    check!(checks, stock["on_hand"] == 50 && stock["reserved"] == 3, "{stock}");
    let position = shipped["position"].as_i64().context("a position")?;
    let then = json!({ "product": "TEA", "as_of": position.to_string() });
    let stock = mcp.ok("inventory_check", then).await?;
    check!(checks, stock["on_hand"] == 49 && stock["reserved"] == 2, "right after the shipment: {stock}");
    let low = mcp.ok("inventory_reorder", json!({ "threshold": 47 })).await?;
    check!(checks, low["total_count"] == 1 && low["products"][0]["sku"] == "TEA", "{low}");
    check!(
        checks,
        mcp.ok("inventory_reorder", json!({})).await?["total_count"] == 0,
        "TEA has no threshold of its own"
    );
    let twice = mcp.refused("orders_undo", undo["arguments"].clone()).await?;
    check!(checks, twice.code == "ILLEGAL_TRANSITION", "{twice:?}");

    let held = mcp.ok("orders_set_hold", json!({ "order_id": 1002, "on": true })).await?;
    let confirmed = mcp.ok("orders_update_status", json!({ "order_id": 1002, "status": "confirmed" })).await?;
    let early = mcp.refused("orders_undo", held["undo"]["arguments"].clone()).await?;
    check!(checks, early.message.contains("later events"), "{early:?}");
    mcp.confirmed("orders_undo", confirmed["undo"]["arguments"].clone()).await?;
    let unknown = json!({ "command_id": "018f0000-0000-7000-8000-000000000000" });
    check!(checks, mcp.refused("orders_undo", unknown).await?.code == "NOT_FOUND");
    let history = mcp.full("orders_history", json!({ "order_id": 1001 })).await?;
    check!(checks, history.to_string().contains("voided"), "both the change and its undoing stand: {history}");
    chain_is_whole(&events(&shop.node, 0).await?)?;
    checks.all_hold()
}
