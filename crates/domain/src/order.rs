//! An order, folded from its stream: units per line, money, times; everything else is derived from these (domain rules
//! §1).

mod diff;
mod evolve;
mod line;
mod money;
mod records;
mod status;
mod texts;
mod transition;
mod view;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub use diff::{Change, FieldValue};
pub use line::Line;
pub(crate) use line::Released;
pub use records::{AddedNote, Hold, Payment, RefundRecord, Shipment, ShippedUnits, Times};
pub use status::{PaymentStatus, Status};
pub use view::{LineView, OrderView};

use crate::{
    event::{Charge, StoredRate, Totals},
    ids::{CustomerId, OrderId, Version},
    money::Currency,
};

/// An order. Version 0 means that it was never placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The order's number.
    pub id: OrderId,
    /// Version of the order's stream.
    pub version: Version,
    /// Version of the order's stream after the latest event that an undo of an earlier one would disturb: all but
    /// `BackorderFilled` and `OrderNoteAdded`.
    pub acted: Version,
    /// The customer who ordered.
    pub customer_id: CustomerId,
    /// Currency of every amount of the order.
    pub currency: Currency,
    /// The lines in the sequence in which they were given, numbered from 1.
    pub lines: Vec<Line>,
    /// The highest line number that was ever used: no number is used twice.
    pub last_line: u32,
    /// Shipping fee as agreed.
    pub shipping: Charge,
    /// Shipping fee taken back by cancelling or returning.
    pub shipping_reversed: Charge,
    /// The rate by which the order's amounts are converted to the shop's currency, if they are in another one.
    pub rate: Option<StoredRate>,
    /// The shipping fee in the shop's currency; zero without a rate.
    pub shipping_converted: Charge,
    /// Totals as placed, or as of the last change of lines.
    pub totals: Totals,
    /// The goodwill that lowers the sale: granted minus posted back (rule R5a).
    pub goodwill: Charge,
    /// The goodwill in the shop's currency; zero without a rate.
    pub goodwill_converted: Charge,
    /// Worth with tax, minor units, of the units that cancelling, returning or changing lines took out of the order.
    pub freed: i64,
    /// Money that went back for such units, minor units.
    pub refunded_units: i64,
    /// Money that went back for the shipping fee, minor units.
    pub refunded_shipping: i64,
    /// Money of all payments, minor units; without undone ones it is [`Order::received`].
    pub captured: i64,
    /// Money of all refunds, minor units; without undone payments it is [`Order::paid_back`].
    pub refunded: i64,
    /// Money of payments that were undone, minor units: it counts as captured and as refunded.
    pub undone: i64,
    /// The order's version right after its latest payment.
    pub paid_at: Version,
    /// Every payment, oldest first.
    pub payments: Vec<Payment>,
    /// Every refund, oldest first.
    pub refunds: Vec<RefundRecord>,
    /// Every shipment, oldest first.
    pub shipments: Vec<Shipment>,
    /// The note that it was placed with; may be sealed.
    pub note: Option<String>,
    /// Notes since then, oldest first.
    #[serde(default)]
    pub notes: Vec<AddedNote>,
    /// Its number in the system it was imported from.
    #[serde(default)]
    pub external_reference: Option<String>,
    /// Business day of the placement.
    pub placed_on: NaiveDate,
    /// When the order reached its milestones.
    pub times: Times,
    /// The hold that was in force before the latest `OrderHeld` or `OrderReleased`: undoing that event restores it.
    pub hold_before: Option<Hold>,
    /// Business day of the latest event; no later event may have an earlier one.
    pub last_event_on: NaiveDate,
}

impl Order {
    /// An order that was never placed.
    #[must_use]
    pub fn empty(id: OrderId) -> Order {
        Order {
            id,
            version: Version::NONE,
            acted: Version::NONE,
            customer_id: CustomerId(uuid::Uuid::nil()),
            currency: Currency::INR,
            lines: vec![],
            last_line: 0,
            shipping: Charge::default(),
            shipping_reversed: Charge::default(),
            rate: None,
            shipping_converted: Charge::default(),
            totals: Totals::default(),
            goodwill: Charge::default(),
            goodwill_converted: Charge::default(),
            freed: 0,
            refunded_units: 0,
            refunded_shipping: 0,
            captured: 0,
            refunded: 0,
            undone: 0,
            paid_at: Version::NONE,
            payments: vec![],
            refunds: vec![],
            shipments: vec![],
            note: None,
            notes: vec![],
            external_reference: None,
            placed_on: NaiveDate::MIN,
            times: Times::default(),
            hold_before: None,
            last_event_on: NaiveDate::MIN,
        }
    }

    /// Whether the order was placed.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.version > Version::NONE
    }

    /// Shipments that did leave, oldest first.
    pub fn standing_shipments(&self) -> impl DoubleEndedIterator<Item = &Shipment> {
        self.shipments.iter().filter(|shipment| shipment.voided.is_none())
    }

    /// Whether a hold was recorded and no release, and units are left to hold back. A hold with an end is over at that
    /// end, although its release is recorded only with the next command: use [`Order::on_hold_at`] to show the order.
    #[must_use]
    pub fn on_hold(&self) -> bool {
        self.times.held.is_some() && self.unshipped() > 0
    }

    /// Whether nothing may ship at `now`.
    #[must_use]
    pub fn on_hold_at(&self, now: DateTime<Utc>) -> bool {
        self.on_hold() && self.times.held_until.is_none_or(|until| now < until)
    }

    /// The order at `now`: without a hold that has ended by itself.
    #[must_use]
    pub fn as_read_at(mut self, now: DateTime<Utc>) -> Order {
        if !self.on_hold_at(now) {
            (self.times.held, self.times.held_until) = (None, None);
        }
        self
    }

    /// The present hold.
    fn hold(&self) -> Option<Hold> {
        self.times.held.map(|_| Hold { until: self.times.held_until })
    }

    /// Whether a unit waits for stock.
    #[must_use]
    pub fn backordered(&self) -> bool {
        self.lines.iter().any(|line| line.backordered > 0)
    }

    /// Active units that have not left, over all lines.
    #[must_use]
    pub fn unshipped(&self) -> i64 {
        self.lines.iter().map(Line::unshipped).sum()
    }
}
