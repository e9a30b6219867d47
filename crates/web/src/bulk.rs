//! Many orders to one status: chosen in the list, shown as they would change, changed after Yes, told one by one.

use axum::response::{Redirect, Response};
use futures::{FutureExt as _, future::BoxFuture};
use maud::{Markup, html};
use orderlog_tools::Progress;
use serde_json::{Value, json};

use crate::{
    bulk_form::{EVERY, LIST, MOST, ORDER, PATH},
    bulk_steps::Around,
    consent::{Came, Foreseen, Question, YES, step_by},
    front::{Front, Trouble},
    layout::Page,
    orders,
    params::{Params, as_number},
    parts::{self, items, number, text},
    posted::Posted,
    said::undo_button,
    visit::Visit,
};

const PLACE: &str = "/orders";
const TOOL: &str = "orders.bulk_update_status";
/// The title of what came of it.
const BECAME: &str = "What became of them";
/// Orders of a list that are asked for at once.
const ROWS: u32 = 100;

pub(crate) async fn blank() -> Redirect {
    Redirect::to(PLACE)
}

pub(crate) async fn sent(posted: Posted) -> Response {
    let Posted { visit, form } = posted;
    let form = match chosen(&visit.front, &form).await {
        Ok(form) => form,
        Err(trouble) => return visit.shown(PLACE, Err(trouble)).await,
    };
    let count = form.all(ORDER).count();
    let status = form.get("status").unwrap_or_default();
    let orders = if count == 1 { "order" } else { "orders" };
    if form.get(YES).is_none() {
        let came = asked(&visit, &form, Progress::default()).await;
        return shown(&visit, &form, came).await;
    }
    let around = Around::of(&visit, format!("Making {count} {orders} {status}"), PLACE).await;
    let (progress, mut steps) = Progress::heard();
    let mut answering: BoxFuture<'static, _> = Box::pin(async move {
        let came = asked(&visit, &form, progress).await;
        (visit, form, came)
    });
    // What is answered before anything is done is a page like any other.
    let early = tokio::select! {
        biased;
        answered = &mut answering => Some(answered),
        Ok(_) = steps.wait_for(|steps| steps.done > 0) => None,
    };
    match early {
        Some((visit, form, came)) => shown(&visit, &form, came).await,
        None => around.sent(steps, Box::pin(answering.map(|(visit, form, came)| end(&visit, &form, came)))),
    }
}

/// Asks the tool what the form asks.
async fn asked(visit: &Visit, form: &Params, progress: Progress) -> Came {
    let chosen: Vec<Value> = form.all(ORDER).map(as_number).collect();
    let arguments = json!({ "status": form.get("status").unwrap_or_default(), "order_ids": chosen });
    let ask = |arguments| visit.front.ask_telling(TOOL, arguments, progress.clone());
    step_by(&visit.front, true, arguments, form, ask).await
}

/// The page of what came of it.
async fn shown(visit: &Visit, form: &Params, came: Came) -> Response {
    let page = match came {
        Came::Refused(trouble) => Err(trouble),
        Came::Foreseen(foreseen) => Ok(question(visit, form, &foreseen)),
        Came::Done(answer) => Ok(Page { title: BECAME.to_owned(), place: PLACE, body: done(visit, form, &answer) }),
    };
    visit.shown(PLACE, page).await
}

/// The same as the end of a page that is under way.
fn end(visit: &Visit, form: &Params, came: Came) -> Markup {
    match came {
        Came::Refused(Trouble(trouble)) => parts::trouble(&trouble),
        Came::Foreseen(foreseen) => question(visit, form, &foreseen).body,
        Came::Done(answer) => html! { section class="came" { h2 { (BECAME) } (done(visit, form, &answer)) } },
    }
}

fn question(visit: &Visit, form: &Params, foreseen: &Foreseen) -> Page {
    let (count, status) = (form.all(ORDER).count(), form.get("status").unwrap_or_default());
    let yes = format!("Yes, make them {status}");
    let title = format!("Make {count} {} {status}?", if count == 1 { "order" } else { "orders" });
    let question = Question { title, place: PLACE, action: PATH, yes: &yes, back: PLACE };
    question.page(visit, form, foreseen, &each(&foreseen.told, form, visit, false))
}

fn done(visit: &Visit, form: &Params, answer: &Value) -> Markup {
    html! {
        p class="said" role="status" { bdi { (text(&answer["text"])) } }
        (each(answer, form, visit, true))
        @if answer["undoable"] == true && let Some(command) = answer["command_id"].as_str() { (undo_button(&visit.token, command, "Undo all of it")) }
        p { a href=(PLACE) { "Back to the orders" } }
    }
}

/// The orders that a form is about, by number. Where it is about a whole list, they are those of this moment: what is shown
/// and agreed to is them, whatever joins the list later.
async fn chosen(front: &Front, form: &Params) -> Result<Params, Trouble> {
    if form.get(EVERY).is_none() {
        return Ok(form.clone());
    }
    let (_, tool, mut arguments) = orders::asked(&Params::read(form.get(LIST)));
    arguments["limit"] = ROWS.into();
    let mut found: Vec<String> = vec![];
    loop {
        let page = orders::found(front, &Params::default(), tool, arguments.clone()).await?;
        found.extend(items(&page["orders"]).iter().map(|order| number(&order["order_id"]).to_string()));
        arguments["cursor"] = page["next_cursor"].clone();
        let most = usize::try_from(MOST).unwrap_or_default();
        if found.len() > most {
            return Err(Trouble(json!({
                "code": "LIMIT_EXCEEDED", "message": format!("The list has more than {MOST} orders by now."),
                "hint": "Filter it to fewer, and choose again.",
            })));
        }
        if arguments["cursor"] == Value::Null {
            break;
        }
    }
    let kept = form.without(&[EVERY, LIST, ORDER]);
    Ok(Params::of(kept.chain(found.iter().map(|id| (ORDER, id.as_str())))))
}

/// Every order with what became, or would become, of it; those that did not change can be tried again. Of those that were
/// changed the answer has the command alone.
fn each(told: &Value, form: &Params, visit: &Visit, done: bool) -> Markup {
    let changed = told["command_ids"].as_object().into_iter().flatten().map(|(id, _)| (as_number(id), None));
    let told = items(&told["orders"]).iter().map(|order| {
        let outcome = Some(&order["outcome"]).filter(|outcome| **outcome != "changed");
        (order["order_id"].clone(), outcome)
    });
    let mut orders: Vec<(Value, Option<&Value>)> = changed.chain(told).collect();
    // What did not go as asked stands first.
    orders.sort_by_key(|(id, outcome)| (outcome.is_none(), id.as_i64()));
    let left: Vec<i64> = orders.iter().filter(|(_, outcome)| outcome.is_some()).map(|(id, _)| number(id)).collect();
    html! {
        table {
            thead { tr { th scope="col" { "Order" } th scope="col" { "Outcome" } } }
            tbody {
                @for (id, outcome) in &orders {
                    tr {
                        th scope="row" { a href={ "/orders/" (number(id)) } { "#" (number(id)) } }
                        td {
                            @if let Some(outcome) = outcome { span class="flag" { (text(outcome).replace('_', " ")) } }
                            @else { (if done { "✓ changed" } else { "would change" }) }
                        }
                    }
                }
            }
        }
        @if done && !left.is_empty() {
            form method="post" action=(PATH) class="inline" {
                (visit.token.field())
                input type="hidden" name="status" value=(form.get("status").unwrap_or_default());
                @for order in &left { input type="hidden" name=(ORDER) value=(order); }
                button { "Try those that did not change again …" }
            }
        }
    }
}
