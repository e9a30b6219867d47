//! Finished orders that owe again, and holds that end by themselves.

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Mcp, Shop, check, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(a_finished_order_that_owes_again_is_listed_again, a_hold_is_over_at_its_end_everywhere);

async fn furnish(shop: &mut Shop) -> Result<Mcp> {
    shop.node.restart_at("2026-11-20T10:00:00+05:30").await?;
    shop.stock("TEA", "Green Tea", "100.00", 50).await?;
    shop.customer("Ann", "ann@example.com").await?;
    let mcp = shop.mcp();
    let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 2 }] });
    mcp.ok("orders_create_order", order).await?;
    Ok(mcp)
}

fn position(answer: &Value) -> Result<i64> {
    answer["position"].as_i64().with_context(|| format!("a position in {answer}"))
}

async fn a_finished_order_that_owes_again_is_listed_again(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&mut shop).await?;
    let list = async |mut asked: Value, as_of: Option<i64>| {
        if let Some(position) = as_of {
            asked["as_of"] = format!("@{position}").into();
        }
        let answer = mcp.ok("orders_get_pending", asked).await?;
        anyhow::Ok((answer["total_count"].clone(), answer["orders"][0].clone()))
    };
    let unpaid = || json!({ "scope": "unpaid" });
    mcp.ok("orders_update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;
    mcp.ok("orders_update_status", json!({ "order_id": 1001, "status": "delivered" })).await?;
    let paid = mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "upi" })).await?;
    check!(checks, list(unpaid(), None).await?.0 == 0, "it owes nothing any more");

    let undone = mcp.confirmed("orders_undo", json!({ "command_id": paid["command_id"], "detail": "full" })).await?;
    check!(
        checks,
        undone["text"] == "The payment is undone: ₹236 counts as never received, and order #1001 is unpaid.",
        "{undone}"
    );
    check!(checks, undone["after"]["payments"][0]["undone"].is_string(), "{undone}");
    let (count, row) = list(unpaid(), None).await?;
    check!(checks, count == 1 && row["order_id"] == 1001 && row["due"] == "₹236.00", "{row}");
    check!(checks, row["status"] == "delivered" && row["payment_status"] == "unpaid", "{row}");
    let (count, of_ann) = list(json!({ "scope": "unpaid", "customer": "Ann", "product": "TEA" }), None).await?;
    check!(checks, count == 1 && of_ann == row, "{of_ann}");
    let shown = mcp.ok("orders_get", json!({ "order_id": 1001 })).await?;
    check!(checks, shown["order"]["payment_status"] == "unpaid" && shown["order"]["due"] == "₹236.00", "{shown}");
    let found = mcp.ok("orders_search", json!({ "payment_status": ["unpaid"] })).await?;
    check!(checks, found["total_count"] == 1, "{found}");
    let history = mcp.ok("orders_history", json!({ "order_id": 1001 })).await?;
    let summary = history["acts"].as_array().and_then(|acts| acts.last()).map(|act| act["summary"].clone());
    let expected = "Payment of ₹236 by upi undone; the order is now unpaid";
    check!(checks, summary == Some(expected.into()), "{summary:?}");

    let again = mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "card" })).await?;
    check!(checks, again["changed"]["payment_status"] == "paid", "the mistake is no refund: {again}");
    check!(checks, list(unpaid(), None).await?.0 == 0, "it owes nothing again");
    // Open, closed, open and closed once more, as of the position of each.
    for (answer, owing) in [(&paid, 0), (&undone, 1), (&again, 0)] {
        check!(checks, list(unpaid(), Some(position(answer)?)).await?.0 == owing, "as of {answer}");
    }
    check!(checks, list(unpaid(), Some(position(&paid)? - 1)).await?.0 == 1, "before it was paid");
    check!(checks, list(unpaid(), Some(position(&undone)?)).await?.1 == row, "as it read then");
    checks.all_hold()
}

async fn a_hold_is_over_at_its_end_everywhere(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&mut shop).await?;
    let hold = json!({ "order_id": 1001, "on": true, "until": "2026-11-21T09:00:00+05:30" });
    let held = mcp.ok("orders_set_hold", hold).await?;
    check!(checks, held["text"] == "Order #1001 is now on hold until 21 Nov 2026, 09:00.", "{held}");
    everywhere(&mcp, &json!({}), true).await?;
    let history = mcp.ok("orders_history", json!({ "order_id": 1001 })).await?;
    check!(checks, history["acts"][1]["summary"] == "Put on hold until 21 Nov 2026, 09:00", "{history}");

    shop.node.restart_at("2026-11-21T09:00:00+05:30").await?;
    let mcp = shop.mcp();
    everywhere(&mcp, &json!({}), false).await?;
    let found = mcp.ok("orders_search", json!({ "text": "1001" })).await?;
    check!(checks, found["orders"][0]["on_hold"] != true, "{found}");
    // No event records the end: the same position has another state at another moment.
    everywhere(&mcp, &json!({ "as_of": "2026-11-20" }), true).await?;
    everywhere(&mcp, &json!({ "as_of": format!("@{}", position(&held)?) }), true).await?;
    everywhere(&mcp, &json!({ "as_of": "2026-11-21T08:59:59+05:30" }), true).await?;
    everywhere(&mcp, &json!({ "as_of": "2026-11-21T09:00:00+05:30" }), false).await?;

    let released = mcp.full("orders_set_hold", json!({ "order_id": 1001, "on": false })).await?;
    check!(checks, released["no_change"] == true && released["after"]["on_hold"] == false, "{released}");
    let paid = mcp.full("orders_record_payment", json!({ "order_id": 1001, "method": "upi" })).await?;
    check!(checks, paid["before"]["on_hold"] == false && paid["after"]["on_hold"] == false, "{paid}");
    let next = paid["after"]["allowed_next"].to_string();
    check!(checks, next.contains("shipped"), "nothing stands in its way: {next}");
    let shipped = mcp.full("orders_ship", json!({ "order_id": 1001 })).await?;
    check!(checks, shipped["events"][0]["type"] == "OrderReleased", "{shipped}");
    checks.all_hold()
}

/// Whether the order and both lists say that it is on hold.
async fn everywhere(mcp: &Mcp, asked: &Value, on_hold: bool) -> Result<()> {
    let with = |name: &str, value: Value| {
        let mut asked = asked.clone();
        asked[name] = value;
        asked
    };
    let shown = mcp.ok("orders_get", with("order_id", 1001.into())).await?;
    ensure!((shown["order"]["on_hold"] == true) == on_hold, "{asked}: {shown}");
    let said = shown["text"].as_str().unwrap_or_default();
    ensure!(said.contains("and on hold") == on_hold, "{asked}: {said}");
    let can_ship = shown["order"]["allowed_next"].to_string().contains("shipped");
    ensure!(can_ship != on_hold, "{asked}: {shown}");
    let pending = mcp.ok("orders_get_pending", asked.clone()).await?;
    ensure!(pending["total_count"] == 1 && (pending["orders"][0]["on_hold"] == true) == on_hold, "{asked}: {pending}");
    let held = mcp.ok("orders_get_pending", with("scope", "on_hold".into())).await?;
    ensure!(held["total_count"] == i64::from(on_hold), "{asked}: {held}");
    ensure!(held["orders"].as_array().map(Vec::len) == Some(usize::from(on_hold)), "{asked}: {held}");
    Ok(())
}
