//! Acts that a program asks for and a person must agree to (`--confirmed-by-people`): asked, answered on the pages, done once.

use anyhow::{Context as _, Result};
use orderlog_tests::{Browser, Checks, Engine, Fixture, Refusal, SetUp, Shop, check, events, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    a_person_agrees_on_the_pages_and_it_is_done_once,
    a_no_is_told_and_a_change_since_is_asked_anew,
    rights_of_both_count_and_no_program_answers,
    what_waits_ends_with_its_day_and_names_nobody_who_is_forgotten
);

/// A shop in which people agree to all that they can.
pub(crate) struct Guarded(pub(crate) Shop);

impl Fixture for Guarded {
    async fn on(engine: Engine) -> Result<Guarded> {
        let set_up = match engine {
            Engine::Sqlite => SetUp::Sqlite,
            Engine::Postgres => SetUp::PostgresAndNats,
        };
        let acts = ["--confirmed-by-people", "refunds,cancelling,erasing,bulk"];
        Ok(Guarded(Shop::open_with(set_up, &acts).await?))
    }
}

/// Where a person answers a call that was refused, as a path.
pub(crate) fn page_of(refusal: &Refusal, shop: &Shop) -> Result<String> {
    let address = refusal.confirm_at.as_deref().with_context(|| format!("no page: {refusal:?}"))?;
    Ok(address.strip_prefix(&shop.node.url()).with_context(|| format!("{address} is elsewhere"))?.to_owned())
}

/// Every event of these types, as JSON.
async fn recorded(shop: &Shop, types: &[&str]) -> Result<Vec<Value>> {
    let all = events(&shop.node, 0).await?;
    Ok(all.iter().filter(|event| types.contains(&event.event_type().as_str())).map(|event| event.json()).collect())
}

async fn a_person_agrees_on_the_pages_and_it_is_done_once(Guarded(mut shop): Guarded) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(2).await?;
    let cancel = json!({ "order_id": 1001, "reason": "the customer rang" });
    let asked = shop.mcp().refused("orders.cancel", cancel.clone()).await?;
    check!(checks, asked.code == "CONFIRMATION_REQUIRED" && asked.confirm_token.is_none(), "{asked:?}");
    check!(checks, asked.preview["text"].as_str().is_some_and(|text| text.contains("Ann")), "{asked:?}");
    check!(checks, asked.hint.as_deref().is_some_and(|hint| hint.contains("repeat this very call")), "{asked:?}");
    let page = page_of(&asked, &shop)?;
    let again = shop.mcp().refused("orders.cancel", cancel.clone()).await?;
    check!(checks, again.confirm_at == asked.confirm_at, "one call is one question: {again:?}");
    // A host that shows forms to its user is answered no other way: its user is where the model is.
    let forms = shop.mcp().capable_of(json!({ "elicitation": { "form": {} } }));
    let shown = forms.refused("orders.cancel", cancel.clone()).await?;
    check!(checks, shown.confirm_at == asked.confirm_at, "{shown:?}");
    // The token that the log keeps is worth nothing without a person.
    let token = recorded(&shop, &["ConfirmationAsked"]).await?[0]["data"]["confirm_token"].clone();
    let mut with_token = cancel.clone();
    with_token["confirm_token"] = token;
    let refused = shop.mcp().refused("orders.cancel", with_token).await?;
    check!(checks, refused.code == "CONFIRMATION_REQUIRED" && refused.confirm_token.is_none(), "{refused:?}");

    // It survives a restart, and every node shows it.
    shop.node.stop().await?;
    shop.node.start_again().await?;
    let other = shop.another_node().await?;
    let answer = other.get("/confirm").await?.text().await?;
    check!(checks, answer.contains(&page) && answer.contains("orderlog-tests 1"), "{answer}");
    let mut browser = Browser::at(&shop.node.url())?;
    browser.open("/").await?;
    check!(checks, browser.shows("1 act waits for your word"), "{}", browser.page);
    check!(checks, browser.open(&page).await? == 200 && browser.shows("Ann"), "{}", browser.page);
    let foreign = browser.post(&page, &[("yes".to_owned(), "1".to_owned())])?.send().await?;
    check!(checks, foreign.status() == 403, "a form of another site");
    check!(checks, recorded(&shop, &["UnitsCancelled"]).await?.is_empty(), "nothing was done yet");

    check!(checks, browser.send(&page, &[("yes", "1")]).await? == 200, "{}", browser.page);
    check!(checks, browser.shows("cancelled") && browser.shows("agreed to by"), "{}", browser.page);
    check!(checks, !browser.shows("waits for your word"), "{}", browser.page);
    let told = shop.mcp().ok("orders.cancel", cancel.clone()).await?;
    check!(checks, told["order_id"] == 1001 && told["changed"]["status"] == "cancelled", "{told}");
    browser.open(&page).await?;
    check!(checks, browser.send(&page, &[("yes", "1")]).await? == 200, "a second Yes: {}", browser.page);
    let cancelled = recorded(&shop, &["UnitsCancelled"]).await?;
    check!(checks, cancelled.len() == 1, "it acts once: {cancelled:?}");
    let provenance = &cancelled[0]["provenance"];
    check!(
        checks,
        provenance["actor"]["user"] == "local" && provenance["confirmed_by"]["user"] == "local",
        "{provenance}"
    );
    check!(checks, provenance["agent"]["name"] == "orderlog-tests", "the program that asked: {provenance}");

    // A person's act on a page is confirmed by the page's own Yes, and acts that are not guarded need none.
    browser.open("/orders/1002").await?;
    browser.send("/orders/1002/cancel", &[("units_1", "2")]).await?;
    browser.send("/orders/1002/cancel", &[("yes", "1")]).await?;
    let cancelled = recorded(&shop, &["UnitsCancelled", "OrderPlaced"]).await?;
    let agreed: Vec<bool> = cancelled.iter().map(|event| event["provenance"]["confirmed_by"].is_object()).collect();
    check!(checks, agreed == [false, false, true, true], "placing needs no word, cancelling has one: {agreed:?}");
    let activity = shop.mcp().full("shop.activity", json!({})).await?;
    check!(checks, activity["acts"][0]["confirmed_by"] == "local", "{}", activity["acts"]);
    checks.all_hold()
}

