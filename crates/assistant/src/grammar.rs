//! What all requests are made of: words, orders, quantities, names, amounts and dates. Built on winnow, over tokens.

use orderlog_domain::phrase::read_length;
use serde_json::{Value, json};
use winnow::{
    Parser,
    combinator::{alt, opt, preceded, separated},
    error::EmptyError,
};

use crate::{
    token::{DatePhrase, Token},
    vocabulary,
};

/// What is left to read.
pub(crate) type In<'t> = &'t [Token];
/// What a parser found, or that it fits not.
pub(crate) type Parsed<T> = Result<T, EmptyError>;

/// Words at which a name without quotes ends.
const NAME_ENDS: &str = "for from to at by in on with via because since until and or is are was were do does did have has left \
    that which who 's as please , ; : ? ! . will would we i not older reason";
/// Words that turn a request into its opposite or make it depend on something: no name without quotes has them.
const TURNING: &str = "not don't doesn't didn't never cannot can't won't isn't wasn't without except unless";
/// Words that ask: nobody is called so.
const ASKING: [&str; 10] = ["how", "who", "whose", "which", "what", "when", "why", "where", "whether", "does"];
/// Most tokens of a length of time: "1 day and 12 hours".
const LENGTH_TOKENS: usize = 6;
/// Most digits of an order's number or a quantity.
const MAX_DIGITS: usize = 9;
/// Numbers that people write out.
const NUMBERS: [&str; 13] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// Any of these phrases, parted by `|`; the longest that fits.
pub(crate) fn said<'t>(phrases: &'static str) -> impl FnMut(&mut In<'t>) -> Parsed<()> {
    move |input| {
        let fits = |phrase: &str| {
            let words: Vec<&str> = phrase.split_whitespace().collect();
            let there = input.len() >= words.len() && input.iter().zip(&words).all(|(token, word)| token.is(word));
            there.then_some(words.len())
        };
        let longest = phrases.split('|').filter_map(fits).max().ok_or(EmptyError)?;
        *input = &input[longest..];
        Ok(())
    }
}

/// Any number of these phrases.
pub(crate) fn any_of<'t>(phrases: &'static str) -> impl FnMut(&mut In<'t>) -> Parsed<()> {
    move |input| {
        while said(phrases).parse_next(input).is_ok() {}
        Ok(())
    }
}

/// The value of the phrase that fits, the longest first.
pub(crate) fn one_of<'t, T: Copy>(table: &'static [(&'static str, T)]) -> impl FnMut(&mut In<'t>) -> Parsed<T> {
    move |input| {
        let start = *input;
        let mut best: Option<(In<'t>, T)> = None;
        for (phrases, value) in table {
            let mut rest = start;
            if said(phrases).parse_next(&mut rest).is_ok() && best.is_none_or(|(left, _)| rest.len() < left.len()) {
                best = Some((rest, *value));
            }
        }
        let (rest, value) = best.ok_or(EmptyError)?;
        *input = rest;
        Ok(value)
    }
}

/// The next token.
pub(crate) fn next<'t>(input: &mut In<'t>) -> Parsed<&'t Token> {
    let (first, rest) = input.split_first().ok_or(EmptyError)?;
    *input = rest;
    Ok(first)
}

/// Nothing is left but marks.
pub(crate) fn end(input: &mut In<'_>) -> Parsed<()> {
    any_of(".|?|!|,|;").parse_next(input)?;
    if input.is_empty() { Ok(()) } else { Err(EmptyError) }
}

/// `#1234`, `order 1234`, "order number 1234", "it", "that order".
pub(crate) fn order(input: &mut In<'_>) -> Parsed<i64> {
    alt((numbered, the_order)).parse_next(input)
}

fn numbered(input: &mut In<'_>) -> Parsed<i64> {
    let before = input.len();
    (opt(said("the|my|our")), opt(said("order|orders")), opt(said("number|no|num|id|nr")), opt(said(".")))
        .parse_next(input)?;
    let labelled = input.len() < before;
    let token = next(input)?;
    // "15 Nov" is a day.
    if !labelled && !token.dates.is_empty() {
        return Err(EmptyError);
    }
    let digits = token.raw.trim_start_matches('#');
    let fits = !token.quoted && (1..=MAX_DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|order| fits && *order > 0).ok_or(EmptyError)
}

fn the_order(input: &mut In<'_>) -> Parsed<i64> {
    let first = *input.first().ok_or(EmptyError)?.turn.order.as_ref().ok_or(EmptyError)?;
    said("it|that|this|that order|this order|the order|the same order|same order|that one|this one|the same one|the same")
        .parse_next(input)?;
    Ok(first)
}

/// One order or several.
pub(crate) fn orders(input: &mut In<'_>) -> Parsed<Vec<i64>> {
    separated(1.., order, said("and|, and|,|&")).parse_next(input)
}

