//! States that the writer loads in advance after a start, while no command waits: those that recent orders were decided
//! on. Otherwise the first order of nearly every customer would wait for a statement of its own.

use std::collections::HashSet;

use orderlog_domain::{
    event::Event,
    ids::{Position, StreamId},
};
use orderlog_event_log::{Log, LogError};
use tokio::sync::mpsc;

use crate::load;

/// Events before the head among which orders are looked for.
const BACK_EVENTS: i64 = 100_000;
/// Orders read from the log at once.
const PAGE_ORDERS: u32 = 1_000;
/// Streams to load at most: half of what the writer keeps.
const STREAMS: usize = 25_000;
/// Streams loaded at once: few, because a command that arrives meanwhile waits for them.
const LOADED_AT_ONCE: usize = 128;

/// The streams that are still to be loaded.
pub(crate) struct Warming {
    streams: mpsc::Receiver<Vec<StreamId>>,
}

impl Warming {
    /// Starts looking for these streams, beside the writer.
    pub(crate) fn begin(log: Log, head: Position) -> Warming {
        let (found, streams) = mpsc::channel(1);
        tokio::spawn(async move {
            if let Err(error) = look(&log, head, &found).await {
                tracing::debug!(%error, "the states of recent orders are loaded when they are needed");
            }
        });
        Warming { streams }
    }

    /// The streams to load next; `None` when there are no more.
    pub(crate) async fn next(&mut self) -> Option<Vec<StreamId>> {
        self.streams.recv().await
    }
}

/// Finds the streams of recent orders, the latest orders first, until the writer wants no more.
async fn look(log: &Log, head: Position, found: &mpsc::Sender<Vec<StreamId>>) -> Result<(), LogError> {
    let mut orders = vec![];
    let mut after = Position((head.0 - BACK_EVENTS).max(0));
    loop {
        let page = log.read_types(after, &["OrderPlaced"], PAGE_ORDERS).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for recorded in &page {
            if let Event::OrderPlaced(order) = load::decode(recorded)?.data {
                orders.push((order.customer_id, order.lines.iter().map(|line| line.product_id).collect::<Vec<_>>()));
            }
        }
    }
    let mut seen = HashSet::new();
    let mut next = Vec::with_capacity(LOADED_AT_ONCE);
    for (customer, products) in orders.into_iter().rev() {
        let of_products = products.into_iter().flat_map(|id| [StreamId::Product(id), StreamId::Stock(id)]);
        for stream in of_products.chain([StreamId::Customer(customer)]) {
            if seen.len() < STREAMS && seen.insert(stream) {
                next.push(stream);
            }
        }
        if next.len() >= LOADED_AT_ONCE && found.send(std::mem::take(&mut next)).await.is_err() {
            return Ok(());
        }
    }
    let _ = found.send(next).await;
    Ok(())
}
