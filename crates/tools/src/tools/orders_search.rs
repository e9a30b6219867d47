//! orders.search: orders by number, text, status, customer, product, any of their days, and total.

mod beside;
mod said;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use orderlog_domain::{
    format::MoneyOut,
    ids::CustomerId,
    money::parse_amount,
    order::{PaymentStatus, Status},
    rejection::Rejection,
};
use orderlog_projections::{
    customers::{self, Customer},
    order_summary::{self, Filter, OrderSummary, Sort, Sum},
};
use orderlog_read_models::{Days, Found, Matched, PageRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    answer::{Short, Told},
    arguments::amounts::digits_of,
    by_day::ByDay,
    counts::{Count, counted},
    facts::amount,
    failure::Failure,
    permit::are_particulars_hidden,
    query::{Frame, Paging, customers_named, known, read_filters},
    shop::OpenShop,
    table::{self, Table},
    tool::Tool,
    views::{CustomerView, MoneySum, short::formatted, sums},
    waiting::Waiting,
};

/// Customers a text may stand for.
const TEXT_CUSTOMERS: u32 = 50;

/// Find orders, newest first. Everything given must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// An order's number here or elsewhere, a tracking number, or words of a product, customer, carrier or note.
    #[serde(default)]
    #[schemars(length(max = 254))]
    text: Option<String>,
    /// Any of these statuses.
    #[serde(default)]
    #[schemars(length(max = 8))]
    status: Vec<Status>,
    /// Any of these payment statuses.
    #[serde(default)]
    #[schemars(length(max = 6))]
    payment_status: Vec<PaymentStatus>,
    /// E-mail address, name or id.
    #[serde(default)]
    #[schemars(length(min = 1, max = 254))]
    customer: Option<String>,
    /// SKU or name.
    #[serde(default)]
    #[schemars(length(min = 1, max = 254))]
    product: Option<String>,
    /// Such as "last week".
    #[serde(default)]
    #[schemars(length(max = 100))]
    date_range: Option<String>,
    /// Only those longer ago, such as "10 days".
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    older_than: Option<String>,
    /// The day that both are about; placed when left out. With shipped or delivered it is said how long orders took.
    #[serde(default)]
    by: Option<ByDay>,
    /// What rows show too.
    #[serde(default)]
    #[schemars(length(max = 2))]
    with: Vec<With>,
    /// Least total, in the order's currency.
    #[serde(default)]
    #[schemars(length(max = 40))]
    min_total: Option<String>,
    /// Greatest total, likewise.
    #[serde(default)]
    #[schemars(length(max = 40))]
    max_total: Option<String>,
    /// Order of the list; newest first when left out.
    #[serde(default)]
    sort: Option<SortInput>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SortInput {
    Newest,
    Oldest,
    Largest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum With {
    Lines,
    Address,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// One page.
    orders: Vec<Row>,
    /// Orders over all pages.
    total_count: i64,
    /// Orders over all pages, by status.
    counts: Vec<Count>,
    /// What they come to over all pages, by currency.
    totals: Vec<MoneySum>,
    #[serde(flatten)]
    frame: Frame,
    #[serde(skip)]
    by: ByDay,
    #[serde(skip)]
    with: Vec<With>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Row {
    order_id: i64,
    placed_on: String,
    customer: CustomerView,
    status: String,
    payment_status: String,
    on_hold: bool,
    backordered: bool,
    units: i64,
    /// The last of the days asked for on which that was done which `by` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    done_on: Option<String>,
    /// What is in it.
    products: String,
    /// Since it was placed, while it owes goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<i64>,
    /// What it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    total: MoneyOut,
    /// What a cancelled order came to before.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled: Option<MoneyOut>,
    captured: MoneyOut,
    due: MoneyOut,
    refunded: MoneyOut,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let rows: Table = self.orders.into_iter().map(|row| row.in_short(self.by, &self.with)).collect();
        let short = self.frame.open().table("orders", rows, self.total_count);
        let counts = serde_json::to_value(&self.counts).unwrap_or_default();
        self.frame.close(short.said("counts", counts).said("totals", formatted(self.totals)))
    }
}

pub(super) fn tool() -> Tool {
    Tool::listing("orders.search", "Search orders", run)
}

async fn run(shop: Arc<OpenShop>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let mut read =
        read_filters(&shop, input.date_range.as_deref(), input.customer.as_deref(), input.product.as_deref()).await?;
    read.by = input.by.unwrap_or_default();
    if let Some(text) = &input.older_than {
        read.keep_older(&shop, text, shop.clock.now())?;
    }
    let fresh = shop.moments.fresh().await?;
    let mut said = vec![];
    let mut amount = |field: &str, text: &Option<String>| {
        let parse = |text: &String| {
            parse_amount(text, shop.settings.currency).or_else(|error| {
                let digits = digits_of(text).ok_or_else(|| error.clone())?;
                said.push(format!("{field} {text} was read as {digits}"));
                parse_amount(&digits, shop.settings.currency)
            })
        };
        text.as_ref().map(parse).transpose().map_err(|error| Rejection::invalid(field, format!("{error}.")))
    };
    let (min_total, max_total) = (amount("min_total", &input.min_total)?, amount("max_total", &input.max_total)?);
    if min_total.zip(max_total).is_some_and(|(least, most)| least > most) {
        let message = "min_total is more than max_total: no order can have both.";
        return Err(Rejection::invalid("min_total", message).hint("Exchange them, or leave one out.").into());
    }
    read.interpretation.names.extend(said);
    let searched = input.text.as_deref().filter(|text| !text.trim().is_empty());
    // Whoever may not see names cannot find orders by a part of one.
    let called = match searched.filter(|_| !are_particulars_hidden()) {
        Some(text) => customers::find_customers(&shop.projections, text, TEXT_CUSTOMERS, fresh).await?.found,
        None => Found::nothing(),
    };
    let (sure, alike) = if called.how <= Matched::Prefix { (called.items, vec![]) } else { (vec![], called.items) };
    let act = read.by.act();
    let ids = |customers: &[Customer]| customers.iter().map(|customer| CustomerId(customer.customer_id)).collect();
    let mut filter = Filter {
        or_customers: ids(&sure),
        statuses: input.status,
        payment_statuses: input.payment_status,
        customer: read.customer,
        products: read.products.clone(),
        placed: if act.is_none() { read.days() } else { Days::default() },
        placed_before: read.placed_before,
        acted: act.map(|act| (act, read.days())),
        or_orders: vec![],
        among_customers: vec![],
        min_total,
        max_total,
        sort: match input.sort {
            Some(SortInput::Oldest) => Sort::Oldest,
            Some(SortInput::Largest) => Sort::Largest,
            Some(SortInput::Newest) | None => Sort::Newest,
        },
        text: searched.map(str::to_owned),
    };
    let page = paging.request()?;
    let mut answer = order_summary::order_summaries(&shop.projections, &filter, page, fresh).await?;
    if answer.found.total_count == 0
        && let Some(text) = searched
    {
        let exactly = filter.clone();
        if let Some(reading) = beside::look(&shop, text, &mut filter, fresh).await? {
            answer = order_summary::order_summaries(&shop.projections, &filter, page, fresh).await?;
            read.interpretation.names.extend((answer.found.total_count > 0 || alike.is_empty()).then_some(reading));
        }
        if answer.found.total_count == 0 && !alike.is_empty() {
            read.interpretation.names.push(said::reading(text, &alike));
            filter = Filter { or_customers: ids(&alike), ..exactly };
            answer = order_summary::order_summaries(&shop.projections, &filter, page, fresh).await?;
        }
    }
    let customers = customers_named(&shop, answer.found.orders.iter().map(|row| row.customer_id), fresh).await?;
    let by_currency = by_currency(&answer.found.sums);
    let totals = sums(&shop, by_currency.iter().map(|(currency, total)| (currency.as_str(), *total)));
    let counts = counted(answer.found.sums.iter().map(|sum| (sum.status.as_str(), sum.orders)));
    let now = shop.clock.now();
    let waiting = Waiting::of(&shop, answer.found.orders.iter().map(|row| &row.the_order.0), now, None, fresh).await?;
    let rows = answer.found.orders.iter();
    let rows = rows.map(|row| {
        let mut told = Row::of(&shop, row, known(&customers, row.customer_id), &waiting, now);
        told.done_on = answer.found.acted_on.get(&row.order_id).cloned();
        if input.with.contains(&With::Lines) {
            told.products = waiting.all_products(&row.the_order.0);
        }
        told
    });
    let rows = rows.collect();
    let total_count = answer.found.total_count;
    // How many of those shipped last week were placed last week, too.
    let then = match act.is_some() && read.range.is_some() && answer.found.total_count > 0 {
        true => {
            let placed = Filter { placed: read.days(), ..filter.clone() };
            let first = PageRequest::first(1);
            Some(order_summary::order_summaries(&shop.projections, &placed, first, fresh).await?.found.total_count)
        }
        false => None,
    };
    // What some of them took says nothing of all.
    let took = match act {
        Some(act) if filter == (Filter { acted: filter.acted, sort: filter.sort, ..Filter::default() }) => {
            let times = order_summary::times_until(&shop.projections, act, read.days(), fresh).await?;
            said::took(act, &times)
        }
        _ => String::new(),
    };
    let was = said::lost(&shop, &answer.found.orders, total_count);
    let mut text = said::text(total_count, &read, &counts, &totals, was.as_deref());
    text.push_str(&then.map(|then| said::placed_then(then, total_count)).unwrap_or_default());
    text.push_str(&took);
    let owes_nothing = |count: &Count| count.status == Status::Cancelled.name() && count.orders < total_count;
    if filter.payment_statuses.contains(&PaymentStatus::Unpaid) && counts.iter().any(owes_nothing) {
        text.push_str(" Nothing is due for the cancelled ones: orders_get_pending with scope unpaid leaves them out.");
    }
    let (by, with) = (read.by, input.with);
    let frame = Frame::of(&answer, answer.found.next, read.interpretation, text);
    Ok(Output { orders: rows, total_count, counts, totals, frame, by, with })
}

/// What the orders of each currency come to.
fn by_currency(sums: &[Sum]) -> BTreeMap<String, i64> {
    let mut totals = BTreeMap::new();
    sums.iter().for_each(|sum| *totals.entry(sum.currency.clone()).or_default() += sum.total);
    totals
}

impl Row {
    fn in_short(self, by: ByDay, with: &[With]) -> table::Row {
        let part = self.due.minor > 0 && self.due.minor != self.total.minor;
        let row = table::Row::default().cell("order_id", self.order_id).cell("placed_on", self.placed_on);
        let row = if by == ByDay::Placed { row } else { row.some(by.column(), self.done_on) };
        let address = with.contains(&With::Address).then(|| self.customer.ship_to());
        let row = row.cell("customer", self.customer.called());
        let row = if let Some(address) = address { row.text("address", address) } else { row };
        let row = row
            .cell("status", self.status)
            .json_flag("on_hold", self.on_hold)
            .json_flag("backordered", self.backordered)
            .cell("payment_status", self.payment_status);
        let row = row.text("products", self.products);
        let row = row.some("days", self.days).some_text("why", self.why).cell("total", amount(self.total));
        let row = if part { row.aside("due", amount(self.due)) } else { row };
        let row = self.cancelled.into_iter().fold(row, |row, was| row.aside("cancelled", amount(was)));
        if self.refunded.minor > 0 { row.aside("refunded", amount(self.refunded)) } else { row }
    }

    fn of(shop: &OpenShop, row: &OrderSummary, customer: CustomerView, waiting: &Waiting, now: DateTime<Utc>) -> Row {
        let order = &row.the_order.0;
        let money = |minor| shop.wording.money_in(minor, &row.currency);
        Row {
            order_id: row.order_id,
            placed_on: row.placed_on.clone(),
            customer,
            status: row.status.clone(),
            payment_status: row.payment_status.clone(),
            on_hold: row.held_until > now.timestamp_millis(),
            backordered: row.backordered,
            units: row.units,
            done_on: None,
            products: waiting.products(order),
            days: waiting.days(order),
            why: waiting.days(order).and_then(|_| waiting.why(order)),
            total: money(row.total),
            cancelled: (order.status() == Status::Cancelled).then(|| money(order.totals.total)),
            captured: money(order.received()),
            due: money(order.due()),
            refunded: money(order.paid_back()),
        }
    }
}
