//! Acts on an order, and undoing them: the form, the preview, the Yes, the result.

use axum::{
    extract::Path,
    response::{Redirect, Response},
};
use maud::html;
use serde_json::{Value, json};

use crate::{
    consent::{Came, Question, Wanted, step},
    front::Trouble,
    notify_forms, order, order_acts,
    params::Params,
    parts::text,
    posted::Posted,
    tried::Tried,
    visit::status,
};

const PLACE: &str = "/orders";

/// A visit of a form's address shows the page of its order.
pub(crate) async fn back(Path((number, _)): Path<(String, String)>) -> Redirect {
    Redirect::to(&order::address(&number))
}

/// As [`back`], for forms without an order.
pub(crate) async fn nowhere() -> Redirect {
    Redirect::to("/activity")
}

pub(crate) async fn sent(Path((number, name)): Path<(String, String)>, posted: Posted) -> Response {
    let Posted { visit, form } = posted;
    let id = match order::id(&number) {
        Ok(id) => id,
        Err(trouble) => return visit.shown(PLACE, Err(trouble)).await,
    };
    let Some(act) = order_acts::named(&name) else {
        let trouble = json!({ "code": "NOT_FOUND", "message": "Nothing of that name can be done to an order." });
        return visit.shown(PLACE, Err(Trouble(trouble))).await;
    };
    let wanted = Wanted { tool: act.tool, asks: act.asks, arguments: act.arguments(id, &form) };
    let (back, action) = (order::address(&number), format!("/orders/{id}/{name}"));
    match step(&visit.front, wanted, &form).await {
        Came::Done(answer) => visit.done(&back, &answer),
        Came::Foreseen(foreseen) => {
            let title = format!("{}: order #{id}?", act.called.trim_end_matches(" …"));
            let yes = format!("Yes, {}", yes(act.name, &form));
            let question = Question { title, place: PLACE, action: &action, yes: &yes, back: &back };
            let page = question.page(&visit, &form, &foreseen, &html! {});
            visit.shown(PLACE, Ok(page)).await
        }
        Came::Refused(trouble) => {
            let Trouble(trouble) = notify_forms::for_people(trouble);
            let tried = Tried { act: act.name, form: &form, trouble: &trouble };
            match order::page(&visit, &number, Some(tried)).await {
                Ok(page) => visit.framed(status(text(&trouble["code"])).0, &page),
                Err(trouble) => visit.shown(PLACE, Err(trouble)).await,
            }
        }
    }
}

/// The text of the button that carries an act out.
fn yes(act: &str, form: &Params) -> String {
    match act {
        "ship" => "ship".to_owned(),
        "payment" => "record it".to_owned(),
        "refund" => "pay it back".to_owned(),
        "return" => "take them back".to_owned(),
        "cancel" => "cancel".to_owned(),
        "hold" => "hold it back".to_owned(),
        "release" => "release it".to_owned(),
        "tell" => "tell them".to_owned(),
        _ => format!("make it {}", form.get("status").unwrap_or("so").replace('_', " ")),
    }
}

/// Undoes what a command did.
pub(crate) async fn undo(posted: Posted) -> Response {
    let Posted { visit, form } = posted;
    let arguments = json!({ "command_id": form.get("command_id") });
    match step(&visit.front, Wanted { tool: "orders.undo", asks: true, arguments }, &form).await {
        Came::Done(answer) => visit.done(&about(&answer), &answer),
        Came::Foreseen(foreseen) => {
            let back = about(&foreseen.told["after"]);
            let title = "Take it back?".to_owned();
            let question = Question { title, place: PLACE, action: "/undo", yes: "Yes, take it back", back: &back };
            let page = question.page(&visit, &form, &foreseen, &html! {});
            visit.shown(PLACE, Ok(page)).await
        }
        Came::Refused(trouble) => visit.shown(PLACE, Err(trouble)).await,
    }
}

/// The page of the order in an answer; the list of orders if the answer names no order or many.
fn about(answer: &Value) -> String {
    answer["order_id"].as_i64().map_or_else(|| PLACE.to_owned(), |id| order::address(&id.to_string()))
}
