//! Keys and read models belong to one log: neither another log nor a copy in the same folder touches them.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, SetUp, Shop, check, on_both_engines};
use serde_json::json;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

on_both_engines!(another_log_does_not_get_at_the_shops_read_models);

/// A server that does not refuse runs for ever.
const REFUSAL_DEADLINE: Duration = Duration::from_secs(60);
const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// The error of a command on a log that must not be used.
async fn refusal(shop: &Shop, url: &str, arguments: &[&str]) -> Result<String> {
    let ran = tokio::time::timeout(REFUSAL_DEADLINE, shop.cli_on(url, arguments)).await;
    let ran = ran.context("it started, and should have refused")??;
    ensure!(!ran.success, "{arguments:?} on {url} said {}", ran.stdout);
    Ok(ran.stderr)
}

fn url_of(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

async fn another_log_does_not_get_at_the_shops_read_models(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let (other, advice) = match shop.postgres_url() {
        None => (url_of(&shop.sqlite_folder().join("other.db")), "a folder of its own"),
        Some(url) => {
            sqlx::query("CREATE SCHEMA other").execute(&mut PgConnection::connect(&url).await?).await?;
            (format!("{url}?options[search_path]=other"), "a database of its own")
        }
    };
    let said = refusal(&shop, &other, &SERVE).await?;
    check!(checks, said.contains(advice), "{said}");
    let said = refusal(&shop, &other, &["rebuild", "all"]).await?;
    check!(checks, said.contains(advice), "{said}");
    shop.node.stop().await?;
    shop.node.start_again().await?;
    let stock = shop.mcp().ok("inventory.check", json!({ "product": "PEN" })).await?;
    check!(checks, stock["available"] == json!(5), "{stock}");
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_in_the_shops_folder_destroys_no_key() -> Result<()> {
    let mut shop = Shop::open(SetUp::Sqlite).await?;
    shop.customer("Ann", "ann@example.com").await?;
    shop.node.stop().await?;
    let folder = shop.sqlite_folder();
    let (copy, drill) = (folder.join("copy.db"), folder.join("drill"));
    fs::copy(folder.join("log.db"), &copy)?;
    for unmarked in [false, true] {
        if unmarked {
            // As a release left them that did not say whose they are.
            for file in ["keys.db", "projections.db"] {
                let mut store = SqliteConnection::connect(&url_of(&folder.join(file))).await?;
                sqlx::query("DROP TABLE belongs_to").execute(&mut store).await?;
                store.close().await?;
            }
        }
        let said = refusal(&shop, &url_of(&copy), &SERVE).await?;
        ensure!(said.contains("copy.db and log.db are in one folder"), "{said}");
    }

    // In a folder of its own, with a copy of the keys, it may do what it likes.
    fs::create_dir(&drill)?;
    fs::rename(&copy, drill.join("copy.db"))?;
    fs::copy(folder.join("keys.db"), drill.join("keys.db"))?;
    let elsewhere = Shop::open_on(&url_of(&drill.join("copy.db"))).await?;
    elsewhere.mcp().confirmed("customers_erase", json!({ "customer": "ann@example.com" })).await?;
    shop.node.start_again().await?;
    let found = shop.mcp().ok("customers_search", json!({ "text": "ann@" })).await?;
    ensure!(found["customers"][0]["name"] == "Ann", "{found}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_log_keeps_its_keys_and_another_log_does_not_get_them() -> Result<()> {
    let mut shop = Shop::open(SetUp::Sqlite).await?;
    shop.customer("Ann", "ann@example.com").await?;
    shop.node.stop().await?;
    let folder = shop.sqlite_folder();
    let begun = shop.folder().join("begun").join("log.db");
    shop.cli_on(&url_of(&begun), &["migrate"]).await?.expect_success()?;
    fs::copy(folder.join("keys.db"), begun.with_file_name("keys.db"))?;
    let said = refusal(&shop, &url_of(&begun), &SERVE).await?;
    ensure!(said.contains("keys.db belongs to the log"), "{said}");

    fs::rename(folder.join("log.db"), folder.join("shop.db"))?;
    let renamed = Shop::open_on(&url_of(&folder.join("shop.db"))).await?;
    let found = renamed.mcp().ok("customers_search", json!({ "text": "ann@" })).await?;
    ensure!(found["customers"][0]["name"] == "Ann", "{found}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_with_signs_of_a_url_is_one_folder() -> Result<()> {
    let shop = Shop::open(SetUp::Sqlite).await?;
    let parent = shop.folder().join("signs");
    let elsewhere = Shop::open_on(&format!("sqlite://{}/my%20100%25%20shop/log.db", parent.display())).await?;
    elsewhere.customer("Ann", "ann@example.com").await?;
    elsewhere.cli(&["verify"]).await?.expect_success()?;
    let name = |entry: std::io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    let folders: Vec<String> = fs::read_dir(&parent)?.map(name).collect::<Result<_>>()?;
    ensure!(folders == ["my 100% shop"], "{folders:?}");
    for file in ["log.db", "keys.db", "projections.db"] {
        ensure!(parent.join("my 100% shop").join(file).exists(), "{file} is elsewhere");
    }
    Ok(())
}
