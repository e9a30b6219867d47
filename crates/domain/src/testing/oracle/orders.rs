//! An order as it was entered: its price, and what is due and may go back.

use super::{
    acts::{Kind, Off, Price},
    arithmetic::{Rate, WHOLE, each, round, total},
};

/// A line as entered, with the states of its units.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) sku: &'static str,
    pub(super) price: Price,
    pub(super) rate: i128,
    pub(super) inclusive: bool,
    /// The discount of the line only, then its part of the discount on the complete order.
    pub(super) own: Option<Off>,
    pub(super) part: Option<Off>,
    /// The units of the last agreement.
    pub(super) units: i128,
    /// Gross, discount and tax of all of them.
    pub(super) worth: [i128; 3],
    pub(super) home: [i128; 3],
    pub(super) cancelled: i128,
    pub(super) shipped: i128,
    pub(super) returned: i128,
    /// Paid back by name: of those returned, of those cancelled.
    pub(super) paid_back: (i128, i128),
}

#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) currency: &'static str,
    pub(super) rate: Option<Rate>,
    pub(super) lines: Vec<Line>,
    pub(super) last_number: u32,
    /// Net and tax, as agreed and in the shop's currency.
    pub(super) fee: (i128, i128),
    pub(super) fee_home: (i128, i128),
    pub(super) fee_back: (i128, i128),
    pub(super) goodwill: (i128, i128),
    pub(super) goodwill_home: (i128, i128),
    pub(super) kept: i128,
    /// Shipments that were not voided.
    pub(super) shipments: Vec<Vec<(u32, i128)>>,
    /// Worth of units taken out; paid back for units and for the fee.
    pub(super) freed: i128,
    pub(super) units_back: i128,
    pub(super) shipping_back: i128,
    /// The latest act, if it can be undone.
    pub(super) latest: Latest,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Latest {
    Other,
    Placed,
    Shipped,
    Paid(i128, Option<i128>),
    /// The lines before a change, where all of it can be taken back.
    Changed(Vec<Line>),
}

impl Line {
    pub(super) fn active(&self) -> i128 {
        self.units - self.cancelled
    }

    /// The remaining part of the order: not cancelled, not returned.
    pub(super) fn kept(&self) -> [i128; 3] {
        each(self.worth, self.units, self.returned, self.active())
    }

    pub(super) fn kept_home(&self) -> [i128; 3] {
        each(self.home, self.units, self.returned, self.active())
    }

    /// The price of so many units as entered.
    pub(super) fn gross(&self, units: i128) -> i128 {
        match self.price {
            Price::Each(price) => price * units,
            Price::Whole(amount, of) => round(amount * units, of),
        }
    }

    /// Prices the line again for so many units (R2; a part stays a part, an amount an amount up to the line).
    pub(super) fn agree(&mut self, units: i128) {
        let gross = self.gross(units);
        let mut left = gross;
        for off in self.own.iter().chain(&self.part) {
            left -= off.of(left).min(left);
        }
        self.worth = priced(gross, gross - left, self.rate, self.inclusive);
        (self.units, self.cancelled) = (units, 0);
        self.paid_back.1 = 0;
    }
}

impl Off {
    pub(super) fn of(self, whole: i128) -> i128 {
        match self {
            Off::Part(part) => round(whole * part, WHOLE),
            Off::Amount(amount) => amount,
        }
    }
}

/// Gross, discount and tax of what was entered (R2).
pub(super) fn priced(gross: i128, off: i128, rate: i128, inclusive: bool) -> [i128; 3] {
    let left = gross - off;
    if !inclusive {
        return [gross, off, round(left * rate, WHOLE)];
    }
    let without = |amount: i128| round(amount * WHOLE, WHOLE + rate);
    [without(gross), without(gross) - without(left), left - without(left)]
}

impl Order {
    /// The total of the remaining parts, with tax.
    pub(super) fn total(&self) -> i128 {
        let lines: i128 = self.lines.iter().map(|line| total(line.kept())).sum();
        lines + self.fee.0 + self.fee.1 - self.fee_back.0 - self.fee_back.1
    }

    pub(super) fn due(&self) -> i128 {
        (self.total() - self.goodwill.0 - self.goodwill.1).max(0) - self.kept
    }

    pub(super) fn line(&mut self, number: u32) -> &mut Line {
        self.lines.iter_mut().find(|line| line.number == number).expect("the line is there")
    }

    /// Revenue and total of what is part of it now.
    pub(super) fn standing(&self) -> (i128, i128) {
        let [mut gross, mut discount] = [0; 2];
        for line in &self.lines {
            let kept = line.kept();
            (gross, discount) = (gross + kept[0], discount + kept[1]);
        }
        (gross - discount + self.fee.0 - self.fee_back.0, self.total())
    }

    /// How much may go back for this kind.
    pub(super) fn limit(&self, kind: Kind) -> i128 {
        let owed = (-self.due()).clamp(0, self.kept.max(0));
        match kind {
            Kind::Owed => owed,
            Kind::Units => owed.min(self.freed - self.units_back).max(0),
            Kind::Shipping => {
                let most = if self.fee_back == (0, 0) {
                    self.kept.min(self.total() - self.goodwill.0 - self.goodwill.1)
                } else {
                    owed
                };
                most.min(self.fee.0 + self.fee.1 - self.shipping_back).max(0)
            }
            Kind::Goodwill => self.kept.min(self.total() - self.goodwill.0 - self.goodwill.1).max(0),
        }
    }

    /// The price of the named units; `None` if there are not so many of them to be paid back.
    pub(super) fn price_of(&self, lines: &[(u32, i128)]) -> Option<i128> {
        let mut price = 0;
        for (number, units) in lines {
            let line = self.lines.iter().find(|line| line.number == *number)?;
            let back = (*units).min(line.returned - line.paid_back.0);
            let rest = units - back;
            if rest > line.cancelled - line.paid_back.1 {
                return None;
            }
            let top = line.units - line.paid_back.1;
            price += total(each(line.worth, line.units, line.paid_back.0, line.paid_back.0 + back));
            price += total(each(line.worth, line.units, top - rest, top));
        }
        Some(price)
    }
}