async fn a_no_is_told_and_a_change_since_is_asked_anew(Guarded(shop): Guarded) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(2).await?;
    let mcp = shop.mcp();
    let mut browser = Browser::at(&shop.node.url())?;
    let cancel = json!({ "order_id": 1001 });
    let page = page_of(&mcp.refused("orders.cancel", cancel.clone()).await?, &shop)?;
    browser.open(&page).await?;
    browser.send(&page, &[("no", "1")]).await?;
    check!(checks, browser.shows("You said No"), "{}", browser.page);
    let told = mcp.refused("orders.cancel", cancel.clone()).await?;
    check!(checks, told.message.contains("local said No") && told.confirm_at.is_none(), "{told:?}");
    browser.open(&page).await?;
    check!(checks, browser.shows("said No") && !browser.shows("Yes, do it"), "{}", browser.page);
    let mut meant = cancel.clone();
    meant["idempotency_key"] = json!("the user wants it after all");
    let anew = mcp.refused("orders.cancel", meant.clone()).await?;
    let page = page_of(&anew, &shop)?;

    // The order changes between the preview and the Yes: nothing is done, and what would happen now is shown.
    mcp.ok("orders.update_status", json!({ "order_id": 1001, "status": "confirmed" })).await?;
    browser.open(&page).await?;
    check!(checks, browser.send(&page, &[("yes", "1")]).await? == 200, "{}", browser.page);
    check!(checks, browser.shows("It changed since the preview") && browser.shows("Yes, do it"), "{}", browser.page);
    check!(checks, recorded(&shop, &["UnitsCancelled"]).await?.is_empty(), "nothing was done");
    let waiting = mcp.refused("orders.cancel", meant.clone()).await?;
    let second = page_of(&waiting, &shop)?;
    check!(checks, second != page, "a question of its own: {waiting:?}");
    browser.send(&second, &[("yes", "1")]).await?;
    let done = mcp.ok("orders.cancel", meant).await?;
    check!(checks, done["changed"]["status"] == "cancelled", "{done}");

    // An act that is no longer possible is refused before a Yes is recorded, with the reason.
    let page = page_of(&mcp.refused("orders.cancel", json!({ "order_id": 1002 })).await?, &shop)?;
    mcp.ok("orders.update_status", json!({ "order_id": 1002, "status": "shipped" })).await?;
    browser.open(&page).await?;
    check!(checks, browser.send(&page, &[("yes", "1")]).await? == 400, "{}", browser.page);
    let answers = recorded(&shop, &["ConfirmationAnswered"]).await?.len();
    check!(checks, answers == 3, "a No and two Yes: {answers}");

    // A bulk freezes its list, and is one act.
    for _ in 0..2 {
        let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 1 }], "allow_duplicate": true });
        mcp.ok("orders.create_order", order).await?;
    }
    let bulk = json!({ "order_ids": [1003, 1004], "status": "confirmed" });
    let page = page_of(&mcp.refused("orders.bulk_update_status", bulk.clone()).await?, &shop)?;
    browser.open(&page).await?;
    browser.send(&page, &[("yes", "1")]).await?;
    let done = mcp.ok("orders.bulk_update_status", bulk).await?;
    check!(checks, done["changed"] == 2, "{done}");
    let confirmed = recorded(&shop, &["OrderConfirmed"]).await?;
    let agreed = confirmed.iter().filter(|event| event["provenance"]["confirmed_by"]["user"] == "local").count();
    check!(checks, agreed == 2 && confirmed.len() == 4, "both orders of the bulk and no other: {confirmed:?}");
    checks.all_hold()
}

