//! A range of days within a sentence, after its preposition: the words of its phrase, and the days.

use orderlog_domain::{
    format::{day_in_words, days_in_words},
    phrase::DateRange,
};

/// A range behind a preposition: `from last week (9–15 Nov 2026)`, `for the last 7 days (…)`, `since Monday (…)`; the days
/// alone where the phrase is dates or hours, or would not fit a sentence.
pub(crate) fn within(preposition: &str, range: &DateRange) -> String {
    match (range.from, range.to) {
        (Some(from), Some(to)) => {
            let days = days_in_words(from, to);
            match &range.wording {
                Some(said) => format!("{} {} ({days})", said.preposition.unwrap_or(preposition), said.words),
                None => format!("{preposition} {days}"),
            }
        }
        (Some(from), None) => format!("since {}", day_in_words(from)),
        (None, Some(to)) => format!("up to {}", day_in_words(to)),
        (None, None) => format!("{preposition} all time"),
    }
}

/// The range with its preposition: `on 22 Nov 2026 (today)`, `within 9–15 Nov 2026 (last week)`, `since Monday (…)`.
pub(crate) fn on(range: &DateRange) -> String {
    let (Some(from), Some(to)) = (range.from, range.to) else { return within("within", range) };
    let preposition = if from == to { "on" } else { "within" };
    match &range.wording {
        Some(said) if said.preposition.is_none() => {
            format!("{preposition} {} ({})", days_in_words(from, to), said.words)
        }
        _ => within(preposition, range),
    }
}

/// Says that complete days were taken although hours were asked for: a sentence to add, or an empty text.
pub(crate) fn whole_days(range: &DateRange) -> &'static str {
    match (range.whole_days, range.from == range.to) {
        (true, _) => "",
        (false, true) => " The whole day was taken, not only the hours asked for.",
        (false, false) => " Whole days were taken, not only the hours asked for.",
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
            ("from the last 7 days", "from the last 7 days (16–22 Nov 2026)"),
            ("since Monday", "since Monday (16–22 Nov 2026)"),
            ("2026-11-01/2026-11-15", "from 1–15 Nov 2026"),
            ("15 Nov onwards", "since 15 Nov (15–22 Nov 2026)"),
            ("from 15 November", "from 15–22 Nov 2026"),
            ("after 16 Nov", "after 16 Nov (17–22 Nov 2026)"),
            ("Last Fiscal Year", "from last fiscal year (1 Apr 2025 – 31 Mar 2026)"),
            ("Monday to Friday", "from Monday to Friday (16–20 Nov 2026)"),
            ("7 days", "from 16–22 Nov 2026"),
            ("before 1 Oct", "up to 30 Sep 2026"),
            ("all", "from all time"),
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
