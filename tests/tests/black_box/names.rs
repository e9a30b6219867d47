//! Names that users give products and customers: each way of finding them on both engines, in any spelling.

use anyhow::Result;
use orderlog_tests::{Checks, Shop, check, on_both_engines};
use serde_json::{Value, json};

/// At most this many are offered.
const CANDIDATES: usize = 5;

on_both_engines!(
    products_are_found_as_they_are_called,
    customers_are_found_as_they_are_called,
    searches_find_what_names_find,
    one_sku_is_one_product
);

async fn products_are_found_as_they_are_called(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    for (sku, name) in [
        ("TEA-250", "Assam tea, 250 g"),
        ("TEA-500", "Assam tea, 500 g"),
        ("CAFE", "Café crème"),
        ("MUG", "Mug"),
        ("MUG-XL", "Mug, extra large"),
        ("SQL", "'; DROP TABLE catalogue; --"),
        ("TPL", "{{ 7*7 }} 100%_\\"),
        ("कुर्ता", "सूती कुर्ता"),
    ] {
        shop.stock(sku, name, "10.00", 5).await?;
    }
    for number in 1..=7 {
        shop.stock(&format!("BOX-{number}"), &format!("Box number {number}"), "10.00", 5).await?;
    }
    // As typed, the SKU meant, and whether the answer must say how it was read.
    for (typed, sku, read_as) in [
        ("TEA-250", "TEA-250", false),
        (" tea-250 ", "TEA-250", false),
        ("\u{200f}TEA-250\u{200e}", "TEA-250", false),
        ("ＴＥＡ-250", "TEA-250", false),
        ("Mug", "MUG", false),
        ("mug", "MUG", false),
        ("mug, extra  large", "MUG-XL", false),
        ("CAFÉ CRÈME", "CAFE", false),
        ("cafe\u{301} cre\u{300}me", "CAFE", false),
        ("cafe creme", "CAFE", false),
        ("extra", "MUG-XL", true),
        ("large mug", "MUG-XL", true),
        ("mug extra-large", "MUG-XL", false),
        ("assam tea, 5", "TEA-500", true),
        ("caffe creme", "CAFE", true),
        ("'; DROP TABLE catalogue; --", "SQL", false),
        ("{{ 7*7 }} 100%_\\", "TPL", false),
        ("सूती कुर्ता", "कुर्ता", false),
        ("कुर्ता", "कुर्ता", false),
    ] {
        let answer = shop.mcp().ok("inventory.check", json!({ "product": typed })).await?;
        check!(checks, answer["sku"] == sku, "{typed}: {answer}");
        let readings = answer["interpretation"].to_string();
        check!(checks, readings.contains("was read as") == read_as, "{typed}: {readings}");
    }
    let refused = shop.mcp().refused("inventory.receive", json!({ "product": "assam tea", "quantity": 1 })).await?;
    check!(checks, refused.code == "AMBIGUOUS" && skus(&refused.candidates) == ["TEA-250", "TEA-500"], "{refused:?}");
    let refused = shop.mcp().refused("inventory.receive", json!({ "product": "box", "quantity": 1 })).await?;
    check!(checks, refused.code == "AMBIGUOUS" && refused.candidates.len() == CANDIDATES, "{refused:?}");
    check!(checks, refused.message.contains("`box` fits 7 products, likeliest "), "{}", refused.message);
    for nothing in ["zzzz", "%", "_", "' OR 1=1 --", "\u{200b}", "🫖", "\u{202e}gum"] {
        let refused = shop.mcp().refused("inventory.check", json!({ "product": nothing })).await?;
        check!(checks, ["NOT_FOUND", "INVALID_ARGUMENT"].contains(&refused.code.as_str()), "{nothing:?}: {refused:?}");
    }
    let hidden = json!({ "sku": "TEA-250\u{200e}", "name": "Twin", "price": "1.00" });
    let refused = shop.mcp().refused("products.upsert", hidden).await?;
    check!(checks, refused.message.contains("U+200E"), "a SKU that looks like another's is refused: {refused:?}");
    for hidden in ["\u{fe0f}", "\u{2028}", "\u{e0041}"] {
        let twin = json!({ "sku": format!("TEA{hidden}250"), "name": "Twin", "price": "1.00" });
        let refused = shop.mcp().refused("products.upsert", twin).await?;
        check!(checks, refused.field.as_deref() == Some("sku"), "{hidden:?}: {refused:?}");
    }
    for (name, told) in [("\u{200b}", "nothing but invisible"), ("\u{202e}puC", "U+202E"), ("Cup\u{2028}", "U+2028")] {
        let refused =
            shop.mcp().refused("products.upsert", json!({ "sku": "CUP", "name": name, "price": "1.00" })).await?;
        check!(checks, refused.message.contains(told), "{name:?}: {refused:?}");
    }
    let received = shop.mcp().ok("inventory.receive", json!({ "product": "tea-250", "quantity": 1 })).await?;
    let name = shop.mcp().ok("products.search", json!({ "text": "TEA-250" })).await?["products"][0]["name"].clone();
    let said = format!("1 unit of {} came in", name.as_str().unwrap_or_default());
    check!(checks, received["text"].as_str().is_some_and(|text| text.starts_with(&said)), "{received}");
    for name in ["❤\u{fe0f} Cup", "👩\u{200d}🍳 Apron"] {
        let answer = shop.mcp().ok("products.upsert", json!({ "sku": "CUP", "name": name, "price": "1.00" })).await?;
        check!(checks, answer["text"].as_str().is_some_and(|text| text.contains(name)), "{answer}");
    }
    checks.all_hold()
}

