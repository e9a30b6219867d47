//! A moment in words: "yesterday 15:00", "at 3pm on Friday", "in 3 days". Days are read as everywhere.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};

use crate::{
    calendar::{BusinessCalendar, FIRST_DAY, LAST_DAY},
    phrase::{Direction, MAX_PHRASE_CHARS, read_length, read_unbounded},
    rejection::Rejection,
};

/// Words before a moment that do not change it.
const LEADING: [&str; 5] = ["until", "till", "up to", "by", "at"];

/// Reads a moment: a day, a time of day, both, or a number of hours and minutes from now. For the past, a day without a
/// time means its end, because everything of the day was done by then; for the future it means its beginning. `None`
/// means now, for example for "today" in the past.
///
/// # Errors
/// `INVALID_ARGUMENT` when it cannot be read or names no single day, `AMBIGUOUS` when it could mean several.
pub fn read_moment(
    text: &str,
    now: DateTime<Utc>,
    calendar: &BusinessCalendar,
    direction: Direction,
) -> Result<Option<DateTime<Utc>>, Rejection> {
    let text: String = text.trim().chars().take(MAX_PHRASE_CHARS + 1).collect();
    let (day, time) = time_of_day(&text);
    let day = without_leading(&day);
    if let Some(at) = hours_from_now(&day, now).filter(|_| time.is_none()) {
        return Ok(Some(at));
    }
    if matches!(day.as_str(), "" | "now") {
        return Ok(time.map(|time| nearest(time, now, calendar, direction)));
    }
    let range = read_unbounded(&day, now, calendar, direction)?;
    let past = direction == Direction::Past;
    let single = range.whole_days && (range.from == range.to || !past);
    let Some(day) = range.from.filter(|day| single && (FIRST_DAY..=LAST_DAY).contains(day)) else {
        let message = format!("`{}` names no single day.", range.phrase);
        return Err(Rejection::invalid("date_range", message).hint("Name one, such as \"yesterday 15:00\"."));
    };
    if let Some(time) = time {
        return Ok(Some(calendar.at(day, time)));
    }
    let (start, end) = calendar.day_bounds(day);
    Ok(match direction {
        Direction::Past if end <= now => Some(end - TimeDelta::seconds(1)),
        Direction::Past if start <= now => None,
        Direction::Future if start <= now => Some(end),
        Direction::Past | Direction::Future => Some(start),
    })
}

/// A moment of the past that is named more exactly than by its day: "1 hour ago", "yesterday 15:00". `None` for all
/// others.
///
/// # Errors
/// As [`read_moment`].
pub fn read_past_time(
    text: &str,
    now: DateTime<Utc>,
    calendar: &BusinessCalendar,
) -> Option<Result<DateTime<Utc>, Rejection>> {
    let short: String = text.trim().chars().take(MAX_PHRASE_CHARS + 1).collect();
    let (day, time) = time_of_day(&short);
    if time.is_none() && hours_from_now(&without_leading(&day), now).is_none() {
        return None;
    }
    Some(read_moment(text, now, calendar, Direction::Past).map(|at| at.unwrap_or(now)))
}

/// "1 hour ago", "in 30 minutes": so long before or after now, to the second. Days and weeks are counted as days are.
fn hours_from_now(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (past, said) = [" ago", " back", " earlier"]
        .iter()
        .find_map(|end| Some((true, text.strip_suffix(end)?)))
        .or_else(|| Some((false, text.strip_suffix(" from now")?)))
        .or_else(|| Some((false, text.strip_prefix("in ")?)))?;
    let length = read_length(said).filter(|length| !length.in_days)?;
    let at = if past { now.checked_sub_signed(length.lasts) } else { now.checked_add_signed(length.lasts) };
    at.filter(|at| (FIRST_DAY..=LAST_DAY).contains(&at.date_naive()))
}

/// The latest such time in the past, or the next one in the future.
fn nearest(time: NaiveTime, now: DateTime<Utc>, calendar: &BusinessCalendar, direction: Direction) -> DateTime<Utc> {
    let today = now.with_timezone(&calendar.timezone).date_naive();
    let at = calendar.at(today, time);
    match direction {
        Direction::Past if at > now => calendar.at(today - Days::new(1), time),
        Direction::Future if at <= now => calendar.at(today + Days::new(1), time),
        Direction::Past | Direction::Future => at,
    }
}

fn without_leading(day: &str) -> String {
    let mut day = day.trim();
    while let Some(rest) = LEADING.iter().find_map(|word| day.strip_prefix(word)?.strip_prefix(' ')) {
        day = rest.trim_start();
    }
    let alone = LEADING.contains(&day);
    if alone { String::new() } else { day.trim_matches([' ', ',']).to_owned() }
}

/// The text without its time of day, in lower case, and the time.
fn time_of_day(text: &str) -> (String, Option<NaiveTime>) {
    let text = text.to_lowercase();
    // `2026-11-22t15:00`, where no offset follows.
    let text = match text.split_once('t') {
        Some((date, time)) if date.len() == 10 && time.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{date} {time}")
        }
        _ => text,
    };
    let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_end_matches(',')).collect();
    for at in 0..words.len() {
        // "3 pm" before "3pm".
        for length in [2, 1] {
            let Some(said) = words.get(at..at + length) else { continue };
            let Some(time) = clock(&said.concat()).filter(|_| length == 1 || is_half(said[1])) else { continue };
            let before = words[..at].strip_suffix(&["at"]).unwrap_or(&words[..at]);
            let rest: Vec<&str> = before.iter().chain(&words[at + length..]).copied().collect();
            return (rest.join(" "), Some(time));
        }
    }
    (words.join(" "), None)
}

