//! Sentences of shop owners that act, played over MCP against a small shop: calls, bytes of text and figures.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use orderlog_tests::{Checks, Mcp, Shop, check, events, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    undo_what_i_did_just_now,
    undo_leaves_what_others_did_alone,
    stock_and_lines_are_undone_by_counter_events,
    a_bulk_is_undone_by_one_id,
    what_was_done_is_told_with_what_undoes_it,
    a_changed_price_is_told_before_and_after_and_a_count_with_its_events,
    the_shop_is_told_at_a_glance
);

/// An assistant that counts its calls and the bytes it is answered.
pub(crate) struct Played<'a> {
    mcp: &'a Mcp,
    calls: AtomicUsize,
    bytes: AtomicUsize,
}

impl<'a> Played<'a> {
    pub(crate) fn by(mcp: &'a Mcp) -> Played<'a> {
        Played { mcp, calls: AtomicUsize::new(0), bytes: AtomicUsize::new(0) }
    }

    /// The text of the answer; its structured part, or what a refusal says.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Result<(String, Value)> {
        let result = self.mcp.request("tools/call", json!({ "name": tool, "arguments": arguments })).await?;
        let blocks = result["content"].as_array().context("content")?;
        let text: String = blocks.iter().filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n");
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(text.len(), Ordering::Relaxed);
        let structured = match result["isError"] == json!(true) {
            true => serde_json::from_str(&text)?,
            false => result["structuredContent"].clone(),
        };
        Ok((text, structured))
    }

    /// The first call asks for the user's word; the second has it.
    pub(crate) async fn agreed(&self, tool: &str, arguments: Value) -> Result<(String, Value)> {
        let (asked, refusal) = self.call(tool, arguments.clone()).await?;
        ensure!(refusal["code"] == "CONFIRMATION_REQUIRED", "{tool}: {asked}");
        let mut arguments = arguments;
        arguments["confirm_token"] = refusal["confirm_token"].clone();
        self.call(tool, arguments).await
    }

