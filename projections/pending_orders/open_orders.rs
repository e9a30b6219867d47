//! The open orders in memory, as lists need them: in the order of their placement, and counted by scope and day.

use std::{collections::BTreeMap, ops::RangeInclusive};

use orderlog_domain::ids::CustomerId;
use orderlog_read_models::{CachedRows, Cursor, Days, day};
use uuid::Uuid;

use super::{
    filter::{Filter, OpenOrder, Sort, StatusCount},
    scope::Scope,
    tables::{PendingDay, PendingOrder},
};

/// The data of an order that is checked before its row is read.
#[derive(Debug)]
struct Entry {
    /// Its scopes among [`Scope::COUNTED`], a bit for each.
    scopes: u8,
    held_until: i64,
    customer_id: Uuid,
    placed_on: Box<str>,
}

/// Orders about which something is open, without the data that only the fold needs.
#[derive(Debug, Default)]
pub(super) struct OpenOrders {
    /// By the time of placement, in milliseconds, and number.
    by_placement: BTreeMap<(i64, i64), Entry>,
    /// By the place of the scope in [`Scope::COUNTED`], and day.
    counts: BTreeMap<(usize, Box<str>), Vec<StatusCount>>,
    /// When the first and the last order of a day was placed.
    days: BTreeMap<Box<str>, (i64, i64)>,
}

impl OpenOrders {
    pub(super) fn of<'a>(
        orders: impl Iterator<Item = &'a PendingOrder>,
        days: impl Iterator<Item = &'a PendingDay>,
    ) -> OpenOrders {
        let mut open = OpenOrders::default();
        orders.for_each(|order| open.add(order));
        for day in days {
            open.placed(&day.placed_on, day.first_placed_at);
            open.placed(&day.placed_on, day.last_placed_at);
        }
        open
    }

    /// An order was placed on that day.
    pub(super) fn placed(&mut self, day: &str, at: i64) {
        match self.days.get_mut(day) {
            Some((first, last)) => (*first, *last) = (at.min(*first), at.max(*last)),
            None => _ = self.days.insert(day.into(), (at, at)),
        }
    }

    pub(super) fn add(&mut self, row: &PendingOrder) {
        let entry = Entry {
            scopes: scopes(row),
            held_until: row.held_until,
            customer_id: row.customer_id,
            placed_on: row.placed_on.as_str().into(),
        };
        self.by_placement.insert((row.placed_at, row.order_id), entry);
        self.count(row, 1);
    }

    /// Removes the order as it was added.
    pub(super) fn remove(&mut self, row: &PendingOrder) {
        self.by_placement.remove(&(row.placed_at, row.order_id));
        self.count(row, -1);
    }

    fn count(&mut self, row: &PendingOrder, sign: i64) {
        let in_scopes = scopes(row);
        for nth in (0..Scope::COUNTED.len()).filter(|nth| in_scopes & (1 << nth) != 0) {
            let counts = self.counts.entry((nth, row.placed_on.as_str().into())).or_default();
            let same = |count: &StatusCount| count.status == row.status && count.currency == row.currency;
            let at = counts.iter().position(same).unwrap_or_else(|| {
                counts.push(nothing(&row.status, &row.currency));
                counts.len() - 1
            });
            let count = &mut counts[at];
            count.orders += sign;
            count.units_owed += sign * row.units_owed;
            count.total += sign * row.total;
            count.due += sign * row.due;
            if count.orders == 0 {
                counts.swap_remove(at);
            }
            if counts.is_empty() {
                self.counts.remove(&(nth, row.placed_on.as_str().into()));
            }
        }
    }

    /// Counts and sums per status and currency of the orders that fit `filter` at the moment `at`, in their order.
    pub(super) fn count_of(&self, rows: &CachedRows<PendingOrder>, filter: &Filter, at: i64) -> Vec<StatusCount> {
        let mut sums: BTreeMap<(String, String), StatusCount> = BTreeMap::new();
        let mut sum = |status: &str, currency: &str, orders, units_owed, total, due| {
            let key = (status.to_owned(), currency.to_owned());
            let sum = sums.entry(key).or_insert_with(|| nothing(status, currency));
            sum.orders += orders;
            sum.units_owed += units_owed;
            sum.total += total;
            sum.due += due;
        };
        match Scope::COUNTED.iter().position(|scope| *scope == filter.scope) {
            Some(nth) if filter.is_counted() => {
                let first = filter.placed.from.map(day).unwrap_or_default();
                let of_days = self.counts.range((nth, first.into())..(nth + 1, "".into()));
                let last = filter.placed.to.map(day);
                let within = |day: &str| last.as_deref().is_none_or(|last| day <= last);
                for count in of_days.take_while(|((_, day), _)| within(day)).flat_map(|(_, counts)| counts) {
                    let StatusCount { status, currency, orders, units_owed, total, due } = count;
                    sum(status, currency, *orders, *units_owed, *total, *due);
                }
            }
            _ => {
                for row in self.matching(rows, filter, at) {
                    sum(&row.status, &row.currency, 1, row.units_owed, row.total, row.due);
                }
            }
        }
        sums.into_values().collect()
    }

    /// The present page, from right after `cursor` on; one order too long if there are more.
    pub(super) fn page(
        &self,
        rows: &CachedRows<PendingOrder>,
        filter: &Filter,
        cursor: Option<Cursor>,
        limit: usize,
        at: i64,
    ) -> Vec<OpenOrder> {
        let after = cursor.map(|cursor| (cursor.value, cursor.id));
        let placed = |row: &&PendingOrder| (row.placed_at, row.order_id);
        let matching = self.matching(rows, filter, at);
        let listed: Vec<&PendingOrder> = match filter.sort {
            Sort::Oldest => matching.filter(|row| after.is_none_or(|after| placed(row) > after)).take(limit).collect(),
            Sort::Newest => {
                matching.rev().filter(|row| after.is_none_or(|after| placed(row) < after)).take(limit).collect()
            }
            Sort::Largest => {
                let size = |row: &&PendingOrder| (row.total, row.order_id);
                let mut all: Vec<_> = matching.filter(|row| after.is_none_or(|after| size(row) < after)).collect();
                all.sort_unstable_by_key(|row| std::cmp::Reverse(size(row)));
                all.truncate(limit);
                all
            }
        };
        listed.into_iter().map(|row| open_order(row, at)).collect()
    }

    /// The orders that fit `filter` at the moment `at`, in the order of placement.
    fn matching<'a>(
        &'a self,
        rows: &'a CachedRows<PendingOrder>,
        filter: &Filter,
        at: i64,
    ) -> impl DoubleEndedIterator<Item = &'a PendingOrder> {
        let (from, to) = (filter.placed.from.map(day), filter.placed.to.map(day));
        let (scope, customer) = (filter.scope, filter.customer);
        let before = filter.placed_before.map_or(i64::MAX, |before| before.timestamp_millis());
        let products: Vec<String> = filter.products.iter().map(ToString::to_string).collect();
        let in_scope = move |entry: &Entry| match Scope::COUNTED.iter().position(|counted| *counted == scope) {
            Some(nth) => entry.scopes & (1 << nth) != 0,
            None => entry.held_until > at,
        };
        self.by_placement
            .range(self.times_of(filter.placed))
            .filter(move |((placed_at, _), entry)| {
                in_scope(entry)
                    && *placed_at < before
                    && customer.is_none_or(|CustomerId(customer)| entry.customer_id == customer)
                    && from.as_deref().is_none_or(|from| &*entry.placed_on >= from)
                    && to.as_deref().is_none_or(|to| &*entry.placed_on <= to)
            })
            .filter_map(|((_, id), _)| rows.get(&(*id,)))
            .filter(move |row| products.is_empty() || products.iter().any(|product| row.products.contains(product)))
    }

    /// The times of placement between which orders of these days can be.
    fn times_of(&self, days: Days) -> RangeInclusive<(i64, i64)> {
        let (mut first, mut last) = (i64::MIN, i64::MAX);
        if days != Days::default() {
            let from: Box<str> = days.from.map(day).unwrap_or_default().into();
            let to = days.to.map(day);
            let within = self.days.range(from..).take_while(|(day, _)| to.as_deref().is_none_or(|to| &***day <= to));
            // An empty range, if there is no such day.
            (first, last) = within.fold((i64::MAX, i64::MIN), |(a, b), (_, (c, d))| (a.min(*c), b.max(*d)));
            if first > last {
                (first, last) = (0, 0);
            }
        }
        (first, i64::MIN)..=(last, i64::MAX)
    }
}

