//! Keeps customer keys and the index of e-mail addresses in step with the log: at start, and then every minute.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use futures::future::BoxFuture;
use orderlog_domain::{
    customer::Customer,
    envelope,
    event::{CustomerFact, Fact},
    ids::{CustomerId, Position, StreamId},
    states::State,
};
use orderlog_event_log::{Head, Log, WhichLog};
use orderlog_keyring::{Keyring, Progress, keys_file};
use orderlog_read_models::Projections;
use tokio_util::sync::CancellationToken;

use crate::{history, left_behind::LeftBehind};

/// How often a running node checks the records of customers, to finish what another node began and did not end.
const EVERY: Duration = Duration::from_secs(60);
/// Events of customers read at once.
const PAGE_EVENTS: u32 = 2_000;
/// All types of events about customers.
const ABOUT_CUSTOMERS: [&str; 3] = ["CustomerRegistered", "CustomerChanged", "CustomerErased"];
/// So many addresses are looked up one by one; if there are more, all are read at once.
const ADDRESSES_ONE_BY_ONE: usize = 500;

/// Opens the keys that belong to a log, and brings them up to date with it.
///
/// # Errors
/// When customers of the log have no key although they were not erased, or the shop has lost its own keys, unless the
/// configuration accepts that. Then no key was written.
pub fn open_keys<'a>(
    database_url: &'a str,
    log: &'a Log,
    which: &'a WhichLog,
    accept_missing: bool,
) -> BoxFuture<'a, anyhow::Result<Keyring>> {
    Box::pin(async move {
        if keys_file(database_url).is_some_and(|file| !file.exists()) && !accept_missing {
            // Checked first: an empty file made in place of a lost one would hide the loss.
            let survey = Survey::between(log, Position::START, &log.head().await?).await?;
            if let Some(one) = survey.living.iter().next() {
                return Err(lost(survey.living.len(), *one));
            }
        }
        let mut keyring = Keyring::open(database_url, which).await?;
        let settled = async {
            let mut due = Due::look(log, &keyring).await?;
            due.look_for_lost_keys(log, &keyring, accept_missing).await?;
            // Not before: new keys would be in the way of lost ones that are put back.
            keyring.make_shop_keys().await?;
            due.settle(log, &keyring).await
        };
        settled.await.context("bring the customers' keys up to the log")?;
        Ok(keyring)
    })
}

/// Records of customers since their keys were last brought up to date with the log.
struct Due {
    head: Head,
    /// The stored progress of the keys, in any log.
    kept: Option<Progress>,
    /// The progress of the keys in this log.
    known: Progress,
    survey: Survey,
    /// How many customers must have a key.
    living: i64,
}

impl Due {
    async fn look(log: &Log, keyring: &Keyring) -> anyhow::Result<Due> {
        let head = log.head().await?;
        let kept = keyring.progress().await?;
        let known = match kept {
            Some(known) if stands_in(log, &head, &known).await? => known,
            // The progress is unknown, or of another past: a log or keys were restored.
            _ => Progress::NONE,
        };
        // Without the key of the index every address has to be looked at again.
        let since = if keyring.lacks_the_index() { Progress::NONE } else { known };
        let survey = Survey::between(log, since.position, &head).await?;
        let living = (since.living + survey.registered - survey.erased.len() as i64).max(0);
        Ok(Due { head, kept, known, survey, living })
    }

    /// Whether the keys agree with the log.
    fn is_nothing(&self) -> bool {
        self.known.position == self.head.position
    }

    /// Refuses, or accepts, missing keys that no erasure in the log explains.
    async fn look_for_lost_keys(&mut self, log: &Log, keyring: &Keyring, accept: bool) -> anyhow::Result<()> {
        if may_lack_keys(keyring, &self.survey, self.living).await? {
            let lacking = without_key(log, keyring).await?;
            match lacking.first() {
                Some(one) if !accept => return Err(lost(lacking.len(), *one)),
                Some(_) => {
                    let customers = lacking.len();
                    tracing::warn!(customers, "customers stay without a key, as the configuration accepts");
                    self.living = (self.living - lacking.len() as i64).max(0);
                }
                None => {}
            }
        }
        // Every start makes the keys before it stores its progress.
        let lacking = keyring.lacking();
        if self.kept.is_some() && self.head.position > Position::START && !lacking.is_empty() {
            if !accept {
                return Err(lost_of_the_shop(lacking));
            }
            tracing::warn!(
                keys = lacking.join(", "),
                "the shop's own keys are made anew, as the configuration accepts"
            );
        }
        Ok(())
    }

