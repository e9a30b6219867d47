//! The measure that is forecast, and how its amounts are written.

use orderlog_domain::format::MoneyOut;
use orderlog_projections::daily_sales::Sales;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{facts::amount, shop::OpenShop};

/// What is forecast; booked, so that reversals count on the day they happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Measure {
    Revenue,
    Orders,
    Units,
}

/// Money or a count.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Amount {
    Money(MoneyOut),
    Count(i64),
}

impl Amount {
    /// The amount in short answers.
    pub(super) fn plain(self) -> Value {
        match self {
            Amount::Money(money) => amount(money),
            Amount::Count(count) => count.into(),
        }
    }
}

impl Measure {
    pub(super) fn name(self) -> &'static str {
        match self {
            Measure::Revenue => "revenue",
            Measure::Orders => "orders",
            Measure::Units => "units",
        }
    }

    pub(super) fn reading(self, product: bool) -> &'static str {
        match (self, product) {
            (Measure::Revenue, false) => "booked revenue without tax, with shipping, of complete days",
            (Measure::Revenue, true) => "booked revenue of the product without tax and shipping, of complete days",
            (Measure::Orders, _) => "orders placed less those cancelled whole, of complete days",
            (Measure::Units, _) => "units ordered less those taken back, of complete days",
        }
    }

    pub(super) fn amount(self, shop: &OpenShop, value: i64) -> Amount {
        match self {
            Measure::Revenue => Amount::Money(shop.wording.money(value, shop.settings.currency)),
            Measure::Orders | Measure::Units => Amount::Count(value),
        }
    }

    /// The value of these sales.
    pub(super) fn of(self, sales: &Sales) -> i64 {
        match self {
            Measure::Revenue => sales.converted.revenue(),
            Measure::Orders => sales.orders,
            Measure::Units => sales.units,
        }
    }
}
