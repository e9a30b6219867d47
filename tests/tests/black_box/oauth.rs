//! Signing in: which access tokens are taken, what their scopes open, and that a refused one reaches no handler.

use std::{
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, ensure};
use orderlog_tests::{
    Checks, Finished, Issuer, Node, OidcProvider, RawAnswer, Shop, TokenKey, check, clients_folder, events, node_js,
    on_both_engines, python, send_raw, until,
};
use serde_json::{Value, json};

on_both_engines!(
    wrong_tokens_are_refused_and_reach_no_handler,
    keys_that_are_missing_are_read_again_and_not_too_often,
    scopes_open_tools_and_what_lacks_is_named,
    a_real_provider_signs_users_in
);

const RESOURCE: &str = "https://shop.example/mcp";
const METADATA: &str = "https://shop.example/.well-known/oauth-protected-resource/mcp";
/// Keys are read again at most this often.
const READ_AT_MOST_EVERY: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(60);

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "tokens of the test are valid by the machine's clock, as the server's is"
    )]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or_default()
}

/// A node that takes tokens of this provider for this resource.
pub(crate) async fn node(shop: &Shop, issuer: &str, resource: &str, further: &[&str]) -> Result<Node> {
    shop.open_node(&[&["--oauth-issuer", issuer, "--oauth-resource", resource], further].concat()).await
}

fn claims(issuer: &Issuer, scopes: &str) -> Value {
    json!({ "iss": issuer.url(), "sub": "u-17", "aud": RESOURCE, "exp": now() + 300, "scope": scopes })
}

/// The same claims with one of them changed; null removes it.
fn but(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    match value {
        Value::Null => _ = claims.as_object_mut().map(|claims| claims.remove(name)),
        value => claims[name] = value,
    }
    claims
}

async fn get(node: &Node, path: &str, headers: &str) -> Result<RawAnswer> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n");
    send_raw(node, request.as_bytes()).await
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Calls a tool with these headers, byte by byte.
async fn call(node: &Node, headers: &str, tool: &str, arguments: Value) -> Result<RawAnswer> {
    let params = json!({ "name": tool, "arguments": arguments });
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params }).to_string();
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\r\n{body}",
        body.len()
    );
    send_raw(node, request.as_bytes()).await
}

fn tea() -> Value {
    json!({ "sku": "TEA", "name": "Tea", "price": "100.00" })
}

