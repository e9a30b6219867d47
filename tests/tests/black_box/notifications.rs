//! Rules and messages: rules over MCP, real endpoints that answer well and badly, a real e-mail server.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use orderlog_testkit::Fixture;
use orderlog_tests::{
    AuditedEvent, Checks, Endpoint, Engine, MailServer, Node, Received, Reply, SetUp, Shop, check, events,
    on_both_engines, until,
};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tempfile::TempDir;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The waits between tries are divided by it.
const PACE: &str = "1000";
const PATIENCE: Duration = Duration::from_secs(30);

on_both_engines!(
    john_is_told_when_his_order_ships,
    an_undo_in_time_stops_the_message,
    bad_answers_are_tried_again_and_the_right_message_arrives_once,
    a_killed_node_loses_no_message,
    a_target_that_is_gone_is_left_alone_until_an_operator_says_so,
    an_e_mail_arrives,
);

/// A shop with an endpoint that its targets lead to.
struct Told {
    shop: Shop,
    endpoint: Endpoint,
    mail: MailServer,
    folder: TempDir,
}

impl Fixture for Told {
    async fn on(engine: Engine) -> Result<Told> {
        let (endpoint, mail) = (Endpoint::start().await?, MailServer::start().await?);
        let folder = tempfile::tempdir()?;
        let file = targets(&folder, &endpoint, &mail)?;
        let set_up = match engine {
            Engine::Sqlite => SetUp::Sqlite,
            Engine::Postgres => SetUp::PostgresAndNats,
        };
        let file = file.to_str().context("a path")?;
        let shop = Shop::open_with(set_up, &["--notify-targets-file", file, "--notify-pace", PACE]).await?;
        shop.customer("Asha Rao", "asha@example.com").await?;
        shop.stock("PEN", "Fountain pen", "10.00", 50).await?;
        Ok(Told { shop, endpoint, mail, folder })
    }
}

fn targets(folder: &TempDir, endpoint: &Endpoint, mail: &MailServer) -> Result<PathBuf> {
    let file = folder.path().join("targets.toml");
    let (slack, books) = (endpoint.url("/slack"), endpoint.url("/books?shop=1"));
    let text = format!(
        "[smtp]\nurl = \"{}\"\nfrom = \"Shop <shop@example.com>\"\n\
         [targets.john]\nkind = \"slack\"\nurl = \"{slack}\"\nprivate = true\n\
         [targets.books]\nkind = \"webhook\"\nurl = \"{books}\"\nsecrets = [\"{SECRET}\", \"{OLD_SECRET}\"]\n\
         private = true\nnames = true\n\
         [targets.inside]\nkind = \"webhook\"\nurl = \"https://localhost:1/\"\nsecrets = [\"{SECRET}\"]\n\
         [targets.asha]\nkind = \"email\"\nto = \"Asha <asha@example.com>\"\nnames = true\n",
        mail.url()
    );
    std::fs::write(&file, text)?;
    Ok(file)
}

impl Told {
    async fn order(&self) -> Result<i64> {
        let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 2 }],
            "allow_duplicate": true });
        let placed = self.shop.mcp().ok("orders.create_order", order).await?;
        placed["order_id"].as_i64().context("an order id")
    }

    async fn set(&self, order: i64, status: &str) -> Result<Value> {
        self.shop.mcp().ok("orders.update_status", json!({ "order_id": order, "status": status })).await
    }

    async fn subscribe(&self, rule: Value) -> Result<Value> {
        let mut rule = rule;
        rule["grace"] = rule.get("grace").cloned().unwrap_or(json!(0));
        self.shop.mcp().ok("notifications.subscribe", rule).await
    }

    async fn rules(&self) -> Result<Value> {
        self.shop.mcp().full("notifications.list", json!({})).await
    }

    /// Waits for so many requests.
    async fn received(&self, count: usize) -> Result<Vec<Received>> {
        until("the messages", PATIENCE, async || {
            let received = self.endpoint.received();
            Ok((received.len() >= count).then_some(received))
        })
        .await
        .with_context(|| format!("{:?}; {}", self.endpoint.received(), self.shop.node.output()))
    }

    /// Waits until so many messages are recorded with this outcome; answers them.
    async fn recorded(&self, outcome: &str, count: usize) -> Result<Vec<Value>> {
        until(&format!("{count} messages {outcome}"), PATIENCE, async || {
            let all = events(&self.shop.node, 0).await?;
            let all: Vec<Value> = all.iter().map(AuditedEvent::json).collect();
            let handled = all.iter().filter(|event| event["type"] == "NotificationsHandled");
            let messages = handled.flat_map(|event| event["data"]["messages"].as_array().cloned());
            let those: Vec<Value> = messages.flatten().filter(|message| message["outcome"] == outcome).collect();
            Ok((those.len() >= count).then_some(those))
        })
        .await
        .with_context(|| self.shop.node.output())
    }
}

