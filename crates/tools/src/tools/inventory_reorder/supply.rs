//! How long stock lasts and how many units to order (rules S8 and S9).

use orderlog_projections::stock::StockLevel;

/// Complete days whose sales give the speed at which a product sells.
pub(super) const SOLD_OVER_DAYS: i64 = 28;
/// Days from ordering goods to receiving them, for a product without a lead time of its own.
pub(super) const LEAD_TIME_DAYS: i64 = 7;

/// The stock of a product and the speed at which it sells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Supply {
    available: i64,
    backordered: i64,
    /// At or below this number the product is low.
    pub(super) threshold: Option<i64>,
    pub(super) lead_time_days: i64,
    /// Units, in so many days.
    sold: i64,
    days: i64,
}

impl Supply {
    pub(super) fn of(level: &StockLevel, sold: i64, days: i64, threshold: Option<i64>) -> Supply {
        Supply {
            available: level.available(),
            backordered: level.backordered,
            threshold: threshold.or(level.threshold),
            lead_time_days: level.lead_time_days.unwrap_or(LEAD_TIME_DAYS),
            // More units taken back than ordered counts as no sales.
            sold: sold.max(0),
            days: days.max(1),
        }
    }

    /// Units a day with one decimal, rounded half up: `2.4`.
    pub(super) fn sold_a_day(&self) -> String {
        let tenths = (20 * self.sold + self.days) / (2 * self.days);
        format!("{}.{}", tenths / 10, tenths % 10)
    }

    /// Whole days that the available units last.
    pub(super) fn days_left(&self) -> Option<i64> {
        (self.sold > 0).then(|| self.available.max(0) * self.days / self.sold)
    }

    /// Whether the product is low, or would run out before goods that are ordered in `cover` days could arrive.
    pub(super) fn is_wanted(&self, cover: i64) -> bool {
        let low = self.threshold.is_some_and(|threshold| self.available <= threshold);
        low || self.backordered > 0 || self.available * self.days < self.sold * (self.lead_time_days + cover)
    }

    /// Units to order: the units sold until then, plus the threshold, minus the units there are.
    pub(super) fn suggested(&self, cover: i64) -> i64 {
        let until_then = self.sold * (self.lead_time_days + cover);
        let needed = (until_then + self.days - 1) / self.days + self.threshold.unwrap_or(0) + self.backordered;
        (needed - self.available).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supply(available: i64, sold: i64, threshold: Option<i64>, lead_time_days: i64) -> Supply {
        Supply { available, backordered: 0, threshold, lead_time_days, sold, days: 28 }
    }

    #[test]
    fn goods_last_until_those_ordered_next_time_are_there() {
        // 56 units in 28 days are 2 a day.
        let mug = supply(20, 56, Some(5), 10);
        assert_eq!((mug.sold_a_day().as_str(), mug.days_left()), ("2.0", Some(10)));
        assert!(mug.is_wanted(7) && mug.is_wanted(1));
        // 17 days at 2 a day, 5 to be left, 20 are there.
        assert_eq!(mug.suggested(7), 34 + 5 - 20);
        let enough = supply(34, 56, Some(5), 10);
        assert!(!enough.is_wanted(7) && enough.is_wanted(8));
        let waited_for = Supply { backordered: 3, ..supply(0, 0, None, 7) };
        assert!(waited_for.is_wanted(7));
        assert_eq!(waited_for.suggested(7), 3);
    }

    #[test]
    fn what_does_not_sell_lasts_and_is_wanted_only_when_it_is_low() {
        let dusty = supply(3, 0, Some(2), 7);
        assert_eq!((dusty.sold_a_day().as_str(), dusty.days_left(), dusty.is_wanted(365)), ("0.0", None, false));
        let low = supply(1, 0, Some(4), 7);
        assert!(low.is_wanted(1));
        assert_eq!(low.suggested(7), 3);
        assert_eq!(supply(-4, 28, None, 7).days_left(), Some(0));
        assert_eq!(supply(0, 1, None, 7).suggested(7), 1);
    }
}
