//! Streams read from the log itself: an order now or at an earlier moment, and everything that happened to it.

use futures::future::BoxFuture;
use orderlog_domain::{
    confirmations::Confirmations,
    envelope::{self, Envelope},
    event::{Event, Fact},
    ids::{OrderId, Position, ProductId, StreamId, Version},
    notifications::Notifications,
    order::Order,
    product::Product,
    states::State,
};
use orderlog_event_log::Log;
use orderlog_projections::stock::{self, MARK_EVERY, Units};
use orderlog_read_models::Projections;

/// Events read from an order's stream at once.
const PAGE: u32 = 1_000;

/// Every event of an order, oldest first, up to a position where one is given; empty when there is no such order (yet).
pub fn events_of(
    log: &Log,
    order: OrderId,
    until: Option<Position>,
) -> BoxFuture<'_, anyhow::Result<Vec<Envelope<Event>>>> {
    Box::pin(async move {
        let mut events: Vec<Envelope<Event>> = vec![];
        loop {
            let after = events.last().map_or(Version::NONE, |event| event.version);
            let page = log.read_stream(StreamId::Order(order), after, PAGE).await?;
            for recorded in &page {
                if until.is_some_and(|until| recorded.position > until) {
                    return Ok(events);
                }
                events.push(envelope::decode(&recorded.json)?);
            }
            if page.len() < PAGE as usize {
                return Ok(events);
            }
        }
    })
}

/// The state of a stream now, or right after `until`: all its events folded.
pub fn state(log: &Log, stream: StreamId, until: Option<Position>) -> BoxFuture<'_, anyhow::Result<State>> {
    Box::pin(async move {
        let mut state = State::empty(stream);
        let counts = |position: Position| until.is_none_or(|until| position <= until);
        loop {
            let page = log.read_stream(stream, state.version(), PAGE).await?;
            for recorded in page.iter().take_while(|recorded| counts(recorded.position)) {
                let event = envelope::decode(&recorded.json)?;
                state.evolve(&event.data, &event.provenance);
            }
            if page.len() < PAGE as usize || page.last().is_some_and(|last| !counts(last.position)) {
                return Ok(state);
            }
        }
    })
}

/// The rules and messages of notifications, as they are now.
pub fn notifications(log: &Log) -> BoxFuture<'_, anyhow::Result<Notifications>> {
    Box::pin(async move {
        match of_a_long_stream(log, StreamId::Notifications).await? {
            State::Notifications(all) => Ok(*all),
            _ => Ok(Notifications::default()),
        }
    })
}

/// The questions that wait for a person's answer, and the recent answers.
pub fn confirmations(log: &Log) -> BoxFuture<'_, anyhow::Result<Confirmations>> {
    Box::pin(async move {
        match of_a_long_stream(log, StreamId::Confirmations).await? {
            State::Confirmations(all) => Ok(*all),
            _ => Ok(Confirmations::default()),
        }
    })
}

/// The state of a long stream, folded from its latest snapshot.
async fn of_a_long_stream(log: &Log, stream: StreamId) -> anyhow::Result<State> {
    let kept = log.load_snapshots(&[stream]).await?.pop();
    let kept = kept.filter(|snapshot| snapshot.format == State::FORMAT);
    let kept = kept.and_then(|snapshot| serde_json::from_str(&snapshot.state).ok());
    let mut state = kept.unwrap_or_else(|| State::empty(stream));
    loop {
        let page = log.read_stream(stream, state.version(), PAGE).await?;
        for recorded in &page {
            let event = envelope::decode(&recorded.json)?;
            state.evolve(&event.data, &event.provenance);
        }
        if page.len() < PAGE as usize {
            return Ok(state);
        }
    }
}

/// A product as it was right after `position`.
pub fn product_at(log: &Log, id: ProductId, position: Position) -> BoxFuture<'_, anyhow::Result<Product>> {
    Box::pin(async move {
        Ok(match state(log, StreamId::Product(id), Some(position)).await? {
            State::Product(product) => product,
            State::Order(_)
            | State::Stock(_)
            | State::Customer(_)
            | State::Rate(_)
            | State::Notifications(_)
            | State::Confirmations(_) => Product::empty(id),
        })
    })
}

/// The stock of a product right after `position`: the last mark before it, and the few events since, from the log.
pub fn stock_at<'a>(
    log: &'a Log,
    projections: &'a Projections,
    product: ProductId,
    position: Position,
) -> BoxFuture<'a, anyhow::Result<Units>> {
    Box::pin(async move {
        let mark = stock::last_mark(projections, product, position).await?;
        let mut units = mark.as_ref().map_or_else(Units::default, |mark| Units {
            on_hand: mark.on_hand,
            reserved: mark.reserved,
            backordered: mark.backordered,
        });
        let mut version = mark.map_or(Version::NONE, |mark| Version(mark.version));
        // There is more than one page only if the read model has not reached the next mark.
        let page_size = u32::try_from(MARK_EVERY).unwrap_or(u32::MAX);
        loop {
            let page = log.read_stream(StreamId::Stock(product), version, page_size).await?;
            for recorded in page.iter().take_while(|recorded| recorded.position <= position) {
                if let Fact::Stock(fact) = envelope::decode(&recorded.json)?.data.fact() {
                    units.take(&fact);
                }
            }
            match page.last() {
                Some(last) if last.position <= position && page.len() == page_size as usize => version = last.version,
                Some(_) | None => return Ok(units),
            }
        }
    })
}

/// One command's changes to an order: its events in a row, and the order before and after them.
pub struct Act<'a> {
    /// The events that the command recorded.
    pub events: &'a [Envelope<Event>],
    /// The order before; `None` if the command placed it.
    pub before: Option<Order>,
    /// The order after the last event.
    pub after: Order,
}

/// The acts of an order's events, from the `skip`th on, at most `limit` of them; and how many there are.
pub fn acts(id: OrderId, events: &[Envelope<Event>], skip: usize, limit: usize) -> (Vec<Act<'_>>, usize) {
    let mut order = State::empty(StreamId::Order(id));
    let (mut acts, mut count) = (vec![], 0);
    for events in events.chunk_by(|one, next| one.provenance.command_id == next.provenance.command_id) {
        let wanted = count >= skip && acts.len() < limit;
        // The order as it was when the command came: a hold may have ended by itself before.
        let at = events.last().map(|event| event.provenance.recorded_at).unwrap_or_default();
        let existing = |state: &State| existing(state).map(|order| order.as_read_at(at));
        let before = if wanted { existing(&order) } else { None };
        for event in events {
            order.evolve(&event.data, &event.provenance);
        }
        if wanted && let Some(after) = existing(&order) {
            acts.push(Act { events, before, after });
        }
        count += 1;
    }
    (acts, count)
}

fn existing(state: &State) -> Option<Order> {
    match state {
        State::Order(order) if order.exists() => Some((**order).clone()),
        _ => None,
    }
}

/// The order that results from its events; `None` without events.
pub fn fold(order: OrderId, events: &[Envelope<Event>]) -> Option<Order> {
    let mut state = State::empty(StreamId::Order(order));
    for event in events {
        state.evolve(&event.data, &event.provenance);
    }
    existing(&state)
}
