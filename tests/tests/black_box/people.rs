//! People: what is typed about them is sealed wherever it is kept, and whoever is erased is gone from everywhere.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Mcp, Shop, chain_is_whole, events, on_both_set_ups, until};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use uuid::Uuid;

on_both_set_ups!(
    an_address_is_one_in_every_form_of_unicode,
    an_erased_person_is_gone,
    an_erased_person_is_gone_from_every_node,
    a_seal_is_opened_only_where_it_was_made,
    an_address_moves_with_the_receipt,
    keys_of_the_erased_are_destroyed_though_the_server_is_killed,
    a_shop_does_not_start_without_its_customers_keys,
    a_shop_does_not_start_with_the_keys_of_another,
    a_refused_start_writes_no_key,
    an_erasure_does_not_wait_for_readers,
    a_shop_does_not_start_without_its_own_keys
);

/// How far behind an answer may be.
const FRESHNESS_LIMIT: std::time::Duration = std::time::Duration::from_secs(2);
/// Particulars that occur nowhere else.
const PARTICULARS: [&str; 5] =
    ["Zebedee Quillfeather", "zebedee.q@forget.example", "+91 99887 76655", "17 Vanishing Lane", "likes violet ribbon"];

async fn shop_with_orders(shop: &Shop, orders: usize) -> Result<()> {
    shop.stock("TEA", "Tea", "100.00", 50).await?;
    shop.customer("Ann", "ann@example.com").await?;
    for quantity in 1..=orders {
        let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": quantity }] });
        shop.mcp().ok("orders_create_order", order).await?;
    }
    Ok(())
}

async fn an_address_is_one_in_every_form_of_unicode(shop: Shop) -> Result<()> {
    let mcp = shop.mcp();
    let register = |email: &str, phone: &str| json!({ "name": "José García", "email": email, "phone": phone });
    let (composed, decomposed) = ("jos\u{e9}@b\u{fc}cher.example", "JOSE\u{301}@bu\u{308}cher.example");
    let first = mcp.ok("customers.upsert", register(composed, "111")).await?;
    let second = mcp.ok("customers.upsert", register(decomposed, "222")).await?;
    ensure!(first["after"]["customer_id"] == second["after"]["customer_id"], "one address: {first} {second}");
    ensure!(second["after"]["phone"] == "222", "{second}");
    for hidden in ["\u{200b}", "\u{202e}", "\u{fe0f}"] {
        let refusal = mcp.refused("customers.upsert", register(&format!("ann{hidden}@example.com"), "333")).await?;
        ensure!(refusal.field.as_deref() == Some("email"), "{hidden:?}: {refusal}");
        ensure!(refusal.message.contains("invisible character"), "{hidden:?}: {refusal}");
    }
    let nobody = json!({ "name": "\u{200b}", "email": "nobody@example.com" });
    let refusal = mcp.refused("customers.upsert", nobody).await?;
    ensure!(refusal.field.as_deref() == Some("name"), "{refusal}");
    let found = mcp.ok("customers.search", json!({})).await?;
    ensure!(found["total_count"] == 1, "{found}");
    Ok(())
}

