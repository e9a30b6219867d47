//! The states a writer decides against: kept by stream, changed by events, restored after a lost swap, bounded.

use std::{
    collections::{HashMap, VecDeque, hash_map},
    sync::atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};

use crate::{
    customer::Customer,
    envelope::Provenance,
    event::{Event, Fact},
    ids::{CustomerId, OrderId, ProductId, StreamId, Version},
    money::Currency,
    order::Order,
    product::Product,
    rate::Rate,
    stock::Stock,
};

/// What a stream adds up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "state", rename_all = "snake_case")]
pub enum State {
    /// Of `order-…`.
    Order(Box<Order>),
    /// Of `stock-…`.
    Stock(Stock),
    /// Of `product-…`.
    Product(Product),
    /// Of `customer-…`.
    Customer(Customer),
    /// Of `rate-…`.
    Rate(Rate),
}

impl State {
    /// Version of the states' shape in snapshots; a snapshot of any other format is ignored and folded anew.
    pub const FORMAT: u32 = 5;

    /// The state of a stream nobody wrote to.
    #[must_use]
    pub fn empty(stream: StreamId) -> State {
        match stream {
            StreamId::Order(id) => State::Order(Box::new(Order::empty(id))),
            StreamId::Stock(id) => State::Stock(Stock::empty(id)),
            StreamId::Product(id) => State::Product(Product::empty(id)),
            StreamId::Customer(id) => State::Customer(Customer::empty(id)),
            StreamId::Rate(currency) => State::Rate(Rate::empty(currency)),
        }
    }

    /// Takes in the stream's next event. Never fails, never decides; a fact about another kind of thing only counts.
    pub fn evolve(&mut self, event: &Event, provenance: &Provenance) {
        match (&mut *self, event.fact()) {
            (State::Order(order), Fact::Order(fact)) => order.evolve(fact, provenance),
            (State::Stock(stock), Fact::Stock(fact)) => stock.evolve(fact),
            (State::Product(product), Fact::Product(fact)) => product.evolve(fact),
            (State::Customer(customer), Fact::Customer(fact)) => customer.evolve(fact),
            (State::Rate(rate), Fact::Rate(fact)) => rate.evolve(fact),
            (State::Order(_) | State::Stock(_) | State::Product(_) | State::Customer(_) | State::Rate(_), _) => {}
        }
        let version = self.version_mut();
        *version = version.next();
    }

    /// Version of the last event taken in.
    #[must_use]
    pub fn version(&self) -> Version {
        match self {
            State::Order(order) => order.version,
            State::Stock(stock) => stock.version,
            State::Product(product) => product.version,
            State::Customer(customer) => customer.version,
            State::Rate(rate) => rate.version,
        }
    }

    /// The stream it belongs to.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        match self {
            State::Order(order) => StreamId::Order(order.id),
            State::Stock(stock) => StreamId::Stock(stock.product_id),
            State::Product(product) => StreamId::Product(product.id),
            State::Customer(customer) => StreamId::Customer(customer.id),
            State::Rate(rate) => StreamId::Rate(rate.currency),
        }
    }

    fn version_mut(&mut self) -> &mut Version {
        match self {
            State::Order(order) => &mut order.version,
            State::Stock(stock) => &mut stock.version,
            State::Product(product) => &mut product.version,
            State::Customer(customer) => &mut customer.version,
            State::Rate(rate) => &mut rate.version,
        }
    }
}

/// A stream a decision needs whose state is not in the world; load it and decide again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the state of {0} is not loaded")]
pub struct Missing(pub StreamId);

/// The states at hand.
#[derive(Debug, Default)]
pub struct World {
    entries: HashMap<StreamId, Entry>,
    /// What the streams touched since the last mark or seal were before; `None` where the world did not hold them.
    journal: HashMap<StreamId, Option<State>>,
    /// The same for what was sealed: on its way to the log, and not yet known to be there.
    sealed: HashMap<StreamId, Option<State>>,
    /// Counts marks: the clock by which `last_use` and `queue` tell age.
    tick: u64,
    /// Every entry once, in the order in which they will be looked at to be forgotten, with its `queued`.
    queue: VecDeque<(u64, StreamId)>,
}

#[derive(Debug)]
struct Entry {
    state: State,
    /// Atomic only so that reading through `&World` can renew it.
    last_use: AtomicU64,
    /// When it was put into the queue. What stands there with another time is no longer meant.
    queued: u64,
}

impl World {
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

    /// Holds a state read from the log; replaces what was held of that stream. A rollback keeps it.
    pub fn insert(&mut self, state: State) {
        let stream = state.stream();
        self.journal.remove(&stream);
        self.sealed.remove(&stream);
        self.entry(stream).state = state;
    }

    /// The entry of a stream, used now; empty where it was not held.
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

    /// The state of a stream, if held.
    #[must_use]
    pub fn get(&self, stream: StreamId) -> Option<&State> {
        let entry = self.entries.get(&stream)?;
        entry.last_use.store(self.tick, Ordering::Relaxed);
        Some(&entry.state)
    }

    /// Whether the state of a stream is held.
    #[must_use]
    pub fn contains(&self, stream: StreamId) -> bool {
        self.entries.contains_key(&stream)
    }

