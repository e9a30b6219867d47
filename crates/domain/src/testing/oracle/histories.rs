//! Random histories in random shops: what the model says of every day, order and line is what the code under test says.

use std::{collections::BTreeMap, str::FromStr as _};

use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;
use proptest::prelude::*;
use serde_json::json;

use super::{
    BOOKED, Books, CASH, Key, SHIPPED, Sums,
    acts::{self, Act, Kind, LineChange, NewLine, Off, OrderOff, PRODUCTS, Price},
    arithmetic::total,
    digits,
};
use crate::{
    calendar::BusinessCalendar,
    commands::{Command, Undo},
    decide::{Decision, Shop},
    event::{Event, PlacedLine, examples},
    ids::{OrderId, StreamId},
    money::Currency,
    order::Line,
    postings::{Basis, Figures, postings},
    testing::Story,
};

const HOMES: [&str; 4] = ["INR", "JPY", "KWD", "USD"];
const CURRENCIES: [&str; 5] = ["INR", "JPY", "KWD", "USD", "BHD"];
const ZONES: [Tz; 4] = [Tz::Asia__Kolkata, Tz::America__New_York, Tz::Pacific__Auckland, Tz::UTC];
/// Minutes after midnight.
const DAY_STARTS: [u32; 3] = [0, 4 * 60, 13 * 60 + 30];
/// Prices around which rounding matters, minor units.
const PRICES: [i128; 10] = [0, 1, 4, 5, 7, 999, 3_333, 10_000, 91_336, 118_000];
/// Parts of a whole in millionths: 0, 10, 33.3333, 12.5, 100 and 50 per cent.
const PARTS: [i128; 6] = [0, 100_000, 333_333, 125_000, 1_000_000, 500_000];
/// Digits and decimals of exchange rates: some bring small amounts to nothing.
const RATES: [(i128, u32); 6] = [(84_125, 3), (1, 3), (5, 1), (3_333_333, 4), (85, 0), (7, 10)];

/// One random act; it depends on the present orders.
#[derive(Debug, Clone)]
struct Throw {
    kind: u8,
    order: u8,
    /// Minutes that pass before.
    minutes: u16,
    picks: [u8; 12],
}

fn throw() -> impl Strategy<Value = Throw> {
    let minutes = prop_oneof![3 => Just(1_u16), 2 => 1_u16..300, 1 => 1_000_u16..2_000];
    // A few orders get most acts, so that acts follow acts.
    let order = prop_oneof![3 => 0_u8..2, 1 => 0_u8..6];
    (0_u8..34, order, minutes, any::<[u8; 12]>()).prop_map(|(kind, order, minutes, picks)| Throw {
        kind,
        order,
        minutes,
        picks,
    })
}

fn of<T: Copy>(list: &[T], pick: u8) -> T {
    list[usize::from(pick) % list.len()]
}

impl Throw {
    /// One of the latest orders.
    fn order(&self, books: &Books) -> i64 {
        let orders = i64::try_from(books.orders.len()).expect("few orders").max(1);
        1000 + orders - i64::from(self.order) % orders
    }

    fn off(&self, nth: usize) -> Option<Off> {
        let pick = self.picks[nth];
        match pick % 5 {
            0 | 1 => None,
            2 | 3 => Some(Off::Part(of(&PARTS, pick / 5))),
            _ => Some(Off::Amount(i128::from(pick / 5) * i128::from(pick % 7))),
        }
    }

    fn line(&self, nth: usize) -> NewLine {
        let pick = |more: usize| self.picks[(nth + more) % self.picks.len()];
        let units = 1 + i128::from(pick(0) % 7);
        let price = of(&PRICES, pick(1)) + i128::from(pick(2) % 3);
        let price = if pick(3) % 3 == 0 { Price::Whole(price, units) } else { Price::Each(price) };
        NewLine { product: of(&PRODUCTS, pick(4)), units, price, off: self.off((nth + 5) % self.picks.len()) }
    }

    fn chosen(&self, most: u8) -> Option<Vec<(u32, i128)>> {
        (!self.picks[0].is_multiple_of(3))
            .then(|| vec![(1 + u32::from(self.picks[1] % most), 1 + i128::from(self.picks[2] % 2))])
    }

