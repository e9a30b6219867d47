//! Groups of a report as answers show them: what each is called, its figures, and what it had before.

use std::collections::HashMap;

use chrono::NaiveDate;
use orderlog_domain::{
    calendar::Period,
    format::{self, MoneyOut, days_in_words},
    ids::ProductId,
    postings::Basis,
};
use orderlog_projections::{
    catalogue,
    daily_sales::{GroupBy, GroupKey, Sales, SalesGroup},
};
use orderlog_read_models::{Days, Freshness};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::{
    apart,
    change::{Before, headline},
};
use crate::{
    echo::cut,
    facts::amount,
    failure::Failure,
    query::customers_named,
    sales_figures::{Figures, Reference},
    sentences::units,
    shop::OpenShop,
    table,
    views::CustomerView,
};

/// Groups of a group that short answers name.
const PARTS_NAMED: usize = 3;
/// Rows up to which a list has room for more of them, and the characters for their names there and in longer lists.
const FEW_ROWS: usize = 10;
const PARTS_CHARACTERS: usize = 70;
const BRIEF_CHARACTERS: usize = 24;
/// Characters of a name beside which there is more.
const NAME_CHARACTERS: usize = 30;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Group {
    /// What it is about, for people.
    pub(super) label: String,
    /// First day counted of a day, week or month.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// SKU, when grouped by product.
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    /// Id, when grouped by customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<Uuid>,
    /// Percent, when grouped by tax rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_rate: Option<String>,
    /// From 0 to 23, when grouped by hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hour: Option<u32>,
    /// How many of its weekday there were, when grouped by weekday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) days: Option<i64>,
    /// Revenue of one of these days; on the cash basis the money itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) average_day: Option<MoneyOut>,
    /// False where the range cuts the week or month, or it is not over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) complete: Option<bool>,
    #[serde(flatten)]
    pub(super) figures: Figures,
    /// Net sales less cost of a product, where its cost is known and that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) profit: Option<MoneyOut>,
    #[serde(skip)]
    pub(super) of_profit: bool,
    /// The same in the days that are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Before>,
    /// Its own groups, the first of them, when grouped twice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<crate::schema::Object>")]
    parts: Vec<Group>,
    /// All of its own groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts_count: Option<i64>,
    /// The first of them in words, and what the others come to.
    #[serde(skip)]
    of_which: Option<String>,
    /// How many of them the words leave out.
    #[serde(skip)]
    pub(super) left_out: i64,
    /// What tells a customer apart from others of the same name.
    #[serde(skip)]
    apart: Option<String>,
}

impl Group {
    pub(super) fn in_short(self, basis: Basis, by: Option<GroupBy>) -> table::Row {
        let row = table::Row::default();
        // What identifies somebody leads nowhere if it is cut.
        let row = match self.apart {
            Some(apart) => row.text("label", format!("{} ({apart})", cut(&self.label, NAME_CHARACTERS))),
            None => row.cell("label", self.label),
        };
        let row = match self.complete {
            Some(false) => row.json("complete", false),
            Some(true) | None => row,
        };
        let (taxed, of_products) = (by == Some(GroupBy::TaxRate), by == Some(GroupBy::Product));
        let aside = self.before.is_some() || of_products;
        let row = if of_products { row.some("sku", self.sku) } else { row };
        let row = self.from.into_iter().fold(row, |row, from| row.json("from", from));
        let row = self.customer_id.into_iter().fold(row, |row, id| row.json("customer_id", id.to_string()));
        let row = self.tax_rate.into_iter().fold(row, |row, rate| row.json("tax_rate", rate));
        let row = self.hour.into_iter().fold(row, |row, hour| row.json("hour", hour));
        let row = self.figures.in_row(row, basis, taxed, aside);
        let row = self.days.into_iter().fold(row, |row, days| row.cell("days", days));
        let row = self.average_day.into_iter().fold(row, |row, average| row.cell("average_day", amount(average)));
        let row = if self.of_profit { row.some("profit", self.profit.map(amount)) } else { row };
        let row = match self.before {
            Some(before) => before.in_row(row),
            None => row,
        };
        match self.of_which {
            Some(of_which) => row.text("of_which", of_which),
            None => row,
        }
    }
}

/// `3 Blue mug, 2 Tea`, as many as there is `room` for in characters, and how many parts that leaves.
fn of_which(parts: &[Group], count: i64, room: usize, by: Option<GroupBy>) -> (Vec<String>, i64) {
    let named = parts.iter().map(|part| match (by, part.figures.units) {
        (Some(GroupBy::TaxRate), _) => part.figures.taxed(&part.label),
        (_, 0) => part.label.clone(),
        (Some(GroupBy::Product) | None, units) => format!("{units} {}", part.label),
        (Some(_), of) => format!("{}: {}", part.label, units(of)),
    });
    let (mut shown, mut used): (Vec<String>, usize) = (vec![], 0);
    for name in named.take(PARTS_NAMED) {
        used += name.chars().count();
        if !shown.is_empty() && used > room {
            break;
        }
        shown.push(name);
    }
    let left = count - shown.len() as i64;
    (shown, left)
}

