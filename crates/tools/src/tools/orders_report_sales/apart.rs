//! What tells customers apart who are called the same: a follow-up must be able to say which is meant.

use std::collections::HashMap;

use orderlog_domain::text::name_key;
use orderlog_projections::customers::{self, Customer};
use orderlog_read_models::Freshness;
use uuid::Uuid;

use crate::{candidates::city, failure::Failure, permit::are_particulars_hidden, shop::OpenShop, views::CustomerView};

/// Customers of one name that are looked at; of more, nobody's city is theirs alone.
const NAMESAKES: u32 = 20;

/// For each of these customers whose name another customer of the shop has too, what tells them apart: the city, where no other
/// of that name lives in it, else the e-mail address, the telephone number or the id. Nothing for who may not see particulars.
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
    let mut of_name: HashMap<String, Vec<Customer>> = HashMap::new();
    for (id, customer) in shown {
        let Some(name) = customer.name.as_deref() else { continue };
        let key = name_key(name);
        if !of_name.contains_key(&key) {
            let found = customers::find_customers(&shop.projections, name, NAMESAKES, fresh).await?.found;
            of_name.insert(key.clone(), found.items);
        }
        let namesakes = || of_name.get(&key).into_iter().flatten().filter(|other| other.customer_id != *id);
        if namesakes().next().is_some() {
            let all = namesakes().count() + 1 < NAMESAKES as usize;
            apart.insert(*id, told(customer, all.then(|| namesakes().map(|other| other.address.as_deref()))));
        }
    }
    Ok(apart)
}

/// What tells a customer apart from others with these addresses; nobody knows where too many others live.
fn told<'a>(customer: &CustomerView, others: Option<impl Iterator<Item = Option<&'a str>>>) -> String {
    let city_of = |address: Option<&str>| address.and_then(city).map(name_key);
    let own = customer.address.as_deref().and_then(city);
    let lives_there = |other: Option<&str>| city_of(other).is_none_or(|other| Some(other) == own.map(name_key));
    let city = own.filter(|_| others.is_some_and(|mut others| !others.any(lives_there)));
    let known = city.map(str::to_owned).or_else(|| customer.email.clone()).or_else(|| customer.phone.clone());
    known.unwrap_or_else(|| customer.customer_id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_told_by_the_city_that_no_namesake_lives_in() {
        let mut customer = CustomerView {
            customer_id: Uuid::nil(),
            name: Some("Pooja Chandra".to_owned()),
            email: Some("pooja@example.com".to_owned()),
            phone: Some("98450 12345".to_owned()),
            address: Some("4 Lake Road, Pune 411001".to_owned()),
        };
        let told = |customer: &CustomerView, others: &[Option<&str>]| told(customer, Some(others.iter().copied()));
        assert_eq!(told(&customer, &[Some("9 Hill Street, Kochi"), Some("1 Tank Road, Delhi")]), "Pune");
        assert_eq!(told(&customer, &[Some("9 Hill Street, Kochi"), Some("1 Tank Road, PUNE")]), "pooja@example.com");
        // Nobody knows where the other lives.
        assert_eq!(told(&customer, &[None]), "pooja@example.com");
        assert_eq!(super::told(&customer, None::<std::iter::Empty<_>>), "pooja@example.com");
        (customer.email, customer.address) = (None, None);
        assert_eq!(told(&customer, &[Some("9 Hill Street, Kochi")]), "98450 12345");
        customer.phone = None;
        assert_eq!(told(&customer, &[None]), Uuid::nil().to_string());
    }
}
