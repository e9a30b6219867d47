//! Requests that bring orders to a status, cancel them, hold them, or take a change back.

use serde_json::{Value, json};
use winnow::{
    Parser,
    combinator::{alt, opt, preceded, separated},
    error::EmptyError,
};

use super::pieces::{days, gather, happened, is, link, of_customer, pieces};
use crate::{
    grammar::{In, Parsed, any_of, comma, date, end, next, one_of, order, orders, reason, said, units_until},
    plan::Step,
};

const STATUSES: &[(&str, &str)] = &[
    ("shipped|dispatched|sent|fulfilled|shipping|sent out", "shipped"),
    ("delivered|complete|completed|done|arrived", "delivered"),
    ("confirmed|approved|accepted", "confirmed"),
    ("processing|in process|in progress|being processed|in processing", "processing"),
    ("partially shipped|partly shipped", "partially_shipped"),
    ("cancelled|canceled", "cancelled"),
];

const PRESENT: &[(&str, &str)] = &[
    ("pending|open|unconfirmed", "pending"),
    ("confirmed|accepted|approved", "confirmed"),
    ("processing|in process", "processing"),
    ("partially shipped", "partially_shipped"),
    ("shipped", "shipped"),
];

/// Verbs that bring an order to a status, but for shipping, which has a tool of its own.
const VERBS: &[(&str, &str)] = &[
    ("confirm|approve|accept", "confirmed"),
    ("process|start processing|begin processing|start|start packing|pick|pack", "processing"),
    ("deliver|complete", "delivered"),
];

const SHIP: &str = "ship|dispatch|send|send out|ship out|fulfil|fulfill|send off";
const CANCEL: &str = "cancel|call off|void|cancel the order";

/// "Update order 1234 to shipped": one order, or several by number.
pub(super) fn set_status(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let verb = "update|mark|set|change|move|make|put|flag|switch|bring|update the status of|change the status of|set the status of|mark status of|set status of|update status of|advance";
    said(verb).parse_next(input)?;
    let ids = orders(input)?;
    any_of("'s|status").parse_next(input)?;
    opt(said("to|as|into|to be|is|=|status|to status|as being")).parse_next(input)?;
    to_status(input, &ids)
}

/// "1234 has been delivered": said of an order, and no question.
pub(super) fn stated(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    is_no_question(input)?;
    let ids = orders(input)?;
    said("has been|have been|was|were|has|have|got|is now|are now").parse_next(input)?;
    // That an order "was cancelled" may be a remark about it.
    let mut ahead = *input;
    if !["shipped", "delivered"].contains(&one_of(STATUSES).parse_next(&mut ahead)?) {
        return Err(EmptyError);
    }
    to_status(input, &ids)
}

/// What is asked is not told.
pub(super) fn is_no_question(input: &mut In<'_>) -> Parsed<()> {
    if input.last().is_some_and(|token| token.is("?")) { Err(EmptyError) } else { Ok(()) }
}

/// "1235 to delivered", after a request of the same kind.
pub(super) fn status_fragment(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let ids = orders(input)?;
    said("to|as").parse_next(input)?;
    to_status(input, &ids)
}

/// "Confirm 1234".
pub(super) fn verb(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let status = one_of(VERBS).parse_next(input)?;
    let ids = orders(input)?;
    finish(input, with_status(&ids, status, &Parcel::default())?)
}

fn to_status(input: &mut In<'_>, ids: &[i64]) -> Parsed<Vec<Step>> {
    let status = one_of(STATUSES).parse_next(input)?;
    let parcel = parcel(input)?;
    finish(input, with_status(ids, status, &parcel)?)
}

fn with_status(ids: &[i64], status: &str, parcel: &Parcel) -> Parsed<Step> {
    let tracked = parcel.carrier.is_some() || parcel.tracking.is_some();
    match ids {
        _ if tracked && status != "shipped" => Err(EmptyError),
        [id] => Ok(parcel.on(Step::of("orders.update_status").with("order_id", *id).with("status", status))),
        _ if tracked => Err(EmptyError),
        ids => Ok(Step::of("orders.bulk_update_status").with("order_ids", ids).with("status", status)),
    }
}

