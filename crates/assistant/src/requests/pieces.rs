//! The parts that requests for lists and figures are made of, in any order; and how they become arguments.

use serde_json::Value;
use winnow::{
    Parser,
    combinator::{alt, opt, preceded},
    error::EmptyError,
};

use crate::{
    grammar::{In, Parsed, amount, customer, date, length, name, number, one_of, product, said},
    plan::Step,
    token::DatePhrase,
};

/// One part of a request that reads.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// Words that only join the others.
    Link,
    /// What the request is about.
    Noun,
    /// Days.
    Date(DatePhrase),
    /// An argument.
    Is(&'static str, Value),
    /// The least and the greatest total of orders.
    Between(String, String),
    /// An argument that may be given several times.
    Any(&'static str, &'static str),
}

/// Reads parts until none fits, at least one.
pub(super) fn pieces<'t>(
    mut piece: impl Parser<In<'t>, Piece, EmptyError>,
) -> impl FnMut(&mut In<'t>) -> Parsed<Vec<Piece>> {
    move |input| {
        let mut found = vec![];
        while !input.is_empty() {
            let mut rest = *input;
            let Ok(one) = piece.parse_next(&mut rest) else { break };
            if rest.len() == input.len() {
                break;
            }
            *input = rest;
            found.push(one);
        }
        if found.is_empty() { Err(EmptyError) } else { Ok(found) }
    }
}

/// Puts parts into the arguments of a call; says how often the noun stood there. Two that contradict each other fit not.
pub(super) fn gather(
    step: &mut Step,
    pieces: Vec<Piece>,
    dates: impl Fn(&DatePhrase) -> &'static str,
) -> Parsed<usize> {
    let mut nouns = 0;
    let both = |piece| match piece {
        Piece::Between(least, most) => vec![Piece::Is("min_total", least.into()), Piece::Is("max_total", most.into())],
        one => vec![one],
    };
    for piece in pieces.into_iter().flat_map(both) {
        let (name, value) = match piece {
            Piece::Link | Piece::Between(..) => continue,
            Piece::Noun => {
                nouns += 1;
                continue;
            }
            Piece::Date(date) => (dates(&date), Value::from(date.text)),
            Piece::Is(name, value) => (name, value),
            Piece::Any(name, value) => {
                let list = step.arguments.entry(name).or_insert_with(|| Value::Array(vec![]));
                if let Value::Array(list) = list
                    && !list.contains(&Value::from(value))
                {
                    list.push(value.into());
                }
                continue;
            }
        };
        match step.arguments.get(name) {
            Some(there) if *there != value => return Err(EmptyError),
            _ => _ = step.arguments.insert(name.to_owned(), value),
        }
    }
    Ok(nouns)
}

pub(super) fn link<'t>(words: &'static str) -> impl FnMut(&mut In<'t>) -> Parsed<Piece> {
    move |input| said(words).value(Piece::Link).parse_next(input)
}

pub(super) fn noun<'t>(words: &'static str) -> impl FnMut(&mut In<'t>) -> Parsed<Piece> {
    move |input| said(words).value(Piece::Noun).parse_next(input)
}

/// Words that each stand for a value of an argument.
pub(super) fn is<'t>(
    argument: &'static str,
    table: &'static [(&'static str, &'static str)],
) -> impl FnMut(&mut In<'t>) -> Parsed<Piece> {
    move |input| one_of(table).map(|value: &str| Piece::Is(argument, value.into())).parse_next(input)
}

/// Days, with the preposition before them.
pub(super) fn days(input: &mut In<'_>) -> Parsed<Piece> {
    let placed = opt(said("placed|made|received|created|ordered|dated"));
    let bare = preceded(opt(said("in|on|for|of|during|from|at")), date);
    preceded(placed, alt((date, bare))).map(Piece::Date).parse_next(input)
}

/// The moment as of which is asked.
pub(super) fn as_of(input: &mut In<'_>) -> Parsed<Piece> {
    let words = "as of|as at|as it was|as it stood|as they were|as we knew it|as known|as it looked|looked like|look like|as things stood";
    let day = preceded((said(words), opt(said("on|at|in|at the end of"))), date);
    day.map(|day| Piece::Is("as_of", day.text.into())).parse_next(input)
}

/// A customer behind a preposition, with 's, or by e-mail address.
pub(super) fn of_customer(input: &mut In<'_>) -> Parsed<Piece> {
    let behind = preceded(
        said(
            "for|of|by|from|placed by|made by|belonging to|customer|of customer|for customer|by customer|from customer",
        ),
        customer,
    );
    alt((behind, possessive, by_address)).map(|name| Piece::Is("customer", name.into())).parse_next(input)
}