    /// Destroys the keys of erased customers, assigns every address as the log says, and stores the progress, so that
    /// the next run begins there. True if a customer was erased.
    async fn settle(self, log: &Log, keyring: &Keyring) -> anyhow::Result<bool> {
        let Due { head, kept, survey, living, .. } = self;
        keyring.forget_all(&survey.erased).await?;
        settle_addresses(log, keyring, &survey.addresses).await?;
        let now = Progress { position: head.position, hash: head.hash, living };
        keyring.keep_progress(kept.map(|kept| kept.position), now).await?;
        if survey.events > 0 {
            tracing::info!(events = survey.events, erased = survey.erased.len(), "customers' keys are up to the log");
        }
        Ok(!survey.erased.is_empty())
    }
}

/// Whether the progress of the keys is progress in this log.
async fn stands_in(log: &Log, head: &Head, known: &Progress) -> anyhow::Result<bool> {
    if known.position == Position::START || known.position > head.position {
        return Ok(known.position == Position::START);
    }
    let there = log.read(Position(known.position.0 - 1), 1).await?;
    Ok(there.first().is_some_and(|event| event.hash == known.hash))
}

/// The records of customers in the log after a position.
#[derive(Debug, Default)]
struct Survey {
    events: usize,
    registered: i64,
    /// Registered there and not erased there.
    living: HashSet<CustomerId>,
    erased: Vec<CustomerId>,
    /// The sealed name that each was given last.
    names: HashMap<CustomerId, String>,
    /// The sealed address that each was given last.
    addresses: HashMap<CustomerId, String>,
}

