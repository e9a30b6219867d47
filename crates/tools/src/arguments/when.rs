//! Moments in words in arguments: "yesterday 15:00" for something that was done, "until Friday" for something that
//! ends.

use chrono::{DateTime, SecondsFormat, Utc};
use orderlog_domain::{calendar::BusinessCalendar, moments::read_moment, phrase::Direction};

/// The argument that says when something was done; all others say until when something lasts.
const DONE: &str = "occurred_at";

/// The clock and calendar by which moments in words are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When<'a> {
    pub(crate) now: DateTime<Utc>,
    pub(crate) calendar: &'a BusinessCalendar,
}

/// A moment as it was read.
pub(crate) enum Moment {
    /// RFC 3339, and in words.
    At(String, String),
    Now,
}

impl When<'_> {
    /// Reads a text in the argument `name`.
    ///
    /// # Errors
    /// When the text has no meaning; says why, with suggestions.
    pub(crate) fn read(&self, name: &str, text: &str) -> Result<Moment, String> {
        let direction = if name == DONE { Direction::Past } else { Direction::Future };
        let zone = self.calendar.timezone;
        match read_moment(text, self.now, self.calendar, direction) {
            Ok(Some(at)) => {
                let local = at.with_timezone(&zone);
                let words = format!("{} ({})", local.format("%a %-d %b %Y, %H:%M"), zone.name());
                Ok(Moment::At(local.to_rfc3339_opts(SecondsFormat::AutoSi, false), words))
            }
            Ok(None) => Ok(Moment::Now),
            Err(rejection) => {
                let example = if name == DONE { "yesterday 15:00" } else { "Friday 18:00" };
                let write = format!("say it such as \"{example}\", or write one such as 2026-11-23T10:00:00+05:30");
                Err(format!("{} For a moment {write}.", rejection.message))
            }
        }
    }
}
