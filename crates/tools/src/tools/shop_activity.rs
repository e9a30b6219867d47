//! shop.activity: the acts in the shop, latest first, each with the call that undoes it. Read from the log, so it is
//! always fresh.

mod names;

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use orderlog_domain::{
    event::Event,
    ids::{OrderId, Position, ProductId, StreamId},
    limits::VOID_SHIPMENT_HOURS,
};
use orderlog_projections::order_summary;
use orderlog_read_models::{PAGE_LIMIT, PageRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::names::{Names, TOLD_ORDERS};
use crate::{
    answer::{Short, Told},
    failure::Failure,
    history,
    principal::{Caller, Principal},
    query::{Frame, Paging, read_filters},
    recent_acts::{Recent, RecentAct},
    sentences::{self, told},
    shop::OpenShop,
    table::{Row, Table},
    tool::Tool,
};

/// Most facts of one act that are named; the others are counted.
const TOLD_FACTS: usize = 3;

/// What was done in the shop, latest first: who, when, what, and the id that undoes it with orders_undo.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// me, or a user's name; anyone when left out.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    by: Option<String>,
    /// About this order.
    #[serde(default)]
    #[schemars(range(min = 1))]
    order_id: Option<i64>,
    /// About this product.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    product: Option<String>,
    /// About this customer.
    #[serde(default)]
    #[schemars(length(min = 1, max = 254))]
    customer: Option<String>,
    /// A day, such as "yesterday".
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    since: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// Latest first.
    acts: Vec<Entry>,
    /// Acts found, over all pages that were looked at.
    total_count: i64,
    /// Acts were looked for among so many events, where there are earlier ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    events_looked_at: Option<i64>,
    #[serde(flatten)]
    frame: Frame,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Entry {
    /// When it was recorded.
    at: String,
    /// What it was about, and what was done.
    act: String,
    /// The same moment, exactly.
    recorded_at: String,
    /// Who.
    by: String,
    /// Who agreed, where a person had to.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_by: Option<String>,
    /// Through which program.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    /// Which orders it was about, the first of them.
    orders: Vec<i64>,
    /// For orders_undo, where it can be undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<Uuid>,
    /// It was undone since.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    undone: bool,
    /// Its id.
    command_id: Uuid,
    /// Its last place in the log.
    position: i64,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let row = |entry: Entry| {
            let row = Row::default().cell("at", entry.at).text("act", entry.act).flag("undone", entry.undone);
            let row = row.cell("by", entry.by).some("confirmed_by", entry.confirmed_by);
            row.some("undo", entry.undo.map(|id| id.to_string()))
        };
        let rows: Table = self.acts.into_iter().map(row).collect();
        let short = self.frame.open();
        let short = match self.events_looked_at {
            None => short.table("acts", rows, self.total_count),
            // The total number is not known: the sentence says among which events these acts were counted.
            Some(events) => {
                let short = short.lines(rows.in_words(None)).said("acts", rows.into_json());
                short.said("total_count", self.total_count).said("events_looked_at", events)
            }
        };
        self.frame.close(short)
    }
}

pub(super) fn tool() -> Tool {
    Tool::listing_for_caller("shop.activity", "What was done in the shop", run)
}

/// The acts that are asked for.
struct Asked {
    by: Option<String>,
    orders: Option<BTreeSet<OrderId>>,
    customer: Option<StreamId>,
    products: Vec<ProductId>,
    since: Option<NaiveDate>,
}

impl Asked {
    fn wants(&self, act: &RecentAct) -> bool {
        let streams = || act.events.iter().map(|event| event.stream);
        self.by.as_ref().is_none_or(|by| act.provenance().actor.user == *by)
            && self.since.is_none_or(|since| act.provenance().business_date >= since)
            && (self.products.is_empty()
                || streams().any(|stream| {
                    matches!(stream, StreamId::Stock(id) | StreamId::Product(id) if self.products.contains(&id))
                }))
            && self.orders.as_ref().is_none_or(|orders| {
                act.orders().iter().any(|order| orders.contains(order)) || streams().any(|s| Some(s) == self.customer)
            })
    }
}

