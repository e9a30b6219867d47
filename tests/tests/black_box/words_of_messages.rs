//! The operator words messages by files: for all of them, for one target, and for one rule.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use orderlog_testkit::Fixture;
use orderlog_tests::{
    Checks, Endpoint, Engine, Finished, MailServer, SetUp, Shop, check, on_both_engines, orderlog, until,
};
use serde_json::json;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

on_both_engines!(messages_go_out_in_the_words_of_the_operator);

/// A shop with a folder of templates.
struct Worded {
    shop: Shop,
    endpoint: Endpoint,
    mail: MailServer,
    folder: TempDir,
}

impl Fixture for Worded {
    async fn on(engine: Engine) -> Result<Worded> {
        let (endpoint, mail, folder) = (Endpoint::start().await?, MailServer::start().await?, tempfile::tempdir()?);
        let (targets, templates) = (folder.path().join("targets.toml"), folder.path().join("templates"));
        let text = format!(
            "[smtp]\nurl = \"{}\"\nfrom = \"Shop <shop@example.com>\"\n\
             [targets.asha]\nkind = \"email\"\nto = \"asha@example.com\"\nnames = true\n\
             [targets.john]\nkind = \"slack\"\nurl = \"{}\"\nprivate = true\ntemplate = \"short\"\n",
            mail.url(),
            endpoint.url("/slack"),
        );
        fs::write(&targets, text)?;
        put(&templates, "german/email.subject.txt", "Bestellung {{ order.id if order else subject }}")?;
        put(
            &templates,
            "german/email.html",
            "<p>{% if order %}{{ order.customer if order.customer else 'Kunde' }}: {{ order.total | money }}{% endif %}</p>",
        )?;
        put(&templates, "short/slack.txt", "*{{ what }}* {{ text }}")?;
        let set_up = match engine {
            Engine::Sqlite => SetUp::Sqlite,
            Engine::Postgres => SetUp::PostgresAndNats,
        };
        let (targets, templates) = (targets.to_str().context("a path")?, templates.to_str().context("a path")?);
        let settings = ["--notify-targets-file", targets, "--notify-templates-dir", templates, "--notify-pace", "1000"];
        let shop = Shop::open_with(set_up, &settings).await?;
        shop.customer("Asha <b>Rao</b>", "asha@example.com").await?;
        shop.stock("PEN", "Fountain pen", "10.00", 50).await?;
        Ok(Worded { shop, endpoint, mail, folder })
    }
}

fn put(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().context("a folder")?)?;
    Ok(fs::write(path, text)?)
}

async fn messages_go_out_in_the_words_of_the_operator(worded: Worded) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = worded.shop.mcp();
    let rule = json!({ "target": "asha", "when": ["placed"], "grace": 0, "template": "German" });
    let said = mcp.ok("notifications.subscribe", rule).await?;
    check!(checks, said["text"].as_str().is_some_and(|text| text.contains("by the template german")), "{said}");
    let unknown = json!({ "target": "asha", "when": ["placed"], "template": "dutch" });
    let refused = mcp.refused("notifications.subscribe", unknown).await?;
    check!(checks, refused.code == "NOT_FOUND" && refused.field.as_deref() == Some("template"), "{refused:?}");
    check!(checks, refused.message.contains("german, short"), "{refused:?}");
    mcp.ok("notifications.subscribe", json!({ "target": "john", "when": ["placed"], "grace": 0 })).await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 2 }] });
    mcp.ok("orders.create_order", order).await?;
    let (mail, slack) =
        until("both messages", PATIENCE, async || Ok(worded.mail.mails()?.pop().zip(worded.endpoint.received().pop())))
            .await
            .with_context(|| worded.shop.node.output())?;
    check!(checks, mail.content.contains("Subject: Bestellung 1001"), "{}", mail.content);
    check!(checks, mail.html.contains("<p>Asha &lt;b&gt;Rao&lt;/b&gt;: ₹23.60</p>"), "{}", mail.html);
    // What the set lacks is built in.
    check!(checks, mail.text.contains("Order #1001 was placed: 2 units for ₹23.60."), "{}", mail.text);
    let slack = slack.json();
    check!(
        checks,
        slack["blocks"][0]["text"]["text"] == "*placed* Order #1001 was placed: 2 units for ₹23.60.",
        "{slack}"
    );

    // What does not fit is said before anything starts, and by the command.
    let run = async |arguments: &[&str]| -> Result<Finished> {
        let mut command = orderlog(worded.folder.path())?;
        command.args(["notifications", "templates"]).args(arguments);
        command.arg("--notify-templates-dir").arg(worded.folder.path().join("templates"));
        Finished::run(command).await
    };
    let shown = run(&["--set", "german", "--preview", "--file", "email.subject.txt"]).await?;
    check!(checks, shown.success && shown.stdout.contains("Bestellung 1234"), "{shown:?}");
    let listed = run(&[]).await?;
    check!(checks, listed.success && listed.stdout.contains("built in"), "{listed:?}");
    put(&worded.folder.path().join("templates"), "german/email.txt", "{{ text }}\n{{ order.totl }}\n")?;
    let refused = run(&[]).await?;
    let said = &refused.stderr;
    check!(
        checks,
        !refused.success && said.contains("german/email.txt, line 2") && said.contains("order.totl"),
        "{said}"
    );
    checks.all_hold()
}
