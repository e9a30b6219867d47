//! What read models of orders share: the order itself is the domain's, so no rule about orders is written twice.

use orderlog_domain::{
    envelope::Envelope,
    event::Event,
    ids::{OrderId, StreamId},
    order::Order,
    world::State,
};

use crate::fold::CannotApply;

/// The order's number, if the event stands in an order's stream.
pub(crate) fn order_of(event: &Envelope<Event>) -> Option<OrderId> {
    match event.stream {
        StreamId::Order(id) => Some(id),
        StreamId::Stock(_) | StreamId::Product(_) | StreamId::Customer(_) => None,
    }
}

/// `order` after `event`.
pub(crate) fn evolved(order: Order, event: &Envelope<Event>) -> Result<Order, CannotApply> {
    if event.version != order.version.next() {
        return Err(CannotApply(format!(
            "{} stands at version {}, the event is its version {}",
            event.stream, order.version, event.version
        )));
    }
    let mut state = State::Order(Box::new(order));
    state.evolve(&event.data, &event.provenance);
    match state {
        State::Order(order) => Ok(*order),
        State::Stock(_) | State::Product(_) | State::Customer(_) => {
            Err(CannotApply(format!("{} is no order", event.stream)))
        }
    }
}

/// The products of an order, each once.
pub(crate) fn products(order: &Order) -> Vec<uuid::Uuid> {
    let mut products: Vec<uuid::Uuid> = order.lines.iter().map(|line| line.product_id.0).collect();
    products.sort_unstable();
    products.dedup();
    products
}
