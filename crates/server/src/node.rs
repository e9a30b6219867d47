//! One running node: the log, the writer, the read models and the relay, built in one place for every subcommand.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::Context as _;
use orderlog_commands::{Options, Writer};
use orderlog_event_log::{Identity, Log, LogError, Recorded, WhichLog, sqlite_file, sqlite_url};
use orderlog_keyring as keyring;
use orderlog_messaging::{Bus, Nats, Relay, RelayStatus, Source};
use orderlog_notify::{self as notify, Deliverer, Sender};
use orderlog_projections::MODELS;
use orderlog_read_models::{Projections, Runner, RunnerOptions, Unseal};
use orderlog_tools::{Clock, LeftBehind, OpenShop, local, people};
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{config::Config, log_check, log_rounds, shop_settings};

/// Connections to PostgreSQL that a node uses at most.
const CONNECTIONS: u32 = orderlog_event_log::POSTGRES_CONNECTIONS
    + orderlog_read_models::POSTGRES_CONNECTIONS
    + keyring::POSTGRES_CONNECTIONS
    + notify::POSTGRES_CONNECTIONS;
/// How long a node that stops waits for its last readers. SQLite merges its files after the last of them.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// Fewest connections for a start: the log's reader and writer, keys, read models and their runner, and one to spare.
const CONNECTIONS_TO_START: i64 = 6;

/// The parts of a node that tools and HTTP handlers use.
pub(crate) struct Node {
    /// Id of this process; read models name it as their owner.
    pub(crate) id: String,
    pub(crate) config: Config,
    /// The shop for tools.
    pub(crate) shop: Arc<OpenShop>,
    pub(crate) identity: Identity,
    /// Faults of the log that the check at start found.
    pub(crate) log_troubles: watch::Receiver<Vec<String>>,
    /// Faults of the log that were found later.
    pub(crate) log_faults: watch::Sender<Vec<String>>,
    /// The status of the relay, if there is one.
    pub(crate) relay: Option<watch::Receiver<RelayStatus>>,
    pub(crate) nats: Option<Nats>,
    /// Cancelled when the node stops.
    pub(crate) stopping: CancellationToken,
    /// Cancelled when everything that only reads the log must end.
    ending: CancellationToken,
    background: Mutex<Vec<JoinHandle<()>>>,
    /// The source of new events.
    source: Source,
    /// Sends notifications, after it is first needed.
    sender: OnceLock<Arc<Sender>>,
    /// Delivers notifications, where this node does.
    delivering: Mutex<Option<JoinHandle<()>>>,
}

