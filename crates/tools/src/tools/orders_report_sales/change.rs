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
    pub(super) orders: i64,
    pub(super) units: i64,
    /// Of revenue: now less before.
    pub(super) change: MoneyOut,
    /// The same in percent; absent where there was nothing before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) change_percent: Option<String>,
    /// For sales.explain.
    reference: String,
}

impl Before {
    pub(super) fn of(shop: &OpenShop, home: &str, (now, then): (i64, i64), sales: &Sales, about: &Reference) -> Before {
        Before {
            revenue: shop.wording.money_in(then, home),
            orders: sales.orders,
            units: sales.units,
            change: shop.wording.money_in(now.saturating_sub(then), home),
            change_percent: percent(now, then),
            reference: about.to_string(),
        }
    }

    pub(super) fn in_row(self, row: table::Row) -> table::Row {
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
    pub(super) fn in_short(self) -> Members {
        let (from, to) = (self.from.to_string(), self.to.to_string());
        let mut members: Members =
            vec![("from", from.into()), ("to", to.into()), ("revenue", amount(self.before.revenue))];
        members.extend([("orders", self.before.orders.into()), ("units", self.before.units.into())]);
        members.push(("change", amount(self.before.change)));
        members.extend(self.before.change_percent.map(|percent| ("change_percent", percent.into())));
        members
    }
}

/// By how many percent, with one decimal, rounded half away from zero: `12.5`, `-3.0`. Nothing can grow from nothing.
pub(super) fn percent(now: i64, then: i64) -> Option<String> {
    if then <= 0 {
        return None;
    }
    let (change, then) = (i128::from(now) - i128::from(then), i128::from(then));
    let tenths = (2 * change.abs() * 1_000 + then) / (2 * then);
    let sign = if change < 0 && tenths > 0 { "-" } else { "" };
    Some(format!("{sign}{}.{}", tenths / 10, tenths % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_percent_of_what_was_before() {
        for (now, then, expected) in [
            (45_000, 40_000, Some("12.5")),
            (40_000, 45_000, Some("-11.1")),
            (40_000, 40_000, Some("0.0")),
            (0, 7, Some("-100.0")),
            (i64::MAX, 1, Some("922337203685477580600.0")),
            (5, 0, None),
            (5, -5, None),
        ] {
            assert_eq!(percent(now, then).as_deref(), expected, "{then} to {now}");
        }
    }
}
