//! Figures of sales in reports and explanations, and the reference that leads from a figure to its explanation.

use std::{fmt, str::FromStr};

use chrono::NaiveDate;
use orderlog_domain::{
    calendar::Period,
    format::MoneyOut,
    ids::{CustomerId, Position, ProductId},
    postings::{Basis, Figures as Amounts},
    rejection::Rejection,
};
use orderlog_projections::daily_sales::{GroupBy, GroupKey, Sales, SalesRequest, Selection};
use orderlog_read_models::Days;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    facts::{Members, amount, in_words},
    sentences::{plural, units},
    shares::average,
    shop::OpenShop,
    table::Row,
};

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Figures {
    /// ISO 4217.
    currency: String,
    /// No rate was stored: neither in the shop's currency nor part of `figures`.
    unconverted: bool,
    /// Orders posted, whatever became of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    orders_placed: Option<i64>,
    /// Orders posted less those cancelled whole; by product, those that hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    orders: Option<i64>,
    /// Units posted less units taken back.
    pub(crate) units: i64,
    /// Revenue of one order on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) average_order: Option<MoneyOut>,
    gross: MoneyOut,
    discount: MoneyOut,
    net: MoneyOut,
    shipping: MoneyOut,
    revenue: MoneyOut,
    tax: MoneyOut,
    total: MoneyOut,
    /// For sales.explain; absent of an hour, a weekday and a city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
}

impl Figures {
    /// The currency of the figures.
    pub(crate) fn currency(&self) -> &str {
        &self.currency
    }

    /// Leaves out the number of orders, and the figures that follow from it.
    pub(crate) fn count_no_orders(&mut self) {
        (self.orders, self.orders_placed, self.average_order) = (None, None, None);
    }

    /// `18 %: ₹1,000.00 and ₹180.00 tax`
    pub(crate) fn taxed(&self, label: &str) -> String {
        format!("{label}: {} and {} tax", self.revenue.formatted, self.tax.formatted)
    }

    /// The figures that people look at; parts of the sum only if they are not zero.
    pub(crate) fn in_short(self, cash: bool) -> Members {
        let parts = [("discount", self.discount.clone()), ("shipping", self.shipping.clone())];
        let rest = [("revenue", amount(self.revenue.clone())), ("tax", amount(self.tax.clone()))];
        let (average, total) = (self.average_order.clone().map(amount), amount(self.total.clone()));
        let mut members: Members = vec![("currency", self.currency.clone().into())];
        members.extend(self.in_brief(cash));
        if !cash {
            members.extend(average.map(|average| ("average_order", average)));
            members
                .extend(parts.into_iter().filter(|(_, part)| part.minor != 0).map(|(name, part)| (name, amount(part))));
            members.extend(rest);
        }
        members.push(("total", total));
        members
    }

    /// The counts, if groups with the other figures follow.
    pub(crate) fn in_brief(self, cash: bool) -> Members {
        let mut members: Members = vec![];
        if self.unconverted {
            members.push(("unconverted", true.into()));
        }
        if !cash {
            members.extend(self.orders.map(|orders| ("orders", orders.into())));
            let others = self.orders_placed.filter(|placed| Some(*placed) != self.orders);
            members.extend(others.map(|placed| ("orders_placed", placed.into())));
            members.push(("units", self.units.into()));
        }
        members
    }

    /// The figures in words: `222 orders (236 placed, 14 cancelled whole, whenever placed), 539 units, revenue:
    /// ₹45,000`. A cancellation counts on its own day (rule R6), so its order may be of an earlier day. For products,
    /// `gone` are the orders that no longer contain any of them. A discount or a fee below zero is one of earlier days,
    /// taken back by a cancellation.
    pub(crate) fn said(members: &Members, of_products: bool) -> String {
        let count =
            |wanted: &str| members.iter().find(|(name, _)| *name == wanted).and_then(|(_, value)| value.as_i64());
        let (orders, placed) = (count("orders"), count("orders_placed"));
        let less = orders.zip(placed).map(|(orders, placed)| {
            let gone = placed - orders;
            let whither = if of_products { "no longer hold it" } else { "cancelled whole, whenever placed" };
            format!(" ({placed} placed, {gone} {whither})")
        });
        let orders = orders.map(|orders| match &less {
            // More orders were cancelled than placed: a number of orders below zero is not shown.
            Some(less) if orders < 0 => less.trim_matches([' ', '(', ')']).to_owned(),
            _ => format!("{}{}", plural(orders, "order"), less.unwrap_or_default()),
        });
        let counts = orders.into_iter().chain(count("units").map(units));
        let counted = ["orders", "orders_placed", "units"];
        let rest = members.iter().filter(|(name, _)| !counted.contains(name));
        let rest: Members =
            rest.map(|(name, value)| taken_back(name, value).unwrap_or((name, value.clone()))).collect();
        let rest = Some(in_words(&rest)).filter(|rest| !rest.is_empty());
        counts.chain(rest).collect::<Vec<_>>().join(", ")
    }