impl Node {
    /// Opens everything that the configuration names, and starts the background tasks.
    pub(crate) async fn start(mut config: Config) -> anyhow::Result<Node> {
        let clock = Clock::new(config.clock);
        let log = open_log(&config).await?;
        enough_connections(&log).await?;
        let identity = log.identity().await.context("read the log's id")?.context("the log has no id")?;
        if config.clock.is_some() {
            refuse_to_go_back(&log, &clock).await?;
        }
        shop_settings::settle(&log, &mut config, clock.now()).await?;
        // Before the keys are read: erasures from here on are noticed.
        let heard = log.head().await.context("read the head of the log")?.position;
        let which = which_log(&config, &log).await?;
        let keyring =
            Arc::new(people::open_keys(&config.database_url, &log, &which, config.accept_missing_keys).await?);
        let projections = open_projections(&config, &which).await?;
        // Before anything is answered from them.
        projections.compare(&log).await.context("compare the read models with the log")?;
        let bus = Bus::new();
        let on_append = {
            let (bus, projections) = (bus.clone(), projections.clone());
            Box::new(move |events: Arc<[Recorded]>| {
                if let Some(last) = events.last() {
                    projections.saw_head(last.position);
                }
                bus.publish(events);
            })
        };
        let options = Options { shop: config.shop.clone(), on_append };
        let (writer, writing) = Writer::start(log.clone(), options).await.context("start the writer")?;

        let ending = CancellationToken::new();
        let mut background = vec![writing];
        let (mut nats, mut relay) = (None, None);
        if let Some(access) = &config.nats {
            let client = Nats::connect(access.clone()).await.context("connect to NATS")?;
            let carrier = Relay::new(log.clone(), identity.clone(), client.clone(), bus.clone());
            (nats, relay) = (Some(client), Some(carrier.status()));
            // The relay itself reports when and why it does not publish, in the log and in its status.
            background.push(tokio::spawn(carrier.run(ending.clone())));
        }
        let source = match nats.clone() {
            Some(nats) => Source::Nats(bus, nats),
            None => Source::Bus(bus),
        };
        let unseal = {
            let (opening, forgetting) = (Arc::clone(&keyring), Arc::clone(&keyring));
            Unseal::new(move |field, sealed| opening.open_seal(field, sealed))
                .forgetting(heard, move |id| forgetting.drop_key(id))
        };
        let id = clock.new_id().to_string();
        say(&projections, local(clock.now(), config.shop.calendar.timezone));
        if let Some(relay) = relay.clone() {
            background.push(tokio::spawn(say_of_relay(projections.clone(), relay, ending.clone())));
        }
        let options = RunnerOptions::new(id.clone(), unseal);
        background.push(Runner::start(projections.clone(), log.clone(), source.clone(), options, ending.clone()));
        let left_behind = Arc::new(LeftBehind::default());
        let settling = people::keep_settled(
            log.clone(),
            Arc::clone(&keyring),
            projections.clone(),
            Arc::clone(&left_behind),
            ending.clone(),
        );
        background.push(tokio::spawn(settling));
        let log_troubles = log_check::start(log.clone());
        let settings = config.shop.clone();
        let shop = OpenShop::new(settings, clock, log, writer, projections, keyring, left_behind);
        let shop = shop
            .with_targets(config.targets.names())
            .with_templates(config.templates.names())
            .called(config.shop_name.clone());
        let shop = Arc::new(shop.open_at(config.public_url.clone()).relaying(config.nats.is_some()));
        Ok(Node {
            id,
            config,
            shop,
            log_troubles,
            log_faults: watch::Sender::new(vec![]),
            identity,
            relay,
            nats,
            stopping: CancellationToken::new(),
            ending,
            background: Mutex::new(background),
            source,
            sender: OnceLock::new(),
            delivering: Mutex::new(None),
        })
    }

    /// Starts verifying the log in the background, and delivering notifications when no other node does. For nodes that
    /// stay; not for an import.
    pub(crate) async fn attend(&self) -> anyhow::Result<()> {
        let (shop, ending, faults) = (Arc::clone(&self.shop), self.ending.clone(), self.log_faults.clone());
        let rounds = log_rounds::start(shop, self.config.notify_pace, ending, faults);
        self.background.lock().await.push(rounds);
        if self.config.targets.is_empty() {
            return Ok(());
        }
        let deliverer = Deliverer {
            shop: Arc::clone(&self.shop),
            sender: self.sender()?,
            source: self.source.clone(),
            relay: self.relay.clone(),
            database_url: self.config.database_url.clone(),
            log_id: self.identity.id,
            pace: self.config.notify_pace,
        };
        *self.delivering.lock().await = Some(tokio::spawn(deliverer.run(self.stopping.clone())));
        Ok(())
    }

    /// Sends notifications to this node's targets.
    pub(crate) fn sender(&self) -> anyhow::Result<Arc<Sender>> {
        if let Some(known) = self.sender.get() {
            return Ok(Arc::clone(known));
        }
        let (targets, name) = (self.config.targets.clone(), self.config.shop_name.as_deref());
        let made = Sender::new(targets, &self.config.templates, &self.config.shop, name)?;
        Ok(Arc::clone(self.sender.get_or_init(|| made)))
    }

    /// Waits for the calls under way, then ends everything else.
    pub(crate) async fn stop(&self) {
        self.stopping.cancel();
        self.shop.tasks.close();
        self.shop.tasks.wait().await;
        // It still records the outcomes of the last messages.
        if let Some(delivering) = self.delivering.lock().await.take()
            && let Err(error) = delivering.await
        {
            tracing::error!(%error, "the task that delivers notifications ended unexpectedly");
        }
        self.ending.cancel();
        self.shop.writer.close();
        for running in self.background.lock().await.drain(..) {
            if let Err(error) = running.await {
                tracing::error!(%error, "a background task ended unexpectedly");
            }
        }
        let close = async {
            self.shop.projections.close().await;
            self.shop.keyring.close().await;
            self.shop.log.close().await;
        };
        if tokio::time::timeout(CLOSE_LIMIT, close).await.is_err() {
            tracing::debug!("somebody still reads; the connections are left to the end of the process");
        }
    }
}

