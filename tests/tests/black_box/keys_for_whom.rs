//! Keys for persons and keys for programs: what each opens, under one name too, and what keys from before are.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use orderlog_tests::{Browser, Checks, Node, RawAnswer, Shop, check, events, on_both_engines, send_raw};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::confirmed_by_people::Guarded;

on_both_engines!(
    a_key_opens_what_is_for_its_holder_and_nothing_else,
    an_assistant_cannot_agree_with_its_key_and_its_user_can,
    keys_and_sessions_from_before_are_those_of_programs
);

const COOKIE: &str = "orderlog_session";
/// A revoked key stops on every node within this time; a little more, for a busy machine.
const REVOKED_WITHIN: Duration = Duration::from_secs(3);
/// Undoes the changes of a newer release to the table of keys.
const AS_BEFORE: [&str; 3] = [
    "DROP INDEX access_keys_in_force_of_holder",
    "ALTER TABLE access_keys DROP COLUMN holder",
    "CREATE UNIQUE INDEX access_keys_in_force ON access_keys (name) WHERE revoked_at IS NULL",
];

const OLDER: &str = "0123456789ab";
/// As a release from before keeps a new key. Its secret is that of the latest person's.
const KEPT_BY_AN_OLDER_RELEASE: &str = "INSERT INTO access_keys (id, name, secret_hash, role, rights, refunds_up_to, \
    created_at, created_by, expires_at) SELECT '0123456789ab', 'older', secret_hash, role, rights, refunds_up_to, created_at, \
    created_by, expires_at FROM access_keys WHERE holder = 'person'";

/// Changes where keys are kept; answers how many rows that were.
async fn change(shop: &Shop, statement: &'static str) -> Result<u64> {
    match shop.postgres_url() {
        Some(url) => {
            let mut postgres = PgConnection::connect(&url).await?;
            let done = sqlx::query(statement).execute(&mut postgres).await?.rows_affected();
            postgres.close().await?;
            Ok(done)
        }
        None => {
            let file = format!("sqlite://{}", shop.sqlite_folder().join("keys.db").display());
            let mut sqlite = SqliteConnection::connect(&file).await?;
            let done = sqlx::query(statement).execute(&mut sqlite).await?.rows_affected();
            sqlite.close().await?;
            Ok(done)
        }
    }
}

/// One request with this key as programs send it.
async fn called(node: &Node, path: &str, key: &str) -> Result<RawAnswer> {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let (method, length) = if path == "/mcp" { ("POST", body.len()) } else { ("GET", 0) };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream, text/html\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n{}",
        &body[..length]
    );
    send_raw(node, request.as_bytes()).await
}

/// A browser in which this key was typed on the sign-in page, and how that was answered.
async fn typed(node: &Node, key: &str) -> Result<(u16, Browser)> {
    let mut browser = Browser::at(&node.url())?;
    browser.open("/sign-in").await?;
    let status = browser.send("/sign-in", &[("key", key)]).await?;
    Ok((status, browser))
}

async fn signed_in(node: &Node, key: &str) -> Result<Browser> {
    let (_, browser) = typed(node, key).await?;
    browser.cookie(COOKIE).with_context(|| format!("not signed in: {}", browser.page))?;
    Ok(browser)
}

