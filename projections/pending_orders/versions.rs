//! The versions of an order: its state at every position while something about it was open. A few numbers for each, as
//! JSON.

use orderlog_domain::order::{PaymentStatus, Status};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::scope::{Reading, Scope};
use crate::stored::stored_as_array;

/// Flags of a [`Version`].
const UNPAID: u8 = 1;
const HELD: u8 = 2;
const BACKORDERED: u8 = 4;

/// All versions of one order, oldest first, and its products. Stored as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Versions {
    #[serde(rename = "v")]
    versions: Vec<Version>,
    #[serde(rename = "p")]
    products: Vec<ProductsFrom>,
    /// When the holds of the versions on hold end, in their order. Few orders are ever on hold.
    #[serde(rename = "h", default, skip_serializing_if = "Vec::is_empty")]
    hold_ends: Vec<i64>,
}

/// Of [`Versions`], how the order read.
#[derive(Debug, Deserialize)]
pub(super) struct VersionsOnly {
    #[serde(rename = "v")]
    versions: Vec<Version>,
    #[serde(rename = "h", default)]
    hold_ends: Vec<i64>,
}

/// Only the products of [`Versions`].
#[derive(Debug, Deserialize)]
pub(super) struct ProductsOnly {
    #[serde(rename = "p")]
    products: Vec<ProductsFrom>,
}

stored_as_array! {
    /// The state of the order from a position on, without the end of a hold.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Version {
        from: i64,
        /// The index of its status in [`Status::ALL`].
        status: u8,
        /// The index of its payment status in [`PAYMENTS`].
        payment: u8,
        /// [`UNPAID`], [`HELD`] and [`BACKORDERED`], those that apply.
        flags: u8,
        units_owed: i64,
        total: i64,
        due: i64,
    }
}

stored_as_array! {
    /// The products of the order from a position on.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct ProductsFrom {
        from: i64,
        products: Vec<Uuid>,
    }
}

/// Every payment status, in the order in which it is declared.
const PAYMENTS: [PaymentStatus; 6] = [
    PaymentStatus::Unpaid,
    PaymentStatus::PartiallyPaid,
    PaymentStatus::Paid,
    PaymentStatus::PartiallyRefunded,
    PaymentStatus::Refunded,
    PaymentStatus::Overpaid,
];

impl Versions {
    /// Records the state of the order from `position` on; returns the position since which it has this state.
    pub(super) fn record(&mut self, position: i64, reading: Reading) -> i64 {
        match self.versions.last() {
            Some(last) if last.reading(end_of_hold(&self.versions, &self.hold_ends)) == reading => last.from,
            _ => {
                self.versions.push(Version::new(position, reading));
                if reading.held_until > 0 {
                    self.hold_ends.push(reading.held_until);
                }
                position
            }
        }
    }

    /// Records the products of the order from `position` on.
    pub(super) fn record_products(&mut self, position: i64, products: Vec<Uuid>) {
        if self.products.last().is_none_or(|last| last.products != products) {
            self.products.push(ProductsFrom { from: position, products });
        }
    }

    /// How the order reads now.
    pub(super) fn latest(&self) -> Option<Reading> {
        self.versions.last().map(|last| last.reading(end_of_hold(&self.versions, &self.hold_ends)))
    }

    /// Cuts off the end in which nothing was open; returns the interval in which something was open, if there was any.
    pub(super) fn close(&mut self) -> Option<(i64, i64)> {
        // The end of a hold does not matter here: an order on hold owes goods.
        let last = self.versions.iter().rposition(|version| version.reading(0).is_open())?;
        let until = self.versions.get(last + 1)?.from;
        self.versions.truncate(last + 1);
        self.products.retain(|products| products.from < until);
        self.hold_ends.truncate(self.versions.iter().filter(|version| version.is_held()).count());
        Some((self.versions.first()?.from, until))
    }
}

impl VersionsOnly {
    /// The state of the order right after `position`; `None` before its placement.
    pub(super) fn at(&self, position: i64) -> Option<Reading> {
        let nth = self.versions.iter().rposition(|version| version.from <= position)?;
        let versions = self.versions.get(..=nth)?;
        versions.last().map(|version| version.reading(end_of_hold(versions, &self.hold_ends)))
    }
}

impl ProductsOnly {
    /// Whether the order contained the product right after `position`.
    pub(super) fn at(&self, product: Uuid, position: i64) -> bool {
        let held = self.products.iter().rev().find(|products| products.from <= position);
        held.is_some_and(|held| held.products.contains(&product))
    }
}

/// When the hold ends of the latest version on hold among these first versions; 0 if none is on hold.
fn end_of_hold(versions: &[Version], hold_ends: &[i64]) -> i64 {
    let held = versions.iter().filter(|version| version.is_held()).count();
    held.checked_sub(1).and_then(|nth| hold_ends.get(nth)).copied().unwrap_or(0)
}