async fn an_erased_person_is_gone(shop: Shop) -> Result<()> {
    shop_with_orders(&shop, 1).await?;
    let mcp = shop.mcp();
    let [name, email, phone, address, note] = PARTICULARS;
    let person = json!({ "name": name, "email": email, "phone": phone, "address": address });
    let registered = mcp.ok("customers_upsert", person).await?;
    let customer_id = registered["after"]["customer_id"].as_str().context("an id")?.to_owned();
    let order = json!({
        "customer": email, "note": note, "reason": note, "request_text": format!("order tea for {name}"),
        "lines": [{ "product": "TEA", "quantity": 2 }],
    });
    mcp.ok("orders_create_order", order).await?;
    type_her_particulars_everywhere(&mcp, &customer_id).await?;
    let report = async || mcp.ok("orders_report_sales", json!({ "date": "today" })).await;
    let (before, heads) = (report().await?, events(&shop.node, 0).await?);
    ensure!(mcp.ok("orders_get", json!({ "order_id": 1002 })).await?.to_string().contains(name), "known before");

    let history = mcp.ok("orders_history", json!({ "order_id": 1002 })).await?.to_string();
    for shown in ["Courier for Zebedee", "TRK zebedee.q@forget.example", "UPI zebedee.q@forget.example"] {
        ensure!(history.contains(shown), "what was typed is shown: {history}");
    }
    let order = mcp.ok("orders_get", json!({ "order_id": 1002 })).await?.to_string();
    ensure!(
        order.contains("TRK zebedee.q@forget.example") && order.contains("UPI zebedee.q@forget.example"),
        "{order}"
    );
    let replayed = shop.cli(&["replay", "--order", "1002", "--json"]).await?.expect_success()?;
    ensure!(replayed.contains("TRK zebedee.q@forget.example") && replayed.contains(note), "{replayed}");

    let erase =
        json!({ "customer": email, "reason": format!("{name} asked"), "request_text": format!("forget {name}") });
    mcp.confirmed("customers_erase", erase).await?;
    let now = report().await?;
    for figure in ["gross", "discount", "shipping", "revenue", "tax", "total", "orders", "units"] {
        ensure!(now["figures"][figure] == before["figures"][figure], "every figure stands: {now}");
    }
    let after = events(&shop.node, 0).await?;
    chain_is_whole(&after)?;
    ensure!(after.iter().zip(&heads).all(|(now, then)| now.hash == then.hash), "no hash moved");
    let gone = mcp
        .refused(
            "orders_create_order",
            json!({
                "customer": customer_id, "lines": [{ "product": "TEA", "quantity": 1 }],
            }),
        )
        .await?;
    ensure!(gone.code == "NOT_FOUND", "{gone:?}");
    let nobody = "018f0000-0000-7000-8000-000000000000";
    for (id, dry_run) in [(customer_id.as_str(), false), (customer_id.as_str(), true), (nobody, false)] {
        let upsert = json!({ "customer": id, "name": "X", "email": "x@example.com", "dry_run": dry_run });
        let gone = mcp.refused("customers_upsert", upsert).await?;
        ensure!((gone.code.as_str(), gone.hint.is_some()) == ("NOT_FOUND", true), "{gone:?}");
    }
    let mut told = String::new();
    for (tool, asked) in [
        ("orders_get", json!({ "order_id": 1002 })),
        ("orders_history", json!({ "order_id": 1002 })),
        ("orders_search", json!({})),
        ("orders_get_pending", json!({})),
        ("customers_search", json!({ "text": "" })),
    ] {
        told.push_str(&mcp.ok(tool, asked).await?.to_string());
    }
    told.push_str(&shop.node.get("/v1/events").await?.text().await?);
    told.push_str(&shop.cli(&["replay"]).await?.stdout);
    if let Some(url) = shop.postgres_url() {
        told.push_str(&every_row(&url).await?);
    }
    let found: Vec<&str> = PARTICULARS.into_iter().filter(|text| told.contains(text)).collect();
    ensure!(found.is_empty(), "answers still tell {found:?}");
    let mut files = vec![];
    scan(shop.folder(), &mut files)?;
    ensure!(files.is_empty(), "still written: {files:?}");
    // The same address may belong to somebody new.
    let anew = mcp.ok("customers_upsert", json!({ "name": "Somebody", "email": email })).await?;
    ensure!(anew["after"]["customer_id"] != json!(customer_id), "{anew}");
    Ok(())
}