async fn customers_are_found_as_they_are_called(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("MUG", "Mug", "10.00", 500).await?;
    for (name, email) in [
        ("José García", "jose@example.com"),
        ("Jose Ramos", "ramos@example.com"),
        ("Zoë", "zoe@example.com"),
        ("Asha Rao", "asha@example.com"),
        ("Asha Rao", "asha.rao@example.com"),
        ("Asha Raonta", "raonta@example.com"),
        ("अंजलि शर्मा", "anjali@example.com"),
        ("מרים כהן", "miriam@example.com"),
        ("Robert'); DROP TABLE customers;--", "bobby@example.com"),
    ] {
        shop.customer(name, email).await?;
    }
    for (typed, name) in [
        ("asha@example.com", "Asha Rao"),
        ("ASHA@Example.com", "Asha Rao"),
        ("\u{202a}asha@example.com\u{202c}", "Asha Rao"),
        ("josé garcía", "José García"),
        ("jose garcia", "José García"),
        ("JOSE\u{301} GARCI\u{301}A", "José García"),
        ("zoe", "Zoë"),
        ("ramos", "Jose Ramos"),
        ("garcia jose", "José García"),
        ("अंजलि शर्मा", "अंजलि शर्मा"),
        ("\u{200f}מרים כהן\u{200f}", "מרים כהן"),
        ("Robert'); DROP TABLE customers;--", "Robert'); DROP TABLE customers;--"),
    ] {
        let order =
            json!({ "customer": typed, "lines": [{ "product": "MUG", "quantity": 1 }], "allow_duplicate": true });
        let answer = shop.mcp().ok("orders.create_order", order).await?;
        let order = shop.mcp().ok("orders.get", json!({ "order_id": answer["order_id"] })).await?;
        check!(checks, order["order"]["customer"]["name"] == name, "{typed}: {order}");
    }
    // A write takes no near name, even if it is the only one.
    for (near, name) in [("zoey", "Zoë"), ("asha raon", "Asha Raonta"), ("Z", "Zoë"), ("anjali sharma", "")] {
        let order = json!({ "customer": near, "lines": [{ "product": "MUG", "quantity": 1 }] });
        let refused = shop.mcp().refused("orders.create_order", order).await?;
        if name.is_empty() {
            check!(checks, refused.code == "NOT_FOUND", "{near}: {refused:?}");
            continue;
        }
        check!(checks, refused.code == "AMBIGUOUS" && refused.candidates.len() == 1, "{near}: {refused:?}");
        check!(checks, refused.message.contains(&format!("the nearest is {name} (")), "{}", refused.message);
        let change = json!({ "customer": near, "phone": "111" });
        let refused = shop.mcp().refused("customers.upsert", change).await?;
        check!(checks, refused.code == "AMBIGUOUS", "{near}: {refused:?}");
        let answer = shop.mcp().ok("orders.search", json!({ "customer": near })).await?;
        check!(
            checks,
            answer["interpretation"].to_string().contains("was read as"),
            "a query says how it read {near}: {answer}"
        );
    }
    // An act that cannot be taken back needs the complete name as it is written, an address or an id.
    for near in ["zoey", "Zoe", "ramos", "jose garcia", "Asha Rao"] {
        let refused = shop.mcp().refused("customers.erase", json!({ "customer": near })).await?;
        check!(checks, refused.code == "AMBIGUOUS", "{near}: {refused:?}");
    }
    for exact in ["zoë", "Jose Ramos", "asha@example.com"] {
        let asked = shop.mcp().refused("customers.erase", json!({ "customer": exact })).await?;
        check!(checks, asked.code == "CONFIRMATION_REQUIRED", "{exact}: {asked:?}");
    }
    for ambiguous in ["Asha Rao", "asha rao", "jose"] {
        let order = json!({ "customer": ambiguous, "lines": [{ "product": "MUG", "quantity": 1 }] });
        let refused = shop.mcp().refused("orders.create_order", order).await?;
        check!(checks, refused.code == "AMBIGUOUS" && refused.candidates.len() == 2, "{ambiguous}: {refused:?}");
        check!(checks, refused.candidates.iter().all(|candidate| candidate["email"].is_string()), "{refused:?}");
    }
    checks.all_hold()
}

