//! Pricing an order: entered prices become gross, discount, tax and shipping in whole minor units (rules R1–R3).

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    event::{Amounts, Charge, LineTotal},
    money::{AmountError, Currency, MAX_AMOUNT_MINOR, parse_amount, round_minor, spread},
    text::parse_percent,
};

/// A line as entered, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnteredLine {
    /// Price of all units together.
    pub gross: i64,
    /// Discount on this line, at most `gross`.
    pub discount: i64,
    /// Percent.
    pub tax_rate: Decimal,
    /// Whether `gross` and `discount` include tax.
    pub tax_inclusive: bool,
}

/// What is taken off, as entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discount {
    /// Minor units.
    Amount(i64),
    /// Percent of what it is taken from, 0 to 100.
    Percent(
        #[serde(with = "crate::money::decimal_string")]
        #[schemars(with = "String")]
        Decimal,
    ),
}

impl Discount {
    /// Reads `"50.00"` or `"10%"`.
    ///
    /// # Errors
    /// When it is neither an amount nor a percentage from 0 to 100.
    pub fn parse(text: &str, currency: Currency) -> Result<Discount, AmountError> {
        if text.ends_with('%') {
            let unfit = || AmountError::NoPercentage(text.chars().take(40).collect());
            return parse_percent(text).map(Discount::Percent).ok_or_else(unfit);
        }
        parse_amount(text, currency).map(Discount::Amount)
    }

    /// The discount on `whole`, in minor units.
    #[must_use]
    pub fn of(self, whole: i64) -> i64 {
        match self {
            Discount::Amount(amount) => amount,
            Discount::Percent(percent) => round_minor(Decimal::from(whole) * percent / Decimal::ONE_HUNDRED),
        }
    }
}

/// The price of so many units as entered: if a line total was entered, in proportion to the units of that total. `None`
/// if it is more than the largest accepted amount.
#[must_use]
pub fn entered_gross(quantity: i64, unit_price: i64, line_total: Option<LineTotal>) -> Option<i64> {
    let price = match line_total {
        None => unit_price.checked_mul(quantity)?,
        Some(LineTotal { amount, units }) => {
            round_minor(Decimal::from(amount) * Decimal::from(quantity) / Decimal::from(units))
        }
    };
    Some(price).filter(|price| *price <= MAX_AMOUNT_MINOR)
}

/// The sum of `discounts` on `gross`: each applies to the amount that the one before leaves; a fixed amount takes at
/// most all of it.
#[must_use]
pub fn taken_off(gross: i64, discounts: &[Discount]) -> i64 {
    let rest = discounts.iter().fold(gross, |rest, discount| rest - discount.of(rest).min(rest));
    gross - rest
}

/// Final amounts of every line and of the shipping fee, with each line's share of the order discount.
///
/// A share must not exceed what the line's own discount leaves. The shipping fee is taxed at the highest rate of the
/// lines, and was entered with tax when every line was.
#[must_use]
pub fn price(lines: &[EnteredLine], shares: &[i64], shipping: i64) -> (Vec<Amounts>, Charge) {
    let amounts = lines.iter().zip(shares).map(|(line, share)| line.amounts(*share)).collect();
    let rate = lines.iter().map(|line| line.tax_rate).max().unwrap_or_default();
    let inclusive = !lines.is_empty() && lines.iter().all(|line| line.tax_inclusive);
    let fee = if inclusive {
        let net = without_tax(shipping, rate);
        Charge { net, tax: shipping - net }
    } else {
        Charge { net: shipping, tax: tax_on(shipping, rate) }
    };
    (amounts, fee)
}

impl EnteredLine {
    /// Final amounts of the line, with its share of the order discount.
    #[must_use]
    pub fn amounts(&self, order_discount: i64) -> Amounts {
        let entered = self.gross - self.discount - order_discount;
        if self.tax_inclusive {
            let net = without_tax(entered, self.tax_rate);
            let gross = without_tax(self.gross, self.tax_rate);
            Amounts { gross, discount: gross - net, tax: entered - net }
        } else {
            let discount = self.discount + order_discount;
            Amounts { gross: self.gross, discount, tax: tax_on(entered, self.tax_rate) }
        }
    }
}