async fn run(shop: Arc<OpenShop>, input: Input, paging: Paging, caller: Caller) -> Result<Output, Failure> {
    let (shop, page) = (&shop, paging.request()?);
    let limit = page.limit.clamp(1, PAGE_LIMIT) as usize;
    let head = shop.projections.head(&shop.log).await?.position;
    let until = page.cursor.map_or(head, |cursor| Position(cursor.value.min(head.0)));
    let read = read_filters(shop, input.since.as_deref(), input.customer.as_deref(), input.product.as_deref()).await?;
    let mut asked = Asked {
        by: input.by.as_deref().map(|by| who(by, &caller.principal)).unwrap_or_default(),
        orders: input.order_id.map(|id| BTreeSet::from([OrderId(id)])),
        customer: read.customer.map(StreamId::Customer),
        products: read.products,
        since: read.range.as_ref().and_then(|range| range.from),
    };
    if let Some(customer) = read.customer {
        let theirs = orders_of(shop, customer).await?;
        asked.orders = Some(match asked.orders {
            Some(orders) => orders.intersection(&theirs).copied().collect(),
            None => theirs,
        });
    }
    let recent = match input.order_id {
        // The acts of one order are all read from the order's stream.
        Some(id) => {
            let events = history::events_of(&shop.log, OrderId(id), Some(until)).await?;
            if events.is_empty() && until == head {
                return Err(super::orders_get::unknown_then(shop, OrderId(id), None).await.into());
            }
            Recent::of(events)
        }
        None => {
            let enough = |acts: &[RecentAct]| {
                let early = asked
                    .since
                    .is_some_and(|since| acts.last().is_some_and(|act| act.provenance().business_date < since));
                early || (asked.since.is_none() && acts.iter().filter(|act| asked.wants(act)).count() > limit)
            };
            Recent::until(&shop.log, until, enough).await?
        }
    };
    let wanted: Vec<&RecentAct> = recent.acts.iter().filter(|act| asked.wants(act)).collect();
    let total_count = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    let beyond = wanted.get(limit).map(|act| act.position());
    let reached_since =
        asked.since.is_some_and(|since| recent.acts.last().is_some_and(|act| act.provenance().business_date < since));
    let earlier = recent.earlier.filter(|_| beyond.is_none() && !reached_since);
    let next = beyond.or(earlier).map(|position| format!("{}.{}.0", head.0, position.0));
    let names = Names::of(shop, &wanted[..wanted.len().min(limit)]).await?;
    let undone = recent.taken_back();
    let mut acts: Vec<Entry> = vec![];
    for act in wanted.into_iter().take(limit) {
        let is_undone = undone.contains(&act.id);
        let later = || recent.acts.iter().take_while(|later| later.id != act.id);
        let stands = later().any(|later| later.orders().iter().any(|order| act.orders().contains(order)));
        let late = act.events.iter().any(|event| {
            matches!(event.data, Event::UnitsShipped(_))
                && shop.clock.now() - event.provenance.occurred_at > TimeDelta::hours(VOID_SHIPMENT_HOURS)
        });
        let may = caller.principal.speaks_for(&act.provenance().actor.user);
        // A later page does not know which acts came after.
        let undo = may && act.can_be_taken_back() && !is_undone && !late && (act.is_bulk() || !stands);
        acts.push(entry(shop, act, &names, undo && until == head, is_undone));
    }
    // The count is complete if the log was read to its beginning, or past the day that was asked for.
    let within = (!recent.is_all && !reached_since).then_some(recent.looked_at);
    let back_to = recent.acts.last().map(|act| act.provenance().recorded_at);
    let within_words = within.zip(back_to).map(|(events, back)| among(shop, events, until == head, back));
    let text = said(&acts, total_count, input.by.as_deref(), within_words.as_deref(), next.is_some());
    let frame = Frame::of_log(head.0, next, read.interpretation, text);
    Ok(Output { acts, total_count, events_looked_at: within, frame })
}

