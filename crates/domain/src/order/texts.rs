//! The texts of an order that somebody typed.

use super::Order;
use crate::typed::{Kind, Typed, number, words};

impl Order {
    /// The typed texts of its events.
    #[must_use]
    pub fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        let Order { note, notes, shipments, payments, refunds, .. } = self;
        let shipped = shipments.iter_mut().flat_map(|shipment| {
            number("carrier", &mut shipment.carrier).chain(number("tracking", &mut shipment.tracking))
        });
        let paid = payments.iter_mut().flat_map(|payment| number("reference", &mut payment.reference));
        let back = refunds.iter_mut().flat_map(|refund| number("reference", &mut refund.reference));
        let notes = notes.iter_mut().map(|added| Typed { field: "note", text: &mut added.note, kind: Kind::Words });
        words("note", note).chain(notes).chain(shipped).chain(paid).chain(back).collect()
    }
}
