//! Many callers at once: the last unit is sold once, and one command acts once.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures::future::{join_all, try_join_all};
use orderlog_tests::{Checks, Mcp, Shop, check, on_both_engines, until};
use serde_json::{Value, json};

const BUYERS: usize = 200;
const REPEATS: usize = 10;
/// How long a buyer may have to repeat a call.
const ANSWERED: Duration = Duration::from_secs(30);
/// How long the leases of a killed node may keep the read models, with room for a busy machine.
const TAKE_OVER: Duration = Duration::from_secs(30);

on_both_engines!(one_unit_is_sold_once, one_command_acts_once);

async fn one_unit_is_sold_once(shop: Shop) -> Result<()> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("LAST", "The last one", "100.00", 1).await?;
    let second = if shop.nats.is_some() { Some(shop.another_node().await?) } else { None };
    let nodes: Vec<Mcp> = [Some(shop.mcp()), second.as_ref().map(|node| node.mcp())].into_iter().flatten().collect();

    let calls = (0..BUYERS).map(|buyer| {
        let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "LAST", "quantity": 1 }],
            "idempotency_key": format!("buyer-{buyer}") });
        let node = nodes[buyer % nodes.len()].clone();
        // A busy server may refuse a call for the moment; a buyer repeats it with its key, as the answer says.
        async move {
            until("an answer to a buyer", ANSWERED, async || {
                let answer = node.call("orders.create_order", order.clone()).await?;
                Ok(Some(answer).filter(|answer| !answer.as_ref().is_err_and(|refusal| refusal.retryable)))
            })
            .await
        }
    });
    let mut sold = 0;
    for answer in join_all(calls).await {
        match answer? {
            Ok(_) => sold += 1,
            Err(refusal) => ensure!(refusal.code == "INSUFFICIENT_STOCK", "a buyer was told {refusal}"),
        }
    }
    ensure!(sold == 1, "{sold} of {BUYERS} buyers got the one unit");
    let stock = shop.mcp().ok("inventory.check", json!({ "product": "LAST" })).await?;
    ensure!(stock["available"] == json!(0) && stock["reserved"] == json!(1), "the stock is {stock}");
    Ok(())
}

async fn one_command_acts_once(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", "10.00", 100).await?;
    let order = |quantity: i64| {
        json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": quantity }],
            "idempotency_key": "once" })
    };
    let mcp = shop.mcp();
    let answers = try_join_all((0..REPEATS).map(|_| mcp.ok("orders.create_order", order(2)))).await?;
    let first = receipt(&answers[0]);
    for answer in &answers {
        check!(checks, receipt(answer) == first, "one key, two receipts: {first:?} and {answer}");
    }

    shop.node.kill()?;
    shop.node.start_again().await?;
    let after_restart = mcp.ok("orders.create_order", order(2)).await?;
    check!(checks, receipt(&after_restart) == first, "after the restart: {after_restart}");

    let refusal = mcp.refused("orders.create_order", order(3)).await?;
    check!(checks, refusal.code == "IDEMPOTENCY_MISMATCH", "other arguments under the key: {refusal}");
    // The killed node's lease on the read models has to end first; until then an answer says that it is behind.
    let stock = until("the read models to be taken over", TAKE_OVER, async || {
        let stock = mcp.ok("inventory.check", json!({ "product": "PEN" })).await?;
        Ok(stock.get("behind").is_none().then_some(stock))
    })
    .await?;
    check!(checks, stock["reserved"] == json!(2), "one order of two pens reserves two: {stock}");
    checks.all_hold()
}

/// The part that must be equal in every answer to one command.
fn receipt(answer: &Value) -> [Value; 4] {
    ["command_id", "order_version", "position", "changed"].map(|field| answer[field].clone())
}
