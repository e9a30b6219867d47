//! orders.get_pending: orders about which something is open.

use std::{collections::HashMap, sync::Arc};

use orderlog_domain::{
    ids::{OrderId, Position},
    order::Order,
};
use orderlog_projections::pending_orders::{self, Filter, OpenOrder, PendingOrders, Scope, Sort};
use orderlog_read_models::Freshness;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    answer::{Short, Told},
    counts::{Count, counted, in_words},
    failure::Failure,
    history,
    late::Late,
    query::{Frame, Paging, Read, customers_named, known, read_filters},
    sentences::{self, ranges},
    shop::OpenShop,
    table::{self, Table},
    tool::Tool,
    views::{CustomerView, MoneySum, short::formatted, sums},
    waiting::Waiting,
};

/// Orders that still owe goods (pending, confirmed, processing, partially shipped; held ones included), or that are open
/// in another way. Filtered by the day they were placed; status as of now or as_of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// When placed, such as "last week", "since Monday" or "2026-11-01..2026-11-15"; all when left out.
    #[serde(default)]
    #[schemars(length(max = 100))]
    date_range: Option<String>,
    /// Only those that have waited longer, such as "10 days".
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    older_than: Option<String>,
    /// What is open about them; pending when left out.
    #[serde(default)]
    scope: Option<ScopeInput>,
    /// Only this customer's: e-mail, name or id.
    #[serde(default)]
    #[schemars(length(min = 1, max = 254))]
    customer: Option<String>,
    /// Only with this product: SKU or name.
    #[serde(default)]
    #[schemars(length(min = 1, max = 254))]
    product: Option<String>,
    /// Order of the list; oldest first when left out.
    #[serde(default)]
    sort: Option<SortInput>,
    /// A time (RFC 3339), a day (its end) or a log position.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    as_of: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ScopeInput {
    /// still owes goods.
    Pending,
    /// nobody accepted it yet.
    Unconfirmed,
    /// money is still owed.
    Unpaid,
    /// nothing may ship.
    OnHold,
    /// a unit waits for stock.
    Backordered,
    /// waits longer than 9 of 10 did.
    Late,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SortInput {
    Oldest,
    Newest,
    Largest,
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
    /// Units that have not left.
    units_owed: i64,
    /// What is in it.
    products: String,
    /// Since it was placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<i64>,
    /// What it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    total: orderlog_domain::format::MoneyOut,
    due: orderlog_domain::format::MoneyOut,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let rows: Table = self.orders.into_iter().map(Row::in_short).collect();
        let short = self.frame.open().table("orders", rows, self.total_count);
        let counts = serde_json::to_value(&self.counts).unwrap_or_default();
        let short = short.lines(self.frame.reading());
        self.frame.close(short.said("counts", counts).said("totals", formatted(self.totals)))
    }
}

pub(super) fn tool() -> Tool {
    Tool::listing("orders.get_pending", "Pending orders", run)
}

async fn run(shop: Arc<OpenShop>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let mut read =
        read_filters(&shop, input.date_range.as_deref(), input.customer.as_deref(), input.product.as_deref()).await?;
    let mut scope = input.scope.unwrap_or(ScopeInput::Pending);
    let as_of = match &input.as_of {
        Some(text) => Some(shop.moments.as_of(text).await?),
        None => None,
    };
    let page = paging.request()?;
    // A phrase such as "today" keeps the meaning that it had on the first page.
    let position = as_of.map(|as_of| page.cursor.map_or(as_of.position, |cursor| cursor.pinned));
    read.interpretation.as_of_position = position.map(|position| position.0);
    let at = as_of.map_or_else(|| shop.clock.now(), |as_of| as_of.at);
    if let Some(text) = &input.older_than {
        read.keep_older(&shop, text, at)?;
    }
    let fresh = shop.moments.fresh().await?;
    read.interpretation.reading = Some(match scope {
        ScopeInput::Late => {
            let late = Late::of(&shop, shop.settings.calendar.business_date(at), fresh).await?;
            match late.before() {
                Some(before) => read.before = Some(read.before.map_or(before, |given| given.min(before))),
                // No order may be called late.
                None => scope = ScopeInput::Pending,
            }
            late.in_words()
        }
        _ => reading(scope, as_of.is_some()),
    });
    let filter = Filter {
        scope: match scope {
            ScopeInput::Pending | ScopeInput::Late => Scope::Pending,
            ScopeInput::Unconfirmed => Scope::Unconfirmed,
            ScopeInput::Unpaid => Scope::Unpaid,
            ScopeInput::OnHold => Scope::OnHold,
            ScopeInput::Backordered => Scope::Backordered,
        },
        placed: read.days(),
        placed_before: read.placed_before,
        customer: read.customer,
        products: read.products.clone(),
        sort: match input.sort {
            Some(SortInput::Newest) => Sort::Newest,
            Some(SortInput::Largest) => Sort::Largest,
            Some(SortInput::Oldest) | None => Sort::Oldest,
        },
        as_of: position,
        at,
    };
    let mut answer = pending_orders::pending_orders(&shop.projections, &filter, page, fresh).await?;
    let customers = customers_named(&shop, answer.found.orders.iter().map(|row| row.customer_id), fresh).await?;
    let counts = counts(&answer.found);
    let totals = sums(&shop, answer.found.counts.iter().map(|count| (count.currency.as_str(), count.total)));
    let then = as_of.map(|as_of| as_of.in_words(shop.settings.calendar.timezone));
    let unpaid = match scope {
        ScopeInput::Unpaid => sums(&shop, answer.found.counts.iter().map(|count| (count.currency.as_str(), count.due))),
        _ => vec![],
    };
    let text = text(scope, &read, then.as_deref(), &answer.found, &counts, (&totals, &unpaid));
    let then = position.or(page.cursor.map(|cursor| cursor.pinned));
    let orders = the_orders(&shop, &answer.found.orders, then, fresh).await?;
    let waiting = Waiting::of(&shop, orders.values(), filter.at, then, fresh).await?;
    let row = |row: OpenOrder| {
        let order = orders.get(&row.order_id).map(|order| (&waiting, order));
        let customer = known(&customers, row.customer_id);
        Row::of(&shop, row, customer, order)
    };
    let rows = std::mem::take(&mut answer.found.orders).into_iter().map(row).collect();
    let (next, total_count) = (answer.found.next, answer.found.total_count);
    let frame = Frame::of(&answer, next, std::mem::take(&mut read.interpretation), text);
    Ok(Output { orders: rows, total_count, counts, totals, frame })
}