    fn change(&self, nth: usize, most: u8) -> LineChange {
        let pick = |more: usize| self.picks[(nth + more) % self.picks.len()];
        if pick(0) % 5 == 0 {
            let line = self.line(nth);
            let price = match line.price {
                Price::Each(price) | Price::Whole(price, _) => Price::Each(price),
            };
            return LineChange::Add(NewLine { price, ..line });
        }
        let number = 1 + u32::from(pick(1) % most);
        let units = (pick(2) % 4 > 0).then(|| of(&[0, 1, 2, 3, 4, 10, 100, 1_000], pick(3)));
        let price = (pick(4) % 3 == 0).then(|| of(&PRICES, pick(5)));
        let off = if pick(6) % 2 == 0 { self.off((nth + 7) % self.picks.len()) } else { None };
        match pick(0) % 5 {
            1 => LineChange::Swap { number, product: of(&PRODUCTS, pick(7)), units, price, off },
            _ => LineChange::Line { number, units, price, off },
        }
    }

    fn act(&self, books: &Books) -> Act {
        let (order, picks) = (self.order(books), &self.picks);
        let lines = books.orders.get(&order).map_or(1, |order| u8::try_from(order.lines.len()).unwrap_or(9).max(1));
        let amount =
            if picks[6] % 3 == 0 { i128::from(picks[4] % 4) } else { of(&PRICES, picks[3]) + i128::from(picks[4]) };
        match self.kind {
            0..=2 => Act::Create {
                currency: if picks[9] % 2 == 0 { books.home } else { of(&CURRENCIES, picks[8]) },
                lines: (0..1 + usize::from(picks[11] % 3)).map(|nth| self.line(nth * 3)).collect(),
                off: self.off(10),
                fee: of(&PRICES, picks[7]),
            },
            3..=6 => Act::Ship { order, lines: self.chosen(lines) },
            7..=9 => Act::Cancel { order, lines: self.chosen(lines) },
            10..=13 => Act::Return { order, lines: self.chosen(lines), fee: picks[5] % 2 == 0 },
            14..=18 => Act::Change {
                order,
                changes: (0..=usize::from(picks[9] % 2)).map(|n| self.change(n * 5, lines)).collect(),
                off: match picks[10] % 6 {
                    0 => Some(OrderOff::Same),
                    1 => Some(OrderOff::Set(Off::Part(of(&PARTS, picks[8])))),
                    2 => Some(OrderOff::Set(Off::Amount(i128::from(picks[8])))),
                    _ => None,
                },
            },
            19..=22 => Act::Pay { order, amount: (picks[5] % 4 == 0).then_some(amount + 1) },
            23..=25 => Act::Refund {
                order,
                kind: Some(Kind::Goodwill),
                amount: Some(amount + 1),
                tax: (picks[5] % 4 == 0).then_some((amount + 1) / 7),
                lines: None,
            },
            26..=28 => Act::Refund {
                order,
                kind: of(&[None, Some(Kind::Owed), Some(Kind::Units), Some(Kind::Shipping)], picks[5]),
                amount: (picks[6] % 4 == 0).then_some(amount + 1),
                tax: None,
                lines: None,
            },
            29..=30 => Act::Refund {
                order,
                kind: None,
                amount: None,
                tax: None,
                lines: self.chosen(lines).or(Some(vec![(1, 1)])),
            },
            31 => {
                let (digits, scale) = of(&RATES, picks[1]);
                Act::SetRate { currency: of(&CURRENCIES, picks[0]), digits, scale }
            }
            _ => Act::Undo { order },
        }
    }
}

/// A shop and the model of it.
struct Pair {
    story: Story,
    books: Books,
    /// By order: what undoing its latest act asks for.
    undoes: BTreeMap<i64, Undo>,
    /// Acts carried out.
    carried_out: u32,
}

