//! What an event adds to the sales figures: one posting per line and one for the order itself (rules R5, R6).

use crate::{
    event::{Amounts, Charge, Event, Fact, LineUnits, OrderFact},
    ids::{CustomerId, OrderId, ProductId},
    money::Currency,
};

/// One entry of the sales journal. Reversals are negative. It falls on its event's business date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Of which order.
    pub order_id: OrderId,
    /// Whose order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// Line number; none for what concerns the order as a whole: its count and its shipping fee.
    pub line: Option<u32>,
    /// What was sold; none for what concerns the order as a whole.
    pub product_id: Option<ProductId>,
    /// Goods before discounts, minor units.
    pub gross: i64,
    /// Discounts, minor units; positive where `gross` is.
    pub discount: i64,
    /// Shipping without tax, minor units.
    pub shipping: i64,
    /// Tax, minor units.
    pub tax: i64,
    /// Units of the product.
    pub units: i64,
    /// Orders: 1 when placed, −1 when no unit of it remains.
    pub orders: i64,
}

impl Posting {
    /// Goods after discounts, minor units.
    #[must_use]
    pub fn net(&self) -> i64 {
        self.gross - self.discount
    }

    /// The headline: without tax, with shipping.
    #[must_use]
    pub fn revenue(&self) -> i64 {
        self.net() + self.shipping
    }

    /// With tax.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.revenue() + self.tax
    }
}

/// Postings on the booked basis: an order counts when it is placed, less what is cancelled, when it is cancelled.
#[must_use]
pub fn booked(event: &Event) -> Vec<Posting> {
    let Fact::Order(fact) = event.fact() else { return vec![] };
    match fact {
        OrderFact::OrderPlaced(fact) => {
            let journal =
                Journal { order_id: fact.order_id, customer_id: fact.customer_id, currency: fact.currency, sign: 1 };
            let lines = fact.lines.iter().map(|l| journal.line(l.line, l.product_id, l.quantity, l.amounts));
            lines.chain([journal.order(fact.shipping, 1)]).collect()
        }
        OrderFact::UnitsCancelled(fact) => {
            let journal =
                Journal { order_id: fact.order_id, customer_id: fact.customer_id, currency: fact.currency, sign: -1 };
            let lines = fact
                .lines
                .iter()
                .map(|moved: &LineUnits| journal.line(moved.line, moved.product_id, moved.units, moved.amounts));
            lines.chain(fact.completes.then(|| journal.order(fact.shipping, 1))).collect()
        }
        OrderFact::OrderConfirmed(_)
        | OrderFact::OrderUnconfirmed(_)
        | OrderFact::LinesChanged(_)
        | OrderFact::ShipmentVoided(_)
        | OrderFact::UnitsReturned(_)
        | OrderFact::PaymentRefunded(_)
        | OrderFact::OrderHeld(_)
        | OrderFact::OrderReleased(_)
        | OrderFact::ProcessingStarted(_)
        | OrderFact::UnitsShipped(_)
        | OrderFact::UnitsDelivered(_)
        | OrderFact::BackorderFilled(_)
        | OrderFact::PaymentCaptured(_) => vec![],
    }
}

/// What the postings of one event share.
struct Journal {
    order_id: OrderId,
    customer_id: CustomerId,
    currency: Currency,
    sign: i64,
}

impl Journal {
    fn line(&self, line: u32, product_id: ProductId, units: i64, amounts: Amounts) -> Posting {
        Posting {
            line: Some(line),
            product_id: Some(product_id),
            gross: self.sign * amounts.gross,
            discount: self.sign * amounts.discount,
            tax: self.sign * amounts.tax,
            units: self.sign * units,
            ..self.blank()
        }
    }

    fn order(&self, shipping: Charge, orders: i64) -> Posting {
        Posting {
            shipping: self.sign * shipping.net,
            tax: self.sign * shipping.tax,
            orders: self.sign * orders,
            ..self.blank()
        }
    }

    fn blank(&self) -> Posting {
        let Journal { order_id, customer_id, currency, .. } = *self;
        Posting {
            order_id,
            customer_id,
            currency,
            line: None,
            product_id: None,
            gross: 0,
            discount: 0,
            shipping: 0,
            tax: 0,
            units: 0,
            orders: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::{
        commands::{Cancel, CreateOrder},
        testing::{Story, input},
    };

    /// Revenue, tax and total of each business day.
    fn by_day(story: &Story) -> BTreeMap<String, (i64, i64, i64)> {
        let mut days = BTreeMap::new();
        for (provenance, event) in &story.told {
            for posting in booked(event) {
                let day: &mut (i64, i64, i64) = days.entry(provenance.business_date.to_string()).or_default();
                *day = (day.0 + posting.revenue(), day.1 + posting.tax, day.2 + posting.total());
            }
        }
        days
    }

    /// The worked example of the business rules as far as orders in rupees go.
    #[test]
    fn the_worked_example_is_booked_on_the_right_days() {
        let mut story = Story::new();
        for (sku, price) in [("A", "1000.00"), ("B", "499.00"), ("D", "40.00")] {
            story.product(sku, price, json!({ "tax_rate": "18" })).stocked(sku, 10);
        }
        story.at("2026-11-20T23:50:00+05:30").done(input::<CreateOrder>(json!({
            "customer": "Ann", "order_discount": "10%", "shipping": "99.00",
            "lines": [{ "product": "A", "quantity": 3 }, { "product": "B", "quantity": 1 }],
        })));
        story.at("2026-11-21T00:05:00+05:30").done(input::<CreateOrder>(json!({
            "customer": "Ann", "lines": [{ "product": "D", "quantity": 3, "line_total": "100.00" }],
        })));
        story.at("2026-11-22T09:00:00+05:30").done(input::<Cancel>(json!({
            "order_id": 1002, "lines": [{ "product": "D", "quantity": 1 }],
        })));
        let expected = [
            ("2026-11-20".to_owned(), (324_810, 58_466, 383_276)),
            ("2026-11-21".to_owned(), (10_000, 1_800, 11_800)),
            ("2026-11-22".to_owned(), (-3_334, -600, -3_934)),
        ];
        assert_eq!(by_day(&story), BTreeMap::from(expected));
    }

    #[test]
    fn a_cancelled_order_leaves_nothing() {
        let mut story = Story::new();
        story.product("A", "33.33", json!({ "tax_rate": "12.5" })).stocked("A", 10);
        story.done(input::<CreateOrder>(json!({
            "customer": "Ann", "order_discount": "1.00", "shipping": "9.99", "lines": [{ "product": "A", "quantity": 7 }],
        })));
        for units in [2, 4, 1] {
            let lines = json!([{ "line": 1, "quantity": units }]);
            story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": lines })));
        }
        let sum = |part: fn(&Posting) -> i64| -> i64 {
            story.told.iter().flat_map(|(_, event)| booked(event)).map(|posting| part(&posting)).sum()
        };
        let parts: [fn(&Posting) -> i64; 6] =
            [|p| p.gross, |p| p.discount, |p| p.shipping, |p| p.tax, |p| p.units, |p| p.orders];
        assert_eq!(parts.map(sum), [0; 6]);
    }
}
