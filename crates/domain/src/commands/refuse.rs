//! The refusals several commands share, worded once.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::json;

use crate::{
    decide::{Context, Decision, Refusal},
    event::{Amounts, CatalogueEntry, Charge, ConvertedCash, ConvertedRefund, OrderReleased, StoredRate, Totals},
    ids::{OrderId, ProductId, StreamId},
    limits,
    money::{Currency, MAX_AMOUNT_MINOR},
    order::{Line, Order},
    product::Product,
    rejection::{Code, Problems, Rejection},
    states::{Missing, States},
};

/// The order, if somebody placed it.
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

/// The product's catalogue entry, if somebody registered it.
pub(super) fn registered<'w>(
    states: &'w States,
    id: ProductId,
    field: &str,
    text: &str,
) -> Result<(&'w Product, &'w CatalogueEntry), Refusal> {
    let product = states.product(id)?;
    match &product.entry {
        Some(entry) => Ok((product, entry)),
        None => Err(Rejection::new(Code::NotFound, format!("There is no product `{text}`."))
            .field(field)
            .hint("Find the product with products_search, or register it with products_upsert.")
            .into()),
    }
}

/// The order's state does not allow it.
pub(super) fn illegal(order: &Order, context: &Context<'_>, message: impl Into<String>) -> Rejection {
    let next = order.allowed_next(context.now);
    let rejection = Rejection::new(Code::IllegalTransition, message)
        .candidates(next.iter().map(|status| json!({ "status": status, "tool": "orders_update_status" })).collect());
    if next.is_empty() {
        return rejection.hint(format!("No further status can be set: the order is {}.", order.status().spoken()));
    }
    let names: Vec<&str> = next.iter().map(|status| status.name()).collect();
    rejection.hint(format!("From {} it can become: {}.", order.status().spoken(), names.join(", ")))
}

/// `Only 1 unit of line 2 (Tea) is on its way; 3 were asked for.` The verb comes for one unit and for many.
pub(super) fn too_few(line: &Line, there: i64, asked: i64, [one, many]: [&str; 2]) -> String {
    let (units, verb) = match there {
        0 => ("No unit".to_owned(), one),
        1 => ("Only 1 unit".to_owned(), one),
        units => (format!("Only {units} units"), many),
    };
    let were = if asked == 1 { "was" } else { "were" };
    format!("{units} of line {} ({}) {verb}; {asked} {were} asked for.", line.line, line.name)
}

/// A time as arguments give it, in the shop's zone and to the second.
pub(super) fn moment(at: DateTime<Utc>, context: &Context<'_>) -> String {
    at.with_timezone(&context.shop.calendar.timezone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// Money of an order in the shop's currency at the rate of the day.
pub(super) fn cash(
    order: &Order,
    amount: i64,
    states: &States,
    context: &Context<'_>,
) -> Result<Option<ConvertedCash>, Refusal> {
    if order.currency == context.shop.currency {
        return Ok(None);
    }
    let Some(by) = stored_rate(order.currency, states, context)? else { return Ok(None) };
    let amount = by.convert(amount, order.currency);
    check_converted(amount, "amount", context)?;
    Ok(Some(ConvertedCash { by, amount, allowance: Charge::default() }))
}

/// Money that goes back in the shop's currency at the rate of the day; the allowance at the order's own, or not at all: an
/// order that was not converted when it was placed never is (R8).
pub(super) fn cash_back(
    order: &Order,
    amount: i64,
    allowance: Charge,
    states: &States,
    context: &Context<'_>,
) -> Result<Option<ConvertedRefund>, Refusal> {
    let allowance = order.rate.map(|own| own.charge(allowance, order.currency));
    let cash = cash(order, amount, states, context)?;
    Ok(cash.map(|ConvertedCash { by, amount, .. }| ConvertedRefund { by, amount, allowance }))
}

/// The same of a whole order.
pub(super) fn check_converted_totals(
    lines: &[Amounts],
    shipping: Charge,
    field: &str,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    // Amount by amount first: only then can they be added.
    let of_line = |line: &Amounts| line.gross.max(line.tax);
    let largest = lines.iter().map(of_line).max().unwrap_or(0).max(shipping.net).max(shipping.tax);
    check_converted(largest, field, context)?;
    let totals = Totals::of(lines.iter().copied(), shipping);
    check_converted(totals.gross.max(totals.total), field, context)
}

/// What is accepted in one currency is not always so in another.
pub(super) fn check_converted(amount: i64, field: &str, context: &Context<'_>) -> Result<(), Rejection> {
    if amount <= MAX_AMOUNT_MINOR {
        return Ok(());
    }
    let shop = context.shop.currency;
    let most = context.shop.locale.money_in_words(MAX_AMOUNT_MINOR, shop);
    Err(Rejection::invalid(field, format!("In {shop}, by the stored exchange rate, this is more than {most}."))
        .hint("Check the stored rate of the currency with the user, or ask for less."))
}

/// The latest rate from `currency` to the shop's.
pub(super) fn stored_rate(
    currency: Currency,
    states: &States,
    context: &Context<'_>,
) -> Result<Option<StoredRate>, Missing> {
    Ok(states.rate(currency)?.stored.filter(|stored| stored.currency == context.shop.currency))
}

/// Nothing ships or is picked while the order is held. A hold whose end has passed is released on the way.
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
    Err(Rejection::new(Code::OnHold, format!("Order #{} is on hold{until}.", order.id))
        .field("order_id")
        .hint("Release it with orders_set_hold (on: false) once the user agrees."))
}

/// What happened may be reported late, but not before it could have happened.
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
