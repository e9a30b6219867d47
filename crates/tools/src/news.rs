//! What the newest events are about, for whoever shows the shop and wants to know whether that concerns it.

use orderlog_domain::ids::{Position, StreamId};

use crate::shop::OpenShop;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// One order, by its number.
    Order(i64),
    /// A customer or product, whose name may be shown anywhere.
    Names,
    /// Stock, rates, messages, what waits for a word.
    Other,
}

/// The positions after `after` with what their events are about, at most so many. None where the log cannot be read.
pub async fn news(shop: &OpenShop, after: i64, most: u32) -> Option<Vec<(i64, About)>> {
    let recorded = shop.log.read(Position(after), most).await.ok()?;
    let about = |stream: StreamId| match stream {
        StreamId::Order(id) => About::Order(id.0),
        StreamId::Customer(_) | StreamId::Product(_) => About::Names,
        StreamId::Stock(_) | StreamId::Rate(_) | StreamId::Notifications | StreamId::Confirmations => About::Other,
    };
    Some(recorded.into_iter().map(|event| (event.position.0, about(event.stream))).collect())
}
