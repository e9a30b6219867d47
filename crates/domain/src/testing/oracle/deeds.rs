//! The amounts that each act on an order moves, and on which basis.

use chrono::NaiveDate;

use super::{
    BOOKED, Books, CASH, SHIPPED,
    acts::{Act, Chosen, Kind, NewLine, Off},
    arithmetic::{Rate, WHOLE, each, less, round, spread, total},
    changes::part_of,
    digits,
    orders::{Latest, Line, Order, priced},
};

impl Books {
    /// Takes in an act that was carried out on this business day.
    pub(super) fn take(&mut self, act: &Act, day: NaiveDate) {
        match act {
            Act::SetRate { currency, digits, scale } => {
                self.rates.insert(currency, Rate { digits: *digits, scale: *scale });
            }
            Act::Create { currency, lines, off, fee } => self.place(currency, lines, *off, *fee, day),
            Act::Ship { order, lines } => self.ship(*order, lines, day),
            Act::Cancel { order, lines } => self.cancel(*order, lines, day),
            Act::Return { order, lines, fee } => self.take_back(*order, lines, *fee, day),
            Act::Change { order, changes, off } => self.change(*order, changes, *off, day),
            Act::Pay { order, amount } => self.pay(*order, *amount, day),
            Act::Refund { order, kind, amount, tax, lines } => {
                self.refund(*order, *kind, *amount, *tax, lines.as_deref(), day);
            }
            Act::Undo { order } => self.undo(*order, day),
        }
    }

    fn convert(&self, order: &Order, minor: i128) -> Option<i128> {
        order.rate.map(|rate| rate.convert(minor, digits(order.currency), digits(self.home)))
    }

    pub(super) fn convert_each(&self, order: &Order, amounts: [i128; 3]) -> [i128; 3] {
        amounts.map(|amount| self.convert(order, amount).unwrap_or_default())
    }

    pub(super) fn line(&self, number: u32, new: &NewLine) -> Line {
        let NewLine { product, units, price, off } = *new;
        let mut line = Line {
            number,
            sku: product.sku,
            price,
            rate: product.rate,
            inclusive: product.inclusive,
            own: off,
            part: None,
            units,
            worth: [0; 3],
            home: [0; 3],
            cancelled: 0,
            shipped: 0,
            returned: 0,
            paid_back: (0, 0),
        };
        line.agree(units);
        line
    }

    fn place(&mut self, currency: &'static str, new: &[NewLine], off: Option<Off>, given: i128, day: NaiveDate) {
        let mut lines: Vec<Line> = (1..).zip(new).map(|(number, new)| self.line(number, new)).collect();
        let gross: Vec<i128> = lines.iter().map(|line| line.gross(line.units)).collect();
        let own: Vec<i128> =
            lines.iter().zip(&gross).map(|(line, gross)| line.own.map_or(0, |off| off.of(*gross))).collect();
        let left: Vec<i128> = gross.iter().zip(&own).map(|(gross, own)| gross - own).collect();
        let discount = off.map_or(0, |off| off.of(left.iter().sum()));
        let shares = spread(discount, &gross, &left);
        for (nth, line) in lines.iter_mut().enumerate() {
            line.worth = priced(gross[nth], own[nth] + shares[nth], line.rate, line.inclusive);
            line.part = off.map(|off| part_of(off, shares[nth])).filter(|part| *part != Off::Amount(0));
        }
        let highest = lines.iter().map(|line| line.rate).max().unwrap_or(0);
        let fee_net =
            if lines.iter().all(|line| line.inclusive) { round(given * WHOLE, WHOLE + highest) } else { given };
        let fee_tax = if fee_net == given && !lines.iter().all(|line| line.inclusive) {
            round(given * highest, WHOLE)
        } else {
            given - fee_net
        };
        let mut order = Order {
            currency,
            rate: self.rate(currency),
            last_number: u32::try_from(lines.len()).expect("few lines"),
            lines,
            fee: (fee_net, fee_tax),
            fee_home: (0, 0),
            fee_back: (0, 0),
            goodwill: (0, 0),
            goodwill_home: (0, 0),
            kept: 0,
            shipments: vec![],
            freed: 0,
            units_back: 0,
            shipping_back: 0,
            latest: Latest::Placed,
        };
        let homes: Vec<[i128; 3]> = order.lines.iter().map(|line| self.convert_each(&order, line.worth)).collect();
        order.lines.iter_mut().zip(homes).for_each(|(line, home)| line.home = home);
        order.fee_home =
            (self.convert(&order, fee_net).unwrap_or_default(), self.convert(&order, fee_tax).unwrap_or_default());
        let number = 1001 + i64::try_from(self.orders.len()).expect("few orders");
        for line in order.lines.clone() {
            self.post_units(&order, BOOKED, day, 1, line.worth, line.home);
        }
        self.post_fee(&order, BOOKED, day, 1);
        self.orders.insert(number, order);
    }

