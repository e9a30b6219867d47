//! Adding a note to an order, whatever became of it (rule O5a).

use crate::{
    decide::Decision,
    event::OrderNoteAdded,
    ids::StreamId,
    limits,
    order::Order,
    rejection::{Code, Problems, Rejection},
    text,
};

/// Records the note beside those that the order has.
pub(super) fn noted(order: &Order, note: &str, decision: &mut Decision) -> Result<(), Rejection> {
    let mut problems = Problems::default();
    if note.trim().is_empty() {
        problems.add("note", "must not be blank");
    }
    text::check_note("note", note, limits::NOTE_CHARS, &mut problems);
    problems.check()?;
    if order.notes.len() >= limits::NOTES_PER_ORDER {
        let message = format!("Order #{} has {} notes already, as many as it may have.", order.id, order.notes.len());
        return Err(Rejection::new(Code::LimitExceeded, message)
            .field("note")
            .hint("Read them with orders_history; what is said of an act can be given as its reason."));
    }
    decision.record(StreamId::Order(order.id), OrderNoteAdded { order_id: order.id, note: note.to_owned() });
    Ok(())
}
