//! Opens each sealed field when its event arrives; under an erased key nothing can be opened, and nothing is kept.

use orderlog_domain::{
    envelope::Envelope,
    event::{CustomerFact, Event, Fact, SealedProfile},
    ids::CustomerId,
    text::{key, name_key},
};
use orderlog_read_models::{CachedRows, CannotApply, Fold, NameIndex, Row as _, RowCache, Unseal, table};
use uuid::Uuid;

table! {
    /// The personal data of a customer, as far as it is known and can be opened.
    pub struct Customer = "customers" on conflict Replace {
        key {
            /// The customer.
            customer_id: Uuid,
        }
        /// The name as given.
        name: Option<String>,
        /// The key of the name without accents, for searching.
        name_lower: Option<String>,
        /// The e-mail address as given.
        email: Option<String>,
        /// The key of the e-mail address, for searching.
        email_lower: Option<String>,
        /// The phone number as given.
        phone: Option<String>,
        /// The postal address as given.
        address: Option<String>,
    }
}

pub(super) struct CustomersFold {
    pub(super) customers: CachedRows<Customer>,
    pub(super) names: NameIndex<Customer>,
    unseal: Unseal,
}

impl CustomersFold {
    pub(super) fn new(unseal: Unseal) -> CustomersFold {
        CustomersFold { customers: CachedRows::whole(), names: NameIndex::default(), unseal }
    }

    fn merge(&mut self, mut customer: Customer, profile: &SealedProfile) {
        if let Some(name) = &profile.name {
            customer.name = self.unseal.open("name", name);
            customer.name_lower = customer.name.as_deref().map(name_key);
        }
        if let Some(email) = &profile.email {
            customer.email = self.unseal.open("email", email);
            customer.email_lower = customer.email.as_deref().map(key);
        }
        if let Some(phone) = &profile.phone {
            customer.phone = self.unseal.open("phone", phone);
        }
        if let Some(address) = &profile.address {
            customer.address = self.unseal.open("address", address);
        }
        self.names.replace(self.customers.get(&customer.key()), Some(&customer));
        self.customers.put(customer);
    }
}

impl Fold for CustomersFold {
    fn caches(&mut self) -> Vec<&mut dyn RowCache> {
        vec![&mut self.customers]
    }

    fn prefetch(&mut self, event: &Envelope<Event>) {
        match event.data.fact() {
            Fact::Customer(CustomerFact::CustomerRegistered(fact)) => self.customers.expect_new((fact.customer_id.0,)),
            Fact::Customer(CustomerFact::CustomerChanged(fact)) => self.customers.prefetch((fact.customer_id.0,)),
            Fact::Customer(CustomerFact::CustomerErased(_)) => {}
            Fact::Order(_)
            | Fact::Stock(_)
            | Fact::Product(_)
            | Fact::Rate(_)
            | Fact::Notification(_)
            | Fact::Confirmation(_) => {}
        }
    }

    fn apply(&mut self, event: &Envelope<Event>) -> Result<(), CannotApply> {
        match event.data.fact() {
            Fact::Customer(CustomerFact::CustomerRegistered(fact)) => {
                self.merge(nobody(fact.customer_id), &fact.profile);
            }
            Fact::Customer(CustomerFact::CustomerChanged(fact)) => {
                let Some(customer) = self.customers.get(&(fact.customer_id.0,)).cloned() else {
                    return Err(CannotApply(format!("customer {} was never registered", fact.customer_id)));
                };
                self.merge(customer, &fact.profile);
            }
            Fact::Customer(CustomerFact::CustomerErased(fact)) => {
                let key = (fact.customer_id.0,);
                self.names.replace(self.customers.get(&key), None);
                self.customers.remove(key);
            }
            Fact::Order(_)
            | Fact::Stock(_)
            | Fact::Product(_)
            | Fact::Rate(_)
            | Fact::Notification(_)
            | Fact::Confirmation(_) => {}
        }
        Ok(())
    }

    fn serve(&mut self) {
        self.names = NameIndex::of(&self.customers);
    }
}

fn nobody(CustomerId(customer_id): CustomerId) -> Customer {
    Customer { customer_id, name: None, name_lower: None, email: None, email_lower: None, phone: None, address: None }
}
