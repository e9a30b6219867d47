//! Whole numbers only: rounding, shares, units of a whole, exchange.

/// Hundredths of a hundredth of a per cent in one.
pub(super) const WHOLE: i128 = 1_000_000;

/// `n / d`, rounded half away from zero (R1).
pub(super) fn round(n: i128, d: i128) -> i128 {
    let half = (2 * n.abs() + d) / (2 * d);
    if n < 0 { -half } else { half }
}

/// Units `from + 1 ..= to` of `all` that are worth `amount` (R4).
pub(super) fn of_units(amount: i128, all: i128, from: i128, to: i128) -> i128 {
    (amount * to).div_euclid(all) - (amount * from).div_euclid(all)
}

/// Every part of `parts`.
pub(super) fn each(parts: [i128; 3], all: i128, from: i128, to: i128) -> [i128; 3] {
    parts.map(|part| of_units(part, all, from, to))
}

pub(super) fn less(one: [i128; 3], other: [i128; 3]) -> [i128; 3] {
    [one[0] - other[0], one[1] - other[1], one[2] - other[2]]
}

/// After discounts, with tax.
pub(super) fn total([gross, discount, tax]: [i128; 3]) -> i128 {
    gross - discount + tax
}

/// A share of `amount` for each weight: whole units by the largest remainder, ties to the first (R3).
fn shares(amount: i128, weights: &[i128]) -> Vec<i128> {
    let all: i128 = weights.iter().sum();
    if all == 0 {
        return vec![0; weights.len()];
    }
    let mut shares: Vec<i128> = weights.iter().map(|weight| amount * weight / all).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|a, b| (amount * weights[*b] % all).cmp(&(amount * weights[*a] % all)).then(a.cmp(b)));
    let missing = usize::try_from(amount - shares.iter().sum::<i128>()).expect("less than one for each");
    order.iter().take(missing).for_each(|nth| shares[*nth] += 1);
    shares
}

/// An order discount over lines: by gross, as far as there is something left of a line; lines with nothing left are set
/// aside and the rest is spread over the others.
pub(super) fn spread(discount: i128, gross: &[i128], left: &[i128]) -> Vec<i128> {
    let mut given = vec![0; gross.len()];
    let mut rest = discount;
    while rest > 0 {
        let open = |nth: usize| left[nth] - given[nth];
        let weights: Vec<i128> = (0..gross.len()).map(|nth| if open(nth) > 0 { gross[nth] } else { 0 }).collect();
        let round: Vec<i128> =
            shares(rest, &weights).into_iter().enumerate().map(|(nth, share)| share.min(open(nth))).collect();
        let spent: i128 = round.iter().sum();
        if spent == 0 {
            break;
        }
        rest -= spent;
        given.iter_mut().zip(round).for_each(|(given, share)| *given += share);
    }
    given
}

/// Units of the shop's currency for one of another: `digits / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) digits: i128,
    pub(super) scale: u32,
}

impl Rate {
    /// Minor units of a currency with so many digits, in minor units of one with others (R8).
    pub(super) fn convert(self, minor: i128, from: u32, to: u32) -> i128 {
        round(minor * self.digits * 10_i128.pow(to), 10_i128.pow(self.scale + from))
    }
}
