//! Which messages an event makes: it is compared with every rule in force when it happened.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use orderlog_domain::{
    envelope::{self, Envelope},
    event::{Alert, AtLeast, Event, Message, Outcome, Rule},
    ids::{OrderId, Position, ProductId, RuleId, StreamId},
    money::Currency,
    notifications::{Notifications, Watch},
    order::{Order, Status},
};
use orderlog_event_log::Recorded;
use orderlog_tools::{OpenShop, history, low_products, open_orders};
use uuid::Uuid;

/// Namespace of the ids of messages.
const MESSAGES: Uuid = Uuid::from_u128(0x6f72_6465_726c_5f67_8000_6e6f_7469_0001);

/// What an event of this type can be news of. Going back to an earlier status is none.
fn news_of(event_type: &str) -> &'static [Watch] {
    match event_type {
        "OrderPlaced" => &[Watch::Placed, Watch::Cancelled, Watch::Waiting],
        "OrderConfirmed" => &[Watch::Confirmed],
        "ProcessingStarted" => &[Watch::Processing],
        "UnitsShipped" => &[Watch::PartiallyShipped, Watch::Shipped],
        "UnitsDelivered" => &[Watch::Delivered],
        "UnitsCancelled" => &[Watch::Cancelled, Watch::Shipped, Watch::Delivered, Watch::Returned],
        "UnitsReturned" => &[Watch::Returned, Watch::Delivered],
        "OrderHeld" => &[Watch::Held],
        "OrderReleased" => &[Watch::Released],
        "PaymentCaptured" => &[Watch::Payment],
        "PaymentRefunded" => &[Watch::Refund],
        "LowStockReached" => &[Watch::LowStock],
        "StockReserved" | "StockAdjusted" => &[Watch::OutOfStock],
        _ => &[],
    }
}

/// The messages of one event. Most events are told apart by their type alone.
pub(crate) async fn messages_of(
    shop: &OpenShop,
    all: &Notifications,
    recorded: &Recorded,
) -> anyhow::Result<Vec<Message>> {
    if recorded.stream == StreamId::Notifications {
        let event = envelope::decode(&recorded.json)?;
        let now = [already(shop, &event).await?, low_already(shop, &event).await?].concat();
        return Ok([now, alerted(all, &event), waiting(shop, &event).await?].concat());
    }
    let news = news_of(&recorded.event_type);
    let asked =
        |rule: &Rule| -> Vec<Watch> { news.iter().copied().filter(|watch| rule.when.contains(watch)).collect() };
    if news.is_empty() || all.rules.values().all(|one| asked(&one.rule).is_empty()) {
        return Ok(vec![]);
    }
    let event = envelope::decode(&recorded.json)?;
    let at = event.provenance.recorded_at;
    let mut seen: Option<Seen> = None;
    let mut messages = vec![];
    for (id, one) in &all.rules {
        let rule = &one.rule;
        let in_force = one.since <= at && rule.expires_at.is_none_or(|end| at < end);
        let watches = asked(rule);
        if !in_force || watches.is_empty() || !could_be_of(rule, event.stream) {
            continue;
        }
        let seen = match &seen {
            Some(seen) => seen,
            None => seen.insert(look(shop, &event).await?),
        };
        if let Some(what) = watches.into_iter().find(|watch| seen.shows(*watch, rule, &event)) {
            messages.push(message(*id, rule, what, &event, seen.subject()));
        }
    }
    Ok(messages)
}

/// Orders that a rule tells of at once, because that was asked for: each of the latest that is so of it.
async fn already(shop: &OpenShop, event: &Envelope<Event>) -> anyhow::Result<Vec<Message>> {
    let Event::NotificationSubscribed(fact) = &event.data else { return Ok(vec![]) };
    let (rule, mut messages) = (Rule { grace_seconds: 0, ..fact.rule.clone() }, vec![]);
    for id in &fact.already {
        let events = history::events_of(&shop.log, *id, Some(event.position)).await?;
        let Some(order) = history::fold(*id, &events) else { continue };
        let so = |watch: &Watch| watch.is_so(&order, event.provenance.recorded_at);
        let Some(what) = rule.when.iter().copied().rfind(so) else { continue };
        messages.push(message(fact.rule_id, &rule, what, event, (Some(*id), None)));
    }
    Ok(messages)
}

