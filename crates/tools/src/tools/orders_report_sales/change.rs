//! What figures were in the days that a report compares with, and by how much they changed.

use chrono::NaiveDate;
use orderlog_domain::{
    format::MoneyOut,
    postings::{Basis, Figures as Amounts},
};
use orderlog_projections::daily_sales::Sales;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    facts::{Members, amount},
    sales_figures::Reference,
    sentences::{plural, units},
    shares::percent,
    shop::OpenShop,
    table,
};

/// The one figure that sentences name and that is compared.
pub(super) fn headline(basis: Basis, figures: &Amounts) -> i64 {
    match basis {
        Basis::Booked | Basis::Shipped => figures.revenue(),
        Basis::Cash => figures.cash,
    }
}

/// Figures before, and the change since.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Before {
    /// On the cash basis the money itself.
    pub(super) revenue: MoneyOut,
    /// Absent where they were not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) orders: Option<i64>,
    pub(super) units: i64,
    /// Of revenue: now less before.
    pub(super) change: MoneyOut,
    /// The same in percent; absent where there was nothing before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) change_percent: Option<String>,
    /// How many of its weekday there were, when grouped by weekday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) days: Option<i64>,
    /// Revenue of one of these days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) average_day: Option<MoneyOut>,
    /// For sales.explain; absent of an hour, a weekday and a city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<String>,
}

impl Before {
    pub(super) fn of(shop: &OpenShop, home: &str, (now, then): (i64, i64), sales: &Sales, about: &Reference) -> Before {
        Before {
            revenue: shop.wording.money_in(then, home),
            orders: Some(sales.orders),
            units: sales.units,
            change: shop.wording.money_in(now.saturating_sub(then), home),
            change_percent: percent(now, then),
            days: None,
            average_day: None,
            reference: Some(about.to_string()),
        }
    }

    pub(super) fn in_row(self, row: table::Row) -> table::Row {
        let row = match self.average_day {
            Some(average) => row.cell("average_day_before", amount(average)),
            None => row,
        };
        let row = self.days.into_iter().fold(row, |row, days| row.json("days_before", days));
        let row = row.cell("before", amount(self.revenue)).cell("change", amount(self.change));
        match self.change_percent {
            Some(percent) => row.json("change_percent", percent),
            None => row,
        }
    }
}

/// The days that are compared, and what they had.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Compared {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    #[serde(flatten)]
    pub(super) before: Before,
}

impl Compared {
    /// `before: 12 orders, 30 units`; the sentence says the money.
    pub(super) fn counts(&self) -> String {
        let orders = self.before.orders.map(|orders| format!("{}, ", plural(orders, "order"))).unwrap_or_default();
        format!("before: {orders}{}", units(self.before.units))
    }

    pub(super) fn in_short(self) -> Members {
        let (from, to) = (self.from.to_string(), self.to.to_string());
        let mut members: Members =
            vec![("from", from.into()), ("to", to.into()), ("revenue", amount(self.before.revenue))];
        members.extend(self.before.orders.map(|orders| ("orders", orders.into())));
        members.push(("units", self.before.units.into()));
        members.push(("change", amount(self.before.change)));
        members.extend(self.before.change_percent.map(|percent| ("change_percent", percent.into())));
        members
    }
}
