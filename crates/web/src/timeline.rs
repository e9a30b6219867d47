//! The history of an order, act by act, as sentences: who did what, through what, why, and what reads differently since.

use maud::{Markup, html};
use orderlog_tools::can_take_back;
use serde_json::Value;

use crate::{
    parts::{items, text},
    said::undo_button,
    times::time,
    visit::Visit,
};

pub(crate) fn section(visit: &Visit, id: i64, history: &Value) -> Markup {
    let params = &visit.params;
    html! {
        section id="history" {
            h2 { "History" }
            ol class="history" { @for act in items(&history["acts"]) { (told(visit, act)) } }
            @if let Some(cursor) = history["next_cursor"].as_str() {
                p { a href=(params.link(&format!("/orders/{id}"), "cursor", Some(cursor))) { "Later acts" } }
            }
        }
    }
}

/// `asha placed the order through Claude 1.2 on 22 Nov 2026, 14:30.`
fn told(visit: &Visit, act: &Value) -> Markup {
    let own = visit.params.moment().is_none() && visit.front.speaks_for(text(&act["actor"]));
    let offered = own && can_take_back(items(&act["events"]).iter().map(|event| text(&event["type"])));
    let changes = items(&act["changes"]);
    html! {
        li {
            p { bdi { (sentence(text(&act["summary"]))) } }
            p class="who" {
                (time(&act["occurred_at"])) " by " bdi { (text(&act["actor"])) }
                @if let Some(agent) = act["agent"].as_str() { " through " bdi { (agent) } }
                @if let Some(model) = act["model"].as_str() { " (" bdi { (model) } ")" }
                @if let Some(person) = act["confirmed_by"].as_str() { ", agreed to by " bdi { (person) } }
                "."
                @if let Some(reason) = act["reason"].as_str() { " Reason: " bdi { (reason) } }
                @if let Some(words) = act["request_text"].as_str() { " In the user's words: “" bdi { (words) } "”" }
            }
            @if !changes.is_empty() {
                details class="no-print" {
                    summary { "What changed (" (changes.len()) ")" }
                    ul { @for change in changes { li { (changed(change)) } } }
                }
            }
            @if offered { div class="no-print" { (undo_button(&visit.token, text(&act["command_id"]), "Undo")) } }
        }
    }
}

/// A summary as a sentence of its own.
fn sentence(summary: &str) -> String {
    let mut letters = summary.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if summary.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// `status: pending → shipped`
fn changed(change: &Value) -> Markup {
    let said = |value: &Value| match value {
        Value::Null => "nothing".to_owned(),
        Value::String(word) => word.clone(),
        Value::Bool(flag) => (if *flag { "yes" } else { "no" }).to_owned(),
        Value::Object(amount) => amount.get("formatted").map(text).unwrap_or_default().to_owned(),
        other => other.to_string(),
    };
    html! {
        bdi { (text(&change["field"]).replace('_', " ")) } ": "
        @if !change["from"].is_null() { bdi { (said(&change["from"])) } " → " }
        bdi { (said(&change["to"])) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_reads_like_a_sentence() {
        assert_eq!(sentence("placed the order"), "Placed the order.");
        assert_eq!(sentence("Ünits shipped!"), "Ünits shipped!");
        assert_eq!(sentence(""), ".");
    }
}
