//! Facts about products.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{declared::Declared, examples::tea};
use crate::{ids::ProductId, money::Currency};

/// What an order may do when too few units are available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockPolicy {
    /// Refuse the order.
    #[default]
    Deny,
    /// Let the order wait, up to the product's backorder limit.
    Backorder,
    /// No stock is kept of this product (a service, a download).
    Untracked,
}

/// See [`Event::ProductRegistered`](super::Event::ProductRegistered).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductRegistered {
    /// Derived from the SKU.
    pub product_id: ProductId,
    /// As typed at registration, trimmed.
    pub sku: String,
    /// The entry.
    pub entry: CatalogueEntry,
}

impl Declared for ProductRegistered {
    fn example() -> Self {
        let entry = CatalogueEntry {
            name: "Assam tea, 250 g".to_owned(),
            price: 100_000,
            currency: Currency::INR,
            tax_rate: Decimal::from(18),
            tax_inclusive: false,
            policy: StockPolicy::Backorder,
            backorder_limit: 20,
            low_stock_threshold: Some(10),
            cost: Some(62_000),
            lead_time_days: Some(10),
            archived: false,
        };
        Self { product_id: tea(), sku: "TEA-250".to_owned(), entry }
    }
}

/// See [`Event::ProductChanged`](super::Event::ProductChanged). Carries the whole entry as it stands after the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductChanged {
    /// Derived from the SKU.
    pub product_id: ProductId,
    /// As typed at registration.
    pub sku: String,
    /// The entry from now on.
    pub entry: CatalogueEntry,
}

impl Declared for ProductChanged {
    fn example() -> Self {
        let before = ProductRegistered::example();
        Self {
            product_id: before.product_id,
            sku: before.sku,
            entry: CatalogueEntry { price: 110_000, ..before.entry },
        }
    }
}

/// What the catalogue says of a product, besides its SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueEntry {
    /// Shown on orders.
    pub name: String,
    /// Price of one unit, minor units of `currency`.
    pub price: i64,
    /// Of the price.
    pub currency: Currency,
    /// Percent.
    #[serde(with = "crate::money::decimal_string")]
    #[schemars(with = "String")]
    pub tax_rate: Decimal,
    /// Whether `price` includes tax.
    pub tax_inclusive: bool,
    /// What to do when too few are available.
    pub policy: StockPolicy,
    /// Units that may be waited for at once, with the backorder policy.
    pub backorder_limit: i64,
    /// Available units at or below which stock counts as low; absent means never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_stock_threshold: Option<i64>,
    /// What one unit costs the shop, minor units of `currency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<i64>,
    /// Days from ordering it to having it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_time_days: Option<i64>,
    /// Whether it can no longer be ordered.
    pub archived: bool,
}
