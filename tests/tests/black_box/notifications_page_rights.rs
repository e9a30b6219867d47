//! What the page for notifications shows to each user: a user without the right finds no form for an act, and is
//! refused.

use anyhow::{Context as _, Result};
use orderlog_tests::{Browser, Checks, Node, Reply, check, on_both_engines};
use serde_json::json;

use crate::notifications_page::{PAGE, Told};

on_both_engines!(who_may_not_finds_no_form_and_is_refused);

/// Names and values.
type Typed<'a> = &'a [(&'a str, &'a str)];

async fn signed_in(node: &Node, key: &str) -> Result<Browser> {
    let mut browser = Browser::at(&node.url())?;
    browser.open("/sign-in").await?;
    browser.send("/sign-in", &[("key", key)]).await?;
    browser.open(PAGE).await?;
    Ok(browser)
}

async fn who_may_not_finds_no_form_and_is_refused(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    let Told { shop, endpoint, .. } = &told;
    let mcp = shop.mcp();
    let named = json!({ "target": "books", "when": ["shipped"], "customer": "asha@example.com", "grace": 0 });
    mcp.ok("notifications.subscribe", named).await?;
    mcp.ok("notifications.subscribe", json!({ "target": "john", "when": ["verify_failed"] })).await?;
    endpoint.will_reply(&[Reply::Status(410)]);
    let order = told.order().await?;
    told.ship(order).await?;
    told.comes("it to be given up", |list| list["given_up"] == 1).await?;
    let mut keys = vec![];
    for role in ["viewer", "staff", "owner"] {
        keys.push(shop.key(&[role, "--role", role, "--for", "person"]).await?);
    }
    let node = shop.open_node(&[]).await?;
    let [mut viewer, mut staff, owner] =
        [signed_in(&node, &keys[0]).await?, signed_in(&node, &keys[1]).await?, signed_in(&node, &keys[2]).await?];

    // The owner sees all of it; staff see no act of an administrator; a viewer sees no act, no message and no names.
    let acts = ["new", "end", "replay", "enable", "test"].map(|act| format!("method=\"post\" action=\"{PAGE}/{act}\""));
    for (who, browser, may) in [
        ("viewer", &viewer, [false; 5]),
        ("staff", &staff, [true, true, false, false, false]),
        ("owner", &owner, [true; 5]),
    ] {
        for (act, may) in acts.iter().zip(may) {
            check!(checks, browser.shows(act) == may, "{who}, {act}: {}", browser.page);
        }
        check!(checks, browser.shows("when a check of the log finds a fault"), "{who}: {}", browser.page);
        check!(checks, !browser.shows("s3cret"), "{who} sees an address: {}", browser.page);
        check!(checks, browser.shows("Asha Rao") == (who != "viewer"), "{who}: {}", browser.page);
        let reason = "the target wants no more messages (410)";
        check!(checks, browser.shows(reason) == (who != "viewer"), "{who}: {}", browser.page);
    }
    check!(checks, viewer.shows("1 were given up") || viewer.shows("1 was given up"), "{}", viewer.page);
    let ends = |browser: &Browser| browser.page.matches(&acts[1]).count();
    check!(checks, (ends(&staff), ends(&owner)) == (1, 2), "the rule about the system is the owner's to end");
    check!(checks, !staff.shows("value=\"verify_failed\"") && owner.shows("value=\"verify_failed\""), "{}", staff.page);

    // A form that they were never given is refused, with or without Yes.
    let before = (told.list().await?, endpoint.received().len());
    let message = owner.hidden(&format!("{PAGE}/replay"))?;
    let message = message.iter().find(|(name, _)| name == "message").context("a message")?.1.clone();
    let new = [("kind", "orders"), ("target", "john"), ("when", "shipped")];
    let of_system = [("kind", "shop"), ("target", "john"), ("when", "relay_stopped")];
    let replay = [("message", message.as_str())];
    let forms: [(bool, &str, Typed<'_>); 9] = [
        (false, "new", &new),
        (false, "end", &[("rule_id", "1")]),
        (true, "new", &of_system),
        (true, "end", &[("rule_id", "2")]),
        (true, "replay", &replay),
        (true, "replay", &[("all", "1")]),
        (true, "enable", &[("target", "books")]),
        (true, "test", &[("target", "john")]),
        (false, "../orders/1001/tell", &[("target", "john"), ("when", "delivered")]),
    ];
    for (of_staff, path, typed) in forms {
        for browser in std::iter::once(&mut viewer).chain(of_staff.then_some(&mut staff)) {
            let token = browser.hidden("/sign-out")?.into_iter().filter(|(name, _)| name == "form_token");
            for said in [vec![], vec![("yes", "1"), ("once", "a")]] {
                let sent = typed.iter().copied().chain(said).map(|(name, value)| (name.to_owned(), value.to_owned()));
                let fields: Vec<(String, String)> = token.clone().chain(sent).collect();
                let answer = browser.post(&format!("{PAGE}/{path}"), &fields)?.send().await?;
                check!(checks, answer.status() == 403, "{path} {typed:?} was answered {}", answer.status());
            }
        }
    }
    let after = (told.list().await?, endpoint.received().len());
    check!(checks, before.0["rules"] == after.0["rules"] && before.1 == after.1, "{before:?} {after:?}");
    check!(checks, after.0["given_up"] == 1 && after.0["targets"] == before.0["targets"], "{after:?}");
    for (browser, may) in [(&mut viewer, false), (&mut staff, true)] {
        browser.open(&format!("/orders/{order}")).await?;
        check!(checks, browser.shows("/tell\"") == may, "{}", browser.page);
    }

    // A server that only reads offers nothing to anybody.
    let reads = shop.open_node(&["--read-only"]).await?;
    let mut owner = signed_in(&reads, &keys[2]).await?;
    check!(checks, !acts.iter().any(|act| owner.shows(act)), "{}", owner.page);
    let token = owner.hidden("/sign-out")?.into_iter().filter(|(name, _)| name == "form_token").collect::<Vec<_>>();
    for (path, field) in [("enable", ("target", "books")), ("test", ("target", "john")), ("end", ("rule_id", "1"))] {
        let typed = [field, ("yes", "1")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let status = owner.submit(&format!("{PAGE}/{path}"), &[token.clone(), typed.to_vec()].concat()).await?;
        check!(checks, status == 403, "{path}: {status} {}", owner.page);
    }
    checks.all_hold()
}
