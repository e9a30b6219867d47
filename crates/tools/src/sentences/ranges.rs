//! A range of days within a sentence: behind its preposition, in the user's words where they read well there.

use chrono::{Month, Weekday};
use orderlog_domain::{
    format::{day_in_words, days_in_words},
    phrase::DateRange,
    text::is_invisible,
};

/// Words before a phrase that the sentence has itself or does without.
const LEADING: [&str; 9] = ["the", "from", "in", "on", "for", "of", "during", "date", "dates"];

/// How phrases may begin, besides names, numbers and units: "until Friday" or "so far this month" would not fit.
const BEGINNINGS: [&str; 10] =
    ["today", "yesterday", "tomorrow", "this", "last", "previous", "past", "next", "current", "coming"];

/// Units of time, and how fiscal years begin.
const UNITS: [&str; 8] = ["day", "week", "weekend", "month", "quarter", "year", "fiscal", "financial"];

/// Numbers as people write them out.
const COUNTS: [&str; 14] =
    ["a", "an", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// A range behind a preposition: `from last week (9–15 Nov 2026)`, `for the last 7 days (…)`, `since Monday (…)`; the days
/// alone where the phrase is dates or hours, or would not fit a sentence.
pub(crate) fn within(preposition: &str, range: &DateRange) -> String {
    match (range.from, range.to) {
        (Some(from), Some(to)) => {
            let days = days_in_words(from, to);
            match wording(preposition, &range.phrase).filter(|_| range.whole_days) {
                Some(words) => format!("{words} ({days})"),
                None => format!("{preposition} {days}"),
            }
        }
        (Some(from), None) => format!("since {}", day_in_words(from)),
        (None, Some(to)) => format!("up to {}", day_in_words(to)),
        (None, None) => format!("{preposition} all time"),
    }
}

/// Owns up to whole days where hours were asked for: a sentence to add, or nothing.
pub(crate) fn whole_days(range: &DateRange) -> &'static str {
    match (range.whole_days, range.from == range.to) {
        (true, _) => "",
        (false, true) => " The whole day was taken, not only the hours asked for.",
        (false, false) => " Whole days were taken, not only the hours asked for.",
    }
}

/// The phrase behind the preposition, or behind the one it brings along.
fn wording(preposition: &str, phrase: &str) -> Option<String> {
    let lower = phrase.to_lowercase();
    let visible: String = lower.chars().filter(|c| !is_invisible(*c)).collect();
    let parts = visible.split(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | '_'));
    let parts = parts.map(|word| word.trim_end_matches(['.', '!', '?']));
    let words: Vec<&str> = parts.filter(|word| !word.is_empty()).collect();
    let (preposition, words) = match without_leading(&words) {
        [own @ ("since" | "after"), rest @ ..] => (*own, without_leading(rest)),
        [start @ .., "on" | "onward" | "onwards"] => ("since", start),
        words if is_dates(&words.join(" ")) => return None,
        words => (preposition, words),
    };
    let first = words.first()?;
    let begins_well = BEGINNINGS.contains(first) || UNITS.contains(first) || is_name(first) || is_code(first);
    let ends_in_ago = words.last() == Some(&"ago");
    if !(begins_well || ends_in_ago) || !counts_fit(words) || words.ends_with(&["so", "far"]) {
        return None;
    }
    let article = if takes_article(words) { "the " } else { "" };
    let words: Vec<String> = words.iter().map(|word| cased(word)).collect();
    Some(format!("{preposition} {article}{}", words.join(" ")))
}

