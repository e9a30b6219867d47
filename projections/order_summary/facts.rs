//! Rows that facts leave in addition to the present state of the order: acts on a day, and texts that are searched.

use orderlog_domain::{
    envelope::Envelope,
    event::{Event, OrderFact},
    order::{Order, Status},
};
use orderlog_read_models::CachedRows;

use super::{
    acts::{Act, OrderSummaryAct, set},
    texts::{CARRIER, NOTE, OrderSummaryText, TRACKING, keep},
};

/// The state before an event, where the event itself does not show what it changed.
pub(super) struct Before {
    cancelled: bool,
    undone: i64,
}

impl Before {
    pub(super) fn of(order: &Order) -> Before {
        Before { cancelled: order.status() == Status::Cancelled, undone: order.undone }
    }
}

/// Notes the effect of `event` on the order, which is now `order`.
pub(super) fn note(
    acts: &mut CachedRows<OrderSummaryAct>,
    texts: &mut CachedRows<OrderSummaryText>,
    before: &Before,
    order: &Order,
    event: &Envelope<Event>,
    fact: &OrderFact<'_>,
) {
    let id = order.id.0;
    let mut set = |act: Act, nth: i64, stands: bool| set(acts, order, event, (act, nth, stands));
    match fact {
        OrderFact::OrderPlaced(fact) => keep(texts, id, (NOTE, event.version.0), fact.note.as_ref()),
        OrderFact::OrderNoteAdded(fact) => keep(texts, id, (NOTE, event.version.0), Some(&fact.note)),
        OrderFact::OrderConfirmed(_) => set(Act::Confirmed, 0, true),
        OrderFact::OrderUnconfirmed(_) => set(Act::Confirmed, 0, false),
        OrderFact::UnitsShipped(fact) => {
            set(Act::Shipped, fact.shipment.into(), true);
            keep(texts, id, (TRACKING, fact.shipment.into()), fact.tracking.as_ref());
            keep(texts, id, (CARRIER, fact.shipment.into()), fact.carrier.as_ref());
        }
        OrderFact::ShipmentVoided(fact) => {
            set(Act::Shipped, fact.shipment.into(), false);
            for field in [TRACKING, CARRIER] {
                texts.remove((id, field.to_owned(), fact.shipment.into()));
            }
        }
        OrderFact::UnitsDelivered(_) => set(Act::Delivered, event.version.0, true),
        OrderFact::PaymentCaptured(_) => set(Act::Paid, order.captured, true),
        // The money received so far does not change until the next payment, so it still identifies the payment that is
        // undone.
        OrderFact::PaymentRefunded(_) if order.undone > before.undone => set(Act::Paid, order.captured, false),
        OrderFact::PaymentRefunded(_) => set(Act::Refunded, event.version.0, true),
        OrderFact::UnitsReturned(_) => set(Act::Returned, event.version.0, true),
        OrderFact::OrderHeld(_)
        | OrderFact::OrderReleased(_)
        | OrderFact::ProcessingStarted(_)
        | OrderFact::UnitsCancelled(_)
        | OrderFact::BackorderFilled(_)
        | OrderFact::LinesChanged(_) => {}
    }
    let cancelled = order.status() == Status::Cancelled;
    if cancelled != before.cancelled {
        set(Act::Cancelled, 0, cancelled);
    }
}
