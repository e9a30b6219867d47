//! The worth of stock: units on hand at cost and at price (rule S10).

use std::collections::BTreeMap;

use orderlog_domain::format::MoneyOut;
use orderlog_projections::stock::StockLevel;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    answer::Short,
    facts::{Members, amount, as_object},
    sentences,
    shop::OpenShop,
};

/// Sums by currency.
pub(super) struct Worth(BTreeMap<String, Sums>);

#[derive(Default)]
struct Sums {
    units: i64,
    cost: i128,
    price: i128,
    /// Products on hand without a recorded cost.
    without_cost: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WorthView {
    /// In the shop's currency.
    #[serde(flatten)]
    home: Of,
    /// Products priced in other currencies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<crate::schema::Object>")]
    elsewhere: Vec<Of>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Of {
    units: i64,
    /// Of products that have a cost.
    at_cost: MoneyOut,
    at_price: MoneyOut,
    /// Products on hand without a cost.
    products_without_cost: i64,
}

impl Worth {
    pub(super) fn of(levels: &[StockLevel]) -> Worth {
        let mut worth = Worth(BTreeMap::new());
        for level in levels.iter().filter(|level| level.on_hand > 0) {
            let sums = worth.0.entry(level.currency.clone()).or_default();
            let times = |each: i64| i128::from(each) * i128::from(level.on_hand);
            sums.units += level.on_hand;
            sums.price += times(level.price);
            match level.cost {
                Some(cost) => sums.cost += times(cost),
                None => sums.without_cost += 1,
            }
        }
        worth
    }

    /// `1,234 units on hand are worth ₹45,000 at cost and ₹80,000 at price.`
    pub(super) fn in_words(&self, shop: &OpenShop) -> String {
        let told = self.0.iter().map(|(code, sums)| {
            let amount = |sum: i128| match code.parse() {
                Ok(currency) => shop.wording.amount(narrow(sum), currency),
                Err(_) => String::new(),
            };
            let are = if sums.units == 1 { "is" } else { "are" };
            let units = sentences::units(sums.units);
            let lacking = match sums.without_cost {
                0 => String::new(),
                n => format!(" ({} without a cost)", sentences::plural(n, "product")),
            };
            format!(
                "{units} on hand {are} worth {} at cost{lacking} and {} at price.",
                amount(sums.cost),
                amount(sums.price)
            )
        });
        let told: Vec<String> = told.collect();
        if told.is_empty() { "No stock is on hand.".to_owned() } else { told.join(" ") }
    }

    pub(super) fn view(mut self, shop: &OpenShop) -> WorthView {
        let home = shop.settings.currency.code();
        let view = |code: &str, sums: Sums| Of {
            units: sums.units,
            at_cost: shop.wording.money_in(narrow(sums.cost), code),
            at_price: shop.wording.money_in(narrow(sums.price), code),
            products_without_cost: sums.without_cost,
        };
        let at_home = self.0.remove(home).unwrap_or_default();
        let elsewhere = self.0.into_iter().map(|(code, sums)| view(&code, sums)).collect();
        WorthView { home: view(home, at_home), elsewhere }
    }
}

impl WorthView {
    /// The sentence contains these figures.
    pub(super) fn in_short(self, short: Short) -> Short {
        let short = short.said("value", Value::Object(as_object(self.home.in_short())));
        if self.elsewhere.is_empty() {
            return short;
        }
        let elsewhere: Vec<Value> = self.elsewhere.into_iter().map(|of| as_object(of.in_short()).into()).collect();
        short.said("value_elsewhere", elsewhere)
    }
}

impl Of {
    fn in_short(self) -> Members {
        let mut members: Members =
            vec![("units", self.units.into()), ("at_cost", amount(self.at_cost)), ("at_price", amount(self.at_price))];
        if self.products_without_cost > 0 {
            members.push(("products_without_cost", self.products_without_cost.into()));
        }
        members
    }
}

/// More than can be written is written as the most that can.
fn narrow(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(i64::MAX)
}
