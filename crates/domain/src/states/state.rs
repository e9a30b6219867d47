//! The state that results from the events of a stream: an order, a stock, a product, a customer and so on.

use serde::{Deserialize, Serialize};

use crate::{
    confirmations::Confirmations,
    customer::Customer,
    envelope::Provenance,
    event::{Event, Fact},
    ids::{StreamId, Version},
    notifications::Notifications,
    order::Order,
    product::Product,
    rate::Rate,
    stock::Stock,
};

/// The state of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "state", rename_all = "snake_case")]
pub enum State {
    /// State of `order-…`.
    Order(Box<Order>),
    /// State of `stock-…`.
    Stock(Stock),
    /// State of `product-…`.
    Product(Product),
    /// State of `customer-…`.
    Customer(Customer),
    /// State of `rate-…`.
    Rate(Rate),
    /// State of `notification-shop`.
    Notifications(Box<Notifications>),
    /// State of `confirmation-shop`.
    Confirmations(Box<Confirmations>),
}

impl State {
    /// Version of the states' shape in snapshots; a snapshot of any other format is ignored, and its stream is folded
    /// again.
    pub const FORMAT: u32 = 6;

    /// The state of a stream without events.
    #[must_use]
    pub fn empty(stream: StreamId) -> State {
        match stream {
            StreamId::Order(id) => State::Order(Box::new(Order::empty(id))),
            StreamId::Stock(id) => State::Stock(Stock::empty(id)),
            StreamId::Product(id) => State::Product(Product::empty(id)),
            StreamId::Customer(id) => State::Customer(Customer::empty(id)),
            StreamId::Rate(currency) => State::Rate(Rate::empty(currency)),
            StreamId::Notifications => State::Notifications(Box::default()),
            StreamId::Confirmations => State::Confirmations(Box::default()),
        }
    }

    /// Takes in the stream's next event. Never fails, never decides; a fact about another kind of thing only counts.
    pub fn evolve(&mut self, event: &Event, provenance: &Provenance) {
        match (&mut *self, event.fact()) {
            (State::Order(order), Fact::Order(fact)) => order.evolve(fact, provenance),
            (State::Stock(stock), Fact::Stock(fact)) => {
                stock.note(&fact, provenance.occurred_at);
                stock.evolve(fact);
            }
            (State::Product(product), Fact::Product(fact)) => product.evolve(fact),
            (State::Customer(customer), Fact::Customer(fact)) => customer.evolve(fact),
            (State::Rate(rate), Fact::Rate(fact)) => rate.evolve(fact),
            (State::Notifications(all), Fact::Notification(fact)) => all.evolve(fact, provenance),
            (State::Confirmations(all), Fact::Confirmation(fact)) => all.evolve(fact, provenance),
            (
                State::Order(_)
                | State::Stock(_)
                | State::Product(_)
                | State::Customer(_)
                | State::Rate(_)
                | State::Notifications(_)
                | State::Confirmations(_),
                _,
            ) => {}
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
            State::Notifications(all) => all.version,
            State::Confirmations(all) => all.version,
        }
    }

    /// The stream of the state.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        match self {
            State::Order(order) => StreamId::Order(order.id),
            State::Stock(stock) => StreamId::Stock(stock.product_id),
            State::Product(product) => StreamId::Product(product.id),
            State::Customer(customer) => StreamId::Customer(customer.id),
            State::Rate(rate) => StreamId::Rate(rate.currency),
            State::Notifications(_) => StreamId::Notifications,
            State::Confirmations(_) => StreamId::Confirmations,
        }
    }

    fn version_mut(&mut self) -> &mut Version {
        match self {
            State::Order(order) => &mut order.version,
            State::Stock(stock) => &mut stock.version,
            State::Product(product) => &mut product.version,
            State::Customer(customer) => &mut customer.version,
            State::Rate(rate) => &mut rate.version,
            State::Notifications(all) => &mut all.version,
            State::Confirmations(all) => &mut all.version,
        }
    }
}