/// What this node says of itself from the beginning.
fn say(projections: &Projections, since: String) {
    // The name of the machine, where the system tells it.
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    projections.say("machine", machine.trim());
    projections.say("process", std::process::id());
    projections.say("version", env!("CARGO_PKG_VERSION"));
    projections.say("since", since);
}

/// And how its relay is, whenever that changes.
async fn say_of_relay(projections: Projections, mut relay: watch::Receiver<RelayStatus>, ending: CancellationToken) {
    loop {
        let said = relay.borrow_and_update().state;
        projections.say("relay", said.name());
        let changed = relay.wait_for(|now| now.state != said);
        match ending.run_until_cancelled(changed).await {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}

/// Opens a log that is there for commands that only read it: nothing is created, nothing migrated.
pub(crate) async fn open_log_to_read(config: &Config) -> anyhow::Result<Log> {
    Log::open_to_read(&config.database_url).await.context("open the log")
}

/// Succeeds if the shop was started before; for commands that must not create one.
///
/// # Errors
/// When there is no shop; says how to start one.
pub(crate) async fn refuse_to_begin(config: &Config) -> anyhow::Result<()> {
    const HOW: &str = "nothing was created; if --database-url is right, start the shop once with `orderlog serve`";
    let log = Log::open_to_read(&config.database_url).await.map_err(|error| match error {
        LogError::Missing(_) => anyhow::Error::new(error).context(HOW),
        error => anyhow::Error::new(error).context("open the log"),
    })?;
    let settings = log.settings().await?;
    log.close().await;
    anyhow::ensure!(!settings.is_empty(), "the log belongs to no shop yet: {HOW}");
    Ok(())
}

/// Opens the log, and creates or migrates it.
pub(crate) async fn open_log(config: &Config) -> anyhow::Result<Log> {
    if let Some(folder) = sqlite_file(&config.database_url).and_then(|path| path.parent().map(PathBuf::from)) {
        std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    }
    Log::open(&config.database_url).await.map_err(|error| match error {
        LogError::Full { .. } => anyhow::Error::new(error).context(format!("open the log: {}", how_many_connections())),
        error => anyhow::Error::new(error).context("open the log"),
    })
}

/// Reports at once a lack of connections that would later make calls wait.
async fn enough_connections(log: &Log) -> anyhow::Result<()> {
    let Some(left) = log.connections_left().await.context("count the connections that PostgreSQL has left")? else {
        return Ok(());
    };
    anyhow::ensure!(
        left >= CONNECTIONS_TO_START,
        "PostgreSQL has {left} connections left for this role, too few to start: {}",
        how_many_connections()
    );
    if left < i64::from(CONNECTIONS) {
        tracing::warn!(left, "PostgreSQL has few connections left: {}", how_many_connections());
    }
    Ok(())
}

fn how_many_connections() -> String {
    format!(
        "a node uses up to {CONNECTIONS} connections. Raise max_connections, or the limit of the role or the database, \
         or end other clients"
    )
}

/// Opens the read models of the log.
pub(crate) async fn open_projections(config: &Config, which: &WhichLog) -> anyhow::Result<Projections> {
    let projections = Projections::open(&projections_url(config), MODELS).await.context("open the read models")?;
    projections.belong_to(which).await.context("open the read models")?;
    Ok(projections)
}

/// Opens existing read models, creating nothing.
pub(crate) async fn open_projections_to_read(config: &Config) -> anyhow::Result<Projections> {
    Projections::open_to_read(&projections_url(config), MODELS).await.context("open the read models")
}

fn projections_url(config: &Config) -> String {
    match sqlite_file(&config.database_url) {
        Some(log) => sqlite_url(&log.with_file_name("projections.db")),
        None => config.database_url.clone(),
    }
}

/// The identity of the log for its stores.
pub(crate) async fn which_log(config: &Config, log: &Log) -> anyhow::Result<WhichLog> {
    let identity = log.identity().await.context("read the log's id")?.context("the log has no id")?;
    Ok(WhichLog { log_id: identity.id, file: sqlite_file(&config.database_url) })
}

/// The times of events never decrease; a node whose clock is behind would date its events to the future.
async fn refuse_to_go_back(log: &Log, clock: &Clock) -> anyhow::Result<()> {
    let last = log.head().await.context("read the head of the log")?.recorded_at;
    let now = clock.now();
    anyhow::ensure!(
        last <= now,
        "--clock {now} cannot be used: the log already holds an event of {last}; use a later time or another log"
    );
    Ok(())
}
