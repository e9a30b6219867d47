//! Requests that read orders: lists of open ones, searches, one order, its history.

use serde_json::Value;
use winnow::{
    Parser,
    combinator::{alt, opt, preceded},
    error::EmptyError,
};

use super::pieces::{
    Piece, as_of, at_most, days, gather, happened, is, link, noun, of_customer, older, pieces, waiting, with_product,
    worth, worth_between,
};
use crate::{
    grammar::{In, Parsed, any_of, date, end, name, number, one_of, order, orders, said},
    plan::Step,
};

/// Words with which people ask to see something.
pub(super) const SHOW: &str = "show|list|give|get|find|display|see|view|check|tell|fetch|search|look up|look for|search for|pull up|bring up|\
    i want to see|i need to see|i'd like to see|let me see|can i see|may i see|can you show|could you show|show me|give me|tell me|\
    what is|what are|what|which|which ones|how many|how is|how are|is there|are there|do we have|do i have|have we got|have we|any|print|\
    make a list of|a list of|list of|me|us|all|all of|all the|the|my|our|every|some|current|'s";

/// Orders that one request shows at most.
const MAX_SHOWN: usize = 5;

const SCOPES: &[(&str, &str)] = &[
    (
        "pending|open|outstanding|unfulfilled|unshipped|not shipped|not yet shipped|to ship|to be shipped|still to ship|left to ship|\
      waiting|waiting to ship|waiting longest|waiting the longest|waited longest|waited the longest|longest waiting|\
      been waiting longest|been waiting the longest|wait longest|awaiting shipment|owed",
        "pending",
    ),
    ("late|overdue|delayed|running late|too late", "late"),
    ("unconfirmed|not confirmed|not yet confirmed|awaiting confirmation|to confirm|to be confirmed", "unconfirmed"),
    ("unpaid|not paid|not yet paid|awaiting payment|without payment|to be paid", "unpaid"),
    ("on hold|held|paused", "on_hold"),
    ("backordered|on backorder|waiting for stock|back ordered|backorders", "backordered"),
];

const STATUSES: &[(&str, &str)] = &[
    ("pending", "pending"),
    ("confirmed|accepted|approved", "confirmed"),
    ("processing|in process|being packed|in progress", "processing"),
    ("partially shipped|partly shipped", "partially_shipped"),
    ("shipped|dispatched|sent|sent out|fulfilled", "shipped"),
    ("delivered|completed|complete", "delivered"),
    ("returned", "returned"),
    ("cancelled|canceled", "cancelled"),
];

const PAYMENTS: &[(&str, &str)] = &[
    ("unpaid|not paid|not yet paid|not been paid", "unpaid"),
    ("partially paid|partly paid", "partially_paid"),
    ("paid|fully paid", "paid"),
    ("partially refunded|partly refunded", "partially_refunded"),
    ("refunded", "refunded"),
    ("overpaid", "overpaid"),
];

const SORTS: &[(&str, &str)] = &[
    ("oldest first|oldest|the oldest|sorted by age", "oldest"),
    ("newest first|newest|latest|most recent|latest first", "newest"),
    ("largest first|largest|biggest|biggest first|most expensive", "largest"),
];

const LINKS: &str = "that|which|who|are|is|were|was|have|been|has|still|yet|there|placed|made|received|came in|in|with us|a|an|do|we|i|did|\
    you|ones|out|,|on|with status|status|in status|and why|why|or|for us|get|at|stuck|right now|now|currently|so far|from|need|needs|pending for";

/// Orders that still owe something: by scope, age, days, customer, product.
pub(super) fn open_orders(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let piece = alt((
        as_of,
        alt((older, waiting)),
        is("scope", SCOPES),
        days,
        with_product,
        is("sort", SORTS),
        at_most,
        noun("orders|order|ones|anything|everything|nothing else"),
        alt((link(SHOW), of_customer, link(LINKS))),
    ));
    let start = input.len();
    let found = pieces(piece).parse_next(input)?;
    let mut step = Step::of("orders.get_pending");
    let nouns = gather(&mut step, found, |_| "date_range")?;
    let asked = step.arguments.contains_key("scope") || step.arguments.contains_key("older_than");
    // "Pending" alone says too little; "what is pending" does not.
    if !asked || (nouns == 0 && start < 2) {
        return Err(EmptyError);
    }
    step.arguments.entry("scope").or_insert_with(|| "pending".into());
    end(input)?;
    Ok(vec![step])
}