/// How to see all parts of one group.
pub(super) fn all_of_one(by: GroupBy) -> Option<String> {
    let filter = match by {
        GroupBy::Product => "product",
        GroupBy::Customer => "customer",
        GroupBy::Day | GroupBy::Week(_) | GroupBy::Month => "its date_range",
        GroupBy::TaxRate => return None,
    };
    Some(format!("All of one: give {filter} and the other group_by."))
}

/// What it takes to show groups.
pub(super) struct Showing<'a> {
    pub(super) shop: &'a OpenShop,
    pub(super) fresh: Freshness,
    /// The figure they are parts of.
    pub(super) about: &'a Reference,
    /// The days asked for, as far as they have begun.
    pub(super) begun: Days,
}

struct Names {
    products: HashMap<ProductId, (String, String)>,
    customers: HashMap<Uuid, CustomerView>,
    /// What tells those apart whose name others have too.
    apart: HashMap<Uuid, String>,
}

impl Showing<'_> {
    pub(super) async fn groups(&self, groups: &[SalesGroup]) -> Result<Vec<Group>, Failure> {
        let request = &self.about.selection.request;
        let (mut products, mut people) = (vec![], vec![]);
        for group in groups.iter().flat_map(|group| std::iter::once(group).chain(&group.parts)) {
            match group.key {
                GroupKey::Product(id) => products.push(id),
                GroupKey::Customer(id) => people.push(id.0),
                GroupKey::From(_)
                | GroupKey::Shipping
                | GroupKey::TaxRate(_)
                | GroupKey::Hour(_)
                | GroupKey::Weekday(_) => {}
            }
        }
        let found = catalogue::names_by_id(&self.shop.projections, &products, self.fresh).await?.found;
        let products = found.into_iter().map(|product| (product.product_id, (product.name, product.sku))).collect();
        let customers = customers_named(self.shop, people.into_iter(), self.fresh).await?;
        let apart = apart::from_namesakes(self.shop, &customers, self.fresh).await?;
        let names = Names { products, customers, apart };
        let one = |group: &SalesGroup| {
            let about = self.about.group(group.key, request.group_by);
            let parts = group.parts.iter().map(|part| {
                let about = about.group(part.key, request.then_by);
                let by = [request.group_by, request.then_by];
                self.one(part, &by, about, &names)
            });
            let parts: Vec<Group> = parts.collect();
            let whole = self.one(group, &[request.group_by], about, &names);
            let Some(count) = request.then_by.map(|_| group.parts_count) else { return whole };
            let (of_which, left_out) = self.in_words(group, &parts, count, groups.len());
            Group { parts, parts_count: Some(count), of_which: Some(of_which), left_out, ..whole }
        };
        Ok(groups.iter().map(one).collect())
    }

    /// `3 Blue mug, 2 Tea and 4 more (9 units, ₹1,200)`; in a long list no money is told of the others.
    fn in_words(&self, whole: &SalesGroup, parts: &[Group], count: i64, rows: usize) -> (String, i64) {
        let brief = rows > FEW_ROWS;
        let by = self.about.selection.request.then_by;
        let room = match (by, brief) {
            // Rates are few, and taxes are told of each.
            (Some(GroupBy::TaxRate), _) => usize::MAX,
            (_, true) => BRIEF_CHARACTERS,
            (_, false) => PARTS_CHARACTERS,
        };
        let (shown, left) = of_which(parts, count, room, by);
        let named_parts = shown.join(format::between(&shown));
        let basis = self.about.selection.request.basis;
        let named = &whole.parts[..shown.len().min(whole.parts.len())];
        let rest = whole.sales.units - named.iter().map(|part| part.sales.units).sum::<i64>();
        let money =
            headline(basis, &whole.sales.own) - named.iter().map(|part| headline(basis, &part.sales.own)).sum::<i64>();
        // Nothing but a fee of nothing is left.
        if left == 0 || (rest, money) == (0, 0) {
            return (named_parts, 0);
        }
        let money = whole.sales.home.parse().map(|home| self.shop.wording.amount(money, home)).unwrap_or_default();
        let rest = match (rest, brief) {
            (0, _) => money,
            (rest, true) => units(rest),
            (rest, false) => format!("{}, {money}", units(rest)),
        };
        (format!("{named_parts} and {left} more ({rest})"), left)
    }

    /// One group, of which `by` says what it is about: the last of them.
    fn one(&self, group: &SalesGroup, by: &[Option<GroupBy>], about: Reference, names: &Names) -> Group {
        let (basis, blank) = (about.selection.request.basis, self.nameless(group, by, about));
        match group.key {
            GroupKey::From(day) => {
                let period = by.last().copied().flatten().and_then(GroupBy::period).unwrap_or(Period::Day);
                let (from, label, complete) = self.period(day, period);
                Group { label, from: Some(from.to_string()), complete: (!complete).then_some(false), ..blank }
            }
            GroupKey::Shipping if basis == Basis::Cash => {
                Group { label: "Money, which goes by no product".to_owned(), ..blank }
            }
            GroupKey::Shipping => Group { label: "Shipping fees and goodwill".to_owned(), ..blank },
            GroupKey::Product(id) => match names.products.get(&id) {
                Some((name, sku)) => Group { label: name.clone(), sku: Some(sku.clone()), ..blank },
                None => Group { label: id.to_string(), ..blank },
            },
            GroupKey::Customer(id) => {
                let name = names.customers.get(&id.0).and_then(|customer| customer.name.clone());
                let label = name.unwrap_or_else(|| "(forgotten)".to_owned());
                Group { label, customer_id: Some(id.0), apart: names.apart.get(&id.0).cloned(), ..blank }
            }
            GroupKey::TaxRate(rate) => {
                let rate = rate.normalize();
                Group { label: format!("{rate} %"), tax_rate: Some(rate.to_string()), ..blank }
            }
            // By these nothing is split, and they are named where they are made.
            GroupKey::Hour(_) | GroupKey::Weekday(_) => blank,
        }
    }

    /// The same without a name and without a reference: nothing explains figures of such groups.
    pub(super) fn untraced(&self, group: &SalesGroup) -> Group {
        let mut one = self.nameless(group, &[], self.about.clone());
        one.figures.reference = None;
        if let Some(before) = &mut one.before {
            before.reference = None;
        }
        one
    }

    /// The same without a name.
    fn nameless(&self, group: &SalesGroup, by: &[Option<GroupBy>], about: Reference) -> Group {
        let (shop, sales, basis) = (self.shop, &group.sales, about.selection.request.basis);
        let about = about.home(&sales.home);
        let mut figures = Figures::of(shop, &sales.home, sales, sales.own, &about);
        // Only a placed order is known to hold a product; which shipment brings its first unit is not told. No order is
        // taxed at one rate.
        let of_products = by.contains(&Some(GroupBy::Product)) || about.selection.request.is_of_products();
        // One order may hold several of a kind.
        let of_a_kind = about.selection.request.products.len() > 1;
        if by.contains(&Some(GroupBy::TaxRate)) || (of_products && basis != Basis::Booked) || of_a_kind {
            figures.count_no_orders();
        }
        if of_products {
            figures.average_order = None;
        }
        let before = |then: &Sales| {
            let about = about.of_then(group.then_from, by.last().copied().flatten());
            Before::of(shop, &sales.home, (headline(basis, &sales.own), headline(basis, &then.own)), then, &about)
        };
        let before = group.then.as_ref().map(before);
        Group {
            label: String::new(),
            from: None,
            sku: None,
            customer_id: None,
            tax_rate: None,
            hour: None,
            days: None,
            average_day: None,
            complete: None,
            figures,
            before,
            parts: vec![],
            parts_count: None,
            of_which: None,
            left_out: 0,
            apart: None,
            profit: None,
            of_profit: false,
        }
    }

    /// The first day that a group holds, the days it holds in words, and whether these are all of the period's: what the
    /// range cuts off, or is still to come, is not named.
    fn period(&self, first: NaiveDate, period: Period) -> (NaiveDate, String, bool) {
        held(first, period, self.begun, self.shop.settings.calendar.business_date(self.shop.clock.now()))
    }
}

