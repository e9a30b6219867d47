//! The latest entry of each product; every event contains the complete entry.

use orderlog_domain::{
    envelope::Envelope,
    event::{CatalogueEntry, Event, Fact, ProductFact, StockPolicy},
    ids::ProductId,
    text::{key, name_key},
};
use orderlog_read_models::{CachedRows, CannotApply, Fold, NameIndex, Row as _, RowCache, table};
use uuid::Uuid;

table! {
    /// A product's catalogue entry.
    pub struct Product = "catalogue" on conflict Replace {
        key {
            /// Derived from the SKU.
            product_id: Uuid,
        }
        /// The SKU as registered.
        sku: String,
        /// Its SKU in comparable form, for searching.
        sku_lower: String,
        /// The name as shown.
        name: String,
        /// Its name in comparable form, without accents, for searching.
        name_lower: String,
        /// Minor units.
        price: i64,
        /// ISO code of the price.
        currency: String,
        /// Percent.
        tax_rate: String,
        /// Whether the price includes tax.
        tax_inclusive: bool,
        /// `deny`, `backorder` or `untracked`.
        policy: String,
        /// Units that may be waited for.
        backorder_limit: i64,
        /// Available units at or below which stock is low.
        low_stock_threshold: Option<i64>,
        /// The cost of one unit for the shop, minor units of `currency`.
        cost: Option<i64>,
        /// Days from ordering the product to receiving it.
        lead_time_days: Option<i64>,
        /// Whether the product can no longer be ordered.
        archived: bool,
    }
}

pub(super) struct CatalogueFold {
    pub(super) products: CachedRows<Product>,
    pub(super) names: NameIndex<Product>,
}

impl Default for CatalogueFold {
    fn default() -> CatalogueFold {
        CatalogueFold { products: CachedRows::whole(), names: NameIndex::default() }
    }
}

impl Fold for CatalogueFold {
    fn caches(&mut self) -> Vec<&mut dyn RowCache> {
        vec![&mut self.products]
    }

    fn prefetch(&mut self, _event: &Envelope<Event>) {
        // Events contain complete entries, so no row is needed to fold one.
    }

    fn apply(&mut self, event: &Envelope<Event>) -> Result<(), CannotApply> {
        match event.data.fact() {
            Fact::Product(ProductFact::ProductRegistered(fact)) => {
                self.put(row(fact.product_id, &fact.sku, &fact.entry));
            }
            Fact::Product(ProductFact::ProductChanged(fact)) => {
                self.put(row(fact.product_id, &fact.sku, &fact.entry));
            }
            Fact::Order(_)
            | Fact::Stock(_)
            | Fact::Customer(_)
            | Fact::Rate(_)
            | Fact::Notification(_)
            | Fact::Confirmation(_) => {}
        }
        Ok(())
    }

    fn serve(&mut self) {
        self.names = NameIndex::of(&self.products);
    }
}

impl CatalogueFold {
    fn put(&mut self, row: Product) {
        self.names.replace(self.products.get(&row.key()), Some(&row));
        self.products.put(row);
    }
}

fn row(ProductId(product_id): ProductId, sku: &str, entry: &CatalogueEntry) -> Product {
    let policy = match entry.policy {
        StockPolicy::Deny => "deny",
        StockPolicy::Backorder => "backorder",
        StockPolicy::Untracked => "untracked",
    };
    Product {
        product_id,
        sku: sku.to_owned(),
        sku_lower: key(sku),
        name: entry.name.clone(),
        name_lower: name_key(&entry.name),
        price: entry.price,
        currency: entry.currency.code().to_owned(),
        tax_rate: entry.tax_rate.normalize().to_string(),
        tax_inclusive: entry.tax_inclusive,
        policy: policy.to_owned(),
        backorder_limit: entry.backorder_limit,
        low_stock_threshold: entry.low_stock_threshold,
        cost: entry.cost,
        lead_time_days: entry.lead_time_days,
        archived: entry.archived,
    }
}