/// The user who is asked for; `None` for any user.
fn who(by: &str, principal: &Principal) -> Option<String> {
    match by.trim().to_lowercase().as_str() {
        "me" | "myself" | "i" => Some(principal.user.clone()),
        "anyone" | "anybody" | "everyone" | "all" => None,
        _ => Some(by.trim().to_owned()),
    }
}

/// The latest orders of a customer.
async fn orders_of(shop: &OpenShop, customer: orderlog_domain::ids::CustomerId) -> Result<BTreeSet<OrderId>, Failure> {
    let filter = order_summary::Filter { customer: Some(customer), ..order_summary::Filter::default() };
    let fresh = shop.moments.fresh().await?;
    let found =
        order_summary::order_summaries(&shop.projections, &filter, PageRequest::first(PAGE_LIMIT), fresh).await?.found;
    Ok(found.orders.iter().map(|order| OrderId(order.order_id)).collect())
}

fn entry(shop: &OpenShop, act: &RecentAct, names: &Names, undo: bool, undone: bool) -> Entry {
    let mut events = act.events.clone();
    events.iter_mut().for_each(|event| shop.open_event(event));
    let last = &events[events.len() - 1];
    // The facts of the order that the act was about, or of all orders of a bulk; stock changes with an order.
    let facts: Vec<String> = match act.is_bulk() {
        true => told::together(events.iter().map(|event| &event.data), &shop.settings),
        false => events
            .iter()
            .filter(|event| event.stream == events[0].stream)
            .map(|event| match names.changed(event.position) {
                Some(changed) => changed.to_owned(),
                None => told::describe(&event.data, None, &shop.settings),
            })
            .collect(),
    };
    let more = facts.len().saturating_sub(TOLD_FACTS);
    let mut what = facts[..facts.len().min(TOLD_FACTS)].join(", ");
    if more > 0 {
        what.push_str(&format!(" and {more} more"));
    }
    let took_back = if act.takes_back().is_some() { "undone: " } else { "" };
    let why = last.provenance.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    Entry {
        at: sentences::moment(last.provenance.recorded_at, shop.settings.calendar.timezone),
        act: format!("{}: {took_back}{what}{why}", names.about(act)),
        recorded_at: shop.wording.time(last.provenance.recorded_at),
        by: last.provenance.actor.user.clone(),
        confirmed_by: last.provenance.confirmed_by.as_ref().map(|person| person.user.clone()),
        agent: last.provenance.agent.as_ref().map(|agent| agent.name.clone()),
        orders: act.orders().iter().take(TOLD_ORDERS).map(|order| order.0).collect(),
        undo: undo.then_some(act.id),
        undone,
        command_id: act.id,
        position: act.position().0,
    }
}

/// ` among the latest 5000 events (since 20 Nov 2026, 10:15)`
fn among(shop: &OpenShop, events: i64, from_the_head: bool, back: DateTime<Utc>) -> String {
    let which = if from_the_head { "the latest" } else { "the next" };
    let since = sentences::moment(back, shop.settings.calendar.timezone);
    format!(" among {which} {} (since {since})", sentences::plural(events, "event"))
}

/// `5 acts by me, the latest: …`; if there are many, says among which events they were counted.
fn said(acts: &[Entry], total: i64, by: Option<&str>, within: Option<&str>, goes_on: bool) -> String {
    let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
    let among = within.unwrap_or_default();
    let further = if within.is_some() && goes_on { " Earlier ones were not counted; next_cursor goes on." } else { "" };
    match acts.first() {
        None => format!("Nothing was found that was done{by}{among}.{further}"),
        Some(latest) => {
            let how =
                if latest.undo.is_some() { "; orders_undo without an id or with its id takes it back" } else { "" };
            let how = if by == " by me" { how } else { &how.replace(" without an id or", "") };
            format!("{}{by}{among}, the latest: {}{how}.{further}", sentences::plural(total, "act"), latest.act)
        }
    }
}