/// The scopes among [`Scope::COUNTED`] that contain the order, a bit for each.
fn scopes(row: &PendingOrder) -> u8 {
    let flags = [row.owes_goods, row.unconfirmed, row.unpaid, row.backordered];
    flags.into_iter().enumerate().map(|(nth, flag)| u8::from(flag) << nth).sum()
}

fn nothing(status: &str, currency: &str) -> StatusCount {
    let (status, currency) = (status.to_owned(), currency.to_owned());
    StatusCount { status, currency, orders: 0, units_owed: 0, total: 0, due: 0 }
}

fn open_order(row: &PendingOrder, at: i64) -> OpenOrder {
    OpenOrder {
        order_id: row.order_id,
        customer_id: row.customer_id,
        currency: row.currency.clone(),
        placed_at: row.placed_at,
        placed_on: row.placed_on.clone(),
        status: row.status.clone(),
        payment_status: row.payment_status.clone(),
        on_hold: row.held_until > at,
        backordered: row.backordered,
        units_owed: row.units_owed,
        total: row.total,
        due: row.due,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits of [`scopes`] are in the order of the scopes that are counted.
    #[test]
    fn scopes_are_numbered_as_they_are_counted() {
        assert_eq!(Scope::COUNTED.map(Scope::column), ["owes_goods", "unconfirmed", "unpaid", "backordered"]);
    }
}
