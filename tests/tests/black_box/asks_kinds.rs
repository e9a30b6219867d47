//! A word for a kind of product: what reads adds the kind up and lists it, what writes asks; and words name lines of an order.

use anyhow::{Context, Result};
use orderlog_tests::{Checks, Mcp, Shop, check, on_both_engines};
use serde_json::json;

on_both_engines!(a_kind_of_product_is_added_up, words_name_the_lines_of_an_order);

/// Two kinds of mug and a tea; #1001 has 2 red mugs and a tea, #1002 a red and a blue mug, #1003 a tea.
async fn furnish(shop: &Shop) -> Result<Mcp> {
    for (sku, name, price) in
        [("MUG-RED", "Red Mug", "100.00"), ("MUG-BLU", "Blue Mug", "120.00"), ("TEA", "Assam Tea", "50.00")]
    {
        shop.stock(sku, name, price, 9).await?;
    }
    shop.customer("Asha Rao", "asha@example.com").await?;
    let mcp = shop.mcp();
    for lines in [json!({ "MUG-RED": 2, "TEA": 1 }), json!({ "MUG-RED": 1, "MUG-BLU": 1 }), json!({ "TEA": 1 })] {
        let lines: Vec<_> = lines.as_object().context("lines")?.iter().collect();
        let lines: Vec<_> =
            lines.into_iter().map(|(sku, units)| json!({ "product": sku, "quantity": units })).collect();
        mcp.ok("orders_create_order", json!({ "customer": "asha@example.com", "lines": lines })).await?;
    }
    Ok(mcp)
}

async fn a_kind_of_product_is_added_up(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let stock = mcp.ok("inventory_check", json!({ "product": "mugs" })).await?;
    let told = "14 units of mugs are available (18 on hand, 4 set aside). These are 2 products together; the most are 8 of \
                Blue Mug.";
    check!(checks, stock["text"] == told, "{stock}");
    check!(checks, stock["products"][1]["available"] == 6 && stock["available"] == 14, "{stock}");
    check!(checks, stock["interpretation"]["names"][0].to_string().contains("Blue Mug; Red Mug"), "{stock}");
    let enough = mcp.ok("inventory_check", json!({ "product": "mug", "quantity": 15 })).await?;
    check!(checks, enough["enough"] == false && enough["text"].to_string().contains("No, 15 units of mug"), "{enough}");
    // The past, and single products, are answered as always.
    let then = mcp.ok("inventory_check", json!({ "product": "mugs", "as_of": "@3" })).await?;
    check!(checks, then["available"].as_i64() < Some(14), "{then}");
    let red = mcp.ok("inventory_check", json!({ "product": "red mug" })).await?;
    check!(checks, red["sku"] == "MUG-RED" && red["available"] == 6 && red["products"].is_null(), "{red}");

    let sales = mcp.ok("orders_report_sales", json!({ "product": "mugs", "date": "today" })).await?;
    check!(checks, sales["text"] == "Today's revenue of mugs (2 products) so far is ₹420.", "{sales}");
    check!(checks, sales["figures"]["units"] == 4 && sales["groups"][0]["label"] == "Red Mug", "{sales}");
    // An order may hold two of them: how many orders there are is not the sum of those that hold each.
    check!(checks, sales["figures"]["orders"].is_null() && sales["groups"][1]["orders"] == 1, "{sales}");
    let before = mcp
        .ok(
            "orders_report_sales",
            json!({ "product": "mugs", "date": "today", "group_by": "customer", "compare_to": "yesterday" }),
        )
        .await?;
    check!(checks, before["groups"][0]["revenue"] == "₹420.00" && before["compared"]["orders"].is_null(), "{before}");
    let full = mcp.full("orders_report_sales", json!({ "product": "mugs", "date": "today" })).await?;
    let postings = mcp.ok("sales_explain", json!({ "reference": full["figures"]["reference"] })).await?;
    check!(checks, postings["agrees"] == true && postings["total_count"] == 3, "{postings}");

    for (tool, arguments) in [
        ("orders_search", json!({ "product": "mugs" })),
        ("orders_get_pending", json!({ "product": "mugs" })),
        ("orders_get_pending", json!({ "product": "mugs", "as_of": "today" })),
        ("orders_get_pending", json!({ "product": "mugs", "scope": "unpaid", "sort": "largest" })),
    ] {
        let found = mcp.ok(tool, arguments.clone()).await?;
        check!(checks, found["total_count"] == 2, "{tool} {arguments}: {found}");
    }
    let acts = mcp.ok("shop_activity", json!({ "product": "mugs" })).await?;
    check!(checks, acts["total_count"].as_i64() >= Some(4), "{acts}");
    let sold = mcp.ok("sales_explain", json!({ "date_range": "today", "product": "mugs" })).await?;
    check!(checks, sold["agrees"] == true && sold["total_count"] == 3, "{sold}");

    // A change asks which one is meant; so does a name of which only some words fit.
    for (tool, arguments) in [
        ("inventory_receive", json!({ "product": "mugs", "quantity": 1 })),
        ("products_upsert", json!({ "sku": "mugs", "price": "1.00" })),
        (
            "orders_create_order",
            json!({ "customer": "asha@example.com", "lines": [{ "product": "mug", "quantity": 1 }] }),
        ),
    ] {
        let asked = mcp.refused(tool, arguments).await?;
        check!(checks, asked.code == "AMBIGUOUS" && asked.candidates.len() == 2, "{tool}: {asked}");
    }
    checks.all_hold()
}

