//! Orders, stock, products, customers and events as answers show them.

pub(crate) mod short;

use chrono::{DateTime, Utc};
use orderlog_domain::{
    customer::Customer,
    envelope,
    event::Amounts,
    format::MoneyOut,
    money::Currency,
    order::{AddedNote, Line, Order, Payment, Shipment},
    product::Product,
    states::State,
    stock::Stock,
};
use orderlog_event_log::Recorded;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    permit::{HIDDEN, are_particulars_hidden},
    schema::Object,
    shop::OpenShop,
};

/// An order as it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OrderView {
    /// Its number.
    pub(crate) order_id: i64,
    /// For expected_version.
    pub(crate) version: i64,
    /// Where it stands.
    pub(crate) status: String,
    /// Whether it is paid.
    pub(crate) payment_status: String,
    /// Nothing may ship.
    pub(crate) on_hold: bool,
    /// When the hold ends by itself, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) held_until: Option<String>,
    /// A unit waits for stock.
    pub(crate) backordered: bool,
    /// Who ordered.
    pub(crate) customer: CustomerView,
    /// RFC 3339.
    pub(crate) placed_at: String,
    /// Business day.
    pub(crate) placed_on: String,
    /// Its lines.
    pub(crate) lines: Vec<LineView>,
    /// Amounts of what is still part of it.
    pub(crate) totals: TotalsView,
    /// Money that came in.
    pub(crate) captured: MoneyOut,
    /// Money that went back.
    pub(crate) refunded: MoneyOut,
    /// What is still owed; negative when too much came in.
    pub(crate) due: MoneyOut,
    /// What was shipped, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Object>")]
    pub(crate) shipments: Vec<Value>,
    /// What was paid, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Object>")]
    pub(crate) payments: Vec<Value>,
    /// What was paid back, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Object>")]
    pub(crate) refunds: Vec<Value>,
    /// The note that it was placed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    /// Notes since then, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Object>")]
    pub(crate) notes: Vec<Value>,
    /// Its number in the system it was imported from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) external_reference: Option<String>,
    /// Statuses it can be brought to by one call.
    pub(crate) allowed_next: Vec<String>,
}

/// A customer, as far as known.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct CustomerView {
    /// Who.
    pub(crate) customer_id: Uuid,
    /// Full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
    /// Postal address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
}

impl CustomerView {
    /// A customer whose personal data the caller may not see.
    pub(crate) fn hidden(customer_id: Uuid) -> CustomerView {
        CustomerView { customer_id, name: Some(HIDDEN.to_owned()), email: None, phone: None, address: None }
    }
}

/// A line of an order, in units.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LineView {
    /// From 1.
    line: u32,
    /// As placed.
    sku: String,
    /// As placed.
    name: String,
    /// Of one unit, as placed.
    unit_price: MoneyOut,
    /// Units ordered.
    ordered: i64,
    /// Units cancelled.
    cancelled: i64,
    /// Units set aside.
    reserved: i64,
    /// Units waited for.
    backordered: i64,
    /// Units shipped.
    shipped: i64,
    /// Units that arrived.
    delivered: i64,
    /// Units that came back.
    returned: i64,
    /// Net of what is still part of the order, without tax.
    net: MoneyOut,
}

/// gross − discount = net; + shipping = revenue; + tax = total.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TotalsView {
    pub(crate) gross: MoneyOut,
    pub(crate) discount: MoneyOut,
    pub(crate) net: MoneyOut,
    pub(crate) shipping: MoneyOut,
    pub(crate) revenue: MoneyOut,
    pub(crate) tax: MoneyOut,
    pub(crate) total: MoneyOut,
}

/// An event, without the provenance that it shares with its command.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EventView {
    /// Its place in the log.
    position: i64,
    /// The stream it belongs to.
    stream: String,
    /// Its place in the stream.
    version: i64,
    /// Its type.
    #[serde(rename = "type")]
    event_type: String,
    /// The facts, where they are recorded nowhere; those of recorded events are in the history and the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Object")]
    data: Option<Value>,
}

impl EventView {
    /// Name of the type.
    pub(crate) fn name(&self) -> &str {
        &self.event_type
    }

