//! What texts and numbers from outside must be before they may stand in an event.

use rust_decimal::Decimal;

use crate::{limits, rejection::Problems};

/// How every sealed text begins; it was checked before it was sealed, and is longer than what it hides.
pub const SEALED_PREFIX: &str = "sealed:1:";

/// Checks one line of text: not blank, at most `max` characters, no control characters.
pub fn check_line(field: &str, text: &str, max: usize, problems: &mut Problems) {
    if text.trim().is_empty() {
        problems.add(field, "must not be blank");
    }
    check(field, text, max, |_| false, problems);
}

/// Checks free text of several lines: like [`check_line`], but line breaks, tabs and blanks are allowed.
pub fn check_note(field: &str, text: &str, max: usize, problems: &mut Problems) {
    if !text.starts_with(SEALED_PREFIX) {
        check(field, text, max, |c| matches!(c, '\n' | '\r' | '\t'), problems);
    }
}

fn check(field: &str, text: &str, max: usize, allowed: impl Fn(char) -> bool, problems: &mut Problems) {
    let length = text.chars().count();
    if length > max {
        problems.add(field, format!("has {length} characters; at most {max} are kept"));
    }
    if let Some(control) = text.chars().find(|c| c.is_control() && !allowed(*c)) {
        problems.add(field, format!("contains the control character U+{:04X}; remove it", u32::from(control)));
    }
}

/// Checks a number of units: 1 to [`limits::UNITS`].
pub fn check_units(field: &str, units: i64, problems: &mut Problems) {
    if !(1..=limits::UNITS).contains(&units) {
        problems.add(field, format!("must be a whole number from 1 to {}; it is {units}", limits::UNITS));
    }
}

/// Reads `"10"` or `"12.5"`, with or without a per cent sign, as a percentage from 0 to 100.
#[must_use]
pub fn parse_percent(text: &str) -> Option<Decimal> {
    let number = text.strip_suffix('%').unwrap_or(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() > 3 || fraction.len() > limits::PERCENT_DECIMALS {
        return None;
    }
    Decimal::from_str_exact(number).ok().filter(|percent| *percent <= Decimal::ONE_HUNDRED)
}
