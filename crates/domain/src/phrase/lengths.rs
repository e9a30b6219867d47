//! How long something lasts, as people say it: "3 days", "36 hours", "2 weeks", "1 day and 12 hours", "half an hour".

use chrono::TimeDelta;

use super::{
    MAX_PHRASE_CHARS,
    words::{Word, Words},
};

/// Seconds of an hour and of a day.
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Units whose length is always the same, and their seconds. A month and a year are as long as the calendar says.
const UNITS: &[(&[&str], i64)] = &[
    (&["second", "seconds", "sec", "secs", "s"], 1),
    (&["minute", "minutes", "min", "mins"], 60),
    (&["hour", "hours", "hr", "hrs", "h"], HOUR),
    (&["day", "days", "d"], DAY),
    (&["week", "weeks", "wk", "wks", "w"], 7 * DAY),
    (&["fortnight", "fortnights"], 14 * DAY),
];

/// Digits of a count: seconds of some months have seven.
const COUNT_DIGITS: std::ops::RangeInclusive<usize> = 1..=9;

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// How long.
    pub lasts: TimeDelta,
    /// Whether it was said in days and weeks alone; otherwise the hour matters.
    pub in_days: bool,
}

/// Reads a length of time; `None` where the text is none, or names units that are not always as long.
#[must_use]
pub fn read_length(text: &str) -> Option<Length> {
    if text.chars().count() > MAX_PHRASE_CHARS {
        return None;
    }
    let words = Words::of(text);
    let mut rest = words.as_slice();
    let (mut seconds, mut finest) = (0_i64, i64::MAX);
    while !rest.is_empty() {
        let (part, unit, after) = part(rest)?;
        // "1 hour 2 days" is no way to say it, and "1 day 1 day" is a slip.
        if unit >= finest {
            return None;
        }
        seconds = seconds.checked_add(part)?;
        (finest, rest) = (unit, after);
        if let [first, others @ ..] = rest
            && first.text() == "and"
        {
            rest = if others.is_empty() { return None } else { others };
        }
    }
    let lasts = TimeDelta::try_seconds(seconds).filter(|_| finest < i64::MAX)?;
    Some(Length { lasts, in_days: finest >= DAY && seconds % DAY == 0 })
}

/// The first part, such as "3 days": its seconds, those of its unit, and what follows.
fn part(words: &[Word]) -> Option<(i64, i64, &[Word])> {
    let is = |word: &Word, text: &str| word.text() == text;
    let (halves, rest) = match words {
        [half, one, rest @ ..] if is(half, "half") && one.count() == Some(1) => (1, rest),
        [half, rest @ ..] if is(half, "half") => (1, rest),
        [whole, point, five, rest @ ..] if is(point, ".") && is(five, "5") => {
            (whole_count(whole)?.checked_mul(2)?.checked_add(1)?, rest)
        }
        [count, rest @ ..] => (whole_count(count)?.checked_mul(2)?, rest),
        [] => return None,
    };
    let (unit, mut rest) = rest.split_first()?;
    let (_, unit) = UNITS.iter().find(|(names, _)| names.contains(&unit.text()))?;
    let mut halves = halves;
    if let [and, one, half, after @ ..] = rest
        && is(and, "and")
        && one.count() == Some(1)
        && is(half, "half")
    {
        (halves, rest) = (halves.checked_add(1)?, after);
    }
    let twice = halves.checked_mul(*unit)?;
    (twice % 2 == 0).then_some((twice / 2, *unit, rest))
}

fn whole_count(word: &Word) -> Option<i64> {
    word.digits(COUNT_DIGITS).or_else(|| word.count()).map(i64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_seconds_hours_days_and_weeks() {
        for (said, seconds, in_days) in [
            ("3 days", 3 * DAY, true),
            ("36 hours", 36 * HOUR, false),
            ("36h", 36 * HOUR, false),
            ("2 weeks", 14 * DAY, true),
            ("a fortnight", 14 * DAY, true),
            ("Two Weeks.", 14 * DAY, true),
            ("90 seconds", 90, false),
            ("259200 seconds", 3 * DAY, false),
            ("30 min", 1_800, false),
            ("an hour", HOUR, false),
            ("half an hour", 1_800, false),
            ("an hour and a half", 5_400, false),
            ("1.5 hours", 5_400, false),
            ("1 day and 12 hours", 36 * HOUR, false),
            ("1 day, 12 hours", 36 * HOUR, false),
            ("half a day", 12 * HOUR, false),
            ("0 seconds", 0, false),
        ] {
            let read = read_length(said).map(|length| (length.lasts.num_seconds(), length.in_days));
            assert_eq!(read, Some((seconds, in_days)), "{said}");
        }
    }

    #[test]
    fn what_has_no_fixed_length_or_no_unit_is_not_guessed() {
        for said in [
            "",
            "3",
            "259200",
            "days",
            "2 months",
            "a year",
            "few hours",
            "1 hour 2 days",
            "2 days 2 days",
            "-3 days",
            "3 days ago",
            "1.25 hours",
            "1 hour and",
            "999999999 weeks 999999999 days and 1 hour hour",
            "half",
            "half a second",
        ] {
            assert_eq!(read_length(said), None, "{said}");
        }
        assert_eq!(read_length(&"1 hour ".repeat(40)), None);
    }
}
