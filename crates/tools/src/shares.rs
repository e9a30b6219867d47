//! Averages, and parts of a whole in percent.

/// Rounded half away from zero (rule R1).
pub(crate) fn average(sum: i64, count: i64) -> i64 {
    let (sum, count) = (i128::from(sum), i128::from(count));
    let average = (2 * sum.abs() + count) / (2 * count) * sum.signum();
    i64::try_from(average).unwrap_or_default()
}

/// By how many percent, with one decimal, rounded half away from zero: `12.5`, `-3.0`. Nothing can grow from nothing.
pub(crate) fn percent(now: i64, then: i64) -> Option<String> {
    share(i128::from(now) - i128::from(then), i128::from(then))
}

/// How many percent of the whole a part is, likewise.
pub(crate) fn share(part: i128, whole: i128) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    let tenths = (2 * part.abs() * 1_000 + whole) / (2 * whole);
    let sign = if part < 0 && tenths > 0 { "-" } else { "" };
    Some(format!("{sign}{}.{}", tenths / 10, tenths % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_percent_of_what_was_before() {
        for (now, then, expected) in [
            (45_000, 40_000, Some("12.5")),
            (40_000, 45_000, Some("-11.1")),
            (40_000, 40_000, Some("0.0")),
            (0, 7, Some("-100.0")),
            (i64::MAX, 1, Some("922337203685477580600.0")),
            (5, 0, None),
            (5, -5, None),
        ] {
            assert_eq!(percent(now, then).as_deref(), expected, "{then} to {now}");
        }
    }

    #[test]
    fn an_average_is_rounded_half_away_from_zero() {
        for (sum, count, expected) in
            [(5, 2, 3), (-5, 2, -3), (10, 3, 3), (11, 3, 4), (0, 7, 0), (i64::MAX, 1, i64::MAX)]
        {
            assert_eq!(average(sum, count), expected, "{sum} / {count}");
        }
    }
}
