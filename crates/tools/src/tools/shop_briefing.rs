//! shop.briefing: the state of the shop today, in one short answer.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Days as Span, NaiveDate, Utc};
use orderlog_domain::order::{PaymentStatus, Status};
use orderlog_projections::{
    daily_sales::{self, Sales, SalesRequest},
    order_summary,
    pending_orders::{self, Filter, OpenOrder, PendingOrders, Scope},
    stock,
};
use orderlog_read_models::{Days, Freshness, PAGE_LIMIT, PageRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::orders_get_pending::the_orders;
use crate::{
    answer::{Short, Told},
    counts::{self, counted},
    echo::cut,
    failure::Failure,
    principal::Caller,
    query::{customers_named, known},
    sentences::{all_of, plural},
    shop::OpenShop,
    tool::Tool,
    views::sums,
    waiting::Waiting,
};

/// Orders and products that are named.
const NAMED: u32 = 3;
/// Characters of a name.
const NAME_CHARACTERS: usize = 30;
/// Days after which owed money is reported separately.
const OWED_LONG_DAYS: u64 = 7;

/// The shop at a glance: revenue today, yesterday and on the same weekday; what waits longest and why; holds, unpaid,
/// low stock, money to pay back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// Today, yesterday, the same weekday a week ago.
    sales: Vec<String>,
    /// Orders that owe goods, by status.
    pending: BTreeMap<String, i64>,
    /// The oldest of them, with why they wait.
    waiting: Vec<String>,
    on_hold: i64,
    /// Orders that owe money, by age.
    unpaid: Vec<String>,
    /// Products that run low.
    running_low: Vec<String>,
    /// Orders for which more came in than is due.
    to_pay_back: Vec<String>,
    /// The moment of the log that is shown.
    position: i64,
    text: String,
}

impl Told for Output {
    fn short(self) -> Short {
        let listed = |list: &[String], none: &str| if list.is_empty() { none.to_owned() } else { list.join("; ") };
        let waiting = format!("Oldest waiting: {}", listed(&self.waiting, "none"));
        let unpaid = format!("Unpaid: {}", listed(&self.unpaid, "none"));
        let low = format!("Running low: {}", listed(&self.running_low, "nothing"));
        let back = format!("To pay back: {}", listed(&self.to_pay_back, "nothing"));
        Short::of(self.text)
            .said("sales", self.sales)
            .said("pending", serde_json::to_value(self.pending).unwrap_or_default())
            .worded("waiting", self.waiting, waiting)
            .said("on_hold", self.on_hold)
            .worded("unpaid", self.unpaid, unpaid)
            .worded("running_low", self.running_low, low)
            .worded("to_pay_back", self.to_pay_back, back)
            .fact("position", self.position)
    }
}

pub(super) fn tool() -> Tool {
    Tool::query("shop.briefing", "How the shop stands", |shop, Input {}, _: Caller| run(shop))
}

async fn run(shop: Arc<OpenShop>) -> Result<Output, Failure> {
    let (now, fresh) = (shop.clock.now(), shop.moments.fresh().await?);
    let today = shop.settings.calendar.business_date(now);
    let before = |days: u64| today.checked_sub_days(Span::new(days)).unwrap_or(today);
    let mut sales = vec![];
    for (what, day) in [("Today so far", today), ("yesterday", before(1)), ("the same weekday a week ago", before(7))] {
        sales.push(format!("{what} ({}) {}", day.format("%a %-d %b"), sold(&shop, day, fresh).await?));
    }
    let open = async |scope: Scope, placed: Days, limit: u32| -> Result<PendingOrders, Failure> {
        let filter = Filter { scope, placed, at: now, ..Filter::default() };
        Ok(pending_orders::pending_orders(&shop.projections, &filter, PageRequest::first(limit), fresh).await?.found)
    };
    let all = Days::default();
    let owing = open(Scope::Pending, all, NAMED).await?;
    let on_hold = open(Scope::OnHold, all, 1).await?.total_count;
    // The last 7 days include today.
    let lately = Days { from: Some(before(OWED_LONG_DAYS - 1)), to: None };
    let long = Days { from: None, to: Some(before(OWED_LONG_DAYS)) };
    let mut unpaid = vec![];
    for (age, days) in [("of the last 7 days", lately), ("older", long)] {
        let orders = open(Scope::Unpaid, days, 1).await?;
        if orders.total_count > 0 {
            let due = sums(&shop, orders.counts.iter().map(|count| (count.currency.as_str(), count.due)));
            let due: Vec<&str> = due.iter().map(|sum| sum.in_words.as_str()).collect();
            unpaid.push(format!("{} {age}, {}", plural(orders.total_count, "order"), all_of(&due)));
        }
    }
    let waiting = waiting(&shop, &owing.orders, today, now, fresh).await?;
    let low = stock::low_stock(&shop.projections, None, PageRequest::first(NAMED), fresh).await?;
    let mut running_low: Vec<String> = low
        .found
        .products
        .iter()
        .map(|low| format!("{} ({})", cut(&low.name, NAME_CHARACTERS), left(low.available())))
        .collect();
    more(&mut running_low, low.found.total_count);
    let mut pending: BTreeMap<String, i64> = BTreeMap::new();
    for count in &owing.counts {
        *pending.entry(count.status.replace('_', " ")).or_default() += count.orders;
    }
    let counts = counted(owing.counts.iter().map(|count| (count.status.as_str(), count.orders)));
    let statuses = if counts.is_empty() { String::new() } else { counts::in_words(&counts, Status::Pending.name()) };
    let verb = if owing.total_count <= 1 { "is" } else { "are" };
    let held = if on_hold == 0 { "none is" } else { &format!("{on_hold} {}", if on_hold == 1 { "is" } else { "are" }) };
    let text = format!(
        "{}. {} {verb} pending{statuses}; {held} on hold.",
        sales.join(", "),
        if owing.total_count == 0 { "No order".to_owned() } else { plural(owing.total_count, "order") },
    );
    let to_pay_back = to_pay_back(&shop, fresh).await?;
    Ok(Output { sales, pending, waiting, on_hold, unpaid, running_low, to_pay_back, position: low.position.0, text })
}