    pub(super) fn post_units(
        &mut self,
        order: &Order,
        basis: usize,
        day: NaiveDate,
        sign: i128,
        own: [i128; 3],
        home: [i128; 3],
    ) {
        let home = order.rate.map(|_| signed(sign, home));
        self.post(basis, day, order.currency, signed(sign, own), home);
    }

    fn post_fee(&mut self, order: &Order, basis: usize, day: NaiveDate, sign: i128) {
        let home = order.rate.map(|_| fee(sign, order.fee_home));
        self.post(basis, day, order.currency, fee(sign, order.fee), home);
    }

    /// The units meant, or all that `rest` counts.
    fn chosen(order: &Order, lines: &Chosen, rest: fn(&Line) -> i128) -> Vec<(u32, i128)> {
        match lines {
            Some(lines) => lines.clone(),
            None => {
                let all = order.lines.iter().map(|line| (line.number, rest(line)));
                all.filter(|(_, units)| *units > 0).collect()
            }
        }
    }

    fn ship(&mut self, number: i64, lines: &Chosen, day: NaiveDate) {
        let mut order = self.orders[&number].clone();
        let chosen = Self::chosen(&order, lines, |line| line.active() - line.shipped);
        if order.shipments.is_empty() {
            self.post_fee(&order, SHIPPED, day, 1);
        }
        for (line, units) in &chosen {
            let line = order.line(*line);
            let (from, to) = (line.shipped, line.shipped + units);
            let (own, home) = (each(line.worth, line.units, from, to), each(line.home, line.units, from, to));
            line.shipped = to;
            self.post_units(&order, SHIPPED, day, 1, own, home);
        }
        order.shipments.push(chosen);
        order.latest = Latest::Shipped;
        self.orders.insert(number, order);
    }

    fn cancel(&mut self, number: i64, lines: &Chosen, day: NaiveDate) {
        let mut order = self.orders[&number].clone();
        for (line, units) in Self::chosen(&order, lines, |line| line.active() - line.shipped) {
            let line = order.line(line);
            let (from, to) = (line.active() - units, line.active());
            let (own, home) = (each(line.worth, line.units, from, to), each(line.home, line.units, from, to));
            line.cancelled += units;
            order.freed += total(own);
            self.post_units(&order, BOOKED, day, -1, own, home);
        }
        if order.lines.iter().all(|line| line.active() == 0) {
            self.post_fee(&order, BOOKED, day, -1);
            order.fee_back = order.fee;
        }
        self.goodwill_back(&mut order, day);
        order.latest = Latest::Other;
        self.orders.insert(number, order);
    }

