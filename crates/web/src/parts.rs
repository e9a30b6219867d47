//! Small parts that several pages share: texts and amounts of answers, statuses, errors.

use maud::{Markup, html};
use serde_json::Value;

use crate::params::{Params, encoded};

/// The page of acts that wait for a person.
pub(crate) const CONFIRM: &str = "/confirm";

/// A text of an answer; empty if there is none.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// An amount as the shop writes it.
pub(crate) fn money(value: &Value) -> &str {
    text(&value["formatted"])
}

/// A number of an answer.
pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// The items of a list; empty if there is no list.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// How a list calls a customer.
pub(crate) fn customer(value: &Value) -> &str {
    let called = value["name"].as_str().or(value["email"].as_str());
    called.unwrap_or("(forgotten)")
}

/// The address of one thing under `path`, by its identifier.
pub(crate) fn address(path: &str, id: &str) -> String {
    format!("{path}/{}", encoded(id).replace('+', "%20"))
}

/// A field of a filter form, with its present value.
pub(crate) fn field(params: &Params, name: &str, called: &str) -> Markup {
    html! { label { (called) " " input name=(name) value=(params.get(name).unwrap_or_default()) maxlength="254"; } }
}

/// The way on through a list.
pub(crate) fn next_page(params: &Params, path: &str, found: &Value) -> Markup {
    html! {
        @if let Some(cursor) = found["next_cursor"].as_str() {
            p { a rel="next" href=(params.link(path, "cursor", Some(cursor))) { "Next page" } }
        }
    }
}

/// On a page of the past, the note that these data are known only as they are now.
pub(crate) fn only_now(params: &Params, what: &str) -> Markup {
    html! { @if params.moment().is_some() { p class="note" { (what) " are those of the present." } } }
}

/// A status with a symbol and a word, so that nobody depends on its colour.
pub(crate) fn status(value: &Value) -> Markup {
    let name = text(value);
    let glyph = match name {
        "pending" | "unpaid" => "○",
        "confirmed" => "◔",
        "processing" | "partially_paid" | "partially_refunded" => "◑",
        "partially_shipped" => "◕",
        "shipped" => "●",
        "delivered" | "paid" => "✓",
        "returned" | "refunded" => "↩",
        "cancelled" => "✕",
        "overpaid" => "!",
        _ => "•",
    };
    html! { span class="status" { span aria-hidden="true" { (glyph) " " } (name.replace('_', " ")) } }
}

/// The reasons why an order cannot leave.
pub(crate) fn hindrances(order: &Value) -> Markup {
    html! {
        @if order["on_hold"] == true { " " span class="flag" { "on hold" } }
        @if order["backordered"] == true { " " span class="flag" { "backordered" } }
    }
}

/// An error of a tool: what is wrong and what to do next.
pub(crate) fn trouble(trouble: &Value) -> Markup {
    html! {
        section class="trouble" role="alert" {
            p { (text(&trouble["message"])) }
            @if let Some(hint) = trouble["hint"].as_str() { p { (hint) } }
            @for problem in items(&trouble["problems"]) { p { (text(&problem["field"])) ": " (text(&problem["message"])) } }
            @if !items(&trouble["candidates"]).is_empty() {
                ul { @for one in items(&trouble["candidates"]) { li { (candidate(one)) } } }
            }
        }
    }
}

fn candidate(one: &Value) -> String {
    let members = one.as_object().into_iter().flatten().map(|(_, value)| match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    });
    match one {
        Value::Object(_) => members.collect::<Vec<_>>().join(" · "),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// The note on every page while an act waits for a person.
pub(crate) fn waits_for_a_word(waiting: usize) -> Markup {
    html! {
        p class="flag" role="status" {
            a href=(CONFIRM) {
                @if waiting == 1 { "1 act waits for your word" } @else { (waiting) " acts wait for your word" }
            }
        }
    }
}