async fn john_is_told_when_his_order_ships(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    let order = told.order().await?;
    let rule = json!({ "target": "John", "when": ["shipped"], "order_ids": [order] });
    let asked = told.subscribe(rule.clone()).await?;
    check!(checks, asked["text"] == "john is told when order #1001 is shipped in full, once (rule 1).", "{asked}");
    let unknown = json!({ "target": "jo", "when": ["shipped"] });
    let unknown = told.shop.mcp().refused("notifications.subscribe", unknown).await?;
    check!(checks, unknown.code == "NOT_FOUND" && unknown.message.contains("asha, books, inside, john"), "{unknown}");

    // Another order ships first, and no message is sent.
    let other = told.order().await?;
    told.set(other, "shipped").await?;
    told.set(order, "confirmed").await?;
    told.set(order, "shipped").await?;
    let received = told.received(1).await?;
    let said = received[0].json();
    check!(checks, said["text"] == "Order #1001 is now shipped.", "{said}");
    check!(checks, said["blocks"][0]["type"] == "section", "{said}");
    check!(checks, !said.to_string().contains("Asha"), "the customer's name is not for this target: {said}");

    let sent = told.recorded("sent", 1).await?;
    check!(checks, sent[0]["target"] == "john" && sent[0]["order_id"] == order && sent[0]["tries"] == 1, "{sent:?}");
    let list = told.rules().await?;
    check!(checks, list["rules"].as_array().is_some_and(Vec::is_empty), "it told once: {list}");
    let already = told.shop.mcp().refused("notifications.subscribe", rule.clone()).await?;
    check!(checks, already.code == "ALREADY_TRUE", "{already}");
    told.set(order, "delivered").await?;
    check!(checks, told.endpoint.received().len() == 1, "once");

    // With `already`, a message is sent at once.
    let mut again = rule;
    again["already"] = json!(true);
    told.subscribe(again).await?;
    told.recorded("sent", 2).await?;
    check!(checks, told.endpoint.received().len() == 2, "{:?}", told.endpoint.received());

    // A rebuild sends nothing.
    told.shop.cli(&["rebuild", "all"]).await?.expect_success()?;
    let verified = told.shop.cli(&["verify"]).await?;
    verified.expect_success()?;
    check!(checks, told.endpoint.received().len() == 2, "a rebuild sends nothing");

    // The same rule from a sentence, without an assistant.
    let order = told.order().await?;
    let (sentence, file) = (format!("Notify John when #{order} ships"), told.folder.path().join("targets.toml"));
    let file = file.to_str().context("a path")?;
    let asked = told.shop.cli(&["ask", "--yes", "--notify-targets-file", file, &sentence]).await?.expect_success()?;
    check!(checks, asked.contains(&format!("john is told when order #{order} is shipped")), "{asked}");
    let list = told.rules().await?;
    let rule = &list["rules"][0];
    let told = format!("when order #{order} is shipped in full, once");
    check!(checks, rule["target"] == "john" && rule["told"] == told, "{list}");
    checks.all_hold()
}

async fn an_undo_in_time_stops_the_message(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    told.subscribe(json!({ "target": "john", "when": ["shipped", "payment"], "grace": 3 })).await?;
    let (kept, mistaken) = (told.order().await?, told.order().await?);
    let shipped = told.set(mistaken, "shipped").await?;
    told.shop.mcp().confirmed("orders.undo", json!({ "command_id": shipped["command_id"] })).await?;
    told.set(kept, "shipped").await?;
    let stopped = told.recorded("stopped", 1).await?;
    check!(checks, stopped[0]["order_id"] == mistaken, "{stopped:?}");
    let received = told.received(1).await?;
    check!(checks, received[0].json()["text"] == format!("Order #{kept} is now shipped."), "{received:?}");
    told.recorded("sent", 1).await?;
    check!(checks, told.endpoint.received().len() == 1, "{:?}", told.endpoint.received());

    // A rule that is ended stops what it has not sent yet.
    let waiting = json!({ "target": "john", "when": ["delivered"], "grace": 3_600 });
    told.subscribe(waiting).await?;
    told.set(kept, "delivered").await?;
    told.shop.mcp().ok("notifications.unsubscribe", json!({ "rule_id": 2 })).await?;
    let stopped = told.recorded("stopped", 2).await?;
    check!(checks, stopped.iter().any(|message| message["why"] == "the rule was ended"), "{stopped:?}");
    checks.all_hold()
}

