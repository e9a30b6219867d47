//! The page for notifications, as a browser without a script uses it: rules are made and ended, and messages that were given
//! up are tried again.

use std::time::Duration;

use anyhow::{Context as _, Result};
use orderlog_testkit::Fixture;
use orderlog_tests::{Browser, Checks, Endpoint, Engine, Received, Reply, SetUp, Shop, check, on_both_engines, until};
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The waits between tries are divided by it.
const PACE: &str = "1000";
const PATIENCE: Duration = Duration::from_secs(30);
pub(super) const PAGE: &str = "/notifications";

on_both_engines!(
    rules_are_made_and_ended_by_page,
    john_is_told_by_the_page_of_his_order,
    what_was_given_up_is_tried_again_by_page,
);

/// A shop whose targets lead to an endpoint.
pub(super) struct Told {
    pub(super) shop: Shop,
    pub(super) endpoint: Endpoint,
    _folder: TempDir,
}

impl Fixture for Told {
    async fn on(engine: Engine) -> Result<Told> {
        let (endpoint, folder) = (Endpoint::start().await?, tempfile::tempdir()?);
        let file = folder.path().join("targets.toml");
        let (slack, books) = (endpoint.url("/slack-s3cret"), endpoint.url("/books?key=s3cret"));
        let text = format!(
            "[targets.john]\nkind = \"slack\"\nurl = \"{slack}\"\nprivate = true\n\
             [targets.books]\nkind = \"webhook\"\nurl = \"{books}\"\nsecrets = [\"{SECRET}\"]\nprivate = true\n"
        );
        std::fs::write(&file, text)?;
        let set_up = match engine {
            Engine::Sqlite => SetUp::Sqlite,
            Engine::Postgres => SetUp::PostgresAndNats,
        };
        let path = file.to_str().context("a path")?;
        let shop = Shop::open_with(set_up, &["--notify-targets-file", path, "--notify-pace", PACE]).await?;
        shop.customer("Asha Rao", "asha@example.com").await?;
        shop.stock("PEN", "Fountain pen", "10.00", 50).await?;
        Ok(Told { shop, endpoint, _folder: folder })
    }
}

impl Told {
    pub(super) async fn order(&self) -> Result<i64> {
        let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 2 }],
            "allow_duplicate": true });
        let placed = self.shop.mcp().ok("orders.create_order", order).await?;
        placed["order_id"].as_i64().context("an order id")
    }

    pub(super) async fn ship(&self, order: i64) -> Result<()> {
        self.shop.mcp().ok("orders.update_status", json!({ "order_id": order, "status": "shipped" })).await?;
        Ok(())
    }

    pub(super) async fn list(&self) -> Result<Value> {
        self.shop.mcp().full("notifications.list", json!({})).await
    }

    /// Waits until the list of rules says so.
    pub(super) async fn comes(&self, what: &str, so: impl Fn(&Value) -> bool) -> Result<Value> {
        until(what, PATIENCE, async || Ok(Some(self.list().await?).filter(&so)))
            .await
            .with_context(|| self.shop.node.output())
    }

    /// Waits for so many requests to this path.
    pub(super) async fn received(&self, path: &str, count: usize) -> Result<Vec<Received>> {
        until("the messages", PATIENCE, async || {
            let all = self.endpoint.received().into_iter().filter(|one| one.path.starts_with(path));
            let all: Vec<Received> = all.collect();
            Ok((all.len() >= count).then_some(all))
        })
        .await
        .with_context(|| format!("{:?}; {}", self.endpoint.received(), self.shop.node.output()))
    }
}

/// Sends one of the forms to `path` on the page: with its token and these fields.
async fn send(browser: &mut Browser, path: &str, typed: &[(&str, &str)]) -> Result<u16> {
    let path = format!("{PAGE}/{path}");
    let token = browser.hidden(&path)?.into_iter().filter(|(name, _)| name == "form_token");
    let typed = typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let fields: Vec<(String, String)> = token.chain(typed).collect();
    browser.submit(&path, &fields).await
}

/// Says Yes to what the page asks.
async fn yes(browser: &mut Browser, path: &str) -> Result<u16> {
    browser.send(&format!("{PAGE}/{path}"), &[("yes", "1")]).await
}

