//! The shop's days: the business day of an instant, the beginning and end of a day, and whether a day is over (rule
//! R9).

use chrono::{
    DateTime, Datelike, Days, LocalResult, Month, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// First day of the calendar; earlier instants count as this day.
pub const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a date");

/// Last day of the calendar; later instants count as this day.
pub const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2199, 12, 31).expect("a date");

/// Longest gap in local time, in minutes: Samoa left out all of 30 December 2011.
const LONGEST_GAP_MINUTES: i64 = 25 * 60;

/// How `11/12/2026` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayMonthOrder {
    /// 11 December.
    #[default]
    DayFirst,
    /// November 12.
    MonthFirst,
    /// No order is assumed: the user is asked.
    Unset,
}

/// Days that belong together (rule D2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Single days.
    Day,
    /// Weeks that start on this day.
    Week(Weekday),
    /// Calendar months.
    Month,
}

impl Period {
    /// The first and the last day of the period that contains `day`.
    #[must_use]
    pub fn around(self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        match self {
            Period::Day => (day, day),
            Period::Week(start) => {
                let first = day - Days::new(day.weekday().days_since(start).into());
                (first, first + Days::new(6))
            }
            Period::Month => {
                let first = day - Days::new(day.day0().into());
                (first, first + Months::new(1) - Days::new(1))
            }
        }
    }
}

/// The settings of a shop's days, weeks and years.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BusinessCalendar {
    /// The shop's IANA zone.
    #[serde(with = "zone_name")]
    pub timezone: Tz,
    /// Local time at which a business day begins.
    pub day_start: NaiveTime,
    /// First day of a week.
    pub week_start: Weekday,
    /// Month in which a fiscal year begins.
    pub fiscal_year_start: Month,
    /// How dates with slashes are read.
    pub day_month_order: DayMonthOrder,
}

impl Default for BusinessCalendar {
    fn default() -> BusinessCalendar {
        BusinessCalendar {
            timezone: Tz::Asia__Kolkata,
            day_start: NaiveTime::MIN,
            week_start: Weekday::Mon,
            fiscal_year_start: Month::April,
            day_month_order: DayMonthOrder::DayFirst,
        }
    }
}

impl BusinessCalendar {
    /// The business day that contains `at`: [`day_start`](Self::day_start), until the next one, in the shop's zone.
    #[must_use]
    pub fn business_date(&self, at: DateTime<Utc>) -> NaiveDate {
        let utc_day = at.date_naive().clamp(FIRST_DAY, LAST_DAY);
        // A zone is up to 14 hours off UTC and a day may start 24 hours late: the last start that is not after `at`.
        (-2..=2)
            .rev()
            .map(|days| utc_day + TimeDelta::days(days))
            .find(|day| self.starts_at(*day) <= at)
            .map_or(FIRST_DAY, |day| day.clamp(FIRST_DAY, LAST_DAY))
    }

    /// The instants `[start, end)` of a business day. Days are 23 or 25 hours long where clocks change.
    #[must_use]
    pub fn day_bounds(&self, date: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
        let date = date.clamp(FIRST_DAY, LAST_DAY);
        (self.starts_at(date), self.starts_at(date + Days::new(1)))
    }

    /// Whether the business day `date` is over at `now`.
    #[must_use]
    pub fn is_complete(&self, date: NaiveDate, now: DateTime<Utc>) -> bool {
        self.day_bounds(date).1 <= now
    }

    /// First instant of a business day. If local time repeats an hour, the earlier one; if it skips an hour, the first
    /// instant after the gap.
    fn starts_at(&self, date: NaiveDate) -> DateTime<Utc> {
        self.at(date, self.day_start)
    }

    /// The instant of a time of day in the shop's zone, likewise.
    #[must_use]
    pub fn at(&self, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let local = date.and_time(time);
        for minutes in 0..=LONGEST_GAP_MINUTES {
            match self.timezone.from_local_datetime(&(local + TimeDelta::minutes(minutes))) {
                LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => return at.to_utc(),
                LocalResult::None => {}
            }
        }
        local.and_utc()
    }
}

