//! Facts about exchange rates.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    declared::Declared,
    examples::{dollar, rupees},
};
use crate::money::Currency;

/// See [`Event::RateStored`](super::Event::RateStored).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RateStored {
    /// The currency that is converted.
    pub currency: Currency,
    /// The currency it is converted to: the shop's.
    pub shop_currency: Currency,
    /// Whole units of the shop's currency for one whole unit of the other.
    #[serde(with = "crate::money::decimal_string")]
    #[schemars(with = "String")]
    pub rate: Decimal,
}

impl Declared for RateStored {
    fn example() -> Self {
        let by = rupees();
        Self { currency: dollar(), shop_currency: by.currency, rate: by.rate }
    }
}
