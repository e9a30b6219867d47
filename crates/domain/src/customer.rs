//! A customer, folded from its stream. The personal data stays sealed: nothing here can read it.

use serde::{Deserialize, Serialize};

use crate::{
    event::{CustomerFact, SealedProfile},
    ids::{CustomerId, Version},
};

/// A customer. Version 0 means that it was never registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The id, which contains nothing about the person.
    pub id: CustomerId,
    /// Version of the stream.
    pub version: Version,
    /// Every particular as last given.
    pub profile: SealedProfile,
    /// Whether the key to the personal data was destroyed. No new order can name such a customer.
    pub erased: bool,
}

impl Customer {
    /// A customer that was never registered.
    #[must_use]
    pub fn empty(id: CustomerId) -> Customer {
        Customer { id, version: Version::NONE, profile: SealedProfile::default(), erased: false }
    }

    pub(crate) fn evolve(&mut self, fact: CustomerFact<'_>) {
        match fact {
            CustomerFact::CustomerRegistered(fact) => self.profile = fact.profile.clone(),
            CustomerFact::CustomerErased(_) => {
                self.profile = SealedProfile::default();
                self.erased = true;
            }
            CustomerFact::CustomerChanged(fact) => {
                let changed = fact.profile.clone();
                let kept = std::mem::take(&mut self.profile);
                self.profile = SealedProfile {
                    name: changed.name.or(kept.name),
                    email: changed.email.or(kept.email),
                    phone: changed.phone.or(kept.phone),
                    address: changed.address.or(kept.address),
                };
            }
        }
    }
}
