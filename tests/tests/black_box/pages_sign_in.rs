//! People sign in to the pages with a key: what leads there, what a session opens, and when it ends.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use orderlog_tests::{
    Browser, Checks, Finished, Node, SetUp, Shop, check, chromium, clients_folder, events, node_js, on_both_engines,
};
use serde_json::{Value, json};

on_both_engines!(
    people_sign_in_with_a_key_and_out_again,
    a_session_opens_what_its_key_opens_and_ends_with_it,
    no_program_is_reached_by_a_session_and_no_other_cookie_is_one
);

/// A session that ended on one node is over on every other within this time; a little more, for a busy machine.
const OVER_WITHIN: Duration = Duration::from_secs(3);
const COOKIE: &str = "orderlog_session";
/// Keys that one address may type at once.
const TRIES: u32 = 10;

async fn shop_with_an_order(shop: &Shop) -> Result<()> {
    shop.stock("TEA", "Tea", "100.00", 50).await?;
    shop.customer("Asha Raghunathan", "asha.r@example.com").await?;
    let order = json!({ "customer": "asha.r@example.com", "lines": [{ "product": "TEA", "quantity": 3 }] });
    shop.mcp().ok("orders.create_order", order).await?;
    Ok(())
}

async fn signed_in(node: &Node, key: &str) -> Result<Browser> {
    let mut browser = Browser::at(&node.url())?;
    browser.open("/sign-in").await?;
    browser.send("/sign-in", &[("key", key)]).await?;
    browser.cookie(COOKIE).with_context(|| format!("not signed in: {}", browser.page))?;
    Ok(browser)
}