fn held(first: NaiveDate, period: Period, begun: Days, today: NaiveDate) -> (NaiveDate, String, bool) {
    let (first, last) = period.around(first);
    let from = begun.from.map_or(first, |from| from.max(first));
    let to = begun.to.map_or(last, |to| to.min(last)).max(from);
    let whole = (from, to) == (first, last);
    let label =
        if period == Period::Month && whole { first.format("%B %Y").to_string() } else { days_in_words(from, to) };
    (from, label, whole && to < today)
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;

    use super::*;

    #[test]
    fn a_group_is_called_by_the_days_it_holds() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let days = |from, to| Days { from: Some(day(from)), to: Some(day(to)) };
        let (week, today) = (Period::Week(Weekday::Mon), day("2026-12-24"));
        for (first, period, range, from, label, complete) in [
            ("2026-10-26", week, days("2026-10-29", "2026-11-04"), "2026-10-29", "29 Oct – 1 Nov 2026", false),
            ("2026-11-02", week, days("2026-10-29", "2026-11-04"), "2026-11-02", "2–4 Nov 2026", false),
            ("2026-10-26", week, days("2026-10-26", "2026-11-01"), "2026-10-26", "26 Oct – 1 Nov 2026", true),
            ("2026-10-26", week, Days::default(), "2026-10-26", "26 Oct – 1 Nov 2026", true),
            ("2026-10-01", Period::Month, days("2026-10-29", "2026-11-30"), "2026-10-29", "29–31 Oct 2026", false),
            ("2026-11-01", Period::Month, days("2026-10-29", "2026-11-30"), "2026-11-01", "November 2026", true),
            ("2026-11-04", Period::Day, days("2026-10-29", "2026-11-04"), "2026-11-04", "4 Nov 2026", true),
            ("2026-12-24", Period::Day, days("2026-10-29", "2026-12-24"), "2026-12-24", "24 Dec 2026", false),
        ] {
            assert_eq!(held(day(first), period, range, today), (day(from), label.to_owned(), complete), "{label}");
        }
    }
}