    fn take_back(&mut self, number: i64, lines: &Chosen, fee: bool, day: NaiveDate) {
        let mut order = self.orders[&number].clone();
        for (line, units) in Self::chosen(&order, lines, |line| line.shipped - line.returned) {
            let line = order.line(line);
            let (from, to) = (line.returned, line.returned + units);
            let (own, home) = (each(line.worth, line.units, from, to), each(line.home, line.units, from, to));
            line.returned = to;
            order.freed += total(own);
            for basis in [BOOKED, SHIPPED] {
                self.post_units(&order, basis, day, -1, own, home);
            }
        }
        // A fee that was paid back has lowered the sale already.
        if fee && order.fee_back == (0, 0) && order.shipping_back == 0 {
            for basis in [BOOKED, SHIPPED] {
                self.post_fee(&order, basis, day, -1);
            }
            order.fee_back = order.fee;
        }
        self.goodwill_back(&mut order, day);
        order.latest = Latest::Other;
        self.orders.insert(number, order);
    }

    /// Goodwill takes no order below nothing (R5a): what exceeds the rest of it is posted back with its share of tax.
    pub(super) fn goodwill_back(&mut self, order: &mut Order, day: NaiveDate) {
        let (net, tax) = order.goodwill;
        // An order that is below nothing by rounding alone needs no goodwill for that.
        let excess = (net + tax - order.total()).min(net + tax);
        if excess <= 0 {
            return;
        }
        let back_net = round(excess * net, net + tax);
        let back = (back_net, excess - back_net);
        order.goodwill = (net - back.0, tax - back.1);
        let home = order.rate.map(|_| {
            let all = order.goodwill_home;
            let part = |minor: i128| self.convert(order, minor).unwrap_or_default();
            if order.goodwill == (0, 0) { all } else { (part(back.0).min(all.0), part(back.1).min(all.1)) }
        });
        if let Some((net, tax)) = home {
            order.goodwill_home = (order.goodwill_home.0 - net, order.goodwill_home.1 - tax);
        }
        for basis in [BOOKED, SHIPPED] {
            let amounts = |(net, tax): (i128, i128)| [0, -net, 0, tax, 0];
            self.post(basis, day, order.currency, amounts(back), home.map(amounts));
        }
    }

    /// Money at the rate of the day.
    fn cash(&mut self, order: &Order, amount: i128, home: Option<i128>, day: NaiveDate) {
        self.post(CASH, day, order.currency, [0, 0, 0, 0, amount], home.map(|home| [0, 0, 0, 0, home]));
    }

    fn today(&self, order: &Order, amount: i128) -> Option<i128> {
        let rate = self.rate(order.currency)?;
        Some(rate.convert(amount, digits(order.currency), digits(self.home)))
    }

    fn pay(&mut self, number: i64, amount: Option<i128>, day: NaiveDate) {
        let mut order = self.orders[&number].clone();
        let amount = amount.unwrap_or_else(|| order.due());
        let home = self.today(&order, amount);
        self.cash(&order, amount, home, day);
        order.kept += amount;
        order.latest = Latest::Paid(amount, home);
        self.orders.insert(number, order);
    }

    fn refund(
        &mut self,
        number: i64,
        kind: Option<Kind>,
        amount: Option<i128>,
        tax: Option<i128>,
        lines: Option<&[(u32, i128)]>,
        day: NaiveDate,
    ) {
        let mut order = self.orders[&number].clone();
        let kind = kind.unwrap_or(if lines.is_some() { Kind::Units } else { Kind::Owed });
        let amount = match (amount, lines) {
            (Some(amount), _) => amount,
            (None, Some(lines)) => order.price_of(lines).expect("they are to be paid back"),
            (None, None) => order.limit(kind),
        };
        for (number, units) in lines.unwrap_or_default() {
            let line = order.line(*number);
            let back = (*units).min(line.returned - line.paid_back.0);
            line.paid_back = (line.paid_back.0 + back, line.paid_back.1 + units - back);
        }
        let home = self.today(&order, -amount);
        self.cash(&order, -amount, home, day);
        order.kept -= amount;
        match kind {
            Kind::Owed => {}
            Kind::Units => order.units_back += amount,
            Kind::Shipping => {
                let before = order.shipping_back;
                order.shipping_back += amount;
                if order.fee_back == (0, 0) {
                    // The fee still was part of the sale, which it lowers like goodwill.
                    let (net, tax) = order.fee;
                    let upto = |part: i128| round(part * net, net + tax);
                    let part = upto(before + amount) - upto(before);
                    self.lower(&mut order, (part, amount - part), day);
                }
            }
            Kind::Goodwill => {
                let (revenue, all) = order.standing();
                let share = if all == 0 { amount } else { round(amount * revenue, all) };
                let net = tax.map_or(share, |tax| amount - tax);
                let part = (net, amount - net);
                self.lower(&mut order, part, day);
            }
        }
        order.latest = Latest::Other;
        self.orders.insert(number, order);
    }

