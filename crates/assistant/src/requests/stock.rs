//! Requests that read what is in stock, what runs low and what to reorder.

use winnow::{
    Parser,
    combinator::{alt, opt, preceded},
    error::EmptyError,
};

use super::orders::SHOW;
use crate::{
    grammar::{In, Parsed, any_of, date, end, number, product, product_until, quantity, said},
    plan::Step,
};

/// Words after a product whose stock is asked for.
const THERE: &str = "in stock|left|available|on hand|on the shelf|on shelf|in the warehouse|right now|now|still|there|ready|in total|do we have|\
    have we got|do we still have|are left|are there|is left|is there|are in stock|are available|have we|remain|remaining|do we stock|are on hand|did we have|\
    were there|did we have in stock|we have|do i have|to sell|to ship|and available";

/// "Do we have 20 units of Product A?"
pub(super) fn enough(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    opt(said("check whether|check if|can you check if|tell me if|see if")).parse_next(input)?;
    let ask = "do we have|do we still have|have we got|have we|do i have|is there|are there|got|did we have|we have|do we have enough|is there enough|are there enough|do we have at least|\
        can we ship|can we sell|can we deliver|can i sell|enough stock for";
    said(ask).parse_next(input)?;
    any_of("enough|any|at least|stock for|of|stock of|about|some").parse_next(input)?;
    let count = opt(quantity).parse_next(input)?;
    let name = product.parse_next(input)?;
    there(input, name, count)
}

/// "How many mugs are left?"
pub(super) fn how_many(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    said("how many|how much|what quantity of|how many units of|how many pieces of|how much stock of|how much of")
        .parse_next(input)?;
    any_of("units|of|more|pieces|stock").parse_next(input)?;
    let name = product_until("remain remaining available there left on still in").parse_next(input)?;
    let start = input.len();
    any_of(THERE).parse_next(input)?;
    if input.len() == start {
        return Err(EmptyError);
    }
    there(input, name, None)
}

/// "Check the stock of tea", "is tea in stock?", "tea stock".
pub(super) fn stock_of(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let named = |input: &mut In<'_>| {
        any_of(SHOW).parse_next(input)?;
        let what = "stock|inventory|availability|stock level|stock levels|level|units|stock on hand";
        preceded((said(what), said("of|for|on")), product).parse_next(input)
    };
    let asked = |input: &mut In<'_>| {
        said("is|are|is there|have we|was|were|do we have").parse_next(input)?;
        let name = product_until("available").parse_next(input)?;
        said("in stock|available|on hand|still available|still in stock|left").parse_next(input)?;
        Ok(name)
    };
    let check = |input: &mut In<'_>| {
        any_of("check|check the|show|show me|how is|what is").parse_next(input)?;
        let name = product_until("stock inventory availability").parse_next(input)?;
        opt(said("'s")).parse_next(input)?;
        said("stock|inventory|availability|stock level").parse_next(input)?;
        Ok(name)
    };
    let name = alt((named, asked, check)).parse_next(input)?;
    let count = opt(preceded(said("for"), quantity)).parse_next(input)?;
    there(input, name, count)
}

fn there(input: &mut In<'_>, name: String, count: Option<i64>) -> Parsed<Vec<Step>> {
    any_of(THERE).parse_next(input)?;
    let day = opt(preceded(opt(said("on|at|as of|at the end of|in")), date)).parse_next(input)?;
    end(input)?;
    let step = Step::of("inventory.check").with("product", name).some("quantity", count);
    Ok(vec![step.some("as_of", day.map(|day| day.text))])
}

/// What runs low.
pub(super) fn low(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let words = "low stock|low in stock|running low|runs low|run low|running out|running out of|low on stock|running out of stock|out of stock|sold out|stock is low|\
        we running low on|low|short|running short|almost gone|nearly gone|stock low|low on|we running out of|we low on|run out|about to run out|going to run out";
    any_of(SHOW).parse_next(input)?;
    any_of("products|product|items|stock|anything|something|is|are|that|which|with|will|we|has|what|the|of|do|in")
        .parse_next(input)?;
    let bound = preceded((opt(said("stock")), said("below|under|less than|fewer than")), number);
    let low = said(words).parse_next(input).is_ok();
    any_of("products|items|stock|in stock|report|right now|now").parse_next(input)?;
    let threshold = opt(bound).parse_next(input)?;
    any_of("units|in stock|left|available|pieces").parse_next(input)?;
    end(input)?;
    if !low && threshold.is_none() {
        return Err(EmptyError);
    }
    Ok(vec![Step::of("inventory.reorder").some("threshold", threshold)])
}

/// What to reorder.
pub(super) fn reorder(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let words = "what should i reorder|what should we reorder|what do we need to reorder|what do i need to reorder|what must i reorder|what should i order|what should i buy|\
        reorder suggestions|what to reorder|reorder list|what should be reordered|what has to be reordered|what do we have to reorder|which products should i reorder|\
        which products should we reorder|what should i restock|what should we restock|what needs reordering|what needs to be reordered|suggest a reorder|what must we reorder|\
        what do i have to reorder|what needs restocking|what do we need to order|what do we need to buy";
    opt(said("show|show me|give me|give me the|tell me|show me the")).parse_next(input)?;
    said(words).parse_next(input)?;
    let weeks = said("this week|next week|for the week|for next week|for this week").value(7);
    let days = preceded(
        (opt(said("for|in")), opt(said("the")), opt(said("next"))),
        (number, said("days|day")).map(|(days, ())| days),
    );
    let days = opt(alt((weeks, days))).parse_next(input)?;
    any_of("now|soon|today").parse_next(input)?;
    end(input)?;
    Ok(vec![Step::of("inventory.reorder").some("days", days)])
}
