//! The notes on an order: the one that it was placed with, those that were added since, and the field for one more.

use maud::{Markup, html};
use orderlog_tools::earlier;
use serde_json::Value;

use crate::{
    consent::ONCE,
    order_acts,
    parts::{items, number, text},
    times::time,
    tried::Tried,
    visit::Visit,
};

/// The act that adds one.
pub(crate) const ACT: &str = "note";
/// Characters of a note.
const LONGEST: usize = 2_000;
/// Bytes of the notes that are listed, the latest at least: all of them may be a multiple of what a page may have.
const LISTED_BYTES: usize = 20_000;

pub(crate) fn section(visit: &Visit, order: &Value, history: &Value, tried: Option<&Tried<'_>>) -> Markup {
    let first = order["note"].as_str().map(|note| (note, &order["placed_at"], who_placed(history)));
    let added = items(&order["notes"]).iter();
    let added = added.map(|one| (text(&one["note"]), &one["at"], one["by"].as_str()));
    let all: Vec<(&str, &Value, Option<&str>)> = first.into_iter().chain(added).collect();
    let earlier = earlier(LISTED_BYTES, all.iter().map(|(note, ..)| note.len()));
    html! {
        section id="notes" {
            h2 { "Notes" }
            @if all.is_empty() { p class="soft" { "Nobody wrote a note yet." } }
            @if earlier > 0 { p class="soft" { (earlier) " earlier ones are in the history." } }
            ul class="history" {
                @for (note, at, by) in &all[earlier..] {
                    li {
                        p class="typed" { bdi { (note) } }
                        p class="who" { (time(at)) @if let Some(by) = by { " by " bdi { (by) } } "." }
                    }
                }
            }
            @if visit.params.moment().is_none() { (form(visit, number(&order["order_id"]), tried)) }
        }
    }
}

/// Who placed the order, where the history begins on this page.
fn who_placed(history: &Value) -> Option<&str> {
    let first = items(&history["acts"]).first()?;
    let placed = items(&first["events"]).iter().any(|event| event["type"] == "OrderPlaced");
    first["actor"].as_str().filter(|_| placed)
}

/// A note overwrites nothing, so the form goes without the version that the page showed; and there is nothing to foresee.
fn form(visit: &Visit, id: i64, tried: Option<&Tried<'_>>) -> Markup {
    let Some(act) = order_acts::named(ACT) else { return html! {} };
    let tried = tried.filter(|tried| tried.is_of(ACT));
    html! {
        @if visit.front.may(act.tool) || tried.is_some() {
            form method="post" action={ "/orders/" (id) "/" (ACT) } class="fields no-print" id="act-note" {
                (visit.token.field())
                input type="hidden" name=(ONCE) value=(visit.front.new_id());
                label { (act.called) textarea name="note" rows="2" maxlength=(LONGEST) required { (tried.and_then(|tried| tried.typed(ACT, "note")).unwrap_or_default()) } }
                div class="buttons" { button { "Add the note" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_placed_the_order_is_known_where_its_history_begins() {
        let acts = |kind: &str| json!({ "acts": [{ "actor": "asha", "events": [{ "type": kind }] }] });
        assert_eq!(who_placed(&acts("OrderPlaced")), Some("asha"));
        assert_eq!(who_placed(&acts("UnitsShipped")), None);
    }
}
