//! Erased customers are gone from everywhere: answers, tables and files of every node.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Mcp, Shop, chain_is_whole, check, events, on_both_engines};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

on_both_engines!(
    an_erased_person_is_gone,
    an_erased_person_is_gone_from_every_node,
    an_erasure_does_not_wait_for_readers
);

/// How far behind an answer may be.
const FRESHNESS_LIMIT: std::time::Duration = std::time::Duration::from_secs(2);

/// Particulars that occur nowhere else.
const PARTICULARS: [&str; 5] =
    ["Zebedee Quillfeather", "zebedee.q@forget.example", "+91 99887 76655", "17 Vanishing Lane", "likes violet ribbon"];

async fn an_erased_person_is_gone(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let mcp = shop.mcp();
    let [name, email, phone, address, note] = PARTICULARS;
    let person = json!({ "name": name, "email": email, "phone": phone, "address": address });
    let registered = mcp.ok("customers_upsert", person).await?;
    let customer_id = registered["changed"]["customer_id"].as_str().context("an id")?.to_owned();
    let order = json!({
        "customer": email, "note": note, "reason": note, "request_text": format!("order tea for {name}"),
        "lines": [{ "product": "TEA", "quantity": 2 }],
    });
    mcp.ok("orders_create_order", order).await?;
    type_her_particulars_everywhere(&mcp, &customer_id).await?;
    mcp.ok("orders_change_lines", json!({ "order_id": 1002, "note": format!("{name} calls back") })).await?;
    let report = async || mcp.full("orders_report_sales", json!({ "date": "today" })).await;
    let (before, heads) = (report().await?, events(&shop.node, 0).await?);
    check!(checks, mcp.ok("orders_get", json!({ "order_id": 1002 })).await?.to_string().contains(name), "known before");

    let history = mcp.full("orders_history", json!({ "order_id": 1002 })).await?.to_string();
    for shown in [
        "Zebedee Quillfeather calls back",
        "Courier for Zebedee",
        "TRK zebedee.q@forget.example",
        "UPI zebedee.q@forget.example",
    ] {
        check!(checks, history.contains(shown), "what was typed is shown: {history}");
    }
    let order = mcp.ok("orders_get", json!({ "order_id": 1002 })).await?.to_string();
    check!(
        checks,
        order.contains("TRK zebedee.q@forget.example")
            && order.contains("calls back")
            && order.contains("UPI zebedee.q@forget.example"),
        "{order}"
    );
    let replayed = shop.cli(&["replay", "--order", "1002", "--json"]).await?.expect_success()?;
    check!(checks, replayed.contains("TRK zebedee.q@forget.example") && replayed.contains(note), "{replayed}");

    let erase =
        json!({ "customer": email, "reason": format!("{name} asked"), "request_text": format!("forget {name}") });
    mcp.confirmed("customers_erase", erase).await?;
    let now = report().await?;
    for figure in ["gross", "discount", "shipping", "revenue", "tax", "total", "orders", "units"] {
        check!(checks, now["figures"][figure] == before["figures"][figure], "every figure stands: {now}");
    }
    let after = events(&shop.node, 0).await?;
    chain_is_whole(&after)?;
    let as_before = after.iter().zip(&heads).filter(|(now, then)| now.hash == then.hash).count();
    check!(checks, as_before == heads.len() && after.len() > heads.len(), "a hash moved");
    let gone = mcp
        .refused(
            "orders_create_order",
            json!({
                "customer": customer_id, "lines": [{ "product": "TEA", "quantity": 1 }],
            }),
        )
        .await?;
    check!(checks, gone.code == "NOT_FOUND", "{gone:?}");
    let nobody = "018f0000-0000-7000-8000-000000000000";
    for (id, dry_run) in [(customer_id.as_str(), false), (customer_id.as_str(), true), (nobody, false)] {
        let upsert = json!({ "customer": id, "name": "X", "email": "x@example.com", "dry_run": dry_run });
        let gone = mcp.refused("customers_upsert", upsert).await?;
        check!(checks, (gone.code.as_str(), gone.hint.is_some()) == ("NOT_FOUND", true), "{gone:?}");
    }
    let mut told = String::new();
    for (tool, asked) in [
        ("orders_get", json!({ "order_id": 1002 })),
        ("orders_history", json!({ "order_id": 1002 })),
        ("orders_search", json!({})),
        ("orders_get_pending", json!({})),
        ("customers_search", json!({ "text": "" })),
    ] {
        told.push_str(&mcp.full(tool, asked).await?.to_string());
    }
    told.push_str(&shop.node.get("/v1/events").await?.text().await?);
    told.push_str(&shop.cli(&["replay"]).await?.stdout);
    if let Some(url) = shop.postgres_url() {
        told.push_str(&every_row(&url).await?);
    }
    let found: Vec<&str> = PARTICULARS.into_iter().filter(|text| told.contains(text)).collect();
    check!(checks, found.is_empty(), "answers still tell {found:?}");
    let mut files = vec![];
    scan(shop.folder(), &mut files)?;
    check!(checks, files.is_empty(), "still written: {files:?}");
    // The same address may belong to a new customer.
    let anew = mcp.ok("customers_upsert", json!({ "name": "Somebody", "email": email })).await?;
    check!(checks, anew["changed"]["customer_id"] != json!(customer_id), "{anew}");
    checks.all_hold()
}