impl Survey {
    async fn between(log: &Log, after: Position, head: &Head) -> anyhow::Result<Survey> {
        let (mut survey, mut after) = (Survey::default(), after);
        if after == head.position {
            return Ok(survey);
        }
        loop {
            let page = log.read_types(after, &ABOUT_CUSTOMERS, PAGE_EVENTS).await?;
            for recorded in page.iter().filter(|recorded| recorded.position <= head.position) {
                let event = envelope::decode(&recorded.json)?;
                if let Fact::Customer(fact) = event.data.fact() {
                    survey.take(fact);
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE_EVENTS as usize && last.position < head.position => {
                    after = last.position;
                }
                Some(_) | None => return Ok(survey),
            }
        }
    }

    fn take(&mut self, fact: CustomerFact<'_>) {
        self.events += 1;
        let (id, profile) = match fact {
            CustomerFact::CustomerRegistered(fact) => {
                self.registered += 1;
                self.living.insert(fact.customer_id);
                (fact.customer_id, &fact.profile)
            }
            CustomerFact::CustomerChanged(fact) => (fact.customer_id, &fact.profile),
            CustomerFact::CustomerErased(fact) => {
                self.living.remove(&fact.customer_id);
                self.names.remove(&fact.customer_id);
                self.addresses.remove(&fact.customer_id);
                self.erased.push(fact.customer_id);
                return;
            }
        };
        if let Some(name) = &profile.name {
            self.names.insert(id, name.clone());
        }
        if let Some(email) = &profile.email {
            self.addresses.insert(id, email.clone());
        }
    }

    /// Whether a customer has a key, and the name was sealed under it: keys may be those of another shop.
    async fn has_its_key(&self, keyring: &Keyring, id: CustomerId) -> anyhow::Result<bool> {
        let opens = |sealed: &String| keyring.open_seal("name", sealed).is_some();
        Ok(keyring.has_key(id).await? && self.names.get(&id).is_none_or(opens))
    }
}

/// A cheap first check: fewer keys than customers, or a new customer without a key.
async fn may_lack_keys(keyring: &Keyring, survey: &Survey, living: i64) -> anyhow::Result<bool> {
    if keyring.count().await? < living {
        return Ok(true);
    }
    for id in &survey.living {
        if !survey.has_its_key(keyring, *id).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Everybody in the log who is not erased and has no key: reads all that was ever recorded of customers.
async fn without_key(log: &Log, keyring: &Keyring) -> anyhow::Result<Vec<CustomerId>> {
    let mut lacking = vec![];
    let survey = Survey::between(log, Position::START, &log.head().await?).await?;
    for id in survey.living.iter().copied() {
        // Somebody may have been erased, by another node, while we looked.
        if !survey.has_its_key(keyring, id).await? && !customer(log, id).await?.erased {
            lacking.push(id);
        }
    }
    lacking.sort_unstable();
    Ok(lacking)
}

fn lost(customers: usize, one: CustomerId) -> anyhow::Error {
    let (are, they) = if customers == 1 {
        ("customer of this log is", "it stays")
    } else {
        ("customers of this log are", "they stay")
    };
    anyhow::anyhow!(
        "{customers} {are} neither erased nor in possession of the key that opens what is sealed, such as {one}: names, addresses and what was written \
         about them could not be read. Nothing was changed. If keys.db (with PostgreSQL: the table customer_keys) was lost, \
         left out of a restore or replaced by another shop's, put back the one that belongs to this log and start again. If it is gone for good, or \
         the log was restored to a time before they were erased, start with --accept-missing-keys: {they} without a name"
    )
}

fn lost_of_the_shop(names: &[&str]) -> anyhow::Error {
    anyhow::anyhow!(
        "the shop has lost keys of its own ({}): texts that concern no customer could not be read, and nobody would be found by \
         address. Nothing was changed. Put back the keys.db (with PostgreSQL: the tables customer_keys, shop_keys and \
         key_progress) that belongs to this log and start again. If it is gone for good, start with --accept-missing-keys: such \
         texts stay closed",
        names.join(", ")
    )
}

async fn settle_addresses(log: &Log, keyring: &Keyring, addresses: &HashMap<CustomerId, String>) -> anyhow::Result<()> {
    let all = if addresses.len() > ADDRESSES_ONE_BY_ONE { Some(keyring.address_indexes().await?) } else { None };
    let mut shared = 0;
    for (id, sealed) in addresses {
        let Some(email) = keyring.open_seal("email", sealed) else { continue };
        let settled = match &all {
            Some(all) => all.get(id).is_some_and(|index| *index == keyring.index_of(&email)),
            None => keyring.holder_of(&email).await? == Some(*id),
        };
        if !settled && !settle_address(log, keyring, *id).await? {
            shared += 1;
        }
    }
    if shared > 0 {
        tracing::warn!(customers = shared, "customers have an address that leads to another customer");
    }
    Ok(())
}

/// Assigns the customer's address in the log to the customer; false if it belongs to another customer.
pub fn settle_address<'a>(log: &'a Log, keyring: &'a Keyring, id: CustomerId) -> BoxFuture<'a, anyhow::Result<bool>> {
    Box::pin(async move {
        loop {
            let customer = customer(log, id).await?;
            let email = customer.profile.email.and_then(|sealed| keyring.open_seal("email", &sealed));
            let Some(email) = email else { return Ok(true) };
            if keyring.holder_of(&email).await? == Some(id) {
                return Ok(true);
            }
            if !keyring.change_email(id, &email).await? {
                return Ok(false);
            }
            // Once more from the log: the customer may have been given yet another address meanwhile.
        }
    })
}

/// A customer as the log knows it.
pub fn customer(log: &Log, id: CustomerId) -> BoxFuture<'_, anyhow::Result<Customer>> {
    Box::pin(async move {
        Ok(match history::state(log, StreamId::Customer(id), None).await? {
            State::Customer(customer) => customer,
            State::Order(_)
            | State::Stock(_)
            | State::Product(_)
            | State::Rate(_)
            | State::Notifications(_)
            | State::Confirmations(_) => Customer::empty(id),
        })
    })
}

/// While the node runs, finishes work on keys that this node or a node that died has begun.
pub fn keep_settled(
    log: Log,
    keyring: Arc<Keyring>,
    projections: Projections,
    left_behind: Arc<LeftBehind>,
    ending: CancellationToken,
) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        loop {
            if left_behind.is_due() {
                left_behind.clear(&log, &keyring, &projections).await;
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = ending.cancelled() => return,
            }
            match settle(&log, &keyring).await {
                Ok(true) => left_behind.one_more(),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "customers' keys could not be brought up to the log"),
            }
        }
    })
}

/// Brings the keys up to date with the log; true if a customer was erased.
async fn settle(log: &Log, keyring: &Keyring) -> anyhow::Result<bool> {
    let due = Due::look(log, keyring).await?;
    if due.is_nothing() { Ok(false) } else { due.settle(log, keyring).await }
}