async fn an_erased_person_is_gone_from_every_node(shop: Shop) -> Result<()> {
    shop_with_orders(&shop, 1).await?;
    let second = shop.another_node().await?;
    let [name, email, phone, address, note] = PARTICULARS;
    let nodes = [shop.mcp(), second.mcp()];
    // Either node may run the read models; each must forget what the other erased.
    for (erasing, other) in [(&nodes[0], &nodes[1]), (&nodes[1], &nodes[0])] {
        let person = json!({ "name": name, "email": email, "phone": phone, "address": address });
        erasing.ok("customers_upsert", person).await?;
        let order = json!({
            "customer": email, "note": note, "reason": note, "request_text": format!("order tea for {name}"),
            "lines": [{ "product": "TEA", "quantity": 2 }], "allow_duplicate": true,
        });
        let order_id = other.ok("orders_create_order", order).await?["order_id"].clone();
        let asked = [
            ("orders_get", json!({ "order_id": order_id })),
            ("orders_history", json!({ "order_id": order_id })),
            ("orders_search", json!({ "limit": 100 })),
            ("orders_get_pending", json!({ "limit": 100 })),
            ("customers_search", json!({})),
        ];
        let told = async || -> Result<String> {
            let mut told = String::new();
            for (tool, asked) in &asked {
                told.push_str(&other.ok(tool, asked.clone()).await?.to_string());
            }
            for uri in [format!("orderlog://orders/{order_id}"), format!("orderlog://orders/{order_id}/history")] {
                told.push_str(&other.request("resources/read", json!({ "uri": uri })).await?.to_string());
            }
            Ok(told)
        };
        ensure!(told().await?.contains(note), "the other node can open what it sealed");
        erasing.confirmed("customers_erase", json!({ "customer": email })).await?;
        let erased = std::time::Instant::now();
        loop {
            let told = told().await?;
            let found: Vec<&str> = PARTICULARS.into_iter().filter(|text| told.contains(text)).collect();
            if found.is_empty() {
                ensure!(told.contains("(forgotten)"), "{told}");
                break;
            }
            ensure!(erased.elapsed() < FRESHNESS_LIMIT, "the other node still tells {found:?}");
        }
        let gone = json!({ "customer": email, "lines": [{ "product": "TEA", "quantity": 1 }] });
        ensure!(other.refused("orders_create_order", gone).await?.code == "NOT_FOUND");
    }
    chain_is_whole(&events(&shop.node, 0).await?)
}

/// Gives every command that takes words some that name her.
async fn type_her_particulars_everywhere(mcp: &Mcp, customer_id: &str) -> Result<()> {
    let [name, email, phone, address, _] = PARTICULARS;
    let typed = |mut arguments: Value| {
        arguments["reason"] = json!(format!("{name} of {address}"));
        arguments["request_text"] = json!(format!("{email} said {phone}"));
        arguments
    };
    let shipped = json!({
        "order_id": 1002, "lines": [{ "line": 1, "quantity": 1 }], "carrier": format!("Courier for {name}"),
        "tracking": format!("TRK {email}"),
    });
    let paid = json!({ "order_id": 1002, "amount": "50.00", "method": "upi", "reference": format!("UPI {email}") });
    for (tool, arguments) in [
        ("customers_upsert", json!({ "customer": customer_id, "phone": phone })),
        ("products_upsert", json!({ "sku": "TEA", "price": "101.00", "low_stock_threshold": 49 })),
        ("currencies_set_rate", json!({ "currency": "USD", "rate": "84" })),
        ("inventory_adjust", json!({ "product": "TEA", "delta": -1 })),
        ("inventory_receive", json!({ "product": "TEA", "quantity": 30 })),
        ("orders_set_hold", json!({ "order_id": 1002, "on": true })),
        ("orders_set_hold", json!({ "order_id": 1002, "on": false })),
        ("orders_change_lines", json!({ "order_id": 1002, "changes": [{ "line": 1, "quantity": 3 }] })),
        ("orders_ship", shipped),
        ("orders_record_payment", paid),
    ] {
        mcp.ok(tool, typed(arguments)).await.with_context(|| tool.to_owned())?;
    }
    let status = json!({ "order_id": 1001, "status": "shipped", "carrier": name, "tracking": phone });
    let shipped = mcp.ok("orders_update_status", typed(status)).await?;
    mcp.ok("orders_return_items", typed(json!({ "order_id": 1002, "disposition": "scrap" }))).await?;
    let back =
        json!({ "order_id": 1002, "kind": "goodwill", "amount": "1.00", "reference": format!("back to {email}") });
    for (tool, arguments) in [
        ("orders_refund", back),
        ("orders_cancel", json!({ "order_id": 1002, "lines": [{ "line": 1, "quantity": 1 }] })),
        ("orders_undo", json!({ "command_id": shipped["command_id"] })),
        ("orders_bulk_update_status", json!({ "order_ids": [1001], "status": "confirmed" })),
    ] {
        mcp.confirmed(tool, typed(arguments)).await.with_context(|| tool.to_owned())?;
    }
    Ok(())
}

