//! Money and dates as people write them: `₹12,34,567.50` in answers, `₹45,000` and `20 Nov 2026` in sentences.

use std::{fmt, str::FromStr};

use chrono::{Datelike as _, NaiveDate, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::Currency;

/// Parts a currency's code or a trailing sign from the digits, and must not break over two lines.
const NO_BREAK_SPACE: char = '\u{a0}';

/// Signs of currencies as CLDR 48 gives them, in the order of [`Locale::ALL`]; every other currency is written by its code.
#[rustfmt::skip]
const SIGNS: &[(&str, [&str; 4])] = &[
    ("AUD", ["A$", "A$", "AU$", "A$"]),
    ("BRL", ["R$", "R$", "R$", "R$"]),
    ("CAD", ["CA$", "CA$", "CA$", "CA$"]),
    ("CNY", ["CN¥", "CN¥", "CN¥", "元"]),
    ("EUR", ["€", "€", "€", "€"]),
    ("GBP", ["£", "£", "£", "£"]),
    ("HKD", ["HK$", "HK$", "HK$", "HK$"]),
    ("ILS", ["₪", "₪", "₪", "₪"]),
    ("INR", ["₹", "₹", "₹", "₹"]),
    ("JPY", ["JP¥", "¥", "¥", "￥"]),
    ("KRW", ["₩", "₩", "₩", "₩"]),
    ("MXN", ["MX$", "MX$", "MX$", "MX$"]),
    ("NZD", ["NZ$", "NZ$", "NZ$", "NZ$"]),
    ("PHP", ["₱", "₱", "PHP", "PHP"]),
    ("THB", ["THB", "THB", "฿", "THB"]),
    ("TWD", ["NT$", "NT$", "NT$", "NT$"]),
    ("USD", ["$", "$", "$", "$"]),
    ("VND", ["₫", "₫", "₫", "₫"]),
    ("XAF", ["FCFA", "FCFA", "FCFA", "FCFA"]),
    ("XCD", ["EC$", "EC$", "EC$", "EC$"]),
    ("XOF", ["F\u{202f}CFA", "F\u{202f}CFA", "F\u{202f}CFA", "F\u{202f}CFA"]),
    ("XPF", ["CFPF", "CFPF", "CFPF", "CFPF"]),
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
        let digits = currency.exponent();
        MoneyOut {
            minor,
            currency: currency.code().to_owned(),
            formatted: self.with_sign(minor < 0, self.number(minor, currency, digits), currency),
        }
    }

    /// An amount for a sentence: without decimals where they would be zeros.
    #[must_use]
    pub fn money_in_words(self, minor: i64, currency: Currency) -> String {
        let whole = minor.unsigned_abs().is_multiple_of(10u64.pow(currency.exponent()));
        let digits = if whole { 0 } else { currency.exponent() };
        self.with_sign(minor < 0, self.number(minor, currency, digits), currency)
    }

    /// The amount's digits with separators, without sign.
    fn number(self, minor: i64, currency: Currency, digits: u32) -> String {
        let unit = 10u64.pow(currency.exponent());
        let (whole, fraction) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
        let (group_mark, decimal_mark) = if self == Locale::DeDe { ('.', ',') } else { (',', '.') };
        let whole = grouped(&whole.to_string(), group_mark, if self == Locale::EnIn { 2 } else { 3 });
        if digits == 0 {
            return whole;
        }
        format!("{whole}{decimal_mark}{fraction:0digits$}", digits = digits as usize)
    }

    fn with_sign(self, negative: bool, number: String, currency: Currency) -> String {
        let minus = if negative { "-" } else { "" };
        let sign = self.sign(currency);
        // Letters do not touch digits.
        let space = if sign.ends_with(char::is_alphabetic) { NO_BREAK_SPACE.to_string() } else { String::new() };
        match self {
            Locale::DeDe => format!("{minus}{number}{NO_BREAK_SPACE}{sign}"),
            Locale::EnIn | Locale::EnUs | Locale::JaJp => format!("{minus}{sign}{space}{number}"),
        }
    }

    fn sign(self, currency: Currency) -> &'static str {
        let place = Locale::ALL.iter().position(|locale| *locale == self).unwrap_or(0);
        let signs = SIGNS.iter().find(|(code, _)| *code == currency.code());
        signs.map_or(currency.code(), |(_, signs)| signs[place])
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

/// Groups the last three digits, and those before them by `group`: Indian numbers go 3, 2, 2.
fn grouped(digits: &str, mark: char, group: usize) -> String {
    const LAST_GROUP: usize = 3;
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && left >= LAST_GROUP && (left - LAST_GROUP).is_multiple_of(group) {
            text.push(mark);
        }
        text.push(digit);
    }
    text
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
