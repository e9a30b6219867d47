//! How an order read at every position while something about it was open: a few numbers for each change, as JSON.

use orderlog_domain::order::{PaymentStatus, Status};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Bits of [`Version::3`].
const UNPAID: u8 = 1;
const HELD: u8 = 2;
const BACKORDERED: u8 = 4;

/// How an order reads in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) status: Status,
    pub(super) payment: PaymentStatus,
    pub(super) unpaid: bool,
    /// On hold before this time, milliseconds since the epoch; 0 when it is not held.
    pub(super) held_until: i64,
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
    /// When the holds of the held versions end, in their order. Few orders are ever held.
    #[serde(rename = "h", default, skip_serializing_if = "Vec::is_empty")]
    ends: Vec<i64>,
}

/// Of a story, how the order read.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    #[serde(rename = "v")]
    versions: Vec<Version>,
    #[serde(rename = "h", default)]
    ends: Vec<i64>,
}

/// Of a story, which products the order held.
#[derive(Debug, Deserialize)]
pub(super) struct Held {
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
        self.status.owes_goods() || self.unpaid || self.backordered
    }
}

impl Story {
    /// From `position` on the order reads so; the position since which it does.
    pub(super) fn read(&mut self, position: i64, reading: Reading) -> i64 {
        match self.versions.last() {
            Some(last) if last.reading(end_of_hold(&self.versions, &self.ends)) == reading => last.0,
            _ => {
                self.versions.push(Version::new(position, reading));
                if reading.held_until > 0 {
                    self.ends.push(reading.held_until);
                }
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
        // When a hold ends changes nothing here: an order on hold owes goods.
        let last = self.versions.iter().rposition(|version| version.reading(0).open())?;
        let until = self.versions.get(last + 1)?.0;
        self.versions.truncate(last + 1);
        self.held.retain(|(from, _)| *from < until);
        self.ends.truncate(self.versions.iter().filter(|version| version.is_held()).count());
        Some((self.versions.first()?.0, until))
    }
}

impl Told {
    /// How the order read right after `position`; `None` before its placement.
    pub(super) fn at(&self, position: i64) -> Option<Reading> {
        let nth = self.versions.iter().rposition(|version| version.0 <= position)?;
        let versions = self.versions.get(..=nth)?;
        versions.last().map(|version| version.reading(end_of_hold(versions, &self.ends)))
    }
}

impl Held {
    /// Whether the order held the product right after `position`.
    pub(super) fn at(&self, product: Uuid, position: i64) -> bool {
        let held = self.held.iter().rev().find(|(from, _)| *from <= position);
        held.is_some_and(|(_, products)| products.contains(&product))
    }
}

/// When the hold of the latest held one of these first versions ends; 0 when none is held.
fn end_of_hold(versions: &[Version], ends: &[i64]) -> i64 {
    let held = versions.iter().filter(|version| version.is_held()).count();
    held.checked_sub(1).and_then(|nth| ends.get(nth)).copied().unwrap_or(0)
}

impl Version {
    fn new(position: i64, reading: Reading) -> Version {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        let bits =
            bit(reading.unpaid, UNPAID) | bit(reading.held_until > 0, HELD) | bit(reading.backordered, BACKORDERED);
        let Reading { status, payment, units_owed, total, due, .. } = reading;
        Version(position, status as u8, payment as u8, bits, units_owed, total, due)
    }

    fn is_held(&self) -> bool {
        self.3 & HELD != 0
    }

    /// How the order read; `end` is when its hold ends, if it is held.
    fn reading(&self, end: i64) -> Reading {
        let Version(_, status, payment, bits, units_owed, total, due) = *self;
        // Written by `new` of the same version of this read model, so both are in range.
        let status = Status::ALL.get(usize::from(status)).copied().unwrap_or(Status::Pending);
        let payment = PAYMENTS.get(usize::from(payment)).copied().unwrap_or(PaymentStatus::Unpaid);
        let set = |bit: u8| bits & bit != 0;
        let (unpaid, backordered) = (set(UNPAID), set(BACKORDERED));
        let held_until = if self.is_held() { end } else { 0 };
        Reading { status, payment, unpaid, held_until, backordered, units_owed, total, due }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(story: &Story) -> Told {
        serde_json::from_str(&serde_json::to_string(story).unwrap()).unwrap()
    }

    fn reading(status: Status, due: i64) -> Reading {
        Reading {
            status,
            payment: PaymentStatus::Unpaid,
            unpaid: due > 0,
            held_until: 0,
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
        let again: Story = serde_json::from_str(&serde_json::to_string(&story).unwrap()).unwrap();
        assert_eq!(again, story);
        assert_eq!(story.close(), Some((10, 30)), "from 30 on nothing was open");
        for (position, status) in [(9, None), (10, Some(Status::Pending)), (29, Some(Status::Shipped))] {
            assert_eq!(told(&story).at(position).map(|reading| reading.status), status, "at {position}");
        }
    }

    #[test]
    fn every_hold_keeps_its_own_end() {
        let held = |held_until: i64| Reading { held_until, ..reading(Status::Pending, 300) };
        let mut story = Story::default();
        for (position, end) in [(10, 0), (20, 5_000), (30, 7_000), (40, 0), (50, i64::MAX), (60, 0)] {
            assert_eq!(story.read(position, held(end)), position);
        }
        assert_eq!(story.read(61, held(0)), 60);
        assert_eq!(story.read(70, reading(Status::Cancelled, 0)), 70);
        assert_eq!(story.close(), Some((10, 70)));
        let told = told(&story);
        let ends = [19, 20, 29, 30, 40, 50, 69].map(|position| told.at(position).unwrap().held_until);
        assert_eq!(ends, [0, 5_000, 5_000, 7_000, 0, i64::MAX, 0]);
    }

    #[test]
    fn every_status_survives() {
        for (status, payment) in Status::ALL.into_iter().flat_map(|status| PAYMENTS.map(|payment| (status, payment))) {
            let reading = Reading { status, payment, backordered: true, ..reading(status, 0) };
            assert_eq!(Version::new(1, reading).reading(0), reading);
        }
    }

    #[test]
    fn products_are_held_from_a_position_on() {
        let [tea, pen] = [1, 2].map(Uuid::from_u128);
        let mut story = Story::default();
        story.hold(10, vec![tea]);
        story.hold(12, vec![tea]);
        story.hold(15, vec![pen]);
        let held: Held = serde_json::from_str(&serde_json::to_string(&story).unwrap()).unwrap();
        assert_eq!([9, 10, 14, 15].map(|position| held.at(tea, position)), [false, true, true, false]);
        assert_eq!([9, 10, 14, 15].map(|position| held.at(pen, position)), [false, false, false, true]);
    }
}
