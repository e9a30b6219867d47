//! A product's catalogue entry, folded from its stream.

use serde::{Deserialize, Serialize};

use crate::{
    event::{CatalogueEntry, ProductFact},
    ids::{ProductId, Version},
};

/// A product. Without an entry it was never registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Derived from the SKU.
    pub id: ProductId,
    /// Version of the stream.
    pub version: Version,
    /// As typed at registration.
    pub sku: String,
    /// The present entry.
    pub entry: Option<CatalogueEntry>,
}

impl Product {
    /// The name of the product, or its SKU if it was never registered.
    #[must_use]
    pub fn called(&self) -> &str {
        self.entry.as_ref().map_or(&self.sku, |entry| &entry.name)
    }

    /// Whether the product can no longer be ordered.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.archived)
    }

    /// A product that was never registered.
    #[must_use]
    pub fn empty(id: ProductId) -> Product {
        Product { id, version: Version::NONE, sku: String::new(), entry: None }
    }

    pub(crate) fn evolve(&mut self, fact: ProductFact<'_>) {
        match fact {
            ProductFact::ProductRegistered(fact) => {
                self.sku.clone_from(&fact.sku);
                self.entry = Some(fact.entry.clone());
            }
            ProductFact::ProductChanged(fact) => self.entry = Some(fact.entry.clone()),
        }
    }
}