async fn a_seal_is_opened_only_where_it_was_made(shop: Shop) -> Result<()> {
    shop_with_orders(&shop, 0).await?;
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
    ensure!(seals.iter().all(|seal| seal.starts_with("sealed:1:")), "{seals:?}");
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
        told.push_str(&mcp.ok("orders_create_order", order(true)).await?.to_string());
        let placed = mcp.ok("orders_create_order", order(false)).await?;
        let id = placed["order_id"].clone();
        let shipped = json!({ "order_id": id, "carrier": &seal[..90], "tracking": seal });
        told.push_str(&mcp.ok("orders_ship", shipped).await?.to_string());
        let paid = json!({ "order_id": id, "method": "card", "reference": seal });
        told.push_str(&mcp.ok("orders_record_payment", paid).await?.to_string());
        let get = mcp.ok("orders_get", json!({ "order_id": id })).await?.to_string();
        ensure!(get.matches(seal.as_str()).count() >= 3, "a text that looks like a seal is a text: {get}");
        told.push_str(&get);
        told.push_str(&mcp.ok("orders_history", json!({ "order_id": id })).await?.to_string());
        told.push_str(&shop.cli(&["replay", "--json", "--order", &id.to_string()]).await?.expect_success()?);
        told.push_str(
            &mcp.ok("customers_upsert", json!({ "customer": "ann@example.com", "address": seal })).await?.to_string(),
        );
    }
    told.push_str(&mcp.ok("products_search", json!({})).await?.to_string());
    told.push_str(&mcp.ok("customers_search", json!({ "text": "Ann" })).await?.to_string());
    ensure!(!told.contains(address) && !told.contains("attic"), "a seal was opened elsewhere: {told}");
    Ok(())
}

async fn an_address_moves_with_the_receipt(mut shop: Shop) -> Result<()> {
    shop_with_orders(&shop, 0).await?;
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
    ensure!(mcp.refused("customers_upsert", stale).await?.code == "VERSION_CONFLICT");
    let mut trial = to("new@example.com");
    trial["dry_run"] = json!(true);
    mcp.ok("customers_upsert", trial).await?;
    ensure!(orders(&mcp, "ann@example.com").await? && !orders(&mcp, "new@example.com").await?, "nothing moved");
    let taken = mcp.refused("customers_upsert", to("bela@example.com")).await?;
    ensure!(taken.field.as_deref() == Some("email"), "{taken}");
    mcp.ok("customers_upsert", to("new@example.com")).await?;
    ensure!(!orders(&mcp, "ann@example.com").await? && orders(&mcp, "new@example.com").await?, "it moved");
    // The server died after the receipt and before the address had moved.
    shop.node.kill()?;
    execute(&shop, "UPDATE customer_keys SET email_index = NULL WHERE email_index IS NOT NULL").await?;
    shop.node.start_again().await?;
    let mcp = shop.mcp();
    ensure!(orders(&mcp, "new@example.com").await? && orders(&mcp, "bela@example.com").await?, "it follows the log");
    ensure!(!orders(&mcp, "ann@example.com").await?);
    // An address that is free again may go to somebody else.
    mcp.ok("customers_upsert", json!({ "customer": "bela@example.com", "email": "ann@example.com" })).await?;
    ensure!(orders(&mcp, "ann@example.com").await? && !orders(&mcp, "bela@example.com").await?);
    Ok(())
}

