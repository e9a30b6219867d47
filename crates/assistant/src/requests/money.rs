//! Requests that record payments, refunds and returns, and exchange rates.

use winnow::{
    Parser,
    combinator::{alt, opt, preceded},
    error::EmptyError,
};

use super::changed::{finish, is_no_question, units_of_order};
use crate::{
    grammar::{In, Parsed, amount, any_of, next, one_of, order, said},
    plan::Step,
};

const METHODS: &[(&str, &str)] = &[
    ("card|credit card|debit card", "card"),
    ("cash", "cash"),
    ("upi", "upi"),
    ("bank transfer|transfer|bank_transfer|wire|bank", "bank_transfer"),
    ("cheque|check", "cheque"),
    ("paypal", "paypal"),
    ("wallet", "wallet"),
    ("cash on delivery|cod", "cash_on_delivery"),
];

const FEE: &str = "shipping|the shipping|shipping fee|the shipping fee|shipping cost|the shipping cost|shipping costs|delivery fee|the delivery fee|postage";
const WHERE: &str = "on|of|for|to|from|in|against";

/// "Record a payment of 500 for 1234 by upi", "1234 was paid in cash", "mark 1234 as paid by card".
pub(super) fn payment(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let recorded = |input: &mut In<'_>| {
        let verb = "record|register|log|enter|book|note|add|capture";
        (said(verb), opt(said("the|a|full|that")), said("payment|full payment|money")).parse_next(input)?;
        let first = opt(preceded(opt(said("of")), amount_of_money)).parse_next(input)?;
        let method = opt(method).parse_next(input)?;
        said(WHERE).parse_next(input)?;
        let id = order(input)?;
        let second = opt(preceded(said("of|:|,"), amount_of_money)).parse_next(input)?;
        Ok((id, first.or(second), method))
    };
    let stated = |input: &mut In<'_>| {
        is_no_question(input)?;
        let id = order(input)?;
        said("was paid|has been paid|is paid|got paid|paid|is now paid|has paid|was fully paid").parse_next(input)?;
        Ok((id, opt(amount_of_money).parse_next(input)?, None))
    };
    let marked = |input: &mut In<'_>| {
        said("mark|set|update|flag|change").parse_next(input)?;
        let id = order(input)?;
        (opt(said("status")), opt(said("as|to")), said("paid|fully paid")).parse_next(input)?;
        Ok((id, None, None))
    };
    let (id, amount, first): (i64, Option<String>, Option<&str>) = alt((recorded, stated, marked)).parse_next(input)?;
    let second = opt(method).parse_next(input)?;
    let reference = opt(reference).parse_next(input)?;
    let step = Step::of("orders.record_payment").with("order_id", id).some("amount", amount);
    finish(input, step.some("method", first.or(second)).some("reference", reference))
}

/// A number alone may be an order; behind "of" or before "for" it is money.
fn amount_of_money(input: &mut In<'_>) -> Parsed<String> {
    amount.parse_next(input)
}

fn method(input: &mut In<'_>) -> Parsed<&'static str> {
    preceded((opt(said("paid")), said("by|in|via|with|using|through|as")), one_of(METHODS)).parse_next(input)
}

fn reference(input: &mut In<'_>) -> Parsed<String> {
    (
        opt(said(",|with")),
        said("reference|ref|with reference|transaction|transaction id|reference number"),
        opt(said(":|is")),
    )
        .parse_next(input)?;
    next(input).map(|token| token.raw.clone())
}

/// "Refund the shipping on 1042", "refund 500 on 1234", "give 50 goodwill on 1234".
pub(super) fn refund(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    said("refund|reimburse|pay back|give back|give|grant|send back|issue a refund of|issue a refund|make a refund of|give a refund of|give a refund|return the money").parse_next(input)?;
    let fee = |input: &mut In<'_>| {
        let id = preceded((said(FEE), said(WHERE)), order).parse_next(input)?;
        Ok(Step::of("orders.refund").with("order_id", id).with("kind", "shipping"))
    };
    let goodwill = |input: &mut In<'_>| {
        opt(said("a goodwill of|goodwill of|goodwill")).parse_next(input)?;
        let sum = amount(input)?;
        opt(said("as|in|of|as a")).parse_next(input)?;
        said("goodwill|kindness|goodwill refund").parse_next(input)?;
        said(WHERE).parse_next(input)?;
        Ok(Step::of("orders.refund").with("order_id", order(input)?).with("kind", "goodwill").with("amount", sum))
    };
    let units = |input: &mut In<'_>| {
        let (lines, id) = units_of_order(input)?;
        Ok(Step::of("orders.refund").with("order_id", id).with("lines", lines))
    };
    let some = |input: &mut In<'_>| {
        let sum = preceded(opt(said("the sum of")), amount).parse_next(input)?;
        said(WHERE).parse_next(input)?;
        Ok(Step::of("orders.refund").with("order_id", order(input)?).with("amount", sum))
    };
    let all = |input: &mut In<'_>| {
        let what =
            "everything|all|all that is owed|what is owed|the money|the customer|the full amount|the rest|what we owe";
        let id = preceded(opt((said(what), said(WHERE))), order).parse_next(input)?;
        opt(said("in full|fully|completely")).parse_next(input)?;
        Ok(Step::of("orders.refund").with("order_id", id))
    };
    let step = alt((fee, goodwill, units, some, all)).parse_next(input)?;
    paid_back(input, step)
}

