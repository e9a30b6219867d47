//! Customers beside the log: their keys and addresses follow what it says of them. Seen to at start, and while a node runs.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use orderlog_domain::{
    customer::Customer,
    envelope,
    event::{CustomerFact, Fact},
    ids::{CustomerId, Position, StreamId},
    rejection::{Code, Rejection},
    world::State,
};
use orderlog_event_log::{Head, Log};
use orderlog_projections::Projections;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    keyring::{Keyring, Progress},
    node::Node,
    tools::Failure,
};

/// How often a running node looks at what was recorded of customers: mends what another node began and did not end.
const EVERY: Duration = Duration::from_secs(60);
/// Events of customers read at once.
const PAGE_EVENTS: u32 = 2_000;
/// All that is recorded of customers.
const ABOUT_CUSTOMERS: [&str; 3] = ["CustomerRegistered", "CustomerChanged", "CustomerErased"];
/// Addresses looked up one by one; of more, all are read at once.
const ADDRESSES_ONE_BY_ONE: usize = 500;

/// Opens the keys that belong to a log and brings them up to it; tells whether anybody was erased since they last were.
///
/// # Errors
/// When customers of the log have no key though nobody erased them, unless the configuration accepts that.
pub(crate) async fn open_keys(config: &Config, log: &Log) -> anyhow::Result<(Keyring, bool)> {
    if keys_file_is_missing(&config.database_url) && !config.accept_missing_keys {
        // Looked at first: an empty file made in the place of a lost one would be in its way.
        let survey = Survey::between(log, Position::START, &log.head().await?).await?;
        if let Some(one) = survey.living.iter().next() {
            return Err(lost(survey.living.len(), *one));
        }
    }
    let keyring = Keyring::open(&config.database_url).await?;
    let missing = if config.accept_missing_keys { Missing::Accept } else { Missing::Refuse };
    let erased = settle(log, &keyring, missing).await.context("bring the customers' keys up to the log")?;
    Ok((keyring, erased))
}

fn keys_file_is_missing(database_url: &str) -> bool {
    let path = database_url.strip_prefix("sqlite://").map(|path| path.split('?').next().unwrap_or(path));
    path.is_some_and(|log| !Path::new(log).with_file_name("keys.db").exists())
}

/// What to do about customers who are neither erased nor have a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Refuse,
    Accept,
    /// Not looked for.
    Ignore,
}

/// Destroys the keys of those who were erased, lets every address lead to whom the log says, and remembers how far this
/// has come, so that the next time begins there. Tells whether anybody was erased.
async fn settle(log: &Log, keyring: &Keyring, missing: Missing) -> anyhow::Result<bool> {
    let head = log.head().await?;
    let kept = keyring.progress().await?;
    let known = match kept {
        Some(known) if stands_in(log, &head, &known).await? => known,
        // Nothing is known, or of another past: a log or keys were restored.
        _ => Progress::NONE,
    };
    if missing == Missing::Ignore && known.position == head.position {
        return Ok(false);
    }
    let survey = Survey::between(log, known.position, &head).await?;
    let mut living = (known.living + survey.registered - survey.erased.len() as i64).max(0);
    if missing != Missing::Ignore && may_lack_keys(keyring, &survey, living).await? {
        let lacking = without_key(log, keyring).await?;
        match (lacking.first(), missing) {
            (None, _) => {}
            (Some(one), Missing::Refuse) => return Err(lost(lacking.len(), *one)),
            (Some(_), _) => {
                tracing::warn!(customers = lacking.len(), "customers stay without a key, as the configuration accepts");
                living = (living - lacking.len() as i64).max(0);
            }
        }
    }
    keyring.forget_all(&survey.erased).await?;
    settle_addresses(log, keyring, &survey.addresses).await?;
    let now = Progress { position: head.position, hash: head.hash, living };
    keyring.keep_progress(kept.map(|kept| kept.position), now).await?;
    if survey.events > 0 {
        tracing::info!(events = survey.events, erased = survey.erased.len(), "customers' keys are up to the log");
    }
    Ok(!survey.erased.is_empty())
}

