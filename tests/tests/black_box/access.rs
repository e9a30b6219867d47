//! Keys: who is admitted, what each key may do, what is hidden from each, and how often they may call.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Node, RawAnswer, SetUp, Shop, check, events, on_both_engines, send_raw};
use serde_json::{Value, json};

on_both_engines!(
    beyond_loopback_every_call_needs_a_key,
    a_key_ends_when_it_is_revoked_or_expires,
    rights_open_tools_and_what_lacks_is_named,
    particulars_are_hidden_from_who_may_not_see_them,
    refunds_end_at_the_limit_of_the_key
);

/// A revoked key stops on every node within this time; a little more, for a busy machine.
const REVOKED_WITHIN: Duration = Duration::from_secs(2);
const NAME: &str = "Asha Raghunathan";
const EMAIL: &str = "asha.r@example.com";
const PHONE: &str = "+91 98765 43210";
const ADDRESS: &str = "17 Banyan Street, Pune 411001";
const NOTE: &str = "ring twice, says Asha";

async fn shop_with_an_order(shop: &Shop) -> Result<()> {
    shop.stock("TEA", "Tea", "100.00", 50).await?;
    let person = json!({ "name": NAME, "email": EMAIL, "phone": PHONE, "address": ADDRESS });
    shop.mcp().ok("customers.upsert", person).await?;
    let order = json!({ "customer": EMAIL, "lines": [{ "product": "TEA", "quantity": 3 }], "note": NOTE });
    shop.mcp().ok("orders.create_order", order).await?;
    Ok(())
}

/// `GET path` with these headers, byte by byte.
async fn get(node: &Node, path: &str, headers: &str) -> Result<RawAnswer> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n");
    send_raw(node, request.as_bytes()).await
}

async fn list(node: &Node, headers: &str) -> Result<RawAnswer> {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\r\n{body}",
        body.len()
    );
    send_raw(node, request.as_bytes()).await
}

async fn beyond_loopback_every_call_needs_a_key(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let key = shop.key(&["asha", "--role", "owner"]).await?;
    let node = shop.open_node(&[]).await?;
    let before = events(&shop.node, 0).await?.len();
    for path in ["/healthz", "/readyz"] {
        check!(checks, get(&node, path, "").await?.status == 200, "{path} must be open");
    }
    for path in ["/", "/orders", "/metrics", "/v1/events", "/v1/head", "/version", "/nowhere"] {
        let answer = get(&node, path, "").await?;
        check!(checks, answer.status == 401, "{path}: {answer:?}");
        check!(checks, answer.head.contains("www-authenticate: bearer realm=\"orderlog\""), "{path}: {answer:?}");
        check!(checks, answer.body.contains("orderlog keys create"), "{path}: {answer:?}");
        let with = get(&node, path, &format!("Authorization: Bearer {key}\r\n")).await?;
        check!(checks, with.status != 401 && with.status != 403, "{path} with a key: {with:?}");
    }
    let other = format!("{}{}", &key[..key.len() - 1], if key.ends_with('A') { "Q" } else { "A" });
    for (headers, status, told) in [
        (String::new(), 401, "a key is needed"),
        (format!("Authorization: Bearer {other}\r\n"), 401, "no such key"),
        (format!("Authorization: Bearer {}\r\n", &key[4..]), 401, "no key of Orderlog"),
        (format!("Authorization: Basic {key}\r\n"), 401, "other schemes"),
        (format!("Authorization: {key}\r\n"), 401, "Bearer"),
        (format!("Authorization: Bearer {key}\r\nAuthorization: Bearer {key}\r\n"), 401, "one Authorization"),
        (format!("Authorization: Bearer {key}\r\n"), 200, "orders_get"),
        (format!("authorization: bearer {key}\r\n"), 200, "orders_get"),
    ] {
        let answer = list(&node, &headers).await?;
        check!(checks, answer.status == status && answer.body.contains(told), "{headers}: {answer:?}");
    }
    let asked = get(&node, &format!("/v1/events?key={key}"), "").await?;
    check!(checks, asked.status == 400 && asked.body.contains("never stands in an address"), "{asked:?}");
    // A browser first sends a request without a key, and reads the answer.
    let origin = "Origin: http://localhost:3000\r\n";
    let preflight = format!(
        "OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\n{origin}Access-Control-Request-Method: POST\r\n\
         Access-Control-Request-Headers: authorization\r\nConnection: close\r\n\r\n"
    );
    let told = send_raw(&node, preflight.as_bytes()).await?;
    check!(checks, told.status == 204 && told.head.contains("allow-headers: authorization"), "{told:?}");
    let refused = list(&node, origin).await?;
    check!(checks, refused.status == 401 && refused.head.contains("access-control-allow-origin"), "{refused:?}");
    // No refused call reached the shop, and the node's output contains no key.
    check!(checks, events(&shop.node, 0).await?.len() == before, "a refused call recorded something");
    let secret = &key[key.len() - 43..];
    check!(
        checks,
        !node.output().contains(secret) && node.output().contains("a request was refused"),
        "{}",
        node.output()
    );
    // Where no key is needed, one that is sent must serve all the same.
    check!(checks, list(&shop.node, "").await?.status == 200, "loopback needs no key");
    check!(checks, list(&shop.node, &format!("Authorization: Bearer {other}\r\n")).await?.status == 401, "a wrong key");
    checks.all_hold()
}