/// Waits until the pages are shut for a session, or open.
async fn soon(browser: &Browser, status: u16) -> Result<bool> {
    let began = Instant::now();
    while began.elapsed() < REVOKED_WITHIN {
        if browser.look("/orders", &[]).await?.status() == status {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn a_key_opens_what_is_for_its_holder_and_nothing_else(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(2).await?;
    let program = shop.key(&["asha", "--role", "staff"]).await?;
    let person = shop.key(&["asha", "--role", "owner", "--for", "person"]).await?;
    let node = shop.open_node(&[]).await?;

    // Pages and paths of programs refuse a person's key in a header, even where no key is needed.
    for path in ["/mcp", "/v1/events", "/v1/head", "/metrics", "/version", "/", "/orders", "/confirm"] {
        for at in [&node, &shop.node] {
            let answer = called(at, path, &person).await?;
            let told = answer.body.contains("for a person") && answer.body.contains("/sign-in");
            let helps = answer.body.contains("orderlog keys create NAME --role ROLE`");
            check!(checks, answer.status == 401 && told && helps, "{path}: {answer:?}");
            check!(checks, answer.head.contains("error=\"invalid_token\""), "{path}: {answer:?}");
        }
    }
    for path in ["/mcp", "/version", "/orders"] {
        let answer = called(&node, path, &program).await?;
        check!(checks, answer.status == 200, "{path} with a program's key: {answer:?}");
    }
    // Nobody can sign in with a program's key.
    let (status, mut browser) = typed(&node, &program).await?;
    let helps = browser.shows("for a program") && browser.shows("--for person");
    check!(checks, status == 403 && helps && browser.cookie(COOKIE).is_none(), "{status} {}", browser.page);
    check!(checks, browser.look("/orders", &[]).await?.status() == 401, "the pages are open all the same");
    let status = browser.send("/sign-in", &[("key", &person)]).await?;
    check!(checks, status == 200 && browser.shows("asha") && browser.shows("(owner)"), "{status} {}", browser.page);

    // Both are one user, and each act says in which role and through what.
    browser.open("/orders/1001").await?;
    browser.send("/orders/1001/ship", &[("units_1", "1")]).await?;
    browser.send("/orders/1001/ship", &[("yes", "1")]).await?;
    let by_person = events(&shop.node, 0).await?.pop().context("no event")?.json()["provenance"]["actor"].clone();
    check!(checks, by_person == json!({ "user": "asha", "role": "owner" }), "{by_person}");
    let ship = json!({ "order_id": 1002, "status": "shipped" });
    let done = node.mcp().with_key(&program).ok("orders.update_status", ship).await?;
    let by_program = events(&shop.node, 0).await?.pop().context("no event")?.json()["provenance"]["actor"].clone();
    check!(checks, by_program == json!({ "user": "asha", "role": "staff" }), "{done} {by_program}");

    // The list shows the difference, and there is at most one of each.
    let kept: Value =
        serde_json::from_str(&shop.cli_without_settings(&["keys", "list", "--json"]).await?.expect_success()?)?;
    let mut holders: Vec<&str> =
        kept["keys"].as_array().context("keys")?.iter().filter_map(|key| key["for"].as_str()).collect();
    holders.sort_unstable();
    check!(checks, holders == ["person", "program"], "{kept}");
    let table = shop.cli_without_settings(&["keys", "list"]).await?.expect_success()?;
    for holder in ["person", "program"] {
        let row = |line: &str| line.contains("asha") && line.split_whitespace().any(|word| word == holder);
        check!(checks, table.lines().any(row), "{table}");
    }
    for (arguments, told) in [
        (&["keys", "create", "asha", "--role", "staff", "--for", "person"][..], "a key for a person called `asha`"),
        (&["keys", "create", "asha", "--role", "staff"], "a key for a program called `asha`"),
        (&["keys", "create", "x", "--role", "staff", "--for", "robot"], "for a person or for a program"),
        (&["keys", "revoke", "ravi", "--for", "person"], "no key in force for a person"),
    ] {
        let finished = shop.cli_without_settings(arguments).await?;
        check!(checks, !finished.success && finished.stderr.contains(told), "{arguments:?}: {}", finished.stderr);
    }

    // One is taken back without the other; a name alone takes back both.
    let told = shop.cli_without_settings(&["keys", "revoke", "asha", "--for", "program"]).await?.expect_success()?;
    check!(checks, told.contains("the key for a program.") && !told.contains("person"), "{told}");
    let began = Instant::now();
    let last = loop {
        let answer = called(&node, "/version", &program).await?;
        if answer.status != 200 || began.elapsed() > REVOKED_WITHIN {
            break answer;
        }
    };
    check!(checks, last.status == 401 && last.body.contains("revoked"), "{last:?}");
    check!(
        checks,
        browser.look("/orders", &[]).await?.status() == 200,
        "the person's session ended with the program's key"
    );
    let program = shop.key(&["asha", "--role", "staff"]).await?;
    check!(checks, called(&node, "/version", &program).await?.status == 200, "the name is free again");
    let told = shop.cli_without_settings(&["keys", "revoke", "asha"]).await?.expect_success()?;
    check!(checks, told.contains("the key for a person and the key for a program"), "{told}");
    check!(checks, soon(&browser, 401).await?, "the session outlives its key");
    check!(checks, called(&node, "/version", &program).await?.status == 401, "a revoked program's key serves");
    for key in [&program, &person] {
        check!(checks, !node.output().contains(&key[key.len() - 43..]), "a key stands in the log: {}", node.output());
    }
    checks.all_hold()
}

async fn an_assistant_cannot_agree_with_its_key_and_its_user_can(Guarded(shop): Guarded) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(2).await?;
    let program = shop.key(&["asha", "--role", "owner"]).await?;
    // Before anybody can sign in, the server says what lacks.
    let node = shop.open_node(&[]).await?;
    check!(checks, node.output().contains("nobody can sign in to the pages"), "{}", node.output());
    let person = shop.key(&["asha", "--role", "staff", "--for", "person"]).await?;
    let assistant = node.mcp().with_key(&program);
    let path_of = async |order: i64| -> Result<String> {
        let asked = assistant.refused("orders.cancel", json!({ "order_id": order })).await?;
        let address = asked.confirm_at.with_context(|| format!("no page: {}", asked.message))?;
        Ok(address.strip_prefix(&node.url()).context("elsewhere")?.to_owned())
    };
    let cancelled = async || -> Result<Vec<Value>> {
        let all = events(&shop.node, 0).await?.into_iter().filter(|event| event.event_type() == "UnitsCancelled");
        Ok(all.map(|event| event.json()["provenance"].clone()).collect())
    };

    // A model with a shell has the key of its host: it opens no session, and the page answers it no other way.
    let path = path_of(1001).await?;
    let (status, model) = typed(&node, &program).await?;
    check!(checks, status == 403 && model.cookie(COOKIE).is_none(), "{status} {}", model.page);
    check!(checks, model.look(&path, &[]).await?.status() == 401, "the page is open without a session");
    let fields = [model.hidden("/sign-in")?, vec![("yes".to_owned(), "1".to_owned())]].concat();
    let bearer = format!("Bearer {program}");
    let answer = model.post(&path, &fields)?.header("authorization", &bearer).send().await?;
    check!(checks, answer.status() == 403, "with the key as programs send it: {}", answer.status());
    let answer = model.post(&path, &fields)?.send().await?;
    let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or_default().to_owned();
    check!(checks, answer.status() == 303 && to.starts_with("/sign-in?lost=1"), "{answer:?}");
    // Neither does the key of its user serve it as its own does.
    let refused = called(&node, "/mcp", &person).await?;
    check!(checks, refused.status == 401, "{refused:?}");
    check!(checks, cancelled().await?.is_empty(), "it agreed to its own act");

    // Its user signs in, and agrees to what was asked in the user's own name.
    let mut user = signed_in(&node, &person).await?;
    check!(checks, user.open(&path).await? == 200 && user.shows("orderlog-tests 1"), "{}", user.page);
    check!(checks, user.send(&path, &[("yes", "1")]).await? == 200, "{}", user.page);
    let done = cancelled().await?;
    let act = done.first().context("it was not done")?;
    check!(checks, done.len() == 1, "{done:?}");
    check!(checks, act["actor"] == json!({ "user": "asha", "role": "owner" }), "{act}");
    check!(checks, act["confirmed_by"] == json!({ "user": "asha", "role": "staff" }), "{act}");
    let told = assistant.ok("orders.cancel", json!({ "order_id": 1001 })).await?;
    check!(checks, told["changed"]["status"] == "cancelled", "{told}");

    // The assistant's key is revoked: the user's key, with the same name, does not replace it.
    let path = path_of(1002).await?;
    user.open(&path).await?;
    shop.cli_without_settings(&["keys", "revoke", "asha", "--for", "program"]).await?.expect_success()?;
    check!(checks, user.send(&path, &[("yes", "1")]).await? == 403, "{}", user.page);
    check!(checks, user.shows("no longer in force") && cancelled().await?.len() == 1, "{}", user.page);
    let later = shop.open_node(&[]).await?;
    check!(checks, !later.output().contains("nobody can sign in"), "{}", later.output());
    checks.all_hold()
}

async fn keys_and_sessions_from_before_are_those_of_programs(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let key = shop.key(&["asha", "--role", "staff", "--for", "person"]).await?;
    let mut node = shop.open_node(&[]).await?;
    let session = signed_in(&node, &key).await?.cookie(COOKIE).context("a session")?.to_owned();
    node.stop().await?;
    shop.node.stop().await?;
    // As the release before left it: a key that says nothing of its holder, and a session that it began.
    for statement in AS_BEFORE {
        change(&shop, statement).await?;
    }
    if shop.postgres_url().is_some() {
        let forgotten = change(&shop, "DELETE FROM migrations WHERE name = 'postgres/0009_keys_for_whom.sql'").await?;
        check!(checks, forgotten == 1, "it was not migrated");
    }
    shop.node.start_again().await?;
    let node = shop.open_node(&[]).await?;
    check!(checks, called(&node, "/mcp", &key).await?.status == 200, "a key from before does not call any more");
    let mut browser = Browser::at(&node.url())?;
    browser.set_cookie(COOKIE, &session);
    check!(checks, browser.look("/orders", &[]).await?.status() == 401, "a session from before is a program's");
    browser.open("/orders").await?;
    check!(checks, browser.place() == "/sign-in?back=%2Forders", "{}", browser.place());
    let status = browser.send("/sign-in", &[("key", &key)]).await?;
    check!(checks, status == 403 && browser.shows("--for person"), "{status} {}", browser.page);
    // The person gets one beside it.
    let own = shop.key(&["asha", "--role", "staff", "--for", "person"]).await?;
    let status = browser.send("/sign-in", &[("key", &own)]).await?;
    check!(checks, status == 200 && browser.place() == "/orders", "{status} {}", browser.place());
    // A key that an older release stores, while it runs beside this one, is a program's.
    check!(checks, change(&shop, KEPT_BY_AN_OLDER_RELEASE).await? == 1, "nothing was kept");
    let older = format!("olk_{OLDER}{}", &own[16..]);
    check!(checks, called(&node, "/mcp", &older).await?.status == 200, "a key that an older release made");
    let kept: Value =
        serde_json::from_str(&shop.cli_without_settings(&["keys", "list", "--json"]).await?.expect_success()?)?;
    for (key, holder) in [(&key, "program"), (&own, "person"), (&older, "program")] {
        let mut rows = kept["keys"].as_array().context("keys")?.iter();
        let row = rows.find(|row| row["id"] == key[4..16]).with_context(|| format!("not listed: {kept}"))?;
        check!(checks, row["for"] == holder, "{row}");
    }
    checks.all_hold()
}