async fn rules_are_made_and_ended_by_page(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    let order = told.order().await?;
    let mut browser = Browser::at(&told.shop.node.url())?;
    check!(checks, browser.open(PAGE).await? == 200, "{}", browser.page);
    for shown in ["Nobody is told of anything", "john", "slack", "books", "webhook", "takes messages"] {
        check!(checks, browser.shows(shown), "no {shown}: {}", browser.page);
    }
    check!(checks, !browser.shows("s3cret") && !browser.shows("127.0.0.1:1"), "an address shows: {}", browser.page);

    // Looked at first, made after Yes, once.
    let rule =
        [("kind", "stock"), ("target", "books"), ("when", "low_stock"), ("when", "out_of_stock"), ("product", "PEN")];
    let status = send(&mut browser, "new", &rule).await?;
    check!(
        checks,
        status == 200 && browser.shows("books would be told when PEN is low on stock"),
        "{status} {}",
        browser.page
    );
    check!(checks, told.list().await?["rules"] == json!([]), "a preview made a rule");
    let twice = browser.hidden(&format!("{PAGE}/new"))?;
    yes(&mut browser, "new").await?;
    check!(checks, browser.place() == PAGE && browser.shows("books is told when PEN is low"), "{}", browser.page);
    browser.post(&format!("{PAGE}/new"), &[twice, vec![("yes".to_owned(), "1".to_owned())]].concat())?.send().await?;
    check!(checks, told.list().await?["rules"].as_array().is_some_and(|rules| rules.len() == 1), "made twice");

    // An amount and orders, and a time where the kind asks for one.
    let number = format!("#{order}");
    let paid = [
        ("kind", "orders"),
        ("target", "john"),
        ("when", "payment"),
        ("orders", &number),
        ("min_total", "5.00"),
        ("often", "each"),
    ];
    send(&mut browser, "new", &paid).await?;
    yes(&mut browser, "new").await?;
    let waits = [
        ("kind", "waiting"),
        ("target", "john"),
        ("when", "waiting"),
        ("wait", "3"),
        ("unit", "days"),
        ("expires", "2099-12-31"),
    ];
    send(&mut browser, "new", &waits).await?;
    check!(checks, browser.shows("waits longer than 3 days"), "{}", browser.page);
    yes(&mut browser, "new").await?;
    let list = told.list().await?;
    let rules = list["rules"].as_array().cloned().unwrap_or_default();
    check!(checks, rules.len() == 3 && rules[1]["when"] == json!(["payment"]), "{list}");
    check!(checks, rules[1]["told"] == format!("of a payment for order #{order} of at least ₹5"), "{list}");
    check!(
        checks,
        rules[2]["grace"] == 259_200
            && rules[2]["expires_at"].as_str().is_some_and(|end| end.starts_with("2099-12-31T00:00")),
        "{list}"
    );

    // Impossible input is reported above the forms, and the typed values are kept.
    let wrong = [("kind", "orders"), ("target", "john"), ("when", "shipped"), ("customer", "nobody \"of\" that name")];
    let status = send(&mut browser, "new", &wrong).await?;
    check!(
        checks,
        status == 404 && browser.shows("nobody &quot;of&quot; that name") && browser.shows("role=\"alert\""),
        "{status} {}",
        browser.page
    );

    // Ended after Yes, and what it was stays in the log.
    browser.open(PAGE).await?;
    send(&mut browser, "end", &[("rule_id", "1")]).await?;
    check!(checks, browser.shows("Rule 1 would be ended."), "{}", browser.page);
    check!(checks, told.list().await?["rules"].as_array().is_some_and(|rules| rules.len() == 3), "a preview ended it");
    yes(&mut browser, "end").await?;
    let list = told.list().await?;
    check!(
        checks,
        list["rules"].as_array().is_some_and(|rules| rules.len() == 2 && rules[0]["rule_id"] == 2),
        "{list}"
    );
    let status = send(&mut browser, "end", &[("rule_id", "1")]).await?;
    check!(checks, status == 404 && browser.shows("no rule 1 in force"), "{status} {}", browser.page);

    // Requests from other sites are refused, and so is a form that this shop did not make.
    for path in ["new", "end", "replay", "enable", "test"] {
        let fields = [("rule_id".to_owned(), "2".to_owned()), ("yes".to_owned(), "1".to_owned())];
        let answer = browser.post(&format!("{PAGE}/{path}"), &fields)?.send().await?;
        check!(checks, answer.status() == 403, "{path} was taken without a token: {}", answer.status());
        check!(checks, browser.open(&format!("{PAGE}/{path}")).await? == 200 && browser.place() == PAGE, "{path}");
    }
    let status = send(&mut browser, "end", &[("rule_id", "x")]).await?;
    check!(checks, status == 400, "{status} {}", browser.page);

    // The past shows the page, and nothing to do.
    browser.open(&format!("{PAGE}?as_of=@5")).await?;
    check!(
        checks,
        browser.shows("are those of the present") && !browser.shows("method=\"post\" action=\"/notif"),
        "{}",
        browser.page
    );
    checks.all_hold()
}

