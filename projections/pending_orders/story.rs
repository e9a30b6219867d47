//! How an order read at every position while something about it was open: a few numbers for each change, as JSON.

use orderlog_domain::order::{PaymentStatus, Status};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Bits of [`Version::3`].
const UNPAID: u8 = 1;
const ON_HOLD: u8 = 2;
const BACKORDERED: u8 = 4;

/// How an order reads in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) status: Status,
    pub(super) payment: PaymentStatus,
    pub(super) unpaid: bool,
    pub(super) on_hold: bool,
    pub(super) backordered: bool,
    pub(super) units_owed: i64,
    pub(super) total: i64,
    pub(super) due: i64,
}

/// All readings of one order, oldest first, and which products it held.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Story {
    #[serde(rename = "v")]
    versions: Vec<Version>,
    #[serde(rename = "p")]
    held: Vec<(i64, Vec<Uuid>)>,
}

/// From which position; status and payment status by their place in an order's life; bits; units owed; total; due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Version(i64, u8, u8, u8, i64, i64, i64);

/// Every payment status, in the order in which it is declared.
const PAYMENTS: [PaymentStatus; 6] = [
    PaymentStatus::Unpaid,
    PaymentStatus::PartiallyPaid,
    PaymentStatus::Paid,
    PaymentStatus::PartiallyRefunded,
    PaymentStatus::Refunded,
    PaymentStatus::Overpaid,
];

impl Reading {
    /// Whether the order is in any scope.
    pub(super) fn open(&self) -> bool {
        self.status.owes_goods() || self.unpaid || self.on_hold || self.backordered
    }
}

impl Story {
    /// From `position` on the order reads so; the position since which it does.
    pub(super) fn read(&mut self, position: i64, reading: Reading) -> i64 {
        match self.versions.last() {
            Some(last) if last.reading() == reading => last.0,
            _ => {
                self.versions.push(Version::new(position, reading));
                position
            }
        }
    }

    /// From `position` on the order holds these products.
    pub(super) fn hold(&mut self, position: i64, products: Vec<Uuid>) {
        if self.held.last().is_none_or(|(_, held)| *held != products) {
            self.held.push((position, products));
        }
    }

    /// Cuts off the end in which nothing was open; from where to where something was, if ever.
    pub(super) fn close(&mut self) -> Option<(i64, i64)> {
        let last = self.versions.iter().rposition(|version| version.reading().open())?;
        let until = self.versions.get(last + 1)?.0;
        self.versions.truncate(last + 1);
        self.held.retain(|(from, _)| *from < until);
        Some((self.versions.first()?.0, until))
    }

    /// How the order read right after `position`; `None` before its placement.
    pub(super) fn at(&self, position: i64) -> Option<Reading> {
        self.versions.iter().rev().find(|version| version.0 <= position).map(Version::reading)
    }

    /// Whether the order held the product right after `position`.
    pub(super) fn held(&self, product: Uuid, position: i64) -> bool {
        let held = self.held.iter().rev().find(|(from, _)| *from <= position);
        held.is_some_and(|(_, products)| products.contains(&product))
    }
}

impl Version {
    fn new(position: i64, reading: Reading) -> Version {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        let bits = bit(reading.unpaid, UNPAID) | bit(reading.on_hold, ON_HOLD) | bit(reading.backordered, BACKORDERED);
        let Reading { status, payment, units_owed, total, due, .. } = reading;
        Version(position, status as u8, payment as u8, bits, units_owed, total, due)
    }

    fn reading(&self) -> Reading {
        let Version(_, status, payment, bits, units_owed, total, due) = *self;
        // Written by `new` of the same version of this read model, so both are in range.
        let status = Status::ALL.get(usize::from(status)).copied().unwrap_or(Status::Pending);
        let payment = PAYMENTS.get(usize::from(payment)).copied().unwrap_or(PaymentStatus::Unpaid);
        let set = |bit: u8| bits & bit != 0;
        let (unpaid, on_hold, backordered) = (set(UNPAID), set(ON_HOLD), set(BACKORDERED));
        Reading { status, payment, unpaid, on_hold, backordered, units_owed, total, due }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(status: Status, due: i64) -> Reading {
        Reading {
            status,
            payment: PaymentStatus::Unpaid,
            unpaid: due > 0,
            on_hold: false,
            backordered: false,
            units_owed: 3,
            total: 300,
            due,
        }
    }

    #[test]
    fn a_story_tells_every_position_and_ends_with_the_last_open_one() {
        let mut story = Story::default();
        assert_eq!(story.read(10, reading(Status::Pending, 300)), 10);
        assert_eq!(story.read(11, reading(Status::Pending, 300)), 10, "nothing changed that is shown");
        assert_eq!(story.read(20, reading(Status::Shipped, 300)), 20);
        assert_eq!(story.read(30, reading(Status::Shipped, 0)), 30);
        assert_eq!(story.read(40, reading(Status::Delivered, 0)), 40);
        let told: Story = serde_json::from_str(&serde_json::to_string(&story).unwrap()).unwrap();
        assert_eq!(told, story);
        assert_eq!(story.close(), Some((10, 30)), "from 30 on nothing was open");
        for (position, status) in [(9, None), (10, Some(Status::Pending)), (29, Some(Status::Shipped))] {
            assert_eq!(story.at(position).map(|reading| reading.status), status, "at {position}");
        }
    }

    #[test]
    fn every_status_survives() {
        for (status, payment) in Status::ALL.into_iter().flat_map(|status| PAYMENTS.map(|payment| (status, payment))) {
            let reading = Reading { status, payment, backordered: true, ..reading(status, 0) };
            assert_eq!(Version::new(1, reading).reading(), reading);
        }
    }

    #[test]
    fn products_are_held_from_a_position_on() {
        let [tea, pen] = [1, 2].map(Uuid::from_u128);
        let mut story = Story::default();
        story.hold(10, vec![tea]);
        story.hold(12, vec![tea]);
        story.hold(15, vec![pen]);
        assert_eq!([9, 10, 14, 15].map(|position| story.held(tea, position)), [false, true, true, false]);
        assert_eq!([9, 10, 14, 15].map(|position| story.held(pen, position)), [false, false, false, true]);
    }
}
