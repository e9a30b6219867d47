//! Where a text is looked for that no order and no name has: in notes, tracking numbers and carriers, in customers' particulars, and in
//! those together with what was ordered.

use orderlog_domain::{
    ids::{CustomerId, OrderId},
    text::name_key,
};
use orderlog_projections::{
    customers,
    order_summary::{self, Filter},
};
use orderlog_read_models::{Freshness, Matched, PAGE_LIMIT, PageRequest};

use crate::{echo::shown, failure::Failure, permit::are_particulars_hidden, sentences::plural, shop::OpenShop};

/// Customers whose particulars a text may stand in.
const CUSTOMERS: i64 = 5_000;
/// Words of a text that are shared out among customers and products.
const WORDS: usize = 8;

/// Has the filter take what has all words of a text somewhere, and says where; nothing where nothing is known to.
pub(super) async fn look(
    shop: &OpenShop,
    text: &str,
    filter: &mut Filter,
    fresh: Freshness,
) -> Result<Option<String>, Failure> {
    // What people wrote is sealed and has to be opened, so it is looked through where nothing else is called so.
    let noted = in_texts(shop, text, fresh).await?;
    if !noted.is_empty() {
        filter.or_orders = noted;
        return Ok(Some(format!("`{}` stands in a tracking number, a carrier or a note.", shown(text))));
    }
    if let Some(living) = living_at(shop, text, fresh).await? {
        let customers = plural(living.len() as i64, "customer");
        filter.or_customers = living;
        let text = shown(text);
        return Ok(Some(format!("`{text}` stands in the particulars of {customers}, whose orders these are.")));
    }
    let Some((people, ordered)) = customers_and_products(shop, text, fresh).await? else { return Ok(None) };
    let reading =
        format!("`{}` was read as orders of {} by customers with the other words.", shown(text), shown(&ordered));
    (filter.among_customers, filter.text, filter.or_customers) = (people, Some(ordered), vec![]);
    Ok(Some(reading))
}

/// Customers in whose name, address or e-mail address all words of a text stand, for those who may see them; none where there are
/// none, or too many to look for.
async fn living_at(shop: &OpenShop, text: &str, fresh: Freshness) -> Result<Option<Vec<CustomerId>>, Failure> {
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

/// Customers who have some of the words of a text in their particulars, and the other words, which products that orders name
/// have: all words are present then, though no single field has them all.
async fn customers_and_products(
    shop: &OpenShop,
    text: &str,
    fresh: Freshness,
) -> Result<Option<(Vec<CustomerId>, String)>, Failure> {
    let words: Vec<String> = name_key(text).split_whitespace().map(str::to_owned).take(WORDS + 1).collect();
    if !(2..=WORDS).contains(&words.len()) || are_particulars_hidden() {
        return Ok(None);
    }
    let of_products = order_summary::words_of_products(&shop.projections, &words, fresh).await?;
    let part = |wanted: bool| {
        let part = words.iter().zip(&of_products).filter(|(_, of_product)| **of_product == wanted);
        part.map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(" ")
    };
    let (of_people, of_products) = (part(false), part(true));
    if of_people.is_empty() || of_products.is_empty() {
        return Ok(None);
    }
    Ok(living_at(shop, &of_people, fresh).await?.map(|people| (people, of_products)))
}

/// Orders in whose notes, tracking numbers and carriers a text stands, for those who may see them.
async fn in_texts(shop: &OpenShop, text: &str, fresh: Freshness) -> Result<Vec<OrderId>, Failure> {
    if are_particulars_hidden() {
        return Ok(vec![]);
    }
    let open = |field: &str, sealed: &str| shop.keyring.open_seal(field, sealed);
    Ok(order_summary::found_in_texts(&shop.projections, text, open, fresh).await?)
}