async fn rights_of_both_count_and_no_program_answers(Guarded(shop): Guarded) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(3).await?;
    let mcp = shop.mcp();
    let paid = json!({ "order_id": 1001, "method": "card" });
    mcp.ok("orders.record_payment", paid).await?;
    let bot = shop.key(&["bot", "--role", "staff", "--right", "orders:refund"]).await?;
    let owner = shop.key(&["boss", "--role", "owner"]).await?;
    let node = shop.open_node(&[]).await?;
    let asking = node.mcp().with_key(&bot);
    let refund = json!({ "order_id": 1001, "kind": "goodwill", "amount": "10", "method": "card" });
    let asked = asking.refused("orders.refund", refund.clone()).await?;
    let address = asked.confirm_at.clone().context("a page")?;
    check!(checks, address.starts_with(&node.url()), "as the caller reached it: {address}");
    let path = address.strip_prefix(&node.url()).context("a path")?.to_owned();

    // A program may look, and answers nothing: neither with the key that asked nor with an owner's.
    for key in [&bot, &owner] {
        let client = node.http();
        let bearer = format!("Bearer {key}");
        let page = client.get(&address).header("authorization", &bearer).send().await?;
        let cookie =
            page.headers().get("set-cookie").context("a cookie")?.to_str()?.split(';').next().unwrap_or("").to_owned();
        let page = page.text().await?;
        let token = page.split("name=\"form_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let body = format!("form_token={}&yes=1", token.context("a token")?);
        let request = client.post(&address).header("authorization", &bearer).header("cookie", cookie);
        let answer = request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await?;
        let (status, page) = (answer.status(), answer.text().await?);
        check!(checks, status == 403 && page.contains("A program cannot answer this"), "{status} {page}");
    }
    check!(checks, recorded(&shop, &["PaymentRefunded"]).await?.is_empty(), "no money went back");

    // The pages act for a program no more than tools do.
    let mut browser = Browser::at(&shop.node.url())?;
    check!(checks, browser.open(&path).await? == 200 && browser.shows("<bdi>bot</bdi> (staff)"), "{}", browser.page);
    shop.cli_without_settings(&["keys", "revoke", "bot"]).await?.expect_success()?;
    check!(checks, browser.send(&path, &[("yes", "1")]).await? == 403, "{}", browser.page);
    check!(checks, browser.shows("no longer in force"), "{}", browser.page);
    check!(checks, recorded(&shop, &["PaymentRefunded", "ConfirmationAnswered"]).await?.is_empty(), "nothing was done");
    // A new key of the same name may be somebody else's: the old question is not its own, and its call is another one.
    let bot = shop.key(&["bot", "--role", "staff", "--right", "orders:refund"]).await?;
    browser.open(&path).await?;
    check!(checks, browser.send(&path, &[("yes", "1")]).await? == 403, "{}", browser.page);
    check!(checks, recorded(&shop, &["PaymentRefunded", "ConfirmationAnswered"]).await?.is_empty(), "done for another");
    let asked = node.mcp().with_key(&bot).refused("orders.refund", refund.clone()).await?;
    let address = asked.confirm_at.context("a page")?;
    let path =
        address.strip_prefix(&node.url()).filter(|own| *own != path).context("a question of its own")?.to_owned();
    browser.open(&path).await?;
    check!(checks, browser.send(&path, &[("yes", "1")]).await? == 200, "{}", browser.page);
    let refunded = recorded(&shop, &["PaymentRefunded"]).await?;
    check!(checks, refunded.len() == 1, "{refunded:?}");
    let provenance = &refunded[0]["provenance"];
    check!(checks, provenance["actor"] == json!({ "user": "bot", "role": "staff" }), "who asked: {provenance}");
    check!(checks, provenance["confirmed_by"]["user"] == "local", "who agreed: {provenance}");
    let told = node.mcp().with_key(&bot).ok("orders.refund", refund).await?;
    check!(checks, told["order_id"] == 1001, "{told}");
    // A sentence of a script waits too; so does a program that starts the shop itself, without the setting: the log has it.
    let said = shop.cli_without_settings(&["ask", "--yes", "cancel order 1002"]).await?;
    check!(checks, said.stdout.contains("A person must agree"), "{} {}", said.stdout, said.stderr);
    let weaker = shop.cli_without_settings(&["ask", "--confirmed-by-people", "none", "cancel order 1002"]).await?;
    check!(checks, weaker.stderr.contains("orderlog settings set confirmed-by-people=none"), "{}", weaker.stderr);
    checks.all_hold()
}