/// Whether what is known of the keys is known of this log.
async fn stands_in(log: &Log, head: &Head, known: &Progress) -> anyhow::Result<bool> {
    if known.position == Position::START || known.position > head.position {
        return Ok(known.position == Position::START);
    }
    let there = log.read(Position(known.position.0 - 1), 1).await?;
    Ok(there.first().is_some_and(|event| event.hash == known.hash))
}

/// What the log says of customers after a position.
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

    /// Whether a customer has a key, and it is the one under which the name was sealed: keys may be another shop's.
    async fn has_its_key(&self, keyring: &Keyring, id: CustomerId) -> anyhow::Result<bool> {
        let opens = |sealed: &String| keyring.open_seal("name", sealed).is_some();
        Ok(keyring.has_key(id).await? && self.names.get(&id).is_none_or(opens))
    }
}

/// A first look that costs little: fewer keys than customers, or a new customer without one.
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

/// Lets the address that the log knows of a customer lead to it; false when it leads to another customer.
pub(crate) async fn settle_address(log: &Log, keyring: &Keyring, id: CustomerId) -> anyhow::Result<bool> {
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
}

/// A customer as the log knows it.
pub(crate) async fn customer(log: &Log, id: CustomerId) -> anyhow::Result<Customer> {
    let stream = StreamId::Customer(id);
    let mut state = State::empty(stream);
    loop {
        let page = log.read_stream(stream, state.version(), PAGE_EVENTS).await?;
        for recorded in &page {
            let event = envelope::decode(&recorded.json)?;
            state.evolve(&event.data, &event.provenance);
        }
        if page.len() < PAGE_EVENTS as usize {
            return Ok(match state {
                State::Customer(customer) => customer,
                State::Order(_) | State::Stock(_) | State::Product(_) | State::Rate(_) => Customer::empty(id),
            });
        }
    }
}

/// Sees to it, while the node runs, that what was begun is ended: here or by a node that died.
pub(crate) async fn keep_settled(
    log: Log,
    keyring: Arc<Keyring>,
    projections: Projections,
    erased: bool,
    ending: CancellationToken,
) {
    let mut purge = erased;
    loop {
        if purge {
            match clear_away(&log, &projections).await {
                Ok(()) => purge = false,
                Err(error) => tracing::warn!(%error, "what an erased customer left in the read models is still there"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = ending.cancelled() => return,
        }
        match settle(&log, &keyring, Missing::Ignore).await {
            Ok(erased) => purge |= erased,
            Err(error) => tracing::warn!(%error, "customers' keys could not be brought up to the log"),
        }
    }
}

async fn clear_away(log: &Log, projections: &Projections) -> anyhow::Result<()> {
    let head = log.head().await?.position;
    Ok(projections.purge_customers(head).await?)
}

impl Node {
    /// Destroys a customer's key and every plain trace of the person. Safe to repeat. What cannot be cleared away yet is
    /// so within a minute: the answer is a warning.
    pub(crate) async fn forget(&self, customer: CustomerId) -> Result<Option<String>, Failure> {
        self.keyring.forget(customer).await?;
        let Err(error) = clear_away(&self.log, &self.projections).await else { return Ok(None) };
        tracing::warn!(%error, "an erased customer is still in the read models");
        Ok(Some("Lists may show the customer until they have caught up, within a minute.".to_owned()))
    }

    /// Refuses an id that the log knows no customer by; tells whether the customer was erased.
    pub(crate) async fn is_erased(&self, id: CustomerId) -> Result<bool, Failure> {
        let customer = customer(&self.log, id).await?;
        if customer.version > orderlog_domain::ids::Version::NONE {
            return Ok(customer.erased);
        }
        let rejection = Rejection::new(Code::NotFound, format!("There is no customer with the id {id}."));
        Err(rejection.field("customer").hint("Find the customer with customers_search.").into())
    }
}
