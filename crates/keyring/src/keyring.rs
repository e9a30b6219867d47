//! All keys of the shop, in memory and in their store.

mod access_keys;
mod ended_sessions;
mod signing;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

use orderlog_domain::{
    envelope::Envelope,
    event::Event,
    ids::{CustomerId, Position},
    order::Order,
    text::{SEALED_PREFIX, email_key},
    typed::{Kind, Typed},
};
use orderlog_event_log::{Hash, WhichLog};
use rand::TryRngCore as _;
use tokio::sync::{RwLock as TurnLock, RwLockReadGuard, RwLockWriteGuard};
use uuid::Uuid;

use crate::{
    seal::{self, Key, SHOP},
    store::{Newcomer, Store},
};

/// Name of the shop's key for the e-mail index.
const EMAIL_INDEX: &str = "email-index";
/// Name of the shop's key that seals free text which concerns no customer.
const SHOP_TEXTS: &str = "texts";
/// Name of the shop's key that signs confirm tokens.
const CONFIRM_TOKENS: &str = "confirm-tokens";
/// How long a found address is assumed to belong to the same customer: another node may change it in the meantime.
const EMAIL_MEMORY: Duration = Duration::from_secs(60);
/// Addresses remembered at most.
const EMAILS_REMEMBERED: usize = 100_000;
/// The text in place of one whose key was erased.
pub const FORGOTTEN: &str = "(forgotten)";

/// The owner of the key under which a text is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The key of the customer whom the text may concern.
    Customer(CustomerId),
    /// The shop's own.
    Shop,
}

/// There is no customer with this id, or the person was erased.
#[derive(Debug, thiserror::Error)]
#[error("customer {0} has no key")]
struct NoKey(CustomerId);

/// All keys of the shop, in memory and in their store.
#[derive(Debug)]
pub struct Keyring {
    store: Store,
    index: [u8; 32],
    tokens: [u8; 32],
    shop: Key,
    /// Names of the shop's keys that were not there.
    lacking: Vec<&'static str>,
    keys: RwLock<Keys>,
    emails: RwLock<HashMap<[u8; 32], (CustomerId, Instant)>>,
    /// Locked while an address moves to another customer; then no address may be assigned.
    addresses: TurnLock<()>,
}

/// The event up to which the keys agree with the log.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The position of that event.
    pub position: Position,
    /// Hash of this event.
    pub hash: Hash,
    /// How many customers must have a key.
    pub living: i64,
}

impl Progress {
    /// No progress.
    pub const NONE: Progress = Progress { position: Position::START, hash: Hash::ZERO, living: 0 };
}

/// The key of an erased customer leaves memory at once and does not come back, even if the store still has it.
#[derive(Debug, Default)]
struct Keys {
    known: HashMap<Uuid, Key>,
    forgotten: HashSet<Uuid>,
}

impl Keyring {
    /// Opens the keys that belong to a log, and reads them all. Call [`make_shop_keys`](Keyring::make_shop_keys) before
    /// you write with them.
    pub async fn open(database_url: &str, which: &WhichLog) -> anyhow::Result<Keyring> {
        Keyring::read(Store::open(database_url, which).await?).await
    }

    /// Opens the keys for reading only: nothing is created. Without keys every text stays sealed.
    pub async fn open_to_read(database_url: &str) -> anyhow::Result<Keyring> {
        Keyring::read(Store::open_to_read(database_url).await?).await
    }

    /// A missing key of the shop is replaced by a random one that nobody else has.
    async fn read(store: Store) -> anyhow::Result<Keyring> {
        let mut lacking = vec![];
        let mut shop_key = async |name| match store.shop_key(name).await? {
            Some(key) => anyhow::Ok(key),
            None => {
                lacking.push(name);
                Ok(random_key()?)
            }
        };
        let (index, tokens) = (shop_key(EMAIL_INDEX).await?, shop_key(CONFIRM_TOKENS).await?);
        let shop = Key::of_shop(&shop_key(SHOP_TEXTS).await?);
        let known = store.all().await?.into_iter().map(|(id, key)| (id, Key::new(id, &key))).collect();
        let keys = RwLock::new(Keys { known, forgotten: HashSet::new() });
        let (emails, addresses) = (RwLock::default(), TurnLock::default());
        Ok(Keyring { store, index, tokens, shop, lacking, keys, emails, addresses })
    }

    /// Makes the keys of the shop that are not there.
    pub async fn make_shop_keys(&mut self) -> anyhow::Result<()> {
        for name in std::mem::take(&mut self.lacking) {
            let key = self.store.make_shop_key(name, random_key()?).await?;
            match name {
                EMAIL_INDEX => self.index = key,
                CONFIRM_TOKENS => self.tokens = key,
                _ => self.shop = Key::of_shop(&key),
            }
        }
        Ok(())
    }

    /// Names of the shop's keys that are not there.
    pub fn lacking(&self) -> &[&'static str] {
        &self.lacking
    }