/// `₹45,000 with 3 orders placed`: those that were taken back are in the money and not in the count.
async fn sold(shop: &OpenShop, day: NaiveDate, fresh: Freshness) -> Result<String, Failure> {
    let request = SalesRequest { days: Days::between(day, day), ..SalesRequest::default() };
    let report = daily_sales::daily_sales(&shop.projections, request, PageRequest::first(1), fresh).await?.found;
    let orders: i64 = report.totals.iter().map(|sales| sales.placed).sum();
    let home: Vec<Sales> = report.totals.into_iter().map(Sales::in_home).collect();
    let revenue = sums(shop, home.iter().map(|sales| (sales.currency.as_str(), sales.revenue())));
    let revenue: Vec<&str> = revenue.iter().map(|sum| sum.in_words.as_str()).collect();
    let nothing = shop.wording.amount(0, shop.settings.currency);
    let revenue = if revenue.is_empty() { nothing } else { all_of(&revenue) };
    Ok(format!("{revenue} with {} placed", plural(orders, "order")))
}

/// `#1001 Asha Rao, 3 days: not confirmed, unpaid`
async fn waiting(
    shop: &OpenShop,
    rows: &[OpenOrder],
    today: NaiveDate,
    now: DateTime<Utc>,
    fresh: Freshness,
) -> Result<Vec<String>, Failure> {
    let people = customers_named(shop, rows.iter().map(|row| row.customer_id), fresh).await?;
    let orders = the_orders(shop, rows, None, fresh).await?;
    let waiting = Waiting::of(shop, orders.values(), now, None, fresh).await?;
    let line = |row: &OpenOrder| {
        let days = row.placed_on.parse().map_or(0, |placed: NaiveDate| (today - placed).num_days());
        let since = if days == 0 { "since today".to_owned() } else { plural(days, "day") };
        let why = orders.get(&row.order_id).and_then(|order| waiting.why(order));
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let known = known(&people, row.customer_id);
        format!("#{} {}, {since}{why}", row.order_id, cut(&known.called(), NAME_CHARACTERS))
    };
    Ok(rows.iter().map(line).collect())
}

/// `#1001 (₹250)`
async fn to_pay_back(shop: &OpenShop, fresh: Freshness) -> Result<Vec<String>, Failure> {
    let overpaid = vec![PaymentStatus::Overpaid];
    let filter = order_summary::Filter { payment_statuses: overpaid, ..order_summary::Filter::default() };
    let page = PageRequest::first(PAGE_LIMIT);
    let found = order_summary::order_summaries(&shop.projections, &filter, page, fresh).await?.found;
    let owed = |order: &order_summary::OrderSummary| order.the_order.0.due().saturating_neg();
    let amount = |order: &order_summary::OrderSummary| {
        order.currency.parse().map(|currency| shop.wording.amount(owed(order), currency)).unwrap_or_default()
    };
    let first = found.orders.iter().take(NAMED as usize);
    let mut named: Vec<String> = first.map(|order| format!("#{} ({})", order.order_id, amount(order))).collect();
    more(&mut named, found.total_count);
    // The sum of all of it, if there is more than one order and all of them were read.
    if found.orders.len() > 1 && i64::try_from(found.orders.len()) == Ok(found.total_count) {
        let all = sums(shop, found.orders.iter().map(|order| (order.currency.as_str(), owed(order))));
        let all: Vec<&str> = all.iter().map(|sum| sum.in_words.as_str()).collect();
        named.push(format!("{} in all", all_of(&all)));
    }
    Ok(named)
}

/// `3 left`, `6 too few`: the second if more was promised than is there.
fn left(available: i64) -> String {
    if available < 0 { format!("{} too few", -available) } else { format!("{available} left") }
}

/// Says how many more there are than are named.
fn more(named: &mut Vec<String>, all: i64) {
    let rest = all - i64::try_from(named.len()).unwrap_or(i64::MAX);
    if rest > 0 {
        named.push(format!("and {rest} more"));
    }
}
