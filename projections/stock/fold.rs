//! Adds up the movements of stock events; names, thresholds, prices and costs come from the events of the catalogue.

use orderlog_domain::{
    envelope::Envelope,
    event::{CatalogueEntry, Event, Fact, ProductFact, StockFact, StockPolicy},
    ids::{ProductId, StreamId},
    stock::{Moved, is_low},
};
use orderlog_read_models::{CachedRows, CannotApply, Counters, Fold, RowCache, table};
use uuid::Uuid;

/// A mark is kept at every so many events of a product's stock; the events between are folded from the log.
pub const MARK_EVERY: i64 = 256;

table! {
    /// A product's stock, in units.
    pub struct StockLevel = "stock" on conflict Replace {
        key {
            /// The product.
            product_id: Uuid,
        }
        /// From the catalogue.
        sku: String,
        /// From the catalogue.
        name: String,
        /// Whether the stock is tracked.
        tracked: bool,
        /// Whether the product can no longer be ordered.
        archived: bool,
        /// Physically there.
        on_hand: i64,
        /// Set aside for orders.
        reserved: i64,
        /// Waited for by orders.
        backordered: i64,
        /// Available units at or below which stock is low.
        threshold: Option<i64>,
        /// Price of one unit, minor units of `currency`.
        price: i64,
        /// ISO code of price and cost; empty if the catalogue has no entry yet.
        currency: String,
        /// Cost of one unit for the shop.
        cost: Option<i64>,
        /// Days from ordering the product to receiving it.
        lead_time_days: Option<i64>,
    }
}

table! {
    /// The stock of a product right after an event, stored from time to time so that no question about the past must
    /// read from the first event.
    pub struct StockMark = "stock_marks" on conflict Never {
        key {
            /// The product.
            product_id: Uuid,
            /// Position of the event.
            position: i64,
        }
        /// Version of the product's stock stream.
        version: i64,
        /// Physically there.
        on_hand: i64,
        /// Set aside for orders.
        reserved: i64,
        /// Waited for by orders.
        backordered: i64,
    }
}

/// Units of one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Units {
    /// Physically there.
    pub on_hand: i64,
    /// Set aside for orders.
    pub reserved: i64,
    /// Waited for by orders.
    pub backordered: i64,
}

impl Units {
    /// Takes in the product's next fact.
    pub fn take(&mut self, fact: &StockFact<'_>) {
        let moved = Moved::by(fact);
        self.on_hand += moved.on_hand;
        self.reserved += moved.reserved;
        self.backordered += moved.backordered;
    }
}

impl StockLevel {
    /// Units that can still be promised; negative when oversold.
    #[must_use]
    pub fn available(&self) -> i64 {
        self.on_hand - self.reserved
    }

    /// Whether the available units are at the threshold or below.
    #[must_use]
    pub fn low(&self) -> bool {
        is_low(self.available(), self.threshold)
    }
}

pub(super) struct StockFold {
    pub(super) levels: CachedRows<StockLevel>,
    marks: Counters<StockMark>,
}

impl Default for StockFold {
    fn default() -> StockFold {
        StockFold { levels: CachedRows::whole(), marks: Counters::default() }
    }
}

impl Fold for StockFold {
    fn caches(&mut self) -> Vec<&mut dyn RowCache> {
        vec![&mut self.levels, &mut self.marks]
    }

    fn prefetch(&mut self, event: &Envelope<Event>) {
        if let Some(ProductId(id)) = product_of(event) {
            self.levels.prefetch((id,));
        }
    }

    fn apply(&mut self, event: &Envelope<Event>) -> Result<(), CannotApply> {
        let Some(product_id) = product_of(event) else { return Ok(()) };
        match event.data.fact() {
            Fact::Stock(fact) => {
                let units = self.move_units(product_id, &fact);
                if event.version.0 % MARK_EVERY == 0 {
                    self.mark(product_id, event, units);
                }
            }
            Fact::Product(ProductFact::ProductRegistered(fact)) => self.name(product_id, &fact.sku, &fact.entry),
            Fact::Product(ProductFact::ProductChanged(fact)) => self.name(product_id, &fact.sku, &fact.entry),
            Fact::Order(_) | Fact::Customer(_) | Fact::Rate(_) | Fact::Notification(_) | Fact::Confirmation(_) => {}
        }
        Ok(())
    }
}

impl StockFold {
    fn level(&mut self, ProductId(id): ProductId) -> &mut StockLevel {
        if self.levels.get(&(id,)).is_none() {
            self.levels.put(StockLevel {
                product_id: id,
                sku: String::new(),
                name: String::new(),
                tracked: true,
                archived: false,
                on_hand: 0,
                reserved: 0,
                backordered: 0,
                threshold: None,
                price: 0,
                currency: String::new(),
                cost: None,
                lead_time_days: None,
            });
        }
        match self.levels.get_mut(&(id,)) {
            Some(level) => level,
            None => unreachable!("the row was put just above"),
        }
    }

    fn move_units(&mut self, product_id: ProductId, fact: &StockFact<'_>) -> Units {
        let level = self.level(product_id);
        let mut units = Units { on_hand: level.on_hand, reserved: level.reserved, backordered: level.backordered };
        units.take(fact);
        (level.on_hand, level.reserved, level.backordered) = (units.on_hand, units.reserved, units.backordered);
        units
    }

    fn mark(&mut self, ProductId(product_id): ProductId, event: &Envelope<Event>, units: Units) {
        let Units { on_hand, reserved, backordered } = units;
        let (position, version) = (event.position.0, event.version.0);
        let mark = StockMark { product_id, position, version, on_hand, reserved, backordered };
        self.marks.entry(event.position, (product_id, position), || mark);
    }

    fn name(&mut self, product_id: ProductId, sku: &str, entry: &CatalogueEntry) {
        let level = self.level(product_id);
        sku.clone_into(&mut level.sku);
        level.name.clone_from(&entry.name);
        level.threshold = entry.low_stock_threshold;
        (level.price, level.cost, level.lead_time_days) = (entry.price, entry.cost, entry.lead_time_days);
        entry.currency.code().clone_into(&mut level.currency);
        level.archived = entry.archived;
        level.tracked = match entry.policy {
            StockPolicy::Deny | StockPolicy::Backorder => true,
            StockPolicy::Untracked => false,
        };
    }
}

fn product_of(event: &Envelope<Event>) -> Option<ProductId> {
    match event.stream {
        StreamId::Stock(id) | StreamId::Product(id) => Some(id),
        StreamId::Order(_)
        | StreamId::Customer(_)
        | StreamId::Rate(_)
        | StreamId::Notifications
        | StreamId::Confirmations => None,
    }
}
