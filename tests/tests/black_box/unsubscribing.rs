//! Links in e-mails that end a rule: by a post without cookies or keys, and not by looking (RFC 8058).

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use orderlog_testkit::Fixture;
use orderlog_tests::{
    AuditedEvent, Checks, Engine, Mail, MailServer, Node, RawAnswer, SetUp, Shop, check, events, on_both_engines,
    send_raw, until,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);
/// The body that mailbox providers post.
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";
const HTTPS: &str = "https://shop.example";

on_both_engines!(a_link_ends_its_rule_and_no_other, a_digest_has_one_link_for_all_its_rules);

struct Mailed {
    shop: Shop,
    mail: MailServer,
    _folder: TempDir,
}

impl Fixture for Mailed {
    async fn on(engine: Engine) -> Result<Mailed> {
        Mailed::open(engine, HTTPS).await
    }
}

impl Mailed {
    async fn open(engine: Engine, public_url: &str) -> Result<Mailed> {
        let (mail, folder) = (MailServer::start().await?, tempfile::tempdir()?);
        let file = folder.path().join("targets.toml");
        let text = format!(
            "[smtp]\nurl = \"{}\"\nfrom = \"Shop <shop@example.com>\"\n\
             [targets.asha]\nkind = \"email\"\nto = \"Asha <asha@example.com>\"\n\
             [targets.bo]\nkind = \"email\"\nto = \"bo@example.com\"\ndigest = \"minute\"\n",
            mail.url()
        );
        std::fs::write(&file, text)?;
        let set_up = match engine {
            Engine::Sqlite => SetUp::Sqlite,
            Engine::Postgres => SetUp::PostgresAndNats,
        };
        let file = file.to_str().context("a path")?;
        let settings = ["--notify-targets-file", file, "--public-url", public_url];
        let shop = Shop::open_with(set_up, &settings).await?;
        shop.stock("PEN", "Fountain pen", "10.00", 50).await?;
        Ok(Mailed { shop, mail, _folder: folder })
    }

    async fn subscribe(&self, target: &str, when: &str) -> Result<i64> {
        let rule = json!({ "target": target, "when": [when], "grace": 0 });
        let done = self.shop.mcp().full("notifications.subscribe", rule).await?;
        let text = done["text"].as_str().context("a text")?;
        let number = text.split("(rule ").nth(1).and_then(|rest| rest.split(')').next());
        number.context("a number")?.parse().context("a number")
    }

    async fn sold_out(&self) -> Result<()> {
        self.shop.mcp().ok("inventory.adjust", json!({ "product": "PEN", "counted": 0 })).await?;
        Ok(())
    }

    async fn mails(&self, count: usize) -> Result<Vec<Mail>> {
        until("the e-mails", PATIENCE, async || {
            let mails = self.mail.mails()?;
            Ok((mails.len() >= count).then_some(mails))
        })
        .await
        .with_context(|| self.shop.node.output())
    }

    async fn rules(&self) -> Result<Vec<i64>> {
        let list = self.shop.mcp().full("notifications.list", json!({})).await?;
        Ok(list["rules"].as_array().into_iter().flatten().filter_map(|rule| rule["rule_id"].as_i64()).collect())
    }

    async fn ended(&self) -> Result<Vec<Value>> {
        let all = events(&self.shop.node, 0).await?;
        Ok(all.iter().map(AuditedEvent::json).filter(|one| one["type"] == "NotificationUnsubscribed").collect())
    }
}

/// The header's value, which may be folded.
fn header(mail: &Mail, name: &str) -> Option<String> {
    let unfolded = mail.content.replace("\r\n", "\n").replace("\n\t", " ").replace("\n ", " ");
    let head = unfolded.split("\n\n").next()?.to_owned();
    head.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.trim().to_owned()))
}

/// The path of the link in an e-mail.
fn link(mail: &Mail) -> Result<String> {
    let value = header(mail, "List-Unsubscribe").with_context(|| mail.content.clone())?;
    let address = value.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).context("brackets")?;
    ensure!(header(mail, "List-Unsubscribe-Post").as_deref() == Some(ONE_CLICK), "{}", mail.content);
    ensure!(mail.text.contains(address) && mail.html.contains(address), "people can follow it: {mail:?}");
    Ok(address.strip_prefix(HTTPS).with_context(|| format!("{address} is no address of the shop"))?.to_owned())
}

async fn ask(node: &Node, method: &str, path: &str, body: &str) -> Result<RawAnswer> {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    send_raw(node, request.as_bytes()).await
}

