//! Requests that lean on the one before: "what about last week?", "the same for 1235".

use winnow::{
    Parser,
    combinator::{alt, opt},
    error::EmptyError,
};

use crate::{
    grammar::{In, Parsed, date, end, name, order, said},
    plan::Step,
};

/// What leads back to the request before.
const SAME: &str = "what about|how about|and|the same for|same for|and for|the same with|same with|do the same for|do the same with|do the same to|and the same for|and what about|and how about|again for|now|the same";

/// The request before, with other days, another order or another name.
pub(super) fn the_same(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let before = input.first().and_then(|token| token.turn.step.clone()).ok_or(EmptyError)?;
    // Days alone are enough, where the request before had some.
    let leads = opt(said(SAME)).parse_next(input)?.is_some();
    let of_days = READ_BY_DAYS.contains(&before.tool.as_str());
    let days_alone = of_days && input.first().is_some_and(|token| !token.dates.is_empty());
    if !(leads || days_alone) {
        return Err(EmptyError);
    }
    opt(said("for|in|on|with|of|from")).parse_next(input)?;
    let takes = |name: &str| before.arguments.contains_key(name);
    let mut step = before.clone();
    let days = |input: &mut In<'_>| date.parse_next(input);
    let found = alt((
        days.map(|day| {
            let of_days = ["date", "date_range"].iter().any(|name| before.arguments.contains_key(*name));
            let report = before.tool == "orders.report_sales";
            let name = if report && day.one_day { "date" } else { "date_range" };
            (of_days || READ_BY_DAYS.contains(&before.tool.as_str())).then(|| (name, day.text.into()))
        }),
        order.map(|id| before.arguments.contains_key("order_id").then(|| ("order_id", id.into()))),
        name.map(|name| {
            let argument =
                ["product", "customer"].into_iter().find(|argument| before.arguments.contains_key(*argument));
            argument.map(|argument| (argument, name.into()))
        }),
    ));
    let mut found = found;
    let (argument, value): (&str, serde_json::Value) = found.parse_next(input)?.ok_or(EmptyError)?;
    if argument.starts_with("date") && (takes("date") || takes("date_range")) {
        step.arguments.remove("date");
        step.arguments.remove("date_range");
    }
    step = step.with(argument, value);
    end(input)?;
    Ok(vec![step])
}

/// Tools that take days, whether or not some were named before.
const READ_BY_DAYS: [&str; 5] =
    ["orders.get_pending", "orders.search", "orders.report_sales", "sales.forecast", "sales.explain"];