impl Version {
    fn new(from: i64, reading: Reading) -> Version {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let flags = flag(Scope::Unpaid.holds(&reading, 0), UNPAID)
            | flag(reading.held_until > 0, HELD)
            | flag(reading.backordered, BACKORDERED);
        let Reading { status, payment, units_owed, total, due, .. } = reading;
        Version { from, status: status as u8, payment: payment as u8, flags, units_owed, total, due }
    }

    fn is_held(&self) -> bool {
        self.flags & HELD != 0
    }

    /// The state in this version; `end` is when its hold ends, if it is on hold.
    fn reading(&self, end: i64) -> Reading {
        let Version { status, payment, units_owed, total, due, .. } = *self;
        // Written by `new` of the same version of this read model, so both are in range.
        let status = Status::ALL.get(usize::from(status)).copied().unwrap_or(Status::Pending);
        let payment = PAYMENTS.get(usize::from(payment)).copied().unwrap_or(PaymentStatus::Unpaid);
        let held_until = if self.is_held() { end } else { 0 };
        Reading { status, payment, held_until, backordered: self.flags & BACKORDERED != 0, units_owed, total, due }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions_only(versions: &Versions) -> VersionsOnly {
        serde_json::from_str(&serde_json::to_string(versions).unwrap()).unwrap()
    }

    fn reading(status: Status, due: i64) -> Reading {
        Reading {
            status,
            payment: PaymentStatus::Unpaid,
            held_until: 0,
            backordered: false,
            units_owed: 3,
            total: 300,
            due,
        }
    }

    #[test]
    fn versions_tell_every_position_and_end_with_the_last_open_one() {
        let mut versions = Versions::default();
        assert_eq!(versions.record(10, reading(Status::Pending, 300)), 10);
        assert_eq!(versions.record(11, reading(Status::Pending, 300)), 10, "nothing changed that is shown");
        assert_eq!(versions.record(20, reading(Status::Shipped, 300)), 20);
        assert_eq!(versions.record(30, reading(Status::Shipped, 0)), 30);
        assert_eq!(versions.record(40, reading(Status::Delivered, 0)), 40);
        let again: Versions = serde_json::from_str(&serde_json::to_string(&versions).unwrap()).unwrap();
        assert_eq!(again, versions);
        assert_eq!(versions.close(), Some((10, 30)), "from 30 on nothing was open");
        for (position, status) in [(9, None), (10, Some(Status::Pending)), (29, Some(Status::Shipped))] {
            assert_eq!(versions_only(&versions).at(position).map(|reading| reading.status), status, "at {position}");
        }
    }

    #[test]
    fn every_hold_keeps_its_own_end() {
        let held = |held_until: i64| Reading { held_until, ..reading(Status::Pending, 300) };
        let mut versions = Versions::default();
        for (position, end) in [(10, 0), (20, 5_000), (30, 7_000), (40, 0), (50, i64::MAX), (60, 0)] {
            assert_eq!(versions.record(position, held(end)), position);
        }
        assert_eq!(versions.record(61, held(0)), 60);
        assert_eq!(versions.record(70, reading(Status::Cancelled, 0)), 70);
        assert_eq!(versions.close(), Some((10, 70)));
        let versions = versions_only(&versions);
        let ends = [19, 20, 29, 30, 40, 50, 69].map(|position| versions.at(position).unwrap().held_until);
        assert_eq!(ends, [0, 5_000, 5_000, 7_000, 0, i64::MAX, 0]);
    }

    /// The form in which earlier builds of this version of the read model wrote it.
    #[test]
    fn versions_are_stored_as_arrays() {
        let mut versions = Versions::default();
        versions.record(10, Reading { held_until: 5_000, ..reading(Status::Confirmed, 300) });
        versions.record(12, Reading { backordered: true, ..reading(Status::Shipped, 0) });
        versions.record_products(10, vec![Uuid::from_u128(1)]);
        let stored = r#"{"v":[[10,1,0,3,3,300,300],[12,4,0,4,3,300,0]],"p":[[10,["00000000-0000-0000-0000-000000000001"]]],"h":[5000]}"#;
        assert_eq!(serde_json::to_string(&versions).unwrap(), stored);
        assert_eq!(serde_json::from_str::<Versions>(stored).unwrap(), versions);
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
        let mut versions = Versions::default();
        versions.record_products(10, vec![tea]);
        versions.record_products(12, vec![tea]);
        versions.record_products(15, vec![pen]);
        let products: ProductsOnly = serde_json::from_str(&serde_json::to_string(&versions).unwrap()).unwrap();
        assert_eq!([9, 10, 14, 15].map(|position| products.at(tea, position)), [false, true, true, false]);
        assert_eq!([9, 10, 14, 15].map(|position| products.at(pen, position)), [false, false, false, true]);
    }
}