    /// The figures of one group of up to a hundred: taxes if the groups are tax rates, and the count of orders only for
    /// programs if other columns matter more.
    pub(crate) fn in_row(self, row: Row, basis: Basis, taxed: bool, aside: bool) -> Row {
        let row = match (basis, taxed) {
            (Basis::Cash, _) => row.cell("total", amount(self.total)),
            (_, true) => row.cell("revenue", amount(self.revenue)).cell("tax", amount(self.tax)),
            (_, false) => {
                let row = match (aside, self.orders) {
                    (false, Some(orders @ ..0)) => row.worded("orders", orders, self.fewer_than_none(orders)),
                    (false, orders) => row.some("orders", orders),
                    (true, Some(orders)) => row.json("orders", orders),
                    (true, None) => row,
                };
                row.cell("units", self.units).cell("revenue", amount(self.revenue))
            }
        };
        row.flag("unconverted", self.unconverted)
    }

    /// `2, 3 cancelled`: more orders of other days or hours were cancelled than placed in these.
    fn fewer_than_none(&self, orders: i64) -> String {
        let placed = self.orders_placed.unwrap_or_default();
        format!("{placed}, {} cancelled", placed - orders)
    }

    pub(crate) fn of(shop: &OpenShop, currency: &str, sales: &Sales, amounts: Amounts, about: &Reference) -> Figures {
        let money = |minor| shop.wording.money_in(minor, currency);
        Figures {
            currency: currency.to_owned(),
            unconverted: sales.home != shop.settings.currency.code(),
            orders_placed: Some(sales.placed),
            orders: Some(sales.orders),
            units: sales.units,
            average_order: (sales.orders > 0).then(|| money(average(amounts.revenue(), sales.orders))),
            gross: money(amounts.gross),
            discount: money(amounts.discount),
            net: money(amounts.net()),
            shipping: money(amounts.shipping),
            revenue: money(amounts.revenue()),
            tax: money(amounts.tax),
            total: money(amounts.total()),
            reference: Some(about.to_string()),
        }
    }
}

/// Discounts and fees that were taken back, by cancellations or returns, exceed those of the days: written without a
/// sign.
fn taken_back(name: &str, value: &Value) -> Option<(&'static str, Value)> {
    let back = match name {
        "discount" => "discounts_taken_back",
        "shipping" => "shipping_fees_taken_back",
        _ => return None,
    };
    Some((back, value.as_str()?.strip_prefix('-')?.into()))
}

/// The reference of a figure in a report: `booked/2026-11-01..2026-11-30@1234;home=INR;product=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) selection: Selection,
    /// The position at which the figure was reported.
    pub(crate) known_at: Position,
}

impl Reference {
    /// The part of the figure in one currency, converted or not.
    pub(crate) fn part(&self, sales: &Sales) -> Reference {
        let (currency, home) = (Some(sales.currency.clone()), Some(sales.home.clone()));
        Reference { selection: Selection { currency, home, ..self.selection.clone() }, ..*self }
    }

    /// The part of the figure that counts in one currency, whatever currency it was sold in.
    pub(crate) fn home(&self, code: &str) -> Reference {
        Reference { selection: Selection { home: Some(code.to_owned()), ..self.selection.clone() }, ..*self }
    }

    /// The part of the figure that a group shows.
    pub(crate) fn group(&self, key: GroupKey, group_by: Option<GroupBy>) -> Reference {
        let mut selection = self.selection.clone();
        match key {
            GroupKey::From(from) => selection.request.days = period(self.selection.request.days, from, group_by),
            GroupKey::Product(id) => selection.request.products = vec![id],
            GroupKey::Shipping => selection.request.products = vec![ProductId(Uuid::nil())],
            GroupKey::Customer(id) => selection.request.customer = Some(id),
            GroupKey::TaxRate(rate) => selection.request.tax_rate = Some(rate),
            // No figure of theirs can be explained by itself.
            GroupKey::Hour(_) | GroupKey::Weekday(_) => {}
        }
        Reference { selection, known_at: self.known_at }
    }

    /// The figure with which this one is compared; for a period, the period that begins on `from`.
    pub(crate) fn of_then(&self, from: Option<NaiveDate>, group_by: Option<GroupBy>) -> Reference {
        let mut selection = self.selection.clone();
        let compared = selection.request.compared.unwrap_or_default();
        selection.request.days = from.map_or(compared, |from| period(compared, from, group_by));
        Reference { selection, ..*self }
    }
}