async fn wrong_tokens_are_refused_and_reach_no_handler(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let (key, unpublished) = (TokenKey::fresh("a")?, TokenKey::fresh("b")?);
    let same_id = TokenKey::fresh("a")?;
    let issuer = Issuer::start(&[&key]).await?;
    let node = node(&shop, issuer.url(), RESOURCE, &[]).await?;
    let before = events(&shop.node, 0).await?.len();
    let good = claims(&issuer, "inventory:write orders:read openid");
    let whole = key.token(&good)?;
    let at_jwt = |extra: Value| {
        let mut header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "a" });
        extra.as_object().into_iter().flatten().for_each(|(name, value)| header[name] = value.clone());
        header
    };
    let mut wrong = vec![
        ("another audience", key.token(&but(&good, "aud", json!("https://other.example/mcp")))?),
        ("another audience", key.token(&but(&good, "aud", json!(format!("{RESOURCE}/"))))?),
        ("lacks iss, sub, aud or exp", key.token(&but(&good, "aud", Value::Null))?),
        ("another issuer", key.token(&but(&good, "iss", json!("https://other.example")))?),
        ("lacks iss, sub, aud or exp", key.token(&but(&good, "iss", Value::Null))?),
        ("expired", key.token(&but(&good, "exp", json!(now() - 100)))?),
        ("lacks iss, sub, aud or exp", key.token(&but(&good, "exp", Value::Null))?),
        ("not valid yet", key.token(&but(&good, "nbf", json!(now() + 200)))?),
        ("lacks iss, sub, aud or exp", key.token(&but(&good, "sub", Value::Null))?),
        ("bound to a key", key.token(&but(&good, "cnf", json!({ "jkt": "x" })))?),
        ("no JWT", key.unsigned("none", &good)),
        ("no JWT", key.unsigned("None", &good)),
        ("signature is wrong", key.unsigned("ES256", &good)),
        ("not allowed", key.confused(&good)),
        ("no key that the issuer publishes", key.sign(&at_jwt(json!({ "alg": "RS256" })), &good)?),
        ("no access token", key.sign(&at_jwt(json!({ "typ": "logout+jwt" })), &good)?),
        ("cannot be read", key.sign(&at_jwt(json!({ "crit": ["exp"] })), &good)?),
        ("no key that the issuer publishes", unpublished.token(&good)?),
        ("signature is wrong", same_id.token(&good)?),
        ("no JWT", "opaque".to_owned()),
        ("no JWT", "a.b.c".to_owned()),
    ];
    let (head, signature) = whole.rsplit_once('.').unwrap_or_default();
    let (header, _) = head.split_once('.').unwrap_or_default();
    let other = key.token(&but(&good, "sub", json!("owner")))?;
    let swapped = other.split('.').nth(1).unwrap_or_default();
    wrong.push(("signature is wrong", format!("{header}.{swapped}.{signature}")));
    for (told, token) in &wrong {
        let answer = call(&node, &bearer(token), "products.upsert", tea()).await?;
        check!(checks, answer.status == 401 && answer.body.contains(told), "{told}: {answer:?}");
        let challenge = format!(
            "www-authenticate: bearer realm=\"orderlog\", error=\"invalid_token\", resource_metadata=\"{METADATA}\", \
             scope=\"orders:read orders:write inventory:write customers:read notify:write\""
        );
        check!(checks, answer.head.contains(&challenge), "{told}: {answer:?}");
    }
    let asked = get(&node, &format!("/version?access_token={whole}"), "").await?;
    check!(checks, asked.status == 400, "a token in an address: {asked:?}");
    let two = format!("{}{}", bearer(&whole), bearer(&whole));
    check!(checks, call(&node, &two, "products.upsert", tea()).await?.status == 401, "two tokens");
    let none = call(&node, "", "products.upsert", tea()).await?;
    check!(
        checks,
        none.status == 401 && none.head.contains(METADATA) && !none.head.contains("error="),
        "no token: {none:?}"
    );
    check!(checks, events(&shop.node, 0).await?.len() == before, "a refused token changed something");
    // The same call with a valid token.
    let answer = call(&node, &bearer(&whole), "products.upsert", tea()).await?;
    check!(checks, answer.status == 200 && answer.body.contains("Tea"), "{answer:?}");
    let written = events(&shop.node, 0).await?;
    check!(checks, written.len() > before, "a good token changed nothing");
    let last = written.last().map(|event| event.json()["provenance"]["actor"].clone()).unwrap_or_default();
    let user = format!("u-17@{}", issuer.url());
    check!(checks, last["user"] == user && last["role"] == "custom", "{last}");
    // The log contains the refusals, and no token.
    let output = node.output();
    check!(checks, output.contains("a request was refused"), "{output}");
    for (_, token) in wrong.iter().filter(|(_, token)| token.len() > 20) {
        let secret = token.rsplit('.').find(|part| !part.is_empty()).unwrap_or_default();
        check!(checks, !output.contains(secret), "{secret} stands in {output}");
    }
    checks.all_hold()
}