/// `20`, `20x`, "twenty" up to twelve, "a dozen", "a".
pub(crate) fn number(input: &mut In<'_>) -> Parsed<i64> {
    if said("a dozen|one dozen|dozen").parse_next(input).is_ok() {
        return Ok(12);
    }
    let token = next(input)?;
    let digits = token.word.strip_suffix('x').unwrap_or(&token.word);
    if token.quoted {
        return Err(EmptyError);
    }
    if (1..=MAX_DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        return digits.parse().map_err(|_| EmptyError);
    }
    let written = NUMBERS.iter().position(|word| *word == token.word).and_then(|at| i64::try_from(at).ok());
    written.ok_or(EmptyError)
}

/// "36 hours", "2 days", "a week", "3 months": how long something lasts, as the tools take it.
pub(crate) fn length(input: &mut In<'_>) -> Parsed<String> {
    const UNITS: &[(&str, &str)] = &[("day|days", "days"), ("week|weeks", "weeks"), ("month|months", "months")];
    let counted =
        |input: &mut In<'_>| -> Parsed<String> { Ok(format!("{} {}", number(input)?, one_of(UNITS)(input)?)) };
    let mut rest = *input;
    let counted = counted(&mut rest).ok().map(|text| (input.len() - rest.len(), text));
    let shortest = counted.as_ref().map_or(1, |(taken, _)| taken + 1);
    let plain = |tokens: In<'_>| tokens.iter().all(|token| !token.quoted);
    let longer = (shortest..=LENGTH_TOKENS.min(input.len())).rev().find_map(|taken| {
        let text = typed(&input[..taken]);
        (plain(&input[..taken]) && text.ends_with(char::is_alphanumeric) && read_length(&text).is_some())
            .then_some((taken, text))
    });
    let (taken, text) = longer.or(counted).ok_or(EmptyError)?;
    *input = &input[taken..];
    Ok(text)
}

/// A number of units, with what may stand between it and their name.
pub(crate) fn quantity(input: &mut In<'_>) -> Parsed<i64> {
    let number = alt((number, said("a|an").value(1))).parse_next(input)?;
    (opt(said("x")), opt(said("units|unit|pieces|piece|pcs|items|more|more units")), opt(said("of")))
        .parse_next(input)?;
    if number > 0 { Ok(number) } else { Err(EmptyError) }
}

/// `999`, `999.50`, `₹1,500`, `rs 500`: as a decimal string. An amount is in the shop's currency, so it may be named.
pub(crate) fn amount(input: &mut In<'_>) -> Parsed<String> {
    opt(said("rs|rs .|inr|rupees")).parse_next(input)?;
    let token = next(input)?;
    let text = token.raw.trim_start_matches('₹').replace(',', "");
    // "5k" is 5000.
    let (text, thousands) = match text.strip_suffix(['k', 'K']).filter(|whole| !whole.contains('.')) {
        Some(whole) => (whole.to_owned(), true),
        None => (text, false),
    };
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = |part: &str| (1..=12).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if token.quoted || !digits(whole) || !digits(cents) {
        return Err(EmptyError);
    }
    opt(said("rupees|rs|inr")).parse_next(input)?;
    Ok(if thousands { format!("{text}000") } else { text })
}

/// `10%`, "10 percent".
pub(crate) fn percent(input: &mut In<'_>) -> Parsed<String> {
    let token = next(input)?;
    let (digits, signed) = token.word.strip_suffix('%').map_or((token.word.as_str(), false), |digits| (digits, true));
    if token.quoted || !(1..=3).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(EmptyError);
    }
    if !signed {
        said("percent|%").parse_next(input)?;
    }
    Ok(format!("{digits}%"))
}

/// The longest phrase that the domain reads as a date.
pub(crate) fn date(input: &mut In<'_>) -> Parsed<DatePhrase> {
    let (first, left) = (input.first().ok_or(EmptyError)?, input.len());
    let longest = first.dates.iter().rev().find(|date| date.tokens <= left).ok_or(EmptyError)?;
    *input = &input[longest.tokens..];
    opt(said("'s")).parse_next(input)?;
    Ok(longest.clone())
}

/// A name of a product or customer: in quotes, or up to a word that ends it.
pub(crate) fn name(input: &mut In<'_>) -> Parsed<String> {
    name_until("").parse_next(input)
}

/// The same, ending at these words too.
pub(crate) fn name_until<'t>(ends: &'static str) -> impl FnMut(&mut In<'t>) -> Parsed<String> {
    name_within(ends, false)
}