/// Products that run low or are out of stock when somebody asks to be told of them at once.
async fn low_already(shop: &OpenShop, event: &Envelope<Event>) -> anyhow::Result<Vec<Message>> {
    let Event::NotificationSubscribed(fact) = &event.data else { return Ok(vec![]) };
    let (rule, mut messages) = (Rule { grace_seconds: 0, ..fact.rule.clone() }, BTreeMap::new());
    for what in [Watch::OutOfStock, Watch::LowStock] {
        if !fact.at_once || !rule.when.contains(&what) {
            continue;
        }
        for product in low_products::right_after(shop, event.position, what == Watch::OutOfStock).await? {
            if rule.product_id.is_some_and(|wanted| wanted != product) || messages.contains_key(&product) {
                continue;
            }
            let mut message = message(fact.rule_id, &rule, what, event, (None, Some(product)));
            message.id = Uuid::new_v5(&message.id, product.0.as_bytes());
            messages.insert(product, message);
        }
    }
    Ok(messages.into_values().collect())
}

/// Who is told of an alert.
fn alerted(all: &Notifications, event: &Envelope<Event>) -> Vec<Message> {
    let Event::AlertRaised(fact) = &event.data else { return vec![] };
    let what = fact.alert.watch();
    let watching = all.in_force(event.provenance.recorded_at);
    let watching = watching.filter(|(_, one)| one.rule.when.contains(&what) && fact.alert.concerns(one.since));
    let mut messages: Vec<Message> =
        watching.map(|(id, one)| message(id, &one.rule, what, event, (None, None))).collect();
    if let Alert::RelayStopped { since, .. } = fact.alert {
        // It has stood still for a while already.
        let ahead = event.provenance.recorded_at - since;
        messages.iter_mut().for_each(|message| message.not_before -= ahead);
    }
    messages
}

/// Orders that wait already when somebody asks to be told of those that wait: each when its time is over. Of those whose time
/// was over before nobody is told, as of everything before a rule was made, unless it was asked that they be told at once.
async fn waiting(shop: &OpenShop, event: &Envelope<Event>) -> anyhow::Result<Vec<Message>> {
    let Event::NotificationSubscribed(fact) = &event.data else { return Ok(vec![]) };
    if !fact.rule.when.contains(&Watch::Waiting) {
        return Ok(vec![]);
    }
    let (rule, mut messages) = (&fact.rule, vec![]);
    for id in open_orders::at_least_at(shop, event.position).await? {
        let events = history::events_of(&shop.log, id, Some(event.position)).await?;
        let (Some(order), Some(placed)) = (history::fold(id, &events), events.first()) else { continue };
        let mut message = message(fact.rule_id, rule, Watch::Waiting, event, (Some(id), None));
        message.not_before = placed.provenance.recorded_at + TimeDelta::seconds(i64::from(rule.grace_seconds));
        let named = rule.order_ids.is_empty() || rule.order_ids.contains(&id);
        if named
            && order.unshipped() > 0
            && fits(rule, &order, placed)
            && (fact.at_once || message.not_before > event.provenance.recorded_at)
        {
            messages.push(message);
        }
    }
    Ok(messages)
}

/// What a message is about.
type Subject = (Option<OrderId>, Option<ProductId>);

fn message(
    rule_id: RuleId,
    rule: &Rule,
    what: Watch,
    event: &Envelope<Event>,
    (order_id, product_id): Subject,
) -> Message {
    // The event's id is the world's only one, so the message's is too.
    let about = order_id.map_or(0, |id| id.0);
    let id = Uuid::new_v5(&MESSAGES, format!("{}/{rule_id}/{about}/{}", event.id, rule.target).as_bytes());
    Message {
        id,
        rule_id,
        target: rule.target.clone(),
        what,
        position: event.position,
        order_id,
        product_id,
        tries: 0,
        outcome: Outcome::Waiting,
        not_before: event.provenance.recorded_at + TimeDelta::seconds(i64::from(rule.grace_seconds)),
        why: None,
        template: rule.template.clone(),
    }
}