    pub(crate) fn recorded(event: &Recorded) -> EventView {
        EventView {
            position: event.position.0,
            stream: event.stream.to_string(),
            version: event.version.0,
            event_type: event.event_type.clone(),
            data: None,
        }
    }

    /// The very event that would be recorded.
    pub(crate) fn foreseen(shop: &OpenShop, event: &Recorded) -> EventView {
        let opened = envelope::decode(&event.json).map(|mut event| {
            shop.open_event(&mut event);
            serde_json::to_value(event.data).unwrap_or_default()
        });
        EventView { data: opened.ok(), ..EventView::recorded(event) }
    }
}

/// A customer's personal data, opened if its key exists.
pub(crate) fn customer(shop: &OpenShop, customer: &Customer) -> CustomerView {
    if are_particulars_hidden() {
        return CustomerView::hidden(customer.id.0);
    }
    let open = |field: &str, sealed: &Option<String>| {
        sealed.as_deref().and_then(|sealed| shop.keyring.open_seal(field, sealed))
    };
    let profile = &customer.profile;
    CustomerView {
        customer_id: customer.id.0,
        name: open("name", &profile.name),
        email: open("email", &profile.email),
        phone: open("phone", &profile.phone),
        address: open("address", &profile.address),
    }
}

/// An order as it is at `at`, with its sealed texts opened; `customer` has the name if the caller looked it up.
pub(crate) fn order(shop: &OpenShop, order: &Order, customer: CustomerView, at: DateTime<Utc>) -> OrderView {
    let money = |minor| shop.wording.money(minor, order.currency);
    let totals = order.current_totals();
    let order = &shop.opened(order);
    OrderView {
        order_id: order.id.0,
        version: order.version.0,
        status: order.status().to_string(),
        payment_status: order.payment_status().to_string(),
        on_hold: order.on_hold_at(at),
        held_until: order.times.held_until.filter(|_| order.on_hold_at(at)).map(|until| shop.wording.time(until)),
        backordered: order.backordered(),
        customer,
        placed_at: order.times.placed.map(|at| shop.wording.time(at)).unwrap_or_default(),
        placed_on: order.placed_on.to_string(),
        lines: order.lines.iter().map(|one| line(shop, one, order.currency)).collect(),
        totals: TotalsView {
            gross: money(totals.gross),
            discount: money(totals.discount),
            net: money(totals.net),
            shipping: money(totals.shipping),
            revenue: money(totals.revenue),
            tax: money(totals.tax),
            total: money(totals.total),
        },
        captured: money(order.received()),
        refunded: money(order.paid_back()),
        due: money(order.due()),
        shipments: order.shipments.iter().map(|one| shipment(shop, one)).collect(),
        payments: order.payments.iter().map(|one| payment(shop, one, order.currency)).collect(),
        refunds: order.refunds_made().map(|one| moved(shop, one, one.at, one.amount, order.currency)).collect(),
        note: order.note.clone(),
        notes: order.notes.iter().map(|one| added_note(shop, one)).collect(),
        external_reference: order.external_reference.clone(),
        allowed_next: order.allowed_next(at).iter().map(ToString::to_string).collect(),
    }
}

fn line(shop: &OpenShop, line: &Line, currency: Currency) -> LineView {
    let Amounts { gross, discount, .. } = line.kept_amounts();
    LineView {
        line: line.line,
        sku: line.sku.clone(),
        name: line.name.clone(),
        unit_price: shop.wording.money(line.unit_price, currency),
        ordered: line.ordered,
        cancelled: line.cancelled,
        reserved: line.reserved,
        backordered: line.backordered,
        shipped: line.shipped,
        delivered: line.delivered,
        returned: line.returned,
        net: shop.wording.money(gross - discount, currency),
    }
}

fn shipment(shop: &OpenShop, shipment: &Shipment) -> Value {
    let mut value = serde_json::to_value(shipment).unwrap_or_default();
    value["at"] = shop.wording.time(shipment.at).into();
    if let Some(voided) = shipment.voided {
        value["voided"] = shop.wording.time(voided).into();
    }
    // The fee is in the order's totals.
    value.as_object_mut().map(|fields| fields.remove("fee"));
    value
}

