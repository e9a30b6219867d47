//! Acts that ask first: the same payment, receipt or shipment a moment later, and more money than is due.

use anyhow::Result;
use orderlog_tests::{Checks, Mcp, Shop, check, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    the_same_payment_is_asked_about,
    the_same_receipt_is_asked_about,
    the_same_shipment_is_asked_about,
    more_money_than_is_due_wants_the_users_word
);

/// Three orders of Ann for 1, 2 and 3 × Tea at ₹118 with tax.
async fn furnish(shop: &Shop) -> Result<Mcp> {
    shop.with_orders(3).await?;
    Ok(shop.mcp())
}

fn with(arguments: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut arguments = arguments.clone();
    arguments[name] = value.into();
    arguments
}

async fn captured(mcp: &Mcp, order_id: i64) -> Result<Value> {
    let order = mcp.full("orders_get", json!({ "order_id": order_id })).await?["order"].clone();
    let payments = order["payments"].as_array().into_iter().flatten();
    Ok(payments.map(|one| one["amount"]["formatted"].clone()).collect())
}

async fn on_hand(mcp: &Mcp, product: &str) -> Result<Value> {
    Ok(mcp.ok("inventory_check", json!({ "product": product })).await?["on_hand"].clone())
}

async fn the_same_payment_is_asked_about(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let paid = json!({ "order_id": 1003, "method": "card", "amount": "50.00", "reference": "pi_1" });
    mcp.ok("orders_record_payment", paid.clone()).await?;
    let same_amount = json!({ "order_id": 1003, "method": "CARD", "amount": "50" });
    let same_reference = json!({ "order_id": 1003, "method": "upi", "amount": "60.00", "reference": "pi_1" });
    for again in [&paid, &same_amount, &same_reference, &with(&paid, "dry_run", true)] {
        let asked = mcp.refused("orders_record_payment", again.clone()).await?;
        check!(checks, asked.code == "DUPLICATE_SUSPECTED", "{again}: {asked}");
        check!(checks, asked.candidates[0]["payment"] == 1, "{again}: {:?}", asked.candidates);
        check!(checks, asked.hint.is_some_and(|hint| hint.contains("allow_duplicate")));
    }
    // Neither another payment nor another order is a repetition, and neither is what is undone.
    mcp.ok("orders_record_payment", with(&same_amount, "method", "cash")).await?;
    mcp.ok("orders_record_payment", with(&same_amount, "order_id", 1002)).await?;
    let of_first = json!({ "order_id": 1001, "method": "card" });
    mcp.ok("orders_record_payment", of_first.clone()).await?;
    mcp.confirmed("orders_undo", json!({})).await?;
    mcp.ok("orders_record_payment", of_first).await?;
    check!(checks, captured(&mcp, 1003).await? == json!(["₹50.00", "₹50.00"]));
    // A key is asked nothing: it says that the call is another one, and its repetition is answered.
    let keyed = with(&paid, "idempotency_key", "k");
    let first = mcp.ok("orders_record_payment", keyed.clone()).await?;
    let other_words = with(&with(&keyed, "request_text", "she paid 50"), "reason", "told again");
    for again in [keyed.clone(), other_words, with(&keyed, "allow_duplicate", true)] {
        let replayed = mcp.ok("orders_record_payment", again).await?;
        check!(checks, replayed["replayed"] == true && replayed["position"] == first["position"], "{replayed}");
    }
    // After a restart it is still known; the user's word carries it out.
    shop.node.stop().await?;
    shop.node.start_again().await?;
    let mcp = shop.mcp();
    check!(checks, mcp.refused("orders_record_payment", paid.clone()).await?.code == "DUPLICATE_SUSPECTED");
    mcp.ok("orders_record_payment", with(&paid, "allow_duplicate", true)).await?;
    check!(checks, captured(&mcp, 1003).await?.as_array().map(Vec::len) == Some(4));
    checks.all_hold()
}

