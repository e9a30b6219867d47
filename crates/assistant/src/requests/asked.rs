//! Requests that read the catalogue and the customers.

use winnow::{
    Parser,
    combinator::{alt, opt, preceded},
    error::EmptyError,
};

use super::{
    orders::SHOW,
    pieces::{Piece, days},
};
use crate::{
    grammar::{In, Parsed, any_of, customer_until, end, name, product_until, said},
    plan::Step,
};

/// Questions that people put in the same few words.
pub(super) fn sayings(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let owed = "who has not paid|who hasn't paid|who has not paid us|who hasn't paid us|who owes us|who still owes us|who owes us money|who still owes us money|how much are we owed|\
        how much money are we owed|how much is owed to us|how much money is owed to us|what are we owed|what do customers owe us|how much do customers owe us|who has to pay|who still has to pay";
    let to_ship = "what do i have to pack|what do we have to pack|what do i have to ship|what do we have to ship|what do i need to ship|what do we need to ship|what do i need to pack|\
        what do we need to pack|what should i ship|what should we ship|what must i ship|what must we ship|what has to go out|what still has to go out|what must go out|what needs to go out|\
        what do i have to send|what do we have to send|what is left to ship|what still needs to go out";
    let worth = "what is our stock worth|what is the stock worth|what is my stock worth|what is all our stock worth|stock value|show the stock value|value of the stock|value of our stock|\
        what is the value of our stock|what is our inventory worth|what is the inventory worth|inventory value|how much is our stock worth|how much is the stock worth";
    let told = "who is told of what|who is told about what|who is told what|who is notified|who is notified of what|notifications|show notifications|show the notifications|list the notifications|\
        list notifications|show me the notifications|notification rules|show the notification rules|which rules are there|what rules are there|who can be told";
    let pending = |scope: &str| Step::of("orders.get_pending").with("scope", scope);
    let mut found = alt((
        said(owed).map(|()| pending("unpaid")),
        said(to_ship).map(|()| pending("pending")),
        said(worth).map(|()| Step::of("inventory.reorder").with("value_only", true)),
        said(told).map(|()| Step::of("notifications.list")),
    ));
    let step = found.parse_next(input)?;
    any_of("yet|today|now|still|right now|at the moment").parse_next(input)?;
    end(input)?;
    Ok(vec![step])
}

/// "What did Asha order last month?", "when did Asha last order?"
pub(super) fn bought_by(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let when = said("when did|when has").value(true);
    let what = said("what did|what has|what have|how much did|how many orders did").value(false);
    let latest = alt((when, what)).parse_next(input)?;
    if ["we", "i", "you", "people", "customers"].iter().any(|word| input.first().is_some_and(|token| token.is(word))) {
        return Err(EmptyError);
    }
    let who = customer_until("order ordered buy bought last place").parse_next(input)?;
    let last = opt(said("last")).parse_next(input)?;
    said("order|ordered|buy|bought|place|order from us|buy from us|buy of us").parse_next(input)?;
    let range = opt(days).parse_next(input)?;
    let after = opt(said("last|the last time|most recently")).parse_next(input)?;
    end(input)?;
    let mut step = Step::of("orders.search").with("customer", who);
    if let Some(Piece::Date(range)) = range {
        step = step.with("date_range", range.text);
    }
    Ok(vec![step.some("limit", (latest || last.or(after).is_some()).then_some(1))])
}

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
