//! Texts typed about people are sealed, and their addresses lead to them.

use anyhow::{Context, Result};
use orderlog_tests::{Checks, Mcp, Shop, check, events, on_both_engines};
use serde_json::json;

use crate::customer_keys::execute;

on_both_engines!(
    an_address_is_one_in_every_form_of_unicode,
    a_seal_is_opened_only_where_it_was_made,
    an_address_moves_with_the_receipt
);

async fn an_address_is_one_in_every_form_of_unicode(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    let register = |email: &str, phone: &str| json!({ "name": "José García", "email": email, "phone": phone });
    let (composed, decomposed) = ("jos\u{e9}@b\u{fc}cher.example", "JOSE\u{301}@bu\u{308}cher.example");
    let first = mcp.full("customers.upsert", register(composed, "111")).await?;
    let second = mcp.full("customers.upsert", register(decomposed, "222")).await?;
    check!(checks, first["after"]["customer_id"] == second["after"]["customer_id"], "one address: {first} {second}");
    check!(checks, second["after"]["phone"] == "222", "{second}");
    for hidden in ["\u{200b}", "\u{202e}", "\u{fe0f}"] {
        let refusal = mcp.refused("customers.upsert", register(&format!("ann{hidden}@example.com"), "333")).await?;
        check!(checks, refusal.field.as_deref() == Some("email"), "{hidden:?}: {refusal}");
        check!(checks, refusal.message.contains("invisible character"), "{hidden:?}: {refusal}");
    }
    let nobody = json!({ "name": "\u{200b}", "email": "nobody@example.com" });
    let refusal = mcp.refused("customers.upsert", nobody).await?;
    check!(checks, refusal.field.as_deref() == Some("name"), "{refusal}");
    let found = mcp.ok("customers.search", json!({})).await?;
    check!(checks, found["total_count"] == 1, "{found}");
    checks.all_hold()
}

async fn a_seal_is_opened_only_where_it_was_made(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(0).await?;
    let mcp = shop.mcp();
    let address = "17 Vanishing Lane";
    let order =
        json!({ "customer": "Zoe", "lines": [{ "product": "TEA", "quantity": 1 }], "note": "kept in the attic" });
    mcp.ok("customers_upsert", json!({ "name": "Zoe", "address": address })).await?;
    mcp.ok("orders_create_order", order).await?;
    let log = events(&shop.node, 0).await?;
    let seal = |event_type: &str, pointer: &str| -> Result<String> {
        let mut found = log.iter().filter(|event| event.event_type() == event_type).map(|event| event.json());
        let found = found.find_map(|event| event["data"].pointer(pointer)?.as_str().map(str::to_owned));
        found.with_context(|| format!("a sealed {pointer}"))
    };
    let seals = [seal("CustomerRegistered", "/profile/address")?, seal("OrderPlaced", "/note")?];
    check!(checks, seals.iter().all(|seal| seal.starts_with("sealed:1:")), "{seals:?}");
    let mut told = String::new();
    for (nth, seal) in seals.iter().enumerate() {
        let sku = format!("X{nth}");
        let product = json!({ "sku": sku, "name": seal, "price": "1.00", "reason": seal, "request_text": seal });
        told.push_str(&mcp.ok("products_upsert", product).await?.to_string());
        mcp.ok("inventory_receive", json!({ "product": sku, "quantity": 9, "reason": seal })).await?;
        let order = |dry_run: bool| {
            json!({
                "customer": "ann@example.com", "lines": [{ "product": sku, "quantity": 1 }], "note": seal,
                "reason": seal, "request_text": seal, "dry_run": dry_run,
            })
        };
        told.push_str(&mcp.full("orders_create_order", order(true)).await?.to_string());
        let placed = mcp.ok("orders_create_order", order(false)).await?;
        let id = placed["order_id"].clone();
        let shipped = json!({ "order_id": id, "carrier": &seal[..90], "tracking": seal });
        told.push_str(&mcp.full("orders_ship", shipped).await?.to_string());
        let paid = json!({ "order_id": id, "method": "card", "reference": seal });
        told.push_str(&mcp.full("orders_record_payment", paid).await?.to_string());
        let get = mcp.full("orders_get", json!({ "order_id": id })).await?.to_string();
        check!(checks, get.matches(seal.as_str()).count() >= 3, "a text that looks like a seal is a text: {get}");
        told.push_str(&get);
        told.push_str(&mcp.full("orders_history", json!({ "order_id": id })).await?.to_string());
        told.push_str(&shop.cli(&["replay", "--json", "--order", &id.to_string()]).await?.expect_success()?);
        told.push_str(
            &mcp.full("customers_upsert", json!({ "customer": "ann@example.com", "address": seal })).await?.to_string(),
        );
    }
    told.push_str(&mcp.ok("products_search", json!({})).await?.to_string());
    told.push_str(&mcp.ok("customers_search", json!({ "text": "Ann" })).await?.to_string());
    check!(checks, !told.contains(address) && !told.contains("attic"), "a seal was opened elsewhere: {told}");
    checks.all_hold()
}

async fn an_address_moves_with_the_receipt(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(0).await?;
    shop.customer("Bela", "bela@example.com").await?;
    let mcp = shop.mcp();
    let orders = async |mcp: &Mcp, email: &str| -> Result<bool> {
        let order =
            json!({ "customer": email, "lines": [{ "product": "TEA", "quantity": 1 }], "allow_duplicate": true });
        match mcp.call("orders_create_order", order).await? {
            Ok(_) => Ok(true),
            Err(refusal) if refusal.code == "NOT_FOUND" => Ok(false),
            Err(refusal) => anyhow::bail!("{refusal}"),
        }
    };
    let to = |email: &str| json!({ "customer": "ann@example.com", "email": email });
    let mut stale = to("new@example.com");
    stale["expected_version"] = json!(7);
    check!(checks, mcp.refused("customers_upsert", stale).await?.code == "VERSION_CONFLICT");
    let mut trial = to("new@example.com");
    trial["dry_run"] = json!(true);
    mcp.ok("customers_upsert", trial).await?;
    check!(checks, orders(&mcp, "ann@example.com").await? && !orders(&mcp, "new@example.com").await?, "nothing moved");
    let taken = mcp.refused("customers_upsert", to("bela@example.com")).await?;
    check!(checks, taken.field.as_deref() == Some("email"), "{taken}");
    mcp.ok("customers_upsert", to("new@example.com")).await?;
    check!(checks, !orders(&mcp, "ann@example.com").await? && orders(&mcp, "new@example.com").await?, "it moved");
    // The server died after the receipt and before the address had moved.
    shop.node.kill()?;
    execute(&shop, "UPDATE customer_keys SET email_index = NULL WHERE email_index IS NOT NULL").await?;
    shop.node.start_again().await?;
    let mcp = shop.mcp();
    check!(
        checks,
        orders(&mcp, "new@example.com").await? && orders(&mcp, "bela@example.com").await?,
        "it follows the log"
    );
    check!(checks, !orders(&mcp, "ann@example.com").await?);
    // An address that is free again may go to somebody else.
    mcp.ok("customers_upsert", json!({ "customer": "bela@example.com", "email": "ann@example.com" })).await?;
    check!(checks, orders(&mcp, "ann@example.com").await? && !orders(&mcp, "bela@example.com").await?);
    checks.all_hold()
}
