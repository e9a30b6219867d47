//! Requests that read the catalogue and the customers.

use winnow::{
    Parser,
    combinator::{alt, opt, preceded},
    error::EmptyError,
};

use super::{
    orders::SHOW,
    pieces::{Piece, days, with_product},
};
use crate::{
    grammar::{In, Parsed, any_of, customer_until, date, end, length, name, one_of, product, product_until, said},
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

/// "Who ordered yesterday?", "who bought the blue mug?", "which customers have not ordered for 3 months?"
pub(super) fn buyers(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    any_of("show|list|give|me|find|tell|all|the").parse_next(input)?;
    said("who|customers who|customers that|which customers|what customers|how many customers|everybody who|people who|who all")
        .parse_next(input)?;
    let not = "have not ordered|has not ordered|haven't ordered|hasn't ordered|did not order|didn't order|have not bought|has not bought|haven't bought|hasn't bought|\
        didn't buy|did not buy|not ordered|have not placed an order|haven't placed an order";
    let step = Step::of("customers.search");
    if opt(said(not)).parse_next(input)?.is_some() {
        any_of("anything|from us|with us|again|any more").parse_next(input)?;
        said("for|in|since|for over|for more than|in over|in more than|for at least|in the last|over")
            .parse_next(input)?;
        let long = alt((length, date.map(|date| date.text))).parse_next(input)?;
        end(input)?;
        return Ok(vec![step.with("no_order_for", long)]);
    }
    said("ordered|bought|purchased|have ordered|have bought|has ordered|has bought|placed an order|placed orders|did order").parse_next(input)?;
    any_of("from us|anything|something|something from us").parse_next(input)?;
    let range = opt(days).parse_next(input)?;
    let product = match range {
        Some(_) => opt(with_product).parse_next(input)?,
        None => Some(alt((with_product, product_before_days)).parse_next(input)?),
    };
    let later = if range.is_none() { opt(days).parse_next(input)? } else { None };
    any_of("so far|already|yet").parse_next(input)?;
    end(input)?;
    let named = match product {
        Some(Piece::Is(_, name)) => Some(name),
        _ => None,
    };
    let range = match range.or(later) {
        Some(Piece::Date(range)) => Some(range.text),
        _ => None,
    };
    Ok(vec![step.some("product", named).some("date_range", range)])
}

/// The name of a product, as far as the days behind it.
fn product_before_days(input: &mut In<'_>) -> Parsed<Piece> {
    for taken in (1..=input.len()).rev() {
        let mut name = &input[..taken];
        let mut rest = &input[taken..];
        let mut later = rest;
        let at_end = end(&mut rest).is_ok() || (days(&mut later).is_ok() && end(&mut later).is_ok());
        if at_end
            && let Ok(found) = product(&mut name)
            && name.is_empty()
            && (taken < input.len() || days(&mut &input[..taken]).is_err())
        {
            *input = &input[taken..];
            return Ok(Piece::Is("product", found.into()));
        }
    }
    Err(EmptyError)
}

/// "How long do orders take to ship?"
pub(super) fn how_long(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    const LEARNED: &str = "last 90 days";
    const ACTS: &[(&str, &str)] = &[
        ("ship|be shipped|leave|go out|get shipped|shipping|dispatch|be dispatched|to ship", "shipped"),
        (
            "deliver|be delivered|arrive|get there|get delivered|delivery|reach customers|reach the customer|get to customers",
            "delivered",
        ),
    ];
    said("how long do|how long does|how long did|how fast do|how quickly do|how many days do|how many days does")
        .parse_next(input)?;
    said("orders|our orders|an order|we|it|parcels|shipping|delivery|the orders").parse_next(input)?;
    any_of("take|need|usually|on average|typically|normally|until they|until it").parse_next(input)?;
    any_of("to|for|us|is|are").parse_next(input)?;
    let act = opt(one_of(ACTS)).parse_next(input)?;
    any_of("orders|an order|usually|on average|them|a parcel").parse_next(input)?;
    let range = opt(days).parse_next(input)?;
    end(input)?;
    let range = match range {
        Some(Piece::Date(range)) => range.text,
        _ => LEARNED.to_owned(),
    };
    let step = Step::of("orders.search").with("by", act.unwrap_or("delivered"));
    Ok(vec![step.with("date_range", range).with("limit", 1)])
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