async fn words_name_the_lines_of_an_order(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let read = |answer: &serde_json::Value, product: &str| {
        answer["warnings"].to_string().contains(&format!("was read as {product}"))
    };
    let line =
        |order: i64, product: &str| json!({ "order_id": order, "lines": [{ "product": product, "quantity": 1 }] });
    let cancelled = mcp.confirmed("orders_cancel", line(1001, "the mugs")).await?;
    check!(checks, cancelled["changed"]["cancelled"] == 1 && read(&cancelled, "Red Mug (MUG-RED)"), "{cancelled}");
    let shipped = mcp.ok("orders_ship", line(1001, "assam")).await?;
    check!(checks, shipped["changed"]["shipped"] == 1 && read(&shipped, "Assam Tea (TEA)"), "{shipped}");
    let mut delivered = line(1001, "tea assam");
    delivered["status"] = json!("delivered");
    let delivered = mcp.ok("orders_update_status", delivered).await?;
    check!(checks, delivered["changed"]["delivered"] == 1, "{delivered}");
    let mut back = line(1001, "teas");
    back["disposition"] = json!("restock");
    let back = mcp.ok("orders_return_items", back).await?;
    check!(checks, back["changed"]["returned"] == 1, "{back}");
    // Its SKU and its whole name need no word about them.
    let named = mcp.ok("orders_ship", line(1002, "blue mug")).await?;
    check!(checks, !named["warnings"].to_string().contains("was read as"), "{named}");
    // Two lines fit; none does.
    let both = mcp.refused("orders_cancel", line(1002, "mug")).await?;
    check!(checks, both.code == "AMBIGUOUS" && both.candidates.len() == 2, "{both}");
    let none = mcp.refused("orders_cancel", line(1002, "assam")).await?;
    check!(checks, none.code == "NOT_FOUND" && none.candidates.len() == 2, "{none}");

    // A product that is there already is named by words, too; a new one has a name.
    let priced = mcp.ok("products_upsert", json!({ "sku": "mug blue", "price": "130.00" })).await?;
    check!(checks, priced["text"] == "Blue Mug (MUG-BLU) is changed; its price is ₹130.", "{priced}");
    check!(checks, read(&priced, "Blue Mug (MUG-BLU)"), "{priced}");
    // A SKU is one word: another one that is like it is a new product's, or a slip.
    for sku in ["mug-blue", "MUG-BLUE", "MUGS-BLUE"] {
        let slip = mcp.refused("products_upsert", json!({ "sku": sku, "price": "1.00" })).await?;
        check!(checks, slip.code == "AMBIGUOUS" && slip.message.contains("Blue Mug (MUG-BLU)"), "{sku}: {slip}");
    }
    let still = mcp.ok("products_search", json!({ "text": "MUG-BLU", "detail": "full" })).await?;
    check!(checks, still.to_string().contains("13000") && !still.to_string().contains("\"minor\":100,"), "{still}");
    let unknown = mcp.refused("products_upsert", json!({ "sku": "LAMP-1", "price": "130.00" })).await?;
    check!(checks, unknown.code == "INVALID_ARGUMENT" && unknown.field.as_deref() == Some("name"), "{unknown}");
    let new = mcp.ok("products_upsert", json!({ "sku": "tea cup", "name": "Tea cup", "price": "9.00" })).await?;
    check!(checks, new["text"] == "Tea cup (tea cup) is now in the catalogue at ₹9.", "{new}");

    // The customer who would be erased has orders that wait; a dry run says so too.
    let forget = json!({ "customer": "asha@example.com" });
    let asked = format!("{:?}", mcp.refused("customers_erase", forget.clone()).await?);
    let tried = json!({ "customer": "asha@example.com", "dry_run": true });
    let tried = mcp.ok("customers_erase", tried).await?.to_string();
    for said in [asked, tried] {
        check!(
            checks,
            said.contains("3 orders of this customer still owe goods (#1001, #1002, #1003): no address"),
            "{said}"
        );
        check!(checks, said.contains("nobody would be left to ask."), "{said}");
    }
    checks.all_hold()
}