/// Runs a statement where the keys are.
async fn execute(shop: &Shop, statement: &str) -> Result<()> {
    match shop.postgres_url() {
        Some(url) => {
            let mut connection = PgConnection::connect(&url).await?;
            sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await?;
            connection.close().await?;
        }
        None => {
            let mut connection = SqliteConnection::connect(&keys_file(shop)).await?;
            sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await?;
            connection.close().await?;
        }
    }
    Ok(())
}

fn keys_file(shop: &Shop) -> String {
    format!("sqlite://{}", shop.sqlite_folder().join("keys.db").display())
}

/// Whose keys are kept.
async fn keys(shop: &Shop) -> Result<BTreeSet<Uuid>> {
    const SELECT: &str = "SELECT customer_id FROM customer_keys";
    let ids: Vec<Uuid> = match shop.postgres_url() {
        Some(url) => sqlx::query_scalar(SELECT).fetch_all(&mut PgConnection::connect(&url).await?).await?,
        None => sqlx::query_scalar(SELECT).fetch_all(&mut SqliteConnection::connect(&keys_file(shop)).await?).await?,
    };
    Ok(ids.into_iter().collect())
}

/// Whom the log says to be erased, and whom not.
async fn erased_and_living(shop: &Shop) -> Result<[BTreeSet<Uuid>; 2]> {
    let (mut erased, mut living) = (BTreeSet::new(), BTreeSet::new());
    for event in events(&shop.node, 0).await? {
        let id = event.json()["data"]["customer_id"].as_str().map(Uuid::parse_str).transpose()?;
        match (event.event_type().as_str(), id) {
            ("CustomerRegistered", Some(id)) => _ = living.insert(id),
            ("CustomerErased", Some(id)) => {
                living.remove(&id);
                erased.insert(id);
            }
            _ => {}
        }
    }
    Ok([erased, living])
}

async fn keys_of_the_erased_are_destroyed_though_the_server_is_killed(mut shop: Shop) -> Result<()> {
    const ROUNDS: usize = 3;
    const PEOPLE: usize = 40;
    const CALLERS: usize = 8;
    for round in 0..ROUNDS {
        let addresses = Arc::new((0..PEOPLE).map(|n| format!("p{n}@round{round}.example")).collect::<Vec<_>>());
        for email in addresses.iter() {
            shop.customer(email, email).await?;
        }
        let already = erased_and_living(&shop).await?[0].len();
        let callers: Vec<_> = (0..CALLERS)
            .map(|nth| {
                let (mcp, addresses) = (shop.mcp(), Arc::clone(&addresses));
                tokio::spawn(async move {
                    for email in addresses.iter().skip(nth).step_by(CALLERS) {
                        // Calls that the kill cuts off fail.
                        drop(mcp.confirmed("customers_erase", json!({ "customer": email })).await);
                    }
                })
            })
            .collect();
        until("some to be erased", std::time::Duration::from_secs(120), async || {
            let [erased, _] = erased_and_living(&shop).await?;
            Ok((erased.len() >= already + PEOPLE / 4).then_some(()))
        })
        .await?;
        shop.node.kill()?;
        for caller in callers {
            caller.await?;
        }
        shop.node.start_again().await?;
        let ([erased, living], keys) = (erased_and_living(&shop).await?, keys(&shop).await?);
        let left: Vec<&Uuid> = erased.intersection(&keys).collect();
        ensure!(left.is_empty(), "{} of {} keys are left in round {round}", left.len(), erased.len());
        ensure!(living.is_subset(&keys), "who was not erased keeps the key");
    }
    // A key that a crash left is destroyed at start, and one that a backup brought back as well.
    let [erased, _] = erased_and_living(&shop).await?;
    let id = erased.first().context("somebody erased")?;
    let literal = if shop.postgres_url().is_some() { format!("'{id}'") } else { format!("x'{}'", id.simple()) };
    let key = if shop.postgres_url().is_some() { "sha256('x')" } else { "zeroblob(32)" };
    shop.node.kill()?;
    execute(&shop, &format!("INSERT INTO customer_keys (customer_id, key) VALUES ({literal}, {key})")).await?;
    execute(&shop, "DELETE FROM key_progress").await?;
    shop.node.start_again().await?;
    ensure!(!keys(&shop).await?.contains(id));
    Ok(())
}

