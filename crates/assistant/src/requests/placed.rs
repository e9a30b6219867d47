//! Requests that place orders and change their lines.

use serde_json::{Value, json};
use winnow::{
    Parser,
    combinator::{alt, opt, preceded, separated},
    error::EmptyError,
};

use super::changed::finish;
use crate::{
    grammar::{In, Parsed, amount, any_of, comma, customer, number, order, percent, product_until, quantity, said},
    plan::Step,
};

/// `2 of "SKU-A" at 5.00`
fn line(input: &mut In<'_>) -> Parsed<Value> {
    let count = quantity(input)?;
    let name = product_until("wants shipping discount each").parse_next(input)?;
    let price = opt(preceded(said("at|for"), amount)).parse_next(input)?;
    opt(said("each|apiece|a piece|per unit")).parse_next(input)?;
    let mut line = json!({ "product": name, "quantity": count });
    if let Some(price) = price {
        line["unit_price"] = price.into();
    }
    Ok(line)
}

fn lines(input: &mut In<'_>) -> Parsed<Vec<Value>> {
    separated(1.., line, comma).parse_next(input)
}

/// "Create an order for asha: 2 of SKU-A and one SKU-B", "three of tea for asha@example.com", "Asha wants 2 tea".
pub(super) fn create(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    const VERB: &str = "create|place|make|enter|add|open|start|book|take|new|write|put in|i want to place|i need";
    let verb = |input: &mut In<'_>| (said(VERB), any_of("an|a|the|new")).parse_next(input).map(|_| ());
    let for_whom = |input: &mut In<'_>| {
        (opt(verb), said("order"), said("for|from|by")).parse_next(input)?;
        let who = customer(input)?;
        any_of(":|with|of|,|-|–|for|;|containing").parse_next(input)?;
        Ok((who, lines(input)?))
    };
    let of_what = |input: &mut In<'_>| {
        (opt(verb), said("order|an order of|order of|order for|order with|order :")).parse_next(input)?;
        let lines = lines(input)?;
        Ok((preceded(said("for|to"), customer).parse_next(input)?, lines))
    };
    // Without a verb it is an order only if the customer is named beyond doubt.
    let bare = |input: &mut In<'_>| {
        let lines = lines(input)?;
        said("for|to").parse_next(input)?;
        let sure = input.first().is_some_and(|token| token.raw.contains('@') || token.quoted);
        if sure { Ok((customer(input)?, lines)) } else { Err(EmptyError) }
    };
    let wants = |input: &mut In<'_>| {
        let who = customer(input)?;
        said("wants|ordered|orders|would like|wants to order|wants to buy|has ordered|just ordered")
            .parse_next(input)?;
        Ok((who, lines(input)?))
    };
    let (who, lines) = alt((for_whom, of_what, bare, wants)).parse_next(input)?;
    let mut step = Step::of("orders.create_order").with("customer", who).with("lines", lines);
    loop {
        let mut ahead = *input;
        any_of(",|and|with|a|plus").parse_next(&mut ahead)?;
        let fee = preceded((said("shipping|shipping of|shipping fee of|shipping fee|shipping for"),), amount);
        let discount = alt((
            (percent, said("discount|off")).map(|(percent, ())| percent),
            (amount, said("discount|off")).map(|(sum, ())| sum),
        ));
        let discount = alt((discount, preceded(said("discount|discount of|a discount of"), alt((percent, amount)))));
        let (name, value) = match alt((fee.map(|fee| ("shipping", fee)), discount.map(|off| ("order_discount", off))))
            .parse_next(&mut ahead)
        {
            Ok(found) => found,
            Err(_) => break,
        };
        if step.arguments.contains_key(name) {
            return Err(EmptyError);
        }
        step = step.with(name, value);
        *input = ahead;
    }
    finish(input, step)
}

/// What is added comes on top of what the order has of it.
fn more(mut line: Value) -> Value {
    if let Some(units) = line.as_object_mut().and_then(|line| line.remove("quantity")) {
        line["more"] = units;
    }
    line
}

/// "Add 2 tea to 1234", "remove line 2 from 1234", "change line 2 of 1234 to 3".
pub(super) fn change_lines(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let add = |input: &mut In<'_>| {
        said("add|put").parse_next(input)?;
        let lines = lines(input)?;
        said("to|on|into").parse_next(input)?;
        Ok((order(input)?, lines.into_iter().map(more).collect()))
    };
    let remove = |input: &mut In<'_>| {
        said("remove|drop|delete|take").parse_next(input)?;
        let number = preceded((opt(said("the")), said("line")), number).parse_next(input)?;
        said("from|of|on|off").parse_next(input)?;
        Ok((order(input)?, vec![json!({ "line": number, "quantity": 0 })]))
    };
    let change = |input: &mut In<'_>| {
        said("change|set|update|make").parse_next(input)?;
        let line = preceded((opt(said("the quantity of|the|quantity of")), said("line")), number).parse_next(input)?;
        said("of|on|in|from").parse_next(input)?;
        let id = order(input)?;
        said("to|=|be").parse_next(input)?;
        let count = number.parse_next(input)?;
        opt(said("units|unit|pieces")).parse_next(input)?;
        Ok((id, vec![json!({ "line": line, "quantity": count })]))
    };
    let named = |input: &mut In<'_>| {
        opt(said("the")).parse_next(input)?;
        // "Remove 2 tea" is about some of them.
        if input.first().is_none_or(|token| token.is("line") || token.is_number() || number(&mut { *input }).is_ok()) {
            return Err(EmptyError);
        }
        product_until("off").parse_next(input)
    };
    let without = |input: &mut In<'_>| {
        said("remove|drop|take").parse_next(input)?;
        let name = named(input)?;
        said("from|off|out of").parse_next(input)?;
        Ok((order(input)?, vec![json!({ "product": name, "quantity": 0 })]))
    };
    let to = |input: &mut In<'_>| {
        said("change|set|update|change the quantity of|change quantity of|set the quantity of").parse_next(input)?;
        let name = named(input)?;
        said("in|of|on").parse_next(input)?;
        let id = order(input)?;
        said("to").parse_next(input)?;
        let count = number(input)?;
        opt(said("units|unit|pieces")).parse_next(input)?;
        if count > 0 { Ok((id, vec![json!({ "product": name, "quantity": count })])) } else { Err(EmptyError) }
    };
    let (id, changes) = alt((add, remove, change, without, to)).parse_next(input)?;
    finish(input, Step::of("orders.change_lines").with("order_id", id).with("changes", changes))
}
