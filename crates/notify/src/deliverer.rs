//! The task of the node that delivers: follows the log, sends what is due, and records what became of it.
//!
//! No message is lost: the log keeps the position up to which events were compared with the rules (`through`), and a start goes
//! on from there. None that is recorded as sent is sent again: its id follows from its event, and it stays settled.

mod attempt;
mod notice;
mod noticed;
mod owner;
mod record;
mod send;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use orderlog_domain::{
    envelope,
    event::{Event, Message, Outcome},
    ids::{Position, RuleId, StreamId, Version},
    notifications::Notifications,
    states::State,
};
use orderlog_event_log::Recorded;
use orderlog_messaging::{Feed, RelayStatus, Source};
use orderlog_tools::{OpenShop, history};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::{
    attempt::Sent,
    noticed::{Heard, Noticed},
};
use crate::{
    delivery::Sender,
    desk::Desk,
    lease::{Candidate, Lease},
    matching::messages_of,
};

/// What a node that delivers says of itself.
const DELIVERS: &str = "delivers";
/// Connections to PostgreSQL that delivering uses besides those of the log: the session of the lease.
pub const POSTGRES_CONNECTIONS: u32 = 1;
/// How often a node that does not deliver asks whether it may, and one that does whether it still may.
const LEASE_CHECK: Duration = Duration::from_secs(1);
/// Pause after something failed.
const RETRY: Duration = Duration::from_secs(1);
/// Outcomes are gathered for this long, so that a busy shop records one event for many messages.
const GATHER: Duration = Duration::from_millis(500);
/// Events of a page.
const PAGE_EVENTS: usize = 256;
/// Events after which the log is told how far the rules have gone, although there is no news: bounds what a start reads.
const ADVANCE_EVENTS: i64 = 50_000;
/// Longest time that a node that stops waits for messages under way.
const STOP_WAIT: Duration = Duration::from_secs(2);

/// What a node needs to deliver.
pub struct Deliverer {
    /// The open shop.
    pub shop: Arc<OpenShop>,
    /// Sends.
    pub sender: Arc<Sender>,
    /// Where the node hears of new events.
    pub source: Source,
    /// How the relay is, where there is one.
    pub relay: Option<watch::Receiver<RelayStatus>>,
    /// Where the lease is held.
    pub database_url: String,
    /// The log's id.
    pub log_id: Uuid,
    /// Waits between tries are divided by it; 1 but in tests.
    pub pace: u32,
}

impl Deliverer {
    /// Delivers until told to stop; while another node does, waits for it to die.
    pub async fn run(self, stopping: CancellationToken) {
        let mut candidate = Candidate::new(&self.database_url, self.log_id);
        loop {
            let pause = match self.hold(&mut candidate, &stopping).await {
                Ok(()) => LEASE_CHECK,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "notifications are not delivered just now");
                    RETRY
                }
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = sleep(pause) => {}
            }
        }
    }

    /// Takes the lease if it is free and delivers as long as it lasts.
    async fn hold(&self, candidate: &mut Candidate, stopping: &CancellationToken) -> anyhow::Result<()> {
        let Some(lease) = candidate.take().await? else { return Ok(()) };
        tracing::info!("this node delivers notifications");
        let mut work = Work::start(self, lease).await?;
        self.shop.projections.say(DELIVERS, true);
        let done = work.run(stopping).await;
        work.end().await;
        self.shop.projections.say(DELIVERS, false);
        done
    }
}

/// Delivering, as long as the lease lasts.
struct Work<'a> {
    of: &'a Deliverer,
    lease: Lease,
    /// Rules as of the last event read.
    all: Notifications,
    desk: Desk,
    pages: mpsc::Receiver<Vec<Recorded>>,
    reading: tokio::task::JoinHandle<()>,
    sending: JoinSet<Sent>,
    /// To the owner, of messages that were given up.
    notices: JoinSet<Heard>,
    /// Targets of which the owner is being told, or was and it is not recorded yet.
    telling: BTreeSet<String>,
    /// Targets of which the owner was told, or cannot be, to be recorded.
    owner_told: Vec<String>,
    /// Targets that said that they want no more, to be recorded.
    gone: Vec<String>,
    /// Those that the log has so said of, in an event that has yet to come round.
    leaving: BTreeSet<String>,
    /// Since when there is news.
    news_since: Option<Instant>,
    noticed: Noticed,
}

