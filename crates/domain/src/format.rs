//! Money and dates as people write them: `₹12,34,567.50` in answers, `₹45,000` and `20 Nov 2026` in sentences.

use std::{fmt, str::FromStr};

use chrono::{Datelike as _, NaiveDate, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::Currency;

/// Parts a currency's code or a trailing sign from the digits, and must not break over two lines.
const NO_BREAK_SPACE: char = '\u{a0}';

/// Bytes that most amounts need.
const AMOUNT_BYTES: usize = 24;

/// Signs of currencies as CLDR 48 gives them, in the order of [`Locale::ALL`]; every other currency is written by its code.
#[rustfmt::skip]
const SIGNS: &[([u8; 3], [&str; 4])] = &[
    (*b"AUD", ["A$", "A$", "AU$", "A$"]),
    (*b"BRL", ["R$", "R$", "R$", "R$"]),
    (*b"CAD", ["CA$", "CA$", "CA$", "CA$"]),
    (*b"CNY", ["CN¥", "CN¥", "CN¥", "元"]),
    (*b"EUR", ["€", "€", "€", "€"]),
    (*b"GBP", ["£", "£", "£", "£"]),
    (*b"HKD", ["HK$", "HK$", "HK$", "HK$"]),
    (*b"ILS", ["₪", "₪", "₪", "₪"]),
    (*b"INR", ["₹", "₹", "₹", "₹"]),
    (*b"JPY", ["JP¥", "¥", "¥", "￥"]),
    (*b"KRW", ["₩", "₩", "₩", "₩"]),
    (*b"MXN", ["MX$", "MX$", "MX$", "MX$"]),
    (*b"NZD", ["NZ$", "NZ$", "NZ$", "NZ$"]),
    (*b"PHP", ["₱", "₱", "PHP", "PHP"]),
    (*b"THB", ["THB", "THB", "฿", "THB"]),
    (*b"TWD", ["NT$", "NT$", "NT$", "NT$"]),
    (*b"USD", ["$", "$", "$", "$"]),
    (*b"VND", ["₫", "₫", "₫", "₫"]),
    (*b"XAF", ["FCFA", "FCFA", "FCFA", "FCFA"]),
    (*b"XCD", ["EC$", "EC$", "EC$", "EC$"]),
    (*b"XOF", ["F\u{202f}CFA", "F\u{202f}CFA", "F\u{202f}CFA", "F\u{202f}CFA"]),
    (*b"XPF", ["CFPF", "CFPF", "CFPF", "CFPF"]),
];

/// `1 order`, `2 orders`.
#[must_use]
pub fn plural(n: i64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// What parts the items of a list: some hold commas.
#[must_use]
pub fn between(parts: &[impl AsRef<str>]) -> &'static str {
    if parts.iter().any(|part| part.as_ref().contains(',')) { "; " } else { ", " }
}

/// `Monday`
#[must_use]
pub fn weekday_in_words(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

/// The ways of writing amounts that Orderlog knows: digits, separators, and the currency's sign. Sentences are English
/// in each of them, and their dates name the month, so that no reader takes a day for a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Locale {
    /// `₹12,34,567.50`
    #[default]
    #[serde(rename = "en-IN")]
    EnIn,
    /// `$1,234,567.50`
    #[serde(rename = "en-US")]
    EnUs,
    /// `1.234.567,50 €`, the sign behind a space that does not break
    #[serde(rename = "de-DE")]
    DeDe,
    /// `￥1,234,567`
    #[serde(rename = "ja-JP")]
    JaJp,
}

/// An amount of money in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoneyOut {
    /// The amount in minor units: 4500000 is ₹45,000.00.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// As people write it, with the currency's digits: `₹45,000.00`.
    pub formatted: String,
}

/// A text that names no locale known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no locale known here; use en-IN, en-US, de-DE or ja-JP")]
pub struct UnknownLocale(pub String);

impl Locale {
    /// Every locale known here.
    pub const ALL: [Locale; 4] = [Locale::EnIn, Locale::EnUs, Locale::DeDe, Locale::JaJp];