/// A zone as its IANA name.
mod zone_name {
    use chrono_tz::Tz;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(zone.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        name.parse().map_err(|_| D::Error::custom(format!("`{name}` is no IANA time zone such as Asia/Kolkata")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn shop(timezone: Tz, day_start: &str) -> BusinessCalendar {
        BusinessCalendar { timezone, day_start: day_start.parse().expect("a time"), ..BusinessCalendar::default() }
    }

    #[test]
    fn a_day_begins_at_day_start_in_the_shops_zone() {
        for (zone, day_start, instant, expected) in [
            (Tz::Asia__Kolkata, "00:00", "2026-11-20T18:20:00Z", "2026-11-20"), // 23:50 IST
            (Tz::Asia__Kolkata, "00:00", "2026-11-20T18:35:00Z", "2026-11-21"), // 00:05 IST, still the 20th in UTC
            (Tz::Asia__Kolkata, "04:00", "2026-11-20T22:29:59Z", "2026-11-20"), // 03:59:59 IST belongs to the night before
            (Tz::Asia__Kolkata, "04:00", "2026-11-20T22:30:00Z", "2026-11-21"),
            (Tz::Pacific__Kiritimati, "00:00", "2026-11-20T10:00:00Z", "2026-11-21"), // UTC+14
            (Tz::Pacific__Pago_Pago, "23:59", "2026-11-20T10:00:00Z", "2026-11-18"),  // UTC-11
            (Tz::America__New_York, "00:00", "2026-11-02T04:59:59Z", "2026-11-01"),
            (Tz::America__New_York, "00:00", "2026-11-02T05:00:00Z", "2026-11-02"),
        ] {
            assert_eq!(shop(zone, day_start).business_date(at(instant)), day(expected), "{zone} {day_start} {instant}");
        }
    }

    #[test]
    fn days_are_as_long_as_the_clocks_make_them() {
        for (zone, day_start, date, hours) in [
            (Tz::Asia__Kolkata, "00:00", "2026-11-01", 24),
            (Tz::America__New_York, "00:00", "2026-11-01", 25),
            (Tz::America__New_York, "00:00", "2026-03-08", 23),
            (Tz::America__New_York, "02:30", "2026-03-08", 24), // starts in the hole, at 03:00: 23.5 hours
            (Tz::America__Havana, "00:00", "2026-11-01", 25),   // midnight comes twice
            (Tz::Pacific__Apia, "00:00", "2011-12-30", 0),      // the day Samoa left out
        ] {
            let (from, to) = shop(zone, day_start).day_bounds(day(date));
            assert_eq!((to - from + TimeDelta::minutes(30)).num_hours(), hours, "{zone} {day_start} {date}");
        }
    }

    #[test]
    fn every_instant_lies_within_its_own_day() {
        for zone in [Tz::America__New_York, Tz::America__Havana, Tz::Pacific__Apia, Tz::Africa__Cairo, Tz::Asia__Beirut]
        {
            for day_start in ["00:00", "02:30", "23:30"] {
                let calendar = shop(zone, day_start);
                for start in ["2011-12-28T00:00:00Z", "2026-03-01T00:00:00Z", "2026-10-20T00:00:00Z"] {
                    for half_hours in 0..48 * 30 {
                        let instant = at(start) + TimeDelta::minutes(30 * half_hours);
                        let (from, to) = calendar.day_bounds(calendar.business_date(instant));
                        assert!(from <= instant && instant < to, "{zone} {day_start} {instant}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_day_is_complete_when_the_next_begins() {
        let calendar = BusinessCalendar::default();
        assert!(!calendar.is_complete(day("2026-11-22"), at("2026-11-22T18:29:59Z")));
        assert!(calendar.is_complete(day("2026-11-22"), at("2026-11-22T18:30:00Z")));
    }

    #[test]
    fn absurd_instants_are_held_within_the_calendar() {
        let calendar = shop(Tz::Pacific__Kiritimati, "23:59");
        assert_eq!(calendar.business_date(DateTime::<Utc>::MAX_UTC), LAST_DAY);
        assert_eq!(calendar.business_date(DateTime::<Utc>::MIN_UTC), FIRST_DAY);
        assert!(calendar.day_bounds(NaiveDate::MAX).0 < calendar.day_bounds(NaiveDate::MAX).1);
    }

    #[test]
    fn settings_are_written_by_name() {
        let calendar = BusinessCalendar::default();
        let json = serde_json::to_string(&calendar).expect("json");
        assert_eq!(
            json,
            r#"{"timezone":"Asia/Kolkata","day_start":"00:00:00","week_start":"Mon","fiscal_year_start":"April","day_month_order":"day_first"}"#
        );
        assert_eq!(serde_json::from_str::<BusinessCalendar>(&json).expect("calendar"), calendar);
        assert!(serde_json::from_str::<BusinessCalendar>(r#"{"timezone":"Kolkata"}"#).is_err());
    }
}