impl<'a> Work<'a> {
    async fn start(of: &'a Deliverer, lease: Lease) -> anyhow::Result<Work<'a>> {
        let log = &of.shop.log;
        let head = log.head().await?.position;
        let all = history::notifications(log).await?;
        let after = match (all.version, all.through) {
            (Version::NONE, _) => head,
            (_, Position::START) => {
                let first = log.read_stream(StreamId::Notifications, Version::NONE, 1).await?;
                first.first().map_or(head, |event| Position(event.position.0 - 1))
            }
            (_, through) => through,
        };
        let mut feed = Feed::start(log.clone(), &of.source, after).await.context("follow the log")?;
        let (pages_in, pages) = mpsc::channel(2);
        let reading = tokio::spawn(async move {
            loop {
                match feed.next(PAGE_EVENTS).await {
                    Ok(events) => {
                        if pages_in.send(events).await.is_err() {
                            return;
                        }
                    }
                    Err(error) if error.is_transient() => sleep(RETRY).await,
                    Err(error) => {
                        tracing::error!(%error, "notifications cannot follow the log");
                        return;
                    }
                }
            }
        });
        let desk = Desk::new(of.pace, after, all.waiting.values().cloned());
        Ok(Work {
            of,
            lease,
            all,
            desk,
            pages,
            reading,
            sending: JoinSet::new(),
            notices: JoinSet::new(),
            telling: BTreeSet::new(),
            owner_told: vec![],
            gone: vec![],
            leaving: BTreeSet::new(),
            news_since: None,
            noticed: Noticed::default(),
        })
    }

    async fn run(&mut self, stopping: &CancellationToken) -> anyhow::Result<()> {
        let mut check = Instant::now() + LEASE_CHECK;
        loop {
            // Before anything is sent: a node that was frozen must not send what another has sent meanwhile.
            anyhow::ensure!(self.lease.lasts(), "the lease is lost");
            self.send_what_is_due();
            self.tell_owner();
            let due = self.due();
            // A target that wants no more must not be asked again after a crash.
            let flush = match self.gone.is_empty() {
                true => self.news_since.map(|since| since + GATHER),
                false => Some(Instant::now()),
            };
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                page = self.pages.recv() => self.take(&page.context("the log cannot be followed")?).await?,
                Some(done) = self.sending.join_next() => self.settle(done.context("a message broke off")?),
                Some(told) = self.notices.join_next() => self.heard(told.context("a notice broke off")?),
                () = at(flush) => self.record().await?,
                () = at(due) => {}
                () = sleep_until(check) => {
                    self.notice().await;
                    check = Instant::now() + LEASE_CHECK;
                }
            }
            if self.news_since.is_none() && (self.has_news() || self.is_far()) {
                self.news_since = Some(Instant::now());
            }
        }
    }

    /// Gives messages under way a moment, and records what is known.
    async fn end(mut self) {
        self.reading.abort();
        let wait = async {
            while let Some(done) = self.sending.join_next().await {
                done.into_iter().for_each(|sent| self.settle(sent));
            }
        };
        _ = tokio::time::timeout(STOP_WAIT, wait).await;
        self.sending.abort_all();
        if self.has_news()
            && let Err(error) = self.record().await
        {
            tracing::warn!(
                error = format!("{error:#}"),
                "the last outcomes are not recorded; these messages are sent again"
            );
        }
    }

    /// Whether a target wants no more messages.
    fn has_left(&self, target: &String) -> bool {
        self.all.disabled.contains(target) || self.gone.contains(target) || self.leaving.contains(target)
    }

    fn has_news(&self) -> bool {
        self.desk.has_news() || !self.gone.is_empty() || !self.owner_told.is_empty()
    }

    fn is_far(&self) -> bool {
        self.all.version > Version::NONE && self.desk.matched.0 - self.all.through.0 > ADVANCE_EVENTS
    }

    /// When the next message is due.
    fn due(&self) -> Option<Instant> {
        let wait = (self.desk.next_time()? - self.now()).to_std().unwrap_or_default();
        Some(Instant::now() + wait.max(Duration::from_millis(5)))
    }

    fn now(&self) -> DateTime<Utc> {
        self.of.shop.clock.now()
    }

    fn once(&self, rule: RuleId) -> bool {
        self.all.rules.get(&rule).is_some_and(|one| one.rule.once)
    }

    /// Compares a page of events with the rules.
    async fn take(&mut self, page: &[Recorded]) -> anyhow::Result<()> {
        for recorded in page {
            for message in messages_of(&self.of.shop, &self.all, recorded).await? {
                let once = self.once(message.rule_id);
                self.desk.add(self.when_due(message), once);
            }
            if recorded.stream == StreamId::Notifications {
                self.evolve(recorded)?;
            }
            self.desk.matched = recorded.position;
        }
        Ok(())
    }

    /// A target with digests is told at the end of the period.
    fn when_due(&self, mut message: Message) -> Message {
        let digest = self.of.sender.targets.find(&message.target).and_then(|target| target.digest);
        if let Some(digest) = digest {
            message.not_before = digest.end(&self.of.shop.settings.calendar, message.not_before);
        }
        message
    }

    /// Takes in an event of the rules. After a start the first ones are known already.
    fn evolve(&mut self, recorded: &Recorded) -> anyhow::Result<()> {
        let event = envelope::decode(&recorded.json)?;
        let is_new = recorded.version > self.all.version;
        if is_new {
            let mut state = State::Notifications(Box::new(std::mem::take(&mut self.all)));
            state.evolve(&event.data, &event.provenance);
            if let State::Notifications(all) = state {
                self.all = *all;
            }
            self.leaving.retain(|target| !self.all.disabled.contains(target));
        }
        match &event.data {
            // Also a known one: messages that wait may be older than the end of their rule.
            Event::NotificationUnsubscribed(fact) => {
                let of_rule = |message: &Message| message.rule_id == fact.rule_id;
                self.desk.settle_all(of_rule, Outcome::Stopped, "the rule was ended");
            }
            Event::NotificationsReplayed(fact) if is_new => {
                let again = fact.messages.iter().filter_map(|id| self.all.waiting.get(id)).cloned();
                again.for_each(|message| self.desk.again(message));
            }
            _ => {}
        }
        Ok(())
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
