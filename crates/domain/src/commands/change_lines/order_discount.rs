//! A discount on the whole order, set or moved by a change of its lines: spread over all of them anew (rule R3).

use std::iter::zip;

use crate::{
    decide::Context,
    event::PlacedLine,
    money::{Currency, plain, units_value},
    order::{Line, Order},
    pricing::{Discount, EnteredLine, entered_gross, spread_discount, taken_off},
    rejection::{Problems, Rejection},
};

/// The word for the discount that the order has.
const SAME: &str = "same";

/// Spreads the discount over the lines that are part of the order. Units cancelled before are no part of what is agreed now,
/// on a line that it changes.
pub(super) fn spread(text: &str, order: &Order, lines: &mut [PlacedLine]) -> Result<(), Rejection> {
    let mut problems = Problems::default();
    let given = match text {
        SAME => present(order).ok_or_else(|| {
            let message = "The discount on the whole order is not known: give it as an amount or a percentage.";
            Rejection::invalid("order_discount", message)
        })?,
        text => Discount::parse(text, order.currency).unwrap_or_else(|error| {
            problems.add("order_discount", format!("cannot be read: {error}"));
            Discount::Amount(0)
        }),
    };
    let mut lines: Vec<&mut PlacedLine> = lines.iter_mut().filter(|line| line.active() > 0).collect();
    let entered: Vec<EnteredLine> = lines.iter().map(|line| as_entered(line)).collect();
    let left: i64 = entered.iter().map(|line| line.gross - line.discount).sum();
    let discount = match (text, given) {
        // What is left may be less than what was taken off before.
        (SAME, Discount::Amount(amount)) => amount.min(left),
        (_, given) => given.of(left),
    };
    check_fits(discount, left, order.currency, &mut problems);
    problems.check()?;
    let shares = spread_discount(&entered, discount);
    for ((line, entered), share) in zip(zip(&mut lines, entered), shares) {
        let part = match given {
            Discount::Percent(percent) => Some(Discount::Percent(percent)).filter(|_| !percent.is_zero()),
            Discount::Amount(_) => Some(Discount::Amount(share)).filter(|_| share > 0),
        };
        let discounts: Vec<Discount> = line.own_discounts().iter().copied().chain(part).collect();
        let amounts = entered.amounts(share);
        if discounts == line.discounts && (line.cancelled > 0 || amounts == line.amounts) {
            continue;
        }
        (line.order_discount, line.discounts, line.amounts) = (part.is_some(), discounts, amounts);
        (line.quantity, line.cancelled) = (line.active(), 0);
    }
    Ok(())
}

/// The line before any discount on the whole order.
fn as_entered(line: &PlacedLine) -> EnteredLine {
    let gross = entered_gross(line.active(), line.unit_price, line.line_total).unwrap_or_default();
    let discount = taken_off(gross, line.own_discounts());
    EnteredLine { gross, discount, tax_rate: line.tax_rate, tax_inclusive: line.tax_inclusive }
}

fn check_fits(discount: i64, left: i64, currency: Currency, problems: &mut Problems) {
    if discount > left {
        let (discount, left) = (plain(discount, currency), plain(left, currency));
        problems.add("order_discount", format!("is {discount}, more than the {left} of all lines"));
    }
}

/// The discount that the order has as a whole: a percentage of every line, or the shares of an amount. None where no line
/// says so: older releases kept no difference between a line's own discount and its share.
fn present(order: &Order) -> Option<Discount> {
    let parts: Vec<(&Line, Discount)> = order
        .lines
        .iter()
        .filter(|line| line.active() > 0)
        .filter_map(|line| Some((line, line.as_placed().part_of_order_discount()?)))
        .collect();
    match parts.first()?.1 {
        percent @ Discount::Percent(_) => parts.iter().all(|(_, part)| *part == percent).then_some(percent),
        Discount::Amount(_) => {
            let share = |(line, part): &(&Line, Discount)| match part {
                Discount::Amount(amount) => units_value(*amount, line.ordered, 0, line.active()),
                Discount::Percent(_) => 0,
            };
            Some(Discount::Amount(parts.iter().map(share).sum()))
        }
    }
}

/// What is to be told of that discount where nobody said what becomes of it: a share goes with its line, and what is added
/// gets none.
pub(super) fn lost(order: &Order, lines: &[PlacedLine], context: &Context<'_>) -> Option<String> {
    let kept = || lines.iter().filter(|line| line.active() > 0);
    match present(order)? {
        Discount::Percent(percent) => {
            let added = |line: &PlacedLine| line.line > order.last_line && line.part_of_order_discount().is_none();
            kept().any(added).then(|| {
                let percent = percent.normalize();
                format!("The order's discount of {percent} % is not on what was added; order_discount \"same\" puts it there.")
            })
        }
        Discount::Amount(before) => {
            let share = |line: &PlacedLine| match line.part_of_order_discount() {
                Some(Discount::Amount(amount)) => units_value(amount, line.quantity, 0, line.active()),
                Some(Discount::Percent(_)) | None => 0,
            };
            let gone = before - kept().map(share).sum::<i64>();
            let shown = context.shop.locale.money_in_words(gone, order.currency);
            let told =
                format!("{shown} of the order's discount went with its lines; order_discount \"same\" keeps it.");
            (gone > 0).then_some(told)
        }
    }
}