fn added_note(shop: &OpenShop, added: &AddedNote) -> Value {
    serde_json::json!({ "at": shop.wording.time(added.at), "by": added.by, "note": added.note })
}

fn payment(shop: &OpenShop, payment: &Payment, currency: Currency) -> Value {
    let mut value = moved(shop, payment, payment.at, payment.amount, currency);
    if let Some(undone) = payment.undone {
        value["undone"] = shop.wording.time(undone).into();
    }
    value
}

/// A payment or refund, with time and amount as in every answer.
fn moved(shop: &OpenShop, one: &impl Serialize, at: DateTime<Utc>, amount: i64, currency: Currency) -> Value {
    let mut value = serde_json::to_value(one).unwrap_or_default();
    value["at"] = shop.wording.time(at).into();
    value["amount"] = serde_json::to_value(shop.wording.money(amount, currency)).unwrap_or_default();
    value
}

/// The state before or after a command.
pub(crate) fn state(shop: &OpenShop, state: &State) -> Value {
    match state {
        State::Order(one) => {
            let nobody =
                CustomerView { customer_id: one.customer_id.0, name: None, email: None, phone: None, address: None };
            serde_json::to_value(order(shop, one, nobody, shop.clock.now())).unwrap_or_default()
        }
        State::Stock(stock) => stock_value(stock),
        State::Product(product) => product_value(shop, product),
        State::Rate(rate) => serde_json::json!({
            "currency": rate.currency, "rate": rate.stored.map(|stored| stored.rate.normalize().to_string()),
        }),
        State::Customer(one) => serde_json::to_value(customer(shop, one)).unwrap_or_default(),
        State::Notifications(all) => serde_json::json!({ "rules": all.rules.len() }),
        State::Confirmations(all) => serde_json::json!({ "questions": all.questions.len() }),
    }
}

fn stock_value(stock: &Stock) -> Value {
    serde_json::json!({
        "product_id": stock.product_id, "on_hand": stock.on_hand, "reserved": stock.reserved,
        "available": stock.available(), "backordered": stock.backordered(),
    })
}

fn product_value(shop: &OpenShop, product: &Product) -> Value {
    let mut value = serde_json::json!({ "product_id": product.id, "sku": product.sku });
    if let (Some(entry), Some(fields)) = (&product.entry, value.as_object_mut()) {
        let entry_value = serde_json::to_value(entry).unwrap_or_default();
        if let Value::Object(entry_fields) = entry_value {
            fields.extend(entry_fields);
        }
        fields.insert(
            "price".to_owned(),
            serde_json::to_value(shop.wording.money(entry.price, entry.currency)).unwrap_or_default(),
        );
        fields.remove("currency");
    }
    value
}

/// A sum of one currency.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MoneySum {
    /// The sum.
    pub(crate) total: MoneyOut,
    /// The same for a sentence.
    #[serde(skip)]
    pub(crate) in_words: String,
}

#[cfg(test)]
impl MoneySum {
    pub(crate) fn example(in_words: &str) -> MoneySum {
        let total = MoneyOut { minor: 0, currency: "INR".to_owned(), formatted: String::new() };
        MoneySum { total, in_words: in_words.to_owned() }
    }
}

/// One sum per currency, the shop's currency first.
pub(crate) fn sums<'a>(shop: &OpenShop, amounts: impl Iterator<Item = (&'a str, i64)>) -> Vec<MoneySum> {
    let mut sums: std::collections::BTreeMap<&str, i64> = std::collections::BTreeMap::new();
    for (currency, amount) in amounts {
        *sums.entry(currency).or_default() += amount;
    }
    let home = shop.settings.currency.code();
    let mut sums: Vec<(&str, i64)> = sums.into_iter().collect();
    sums.sort_by_key(|(currency, _)| *currency != home);
    sums.into_iter()
        .map(|(code, minor)| {
            let currency = code.parse().unwrap_or(shop.settings.currency);
            MoneySum { total: shop.wording.money(minor, currency), in_words: shop.wording.amount(minor, currency) }
        })
        .collect()
}
