//! The states that commands are decided on: kept by stream, changed by events, rolled back after a lost swap, bounded.

mod state;

use std::{
    collections::{HashMap, VecDeque, hash_map},
    sync::atomic::{AtomicU64, Ordering},
};

pub use self::state::State;
use crate::{
    confirmations::Confirmations,
    customer::Customer,
    envelope::Provenance,
    event::Event,
    ids::{CustomerId, OrderId, ProductId, StreamId},
    money::Currency,
    notifications::Notifications,
    order::Order,
    product::Product,
    rate::Rate,
    stock::Stock,
};

/// A decision needs a stream whose state is not loaded: load it and decide again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the state of {0} is not loaded")]
pub struct Missing(pub StreamId);

/// The loaded states, by stream. Changes work like a transaction, in two steps. The changes of
/// [`evolve`](States::evolve) are uncommitted. [`begin_inflight`](States::begin_inflight) sets them aside while the log
/// appends them, so that the next changes can be made on top. [`commit_inflight`](States::commit_inflight) keeps them,
/// and [`rollback`](States::rollback) undoes all changes that are not committed.
#[derive(Debug, Default)]
pub struct States {
    entries: HashMap<StreamId, Entry>,
    /// The uncommitted changes: each changed stream with its state before; `None` if it was not loaded.
    uncommitted: HashMap<StreamId, Option<State>>,
    /// The changes of the batch that is being appended to the log.
    inflight: HashMap<StreamId, Option<State>>,
    /// Counts batches: the clock that `last_use` and `queued` are read from.
    tick: u64,
    /// Every entry once, with the tick at which it was put here: eviction examines the first one first.
    queue: VecDeque<(u64, StreamId)>,
}

#[derive(Debug)]
struct Entry {
    state: State,
    /// The tick of the last use. Atomic only so that reading through `&States` can renew it.
    last_use: AtomicU64,
    /// The tick at which the entry was put into the queue. A queue entry with another tick is stale.
    queued: u64,
}

impl States {
    /// The order's state.
    ///
    /// # Errors
    /// When it is not loaded.
    pub fn order(&self, id: OrderId) -> Result<&Order, Missing> {
        let stream = StreamId::Order(id);
        match self.get(stream) {
            Some(State::Order(order)) => Ok(order),
            _ => Err(Missing(stream)),
        }
    }

    /// The stock of a product.
    ///
    /// # Errors
    /// When it is not loaded.
    pub fn stock(&self, id: ProductId) -> Result<&Stock, Missing> {
        let stream = StreamId::Stock(id);
        match self.get(stream) {
            Some(State::Stock(stock)) => Ok(stock),
            _ => Err(Missing(stream)),
        }
    }

    /// The product's state.
    ///
    /// # Errors
    /// When it is not loaded.
    pub fn product(&self, id: ProductId) -> Result<&Product, Missing> {
        let stream = StreamId::Product(id);
        match self.get(stream) {
            Some(State::Product(product)) => Ok(product),
            _ => Err(Missing(stream)),
        }
    }

    /// The customer's state.
    ///
    /// # Errors
    /// When it is not loaded.
    pub fn customer(&self, id: CustomerId) -> Result<&Customer, Missing> {
        let stream = StreamId::Customer(id);
        match self.get(stream) {
            Some(State::Customer(customer)) => Ok(customer),
            _ => Err(Missing(stream)),
        }
    }

    /// The exchange rate of a currency.
    ///
    /// # Errors
    /// When it is not loaded.
    pub fn rate(&self, currency: Currency) -> Result<&Rate, Missing> {
        let stream = StreamId::Rate(currency);
        match self.get(stream) {
            Some(State::Rate(rate)) => Ok(rate),
            _ => Err(Missing(stream)),
        }
    }

