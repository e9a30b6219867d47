//! Readers of the log over HTTP: filters, following the log as it grows, the recipe and the examples of the docs.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use orderlog_tests::{AuditedEvent, Checks, Shop, check, events, node_js, on_both_engines, python};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(30);
/// A follower without news ends after 30 s in any case; one whose key ended, long before.
const REVOKED_WITHIN: Duration = Duration::from_secs(10);

on_both_engines!(
    filters_keep_what_was_asked_for,
    a_follower_hears_what_comes,
    a_follower_hears_nothing_more_when_its_key_is_revoked,
    what_is_asked_for_compressed_is,
    the_programs_of_the_docs_run
);

/// Two orders, the first of them shipped.
async fn a_little_trade(shop: &Shop) -> Result<()> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", "10.00", 50).await?;
    for quantity in [1, 2] {
        let lines = json!([{ "product": "PEN", "quantity": quantity }]);
        shop.mcp().ok("orders.create_order", json!({ "customer": "asha@example.com", "lines": lines })).await?;
    }
    shop.mcp().ok("orders.update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;
    Ok(())
}

async fn asked(shop: &Shop, query: &str) -> Result<Vec<AuditedEvent>> {
    let text = shop.node.get(&format!("/v1/events?{query}")).await?.error_for_status()?.text().await?;
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

/// The events that a filter must keep.
type Keep<'a> = dyn Fn(&Value) -> bool + 'a;

async fn filters_keep_what_was_asked_for(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    a_little_trade(&shop).await?;
    let all = events(&shop.node, 0).await?;
    let positions = |events: &[AuditedEvent]| events.iter().map(|event| event.position).collect::<Vec<_>>();
    let of = |keep: &Keep<'_>| -> Vec<i64> {
        all.iter().filter(|event| keep(&event.json())).map(|event| event.position).collect()
    };
    let cases: [(&str, &Keep<'_>); 4] = [
        ("order=1001", &|event| event["stream"] == "order-1001"),
        ("type=OrderPlaced", &|event| event["type"] == "OrderPlaced"),
        ("type=OrderPlaced,UnitsShipped", &|event| event["type"] == "OrderPlaced" || event["type"] == "UnitsShipped"),
        ("order=1001&type=UnitsShipped", &|event| event["stream"] == "order-1001" && event["type"] == "UnitsShipped"),
    ];
    for (query, keep) in cases {
        let (found, wanted) = (positions(&asked(&shop, query).await?), of(keep));
        check!(checks, !wanted.is_empty() && found == wanted, "{query}: {found:?}, not {wanted:?}");
    }
    let middle = &all[all.len() / 2];
    let moment = middle.json()["provenance"]["recorded_at"].as_str().context("recorded_at")?.to_owned();
    let time = |event: &Value| event["provenance"]["recorded_at"].as_str().unwrap_or_default().to_owned();
    let (later, earlier) = (of(&|event| time(event) >= moment), of(&|event| time(event) < moment));
    check!(checks, !later.is_empty() && !earlier.is_empty());
    check!(checks, positions(&asked(&shop, &format!("from={moment}")).await?) == later, "from={moment}");
    check!(checks, positions(&asked(&shop, &format!("to={moment}")).await?) == earlier, "to={moment}");
    check!(checks, asked(&shop, "type=OrderPlaced&limit=1").await?.len() == 1, "limit counts what is shown");
    for bad in [
        "type=Nonsense",
        "order=x",
        "order=1001&stream=order-1001",
        "from=yesterday",
        "follow=true&to=2026-11-22T00:00:00Z",
    ] {
        let status = shop.node.get(&format!("/v1/events?{bad}")).await?.status().as_u16();
        check!(checks, status == 400, "/v1/events?{bad} answered {status}");
    }
    checks.all_hold()
}

async fn a_follower_hears_what_comes(mut shop: Shop) -> Result<()> {
    a_little_trade(&shop).await?;
    let after = events(&shop.node, 0).await?.len();
    let mut answer = shop.node.get(&format!("/v1/events?after={after}&follow=true&type=StockReceived")).await?;
    for quantity in [3, 4] {
        shop.mcp().ok("inventory.receive", json!({ "product": "PEN", "quantity": quantity })).await?;
        let chunk = tokio::time::timeout(DEADLINE, answer.chunk()).await.context("nothing was heard")??;
        let line: Value = serde_json::from_slice(&chunk.context("the answer ended")?)?;
        ensure!(line["event"]["data"]["units"] == json!(quantity), "{line}");
    }
    shop.node.stop().await?;
    let end = tokio::time::timeout(DEADLINE, answer.chunk()).await.context("the answer outlives the node")?;
    ensure!(matches!(end, Ok(None)), "the answer is broken off: {end:?}");
    Ok(())
}

async fn a_follower_hears_nothing_more_when_its_key_is_revoked(shop: Shop) -> Result<()> {
    a_little_trade(&shop).await?;
    let key = shop.key(&["ledger", "--role", "auditor"]).await?;
    let node = shop.open_node(&[]).await?;
    let after = events(&shop.node, 0).await?.len();
    let follow = format!("{}/v1/events?after={after}&follow=true", node.url());
    let mut answer = node.http().get(follow).bearer_auth(&key).send().await?.error_for_status()?;
    shop.mcp().ok("inventory.receive", json!({ "product": "PEN", "quantity": 3 })).await?;
    let heard = tokio::time::timeout(DEADLINE, answer.chunk()).await.context("nothing was heard")??;
    ensure!(heard.is_some(), "the answer ended");
    shop.cli_without_settings(&["keys", "revoke", "ledger"]).await?.expect_success()?;
    // It ends by itself, with nothing recorded meanwhile, and sooner than for want of news.
    let end = tokio::time::timeout(REVOKED_WITHIN, answer.chunk()).await.context("it goes on after its key ended")?;
    ensure!(end.is_err(), "what was cut off looks whole: {end:?}");
    Ok(())
}

/// Python reads it as any client would: the same bytes in a sixth of the size, and each event of a follower when it comes.
async fn what_is_asked_for_compressed_is(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    const READ: &str = r#"
import http.client, sys, zlib
host, path = sys.argv[1].removeprefix("http://"), sys.argv[2]
connection = http.client.HTTPConnection(host, timeout=30)
connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
answer = connection.getresponse()
assert answer.getheader("Content-Encoding") == "gzip", answer.getheaders()
unzip, text, size = zlib.decompressobj(wbits=31), b"", 0
while b"follow" not in path.encode() or not text.endswith(b"\n"):
    part = answer.read1(65536)
    if not part:
        break
    size, text = size + len(part), text + unzip.decompress(part)
assert unzip.eof or "follow" in path, "the answer is not whole"
print(size, file=sys.stderr)
sys.stdout.write(text.decode())
"#;
    a_little_trade(&shop).await?;
    let read = async |path: &str| {
        let url = shop.node.url();
        let output = tokio::process::Command::new(python()?).args(["-c", READ, &url, path]).output().await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "{path}: {said}");
        Ok((String::from_utf8(output.stdout)?, said))
    };
    let plain = shop.node.get("/v1/events").await?.text().await?;
    let (text, size) = read("/v1/events").await?;
    check!(checks, text == plain, "other bytes");
    check!(checks, size.trim().parse::<usize>()? * 2 < plain.len(), "{size} of {} bytes", plain.len());
    let last = plain.lines().count() - 1;
    let (followed, _) = read(&format!("/v1/events?after={last}&follow=true")).await?;
    check!(checks, plain.ends_with(&followed) && followed.lines().count() == 1, "{followed}");
    checks.all_hold()
}

