//! Owners' questions that find things and people: each sentence within its limits of calls and bytes, with the figures
//! that the test recorded.

use anyhow::{Context, Result};
use orderlog_tests::{Checks, Mcp, Shop, check, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    do_we_have_20_of_the_blue_mug,
    we_counted_37_blue_mugs,
    create_an_order_for_asha,
    a_thing_is_found_by_everyday_words,
    a_customer_is_found_by_what_is_known_of_them,
    orders_are_found_by_all_words_wherever_they_stand,
    customers_of_one_name_are_told_apart,
    a_near_miss_never_acts
);

/// An answer or a refusal as a host gets it.
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) structured: Value,
    pub(crate) refused: bool,
}

impl Told {
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn has(&self, words: &str) -> bool {
        self.text.contains(words)
    }
}

pub(crate) async fn told(mcp: &Mcp, tool: &str, arguments: Value) -> Result<Told> {
    let result = mcp.request("tools/call", json!({ "name": tool, "arguments": arguments })).await?;
    let content = result["content"].as_array().context("content")?;
    let texts = content.iter().map(|block| block["text"].as_str()).collect::<Option<Vec<_>>>().context("texts")?;
    let refused = result["isError"] == json!(true);
    Ok(Told { text: texts.concat(), structured: result["structuredContent"].clone(), refused })
}

/// Mugs and what is near them.
pub(crate) async fn shelves(shop: &Shop) -> Result<()> {
    for (sku, name, stock) in [
        ("MUG-BLU", "Mug, blue", 48),
        ("MUG-RED", "Mug, red", 12),
        ("TEA-250", "Assam tea, 250 g", 30),
        ("TOWEL", "Blue towel", 9),
        ("CHAIR-GRN", "Green office chair", 4),
        ("EMB", "Eau d’Embruns", 3),
    ] {
        shop.stock(sku, name, "10.00", stock).await?;
    }
    Ok(())
}

async fn do_we_have_20_of_the_blue_mug(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shelves(&shop).await?;
    let mcp = shop.mcp();
    for said in ["blue mug", "the blue mug", "Mug Blue", "blue mugs"] {
        let answer = told(&mcp, "inventory_check", json!({ "product": said, "quantity": 20 })).await?;
        check!(checks, answer.bytes() <= 250, "{said}: {} bytes: {}", answer.bytes(), answer.text);
        check!(checks, answer.structured["sku"] == "MUG-BLU" && answer.structured["enough"] == true, "{}", answer.text);
        check!(checks, answer.structured["available"] == 48, "{}", answer.structured);
        check!(checks, answer.has("Yes, 20 units of Mug, blue can be had: 48 are available"), "{}", answer.text);
    }
    checks.all_hold()
}

async fn we_counted_37_blue_mugs(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shelves(&shop).await?;
    let counted = json!({ "product": "blue mugs", "counted": 37, "reason": "stocktake" });
    let answer = told(&shop.mcp(), "inventory_adjust", counted).await?;
    check!(checks, answer.bytes() <= 400, "{} bytes: {}", answer.bytes(), answer.text);
    check!(checks, answer.has("Mug, blue") && answer.has("11 fewer"), "{}", answer.text);
    let check = shop.mcp().ok("inventory_check", json!({ "product": "MUG-BLU" })).await?;
    check!(checks, check["on_hand"] == 37, "{check}");
    checks.all_hold()
}