async fn keys_that_are_missing_are_read_again_and_not_too_often(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let (first, second, never) = (TokenKey::fresh("1")?, TokenKey::fresh("2")?, TokenKey::fresh("3")?);
    let issuer = Issuer::start(&[&first]).await?;
    issuer.is_away(true);
    let api_key = shop.key(&["asha", "--role", "viewer"]).await?;
    let node = node(&shop, issuer.url(), RESOURCE, &[]).await?;
    let good = claims(&issuer, "viewer");
    let status = async |token: &str| anyhow::Ok(get(&node, "/version", &bearer(token)).await?.status);
    // The provider is away: it cannot be found out whether the token is good. Keys still work.
    let away = get(&node, "/version", &bearer(&first.token(&good)?)).await?;
    check!(checks, away.status == 503 && away.head.contains("retry-after: "), "{away:?}");
    check!(checks, status(&api_key).await? == 200, "keys need no provider");
    issuer.is_away(false);
    let token = first.token(&good)?;
    let taken = async || Ok((status(&token).await? == 200).then_some(()));
    until("the provider's keys to be read", DEADLINE, taken).await?;
    // It signs with another key from now on, and one that it withdrew is not taken any more.
    issuer.publish(&[&second]);
    let token = second.token(&good)?;
    let taken = async || Ok((status(&token).await? == 200).then_some(()));
    until("the new key to be read", DEADLINE, taken).await?;
    check!(checks, status(&first.token(&good)?).await? == 401, "a withdrawn key");
    // Anybody can send a token with a key that is nowhere: that must not become a flood at the provider.
    let (before, began) = (issuer.asked(), Instant::now());
    for _ in 0..200 {
        check!(checks, status(&never.token(&good)?).await? == 401, "a key that nobody published");
    }
    let (asked, most) = (issuer.asked() - before, 2 + began.elapsed().as_secs() / READ_AT_MOST_EVERY.as_secs());
    check!(checks, asked as u64 <= most, "it was asked {asked} times for {most}");
    // While it is away, those keys hold that were read.
    issuer.is_away(true);
    check!(checks, status(&second.token(&good)?).await? == 200, "a key that was read");
    // Keys of another issuer are not accepted, at any address.
    issuer.is_away(false);
    issuer.calls_itself("https://other.example");
    issuer.publish(&[&never]);
    let token = never.token(&good)?;
    let refused = async || Ok((status(&token).await? == 503).then_some(()));
    until("the provider to be another one", DEADLINE, refused).await?;
    check!(checks, status(&second.token(&good)?).await? == 200, "a key that was read before");
    check!(checks, node.output().contains("is of another issuer"), "{}", node.output());
    checks.all_hold()
}

async fn scopes_open_tools_and_what_lacks_is_named(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let key = TokenKey::fresh("1")?;
    let issuer = Issuer::start(&[&key]).await?;
    let node = node(&shop, issuer.url(), RESOURCE, &["--oauth-scopes", "staff", "--calls-per-second", "0"]).await?;
    let with = |scopes: &str| anyhow::Ok(bearer(&key.token(&claims(&issuer, scopes))?));
    // The answer to clients, and at which paths.
    for path in ["/mcp", ""] {
        let metadata = get(&node, &format!("/.well-known/oauth-protected-resource{path}"), "").await?;
        let json = metadata.json()?;
        check!(checks, metadata.status == 200 && json["resource"] == RESOURCE, "{metadata:?}");
        check!(checks, json["authorization_servers"] == json!([issuer.url()]), "{json}");
        check!(checks, json["bearer_methods_supported"] == json!(["header"]), "{json}");
        check!(checks, json["scopes_supported"] == json!(["staff"]), "{json}");
    }
    let elsewhere = get(&node, "/.well-known/oauth-protected-resource/other", "").await?;
    check!(checks, elsewhere.status == 401, "{elsewhere:?}");
    let page = get(&node, "/.well-known/oauth-protected-resource/mcp", "Origin: http://localhost:3000\r\n").await?;
    check!(checks, page.head.contains("access-control-allow-origin: http://localhost:3000"), "{page:?}");
    // A tool that needs more names all that is needed, and nothing happens.
    let before = events(&shop.node, 0).await?.len();
    for (scopes, tool, arguments, needed) in [
        ("orders:read", "products.upsert", tea(), "orders:read inventory:write"),
        ("viewer openid", "products_upsert", tea(), "viewer inventory:write"),
        ("staff", "orders.refund", json!({ "order_id": 1 }), "staff orders:refund"),
        ("staff", "customers.erase", json!({ "customer": "x" }), "staff customers:erase"),
    ] {
        let answer = call(&node, &with(scopes)?, tool, arguments).await?;
        let challenge = format!("error=\"insufficient_scope\", resource_metadata=\"{METADATA}\", scope=\"{needed}\"");
        check!(checks, answer.status == 403 && answer.head.contains(&challenge), "{scopes} {tool}: {answer:?}");
        check!(checks, answer.json()?["id"] == 7, "{answer:?}");
    }
    let reads = get(&node, "/v1/head", &with("viewer")?).await?;
    check!(checks, reads.status == 403 && reads.head.contains("scope=\"viewer audit:read\""), "{reads:?}");
    let asked = get(&node, "/v1/head", "").await?;
    check!(checks, asked.status == 401 && asked.head.contains("scope=\"staff audit:read\""), "{asked:?}");
    for nothing in ["", "openid profile", "orders", "ORDERS:READ"] {
        let answer = call(&node, &with(nothing)?, "orders.get_pending", json!({})).await?;
        let told = answer.head.contains("error=\"insufficient_scope\"") && answer.head.contains("scope=\"staff\"");
        check!(checks, answer.status == 403 && told, "{nothing}: {answer:?}");
    }
    check!(checks, events(&shop.node, 0).await?.len() == before, "what lacked a scope changed something");
    // Bundles and `admin` cover what is below them.
    for (scopes, tool, arguments, role) in [
        ("staff", "products.upsert", tea(), "staff"),
        ("admin", "products.upsert", json!({ "sku": "MUG", "name": "Mug", "price": "1.00" }), "owner"),
        ("owner", "products.upsert", json!({ "sku": "PEN", "name": "Pen", "price": "1.00" }), "owner"),
    ] {
        let answer = call(&node, &with(scopes)?, tool, arguments).await?;
        check!(checks, answer.status == 200, "{scopes} {tool}: {answer:?}");
        let last = events(&shop.node, 0).await?.pop().map(|event| event.json()).unwrap_or_default();
        check!(checks, last["provenance"]["actor"]["role"] == role, "{scopes}: {last}");
    }
    check!(checks, get(&node, "/v1/head", &with("admin")?).await?.status == 200, "admin covers audit:read");
    // Keys work beside tokens, and the tool's answer names missing rights: a holder of a key cannot sign in for more.
    let viewer = shop.key(&["screen", "--role", "viewer"]).await?;
    let seen = async || Ok((get(&node, "/version", &bearer(&viewer)).await?.status == 200).then_some(()));
    until("the key to be known", DEADLINE, seen).await?;
    let refused = call(&node, &bearer(&viewer), "products.upsert", tea()).await?;
    check!(checks, refused.status == 200 && refused.body.contains("FORBIDDEN"), "{refused:?}");
    checks.all_hold()
}

