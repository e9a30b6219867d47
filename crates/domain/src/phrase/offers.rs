//! The phrases that are offered where one is too vague to be read.

use super::spans::Unit;

/// What "the last few weeks" could be.
pub(super) fn last_few(unit: Unit) -> &'static [&'static str] {
    match unit {
        Unit::Day => &["last 3 days", "last 5 days", "last 7 days"],
        Unit::Week => &["last 2 weeks", "last 3 weeks", "last 4 weeks"],
        Unit::Month => &["last 2 months", "last 3 months", "last 6 months"],
        Unit::Quarter => &["last 2 quarters", "last 3 quarters", "last 4 quarters"],
        Unit::Year => &["last 2 years", "last 3 years", "last 5 years"],
        Unit::FiscalYear => &["last 2 fiscal years", "last 3 fiscal years", "last 5 fiscal years"],
    }
}

/// What "the next few weeks" could be.
pub(super) fn next_few(unit: Unit) -> &'static [&'static str] {
    match unit {
        Unit::Day => &["next 3 days", "next 5 days", "next 7 days"],
        Unit::Week => &["next 2 weeks", "next 3 weeks", "next 4 weeks"],
        Unit::Month => &["next 2 months", "next 3 months", "next 6 months"],
        Unit::Quarter => &["next 2 quarters", "next 3 quarters", "next 4 quarters"],
        Unit::Year => &["next 2 years", "next 3 years", "next 5 years"],
        Unit::FiscalYear => &["next 2 fiscal years", "next 3 fiscal years", "next 5 fiscal years"],
    }
}

/// What "a few weeks ago" could be.
pub(super) fn few_ago(unit: Unit) -> &'static [&'static str] {
    match unit {
        Unit::Day => &["2 days ago", "3 days ago", "last 7 days"],
        Unit::Week => &["2 weeks ago", "3 weeks ago", "last 4 weeks"],
        Unit::Month => &["2 months ago", "3 months ago", "last 6 months"],
        Unit::Quarter => &["2 quarters ago", "3 quarters ago", "last 4 quarters"],
        Unit::Year => &["2 years ago", "3 years ago", "last 5 years"],
        Unit::FiscalYear => &["2 fiscal years ago", "3 fiscal years ago", "last 5 fiscal years"],
    }
}
