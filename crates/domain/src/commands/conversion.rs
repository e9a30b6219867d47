//! Money in the shop's currency: of an order when it is placed, and of payments and refunds on their day (rule R8).

use crate::{
    decide::{Context, Refusal},
    event::{Amounts, Charge, Converted, ConvertedCash, ConvertedRefund, StoredRate, Totals},
    money::{Currency, MAX_AMOUNT_MINOR},
    order::Order,
    rejection::Rejection,
    states::{Missing, States},
};

/// An order in the shop's currency, once and for all (rule R8).
pub(super) fn at_placement(
    currency: Currency,
    lines: &[Amounts],
    shipping: Charge,
    states: &States,
    context: &Context<'_>,
) -> Result<Option<Converted>, Refusal> {
    if currency == context.shop.currency {
        return Ok(None);
    }
    let Some(by) = stored_rate(currency, states, context)? else { return Ok(None) };
    let converted: Vec<Amounts> = lines.iter().map(|amounts| by.amounts(*amounts, currency)).collect();
    let shipping = by.charge(shipping, currency);
    check_converted_totals(&converted, shipping, "lines", context)?;
    Ok(Some(Converted { by, lines: converted, shipping }))
}

/// The warning about money that no figure in the shop's currency will contain: without a rate it is not converted, and
/// a rate that is stored later does not change that (R8).
pub(super) fn warning(currency: Currency, is_converted: bool, context: &Context<'_>) -> Option<String> {
    let home = context.shop.currency;
    (currency != home && !is_converted).then(|| {
        format!(
            "No exchange rate of {currency} is stored: figures in {home} leave this out, also once a rate is stored. To have \
             it counted, store the rate with currencies_set_rate first."
        )
    })
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

/// A refund in the shop's currency at the rate of the day; its allowance at the order's own rate. If the order was not
/// converted when it was placed, the allowance is not converted either (R8).
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

/// As [`check_converted`], for every amount of a complete order and for the sums.
pub(super) fn check_converted_totals(
    lines: &[Amounts],
    shipping: Charge,
    field: &str,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    // Single amounts first: only then can they be added.
    let of_line = |line: &Amounts| line.gross.max(line.tax);
    let largest = lines.iter().map(of_line).max().unwrap_or(0).max(shipping.net).max(shipping.tax);
    check_converted(largest, field, context)?;
    let totals = Totals::of(lines.iter().copied(), shipping);
    check_converted(totals.gross.max(totals.total), field, context)
}

/// An amount that is accepted in one currency may be too large in another.
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
