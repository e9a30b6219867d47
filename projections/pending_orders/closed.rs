//! What is kept of an order about which nothing is open, so that it can be opened again: units and money, no words.

use chrono::{DateTime, NaiveDate, Utc};
use orderlog_domain::{
    event::{Amounts, Charge, Totals},
    ids::{CustomerId, OrderId, ProductId, Version},
    money::Currency,
    order::{Line, Order, Payment, Times},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An order without what no reading of it needs. Kept short: every finished order has one, and few are looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept(Whole, Money, Vec<KeptLine>, KeptTimes, Option<KeptPayment>);

/// Version, customer, currency, placed on.
type Whole = (i64, Uuid, Currency, NaiveDate);
/// Agreed total; shipping, shipping taken back and goodwill, net and tax each; captured, refunded, undone.
type Money = [i64; 10];
/// Number, product, whether stock is kept; ordered, cancelled, reserved, backordered, shipped, delivered, returned, gross,
/// discount, tax.
type KeptLine = (u32, Uuid, bool, [i64; 10]);
/// Placed, confirmed, picking started, held, held until: milliseconds since the epoch.
type KeptTimes = [Option<i64>; 5];
/// The payment that the next event may undo: amount, method, reference.
type KeptPayment = (i64, String, Option<String>);

impl Kept {
    /// Left out are words, other currencies, and what only commands look at; all is named, so that no new part of an
    /// order can be forgotten.
    pub(super) fn of(order: &Order) -> Kept {
        let Order {
            id: _,
            version,
            customer_id,
            currency,
            lines,
            shipping,
            shipping_reversed: back,
            rate: _,
            shipping_converted: _,
            totals,
            goodwill: kind,
            captured,
            refunded,
            undone,
            paid_at,
            payments,
            refunds: _,
            shipments: _,
            note: _,
            placed_on,
            times,
            hold_before: _,
            last_event_on: _,
        } = order;
        let Charge { net, tax } = *shipping;
        let money =
            [totals.total, net, tax, back.net, back.tax, kind.net, kind.tax, *captured, *refunded, *undone];
        let Times { placed, confirmed, processing, held, held_until, .. } = times;
        let times = [placed, confirmed, processing, held, held_until].map(|time| time.map(|at| at.timestamp_millis()));
        let latest = payments.last().filter(|_| paid_at == version);
        let latest = latest.map(|payment| (payment.amount, payment.method.clone(), payment.reference.clone()));
        let whole = (version.0, customer_id.0, *currency, *placed_on);
        Kept(whole, money, lines.iter().map(kept_line).collect(), times, latest)
    }

    /// The order again, as far as any reading of it goes.
    pub(super) fn order(&self, id: OrderId) -> Order {
        let Kept((version, customer_id, currency, placed_on), money, lines, times, latest) = self;
        let [total, net, tax, back_net, back_tax, kind_net, kind_tax, captured, refunded, undone] = *money;
        let [placed, confirmed, processing, held, held_until] =
            times.map(|time| time.and_then(DateTime::<Utc>::from_timestamp_millis));
        let version = Version(*version);
        let payment = |(amount, method, reference): &KeptPayment| Payment {
            at: placed.unwrap_or_default(),
            amount: *amount,
            method: method.clone(),
            reference: reference.clone(),
            undone: None,
        };
        Order {
            version,
            customer_id: CustomerId(*customer_id),
            currency: *currency,
            lines: lines.iter().map(line).collect(),
            shipping: Charge { net, tax },
            shipping_reversed: Charge { net: back_net, tax: back_tax },
            totals: Totals { total, ..Totals::default() },
            goodwill: Charge { net: kind_net, tax: kind_tax },
            captured,
            refunded,
            undone,
            paid_at: if latest.is_some() { version } else { Version::NONE },
            payments: latest.iter().map(payment).collect(),
            placed_on: *placed_on,
            times: Times { placed, confirmed, processing, held, held_until, ..Times::default() },
            ..Order::empty(id)
        }
    }
}

fn kept_line(line: &Line) -> KeptLine {
    let Line {
        line,
        product_id,
        sku: _,
        name: _,
        unit_price: _,
        tax_rate: _,
        amounts: Amounts { gross, discount, tax },
        converted: _,
        tracked,
        ordered,
        cancelled,
        reserved,
        backordered,
        shipped,
        delivered,
        returned,
    } = line;
    let (backordered, shipped, delivered, returned) = (*backordered, *shipped, *delivered, *returned);
    let units = [*ordered, *cancelled, *reserved, backordered, shipped, delivered, returned, *gross, *discount, *tax];
    (*line, product_id.0, *tracked, units)
}

fn line(&(line, product_id, tracked, units): &KeptLine) -> Line {
    let [ordered, cancelled, reserved, backordered, shipped, delivered, returned, gross, discount, tax] = units;
    Line {
        line,
        product_id: ProductId(product_id),
        sku: String::new(),
        name: String::new(),
        unit_price: 0,
        tax_rate: Default::default(),
        amounts: Amounts { gross, discount, tax },
        converted: Amounts::default(),
        tracked,
        ordered,
        cancelled,
        reserved,
        backordered,
        shipped,
        delivered,
        returned,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Most bytes kept of an order of two lines.
    const SHORT: usize = 500;

    #[test]
    fn what_is_kept_is_short_and_reads_as_the_order_did() {
        let at = DateTime::from_timestamp_millis(1_795_000_000_123);
        let line = |number: u32| {
            let units = [3, 1, 0, 0, 2, 1, 1, 299_700, 29_970, 48_551];
            line(&(number, Uuid::from_u128(u128::from(number) << 100), true, units))
        };
        let payment = Payment {
            at: at.unwrap_or_default(),
            amount: 200_000,
            method: "upi".to_owned(),
            reference: Some("r-1".to_owned()),
            undone: None,
        };
        let order = Order {
            version: Version(9),
            paid_at: Version(9),
            lines: vec![line(1), line(2)],
            shipping: Charge { net: 9_900, tax: 1_782 },
            shipping_reversed: Charge { net: 100, tax: 18 },
            goodwill: Charge { net: 4_237, tax: 763 },
            totals: Totals { total: 648_244, ..Totals::default() },
            captured: 400_000,
            refunded: 250_000,
            undone: 200_000,
            payments: vec![payment],
            times: Times { placed: at, confirmed: at, processing: at, held: at, held_until: at, ..Times::default() },
            ..Order::empty(OrderId(1001))
        };
        let json = serde_json::to_string(&Kept::of(&order)).unwrap();
        assert!(json.len() < SHORT, "{} bytes: {json}", json.len());
        let again = serde_json::from_str::<Kept>(&json).unwrap().order(order.id);
        assert_eq!(again, order, "nothing of it is words");
    }
}
