//! Acts on the page for notifications: a new rule, the end of a rule, and an operator's acts about messages and
//! targets. Each is previewed and carried out after Yes.

use axum::{
    extract::Path,
    response::{Redirect, Response},
};
use maud::html;
use orderlog_tools::undelivered::OperatorAct;
use serde_json::{Value, json};

use crate::{
    consent::{Came, ONCE, Question, Wanted, YES, step, step_by},
    front::Trouble,
    layout::Page,
    notifications::{self, PATH},
    notify_forms,
    params::{Params, as_number},
    parts::text,
    posted::Posted,
    tried::Tried,
    visit::{Visit, status},
};

/// The field with a message's id, and the value that means every message that was given up.
const MESSAGE: &str = "message";
const ALL: &str = "all";

/// The address of a form, looked at.
pub(crate) async fn back(Path(_): Path<String>) -> Redirect {
    Redirect::to(PATH)
}

pub(crate) async fn sent(Path(act): Path<String>, posted: Posted) -> Response {
    let Posted { visit, form } = posted;
    match act.as_str() {
        "new" => made(&visit, &form).await,
        "end" => ended(&visit, &form).await,
        "replay" => replayed(&visit, form).await,
        "enable" => {
            let act = OperatorAct::Enable(form.get("target").unwrap_or_default().to_owned());
            let came = step_by(&visit.front, false, json!({}), &form, |row| visit.front.operate(Ok(act.clone()), row));
            let came = came.await;
            answered(&visit, &form, came, ("Let it take messages again?", "enable", "Yes, enable it")).await
        }
        "test" => tested(&visit, &form).await,
        _ => {
            let trouble = json!({ "code": "NOT_FOUND", "message": "Nothing of that name can be done here." });
            visit.shown(PATH, Err(Trouble(trouble))).await
        }
    }
}

/// A title, the act in the address, and the text of Yes.
type Words<'a> = (&'a str, &'a str, &'a str);

async fn answered(visit: &Visit, form: &Params, came: Came, (title, act, yes): Words<'_>) -> Response {
    match came {
        Came::Done(answer) => visit.done(PATH, &answer),
        Came::Foreseen(foreseen) => {
            let action = format!("{PATH}/{act}");
            let question = Question { title: title.to_owned(), place: PATH, action: &action, yes, back: PATH };
            visit.shown(PATH, Ok(question.page(visit, form, &foreseen, &html! {}))).await
        }
        Came::Refused(trouble) => visit.shown(PATH, Err(trouble)).await,
    }
}

async fn made(visit: &Visit, form: &Params) -> Response {
    let arguments = Value::Object(notify_forms::rule(form));
    let wanted = Wanted { tool: "notifications.subscribe", asks: false, arguments };
    match step(&visit.front, wanted, form).await {
        Came::Refused(trouble) => {
            let Trouble(trouble) = notify_forms::for_people(trouble);
            let tried = Tried { act: notify_forms::kind(form), form, trouble: &trouble };
            match notifications::page(visit, Some(tried)).await {
                Ok(page) => visit.framed(status(text(&trouble["code"])).0, &page),
                Err(trouble) => visit.shown(PATH, Err(trouble)).await,
            }
        }
        came => answered(visit, form, came, ("Tell somebody?", "new", "Yes, tell them")).await,
    }
}

async fn ended(visit: &Visit, form: &Params) -> Response {
    let rule = form.get("rule_id").map(as_number);
    let wanted = Wanted { tool: "notifications.unsubscribe", asks: false, arguments: json!({ "rule_id": rule }) };
    let came = step(&visit.front, wanted, form).await;
    answered(visit, form, came, ("End the rule?", "end", "Yes, end it")).await
}

/// Every message means those that there are now: Yes is to these and no others.
async fn replayed(visit: &Visit, form: Params) -> Response {
    let form = match form.get(ALL) {
        None => form,
        Some(_) => match visit.front.given_up(form.get("target")).await {
            Ok(ids) => Params::of(ids.iter().map(|id| (MESSAGE, id.as_str()))),
            Err(trouble) => return visit.shown(PATH, Err(trouble)).await,
        },
    };
    let came = step_by(&visit.front, false, json!({}), &form, |row| {
        visit.front.operate(OperatorAct::replay(form.all(MESSAGE)), row)
    });
    let came = came.await;
    answered(visit, &form, came, ("Try again?", "replay", "Yes, try again")).await
}

/// A test message is not a fact of the shop: it is sent, and nothing is recorded.
async fn tested(visit: &Visit, form: &Params) -> Response {
    let target = form.get("target").unwrap_or_default();
    let agreed = form.get(YES).and(form.get(ONCE));
    let Some(once) = agreed else {
        let page = visit.front.may_test(target).map(|()| {
            let body = html! {
                p class="would" { "A test message would be sent to " (target) "." }
                form method="post" action={ (PATH) "/test" } class="answer" {
                    (visit.token.field())
                    input type="hidden" name="target" value=(target);
                    input type="hidden" name=(ONCE) value=(visit.front.new_id());
                    button name=(YES) value="1" class="yes" { "Yes, send it" }
                    a href=(PATH) { "No, go back" }
                }
            };
            Page { title: "Send a test message?".to_owned(), place: PATH, body }
        });
        return visit.shown(PATH, page).await;
    };
    match visit.front.test(target, once).await {
        Ok(false) => visit.done(PATH, &json!({ "text": "This test message was sent already." })),
        Ok(true) => visit.done(PATH, &json!({ "text": format!("{target} took the test message.") })),
        Err(trouble) => visit.shown(PATH, Err(trouble)).await,
    }
}
