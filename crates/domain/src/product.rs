//! A product's catalogue entry, folded from its stream.

use serde::{Deserialize, Serialize};

use crate::{
    event::{CatalogueEntry, ProductFact},
    ids::{ProductId, Version},
};

/// A product. Without an entry nobody registered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Derived from the SKU.
    pub id: ProductId,
    /// Of its stream.
    pub version: Version,
    /// As typed at registration.
    pub sku: String,
    /// As it stands now.
    pub entry: Option<CatalogueEntry>,
}

impl Product {
    /// Its name, or its SKU where nobody registered it.
    #[must_use]
    pub fn called(&self) -> &str {
        self.entry.as_ref().map_or(&self.sku, |entry| &entry.name)
    }

    /// Whether it can no longer be ordered.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.archived)
    }

    /// A product nobody registered.
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
