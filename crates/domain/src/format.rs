//! Money and dates as people write them: `₹12,34,567.50` in answers, `₹45,000` and `20 Nov 2026` in sentences.

use std::{fmt, str::FromStr};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::Currency;

/// Parts a currency's code or a trailing symbol from the digits, and must not break over two lines.
const NO_BREAK_SPACE: char = '\u{a0}';

/// Symbols that name one currency beyond doubt; every other currency is written by its code.
const SYMBOLS: &[(&str, &str)] = &[("INR", "₹"), ("USD", "$"), ("EUR", "€"), ("GBP", "£"), ("JPY", "¥"), ("KRW", "₩")];

/// The ways of writing numbers that Orderlog knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Locale {
    /// `₹12,34,567.50`
    #[default]
    #[serde(rename = "en-IN")]
    EnIn,
    /// `$1,234,567.50`
    #[serde(rename = "en-US")]
    EnUs,
    /// `1.234.567,50 €`
    #[serde(rename = "de-DE")]
    DeDe,
    /// `¥1,234,567`
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
            formatted: self.with_symbol(minor < 0, self.number(minor, currency, digits), currency),
        }
    }

    /// An amount for a sentence: without decimals where they would be zeros.
    #[must_use]
    pub fn money_in_words(self, minor: i64, currency: Currency) -> String {
        let whole = minor.unsigned_abs().is_multiple_of(10u64.pow(currency.exponent()));
        let digits = if whole { 0 } else { currency.exponent() };
        self.with_symbol(minor < 0, self.number(minor, currency, digits), currency)
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

    fn with_symbol(self, negative: bool, number: String, currency: Currency) -> String {
        let sign = if negative { "-" } else { "" };
        let code = currency.code();
        let symbol = SYMBOLS.iter().find(|(known, _)| *known == code).map(|(_, symbol)| *symbol);
        match (self, symbol) {
            (Locale::DeDe, symbol) => format!("{sign}{number}{NO_BREAK_SPACE}{}", symbol.unwrap_or(code)),
            (Locale::JaJp, Some("¥")) => format!("{sign}¥{number}"),
            (_, Some(symbol)) => format!("{sign}{symbol}{number}"),
            (_, None) => format!("{sign}{code}{NO_BREAK_SPACE}{number}"),
        }
    }
}

/// A day in a sentence: `20 Nov 2026`.
#[must_use]
pub fn day_in_words(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
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
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_each_locale_writes_them() {
        for (locale, minor, currency, answer, sentence) in [
            (Locale::EnIn, 4_500_000, "INR", "₹45,000.00", "₹45,000"),
            (Locale::EnIn, 123_456_750, "INR", "₹12,34,567.50", "₹12,34,567.50"),
            (Locale::EnIn, 12_345_678_900, "INR", "₹12,34,56,789.00", "₹12,34,56,789"),
            (Locale::EnIn, 99_900, "INR", "₹999.00", "₹999"),
            (Locale::EnIn, 5, "INR", "₹0.05", "₹0.05"),
            (Locale::EnIn, 0, "INR", "₹0.00", "₹0"),
            (Locale::EnIn, -420_625, "INR", "-₹4,206.25", "-₹4,206.25"),
            (Locale::EnIn, 5_000, "USD", "$50.00", "$50"),
            (Locale::EnIn, 1_500, "KWD", "KWD\u{a0}1.500", "KWD\u{a0}1.500"),
            (Locale::EnUs, 123_456_750, "USD", "$1,234,567.50", "$1,234,567.50"),
            (Locale::EnUs, -5_000, "CAD", "-CAD\u{a0}50.00", "-CAD\u{a0}50"),
            (Locale::DeDe, 123_456_750, "EUR", "1.234.567,50\u{a0}€", "1.234.567,50\u{a0}€"),
            (Locale::DeDe, -100_000, "EUR", "-1.000,00\u{a0}€", "-1.000\u{a0}€"),
            (Locale::DeDe, 100, "CHF", "1,00\u{a0}CHF", "1\u{a0}CHF"),
            (Locale::JaJp, 45_000, "JPY", "¥45,000", "¥45,000"),
            (Locale::EnUs, 45_000, "JPY", "¥45,000", "¥45,000"),
            (Locale::EnUs, i64::MIN, "JPY", "-¥9,223,372,036,854,775,808", "-¥9,223,372,036,854,775,808"),
        ] {
            let currency: Currency = currency.parse().expect("a currency");
            assert_eq!(locale.money(minor, currency).formatted, answer);
            assert_eq!(locale.money_in_words(minor, currency), sentence);
        }
    }

    #[test]
    fn money_has_the_shape_of_the_reference() {
        assert_eq!(
            serde_json::to_string(&Locale::EnIn.money(4_500_000, Currency::INR)).expect("json"),
            r#"{"minor":4500000,"currency":"INR","formatted":"₹45,000.00"}"#
        );
    }

    #[test]
    fn days_in_sentences_name_the_month() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 5).expect("a day");
        assert_eq!(day_in_words(day), "5 Nov 2026");
    }

    #[test]
    fn locales_are_read_by_tag() {
        assert!(Locale::ALL.iter().all(|locale| locale.tag().parse() == Ok(*locale)));
        assert_eq!("EN-in".parse(), Ok(Locale::EnIn));
        assert!("fr-FR".parse::<Locale>().is_err());
    }
}
