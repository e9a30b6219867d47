//! An independent model of the money rules (domain rules §1, §2): it prices an order from its lines as entered and posts on
//! three bases. It shares no arithmetic and no type of money with the code under test, and looks at no event.

mod acts;
mod arithmetic;
mod changes;
mod deeds;
mod histories;
mod orders;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use self::{arithmetic::Rate, orders::Order};

/// Booked, shipped, cash.
const BOOKED: usize = 0;
const SHIPPED: usize = 1;
const CASH: usize = 2;

/// Gross, discount, shipping, tax, cash: in the order's currency, then in the shop's.
type Sums = [i128; 10];

/// Basis, business day, the order's currency, the currency that the other half of the sums is in.
type Key = (usize, NaiveDate, &'static str, &'static str);

/// The expected reports of a shop.
#[derive(Debug, Clone)]
struct Books {
    /// The shop's currency.
    home: &'static str,
    zone: Tz,
    day_start: NaiveTime,
    rates: BTreeMap<&'static str, Rate>,
    /// By number.
    orders: BTreeMap<i64, Order>,
    journal: BTreeMap<Key, Sums>,
}

/// Digits of the minor unit.
fn digits(currency: &str) -> u32 {
    match currency {
        "JPY" => 0,
        "KWD" | "BHD" => 3,
        _ => 2,
    }
}

impl Books {
    fn new(home: &'static str, zone: Tz, day_start: NaiveTime) -> Books {
        let (rates, orders, journal) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Books { home, zone, day_start, rates, orders, journal }
    }

    /// A business day lasts from its start to the next (R9).
    fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        let local = at.with_timezone(&self.zone).naive_local();
        if local.time() < self.day_start { local.date() - TimeDelta::days(1) } else { local.date() }
    }

    /// Posts; `home` is none where nothing was converted.
    fn post(&mut self, basis: usize, day: NaiveDate, own: &'static str, amounts: [i128; 5], home: Option<[i128; 5]>) {
        let key = (basis, day, own, if home.is_some() { self.home } else { own });
        let sums = self.journal.entry(key).or_default();
        let both = amounts.into_iter().chain(home.unwrap_or(amounts));
        sums.iter_mut().zip(both).for_each(|(sum, amount)| *sum += amount);
    }

    /// The present rate of a currency; `None` for the shop's own.
    fn rate(&self, currency: &str) -> Option<Rate> {
        if currency == self.home { None } else { self.rates.get(currency).copied() }
    }
}
