//! Requests for figures: sales, what they are made of, and what is ahead.

use serde_json::{Value, json};
use winnow::{
    Parser,
    combinator::{alt, opt, preceded},
    error::EmptyError,
};

use super::{
    orders::SHOW,
    pieces::{Piece, as_of, days, gather, is, labelled_product, link, noun, pieces},
};
use crate::{
    grammar::{In, Parsed, any_of, customer, date, end, number, one_of, product_until, said},
    plan::Step,
    token::DatePhrase,
    vocabulary,
};

const GROUPS: &[(&str, &str)] = &[
    ("by day|per day|a day|daily|each day|day by day|for each day", "day"),
    ("by week|per week|weekly|each week|week by week|for each week", "week"),
    ("by month|per month|monthly|each month|month by month|for each month", "month"),
    (
        "by product|per product|by item|each product|for each product|by sku|best sellers|best selling products|best selling product|best selling|bestsellers|what sold the most|what sold most|what sells the most|most sold product|\
      which products|what products|best products|top products|top sellers|what sold best|sold best|most sold products|products",
        "product",
    ),
    (
        "by customer|per customer|each customer|for each customer|best customers|top customers|biggest customers|which customers|\
      most valuable customers|customers",
        "customer",
    ),
    ("by tax rate|by rate|per tax rate|for each rate|split by rate", "tax_rate"),
    (
        "by weekday|per weekday|each weekday|for each weekday|by day of the week|by day of week|which weekday|which weekdays|on which weekday|\
      on which weekdays|on what weekday|what weekday|which day of the week|which days of the week|what day of the week|on which day of the week|on what day of the week|\
      on which days of the week|best weekday|best weekdays|best day of the week",
        "weekday",
    ),
    (
        "by hour|per hour|hourly|each hour|for each hour|by hour of the day|by hour of day|by time of day|by the hour|at what hours|at what hour|at which hours|\
      at which hour|what hours|which hours|which hour|at what time|at what times|at what time of day|what time of day|best hours|busiest hours|busiest hour",
        "hour",
    ),
    (
        "by city|per city|each city|for each city|by cities|which cities|which city|in which cities|in which city|best cities|top cities|cities",
        "city",
    ),
];

/// Groups that go with no other.
const ALONE: [&str; 3] = ["weekday", "hour", "city"];

/// What comes again shows in many days alone: those that are taken where none are named.
const USUAL_DAYS: &[(&str, &str)] = &[("weekday", "previous 12 weeks"), ("hour", "previous 12 weeks")];

const BASES: &[(&str, &str)] = &[
    ("booked|on the booked basis|booked basis", "booked"),
    ("shipped|on the shipped basis|shipped basis|by shipment|as shipped", "shipped"),
    ("cash|in cash|on the cash basis|cash basis|cash received|cash collected|money received|money collected", "cash"),
];

const SORTS: &[(&str, &str)] = &[
    ("by units|first by units|by quantity|by units sold|by number of units", "units"),
    ("by revenue|first by revenue|by sales|by value|by turnover", "revenue"),
    ("by orders|first by orders|by number of orders", "orders"),
    ("by change|first by change", "change"),
];

const COMPARED: &[(&str, &str)] = &[
    (
        "the week before|week before|the month before|month before|the day before|day before|the period before|previous period|the previous period|\
      the quarter before|the year before|the one before",
        "previous period",
    ),
    (
        "last year|same day last year|last year same day|the same day last year|the same days last year|same period last year|a year ago|\
      the same period last year|the year before that",
        "last year",
    ),
];

const PROFIT: &str = "profit|profits|margin|margins|gross profit|gross margin|with profit|and profit|profit margin";

const LINKS: &str = "total|so far|did|we|make|made|earn|earned|take|took|in|much|how much|money|for|of|on|the|is|was|were|our|business|and|,|what|do|are|who|\
    report|overview|breakdown|split|to|i|have|has|been|up to now|figures for|us|now|net|gross|amount of|and how much|collect|collected|a|there";