/// The days of a period that are in the range asked for.
fn period(asked: Days, from: NaiveDate, group_by: Option<GroupBy>) -> Days {
    let (first, last) = group_by.and_then(GroupBy::period).unwrap_or(Period::Day).around(from);
    let from = asked.from.map_or(first, |from| from.max(first));
    let to = asked.to.map_or(last, |to| to.min(last));
    Days::between(from, to)
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selection { request, currency, home } = &self.selection;
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let (basis, from, to) = (request.basis.name(), day(request.days.from), day(request.days.to));
        write!(f, "{basis}/{from}..{to}@{}", self.known_at)?;
        if let Some(currency) = currency {
            write!(f, ";currency={currency}")?;
        }
        if let Some(home) = home {
            write!(f, ";home={home}")?;
        }
        for product in &request.products {
            write!(f, ";product={product}")?;
        }
        if let Some(customer) = request.customer {
            write!(f, ";customer={customer}")?;
        }
        if let Some(rate) = request.tax_rate {
            write!(f, ";tax_rate={}", rate.normalize())?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = Rejection;

    fn from_str(text: &str) -> Result<Reference, Rejection> {
        parse(text).ok_or_else(not_a_reference)
    }
}

pub(crate) fn not_a_reference() -> Rejection {
    Rejection::invalid("reference", "This is no reference of a figure.")
        .hint("Take the reference of a figure from orders_report_sales, or give date_range and basis instead.")
}

fn parse(text: &str) -> Option<Reference> {
    let mut parts = text.trim().split(';');
    let (basis, rest) = parts.next()?.split_once('/')?;
    let (days, position) = rest.split_once('@')?;
    let (from, to) = days.split_once("..")?;
    let day = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
    let request = SalesRequest {
        basis: Basis::ALL.into_iter().find(|one| one.name() == basis)?,
        days: Days { from: day(from)?, to: day(to)? },
        ..SalesRequest::default()
    };
    let mut selection = Selection { request, ..Selection::default() };
    for part in parts {
        match part.split_once('=')? {
            ("currency", code) => selection.currency = Some(code.to_owned()),
            ("home", code) => selection.home = Some(code.to_owned()),
            ("product", id) => selection.request.products.push(ProductId(id.parse().ok()?)),
            ("customer", id) => selection.request.customer = Some(CustomerId(id.parse().ok()?)),
            ("tax_rate", rate) => selection.request.tax_rate = Some(Decimal::from_str_exact(rate).ok()?),
            _ => return None,
        }
    }
    Some(Reference { selection, known_at: Position(position.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_back_what_it_writes() {
        for text in [
            "booked/2026-11-20..2026-11-21@1234",
            "cash/..@1",
            "shipped/2026-11-20..@7;currency=USD;home=INR;product=ff1f3b23-51fb-55b2-a624-5ac424b58c36",
            "booked/2026-11-01..2026-11-30@9;home=INR;customer=de88815d-a731-5695-825d-7db3f3b4bd60",
            "booked/2026-11-01..2026-11-30@9;home=INR;tax_rate=12.5",
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
        for nonsense in ["", "booked", "loans/..@1", "booked/..", "booked/..@x", "booked/..@1;sql=1", "booked/a..b@1"] {
            assert!(nonsense.parse::<Reference>().is_err(), "{nonsense}");
        }
    }

    #[test]
    fn what_was_taken_back_is_said_without_a_sign_and_whenever_it_was_placed() {
        let members: Members = vec![
            ("orders", 5.into()),
            ("orders_placed", 7.into()),
            ("units", 9.into()),
            ("discount", "-₹262.90".into()),
            ("shipping", "₹99.00".into()),
            ("revenue", "-₹1.00".into()),
        ];
        assert_eq!(
            Figures::said(&members, false),
            "5 orders (7 placed, 2 cancelled whole, whenever placed), 9 units, discounts taken back: ₹262.90, \
             shipping: ₹99.00, revenue: -₹1.00"
        );
        let cancelled: Members = vec![("orders", (-2).into()), ("orders_placed", 2.into()), ("units", 3.into())];
        assert_eq!(Figures::said(&cancelled, false), "2 placed, 4 cancelled whole, whenever placed, 3 units");
        let given: Members = vec![("units", 9.into()), ("discount", "₹262.90".into())];
        assert_eq!(Figures::said(&given, false), "9 units, discount: ₹262.90");
    }

    #[test]
    fn a_period_stays_within_what_was_asked() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let asked = Days::between(day("2026-11-05"), day("2026-12-20"));
        assert_eq!(
            period(asked, day("2026-11-01"), Some(GroupBy::Month)),
            Days::between(day("2026-11-05"), day("2026-11-30"))
        );
        assert_eq!(
            period(asked, day("2026-12-01"), Some(GroupBy::Month)),
            Days::between(day("2026-12-01"), day("2026-12-20"))
        );
        let week = Some(GroupBy::Week(chrono::Weekday::Mon));
        assert_eq!(period(asked, day("2026-11-09"), week), Days::between(day("2026-11-09"), day("2026-11-15")));
    }
}