    /// The rules and messages of notifications.
    ///
    /// # Errors
    /// When they are not loaded.
    pub fn notifications(&self) -> Result<&Notifications, Missing> {
        match self.get(StreamId::Notifications) {
            Some(State::Notifications(notifications)) => Ok(notifications),
            _ => Err(Missing(StreamId::Notifications)),
        }
    }

    /// The acts that wait for a person's agreement.
    ///
    /// # Errors
    /// When it is not loaded.
    pub fn confirmations(&self) -> Result<&Confirmations, Missing> {
        match self.get(StreamId::Confirmations) {
            Some(State::Confirmations(confirmations)) => Ok(confirmations),
            _ => Err(Missing(StreamId::Confirmations)),
        }
    }

    /// Stores a state that was read from the log, in place of any older one. A rollback keeps it too.
    pub fn insert(&mut self, state: State) {
        let stream = state.stream();
        self.uncommitted.remove(&stream);
        self.inflight.remove(&stream);
        self.entry(stream).state = state;
    }

    /// The entry of a stream, marked as used now; an empty state if it was not loaded.
    fn entry(&mut self, stream: StreamId) -> &mut Entry {
        let tick = self.tick;
        match self.entries.entry(stream) {
            hash_map::Entry::Occupied(held) => {
                let entry = held.into_mut();
                *entry.last_use.get_mut() = tick;
                entry
            }
            hash_map::Entry::Vacant(vacant) => {
                self.queue.push_back((tick, stream));
                vacant.insert(Entry { state: State::empty(stream), last_use: AtomicU64::new(tick), queued: tick })
            }
        }
    }

    /// The state of a stream, if it is loaded.
    #[must_use]
    pub fn get(&self, stream: StreamId) -> Option<&State> {
        let entry = self.entries.get(&stream)?;
        entry.last_use.store(self.tick, Ordering::Relaxed);
        Some(&entry.state)
    }

    /// Whether the state of a stream is loaded.
    #[must_use]
    pub fn contains(&self, stream: StreamId) -> bool {
        self.entries.contains_key(&stream)
    }

    /// How many streams are loaded.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no stream is loaded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The state of a stream after the last commit, as after a [`rollback`](Self::rollback).
    #[must_use]
    pub fn get_committed(&self, stream: StreamId) -> Option<&State> {
        match self.inflight.get(&stream).or_else(|| self.uncommitted.get(&stream)) {
            Some(before) => before.as_ref(),
            None => self.get(stream),
        }
    }

    /// Applies the next event of a stream, as an uncommitted change.
    /// A stream that is not loaded starts empty, which is only right for its first event.
    pub fn evolve(&mut self, stream: StreamId, event: &Event, provenance: &Provenance) {
        if !self.uncommitted.contains_key(&stream) {
            self.uncommitted.insert(stream, self.entries.get(&stream).map(|entry| entry.state.clone()));
        }
        self.entry(stream).state.evolve(event, provenance);
    }

    /// Keeps all changes: the log has their events.
    pub fn commit(&mut self) {
        self.uncommitted.clear();
        self.inflight.clear();
        self.tick += 1;
    }

    /// Marks the uncommitted changes as being appended to the log: later changes can be made on top of them and still
    /// be rolled back alone. The batch before must have been committed.
    pub fn begin_inflight(&mut self) {
        debug_assert!(self.inflight.is_empty(), "one batch at a time is appended");
        self.inflight = std::mem::take(&mut self.uncommitted);
        self.tick += 1;
    }

    /// Keeps the changes that were in flight: the log has their events now.
    pub fn commit_inflight(&mut self) {
        self.inflight.clear();
    }

    /// Undoes every change that is not committed, in flight or not. States loaded meanwhile stay.
    pub fn rollback(&mut self) {
        for uncommitted in [std::mem::take(&mut self.uncommitted), std::mem::take(&mut self.inflight)] {
            for (stream, before) in uncommitted {
                match before {
                    Some(state) => self.entry(stream).state = state,
                    None => _ = self.entries.remove(&stream),
                }
            }
        }
        // A stream that was removed leaves a stale entry in the queue.
        if self.queue.len() > 2 * self.entries.len() {
            let entries = &self.entries;
            self.queue.retain(|(queued, stream)| entries.get(stream).is_some_and(|entry| entry.queued == *queued));
        }
    }