async fn a_key_ends_when_it_is_revoked_or_expires(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let key = shop.key(&["asha", "--role", "staff", "--days", "2"]).await?;
    let mut node = shop.open_node(&[]).await?;
    let header = format!("Authorization: Bearer {key}\r\n");
    check!(checks, list(&node, &header).await?.status == 200, "the key must serve");
    let taken = shop.cli_without_settings(&["keys", "create", "asha", "--role", "viewer"]).await?;
    check!(checks, !taken.success && taken.stderr.contains("called `asha` already"), "{}", taken.stderr);
    for (arguments, told) in [
        (&["keys", "create", "x"][..], "--role"),
        (&["keys", "create", "local", "--role", "owner"], "without a key"),
        (&["keys", "create", "x", "--role", "king"], "owner, staff, viewer and auditor"),
        (&["keys", "create", "x", "--right", "orders:all"], "orders:refund"),
        (&["keys", "create", "x", "--role", "staff", "--refunds-up-to", "5.999"], "refunds-up-to"),
        (&["keys", "revoke", "nobody"], "keys list"),
    ] {
        let finished = shop.cli_without_settings(arguments).await?;
        check!(checks, !finished.success && finished.stderr.contains(told), "{arguments:?}: {}", finished.stderr);
    }
    // Two days later, on a node of its own clock.
    let later = shop.open_node(&["--clock", "2099-01-01T00:00:00Z"]).await;
    check!(checks, later.is_err_and(|error| format!("{error:#}").contains("none in force")), "every key has expired");
    shop.cli_without_settings(&["keys", "revoke", "asha"]).await?.expect_success()?;
    let revoked = Instant::now();
    let last = loop {
        let answer = list(&node, &header).await?;
        if answer.status != 200 || revoked.elapsed() > REVOKED_WITHIN {
            break answer;
        }
    };
    check!(checks, last.status == 401 && last.body.contains("revoked"), "{last:?}");
    check!(checks, last.head.contains("error=\"invalid_token\""), "{last:?}");
    node.stop().await?;
    // The stored record: not the secret, but the name and the time of last use.
    let told = shop.cli_without_settings(&["keys", "list", "--json"]).await?.expect_success()?;
    check!(checks, !told.contains(&key[key.len() - 43..]), "{told}");
    let kept: Value = serde_json::from_str(&told)?;
    let asha = &kept["keys"][0];
    check!(checks, asha["name"] == "asha" && asha["state"] == "revoked" && asha["last_used_at"].is_string(), "{kept}");
    check!(checks, asha["created_by"].is_string() && asha["revoked_by"] == asha["created_by"], "{kept}");
    let table = shop.cli_without_settings(&["keys", "list"]).await?.expect_success()?;
    check!(checks, table.contains("asha") && table.contains("revoked"), "{table}");
    // Its name is free again.
    shop.key(&["asha", "--role", "viewer"]).await?;
    checks.all_hold()
}

