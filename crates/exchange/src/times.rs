//! Times as spreadsheets and shop systems write them, read in the shop's zone and with its order of day and month.

use chrono::{DateTime, FixedOffset, LocalResult, NaiveDate, NaiveTime, TimeZone as _, Utc};
use orderlog_domain::{
    calendar::BusinessCalendar,
    phrase::{self, Direction},
    rejection::Code,
};

/// Why a time cannot be read: the error and the advice.
pub(super) type Unreadable = (String, String);

/// Examples of accepted times.
const EXAMPLES: &str = "Write one such as 2026-11-20 14:30, 20 Nov 2026 2:30 PM or 2026-11-20T14:30:00+05:30.";

/// Reads `2026-11-20 14:30`, `20/11/2026`, `2025-05-11 09:55:16 -0400`, … A day alone is its beginning.
pub(super) fn read(text: &str, calendar: &BusinessCalendar, now: DateTime<Utc>) -> Result<DateTime<Utc>, Unreadable> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let unreadable = || ("cannot be read as a time".to_owned(), EXAMPLES.to_owned());
    let (day, time) = match text.find(':') {
        Some(colon) => {
            let hour = text[..colon].trim_end_matches(|c: char| c.is_ascii_digit()).len();
            (text[..hour].trim_end_matches(['T', 't', ',', ' ']), Some(&text[hour..]))
        }
        None => (text, None),
    };
    let day = read_day(day, calendar, now)?;
    let Some(time) = time else { return Ok(calendar.day_bounds(day).0) };
    let (time, zone) = read_time(time).ok_or_else(unreadable)?;
    let written = day.and_time(time);
    match zone {
        Some(zone) => zone.from_local_datetime(&written).single().map(|at| at.to_utc()).ok_or_else(unreadable),
        None => match calendar.timezone.from_local_datetime(&written) {
            LocalResult::Single(at) => Ok(at.to_utc()),
            LocalResult::Ambiguous(first, second) => Err((
                format!("came twice that day in {}: clocks were put back", calendar.timezone.name()),
                format!("Write it with its offset: {} or {}.", first.to_rfc3339(), second.to_rfc3339()),
            )),
            LocalResult::None => Err((
                format!("did not exist in {}: clocks were put forward", calendar.timezone.name()),
                EXAMPLES.to_owned(),
            )),
        },
    }
}

/// A day with its year; words that depend on the present, such as "yesterday", are not accepted.
fn read_day(text: &str, calendar: &BusinessCalendar, now: DateTime<Utc>) -> Result<NaiveDate, Unreadable> {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let has_year = numbers.clone().any(|digits| digits.len() == 4) || numbers.count() == 3;
    if !has_year {
        return Err(("is no day with its year".to_owned(), EXAMPLES.to_owned()));
    }
    match phrase::read(text, now, calendar, Direction::Past) {
        Ok(range) => match (range.from, range.to) {
            (Some(from), Some(to)) if from == to => Ok(from),
            _ => Err(("is no single day".to_owned(), EXAMPLES.to_owned())),
        },
        Err(rejection) if rejection.code == Code::Ambiguous => Err((
            "could be two days: day and month can be told apart only when their order is known".to_owned(),
            "Set --day-month-order, or write the day as 2026-11-20.".to_owned(),
        )),
        Err(_) => Err(("is no day that can be read".to_owned(), EXAMPLES.to_owned())),
    }
}

