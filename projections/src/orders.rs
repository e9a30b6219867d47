//! The common code of read models of orders. The order itself is the domain's, so no rule about orders is written
//! twice.

use orderlog_domain::{
    envelope::Envelope,
    event::Event,
    ids::{OrderId, StreamId},
    order::Order,
    states::State,
};

use orderlog_read_models::CannotApply;

use crate::order_state::CompactOrder;

/// The order's number, if the event is in an order's stream.
pub(crate) fn order_of(event: &Envelope<Event>) -> Option<OrderId> {
    match event.stream {
        StreamId::Order(id) => Some(id),
        StreamId::Stock(_)
        | StreamId::Product(_)
        | StreamId::Customer(_)
        | StreamId::Rate(_)
        | StreamId::Notifications
        | StreamId::Confirmations => None,
    }
}

/// Folds `event` into `order` in place: orders are never copied, because rebuilds fold millions of them.
pub(crate) fn evolve(CompactOrder(order): &mut CompactOrder, event: &Envelope<Event>) -> Result<(), CannotApply> {
    if event.version != order.version.next() {
        return Err(CannotApply(format!(
            "{} stands at version {}, the event is its version {}",
            event.stream, order.version, event.version
        )));
    }
    let id = order.id;
    let mut state = State::Order(Box::new(std::mem::replace(order, Order::empty(id))));
    state.evolve(&event.data, &event.provenance);
    if let State::Order(evolved) = state {
        *order = CompactOrder::of(*evolved).0;
    }
    Ok(())
}

/// The order that `event` places.
pub(crate) fn placed(id: OrderId, event: &Envelope<Event>) -> Result<CompactOrder, CannotApply> {
    let mut order = CompactOrder(Order::empty(id));
    evolve(&mut order, event)?;
    Ok(order)
}

/// The time before which nothing of the order may ship, milliseconds since the epoch; 0 if it is not on hold.
pub(crate) fn held_until(order: &Order) -> i64 {
    if !order.on_hold() {
        return 0;
    }
    order.times.held_until.map_or(i64::MAX, |until| until.timestamp_millis())
}

/// Renews a text column; allocates nothing if the text stays the same.
pub(crate) fn renew(column: &mut String, text: &str) {
    if column != text {
        text.clone_into(column);
    }
}

/// The products of an order, each once.
pub(crate) fn products(order: &Order) -> Vec<uuid::Uuid> {
    let mut products: Vec<uuid::Uuid> = order.lines.iter().map(|line| line.product_id.0).collect();
    products.sort_unstable();
    products.dedup();
    products
}