async fn rights_open_tools_and_what_lacks_is_named(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop_with_an_order(&shop).await?;
    let staff = shop.key(&["asha", "--role", "staff"]).await?;
    let viewer = shop.key(&["screen", "--role", "viewer"]).await?;
    let auditor = shop.key(&["audit", "--role", "auditor"]).await?;
    let node = shop.open_node(&[]).await?;
    let (staff_header, viewer_header) =
        (format!("Authorization: Bearer {staff}\r\n"), format!("Authorization: Bearer {viewer}\r\n"));
    let (staff, viewer, auditor) =
        (node.mcp().with_key(&staff), node.mcp().with_key(&viewer), node.mcp().with_key(&auditor));
    // Lists hold what may be used, and may be kept for this caller alone.
    let listed = viewer.request("tools/list", json!({})).await?;
    check!(checks, listed["cacheScope"] == "private", "{}", listed["cacheScope"]);
    let tools = listed["tools"].as_array().context("no tools")?;
    for tool in tools {
        check!(checks, tool["annotations"]["readOnlyHint"] == true, "a viewer was offered {}", tool["name"]);
    }
    let has =
        |list: &Value, name: &str| list["tools"].as_array().is_some_and(|all| all.iter().any(|t| t["name"] == name));
    check!(checks, has(&listed, "orders_get") && !has(&listed, "customers_search"), "{listed}");
    let offered = staff.request("tools/list", json!({})).await?;
    check!(checks, has(&offered, "orders_ship") && !has(&offered, "orders_refund"), "{offered}");
    // Tools that are not offered are refused, and nothing happens.
    let before = events(&shop.node, 0).await?.len();
    for (mcp, who, tool, arguments, right) in [
        (&viewer, "screen (viewer)", "orders.cancel", json!({ "order_id": 1001, "reason": "x" }), "orders:write"),
        (&viewer, "screen (viewer)", "customers.search", json!({}), "customers:read"),
        (&staff, "asha (staff)", "orders.refund", json!({ "order_id": 1001 }), "orders:refund"),
        (&staff, "asha (staff)", "customers.erase", json!({ "customer": EMAIL }), "customers:erase"),
        (
            &auditor,
            "audit (auditor)",
            "products.upsert",
            json!({ "sku": "X", "name": "X", "price": "1" }),
            "inventory:write",
        ),
    ] {
        let refusal = mcp.refused(tool, arguments).await?;
        check!(checks, refusal.code == "FORBIDDEN", "{tool}: {refusal}");
        check!(checks, refusal.message.contains(right) && refusal.message.contains(who), "{tool}: {refusal}");
        check!(
            checks,
            refusal.hint.as_deref().is_some_and(|hint| hint.contains("orderlog keys create")),
            "{tool}: {refusal}"
        );
    }
    check!(checks, events(&shop.node, 0).await?.len() == before, "a refused call recorded something");
    for (header, path, status) in
        [(&staff_header, "/v1/events", 403), (&viewer_header, "/metrics", 403), (&viewer_header, "/version", 200)]
    {
        let answer = get(&node, path, header).await?;
        check!(checks, answer.status == status, "{path}: {answer:?}");
        let named = answer.head.contains("insufficient_scope") && answer.head.contains("scope=\"audit:read\"");
        check!(checks, named == (status == 403), "{path}: {answer:?}");
    }
    // The log says who it was, whatever the arguments say.
    let shipped =
        json!({ "order_id": 1001, "status": "shipped", "request_text": "I am the owner", "idempotency_key": "k1" });
    staff.ok("orders.update_status", shipped.clone()).await?;
    let last = events(&shop.node, 0).await?.pop().context("no event")?.json();
    check!(checks, last["provenance"]["actor"] == json!({ "user": "asha", "role": "staff" }), "{last}");
    // Another's idempotency key is another key.
    let again = shop.mcp().ok("orders.update_status", shipped).await?;
    check!(checks, again["no_change"] == true, "{again}");
    // The token of a preview is valid only for the user to whom it was shown.
    let other = shop.key(&["ravi", "--role", "staff"]).await?;
    shop.mcp()
        .ok("orders.create_order", json!({ "customer": EMAIL, "lines": [{ "product": "TEA", "quantity": 1 }] }))
        .await?;
    shop.mcp()
        .ok("orders.record_payment", json!({ "order_id": 1002, "amount": "100.00", "method": "upi", "reference": "r" }))
        .await?;
    let mut cancel = json!({ "order_id": 1002, "reason": "asked" });
    cancel["confirm_token"] = staff.asked("orders.cancel", cancel.clone()).await?.into();
    // A key that was made a moment ago works at once; a wrong key is refused as fast.
    let refusal = node.mcp().with_key(&other).refused("orders.cancel", cancel.clone()).await?;
    check!(checks, refusal.code == "CONFIRMATION_REQUIRED", "{refusal}");
    staff.ok("orders.cancel", cancel).await?;
    checks.all_hold()
}

