//! The words of a message: what happened, read from the log, with the customer's name only where the target may have it.

use chrono::TimeDelta;
use orderlog_domain::{
    envelope::{self, Envelope},
    event::{Event, Message},
    format::{Locale, plural},
    ids::{OrderId, Position, StreamId},
    money::Currency,
    notifications::Watch,
    order::{Order, Status},
    states::State,
};
use orderlog_tools::{OpenShop, history, people};
use serde_json::json;

use crate::{
    alert_words,
    content::{About, Content, OrderFacts, PaymentFacts, ProductFacts},
};

/// What a message has to say, or why it has nothing to say any more.
pub(crate) enum Composed {
    Content(Box<Content>),
    Stop(&'static str),
}

/// Reads what a message tells of. `first` says that it was never tried: what was taken back meanwhile is not told then.
pub(crate) async fn compose(shop: &OpenShop, message: &Message, names: bool, first: bool) -> anyhow::Result<Composed> {
    let composed = match message.order_id {
        Some(id) => of_order(shop, message, id, names, first).await?,
        None if message.what.is_of_shop() => of_alert(shop, message, first).await?,
        None => of_stock(shop, message, first).await?,
    };
    Ok(match composed {
        Composed::Content(content) => {
            Composed::Content(Box::new(Content { template: message.template.clone(), ..*content }))
        }
        stopped => stopped,
    })
}

async fn of_order(
    shop: &OpenShop,
    message: &Message,
    id: OrderId,
    names: bool,
    first: bool,
) -> anyhow::Result<Composed> {
    let events = history::events_of(&shop.log, id, None).await?;
    // A message about what was true already tells of the order as it stood when it was asked for.
    let then = events.partition_point(|event| event.position <= message.position);
    let (Some(order), Some(event)) = (history::fold(id, &events[..then]), events[..then].last()) else {
        return Ok(Composed::Stop("there is no such order"));
    };
    let now = history::fold(id, &events).unwrap_or_else(|| order.clone());
    if message.what == Watch::Waiting && now.unshipped() == 0 {
        return Ok(Composed::Stop("the order waits no more"));
    }
    if first && taken_back(message.what, &order, event, &now, &events[then..]) {
        return Ok(Composed::Stop("it was taken back in time"));
    }
    let locale = &shop.settings.locale;
    let total = locale.money(order.current_totals().total, order.currency);
    let units: i64 = order.lines.iter().map(|line| line.active()).sum();
    let mut data = json!({
        "message_id": message.id, "rule_id": message.rule_id, "order_id": id, "status": order.status(),
        "payment_status": order.payment_status(), "total": total, "units": units,
        "position": message.position,
    });
    let mut facts = vec![("Total", total.formatted.clone()), ("Payment", order.payment_status().spoken())];
    let mut customer_name = None;
    if names {
        let customer = people::customer(&shop.log, order.customer_id).await?;
        let open = |sealed: &String| shop.keyring.open_seal("name", sealed);
        if let Some(name) = customer.profile.name.as_ref().and_then(open) {
            data["customer"] = name.clone().into();
            facts.insert(0, ("Customer", name.clone()));
            customer_name = Some(name);
        }
    }
    let waits = now.times.placed.filter(|_| message.what == Watch::Waiting).map(|placed| shop.clock.now() - placed);
    let text = match (message.what, waits) {
        (Watch::Waiting, Some(age)) => {
            let age = in_words(age);
            format!("Order #{id} has waited {age} and is not shipped: it is {}.", now.status().spoken())
        }
        (what, _) => sentence(what, &order, event, locale),
    };
    let status = if waits.is_some() { now.status() } else { order.status() };
    let about = OrderFacts {
        id,
        status: status.name(),
        status_in_words: status.spoken(),
        payment_status: order.payment_status().name(),
        payment_status_in_words: order.payment_status().spoken(),
        total,
        units,
        cancelled_units: cancelled(event),
        customer: customer_name,
        waited_seconds: waits.map(|age| age.num_seconds()),
    };
    let about = About { order: Some(about), payment: payment(event, locale), ..About::default() };
    let content = Content::plain(&format!("order.{}", message.what.name()), &text);
    let at = Some(event.provenance.recorded_at);
    Ok(Composed::Content(Box::new(Content { facts, data, at, about, ..content })))
}

/// Units that the event cancelled.
fn cancelled(event: &Envelope<Event>) -> i64 {
    match &event.data {
        Event::UnitsCancelled(fact) => fact.lines.iter().map(|line| line.units).sum(),
        _ => 0,
    }
}

/// Money that the event moved.
fn payment(event: &Envelope<Event>, locale: &Locale) -> Option<PaymentFacts> {
    let (amount, currency, method) = match &event.data {
        Event::PaymentCaptured(fact) => (fact.amount, fact.currency, fact.method.to_string()),
        Event::PaymentRefunded(fact) => (fact.amount, fact.currency, fact.method.to_string()),
        _ => return None,
    };
    Some(PaymentFacts { amount: locale.money(amount, currency), method })
}

/// `3 days`, `1 hour`; the largest unit of which there is one.
fn in_words(age: TimeDelta) -> String {
    let units = [(age.num_days(), "day"), (age.num_hours(), "hour"), (age.num_minutes(), "minute")];
    let (count, unit) = units.into_iter().find(|(count, _)| *count > 0).unwrap_or((age.num_seconds().max(0), "second"));
    plural(count, unit)
}

fn sentence(what: Watch, order: &Order, event: &Envelope<Event>, locale: &Locale) -> String {
    let id = order.id;
    let units = plural(order.lines.iter().map(|line| line.active()).sum(), "unit");
    let money = |amount: i64, currency: Currency| locale.money_in_words(amount, currency);
    match (what, &event.data) {
        (Watch::Placed, _) => {
            format!("Order #{id} was placed: {units} for {}.", money(order.totals.total, order.currency))
        }
        (Watch::Held, _) => format!("Order #{id} was put on hold."),
        (Watch::Released, _) => format!("Order #{id} was released from hold."),
        (Watch::Payment, Event::PaymentCaptured(fact)) => {
            format!("{} came in for order #{id} by {}.", money(fact.amount, fact.currency), fact.method)
        }
        (Watch::Refund, Event::PaymentRefunded(fact)) => {
            format!("{} went back for order #{id} by {}.", money(fact.amount, fact.currency), fact.method)
        }
        (_, Event::UnitsCancelled(fact)) => match (rest(order), fact.completes) {
            (Some(rest), false) => {
                let cancelled = plural(cancelled(event), "unit");
                let were = if cancelled.starts_with("1 ") { "was" } else { "were" };
                format!("Order #{id} is now {}: {rest}, and {cancelled} {were} cancelled.", order.status().spoken())
            }
            _ => format!("Order #{id} is now {}.", order.status().spoken()),
        },
        _ => format!("Order #{id} is now {}.", order.status().spoken()),
    }
}

/// What became of the units that were not cancelled, where all of them came so far: `2 units have left`.
fn rest(order: &Order) -> Option<String> {
    let did = match order.status() {
        Status::Shipped => "left",
        Status::Delivered => "arrived",
        Status::Returned => "come back",
        _ => return None,
    };
    let units = order.lines.iter().map(|line| line.active()).sum();
    let have = if units == 1 { "has" } else { "have" };
    Some(format!("{} {have} {did}", plural(units, "unit")))
}

/// Whether what happened no longer is so, or never was.
fn taken_back(what: Watch, then: &Order, event: &Envelope<Event>, now: &Order, since: &[Envelope<Event>]) -> bool {
    if let Some(status) = what.status() {
        // It went on from there, unless it went back.
        return now.status() < status;
    }
    match what {
        Watch::Placed => now.status() == Status::Cancelled,
        Watch::Held => then.on_hold() && !now.on_hold(),
        Watch::Released => now.on_hold(),
        Watch::Payment => since.iter().any(|later| match (&event.data, &later.data) {
            (Event::PaymentCaptured(paid), Event::PaymentRefunded(back)) => {
                back.undoes_payment == Some(true) && back.amount == paid.amount && back.method == paid.method
            }
            _ => false,
        }),
        _ => false,
    }
}

async fn of_stock(shop: &OpenShop, message: &Message, first: bool) -> anyhow::Result<Composed> {
    let Some(id) = message.product_id else { return Ok(Composed::Stop("it tells of nothing")) };
    let head = shop.log.head().await?.position;
    let units = history::stock_at(&shop.log, &shop.projections, id, message.position).await?;
    let now = history::stock_at(&shop.log, &shop.projections, id, head).await?;
    let (then, now) = (units.on_hand - units.reserved, now.on_hand - now.reserved);
    let low = match history::state(&shop.log, StreamId::Product(id), Some(message.position)).await? {
        State::Product(product) => product.entry.map(|entry| (product.sku, entry.name)),
        _ => None,
    };
    let Some((sku, name)) = low else { return Ok(Composed::Stop("there is no such product")) };
    let gone_up = match message.what {
        Watch::OutOfStock => now > 0,
        _ => now > then,
    };
    if first && gone_up {
        return Ok(Composed::Stop("there are units again"));
    }
    let text = match (message.what, then) {
        (Watch::OutOfStock, _) => format!("{name} ({sku}) is out of stock."),
        (_, 1) => format!("{name} ({sku}) runs low: 1 unit is available."),
        (_, n) if n < 0 => format!("{name} ({sku}) runs low: {} fewer units are there than were promised.", -n),
        (_, n) => format!("{name} ({sku}) runs low: {n} units are available."),
    };
    let data = json!({
        "message_id": message.id, "rule_id": message.rule_id, "product_id": id, "sku": sku, "name": name,
        "available": then, "position": message.position,
    });
    let about = About { product: Some(ProductFacts { sku, name, available: then }), ..About::default() };
    let content = Content::plain(&format!("product.{}", message.what.name()), &text);
    Ok(Composed::Content(Box::new(Content { data, about, ..content })))
}

async fn of_alert(shop: &OpenShop, message: &Message, first: bool) -> anyhow::Result<Composed> {
    let page = shop.log.read(Position(message.position.0 - 1), 1).await?;
    let event = page.first().map(|recorded| envelope::decode(&recorded.json)).transpose()?;
    let Some((Event::AlertRaised(fact), at)) = event.map(|event| (event.data, event.provenance.recorded_at)) else {
        return Ok(Composed::Stop("there is no such alert"));
    };
    if first && !history::notifications(&shop.log).await?.alerts.contains(&fact.alert) {
        return Ok(Composed::Stop("it was over in time"));
    }
    let (text, mut data) = alert_words::in_words(&shop.settings, &fact.alert);
    let about = About { alert: Some(data.clone()), ..About::default() };
    data["message_id"] = json!(message.id);
    data["rule_id"] = json!(message.rule_id);
    data["position"] = json!(message.position);
    let group = if message.what.is_of_system() { "system" } else { "sales" };
    let content = Content::plain(&format!("{group}.{}", message.what.name()), &text);
    Ok(Composed::Content(Box::new(Content { data, at: Some(at), about, ..content })))
}