    pub(crate) fn within(&self, checks: &mut Checks, calls: usize, bytes: usize) {
        let (made, read) = (self.calls.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        check!(checks, made <= calls && read <= bytes, "{made} calls of {calls}, {read} bytes of {bytes}");
    }
}

async fn order(mcp: &Mcp, id: i64) -> Result<Value> {
    Ok(mcp.ok("orders_get", json!({ "order_id": id })).await?["order"].clone())
}

async fn undo_what_i_did_just_now(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(3).await?;
    let mcp = shop.mcp();
    mcp.ok("orders_update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;
    mcp.ok("orders_set_hold", json!({ "order_id": 1002, "on": true })).await?;
    let played = Played::by(&mcp);
    let (text, undone) = played.agreed("orders_undo", json!({})).await?;
    check!(checks, text.starts_with("The hold is undone: order #1002 is no longer on hold."), "{text}");
    check!(checks, undone["order_id"] == 1002, "{undone}");
    played.within(&mut checks, 2, 600);
    // Said again, it goes one step further back, and not to the undo.
    let (text, _) = Played::by(&mcp).agreed("orders_undo", json!({})).await?;
    check!(checks, text.starts_with("The shipment is undone: order #1001 is pending again."), "{text}");
    // The act that was confirmed is undone, although other acts followed.
    let token = mcp.asked("orders_undo", json!({})).await?;
    mcp.ok("orders_set_hold", json!({ "order_id": 1001, "on": true })).await?;
    let agreed = json!({ "confirm_token": token });
    let done = mcp.ok("orders_undo", agreed.clone()).await?;
    check!(checks, done["order_id"] == 1003 && order(&mcp, 1003).await?["status"] == "cancelled", "{done}");
    let again = mcp.ok("orders_undo", agreed).await?;
    check!(checks, again["replayed"] == true && again["order_id"] == 1003, "{again}");
    check!(checks, order(&mcp, 1001).await?["on_hold"] == true, "the later hold stands");
    checks.all_hold()
}

async fn undo_leaves_what_others_did_alone(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(2).await?;
    let (asha, ben) = (shop.key(&["asha", "--role", "staff"]).await?, shop.key(&["ben", "--role", "staff"]).await?);
    let node = shop.open_node(&[]).await?;
    let (asha, ben) = (node.mcp().with_key(&asha), node.mcp().with_key(&ben));
    asha.ok("orders_set_hold", json!({ "order_id": 1001, "on": true })).await?;
    ben.ok("orders_set_hold", json!({ "order_id": 1002, "on": true })).await?;
    let (text, undone) = Played::by(&asha).agreed("orders_undo", json!({})).await?;
    check!(checks, undone["order_id"] == 1001, "{text}");
    check!(checks, order(&ben, 1002).await?["on_hold"] == true, "what Ben did stands");
    // Nothing of hers is left.
    let (text, refusal) = Played::by(&asha).call("orders_undo", json!({})).await?;
    check!(checks, refusal["code"] == "NOT_FOUND", "{text}");
    checks.all_hold()
}

async fn stock_and_lines_are_undone_by_counter_events(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("RED", "Red Mug", "100.00", 5).await?;
    shop.stock("BLUE", "Blue Mug", "120.00", 5).await?;
    shop.customer("Ann", "ann@example.com").await?;
    let mcp = shop.mcp();
    let lines = json!([{ "product": "RED", "quantity": 2 }]);
    mcp.ok("orders_create_order", json!({ "customer": "ann@example.com", "lines": lines })).await?;
    let on_hand = async |product: &str| -> Result<i64> {
        let answer = mcp.full("inventory_check", json!({ "product": product })).await?;
        answer["on_hand"].as_i64().or(answer["stock"]["on_hand"].as_i64()).with_context(|| answer.to_string())
    };
    let received = mcp.ok("inventory_receive", json!({ "product": "BLUE", "quantity": 40 })).await?;
    let undo = received["undo"]["arguments"].clone();
    check!(checks, undo["command_id"] == received["command_id"], "{received}");
    let (text, _) = Played::by(&mcp).agreed("orders_undo", undo.clone()).await?;
    check!(checks, text.starts_with("40 units of Blue Mug are taken out again; now 5 are on hand"), "{text}");
    check!(checks, on_hand("BLUE").await? == 5);
    let twice = mcp.refused("orders_undo", undo).await?;
    check!(checks, twice.code == "ILLEGAL_TRANSITION" && twice.message.contains("undone before"), "{twice:?}");
    mcp.ok("inventory_adjust", json!({ "product": "RED", "counted": 1 })).await?;
    Played::by(&mcp).agreed("orders_undo", json!({})).await?;
    check!(checks, on_hand("RED").await? == 5);

    let before = mcp.full("orders_get", json!({ "order_id": 1001 })).await?["order"].clone();
    let changes = json!([{ "line": 1, "quantity": 1 }, { "product": "BLUE", "quantity": 1 }]);
    let changed = mcp.ok("orders_change_lines", json!({ "order_id": 1001, "changes": changes })).await?;
    let (text, _) = Played::by(&mcp).agreed("orders_undo", changed["undo"]["arguments"].clone()).await?;
    let expected = "The change is undone: order #1001 comes to ₹236 again. ₹236 is due.";
    check!(checks, text.starts_with(expected), "{text}");
    let after = mcp.full("orders_get", json!({ "order_id": 1001 })).await?["order"].clone();
    for field in ["lines", "totals", "total", "due", "status"] {
        check!(checks, before[field] == after[field], "{field}: {} {}", before[field], after[field]);
    }
    let today = mcp.full("orders_report_sales", json!({ "date": "today" })).await?;
    check!(checks, today.to_string().contains("₹200.00"), "booked once: {today}");
    checks.all_hold()
}

async fn a_bulk_is_undone_by_one_id(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(4).await?;
    let mcp = shop.mcp();
    let ids = json!({ "order_ids": [1001, 1002, 1003], "status": "confirmed" });
    let done = mcp.confirmed("orders_bulk_update_status", ids).await?;
    let id = done["command_id"].clone();
    check!(checks, id.is_string(), "{done}");
    let (told, activity) = Played::by(&mcp).call("shop_activity", json!({ "by": "me" })).await?;
    let latest = &activity["acts"][0];
    check!(checks, latest["undo"] == id && told.contains("Orders #1001, #1002 and #1003: 3 confirmed"), "{told}");
    // Something was done to one of them since: the others go back.
    mcp.ok("orders_set_hold", json!({ "order_id": 1002, "on": true })).await?;
    let (text, undone) = Played::by(&mcp).agreed("orders_undo", json!({ "command_id": id })).await?;
    check!(checks, text.starts_with("2 orders are back as before."), "{text}");
    check!(checks, undone["undone"] == 2, "{undone}");
    for (order_id, status) in [(1001, "pending"), (1002, "confirmed"), (1003, "pending")] {
        check!(checks, order(&mcp, order_id).await?["status"] == status, "{order_id}");
    }
    let nothing = mcp.ok("orders_undo", json!({ "command_id": id })).await?;
    check!(checks, nothing["undone"] == 0 && nothing["refused"] == 3, "{nothing}");
    // Without an id, a bulk is one act.
    let ids = json!({ "order_ids": [1003, 1004], "status": "confirmed" });
    mcp.confirmed("orders_bulk_update_status", ids).await?;
    let (text, _) = Played::by(&mcp).agreed("orders_undo", json!({})).await?;
    check!(checks, text.starts_with("2 orders are back as before."), "{text}");
    checks.all_hold()
}

async fn what_was_done_is_told_with_what_undoes_it(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(3).await?;
    shop.customer("Ben", "ben@example.com").await?;
    let mcp = shop.mcp();
    let lines = json!([{ "product": "TEA", "quantity": 1 }]);
    mcp.ok("orders_create_order", json!({ "customer": "ben@example.com", "lines": lines })).await?;
    let reason = json!({ "order_id": 1001, "status": "confirmed", "reason": "she called" });
    let confirmed = mcp.ok("orders_update_status", reason).await?;
    let played = Played::by(&mcp);
    let (text, all) = played.call("shop_activity", json!({})).await?;
    check!(checks, all["acts"][0]["undo"] == confirmed["command_id"], "{all}");
    check!(checks, text.contains("Order #1001: confirmed (she called)"), "{text}");
    played.within(&mut checks, 1, 2_500);
    // The order was confirmed since it was placed: that is undone first.
    let of_order = mcp.ok("shop_activity", json!({ "order_id": 1001 })).await?;
    check!(checks, of_order["total_count"] == 2 && of_order["acts"][1]["undo"].is_null(), "{of_order}");
    let of_ben = mcp.ok("shop_activity", json!({ "customer": "Ben" })).await?;
    check!(checks, of_ben["total_count"] == 2, "registered and ordered: {of_ben}");
    let of_tea = mcp.ok("shop_activity", json!({ "product": "TEA", "since": "today" })).await?;
    check!(checks, of_tea["total_count"] == 6, "registered, received, four orders: {of_tea}");
    let of_nobody = mcp.ok("shop_activity", json!({ "by": "nobody" })).await?;
    check!(checks, of_nobody["total_count"] == 0, "{of_nobody}");
    // Pages agree with the whole.
    let first = mcp.ok("shop_activity", json!({ "limit": 2 })).await?;
    let next = json!({ "limit": 2, "cursor": first["next_cursor"] });
    let second = mcp.ok("shop_activity", next).await?;
    check!(checks, second["acts"][0]["act"] == all["acts"][2]["act"], "{second}");
    mcp.confirmed("orders_undo", json!({})).await?;
    let after = mcp.ok("shop_activity", json!({ "order_id": 1001 })).await?;
    check!(checks, after["acts"][1]["undone"] == true, "{after}");
    checks.all_hold()
}

async fn a_changed_price_is_told_before_and_after_and_a_count_with_its_events(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let mcp = shop.mcp();
    let of = |product: Value| mcp.ok("products_upsert", product);
    of(json!({ "sku": "TEA", "price": "110.00", "cost": "60.00" })).await?;
    of(json!({ "sku": "TEA", "name": "Green tea", "cost": "65.50" })).await?;
    let text = Played::by(&mcp).call("shop_activity", json!({ "product": "TEA" })).await?.0;
    for told in ["price: ₹100.00 → ₹110.00", "name: Tea → Green tea", "cost: ₹60.00 → ₹65.50"] {
        check!(checks, text.contains(told), "{told}: {text}");
    }
    let whole = mcp.ok("shop_activity", json!({})).await?;
    check!(checks, whole["events_looked_at"].is_null(), "the log was read to its beginning: {whole}");
    // More events than a short list needs: it stops before it has counted all.
    for _ in 0..13 {
        let more =
            (0..40).map(|_| mcp.ok("inventory_adjust", json!({ "product": "TEA", "delta": 1, "reason": "found" })));
        try_join_all(more).await?;
    }
    let (text, latest) = Played::by(&mcp).call("shop_activity", json!({ "by": "me" })).await?;
    let events = latest["events_looked_at"].as_i64().context("how many events were looked at")?;
    let acts = latest["total_count"].as_i64().context("a count")?;
    let said = format!("{acts} acts by me among the latest {events} events (since ");
    check!(checks, text.starts_with(&said), "{said}: {text}");
    check!(checks, text.contains("Earlier ones were not counted; next_cursor goes on."), "{text}");
    check!(checks, !text.contains(&format!("20 of {acts}")), "not all there are: {text}");
    // For a day that was read completely, the count is exact and has no note.
    let (text, today) = Played::by(&mcp).call("shop_activity", json!({ "by": "me", "since": "today" })).await?;
    check!(checks, today["events_looked_at"].is_null(), "{today}");
    let all = today["total_count"].as_i64().context("a count")?;
    check!(checks, all > acts && text.contains(&format!("20 of {all}")), "{all} {acts}: {text}");
    checks.all_hold()
}

async fn the_shop_is_told_at_a_glance(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    let (empty, _) = Played::by(&mcp).call("shop_briefing", json!({})).await?;
    check!(checks, empty.contains("No order is pending; none is on hold."), "{empty}");
    shop.with_orders(4).await?;
    mcp.ok("orders_update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;
    mcp.ok("orders_set_hold", json!({ "order_id": 1002, "on": true })).await?;
    mcp.ok("orders_update_status", json!({ "order_id": 1004, "status": "confirmed" })).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1003, "method": "cash" })).await?;
    mcp.confirmed("orders_cancel", json!({ "order_id": 1003 })).await?;
    mcp.ok("products_upsert", json!({ "sku": "TEA", "low_stock_threshold": 45 })).await?;
    let played = Played::by(&mcp);
    let (text, told) = played.call("shop_briefing", json!({})).await?;
    // 1 + 2 + 4 of ₹100 are left of the day; the cancelled order went again.
    check!(
        checks,
        told["sales"][0].as_str().is_some_and(|today| today.ends_with("₹700 with 4 orders placed")),
        "{told}"
    );
    check!(checks, told["sales"][1].as_str().is_some_and(|day| day.ends_with("₹0 with 0 orders placed")), "{told}");
    check!(checks, text.contains("2 orders are pending: 1 pending, 1 confirmed; 1 is on hold."), "{text}");
    let waiting = |nth: usize| told["waiting"][nth].as_str().unwrap_or_default();
    let held = waiting(0).starts_with("#1002 Ann, since today: on hold since ");
    check!(checks, held && waiting(0).ends_with(", not confirmed, unpaid"), "{told}");
    check!(checks, waiting(1) == "#1004 Ann, since today: to be shipped, unpaid", "{told}");
    check!(checks, told["unpaid"][0] == "3 orders of the last 7 days, ₹826", "{told}");
    check!(checks, told["running_low"][0] == "Tea (43 left)" && told["to_pay_back"][0] == "#1003 (₹354)", "{told}");
    played.within(&mut checks, 1, 2_000);

    // Today is one of the last 7 days.
    let last = events(&shop.node, 0).await?.pop().context("an event")?.json();
    let last = last["provenance"]["recorded_at"].as_str().context("when")?.parse::<chrono::DateTime<chrono::Utc>>()?;
    for (days, unpaid) in [(6, "3 orders of the last 7 days, ₹826"), (7, "3 orders older, ₹826")] {
        shop.node.restart_at(&(last + chrono::TimeDelta::days(days)).to_rfc3339()).await?;
        let (_, told) = Played::by(&shop.mcp()).call("shop_briefing", json!({})).await?;
        check!(checks, told["unpaid"] == json!([unpaid]), "after {days} days: {told}");
    }
    checks.all_hold()
}