/// Spreads an order discount by gross (rule R3). If a line discount leaves less than the share, the line takes what is
/// left and the others take the rest, again by gross. `order_discount` must not exceed what the line discounts leave.
#[must_use]
pub fn spread_discount(lines: &[EnteredLine], order_discount: i64) -> Vec<i64> {
    let mut shares = vec![0; lines.len()];
    let mut rest = order_discount;
    while rest > 0 {
        let room: Vec<i64> =
            lines.iter().zip(&shares).map(|(line, share)| line.gross - line.discount - share).collect();
        let weights: Vec<i64> =
            lines.iter().zip(&room).map(|(line, room)| if *room > 0 { line.gross } else { 0 }).collect();
        let more: Vec<i64> = spread(rest, &weights).iter().zip(&room).map(|(share, room)| *share.min(room)).collect();
        let spent: i64 = more.iter().sum();
        if spent == 0 {
            break;
        }
        rest -= spent;
        shares.iter_mut().zip(more).for_each(|(share, more)| *share += more);
    }
    shares
}

fn tax_on(net: i64, rate: Decimal) -> i64 {
    round_minor(Decimal::from(net) * rate / Decimal::ONE_HUNDRED)
}

fn without_tax(entered: i64, rate: Decimal) -> i64 {
    round_minor(Decimal::from(entered) * Decimal::ONE_HUNDRED / (Decimal::ONE_HUNDRED + rate))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{event::Totals, money::units_value};

    prop_compose! {
        fn entered_line()(
            gross in 0_i64..10_000_000, taken in 0_i64..=100, rate in 0_i64..4_000, tax_inclusive: bool,
        ) -> EnteredLine {
            EnteredLine { gross, discount: gross * taken / 100, tax_rate: Decimal::new(rate, 2), tax_inclusive }
        }
    }

    proptest! {
        #[test]
        fn every_minor_unit_of_a_spread_amount_arrives(
            amount in 0_i64..1_000_000_000, weights in prop::collection::vec(0_i64..1_000_000, 1..30),
        ) {
            let shares = spread(amount, &weights);
            let total: i64 = weights.iter().sum();
            prop_assert_eq!(shares.iter().sum::<i64>(), if total == 0 { 0 } else { amount });
            for (share, weight) in shares.iter().zip(&weights).filter(|_| total > 0) {
                let exact = i128::from(amount) * i128::from(*weight);
                let off = (i128::from(*share) * i128::from(total) - exact).abs();
                prop_assert!(off < i128::from(total), "{share} is a whole unit off");
            }
        }

        #[test]
        fn units_sum_to_the_whole_however_they_are_cut(
            amount in 0_i64..1_000_000_000, quantity in 1_i64..1_000, cut in 0_i64..1_000,
        ) {
            let cut = cut.min(quantity);
            let parts = units_value(amount, quantity, 0, cut) + units_value(amount, quantity, cut, quantity);
            prop_assert_eq!(parts, amount);
            let one_by_one: i64 = (0..quantity).map(|i| units_value(amount, quantity, i, i + 1)).sum();
            prop_assert_eq!(one_by_one, amount);
        }

        #[test]
        fn the_waterfall_adds_up(
            lines in prop::collection::vec(entered_line(), 1..20), taken in 0_i64..=100, shipping in 0_i64..100_000,
        ) {
            let left: i64 = lines.iter().map(|line| line.gross - line.discount).sum();
            let discount = left * taken / 100;
            let (amounts, fee) = price(&lines, &spread_discount(&lines, discount), shipping);
            prop_assert!(amounts.iter().all(|a| a.gross >= a.discount && a.discount >= 0 && a.tax >= 0));
            let totals = Totals::of(amounts.iter().copied(), fee);
            if lines.iter().all(|line| line.tax_inclusive) {
                prop_assert_eq!(totals.total, left - discount + shipping);
            }
            if lines.iter().all(|line| !line.tax_inclusive) {
                prop_assert_eq!(totals.revenue, left - discount + shipping);
            }
        }
    }
}