/// `14:30`, `2:30:15 PM`, `09:55:16 -0400`, `10:00Z`: the time, and the zone where one is written.
fn read_time(text: &str) -> Option<(NaiveTime, Option<FixedOffset>)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(text.len());
    let (clock, rest) = text.split_at(end);
    let rest = rest.trim().to_uppercase();
    let (half, zone) = match rest.get(..2) {
        Some(half @ ("AM" | "PM")) => (Some(half.to_owned()), rest[2..].trim()),
        _ => (None, rest.as_str()),
    };
    let time = ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(clock, format).ok());
    let time = match half {
        None => time?,
        Some(half) => ["%I:%M:%S %p", "%I:%M %p"]
            .iter()
            .find_map(|format| NaiveTime::parse_from_str(&format!("{clock} {half}"), format).ok())?,
    };
    let zone = match zone {
        "" => None,
        "Z" | "UTC" | "GMT" => FixedOffset::east_opt(0),
        offset => Some(read_offset(offset)?),
    };
    Some((time, zone))
}

/// `+05:30`, `-0400`, `+05`.
fn read_offset(text: &str) -> Option<FixedOffset> {
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i32>().ok()?, 0),
        4 => (digits[..2].parse::<i32>().ok()?, digits[2..].parse::<i32>().ok()?),
        _ => return None,
    };
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use orderlog_domain::calendar::DayMonthOrder;

    use super::*;

    fn at(text: &str, calendar: &BusinessCalendar) -> String {
        let now = "2026-11-22T09:00:00Z".parse().expect("a time");
        match read(text, calendar, now) {
            Ok(at) => at.with_timezone(&calendar.timezone).to_rfc3339(),
            Err((problem, _)) => problem,
        }
    }

    #[test]
    fn times_are_read_as_spreadsheets_and_shops_write_them() {
        let kolkata = BusinessCalendar::default();
        for (text, expected) in [
            ("2026-11-20T14:30:00+05:30", "2026-11-20T14:30:00+05:30"),
            ("2026-11-20 14:30", "2026-11-20T14:30:00+05:30"),
            ("2026-11-20T14:30:05", "2026-11-20T14:30:05+05:30"),
            ("20/11/2026", "2026-11-20T00:00:00+05:30"),
            ("20/11/2026 14:30", "2026-11-20T14:30:00+05:30"),
            ("5/11/26 9:05", "2026-11-05T09:05:00+05:30"),
            ("20.11.2026, 14:30", "2026-11-20T14:30:00+05:30"),
            ("20-Nov-2026 2:30 PM", "2026-11-20T14:30:00+05:30"),
            ("Nov 20, 2026 12:05:30 am", "2026-11-20T00:05:30+05:30"),
            ("2025-05-11 09:55:16 -0400", "2025-05-11T19:25:16+05:30"),
            ("2026-11-20 09:00 UTC", "2026-11-20T14:30:00+05:30"),
            ("1996-07-04", "1996-07-04T00:00:00+05:30"),
        ] {
            assert_eq!(at(text, &kolkata), expected, "{text}");
        }
        let american = BusinessCalendar { day_month_order: DayMonthOrder::MonthFirst, ..BusinessCalendar::default() };
        assert_eq!(at("11/20/2026 2:30 PM", &american), "2026-11-20T14:30:00+05:30");
        assert_eq!(at("11/12/2026", &american), "2026-11-12T00:00:00+05:30");
    }

    #[test]
    fn what_is_not_one_moment_is_refused_with_the_remedy() {
        let unset = BusinessCalendar { day_month_order: DayMonthOrder::Unset, ..BusinessCalendar::default() };
        assert!(at("11/12/2026", &unset).starts_with("could be two days"));
        assert_eq!(at("2026-11-12", &unset), "2026-11-12T00:00:00+05:30");
        let new_york = BusinessCalendar { timezone: chrono_tz::America::New_York, ..BusinessCalendar::default() };
        assert!(at("2026-11-01 01:30", &new_york).starts_with("came twice that day"));
        assert!(at("2026-03-08 02:30", &new_york).starts_with("did not exist"));
        for text in ["yesterday", "20 Nov", "Monday 10:00", "Nov 2026", "2026", "soon", "2026-11-20 25:00", "14:30"] {
            let told = at(text, &BusinessCalendar::default());
            assert!(!told.starts_with("20") && !told.starts_with("19"), "{text} was read as {told}");
        }
    }
}
