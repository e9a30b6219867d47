//! The subjects of the newest events, for pages that want to know whether an event concerns them.

use orderlog_domain::ids::{Position, StreamId};

use crate::shop::OpenShop;

/// The subject of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// One order, by its number.
    Order(i64),
    /// A customer or product, whose name may be shown anywhere.
    Names,
    /// Stock, rates, messages, and questions that wait for a person.
    Other,
}

/// The positions after `after` with the subjects of their events, at most so many. `None` if the log cannot be read.
pub async fn news(shop: &OpenShop, after: i64, most: u32) -> Option<Vec<(i64, About)>> {
    let recorded = shop.log.read(Position(after), most).await.ok()?;
    let about = |stream: StreamId| match stream {
        StreamId::Order(id) => About::Order(id.0),
        StreamId::Customer(_) | StreamId::Product(_) => About::Names,
        StreamId::Stock(_) | StreamId::Rate(_) | StreamId::Notifications | StreamId::Confirmations => About::Other,
    };
    Some(recorded.into_iter().map(|event| (event.position.0, about(event.stream))).collect())
}