/// Waits until what the browser asks for is answered with this status.
async fn soon(browser: &Browser, path: &str, status: u16) -> Result<bool> {
    let began = Instant::now();
    while began.elapsed() < OVER_WITHIN {
        if browser.look(path, &[]).await?.status() == status {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn people_sign_in_with_a_key_and_out_again(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop_with_an_order(&shop).await?;
    let key = shop.key(&["asha", "--role", "staff", "--for", "person"]).await?;
    let (node, other) = (shop.open_node(&[]).await?, shop.open_node(&[]).await?);
    let mut browser = Browser::at(&node.url())?;

    // A visitor with a browser is redirected to the sign-in page, which shows nothing of the shop.
    let status = browser.open("/orders?view=unpaid").await?;
    check!(
        checks,
        status == 200 && browser.place() == "/sign-in?back=%2Forders%3Fview%3Dunpaid",
        "{}",
        browser.place()
    );
    for hidden in ["Asia/Kolkata", "/customers", "/orders\"", "Asha", "<script", "hx-get"] {
        check!(checks, !browser.shows(hidden), "the sign-in page shows {hidden}: {}", browser.page);
    }
    let style = browser.look("/assets/style.css", &[]).await?;
    check!(checks, style.status() == 200, "the sign-in page needs its style: {}", style.status());
    // A program gets its usual answer; a script of an open page also gets the address.
    for path in ["/orders", "/orders.csv", "/live", "/", "/v1/head"] {
        let told = browser.look(path, &[("accept", "application/json")]).await?;
        let asks = told
            .headers()
            .get("www-authenticate")
            .is_some_and(|asks| asks == "Bearer realm=\"orderlog\"" || path == "/v1/head");
        check!(checks, told.status() == 401 && asks && !told.headers().contains_key("hx-redirect"), "{path}: {told:?}");
    }
    let open_page = format!("{}/orders/1001?x=1", node.url());
    let script = [("accept", "text/html"), ("hx-request", "true"), ("hx-current-url", open_page.as_str())];
    let told = browser.look("/go?q=x", &script).await?;
    let way = told.headers().get("hx-redirect").map(|way| way.to_str().unwrap_or_default().to_owned());
    check!(
        checks,
        told.status() == 401 && way.as_deref() == Some("/sign-in?back=%2Forders%2F1001%3Fx%3D1"),
        "{told:?}"
    );

    // A wrong key is refused in words, and is not repeated.
    let (other_key, secret) = (format!("{}AAAA", &key[..key.len() - 4]), &key[key.len() - 43..]);
    for (typed, said) in
        [(other_key.as_str(), "there is no such key"), ("s3cret-s3cret", "no key of Orderlog"), (&key[4..], "no key")]
    {
        let status = browser.send("/sign-in", &[("key", typed)]).await?;
        check!(checks, status == 403 && browser.shows(said), "{typed}: {status} {}", browser.page);
        check!(checks, !browser.shows(typed) && browser.cookie(COOKIE).is_none(), "{typed}: {}", browser.page);
    }
    // Another site cannot sign anybody in: its form has not the token of this browser.
    let forged = [("key".to_owned(), key.clone()), ("form_token".to_owned(), "0".repeat(64))];
    let refused = browser.post("/sign-in", &forged)?.send().await?;
    check!(checks, refused.status() == 403 && !refused.headers().contains_key("set-cookie"), "{refused:?}");

    // The right one leads back to where one came from.
    let status = browser.send("/sign-in", &[("key", &format!(" {key} "))]).await?;
    check!(checks, status == 200 && browser.place() == "/orders?view=unpaid", "{status} {}", browser.place());
    for shown in ["Signed in as", "asha", "(staff)", "orders:write", "Sign out", "#1001"] {
        check!(checks, browser.shows(shown), "no {shown}: {}", browser.page);
    }
    let asked: Vec<String> = browser.history.iter().map(ToString::to_string).collect();
    check!(checks, !asked.iter().any(|address| address.contains("olk_")), "a key stands in an address: {asked:?}");
    let cookie = browser.cookie(COOKIE).context("a session")?.to_owned();
    let payload = cookie.split('.').next().and_then(|text| BASE64.decode(text).ok()).context("what it says")?;
    let payload = String::from_utf8(payload)?;
    check!(checks, payload.contains(&key[4..16]) && !payload.contains(secret), "{payload}");
    check!(checks, !cookie.contains(secret) && !browser.shows(secret), "the secret of the key left the server");

    // Acts are recorded as with the key itself; files and other nodes accept the session too.
    browser.open("/orders/1001").await?;
    browser.send("/orders/1001/ship", &[("units_1", "1")]).await?;
    browser.send("/orders/1001/ship", &[("yes", "1")]).await?;
    let last = events(&shop.node, 0).await?.pop().context("no event")?.json();
    let provenance = &last["provenance"];
    check!(checks, provenance["actor"] == json!({ "user": "asha", "role": "staff" }), "{last}");
    let file = browser.look("/orders.csv", &[]).await?;
    check!(checks, file.status() == 200 && file.text().await?.contains("Asha Raghunathan"), "no file");
    let mut elsewhere = Browser::at(&other.url())?;
    elsewhere.set_cookie(COOKIE, &cookie);
    check!(checks, elsewhere.look("/orders", &[]).await?.status() == 200, "another node knows the session");

    // Signed out: not by another site; and then no copy of the cookie is valid, on any node.
    let forged = browser.post("/sign-out", &[])?.send().await?;
    check!(checks, forged.status() == 403, "a form without the token signed out: {}", forged.status());
    check!(checks, browser.look("/orders", &[]).await?.status() == 200, "a forged form ended the session");
    browser.open("/orders").await?;
    browser.send("/sign-out", &[]).await?;
    check!(checks, browser.place() == "/sign-in" && browser.cookie(COOKIE).is_none(), "{}", browser.place());
    let mut copy = browser.clone();
    copy.set_cookie(COOKIE, &cookie);
    check!(checks, copy.look("/orders", &[]).await?.status() == 401, "a copy of the cookie serves after signing out");
    check!(checks, soon(&elsewhere, "/orders", 401).await?, "... and on another node");
    let again = shop.open_node(&[]).await?;
    let mut restarted = Browser::at(&again.url())?;
    restarted.set_cookie(COOKIE, &cookie);
    check!(checks, restarted.look("/orders", &[]).await?.status() == 401, "... and on a node that starts later");
    // A form that is sent after that is refused, with a message.
    let late = copy.post("/orders/1001/hold", &[])?.send().await?;
    let to = late.headers().get("location").context("where to")?.to_str()?.to_owned();
    check!(checks, late.status() == 303 && to == "/sign-in?lost=1&back=%2Forders%2F1001%2Fhold", "{late:?}");
    browser.open(&to).await?;
    check!(checks, browser.shows("nothing was done"), "{}", browser.page);
    let output = format!("{}{}", node.output(), other.output());
    check!(checks, !output.contains(secret) && !output.contains("s3cret"), "a key stands in the log: {output}");
    checks.all_hold()
}

async fn a_session_opens_what_its_key_opens_and_ends_with_it(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop_with_an_order(&shop).await?;
    let viewer = shop.key(&["screen", "--role", "viewer", "--for", "person"]).await?;
    let auditor = shop.key(&["audit", "--role", "auditor", "--for", "person"]).await?;
    let node = shop.open_node(&[]).await?;
    let (mut viewer, auditor) = (signed_in(&node, &viewer).await?, signed_in(&node, &auditor).await?);
    // Hidden data stays hidden, and acts without the right are refused.
    for path in ["/orders/1001", "/orders", "/orders.csv", "/", "/activity"] {
        let answer = viewer.look(path, &[]).await?;
        let (status, text) = (answer.status(), answer.text().await?);
        check!(
            checks,
            status == 200 && !text.contains("Raghunathan") && !text.contains("asha.r@"),
            "{path}: {status} {text}"
        );
    }
    viewer.open("/customers").await?;
    check!(checks, viewer.shows("customers:read") && !viewer.shows("Raghunathan"), "{}", viewer.page);
    viewer.open("/orders/1001").await?;
    check!(checks, viewer.hidden("/orders/1001/ship").is_err(), "a viewer is offered to ship: {}", viewer.page);
    let before = events(&shop.node, 0).await?.len();
    let token = viewer.hidden("/sign-out")?;
    let fields = [token, vec![("yes".to_owned(), "1".to_owned()), ("units_1".to_owned(), "1".to_owned())]].concat();
    let sent = viewer.post("/orders/1001/ship", &fields)?.send().await?;
    check!(checks, sent.status() == 403, "a viewer ships: {}", sent.status());
    check!(checks, events(&shop.node, 0).await?.len() == before, "a viewer's form recorded something");
    check!(checks, viewer.look("/v1/head", &[]).await?.status() == 403, "a viewer reads the head");
    check!(checks, auditor.look("/v1/head", &[]).await?.status() == 200, "an auditor reads the head");

    // The key is revoked: its session is over, an open page learns this, and its stream ends.
    let mut stream = viewer.look("/live", &[("accept", "text/event-stream")]).await?;
    check!(checks, stream.status() == 200, "no live updates: {}", stream.status());
    shop.cli_without_settings(&["keys", "revoke", "screen"]).await?.expect_success()?;
    let heard = tokio::time::timeout(OVER_WITHIN, async {
        let mut heard = String::new();
        while let Some(chunk) = stream.chunk().await? {
            heard.push_str(&String::from_utf8_lossy(&chunk));
        }
        anyhow::Ok(heard)
    });
    let heard = heard.await.context("the stream of a session that is over stays open")??;
    check!(checks, heard.contains("event: changed\ndata: over"), "{heard}");
    check!(checks, soon(&viewer, "/orders", 401).await?, "a revoked key's session serves");
    // So does that of a program, which sends its key.
    let program = shop.key(&["board", "--role", "viewer"]).await?;
    let listening =
        node.http().get(format!("{}/live", node.url())).header("authorization", format!("Bearer {program}"));
    let mut stream = listening.send().await?;
    check!(checks, stream.status() == 200, "no live updates for a program: {}", stream.status());
    shop.cli_without_settings(&["keys", "revoke", "board"]).await?.expect_success()?;
    let ended = tokio::time::timeout(OVER_WITHIN, async {
        while stream.chunk().await?.is_some() {}
        anyhow::Ok(())
    });
    ended.await.context("the stream of a key that was revoked stays open")??;
    viewer.open("/orders").await?;
    check!(checks, viewer.place().starts_with("/sign-in?back="), "{}", viewer.place());
    check!(checks, auditor.look("/orders", &[]).await?.status() == 200, "another's session ended too");
    checks.all_hold()
}

async fn no_program_is_reached_by_a_session_and_no_other_cookie_is_one(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let key = shop.key(&["owner", "--role", "owner", "--for", "person"]).await?;
    let node = shop.open_node(&[]).await?;
    let browser = signed_in(&node, &key).await?;
    let session = browser.cookie(COOKIE).context("a session")?.to_owned();
    // No cookie opens what is for programs, so that no page of another site gets there through a browser.
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    for path in ["/mcp", "/mcp/dotted", "/mcp/", "/mcp?x=1"] {
        for accept in ["application/json, text/event-stream", "text/html"] {
            let request = node.http().post(format!("{}{path}", node.url())).header("accept", accept);
            let request = request.header("content-type", "application/json").body(call);
            let answer = request.header("cookie", format!("{COOKIE}={session}")).send().await?;
            let asks = answer.headers().contains_key("www-authenticate");
            check!(checks, answer.status() == 401 && asks, "{path} {accept}: {answer:?}");
        }
    }
    let events = browser.look("/v1/events", &[("accept", "text/html")]).await?;
    check!(checks, events.status() == 401, "the log by a session: {}", events.status());
    // A key that is sent counts, and no session beside it.
    let wrong = [("authorization", "Bearer olk_wrong"), ("accept", "text/html")];
    check!(checks, browser.look("/orders", &wrong).await?.status() == 401, "a wrong key beside a session");

    // A cookie that this shop did not sign, or signed for another purpose, is no session.
    let strange = Shop::open(SetUp::Sqlite).await?;
    let theirs = strange.key(&["owner", "--role", "owner", "--for", "person"]).await?;
    let strange_node = strange.open_node(&[]).await?;
    let theirs = signed_in(&strange_node, &theirs).await?.cookie(COOKIE).context("a session")?.to_owned();
    let (text, signature) = session.split_once('.').context("a signature")?;
    let mut payload: Value = serde_json::from_slice(&BASE64.decode(text)?)?;
    payload["until"] = json!(4_000_000_000_i64);
    let longer = format!("{}.{signature}", BASE64.encode(payload.to_string()));
    let form_cookie = browser.cookie("orderlog_form").context("a form's secret")?.to_owned();
    let none = format!("{text}.");
    let cut = &session[..session.len() - 1];
    for (what, cookie) in [
        ("another shop's", theirs.as_str()),
        ("a longer one", &longer),
        ("unsigned", &none),
        ("cut", cut),
        ("text", text),
        ("empty", ""),
        ("a key", &key),
        ("a form's secret", &form_cookie),
    ] {
        let mut thief = Browser::at(&node.url())?;
        thief.set_cookie(COOKIE, cookie);
        check!(checks, thief.look("/orders", &[]).await?.status() == 401, "{what} was taken for a session");
    }
    // Behind HTTPS it has another name, which no neighbour of the host can set.
    let by_https = [("x-forwarded-proto", "https")];
    check!(checks, browser.look("/orders", &by_https).await?.status() == 401, "a cookie of HTTP came by HTTPS");
    let mut secured = browser.clone();
    secured.set_cookie("__Host-orderlog_session", &session);
    check!(checks, secured.look("/orders", &by_https).await?.status() == 200, "the cookie of HTTPS");

    // It ends after twelve hours, whatever the browser keeps.
    for (hours, status) in [(11, 200), (13, 401)] {
        let until = payload_until(&session)?;
        let clock = chrono::DateTime::from_timestamp(until - 12 * 3_600 + hours * 3_600, 0).context("a time")?;
        let later = shop.open_node(&["--clock", &clock.to_rfc3339()]).await?;
        let mut browser = Browser::at(&later.url())?;
        browser.set_cookie(COOKIE, &session);
        let seen = browser.look("/orders", &[]).await?.status();
        check!(checks, seen == status, "after {hours} hours: {seen}");
    }
    // Where no key is needed there is nothing to sign in to.
    let open = Browser::at(&shop.node.url())?;
    check!(checks, open.look("/sign-in", &[]).await?.status() == 404, "a sign-in page on loopback");
    checks.all_hold()
}

fn payload_until(session: &str) -> Result<i64> {
    let payload: Value = serde_json::from_slice(&BASE64.decode(session.split('.').next().unwrap_or_default())?)?;
    payload["until"].as_i64().context("an end")
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_are_slow_to_try_and_nobody_is_led_away() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    let key = shop.key(&["asha", "--role", "owner", "--for", "person"]).await?;
    let node = shop.open_node(&[]).await?;
    let mut browser = Browser::at(&node.url())?;
    browser.open("/sign-in").await?;
    for number in 0..TRIES {
        let status = browser.send("/sign-in", &[("key", "olk_guess")]).await?;
        check!(checks, status == 403, "try {number}: {status}");
    }
    // Neither a wrong key nor the right one is looked at before the time is over.
    for typed in ["olk_guess", &key] {
        let status = browser.send("/sign-in", &[("key", typed)]).await?;
        let wait: u64 = browser.headers.get("retry-after").context("when to come again")?.to_str()?.parse()?;
        check!(checks, status == 429 && (1..=7).contains(&wait), "{status}, {wait} s");
        check!(checks, browser.shows("too many tries") && browser.cookie(COOKIE).is_none(), "{}", browser.page);
    }
    // Others do not wait; and a typed address of the page that follows is always one of this shop.
    for back in ["//evil.example/", "https://evil.example/", "/\\evil.example", "/sign-in"] {
        let mut elsewhere = Browser::from("127.0.0.2".parse()?, &node.url())?;
        elsewhere.open(&format!("/sign-in?back={}", back.replace('/', "%2F").replace('\\', "%5C"))).await?;
        let mut fields = elsewhere.hidden("/sign-in")?;
        check!(checks, fields.contains(&("back".to_owned(), "/".to_owned())), "{back}: {fields:?}");
        fields.retain(|(name, _)| name != "back");
        fields.extend([("back".to_owned(), back.to_owned()), ("key".to_owned(), key.clone())]);
        let answer = elsewhere.post("/sign-in", &fields)?.send().await?;
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap_or_default().to_owned());
        check!(checks, answer.status() == 303 && to.as_deref() == Some("/"), "{back}: {answer:?}");
    }
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_browser_signs_in_and_out() -> Result<()> {
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop_with_an_order(&shop).await?;
    let key = shop.key(&["asha", "--role", "staff", "--for", "person"]).await?;
    let node = shop.open_node(&[]).await?;
    let mut command = Command::new(node_js()?);
    command.arg(clients_folder().join("browser_sign_in.mjs")).arg(node.url()).arg(key).arg(chromium()?);
    let held = Finished::run(command).await?;
    ensure!(held.success, "browser_sign_in.mjs: {}\n{}", held.stdout, held.stderr);
    Ok(())
}
