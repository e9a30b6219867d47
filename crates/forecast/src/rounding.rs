//! Whole amounts of estimates, so that days add up to their total.

/// Rounds estimates so that every sum of the first ones is the rounded sum: a product that sells one unit in three days
/// gets one unit in three days, not zero on each.
pub(crate) fn whole(estimates: &[f64]) -> Vec<i64> {
    let (mut sum, mut before) = (0.0, 0_i64);
    let next = |estimate: &f64| {
        sum += estimate;
        let now = round(sum);
        let day: i64 = now - before;
        before = now;
        day
    };
    estimates.iter().map(next).collect()
}

/// Floats represent whole numbers exactly up to here, and their differences fit.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Half away from zero.
pub(crate) fn round(estimate: f64) -> i64 {
    estimate.round().clamp(-EXACT, EXACT) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_add_up_to_the_rounded_total() {
        assert_eq!(whole(&[0.3; 10]), [0, 1, 0, 0, 1, 0, 0, 0, 1, 0]);
        assert_eq!(whole(&[1.25, 1.25, 1.25, 1.25]), [1, 2, 1, 1]);
        assert_eq!(whole(&[]), [0_i64; 0]);
    }
}
