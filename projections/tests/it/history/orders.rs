//! Random events of orders: they are placed, proceed, and change again later.

use chrono::Duration;
use orderlog_domain::{
    event::{
        Amounts, BackorderFilled, Charge, LineDifference, LinesChanged, OrderConfirmed, OrderHeld, OrderPlaced,
        OrderReleased, PlacedLine, ProcessingStarted, StockBackordered, StockReleased, StockReserved, Totals,
    },
    ids::{OrderId, ProductId, StreamId},
    money::Currency,
    order::{Line, Order, Status},
};
use rand::{Rng, seq::IndexedRandom};

use super::{CUSTOMERS, History, PRODUCTS, customer, product};

impl History {
    /// Places an order of one to three lines.
    pub(crate) fn place(&mut self) -> OrderId {
        let order_id = self.head.next_order;
        self.head.next_order = order_id.next();
        let customer_id = customer(self.chance.random_range(0..CUSTOMERS));
        let count = self.chance.random_range(1..=3);
        let lines: Vec<PlacedLine> = (1..=count).map(|line| self.line(line)).collect();
        let currency = if self.chance.random_bool(0.1) { "USD".parse().expect("a currency") } else { Currency::INR };
        let shipping = Charge { net: 9_900, tax: 1_782 };
        let totals = Totals::of(lines.iter().map(|line| line.amounts), shipping);
        let wanted = lines.clone();
        let placed = OrderPlaced {
            order_id,
            customer_id,
            currency,
            tax_inclusive: false,
            lines,
            shipping,
            totals,
            note: None,
            converted: None,
            // Some were imported.
            external_reference: (order_id.0 % 5 == 0).then(|| format!("#AA{order_id}")),
        };
        self.record(StreamId::Order(order_id), placed);
        for line in &wanted {
            self.reserve(order_id, line);
        }
        self.open.push(order_id);
        order_id
    }

    fn reserve(&mut self, order_id: OrderId, line: &PlacedLine) {
        let (product_id, stream) = (line.product_id, StreamId::Stock(line.product_id));
        let (line, reserved, backordered) = (line.line, line.reserved, line.backordered);
        if reserved > 0 {
            let fact = StockReserved { product_id, order_id, line, units: reserved, from_backorder: false };
            self.record(stream, fact);
        }
        if backordered > 0 {
            self.record(stream, StockBackordered { product_id, order_id, line, units: backordered });
        }
    }

    fn line(&mut self, line: u32) -> PlacedLine {
        let n = self.chance.random_range(0..PRODUCTS);
        let quantity = self.chance.random_range(1..=5);
        let gross = (1_000 + i64::from(n)) * quantity;
        let discount = if self.chance.random_bool(0.3) { gross / 10 } else { 0 };
        let waiting = if self.chance.random_bool(0.1) { self.chance.random_range(1..=quantity) } else { 0 };
        PlacedLine {
            line,
            product_id: product(n),
            sku: format!("SKU-{n}"),
            name: format!("Product number {n}"),
            quantity,
            unit_price: 1_000 + i64::from(n),
            tax_rate: 18.into(),
            tax_inclusive: false,
            line_total: None,
            discounts: vec![],
            order_discount: false,
            cancelled: 0,
            amounts: Amounts { gross, discount, tax: (gross - discount) * 18 / 100 },
            tracked: true,
            reserved: quantity - waiting,
            backordered: waiting,
        }
    }

    pub(super) fn finished(&self, id: OrderId) -> bool {
        let order = self.order(id);
        matches!(order.status(), Status::Delivered | Status::Returned | Status::Cancelled) && order.due() <= 0
            || order.status() == Status::Cancelled
    }

    /// The next thing that happens to an order.
    pub(super) fn step(&mut self, id: OrderId) {
        let order = self.order(id);
        let stream = StreamId::Order(id);
        let status = order.status();
        if order.due() > 0 && self.chance.random_bool(0.2) {
            let amount = if self.chance.random_bool(0.2) { (order.due() / 2).max(1) } else { order.due() };
            self.pay(&order, amount, "upi");
        } else if order.captured > order.refunded && self.chance.random_bool(0.03) {
            self.pay_back(&order);
        } else if order.on_hold() && self.chance.random_bool(0.3) {
            self.record(stream, OrderReleased { order_id: id });
        } else if order.on_hold_at(self.now) {
            // It waits.
        } else if order.backordered() {
            self.fill(&order);
        } else if matches!(status, Status::Pending | Status::Confirmed) && self.chance.random_bool(0.1) {
            self.change(&order);
        } else if matches!(status, Status::Shipped | Status::PartiallyShipped) && self.chance.random_bool(0.1) {
            self.void(&order);
        } else if status == Status::Shipped && self.chance.random_bool(0.05) {
            self.take_back(&order);
        } else if order.unshipped() > 0 && self.chance.random_bool(0.03) {
            let minutes = self.chance.random_range(1..2_000);
            let until = self.chance.random_bool(0.7).then(|| self.now + Duration::minutes(minutes));
            self.record(stream, OrderHeld { order_id: id, until });
        } else if order.unshipped() > 0 && self.chance.random_bool(0.05) {
            self.cancel(&order);
        } else {
            match status {
                Status::Pending => self.record(stream, OrderConfirmed { order_id: id }),
                Status::Confirmed => self.record(stream, ProcessingStarted { order_id: id }),
                Status::Processing | Status::PartiallyShipped => self.ship(&order),
                Status::Shipped => self.deliver(&order),
                Status::Delivered | Status::Returned | Status::Cancelled => {
                    let line = order.lines.choose(&mut self.chance).expect("an order has lines").line;
                    if order.due() <= 0 {
                        return;
                    }
                    self.pay(&order, order.due(), &format!("line {line}"));
                }
            }
        }
    }

