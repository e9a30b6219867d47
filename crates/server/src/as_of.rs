//! A moment of the past, as arguments give it: a time, a business day, or a position of the log.

use chrono::{DateTime, Utc};
use orderlog_domain::{
    envelope,
    ids::Position,
    phrase::{self, Direction},
    rejection::Rejection,
};

use crate::{node::Node, tools::Failure};

/// A moment of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AsOf {
    /// The last position that was recorded by then.
    pub(crate) position: Position,
    /// The moment, where a time or a day was given.
    pub(crate) at: Option<DateTime<Utc>>,
}

impl AsOf {
    /// `at 20 Nov 2026, 18:00`, `at position 1234`.
    pub(crate) fn in_words(&self, node: &Node) -> String {
        match self.at {
            Some(at) => {
                let local = at.with_timezone(&node.config.shop.calendar.timezone);
                format!("at {}", local.format("%-d %b %Y, %H:%M"))
            }
            None => format!("at position {}", self.position),
        }
    }
}

impl Node {
    /// Reads `as_of`: an RFC 3339 time, a position such as `1234`, or a date phrase, which means the end of its last day.
    pub(crate) async fn as_of(&self, text: &str) -> Result<AsOf, Failure> {
        let text = text.trim();
        let head = self.log.head().await.map_err(anyhow::Error::new)?.position;
        if let Ok(position) = text.trim_start_matches('@').parse::<i64>()
            && text.len() != "2026".len()
        {
            return match position {
                0.. if position <= head.0 => Ok(AsOf { position: Position(position), at: None }),
                _ => Err(problem(format!("Position {position} is not in the log, which ends at {head}.")).into()),
            };
        }
        let now = self.clock.now();
        let at = match DateTime::parse_from_rfc3339(text) {
            Ok(at) => at.with_timezone(&Utc),
            Err(_) => {
                let calendar = &self.config.shop.calendar;
                let range = phrase::read(text, now, calendar, Direction::Past).map_err(|rejection| {
                    rejection.field("as_of").hint("Give an RFC 3339 time, a day, or a position of the log.")
                })?;
                // The end of the day, or now where it is not over.
                range.to.map_or(now, |to| calendar.day_bounds(to).1.min(now))
            }
        };
        if at > now {
            return Err(problem("That moment lies in the future.".to_owned()).into());
        }
        Ok(AsOf { position: self.position_at(at, head).await?, at: Some(at) })
    }

    /// The last position recorded before `at`. Times of recording never decrease along the log, so halving finds it: 20
    /// reads of one event in a log of a million.
    async fn position_at(&self, at: DateTime<Utc>, head: Position) -> Result<Position, Failure> {
        let (mut known, mut later) = (0, head.0 + 1);
        while later - known > 1 {
            let middle = known + (later - known) / 2;
            let page = self.log.read(Position(middle - 1), 1).await.map_err(anyhow::Error::new)?;
            let event = page.first().ok_or_else(|| anyhow::anyhow!("event {middle} is missing"))?;
            let recorded_at = envelope::decode(&event.json).map_err(anyhow::Error::new)?.provenance.recorded_at;
            if recorded_at < at {
                known = middle;
            } else {
                later = middle;
            }
        }
        Ok(Position(known))
    }
}

fn problem(message: String) -> Rejection {
    Rejection::invalid("as_of", message)
        .hint("Give an RFC 3339 time, a day, or a position of the log, not in the future.")
}
