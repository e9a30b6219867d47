//! Notes: at any status, with a change of lines or alone; they stay, and stand in the way of no undo.

use serde_json::json;

use super::*;
use crate::{
    commands::{Undo, UpdateStatus},
    event::Event,
    order::{FieldValue, Status},
};

fn note(text: &str) -> Command {
    input::<ChangeLines>(json!({ "order_id": 1001, "note": text }))
}

fn to(status: &str) -> Command {
    input::<UpdateStatus>(json!({ "order_id": 1001, "status": status }))
}

/// Takes back what a command recorded about the order.
fn undo(story: &Story, decision: &Decision) -> Command {
    let of_order = decision.facts.iter().filter(|(stream, _)| *stream == StreamId::Order(ID));
    let facts: Vec<Event> = of_order.map(|(_, event)| event.clone()).collect();
    Undo { order_id: ID, version: story.order(ID).acted, facts, lines_before: vec![] }.into()
}

#[test]
fn a_note_is_added_at_every_status_and_changes_nothing_else() {
    let mut story = shop();
    for (nth, status) in (1..).zip(["pending", "confirmed", "processing", "shipped", "delivered", "cancelled"]) {
        match status {
            "pending" => {}
            "cancelled" => {
                story = shop();
                story.done(to(status));
            }
            _ => drop(story.done(to(status))),
        }
        let before = story.order(ID).clone();
        let text = format!("note {nth}");
        assert_eq!(types(&story.done(note(&text))), ["OrderNoteAdded"], "{status}");
        let changes = story.order(ID).changes_since(Some(&before));
        let told: Vec<_> = changes.iter().map(|change| (change.field.as_str(), &change.from, &change.to)).collect();
        let field = format!("notes[{}]", before.notes.len() + 1);
        assert_eq!(told, [(field.as_str(), &None, &Some(FieldValue::Text(text.clone())))], "{status}");
        let last = story.order(ID).notes.last().expect("a note");
        assert_eq!((last.at, last.note.as_str()), (story.now, text.as_str()));
        assert_eq!(last.by, story.provenance(story.now).actor.user);
    }
}

#[test]
fn a_note_is_kept_although_nothing_of_the_lines_changes() {
    let mut story = shop();
    let same = json!({ "order_id": 1001, "note": "as agreed", "changes": [{ "line": 1, "quantity": 3 }] });
    assert_eq!(types(&story.done(input::<ChangeLines>(same))), ["OrderNoteAdded"]);
    let fewer = json!({ "order_id": 1001, "note": "two are enough", "changes": [{ "line": 1, "quantity": 2 }] });
    assert_eq!(
        types(&story.done(input::<ChangeLines>(fewer.clone()))),
        ["OrderNoteAdded", "LinesChanged", "StockReleased"]
    );
    story.done(to("confirmed"));
    story.done(to("processing"));
    let late = story.refused(input::<ChangeLines>(fewer));
    assert_eq!(late.code, Code::IllegalTransition, "with lines it needs what lines need");
    assert_eq!(story.order(ID).notes.len(), 2);
}

#[test]
fn a_note_stays_and_stands_in_the_way_of_no_undo() {
    let mut story = shop();
    let shipped = story.done(to("shipped"));
    let noted = story.done(note("left at the gate"));
    let never = story.refused(undo(&story, &noted));
    assert_eq!(never.message, "A note for order #1001 cannot be undone.");
    assert!(never.hint.is_some_and(|hint| hint.contains("another note")), "what to do instead is said");
    story.done(undo(&story, &shipped));
    assert_eq!((story.status(ID), story.order(ID).notes.len()), (Status::Pending, 1));

    let lines = story.order(ID).lines.iter().map(Line::as_placed).collect();
    let fewer = json!({ "order_id": 1001, "note": "two are enough", "changes": [{ "line": 1, "quantity": 2 }] });
    let changed = story.done(input::<ChangeLines>(fewer));
    let Command::Undo(back) = undo(&story, &changed) else { panic!("an undo") };
    assert_eq!(types(&story.done(Undo { lines_before: lines, ..back }))[0], "LinesChanged");
    assert_eq!((story.order(ID).lines[0].ordered, story.order(ID).notes.len()), (3, 2));
}

#[test]
fn a_payment_is_undone_although_a_note_came_after_it() {
    let mut story = shop();
    let paid = story.done(input::<RecordPayment>(json!({ "order_id": 1001, "amount": "5.00", "method": "card" })));
    story.done(note("paid at the counter"));
    story.done(undo(&story, &paid));
    assert_eq!((story.order(ID).undone, story.order(ID).received()), (500, 0), "it was never a payment");
}

#[test]
fn a_note_says_something_and_notes_have_an_end() {
    let mut story = shop();
    let long = "x".repeat(limits::NOTE_CHARS + 1);
    for wrong in ["", " \n", "\u{7}bell", &long] {
        let refused = story.refused(note(wrong));
        assert_eq!((refused.code, refused.field.as_deref()), (Code::InvalidArgument, Some("note")), "{wrong:?}");
    }
    for nth in 1..=limits::NOTES_PER_ORDER {
        story.done(note(&format!("{nth}")));
    }
    assert_eq!(story.refused(note("one more")).code, Code::LimitExceeded);
}
