//! Streams read from the log itself: an order as it stands or stood, and everything that happened to it.

use chrono::{DateTime, Utc};
use orderlog_domain::{
    envelope::{self, Envelope},
    event::{Disposition, Event},
    ids::{OrderId, Position, ProductId, StreamId, Version},
    order::Order,
    stock::Stock,
    world::State,
};
use orderlog_event_log::Log;

/// Events read from a stream at once.
const PAGE: u32 = 1_000;

/// Every event of an order up to a moment, oldest first; empty when there is no such order (yet).
pub(crate) async fn events_of(
    log: &Log,
    order: OrderId,
    as_of: Option<DateTime<Utc>>,
) -> anyhow::Result<Vec<Envelope<Event>>> {
    let mut events: Vec<Envelope<Event>> = vec![];
    loop {
        let after = events.last().map_or(Version::NONE, |event| event.version);
        let page = log.read_stream(StreamId::Order(order), after, PAGE).await?;
        for recorded in &page {
            let event = envelope::decode(&recorded.json)?;
            if as_of.is_some_and(|as_of| event.provenance.recorded_at > as_of) {
                return Ok(events);
            }
            events.push(event);
        }
        if page.len() < PAGE as usize {
            return Ok(events);
        }
    }
}

/// The stock of a product right after `position`. Costs a read of every event of that product's stock up to there.
pub(crate) async fn stock_at(log: &Log, product: ProductId, position: Position) -> anyhow::Result<Stock> {
    let stream = StreamId::Stock(product);
    let mut state = State::empty(stream);
    loop {
        let page = log.read_stream(stream, state.version(), PAGE).await?;
        for recorded in page.iter().take_while(|recorded| recorded.position <= position) {
            let event = envelope::decode(&recorded.json)?;
            state.evolve(&event.data, &event.provenance);
        }
        if page.len() < PAGE as usize || page.last().is_none_or(|last| last.position > position) {
            break;
        }
    }
    match state {
        State::Stock(stock) => Ok(stock),
        _ => Ok(Stock::empty(product)),
    }
}

/// What the events of an order add up to; `None` without events.
pub(crate) fn fold(order: OrderId, events: &[Envelope<Event>]) -> Option<Order> {
    let mut state = State::empty(StreamId::Order(order));
    for event in events {
        state.evolve(&event.data, &event.provenance);
    }
    match state {
        State::Order(order) if order.exists() => Some(*order),
        _ => None,
    }
}

/// What an event says, in a few words.
pub(crate) fn describe(event: &Event) -> String {
    use crate::sentences::units;
    let moved = |lines: &[orderlog_domain::event::LineUnits]| units(lines.iter().map(|line| line.units).sum());
    match event {
        Event::OrderPlaced(fact) => {
            format!("placed: {}", units(fact.lines.iter().map(|line| line.quantity).sum()))
        }
        Event::OrderConfirmed(_) => "confirmed".to_owned(),
        Event::OrderUnconfirmed(_) => "acceptance taken back".to_owned(),
        Event::OrderHeld(fact) => match fact.until {
            Some(until) => format!("put on hold until {}", until.to_rfc3339()),
            None => "put on hold".to_owned(),
        },
        Event::OrderReleased(_) => "released from hold".to_owned(),
        Event::ProcessingStarted(_) => "picking started".to_owned(),
        Event::UnitsShipped(fact) => {
            let by = fact.carrier.as_ref().map(|carrier| format!(" with {carrier}")).unwrap_or_default();
            format!("{} shipped{by}", moved(&fact.lines))
        }
        Event::UnitsDelivered(fact) => format!("{} delivered", moved(&fact.lines)),
        Event::UnitsCancelled(fact) => format!("{} cancelled", moved(&fact.lines)),
        Event::BackorderFilled(fact) => format!("{} of line {} no longer wait for stock", units(fact.units), fact.line),
        Event::PaymentCaptured(fact) => {
            format!("{} paid by {}", orderlog_domain::money::plain(fact.amount, fact.currency), fact.method)
        }
        Event::LinesChanged(fact) => {
            let total = orderlog_domain::money::plain(fact.totals.total, fact.currency);
            format!("lines changed; the order now comes to {total}")
        }
        Event::ShipmentVoided(fact) => format!("shipment {} voided: {} back", fact.shipment, moved(&fact.lines)),
        Event::UnitsReturned(fact) => match fact.disposition {
            Disposition::Restock => format!("{} came back and were restocked", moved(&fact.lines)),
            Disposition::Scrap => format!("{} came back and were scrapped", moved(&fact.lines)),
        },
        Event::PaymentRefunded(fact) => {
            let amount = orderlog_domain::money::plain(fact.amount, fact.currency);
            format!("{amount} refunded by {} ({})", fact.method, fact.kind.name())
        }
        Event::StockReturned(fact) => format!("{} of order #{} on hand again", units(fact.units), fact.order_id),
        Event::StockReserved(fact) => format!("{} set aside for order #{}", units(fact.units), fact.order_id),
        Event::StockBackordered(fact) => format!("order #{} waits for {}", fact.order_id, units(fact.units)),
        Event::StockReleased(fact) => {
            format!("{} of order #{} free again", units(fact.reserved + fact.backordered), fact.order_id)
        }
        Event::StockConsumed(fact) => format!("{} left for order #{}", units(fact.units), fact.order_id),
        Event::StockReceived(fact) => format!("{} came in", units(fact.units)),
        Event::StockAdjusted(fact) => format!("corrected by {:+}", fact.delta),
        Event::LowStockReached(fact) => format!("low: {} available", fact.available),
        Event::LowStockRecovered(fact) => format!("no longer low: {} available", fact.available),
        Event::ProductRegistered(fact) => format!("registered as {}", fact.entry.name),
        Event::ProductChanged(fact) => format!("catalogue entry changed: {}", fact.entry.name),
        Event::CustomerRegistered(_) => "customer registered".to_owned(),
        Event::CustomerChanged(_) => "customer changed".to_owned(),
        Event::RateStored(fact) => format!("1 {} is {} {}", fact.currency, fact.rate.normalize(), fact.shop_currency),
        Event::CustomerErased(_) => "customer's particulars erased".to_owned(),
    }
}
