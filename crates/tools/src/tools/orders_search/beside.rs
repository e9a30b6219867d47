//! Where a text is looked for that no order and no name has: in notes and tracking numbers, and in customers' particulars.

use orderlog_domain::ids::{CustomerId, OrderId};
use orderlog_projections::{customers, order_summary};
use orderlog_read_models::{Freshness, Matched, PAGE_LIMIT, PageRequest};

use crate::{failure::Failure, permit::are_particulars_hidden, shop::OpenShop};

/// Customers whose particulars a text may stand in.
const CUSTOMERS: i64 = 5_000;

/// Customers in whose address or e-mail address all words of a text stand, for those who may see them; none where there are
/// none, or too many to look for.
pub(super) async fn living_at(
    shop: &OpenShop,
    text: &str,
    fresh: Freshness,
) -> Result<Option<Vec<CustomerId>>, Failure> {
    if are_particulars_hidden() {
        return Ok(None);
    }
    let (mut page, mut found) = (PageRequest::first(PAGE_LIMIT), vec![]);
    loop {
        let answer = customers::customers(&shop.projections, Some(text), page, fresh).await?.found;
        let all_words = answer.how <= Matched::Prefix;
        if !all_words || answer.total_count > CUSTOMERS {
            return Ok(None);
        }
        found.extend(answer.customers.iter().map(|customer| CustomerId(customer.customer_id)));
        page.cursor = answer.next;
        if page.cursor.is_none() {
            return Ok(Some(found).filter(|found| !found.is_empty()));
        }
    }
}

/// Orders in whose notes and tracking numbers a text stands, for those who may see them.
pub(super) async fn in_texts(shop: &OpenShop, text: &str, fresh: Freshness) -> Result<Vec<OrderId>, Failure> {
    if are_particulars_hidden() {
        return Ok(vec![]);
    }
    let open = |field: &str, sealed: &str| shop.keyring.open_seal(field, sealed);
    Ok(order_summary::found_in_texts(&shop.projections, text, open, fresh).await?)
}