async fn a_real_provider_signs_users_in(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("TEA", "Tea", "100.00", 5).await?;
    let provider = OidcProvider::start().await?;
    let node =
        shop.open_node(&["--oauth-issuer", &provider.url(), "--oauth-resource", "http://127.0.0.1:{port}/mcp"]).await?;
    let resource = format!("{}/mcp", node.url());
    // A program signs in for itself.
    let dearer = json!({ "sku": "TEA", "name": "Tea", "price": "103.00" });
    let token = provider.token(Some(&resource), "orders:read inventory:write").await?;
    let answer = call(&node, &bearer(&token), "products.upsert", dearer).await?;
    check!(checks, answer.status == 200, "{answer:?}");
    // A token for another resource, and one for none, are not for this server.
    for (resource, told) in [(Some("https://other.example/mcp"), "another audience"), (None, "no JWT")] {
        let token = provider.token(resource, "orders:read").await?;
        let answer = call(&node, &bearer(&token), "orders.get_pending", json!({})).await?;
        check!(checks, answer.status == 401 && answer.body.contains(told), "{resource:?}: {answer:?}");
    }
    // Hosts sign their user in, and ask for one scope more when a tool needs it.
    for (interpreter, script) in [(python()?, "sign_in.py"), (node_js()?, "sign_in.mjs")] {
        let mut command = Command::new(interpreter);
        command.arg(clients_folder().join(script)).args([&resource, "TEA"]);
        let held = Finished::run(command).await?;
        ensure!(held.success, "{script}: {}\n{}\n{}", held.stdout, held.stderr, node.output());
        let told: Value = serde_json::from_str(&held.stdout)?;
        check!(checks, told["changed"] == true && told["refund"] == "NOT_FOUND", "{script}: {told}");
        let has = |tool: &str| told["listed"].as_array().is_some_and(|all| all.iter().any(|name| name == tool));
        check!(checks, has("orders_create_order") && !has("orders_refund"), "{script}: {told}");
        let refunds = |when: &str| told[when].as_str().is_some_and(|scopes| scopes.contains("orders:refund"));
        check!(checks, !refunds("first") && refunds("then"), "{script}: {told}");
        check!(checks, told["resources"] == json!([[resource], [resource]]), "{script}: {told}");
    }
    let users: Vec<String> = events(&shop.node, 0)
        .await?
        .iter()
        .filter_map(|event| event.json()["provenance"]["actor"]["user"].as_str().map(str::to_owned))
        .collect();
    for subject in ["program", "asha"] {
        let user = format!("{subject}@{}", provider.url());
        check!(checks, users.contains(&user), "{user} is not among {users:?}");
    }
    checks.all_hold()
}