async fn john_is_told_by_the_page_of_his_order(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    let order = told.order().await?;
    let (page, form) = (format!("/orders/{order}"), format!("/orders/{order}/tell"));
    let mut browser = Browser::at(&told.shop.node.url())?;
    browser.open(&page).await?;
    // The order may change while the form is open: a rule is no change of it.
    told.shop.mcp().ok("orders.update_status", json!({ "order_id": order, "status": "confirmed" })).await?;
    let status = browser.send(&form, &[("target", "john"), ("when", "shipped"), ("grace", "0")]).await?;
    check!(
        checks,
        status == 200 && browser.shows(&format!("john would be told when order #{order} is shipped")),
        "{status} {}",
        browser.page
    );
    browser.send(&form, &[("yes", "1")]).await?;
    check!(checks, browser.place() == page && browser.shows("john is told when order"), "{}", browser.page);
    told.ship(order).await?;
    let received = told.received("/slack", 1).await?;
    check!(checks, received[0].json()["text"] == format!("Order #{order} is now shipped."), "{received:?}");
    told.comes("a rule that told once to end", |list| list["rules"] == json!([])).await?;

    // Shipped already: the page says so, and sends the message if that is ticked.
    browser.open(&page).await?;
    let status = browser.send(&form, &[("target", "john"), ("when", "shipped"), ("grace", "0")]).await?;
    check!(
        checks,
        status == 409 && browser.shows(&format!("Order #{order} is shipped already; nobody was told.")),
        "{status} {}",
        browser.page
    );
    check!(
        checks,
        browser.shows("Tick “Tell at once what is so already”") && !browser.shows("already: true"),
        "{}",
        browser.page
    );
    browser.send(&form, &[("target", "john"), ("when", "shipped"), ("grace", "0"), ("already", "1")]).await?;
    browser.send(&form, &[("yes", "1")]).await?;
    told.received("/slack", 2).await?;
    checks.all_hold()
}

