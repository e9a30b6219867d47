//! The facts of an order on its way: payments, shipments, returns and cancellations.

use orderlog_domain::{
    event::{
        Charge, Disposition, LineUnits, PaymentCaptured, PaymentRefunded, RefundKind, ShipmentVoided, StockConsumed,
        StockReturned, UnitsCancelled, UnitsDelivered, UnitsReturned, UnitsShipped,
    },
    ids::{OrderId, ProductId, StreamId},
    order::{Line, Order},
};
use rand::Rng;

use super::History;

impl History {
    pub(super) fn pay(&mut self, order: &Order, amount: i64, method: &str) {
        self.record(
            StreamId::Order(order.id),
            PaymentCaptured {
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                amount,
                method: method.to_owned(),
                reference: None,
                converted: None,
            },
        );
    }

    /// More money comes in than any shop takes.
    pub(crate) fn pay_hugely(&mut self, id: OrderId) {
        self.pay(&self.order(id), i64::MAX / 3, "card");
    }

    /// A payment was a mistake.
    pub(super) fn pay_back(&mut self, order: &Order) {
        self.record(
            StreamId::Order(order.id),
            PaymentRefunded {
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                amount: order.captured - order.refunded,
                kind: RefundKind::Units,
                allowance: Charge::default(),
                method: "upi".to_owned(),
                reference: None,
                lines: vec![],
                undoes_payment: None,
                converted: None,
            },
        );
    }

    /// The last shipment never left.
    pub(super) fn void(&mut self, order: &Order) {
        let untouched = order.lines.iter().all(|line| line.delivered == 0 && line.returned == 0);
        let Some(shipment) = order.standing_shipments().next_back().filter(|_| untouched) else { return };
        let of_line = |number: u32| order.lines.iter().find(|line| line.line == number).expect("it was shipped");
        let lines: Vec<LineUnits> =
            shipment.units.iter().map(|shipped| of_line(shipped.line).last_shipped(shipped.units)).collect();
        self.record(
            StreamId::Order(order.id),
            ShipmentVoided {
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                shipment: shipment.shipment,
                lines: lines.clone(),
                shipping: shipment.fee,
                last: order.standing_shipments().count() == 1,
                converted: None,
            },
        );
        for LineUnits { line, product_id, units, .. } in lines {
            let fact = StockReturned { product_id, order_id: order.id, line, units, reserved: units };
            self.record(StreamId::Stock(product_id), fact);
        }
    }

    /// All that was shipped comes back.
    pub(super) fn take_back(&mut self, order: &Order) {
        let lines: Vec<LineUnits> = order
            .lines
            .iter()
            .filter(|line| line.returnable() > 0)
            .map(|line| line.next_to_return(line.returnable()))
            .collect();
        self.record(
            StreamId::Order(order.id),
            UnitsReturned {
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                lines,
                disposition: Disposition::Scrap,
                shipping: Charge::default(),
                completes: true,
                converted: None,
                goodwill_back: Charge::default(),
                goodwill_back_converted: None,
            },
        );
    }

    pub(super) fn ship(&mut self, order: &Order) {
        let all = self.chance.random_bool(0.7);
        let lines: Vec<LineUnits> = order
            .lines
            .iter()
            .filter(|line| line.unshipped() > 0)
            .take(if all { usize::MAX } else { 1 })
            .map(|line| line.next_to_ship(line.unshipped()))
            .collect();
        let units: i64 = lines.iter().map(|line| line.units).sum();
        let shipment = u32::try_from(order.shipments.len()).expect("few shipments") + 1;
        let moved = lines.clone();
        self.record(
            StreamId::Order(order.id),
            UnitsShipped {
                converted: None,
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                shipment,
                lines,
                shipping: if shipment == 1 { order.shipping } else { Charge::default() },
                first: order.standing_shipments().next().is_none(),
                completes: units == order.unshipped(),
                carrier: None,
                tracking: None,
            },
        );
        for LineUnits { line, product_id, units, .. } in moved {
            self.record(StreamId::Stock(product_id), StockConsumed { product_id, order_id: order.id, line, units });
        }
    }

    pub(super) fn deliver(&mut self, order: &Order) {
        let lines: Vec<LineUnits> = order
            .lines
            .iter()
            .filter(|line| line.undelivered() > 0)
            .map(|line| line.next_to_deliver(line.undelivered()))
            .collect();
        self.record(
            StreamId::Order(order.id),
            UnitsDelivered {
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                lines,
                completes: true,
            },
        );
    }

    pub(super) fn cancel(&mut self, order: &Order) {
        let lines: Vec<LineUnits> = order
            .lines
            .iter()
            .filter(|line| line.unshipped() > 0)
            .map(|line| line.next_to_cancel(line.unshipped()))
            .collect();
        let completes = order.lines.iter().map(Line::active).sum::<i64>() == order.unshipped();
        self.record(
            StreamId::Order(order.id),
            UnitsCancelled {
                converted: None,
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                gone: gone(order, &lines),
                lines,
                shipping: if completes { order.shipping } else { Charge::default() },
                completes,
                goodwill_back: Charge::default(),
                goodwill_back_converted: None,
            },
        );
    }
}

/// Products of which nothing remains once these units are cancelled.
fn gone(order: &Order, cancelled: &[LineUnits]) -> Vec<ProductId> {
    let mut gone: Vec<ProductId> = cancelled.iter().map(|moved| moved.product_id).collect();
    gone.sort_unstable();
    gone.dedup();
    let of = |id: ProductId| order.lines.iter().filter(move |line| line.product_id == id);
    gone.retain(|id| of(*id).all(|line| line.shipped == 0));
    gone
}
