//! Digests: a target that is told of many things at once, at the end of each minute, hour or day.

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use orderlog_domain::calendar::BusinessCalendar;
use serde::Deserialize;

/// Messages in one digest; more of them make another one. Slack takes 50 blocks.
pub(crate) const DIGEST_MESSAGES: usize = 40;

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Digest {
    Minute,
    Hour,
    Day,
}

impl Digest {
    /// As the file of targets has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Digest::Minute => "minute",
            Digest::Hour => "hour",
            Digest::Day => "day",
        }
    }

    /// The end of the minute or hour by the shop's clocks, or of its business day, that `at` lies in.
    pub(crate) fn end(self, calendar: &BusinessCalendar, at: DateTime<Utc>) -> DateTime<Utc> {
        let local = at.with_timezone(&calendar.timezone);
        let second = i64::from(local.second());
        let (seconds, past) = match self {
            Digest::Minute => (60, second),
            Digest::Hour => (3_600, 60 * i64::from(local.minute()) + second),
            Digest::Day => return calendar.day_bounds(calendar.business_date(at)).1,
        };
        at - TimeDelta::nanoseconds(at.nanosecond().into()) + TimeDelta::seconds(seconds - past)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_ends_by_the_clocks_of_the_shop() {
        let calendar = BusinessCalendar::default();
        let end = |digest: Digest, at: &str| {
            let at = DateTime::parse_from_rfc3339(at).unwrap().to_utc();
            digest.end(&calendar, at).with_timezone(&calendar.timezone).format("%d %H:%M:%S%.f").to_string()
        };
        assert_eq!(end(Digest::Minute, "2026-11-20T10:15:59.9+05:30"), "20 10:16:00");
        assert_eq!(end(Digest::Minute, "2026-11-20T10:16:00+05:30"), "20 10:17:00");
        // Half past by UTC is the full hour in India.
        assert_eq!(end(Digest::Hour, "2026-11-20T10:15:59+05:30"), "20 11:00:00");
        assert_eq!(end(Digest::Day, "2026-11-20T10:15:59+05:30"), "21 00:00:00");
    }
}