async fn particulars_are_hidden_from_who_may_not_see_them(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop_with_an_order(&shop).await?;
    shop.customer("Asha Rathore", "asha.rathore@example.com").await?;
    // Everything but to see particulars.
    let rights = [
        "orders:read",
        "orders:write",
        "orders:refund",
        "inventory:write",
        "customers:erase",
        "audit:read",
        "notify:write",
        "admin",
    ];
    let mut arguments = vec!["blind"];
    rights.iter().for_each(|right| arguments.extend(["--right", right]));
    let key = shop.key(&arguments).await?;
    let node = shop.open_node(&[]).await?;
    let mcp = node.mcp().with_key(&key);
    let particulars = ["Raghunathan", "asha.r@", "98765", "Banyan", "Pune", "says Asha", "Rathore", "asha.rathore"];
    let mut answers: Vec<(String, String)> = vec![];
    // Each tool in every depth, with arguments that some of them refuse; an error may reveal as much as an answer.
    let listed = mcp.request("tools/list", json!({})).await?;
    let names: Vec<String> = listed["tools"]
        .as_array()
        .context("no tools")?
        .iter()
        .map(|tool| tool["name"].as_str().unwrap_or_default().to_owned())
        .collect();
    ensure!(names.len() > 20, "{names:?}");
    for name in &names {
        for arguments in [
            json!({}),
            json!({ "detail": "full" }),
            json!({ "order_id": 1001, "detail": "full" }),
            json!({ "order_id": 1001, "reason": "x", "dry_run": true, "detail": "full" }),
            json!({ "text": "Asha" }),
            json!({ "customer": "Asha" }),
            json!({ "customer": "Asha R", "detail": "full" }),
            json!({ "date": "today", "group_by": ["customer"] }),
            json!({ "date": "today", "group_by": ["city"] }),
            json!({ "date_range": "today" }),
            json!({ "with": ["lines", "address"] }),
            json!({ "with": ["address"], "detail": "full" }),
            json!({ "text": "Banyan" }),
            json!({ "product": "TEA" }),
            json!({ "email": EMAIL, "phone": "+91 98765 00000", "dry_run": true, "detail": "full" }),
            json!({ "customer": EMAIL, "dry_run": true, "detail": "full" }),
            json!({ "order_ids": [1001], "status": "confirmed", "detail": "full" }),
        ] {
            let result = mcp.request("tools/call", json!({ "name": name, "arguments": arguments })).await?;
            answers.push((format!("{name} {arguments}"), result.to_string()));
        }
    }
    for uri in ["orderlog://orders/1001", "orderlog://orders/1001/history"] {
        answers.push((uri.to_owned(), mcp.request("resources/read", json!({ "uri": uri })).await?.to_string()));
    }
    let header = format!("Authorization: Bearer {key}\r\n");
    for path in ["/v1/events", "/", "/orders", "/orders?view=to_ship", "/orders/1001"] {
        answers.push((path.to_owned(), get(&node, path, &header).await?.body));
    }
    let page = get(&node, "/orders/1001", &header).await?;
    check!(checks, page.status == 200 && page.body.contains("(hidden)"), "{page:?}");
    // Only the text that the caller typed comes back.
    for (asked, told) in &answers {
        let typed = |what: &&&str| asked.contains(**what);
        for seen in particulars.iter().filter(|what| told.contains(**what) && !typed(what)) {
            check!(checks, false, "{asked} told {seen}: {told}");
        }
    }
    let told: String = answers.iter().map(|(_, told)| told.as_str()).collect();
    check!(checks, told.contains("(hidden)"), "nothing says that something is hidden");
    // Somebody who may see them does, and the same questions tell.
    let open = shop.mcp().full("orders.get", json!({ "order_id": 1001 })).await?.to_string();
    check!(
        checks,
        ["Raghunathan", "asha.r@", "98765", "Banyan", "Pune", "says Asha"].iter().all(|what| open.contains(what)),
        "{open}"
    );
    // Whole names are found, parts are not.
    let found = mcp.ok("orders.search", json!({ "customer": NAME })).await?;
    check!(checks, found["total_count"] == 1, "{found}");
    let refusal = mcp.refused("orders.search", json!({ "customer": "Raghu" })).await?;
    check!(checks, refusal.code == "NOT_FOUND", "{refusal}");
    checks.all_hold()
}

