//! An order as read models store it: units and money, no texts. It is the largest part of their rows, so it is short.

use chrono::{DateTime, NaiveDate, Utc};
use orderlog_domain::{
    event::{Amounts, Charge, Totals},
    ids::{CustomerId, OrderId, ProductId, Version},
    money::Currency,
    order::{Line, Order, Payment, Times},
};
use orderlog_read_models::{Field, Kind, Value};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use crate::stored::stored_as_array;

/// An order without its texts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Stored")]
pub struct CompactOrder(pub Order);

stored_as_array! {
    struct Stored {
        identity: Identity,
        money: Money,
        lines: Vec<StoredLine>,
        times: StoredTimes,
        /// The payment that the next event may undo.
        latest: Option<LatestPayment>,
    }
}

stored_as_array! {
    struct Identity {
        id: i64,
        version: i64,
        customer_id: Uuid,
        currency: Currency,
        placed_on: NaiveDate,
    }
}

stored_as_array! {
    struct Money {
        agreed_total: i64,
        shipping_net: i64,
        shipping_tax: i64,
        shipping_reversed_net: i64,
        shipping_reversed_tax: i64,
        goodwill_net: i64,
        goodwill_tax: i64,
        captured: i64,
        refunded: i64,
        undone: i64,
    }
}

stored_as_array! {
    struct StoredLine {
        line: u32,
        product_id: Uuid,
        /// Whether the stock of the product is tracked.
        tracked: bool,
        figures: LineFigures,
    }
}

stored_as_array! {
    struct LineFigures {
        ordered: i64,
        cancelled: i64,
        reserved: i64,
        backordered: i64,
        shipped: i64,
        delivered: i64,
        returned: i64,
        gross: i64,
        discount: i64,
        tax: i64,
    }
}

stored_as_array! {
    /// Milliseconds since the epoch.
    struct StoredTimes {
        placed: Option<i64>,
        confirmed: Option<i64>,
        processing: Option<i64>,
        held: Option<i64>,
        held_until: Option<i64>,
    }
}

stored_as_array! {
    struct LatestPayment {
        amount: i64,
        method: String,
        reference: Option<String>,
    }
}

impl CompactOrder {
    /// Drops the fields that no reading of the order needs, now or after any event: words, other currencies, and fields
    /// that only commands need. A stored order has only the rest.
    #[must_use]
    pub fn of(order: Order) -> CompactOrder {
        // Every field is named, so that no new part of an order can be forgotten.
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
            notes: _,
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
        CompactOrder(Order {
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

    fn stored(&self) -> Stored {
        let order = &self.0;
        let millis = |time: Option<DateTime<Utc>>| time.map(|at| at.timestamp_millis());
        Stored {
            identity: Identity {
                id: order.id.0,
                version: order.version.0,
                customer_id: order.customer_id.0,
                currency: order.currency,
                placed_on: order.placed_on,
            },
            money: Money {
                agreed_total: order.totals.total,
                shipping_net: order.shipping.net,
                shipping_tax: order.shipping.tax,
                shipping_reversed_net: order.shipping_reversed.net,
                shipping_reversed_tax: order.shipping_reversed.tax,
                goodwill_net: order.goodwill.net,
                goodwill_tax: order.goodwill.tax,
                captured: order.captured,
                refunded: order.refunded,
                undone: order.undone,
            },
            lines: order.lines.iter().map(stored_line).collect(),
            times: StoredTimes {
                placed: millis(order.times.placed),
                confirmed: millis(order.times.confirmed),
                processing: millis(order.times.processing),
                held: millis(order.times.held),
                held_until: millis(order.times.held_until),
            },
            latest: order.payments.last().map(|payment| LatestPayment {
                amount: payment.amount,
                method: payment.method.clone(),
                reference: payment.reference.clone(),
            }),
        }
    }
}

impl From<Stored> for CompactOrder {
    fn from(Stored { identity, money, lines, times, latest }: Stored) -> CompactOrder {
        let time = |millis: Option<i64>| millis.and_then(DateTime::<Utc>::from_timestamp_millis);
        let version = Version(identity.version);
        let payment = |LatestPayment { amount, method, reference }| Payment {
            at: DateTime::UNIX_EPOCH,
            amount,
            method,
            reference,
            undone: None,
        };
        CompactOrder(Order {
            version,
            acted: version,
            customer_id: CustomerId(identity.customer_id),
            currency: identity.currency,
            lines: lines.into_iter().map(line).collect(),
            shipping: Charge { net: money.shipping_net, tax: money.shipping_tax },
            shipping_reversed: Charge { net: money.shipping_reversed_net, tax: money.shipping_reversed_tax },
            totals: Totals { total: money.agreed_total, ..Totals::default() },
            goodwill: Charge { net: money.goodwill_net, tax: money.goodwill_tax },
            captured: money.captured,
            refunded: money.refunded,
            undone: money.undone,
            paid_at: if latest.is_some() { version } else { Version::NONE },
            payments: latest.into_iter().map(payment).collect(),
            placed_on: identity.placed_on,
            times: Times {
                placed: time(times.placed),
                confirmed: time(times.confirmed),
                processing: time(times.processing),
                held: time(times.held),
                held_until: time(times.held_until),
                ..Times::default()
            },
            ..Order::empty(OrderId(identity.id))
        })
    }
}

impl Serialize for CompactOrder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.stored().serialize(serializer)
    }
}

impl Field for CompactOrder {
    const KIND: Kind = Kind::Text;

    fn to_value(&self) -> Value {
        Value::Text(serde_json::to_string(self).ok())
    }

    fn from_value(value: Value) -> Result<CompactOrder, String> {
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
        order_discount,
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
    (*tax_inclusive, *line_total, *discounts, *order_discount) = (false, None, vec![], false);
    (*returned_refunded, *cancelled_refunded) = (0, 0);
}

fn stored_line(line: &Line) -> StoredLine {
    StoredLine {
        line: line.line,
        product_id: line.product_id.0,
        tracked: line.tracked,
        figures: LineFigures {
            ordered: line.ordered,
            cancelled: line.cancelled,
            reserved: line.reserved,
            backordered: line.backordered,
            shipped: line.shipped,
            delivered: line.delivered,
            returned: line.returned,
            gross: line.amounts.gross,
            discount: line.amounts.discount,
            tax: line.amounts.tax,
        },
    }
}

fn line(StoredLine { line, product_id, tracked, figures }: StoredLine) -> Line {
    let LineFigures { gross, discount, tax, .. } = figures;
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
        order_discount: false,
        amounts: Amounts { gross, discount, tax },
        converted: Amounts::default(),
        tracked,
        ordered: figures.ordered,
        cancelled: figures.cancelled,
        reserved: figures.reserved,
        backordered: figures.backordered,
        shipped: figures.shipped,
        delivered: figures.delivered,
        returned: figures.returned,
        returned_refunded: 0,
        cancelled_refunded: 0,
    }
}

#[cfg(test)]
mod tests;