/// "Asha's", "her".
pub(super) fn possessive(input: &mut In<'_>) -> Parsed<String> {
    let pronoun = input.first().filter(|token| ["her", "his", "their"].iter().any(|word| token.is(word)));
    if let Some(token) = pronoun {
        let known = token.turn.customer.clone().ok_or(EmptyError)?;
        *input = &input[1..];
        return Ok(known);
    }
    if input.first().is_some_and(|token| token.known) {
        return Err(EmptyError);
    }
    let found = name(input)?;
    said("'s").parse_next(input)?;
    Ok(found)
}

fn by_address(input: &mut In<'_>) -> Parsed<String> {
    let address = input.first().filter(|token| !token.quoted && token.raw.contains('@')).ok_or(EmptyError)?;
    *input = &input[1..];
    Ok(address.raw.clone())
}

/// A product that an order or a figure is to contain.
pub(super) fn with_product(input: &mut In<'_>) -> Parsed<Piece> {
    let found = alt((labelled_product, preceded(said("with|containing|including|that contain|that include"), product)));
    let mut found = found.map(|name: String| Piece::Is("product", name.into()));
    found.parse_next(input)
}

/// "For product A": a product that is called one.
pub(super) fn labelled_product(input: &mut In<'_>) -> Parsed<String> {
    opt(said("for|of|with|for the|of the|with the")).parse_next(input)?;
    if input.first().is_some_and(|token| token.is("product")) { product(input) } else { Err(EmptyError) }
}

/// How many at most.
pub(super) fn at_most(input: &mut In<'_>) -> Parsed<Piece> {
    let few = preceded(said("at most|only|the first|first|limit|limit to|up to"), number);
    few.verify(|count| (1..=100).contains(count)).map(|count| Piece::Is("limit", count.into())).parse_next(input)
}

/// How much an order comes to.
pub(super) fn worth(input: &mut In<'_>) -> Parsed<Piece> {
    const BOUNDS: &[(&str, &str)] = &[
        ("over|above|more than|of at least|at least|worth more than|worth over|bigger than|larger than", "min_total"),
        ("under|below|less than|of at most|worth less than|smaller than|cheaper than", "max_total"),
    ];
    let bound = one_of(BOUNDS).parse_next(input)?;
    amount.map(|amount| Piece::Is(bound, amount.into())).parse_next(input)
}

/// Between two amounts.
pub(super) fn worth_between(input: &mut In<'_>) -> Parsed<Piece> {
    said("between|worth between|of between|totalling between").parse_next(input)?;
    let least = amount(input)?;
    said("and|to").parse_next(input)?;
    Ok(Piece::Between(least, amount(input)?))
}

/// How long orders have waited.
pub(super) fn older(input: &mut In<'_>) -> Parsed<Piece> {
    said("older than|longer than|for more than|for longer than|for over|over|more than|waiting longer than|waiting more than|waiting over|waiting for more than|waiting for longer than|waiting for over")
        .parse_next(input)?;
    length.map(|length| Piece::Is("older_than", length.into())).parse_next(input)
}

/// "Waiting 3 days", "unpaid for a week": no day on which they were placed.
pub(super) fn waiting(input: &mut In<'_>) -> Parsed<Piece> {
    said("for|for at least|at least|waiting|waiting for|waiting at least|waiting for at least|waited|waited for")
        .parse_next(input)?;
    length.map(|length| Piece::Is("older_than", length.into())).parse_next(input)
}

/// What can happen to orders on a day, by the words that tell of it, and as `by` names it.
pub(super) const HAPPENED: &[(&str, &str)] = &[
    ("confirmed|accepted|approved|we confirm", "confirmed"),
    ("shipped|dispatched|sent|sent out|shipped out|went out|we ship|we send|we dispatch|we send out", "shipped"),
    ("delivered|arrived|completed|we deliver", "delivered"),
    ("cancelled|canceled|we cancel", "cancelled"),
    ("paid|fully paid", "paid"),
];

/// "Shipped yesterday": the days are those of the shipping, not of the order. They are left to be read.
pub(super) fn happened(input: &mut In<'_>) -> Parsed<Piece> {
    let by = one_of(HAPPENED).parse_next(input)?;
    days.parse_next(&mut { *input })?;
    Ok(Piece::Is("by", by.into()))
}