/// A server that does not refuse runs for ever.
const REFUSAL_DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);

async fn a_shop_does_not_start_without_its_customers_keys(mut shop: Shop) -> Result<()> {
    shop_with_orders(&shop, 1).await?;
    let mcp = shop.mcp();
    let bela = mcp.ok("customers_upsert", json!({ "name": "Bela", "email": "bela@example.com" })).await?;
    mcp.confirmed("customers_erase", json!({ "customer": "bela@example.com" })).await?;
    ensure!(bela["after"]["name"] == "Bela");
    for restarts in 0..2 {
        shop.node.stop().await?;
        lose_keys(&shop).await?;
        let recorded = shop.cli(&["status", "--json"]).await?.stdout;
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["rebuild", "customers"]] {
            let refused = tokio::time::timeout(REFUSAL_DEADLINE, shop.cli(command)).await;
            let refused = refused.context("it started, and should have refused")??;
            ensure!(!refused.success && refused.stderr.contains("--accept-missing-keys"), "{refused:?}");
            ensure!(refused.stderr.contains("1 customer of this log is neither erased"), "{refused:?}");
        }
        ensure!(recorded == shop.cli(&["status", "--json"]).await?.stdout, "nothing was recorded");
        restore_keys(&shop).await?;
        shop.node.start_again().await?;
        let found = shop.mcp().ok("customers_search", json!({ "text": "ann@" })).await?;
        ensure!(found["customers"][0]["name"] == "Ann", "restart {restarts}: {found}");
    }
    shop.node.stop().await?;
    lose_keys(&shop).await?;
    shop.cli(&["rebuild", "customers", "--accept-missing-keys"]).await?.expect_success()?;
    // Accepted once, it is no question any more, and what is known from now on is kept.
    shop.node.start_again().await?;
    let mcp = shop.mcp();
    let order = mcp.ok("orders_get", json!({ "order_id": 1001 })).await?;
    let id = order["order"]["customer"]["customer_id"].clone();
    ensure!(order["order"]["customer"].get("name").is_none(), "{order}");
    mcp.ok("customers_upsert", json!({ "customer": id, "name": "Ann again", "email": "ann@example.com" })).await?;
    let found = mcp.ok("customers_search", json!({ "text": "ann@" })).await?;
    ensure!(found["customers"][0]["name"] == "Ann again" && found["customers"][0]["customer_id"] == id, "{found}");
    Ok(())
}

/// Customers of two shops may have the same ids; their keys differ.
async fn a_shop_does_not_start_with_the_keys_of_another(mut shop: Shop) -> Result<()> {
    shop_with_orders(&shop, 1).await?;
    shop.node.stop().await?;
    let zeros = if shop.postgres_url().is_some() { "decode(repeat('00', 32), 'hex')" } else { "zeroblob(32)" };
    execute(&shop, &format!("UPDATE customer_keys SET key = {zeros}")).await?;
    // So far they followed another log.
    execute(&shop, &format!("UPDATE key_progress SET hash = {zeros}")).await?;
    let refused = tokio::time::timeout(REFUSAL_DEADLINE, shop.cli(&["serve", "--listen", "127.0.0.1:0"])).await;
    let refused = refused.context("it started, and should have refused")??;
    ensure!(!refused.success && refused.stderr.contains("another shop's"), "{refused:?}");
    Ok(())
}