async fn searches_find_what_names_find(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("D1", "D’embruns", "1.00", 5).await?;
    shop.stock("A", "Straße", "10.00", 50).await?;
    shop.customer("Under Score", "under_score@example.com").await?;
    shop.customer("Underxscore", "underxscore@example.com").await?;
    for (customer, product) in [("under_score@example.com", "A"), ("underxscore@example.com", "D1")] {
        let order = json!({ "customer": customer, "lines": [{ "product": product, "quantity": 2 }] });
        shop.mcp().ok("orders.create_order", order).await?;
    }
    for (text, sku) in [("D'embruns", "D1"), ("dembruns", "D1"), ("STRASSE", "A")] {
        let found = shop.mcp().ok("products.search", json!({ "text": text })).await?;
        check!(checks, found["total_count"] == 1 && found["products"][0]["sku"] == sku, "{text}: {found}");
    }
    for (text, order) in [
        ("under_score", 1001),
        ("underxscore", 1002),
        ("D'embruns", 1002),
        ("strasse", 1001),
        ("1001", 1001),
        ("#1001", 1001),
        ("order 1001", 1001),
        ("Order no. 1001", 1001),
    ] {
        let found = shop.mcp().ok("orders.search", json!({ "text": text })).await?;
        check!(checks, found["total_count"] == 1 && found["orders"][0]["order_id"] == order, "{text}: {found}");
        check!(checks, found["interpretation"] == json!({}), "{text}: {found}");
    }
    let found = shop.mcp().ok("orders.search", json!({ "text": "Undar Scora" })).await?;
    let told = found["interpretation"].to_string();
    check!(checks, found["total_count"] == 1 && told.contains("it was read as Under Score."), "{found}");
    checks.all_hold()
}

async fn one_sku_is_one_product(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("café", "Café crème", "1.00", 5).await?;
    for (typed, price) in [("cafe\u{301}", "2.00"), ("ＣＡＦÉ", "3.00")] {
        shop.mcp().ok("products.upsert", json!({ "sku": typed, "price": price })).await?;
        let found = shop.mcp().ok("products.search", json!({})).await?;
        check!(checks, found["total_count"] == 1, "{typed}: {found}");
        check!(checks, found["products"][0]["sku"] == "café", "the SKU stays as it was registered: {found}");
        let checked = shop.mcp().ok("inventory.check", json!({ "product": typed })).await?;
        check!(checks, checked["on_hand"] == 5, "{typed}: {checked}");
    }
    checks.all_hold()
}

fn skus(candidates: &[Value]) -> Vec<&str> {
    candidates.iter().filter_map(|candidate| candidate["sku"].as_str()).collect()
}