    /// Drops streams until at most `keep` are loaded, the least recently used first. Each is examined in turn, and
    /// stays for another turn if it was used since the last one. A call drops about as many streams as were loaded
    /// since the call before, so that no call takes long. Streams with uncommitted changes stay.
    pub fn evict(&mut self, keep: usize) {
        // After two turns, everything that may be dropped is dropped.
        for _ in 0..2 * self.queue.len() {
            if self.entries.len() <= keep {
                return;
            }
            let Some((queued, stream)) = self.queue.pop_front() else { return };
            let hash_map::Entry::Occupied(mut held) = self.entries.entry(stream) else { continue };
            if held.get().queued != queued {
                continue;
            }
            let used = *held.get_mut().last_use.get_mut();
            if used > queued || self.uncommitted.contains_key(&stream) || self.inflight.contains_key(&stream) {
                held.get_mut().queued = used;
                self.queue.push_back((used, stream));
            } else {
                held.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Story;

    #[test]
    fn the_least_recently_used_are_forgotten_first() {
        let mut states = States::default();
        let stream = |n: i64| StreamId::Order(OrderId(n));
        for n in 0..16 {
            states.commit();
            states.insert(State::empty(stream(n)));
        }
        states.commit();
        assert!(states.order(OrderId(0)).is_ok());
        states.evict(16);
        assert_eq!(states.len(), 16);
        states.evict(8);
        assert_eq!(states.len(), 8);
        assert!(states.contains(stream(0)) && states.contains(stream(15)) && !states.contains(stream(1)));
        assert_eq!(states.order(OrderId(1)), Err(Missing(stream(1))));
    }

    #[test]
    fn a_batch_in_flight_is_committed_or_rolled_back_under_later_changes() {
        let on_hand = |story: &Story| story.states.stock(ProductId::from_sku("A")).map(|stock| stock.on_hand);
        for committed in [true, false] {
            let mut story = Story::new();
            story.product("A", "1.00", json!({})).stocked("A", 1);
            story.states.commit();
            story.stocked("A", 10);
            story.states.begin_inflight();
            story.stocked("A", 100);
            if committed {
                story.states.commit_inflight();
            }
            let expected = if committed { 11 } else { 1 };
            let state = story.states.get_committed(StreamId::Stock(ProductId::from_sku("A")));
            assert!(matches!(state, Some(State::Stock(stock)) if stock.on_hand == expected));
            assert_eq!(on_hand(&story), Ok(111));
            story.states.rollback();
            assert_eq!(on_hand(&story), Ok(expected));
        }
    }

    #[test]
    fn what_was_rolled_back_leaves_nothing_behind() {
        let mut story = Story::new();
        story.product("A", "10.00", json!({})).stocked("A", 10);
        let (_, provenance, event) = story.told.last().expect("a stock event").clone();
        let mut states = States::default();
        for n in 0..1_000 {
            states.commit();
            for product in 0..3 {
                let sku = format!("{n}-{product}");
                states.evolve(StreamId::Stock(ProductId::from_sku(&sku)), &event, &provenance);
            }
            states.rollback();
        }
        assert!(states.is_empty() && states.queue.is_empty());
    }

    #[test]
    fn an_uncommitted_change_is_not_evicted() {
        let mut story = Story::new();
        story.states.commit();
        story.product("A", "1.00", json!({})).stocked("A", 1);
        story.states.evict(0);
        assert!(story.states.stock(ProductId::from_sku("A")).is_ok());
        story.states.rollback();
        assert_eq!(story.states.stock(ProductId::from_sku("A")).map(|stock| stock.on_hand), Ok(0));
    }
}