/// Somebody makes a backup, say. What cannot be cleared away meanwhile is told, and is cleared away later.
async fn an_erasure_does_not_wait_for_readers(shop: Shop) -> Result<()> {
    shop_with_orders(&shop, 1).await?;
    let (mcp, [name, email, ..]) = (shop.mcp(), PARTICULARS);
    shop.customer(name, email).await?;
    let mut readers = Readers::start(&shop).await?;
    let started = std::time::Instant::now();
    let erased = mcp.confirmed("customers_erase", json!({ "customer": email })).await?;
    let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 2 }] });
    mcp.ok("orders_create_order", order).await?;
    ensure!(started.elapsed() < ERASURE_LIMIT, "an erasure and an order took {:?}", started.elapsed());
    ensure!(erased["warnings"].to_string().contains("tries again every minute"), "{erased}");
    let told = || async {
        let answer = shop.node.get("/readyz").await?;
        ensure!(answer.status().is_success(), "/readyz: {}", answer.status());
        Ok(answer.json::<Value>().await?["degraded"].to_string().contains("erased customers"))
    };
    ensure!(told().await?, "/readyz does not tell what is left");
    readers.end().await?;
    // The next try, which would come within a minute, comes with the next erasure.
    let erased = mcp.confirmed("customers_erase", json!({ "customer": "ann@example.com" })).await?;
    ensure!(!erased["warnings"].to_string().contains("every minute") && !told().await?, "{erased}");
    let mut files = vec![];
    scan(shop.folder(), &mut files)?;
    ensure!(files.is_empty(), "still written: {files:?}");
    Ok(())
}

/// How long an erasure and an order may take while somebody reads.
const ERASURE_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

/// Open transactions that have read keys and read models.
enum Readers {
    Postgres(PgConnection),
    Sqlite(Vec<SqliteConnection>),
}

impl Readers {
    async fn start(shop: &Shop) -> Result<Readers> {
        if let Some(url) = shop.postgres_url() {
            let mut reader = PgConnection::connect(&url).await?;
            sqlx::query("BEGIN ISOLATION LEVEL REPEATABLE READ").execute(&mut reader).await?;
            sqlx::query("SELECT count(*) FROM customer_keys").execute(&mut reader).await?;
            return Ok(Readers::Postgres(reader));
        }
        let mut readers = vec![];
        for (file, table) in [("keys.db", "customer_keys"), ("projections.db", "customers")] {
            let url = format!("sqlite://{}", shop.sqlite_folder().join(file).display());
            let mut reader = SqliteConnection::connect(&url).await?;
            sqlx::query("BEGIN").execute(&mut reader).await?;
            sqlx::query(AssertSqlSafe(format!("SELECT count(*) FROM {table}"))).execute(&mut reader).await?;
            readers.push(reader);
        }
        Ok(Readers::Sqlite(readers))
    }

    async fn end(&mut self) -> Result<()> {
        match self {
            Readers::Postgres(reader) => _ = sqlx::query("ROLLBACK").execute(reader).await?,
            Readers::Sqlite(readers) => {
                for reader in readers {
                    sqlx::query("ROLLBACK").execute(reader).await?;
                }
            }
        }
        Ok(())
    }
}

/// A log was restored, and its keys were not yet: what a start wrote would be in their way.
async fn a_refused_start_writes_no_key(mut shop: Shop) -> Result<()> {
    shop_with_orders(&shop, 1).await?;
    shop.node.stop().await?;
    for table in ["customer_keys", "shop_keys", "key_progress"] {
        execute(&shop, &format!("DELETE FROM {table}")).await?;
    }
    refuses_to_start(&shop, "is neither erased").await?;
    for table in ["customer_keys", "shop_keys", "key_progress"] {
        ensure!(rows(&shop, table).await? == 0, "{table} was written to");
    }
    Ok(())
}

