//! An order, folded from its stream: units per line, money, times; everything else about it is derived (domain rules §1).

mod changes;
mod line;
mod status;
mod view;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use changes::{Change, Shown};
pub use line::Line;
pub use status::{PaymentStatus, Status};
pub use view::{LineView, NaiveDateText, OrderView};

use crate::{
    envelope::Provenance,
    event::{
        Charge, Converted, ConvertedCharge, LineUnits, OrderFact, OrderPlaced, PaymentRefunded, PlacedLine, RefundKind,
        ShipmentVoided, StoredRate, Totals, UnitsShipped,
    },
    ids::{CustomerId, OrderId, Version},
    money::{Currency, round_minor},
};

/// An order. At version 0 nobody placed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// Of its stream.
    pub version: Version,
    /// The version it came to by its latest act: stock that came in for a waiting unit is none.
    pub acted: Version,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// Of every amount of the order.
    pub currency: Currency,
    /// In the order given, numbered from 1.
    pub lines: Vec<Line>,
    /// The highest number a line of it ever had: none is given twice.
    pub last_line: u32,
    /// Shipping fee as agreed.
    pub shipping: Charge,
    /// Shipping fee taken back by cancelling or returning.
    pub shipping_reversed: Charge,
    /// The rate by which the order's amounts are converted to the shop's currency, where they are in another.
    pub rate: Option<StoredRate>,
    /// The shipping fee in the shop's currency; nothing without a rate.
    pub shipping_converted: Charge,
    /// Amounts as agreed: as placed, or as of the last change of lines.
    pub totals: Totals,
    /// By how much goodwill lowers the sale: as granted, less what was posted back.
    pub goodwill: Charge,
    /// The same in the shop's currency; nothing without a rate.
    pub goodwill_converted: Charge,
    /// Worth with tax, minor units, of the units that cancelling, returning or changing lines took out of the order.
    pub freed: i64,
    /// Money that went back for such units, minor units.
    pub refunded_units: i64,
    /// Money that went back for the shipping fee, minor units.
    pub refunded_shipping: i64,
    /// Money that came in, minor units.
    pub captured: i64,
    /// Money that went back, minor units.
    pub refunded: i64,
    /// Money of payments that were undone, minor units: it counts as captured and as refunded.
    pub undone: i64,
    /// The order's version right after its latest payment.
    pub paid_at: Version,
    /// Every payment, oldest first.
    pub payments: Vec<Payment>,
    /// Every refund, oldest first.
    pub refunds: Vec<Refund>,
    /// Every shipment, oldest first.
    pub shipments: Vec<Shipment>,
    /// The customer's note; may be sealed.
    pub note: Option<String>,
    /// Its number in the system it was imported from.
    #[serde(default)]
    pub external_reference: Option<String>,
    /// Business day of the placement.
    pub placed_on: NaiveDate,
    /// When the order came to where it is.
    pub times: Times,
    /// The hold that the latest holding or releasing ended, so that undoing it can bring the hold back.
    pub hold_before: Option<Hold>,
    /// Business day of the latest event; nothing can be dated before it.
    pub last_event_on: NaiveDate,
}

/// Money that came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Payment {
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: DateTime<Utc>,
    /// Minor units.
    pub amount: i64,
    /// `card`, `cash`, …
    pub method: String,
    /// The payment provider's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When it was undone, if it never was a payment after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub undone: Option<DateTime<Utc>>,
}

/// Money that went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refund {
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: DateTime<Utc>,
    /// Minor units.
    pub amount: i64,
    /// What for.
    pub kind: RefundKind,
    /// `card`, `cash`, …
    pub method: String,
    /// The payment provider's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Units that left together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shipment {
    /// 1 for the first.
    pub shipment: u32,
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: DateTime<Utc>,
    /// Who carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// What it holds.
    pub units: Vec<ShippedUnits>,
    /// The shipping fee that was earned with it.
    pub fee: Charge,
    /// When it was voided, if it never left after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub voided: Option<DateTime<Utc>>,
}

/// Time during which nothing of an order may ship.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// When it ends by itself; none: once released.
    pub until: Option<DateTime<Utc>>,
}

/// Units of one line in a shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShippedUnits {
    /// Which line.
    pub line: u32,
    /// How many units.
    pub units: i64,
}