/// Sales of some days.
pub(super) fn report(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    // "Who bought what".
    let bought = said(
        "and what did they buy|and what they bought|by customer and product|by customer and by product|by product and customer",
    );
    let bought = bought.map(|()| Piece::Is("group_by", json!(["customer", "product"])));
    let group = one_of(GROUPS).map(|group: &str| Piece::Any("group_by", group));
    let piece = alt((
        alt((as_of, bought, sold_of, sales_of)),
        is("sort", SORTS),
        alt((top, group)),
        alt((is("basis", BASES), said(PROFIT).map(|()| Piece::Is("profit", true.into())))),
        compared,
        days,
        noun(
            "average order|average order value|average order size|average basket|average sale|revenue|sales|turnover|takings|sold|sell|income|earnings|numbers|sales report|sales figures|figures|compare|tax|taxes|did we make|\
             did we earn|did we take in|did we take|we made|we earned|make|earn|sells|sells best|sells most|sells the most|sell best|sell most|do people order|\
             do people buy|do customers order|do customers buy|do we sell most|do we sell best|are busiest|is busiest|is best|is strongest|orders come in",
        ),
        alt((link(SHOW), of_product, to_customer, link(LINKS))),
    ));
    // "By product" alone belongs to the request before it.
    let leans = ["by", "per", "split", "each", "for", "daily", "weekly", "monthly", "hourly"];
    let leans = input.first().is_some_and(|first| leans.iter().any(|word| first.is(word)));
    let found = pieces(piece).parse_next(input)?;
    let (both, mut found): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|piece| matches!(piece, Piece::Is("group_by", _)));
    if !both.is_empty() {
        found.retain(|piece| !matches!(piece, Piece::Any("group_by", _)));
        found.extend(both);
    }
    // "Which cities sold best": what stands alone is the group, and the rest says what is asked of it.
    let alone = |piece: &Piece| matches!(piece, Piece::Any("group_by", group) if ALONE.contains(group));
    if found.iter().any(alone) {
        found.retain(|piece| !matches!(piece, Piece::Any("group_by", _)) || alone(piece));
    }
    let mut step = Step::of("orders.report_sales");
    let nouns = gather(&mut step, found, by_length)?;
    let grouped = step.arguments.contains_key("group_by") && !leans;
    let earned = step.arguments.contains_key("profit");
    if nouns == 0 && !grouped && !earned && step.text("basis") != Some("cash") {
        return Err(EmptyError);
    }
    if !step.arguments.contains_key("date") && !step.arguments.contains_key("date_range") {
        let group = step.arguments.get("group_by").and_then(|groups| groups.get(0)).and_then(Value::as_str);
        let usual = USUAL_DAYS.iter().find(|(one, _)| Some(*one) == group);
        step = match usual {
            Some((_, days)) => step.with("date_range", *days),
            None => step.with("date", "today"),
        };
    }
    if step.arguments.contains_key("date") && step.arguments.contains_key("date_range") {
        return Err(EmptyError);
    }
    // One group is a word, two are a list.
    if let Some(Value::Array(groups)) = step.arguments.get_mut("group_by") {
        match groups.as_slice() {
            [one] => {
                let one = one.clone();
                step = step.with("group_by", one);
            }
            [_, _] => {}
            _ => return Err(EmptyError),
        }
    }
    end(input)?;
    Ok(vec![step])
}

/// "My best day this month".
pub(super) fn best_day(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    any_of(SHOW).parse_next(input)?;
    any_of("was|is|were|the|our|my").parse_next(input)?;
    said("best day|best days|best sales day|best selling day|strongest day|busiest day|top day").parse_next(input)?;
    any_of("for|sales|we had|so far|was").parse_next(input)?;
    let range = opt(days).parse_next(input)?;
    end(input)?;
    let range = match range {
        Some(Piece::Date(range)) => range.text,
        _ => "this month".to_owned(),
    };
    let step = Step::of("orders.report_sales").with("date_range", range).with("group_by", "day");
    Ok(vec![step.with("sort", "revenue")])
}

/// One day is `date`, several are `date_range`.
fn by_length(date: &DatePhrase) -> &'static str {
    if date.one_day { "date" } else { "date_range" }
}

/// "Top 5 products": how many groups.
fn top(input: &mut In<'_>) -> Parsed<Piece> {
    let count = preceded(said("top|best|the top|the best|our top|our best|at most|only|first"), number);
    count.verify(|count| (1..=100).contains(count)).map(|count| Piece::Is("limit", count.into())).parse_next(input)
}

/// "Compared to the week before".
fn compared(input: &mut In<'_>) -> Parsed<Piece> {
    said("compared to|compared with|versus|vs|against|with|like|and|in comparison to|in comparison with|than|to")
        .parse_next(input)?;
    let other = alt((one_of(COMPARED).map(str::to_owned), date.map(|date| date.text)));
    other.map(|days| Piece::Is("compare_to", days.into())).parse_next(input)
}

fn of_product(input: &mut In<'_>) -> Parsed<Piece> {
    let product = alt((labelled_product, preceded(said("of"), product_until("sold sell compared versus vs"))));
    product.map(|name| Piece::Is("product", name.into())).parse_next(input)
}

fn to_customer(input: &mut In<'_>) -> Parsed<Piece> {
    let customer = preceded(said("to|to customer|for customer|from customer|customer"), customer);
    customer.map(|name| Piece::Is("customer", name.into())).parse_next(input)
}

/// "How many mugs" before "did we sell".
fn sold_of(input: &mut In<'_>) -> Parsed<Piece> {
    counted(input, "did we sell|have we sold|were sold|was sold|sold|do we sell|did we already sell")
}

/// "How many mugs" before "will we sell".
fn will_sell(input: &mut In<'_>) -> Parsed<String> {
    match counted(input, "will we sell|can we sell|will sell|are we going to sell|we will sell")? {
        Piece::Is(_, Value::String(name)) => Ok(name),
        _ => Err(EmptyError),
    }
}