async fn the_same_receipt_is_asked_about(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("MUG", "Blue Mug", "50.00", 10).await?;
    shop.stock("CUP", "Cup", "50.00", 10).await?;
    let second = shop.another_node().await?;
    let receive = json!({ "product": "blue mug", "quantity": 10 });
    for mcp in [shop.mcp(), second.mcp()] {
        let asked = mcp.refused("inventory_receive", receive.clone()).await?;
        check!(checks, asked.code == "DUPLICATE_SUSPECTED", "{asked}");
        check!(checks, asked.message == "10 units of `Blue Mug` came in within the last two minutes.", "{asked}");
        check!(checks, asked.candidates[0]["on_hand"] == 10, "{:?}", asked.candidates);
    }
    let mcp = shop.mcp();
    mcp.ok("inventory_receive", with(&receive, "quantity", 11)).await?;
    // Of many equal calls on many nodes, one is carried out.
    let twelve = with(&receive, "quantity", 12);
    let nodes = [shop.mcp(), second.mcp()];
    let calls = (0..10).map(|nth| nodes[nth % 2].call("inventory_receive", twelve.clone()));
    let answers = futures::future::try_join_all(calls).await?;
    check!(checks, answers.iter().filter(|answer| answer.is_ok()).count() == 1, "{answers:?}");
    check!(checks, on_hand(&mcp, "MUG").await? == 33);
    mcp.ok("inventory_receive", with(&receive, "allow_duplicate", true)).await?;
    mcp.ok("inventory_receive", with(&receive, "idempotency_key", "second delivery")).await?;
    check!(checks, on_hand(&mcp, "MUG").await? == 53);
    // Units that were taken back can be received again.
    mcp.confirmed("orders_undo", json!({})).await?;
    mcp.ok("inventory_receive", receive).await?;
    check!(checks, on_hand(&mcp, "MUG").await? == 53);
    checks.all_hold()
}

async fn the_same_shipment_is_asked_about(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let one = json!({ "order_id": 1003, "lines": [{ "product": "TEA", "quantity": 1 }] });
    mcp.ok("orders_ship", one.clone()).await?;
    let status = with(&one, "status", "shipped");
    for (tool, again) in [
        ("orders_ship", json!({ "order_id": 1003, "lines": [{ "line": 1, "quantity": 1 }], "tracking": "T2" })),
        ("orders_update_status", status.clone()),
    ] {
        let asked = mcp.refused(tool, again).await?;
        check!(checks, asked.code == "DUPLICATE_SUSPECTED", "{tool}: {asked}");
        check!(checks, asked.candidates == [json!({ "order_id": 1003, "shipment": 1 })], "{:?}", asked.candidates);
    }
    mcp.ok("orders_update_status", with(&status, "allow_duplicate", true)).await?;
    // A shipment that was voided did not leave; the rest leaves without a question, although it is as many.
    mcp.confirmed("orders_undo", json!({})).await?;
    mcp.ok("orders_ship", with(&one, "allow_duplicate", true)).await?;
    let rest = mcp.ok("orders_ship", json!({ "order_id": 1003 })).await?;
    check!(checks, rest["changed"]["status"] == "shipped", "{rest}");
    checks.all_hold()
}

async fn more_money_than_is_due_wants_the_users_word(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let paid = json!({ "order_id": 1001, "method": "cash", "amount": "120.00", "reference": "till 7" });
    let foreseen = mcp.ok("orders_record_payment", with(&paid, "dry_run", true)).await?;
    let told = "This is ₹2 more than was due for order #1001.";
    check!(checks, foreseen["warnings"] == json!([told]), "{foreseen}");
    for asked in [paid.clone(), with(&paid, "idempotency_key", "k-1")] {
        let refusal = mcp.refused("orders_record_payment", asked).await?;
        check!(checks, refusal.code == "CONFIRMATION_REQUIRED", "{refusal}");
        let preview = refusal.preview.to_string();
        let would = "₹120 would be recorded for order #1001 of Ann (1 × Tea, ₹118), which would be overpaid.";
        check!(checks, preview.contains(would) && preview.contains(told), "{preview}");
    }
    check!(checks, captured(&mcp, 1001).await? == json!([]), "nothing is recorded");
    let token = mcp.asked("orders_record_payment", paid.clone()).await?;
    let agreed = with(&paid, "confirm_token", token);
    let done = mcp.ok("orders_record_payment", agreed.clone()).await?;
    check!(checks, done["changed"]["payment_status"] == "overpaid", "{done}");
    let again = mcp.ok("orders_record_payment", agreed).await?;
    check!(checks, again["replayed"] == true && again["position"] == done["position"], "{again}");
    // The amount due is recorded at once, and once under its key although it would be too much now.
    let due = json!({ "order_id": 1002, "method": "cash", "idempotency_key": "k-2" });
    let first = mcp.ok("orders_record_payment", with(&due, "amount", "236.00")).await?;
    let again = mcp.ok("orders_record_payment", with(&due, "amount", "236.00")).await?;
    check!(checks, again["replayed"] == true && again["position"] == first["position"], "{again}");
    // Two at once, each as much as is due: one of them wants the user's word.
    let each = |method: &str| {
        let payment = json!({ "order_id": 1003, "method": method, "amount": "354.00" });
        let mcp = mcp.clone();
        async move { mcp.call("orders_record_payment", payment).await }
    };
    let (one, other) = tokio::join!(each("card"), each("upi"));
    let codes = [one?, other?].map(|answer| answer.err().map(|refusal| refusal.code));
    let mut codes: Vec<String> = codes.into_iter().map(Option::unwrap_or_default).collect();
    codes.sort();
    check!(checks, codes == ["", "CONFIRMATION_REQUIRED"], "{codes:?}");
    checks.all_hold()
}
