//! The owner hears that messages to another target were given up: once, and also where the node was killed before.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use orderlog_testkit::Fixture;
use orderlog_tests::{Checks, Endpoint, Engine, Received, Reply, SetUp, Shop, check, events, on_both_engines, until};
use serde_json::json;
use tempfile::TempDir;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PATIENCE: Duration = Duration::from_secs(30);

on_both_engines!(the_owner_is_told_after_a_kill_and_once);

/// A shop with a target that wants no messages, and an owner.
struct Owned {
    shop: Shop,
    _endpoint: Endpoint,
    received: Arc<Mutex<Vec<Received>>>,
    _folder: TempDir,
}

impl Fixture for Owned {
    async fn on(engine: Engine) -> Result<Owned> {
        let (received, folder) = (Arc::new(Mutex::new(vec![])), tempfile::tempdir()?);
        let heard = Arc::clone(&received);
        let endpoint = Endpoint::start_with(move |request: &Received| {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.push(request.clone());
            match (request.path.as_str(), heard.iter().filter(|one: &&Received| one.path == request.path).count()) {
                ("/books", _) => Reply::Status(410),
                ("/owner", 1) => Reply::Silence,
                _ => Reply::Status(200),
            }
        })
        .await?;
        let target = |name: &str, more: &str| {
            let url = endpoint.url(&format!("/{name}"));
            format!(
                "[targets.{name}]\nkind = \"webhook\"\nurl = \"{url}\"\nsecrets = [\"{SECRET}\"]\nprivate = true\n{more}"
            )
        };
        let file = folder.path().join("targets.toml");
        fs::write(&file, target("books", "") + &target("john", "") + &target("owner", "owner = true\n"))?;
        let set_up = match engine {
            Engine::Sqlite => SetUp::Sqlite,
            Engine::Postgres => SetUp::PostgresAndNats,
        };
        let file = file.to_str().context("a path")?;
        let shop = Shop::open_with(set_up, &["--notify-targets-file", file, "--notify-pace", "1000"]).await?;
        shop.stock("PEN", "Fountain pen", "10.00", 5).await?;
        Ok(Owned { shop, _endpoint: endpoint, received, _folder: folder })
    }
}

impl Owned {
    async fn told(&self, path: &str, count: usize) -> Result<Vec<Received>> {
        until("the messages", PATIENCE, async || {
            let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
            let told: Vec<Received> = received.iter().filter(|one| one.path == path).cloned().collect();
            Ok((told.len() >= count).then_some(told))
        })
        .await
        .with_context(|| self.shop.node.output())
    }

    async fn killed(&mut self) -> Result<()> {
        self.shop.node.kill()?;
        self.shop.node.start_again().await
    }
}

async fn the_owner_is_told_after_a_kill_and_once(mut owned: Owned) -> Result<()> {
    let mut checks = Checks::default();
    let rule = |target: &str| json!({ "target": target, "when": ["out_of_stock"], "grace": 0 });
    owned.shop.mcp().ok("notifications.subscribe", rule("books")).await?;
    owned.shop.mcp().ok("inventory.adjust", json!({ "product": "PEN", "counted": 0 })).await?;
    // The owner says nothing until the node is killed: the next one knows from the log what is still to be told.
    owned.told("/owner", 1).await?;
    owned.killed().await?;
    let received = owned.told("/owner", 2).await?;
    check!(checks, received[0].headers["webhook-id"] == received[1].headers["webhook-id"], "{received:?}");
    let text = received[1].json()["data"]["text"].as_str().unwrap_or_default().to_owned();
    check!(checks, text.starts_with("Messages to books could not be delivered: the target wants no more"), "{text}");
    until("the log to say that the owner was told", PATIENCE, async || {
        let all = events(&owned.shop.node, 0).await?;
        Ok(all.iter().any(|event| event.json()["data"]["owner_told"] == json!(["books"])).then_some(()))
    })
    .await?;
    // There is nothing to tell any more: a node goes through what is new, and the owner hears nothing.
    owned.killed().await?;
    owned.shop.mcp().ok("notifications.subscribe", rule("john")).await?;
    owned.shop.mcp().ok("inventory.receive", json!({ "product": "PEN", "quantity": 5 })).await?;
    owned.shop.mcp().ok("inventory.adjust", json!({ "product": "PEN", "counted": 0 })).await?;
    owned.told("/john", 1).await?;
    let again = owned.told("/owner", 2).await?.len();
    check!(checks, again == 2, "the owner was told {again} times");
    check!(checks, owned.told("/books", 1).await?.len() == 1, "a target that wants no more got more");
    checks.all_hold()
}
