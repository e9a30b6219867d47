//! Money: integer minor units of an ISO 4217 currency, strict decimal text in, exact shares out.

use std::{borrow::Cow, fmt, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// Largest amount of one order, payment or price, in minor units of its own currency and of the shop's: 10,000 million
/// rupees or dollars. Nine million orders of this size still add up within `i64`. The sum of a thousand million orders
/// does too, if they are 90 million on average. Read models check their sums in any case.
pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;

/// An ISO 4217 currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The rupee.
    pub const INR: Currency = Currency(iso_currency::Currency::INR);

    /// Three capital letters.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// The currency of a given code, if people pay in it. ISO 4217 also has codes for testing (XTS), for no currency
    /// (XXX), for metals, bonds and drawing rights (XDR): these have no minor unit.
    ///
    /// # Errors
    /// When people do not pay in it. To read a stored code, use `parse`, which accepts every code.
    pub fn given(code: &str) -> Result<Currency, UnknownCurrency> {
        let currency: Currency = code.parse()?;
        if currency.0.exponent().is_none() { Err(UnknownCurrency(code.to_owned())) } else { Ok(currency) }
    }

    /// Digits of the minor unit: 2 for INR, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A text that is no ISO 4217 code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no ISO 4217 code of a currency people pay in; use one such as INR, USD or EUR")]
pub struct UnknownCurrency(pub String);

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Currency, UnknownCurrency> {
        iso_currency::Currency::from_code(text).map(Currency).ok_or_else(|| UnknownCurrency(text.to_owned()))
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is not digits with at most one point.
    #[error(
        "`{0}` is not an amount; write digits and at most one point, such as \"999.00\", without sign, exponent or grouping"
    )]
    Malformed(String),
    /// Not a number from 0 to 100 before a per cent sign.
    #[error("`{0}` is not a percentage; it goes from 0 to 100 with at most four decimals, such as \"10%\"")]
    NoPercentage(String),
    /// More decimals than the currency has.
    #[error("`{text}` has more than {digits} decimals, which {currency} does not have")]
    TooPrecise {
        /// The text.
        text: String,
        /// Digits the currency has.
        digits: u32,
        /// The currency.
        currency: Currency,
    },
    /// Beyond [`MAX_AMOUNT_MINOR`].
    #[error("`{0}` is larger than any amount accepted here; check it for a slip, or split it")]
    TooLarge(String),
}

/// Reads a strict decimal text as minor units: `"999.00"` INR is 99,900.
///
/// # Errors
/// On a sign, exponent, grouping, blank, too many decimals or an amount beyond [`MAX_AMOUNT_MINOR`].
pub fn parse_amount(text: &str, currency: Currency) -> Result<i64, AmountError> {
    let malformed = || AmountError::Malformed(text.chars().take(40).collect());
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if digits(whole) && digits(fraction) => (whole, fraction),
        None if digits(text) => (text, ""),
        _ => return Err(malformed()),
    };
    let exponent = currency.exponent();
    if fraction.len() > exponent as usize {
        return Err(AmountError::TooPrecise { text: text.chars().take(40).collect(), digits: exponent, currency });
    }
    let too_large = || AmountError::TooLarge(text.chars().take(40).collect());
    let minor: i64 =
        format!("{whole}{fraction:0<width$}", width = exponent as usize).parse().map_err(|_| too_large())?;
    if minor > MAX_AMOUNT_MINOR { Err(too_large()) } else { Ok(minor) }
}

/// `minor` units as plain decimal text: 99,900 INR is `"999.00"`.
#[must_use]
pub fn plain(minor: i64, currency: Currency) -> String {
    Decimal::new(minor, currency.exponent()).to_string()
}

/// Rounds to whole minor units, half away from zero (rule R1).
#[must_use]
pub fn round_minor(amount: Decimal) -> i64 {
    let rounded = amount.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    i64::try_from(rounded).unwrap_or(if rounded.is_sign_negative() { i64::MIN } else { i64::MAX })
}

/// Value of units `from + 1 ..= to` of `quantity` units that are worth `amount` together (rule R4).
#[must_use]
pub fn units_value(amount: i64, quantity: i64, from: i64, to: i64) -> i64 {
    let upto = |i: i64| (i128::from(amount) * i128::from(i)).div_euclid(i128::from(quantity));
    i64::try_from(upto(to) - upto(from)).unwrap_or(i64::MAX)
}

/// Spreads `amount` over `weights` by largest remainder, ties to the lower index (rule R3). The shares sum to `amount`.
#[must_use]
pub fn spread(amount: i64, weights: &[i64]) -> Vec<i64> {
    let total: i128 = weights.iter().map(|w| i128::from(*w)).sum();
    if total == 0 {
        return weights.iter().map(|_| 0).collect();
    }
    let exact: Vec<i128> = weights.iter().map(|w| i128::from(amount) * i128::from(*w)).collect();
    let mut shares: Vec<i64> = exact.iter().map(|e| i64::try_from(e.div_euclid(total)).unwrap_or(i64::MAX)).collect();
    let mut left = amount - shares.iter().sum::<i64>();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|i| (std::cmp::Reverse(exact[*i].rem_euclid(total)), *i));
    for i in by_remainder {
        if left == 0 {
            break;
        }
        shares[i] += 1;
        left -= 1;
    }
    shares
}

/// A decimal as JSON text, so that no reader turns it into a float.
pub mod decimal_string {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes `"18"`.
    ///
    /// # Errors
    /// Those of the serialiser.
    pub fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&value.normalize())
    }

    /// Reads `"18"`.
    ///
    /// # Errors
    /// When the text is no decimal.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Decimal::from_str_exact(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_pay_in_no_metal_bond_drawing_right_or_test() {
        for code in ["INR", "USD", "JPY", "KWD", "BHD", "KRW", "HUF", "CLF", "VND", "IDR"] {
            assert_eq!(Currency::given(code).map(Currency::code), Ok(code));
        }
        for code in ["XXX", "XTS", "XDR", "XAU", "XAG", "XPT", "XPD", "XBA", "XSU", "XUA"] {
            assert!(Currency::given(code).is_err(), "{code}");
            assert!(code.parse::<Currency>().is_ok(), "what is stored is read: {code}");
        }
    }
}