async fn the_programs_of_the_docs_run(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    a_little_trade(&shop).await?;
    let log = shop.node.get("/v1/events").await?.text().await?;
    let file = shop.folder().join("log.ndjson");
    std::fs::write(&file, &log)?;
    let file = file.display().to_string();
    let proven = shop.example(python()?, "verify.py", &[&file]).await?.expect_success()?;
    let last = events(&shop.node, 0).await?.pop().context("no event")?;
    check!(checks, proven.contains(&format!("{} events are unaltered", last.position)), "{proven}");
    check!(checks, proven.contains(&last.hash), "{proven}");
    std::fs::write(&file, log.replacen("Asha", "Esha", 1).replacen("\"units\":50", "\"units\":51", 1))?;
    let broken = shop.example(python()?, "verify.py", &[&file]).await?;
    check!(checks, !broken.success && broken.stderr.contains("altered at position"), "{broken:?}");

    let (url, position) = (shop.node.url(), last.position.to_string());
    let database = shop.folder().join("shipped.db").display().to_string();
    shop.example(python()?, "follow.py", &[&url, &database, &position]).await?.expect_success()?;
    // Again: it goes on where it was, and takes nothing twice.
    shop.example(python()?, "follow.py", &[&url, &database, &position]).await?.expect_success()?;
    let count = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT * FROM shipped').fetchall())";
    let output = tokio::process::Command::new(python()?).args(["-c", count, &database]).output().await?;
    let rows = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    check!(checks, rows == "[(1001, 1)]", "{rows}");

    let orders = shop.folder().join("orders.json").display().to_string();
    for _ in 0..2 {
        shop.example(node_js()?, "follow.mjs", &[&url, &orders, &position]).await?.expect_success()?;
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&orders)?)?;
    check!(checks, kept == json!({ "position": last.position, "shipments": { "1001": 1 } }), "{kept}");
    checks.all_hold()
}
