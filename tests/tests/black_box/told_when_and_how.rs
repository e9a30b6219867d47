//! Settings in the file of targets: e-mail is encrypted or not sent at all, and nights are quiet.

use std::time::Duration;

use anyhow::{Context as _, Result};
use orderlog_tests::{
    AuditedEvent, Authority, Checks, Endpoint, Finished, MailServer, Reply, SetUp, Shop, check, events, orderlog, until,
};
use serde_json::json;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn e_mail_goes_encrypted_or_not_at_all() -> Result<()> {
    let mut checks = Checks::default();
    let (authority, other, folder) = (Authority::new()?, Authority::new()?, tempfile::tempdir()?);
    let (certificate, key) = authority.sign("mail")?;
    let (secured, plain) = (MailServer::start_secured(&certificate, &key).await?, MailServer::start().await?);
    let test = async |user: &str, port: u16, authority: &Authority| -> Result<Finished> {
        let (file, ca) = (folder.path().join("targets.toml"), authority.certificate());
        let text = format!(
            "[smtp]\nurl = \"smtp://{user}localhost:{port}\"\nfrom = \"Shop <shop@example.com>\"\nca_file = {ca:?}\n\
             [targets.asha]\nkind = \"email\"\nto = \"asha@example.com\"\n"
        );
        std::fs::write(&file, text)?;
        let mut command = orderlog(folder.path())?;
        command.args(["notifications", "test", "asha", "--notify-targets-file"]).arg(&file);
        Finished::run(command).await
    };
    let sent = test("shop:p%40ss@", secured.port(), &authority).await?;
    check!(checks, sent.success, "{sent:?}");
    let mails = secured.mails()?;
    check!(checks, mails.len() == 1 && mails[0].secured && mails[0].text.contains("a test of Orderlog"), "{mails:?}");
    for (user, server, authority, why) in [
        ("shop:wrong@", &secured, &authority, "does not let us sign in (535)"),
        ("shop:p%40ss@", &secured, &other, "its certificate does not hold"),
        ("", &plain, &authority, "offers no STARTTLS"),
    ] {
        let refused = test(user, server.port(), authority).await?;
        check!(checks, !refused.success && refused.stderr.contains(why), "{why}: {refused:?}");
        check!(checks, !refused.stderr.contains("p@ss"), "{why}: {refused:?}");
    }
    check!(checks, secured.mails()?.len() == 1 && plain.mails()?.is_empty(), "{:?}", plain.mails()?);
    checks.all_hold()
}

