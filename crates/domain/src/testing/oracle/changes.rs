//! Changes of an order's lines: new prices, swapped products, a new spread of the discount on the complete order.

use chrono::NaiveDate;

use super::{
    BOOKED, Books,
    acts::{LineChange, Off, OrderOff, Price},
    arithmetic::{less, spread, total},
    orders::{Latest, Line, Order, priced},
};

impl Books {
    pub(super) fn change(&mut self, number: i64, changes: &[LineChange], off: Option<OrderOff>, day: NaiveDate) {
        let mut order = self.orders[&number].clone();
        let before = order.lines.clone();
        for change in changes {
            match *change {
                LineChange::Add(new) => {
                    let there = order.lines.iter().find(|line| line.sku == new.product.sku && line.active() > 0);
                    match (there.map(|line| line.number), new.price) {
                        (Some(number), Price::Each(price)) => {
                            self.alter(&mut order, number, Some(new.units), Some(price), new.off);
                        }
                        _ => {
                            order.last_number += 1;
                            let mut line = self.line(order.last_number, &new);
                            line.home = self.convert_each(&order, line.worth);
                            order.lines.push(line);
                        }
                    }
                }
                LineChange::Line { number, units, price, off } => self.alter(&mut order, number, units, price, off),
                LineChange::Swap { number, product, units, price, off } => {
                    if order.line(number).sku == product.sku {
                        self.alter(&mut order, number, units, price, off);
                        continue;
                    }
                    order.last_number += 1;
                    let next = order.last_number;
                    let was = order.line(number);
                    let mut put = Line { number: next, sku: product.sku, rate: product.rate, ..was.clone() };
                    (put.shipped, put.returned, put.paid_back) = (0, 0, (0, 0));
                    if let Some(price) = price {
                        (put.price, put.inclusive) = (Price::Each(price), product.inclusive);
                    }
                    put.own = off.or(put.own);
                    put.agree(units.unwrap_or(was.active()));
                    (was.units, was.cancelled, was.worth) = (0, 0, [0; 3]);
                    put.home = self.convert_each(&order, put.worth);
                    order.lines.push(put);
                }
            }
        }
        if let Some(off) = off {
            self.spread_anew(&mut order, &before, off);
        }
        order.lines.retain(|line| line.units > 0);
        let find = |lines: &[Line], number: u32| lines.iter().find(|line| line.number == number).cloned();
        let kept = |line: Option<Line>| line.map_or(([0; 3], [0; 3]), |line| (line.kept(), line.kept_home()));
        let mut difference = 0;
        for number in 1..=order.last_number {
            let (was, is) = (kept(find(&before, number)), kept(find(&order.lines, number)));
            let (own, home) = (less(is.0, was.0), less(is.1, was.1));
            difference += total(own);
            self.post_units(&order, BOOKED, day, 1, own, home);
        }
        order.freed += (-difference).max(0);
        let goodwill = order.goodwill;
        self.goodwill_back(&mut order, day);
        // A changed line forgets its cancelled units, and goodwill that was posted back is not granted again.
        let forgot = |was: &Line| {
            was.cancelled > 0 && find(&order.lines, was.number).is_none_or(|is| is.cancelled != was.cancelled)
        };
        let whole = order.goodwill == goodwill && !before.iter().any(forgot);
        order.latest = if whole { Latest::Changed(before) } else { Latest::Other };
        self.orders.insert(number, order);
    }

    /// Prices a line again with the given changes.
    fn alter(&self, order: &mut Order, number: u32, units: Option<i128>, price: Option<i128>, off: Option<Off>) {
        let line = order.line(number);
        let agreed = units.unwrap_or(line.active());
        if agreed == line.active() && price.is_none() && off.is_none() {
            return;
        }
        line.price = price.map_or(line.price, Price::Each);
        line.own = off.or(line.own);
        line.agree(agreed);
        let worth = line.worth;
        let home = self.convert_each(order, worth);
        order.line(number).home = home;
    }

    /// A discount on the whole order, over what is part of it now (R3).
    fn spread_anew(&self, order: &mut Order, before: &[Line], off: OrderOff) {
        let off = match off {
            OrderOff::Set(off) => off,
            OrderOff::Same => {
                let parts = before.iter().filter(|line| line.active() > 0);
                let parts: Vec<(&Line, Off)> = parts.filter_map(|line| Some((line, line.part?))).collect();
                let share = |(line, part): &(&Line, Off)| match part {
                    Off::Amount(amount) => amount * line.active() / line.units,
                    Off::Part(_) => panic!("an amount among percentages"),
                };
                match parts.first().expect("a discount to keep").1 {
                    Off::Part(part) => Off::Part(part),
                    Off::Amount(_) => Off::Amount(parts.iter().map(share).sum()),
                }
            }
        };
        let mut lines: Vec<&mut Line> = order.lines.iter_mut().filter(|line| line.active() > 0).collect();
        let gross: Vec<i128> = lines.iter().map(|line| line.gross(line.active())).collect();
        let own: Vec<i128> = lines
            .iter()
            .zip(&gross)
            .map(|(line, gross)| line.own.map_or(0, |own| own.of(*gross).min(*gross)))
            .collect();
        let left: Vec<i128> = gross.iter().zip(&own).map(|(gross, own)| gross - own).collect();
        let all: i128 = left.iter().sum();
        let shares = spread(off.of(all).min(all), &gross, &left);
        let mut moved = vec![];
        for (nth, line) in lines.iter_mut().enumerate() {
            let part = Some(part_of(off, shares[nth])).filter(|part| part.of(1_000_000_000) > 0);
            let worth = priced(gross[nth], own[nth] + shares[nth], line.rate, line.inclusive);
            if part == line.part && (line.cancelled > 0 || worth == line.worth) {
                continue;
            }
            (line.part, line.worth, line.units, line.cancelled) = (part, worth, line.active(), 0);
            line.paid_back.1 = 0;
            moved.push((line.number, worth));
        }
        for (number, worth) in moved {
            order.line(number).home = self.convert_each(order, worth);
        }
    }
}

/// A line's part of what is taken off the whole order.
pub(super) fn part_of(off: Off, share: i128) -> Off {
    match off {
        Off::Part(part) => Off::Part(part),
        Off::Amount(_) => Off::Amount(share),
    }
}