    /// Whether the stored addresses lead to no customer, because the key of their index is missing.
    pub fn lacks_the_index(&self) -> bool {
        self.lacking.contains(&EMAIL_INDEX)
    }

    /// Makes a key for `proposed`, unless the e-mail address already belongs to a customer, whose id is returned then.
    /// Two calls with one address at the same time get the same customer.
    pub async fn identify(&self, proposed: CustomerId, email: Option<&str>) -> anyhow::Result<CustomerId> {
        let index = email.map(|email| self.index_of(email));
        let key = random_key()?;
        let (id, key) = self.store.insert(proposed, &key, index.as_ref()).await?;
        self.remember_key(id.0, &key);
        Ok(id)
    }

    /// Makes keys for many new customers in one transaction. An address that already belongs to a customer stays with
    /// that customer.
    pub async fn introduce(&self, newcomers: &[(CustomerId, Option<&str>)]) -> anyhow::Result<()> {
        let mut entries = Vec::with_capacity(newcomers.len());
        for (id, email) in newcomers {
            let index = email.map(|email| self.index_of(email));
            entries.push(Newcomer { id: *id, key: random_key()?, index });
        }
        for (id, key) in self.store.insert_many(&entries).await? {
            self.remember_key(id, &key);
        }
        Ok(())
    }

    /// A key for a customer that will not be kept: dry runs.
    pub fn pretend(&self, id: CustomerId) -> anyhow::Result<Pretended> {
        Ok(Pretended(Key::new(id.0, &random_key()?)))
    }

    /// The customer with this e-mail address.
    pub async fn by_email(&self, email: &str) -> anyhow::Result<Option<CustomerId>> {
        let index = self.index_of(email);
        let known = self.emails.read().unwrap_or_else(PoisonError::into_inner).get(&index).copied();
        if let Some((id, since)) = known
            && since.elapsed() < EMAIL_MEMORY
            && !self.is_forgotten(id.0)
        {
            return Ok(Some(id));
        }
        let found = self.store.by_email(&index).await?.filter(|id| !self.is_forgotten(id.0));
        if let Some(id) = found {
            let mut emails = self.emails.write().unwrap_or_else(PoisonError::into_inner);
            if emails.len() >= EMAILS_REMEMBERED {
                emails.clear();
            }
            emails.insert(index, (id, Instant::now()));
        }
        Ok(found)
    }