async fn create_an_order_for_asha(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    shop.stock("SKU-A", "Fountain pen", "10.00", 90).await?;
    let cities = ["Pune", "Kochi", "Delhi"];
    for number in 0..62 {
        let name = format!("Asha {}", ["Rao", "Iyer", "Nair", "Sen"][number % 4]);
        let address = format!("{number} Lake Road, {}", cities[number % 3]);
        let customer = json!({ "name": name, "email": format!("asha.{number}@example.com"), "address": address });
        mcp.ok("customers_upsert", customer).await?;
    }
    // Who ordered last is likeliest.
    for number in [17, 40, 8] {
        let lines = json!([{ "product": "SKU-A", "quantity": 1 }]);
        mcp.ok("orders_create_order", json!({ "customer": format!("asha.{number}@example.com"), "lines": lines }))
            .await?;
    }
    let order = |customer: &str, second: &str| {
        let lines = json!([{ "product": "SKU-A", "quantity": 2 }, { "product": second, "quantity": 1 }]);
        json!({ "customer": customer, "lines": lines })
    };
    let first = told(&mcp, "orders_create_order", order("asha", "SKU-B")).await?;
    let refusal: Value = serde_json::from_str(&first.text)?;
    check!(checks, first.refused && refusal["code"] == "AMBIGUOUS", "{refusal}");
    let message = refusal["message"].as_str().unwrap_or_default();
    check!(checks, message.contains("`asha` fits 62 customers"), "{message}");
    check!(checks, message.contains("There is no product called `SKU-B`"), "{message}");
    let fields: Vec<&str> =
        refusal["problems"].as_array().into_iter().flatten().filter_map(|p| p["field"].as_str()).collect();
    check!(checks, fields == ["customer", "lines[1].product"], "{refusal}");
    let candidates = refusal["candidates"].as_array().context("candidates")?;
    let emails: Vec<&str> = candidates.iter().filter_map(|one| one["email"].as_str()).collect();
    check!(
        checks,
        emails.len() == 5 && emails[..3] == ["asha.8@example.com", "asha.40@example.com", "asha.17@example.com"],
        "{refusal}"
    );
    check!(checks, candidates[0]["city"] == "Delhi", "8 lives in the third city: {refusal}");
    check!(checks, candidates[0]["last_order"].as_str().is_some_and(|last| last.starts_with("#1003 on ")), "{refusal}");
    let second = told(&mcp, "orders_create_order", order("asha.8@example.com", "SKU-A")).await?;
    check!(checks, !second.refused, "{}", second.text);
    let bytes = first.bytes() + second.bytes();
    check!(checks, bytes <= 1_200, "{bytes} bytes: {} {}", first.text, second.text);
    checks.all_hold()
}

async fn a_thing_is_found_by_everyday_words(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shelves(&shop).await?;
    let mcp = shop.mcp();
    for (said, sku) in [
        ("MUGBLU", "MUG-BLU"),
        ("mug-blu", "MUG-BLU"),
        ("Mug Blue", "MUG-BLU"),
        ("blue mugs", "MUG-BLU"),
        ("office chair green", "CHAIR-GRN"),
        ("green chairs", "CHAIR-GRN"),
        ("d'embruns", "EMB"),
        ("D’EMBRUNS", "EMB"),
        ("assam teas", "TEA-250"),
        ("tea 250", "TEA-250"),
        ("officechair", "CHAIR-GRN"),
    ] {
        let found = mcp.ok("inventory_check", json!({ "product": said })).await?;
        check!(checks, found["sku"] == sku, "{said}: {found}");
        let searched = mcp.ok("products_search", json!({ "text": said })).await?;
        check!(checks, searched["total_count"] == 1 && searched["products"][0]["sku"] == sku, "{said}: {searched}");
        let received =
            mcp.ok("inventory_receive", json!({ "product": said, "quantity": 1, "allow_duplicate": true })).await?;
        check!(
            checks,
            received["no_change"].is_null(),
            "all words with one hit are enough to write: {said}: {received}"
        );
    }
    let order = json!({ "customer": "a@example.com", "lines": [{ "product": "MUG-RED", "quantity": 1 }] });
    shop.customer("Ann", "a@example.com").await?;
    mcp.ok("orders_create_order", order).await?;
    let refused = mcp.refused("inventory_receive", json!({ "product": "mugs", "quantity": 1 })).await?;
    check!(checks, refused.code == "AMBIGUOUS" && refused.message.contains("`mugs` fits 2 products"), "{refused}");
    let first = refused.candidates.first().context("candidates")?;
    check!(checks, first["sku"] == "MUG-RED", "what was ordered lately comes first: {refused:?}");
    check!(checks, first["price"] == "₹10.00" && first["available"] == 11, "{first}");
    checks.all_hold()
}

