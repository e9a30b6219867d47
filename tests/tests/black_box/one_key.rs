//! One key, one act: the same call with the same key is answered the same, whatever has changed since.

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Mcp, Shop, check, events, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    the_same_call_is_answered_the_same_whatever_changed_since,
    an_erasure_sent_again_is_answered_and_an_erased_customer_s_calls_too,
    why_and_in_which_words_is_no_part_of_what_is_asked_for,
    a_bulk_under_one_key_changes_each_order_once
);

/// A call and its first answer.
struct Act {
    tool: &'static str,
    arguments: Value,
    first: Value,
}

async fn act(mcp: &Mcp, acts: &mut Vec<Act>, tool: &'static str, mut arguments: Value) -> Result<Value> {
    arguments["idempotency_key"] = json!(format!("key {}", acts.len()));
    let first = mcp.full(tool, arguments.clone()).await?;
    ensure!(first["replayed"] == false, "{first}");
    acts.push(Act { tool, arguments, first: first.clone() });
    Ok(first)
}

async fn again(mcp: &Mcp, Act { tool, arguments, first }: &Act) -> Result<()> {
    let mut expected = first.clone();
    expected["replayed"] = json!(true);
    let second = mcp.full(tool, arguments.clone()).await?;
    ensure!(second == expected, "{tool} {arguments} answered\n{second}\nand first\n{first}");
    Ok(())
}

async fn the_same_call_is_answered_the_same_whatever_changed_since(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("TEA", "Assam Green Tea", "100.00", 50).await?;
    shop.stock("CUP", "Cup", "10.00", 9).await?;
    shop.customer("Asha Rao", "asha@example.in").await?;
    let mcp = shop.mcp();
    mcp.ok("products_upsert", json!({ "sku": "CUP", "policy": "backorder", "backorder_limit": 9 })).await?;
    let (mut acts, order) = (
        vec![],
        |customer: &str, product: &str, quantity: i64| json!({ "customer": customer, "lines": [{ "product": product, "quantity": quantity }] }),
    );
    let mut both = order("asha@example.in", "TEA", 1);
    both["lines"].as_array_mut().context("lines")?.push(json!({ "product": "CUP", "quantity": 1 }));
    act(&mcp, &mut acts, "orders_create_order", both).await?;
    let near = act(&mcp, &mut acts, "orders_create_order", order("Asha Rao", "assam green", 2)).await?;
    check!(checks, near["warnings"].as_array().is_some_and(|told| told.len() == 1), "how the product was read: {near}");
    act(&mcp, &mut acts, "orders_create_order", order("Asha Rao", "Cup", 12)).await?;
    let filled = act(&mcp, &mut acts, "inventory_receive", json!({ "product": "Cup", "quantity": 10 })).await?;
    check!(
        checks,
        filled["order_id"].is_null() && filled["events"].as_array().is_some_and(|all| all.len() > 2),
        "{filled}"
    );
    let short = act(&mcp, &mut acts, "inventory_adjust", json!({ "product": "Assam Green Tea", "counted": 1 })).await?;
    check!(checks, short["warnings"].to_string().contains("oversold"), "{short}");
    let right = act(&mcp, &mut acts, "inventory_adjust", json!({ "product": "Assam Green Tea", "counted": 1 })).await?;
    check!(checks, right["no_change"] == true, "{right}");
    act(&mcp, &mut acts, "orders_change_lines", json!({ "order_id": 1001, "changes": [{ "line": 2, "quantity": 0 }] }))
        .await?;
    let held = json!({ "order_id": 1002, "on": true, "expected_version": 1 });
    act(&mcp, &mut acts, "orders_set_hold", held).await?;
    act(&mcp, &mut acts, "orders_record_payment", json!({ "order_id": 1002, "method": "card", "amount": "99.00" }))
        .await?;
    act(&mcp, &mut acts, "products_upsert", json!({ "sku": "CUP", "price": "11.00", "expected_version": 2 })).await?;
    let phone = json!({ "customer": "Asha Rao", "phone": "+91 99887 76655" });
    act(&mcp, &mut acts, "customers_upsert", phone).await?;
    act(&mcp, &mut acts, "currencies_set_rate", json!({ "currency": "USD", "rate": "84.125" })).await?;

    // Names mean something else or nothing now, versions have passed, stock is short, lines are gone.
    mcp.ok("products_upsert", json!({ "sku": "TEA", "name": "Darjeeling", "archived": true })).await?;
    mcp.ok("products_upsert", json!({ "sku": "CUP", "name": "Bowl", "archived": true })).await?;
    shop.stock("OTHER", "Assam Green Tea", "1.00", 5).await?;
    shop.stock("MUG", "Cup", "1.00", 5).await?;
    mcp.ok("customers_upsert", json!({ "customer": "Asha Rao", "email": "asha.rao@example.in" })).await?;
    shop.customer("Asha Rao", "another@example.in").await?;
    mcp.ok("orders_set_hold", json!({ "order_id": 1002, "on": false })).await?;
    let recorded = events(&shop.node, 0).await?.len();
    for act in &acts {
        again(&mcp, act).await?;
        let mut trial = act.arguments.clone();
        trial["dry_run"] = json!(true);
        check!(
            checks,
            mcp.ok(act.tool, trial).await?["replayed"] == true,
            "a dry run tells that it was done: {}",
            act.arguments
        );
    }
    // On a node that knows nothing of all this.
    shop.node.stop().await?;
    shop.node.start_again().await?;
    for act in &acts {
        again(&shop.mcp(), act).await?;
    }
    check!(checks, events(&shop.node, 0).await?.len() == recorded, "nothing was recorded a second time");
    checks.all_hold()
}

