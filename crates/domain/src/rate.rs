//! The exchange rate of one currency, folded from its stream, and conversion with it (rule R8).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    event::{Amounts, Charge, RateFact, StoredRate},
    ids::Version,
    money::{Currency, round_minor},
};

/// The latest rate of one currency. Version 0 means that none was ever stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// The currency that is converted.
    pub currency: Currency,
    /// Version of the stream.
    pub version: Version,
    /// The latest rate and the currency to which it converts.
    pub stored: Option<StoredRate>,
}

impl Rate {
    /// A currency for which no rate was ever stored.
    #[must_use]
    pub fn empty(currency: Currency) -> Rate {
        Rate { currency, version: Version::NONE, stored: None }
    }

    pub(crate) fn evolve(&mut self, fact: RateFact<'_>) {
        let RateFact::RateStored(fact) = fact;
        self.stored = Some(StoredRate { currency: fact.shop_currency, rate: fact.rate });
    }
}

impl StoredRate {
    /// Minor units of `from` in minor units of the shop's currency, rounded half away from zero.
    #[must_use]
    pub fn convert(&self, minor: i64, from: Currency) -> i64 {
        let scale = |currency: Currency| Decimal::from(10_i64.pow(currency.exponent()));
        round_minor(Decimal::from(minor) * self.rate * scale(self.currency) / scale(from))
    }

    /// Component by component.
    #[must_use]
    pub fn amounts(&self, amounts: Amounts, from: Currency) -> Amounts {
        let Amounts { gross, discount, tax } = amounts;
        let [gross, discount, tax] = [gross, discount, tax].map(|minor| self.convert(minor, from));
        Amounts { gross, discount, tax }
    }

    /// Component by component.
    #[must_use]
    pub fn charge(&self, charge: Charge, from: Currency) -> Charge {
        Charge { net: self.convert(charge.net, from), tax: self.convert(charge.tax, from) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_both_currencies_count() {
        let rate = |rate: &str| StoredRate { currency: Currency::INR, rate: rate.parse().expect("a decimal") };
        let currency = |code: &str| code.parse::<Currency>().expect("a currency");
        assert_eq!(rate("84.125").convert(5_000, currency("USD")), 420_625);
        assert_eq!(rate("0.5625").convert(100, currency("JPY")), 5_625, "the yen has no minor unit");
        assert_eq!(rate("1").convert(-15, currency("KWD")), -2, "half away from zero");
    }
}