async fn a_customer_is_found_by_what_is_known_of_them(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    for (name, email, phone, address) in [
        ("Zoë Müller", "zoe@example.org", "+91 98450 12345", "4 Residency Road, Bengaluru 560025"),
        ("Ravi Iyer", "ravi.iyer@example.com", "044-2345-6789", "9 Lake View Street, Chennai"),
        ("Ravi Das", "das@example.com", "", "11 Lake View Street, Kochi"),
    ] {
        let mut customer = json!({ "name": name, "email": email, "address": address });
        if !phone.is_empty() {
            customer["phone"] = phone.into();
        }
        mcp.ok("customers_upsert", customer).await?;
    }
    for (text, names) in [
        ("98450-12345", vec!["Zoë Müller"]),
        ("0 98450 12345", vec!["Zoë Müller"]),
        ("+914423456789", vec!["Ravi Iyer"]),
        ("residency road", vec!["Zoë Müller"]),
        ("bengaluru", vec!["Zoë Müller"]),
        ("lake view", vec!["Ravi Das", "Ravi Iyer"]),
        ("ravi kochi", vec!["Ravi Das"]),
        ("zoe@exam", vec!["Zoë Müller"]),
        ("ravi.iyer", vec!["Ravi Iyer"]),
        ("example.com", vec!["Ravi Das", "Ravi Iyer"]),
        ("xample.org", vec!["Zoë Müller"]),
        ("muller", vec!["Zoë Müller"]),
    ] {
        let found = mcp.ok("customers_search", json!({ "text": text })).await?;
        let listed: Vec<&str> =
            found["customers"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect();
        check!(checks, listed == names, "{text}: {found}");
    }
    let near = mcp.ok("customers_search", json!({ "text": "Ravy Iyer" })).await?;
    check!(
        checks,
        near["total_count"] == 1 && near["interpretation"].to_string().contains("these come nearest"),
        "{near}"
    );
    shop.stock("PEN", "Pen", "10.00", 9).await?;
    let order = json!({ "customer": "98450 12345", "lines": [{ "product": "pens", "quantity": 1 }] });
    mcp.ok("orders_create_order", order).await?;
    let order = mcp.ok("orders_get", json!({ "order_id": 1001 })).await?;
    check!(checks, order["order"]["customer"]["name"] == "Zoë Müller", "{order}");
    checks.all_hold()
}

async fn customers_of_one_name_are_told_apart(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    shelves(&shop).await?;
    for (name, email, city, units) in [
        ("Pooja Chandra", "pooja.chandra.of.the.long.address@example.com", "Pune", 3),
        ("Pooja Chandra", "pooja@example.org", "Pune", 0),
        ("Pooja Chandra", "pc@example.net", "Kochi", 2),
        ("Ravi Iyer", "ravi@example.com", "Pune", 1),
    ] {
        let address = format!("4 Lake Road, {city}");
        mcp.ok("customers_upsert", json!({ "name": name, "email": email, "address": address })).await?;
        if units > 0 {
            let lines = json!([{ "product": "TEA-250", "quantity": units }]);
            mcp.ok("orders_create_order", json!({ "customer": email, "lines": lines })).await?;
        }
    }
    // Not all of the three bought anything, and a question about one must still be able to say which of them it means.
    let top = told(&mcp, "orders_report_sales", json!({ "date": "today", "group_by": ["customer"] })).await?;
    let hers = "Pooja Chandra (pooja.chandra.of.the.long.address@example.com) | ";
    check!(checks, top.has(hers) && top.has("Pooja Chandra (Kochi) | "), "{}", top.text);
    check!(checks, top.has("Ravi Iyer | ") && !top.has("ravi@example.com"), "{}", top.text);
    let again = json!({ "date": "today", "customer": "pooja.chandra.of.the.long.address@example.com" });
    check!(checks, told(&mcp, "orders_report_sales", again).await?.has("from Pooja Chandra"));
    // The table's words about her are enough for another question, and not enough for a change.
    let hers = told(&mcp, "orders_search", json!({ "customer": "Pooja Chandra (Kochi)" })).await?;
    check!(checks, hers.has("was read as Pooja Chandra (pc@example.net)"), "{}", hers.text);
    check!(checks, hers.structured["total_count"] == 1, "{}", hers.text);
    let lines = json!([{ "product": "TEA-250", "quantity": 1 }]);
    let write = json!({ "customer": "Pooja Chandra, Kochi", "lines": lines });
    let write = mcp.refused("orders_create_order", write).await?;
    check!(checks, write.code == "AMBIGUOUS" && write.message.contains("pc@example.net"), "{write}");
    check!(checks, write.candidates.len() == 1, "{write}");
    let asked = mcp.refused("orders_search", json!({ "customer": "Pooja Chandra" })).await?;
    check!(checks, asked.message.starts_with("`Pooja Chandra` fits 3 customers: Pooja Chandra ("), "{asked}");
    for email in ["pooja.chandra.of.the.long.address@example.com", "pooja@example.org", "pc@example.net"] {
        check!(checks, asked.message.contains(&format!("Pooja Chandra ({email})")), "{asked}");
    }
    checks.all_hold()
}

async fn orders_are_found_by_all_words_wherever_they_stand(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    shelves(&shop).await?;
    for (name, email, address, product) in [
        ("Nikhil Rao", "nikhil.rao@example.com", "4 Lake Road, Hyderabad 500001", "MUG-BLU"),
        ("Nikhil Rao", "nikhil.rao@example.com", "4 Lake Road, Hyderabad 500001", "TOWEL"),
        ("Nikhil Das", "das@example.com", "9 Hill Street, Kochi", "MUG-RED"),
        ("Asha Rao", "asha@example.com", "7 Tank Street, Hyderabad 500002", "MUG-RED"),
    ] {
        mcp.ok("customers_upsert", json!({ "name": name, "email": email, "address": address })).await?;
        let lines = json!([{ "product": product, "quantity": 1 }]);
        mcp.ok("orders_create_order", json!({ "customer": email, "lines": lines })).await?;
    }
    let found = async |text: &str| -> Result<(Vec<i64>, Value)> {
        let found = mcp.ok("orders_search", json!({ "text": text, "sort": "oldest" })).await?;
        let orders = found["orders"].as_array().context("orders")?;
        Ok((orders.iter().filter_map(|order| order["order_id"].as_i64()).collect(), found))
    };
    for (text, orders) in [
        ("nikhil hyderabad", vec![1001, 1002]),
        ("Hyderabad, Nikhil", vec![1001, 1002]),
        ("nikhil kochi", vec![1003]),
        ("nikhil mug", vec![1001, 1003]),
        ("mugs hyderabad", vec![1001, 1004]),
        ("nikhil hyderabad mug", vec![1001]),
        ("hyderabad", vec![1001, 1002, 1004]),
        ("nikhil", vec![1001, 1002, 1003]),
    ] {
        let (listed, answer) = found(text).await?;
        check!(checks, listed == orders, "{text}: {answer}");
    }
    // Nothing fits completely: then similar names are listed, and the answer says so.
    let (listed, answer) = found("nikhil chair").await?;
    check!(checks, listed == [1001, 1002, 1003], "{answer}");
    check!(checks, answer["interpretation"].to_string().contains("Nothing has `nikhil chair`"), "{answer}");
    checks.all_hold()
}

async fn a_near_miss_never_acts(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shelves(&shop).await?;
    let mcp = shop.mcp();
    shop.customer("Meera Joshi", "meera@example.com").await?;
    let phone = json!({ "customer": "meera@example.com", "phone": "98450 54321" });
    mcp.ok("customers_upsert", phone).await?;
    for (near, code) in [
        ("blu", "AMBIGUOUS"),
        ("gren office chair", "AMBIGUOUS"),
        ("green office chair wood", "AMBIGUOUS"),
        ("assam tea 500", "NOT_FOUND"),
        ("TEA-500", "NOT_FOUND"),
        ("green mug", "NOT_FOUND"),
        ("wardrobe", "NOT_FOUND"),
    ] {
        let refused = mcp.refused("inventory_receive", json!({ "product": near, "quantity": 1 })).await?;
        check!(checks, refused.code == code, "{near}: {refused}");
    }
    // Even a query does not take another number, or one word of two, for what was meant.
    for near in ["TEA-500", "assam tea 500", "yellow towel"] {
        let refused = mcp.refused("inventory_check", json!({ "product": near })).await?;
        check!(checks, refused.code == "NOT_FOUND" && !refused.candidates.is_empty(), "{near}: {refused:?}");
    }
    for near in ["Meera", "Joshi Meera", "98450 54321", "meera@exampl.com", "Meera Joshy"] {
        let refused = mcp.refused("customers_erase", json!({ "customer": near })).await?;
        check!(checks, ["AMBIGUOUS", "NOT_FOUND"].contains(&refused.code.as_str()), "{near}: {refused}");
    }
    for exact in ["Meera Joshi", "meera@example.com"] {
        let asked = mcp.refused("customers_erase", json!({ "customer": exact })).await?;
        check!(checks, asked.code == "CONFIRMATION_REQUIRED", "{exact}: {asked}");
    }
    checks.all_hold()
}
