//! Sales by hour of the day and by weekday, as answers show them, and which of them had the most.

use chrono::Weekday;
use orderlog_domain::{format::weekday_in_words, postings::Basis};
use orderlog_projections::daily_sales::{GroupKey, Sales, SalesGroup};

use super::{
    change::headline,
    group::{Group, Showing},
};
use crate::{sentences::plural, shares::average, shop::OpenShop};

/// How many of each weekday there were, from Monday on.
pub(super) struct Weekdays {
    pub(super) now: [i64; 7],
    /// In the days that are compared.
    pub(super) then: [i64; 7],
    /// The weekday of a day that is not over.
    pub(super) under_way: Option<Weekday>,
}

impl Showing<'_> {
    /// Groups of hours or weekdays.
    pub(super) fn again(&self, groups: &[SalesGroup], weekdays: &Weekdays) -> Vec<Group> {
        groups.iter().map(|group| self.one_again(group, weekdays)).collect()
    }

    fn one_again(&self, group: &SalesGroup, weekdays: &Weekdays) -> Group {
        let basis = self.about.selection.request.basis;
        let mut one = self.untraced(group);
        match group.key {
            GroupKey::Hour(hour) => (one.label, one.hour) = (hours(hour), Some(hour)),
            GroupKey::Weekday(day) => {
                let nth = day.num_days_from_monday() as usize;
                let a_day = |sales: &Sales, days: i64| {
                    let sum = headline(basis, &sales.own);
                    (days > 0).then(|| self.shop.wording.money_in(average(sum, days), &sales.home))
                };
                let (days, days_then) = (weekdays.now[nth], weekdays.then[nth]);
                if let Some((before, then)) = one.before.as_mut().zip(group.then.as_ref()) {
                    (before.days, before.average_day) = (Some(days_then), a_day(then, days_then));
                }
                one.complete = (weekdays.under_way == Some(day)).then_some(false);
                one.average_day = a_day(&group.sales, days);
                (one.label, one.days) = (weekday_in_words(day).to_owned(), Some(days));
            }
            _ => {}
        }
        one
    }
}

/// ` Saturday sells best: ₹12,000 a day on average, over 4 Saturdays.`, or ` Most orders were placed from 18:00 to 19:00: 40 of
/// 220.`; nothing where nothing stands out.
pub(super) fn best(shop: &OpenShop, basis: Basis, groups: &[SalesGroup], weekdays: &Weekdays) -> String {
    let home = shop.settings.currency;
    let groups = || groups.iter().filter(|group| group.sales.home == home.code());
    let sum = |group: &SalesGroup| headline(basis, &group.sales.own);
    let days = |group: &SalesGroup| match group.key {
        GroupKey::Weekday(day) => weekdays.now[day.num_days_from_monday() as usize].max(1),
        _ => 1,
    };
    // Of equals the first.
    let most =
        |by: &dyn Fn(&SalesGroup) -> i64| groups().filter(|group| by(group) > 0).rev().max_by_key(|group| by(group));
    let placed = |group: &SalesGroup| group.sales.placed;
    let all = groups().map(placed).sum::<i64>();
    let of_orders = basis == Basis::Booked && all > 0;
    let a_day = |group: &SalesGroup| average(sum(group), days(group));
    match most(&a_day).map(|group| (group, group.key)) {
        Some((group, GroupKey::Weekday(day))) => {
            let (day, average) = (weekday_in_words(day), shop.wording.amount(a_day(group), home));
            match days(group) {
                1 => format!(" {day} sold best: {average}."),
                days => format!(" {day} sells best: {average} a day on average, over {}.", plural(days, day)),
            }
        }
        Some((_, GroupKey::Hour(_))) if of_orders => match most(&placed) {
            Some(SalesGroup { key: GroupKey::Hour(hour), sales, .. }) => {
                let (from, to) = (clock(*hour), clock(hour + 1));
                format!(" Most orders were placed from {from} to {to}: {} of {all}.", sales.placed)
            }
            _ => String::new(),
        },
        Some((group, GroupKey::Hour(hour))) => {
            let (from, to) = (clock(hour), clock(hour + 1));
            format!(" Most came from {from} to {to}: {}.", shop.wording.amount(sum(group), home))
        }
        _ => String::new(),
    }
}

/// `18:00–19:00`
fn hours(hour: u32) -> String {
    format!("{}–{}", clock(hour), clock(hour + 1))
}

fn clock(hour: u32) -> String {
    format!("{hour:02}:00")
}