fn is_half(word: &str) -> bool {
    matches!(word, "am" | "pm" | "a.m." | "p.m.")
}

/// `15:00`, `15:00:30`, `3pm`, `3:30pm`, `noon`.
fn clock(word: &str) -> Option<NaiveTime> {
    if matches!(word, "noon" | "midday") {
        return NaiveTime::from_hms_opt(12, 0, 0);
    }
    let halves = [("am", 0), ("pm", 12), ("a.m.", 0), ("p.m.", 12)];
    let half = halves.iter().find_map(|(name, hours)| Some((word.strip_suffix(name)?, *hours)));
    let (digits, hours) = half.map_or((word, None), |(digits, hours)| (digits, Some(hours)));
    let mut parts = digits.split(':');
    let mut number = || -> Option<Option<u32>> {
        let Some(part) = parts.next() else { return Some(None) };
        let fits = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if fits { part.parse().ok().map(Some) } else { None }
    };
    let (hour, minute, second) = (number()??, number()?, number()?);
    // A bare number is a day or a year.
    if parts.next().is_some() || minute.is_none() && hours.is_none() {
        return None;
    }
    let hour = match hours {
        Some(hours) if (1..=12).contains(&hour) => hour % 12 + hours,
        Some(_) => return None,
        None => hour,
    };
    NaiveTime::from_hms_opt(hour, minute.unwrap_or(0), second.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday 2026-11-22, 14:30 in Kolkata.
    fn read(text: &str, direction: Direction) -> String {
        let now = "2026-11-22T09:00:00Z".parse().expect("an instant");
        let calendar = BusinessCalendar::default();
        match read_moment(text, now, &calendar, direction) {
            Ok(None) => "now".to_owned(),
            Ok(Some(at)) => at.with_timezone(&calendar.timezone).format("%Y-%m-%d %H:%M:%S").to_string(),
            Err(rejection) => format!("{:?}", rejection.code),
        }
    }

    #[test]
    fn what_was_done_lies_in_the_past() {
        for (said, at) in [
            ("yesterday 15:00", "2026-11-21 15:00:00"),
            ("yesterday at 3 pm", "2026-11-21 15:00:00"),
            ("Yesterday, 3:30pm", "2026-11-21 15:30:00"),
            ("at noon on Friday", "2026-11-20 12:00:00"),
            ("15:00:05 on 20 Nov", "2026-11-20 15:00:05"),
            ("2026-11-20T09:15", "2026-11-20 09:15:00"),
            ("2026-11-20 09:15", "2026-11-20 09:15:00"),
            ("12am yesterday", "2026-11-21 00:00:00"),
            ("2 days ago 10:00", "2026-11-20 10:00:00"),
            ("14:00", "2026-11-22 14:00:00"),
            ("23:00", "2026-11-21 23:00:00"),
            ("yesterday", "2026-11-21 23:59:59"),
            ("today", "now"),
            ("now", "now"),
            ("last week", "InvalidArgument"),
            ("yesterday 25:00", "InvalidArgument"),
            ("yesterday 13pm", "InvalidArgument"),
            ("1 hour ago", "2026-11-22 13:30:00"),
            ("an hour and a half ago", "2026-11-22 13:00:00"),
            ("30 minutes ago", "2026-11-22 14:00:00"),
            ("36 hours ago", "2026-11-21 02:30:00"),
            ("1 day and 2 hours ago", "2026-11-21 12:30:00"),
            ("2 days ago", "2026-11-20 23:59:59"),
            ("recently", "Ambiguous"),
            ("last 2 hours", "InvalidArgument"),
        ] {
            assert_eq!(read(said, Direction::Past), at, "{said}");
        }
    }

    #[test]
    fn a_moment_of_the_past_is_read_to_the_minute_where_it_is_named_so() {
        let now = "2026-11-22T09:00:00Z".parse().expect("an instant");
        let calendar = BusinessCalendar::default();
        let exact = |said: &str| {
            let at = read_past_time(said, now, &calendar)?.ok()?;
            Some(at.with_timezone(&calendar.timezone).format("%Y-%m-%d %H:%M").to_string())
        };
        for (said, at) in [
            ("1 hour ago", Some("2026-11-22 13:30")),
            ("Yesterday 15:00", Some("2026-11-21 15:00")),
            ("at 9am", Some("2026-11-22 09:00")),
            ("yesterday", None),
            ("3 days ago", None),
            ("last week", None),
        ] {
            assert_eq!(exact(said).as_deref(), at, "{said}");
        }
    }

    #[test]
    fn an_end_lies_ahead() {
        for (said, at) in [
            ("until Friday", "2026-11-27 00:00:00"),
            ("Friday", "2026-11-27 00:00:00"),
            ("till Friday 18:00", "2026-11-27 18:00:00"),
            ("in 3 days", "2026-11-25 00:00:00"),
            ("tomorrow 9am", "2026-11-23 09:00:00"),
            ("next week", "2026-11-23 00:00:00"),
            ("until 1 December", "2026-12-01 00:00:00"),
            ("today", "2026-11-23 00:00:00"),
            ("18:00", "2026-11-22 18:00:00"),
            ("until 9:00", "2026-11-23 09:00:00"),
            ("end of next month", "2026-12-31 00:00:00"),
            ("in 30 minutes", "2026-11-22 15:00:00"),
            ("in 2 hours", "2026-11-22 16:30:00"),
            ("until 36 hours from now", "2026-11-24 02:30:00"),
            ("whenever", "InvalidArgument"),
        ] {
            assert_eq!(read(said, Direction::Future), at, "{said}");
        }
    }
}