/// Who carries a parcel, and under which number.
#[derive(Debug, Default)]
struct Parcel {
    carrier: Option<String>,
    tracking: Option<String>,
}

impl Parcel {
    fn on(&self, step: Step) -> Step {
        step.some("carrier", self.carrier.clone()).some("tracking", self.tracking.clone())
    }
}

fn parcel(input: &mut In<'_>) -> Parsed<Parcel> {
    let mut parcel = Parcel::default();
    loop {
        let mut ahead = *input;
        opt(said(",|and|with|and with|the")).parse_next(&mut ahead)?;
        if parcel.tracking.is_none()
            && (said("tracking|tracking number|tracking no|tracking code|tracking id|awb"), opt(said(":|is|number")))
                .parse_next(&mut ahead)
                .is_ok()
        {
            parcel.tracking = Some(next(&mut ahead)?.raw.clone());
            *input = ahead;
            continue;
        }
        let mut ahead = *input;
        if parcel.carrier.is_none()
            && (
                opt(said(",")),
                said("with|via|by|through|using|carrier|with carrier|via carrier|carried by|by carrier"),
            )
                .parse_next(&mut ahead)
                .is_ok()
        {
            let by = input.iter().take(2).any(|token| token.is("by"));
            let carrier = next(&mut ahead)?;
            // A word of the grammar is no carrier, as in "by tomorrow", nor is what "by" leads to in small letters.
            let no_name = by && !carrier.raw.starts_with(char::is_uppercase);
            if !carrier.quoted && (no_name || carrier.known || !carrier.dates.is_empty() || carrier.is_number()) {
                return Err(EmptyError);
            }
            parcel.carrier = Some(carrier.raw.clone());
            *input = ahead;
            continue;
        }
        return Ok(parcel);
    }
}

/// "Ship 1234 with DHL", "ship 2 tea of 1234".
pub(super) fn ship(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    said(SHIP).parse_next(input)?;
    opt(said("out|off")).parse_next(input)?;
    if let Ok((lines, id)) = units_of_order(input) {
        let parcel = parcel(input)?;
        return finish(input, parcel.on(Step::of("orders.ship").with("order_id", id).with("lines", lines)));
    }
    let ids = orders(input)?;
    let parcel = parcel(input)?;
    match ids.as_slice() {
        [id] => finish(input, parcel.on(Step::of("orders.ship").with("order_id", *id))),
        // Several parcels have one carrier, but no number in common.
        [first, ..] if parcel.carrier.is_some() && parcel.tracking.is_none() => {
            let step = finish(input, parcel.on(Step::of("orders.ship").with("order_id", *first)))?.remove(0);
            Ok(ids.iter().map(|id| step.clone().with("order_id", *id)).collect())
        }
        ids => finish(input, with_status(ids, "shipped", &parcel)?),
    }
}

/// `2 of "Tea" and 1 of "Mug" from order #1234`
pub(super) fn units_of_order(input: &mut In<'_>) -> Parsed<(Value, i64)> {
    let start = *input;
    let units = |input: &mut In<'_>| -> Parsed<(Vec<Value>, i64)> {
        let lines = separated(1.., units_until("of order"), comma).parse_next(input)?;
        said("from|of|on|in|for").parse_next(input)?;
        Ok((lines, order(input)?))
    };
    let mut units = units;
    match units.parse_next(input) {
        Ok((lines, id)) => Ok((json!(lines), id)),
        Err(error) => {
            *input = start;
            Err(error)
        }
    }
}

/// "Cancel 1005 because …", "cancel 2 tea from 1005".
pub(super) fn cancel(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    said(CANCEL).parse_next(input)?;
    if let Ok((lines, id)) = units_of_order(input) {
        return finish(input, Step::of("orders.cancel").with("order_id", id).with("lines", lines));
    }
    let ids = orders(input)?;
    match ids.as_slice() {
        [id] => finish(input, Step::of("orders.cancel").with("order_id", *id)),
        ids => finish(input, with_status(ids, "cancelled", &Parcel::default())?),
    }
}

