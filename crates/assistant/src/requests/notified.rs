//! Requests to be told: "notify John when #1234 ships".

use orderlog_domain::phrase::read_length;
use winnow::{
    Parser,
    combinator::{alt, opt, preceded},
    error::EmptyError,
};

use crate::{
    grammar::{In, Parsed, end, length, name_until, number, one_of, order, product_until, said},
    plan::Step,
};

/// What can happen to an order, as `notifications.subscribe` names it.
const TO_ORDERS: &[(&str, &str)] = &[
    ("is placed|are placed|is ordered|comes in|come in", "placed"),
    ("is confirmed|gets confirmed|is accepted", "confirmed"),
    ("ships|ship|is shipped|are shipped|gets shipped|has shipped|is sent|is dispatched|leaves|goes out", "shipped"),
    ("is delivered|gets delivered|is there|arrives|has arrived", "delivered"),
    ("is returned|gets returned|comes back", "returned"),
    ("is cancelled|is canceled|gets cancelled|gets canceled|are cancelled", "cancelled"),
    ("is held|is put on hold|goes on hold", "held"),
    ("is released", "released"),
    ("is paid|gets paid|is paid for", "payment"),
    ("is refunded|gets refunded", "refund"),
];
/// The same of a product's stock.
const TO_STOCK: &[(&str, &str)] = &[
    ("runs low|is low|is running low|gets low", "low_stock"),
    ("runs out|is out of stock|sells out|is sold out", "out_of_stock"),
];

/// What can happen to the shop as a whole.
const TO_SHOP: &[(&str, &str)] = &[
    (
        "the relay stops|the relay to nats stops|the relay stands still|the relay is down|nats stops|nats is down",
        "relay_stopped",
    ),
    (
        "verify fails|verification fails|a check of the log fails|the log is altered|the log was altered|\
         the log is tampered with|the log is broken",
        "verify_failed",
    ),
    (
        "sales miss the forecast|the sales miss the forecast|a day misses the forecast|a day misses its forecast|\
         revenue misses the forecast|the forecast is missed",
        "forecast_missed",
    ),
];

/// Whose order: a name, up to what happens to it.
fn of_whom(input: &mut In<'_>) -> Parsed<String> {
    name_until("ships arrives leaves comes goes gets waits wait waited").parse_next(input)
}

/// "End rule 3".
pub(super) fn end_rule(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    (said("end|stop|remove|delete|cancel"), opt(said("the")), said("rule|notification rule")).parse_next(input)?;
    opt(said("number|no")).parse_next(input)?;
    let rule = number(input)?;
    end(input)?;
    Ok(vec![Step::of("notifications.unsubscribe").with("rule_id", rule)])
}

/// "Notify John when #1234 ships", "let John know when an order is cancelled", "tell John when tea runs low".
pub(super) fn subscribe(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let told = preceded(said("notify|tell|alert|inform|message"), name_until("when once whenever as if"));
    let known = (said("let"), name_until("know"), said("know")).map(|((), target, ())| target);
    // Whoever speaks has no name here.
    let target =
        alt((told, known)).verify(|target: &String| !["me", "us"].contains(&target.as_str())).parse_next(input)?;
    said("when|once|whenever|as soon as|if").parse_next(input)?;
    let one = |input: &mut In<'_>| {
        let id = order(input)?;
        Ok(Step::of("notifications.subscribe")
            .with("when", vec![one_of(TO_ORDERS)(input)?])
            .with("order_ids", vec![id]))
    };
    let any = |input: &mut In<'_>| {
        said("an order|any order|orders").parse_next(input)?;
        let customer = opt(preceded(said("of|from|for"), of_whom)).parse_next(input)?;
        let when = one_of(TO_ORDERS)(input)?;
        Ok(Step::of("notifications.subscribe").with("when", vec![when]).some("customer", customer))
    };
    let waits = |input: &mut In<'_>| {
        said("an order|any order|orders").parse_next(input)?;
        let customer = opt(preceded(said("of|from|for"), of_whom)).parse_next(input)?;
        said("waits|wait|has waited|is waiting|have waited").parse_next(input)?;
        said("longer than|more than|for more than|for longer than|over|for over").parse_next(input)?;
        let lasts = read_length(&length(input)?).ok_or(EmptyError)?.lasts;
        let step = Step::of("notifications.subscribe").with("when", vec!["waiting"]);
        Ok(step.with("grace", lasts.num_seconds()).some("customer", customer))
    };
    let stock = |input: &mut In<'_>| {
        let all = said("any product|a product|stock|anything").value(None);
        let product = alt((all, product_until("runs is gets sells").map(Some))).parse_next(input)?;
        Ok(Step::of("notifications.subscribe").with("when", vec![one_of(TO_STOCK)(input)?]).some("product", product))
    };
    let shop = |input: &mut In<'_>| {
        one_of(TO_SHOP)(input).map(|when| Step::of("notifications.subscribe").with("when", vec![when]))
    };
    let step = alt((one, waits, any, stock, shop)).parse_next(input)?.with("target", target);
    end(input)?;
    Ok(vec![step])
}