async fn what_was_given_up_is_tried_again_by_page(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    let rule = json!({ "target": "books", "when": ["shipped"], "grace": 0 });
    told.shop.mcp().ok("notifications.subscribe", rule).await?;
    told.endpoint.will_reply(&[Reply::Status(410)]);
    let (first, second, third) = (told.order().await?, told.order().await?, told.order().await?);
    let mut browser = Browser::at(&told.shop.node.url())?;
    browser.open("/status").await?;
    check!(checks, !browser.shows("given up"), "{}", browser.page);
    told.ship(first).await?;
    told.comes("the first to be given up", |list| list["given_up"] == 1).await?;
    told.ship(second).await?;
    told.ship(third).await?;
    told.comes("the others to be given up", |list| list["given_up"] == 3).await?;

    browser.open("/status").await?;
    check!(
        checks,
        browser.shows("3 messages were given up") && browser.shows("href=\"/notifications\""),
        "{}",
        browser.page
    );
    browser.open(PAGE).await?;
    let orders = [first, third].map(|order| format!("href=\"/orders/{order}\""));
    for shown in ["disabled", "the target wants no more messages (410)", &orders[0], &orders[1], "Try all 3 again"] {
        check!(checks, browser.shows(shown), "no {shown}: {}", browser.page);
    }

    // It takes messages again, after Yes.
    send(&mut browser, "enable", &[("target", "books")]).await?;
    check!(checks, browser.shows("books would take messages again"), "{}", browser.page);
    check!(checks, told.list().await?["targets"][0]["disabled"] == true, "a preview enabled it");
    yes(&mut browser, "enable").await?;
    check!(checks, browser.shows("books takes messages again") && !browser.shows("disabled"), "{}", browser.page);

    // One of them, then all; each reaches the endpoint, with the id that it had.
    let message = browser.hidden(&format!("{PAGE}/replay"))?;
    let message = message.iter().find(|(name, _)| name == "message").context("a message to try")?.1.clone();
    send(&mut browser, "replay", &[("message", &message)]).await?;
    check!(checks, browser.shows("1 message would be tried again."), "{}", browser.page);
    check!(checks, told.endpoint.received().len() == 1, "a preview sent it");
    yes(&mut browser, "replay").await?;
    check!(checks, browser.shows("1 message is tried again."), "{}", browser.page);
    let received = told.received("/books", 2).await?;
    check!(checks, received[1].json()["data"]["order_id"] == third, "the latest stands first: {received:?}");
    told.comes("two to be left", |list| list["given_up"] == 2 && list["waiting"] == 0).await?;
    browser.open(PAGE).await?;
    send(&mut browser, "replay", &[("all", "1")]).await?;
    check!(checks, browser.shows("2 messages would be tried again."), "{}", browser.page);
    yes(&mut browser, "replay").await?;
    check!(checks, browser.shows("2 messages are tried again."), "{}", browser.page);
    let received = told.received("/books", 4).await?;
    let orders = [2, 3].map(|index: usize| received[index].json()["data"]["order_id"].clone());
    check!(checks, orders == [json!(first), json!(second)], "{received:?}");
    check!(checks, received[0].headers["webhook-id"] == received[2].headers["webhook-id"], "a replay keeps the id");
    let list = told.comes("none to be left", |list| list["given_up"] == 0 && list["waiting"] == 0).await?;
    check!(checks, list["rules"][0]["sent"] == 3, "{list}");
    // The log names the user.
    let acts = told.shop.mcp().full("shop.activity", json!({})).await?;
    check!(checks, acts.to_string().contains("orderlog web"), "{acts}");

    // A test message: after Yes; the page shows an error.
    browser.open(PAGE).await?;
    send(&mut browser, "test", &[("target", "john")]).await?;
    check!(
        checks,
        browser.shows("A test message would be sent to john.") && told.endpoint.received().len() == 4,
        "{}",
        browser.page
    );
    // The Yes of one form, sent twice, is one message.
    let twice = [browser.hidden(&format!("{PAGE}/test"))?, vec![("yes".to_owned(), "1".to_owned())]].concat();
    yes(&mut browser, "test").await?;
    browser.post(&format!("{PAGE}/test"), &twice)?.send().await?;
    check!(checks, browser.place() == PAGE && browser.shows("john took the test message."), "{}", browser.page);
    let sent = told.received("/slack", 1).await?;
    check!(checks, sent[0].json()["text"] == "This is a test of Orderlog.", "{sent:?}");
    told.endpoint.will_reply(&[Reply::Status(500)]);
    send(&mut browser, "test", &[("target", "john")]).await?;
    let status = yes(&mut browser, "test").await?;
    check!(
        checks,
        status == 502 && browser.shows("the endpoint answered 500") && !browser.shows("s3cret"),
        "{status} {}",
        browser.page
    );
    browser.open(PAGE).await?;
    let status = send(&mut browser, "test", &[("target", "nobody")]).await?;
    check!(checks, status == 404, "{status} {}", browser.page);
    browser.open(PAGE).await?;
    let status = send(&mut browser, "test", &[("target", "nobody"), ("yes", "1")]).await?;
    check!(checks, status == 404 && told.endpoint.received().len() == 6, "{status} {}", browser.page);
    checks.all_hold()
}
