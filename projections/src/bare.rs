//! An order as read models keep it: units and money, no words. It is the largest part of their rows, so it is kept short.

use chrono::{DateTime, NaiveDate, Utc};
use orderlog_domain::{
    event::{Amounts, Charge, Totals},
    ids::{CustomerId, OrderId, ProductId, Version},
    money::Currency,
    order::{Line, Order, Payment, Times},
};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use crate::row::{Field, Kind, Value};

/// An order without words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct BareOrder(pub Order);

/// How it is written: an array, for names of fields would take more room than what they name.
#[derive(Serialize, Deserialize)]
struct Written(Whole, Money, Vec<WrittenLine>, WrittenTimes, Option<WrittenPayment>);

/// Number, version, customer, currency, placed on.
type Whole = (i64, i64, Uuid, Currency, NaiveDate);
/// Agreed total; shipping, shipping taken back and goodwill, net and tax each; captured, refunded, undone.
type Money = [i64; 10];
/// Number, product, whether stock is kept; ordered, cancelled, reserved, backordered, shipped, delivered, returned, gross,
/// discount, tax.
type WrittenLine = (u32, Uuid, bool, [i64; 10]);
/// Placed, confirmed, picking started, held, held until: milliseconds since the epoch.
type WrittenTimes = [Option<i64>; 5];
/// The payment that the next event may undo: amount, method, reference.
type WrittenPayment = (i64, String, Option<String>);

impl BareOrder {
    /// Drops what no reading of the order, now or after any event, needs: words, other currencies, and what only commands
    /// look at. What is left is what a stored one holds.
    #[must_use]
    pub fn of(order: Order) -> BareOrder {
        // All is named, so that no new part of an order can be forgotten.
        let Order {
            id,
            version,
            acted,
            customer_id,
            currency,
            mut lines,
            last_line: _,
            shipping,
            shipping_reversed,
            rate: _,
            shipping_converted: _,
            totals: Totals { total, .. },
            goodwill,
            goodwill_converted: _,
            freed: _,
            refunded_units: _,
            refunded_shipping: _,
            captured,
            refunded,
            undone,
            paid_at,
            mut payments,
            refunds: _,
            shipments: _,
            note: _,
            external_reference: _,
            placed_on,
            times: Times { placed, confirmed, held, held_until, processing, .. },
            hold_before: _,
            last_event_on: _,
        } = order;
        for line in &mut lines {
            strip(line);
        }
        let latest = payments.pop().filter(|_| paid_at == acted);
        let latest = latest.map(|payment| Payment { at: DateTime::UNIX_EPOCH, undone: None, ..payment });
        let paid_at = if latest.is_some() { version } else { Version::NONE };
        let times = Times { placed, confirmed, held, held_until, processing, ..Times::default() };
        payments.clear();
        payments.extend(latest);
        BareOrder(Order {
            version,
            acted: version,
            customer_id,
            currency,
            lines,
            shipping,
            shipping_reversed,
            totals: Totals { total, ..Totals::default() },
            goodwill,
            captured,
            refunded,
            undone,
            paid_at,
            payments,
            placed_on,
            times,
            ..Order::empty(id)
        })
    }

    fn written(&self) -> Written {
        let order = &self.0;
        let Charge { net, tax } = order.shipping;
        let (back, kind) = (order.shipping_reversed, order.goodwill);
        let (total, captured) = (order.totals.total, order.captured);
        let (refunded, undone) = (order.refunded, order.undone);
        let money = [total, net, tax, back.net, back.tax, kind.net, kind.tax, captured, refunded, undone];
        let Times { placed, confirmed, processing, held, held_until, .. } = &order.times;
        let times = [placed, confirmed, processing, held, held_until].map(|time| time.map(|at| at.timestamp_millis()));
        let latest = order.payments.last();
        let latest = latest.map(|payment| (payment.amount, payment.method.clone(), payment.reference.clone()));
        let whole = (order.id.0, order.version.0, order.customer_id.0, order.currency, order.placed_on);
        Written(whole, money, order.lines.iter().map(written_line).collect(), times, latest)
    }
}