/// The orders of a page themselves: as they stand, or as they stood right after `then`.
pub(super) async fn the_orders(
    shop: &OpenShop,
    rows: &[OpenOrder],
    then: Option<Position>,
    fresh: Freshness,
) -> Result<HashMap<i64, Order>, Failure> {
    let numbers = rows.iter().map(|row| OrderId(row.order_id));
    let Some(then) = then else {
        let numbers: Vec<OrderId> = numbers.collect();
        let found = pending_orders::orders_by_numbers(&shop.projections, &numbers, fresh).await?.found;
        return Ok(found.into_iter().map(|order| (order.id.0, order)).collect());
    };
    let mut orders = HashMap::new();
    for id in numbers {
        let events = history::events_of(&shop.log, id, Some(then)).await?;
        orders.extend(history::fold(id, &events).map(|order| (id.0, order)));
    }
    Ok(orders)
}

impl Row {
    fn in_short(self) -> table::Row {
        let unpaid = self.due.minor > 0;
        table::Row::default()
            .cell("order_id", self.order_id)
            .cell("customer", self.customer.called())
            .json("status", self.status)
            .json_some("payment_status", Some(self.payment_status).filter(|_| unpaid))
            .json_flag("on_hold", self.on_hold)
            .json_flag("backordered", self.backordered)
            .some("days", self.days)
            .text("products", self.products)
            .some_text("why", self.why)
            .some("due", unpaid.then_some(self.due.formatted))
    }

    fn of(shop: &OpenShop, row: OpenOrder, customer: CustomerView, order: Option<(&Waiting, &Order)>) -> Row {
        Row {
            order_id: row.order_id,
            placed_on: row.placed_on,
            customer,
            status: row.status,
            payment_status: row.payment_status,
            on_hold: row.on_hold,
            backordered: row.backordered,
            units_owed: row.units_owed,
            products: order.map(|(waiting, order)| waiting.products(order)).unwrap_or_default(),
            // An order that waits for money also counts the days since delivery.
            days: order.map(|(waiting, order)| waiting.age(order)),
            why: order.and_then(|(waiting, order)| waiting.why(order)),
            total: shop.wording.money_in(row.total, &row.currency),
            due: shop.wording.money_in(row.due, &row.currency),
        }
    }
}

/// Per status over all currencies.
fn counts(found: &PendingOrders) -> Vec<Count> {
    counted(found.counts.iter().map(|count| (count.status.as_str(), count.orders)))
}

fn reading(scope: ScopeInput, then: bool) -> String {
    let when = if then { "then" } else { "now" };
    let what = match scope {
        ScopeInput::Pending | ScopeInput::Late => "pending: orders placed in the range that still owe goods as of",
        ScopeInput::Unconfirmed => "unconfirmed: orders placed in the range that nobody accepted as of",
        ScopeInput::Unpaid => "unpaid: orders placed in the range for which money is still owed as of",
        ScopeInput::OnHold => "on_hold: orders placed in the range that may not ship as of",
        ScopeInput::Backordered => "backordered: orders placed in the range of which a unit waits for stock as of",
    };
    let held = if matches!(scope, ScopeInput::Pending) { ", held ones included" } else { "" };
    format!("{what} {when}{held}")
}