/// "Put 1234 on hold", "release 1234".
pub(super) fn hold(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let on = (said("hold|pause|freeze|stop|hold back"), orders).map(|(_, ids)| (ids, true));
    let put = (said("put|place|set|mark"), orders, opt(said("as")), said("on hold")).map(|(_, ids, ..)| (ids, true));
    let off = (said("release|unhold|resume|unpause|unfreeze|lift the hold on|remove the hold on|remove the hold from|release the hold on|remove hold from"), orders)
        .map(|(_, ids)| (ids, false));
    let take = (said("take|release"), orders, said("off hold|from hold|off its hold")).map(|(_, ids, _)| (ids, false));
    let (ids, on) = alt((put, take, on, off)).parse_next(input)?;
    let until = opt(preceded(said("until|till"), date)).parse_next(input)?.map(|day| day.text);
    if until.is_some() && !on {
        return Err(EmptyError);
    }
    let why = opt(reason).parse_next(input)?;
    end(input)?;
    let step = |id: &i64| {
        let step = Step::of("orders.set_hold").with("order_id", *id).with("on", on);
        step.some("until", until.clone()).some("reason", why.clone())
    };
    Ok(ids.iter().map(step).collect())
}

/// "Ship everything confirmed yesterday": orders by what they have in common.
pub(super) fn many(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    const EVERY: &str = "all|everything|every|all of the|all the|all orders|every order|all of our|all our|all of";
    const TO: &[(&str, &str)] = &[
        ("ship|dispatch|send|send out|ship out|fulfil|fulfill", "shipped"),
        ("confirm|approve|accept", "confirmed"),
        ("process|start processing", "processing"),
        ("deliver|complete", "delivered"),
        ("cancel", "cancelled"),
    ];
    let by_verb = one_of(TO).map(Some);
    let by_status = said("update|mark|set|change|move|put").value(None);
    let status = alt((by_verb, by_status)).parse_next(input)?;
    said(EVERY).parse_next(input)?;
    let piece = alt((
        days,
        happened,
        is("present_status", PRESENT),
        link(
            "orders|order|that|which|are|is|were|was|have been|been|the|placed|that came in|received|of our|our|still|with status|in status|we",
        ),
        of_customer,
    ));
    let found = pieces(piece).parse_next(input)?;
    let mut step = Step::of("orders.bulk_update_status");
    gather(&mut step, found, |_| "date_range")?;
    // What was confirmed yesterday, and is no longer just confirmed, is not meant.
    if let Some(by @ ("confirmed" | "shipped")) = step.text("by").map(str::to_owned).as_deref() {
        step.arguments.entry("present_status").or_insert_with(|| by.into());
    }
    // Never all there are: something has to tell which.
    if step.arguments.is_empty() {
        return Err(EmptyError);
    }
    let status = match status {
        Some(status) => status,
        None => preceded(said("to|as|to be"), one_of(STATUSES)).parse_next(input)?,
    };
    finish(input, step.with("status", status))
}

/// "Undo that."
pub(super) fn undo(input: &mut In<'_>) -> Parsed<Vec<Step>> {
    let start = *input;
    opt((said("that was a mistake|that was wrong|oops|sorry|it was a mistake"), opt(said(",|.|:"))))
        .parse_next(input)?;
    let words = "undo|undo that|undo it|undo this|take it back|take that back|revert|revert that|revert it|undo what i did|undo what i just did|undo the last change|undo my last change|\
        undo the last|undo last change|reverse that|reverse the last change|undo what i did just now|undo my change|roll it back|roll that back|undo the change|undo my last action|undo everything i just did|undo command";
    said(words).parse_next(input)?;
    any_of("now|right now|again|just now").parse_next(input)?;
    let named = input.first().filter(|token| token.raw.len() == 36 && !token.quoted).map(|token| token.raw.clone());
    if named.is_some() {
        *input = &input[1..];
    }
    let command = named.or_else(|| start.first().and_then(|token| token.turn.command.clone()));
    finish(input, Step::of("orders.undo").some("command_id", command))
}

/// Takes the reason, if there is one, and nothing else. Everything is done now, which may be said.
pub(super) fn finish(input: &mut In<'_>, step: Step) -> Parsed<Vec<Step>> {
    any_of("now|right now|today|right away|immediately").parse_next(input)?;
    let why = opt(reason).parse_next(input)?;
    end(input)?;
    Ok(vec![step.some("reason", why)])
}