async fn an_erased_person_is_gone_from_every_node(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
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
                told.push_str(&other.full(tool, asked.clone()).await?.to_string());
            }
            for uri in [format!("orderlog://orders/{order_id}"), format!("orderlog://orders/{order_id}/history")] {
                told.push_str(&other.request("resources/read", json!({ "uri": uri })).await?.to_string());
            }
            Ok(told)
        };
        check!(checks, told().await?.contains(note), "the other node can open what it sealed");
        erasing.confirmed("customers_erase", json!({ "customer": email })).await?;
        let erased = std::time::Instant::now();
        loop {
            let told = told().await?;
            let found: Vec<&str> = PARTICULARS.into_iter().filter(|text| told.contains(text)).collect();
            if found.is_empty() {
                check!(checks, told.contains("(forgotten)"), "{told}");
                break;
            }
            check!(checks, erased.elapsed() < FRESHNESS_LIMIT, "the other node still tells {found:?}");
        }
        let gone = json!({ "customer": email, "lines": [{ "product": "TEA", "quantity": 1 }] });
        check!(checks, other.refused("orders_create_order", gone).await?.code == "NOT_FOUND");
    }
    chain_is_whole(&events(&shop.node, 0).await?)?;
    checks.all_hold()
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

/// How long an erasure and an order may take while somebody reads.
const ERASURE_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

/// For example, somebody makes a backup. Data that cannot be removed meanwhile is reported, and removed later.
async fn an_erasure_does_not_wait_for_readers(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let (mcp, [name, email, ..]) = (shop.mcp(), PARTICULARS);
    shop.customer(name, email).await?;
    let mut readers = Readers::start(&shop).await?;
    let started = std::time::Instant::now();
    let erased = mcp.confirmed("customers_erase", json!({ "customer": email })).await?;
    let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 2 }] });
    mcp.ok("orders_create_order", order).await?;
    check!(checks, started.elapsed() < ERASURE_LIMIT, "an erasure and an order took {:?}", started.elapsed());
    check!(checks, erased["warnings"].to_string().contains("tries again every minute"), "{erased}");
    let told = || async {
        let answer = shop.node.get("/readyz").await?;
        ensure!(answer.status().is_success(), "/readyz: {}", answer.status());
        Ok(answer.json::<Value>().await?["degraded"].to_string().contains("erased customers"))
    };
    check!(checks, told().await?, "/readyz does not tell what is left");
    readers.end().await?;
    // The next try, which would come within a minute, comes with the next erasure.
    let erased = mcp.confirmed("customers_erase", json!({ "customer": "ann@example.com" })).await?;
    check!(checks, !erased["warnings"].to_string().contains("every minute") && !told().await?, "{erased}");
    let mut files = vec![];
    scan(shop.folder(), &mut files)?;
    check!(checks, files.is_empty(), "still written: {files:?}");
    checks.all_hold()
}

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