async fn a_link_ends_its_rule_and_no_other(mailed: Mailed) -> Result<()> {
    let mut checks = Checks::default();
    let (one, other) = (mailed.subscribe("asha", "out_of_stock").await?, mailed.subscribe("asha", "placed").await?);
    mailed.subscribe("asha", "verify_failed").await?;
    mailed.sold_out().await?;
    let mails = mailed.mails(1).await?;
    let path = link(&mails[0])?;
    check!(checks, !path.contains("asha") && path.starts_with("/unsubscribe/"), "{path}");
    // A node that requires keys serves the link without one.
    mailed.shop.key(&["owner", "--role", "owner"]).await?;
    let node = mailed.shop.open_node(&[]).await?;
    for method in ["GET", "HEAD"] {
        let looked = ask(&node, method, &path, "").await?;
        check!(checks, looked.status == 200, "{looked:?}");
        check!(checks, method == "HEAD" || looked.body.contains("Stop them"), "{looked:?}");
        check!(checks, looked.head.contains("no-referrer") && !looked.head.contains("set-cookie"), "{looked:?}");
    }
    let cut = &path[..path.len() - 1];
    let swapped = format!("{cut}{}", if path.ends_with('A') { "B" } else { "A" });
    let foreign = "/unsubscribe/AAAAAAAAAAE".to_owned() + &"A".repeat(43);
    for wrong in [cut, &swapped, &foreign, "/unsubscribe/x", &format!("/unsubscribe/{}", "A".repeat(5_000))] {
        let refused = ask(&node, "POST", wrong, ONE_CLICK).await?;
        check!(checks, refused.status == 404, "{wrong}: {refused:?}");
    }
    let empty = ask(&node, "POST", &path, "").await?;
    check!(checks, empty.status == 400, "{empty:?}");
    check!(checks, mailed.rules().await? == [one, other, 3] && mailed.ended().await?.is_empty(), "nothing was changed");
    for time in 1..=2 {
        let done = ask(&node, "POST", &path, ONE_CLICK).await?;
        check!(checks, done.status == 200 && done.body.contains("are stopped"), "{time}: {done:?}");
        check!(checks, mailed.rules().await? == [other, 3], "{:?}", mailed.rules().await?);
    }
    let ended = mailed.ended().await?;
    check!(checks, ended.len() == 1 && ended[0]["data"]["rule_id"] == one, "{ended:?}");
    let by = &ended[0]["provenance"];
    check!(checks, by["actor"] == json!({ "user": "unsubscribe link", "role": "recipient" }), "{by}");
    check!(checks, by["agent"]["name"] == "unsubscribe link", "{by}");
    // The form of the page, as browsers of providers may send it.
    let again = mailed.subscribe("asha", "out_of_stock").await?;
    let looked = ask(&node, "GET", &path, "").await?;
    check!(checks, looked.body.contains("are stopped") && !looked.body.contains("<button"), "{looked:?}");
    let done = ask(&node, "POST", &path, "--x\r\nname=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--").await?;
    check!(checks, done.status == 200 && mailed.rules().await?.contains(&again), "another rule goes on: {done:?}");
    let reads = mailed.shop.open_node(&["--read-only"]).await?;
    let refused = ask(&reads, "POST", &path, ONE_CLICK).await?;
    check!(checks, refused.status == 403, "{refused:?}");
    checks.all_hold()
}

async fn a_digest_has_one_link_for_all_its_rules(mut mailed: Mailed) -> Result<()> {
    let mut checks = Checks::default();
    mailed.shop.node.restart_at("2030-11-20T10:15:40+05:30").await?;
    mailed.subscribe("bo", "out_of_stock").await?;
    mailed.subscribe("bo", "placed").await?;
    mailed.subscribe("bo", "shipped").await?;
    mailed.shop.with_orders(1).await?;
    mailed.sold_out().await?;
    mailed.shop.node.restart_at("2030-11-20T10:15:58+05:30").await?;
    let mails = mailed.mails(1).await?;
    check!(checks, mails.len() == 1 && mails[0].text.starts_with("2 messages."), "{mails:?}");
    let path = link(&mails[0])?;
    let done = ask(&mailed.shop.node, "POST", &path, ONE_CLICK).await?;
    check!(checks, done.status == 200 && mailed.rules().await? == [3], "{done:?}: {:?}", mailed.rules().await?);
    checks.all_hold()
}

