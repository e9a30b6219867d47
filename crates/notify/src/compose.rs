//! The words of a message: what happened, read from the log, with the customer's name only where the target may have it.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
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
use serde_json::{Value, json};

use crate::alert_words;

/// What a message says, before it takes the form of its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// `order.shipped`
    kind: String,
    /// Sentences.
    pub(crate) text: String,
    /// What else there is to know.
    pub(crate) facts: Vec<(&'static str, String)>,
    data: Value,
    /// When it happened.
    at: Option<DateTime<Utc>>,
    /// The address that ends what asks for it.
    unsubscribe: Option<String>,
}

impl Content {
    /// Only words.
    pub(crate) fn plain(kind: &str, text: &str) -> Content {
        Content {
            kind: kind.to_owned(),
            text: text.to_owned(),
            facts: vec![],
            data: json!({}),
            at: None,
            unsubscribe: None,
        }
    }

    /// Many at once.
    pub(crate) fn digest(parts: &[Content]) -> Content {
        let count = match parts.len() {
            1 => "1 message.".to_owned(),
            count => format!("{count} messages."),
        };
        let line = |part: &Content| {
            let facts: Vec<String> = part.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            if facts.is_empty() { part.text.clone() } else { format!("{} ({})", part.text, facts.join(", ")) }
        };
        let lines: Vec<String> = std::iter::once(count.clone()).chain(parts.iter().map(line)).collect();
        let messages: Vec<Value> = parts.iter().map(Content::as_json).collect();
        let at = parts.iter().filter_map(|part| part.at).max();
        let (kind, data) = ("digest".to_owned(), json!({ "messages": messages, "text": count }));
        Content { kind, text: lines.join("\n"), facts: vec![], data, at, unsubscribe: None }
    }

    /// The same with the address that ends what asks for it.
    pub(crate) fn ended_at(&self, unsubscribe: Option<String>) -> Content {
        Content { unsubscribe, ..self.clone() }
    }

    /// That address.
    pub(crate) fn unsubscribe(&self) -> Option<&str> {
        self.unsubscribe.as_deref()
    }

    fn as_json(&self) -> Value {
        let mut data = self.data.clone();
        if data.get("text").is_none() {
            data["text"] = self.text.clone().into();
        }
        let at = self.at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true));
        json!({ "type": self.kind, "timestamp": at, "data": data })
    }

    /// The body of a webhook; the same for every try.
    pub(crate) fn webhook(&self, now: DateTime<Utc>) -> Vec<u8> {
        let at = Some(self.at.unwrap_or(now));
        Content { at, ..self.clone() }.as_json().to_string().into_bytes()
    }
}

/// What a message has to say, or why it has nothing to say any more.
pub(crate) enum Composed {
    Content(Content),
    Stop(&'static str),
}

/// Reads what a message tells of. `first` says that it was never tried: what was taken back meanwhile is not told then.
pub(crate) async fn compose(shop: &OpenShop, message: &Message, names: bool, first: bool) -> anyhow::Result<Composed> {
    match message.order_id {
        Some(id) => of_order(shop, message, id, names, first).await,
        None if message.what.is_of_shop() => of_alert(shop, message, first).await,
        None => of_stock(shop, message, first).await,
    }
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
    let mut facts = vec![("Total", total.formatted), ("Payment", order.payment_status().spoken())];
    if names {
        let customer = people::customer(&shop.log, order.customer_id).await?;
        let open = |sealed: &String| shop.keyring.open_seal("name", sealed);
        if let Some(name) = customer.profile.name.as_ref().and_then(open) {
            data["customer"] = name.clone().into();
            facts.insert(0, ("Customer", name));
        }
    }
    let text = match (message.what, now.times.placed) {
        (Watch::Waiting, Some(placed)) => {
            let age = in_words(shop.clock.now() - placed);
            format!("Order #{id} has waited {age} and is not shipped: it is {}.", now.status().spoken())
        }
        (what, _) => sentence(what, &order, event, locale),
    };
    let kind = format!("order.{}", message.what.name());
    Ok(Composed::Content(Content {
        kind,
        text,
        facts,
        data,
        at: Some(event.provenance.recorded_at),
        unsubscribe: None,
    }))
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
                let cancelled = plural(fact.lines.iter().map(|line| line.units).sum(), "unit");
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
    let kind = format!("product.{}", message.what.name());
    Ok(Composed::Content(Content { kind, text, facts: vec![], data, at: None, unsubscribe: None }))
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
    let (text, mut data) = alert_words::in_words(shop, &fact.alert);
    data["message_id"] = json!(message.id);
    data["rule_id"] = json!(message.rule_id);
    data["position"] = json!(message.position);
    let about = if message.what.is_of_system() { "system" } else { "sales" };
    let kind = format!("{about}.{}", message.what.name());
    Ok(Composed::Content(Content { kind, text, facts: vec![], data, at: Some(at), unsubscribe: None }))
}