/// The same. Names of products may have a comma within: "Gel Pen, Blue".
fn name_within<'t>(ends: &'static str, commas: bool) -> impl FnMut(&mut In<'t>) -> Parsed<String> {
    move |input| {
        if let Some(token) = input.first().filter(|token| token.quoted && !token.raw.trim().is_empty()) {
            *input = &input[1..];
            return Ok(token.raw.trim().to_owned());
        }
        let mut taken = 0;
        let is_end = |token: &Token| {
            let ends = NAME_ENDS.split_whitespace().chain(ends.split_whitespace()).any(|end| token.is(end));
            let ends = ends || TURNING.split_whitespace().any(|word| token.is(word));
            // A word spelt wrong is a name rather than the end of one.
            token.quoted || (ends && (token.known || !token.word.starts_with(char::is_alphabetic)))
        };
        // "A" may be a name of its own.
        if input.get(1).is_some_and(|second| second.quoted || !is_end(second))
            && said("the|a|an|our|my|any").parse_next(input).is_ok()
        {
            return name_within(ends, commas).parse_next(input);
        }
        // Behind a comma a request may begin, or the next line of an order: a word of either is no part of the name.
        let goes_on = |token: &Token| {
            !is_end(token)
                && token.dates.is_empty()
                && token.word.starts_with(char::is_alphabetic)
                && !vocabulary::is_listened_for(&token.word)
        };
        while let Some(token) = input.get(taken) {
            if commas && taken > 0 && token.is(",") && input.get(taken + 1).is_some_and(goes_on) {
                taken += 2;
                continue;
            }
            if is_end(token) || (!token.dates.is_empty() && !token.is_number()) {
                break;
            }
            taken += 1;
        }
        let (name, rest) = input.split_at(taken);
        if name.is_empty() {
            return Err(EmptyError);
        }
        *input = rest;
        Ok(typed(name))
    }
}

/// A product: a name, what "it" stands for, or a name behind the word "product".
pub(crate) fn product(input: &mut In<'_>) -> Parsed<String> {
    product_until("").parse_next(input)
}

/// The same, ending at these words too.
pub(crate) fn product_until<'t>(ends: &'static str) -> impl FnMut(&mut In<'t>) -> Parsed<String> {
    move |input| {
        if let Some(known) = input.first().and_then(|token| token.turn.product.clone())
            && said("it|that|this|that product|this product|the same product|the same|them|those")
                .parse_next(input)
                .is_ok()
        {
            return Ok(known);
        }
        // "Product A" is a name, "the product tea" is tea.
        let labelled = |token: &&Token| token.quoted || token.raw.chars().count() > 2;
        if let Some(at) = input.iter().take(2).position(|token| token.is("product") || token.is("item"))
            && (at == 0 || input[0].is("the"))
            && input.get(at + 1).filter(labelled).is_some()
        {
            *input = &input[at + 1..];
        }
        if input.first().is_some_and(|token| {
            ["it", "that", "this", "them", "those", "everything"].iter().any(|word| token.is(word))
        }) {
            return Err(EmptyError);
        }
        name_within(ends, true).parse_next(input)
    }
}

/// A customer: a name, or what "her" and "them" stand for.
pub(crate) fn customer(input: &mut In<'_>) -> Parsed<String> {
    customer_until("wants ordered orders customer").parse_next(input)
}

/// The same, ending at these words.
pub(crate) fn customer_until<'t>(ends: &'static str) -> impl FnMut(&mut In<'t>) -> Parsed<String> {
    move |input| {
        if let Some(known) = input.first().and_then(|token| token.turn.customer.clone())
            && said("her|him|them|his|their|she|he|they|the same customer|that customer|this customer")
                .parse_next(input)
                .is_ok()
        {
            return Ok(known);
        }
        opt(said("customer|the customer")).parse_next(input)?;
        let pronouns = [
            "her", "him", "them", "his", "their", "she", "he", "they", "it", "me", "us", "everyone", "orders", "order",
            "all",
        ];
        if input.first().is_none_or(|token| pronouns.iter().chain(&ASKING).any(|word| token.is(word))) {
            return Err(EmptyError);
        }
        name_until(ends).parse_next(input)
    }
}

/// `2 of "Tea"`: units of a product, as lines of an order name them.
pub(crate) fn units_until<'t>(ends: &'static str) -> impl FnMut(&mut In<'t>) -> Parsed<Value> {
    move |input| {
        let quantity = quantity.parse_next(input)?;
        let product = product_until(ends).parse_next(input)?;
        Ok(json!({ "product": product, "quantity": quantity }))
    }
}

/// Between the parts of a list.
pub(crate) fn comma(input: &mut In<'_>) -> Parsed<()> {
    said("and|, and|,|&|plus|;").parse_next(input)
}

/// Everything that is left, as typed.
pub(crate) fn rest(input: &mut In<'_>) -> Parsed<String> {
    let marks = input.iter().rev().take_while(|token| [".", "!", "?"].iter().any(|mark| token.is(mark))).count();
    let text = typed(&input[..input.len() - marks]);
    *input = &input[input.len()..];
    if text.is_empty() { Err(EmptyError) } else { Ok(text) }
}

/// "Because …": why something is done, up to the end.
pub(crate) fn reason(input: &mut In<'_>) -> Parsed<String> {
    let why = "because|because of|due to|reason|reason :|reason is|the reason is|reason being|as requested because";
    preceded((opt(said(",|-|–|:")), said(why)), rest).parse_next(input)
}

/// Tokens as they were typed.
pub(crate) fn typed(tokens: &[Token]) -> String {
    let mut text = String::new();
    for token in tokens {
        if !text.is_empty() && token.spaced {
            text.push(' ');
        }
        let quote = if token.quoted { "\"" } else { "" };
        text.extend([quote, &token.raw, quote]);
    }
    text
}