/// Orders of any kind.
pub(super) fn found_orders(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let statuses = one_of(STATUSES).map(|status: &str| Piece::Any("status", status));
    let payments = one_of(PAYMENTS).map(|status: &str| Piece::Any("payment_status", status));
    let matching = preceded(said("matching|about|called|mentioning|matching text"), name)
        .map(|text| Piece::Is("text", text.into()));
    // "The last 5 orders".
    let latest = preceded(said("last|latest|newest|most recent|the last|the latest"), number)
        .verify(|count| (1..=100).contains(count));
    let latest = latest.map(|count| Piece::Is("limit", count.into()));
    let piece = alt((
        alt((older, happened, not_shipped)),
        alt((worth, worth_between)),
        statuses,
        payments,
        days,
        with_product,
        alt((latest, is("sort", SORTS), matching, at_most)),
        noun("orders|order|purchases|everything"),
        alt((
            link(SHOW),
            of_customer,
            link(LINKS),
            link("bought|buy|ordered|placed by|did buy|has|totals|and|but|where is|where are"),
        )),
    ));
    let asked = input.first().is_some_and(|token| ["what", "which"].iter().any(|word| token.is(word)));
    let found = pieces(piece).parse_next(input)?;
    let mut step = Step::of("orders.search");
    let nouns = gather(&mut step, found, |_| "date_range")?;
    let has = |name: &str| step.arguments.contains_key(name);
    // "What shipped today?", "paid but not shipped": nothing but orders can be meant.
    let of_orders = (asked && has("by")) || (has("status") && has("payment_status"));
    if nouns == 0 && !of_orders {
        return Err(EmptyError);
    }
    end(input)?;
    Ok(vec![step])
}

/// What has still to leave, in whole or in part.
fn not_shipped(input: &mut In<'_>) -> Parsed<Piece> {
    let words = "not shipped|not yet shipped|unshipped|not sent|not sent yet|not shipped yet|not been shipped|haven't shipped|hasn't shipped|haven't been shipped|hasn't been shipped";
    let open = ["pending", "confirmed", "processing", "partially_shipped"];
    said(words).map(|()| Piece::Is("status", open.as_slice().into())).parse_next(input)
}

/// One order, now or as of a moment.
pub(super) fn one_order(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let parts = "status|state|details|tracking|tracking number|tracking code|lines|items|contents|payment|customer|total|summary|address|progress|everything";
    let ask = "how much does|how much is|how much is due on|what is due on|how much is owed on|what does|where is|where's|how is|what is|what about|what is with|whose is|who ordered|who placed|is|was|has|have|did|when will|what did|does|tell me about|\
        info on|information on|details of|details on|look at|open|do you know|what's|look into|what is in|what was in|about|in|did we ship|did we send|did we cancel|did we deliver|\
        have we shipped|have we sent|have we delivered|have we cancelled|did we refund|have we refunded";
    any_of(SHOW).parse_next(input)?;
    any_of(ask).parse_next(input)?;
    opt((any_of("the|current"), said(parts), said("of|for|on|about|in"))).parse_next(input)?;
    let ids = orders.verify(|ids: &Vec<i64>| ids.len() <= MAX_SHOWN).parse_next(input)?;
    opt(said("'s")).parse_next(input)?;
    let states = "shipped|been shipped|delivered|been delivered|paid|been paid|cancelled|been cancelled|confirmed|on hold|ready|late|arrived|ship|arrive|left|\
        go out|gone out|doing|now|right now|currently|status|details|tracking|lines|items|payment|yet|already|pending|been confirmed|returned|refunded|been refunded|\
        and|get delivered|be delivered|be shipped|total|owe|cost|come to|still owe";
    any_of(states).parse_next(input)?;
    let then = alt((as_of, date.map(|day| Piece::Is("as_of", day.text.into()))));
    let then = opt(then).parse_next(input)?;
    end(input)?;
    let as_of = then.and_then(|piece| match piece {
        Piece::Is(_, Value::String(day)) => Some(day),
        _ => None,
    });
    Ok(ids.iter().map(|id| Step::of("orders.get").with("order_id", *id).some("as_of", as_of.clone())).collect())
}

/// What was done to an order.
pub(super) fn history(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    any_of(SHOW).parse_next(input)?;
    if let Some(id) = input.first().and_then(|token| token.turn.order)
        && said("its history|its timeline|its log|its story").parse_next(input).is_ok()
    {
        end(input)?;
        return Ok(vec![Step::of("orders.history").with("order_id", id)]);
    }
    let before = "history of|history for|the history of|timeline of|timeline for|log of|story of|what happened to|what happened with|happened to|happened with|what was done to|\
        was done to|changed on|changed in|what changed on|who changed|who cancelled|who canceled|who shipped|who confirmed|who placed|who created|who touched|who refunded|who held|when did|\
        when was|when were|why was|why is|why did|when has|events of|audit trail of|changes of|changes to|audit of|history";
    said(before).parse_next(input)?;
    let id = order(input)?;
    let after = "ship|shipped|placed|cancelled|canceled|delivered|paid|confirmed|arrive|arrived|leave|refunded|returned|held|on hold|created|late|changed|and who did it|and who did that|and when|put on hold|,|go out";
    any_of(after).parse_next(input)?;
    end(input)?;
    Ok(vec![Step::of("orders.history").with("order_id", id)])
}

/// `order #1234 history`.
pub(super) fn history_behind(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    any_of(SHOW).parse_next(input)?;
    let id = order(input)?;
    opt(said("'s")).parse_next(input)?;
    said("history|timeline|story|log|changes|audit trail").parse_next(input)?;
    end(input)?;
    Ok(vec![Step::of("orders.history").with("order_id", id)])
}