fn paid_back(input: &mut In<'_>, step: Step) -> Parsed<Vec<Step>> {
    let method = opt(method).parse_next(input)?;
    let reference = opt(reference).parse_next(input)?;
    finish(input, step.some("method", method).some("reference", reference))
}

/// "Take back 1234 and restock", "2 tea of 1234 came back, scrap them".
pub(super) fn returned(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    const FATE: &[(&str, &str)] = &[
        (
            "restock|restock it|restock them|restocked|put it back in stock|put them back in stock|back to stock|back in stock|sellable|back on the shelf|put back in stock",
            "restock",
        ),
        (
            "scrap|scrap it|scrap them|scrapped|throw it away|throw them away|throw away|damaged|broken|discard|discard it|discard them|waste",
            "scrap",
        ),
    ];
    let told = |input: &mut In<'_>| {
        said("return|take back|record the return of|record a return of|record a return for|receive back|take in|accept the return of|process the return of|register the return of|record return of")
            .parse_next(input)?;
        alt((units_of_order.map(|(lines, id)| (Some(lines), id)), order.map(|id| (None, id)))).parse_next(input)
    };
    let came = |input: &mut In<'_>| {
        is_no_question(input)?;
        let what =
            alt((units_of_order.map(|(lines, id)| (Some(lines), id)), order.map(|id| (None, id)))).parse_next(input)?;
        said("came back|has come back|was returned|has been returned|were returned|was sent back|is back|have come back|got returned").parse_next(input)?;
        Ok(what)
    };
    let (lines, id) = alt((told, came)).parse_next(input)?;
    any_of(",|and|to|as|it is|they are|;|in order to|please").parse_next(input)?;
    let fate = opt(one_of(FATE)).parse_next(input)?;
    let fee =
        opt(said("with shipping|including shipping|with the shipping fee|and the shipping fee")).parse_next(input)?;
    let step = Step::of("orders.return_items").with("order_id", id).some("lines", lines).some("disposition", fate);
    finish(input, step.some("shipping", fee.map(|()| true)))
}

/// "Set the rate of USD to 84.5".
pub(super) fn rate(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let currency = |input: &mut In<'_>| {
        let code = next(input)?.raw.to_uppercase();
        if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) { Ok(code) } else { Err(EmptyError) }
    };
    (said("set|update|change|store|record"), opt(said("the|exchange|the exchange|today 's"))).parse_next(input)?;
    let of = preceded((said("rate|exchange rate"), said("of|for")), currency);
    let before = (currency, said("rate|exchange rate")).map(|(code, ())| code);
    let code = alt((of, before)).parse_next(input)?;
    said("to|at|is|=|as").parse_next(input)?;
    let token = next(input)?;
    let digits = token.raw.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && token.raw.starts_with(|c: char| c.is_ascii_digit());
    if token.quoted || !digits {
        return Err(EmptyError);
    }
    finish(input, Step::of("currencies.set_rate").with("currency", code).with("rate", token.raw.clone()))
}
