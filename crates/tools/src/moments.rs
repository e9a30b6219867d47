//! Moments of the past in arguments: a time, a business day, or a position of the log.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use futures::future::BoxFuture;
use orderlog_domain::{
    calendar::BusinessCalendar,
    envelope,
    format::day_in_words,
    ids::Position,
    moments::read_past_time,
    phrase::{self, DateRange, Direction},
    rejection::{Code, Rejection},
};
use orderlog_event_log::Log;
use orderlog_read_models::{Freshness, Projections};

use crate::{clock::Clock, failure::Failure};

/// A moment of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// The last position that was recorded at that moment.
    pub position: Position,
    /// The moment itself, at which a hold with an end may be over.
    pub at: DateTime<Utc>,
    said: Said,
}

/// The time between the last moment of a day and the next day: at this last moment the day is still that day.
const LAST_INSTANT: TimeDelta = TimeDelta::milliseconds(1);

/// How the moment was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Position,
    Time(DateTime<Utc>),
    EndOf(NaiveDate),
}

impl AsOf {
    /// The moment at which it is judged whether a hold is over: for a day, the end of that day. A position has no such
    /// moment.
    pub(crate) fn over_by(&self) -> Option<DateTime<Utc>> {
        match self.said {
            Said::EndOf(_) => Some(self.at + LAST_INSTANT),
            Said::Time(at) => Some(at),
            Said::Position => None,
        }
    }

    /// `at 20 Nov 2026, 18:00`, `at the end of 20 Nov 2026`, `at position 1234`.
    pub fn in_words(&self, zone: Tz) -> String {
        match self.said {
            Said::Time(at) => {
                let local = at.with_timezone(&zone);
                format!("at {}", local.format("%-d %b %Y, %H:%M"))
            }
            Said::EndOf(day) => format!("at the end of {}", day_in_words(day)),
            Said::Position => format!("at position {}", self.position),
        }
    }
}

/// Reads moments of the past, and finds the moment that a fresh answer must show.
#[derive(Debug, Clone)]
pub struct Moments {
    log: Log,
    projections: Projections,
    clock: Clock,
    calendar: BusinessCalendar,
}

impl Moments {
    pub(crate) fn new(log: Log, projections: Projections, clock: Clock, calendar: BusinessCalendar) -> Moments {
        Moments { log, projections, clock, calendar }
    }

    /// Reads `as_of` as [`Past::read`] does.
    pub(crate) async fn as_of(&self, text: &str) -> Result<AsOf, Failure> {
        let head = self.projections.head(&self.log).await?.position;
        Past { log: &self.log, head, now: self.clock.now(), calendar: &self.calendar }.read(text).await
    }

    /// The business day of the first event; `None` while there is none.
    pub(crate) async fn log_begins(&self) -> Result<Option<NaiveDate>, Failure> {
        let page = self.log.read(Position::START, 1).await.map_err(anyhow::Error::new)?;
        let Some(event) = page.first() else { return Ok(None) };
        Ok(Some(envelope::decode(&event.json).map_err(anyhow::Error::new)?.provenance.business_date))
    }

    /// The moment that a query must show at least: the head when the query arrives.
    pub(crate) async fn fresh(&self) -> Result<Freshness, Failure> {
        Ok(Freshness::AtLeast(self.projections.head(&self.log).await?.position))
    }
}

/// The data needed to read `as_of`.
#[derive(Debug)]
pub struct Past<'a> {
    /// The log whose positions are meant.
    pub log: &'a Log,
    /// The last position of the log.
    pub head: Position,
    /// The present.
    pub now: DateTime<Utc>,
    /// How days are counted.
    pub calendar: &'a BusinessCalendar,
}

