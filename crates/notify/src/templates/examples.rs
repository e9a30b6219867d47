//! An example of every message, with which templates are tried before anything is sent, and shown to who writes them.

use chrono::{DateTime, Utc};
use orderlog_domain::{
    decide::Shop,
    event::Alert,
    ids::{OrderId, Position},
    notifications::Watch,
    order::{PaymentStatus, Status},
};
use serde_json::Value;

use crate::{
    alert_words,
    content::{About, Content, OrderFacts, PaymentFacts, ProductFacts},
};

/// Minor units.
const TOTAL: i64 = 123_450;
/// Minor units.
const REFUND: i64 = 5_000;

/// When the examples happened.
pub(super) fn moment() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_341_600, 0).unwrap_or_default()
}

/// Every message with all that it can have, and again with nothing that it can lack.
pub(super) fn all(shop: &Shop) -> Vec<Content> {
    let full = full(shop);
    let bare: Vec<Content> = full.iter().map(bare).collect();
    full.into_iter().chain(bare).collect()
}

/// Every message with all that it can have.
pub(super) fn full(shop: &Shop) -> Vec<Content> {
    let full: Vec<Content> = Watch::ALL.into_iter().map(|watch| of(watch, shop)).collect();
    let others = [
        Content::plain("test", "This is a test of Orderlog."),
        Content::undelivered("books", "the target wants no more messages (410)"),
        Content::digest(&full),
    ];
    let link = Some("https://shop.example/unsubscribe/1-abc".to_owned());
    full.into_iter().chain(others).map(|one| one.ended_at(link.clone())).collect()
}

/// Without a link and the customer's name, and without what an alert does not always know.
fn bare(content: &Content) -> Content {
    let mut bare = content.ended_at(None);
    bare.about.order.iter_mut().for_each(|order| order.customer = None);
    bare.facts.retain(|(name, _)| *name != "Customer");
    if let Some(alert) = bare.about.alert.as_mut().and_then(Value::as_object_mut) {
        let unknown = alert.iter_mut().filter(|(name, _)| matches!(name.as_str(), "at" | "waiting"));
        unknown.for_each(|(_, value)| *value = Value::Null);
    }
    bare.parts = bare.parts.iter().map(self::bare).collect();
    bare
}

fn of(watch: Watch, shop: &Shop) -> Content {
    let money = |amount: i64| shop.locale.money_in_words(amount, shop.currency);
    let order = |text: String| of_order(watch, shop, text, None);
    let now = |status: Status| order(format!("Order #1234 is now {}.", status.spoken()));
    match watch {
        Watch::Placed => order(format!("Order #1234 was placed: 3 units for {}.", money(TOTAL))),
        Watch::Held => order("Order #1234 was put on hold.".to_owned()),
        Watch::Released => order("Order #1234 was released from hold.".to_owned()),
        Watch::Payment => {
            of_order(watch, shop, format!("{} came in for order #1234 by card.", money(TOTAL)), Some(TOTAL))
        }
        Watch::Refund => {
            of_order(watch, shop, format!("{} went back for order #1234 by card.", money(REFUND)), Some(REFUND))
        }
        Watch::Waiting => order("Order #1234 has waited 3 days and is not shipped: it is confirmed.".to_owned()),
        Watch::Confirmed => now(Status::Confirmed),
        Watch::Processing => now(Status::Processing),
        Watch::PartiallyShipped => now(Status::PartiallyShipped),
        Watch::Shipped => {
            order("Order #1234 is now shipped: 3 units have left, and 2 units were cancelled.".to_owned())
        }
        Watch::Delivered => now(Status::Delivered),
        Watch::Returned => now(Status::Returned),
        Watch::Cancelled => now(Status::Cancelled),
        Watch::LowStock => of_product(watch, "Masala tea <200 g> (TEA-1) runs low: 4 units are available.", 4),
        Watch::OutOfStock => of_product(watch, "Masala tea <200 g> (TEA-1) is out of stock.", 0),
        Watch::RelayStopped => of_alert(watch, shop, &Alert::RelayStopped { since: moment(), waiting: Some(12) }),
        Watch::VerifyFailed => {
            let fault = "its hash does not follow from the event before".to_owned();
            of_alert(watch, shop, &Alert::VerifyFailed { at: Some(Position(42)), fault })
        }
        Watch::ForecastMissed => {
            let day = moment().date_naive();
            let (sold, expected, from, to) = (100_000, 4_500_000, 4_000_000, 5_000_000);
            let currency = shop.currency;
            of_alert(
                watch,
                shop,
                &Alert::ForecastMissed { day, ended_at: moment(), currency, sold, expected, from, to },
            )
        }
    }
}

fn of_order(watch: Watch, shop: &Shop, text: String, moved: Option<i64>) -> Content {
    let amount = |amount: i64| shop.locale.money(amount, shop.currency);
    let customer = "Asha O'Rao & Sons".to_owned();
    let (status, paid) = (watch.status().unwrap_or(Status::Confirmed), PaymentStatus::Paid);
    let order = OrderFacts {
        id: OrderId(1234),
        status: status.name(),
        status_in_words: status.spoken(),
        payment_status: paid.name(),
        payment_status_in_words: paid.spoken(),
        total: amount(TOTAL),
        units: 3,
        cancelled_units: if watch == Watch::Shipped { 2 } else { 0 },
        customer: Some(customer.clone()),
        waited_seconds: (watch == Watch::Waiting).then_some(3 * 86_400),
    };
    let facts = vec![("Customer", customer), ("Total", order.total.formatted.clone()), ("Payment", paid.spoken())];
    let payment = moved.map(|moved| PaymentFacts { amount: amount(moved), method: "card".to_owned() });
    let about = About { order: Some(order), payment, ..About::default() };
    let kind = format!("order.{}", watch.name());
    Content { facts, about, at: Some(moment()), ..Content::plain(&kind, &text) }
}

fn of_product(watch: Watch, text: &str, available: i64) -> Content {
    let product = ProductFacts { sku: "TEA-1".to_owned(), name: "Masala tea <200 g>".to_owned(), available };
    let about = About { product: Some(product), ..About::default() };
    Content { about, ..Content::plain(&format!("product.{}", watch.name()), text) }
}

fn of_alert(watch: Watch, shop: &Shop, alert: &Alert) -> Content {
    let (text, data) = alert_words::in_words(shop, alert);
    let about = About { alert: Some(data), ..About::default() };
    let group = if watch.is_of_system() { "system" } else { "sales" };
    Content { about, at: Some(moment()), ..Content::plain(&format!("{group}.{}", watch.name()), &text) }
}