fn could_be_of(rule: &Rule, stream: StreamId) -> bool {
    match stream {
        StreamId::Order(id) => rule.order_ids.is_empty() || rule.order_ids.contains(&id),
        StreamId::Stock(id) => rule.product_id.is_none_or(|product| product == id),
        StreamId::Product(_)
        | StreamId::Customer(_)
        | StreamId::Rate(_)
        | StreamId::Notifications
        | StreamId::Confirmations => false,
    }
}

/// What an event is about, right before it and right after.
enum Seen {
    Order {
        before: Option<Box<Order>>,
        after: Box<Order>,
    },
    /// Available units.
    Stock {
        product: ProductId,
        before: i64,
        after: i64,
    },
    Nothing,
}

async fn look(shop: &OpenShop, event: &Envelope<Event>) -> anyhow::Result<Seen> {
    match event.stream {
        StreamId::Order(id) => {
            let events = history::events_of(&shop.log, id, Some(event.position)).await?;
            let before = history::fold(id, &events[..events.len().saturating_sub(1)]).map(Box::new);
            Ok(match history::fold(id, &events) {
                Some(after) => Seen::Order { before, after: Box::new(after) },
                None => Seen::Nothing,
            })
        }
        StreamId::Stock(product) => {
            let available = async |position| {
                let units = history::stock_at(&shop.log, &shop.projections, product, position).await?;
                anyhow::Ok(units.on_hand - units.reserved)
            };
            let before = available(Position(event.position.0 - 1)).await?;
            Ok(Seen::Stock { product, before, after: available(event.position).await? })
        }
        StreamId::Product(_)
        | StreamId::Customer(_)
        | StreamId::Rate(_)
        | StreamId::Notifications
        | StreamId::Confirmations => Ok(Seen::Nothing),
    }
}

impl Seen {
    fn subject(&self) -> Subject {
        match self {
            Seen::Order { after, .. } => (Some(after.id), None),
            Seen::Stock { product, .. } => (None, Some(*product)),
            Seen::Nothing => (None, None),
        }
    }

    fn shows(&self, watch: Watch, rule: &Rule, event: &Envelope<Event>) -> bool {
        match self {
            Seen::Stock { before, after, .. } => watch == Watch::LowStock || (*before > 0 && *after <= 0),
            Seen::Order { before, after } => {
                let reached = watch.status().is_none_or(|status| {
                    // What had left has also arrived when the rest is cancelled: then it becomes both at once.
                    let passed = status == Status::Shipped && after.status() == Status::Delivered;
                    (after.status() == status || (passed && matches!(event.data, Event::UnitsCancelled(_))))
                        && before.as_ref().is_none_or(|order| order.status() != status)
                });
                // Undoing a payment is no refund.
                let undoes = matches!(&event.data, Event::PaymentRefunded(fact) if fact.undoes_payment == Some(true));
                reached && !undoes && fits(rule, after, event)
            }
            Seen::Nothing => false,
        }
    }
}

fn fits(rule: &Rule, order: &Order, event: &Envelope<Event>) -> bool {
    rule.customer_id.is_none_or(|id| id == order.customer_id)
        && rule.product_id.is_none_or(|id| order.lines.iter().any(|line| line.product_id == id && line.active() > 0))
        && rule.at_least.is_none_or(|least| reaches(least, order, event))
}

/// Amounts in another currency are compared as they were converted; without a rate they reach nothing.
fn reaches(least: AtLeast, order: &Order, event: &Envelope<Event>) -> bool {
    let (amount, converted) = match &event.data {
        Event::PaymentCaptured(fact) => (fact.amount, fact.converted.map(|cash| cash.amount)),
        Event::PaymentRefunded(fact) => (fact.amount, fact.converted.map(|cash| cash.amount)),
        _ => {
            let total = order.current_totals().total;
            (total, order.rate.map(|rate| rate.convert(total, order.currency)))
        }
    };
    in_currency(amount, order.currency, converted, least.currency).is_some_and(|amount| amount >= least.amount)
}

fn in_currency(amount: i64, currency: Currency, converted: Option<i64>, wanted: Currency) -> Option<i64> {
    if currency == wanted { Some(amount) } else { converted }
}