async fn bad_answers_are_tried_again_and_the_right_message_arrives_once(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    told.subscribe(json!({ "target": "books", "when": ["placed", "shipped", "payment"] })).await?;
    told.subscribe(json!({ "target": "inside", "when": ["payment"] })).await?;
    let bad = [Reply::Status(500), Reply::Nothing, Reply::TooMany(2), Reply::Elsewhere];
    told.endpoint.will_reply(&bad);
    let order = told.order().await?;
    told.set(order, "shipped").await?;
    let payment = json!({ "order_id": order, "amount": "20.00", "method": "card" });
    told.shop.mcp().ok("orders.record_payment", payment).await?;
    let received = told.received(bad.len() + 3).await?;
    told.recorded("sent", 3).await?;
    check!(checks, told.endpoint.received().len() == bad.len() + 3, "each arrives once: {received:?}");

    let types: Vec<Value> = received.iter().map(|request| request.json()["type"].clone()).collect();
    let placed = vec![json!("order.placed"); bad.len() + 1];
    check!(checks, types[..=bad.len()] == placed, "the first message keeps the later ones waiting: {types:?}");
    check!(checks, types[bad.len() + 1..] == [json!("order.shipped"), json!("order.payment")], "{types:?}");
    let ids: Vec<&String> = received.iter().map(|request| &request.headers["webhook-id"]).collect();
    check!(checks, ids[..=bad.len()].iter().all(|id| *id == ids[0]), "the id is the same for every try: {ids:?}");
    check!(checks, ids[0] != ids[bad.len() + 1] && ids[bad.len() + 1] != ids[bad.len() + 2], "{ids:?}");
    let bodies: Vec<&Vec<u8>> = received[..=bad.len()].iter().map(|request| &request.body).collect();
    check!(checks, bodies.iter().all(|body| *body == bodies[0]), "and so is the body");

    // Either secret checks: a receiver changes it without losing a message.
    for request in &received {
        let mut headers = http::HeaderMap::new();
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            headers.insert(name, request.headers[name].parse()?);
        }
        for secret in [SECRET, OLD_SECRET] {
            let verified = Webhook::new(secret)?.verify(&request.body, &headers);
            check!(checks, verified.is_ok(), "{secret}: {verified:?}");
        }
        let other = Webhook::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?;
        check!(checks, other.verify(&request.body, &headers).is_err(), "another secret checks nothing");
    }
    let data = received[bad.len() + 1].json()["data"].clone();
    check!(checks, data["customer"] == "Asha Rao" && data["status"] == "shipped", "{data}");
    check!(checks, data["total"]["minor"] == 2_360, "{data}");

    // A target inside is never connected to.
    let dead = told.recorded("dead", 1).await?;
    check!(checks, dead[0]["why"].as_str().is_some_and(|why| why.contains("private network")), "{dead:?}");
    checks.all_hold()
}

async fn a_killed_node_loses_no_message(mut told: Told) -> Result<()> {
    let mut checks = Checks::default();
    told.subscribe(json!({ "target": "books", "when": ["shipped"], "grace": 1 })).await?;
    let mut orders = vec![];
    for _ in 0..5 {
        let order = told.order().await?;
        told.set(order, "shipped").await?;
        orders.push(order);
        if orders.len() % 2 == 1 {
            told.shop.node.kill()?;
            told.shop.node.start_again().await?;
        }
    }
    told.recorded("sent", orders.len()).await?;
    let received = told.endpoint.received();
    let told_of = |order: &i64| received.iter().filter(|one| one.json()["data"]["order_id"] == *order).count();
    check!(checks, orders.iter().all(|order| told_of(order) >= 1), "{received:?}");
    for one in &received {
        let same = received.iter().filter(|other| other.json()["data"]["order_id"] == one.json()["data"]["order_id"]);
        let ids: Vec<&String> = same.map(|other| &other.headers["webhook-id"]).collect();
        check!(checks, ids.iter().all(|id| *id == ids[0]), "a message that comes twice has one id: {ids:?}");
    }

    // Another node delivers when this one is frozen, and when it is gone. One that thaws sends nothing a second time.
    if told.shop.nats.is_some() {
        let mut second = told.shop.another_node().await?;
        told.shop.node.pause()?;
        let order = shipped_at(&second).await?;
        let before = received.len();
        let received = told.received(before + 1).await?;
        check!(checks, received[before].json()["data"]["order_id"] == order, "{received:?}");
        told.shop.node.resume()?;
        let lost = |output: String| output.contains("the lease is lost");
        until("the frozen node steps back", PATIENCE, async || Ok(lost(told.shop.node.output()).then_some(()))).await?;
        // Messages that are not recorded when a node dies are sent again.
        told.recorded("sent", orders.len() + 1).await?;
        second.kill()?;
        let order = shipped_at(&told.shop.node).await?;
        let received = told.received(before + 2).await?;
        check!(checks, received[before + 1].json()["data"]["order_id"] == order, "{received:?}");
        check!(checks, received.len() == before + 2, "{received:?}");
    }
    checks.all_hold()
}