    /// Lowers the sale by goodwill, net and tax, on both bases.
    fn lower(&mut self, order: &mut Order, part: (i128, i128), day: NaiveDate) {
        let convert = |minor: i128| self.convert(order, minor);
        let home = convert(part.0).zip(convert(part.1));
        for basis in [BOOKED, SHIPPED] {
            let amounts = |(net, tax): (i128, i128)| [0, net, 0, -tax, 0];
            self.post(basis, day, order.currency, amounts(part), home.map(amounts));
        }
        order.goodwill = (order.goodwill.0 + part.0, order.goodwill.1 + part.1);
        let (net, tax) = home.unwrap_or_default();
        order.goodwill_home = (order.goodwill_home.0 + net, order.goodwill_home.1 + tax);
    }

    fn undo(&mut self, number: i64, day: NaiveDate) {
        let mut order = self.orders[&number].clone();
        match std::mem::replace(&mut order.latest, Latest::Other) {
            Latest::Placed => return self.cancel(number, &None, day),
            Latest::Shipped => {
                for (line, units) in order.shipments.pop().expect("it left") {
                    let line = order.line(line);
                    let (from, to) = (line.shipped - units, line.shipped);
                    let (own, home) = (each(line.worth, line.units, from, to), each(line.home, line.units, from, to));
                    line.shipped = from;
                    self.post_units(&order, SHIPPED, day, -1, own, home);
                }
                if order.shipments.is_empty() {
                    self.post_fee(&order, SHIPPED, day, -1);
                }
            }
            Latest::Paid(amount, home) => {
                self.cash(&order, -amount, home.map(|home| -home), day);
                order.kept -= amount;
            }
            Latest::Changed(before) => {
                let find = |lines: &[Line], number: u32| lines.iter().find(|line| line.number == number).cloned();
                let kept = |line: Option<Line>| line.map_or(([0; 3], [0; 3]), |line| (line.kept(), line.kept_home()));
                let mut difference = 0;
                for number in 1..=order.last_number {
                    let (was, is) = (kept(find(&order.lines, number)), kept(find(&before, number)));
                    let (own, home) = (less(is.0, was.0), less(is.1, was.1));
                    difference += total(own);
                    self.post_units(&order, BOOKED, day, 1, own, home);
                }
                order.lines = before;
                order.freed += (-difference).max(0);
                self.goodwill_back(&mut order, day);
            }
            Latest::Other => panic!("nothing to undo"),
        }
        self.orders.insert(number, order);
    }

    /// Whether the latest act on the order can be undone at all.
    pub(super) fn can_undo(&self, number: i64) -> bool {
        self.orders.get(&number).is_some_and(|order| order.latest != Latest::Other)
    }
}

fn signed(sign: i128, [gross, discount, tax]: [i128; 3]) -> [i128; 5] {
    [sign * gross, sign * discount, 0, sign * tax, 0]
}

fn fee(sign: i128, (net, tax): (i128, i128)) -> [i128; 5] {
    [0, 0, sign * net, sign * tax, 0]
}
