//! Customers by what they ordered: who ordered yesterday, who bought the blue mug, who has not ordered for three months.

use std::collections::HashMap;

use chrono::NaiveDate;
use orderlog_domain::{format::day_in_words, ids::CustomerId, rejection::Rejection};
use orderlog_projections::{
    customers,
    order_summary::{self, Buyers, Buying},
};
use orderlog_read_models::{Answer, Freshness, Matched, PAGE_LIMIT, PageRequest};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    echo::shown,
    failure::Failure,
    no_order::unordered_since,
    query::{Read, customers_named, known, read_filters},
    sentences::{self, ranges},
    shop::OpenShop,
    table::Row,
    views::{CustomerView, MoneySum, short::formatted, sums},
};

/// Customers whom a text may name beside what they ordered.
const NAMED: i64 = 5_000;

/// What is asked about orders of customers.
pub(super) struct Asked<'a> {
    pub(super) text: Option<&'a str>,
    pub(super) product: Option<&'a str>,
    pub(super) date_range: Option<&'a str>,
    pub(super) no_order_for: Option<&'a str>,
    /// Only whose first order it was.
    pub(super) new: bool,
}

/// What a customer ordered, as far as it was asked for.
#[derive(Debug, Serialize)]
pub(super) struct Bought {
    /// Orders that were not cancelled whole.
    orders: i64,
    /// What they come to, by currency.
    worth: Vec<MoneySum>,
    /// The number of the last of them.
    last_order: i64,
    /// Its day.
    last_on: String,
}

/// Who was found, with what each ordered.
pub(super) struct Found {
    pub(super) customers: Vec<(CustomerView, Bought)>,
    pub(super) text: String,
    pub(super) read: Read,
}

impl Bought {
    pub(super) fn in_row(self, row: Row) -> Row {
        let worth: Vec<&str> = self.worth.iter().map(|sum| sum.total.formatted.as_str()).collect();
        let row = row.cell("orders", self.orders).cell("worth", worth.join(" + "));
        let row = row.cell("last_on", self.last_on).json("last_order", self.last_order);
        if self.worth.len() > 1 { row.json("worth_each", formatted(self.worth)) } else { row }
    }
}

impl Asked<'_> {
    /// Whether more is asked than a name or an address.
    pub(super) fn is_about_orders(&self) -> bool {
        let mut texts = [self.product, self.date_range, self.no_order_for].into_iter().flatten();
        self.new || texts.any(|text| !text.trim().is_empty())
    }

    /// The customers of a page, and what every page comes to.
    pub(super) async fn find(&self, shop: &OpenShop, page: PageRequest) -> Result<(Answer<Buyers>, Found), Failure> {
        let read = read_filters(shop, self.date_range, None, self.product).await?;
        if self.new && read.days().from.is_none() {
            let message = "new is about days: it finds those who ordered then for the first time.";
            return Err(Rejection::invalid("new", message).hint("Give date_range too, such as \"this month\".").into());
        }
        let not_since = self.no_order_for.map(|text| unordered_since(shop, text)).transpose()?;
        let fresh = shop.moments.fresh().await?;
        let among = match self.text {
            Some(text) => Some(named(shop, text, fresh).await?),
            None => None,
        };
        let buying = Buying {
            placed: read.days(),
            products: read.products.clone(),
            not_since,
            for_the_first_time: self.new,
            among,
        };
        let answer = order_summary::buyers(&shop.projections, &buying, page, fresh).await?;
        let names = customers_named(shop, answer.found.buyers.iter().map(|buyer| buyer.customer_id), fresh).await?;
        let mut worth: HashMap<Uuid, Vec<(&str, i64)>> = HashMap::new();
        for (customer, currency, total) in &answer.found.worth {
            worth.entry(*customer).or_default().push((currency, *total));
        }
        let customers = answer.found.buyers.iter().map(|buyer| {
            let bought = Bought {
                orders: buyer.orders,
                worth: sums(shop, worth.get(&buyer.customer_id).into_iter().flatten().copied()),
                last_order: buyer.last_order,
                last_on: buyer.last_on.clone(),
            };
            (known(&names, buyer.customer_id), bought)
        });
        let customers: Vec<_> = customers.collect();
        let first = customers.first().map(|(customer, _)| customer.clone().called());
        let text = self.in_words(&read, not_since, answer.found.total_count, first.as_deref());
        Ok((answer, Found { customers, text, read }))
    }

    /// `12 customers ordered Blue mug within 9–15 Nov 2026 (last week).`, `3 customers ordered before, but nothing since 22 Aug
    /// 2026.`
    fn in_words(&self, read: &Read, not_since: Option<NaiveDate>, count: i64, first: Option<&str>) -> String {
        let what = read.called.as_deref().map(|called| format!(" {called}")).unwrap_or_default();
        let when = match &read.range {
            Some(range) if range.from.is_some() || range.to.is_some() => format!(" {}", ranges::on(range)),
            _ if not_since.is_some() => " before".to_owned(),
            _ => String::new(),
        };
        let days = read.range.as_ref().map_or("", ranges::whole_days);
        let not = not_since.map(|day| format!(", but nothing since {}", day_in_words(day))).unwrap_or_default();
        let whose = self.text.map(|text| format!(" with `{}`", shown(text))).unwrap_or_default();
        let who = match (count, first) {
            (0, _) => format!("No customer{whose}"),
            (1, Some(name)) => name.to_owned(),
            (n, _) => format!("{}{whose}", sentences::plural(n, "customer")),
        };
        let first = if self.new { " for the first time" } else { "" };
        format!("{who} ordered{what}{first}{when}{not}.{days}")
    }
}

/// Customers with all words of a text in their particulars.
async fn named(shop: &OpenShop, text: &str, fresh: Freshness) -> Result<Vec<CustomerId>, Failure> {
    if let Ok(id) = text.trim().parse() {
        return Ok(vec![CustomerId(id)]);
    }
    let (mut page, mut found) = (PageRequest::first(PAGE_LIMIT), vec![]);
    loop {
        let answer = customers::customers(&shop.projections, Some(text), page, fresh).await?.found;
        if answer.how > Matched::Prefix {
            return Ok(vec![]);
        }
        if answer.total_count > NAMED {
            let message = format!("{} have that.", sentences::plural(answer.total_count, "customer"));
            return Err(Rejection::invalid("text", message).hint("Give more words.").into());
        }
        found.extend(answer.customers.iter().map(|customer| CustomerId(customer.customer_id)));
        page.cursor = answer.next;
        if page.cursor.is_none() {
            return Ok(found);
        }
    }
}