/// An order that is placed and shipped at this node.
async fn shipped_at(node: &Node) -> Result<Value> {
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }],
        "allow_duplicate": true });
    let order = node.mcp().ok("orders.create_order", order).await?["order_id"].clone();
    node.mcp().ok("orders.update_status", json!({ "order_id": order, "status": "shipped" })).await?;
    Ok(order)
}

async fn a_target_that_is_gone_is_left_alone_until_an_operator_says_so(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    told.subscribe(json!({ "target": "books", "when": ["shipped"] })).await?;
    told.endpoint.will_reply(&[Reply::Status(410)]);
    let (first, second) = (told.order().await?, told.order().await?);
    told.set(first, "shipped").await?;
    told.recorded("dead", 1).await?;
    told.set(second, "shipped").await?;
    told.recorded("dead", 2).await?;
    check!(checks, told.endpoint.received().len() == 1, "nothing after 410: {:?}", told.endpoint.received());
    let list = told.rules().await?;
    let books = list["targets"].as_array().into_iter().flatten().find(|target| target["name"] == "books");
    check!(checks, books.is_some_and(|books| books["disabled"] == true) && list["given_up"] == 2, "{list}");

    let failed = told.shop.cli(&["notifications", "failed"]).await?.expect_success()?;
    check!(checks, failed.contains("410") && failed.contains("order #1002"), "{failed}");
    let unknown = told.shop.cli(&["notifications", "enable", "bokks"]).await?;
    check!(checks, !unknown.success && unknown.stderr.contains("no target of that name"), "{}", unknown.stderr);
    let enabled = told.shop.cli(&["notifications", "enable", "books"]).await?.expect_success()?;
    check!(checks, enabled.contains("takes messages again"), "{enabled}");
    told.shop.cli(&["notifications", "replay", "--target", "books"]).await?.expect_success()?;
    told.recorded("sent", 2).await?;
    let received = told.endpoint.received();
    check!(checks, received.len() == 3, "{received:?}");
    check!(checks, received[0].headers["webhook-id"] == received[1].headers["webhook-id"], "a replay keeps the id");
    let list = told.rules().await?;
    check!(checks, list["given_up"] == 0, "{list}");
    checks.all_hold()
}

async fn an_e_mail_arrives(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    let rule = json!({ "target": "asha", "when": ["low_stock", "out_of_stock", "payment"] });
    told.subscribe(rule).await?;
    let low = json!({ "sku": "INK", "name": "Ink", "price": "5.00", "low_stock_threshold": 2 });
    told.shop.mcp().ok("products.upsert", low).await?;
    told.shop.mcp().ok("inventory.receive", json!({ "product": "INK", "quantity": 5 })).await?;
    told.shop.mcp().ok("inventory.adjust", json!({ "product": "INK", "counted": 2 })).await?;
    told.shop.mcp().ok("inventory.adjust", json!({ "product": "INK", "counted": 0 })).await?;
    let order = told.order().await?;
    let payment = json!({ "order_id": order, "amount": "20.00", "method": "card" });
    told.shop.mcp().ok("orders.record_payment", payment).await?;
    let mails = until("three e-mails", PATIENCE, async || {
        let mails = told.mail.mails()?;
        Ok((mails.len() >= 3).then_some(mails))
    })
    .await
    .with_context(|| told.shop.node.output())?;
    ensure!(mails.iter().all(|mail| mail.to == ["asha@example.com"]), "{mails:?}");
    let all: String = mails.iter().map(|mail| mail.content.as_str()).collect();
    for said in ["Ink (INK) runs low: 2 units are available.", "Ink (INK) is out of stock.", "came in for order #1001"]
    {
        let has = |text: &str| text.contains(said);
        check!(checks, mails.iter().any(|mail| has(&mail.text) && has(&mail.html)), "{said}: {mails:?}");
    }
    let page: String = mails.iter().map(|mail| mail.html.as_str()).collect();
    check!(checks, page.contains("<th align=\"left\">Customer</th><td>Asha Rao</td>"), "{page}");
    check!(checks, all.contains("Content-Type: multipart/alternative"), "{all}");
    check!(checks, mails.iter().any(|mail| mail.text.contains("Customer: Asha Rao")), "{mails:?}");
    check!(checks, all.contains("Auto-Submitted: auto-generated"), "{all}");
    let tested = told.shop.node.output();
    check!(checks, !tested.contains(SECRET), "no secret is logged");
    checks.all_hold()
}