    /// `en-IN`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Locale::EnIn => "en-IN",
            Locale::EnUs => "en-US",
            Locale::DeDe => "de-DE",
            Locale::JaJp => "ja-JP",
        }
    }

    /// An amount for an answer.
    #[must_use]
    pub fn money(self, minor: i64, currency: Currency) -> MoneyOut {
        MoneyOut {
            minor,
            currency: currency.code().to_owned(),
            formatted: self.written(minor, currency, currency.exponent()),
        }
    }

    /// An amount for a sentence: without decimals where they would be zeros.
    #[must_use]
    pub fn money_in_words(self, minor: i64, currency: Currency) -> String {
        let whole = minor.unsigned_abs().is_multiple_of(10u64.pow(currency.exponent()));
        self.written(minor, currency, if whole { 0 } else { currency.exponent() })
    }

    /// The amount with separators and the currency's sign, with this many decimals.
    fn written(self, minor: i64, currency: Currency, decimals: u32) -> String {
        let unit = 10u64.pow(currency.exponent());
        let (whole, fraction) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
        let (group_mark, decimal_mark) = if self == Locale::DeDe { ('.', ',') } else { (',', '.') };
        let sign = self.sign(currency);
        let mut text = String::with_capacity(AMOUNT_BYTES);
        if minor < 0 {
            text.push('-');
        }
        if self != Locale::DeDe {
            text.push_str(sign);
            // Letters do not touch digits.
            if sign.ends_with(is_letter) {
                text.push(NO_BREAK_SPACE);
            }
        }
        push_grouped(&mut text, &whole.to_string(), group_mark, if self == Locale::EnIn { 2 } else { 3 });
        if decimals > 0 {
            text.push(decimal_mark);
            let digits = fraction.to_string();
            (digits.len()..decimals as usize).for_each(|_| text.push('0'));
            text.push_str(&digits);
        }
        if self == Locale::DeDe {
            text.push(NO_BREAK_SPACE);
            text.push_str(sign);
        }
        text
    }

    fn sign(self, currency: Currency) -> &'static str {
        let place = Locale::ALL.iter().position(|locale| *locale == self).unwrap_or(0);
        let code = currency.code();
        // As bytes, which are compared at once.
        let signs = <[u8; 3]>::try_from(code.as_bytes()).ok().and_then(|code| SIGNS.iter().find(|(of, _)| *of == code));
        signs.map_or(code, |(_, signs)| signs[place])
    }
}

/// A day in a sentence: `20 Nov 2026`.
#[must_use]
pub fn day_in_words(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// Days in a sentence: `9–15 Nov 2026`, `28 Oct – 3 Nov 2026`, `21 Nov 2026`. Each can be given as a range of dates again.
#[must_use]
pub fn days_in_words(from: NaiveDate, to: NaiveDate) -> String {
    if from == to {
        day_in_words(from)
    } else if from.year() != to.year() {
        format!("{} – {}", day_in_words(from), day_in_words(to))
    } else if from.month() != to.month() {
        format!("{} – {}", from.format("%-d %b"), day_in_words(to))
    } else {
        format!("{}–{}", from.day(), day_in_words(to))
    }
}

/// Whether a sign ends with a letter. The signs of the block of currencies are none, which the tables of Unicode tell slowly.
fn is_letter(sign: char) -> bool {
    !matches!(sign, '\u{20a0}'..='\u{20cf}') && sign.is_alphabetic()
}

/// Adds digits in groups: the last three, and those before them by `group`. Indian numbers go 3, 2, 2.
fn push_grouped(text: &mut String, digits: &str, mark: char, group: usize) {
    const LAST_GROUP: usize = 3;
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && left >= LAST_GROUP && (left - LAST_GROUP).is_multiple_of(group) {
            text.push(mark);
        }
        text.push(digit);
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Locale {
    type Err = UnknownLocale;

    fn from_str(text: &str) -> Result<Locale, UnknownLocale> {
        let known = Locale::ALL.into_iter().find(|locale| locale.tag().eq_ignore_ascii_case(text));
        known.ok_or_else(|| UnknownLocale(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