/// Half past eleven at night and seven in the morning, in the shop.
const NIGHT: &str = "2030-11-20T23:30:00+05:30";
const ALMOST_MORNING: &str = "2030-11-21T06:59:57+05:30";
const MORNING: &str = "2030-11-21T07:00:00+05:30";

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_at_night_is_told_in_the_morning() -> Result<()> {
    let mut checks = Checks::default();
    let (endpoint, folder) = (Endpoint::start().await?, tempfile::tempdir()?);
    let file = folder.path().join("targets.toml");
    let target = |name: &str, quiet: &str| {
        let url = endpoint.url(&format!("/{name}"));
        format!(
            "[targets.{name}]\nkind = \"webhook\"\nurl = \"{url}\"\nsecrets = [\"{SECRET}\"]\nprivate = true\n{quiet}\n"
        )
    };
    std::fs::write(&file, target("asleep", "quiet = \"22:00-07:00\"") + &target("awake", ""))?;
    let file = file.to_str().context("a path")?;
    let mut shop = Shop::open_with(SetUp::Sqlite, &["--notify-targets-file", file, "--clock", NIGHT]).await?;
    for name in ["asleep", "awake"] {
        let rule = json!({ "target": name, "when": ["out_of_stock"], "grace": 0 });
        shop.mcp().ok("notifications.subscribe", rule).await?;
    }
    shop.stock("PEN", "Fountain pen", "10.00", 5).await?;
    shop.mcp().ok("inventory.adjust", json!({ "product": "PEN", "counted": 0 })).await?;
    let told = async |count: usize| {
        until("the messages", PATIENCE, async || {
            let received = endpoint.received();
            Ok((received.len() >= count).then_some(received))
        })
        .await
    };
    let received = told(1).await?;
    check!(checks, received[0].path == "/awake", "{received:?}");
    shop.node.restart_at(ALMOST_MORNING).await?;
    let received = told(2).await?;
    check!(checks, received.len() == 2 && received[1].path == "/asleep", "{received:?}");
    let at: i64 = received[1].headers["webhook-timestamp"].parse()?;
    check!(checks, at >= chrono::DateTime::parse_from_rfc3339(MORNING)?.timestamp(), "told at {at}");
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_tells_of_an_hour_at_its_end() -> Result<()> {
    let mut checks = Checks::default();
    let (endpoint, folder) = (Endpoint::start().await?, tempfile::tempdir()?);
    let (file, url) = (folder.path().join("targets.toml"), endpoint.url("/hourly"));
    let text = format!(
        "[targets.hourly]\nkind = \"webhook\"\nurl = \"{url}\"\nsecrets = [\"{SECRET}\"]\nprivate = true\ndigest = \"hour\"\n"
    );
    std::fs::write(&file, text)?;
    let file = file.to_str().context("a path")?;
    let settings = ["--notify-targets-file", file, "--notify-pace", "10", "--clock", "2030-11-20T10:20:00+05:30"];
    let mut shop = Shop::open_with(SetUp::Sqlite, &settings).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Fountain pen", "10.00", 50).await?;
    shop.mcp()
        .ok("notifications.subscribe", json!({ "target": "hourly", "when": ["placed", "shipped"], "grace": 0 }))
        .await?;
    for number in 1..=3 {
        let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": number }] });
        let order = shop.mcp().ok("orders.create_order", order).await?["order_id"].clone();
        shop.mcp().ok("orders.update_status", json!({ "order_id": order, "status": "shipped" })).await?;
    }
    endpoint.will_reply(&[Reply::Status(500)]);
    shop.node.restart_at("2030-11-20T10:59:57+05:30").await?;
    let received = until("two tries", PATIENCE, async || {
        let received = endpoint.received();
        Ok((received.len() >= 2).then_some(received))
    })
    .await
    .with_context(|| shop.node.output())?;
    let at: i64 = received[0].headers["webhook-timestamp"].parse()?;
    let hour = chrono::DateTime::parse_from_rfc3339("2030-11-20T11:00:00+05:30")?.timestamp();
    check!(checks, at >= hour, "told at {at}, before the end of the hour");
    check!(checks, received[0].body == received[1].body, "each try says the same");
    check!(checks, received[0].headers["webhook-id"] == received[1].headers["webhook-id"], "and has the same id");
    let said = received[1].json();
    let texts: Vec<&str> = said["data"]["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["data"]["text"].as_str())
        .collect();
    check!(checks, said["type"] == "digest" && texts.len() == 6, "{said}");
    check!(
        checks,
        texts[0].starts_with("Order #1001 was placed") && texts[5] == "Order #1003 is now shipped.",
        "{texts:?}"
    );
    // Each of them is recorded on its own.
    let mcp = shop.mcp();
    until("the log to say that they were sent", PATIENCE, async || {
        let all = events(&shop.node, 0).await?;
        let handled: Vec<_> =
            all.iter().map(AuditedEvent::json).filter(|one| one["type"] == "NotificationsHandled").collect();
        let messages = handled.iter().flat_map(|event| event["data"]["messages"].as_array().into_iter().flatten());
        Ok((messages.filter(|message| message["outcome"] == "sent").count() == 6).then_some(()))
    })
    .await?;
    let list = mcp.full("notifications.list", json!({})).await?;
    check!(checks, list["given_up"] == 0, "{list}");
    check!(checks, endpoint.received().len() == 2, "{:?}", endpoint.received());
    checks.all_hold()
}

/// Three days.
const LONG: i64 = 3 * 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_waits_too_long_is_told_of_once() -> Result<()> {
    let mut checks = Checks::default();
    let (endpoint, folder) = (Endpoint::start().await?, tempfile::tempdir()?);
    let (file, url) = (folder.path().join("targets.toml"), endpoint.url("/desk"));
    let text =
        format!("[targets.desk]\nkind = \"webhook\"\nurl = \"{url}\"\nsecrets = [\"{SECRET}\"]\nprivate = true\n");
    std::fs::write(&file, text)?;
    let file = file.to_str().context("a path")?;
    let settings = ["--notify-targets-file", file, "--clock", "2030-11-20T10:00:00+05:30"];
    let mut shop = Shop::open_with(SetUp::Sqlite, &settings).await?;
    // Order #1001 waits already when somebody asks.
    shop.with_orders(1).await?;
    let rule = json!({ "target": "desk", "when": ["waiting"], "grace": LONG });
    let asked = shop.mcp().ok("notifications.subscribe", rule).await?;
    let said = "desk is told when an order waits longer than 3 days (rule 1).";
    check!(checks, asked["text"] == said, "{asked}");
    shop.mcp().ok("notifications.subscribe", json!({ "target": "desk", "when": ["shipped"], "grace": 0 })).await?;
    for quantity in [2, 3] {
        let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": quantity }] });
        shop.mcp().ok("orders.create_order", order).await?;
    }
    shop.mcp().ok("orders.update_status", json!({ "order_id": 1003, "status": "shipped" })).await?;
    let told = async |count: usize| {
        until("the messages", PATIENCE, async || {
            let texts: Vec<String> =
                endpoint.received().iter().map(|one| one.json()["data"]["text"].to_string()).collect();
            Ok((texts.len() >= count).then_some(texts))
        })
        .await
    };
    let texts = told(1).await?;
    check!(checks, texts == ["\"Order #1003 is now shipped.\""], "what waits holds up nothing else: {texts:?}");
    shop.node.restart_at("2030-11-23T10:30:00+05:30").await?;
    let mut texts = told(3).await.with_context(|| shop.node.output())?;
    texts.sort_unstable();
    let late = |order: i64| format!("\"Order #{order} has waited 3 days and is not shipped: it is pending.\"");
    check!(checks, texts[0] == late(1001) && texts[1] == late(1002), "{texts:?}");
    until("the log to say what became of them", PATIENCE, async || {
        let all = events(&shop.node, 0).await?;
        let all = all.iter().map(AuditedEvent::json).filter(|one| one["type"] == "NotificationsHandled");
        let settled: Vec<_> = all.flat_map(|event| event["data"]["messages"].as_array().cloned()).flatten().collect();
        let count = |outcome: &str| settled.iter().filter(|message| message["outcome"] == outcome).count();
        Ok((count("sent") == 3 && count("stopped") == 1).then_some(()))
    })
    .await?;
    // A restart sends none of them again.
    shop.node.restart_at("2030-11-25T10:00:00+05:30").await?;
    shop.mcp().ok("orders.update_status", json!({ "order_id": 1002, "status": "shipped" })).await?;
    let texts = told(4).await?;
    check!(checks, texts.len() == 4 && texts[3] == "\"Order #1002 is now shipped.\"", "{texts:?}");
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_hears_that_a_target_is_gone_and_nothing_more_once_gone_itself() -> Result<()> {
    let mut checks = Checks::default();
    let (endpoint, folder) = (Endpoint::start().await?, tempfile::tempdir()?);
    let file = folder.path().join("targets.toml");
    let target = |name: &str, more: &str| {
        let url = endpoint.url(&format!("/{name}"));
        format!(
            "[targets.{name}]\nkind = \"webhook\"\nurl = \"{url}\"\nsecrets = [\"{SECRET}\"]\nprivate = true\n{more}\n"
        )
    };
    let all = ["books", "ledger"].map(|name| target(name, "")).concat() + &target("desk", "owner = true");
    let chat = format!("[targets.last]\nkind = \"chat\"\nurl = \"{}\"\nprivate = true\n", endpoint.url("/last"));
    std::fs::write(&file, all + &chat)?;
    let file = file.to_str().context("a path")?;
    let shop = Shop::open_with(SetUp::Sqlite, &["--notify-targets-file", file]).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Fountain pen", "10.00", 50).await?;
    for (name, when) in [("books", "shipped"), ("ledger", "delivered"), ("last", "payment")] {
        shop.mcp().ok("notifications.subscribe", json!({ "target": name, "when": [when], "grace": 0 })).await?;
    }
    let told = async |count: usize| {
        until("the messages", PATIENCE, async || {
            let received = endpoint.received();
            Ok((received.len() >= count).then_some(received))
        })
        .await
    };
    let disabled = async |name: &str| {
        until("a target that is disabled", PATIENCE, async || {
            let list = shop.mcp().full("notifications.list", json!({})).await?;
            let mut targets = list["targets"].as_array().into_iter().flatten();
            Ok(targets.any(|target| target["name"] == name && target["disabled"] == true).then_some(()))
        })
        .await
    };
    endpoint.will_reply(&[Reply::Status(410), Reply::Status(410), Reply::Status(410)]);
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }] });
    let order = shop.mcp().ok("orders.create_order", order).await?["order_id"].clone();
    shop.mcp().ok("orders.update_status", json!({ "order_id": order, "status": "shipped" })).await?;
    let received = told(2).await?;
    let said = received[1].json()["data"]["text"].clone();
    check!(checks, received[1].path == "/desk" && said.as_str().is_some_and(|said| said.contains("books")), "{said}");
    disabled("desk").await?;
    shop.mcp().ok("orders.update_status", json!({ "order_id": order, "status": "delivered" })).await?;
    disabled("ledger").await?;
    shop.mcp()
        .ok("orders.record_payment", json!({ "order_id": order, "amount": "10.00", "method": "upi", "reference": "r" }))
        .await?;
    let received = told(4).await?;
    let said = received[3].json();
    let words = "₹10 came in for order #1001 by upi.\nTotal: ";
    check!(checks, said["text"].as_str().is_some_and(|text| text.starts_with(words)), "a chat: {said}");
    let paths: Vec<String> = received.into_iter().map(|one| one.path).collect();
    check!(checks, paths == ["/books", "/desk", "/ledger", "/last"], "{paths:?}");
    checks.all_hold()
}
