//! A whole installation: storage, messaging, nodes; on SQLite alone or on PostgreSQL and NATS.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context, Result};
use orderlog_testkit::{Database, Engine, Finished, Fixture, NatsServer, Process};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    mcp::Mcp,
    node::{Node, orderlog},
};

/// The two ways to run Orderlog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetUp {
    /// One process, nothing installed.
    Sqlite,
    /// One process, published to NATS.
    SqliteAndNats,
    /// A production node.
    PostgresAndNats,
}

/// An installation with one running node. What it started ends with it.
#[derive(Debug)]
pub struct Shop {
    // Fields drop in this order: nodes before what they use.
    /// The first node.
    pub node: Node,
    /// The nats-server, where there is one.
    pub nats: Option<NatsServer>,
    database: Option<Database>,
    copies: Vec<Database>,
    folder: TempDir,
    data: PathBuf,
    settings: Vec<String>,
    nodes: AtomicUsize,
}

impl Fixture for Shop {
    /// On SQLite alone, or on PostgreSQL with NATS.
    async fn on(engine: Engine) -> Result<Shop> {
        Shop::open(match engine {
            Engine::Sqlite => SetUp::Sqlite,
            Engine::Postgres => SetUp::PostgresAndNats,
        })
        .await
    }
}

impl Shop {
    /// An Indian shop: Asia/Kolkata, INR.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn open(set_up: SetUp) -> Result<Shop> {
        Shop::open_with(set_up, &[]).await
    }

    /// Opens a shop with further arguments for every `orderlog serve`.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn open_with(set_up: SetUp, arguments: &[&str]) -> Result<Shop> {
        let folder = tempfile::Builder::new().prefix("orderlog-shop.").tempdir().context("making a folder")?;
        let data = folder.path().join("data");
        Shop::open_in(set_up, folder, data, arguments).await
    }

    /// A shop on the SQLite files in `data`.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn open_at(data: &Path) -> Result<Shop> {
        let folder = tempfile::Builder::new().prefix("orderlog-shop.").tempdir().context("making a folder")?;
        Shop::open_in(SetUp::Sqlite, folder, data.to_owned(), &[]).await
    }

    async fn open_in(set_up: SetUp, folder: TempDir, data: PathBuf, arguments: &[&str]) -> Result<Shop> {
        let (database, nats, database_url) = match set_up {
            SetUp::Sqlite => (None, None, format!("sqlite://{}/log.db", data.display())),
            SetUp::SqliteAndNats => {
                let nats = NatsServer::start(&folder.path().join("nats")).await?;
                (None, Some(nats), format!("sqlite://{}/log.db", data.display()))
            }
            SetUp::PostgresAndNats => {
                let database = Database::fresh(Engine::Postgres).await?;
                let nats = NatsServer::start(&folder.path().join("nats")).await?;
                let url = database.url();
                (Some(database), Some(nats), url)
            }
        };
        Shop::start(folder, data, database, nats, database_url, arguments).await
    }

    /// An Indian shop without NATS on a database of the test's own.
    ///
    /// # Errors
    /// When the node does not start.
    pub async fn open_on(database_url: &str) -> Result<Shop> {
        let folder = tempfile::Builder::new().prefix("orderlog-shop.").tempdir().context("making a folder")?;
        let data = folder.path().join("data");
        Shop::start(folder, data, None, None, database_url.to_owned(), &[]).await
    }

    async fn start(
        folder: TempDir,
        data: PathBuf,
        database: Option<Database>,
        nats: Option<NatsServer>,
        database_url: String,
        arguments: &[&str],
    ) -> Result<Shop> {
        let mut settings = vec!["--database-url".to_owned(), database_url];
        settings.extend(["--timezone", "Asia/Kolkata", "--currency", "INR"].map(String::from));
        let mut serving = settings.clone();
        if let Some(nats) = &nats {
            serving.extend(["--nats-url".to_owned(), nats.url()]);
        }
        serving.extend(arguments.iter().map(|&argument| argument.to_owned()));
        let node = Node::start(folder.path().join("node-0"), serving).await?;
        Ok(Shop { node, nats, database, copies: vec![], folder, data, settings, nodes: AtomicUsize::new(1) })
    }

    /// Starts one more node on the same log.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn another_node(&self) -> Result<Node> {
        let number = self.nodes.fetch_add(1, Ordering::Relaxed);
        Node::start(self.folder.path().join(format!("node-{number}")), self.node.arguments().to_vec()).await
    }

    /// Starts one more node on the same log that listens on every address of this machine, with further arguments.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn open_node(&self, arguments: &[&str]) -> Result<Node> {
        let number = self.nodes.fetch_add(1, Ordering::Relaxed);
        let mut serving = self.node.arguments().to_vec();
        serving.extend(arguments.iter().map(|&argument| argument.to_owned()));
        Node::start_on("0.0.0.0", self.folder.path().join(format!("node-{number}")), serving).await
    }

    /// Makes a key and answers it.
    ///
    /// # Errors
    /// When none is made.
    pub async fn key(&self, arguments: &[&str]) -> Result<String> {
        let told = self.cli_without_settings(&[&["keys", "create"], arguments].concat()).await?.expect_success()?;
        told.lines().next().map(str::to_owned).context("no key was printed")
    }

    /// A client of the first node.
    #[must_use]
    pub fn mcp(&self) -> Mcp {
        self.node.mcp()
    }

    /// Runs `orderlog <arguments>` on this shop's log to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn cli(&self, arguments: &[&str]) -> Result<Finished> {
        Finished::run(self.command(arguments)?).await
    }

    /// `orderlog <arguments>` on this shop's log, to be started by the test.
    ///
    /// # Errors
    /// When the binary is not there.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = orderlog(self.folder.path())?;
        command.args(arguments).args(&self.settings);
        Ok(command)
    }

    /// Starts `orderlog <arguments>` on this shop's log, for a test that interrupts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_cli(&self, arguments: &[&str]) -> Result<Process> {
        Process::start("orderlog", self.command(arguments)?, self.folder.path().join("cli.log"))
    }

    /// `orderlog <arguments>` on this shop's log, without the shop's own settings.
    ///
    /// # Errors
    /// When the binary is not there.
    pub fn command_without_settings(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = orderlog(self.folder.path())?;
        // The first two name the database.
        command.args(arguments).args(&self.settings[..2]);
        Ok(command)
    }

    /// Runs such a command to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn cli_without_settings(&self, arguments: &[&str]) -> Result<Finished> {
        Finished::run(self.command_without_settings(arguments)?).await
    }

    /// `orderlog <arguments>` on another log, to be started by the test.
    ///
    /// # Errors
    /// When the binary is not there.
    pub fn command_with_url(&self, arguments: &[&str], database_url: &str) -> Result<Command> {
        let mut command = orderlog(self.folder.path())?;
        command.args(arguments).args(["--database-url", database_url]);
        Ok(command)
    }

    /// Runs such a command to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn cli_on(&self, database_url: &str, arguments: &[&str]) -> Result<Finished> {
        Finished::run(self.command_with_url(arguments, database_url)?).await
    }

    /// Runs a script from `tests/clients` with the official client of its language.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn client_script(&self, interpreter: PathBuf, script: &str, arguments: &[&str]) -> Result<Finished> {
        let mut command = Command::new(interpreter);
        command.arg(crate::clients_folder().join(script)).arg(format!("{}/mcp", self.node.url())).args(arguments);
        Finished::run(command).await
    }

    /// Runs a program from `docs/examples`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn example(&self, interpreter: PathBuf, script: &str, arguments: &[&str]) -> Result<Finished> {
        let mut command = Command::new(interpreter);
        command.arg(crate::clients_folder().join("../../docs/examples").join(script)).args(arguments);
        Finished::run(command).await
    }

    /// A node on a copy of the present log, with all other settings of the shop, its NATS too: what a careless restore
    /// drill starts. The shop's node is stopped while the copy is made.
    ///
    /// # Errors
    /// When the copy cannot be made, or the node does not answer.
    pub async fn node_on_a_copy(&mut self) -> Result<Node> {
        self.node.stop().await?;
        let (folder, mut arguments) = (self.folder.path().join("copy"), self.node.arguments().to_vec());
        std::fs::create_dir_all(&folder)?;
        let copy = match &self.database {
            Some(database) => {
                let copy = database.copy().await?;
                let url = copy.url();
                self.copies.push(copy);
                url
            }
            None => {
                for file in ["log.db", "keys.db"] {
                    std::fs::copy(self.sqlite_folder().join(file), folder.join(file)).context("copying the log")?;
                }
                format!("sqlite://{}", folder.join("log.db").display())
            }
        };
        let url = arguments.iter().position(|argument| argument == "--database-url").context("a database")?;
        arguments[url + 1] = copy;
        self.node.start_again().await?;
        Node::start_somehow(folder.join("node"), arguments).await
    }

    /// Administrator's view of the log's database, to look behind Orderlog's back; PostgreSQL only.
    #[must_use]
    pub fn postgres_url(&self) -> Option<String> {
        self.database.as_ref().map(Database::url)
    }

    /// Where the SQLite files are.
    #[must_use]
    pub fn sqlite_folder(&self) -> PathBuf {
        self.data.clone()
    }

    /// A folder for whatever the test needs; deleted with the shop.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Registers a product with tax 18 % on top and puts `stock` of it on the shelf.
    ///
    /// # Errors
    /// When the shop refuses.
    pub async fn stock(&self, sku: &str, name: &str, price: &str, stock: i64) -> Result<()> {
        let mcp = self.mcp();
        mcp.ok("products.upsert", json!({ "sku": sku, "name": name, "price": price, "tax_rate": "18" })).await?;
        if stock > 0 {
            mcp.ok("inventory.receive", json!({ "product": sku, "quantity": stock })).await?;
        }
        Ok(())
    }

    /// Registers a customer.
    ///
    /// # Errors
    /// When the shop refuses.
    pub async fn customer(&self, name: &str, email: &str) -> Result<()> {
        self.mcp().ok("customers.upsert", json!({ "name": name, "email": email })).await?;
        Ok(())
    }

    /// Puts 50 of the product TEA on the shelf, registers Ann and lets her order 1, 2, 3 … of it.
    ///
    /// # Errors
    /// When the shop refuses.
    pub async fn with_orders(&self, orders: usize) -> Result<()> {
        self.stock("TEA", "Tea", "100.00", 50).await?;
        self.customer("Ann", "ann@example.com").await?;
        for quantity in 1..=orders {
            let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": quantity }] });
            self.mcp().ok("orders_create_order", order).await?;
        }
        Ok(())
    }
}
