//! The effect of each fact on an order, and which facts can come after its end. Never fails, never decides.

use super::{AddedNote, Line, Order, Payment, RefundRecord, Shipment, ShippedUnits, Status};
use crate::{
    envelope::Provenance,
    event::{
        Charge, Converted, ConvertedCharge, LineUnits, OrderFact, OrderPlaced, PaymentRefunded, PlacedLine, RefundKind,
        ShipmentVoided, UnitsShipped,
    },
};

impl OrderFact<'_> {
    /// Whether this fact can come when no unit of the order is left to ship or deliver and no money is due. A reader
    /// that has put such an order away must take it out again.
    #[must_use]
    pub fn can_follow_the_end(&self) -> bool {
        match self {
            OrderFact::PaymentCaptured(_)
            | OrderFact::PaymentRefunded(_)
            | OrderFact::UnitsReturned(_)
            | OrderFact::ShipmentVoided(_)
            | OrderFact::OrderNoteAdded(_) => true,
            // No unit of it is left that could be held, shipped, delivered or cancelled.
            OrderFact::OrderPlaced(_)
            | OrderFact::OrderConfirmed(_)
            | OrderFact::OrderUnconfirmed(_)
            | OrderFact::OrderHeld(_)
            | OrderFact::OrderReleased(_)
            | OrderFact::ProcessingStarted(_)
            | OrderFact::UnitsShipped(_)
            | OrderFact::UnitsDelivered(_)
            | OrderFact::UnitsCancelled(_)
            | OrderFact::BackorderFilled(_)
            | OrderFact::LinesChanged(_) => false,
        }
    }
}

impl Order {
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
                // With the rest cancelled, all remaining units may have been shipped or delivered.
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
                self.refunds.push(RefundRecord {
                    at: provenance.occurred_at,
                    amount: fact.amount,
                    kind: fact.kind,
                    method: fact.method.clone(),
                    reference: fact.reference.clone(),
                });
            }
            OrderFact::OrderNoteAdded(fact) => self.notes.push(AddedNote {
                at: provenance.occurred_at,
                by: provenance.actor.user.clone(),
                note: fact.note.clone(),
            }),
        }
        if !matches!(fact, OrderFact::BackorderFilled(_) | OrderFact::OrderNoteAdded(_)) {
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
            // A line that was changed forgets its cancelled units, also those that were paid back.
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

    /// Undoing a payment records a refund of its full amount, which sells nothing back. Returns whether this refund is
    /// such an undo. If the event does not say so, it is one if it follows a payment directly and has its amount.
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
