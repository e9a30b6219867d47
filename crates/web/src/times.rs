//! Days and times as people read them, with the exact one to hover over.

use chrono::{DateTime, NaiveDate};
use maud::{Markup, html};
use serde_json::Value;

/// A time of an answer, which is in the shop's zone already: `20 Nov 2026, 14:30`. Nothing where there is none.
pub(crate) fn time(value: &Value) -> Markup {
    let text = value.as_str().unwrap_or_default();
    match DateTime::parse_from_rfc3339(text) {
        Ok(at) => html! { time datetime=(text) title=(text) { (at.format("%-d %b %Y, %H:%M")) } },
        Err(_) => html! { (text) },
    }
}

/// A day of an answer: `20 Nov 2026`, with its weekday to hover over.
pub(crate) fn day(value: &Value) -> Markup {
    let text = value.as_str().unwrap_or_default();
    match text.parse::<NaiveDate>() {
        Ok(day) => html! { time datetime=(text) title=(day.format("%A, %Y-%m-%d")) { (day.format("%-d %b %Y")) } },
        Err(_) => html! { (text) },
    }
}

/// Whether a moment is written as a day.
pub(crate) fn is_day(moment: &str) -> bool {
    moment.parse::<NaiveDate>().is_ok()
}

/// A moment as an address has it, in words: `at the end of 20 Nov 2026`, `at position 1234`.
pub(crate) fn moment(text: &str) -> Markup {
    let position = text.strip_prefix('@').unwrap_or(text);
    html! {
        @if is_day(text) { "at the end of " (day(&text.into())) }
        @else if position.parse::<u64>().is_ok() { "at position " (position) }
        @else if DateTime::parse_from_rfc3339(text).is_ok() { "at " (time(&text.into())) }
        @else { "at: " bdi { (text) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_and_exact_ones_are_kept() {
        let at = "2026-11-20T14:30:05.250+05:30";
        let expected = format!("<time datetime=\"{at}\" title=\"{at}\">20 Nov 2026, 14:30</time>");
        assert_eq!(time(&at.into()).into_string(), expected);
        let expected = "<time datetime=\"2026-11-20\" title=\"Friday, 2026-11-20\">20 Nov 2026</time>";
        assert_eq!(day(&"2026-11-20".into()).into_string(), expected);
        assert_eq!(time(&"<b>".into()).into_string(), "&lt;b&gt;");
        assert!(moment("2026-11-20").into_string().starts_with("at the end of "));
        assert_eq!(moment("@12").into_string(), "at position 12");
        assert_eq!(moment("<i>").into_string(), "at: <bdi>&lt;i&gt;</bdi>");
    }
}