impl From<Written> for BareOrder {
    fn from(written: Written) -> BareOrder {
        let Written((id, version, customer_id, currency, placed_on), money, lines, times, latest) = written;
        let [total, net, tax, back_net, back_tax, kind_net, kind_tax, captured, refunded, undone] = money;
        let [placed, confirmed, processing, held, held_until] =
            times.map(|time| time.and_then(DateTime::<Utc>::from_timestamp_millis));
        let version = Version(version);
        let payment = |(amount, method, reference): WrittenPayment| Payment {
            at: DateTime::UNIX_EPOCH,
            amount,
            method,
            reference,
            undone: None,
        };
        BareOrder(Order {
            version,
            acted: version,
            customer_id: CustomerId(customer_id),
            currency,
            lines: lines.into_iter().map(line).collect(),
            shipping: Charge { net, tax },
            shipping_reversed: Charge { net: back_net, tax: back_tax },
            totals: Totals { total, ..Totals::default() },
            goodwill: Charge { net: kind_net, tax: kind_tax },
            captured,
            refunded,
            undone,
            paid_at: if latest.is_some() { version } else { Version::NONE },
            payments: latest.into_iter().map(payment).collect(),
            placed_on,
            times: Times { placed, confirmed, processing, held, held_until, ..Times::default() },
            ..Order::empty(OrderId(id))
        })
    }
}

impl Serialize for BareOrder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written().serialize(serializer)
    }
}

impl Field for BareOrder {
    const KIND: Kind = Kind::Text;

    fn to_value(&self) -> Value {
        Value::Text(serde_json::to_string(self).ok())
    }

    fn from_value(value: Value) -> Result<BareOrder, String> {
        let text = String::from_value(value)?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }
}

/// Drops the words of a line.
fn strip(line: &mut Line) {
    let Line {
        line: _,
        product_id: _,
        sku,
        name,
        unit_price,
        tax_rate,
        tax_inclusive,
        line_total,
        discounts,
        amounts: _,
        converted,
        tracked: _,
        ordered: _,
        cancelled: _,
        reserved: _,
        backordered: _,
        shipped: _,
        delivered: _,
        returned: _,
        returned_refunded,
        cancelled_refunded,
    } = line;
    (*sku, *name) = (String::new(), String::new());
    (*unit_price, *tax_rate, *converted) = (0, Default::default(), Amounts::default());
    (*tax_inclusive, *line_total, *discounts) = (false, None, vec![]);
    (*returned_refunded, *cancelled_refunded) = (0, 0);
}

fn written_line(line: &Line) -> WrittenLine {
    let Line { line: number, product_id, amounts, tracked, ordered, cancelled, reserved, backordered, .. } = line;
    let (shipped, delivered, returned) = (line.shipped, line.delivered, line.returned);
    let Amounts { gross, discount, tax } = *amounts;
    let units = [*ordered, *cancelled, *reserved, *backordered, shipped, delivered, returned, gross, discount, tax];
    (*number, product_id.0, *tracked, units)
}

fn line((line, product_id, tracked, units): WrittenLine) -> Line {
    let [ordered, cancelled, reserved, backordered, shipped, delivered, returned, gross, discount, tax] = units;
    Line {
        line,
        product_id: ProductId(product_id),
        sku: String::new(),
        name: String::new(),
        unit_price: 0,
        tax_rate: Default::default(),
        tax_inclusive: false,
        line_total: None,
        discounts: vec![],
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
        returned_refunded: 0,
        cancelled_refunded: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Most bytes of an order of two lines.
    const SHORT: usize = 500;

    #[test]
    fn a_bare_order_is_short_and_is_read_as_it_was_written() {
        let at = DateTime::from_timestamp_millis(1_795_000_000_123);
        let line = |number: u32| {
            let units = [3, 1, 0, 0, 2, 1, 1, 299_700, 29_970, 48_551];
            line((number, Uuid::from_u128(u128::from(number) << 100), true, units))
        };
        let payment = Payment {
            at: DateTime::UNIX_EPOCH,
            amount: 200_000,
            method: "upi".to_owned(),
            reference: Some("r-1".to_owned()),
            undone: None,
        };
        let order = Order {
            version: Version(9),
            acted: Version(9),
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
        let bare = BareOrder::of(order.clone());
        assert_eq!(bare.0, order, "nothing of it is words");
        let text = serde_json::to_string(&bare).unwrap();
        assert!(text.len() < SHORT, "{} bytes: {text}", text.len());
        assert_eq!(serde_json::from_str::<BareOrder>(&text).unwrap(), bare);
    }
}
