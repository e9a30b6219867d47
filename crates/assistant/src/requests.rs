//! The requests that are understood. Each reads one request whole, or not at all; the first that fits decides.

mod asked;
mod changed;
mod fragments;
mod kept;
mod money;
mod noted;
mod notified;
mod orders;
mod pieces;
mod placed;
mod sales;
mod stock;

use winnow::{Parser, combinator::opt};

use crate::{
    grammar::{In, Parsed, said},
    plan::Step,
};

/// Reads one request.
type Request = for<'t> fn(&mut In<'t>) -> Parsed<Vec<Step>>;

/// In the order in which they are tried: what changes something begins with a verb of its own, so it comes first.
const REQUESTS: [Request; 44] = [
    noted::note,
    changed::hold,
    money::payment,
    changed::set_status,
    changed::many,
    changed::verb,
    changed::ship,
    changed::cancel,
    changed::undo,
    money::refund,
    money::returned,
    money::rate,
    kept::receive,
    kept::adjust,
    kept::products,
    kept::customers,
    notified::subscribe,
    placed::change_lines,
    placed::create,
    changed::status_fragment,
    changed::stated,
    notified::end_rule,
    asked::sayings,
    asked::bought_by,
    sales::briefing,
    sales::activity,
    orders::history,
    orders::history_behind,
    orders::one_order,
    asked::buyers,
    asked::how_long,
    sales::forecast,
    sales::explain,
    orders::open_orders,
    stock::reorder,
    stock::low,
    asked::products,
    asked::customers,
    sales::best_day,
    sales::report,
    orders::found_orders,
    stock::enough,
    stock::how_many,
    stock::stock_of,
];

/// How people ask politely.
const POLITELY: &str = "can you|could you|would you|will you|i want to|i want you to|i would like to|i'd like to|i need to|i need you to|let's|let us|\
    go ahead and|we need to|we want to|please can you|i'd like you to|i would like you to|would you mind|you can|you should|help me|help me to|now|then|and|and then|so|well";

/// The calls that the tokens of one request ask for.
pub(crate) fn read(tokens: In<'_>) -> Option<Vec<Step>> {
    let plain = first_that_fits(tokens);
    plain.or_else(|| {
        let mut rest = tokens;
        opt(said("and|then|,|so|well|now")).parse_next(&mut rest).ok()?;
        opt(said(",")).parse_next(&mut rest).ok()?;
        opt(said(POLITELY)).parse_next(&mut rest).ok()?;
        (rest.len() < tokens.len()).then(|| first_that_fits(rest)).flatten()
    })
}

fn first_that_fits(tokens: In<'_>) -> Option<Vec<Step>> {
    let fits = |request: &Request| request(&mut { tokens }).ok();
    REQUESTS.iter().find_map(fits).or_else(|| fragments::the_same(&mut { tokens }).ok())
}
