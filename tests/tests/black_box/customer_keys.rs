//! A shop starts with the keys that its log needs, and keeps no key of anybody erased.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Shop, check, events, on_both_engines, until};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use uuid::Uuid;

on_both_engines!(
    keys_of_the_erased_are_destroyed_though_the_server_is_killed,
    a_shop_does_not_start_without_its_customers_keys,
    a_shop_does_not_start_with_the_keys_of_another,
    a_refused_start_writes_no_key,
    a_shop_does_not_start_without_its_own_keys
);

/// The customers with a stored key.
async fn keys(shop: &Shop) -> Result<BTreeSet<Uuid>> {
    const SELECT: &str = "SELECT customer_id FROM customer_keys";
    let ids: Vec<Uuid> = match shop.postgres_url() {
        Some(url) => sqlx::query_scalar(SELECT).fetch_all(&mut PgConnection::connect(&url).await?).await?,
        None => sqlx::query_scalar(SELECT).fetch_all(&mut SqliteConnection::connect(&keys_file(shop)).await?).await?,
    };
    Ok(ids.into_iter().collect())
}

/// The customers whom the log calls erased, and the others.
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
    let mut checks = Checks::default();
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
        check!(checks, left.is_empty(), "{} of {} keys are left in round {round}", left.len(), erased.len());
        check!(checks, living.is_subset(&keys), "who was not erased keeps the key");
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
    check!(checks, !keys(&shop).await?.contains(id));
    checks.all_hold()
}

/// A server that does not refuse runs for ever.
const REFUSAL_DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);

async fn a_shop_does_not_start_without_its_customers_keys(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let mcp = shop.mcp();
    let bela = mcp.ok("customers_upsert", json!({ "name": "Bela", "email": "bela@example.com" })).await?;
    mcp.confirmed("customers_erase", json!({ "customer": "bela@example.com" })).await?;
    check!(checks, bela["changed"]["name"] == "Bela");
    for restarts in 0..2 {
        shop.node.stop().await?;
        lose_keys(&shop).await?;
        let recorded = shop.cli(&["status", "--json"]).await?.stdout;
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["rebuild", "customers"]] {
            let refused = tokio::time::timeout(REFUSAL_DEADLINE, shop.cli(command)).await;
            let refused = refused.context("it started, and should have refused")??;
            check!(checks, !refused.success && refused.stderr.contains("--accept-missing-keys"), "{refused:?}");
            check!(checks, refused.stderr.contains("1 customer of this log is neither erased"), "{refused:?}");
        }
        check!(checks, recorded == shop.cli(&["status", "--json"]).await?.stdout, "nothing was recorded");
        restore_keys(&shop).await?;
        shop.node.start_again().await?;
        let found = shop.mcp().ok("customers_search", json!({ "text": "ann@" })).await?;
        check!(checks, found["customers"][0]["name"] == "Ann", "restart {restarts}: {found}");
    }
    shop.node.stop().await?;
    lose_keys(&shop).await?;
    shop.cli(&["rebuild", "customers", "--accept-missing-keys"]).await?.expect_success()?;
    // Accepted once, it is no question any more, and what is known from now on is kept.
    shop.node.start_again().await?;
    let mcp = shop.mcp();
    let order = mcp.ok("orders_get", json!({ "order_id": 1001 })).await?;
    let id = order["order"]["customer"]["customer_id"].clone();
    check!(checks, order["order"]["customer"].get("name").is_none(), "{order}");
    mcp.ok("customers_upsert", json!({ "customer": id, "name": "Ann again", "email": "ann@example.com" })).await?;
    let found = mcp.ok("customers_search", json!({ "text": "ann@" })).await?;
    check!(
        checks,
        found["customers"][0]["name"] == "Ann again" && found["customers"][0]["customer_id"] == id,
        "{found}"
    );
    checks.all_hold()
}

/// Customers of two shops may have the same ids; their keys differ.
async fn a_shop_does_not_start_with_the_keys_of_another(mut shop: Shop) -> Result<()> {
    shop.with_orders(1).await?;
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

/// A log was restored, and its keys were not yet: what a start wrote would be in their way.
async fn a_refused_start_writes_no_key(mut shop: Shop) -> Result<()> {
    shop.with_orders(1).await?;
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
    shop.with_orders(1).await?;
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

/// Runs a statement where the keys are.
pub(crate) async fn execute(shop: &Shop, statement: &str) -> Result<()> {
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
