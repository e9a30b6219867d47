//! Quiet hours: the time of day in which a target is sent nothing. What is due then is sent when they end.

use std::fmt;

use chrono::{DateTime, NaiveTime, Utc};
use orderlog_domain::calendar::BusinessCalendar;

/// From one time of day to another, over midnight too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quiet {
    from: NaiveTime,
    until: NaiveTime,
}

impl Quiet {
    /// Reads `22:00-07:00`.
    pub(crate) fn parse(text: &str) -> Result<Quiet, String> {
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let read = text.split_once('-').and_then(|(from, until)| Some((time(from)?, time(until)?)));
        match read {
            Some((from, until)) if from != until => Ok(Quiet { from, until }),
            _ => Err("quiet must be two times of day such as 22:00-07:00".to_owned()),
        }
    }

    /// When they end, if they hold at `now` in the shop's zone.
    pub(crate) fn end(self, calendar: &BusinessCalendar, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Days that begin when quiet begins, and days that begin when it ends: the calendar knows where clocks change.
        let starting = |at: NaiveTime| BusinessCalendar { day_start: at, ..calendar.clone() };
        let (begins, ends) = (starting(self.from), starting(self.until));
        let (began, _) = begins.day_bounds(begins.business_date(now));
        let (_, end) = ends.day_bounds(ends.business_date(began));
        (now < end).then_some(end)
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from.format("%H:%M"), self.until.format("%H:%M"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(quiet: &str, zone: &str, now: &str) -> Option<String> {
        let calendar = BusinessCalendar { timezone: zone.parse().unwrap(), ..BusinessCalendar::default() };
        let now = DateTime::parse_from_rfc3339(now).unwrap().to_utc();
        let end = Quiet::parse(quiet).unwrap().end(&calendar, now)?;
        Some(end.with_timezone(&calendar.timezone).format("%d %H:%M").to_string())
    }

    #[test]
    fn the_night_is_quiet_and_the_day_is_not() {
        let india = |now: &str| end("22:00-07:00", "Asia/Kolkata", &format!("2026-11-{now}:00+05:30"));
        assert_eq!(india("20T21:59"), None);
        assert_eq!(india("20T22:00").as_deref(), Some("21 07:00"));
        assert_eq!(india("21T06:59").as_deref(), Some("21 07:00"));
        assert_eq!(india("21T07:00"), None);
        let noon = |now: &str| end("12:00-13:30", "Asia/Kolkata", &format!("2026-11-{now}:00+05:30"));
        assert_eq!(noon("20T12:10").as_deref(), Some("20 13:30"));
        assert_eq!(noon("20T13:30"), None);
        assert_eq!(noon("20T03:00"), None);
    }

    #[test]
    fn an_end_that_the_clocks_leave_out_is_the_moment_after() {
        // On 29 March 2026 Berlin goes from 02:00 to 03:00.
        assert_eq!(end("22:00-02:30", "Europe/Berlin", "2026-03-29T01:00:00+01:00").as_deref(), Some("29 03:00"));
        assert_eq!(end("22:00-02:30", "Europe/Berlin", "2026-03-29T03:00:00+02:00"), None);
    }

    #[test]
    fn what_are_no_two_times_is_refused() {
        for text in ["", "22:00", "22-7", "25:00-07:00", "07:00-07:00"] {
            assert!(Quiet::parse(text).is_err(), "{text}");
        }
    }
}
