//! Requests that write a note to orders. What stands behind the colon is the note, letter by letter.

use winnow::{
    Parser,
    combinator::{alt, opt},
    error::EmptyError,
};

use crate::{
    grammar::{In, Parsed, end, next, orders, said},
    plan::Step,
};

/// "Note on 1234: she will call back Monday", "add a note to 1234 that she will call back Monday".
pub(super) fn note(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let verb = |input: &mut In<'_>| said("add|write|put|make|leave|attach|enter|record").parse_next(input);
    let called = |input: &mut In<'_>| said("note|comment|remark").parse_next(input);
    let bare = |input: &mut In<'_>| {
        (opt(verb), opt(said("a|the|this|another")), called, opt(said("to|on|for|in|at"))).parse_next(input)?;
        orders(input)
    };
    let behind = |input: &mut In<'_>| {
        (verb, said("to|on")).parse_next(input)?;
        let ids = orders(input)?;
        (opt(said("a|the|this|another")), called).parse_next(input)?;
        Ok(ids)
    };
    let ids = alt((bare, behind)).parse_next(input)?;
    let separator = *input;
    said(":|that|saying|that says|which says|,|-|–|: that").parse_next(input)?;
    let last = separator.get((separator.len() - input.len()).saturating_sub(1)).ok_or(EmptyError)?;
    let text = quoted(input).or_else(|_| to_the_end(last, input))?;
    let of = |id: &i64| Step::of("orders.change_lines").with("order_id", *id).with("note", text.as_str());
    Ok(ids.iter().map(of).collect())
}

/// A note in quotes, and nothing more.
fn quoted(input: &mut In<'_>) -> Parsed<String> {
    let mut ahead = *input;
    let token = next(&mut ahead)?;
    end(&mut ahead)?;
    if !token.quoted || token.raw.trim().is_empty() {
        return Err(EmptyError);
    }
    *input = ahead;
    Ok(token.raw.clone())
}

/// All that was typed behind `last`, if the request goes on to the end of the sentence: what follows a colon is no request
/// of its own, however much it reads like one.
fn to_the_end(last: &crate::token::Token, input: &mut In<'_>) -> Parsed<String> {
    let goes_on = input.last().is_some_and(|token| token.behind().chars().any(char::is_alphanumeric));
    let text = last.behind().trim();
    if goes_on || text.is_empty() {
        return Err(EmptyError);
    }
    *input = &input[input.len()..];
    Ok(text.to_owned())
}
