//! Finds the intervals of the log that contain a position, among those in which orders were open, with an ordinary
//! index.
//!
//! An interval `[from, until)` has the level `k` with `2^k <= until - from < 2^(k+1)`. So on level `k` every interval is
//! shorter than `2^(k+1)`, and only those that begin in a window of that length can hold position `P`:
//!
//! ```text
//!  level 1 (2 or 3 long)         window of level 1:  P-3 <= from <= P
//!
//!                    P-3 P-2 P-1  P
//!   ├───────┤         ·   ·   ·   ·               begins too early: ends before P
//!                 ├───────────┤   ·               looked at in vain
//!                     ·   ├───────────┤           holds P
//!                     ·   ·   ├───────┤           holds P
//!                     ·   ·   ·   ·   ├───────┤   begins too late
//! ```
//!
//! An interval that begins in the later half of the window holds `P` in any case, since it is at least `2^k` long. So about
//! as many rows are looked at in vain as are found, whatever the length of the log; and the levels are few, since each is
//! twice as long as the one below. The index is on `(level, from_position)`.

use std::ops::RangeInclusive;

/// The level of an interval of this length, which is at least 1.
pub(super) fn level(length: i64) -> i64 {
    i64::from(length.max(1).ilog2())
}

/// Every level there can be in a log that ends at `head`: no interval is longer than the log.
pub(super) fn levels(head: i64) -> RangeInclusive<i64> {
    0..=level(head)
}

/// The positions where an interval of this level that contains `position` may begin.
pub(super) fn window(level: i64, position: i64) -> RangeInclusive<i64> {
    let longer_than_any = 2_i64.saturating_pow(u32::try_from(level).unwrap_or(u32::MAX).saturating_add(1));
    position.saturating_sub(longer_than_any) + 1..=position
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: i64 = 70;

    #[test]
    fn the_windows_of_all_levels_hold_every_interval_that_holds_a_position() {
        for (from, until) in (1..=LOG).flat_map(|from| (from + 1..=LOG + 1).map(move |until| (from, until))) {
            let level = level(until - from);
            assert!(levels(LOG).contains(&level), "[{from}, {until})");
            assert!((1 << level) <= until - from && until - from < (2 << level), "[{from}, {until}) on level {level}");
            for position in 1..=LOG {
                let holds = from <= position && position < until;
                let window = window(level, position);
                assert!(window.contains(&from) || !holds, "[{from}, {until}) holds {position}, outside {window:?}");
                let later_half = position - (1 << level) < from && from <= position;
                assert!(holds || !later_half, "[{from}, {until}) begins in the later half and misses {position}");
            }
        }
    }

    #[test]
    fn a_window_never_overflows() {
        assert_eq!(level(0), 0);
        assert_eq!(levels(i64::MAX), 0..=62);
        assert_eq!(window(62, 5), 5 - i64::MAX + 1..=5);
    }
}
