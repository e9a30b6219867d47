//! Sales by city: by the addresses of the customers as they are known now, since no order has an address of its own.

use std::collections::{BTreeMap, HashMap};

use orderlog_domain::{ids::CustomerId, text::name_key};
use orderlog_projections::{
    customers,
    daily_sales::{GroupKey, SalesGroup, Sort},
};

use super::{
    change::headline,
    group::{Group, Showing},
};
use crate::{
    candidates::city,
    failure::Failure,
    permit::{HIDDEN, are_particulars_hidden},
};

/// Of customers without an address, or with one that names no city.
const UNKNOWN: &str = "(no city known)";
/// Of customers that were erased.
const FORGOTTEN: &str = "(forgotten)";

/// What customers of one city bought, in one home currency.
pub(super) struct City {
    label: String,
    /// Its figures; the key is that of the customer who bought most.
    group: SalesGroup,
}

impl Showing<'_> {
    /// Takes the customers of each city together, in the order asked for.
    pub(super) async fn cities(&self, of_customers: Vec<SalesGroup>) -> Result<Vec<City>, Failure> {
        let labels = self.labels(&of_customers).await?;
        let mut cities: BTreeMap<(String, String), City> = BTreeMap::new();
        for group in of_customers {
            let label = match group.key {
                GroupKey::Customer(id) => labels.get(&id).map_or(FORGOTTEN, String::as_str),
                _ => UNKNOWN,
            };
            match cities.get_mut(&(name_key(label), group.sales.home.clone())) {
                Some(City { group: sum, .. }) => {
                    sum.sales.add(&group.sales);
                    if let Some((sum, then)) = sum.then.as_mut().zip(group.then.as_ref()) {
                        sum.add(then);
                    }
                }
                None => {
                    let key = (name_key(label), group.sales.home.clone());
                    cities.insert(key, City { label: label.to_owned(), group });
                }
            }
        }
        let sort = self.about.selection.request.sort.unwrap_or(Sort::Revenue);
        let mut cities: Vec<City> = cities.into_values().collect();
        cities.sort_by_key(|city| std::cmp::Reverse(city.group.weight(sort)));
        Ok(cities)
    }

    /// The city of each customer who is still known.
    async fn labels(&self, of_customers: &[SalesGroup]) -> Result<HashMap<CustomerId, String>, Failure> {
        let ids = of_customers.iter().filter_map(|group| match group.key {
            GroupKey::Customer(id) => Some(id),
            _ => None,
        });
        let ids: Vec<CustomerId> = ids.collect();
        if are_particulars_hidden() {
            return Ok(ids.into_iter().map(|id| (id, HIDDEN.to_owned())).collect());
        }
        let found = customers::customers_by_id(&self.shop.projections, &ids, self.fresh).await?.found;
        let label = |customer: customers::Customer| {
            let city = customer.address.as_deref().and_then(city).unwrap_or(UNKNOWN);
            (CustomerId(customer.customer_id), city.to_owned())
        };
        Ok(found.into_iter().map(label).collect())
    }

    /// A city as answers show it.
    pub(super) fn of_city(&self, City { label, group }: &City) -> Group {
        let mut one = self.untraced(group);
        one.label = label.clone();
        one
    }

    /// ` Most came from Pune: ₹12,000.`, and which cities these are.
    pub(super) fn most(&self, cities: &[City]) -> String {
        if are_particulars_hidden() {
            return " Cities are hidden from you.".to_owned();
        }
        let (basis, home) = (self.about.selection.request.basis, self.shop.settings.currency);
        let sum = |city: &&City| headline(basis, &city.group.sales.own);
        let named = |city: &&City| {
            city.group.sales.home == home.code()
                && ![UNKNOWN, FORGOTTEN].contains(&city.label.as_str())
                && sum(city) > 0
        };
        let most = cities.iter().filter(named).max_by_key(sum);
        let most =
            most.map(|city| format!(" Most came from {}: {}.", city.label, self.shop.wording.amount(sum(&city), home)));
        format!("{} Cities are those of the customers' addresses as they are known now.", most.unwrap_or_default())
    }
}
