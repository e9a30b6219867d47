//! The stock of one product, folded from its stream: units on hand, reserved, and waited for.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    event::StockFact,
    ids::{OrderId, ProductId, Version},
    limits,
};

/// Stock of one product, in units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// The product.
    pub product_id: ProductId,
    /// Version of the stock's stream.
    pub version: Version,
    /// Units that are physically there.
    pub on_hand: i64,
    /// Units that are set aside for orders.
    pub reserved: i64,
    /// The units that orders wait for; the oldest order is first.
    pub backorders: VecDeque<Backorder>,
    /// Whether stock fell to the threshold and has not risen above it since.
    pub low: bool,
    /// Recent receipts since the latest correction; the latest is last.
    pub receipts: VecDeque<Receipt>,
}

/// Units that were received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// When.
    pub at: DateTime<Utc>,
    /// How many.
    pub units: i64,
}

/// Units an order waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backorder {
    /// The order that waits.
    pub order_id: OrderId,
    /// The line of the order.
    pub line: u32,
    /// Units for which the order waits.
    pub units: i64,
}

/// By how much a fact moves the units of a product (rule S1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Change of the units that are physically there.
    pub on_hand: i64,
    /// Change of the units that are set aside for orders.
    pub reserved: i64,
    /// Change of the units that orders wait for.
    pub backordered: i64,
}

impl Moved {
    /// The movement of the fact.
    #[must_use]
    pub fn by(fact: &StockFact<'_>) -> Moved {
        let none = Moved::default();
        match fact {
            StockFact::StockReserved(fact) => {
                let backordered = if fact.from_backorder { -fact.units } else { 0 };
                Moved { reserved: fact.units, backordered, ..none }
            }
            StockFact::StockBackordered(fact) => Moved { backordered: fact.units, ..none },
            StockFact::StockReleased(fact) => {
                Moved { reserved: -fact.reserved, backordered: -fact.backordered, ..none }
            }
            StockFact::StockConsumed(fact) => Moved { on_hand: -fact.units, reserved: -fact.units, ..none },
            StockFact::StockReceived(fact) => Moved { on_hand: fact.units, ..none },
            StockFact::StockAdjusted(fact) => Moved { on_hand: fact.delta, ..none },
            StockFact::StockReturned(fact) => Moved { on_hand: fact.units, reserved: fact.reserved, ..none },
            StockFact::LowStockReached(_) | StockFact::LowStockRecovered(_) => none,
        }
    }
}

/// Whether available units are at the threshold or below it (rule S6); without a threshold, stock is never low.
#[must_use]
pub fn is_low(available: i64, threshold: Option<i64>) -> bool {
    threshold.is_some_and(|threshold| available <= threshold)
}

impl Stock {
    /// Stock that never moved.
    #[must_use]
    pub fn empty(product_id: ProductId) -> Stock {
        Stock {
            product_id,
            version: Version::NONE,
            on_hand: 0,
            reserved: 0,
            backorders: VecDeque::new(),
            low: false,
            receipts: VecDeque::new(),
        }
    }

    /// Units that can still be promised; negative when more is reserved than is there.
    #[must_use]
    pub fn available(&self) -> i64 {
        self.on_hand - self.reserved
    }

    /// Units waited for, over all orders.
    #[must_use]
    pub fn backordered(&self) -> i64 {
        self.backorders.iter().map(|waiting| waiting.units).sum()
    }

    pub(crate) fn evolve(&mut self, fact: StockFact<'_>) {
        let moved = Moved::by(&fact);
        self.on_hand += moved.on_hand;
        self.reserved += moved.reserved;
        match fact {
            StockFact::StockReserved(fact) if fact.from_backorder => {
                self.stop_waiting(fact.order_id, fact.line, fact.units, false);
            }
            StockFact::StockBackordered(fact) => {
                // The oldest order goes first, no matter when it began to wait: orders are numbered as they are placed.
                let behind = self.backorders.partition_point(|waiting| waiting.order_id <= fact.order_id);
                let waiting = Backorder { order_id: fact.order_id, line: fact.line, units: fact.units };
                self.backorders.insert(behind, waiting);
            }
            StockFact::StockReleased(fact) => self.stop_waiting(fact.order_id, fact.line, fact.backordered, true),
            StockFact::LowStockReached(_) => self.low = true,
            StockFact::LowStockRecovered(_) => self.low = false,
            StockFact::StockReserved(_)
            | StockFact::StockConsumed(_)
            | StockFact::StockReceived(_)
            | StockFact::StockAdjusted(_)
            | StockFact::StockReturned(_) => {}
        }
    }

    /// Keeps recent receipts; the units themselves are moved elsewhere.
    pub(crate) fn note(&mut self, fact: &StockFact<'_>, at: DateTime<Utc>) {
        let receipt = match fact {
            StockFact::StockReceived(fact) => Receipt { at, units: fact.units },
            StockFact::StockAdjusted(_) => return self.receipts.clear(),
            StockFact::StockReserved(_)
            | StockFact::StockBackordered(_)
            | StockFact::StockReleased(_)
            | StockFact::StockConsumed(_)
            | StockFact::StockReturned(_)
            | StockFact::LowStockReached(_)
            | StockFact::LowStockRecovered(_) => return,
        };
        self.receipts.retain(|earlier| (receipt.at - earlier.at).abs() < limits::SUSPICION);
        if self.receipts.len() >= limits::RECENT_RECEIPTS {
            self.receipts.pop_front();
        }
        self.receipts.push_back(receipt);
    }

    /// Removes units of a line from the queue. A line that grew while it waited has several entries: filled units leave
    /// from the front, cancelled units leave from the back.
    fn stop_waiting(&mut self, order_id: OrderId, line: u32, units: i64, from_back: bool) {
        let mut rest = units;
        let mut take = |waiting: &mut Backorder| {
            let taken = rest.min(waiting.units);
            waiting.units -= taken;
            rest -= taken;
        };
        let of_line = self.backorders.iter_mut().filter(|b| b.order_id == order_id && b.line == line);
        if from_back {
            of_line.rev().for_each(&mut take);
        } else {
            of_line.for_each(&mut take);
        }
        self.backorders.retain(|waiting| waiting.units > 0);
    }
}
