//! Requests that change what the shop keeps: stock, products, customers.

use winnow::{
    Parser,
    combinator::{alt, opt, preceded},
    error::EmptyError,
};

use super::{changed::finish, pieces::possessive};
use crate::{
    grammar::{In, Parsed, amount, any_of, customer, name_until, next, number, product, product_until, quantity, said},
    plan::Step,
};

/// "Receive 20 tea", "20 tea arrived", "add 20 tea to stock".
pub(super) fn receive(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let told = |input: &mut In<'_>| {
        said("receive|received|we received|we got|we have received|book in|take in|restock|i received|we just received|we just got").parse_next(input)?;
        let found = (quantity, product_until("into arrived")).parse_next(input)?;
        opt(said("in|into stock|in stock|from the supplier|into the warehouse|to stock")).parse_next(input)?;
        Ok(found)
    };
    let came = |input: &mut In<'_>| {
        let found = (quantity, product_until("arrived came")).parse_next(input)?;
        said("arrived|came in|have arrived|has arrived|were received|was received|have come in|were delivered to us")
            .parse_next(input)?;
        Ok(found)
    };
    let added = |input: &mut In<'_>| {
        said("add|put|book").parse_next(input)?;
        let found = (quantity, product_until("into")).parse_next(input)?;
        said("to stock|to the stock|to inventory|to the inventory|into stock|in stock|on the shelf")
            .parse_next(input)?;
        Ok(found)
    };
    let (count, name) = alt((told, came, added)).parse_next(input)?;
    finish(input, Step::of("inventory.receive").with("product", name).with("quantity", count))
}

/// "We counted 37 blue mugs", "adjust the stock of tea by -3", "3 mugs broke".
pub(super) fn adjust(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let counted = |input: &mut In<'_>| {
        said("we counted|i counted|count|counted|we have counted").parse_next(input)?;
        let count = alt((quantity, said("zero|no").value(0), number)).parse_next(input)?;
        opt(said("units of|of|units")).parse_next(input)?;
        let name = product(input)?;
        opt(said("on the shelf|in stock|in the warehouse|on hand")).parse_next(input)?;
        Ok((name, "counted", count))
    };
    let set = |input: &mut In<'_>| {
        said("set|correct|change|update|fix").parse_next(input)?;
        let name =
            preceded((opt(said("the")), said("stock|inventory|count"), said("of|for")), product).parse_next(input)?;
        said("to|=|is").parse_next(input)?;
        let count = number(input)?;
        opt(said("units|pieces")).parse_next(input)?;
        Ok((name, "counted", count))
    };
    let by = |input: &mut In<'_>| {
        said("adjust|correct|change").parse_next(input)?;
        let name =
            preceded(opt((opt(said("the")), said("stock|inventory"), said("of|for"))), product).parse_next(input)?;
        said("by").parse_next(input)?;
        Ok((name, "delta", signed(input)?))
    };
    let lost = |input: &mut In<'_>| {
        said("we lost|write off|written off|scrap|discard|throw away|lost|we broke|i broke").parse_next(input)?;
        let (count, name) = (quantity, product).parse_next(input)?;
        Ok((name, "delta", -count))
    };
    let broke = |input: &mut In<'_>| {
        let (count, name) =
            (quantity, product_until("broke broken damaged lost stolen expired went got")).parse_next(input)?;
        said("broke|are broken|is broken|are damaged|is damaged|were damaged|was damaged|were stolen|was stolen|are lost|were lost|was lost|expired|have expired|went missing|got lost|\
            got damaged|got broken|are missing|is missing|were broken|was broken|are expired").parse_next(input)?;
        Ok((name, "delta", -count))
    };
    let (name, argument, value) = alt((counted, set, by, lost, broke)).parse_next(input)?;
    finish(input, Step::of("inventory.adjust").with("product", name).with(argument, value))
}

/// `-3`, `+3`, "3".
fn signed(input: &mut In<'_>) -> Parsed<i64> {
    let minus = opt(said("minus|-")).parse_next(input)?.is_some();
    let token = input.first().ok_or(EmptyError)?;
    let delta: i64 = match token.raw.trim_start_matches('+').replace('−', "-").parse() {
        Ok(delta) if !token.quoted => delta,
        _ => return Err(EmptyError),
    };
    next(input)?;
    opt(said("units|pieces")).parse_next(input)?;
    Ok(if minus { -delta } else { delta })
}