async fn an_erasure_sent_again_is_answered_and_an_erased_customer_s_calls_too(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("TEA", "Tea", "100.00", 50).await?;
    let mcp = shop.mcp();
    let person = json!({ "name": "Asha Rao", "email": "asha@example.in", "idempotency_key": "new" });
    let registered = mcp.ok("customers_upsert", person.clone()).await?;
    let order =
        json!({ "customer": "Asha", "lines": [{ "product": "TEA", "quantity": 1 }], "idempotency_key": "order" });
    let order = match mcp.call("orders_create_order", order.clone()).await? {
        Ok(_) => order,
        // A first name alone may be too near to a guess.
        Err(_) => {
            let order = json!({
                "customer": "Asha Rao", "lines": [{ "product": "TEA", "quantity": 1 }], "idempotency_key": "order",
            });
            mcp.ok("orders_create_order", order.clone()).await?;
            order
        }
    };
    for (name, key) in [("asha@example.in", None), ("bela@example.in", Some("erase"))] {
        if key.is_some() {
            shop.customer("Bela Shah", name).await?;
        }
        let mut erase = json!({ "customer": name });
        if let Some(key) = key {
            erase["idempotency_key"] = json!(key);
        }
        erase["confirm_token"] = json!(mcp.asked("customers_erase", erase.clone()).await?);
        let first = mcp.ok("customers_erase", erase.clone()).await?;
        let second = mcp.ok("customers_erase", erase.clone()).await?;
        check!(checks, second["replayed"] == true && second["position"] == first["position"], "{second}");
        if key.is_some() {
            erase.as_object_mut().context("arguments")?.remove("confirm_token");
            check!(
                checks,
                mcp.ok("customers_erase", erase).await?["replayed"] == true,
                "the key alone tells which act it was"
            );
        }
    }
    let again = mcp.ok("orders_create_order", order).await?;
    check!(checks, again["replayed"] == true && again["order_id"] == 1001, "{again}");
    let again = mcp.ok("customers_upsert", person).await?;
    check!(checks, again["replayed"] == true && again["position"] == registered["position"], "{again}");
    check!(checks, !again.to_string().contains("Asha"), "who was erased stays so: {again}");
    let gone = mcp.refused(
        "orders_create_order",
        json!({
            "customer": "asha@example.in", "lines": [{ "product": "TEA", "quantity": 1 }],
        }),
    );
    check!(checks, gone.await?.code == "NOT_FOUND");
    checks.all_hold()
}