    /// Prevents that addresses are assigned until the change of one is recorded and leads to its customer.
    pub async fn changing_an_address(&self) -> RwLockWriteGuard<'_, ()> {
        self.addresses.write().await
    }

    /// Waits until no address is being changed.
    pub async fn giving_an_address(&self) -> RwLockReadGuard<'_, ()> {
        self.addresses.read().await
    }

    /// The customer of this address, as it is stored now: another node may have changed it a moment ago.
    pub async fn holder_of(&self, email: &str) -> anyhow::Result<Option<CustomerId>> {
        self.store.by_email(&self.index_of(email)).await
    }

    /// Every customer with an address, with the index of the address.
    pub async fn address_indexes(&self) -> anyhow::Result<HashMap<CustomerId, Vec<u8>>> {
        Ok(self.store.address_indexes().await?.into_iter().map(|(id, index)| (CustomerId(id), index)).collect())
    }

    /// Closes every connection to the store.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// How many customers have a key.
    pub async fn count(&self) -> anyhow::Result<i64> {
        self.store.count().await
    }

    /// The event up to which the keys agree with the log, if that is known.
    pub async fn progress(&self) -> anyhow::Result<Option<Progress>> {
        let Some((position, hash, living)) = self.store.progress().await? else { return Ok(None) };
        let hash = <[u8; 32]>::try_from(hash).map_or(Hash::ZERO, Hash);
        Ok(Some(Progress { position: Position(position), hash, living }))
    }

    /// Keeps that, unless another node has since `before`.
    pub async fn keep_progress(&self, before: Option<Position>, now: Progress) -> anyhow::Result<()> {
        let before = before.map_or(-1, |before| before.0);
        self.store.keep_progress(before, (now.position.0, &now.hash.0[..], now.living)).await
    }

    /// Assigns `email` to this customer; false if it belongs to another one.
    pub async fn change_email(&self, id: CustomerId, email: &str) -> anyhow::Result<bool> {
        let changed = self.store.change_email(id, &self.index_of(email)).await?;
        self.emails.write().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(changed)
    }

    /// Seals a text under the customer's key: the same text in the same field gives the same seal.
    pub async fn seal(&self, id: CustomerId, field: &str, text: &str) -> anyhow::Result<String> {
        if let Some(sealed) = self.with_key(id.0, |key| key.seal(field, text)) {
            return Ok(sealed);
        }
        let key = self.store.key(id.0).await?.ok_or(NoKey(id))?;
        self.remember_key(id.0, &key);
        self.with_key(id.0, |key| key.seal(field, text)).ok_or_else(|| NoKey(id).into())
    }

    /// Whether a text can be sealed for this customer.
    pub async fn has_key(&self, id: CustomerId) -> anyhow::Result<bool> {
        if self.with_key(id.0, |_| ()).is_some() {
            return Ok(true);
        }
        Ok(!self.is_forgotten(id.0) && self.store.key(id.0).await?.is_some())
    }

    /// Seals a text that was typed about a customer. If the key no longer exists, a text about the person is replaced
    /// by a word, and a text that the shop needs, such as a tracking number, is sealed under the shop's key.
    pub async fn seal_for(&self, owner: Owner, Typed { field, text, kind }: Typed<'_>) -> anyhow::Result<()> {
        let Owner::Customer(id) = owner else {
            *text = self.shop.seal(field, text);
            return Ok(());
        };
        *text = match self.seal(id, field, text).await {
            Err(error) if error.is::<NoKey>() => match kind {
                Kind::Words => FORGOTTEN.to_owned(),
                Kind::Number => self.shop.seal(field, text),
            },
            sealed => sealed?,
        };
        Ok(())
    }

    /// The text of a seal that was made for this field; `None` if the key was erased or the seal has another key or
    /// field. A text from the time before all texts were sealed is returned as it is.
    pub fn open_seal(&self, field: &str, sealed: &str) -> Option<String> {
        let Some((owner, _)) = sealed.strip_prefix(SEALED_PREFIX).and_then(|rest| rest.split_once(':')) else {
            return Some(sealed.to_owned());
        };
        if owner == SHOP {
            return self.shop.open(field, sealed);
        }
        let id = Uuid::parse_str(owner).ok()?;
        if let Some(opened) = self.with_key(id, |key| key.open(field, sealed)) {
            return opened;
        }
        if self.is_forgotten(id) {
            return None;
        }
        // Another node registered this customer since we read the keys; rare enough to wait for on this thread.
        let key = self.store.key_while_waiting(id).ok().flatten()?;
        self.remember_key(id, &key);
        self.with_key(id, |key| key.open(field, sealed)).flatten()
    }

    /// Opens typed texts; a text that cannot be opened is replaced by a word. A text is opened once: the result is
    /// never taken for a seal.
    pub fn open_typed(&self, typed: Vec<Typed<'_>>) {
        for Typed { field, text, .. } in typed {
            *text = self.open_seal(field, text).unwrap_or_else(|| FORGOTTEN.to_owned());
        }
    }

    /// Opens the typed texts of an event, and the reason why it was recorded.
    pub fn open_event(&self, event: &mut Envelope<Event>) {
        self.open_typed(event.data.typed_mut());
        self.open_typed(event.provenance.typed_mut());
    }

    /// The order with its typed texts opened.
    pub fn opened(&self, order: &Order) -> Order {
        let mut order = order.clone();
        self.open_typed(order.typed_mut());
        order
    }

    /// Destroys the customer's key: nobody can open texts that were sealed under it. A second call changes nothing.
    pub async fn forget(&self, id: CustomerId) -> anyhow::Result<()> {
        self.forget_all(&[id]).await
    }

    /// Destroys the keys of many customers at once.
    pub async fn forget_all(&self, ids: &[CustomerId]) -> anyhow::Result<()> {
        ids.iter().for_each(|id| self.drop_key(*id));
        if ids.is_empty() { Ok(()) } else { self.store.delete(ids).await }
    }

    /// Removes what destroyed keys left in files; an error says why that is not possible yet.
    pub async fn clear_away(&self) -> anyhow::Result<()> {
        self.store.clear_away().await
    }

    /// The customer was forgotten, here or on another node, which may be about to destroy the key.
    pub fn drop_key(&self, id: CustomerId) {
        {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            keys.forgotten.insert(id.0);
            keys.known.remove(&id.0);
        }
        self.emails.write().unwrap_or_else(PoisonError::into_inner).retain(|_, (known, _)| *known != id);
    }

    fn remember_key(&self, id: Uuid, key: &[u8; 32]) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if !keys.forgotten.contains(&id) {
            keys.known.insert(id, Key::new(id, key));
        }
    }

    fn with_key<T>(&self, id: Uuid, work: impl FnOnce(&Key) -> T) -> Option<T> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).known.get(&id).map(work)
    }

    /// Whether the customer was erased since this node started.
    pub fn is_forgotten(&self, id: Uuid) -> bool {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).forgotten.contains(&id)
    }

    /// The form in which an e-mail address is stored: its keyed hash.
    pub fn index_of(&self, email: &str) -> [u8; 32] {
        seal::hmac(&self.index, &[email_key(email).as_bytes()])
    }
}

/// A key that no store keeps.
pub struct Pretended(Key);

impl Pretended {
    /// Seals a text under the customer's key.
    pub fn seal(&self, field: &str, text: &str) -> String {
        self.0.seal(field, text)
    }
}

/// 32 unpredictable bytes, for keys.
///
/// # Errors
/// When the random source of the system fails.
fn random_key() -> Result<[u8; 32], rand::rand_core::OsError> {
    let mut key = [0; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut key)?;
    Ok(key)
}