/// "Set the price of tea to 120", "archive product TEA", "add product MUG called Blue mug at 120".
pub(super) fn products(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let price = |input: &mut In<'_>| {
        said("set|change|update|raise|lower|put|reduce|increase").parse_next(input)?;
        let sku = preceded((opt(said("the")), said("price"), said("of|for")), product).parse_next(input)?;
        said("to|at").parse_next(input)?;
        Ok(Step::of("products.upsert").with("sku", sku).with("price", amount(input)?))
    };
    let archived = |input: &mut In<'_>| {
        let off = said("archive|discontinue|retire|stop selling").value(true);
        let on = said("unarchive|restore|bring back").value(false);
        let archived = alt((off, on)).parse_next(input)?;
        Ok(Step::of("products.upsert").with("sku", product(input)?).with("archived", archived))
    };
    let new = |input: &mut In<'_>| {
        said("add|create|register|add a|create a|register a|new").parse_next(input)?;
        (opt(said("new|the|a new")), said("product|item")).parse_next(input)?;
        let sku = next(input)?.raw.clone();
        opt(said(",|with the name|with name")).parse_next(input)?;
        let name =
            preceded(opt(said("named|called|name")), name_until("price priced costing at for")).parse_next(input)?;
        opt(said(",")).parse_next(input)?;
        said("at|for|price|priced at|costing|at a price of|with price|at price").parse_next(input)?;
        Ok(Step::of("products.upsert").with("sku", sku).with("name", name).with("price", amount(input)?))
    };
    let step = alt((price, archived, new)).parse_next(input)?;
    finish(input, step)
}

/// "Add customer Asha Rao asha@example.com", "change the phone of Asha to …", "forget customer asha@example.com".
pub(super) fn customers(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let add = |input: &mut In<'_>| {
        said("add|create|register|new|add a|create a|register a|add the").parse_next(input)?;
        (any_of("new|a"), said("customer|client")).parse_next(input)?;
        opt(said("named|called|name")).parse_next(input)?;
        let mut taken = 0;
        while input.get(taken).is_some_and(|token| !token.raw.contains('@') && !token.is("with") && !token.is(",")) {
            taken += 1;
        }
        let (name, left) = input.split_at(taken);
        *input = left;
        any_of(",|with|email|e-mail|address|and|the|email address|e-mail address|:").parse_next(input)?;
        let email = next(input)?.raw.clone();
        let whole = !name.is_empty() && email.contains('@');
        let name = name.iter().map(|token| token.raw.as_str()).collect::<Vec<_>>().join(" ");
        if whole { Ok(Step::of("customers.upsert").with("name", name).with("email", email)) } else { Err(EmptyError) }
    };
    let change = |input: &mut In<'_>| {
        said("set|change|update").parse_next(input)?;
        opt(said("the")).parse_next(input)?;
        let mut field = alt((
            said("email|e-mail|email address|e-mail address").value("email"),
            said("phone|phone number|telephone").value("phone"),
            said("address|postal address").value("address"),
            said("name").value("name"),
        ));
        let owned = opt(possessive).parse_next(input)?;
        let field = field.parse_next(input)?;
        let who = match owned {
            Some(who) => who,
            None => preceded(said("of|for"), customer).parse_next(input)?,
        };
        said("to").parse_next(input)?;
        let value = crate::grammar::rest(input)?;
        let value =
            value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).map_or(value.clone(), str::to_owned);
        if value.contains('"') {
            Err(EmptyError)
        } else {
            Ok(Step::of("customers.upsert").with("customer", who).with(field, value))
        }
    };
    let forget = |input: &mut In<'_>| {
        said("forget|erase|forget about|delete|forget all about").parse_next(input)?;
        said("customer|the customer|client|the data of customer|the data of").parse_next(input)?;
        Ok(Step::of("customers.erase").with("customer", customer(input)?))
    };
    let step = alt((add, change, forget)).parse_next(input)?;
    finish(input, step)
}