    /// Something comes up about a finished order: its payments were a mistake, more money comes in, or units come back.
    pub(super) fn look_back(&mut self, id: OrderId) {
        let order = self.order(id);
        if order.captured > order.refunded && self.chance.random_bool(0.7) {
            self.pay_back(&order);
        } else if order.status() == Status::Delivered && self.chance.random_bool(0.5) {
            self.take_back(&order);
        } else {
            self.pay(&order, 4_711, "upi");
        }
    }

    /// Stock came for one line.
    fn fill(&mut self, order: &Order) {
        let waiting = order.lines.iter().find(|line| line.backordered > 0).expect("a line waits");
        let (product_id, line, units) = (waiting.product_id, waiting.line, waiting.backordered);
        self.record(StreamId::Order(order.id), BackorderFilled { order_id: order.id, line, product_id, units });
        let stream = StreamId::Stock(product_id);
        self.record(stream, StockReserved { product_id, order_id: order.id, line, units, from_backorder: true });
    }

    /// The first line makes place for one of another product, or is joined by it.
    fn change(&mut self, order: &Order) {
        if order.lines.iter().any(|line| line.cancelled > 0) {
            return;
        }
        let id = order.id;
        let number = order.lines.iter().map(|line| line.line).max().unwrap_or(0) + 1;
        let added = self.line(number);
        let removed = self.chance.random_bool(0.5).then(|| order.lines[0].clone());
        let kept = order.lines.iter().filter(|line| removed.as_ref().is_none_or(|gone| gone.line != line.line));
        let mut lines: Vec<PlacedLine> = kept.map(as_placed).collect();
        let mut differences = vec![LineDifference {
            line: added.line,
            product_id: added.product_id,
            units: added.quantity,
            amounts: added.amounts,
        }];
        differences.extend(removed.as_ref().map(|gone| LineDifference {
            line: gone.line,
            product_id: gone.product_id,
            units: -gone.ordered,
            amounts: Amounts { gross: -gone.amounts.gross, discount: -gone.amounts.discount, tax: -gone.amounts.tax },
        }));
        let holds = |lines: &[PlacedLine], id: ProductId| lines.iter().any(|line| line.product_id == id);
        let before: Vec<PlacedLine> = order.lines.iter().map(as_placed).collect();
        let joined = Some(added.product_id).filter(|id| !holds(&before, *id));
        lines.push(added.clone());
        let gone = removed.as_ref().map(|line| line.product_id).filter(|id| !holds(&lines, *id));
        let totals = Totals::of(lines.iter().map(|line| line.amounts), order.shipping);
        self.record(
            StreamId::Order(id),
            LinesChanged {
                order_id: id,
                customer_id: order.customer_id,
                currency: order.currency,
                lines,
                differences,
                shipping: order.shipping,
                shipping_difference: Charge::default(),
                totals,
                converted: None,
                converted_differences: None,
                goodwill_back: Charge::default(),
                goodwill_back_converted: None,
                joined: joined.into_iter().collect(),
                gone: gone.into_iter().collect(),
            },
        );
        if let Some(Line { product_id, line, reserved, backordered, .. }) = removed {
            let fact = StockReleased { product_id, order_id: id, line, reserved, backordered };
            self.record(StreamId::Stock(product_id), fact);
        }
        self.reserve(id, &added);
    }
}

fn as_placed(line: &Line) -> PlacedLine {
    PlacedLine {
        line: line.line,
        product_id: line.product_id,
        sku: line.sku.clone(),
        name: line.name.clone(),
        quantity: line.ordered,
        unit_price: line.unit_price,
        tax_rate: line.tax_rate,
        tax_inclusive: line.tax_inclusive,
        line_total: line.line_total,
        discounts: line.discounts.clone(),
        order_discount: line.order_discount,
        cancelled: line.cancelled,
        amounts: line.amounts,
        tracked: line.tracked,
        reserved: line.reserved,
        backordered: line.backordered,
    }
}