    /// Number of streams held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no stream is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The state of a stream as a [`rollback`](Self::rollback) would leave it.
    #[must_use]
    pub fn get_confirmed(&self, stream: StreamId) -> Option<&State> {
        match self.sealed.get(&stream).or_else(|| self.journal.get(&stream)) {
            Some(before) => before.as_ref(),
            None => self.get(stream),
        }
    }

    /// Takes in a stream's next event, remembering what the stream was before.
    /// A stream that is not held starts empty, which is only right for its first event.
    pub fn evolve(&mut self, stream: StreamId, event: &Event, provenance: &Provenance) {
        if !self.journal.contains_key(&stream) {
            self.journal.insert(stream, self.entries.get(&stream).map(|entry| entry.state.clone()));
        }
        self.entry(stream).state.evolve(event, provenance);
    }

    /// Makes the present the state that [`rollback`](Self::rollback) returns to.
    pub fn mark(&mut self) {
        self.journal.clear();
        self.sealed.clear();
        self.tick += 1;
    }

    /// Sets what was taken in so far apart from what comes next, so that it can be [confirmed](Self::confirm) while
    /// more is taken in on top of it. What was sealed before must have been confirmed.
    pub fn seal(&mut self) {
        debug_assert!(self.sealed.is_empty(), "one batch at a time is on its way");
        self.sealed = std::mem::take(&mut self.journal);
        self.tick += 1;
    }

    /// What was sealed stands: a [`rollback`](Self::rollback) keeps it from now on.
    pub fn confirm(&mut self) {
        self.sealed.clear();
    }

    /// Returns to what the last [`mark`](Self::mark) saw and what was confirmed since; states loaded since then stay.
    pub fn rollback(&mut self) {
        for journal in [std::mem::take(&mut self.journal), std::mem::take(&mut self.sealed)] {
            for (stream, before) in journal {
                match before {
                    Some(state) => self.entry(stream).state = state,
                    None => _ = self.entries.remove(&stream),
                }
            }
        }
        // What is no longer held leaves its place in the queue behind.
        if self.queue.len() > 2 * self.entries.len() {
            let entries = &self.entries;
            self.queue.retain(|(queued, stream)| entries.get(stream).is_some_and(|entry| entry.queued == *queued));
        }
    }

    /// Forgets streams until no more than `keep` are held, those first that were not used for the longest time: each is
    /// looked at in turn, and stays for another turn if it was used since the last. Every call forgets about as many as
    /// were added since the one before, so that none takes long. Streams that a rollback would change stay.
    pub fn evict(&mut self, keep: usize) {
        // Two turns: whatever may go has gone by then.
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
            if used > queued || self.journal.contains_key(&stream) || self.sealed.contains_key(&stream) {
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
        let mut world = World::default();
        let stream = |n: i64| StreamId::Order(OrderId(n));
        for n in 0..16 {
            world.mark();
            world.insert(State::empty(stream(n)));
        }
        world.mark();
        assert!(world.order(OrderId(0)).is_ok());
        world.evict(16);
        assert_eq!(world.len(), 16);
        world.evict(8);
        assert_eq!(world.len(), 8);
        assert!(world.contains(stream(0)) && world.contains(stream(15)) && !world.contains(stream(1)));
        assert_eq!(world.order(OrderId(1)), Err(Missing(stream(1))));
    }

    #[test]
    fn what_is_sealed_can_be_confirmed_or_undone_under_what_came_later() {
        let on_hand = |story: &Story| story.world.stock(ProductId::from_sku("A")).map(|stock| stock.on_hand);
        for confirmed in [true, false] {
            let mut story = Story::new();
            story.product("A", "1.00", json!({})).stocked("A", 1);
            story.world.mark();
            story.stocked("A", 10);
            story.world.seal();
            story.stocked("A", 100);
            if confirmed {
                story.world.confirm();
            }
            let expected = if confirmed { 11 } else { 1 };
            let confirmed = story.world.get_confirmed(StreamId::Stock(ProductId::from_sku("A")));
            assert!(matches!(confirmed, Some(State::Stock(stock)) if stock.on_hand == expected));
            assert_eq!(on_hand(&story), Ok(111));
            story.world.rollback();
            assert_eq!(on_hand(&story), Ok(expected));
        }
    }

    #[test]
    fn what_was_undone_leaves_nothing_behind() {
        let mut story = Story::new();
        story.product("A", "10.00", json!({})).stocked("A", 10);
        let (_, provenance, event) = story.told.last().expect("a stock event").clone();
        let mut world = World::default();
        for n in 0..1_000 {
            world.mark();
            for product in 0..3 {
                let sku = format!("{n}-{product}");
                world.evolve(StreamId::Stock(ProductId::from_sku(&sku)), &event, &provenance);
            }
            world.rollback();
        }
        assert!(world.is_empty() && world.queue.is_empty());
    }

    #[test]
    fn what_was_touched_since_the_mark_is_not_forgotten() {
        let mut story = Story::new();
        story.world.mark();
        story.product("A", "1.00", json!({})).stocked("A", 1);
        story.world.evict(0);
        assert!(story.world.stock(ProductId::from_sku("A")).is_ok());
        story.world.rollback();
        assert_eq!(story.world.stock(ProductId::from_sku("A")).map(|stock| stock.on_hand), Ok(0));
    }
}
