//! Sentences through the real binary: `orderlog ask` and `orderlog chat`.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};
use orderlog_tests::{Checks, Shop, check, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    reads_answer_at_once_and_changes_wait_for_a_yes,
    what_is_not_understood_or_not_there_changes_nothing,
    a_conversation_knows_what_it_is_and_asks_before_it_acts
);

/// How many events the log has.
async fn position(shop: &Shop) -> Result<Value> {
    let status: Value = serde_json::from_str(&shop.cli(&["status", "--json"]).await?.expect_success()?)?;
    Ok(status["position"].clone())
}

async fn status_of(shop: &Shop, order: i64) -> Result<Value> {
    Ok(shop.mcp().ok("orders_get", json!({ "order_id": order })).await?["order"]["status"].clone())
}

async fn reads_answer_at_once_and_changes_wait_for_a_yes(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(3).await?;
    let read = shop.cli(&["ask", "show me pending orders"]).await?.expect_success()?;
    check!(checks, ["1001", "1002", "1003"].iter().all(|order| read.contains(order)), "{read}");
    let enough = shop.cli(&["ask", "Do we have 20 units of Tea?"]).await?.expect_success()?;
    check!(checks, enough.contains("44"), "{enough}");

    let before = position(&shop).await?;
    let refused = shop.cli(&["ask", "update order 1001 to shipped and show me today's revenue"]).await?;
    check!(
        checks,
        !refused.success && refused.stdout.contains("Not done: Set order #1001 to shipped"),
        "{}",
        refused.stdout
    );
    check!(checks, refused.stdout.contains("revenue"), "what only reads is answered: {}", refused.stdout);
    check!(checks, position(&shop).await? == before, "nothing may be recorded without a Yes");

    let done = shop
        .cli(&["ask", "--yes", "Update order 1001 to shipped and show me today's revenue"])
        .await?
        .expect_success()?;
    check!(checks, done.contains("Order #1001 is now shipped.") && done.contains("Today's revenue"), "{done}");
    check!(checks, status_of(&shop, 1001).await? == "shipped", "it was asked for");

    let frozen = position(&shop).await?;
    let preview = shop.cli(&["ask", "cancel orders 1002 and 1003"]).await?;
    check!(checks, !preview.success && preview.stdout.contains("would"), "{}", preview.stdout);
    check!(checks, status_of(&shop, 1002).await? == "pending", "only previewed: {frozen}");
    shop.cli(&["ask", "--yes", "cancel orders 1002 and 1003"]).await?.expect_success()?;
    for order in [1002, 1003] {
        check!(checks, status_of(&shop, order).await? == "cancelled", "#{order}");
    }
    let events = shop.cli(&["export"]).await?.expect_success()?;
    let shipped = events.lines().find(|line| line.contains("UnitsShipped")).context("a shipment")?;
    check!(checks, shipped.contains("orderlog ask"), "the log says through what: {shipped}");
    checks.all_hold()
}

async fn what_is_not_understood_or_not_there_changes_nothing(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let before = position(&shop).await?;
    for (sentence, said) in [
        ("ship 1001 before the rain", "I understood \"Ship order #1001\"; not"),
        ("do not ship 1001", "Nothing was done."),
        ("Notify John when #1001 ships", "no target is set up"),
        ("ship 4711", "#4711"),
        ("show order 4711", "#4711"),
        ("receive 5 unobtainium", "unobtainium"),
        ("do we have 5 unobtainium?", "unobtainium"),
        ("create an order for nobody@example.com: 2 Tea", "nobody@example.com"),
    ] {
        let answer = shop.cli(&["ask", "--yes", sentence]).await?;
        check!(
            checks,
            !answer.success && answer.stdout.contains(said),
            "{sentence}: {} {}",
            answer.stdout,
            answer.stderr
        );
    }
    check!(checks, position(&shop).await? == before, "nothing may be recorded");
    let answer = shop.cli(&["ask", "--json", "ship 1001"]).await?;
    let told: Value = serde_json::from_str(&answer.stdout)?;
    check!(checks, !answer.success && told["not_done"] == json!(["Ship order #1001"]), "{told}");
    let answer = shop.cli(&["ask", "--json", "show order 1001"]).await?.expect_success()?;
    let told: Value = serde_json::from_str(&answer)?;
    check!(checks, told["done"][0]["tool"] == "orders.get" && told["done"][0]["answer"]["text"].is_string(), "{told}");
    checks.all_hold()
}

/// The output of `orderlog chat` for these lines.
async fn conversation(mut command: Command, lines: &'static str) -> Result<String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn()?;
        child.stdin.take().context("its input")?.write_all(lines.as_bytes())?;
        anyhow::Ok(child.wait_with_output()?)
    });
    let output = output.await??;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

async fn a_conversation_knows_what_it_is_and_asks_before_it_acts(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(2).await?;
    let lines = "show order 1001\nship it\nno\nput it on hold\nyes\nundo that\nyes\ncancel 1002 because she changed her mind\nyes\nbye\n";
    let told = conversation(shop.command(&["chat"])?, lines).await?;
    check!(checks, told.contains("Not done: Ship order #1001."), "{told}");
    check!(checks, told.matches("Do it?").count() == 4, "one Yes to each: {told}");
    check!(checks, status_of(&shop, 1001).await? == "pending", "{told}");
    check!(checks, status_of(&shop, 1002).await? == "cancelled", "{told}");
    let order = shop.mcp().ok("orders_get", json!({ "order_id": 1001 })).await?;
    check!(checks, order["order"].get("on_hold").is_none(), "held and released again: {order} {told}");
    checks.all_hold()
}
