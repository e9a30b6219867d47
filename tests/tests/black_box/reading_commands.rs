//! Commands that only read: they change nothing, need no right to change anything, and distinguish a broken log from an
//! unreadable one.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Finished, PostgresServer, SetUp, Shop, SmallDisk, check, on_both_engines, until};
use serde_json::{Value, json};

const BROKEN: i32 = 1;
const USAGE: i32 = 2;
const COULD_NOT_LOOK: i32 = 3;
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(30);

on_both_engines!(
    a_log_that_is_not_there_is_not_made,
    wrong_usage_is_told_from_a_broken_log,
    what_was_noted_is_compared,
    whatever_was_altered_is_found,
    a_node_tells_what_is_wrong_with_its_log,
);

async fn record(shop: &Shop) -> Result<()> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", "10.00", 1_000).await?;
    for number in 0..5 {
        let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }],
            "idempotency_key": format!("order-{number}") });
        shop.mcp().ok("orders.create_order", order).await?;
    }
    Ok(())
}

async fn a_log_that_is_not_there_is_not_made(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let folder = shop.folder().join("typo");
    let url = match shop.postgres_url() {
        None => format!("sqlite://{}/log.db", folder.display()),
        Some(url) => url.rsplit_once('/').context("a URL with a database")?.0.to_owned() + "/template1",
    };
    for arguments in [&["verify"][..], &["status"], &["replay"], &["replay", "--order", "1001"]] {
        let ran = shop.cli_on(&url, arguments).await?;
        check!(checks, ran.code == Some(COULD_NOT_LOOK), "{arguments:?} exited with {:?}: {}", ran.code, ran.stdout);
        check!(
            checks,
            ran.stderr.contains("there is no log") && ran.stdout.is_empty(),
            "{arguments:?}: {}",
            ran.stderr
        );
    }
    let file = shop.folder().join("products.csv");
    std::fs::write(&file, "sku,name,price\nPEN,Pen,10.00\n")?;
    let file = file.display().to_string();
    for arguments in [&["import", "products", &file][..], &["settings", "set", "timezone=Europe/Berlin"]] {
        let ran = shop.cli_on(&url, arguments).await?;
        check!(checks, !ran.success && ran.stderr.contains("there is no log"), "{arguments:?}: {}", ran.stderr);
        check!(
            checks,
            ran.stderr.contains("nothing was created") && ran.stderr.contains("orderlog serve"),
            "{}",
            ran.stderr
        );
    }
    check!(checks, !folder.exists(), "a folder was made");
    let none = shop.cli(&["replay", "--order", "999999"]).await?;
    check!(checks, none.code == Some(BROKEN), "an order that is not there is no failure to look: {:?}", none.code);
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_leaves_the_folder_as_it_was() -> Result<()> {
    let mut shop = Shop::open(SetUp::Sqlite).await?;
    record(&shop).await?;
    shop.node.stop().await?;
    let before = files(&shop.sqlite_folder())?;
    for arguments in [&["verify"][..], &["status"], &["replay"], &["replay", "--order", "1001"]] {
        shop.cli(arguments).await?.expect_success().with_context(|| format!("{arguments:?}"))?;
        // The last process that closes a SQLite file removes its extra files; no new file may appear.
        let after = files(&shop.sqlite_folder())?;
        ensure!(after.iter().all(|name| before.contains(name)), "{arguments:?} left {after:?}, there were {before:?}");
    }
    std::fs::write(shop.sqlite_folder().join("log.db"), "no database at all, and long enough to be looked at")?;
    let ran = shop.cli(&["verify"]).await?;
    ensure!(ran.code == Some(COULD_NOT_LOOK) && ran.stderr.contains("log.db: "), "{:?} {}", ran.code, ran.stderr);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_shop_is_read_where_nobody_may_write() -> Result<()> {
    let disk = SmallDisk::of_megabytes(64)?;
    let mut shop = Shop::open_at(&disk.path().join("shop")).await?;
    record(&shop).await?;
    shop.node.stop().await?;
    disk.protect()?;
    for arguments in [&["verify"][..], &["status"], &["replay"], &["settings"], &["export"]] {
        shop.cli(arguments).await?.expect_success().with_context(|| format!("{arguments:?}"))?;
    }
    let replayed = shop.cli(&["replay", "--order", "1001", "--json"]).await?.expect_success()?;
    ensure!(replayed.contains("OrderPlaced"), "{replayed}");
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<String>> {
    let names = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

/// A wrong command line says nothing about the log.
async fn wrong_usage_is_told_from_a_broken_log(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    record(&shop).await?;
    let folder = shop.folder().display();
    let missing = format!("--config={folder}/missing.toml");
    for command in [&["verify"][..], &["status"], &["replay"], &["export"], &["settings"]] {
        let mut wrong = vec![shop.command(&[command[0], &missing])?];
        for url in ["mysql://shop", "sqlite://x?mode=nonsense", "sqlite://data/keys.db"] {
            wrong.push(shop.command_with_url(command, url)?);
        }
        for variable in ["ORDERLOG_CURENCY", "ORDERLOG_LOCALE_FILE"] {
            let mut mistyped = shop.command(command)?;
            mistyped.env(variable, "/nowhere/at/all");
            wrong.push(mistyped);
        }
        for wrong in wrong {
            let told = format!("{wrong:?}");
            let ran = Finished::run(wrong).await?;
            check!(checks, ran.code == Some(USAGE), "{told} exited with {:?}: {}", ran.code, ran.stderr);
        }
        let full = std::fs::File::options().write(true).open("/dev/full")?;
        let status = shop.command(command)?.stdout(full).stderr(std::process::Stdio::null()).status()?;
        check!(checks, status.code() == Some(USAGE), "{command:?} into a full file exited with {status}");
    }
    for (table, drop) in [("snapshots", "DROP TABLE snapshots"), ("commands", "DROP TABLE commands")] {
        shop.behind_its_back().await?.execute(drop).await?;
        let ran = shop.cli(&["verify"]).await?;
        check!(
            checks,
            ran.code == Some(BROKEN) && ran.stdout.contains(table),
            "{table}: {:?} {}",
            ran.code,
            ran.stdout
        );
    }
    checks.all_hold()
}

async fn what_was_noted_is_compared(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    record(&shop).await?;
    let noted = shop.cli(&["verify", "--json"]).await?.expect_success()?;
    let noted: Value = serde_json::from_str(&noted)?;
    let noted = noted["expect"].as_str().context("what to note")?.to_owned();
    let said = shop.cli(&["verify"]).await?.expect_success()?;
    check!(checks, said.contains(&noted) && said.contains("position"), "verify says {said}");
    record_more(&shop).await?;
    shop.cli(&["verify", "--expect", &noted]).await?.expect_success()?;

    let (position, _) = noted.split_once(':').context("a position")?;
    let other = format!("{position}:{}", "0".repeat(64));
    let beyond = format!("999999:{}", "0".repeat(64));
    for (expected, named) in [(&other, position), (&beyond, "999999")] {
        let ran = shop.cli(&["verify", "--expect", &noted, "--expect", expected]).await?;
        check!(checks, ran.code == Some(BROKEN), "{expected}: {:?}", ran.code);
        check!(checks, ran.stdout.contains(&format!("at position {named}:")), "{expected}: {}", ran.stdout);
    }
    for nonsense in ["1", "x:1", "0:00", &format!("-1:{}", "0".repeat(64))] {
        let ran = shop.cli(&["verify", &format!("--expect={nonsense}")]).await?;
        check!(checks, ran.code == Some(USAGE), "{nonsense}: {:?}", ran.code);
    }
    checks.all_hold()
}

async fn record_more(shop: &Shop) -> Result<()> {
    shop.mcp().ok("inventory.receive", json!({ "product": "PEN", "quantity": 1, "allow_duplicate": true })).await?;
    Ok(())
}

async fn whatever_was_altered_is_found(mut shop: Shop) -> Result<()> {
    record(&shop).await?;
    shop.node.stop().await?;
    let mut database = shop.behind_its_back().await?;
    let changes = [
        (
            "UPDATE log_head SET next_order = next_order + 1000",
            "UPDATE log_head SET next_order = next_order - 1000",
            "order",
        ),
        (
            "UPDATE commands SET first_position = first_position - 1 WHERE first_position = 3",
            "UPDATE commands SET first_position = 3 WHERE first_position = 2 AND last_position >= 3",
            "commands",
        ),
        ("DELETE FROM commands", "", "sent again, it would act again"),
    ];
    for (change, restore, words) in changes {
        database.execute(change).await?;
        let ran = shop.cli(&["verify"]).await?;
        ensure!(ran.code == Some(BROKEN) && ran.stdout.contains(words), "{change}: {:?} {}", ran.code, ran.stdout);
        if !restore.is_empty() {
            database.execute(restore).await?;
            shop.cli(&["verify"]).await?.expect_success().with_context(|| restore.to_owned())?;
        }
    }
    let told = shop.cli(&["verify", "--json"]).await?;
    let told: Value = serde_json::from_str(&told.stdout).with_context(|| told.stdout.clone())?;
    ensure!(told["ok"] == json!(false) && told["faults"].as_array().is_some_and(|faults| faults.len() > 1), "{told}");
    Ok(())
}

async fn a_node_tells_what_is_wrong_with_its_log(mut shop: Shop) -> Result<()> {
    record(&shop).await?;
    ensure!(troubles(&shop).await? == json!([]), "a sound log has troubles");
    shop.node.stop().await?;
    let mut database = shop.behind_its_back().await?;
    database.disarm().await?;
    let ran = shop.cli(&["verify"]).await?;
    ensure!(ran.code == Some(BROKEN) && ran.stdout.contains("trigger"), "{:?} {}", ran.code, ran.stdout);
    database.delete_event(4).await?;
    shop.node.start_again().await?;
    let told = until("the node to tell", DEADLINE, async || {
        let told = troubles(&shop).await?.to_string();
        Ok((told.contains("position 4 is missing") && told.contains("trigger")).then_some(told))
    });
    told.await?;
    record_more(&shop).await // It serves all the same.
}

async fn troubles(shop: &Shop) -> Result<Value> {
    let ready: Value = shop.node.get("/readyz").await?.json().await?;
    Ok(ready["degraded"].clone())
}

/// The very statements of docs/OPERATIONS.md.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_has_the_rights_it_needs_and_no_others() -> Result<()> {
    let mut checks = Checks::default();
    let folder = tempfile::Builder::new().prefix("orderlog-roles.").tempdir()?;
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let postgres = PostgresServer::start(folder.path().join("cluster")).await?;
    postgres.execute("CREATE ROLE orderlog_owner LOGIN; CREATE ROLE orderlog_serve LOGIN").await?;
    postgres.execute("CREATE ROLE orderlog_audit LOGIN").await?;
    postgres.execute("CREATE ROLE orderlog_read LOGIN; GRANT CREATE ON SCHEMA public TO orderlog_owner").await?;
    let anybody = Shop::open(SetUp::Sqlite).await?;
    anybody.cli_on(&postgres.url_of("orderlog_owner"), &["migrate"]).await?.expect_success()?;
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/OPERATIONS.md"))?;
    let (_, roles) = page.split_once("<!-- roles").context("the statements of the roles")?;
    let (_, roles) = roles.split_once("```sql\n").context("the statements of the roles")?;
    let (roles, _) = roles.split_once("```").context("their end")?;
    postgres.execute(roles).await?;

    let shop = Shop::open_on(&postgres.url_of("orderlog_serve")).await?;
    record(&shop).await?;
    shop.mcp().confirmed("customers.erase", json!({ "customer": "asha@example.com" })).await?;
    let reader = postgres.url_of("orderlog_read");
    for arguments in [&["verify"][..], &["status"], &["replay"], &["replay", "--order", "1001"]] {
        shop.cli_on(&reader, arguments).await?.expect_success().with_context(|| format!("{arguments:?}"))?;
    }
    check!(
        checks,
        !shop.cli_on(&reader, &["serve", "--listen", "127.0.0.1:0"]).await?.success,
        "who only reads cannot serve"
    );

    let auditor = postgres.url_of("orderlog_audit");
    for arguments in [&["verify"][..], &["replay"], &["export"]] {
        shop.cli_on(&auditor, arguments).await?.expect_success().with_context(|| format!("{arguments:?}"))?;
    }
    // A statement that is allowed for one role is refused for another, so a refusal is not a mistake in the statement.
    postgres
        .execute("SET ROLE orderlog_audit; SELECT 1 FROM events; SET ROLE orderlog_read; SELECT 1 FROM shop_keys")
        .await?;
    postgres
        .execute("SET ROLE orderlog_serve; SELECT 1 FROM access_keys; UPDATE access_keys SET last_used_at = ''")
        .await?;
    for (role, statement) in [
        ("serve", "DELETE FROM events"),
        ("serve", "UPDATE events SET position = position"),
        ("serve", "TRUNCATE events"),
        ("serve", "ALTER TABLE events DISABLE TRIGGER ALL"),
        ("serve", "SET session_replication_role = replica"),
        ("serve", "DELETE FROM commands"),
        ("serve", "UPDATE shop_settings SET position = position"),
        ("serve", "DELETE FROM shop_keys"),
        ("serve", "UPDATE access_keys SET rights = 'admin'"),
        ("serve", "UPDATE access_keys SET revoked_at = NULL"),
        ("serve", "DELETE FROM log_head"),
        ("serve", "CREATE TABLE public.mine (one int)"),
        ("read", "UPDATE log_head SET position = position"),
        ("read", "DELETE FROM customer_keys"),
        ("audit", "SELECT 1 FROM customer_keys"),
        ("audit", "SELECT 1 FROM shop_keys"),
        ("audit", "SELECT 1 FROM access_keys"),
        ("audit", "SELECT 1 FROM read_models.checkpoints"),
        ("audit", "INSERT INTO snapshots SELECT * FROM snapshots"),
    ] {
        let tried = postgres.execute(&format!("SET ROLE orderlog_{role}; {statement}")).await;
        let said = tried.err().map(|error| format!("{error:#}")).unwrap_or_default();
        let refused = said.contains("permission denied") || said.contains("must be owner");
        check!(checks, refused, "orderlog_{role}: {statement}: {said:?}");
    }

    // Too few connections: reported at once, with the number that is needed.
    postgres.execute("ALTER ROLE orderlog_owner CONNECTION LIMIT 3").await?;
    let started = std::time::Instant::now();
    let ran = shop.cli_on(&postgres.url_of("orderlog_owner"), &["serve", "--listen", "127.0.0.1:0"]).await?;
    check!(checks, ran.stderr.contains("a node uses up to 28 connections"), "{}", ran.stderr);
    check!(checks, started.elapsed() < std::time::Duration::from_secs(5), "told after {:?}", started.elapsed());
    checks.all_hold()
}