/// When an order reached its milestones, in the world.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Times {
    /// Placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub placed: Option<DateTime<Utc>>,
    /// Confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub confirmed: Option<DateTime<Utc>>,
    /// Held, if it is on hold now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub held: Option<DateTime<Utc>>,
    /// When the hold ends by itself, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub held_until: Option<DateTime<Utc>>,
    /// Picking started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub processing: Option<DateTime<Utc>>,
    /// The last unit that was to ship left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub shipped: Option<DateTime<Utc>>,
    /// The last unit arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub delivered: Option<DateTime<Utc>>,
    /// The last unit came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub returned: Option<DateTime<Utc>>,
    /// The last unit was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub cancelled: Option<DateTime<Utc>>,
}

impl Order {
    /// An order nobody placed.
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
            external_reference: None,
            placed_on: NaiveDate::MIN,
            times: Times::default(),
            hold_before: None,
            last_event_on: NaiveDate::MIN,
        }
    }

    /// Whether somebody placed it.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.version > Version::NONE
    }

    /// Amounts of what is still part of the order: as agreed, less what was cancelled or came back.
    #[must_use]
    pub fn current_totals(&self) -> Totals {
        Totals::of(self.lines.iter().map(Line::kept_amounts), self.current_shipping())
    }

    /// Shipping fee that is still part of the order.
    #[must_use]
    pub fn current_shipping(&self) -> Charge {
        Charge {
            net: self.shipping.net - self.shipping_reversed.net,
            tax: self.shipping.tax - self.shipping_reversed.tax,
        }
    }

    /// What is asked for the order, minor units: its present total less goodwill. Before goodwill was posted back (rule
    /// R5a), more of it could stand than was left of the order: that leaves nothing to ask, not less.
    #[must_use]
    pub fn asked(&self) -> i64 {
        (self.current_totals().total - self.goodwill.total()).max(0)
    }

    /// The goodwill to post back once only so much is left of the order, minor units with tax (rule R5a): what exceeds it,
    /// with its share of tax, in the order's currency and in the shop's.
    pub(crate) fn goodwill_beyond(&self, left: i64) -> (Charge, Option<ConvertedCharge>) {
        let standing = self.goodwill;
        let beyond = standing.total() - left;
        if beyond <= 0 {
            return (Charge::default(), None);
        }
        let share = Decimal::from(beyond) * Decimal::from(standing.net) / Decimal::from(standing.total());
        let net = round_minor(share);
        let back = Charge { net, tax: beyond - net };
        let converted = self.rate.map(|by| {
            // What stands no longer stands in no currency.
            let all = self.goodwill_converted;
            let part = by.charge(back, self.currency);
            let Charge { net, tax } =
                if back == standing { all } else { Charge { net: part.net.min(all.net), tax: part.tax.min(all.tax) } };
            ConvertedCharge { by, net, tax }
        });
        (back, converted)
    }

    /// What the customer still owes, minor units; negative when too much came in.
    #[must_use]
    pub fn due(&self) -> i64 {
        self.asked() - (self.captured - self.refunded)
    }

    /// Shipments that did leave, oldest first.
    pub fn standing_shipments(&self) -> impl DoubleEndedIterator<Item = &Shipment> {
        self.shipments.iter().filter(|shipment| shipment.voided.is_none())
    }

    /// Whether a hold was recorded and no release, and something is left to hold back. A hold with an end is over at that
    /// end, though its release is only recorded when a command comes: whoever shows the order asks [`Order::on_hold_at`].
    #[must_use]
    pub fn on_hold(&self) -> bool {
        self.times.held.is_some() && self.unshipped() > 0
    }

    /// Whether nothing may ship at `now`.
    #[must_use]
    pub fn on_hold_at(&self, now: DateTime<Utc>) -> bool {
        self.on_hold() && self.times.held_until.is_none_or(|until| now < until)
    }

    /// The order as it reads at `now`: a hold that has ended by itself is none.
    #[must_use]
    pub fn as_read_at(mut self, now: DateTime<Utc>) -> Order {
        if !self.on_hold_at(now) {
            (self.times.held, self.times.held_until) = (None, None);
        }
        self
    }

    /// The hold it is on.
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

    pub(crate) fn evolve(&mut self, fact: OrderFact<'_>, provenance: &Provenance) {
        let at = Some(provenance.occurred_at);
        match fact {
            OrderFact::OrderPlaced(fact) => self.place(fact, provenance),
            OrderFact::OrderConfirmed(_) => self.times.confirmed = at,
            OrderFact::OrderUnconfirmed(_) => self.times.confirmed = None,
            OrderFact::OrderHeld(fact) => {
                self.hold_before = self.hold();
                self.times.held = at;
                self.times.held_until = fact.until;
            }
            OrderFact::OrderReleased(_) => {
                self.hold_before = self.hold();
                self.times.held = None;
                self.times.held_until = None;
            }
            OrderFact::ProcessingStarted(_) => self.times.processing = at,
            OrderFact::UnitsShipped(fact) => self.ship(fact, provenance),
            OrderFact::UnitsDelivered(fact) => {
                self.each(&fact.lines, |line, units| line.delivered += units);
                if fact.completes {
                    self.times.delivered = at;
                }
            }
            OrderFact::UnitsCancelled(fact) => {
                self.each(&fact.lines, Line::cancel);
                self.reverse_shipping(fact.shipping);
                self.freed += worth(&fact.lines);
                self.post_goodwill_back(fact.goodwill_back, fact.goodwill_back_converted);
                // With the rest cancelled, what has left or arrived may be all there is.
                match self.status() {
                    Status::Cancelled => self.times.cancelled = at,
                    Status::Shipped => self.times.shipped = at,
                    Status::Delivered => self.times.delivered = at,
                    Status::Pending
                    | Status::Confirmed
                    | Status::Processing
                    | Status::PartiallyShipped
                    | Status::Returned => {}
                }
            }
            OrderFact::BackorderFilled(fact) => {
                for line in self.lines.iter_mut().filter(|line| line.line == fact.line) {
                    line.backordered -= fact.units;
                    line.reserved += fact.units;
                }
            }
            OrderFact::PaymentCaptured(fact) => {
                self.captured = self.captured.saturating_add(fact.amount);
                self.paid_at = self.version.next();
                self.payments.push(Payment {
                    at: provenance.occurred_at,
                    amount: fact.amount,
                    method: fact.method.clone(),
                    reference: fact.reference.clone(),
                    undone: None,
                });
            }
            OrderFact::LinesChanged(fact) => {
                self.agree(&fact.lines, fact.converted.as_ref());
                self.shipping = fact.shipping;
                self.totals = fact.totals;
                let difference: i64 = fact.differences.iter().map(|moved| moved.amounts.total()).sum();
                self.freed += (-difference).max(0);
                self.post_goodwill_back(fact.goodwill_back, fact.goodwill_back_converted);
            }
            OrderFact::ShipmentVoided(fact) => self.void(fact, provenance),
            OrderFact::UnitsReturned(fact) => {
                self.each(&fact.lines, Line::take_back);
                self.reverse_shipping(fact.shipping);
                self.freed += worth(&fact.lines);
                self.post_goodwill_back(fact.goodwill_back, fact.goodwill_back_converted);
                if fact.completes {
                    self.times.returned = at;
                }
            }
            OrderFact::PaymentRefunded(fact) => {
                self.refund(fact, provenance);
                self.refunds.push(Refund {
                    at: provenance.occurred_at,
                    amount: fact.amount,
                    kind: fact.kind,
                    method: fact.method.clone(),
                    reference: fact.reference.clone(),
                });
            }
        }
        if !matches!(fact, OrderFact::BackorderFilled(_)) {
            self.acted = self.version.next();
        }
        self.last_event_on = self.last_event_on.max(provenance.business_date);
    }

    fn place(&mut self, fact: &OrderPlaced, provenance: &Provenance) {
        self.customer_id = fact.customer_id;
        self.currency = fact.currency;
        self.shipping = fact.shipping;
        self.totals = fact.totals;
        self.note.clone_from(&fact.note);
        self.external_reference.clone_from(&fact.external_reference);
        self.placed_on = provenance.business_date;
        self.times.placed = Some(provenance.occurred_at);
        self.agree(&fact.lines, fact.converted.as_ref());
    }

    fn agree(&mut self, lines: &[PlacedLine], converted: Option<&Converted>) {
        let before = std::mem::take(&mut self.lines);
        self.lines = lines.iter().map(Line::placed).collect();
        for line in &mut self.lines {
            self.last_line = self.last_line.max(line.line);
            // Cancelled units stay only with a line that was not changed, and so do those of them that were paid back.
            let refunded = before.iter().find(|was| was.line == line.line).map_or(0, |was| was.cancelled_refunded);
            line.cancelled_refunded = refunded.min(line.cancelled);
        }
        if let Some(converted) = converted {
            self.rate = Some(converted.by);
            self.shipping_converted = converted.shipping;
            for (line, amounts) in self.lines.iter_mut().zip(&converted.lines) {
                line.converted = *amounts;
            }
        }
    }

    /// The same units and fee in the shop's currency, by the rate the order was placed at. `value` says which units of
    /// a line are meant; `fee` is the event's shipping fee, which moves whole or not at all.
    pub(crate) fn converted(
        &self,
        moved: &[LineUnits],
        value: fn(&Line, i64) -> LineUnits,
        fee: Charge,
    ) -> Option<Converted> {
        let by = self.rate?;
        let find = |number: u32| self.lines.iter().find(|line| line.line == number);
        let amounts = |moved: &LineUnits| {
            let line = find(moved.line)?;
            Some(value(&Line { amounts: line.converted, ..line.clone() }, moved.units).amounts)
        };
        let lines = moved.iter().map(|moved| amounts(moved).unwrap_or_default()).collect();
        let shipping = if fee == Charge::default() { Charge::default() } else { self.shipping_converted };
        Some(Converted { by, lines, shipping })
    }

    fn ship(&mut self, fact: &UnitsShipped, provenance: &Provenance) {
        self.each(&fact.lines, |line, units| {
            line.shipped += units;
            if line.tracked {
                line.reserved -= units;
            }
        });
        if fact.completes {
            self.times.shipped = Some(provenance.occurred_at);
        }
        self.shipments.push(Shipment {
            shipment: fact.shipment,
            at: provenance.occurred_at,
            carrier: fact.carrier.clone(),
            tracking: fact.tracking.clone(),
            units: fact.lines.iter().map(|moved| ShippedUnits { line: moved.line, units: moved.units }).collect(),
            fee: fact.shipping,
            voided: None,
        });
    }

    fn void(&mut self, fact: &ShipmentVoided, provenance: &Provenance) {
        self.each(&fact.lines, |line, units| {
            line.shipped -= units;
            if line.tracked {
                line.reserved += units;
            }
        });
        self.times.shipped = None;
        for shipment in self.shipments.iter_mut().filter(|shipment| shipment.shipment == fact.shipment) {
            shipment.voided = Some(provenance.occurred_at);
        }
    }

    fn refund(&mut self, fact: &PaymentRefunded, provenance: &Provenance) {
        if !self.take_back_payment(fact, provenance) {
            match fact.kind {
                RefundKind::Units => self.refunded_units += fact.amount,
                RefundKind::Shipping => self.refunded_shipping += fact.amount,
                RefundKind::Owed | RefundKind::Goodwill => {}
            }
        }
        for refunded in &fact.lines {
            if let Some(line) = self.lines.iter_mut().find(|line| line.line == refunded.line) {
                line.refund(refunded.units);
            }
        }
        self.refunded = self.refunded.saturating_add(fact.amount);
        self.goodwill = sum(self.goodwill, fact.allowance);
        let converted = fact.converted.and_then(|converted| converted.allowance).unwrap_or_default();
        self.goodwill_converted = sum(self.goodwill_converted, converted);
    }

    fn post_goodwill_back(&mut self, back: Charge, converted: Option<ConvertedCharge>) {
        let less = |charge: Charge, back: Charge| Charge { net: charge.net - back.net, tax: charge.tax - back.tax };
        self.goodwill = less(self.goodwill, back);
        let converted = converted.map(|converted| converted.charge()).unwrap_or_default();
        self.goodwill_converted = less(self.goodwill_converted, converted);
    }

    /// Undoing a payment records a refund of all of it: nothing was sold back. Whether this one is such a refund. Where the
    /// event does not say, it is one if it follows a payment at once and equals it.
    fn take_back_payment(&mut self, back: &PaymentRefunded, provenance: &Provenance) -> bool {
        let follows = self.paid_at == self.acted && self.exists();
        let Some(payment) = self.payments.last_mut().filter(|_| follows) else { return false };
        let whole =
            (payment.amount, &payment.method, &payment.reference) == (back.amount, &back.method, &back.reference);
        let alike = whole && back.kind == RefundKind::Units && back.lines.is_empty();
        let undoes = back.undoes_payment.unwrap_or(alike);
        if undoes {
            payment.undone = Some(provenance.occurred_at);
            self.undone += back.amount;
        }
        undoes
    }

    fn reverse_shipping(&mut self, fee: Charge) {
        self.shipping_reversed.net += fee.net;
        self.shipping_reversed.tax += fee.tax;
    }

    fn each(&mut self, moved: &[LineUnits], change: impl Fn(&mut Line, i64)) {
        for moved in moved {
            if let Some(line) = self.lines.iter_mut().find(|line| line.line == moved.line) {
                change(line, moved.units);
            }
        }
    }
}

fn worth(moved: &[LineUnits]) -> i64 {
    moved.iter().map(|moved| moved.amounts.total()).sum()
}

fn sum(one: Charge, other: Charge) -> Charge {
    Charge { net: one.net + other.net, tax: one.tax + other.tax }
}
