//! Conditions that several commands require, and the rejections if they are not met.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::json;

use crate::{
    decide::{Context, Decision, Refusal},
    event::{CatalogueEntry, OrderReleased},
    format::day_in_words,
    ids::{OrderId, ProductId, StreamId},
    limits,
    order::{Line, Order, Status},
    product::Product,
    rejection::{Code, Problems, Rejection},
    states::States,
};

/// The order, if it was placed.
pub(super) fn placed_order(states: &States, order_id: OrderId) -> Result<&Order, Refusal> {
    let order = states.order(order_id)?;
    if order.exists() {
        return Ok(order);
    }
    Err(Rejection::new(Code::NotFound, format!("There is no order #{order_id}."))
        .field("order_id")
        .hint("Find the order with orders_search.")
        .into())
}

/// The product's catalogue entry, if it was registered.
pub(super) fn registered<'s>(
    states: &'s States,
    id: ProductId,
    field: &str,
    text: &str,
) -> Result<(&'s Product, &'s CatalogueEntry), Refusal> {
    let product = states.product(id)?;
    match &product.entry {
        Some(entry) => Ok((product, entry)),
        None => Err(Rejection::new(Code::NotFound, format!("There is no product `{text}`."))
            .field(field)
            .hint("Find the product with products_search, or register it with products_upsert.")
            .into()),
    }
}

/// The rejection if the order's state does not allow the act.
pub(super) fn illegal(order: &Order, context: &Context<'_>, message: impl Into<String>) -> Rejection {
    let next = order.allowed_next(context.now);
    let rejection = Rejection::new(Code::IllegalTransition, message)
        .candidates(next.iter().map(|status| json!({ "status": status, "tool": "orders_update_status" })).collect());
    if next.is_empty() {
        let status = order.status();
        let day = |at| day_in_words(context.shop.calendar.business_date(at));
        let since = order.since().map(|at| format!(" since {}", day(at))).unwrap_or_default();
        let back = match status {
            Status::Delivered => " Units that came back go with orders_return_items.",
            _ => "",
        };
        return rejection.hint(format!("No further status can be set: the order is {}{since}.{back}", status.spoken()));
    }
    let names: Vec<&str> = next.iter().map(|status| status.name()).collect();
    rejection.hint(format!("From {} it can become: {}.", order.status().spoken(), names.join(", ")))
}

/// The same rejection with the state of the order: `Order #1001 is delivered: no unit of it is left to ship.`
pub(super) fn illegal_as_it_is(order: &Order, context: &Context<'_>, reason: String) -> Rejection {
    let subject = format!("Order #{} is ", order.id);
    illegal(order, context, format!("{subject}{reason}.")).reason_after(&subject)
}

/// `Only 1 unit of line 2 (Tea) is on its way; 3 were asked for.` The verb is given for one unit and for several.
pub(super) fn too_few(line: &Line, there: i64, asked: i64, [one, many]: [&str; 2]) -> String {
    let (units, verb) = match there {
        0 => ("No unit".to_owned(), one),
        1 => ("Only 1 unit".to_owned(), one),
        units => (format!("Only {units} units"), many),
    };
    let were = if asked == 1 { "was" } else { "were" };
    format!("{units} of line {} ({}) {verb}; {asked} {were} asked for.", line.line, line.name)
}

/// The rejection of more units of a line than there are, with their number. Allowed statuses would not help here.
pub(super) fn at_most(order: &Order, context: &Context<'_>, message: String, line: &Line, there: i64) -> Rejection {
    let number = line.line;
    let hint = match there {
        0 => format!("Leave line {number} out; orders_get shows what each line still has."),
        there => format!("Give at most {there} for line {number}, or leave lines out for all that there is."),
    };
    illegal(order, context, message).field("lines").hint(hint).candidates(vec![])
}

/// A time in the form of arguments, in the shop's zone and to the second.
pub(super) fn moment(at: DateTime<Utc>, context: &Context<'_>) -> String {
    at.with_timezone(&context.shop.calendar.timezone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// Nothing ships or is picked while the order is on hold. If the end of the hold has passed, this records its release.
pub(super) fn check_hold(order: &Order, context: &Context<'_>, decision: &mut Decision) -> Result<(), Rejection> {
    if !order.on_hold() {
        return Ok(());
    }
    if !order.on_hold_at(context.now) {
        decision.record(StreamId::Order(order.id), OrderReleased { order_id: order.id });
        return Ok(());
    }
    let until = order.times.held_until.map(|until| {
        let local = until.with_timezone(&context.shop.calendar.timezone);
        format!(" until {}", local.format("%-d %b %Y %H:%M"))
    });
    let until = until.unwrap_or_default();
    Err(Rejection::because(Code::OnHold, &format!("Order #{} is ", order.id), &format!("on hold{until}"))
        .field("order_id")
        .hint("Release it with orders_set_hold (on: false) once the user agrees."))
}

/// An event may be reported late, but not with a time before it could have happened.
pub(super) fn check_occurred_at(order: &Order, context: &Context<'_>, problems: &mut Problems) {
    let Context { now, occurred_at, .. } = *context;
    if occurred_at == now {
        return;
    }
    let field = "occurred_at";
    if occurred_at > now {
        problems.add(
            field,
            format!("lies in the future; it is {} now: leave it out for what happens now", moment(now, context)),
        );
    } else if now - occurred_at > TimeDelta::days(limits::BACKDATING_DAYS) {
        problems.add(
            field,
            format!("lies more than {} days back: give a later time, or leave it out", limits::BACKDATING_DAYS),
        );
    } else if let Some(placed) = order.times.placed.filter(|placed| occurred_at.timestamp() < placed.timestamp()) {
        problems.add(
            field,
            format!(
                "lies before {}, when the order was placed: give that time or a later one",
                moment(placed, context)
            ),
        );
    } else if context.shop.calendar.business_date(occurred_at) < order.last_event_on {
        problems.add(
            field,
            format!(
                "lies before {}, the day of the order's latest event: give that day or a later one",
                order.last_event_on
            ),
        );
    }
}
