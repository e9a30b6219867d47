//! What tells customers apart who are called the same: a follow-up must be able to say which of them is meant.

use std::collections::HashMap;

use orderlog_domain::text::name_key;
use orderlog_projections::customers;
use orderlog_read_models::Freshness;
use uuid::Uuid;

use crate::{candidates::city, failure::Failure, permit::are_particulars_hidden, shop::OpenShop, views::CustomerView};

/// Customers of one name that are looked for: one more than the one that is shown.
const NAMESAKES: u32 = 2;

/// For each of these customers whose name another customer of the shop has too, what is known of them that identifies them:
/// the e-mail address, by which every tool finds them, else the telephone number, the city or the id. Nothing for who may not
/// see particulars.
pub(super) async fn from_namesakes(
    shop: &OpenShop,
    shown: &HashMap<Uuid, CustomerView>,
    fresh: Freshness,
) -> Result<HashMap<Uuid, String>, Failure> {
    let mut apart = HashMap::new();
    if are_particulars_hidden() {
        return Ok(apart);
    }
    // Each name is looked up once.
    let mut shared: HashMap<String, bool> = HashMap::new();
    for (id, customer) in shown {
        let Some(name) = customer.name.as_deref() else { continue };
        let key = name_key(name);
        let is_shared = match shared.get(&key) {
            Some(is_shared) => *is_shared,
            None => {
                let found = customers::find_customers(&shop.projections, name, NAMESAKES, fresh).await?.found;
                *shared.entry(key).or_insert(found.items.len() > 1)
            }
        };
        if is_shared {
            apart.insert(*id, told(customer));
        }
    }
    Ok(apart)
}

fn told(customer: &CustomerView) -> String {
    let city = customer.address.as_deref().and_then(city).map(str::to_owned);
    let known = customer.email.clone().or_else(|| customer.phone.clone()).or(city);
    known.unwrap_or_else(|| customer.customer_id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_told_by_what_identifies_them_best() {
        let mut customer = CustomerView {
            customer_id: Uuid::nil(),
            name: Some("Pooja Chandra".to_owned()),
            email: Some("pooja@example.com".to_owned()),
            phone: Some("98450 12345".to_owned()),
            address: Some("4 Lake Road, Pune 411001".to_owned()),
        };
        assert_eq!(told(&customer), "pooja@example.com");
        customer.email = None;
        assert_eq!(told(&customer), "98450 12345");
        customer.phone = None;
        assert_eq!(told(&customer), "Pune");
        customer.address = None;
        assert_eq!(told(&customer), Uuid::nil().to_string());
    }
}
