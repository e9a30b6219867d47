//! Acts that programs asked for and a person must agree to: the list, one act with its preview, and the Yes or No.

use axum::{extract::Path, response::Response};
use maud::{Markup, html};
use orderlog_tools::agreeing::Waiting;
use serde_json::{Value, json};

use crate::{
    consent::YES,
    foreseen,
    front::Trouble,
    layout::Page,
    parts::{CONFIRM as PATH, items, text},
    posted::Posted,
    times::time,
    visit::Visit,
};

/// The list.
pub(crate) async fn waiting(visit: Visit) -> Response {
    let page = visit.front.waiting().await.map(|all| {
        let body = html! {
            @if all.is_empty() { p { "Nothing waits for your word." } } @else {
                p { "Assistants and other programs asked for these. Nothing is done without a person's Yes." }
                div class="scroll" tabindex="0" role="region" aria-label="Acts that wait" {
                    table {
                        thead { tr { th scope="col" { "What" } th scope="col" { "Asked by" } th scope="col" { "When" } th scope="col" { "Void after" } } }
                        tbody { @for one in &all { (row(one)) } }
                    }
                }
            }
        };
        Page { title: "What waits for your word".to_owned(), place: PATH, body }
    });
    visit.shown(PATH, page).await
}

fn row(one: &Waiting) -> Markup {
    html! {
        tr {
            td {
                a href={ (PATH) "/" (one.id) } { (one.title) }
                @if let Some(order) = one.order_id { " · order #" (order) }
                br; bdi { (text(&one.preview["text"])) }
            }
            td { (asker(one)) }
            td class="day" { (time(&json!(one.at))) }
            td class="day" { (time(&json!(one.expires_at))) }
        }
    }
}

/// `staff-bot (staff) through Claude 1.2 (a model)`
fn asker(one: &Waiting) -> Markup {
    html! {
        bdi { (one.by) } " (" (one.role) ")"
        @if let Some(agent) = &one.agent { " through " bdi { (agent) } }
        @if let Some(model) = &one.model { " (" bdi { (model) } ")" }
    }
}

/// One question. The page does not change while the shop changes: a Yes is valid for what is shown.
pub(crate) async fn question(visit: Visit, Path(id): Path<String>) -> Response {
    let visit = visit.still();
    let page = visit.front.question(&id).await.map(|one| page(&visit, &one));
    visit.shown(PATH, page).await
}

fn page(visit: &Visit, one: &Waiting) -> Page {
    let told = &one.preview;
    let body = html! {
        p { (asker(one)) " asked for this on " (time(&json!(one.at))) ". It waits because the shop wants a person's word for " (one.acts) "." }
        p class="would" { bdi { (text(&told["text"])) } }
        @for warning in items(&told["warnings"]) { p class="flag" { bdi { (text(warning)) } } }
        (foreseen::changes(told))
        @if let Some(order) = one.order_id { p { a href={ "/orders/" (order) } { "Order #" (order) " as it is now" } } }
        @match &one.answer {
            None => {
                form method="post" action={ (PATH) "/" (one.id) } class="answer" {
                    (visit.token.field())
                    button name=(YES) value="1" class="yes" { "Yes, do it" }
                    button name="no" value="1" { "No" }
                    a href=(PATH) { "Later" }
                }
                p class="soft" { "It can be answered until " (time(&json!(one.expires_at))) "." }
            }
            Some((true, person)) => {
                p { bdi { (person) } " said Yes." }
                form method="post" action={ (PATH) "/" (one.id) } class="inline" {
                    (visit.token.field())
                    button name=(YES) value="1" { "Show what came of it" }
                }
            }
            Some((false, person)) => p { bdi { (person) } " said No: nothing was done." }
        }
    };
    Page { title: one.title.to_owned(), place: PATH, body }
}

/// Yes or No.
pub(crate) async fn answered(Path(id): Path<String>, posted: Posted) -> Response {
    let Posted { visit, form } = posted;
    if form.get(YES).is_none() {
        return match visit.front.decline(&id).await {
            Ok(()) => visit.done(PATH, &json!({ "text": "You said No: nothing was done, and whoever asked is told." })),
            Err(trouble) => visit.shown(PATH, Err(trouble)).await,
        };
    }
    match visit.front.agree(&id).await {
        Ok(answer) => visit.done(&back(&answer), &answer),
        // The subject changed since: nothing was done, and this is the new preview.
        Err(Trouble(trouble)) if trouble["confirm_at"].is_string() => {
            let anew = text(&trouble["confirm_at"]).rsplit('/').next().unwrap_or_default();
            visit.done(&format!("{PATH}/{anew}"), &json!({ "text": trouble["message"] }))
        }
        Err(trouble) => visit.shown(PATH, Err(trouble)).await,
    }
}

/// The page that shows the result.
fn back(answer: &Value) -> String {
    answer["order_id"].as_i64().map_or_else(|| PATH.to_owned(), |order| format!("/orders/{order}"))
}