async fn refunds_end_at_the_limit_of_the_key(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop_with_an_order(&shop).await?;
    let paid = json!({ "order_id": 1001, "amount": "300.00", "method": "upi", "reference": "r1" });
    shop.mcp().ok("orders.record_payment", paid).await?;
    let key = shop.key(&["till", "--role", "staff", "--refunds-up-to", "120.00"]).await?;
    let node = shop.open_node(&[]).await?;
    let till = node.mcp().with_key(&key);
    let goodwill = |amount: &str| json!({ "order_id": 1001, "kind": "goodwill", "amount": amount });
    let refusal = till.refused("orders.refund", goodwill("120.01")).await?;
    check!(checks, refusal.code == "FORBIDDEN" && refusal.message.contains("₹120"), "{refusal}");
    check!(checks, refusal.confirm_token.is_none(), "{refusal:?}");
    till.confirmed("orders.refund", goodwill("80.00")).await?;
    // It cannot be had in two parts either; and what fits does.
    let refusal = till.refused("orders.refund", goodwill("40.01")).await?;
    check!(checks, refusal.code == "FORBIDDEN" && refusal.message.contains("₹120.01"), "{refusal}");
    let mut dry = goodwill("40.01");
    dry["dry_run"] = true.into();
    check!(checks, till.refused("orders.refund", dry).await?.code == "FORBIDDEN", "a dry run is held to it too");
    till.confirmed("orders.refund", goodwill("40.00")).await?;
    shop.mcp().confirmed("orders.refund", goodwill("1.00")).await?;
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_reads_refuses_everybody() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop_with_an_order(&shop).await?;
    let key = shop.key(&["asha", "--role", "owner"]).await?;
    let node = shop.open_node(&["--read-only"]).await?;
    let owner = node.mcp().with_key(&key);
    let refusal = owner.refused("orders.update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;
    check!(checks, refusal.code == "FORBIDDEN" && refusal.message.contains("--read-only"), "{refusal}");
    let listed = owner.request("tools/list", json!({})).await?;
    let tools = listed["tools"].as_array().context("no tools")?;
    check!(checks, tools.iter().all(|tool| tool["annotations"]["readOnlyHint"] == true), "{listed}");
    check!(checks, owner.ok("orders.get", json!({ "order_id": 1001 })).await.is_ok(), "reading goes on");
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_too_often_waits() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    let (asha, ravi) = (shop.key(&["asha", "--role", "viewer"]).await?, shop.key(&["ravi", "--role", "viewer"]).await?);
    let node = shop.open_node(&["--calls-per-second", "2", "--calls-per-second-in-all", "3"]).await?;
    let called = async |key: &str| list(&node, &format!("Authorization: Bearer {key}\r\n")).await;
    // More at once than a second allows, however slow the machine is: the fifth comes within that second or the next.
    let mut refused = None;
    for _ in 0..200 {
        let answer = called(&asha).await?;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.context("nobody was refused")?;
    check!(checks, refused.head.contains("retry-after: 1"), "{refused:?}");
    check!(checks, refused.body.contains("2 a second (--calls-per-second)"), "{refused:?}");
    let mut in_all = None;
    for _ in 0..200 {
        let answers = [called(&asha).await?, called(&ravi).await?];
        in_all = answers.into_iter().find(|answer| answer.body.contains("--calls-per-second-in-all"));
        if in_all.is_some() {
            break;
        }
    }
    check!(checks, in_all.is_some_and(|answer| answer.status == 429), "all together were never refused");
    check!(checks, get(&node, "/healthz", "").await?.status == 200, "supervisors are not counted");
    checks.all_hold()
}
