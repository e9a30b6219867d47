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