impl Pair {
    fn new([home, zone, start]: [u8; 3]) -> Pair {
        let (home, zone, minutes) = (of(&HOMES, home), of(&ZONES, zone), of(&DAY_STARTS, start));
        let day_start = NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).expect("a time");
        let calendar = BusinessCalendar { timezone: zone, day_start, ..BusinessCalendar::default() };
        let currency = Currency::from_str(home).expect("a currency");
        let mut story = Story::of_shop(Shop { currency, calendar, ..Shop::default() });
        for product in PRODUCTS {
            let rate = format!("{}.{:04}", product.rate / 10_000, product.rate % 10_000);
            let policy = if product.sku == "SMALL" { "untracked" } else { "deny" };
            let more = json!({ "tax_rate": rate, "tax_inclusive": product.inclusive, "policy": policy });
            story.product(product.sku, "7", more);
            if policy == "deny" {
                story.stocked(product.sku, 1_000_000);
            }
        }
        Pair { story, books: Books::new(home, zone, day_start), undoes: BTreeMap::new(), carried_out: 0 }
    }

    fn live(&mut self, throw: &Throw) {
        self.story.now += TimeDelta::minutes(i64::from(throw.minutes));
        let act = throw.act(&self.books);
        let order = match &act {
            Act::Ship { order, .. }
            | Act::Cancel { order, .. }
            | Act::Return { order, .. }
            | Act::Change { order, .. }
            | Act::Pay { order, .. }
            | Act::Refund { order, .. }
            | Act::Undo { order } => Some(*order),
            Act::Create { .. } | Act::SetRate { .. } => None,
        };
        if order.is_some_and(|order| !self.books.orders.contains_key(&order)) {
            return;
        }
        let currency = match &act {
            Act::Create { currency, .. } => *currency,
            _ => order.map_or(self.books.home, |order| self.books.orders[&order].currency),
        };
        let command = match (acts::command(&act, currency), order) {
            (Some(command), _) => command,
            (None, Some(order)) if self.books.can_undo(order) => Command::Undo(self.undoes[&order].clone()),
            (None, _) => return,
        };
        let expected = self.refund(&act);
        let lines_before = order.map_or_else(Vec::new, |number| {
            self.story.order(OrderId(number)).lines.iter().map(Line::as_placed).collect()
        });
        let outcome = self.story.ask(&command);
        let done = outcome.as_ref().is_ok_and(|decision| !decision.facts.is_empty());
        if let Some(expected) = expected {
            assert_eq!(done, expected, "{act:?}: {outcome:?}");
        }
        let Ok(decision) = outcome else { return };
        if !done {
            return;
        }
        self.carried_out += 1;
        let day = self.books.day(self.story.now);
        self.books.take(&act, day);
        let number = order.unwrap_or(self.story.next_order.0 - 1);
        if !matches!(act, Act::SetRate { .. }) {
            self.undoes.insert(number, self.undo_of(number, &decision, lines_before));
        }
        self.compare_orders();
    }

    /// Whether a refund must be carried out.
    fn refund(&self, act: &Act) -> Option<bool> {
        let Act::Refund { order, kind, amount, tax, lines } = act else { return None };
        let of_order = &self.books.orders[order];
        let kind = kind.unwrap_or(if lines.is_some() { Kind::Units } else { Kind::Owed });
        let amount = match (amount, lines) {
            (Some(amount), _) => Some(*amount),
            (None, Some(lines)) => of_order.price_of(lines),
            (None, None) => Some(of_order.limit(kind)),
        };
        let fits = |amount: i128| amount > 0 && amount <= of_order.limit(kind) && tax.is_none_or(|tax| tax <= amount);
        Some(amount.is_some_and(fits))
    }

    fn undo_of(&self, number: i64, decision: &Decision, lines_before: Vec<PlacedLine>) -> Undo {
        let id = OrderId(number);
        let of_order = decision.facts.iter().filter(|(stream, _)| *stream == StreamId::Order(id));
        let facts = of_order.map(|(_, event)| event.clone()).collect::<Vec<Event>>();
        Undo { order_id: id, version: self.story.order(id).acted, facts, lines_before }
    }

    fn compare_orders(&self) {
        for (number, expected) in &self.books.orders {
            let order = self.story.order(OrderId(*number));
            assert_eq!(i128::from(order.due()), expected.due(), "due of {number}: {order:?}");
            assert_eq!(i128::from(order.current_totals().total), expected.total(), "total of {number}: {order:?}");
            let goodwill = (i128::from(order.goodwill.net), i128::from(order.goodwill.tax));
            assert_eq!(goodwill, expected.goodwill, "goodwill of {number}");
            assert!(goodwill.0 + goodwill.1 <= expected.total().max(0), "goodwill takes {number} below nothing");
            let lines: Vec<_> = expected
                .lines
                .iter()
                .map(|line| (line.number, line.units, line.cancelled, line.worth.to_vec(), total(line.kept())))
                .collect();
            let shown: Vec<_> = order
                .lines
                .iter()
                .map(|line| {
                    let worth = [line.amounts.gross, line.amounts.discount, line.amounts.tax];
                    let kept = i128::from(line.kept_amounts().total());
                    (line.line, line.ordered.into(), line.cancelled.into(), worth.map(i128::from).to_vec(), kept)
                })
                .collect();
            assert_eq!(shown, lines, "lines of {number}");
        }
    }

    /// Every day on every basis, in the orders' currencies and the shop's.
    fn compare_books(&self) {
        let mut shown: BTreeMap<Key, Sums> = BTreeMap::new();
        for (_, provenance, event) in &self.story.told {
            for posting in postings(event) {
                let basis = match posting.basis {
                    Basis::Booked => BOOKED,
                    Basis::Shipped => SHIPPED,
                    Basis::Cash => CASH,
                };
                let (own, home) = (posting.currency.code(), posting.home_currency.code());
                let sums = shown.entry((basis, provenance.business_date, own, home)).or_default();
                let parts = |f: Figures| [f.gross, f.discount, f.shipping, f.tax, f.cash];
                let both = parts(posting.own).into_iter().chain(parts(posting.home));
                sums.iter_mut().zip(both).for_each(|(sum, amount)| *sum += i128::from(amount));
            }
        }
        let something = |books: &BTreeMap<Key, Sums>| -> BTreeMap<Key, Sums> {
            books.iter().filter(|(_, sums)| **sums != Sums::default()).map(|(key, sums)| (*key, *sums)).collect()
        };
        assert_eq!(something(&shown), something(&self.books.journal));
    }
}