fn without_leading<'a>(words: &'a [&'a str]) -> &'a [&'a str] {
    let leading = words.iter().take_while(|word| LEADING.contains(word)).count();
    &words[leading..]
}

/// Whether a phrase names days by number: `2026-11-20`, `20 nov`, `1 nov to 15 nov`, but not `last 7 days` or `2026-w46`.
fn is_dates(phrase: &str) -> bool {
    let mut words = phrase.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let of_dates = |word: &str| {
        ["t", "z", "to", "and", "st", "nd", "rd", "th", "of", "between", "from"].contains(&word) || is_name(word)
    };
    phrase.contains(|c: char| c.is_ascii_digit()) && words.all(of_dates)
}

/// A weekday or a month.
fn is_name(word: &str) -> bool {
    ["tues", "thur", "thurs", "sept"].contains(&word)
        || word.parse::<Weekday>().is_ok()
        || word.parse::<Month>().is_ok()
}

/// `q1`, `fy2025-26`, `2026-w46`, `2025`.
fn is_code(word: &str) -> bool {
    word.starts_with(char::is_alphanumeric) && word.chars().all(|c| !c.is_alphabetic() || "qwfy".contains(c))
}

fn is_count(word: &str) -> bool {
    COUNTS.contains(&word) || word.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether every counted unit is in the right number and has its "last" before it or its "ago" behind it.
fn counts_fit(words: &[&str]) -> bool {
    words.iter().enumerate().filter(|(_, word)| is_count(word)).all(|(at, count)| {
        let mut after = words[at + 1..].iter().skip_while(|word| ["fiscal", "financial"].contains(word));
        let Some(unit) = after.next() else { return true };
        let singular = unit.strip_suffix('s').unwrap_or(unit);
        let ago = after.next() == Some(&"ago");
        let rolls = at > 0 && ["last", "previous", "past", "next"].contains(&words[at - 1]);
        let one = ["1", "a", "an", "one"].contains(count);
        let article = ["a", "an"].contains(count);
        !UNITS.contains(&singular) || (one == (*unit == singular) && (ago || (rolls && !article)))
    })
}

/// `the last 7 days`, `the past week`, `the week before last`, but `last week` and `week 46`.
fn takes_article(words: &[&str]) -> bool {
    match words {
        ["past" | "previous" | "current" | "coming", ..] => true,
        ["last" | "next", second, ..] => is_count(second),
        [unit, rest @ ..] => UNITS.contains(unit) && !rest.first().is_some_and(|word| is_count(word)),
        [] => false,
    }
}

/// Names with a capital, codes in capitals, however they were typed.
fn cased(word: &str) -> String {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) if is_name(word) => first.to_uppercase().chain(letters).collect(),
        _ if is_code(word) => word.to_uppercase(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentences::tests::read;

    #[test]
    fn a_phrase_fits_the_sentence_whatever_it_begins_with() {
        for (phrase, expected) in [
            ("last week", "from last week (9–15 Nov 2026)"),
            ("from last week", "from last week (9–15 Nov 2026)"),
            ("from the last 7 days", "from the last 7 days (16–22 Nov 2026)"),
            ("since Monday", "since Monday (16–22 Nov 2026)"),
            ("last_7_days.", "from the last 7 days (16–22 Nov 2026)"),
            ("2026-11-01/2026-11-15", "from 1–15 Nov 2026"),
            ("2026-11-15..", "from 15–22 Nov 2026"),
            ("from since the last 2 weeks", "since the last 2 weeks (9–22 Nov 2026)"),
            ("Since 1 oct", "since 1 Oct (1 Oct – 22 Nov 2026)"),
            ("15 Nov onwards", "since 15 Nov (15–22 Nov 2026)"),
            ("from Monday on", "since Monday (16–22 Nov 2026)"),
            ("from 15 November", "from 15–22 Nov 2026"),
            ("after 16 Nov", "after 16 Nov (17–22 Nov 2026)"),
            ("in November", "from November (1–30 Nov 2026)"),
            ("on  SUNDAY", "from Sunday (22 Nov 2026)"),
            ("last\n \u{200f}week,", "from last week (9–15 Nov 2026)"),
            ("Last Fiscal Year", "from last fiscal year (1 Apr 2025 – 31 Mar 2026)"),
            ("fy2025-26", "from FY2025-26 (1 Apr 2025 – 31 Mar 2026)"),
            ("2026-w46", "from 2026-W46 (9–15 Nov 2026)"),
            ("week 46", "from week 46 (9–15 Nov 2026)"),
            ("week before last", "from the week before last (2–8 Nov 2026)"),
            ("weekend", "from the weekend (21–22 Nov 2026)"),
            ("month to date", "from the month to date (1–22 Nov 2026)"),
            ("previous quarter", "from the previous quarter (1 Jul – 30 Sep 2026)"),
            ("current month", "from the current month (1–30 Nov 2026)"),
            ("Monday to Friday", "from Monday to Friday (16–20 Nov 2026)"),
            ("Q1 to Q3", "from Q1 to Q3 (1 Jan – 30 Sep 2026)"),
            ("two weeks ago", "from two weeks ago (2–8 Nov 2026)"),
            ("a week ago", "from a week ago (9–15 Nov 2026)"),
            ("previous 2 fiscal years", "from the previous 2 fiscal years (1 Apr 2024 – 31 Mar 2026)"),
            // Numbers and words that would jar.
            ("last 1 days", "from 22 Nov 2026"),
            ("last 7 day", "from 16–22 Nov 2026"),
            ("last a week", "from 16–22 Nov 2026"),
            ("7 days", "from 16–22 Nov 2026"),
            ("in 3 days", "from 25 Nov 2026"),
            ("so far this month", "from 1–22 Nov 2026"),
            ("this month so far", "from 1–22 Nov 2026"),
            ("ytd", "from 1 Jan – 22 Nov 2026"),
            ("between Monday and Friday", "from 16–20 Nov 2026"),
            ("Friday, 20 Nov", "from 20 Nov 2026"),
            ("Nov '26", "from 1–30 Nov 2026"),
            ("before 1 Oct", "up to 30 Sep 2026"),
        ] {
            assert_eq!(within("from", &read(phrase)), expected, "{phrase}");
        }
    }

    #[test]
    fn hours_are_told_as_the_days_that_were_taken() {
        for (phrase, days, note) in [
            ("last 2 hours", "from 22 Nov 2026", " The whole day was taken, not only the hours asked for."),
            ("last 24 hours", "from 21–22 Nov 2026", " Whole days were taken, not only the hours asked for."),
            (
                "since 2026-11-22T12:00:00+05:30",
                "from 22 Nov 2026",
                " The whole day was taken, not only the hours asked for.",
            ),
            ("today", "from today (22 Nov 2026)", ""),
        ] {
            let range = read(phrase);
            assert_eq!((within("from", &range).as_str(), whole_days(&range)), (days, note), "{phrase}");
        }
    }
}