impl Past<'_> {
    /// Reads `as_of`: a time, written as RFC 3339 or said as "1 hour ago" and "yesterday 15:00" (what was recorded then is
    /// included), a position such as `1234`, or a date phrase, which means the end of its last day.
    pub fn read<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<AsOf, Failure>> {
        Box::pin(async move {
            let text = text.trim();
            let (head, now) = (self.head, self.now);
            if let Ok(position) = text.trim_start_matches('@').parse::<i64>() {
                if YEARS.contains(&position) && !text.starts_with('@') && position <= head.0 {
                    return Err(ambiguous(position).into());
                }
                if !YEARS.contains(&position) || text.starts_with('@') {
                    return match position {
                        0.. if position <= head.0 => {
                            let (position, said) = (Position(position), Said::Position);
                            Ok(AsOf { position, at: recorded_at(self.log, position).await?, said })
                        }
                        _ => {
                            Err(problem(format!("Position {position} is not in the log, which ends at {head}.")).into())
                        }
                    };
                }
            }
            let written = DateTime::parse_from_rfc3339(text).ok().map(|at| Ok(at.with_timezone(&Utc)));
            if let Some(at) = written.or_else(|| read_past_time(text, now, self.calendar)) {
                let at = at.map_err(|rejection| rejection.field("as_of").hint(HINT))?;
                if at > now {
                    return Err(problem("That moment lies in the future.".to_owned()).into());
                }
                let position = last_position(self.log, head, |recorded_at| recorded_at <= at).await?;
                return Ok(AsOf { position, at, said: Said::Time(at) });
            }
            let calendar = self.calendar;
            let range =
                same_day(text, now, calendar).map_or_else(|| phrase::read(text, now, calendar, Direction::Past), Ok);
            let range = range.map_err(|rejection| rejection.field("as_of").hint(HINT))?;
            // A day that is not over ends now.
            match range.to.map(|day| (day, calendar.day_bounds(day))) {
                Some((_, (start, _))) if start > now => Err(problem("That day lies in the future.".to_owned()).into()),
                Some((day, (_, end))) if end <= now => {
                    let position = last_position(self.log, head, |recorded_at| recorded_at < end).await?;
                    Ok(AsOf { position, at: end - LAST_INSTANT, said: Said::EndOf(day) })
                }
                Some(_) | None => Ok(AsOf { position: head, at: now, said: Said::Time(now) }),
            }
        })
    }
}

/// "A month ago" is a whole month in a report; as a moment of the past it is the same day of the month before.
fn same_day(text: &str, now: DateTime<Utc>, calendar: &BusinessCalendar) -> Option<DateRange> {
    let ago = text.to_lowercase();
    ago.ends_with(" ago").then(|| phrase::read(&format!("{ago} today"), now, calendar, Direction::Past).ok())?
}

/// The last position that was recorded at an `early` time. Times never decrease along the log, so a binary search finds
/// it: 20 reads of one event in a log of a million.
pub async fn last_position(
    log: &Log,
    head: Position,
    early: impl Fn(DateTime<Utc>) -> bool,
) -> Result<Position, Failure> {
    let (mut known, mut later) = (0, head.0 + 1);
    while later - known > 1 {
        let middle = known + (later - known) / 2;
        if early(recorded_at(log, Position(middle)).await?) {
            known = middle;
        } else {
            later = middle;
        }
    }
    Ok(Position(known))
}

/// When the event at a position was recorded; a time long ago for the position before the first event.
async fn recorded_at(log: &Log, position: Position) -> Result<DateTime<Utc>, Failure> {
    if position == Position::START {
        return Ok(DateTime::UNIX_EPOCH);
    }
    let page = log.read(Position(position.0 - 1), 1).await.map_err(anyhow::Error::new)?;
    let event = page.first().ok_or_else(|| anyhow::anyhow!("event {position} is missing"))?;
    Ok(envelope::decode(&event.json).map_err(anyhow::Error::new)?.provenance.recorded_at)
}

const HINT: &str = "Give a time such as \"1 hour ago\" or one of RFC 3339, a day, or a position of the log.";

/// A bare number like these may be meant as a year.
const YEARS: std::ops::RangeInclusive<i64> = 1_900..=2_199;

fn ambiguous(number: i64) -> Rejection {
    let message = format!("{number} may be a year or a position of the log.");
    let hint = format!("Write @{number} for the position, or a day such as {number}-12-31.");
    Rejection::new(Code::Ambiguous, message).field("as_of").hint(&hint)
}

fn problem(message: String) -> Rejection {
    Rejection::invalid("as_of", message)
        .hint("Give an RFC 3339 time, a day, or a position of the log, not in the future.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_lies_so_long_ago_to_the_day() {
        let now = "2026-12-01T10:00:00+05:30".parse().unwrap();
        let calendar = BusinessCalendar::default();
        let day = |text: &str| same_day(text, now, &calendar).and_then(|range| range.to).map(|day| day.to_string());
        for (text, meant) in [
            ("a month ago", "2026-11-01"),
            ("1 month ago", "2026-11-01"),
            ("A week ago", "2026-11-24"),
            ("2 weeks ago", "2026-11-17"),
            ("7 days ago", "2026-11-24"),
            ("a year ago", "2025-12-01"),
        ] {
            assert_eq!(day(text).as_deref(), Some(meant), "{text}");
        }
        // All other texts are read as elsewhere.
        for text in ["last month", "yesterday", "a while ago", "2026-11-24"] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
