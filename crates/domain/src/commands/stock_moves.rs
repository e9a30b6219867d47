//! The effect of a decision on stock: facts recorded against working copies, then backorders filled and thresholds
//! checked.

use crate::{
    decide::Decision,
    event::{BackorderFilled, Event, Fact, LowStockReached, LowStockRecovered, StockPolicy, StockReserved},
    ids::{OrderId, ProductId, StreamId},
    states::{Missing, States},
    stock::{Stock, is_low},
};

/// The stocks a decision moves.
pub(super) struct StockMoves<'w> {
    states: &'w States,
    /// The stocks after the facts so far, in order of first use.
    moved: Vec<Stock>,
    facts: Vec<(StreamId, Event)>,
}

impl<'w> StockMoves<'w> {
    pub(super) fn new(states: &'w States) -> StockMoves<'w> {
        StockMoves { states, moved: vec![], facts: vec![] }
    }

    /// The stock after the facts so far.
    pub(super) fn stock(&mut self, id: ProductId) -> Result<&mut Stock, Missing> {
        let index = match self.moved.iter().position(|stock| stock.product_id == id) {
            Some(index) => index,
            None => {
                self.moved.push(self.states.stock(id)?.clone());
                self.moved.len() - 1
            }
        };
        Ok(&mut self.moved[index])
    }

    /// Whether the stock of the product is tracked.
    pub(super) fn is_kept(&self, id: ProductId) -> Result<bool, Missing> {
        let entry = self.states.product(id)?.entry.as_ref();
        Ok(entry.is_none_or(|entry| entry.policy != StockPolicy::Untracked))
    }

    /// Records one fact about the stock of `id`.
    pub(super) fn record(&mut self, id: ProductId, fact: impl Into<Event>) -> Result<(), Missing> {
        let event = fact.into();
        let stock = self.stock(id)?;
        if let Fact::Stock(fact) = event.fact() {
            stock.evolve(fact);
        }
        self.facts.push((StreamId::Stock(id), event));
        Ok(())
    }

    /// Gives free units to the orders that wait longest, notes crossed thresholds, and adds all facts to the decision.
    pub(super) fn settle(mut self, decision: &mut Decision) -> Result<(), Missing> {
        let ids: Vec<ProductId> = self.moved.iter().map(|stock| stock.product_id).collect();
        for id in ids {
            self.fill_backorders(id)?;
            self.watch_threshold(id)?;
        }
        decision.facts.append(&mut self.facts);
        Ok(())
    }

    /// Fills all backorders of a product whose stock is not tracked any more.
    pub(super) fn free_backorders(mut self, id: ProductId, decision: &mut Decision) -> Result<(), Missing> {
        for waiting in self.stock(id)?.backorders.clone() {
            self.fill(id, waiting.order_id, waiting.line, waiting.units)?;
        }
        decision.facts.append(&mut self.facts);
        Ok(())
    }

    fn fill_backorders(&mut self, id: ProductId) -> Result<(), Missing> {
        loop {
            let stock = self.stock(id)?;
            let free = stock.available();
            let Some(waiting) = stock.backorders.front().copied().filter(|_| free > 0) else { return Ok(()) };
            self.fill(id, waiting.order_id, waiting.line, waiting.units.min(free))?;
        }
    }

    fn fill(&mut self, product_id: ProductId, order_id: OrderId, line: u32, units: i64) -> Result<(), Missing> {
        self.states.order(order_id)?;
        self.record(product_id, StockReserved { product_id, order_id, line, units, from_backorder: true })?;
        self.facts.push((StreamId::Order(order_id), BackorderFilled { order_id, line, product_id, units }.into()));
        Ok(())
    }

    fn watch_threshold(&mut self, id: ProductId) -> Result<(), Missing> {
        let threshold = self.states.product(id)?.entry.as_ref().and_then(|entry| entry.low_stock_threshold);
        let before = self.states.stock(id)?.available();
        let stock = self.stock(id)?;
        let (low, available) = (stock.low, stock.available());
        let Some(threshold) = threshold else { return Ok(()) };
        // Stock that was never above the threshold does not fall to it; if the threshold was lowered since, the stock
        // was above it.
        let (was_low, is_low) = (is_low(before, Some(threshold)), is_low(available, Some(threshold)));
        if !was_low && is_low {
            self.record(id, LowStockReached { product_id: id, available, threshold })?;
        } else if low && !is_low {
            self.record(id, LowStockRecovered { product_id: id, available, threshold })?;
        }
        Ok(())
    }
}