/// A product behind "how many", where these words come next. They are left to be read.
fn counted(input: &mut In<'_>, next: &'static str) -> Parsed<Piece> {
    const NO_PRODUCTS: [&str; 11] =
        ["orders", "units", "items", "products", "pieces", "money", "revenue", "sales", "customers", "of", "more"];
    let of_before = said("how many").parse_next(&mut { *input }).is_ok();
    said("how many|how much").parse_next(input)?;
    // "And how many did we sell?": of what was spoken of.
    if of_before
        && said(next).parse_next(&mut { *input }).is_ok()
        && let Some(known) = input.first().and_then(|token| token.turn.product.clone())
    {
        return Ok(Piece::Is("product", known.into()));
    }
    if input.first().is_none_or(|token| NO_PRODUCTS.iter().any(|word| token.is(word))) {
        return Err(EmptyError);
    }
    let name = product_until("sold can").parse_next(input)?;
    said(next).parse_next(&mut { *input })?;
    Ok(Piece::Is("product", name.into()))
}

/// "Mug" before "sales".
fn sales_of(input: &mut In<'_>) -> Parsed<Piece> {
    if input.first().is_none_or(|token| !token.quoted && vocabulary::is_listened_for(&token.word)) {
        return Err(EmptyError);
    }
    let name = product_until("sales revenue turnover").parse_next(input)?;
    said("sales|revenue|turnover").parse_next(&mut { *input })?;
    Ok(Piece::Is("product", name.into()))
}

/// What a figure is made of.
pub(super) fn explain(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let piece = alt((
        noun("why is|why was|why were|why are|explain|what is behind|what makes up|how come|made of|why did"),
        is("basis", BASES),
        days,
        link(SHOW),
        of_product,
        to_customer,
        link(
            "'s|revenue|sales|turnover|takings|so|low|high|down|up|bad|good|that|of|for|on|poor|lower|higher|numbers|figure|figures|the|made|we|sell|little|is|was|come from|go down|go up|drop",
        ),
    ));
    let found = pieces(piece).parse_next(input)?;
    let mut step = Step::of("sales.explain");
    let nouns = gather(&mut step, found, |_| "date_range")?;
    if nouns == 0 || !step.arguments.contains_key("date_range") {
        return Err(EmptyError);
    }
    end(input)?;
    Ok(vec![step])
}

/// What is ahead.
pub(super) fn forecast(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    const MEASURES: &[(&str, &str)] = &[("orders", "orders"), ("units|unit", "units"), ("revenue", "revenue")];
    let of = alt((labelled_product, preceded(said("of"), product_until("sell")), will_sell))
        .map(|name: String| Piece::Is("product", name.into()));
    let piece = alt((
        noun(
            "forecast|predict|predicted|prediction|projection|project|expect|expected|outlook|will we sell|will we make|will we earn|will we have|will we get|\
             we will sell|we will make|will we take|will sell|going to sell|forecast of|will come in",
        ),
        is("measure", MEASURES),
        days,
        of,
        link(SHOW),
        link(
            "sales|sale|how much|what|how many|will|we|our|for|of|are|is|in|a|do|you|make|business|demand|can|should|to|sell|are we|money",
        ),
    ));
    let found = pieces(piece).parse_next(input)?;
    let mut step = Step::of("sales.forecast");
    let nouns = gather(&mut step, found, |_| "date_range")?;
    if nouns == 0 {
        return Err(EmptyError);
    }
    end(input)?;
    Ok(vec![step])
}

/// The state of the shop at a glance.
pub(super) fn briefing(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let words = "briefing|the briefing|daily briefing|morning briefing|my briefing|good morning|how is the shop|how is the shop doing|how are we doing|how is business|what is going on|\
        how are things|how is it going|what is new|what needs attention|what needs my attention|what should i know|what do i need to know|how are we doing today|how is business today|\
        what should i do today|overview of the shop|how is the business doing|needs my attention|needs attention";
    opt(said("show|give|show me|give me|read me|get|what is")).parse_next(input)?;
    opt(said("the|my|today 's|a")).parse_next(input)?;
    said(words).parse_next(input)?;
    opt(said("for today|today|this morning")).parse_next(input)?;
    end(input)?;
    Ok(vec![Step::of("shop.briefing")])
}

/// What was done in the shop.
pub(super) fn activity(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let mine = "what did i do|what have i done|show me what i did|what did i change";
    let all = "what did we do|what was done|what happened|show the activity|show activity|activity|recent changes|show recent changes|\
        show me the activity|what has been done|what was changed|what changed|what did you do|latest changes|show me what happened|show what happened|the activity";
    let by = alt((said(mine).value(Some("me")), said(all).value(None))).parse_next(input)?;
    let since = opt(preceded(opt(said("in|on|of|for|from|here|in the shop")), date)).parse_next(input)?;
    end(input)?;
    Ok(vec![Step::of("shop.activity").some("by", by).some("since", since.map(|day| day.text))])
}