/// Histories tried: 512, or as many as `ORDERLOG_TEST_HISTORIES` says.
fn cases() -> u32 {
    std::env::var("ORDERLOG_TEST_HISTORIES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(512)
}

#[test]
fn currencies_have_the_digits_that_the_model_gives_them() {
    for code in CURRENCIES {
        assert_eq!(Currency::from_str(code).expect("a currency").exponent(), digits(code), "{code}");
    }
}

/// An act that no history reaches is not tested.
#[test]
fn histories_reach_every_act() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};
    const HISTORIES: usize = 60;
    let mut runner = TestRunner::deterministic();
    let mut reached: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut goodwill_back, mut converted_to_nothing, mut carried_out) = (0, 0, 0);
    for _ in 0..HISTORIES {
        let history =
            (any::<[u8; 3]>(), prop::collection::vec(throw(), 60)).new_tree(&mut runner).expect("dice").current();
        let mut pair = Pair::new(history.0);
        history.1.iter().for_each(|throw| pair.live(throw));
        pair.compare_books();
        carried_out += pair.carried_out;
        for (.., event) in &pair.story.told {
            *reached.entry(event.event_type()).or_default() += 1;
            let nothing = crate::event::Charge::default();
            match event {
                Event::UnitsCancelled(fact) => goodwill_back += u32::from(fact.goodwill_back != nothing),
                Event::UnitsReturned(fact) => goodwill_back += u32::from(fact.goodwill_back != nothing),
                Event::LinesChanged(fact) => goodwill_back += u32::from(fact.goodwill_back != nothing),
                Event::PaymentRefunded(fact) => {
                    let home = fact.converted.and_then(|converted| converted.allowance);
                    converted_to_nothing += u32::from(fact.allowance != nothing && home == Some(nothing));
                }
                _ => {}
            }
        }
    }
    // The model knows money alone: what moves none is reached by the histories beside it.
    let money = examples().into_iter().filter(|fact| !postings(fact).is_empty());
    let needed = money.map(|fact| fact.event_type()).chain(["OrderConfirmed", "RateStored"]);
    let missed: Vec<&str> = needed.filter(|name| !reached.contains_key(name)).collect();
    assert!(missed.is_empty(), "no history has {missed:?}: {reached:?}");
    assert!(goodwill_back > 5 && converted_to_nothing > 0, "{goodwill_back} and {converted_to_nothing}: {reached:?}");
    assert!(carried_out > 60 * 15, "only {carried_out} acts were carried out");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn the_shop_agrees_with_the_rules(shop in any::<[u8; 3]>(), history in prop::collection::vec(throw(), 1..60)) {
        let mut pair = Pair::new(shop);
        history.iter().for_each(|throw| pair.live(throw));
        pair.compare_books();
    }
}