/// The output of openssl.
async fn openssl(arguments: &[&str]) -> Result<Vec<u8>> {
    let output = tokio::process::Command::new("openssl").args(arguments).output().await.context("openssl")?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn e_mails_are_signed_so_that_a_receiver_can_check_it() -> Result<()> {
    let mut checks = Checks::default();
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    openssl(&["genrsa", "-out", &at("key.pem"), "2048"]).await?;
    // The same key in the format of older versions of openssl.
    openssl(&["rsa", "-in", &at("key.pem"), "-traditional", "-out", &at("old.pem")]).await?;
    openssl(&["genrsa", "-out", &at("other.pem"), "2048"]).await?;
    openssl(&["genrsa", "-out", &at("short.pem"), "1024"]).await?;
    let public = openssl(&["rsa", "-in", &at("key.pem"), "-pubout", "-outform", "der"]).await?;
    std::fs::write(at("record"), format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(public)))?;
    let mail = MailServer::start_checking(&folder.path().join("record")).await?;
    let targets = |key: &str| -> Result<String> {
        let (file, key) = (at("targets.toml"), at(key));
        let text = format!(
            "[smtp]\nurl = \"{}\"\nfrom = \"Der Laden Grün <shop@example.com>\"\n\
             [smtp.dkim]\nselector = \"desk.2026\"\ndomain = \"example.com\"\nkey_file = \"{key}\"\n\
             [targets.asha]\nkind = \"email\"\nto = \"Asha Råo <asha@example.com>\"\n",
            mail.url()
        );
        std::fs::write(&file, text)?;
        Ok(file)
    };
    let settings = ["--notify-targets-file", &targets("key.pem")?, "--public-url", HTTPS];
    let mut shop = Shop::open_with(SetUp::Sqlite, &settings).await?;
    shop.stock("PEN", "Füller  «Ω», 100 %", "10.00", 50).await?;
    for when in ["out_of_stock", "verify_failed"] {
        let rule = json!({ "target": "asha", "when": [when], "grace": 0 });
        shop.mcp().ok("notifications.subscribe", rule).await?;
    }
    let next = async |count: usize| {
        until("the e-mails", PATIENCE, async || {
            let mails = mail.mails()?;
            Ok((mails.len() >= count).then(|| mails[count - 1].clone()))
        })
        .await
        .with_context(|| shop.node.output())
    };
    shop.mcp().ok("inventory.adjust", json!({ "product": "PEN", "counted": 0 })).await?;
    let sent = next(1).await?;
    check!(checks, sent.signed == Some(true) && sent.text.contains("Füller"), "{sent:?}");
    check!(checks, sent.keys_asked == ["desk.2026._domainkey.example.com."], "{sent:?}");
    let signature = header(&sent, "DKIM-Signature").context("a signature")?;
    let signed: String = signature.split(" h=").nth(1).unwrap_or_default().split(';').next().unwrap_or_default().into();
    for name in ["From", "To", "Subject", "Date", "List-Unsubscribe", "List-Unsubscribe-Post"] {
        check!(checks, signed.split(':').any(|one| one.trim() == name), "{name}: {signature}");
    }
    let noted = format!("2:{}", "0".repeat(64));
    shop.cli(&["verify", "--expect", &noted, "--tell"]).await?;
    let sent = next(2).await?;
    check!(checks, sent.signed == Some(true) && !sent.content.contains("List-Unsubscribe"), "{sent:?}");
    shop.node.stop().await?;
    let test = async |key: &str| -> Result<orderlog_tests::Finished> {
        shop.cli(&["notifications", "test", "asha", "--notify-targets-file", &targets(key)?]).await
    };
    for (nth, (key, fits)) in [("old.pem", true), ("other.pem", false)].into_iter().enumerate() {
        test(key).await?.expect_success()?;
        let mails = mail.mails()?;
        check!(checks, mails.len() == 3 + nth && mails[2 + nth].signed == Some(fits), "{key}: {mails:?}");
    }
    for (key, why) in [("short.pem", "2048 bits or more"), ("record", "no RSA key"), ("none.pem", "none.pem")] {
        let refused = test(key).await?;
        check!(checks, !refused.success && refused.stderr.contains(why), "{key}: {refused:?}");
    }
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_https_there_is_no_link_and_never_one_for_the_system() -> Result<()> {
    let mut checks = Checks::default();
    let mailed = Mailed::open(Engine::Sqlite, "http://shop.example").await?;
    mailed.subscribe("asha", "out_of_stock").await?;
    mailed.sold_out().await?;
    let mails = mailed.mails(1).await?;
    check!(checks, header(&mails[0], "List-Unsubscribe").is_none(), "{mails:?}");
    check!(checks, !mails[0].content.contains("unsubscribe"), "{mails:?}");
    let mailed = Mailed::open(Engine::Sqlite, HTTPS).await?;
    mailed.subscribe("asha", "verify_failed").await?;
    let noted = format!("2:{}", "0".repeat(64));
    mailed.shop.cli(&["verify", "--expect", &noted, "--tell"]).await?;
    let mails = mailed.mails(1).await?;
    check!(checks, mails[0].text.contains("fault at event 2"), "{mails:?}");
    check!(checks, header(&mails[0], "List-Unsubscribe").is_none(), "{mails:?}");
    checks.all_hold()
}