/// `There are 12 pending orders from last week (9–15 Nov 2026): 5 pending, 7 confirmed, worth ₹…`; `There were …` where
/// `then` names a moment of the past.
fn text(
    scope: ScopeInput,
    read: &Read,
    then: Option<&str>,
    found: &PendingOrders,
    counts: &[Count],
    (totals, unpaid): (&[MoneySum], &[MoneySum]),
) -> String {
    let what = match scope {
        ScopeInput::Pending => "pending ",
        ScopeInput::Unconfirmed => "unconfirmed ",
        ScopeInput::Unpaid => "unpaid ",
        ScopeInput::OnHold => "held ",
        ScopeInput::Backordered => "backordered ",
        ScopeInput::Late => "late ",
    };
    let from = read.days_in_words();
    let days = read.range.as_ref().map_or("", ranges::whole_days);
    let stood = then.map(|then| format!(" This is how it stood {then}.")).unwrap_or_default();
    let are = match (found.total_count, then) {
        (1, None) => "is",
        (1, Some(_)) => "was",
        (_, None) => "are",
        (_, Some(_)) => "were",
    };
    if found.total_count == 0 {
        return format!("There {are} no {what}orders{from}.{days}{stood}");
    }
    let orders = sentences::plural(found.total_count, &format!("{what}order"));
    // An order that nobody accepted is pending; the scope says so.
    let said = if matches!(scope, ScopeInput::Pending | ScopeInput::Unconfirmed) { "pending" } else { "" };
    let by_status = in_words(counts, said);
    let in_words = |sums: &[MoneySum]| -> String {
        sentences::all_of(&sums.iter().map(|sum| sum.in_words.as_str()).collect::<Vec<_>>())
    };
    let (worth, unpaid) = (in_words(totals), in_words(unpaid));
    let is = if then.is_none() { "is" } else { "was" };
    let paid = match unpaid.is_empty() || unpaid == worth {
        true => String::new(),
        false => format!(", of which {unpaid} {is} unpaid"),
    };
    format!("There {are} {orders}{from}{by_status}, worth {worth}{paid}.{days}{stood}")
}

#[cfg(test)]
mod tests {
    use orderlog_projections::pending_orders::StatusCount;

    use super::*;

    #[test]
    fn the_sentence_names_range_counts_and_worth() {
        let count = |status: &str, orders| StatusCount {
            status: status.to_owned(),
            currency: "INR".to_owned(),
            orders,
            units_owed: orders,
            total: 100_000,
            due: 0,
        };
        let counted = vec![count("confirmed", 7), count("pending", 5)];
        let found = PendingOrders { orders: vec![], next: None, total_count: 12, counts: counted };
        let now = "2026-11-22T14:30:00+05:30".parse().unwrap();
        let calendar = orderlog_domain::calendar::BusinessCalendar::default();
        let within = |phrase: &str| {
            let mut read = Read::default();
            let past = orderlog_domain::phrase::Direction::Past;
            read.take_range(orderlog_domain::phrase::read(phrase, now, &calendar, past).unwrap());
            read
        };
        let totals = [MoneySum::example("₹2,000")];
        assert_eq!(
            text(ScopeInput::Pending, &within("last week"), None, &found, &counts(&found), (&totals, &[])),
            "There are 12 pending orders from last week (9–15 Nov 2026): 5 pending, 7 confirmed, worth ₹2,000."
        );
        assert_eq!(
            text(ScopeInput::Unpaid, &within("from since Monday"), None, &found, &counts(&found), (&totals, &[])),
            "There are 12 unpaid orders since Monday (16–22 Nov 2026): 5 pending, 7 confirmed, worth ₹2,000."
        );
        let unpaid = [MoneySum::example("₹1,500")];
        for (unpaid, said) in [(&unpaid, "worth ₹2,000, of which ₹1,500 is unpaid."), (&totals, "worth ₹2,000.")]
        {
            let told = text(ScopeInput::Unpaid, &Read::default(), None, &found, &counts(&found), (&totals, unpaid));
            assert_eq!(told, format!("There are 12 unpaid orders: 5 pending, 7 confirmed, {said}"));
        }
        assert_eq!(
            text(ScopeInput::Pending, &within("last 2 hours"), None, &found, &counts(&found), (&totals, &[])),
            "There are 12 pending orders from 22 Nov 2026: 5 pending, 7 confirmed, worth ₹2,000. The whole day was taken, \
             not only the hours asked for."
        );
        let then = Some("at the end of 20 Nov 2026");
        assert_eq!(
            text(ScopeInput::Pending, &Read::default(), then, &found, &counts(&found), (&totals, &[])),
            "There were 12 pending orders: 5 pending, 7 confirmed, worth ₹2,000. This is how it stood at the end of \
             20 Nov 2026."
        );
    }
}
