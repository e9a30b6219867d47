//! Requests that the server refuses: foreign pages, foreign names, huge bodies, and listening beyond this machine.

use std::time::Duration;

use anyhow::{Result, ensure};
use orderlog_tests::{Checks, SetUp, Shop, check, connect, until};
use reqwest::{Method, Response};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

const MAX_BODY_BYTES: usize = 256 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn foreign_origins_and_hosts_are_forbidden() -> Result<()> {
    let shop = Shop::open(SetUp::Sqlite).await?;
    for path in ["/mcp", "/mcp/dotted", "/version", "/healthz", "/metrics", "/v1/events"] {
        for (header, value, allowed) in [
            ("Origin", "https://evil.example", false),
            ("Origin", "http://localhost.evil.example", false),
            ("Origin", "null", false),
            ("Origin", "http://localhost:3000", true),
            ("Host", "evil.example", false),
            ("Host", "evil.example:7400", false),
            ("Host", "localhost", true),
        ] {
            let url = format!("{}{path}", shop.node.url());
            let request = match path {
                "/mcp" | "/mcp/dotted" => shop.node.http().post(url).json(&tools_list()),
                _ => shop.node.http().get(url),
            };
            let request = request.header("Accept", "application/json, text/event-stream").header(header, value);
            let status = request.send().await?.status().as_u16();
            ensure!((status == 403) != allowed, "{path} with {header}: {value} answered {status}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_allowed_origins_can_call_from_a_browser() -> Result<()> {
    let mut checks = Checks::default();
    let shop =
        Shop::open_with(SetUp::Sqlite, &["--allowed-origins", "https://desk.example,http://localhost:*"]).await?;
    for path in ["/mcp", "/mcp/dotted"] {
        let url = format!("{}{path}", shop.node.url());
        let preflight = |origin: &str| {
            let request = shop.node.http().request(Method::OPTIONS, &url).header("Origin", origin);
            let request = request.header("Access-Control-Request-Method", "POST");
            request.header("Access-Control-Request-Headers", "content-type,mcp-protocol-version,mcp-session-id,x-other")
        };
        for origin in ["https://desk.example", "http://localhost:3000"] {
            let answer = preflight(origin).send().await?;
            check!(checks, answer.status() == 204, "{origin}: {answer:?}");
            check!(checks, header(&answer, "access-control-allow-origin") == origin, "{answer:?}");
            check!(checks, header(&answer, "access-control-allow-methods") == "POST, GET, DELETE", "{answer:?}");
            let headers = header(&answer, "access-control-allow-headers");
            check!(checks, headers == "content-type, mcp-protocol-version, mcp-session-id", "{answer:?}");
            let post = shop.node.http().post(&url).json(&tools_list()).header("Origin", origin);
            let answer = post.header("Accept", "application/json, text/event-stream").send().await?;
            check!(checks, answer.status() == 200, "{answer:?}");
            check!(checks, header(&answer, "access-control-allow-origin") == origin, "{answer:?}");
            check!(
                checks,
                header(&answer, "access-control-expose-headers") == "mcp-session-id, retry-after, www-authenticate",
                "{answer:?}"
            );
            check!(checks, header(&answer, "vary").contains("origin"), "{answer:?}");
        }
        let foreign = preflight("https://evil.example").send().await?;
        check!(checks, foreign.status() == 403, "{foreign:?}");
        check!(checks, header(&foreign, "access-control-allow-origin").is_empty(), "{foreign:?}");
        let program = shop.node.http().post(&url).json(&tools_list());
        let program = program.header("Accept", "application/json, text/event-stream").send().await?;
        check!(
            checks,
            program.status() == 200 && header(&program, "access-control-allow-origin").is_empty(),
            "{program:?}"
        );
        let no_preflight = shop.node.http().request(Method::OPTIONS, &url).header("Origin", "https://desk.example");
        check!(checks, no_preflight.send().await?.status() == 405, "OPTIONS without a preflight's headers");
    }
    checks.all_hold()
}

/// Requests of one key that may be under way.
const AT_ONCE: usize = 128;
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn one_key_holds_so_many_requests_and_leaves_others_theirs() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    let (asha, ravi) = (shop.key(&["asha", "--role", "viewer"]).await?, shop.key(&["ravi", "--role", "viewer"]).await?);
    let node = shop.open_node(&[]).await?;
    let ask = async |key: &str| node.http().get(format!("{}/version", node.url())).bearer_auth(key).send().await;
    ensure!(ask(&asha).await?.status().is_success() && ask(&ravi).await?.status().is_success(), "both keys serve");
    // Each has sent its head, and takes its time for the body.
    let mut slow = vec![];
    for _ in 0..AT_ONCE {
        let mut connection = connect(&node).await?;
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {asha}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: 50\r\n\r\n{{"
        );
        connection.write_all(head.as_bytes()).await?;
        slow.push(connection);
    }
    let refused = until("one too many", PATIENCE, async || {
        let answer = ask(&asha).await?;
        Ok((!answer.status().is_success()).then_some(answer))
    })
    .await?;
    check!(checks, refused.status() == 429 && header(&refused, "retry-after") == "1", "{refused:?}");
    let told = refused.text().await?;
    check!(checks, told.contains("one key or user may have 128 at once"), "{told}");
    check!(checks, ask(&ravi).await?.status().is_success(), "another's requests are let in");
    drop(slow);
    until("room again", PATIENCE, async || Ok(ask(&asha).await?.status().is_success().then_some(()))).await?;
    checks.all_hold()
}

fn header(answer: &Response, name: &str) -> String {
    let values = answer.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(", ")
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_beyond_the_limit_are_refused() -> Result<()> {
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    for (bytes, too_large) in [(MAX_BODY_BYTES - 10_000, false), (MAX_BODY_BYTES, true), (1024 * 1024, true)] {
        let arguments = json!({ "text": "x".repeat(bytes) });
        let answer = shop.mcp().send("tools/call", json!({ "name": "orders.search", "arguments": arguments })).await?;
        let status = answer.status().as_u16();
        ensure!((status == 413) == too_large, "a text of {bytes} bytes answered {status}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn listening_beyond_this_machine_without_a_key_is_refused() -> Result<()> {
    let shop = Shop::open(SetUp::Sqlite).await?;
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let finished = shop.cli(&["serve", "--listen", address]).await?;
        ensure!(!finished.success, "serving on {address} must be refused");
        ensure!(finished.stderr.contains("orderlog keys create"), "the refusal must say why: {}", finished.stderr);
    }
    Ok(())
}

fn tools_list() -> serde_json::Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} })
}
