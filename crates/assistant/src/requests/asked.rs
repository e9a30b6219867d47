//! Requests that read the catalogue and the customers.

use winnow::{
    Parser,
    combinator::{alt, opt, preceded},
};

use super::orders::SHOW;
use crate::{
    grammar::{In, Parsed, any_of, end, name, product_until, said},
    plan::Step,
};

/// Products by name.
pub(super) fn products(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let price = |input: &mut In<'_>| {
        any_of("what|what is|tell me|show|show me|the|is|give me").parse_next(input)?;
        said("price of|prices of|cost of|price for|how much is|how much are|how much does|how much do|what does")
            .parse_next(input)?;
        let name = product_until("cost costs sell").parse_next(input)?;
        any_of("cost|costs|sell for").parse_next(input)?;
        Ok(Some(name))
    };
    let list = |input: &mut In<'_>| {
        any_of(SHOW).parse_next(input)?;
        said("products|product|items|catalogue|catalog|price list|skus").parse_next(input)?;
        any_of("we|sell|do we sell|do we have|have|are there|in the catalogue|there").parse_next(input)?;
        opt(preceded(opt(said("named|called|with|matching|like|containing|about")), name)).parse_next(input)
    };
    let text = alt((price, list)).parse_next(input)?;
    end(input)?;
    Ok(vec![Step::of("products.search").some("text", text)])
}

/// Customers by name or e-mail address.
pub(super) fn customers(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let who = |input: &mut In<'_>| {
        said("who is|who is customer|email of|e-mail of|phone of|phone number of|address of|contact of|what is the email of|what is the phone number of|\
            what is the address of").parse_next(input)?;
        opt(said("customer|the customer")).parse_next(input)?;
        name.map(Some).parse_next(input)
    };
    let list = |input: &mut In<'_>| {
        any_of(SHOW).parse_next(input)?;
        said("customers|customer|clients|client|buyers").parse_next(input)?;
        any_of("we|do we have|have|are there|there").parse_next(input)?;
        opt(preceded(opt(said("named|called|with|matching|like|with email|with the email")), name)).parse_next(input)
    };
    let text = alt((who, list)).parse_next(input)?;
    end(input)?;
    Ok(vec![Step::of("customers.search").some("text", text)])
}
