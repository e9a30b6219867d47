//! The number of orders of each day, and their times of day.

use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::options::Options;

/// Orders on each weekday from Monday, in percent of the average day.
const WEEKDAYS: [u64; 7] = [92, 86, 88, 94, 104, 124, 112];

/// Orders in each month from January, in percent of the average: festivals in autumn, a quiet late winter.
const MONTHS: [u64; 12] = [92, 86, 90, 94, 96, 92, 96, 102, 104, 124, 122, 102];

/// Orders on the first and on the last day, in percent of the average: the shop grows.
const GROWTH: (u64, u64) = (80, 120);

/// Share of orders in each hour after a day's beginning.
const HOURS: [u32; 24] = [4, 2, 1, 1, 1, 1, 3, 8, 16, 28, 38, 42, 40, 34, 30, 30, 32, 36, 42, 50, 54, 48, 30, 12];

/// Every day with its number of orders.
pub(super) fn days(options: &Options, rng: &mut ChaCha8Rng) -> Vec<(NaiveDate, u32)> {
    let last = options.calendar.business_date(options.until);
    let count = u64::from(options.days);
    let dates: Vec<NaiveDate> =
        (0..count).rev().filter_map(|before| last.checked_sub_days(Days::new(before))).collect();
    let weights: Vec<u64> = dates.iter().zip(0..).map(|(day, number)| weight(*day, number, count)).collect();
    let sum: u64 = weights.iter().sum::<u64>().max(1);
    let total = u64::from(options.orders_per_day) * count;
    let orders = weights.iter().map(|weight| varied(total * weight / sum, rng));
    dates.iter().copied().zip(orders.collect::<Vec<u32>>()).collect()
}

/// A random time after a day's beginning, with more orders at the usual hours.
pub(super) fn time_of_day(rng: &mut ChaCha8Rng) -> TimeDelta {
    let mut ticket = rng.random_range(0..HOURS.iter().sum());
    let mut hour = 0;
    for share in HOURS {
        if ticket < share {
            break;
        }
        ticket -= share;
        hour += 1;
    }
    TimeDelta::hours(hour) + TimeDelta::seconds(rng.random_range(0..3_600))
}

fn weight(day: NaiveDate, number: u64, days: u64) -> u64 {
    let growth = GROWTH.0 + (GROWTH.1 - GROWTH.0) * number / days.max(1);
    WEEKDAYS[day.weekday().num_days_from_monday() as usize] * MONTHS[day.month0() as usize] * growth
}

/// A random number around `expected`: four times as many people order with a chance of one in four.
fn varied(expected: u64, rng: &mut ChaCha8Rng) -> u32 {
    (0..expected * 4).map(|_| u32::from(rng.random_ratio(1, 4))).sum()
}