async fn why_and_in_which_words_is_no_part_of_what_is_asked_for(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("TEA", "Tea", "100.00", 50).await?;
    let mcp = shop.mcp();
    let receive = |quantity: i64, why: Value, words: Value| {
        json!({
            "product": "TEA", "quantity": quantity, "reason": why, "request_text": words, "idempotency_key": "once",
        })
    };
    mcp.ok("inventory_receive", receive(5, json!("a delivery"), json!("five teas came"))).await?;
    for (why, words) in [(json!("another"), Value::Null), (Value::Null, json!("5 TEA")), (Value::Null, Value::Null)] {
        check!(checks, mcp.ok("inventory_receive", receive(5, why, words)).await?["replayed"] == true);
    }
    let other = mcp.refused("inventory_receive", receive(6, json!("a delivery"), json!("five teas came"))).await?;
    check!(checks, other.code == "IDEMPOTENCY_MISMATCH", "{other}");
    let stock = mcp.ok("inventory_check", json!({ "product": "TEA" })).await?;
    check!(checks, stock["on_hand"] == 55, "{stock}");
    checks.all_hold()
}

async fn a_bulk_under_one_key_changes_each_order_once(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("TEA", "Tea", "100.00", 50).await?;
    shop.customer("Asha Rao", "asha@example.in").await?;
    let mcp = shop.mcp();
    for quantity in 1..=2 {
        let order = json!({ "customer": "asha@example.in", "lines": [{ "product": "TEA", "quantity": quantity }] });
        mcp.ok("orders_create_order", order).await?;
    }
    let bulk = json!({ "order_ids": [1001, 1002], "status": "confirmed", "idempotency_key": "bulk" });
    let first = mcp.confirmed("orders_bulk_update_status", bulk.clone()).await?;
    let undo = json!({ "command_id": first["command_ids"]["1001"] });
    mcp.confirmed("orders_undo", undo).await?;
    // The client lost the answer, and sends the same call under the same key: it is not asked again.
    let second = mcp.ok("orders_bulk_update_status", bulk.clone()).await?;
    check!(checks, second == first, "{second}, not {first}");
    let order = mcp.ok("orders_get", json!({ "order_id": 1001 })).await?;
    check!(checks, order["order"]["status"] == "pending", "what was undone since is not done again: {order}");
    let other = json!({ "order_ids": [1002], "status": "confirmed", "idempotency_key": "bulk" });
    check!(checks, mcp.refused("orders_bulk_update_status", other).await?.code == "IDEMPOTENCY_MISMATCH");
    let held = json!({ "order_id": 1002, "on": true, "idempotency_key": "held" });
    mcp.ok("orders_set_hold", held).await?;
    let other = json!({ "order_ids": [1001], "status": "confirmed", "idempotency_key": "held" });
    check!(checks, mcp.refused("orders_bulk_update_status", other).await?.code == "IDEMPOTENCY_MISMATCH");

    // One that found nothing to change keeps its answer too, and so does one whose customer is erased.
    let filter = json!({ "customer": "asha@example.in", "present_status": "processing", "status": "confirmed",
        "idempotency_key": "nothing" });
    let nothing = mcp.ok("orders_bulk_update_status", filter.clone()).await?;
    mcp.confirmed("customers_erase", json!({ "customer": "asha@example.in" })).await?;
    check!(checks, mcp.ok("orders_bulk_update_status", filter).await? == nothing, "{nothing}");
    check!(checks, mcp.ok("orders_bulk_update_status", bulk).await? == first);
    shop.cli(&["verify"]).await?.expect_success()?;
    checks.all_hold()
}