async fn a_shop_does_not_start_without_its_own_keys(mut shop: Shop) -> Result<()> {
    shop_with_orders(&shop, 1).await?;
    shop.node.stop().await?;
    for name in ["texts", "email-index", "confirm-tokens"] {
        execute(&shop, &format!("UPDATE shop_keys SET name = 'kept' WHERE name = '{name}'")).await?;
        refuses_to_start(&shop, name).await?;
        ensure!(rows(&shop, "shop_keys").await? == 3, "a key was made anew");
        execute(&shop, &format!("UPDATE shop_keys SET name = '{name}' WHERE name = 'kept'")).await?;
    }
    execute(&shop, "DELETE FROM shop_keys").await?;
    shop.cli(&["rebuild", "customers", "--accept-missing-keys"]).await?.expect_success()?;
    shop.node.start_again().await?;
    ensure!(rows(&shop, "shop_keys").await? == 3, "the shop has keys again");
    // The address leads to her by the new index.
    let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 9 }] });
    shop.mcp().ok("orders_create_order", order).await?;
    Ok(())
}

async fn refuses_to_start(shop: &Shop, reason: &str) -> Result<()> {
    let refused = tokio::time::timeout(REFUSAL_DEADLINE, shop.cli(&["serve", "--listen", "127.0.0.1:0"])).await;
    let refused = refused.context("it started, and should have refused")??;
    let told = refused.stderr.contains(reason) && refused.stderr.contains("--accept-missing-keys");
    ensure!(!refused.success && told, "{refused:?}");
    Ok(())
}

async fn rows(shop: &Shop, table: &str) -> Result<i64> {
    let count = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    Ok(match shop.postgres_url() {
        Some(url) => sqlx::query_scalar(count).fetch_one(&mut PgConnection::connect(&url).await?).await?,
        None => sqlx::query_scalar(count).fetch_one(&mut SqliteConnection::connect(&keys_file(shop)).await?).await?,
    })
}

async fn lose_keys(shop: &Shop) -> Result<()> {
    if shop.postgres_url().is_some() {
        execute(shop, "DROP TABLE IF EXISTS kept_keys").await?;
        execute(shop, "CREATE TABLE kept_keys AS SELECT * FROM customer_keys").await?;
        return execute(shop, "DELETE FROM customer_keys").await;
    }
    let folder = shop.sqlite_folder();
    std::fs::create_dir_all(folder.join("kept"))?;
    for file in ["keys.db", "keys.db-wal", "keys.db-shm"] {
        if folder.join(file).exists() {
            std::fs::rename(folder.join(file), folder.join("kept").join(file))?;
        }
    }
    Ok(())
}

async fn restore_keys(shop: &Shop) -> Result<()> {
    if shop.postgres_url().is_some() {
        return execute(shop, "INSERT INTO customer_keys SELECT * FROM kept_keys").await;
    }
    let folder = shop.sqlite_folder();
    ensure!(!folder.join("keys.db").exists(), "no empty file stands in the place of the lost one");
    for file in std::fs::read_dir(folder.join("kept"))? {
        let file = file?;
        std::fs::rename(file.path(), folder.join(file.file_name()))?;
    }
    Ok(())
}

/// Every row of every table of ours, as text.
async fn every_row(url: &str) -> Result<String> {
    let mut connection = PgConnection::connect(url).await?;
    let tables: Vec<(String,)> = sqlx::query_as(
        "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables \
         WHERE table_schema IN ('public', 'read_models')",
    )
    .fetch_all(&mut connection)
    .await?;
    ensure!(tables.len() > 10, "{tables:?}");
    let mut all = String::new();
    for (table,) in tables {
        let query = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} AS t");
        let (text,): (String,) = sqlx::query_as(AssertSqlSafe(query)).fetch_one(&mut connection).await?;
        all.push_str(&text);
    }
    Ok(all)
}

/// Files below a folder that hold any of the particulars.
fn scan(folder: &Path, found: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            scan(&path, found)?;
            continue;
        }
        // A file may go while we look: a write-ahead log that was emptied.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for text in PARTICULARS {
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(format!("{text} in {}", path.display()));
            }
        }
    }
    Ok(())
}