async fn what_waits_ends_with_its_day_and_names_nobody_who_is_forgotten(Guarded(mut shop): Guarded) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(2).await?;
    let cancel = json!({ "order_id": 1001 });
    let page = page_of(&shop.mcp().refused("orders.cancel", cancel.clone()).await?, &shop)?;
    let erase = json!({ "customer": "ann@example.com" });
    let forget = page_of(&shop.mcp().refused("customers.erase", erase.clone()).await?, &shop)?;
    let mut browser = Browser::at(&shop.node.url())?;
    browser.open(&forget).await?;
    check!(checks, browser.send(&forget, &[("yes", "1")]).await? == 200, "{}", browser.page);
    let told = shop.mcp().ok("customers.erase", erase).await?;
    check!(checks, told["text"].as_str().is_some(), "{told}");
    browser.open(&page).await?;
    check!(checks, !browser.shows("Ann") && !browser.shows("ann@example.com"), "{}", browser.page);
    let log = events(&shop.node, 0).await?;
    let plain = log.iter().filter(|event| event.event.get().contains("ann@example.com")).count();
    check!(checks, plain == 0 && !log.is_empty(), "the log names nobody");
    let last = log.last().context("an event")?.json()["provenance"]["recorded_at"].as_str().context("when")?.to_owned();
    let tomorrow = chrono::DateTime::parse_from_rfc3339(&last)? + chrono::TimeDelta::hours(25);
    shop.node.restart_at(&tomorrow.to_rfc3339()).await?;
    check!(checks, browser.open(&page).await? == 404, "{}", browser.page);
    let anew = page_of(&shop.mcp().refused("orders.cancel", cancel).await?, &shop)?;
    check!(checks, anew != page && browser.open(&anew).await? == 200, "it is asked anew: {}", browser.page);
    checks.all_hold()
}
