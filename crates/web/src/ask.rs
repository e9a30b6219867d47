//! A page that takes a sentence: what the sentence asks to see is shown at once; what it would change is shown first
//! and waits for Yes.

use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use orderlog_access::is_same;
use orderlog_assistant::{Assistant, Done, Misunderstood, Plan, Step};
use serde_json::{Value, json};

use crate::{
    layout::Page,
    order,
    params::{Params, encoded},
    posted::Posted,
    visit::Visit,
};

/// Path of the page. A language model may need long for it.
pub const PATH: &str = "/ask";
/// The field with the sentence.
const SENTENCE: &str = "q";
/// The field with the foreseen changes as they were shown; a Yes is valid for these only.
const SHOWN: &str = "shown";
/// The field with the plan of a language model, sealed: if the model were asked again, it might make another plan.
const PLAN: &str = "plan";
const SEAL: &str = "seal";
const SEALED: &[u8] = b"orderlog web plan\0";
/// The field that makes a change happen once, even if its form is sent several times.
const ONCE: &str = "once";

/// The answer to a sentence.
#[derive(Default)]
struct Told {
    done: Vec<Done>,
    /// The foreseen changes, in words, each with the preview of its tool.
    foreseen: Vec<(String, String)>,
    /// Why nothing was done, or not everything.
    trouble: Option<String>,
    /// The language model that made the plan, and the plan for the form.
    by: Option<(String, String)>,
}

pub(crate) async fn asked(visit: Visit) -> Response {
    let visit = visit.still();
    let sentence = visit.params.get(SENTENCE).unwrap_or_default().to_owned();
    if let Some(number) = order_number(&sentence) {
        return Redirect::to(&order::address(number)).into_response();
    }
    let told = if sentence.is_empty() { Told::default() } else { tell(&visit, &sentence, None).await };
    visit.shown(PATH, Ok(page(&visit, &sentence, &told))).await
}

pub(crate) async fn sent(posted: Posted) -> Response {
    let Posted { visit, form } = posted;
    let sentence = form.get(SENTENCE).unwrap_or_default().to_owned();
    let told = tell(&visit, &sentence, Some(&form)).await;
    visit.shown(PATH, Ok(page(&visit, &sentence, &told))).await
}

/// `1001`, `#1001`, `order 1001`.
fn order_number(sentence: &str) -> Option<&str> {
    let lower = sentence.trim().trim_start_matches("order").trim_start_matches("Order").trim().trim_start_matches('#');
    (!lower.is_empty() && lower.bytes().all(|byte| byte.is_ascii_digit())).then_some(lower)
}

/// Runs questions at once. Previews changes; if `agreed` is a form with a Yes, makes them.
async fn tell(visit: &Visit, sentence: &str, agreed: Option<&Params>) -> Told {
    let mut assistant = visit.front.assistant();
    let mut told = Told::default();
    let Plan { steps, set_aside, by, note } = match plan(visit, &mut assistant, sentence, agreed).await {
        Ok(plan) => plan,
        Err(not) => {
            told.trouble = Some(not.to_string());
            return told;
        }
    };
    told.by = by.map(|model| (model, json!(steps).to_string()));
    if !set_aside.is_empty() {
        let not = format!("Not understood and set aside: {}.", set_aside.join(", "));
        told.trouble = Some([Some(not), note].into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    told.foreseen = foresee(&assistant, &steps, &mut told.trouble).await;
    let shown: Vec<String> = told.foreseen.iter().map(|(words, would)| format!("{words}: {would}")).collect();
    let yes = agreed.is_some_and(|form| !shown.is_empty() && form.all(SHOWN).eq(shown.iter().map(|text| text.trim())));
    if agreed.is_some() && !yes && told.trouble.is_none() {
        told.trouble = Some("Something changed since this was shown. Look once more; nothing was done.".to_owned());
    }
    for (nth, step) in steps.iter().enumerate() {
        let changes = assistant.needs_yes(step);
        if changes && !yes {
            // Questions after a change are answered after the change.
            break;
        }
        let step = match agreed.and_then(|form| form.get(ONCE)).filter(|_| changes) {
            Some(once) => visit.front.once(step, &format!("{once}-{nth}")),
            None => step.clone(),
        };
        let mut done = assistant.carry_out(&step, sentence).await;
        if let Some(confirmation) = done.outcome.confirmation().cloned() {
            let would = confirmation.preview["text"].as_str().unwrap_or_default();
            if told.foreseen.iter().any(|(_, foreseen)| foreseen == would) {
                done = assistant.confirm(&step, sentence, &confirmation).await;
            }
        }
        let failed = !done.outcome.is_answer();
        told.done.push(done);
        if changes && failed {
            if nth + 1 < steps.len() {
                told.trouble = Some("What comes after that was not done: it may stand on it.".to_owned());
            }
            break;
        }
    }
    if yes {
        told.foreseen.clear();
    }
    told
}

/// The plan in a form with a Yes, or the plan of the sentence.
async fn plan(
    visit: &Visit,
    assistant: &mut Assistant,
    sentence: &str,
    agreed: Option<&Params>,
) -> Result<Plan, Misunderstood> {
    let sealed = agreed.and_then(|form| form.get(PLAN).zip(form.get(SEAL)));
    let steps = sealed.filter(|(plan, seal)| is_same(seal, &seal_of(visit, plan, sentence)));
    let steps = steps.and_then(|(plan, _)| serde_json::from_str(plan).ok());
    match steps.and_then(|steps| assistant.take_up(steps)) {
        Some(plan) => Ok(plan),
        None => assistant.understand(sentence).await,
    }
}

/// The shop's word that this plan was shown for this sentence.
fn seal_of(visit: &Visit, plan: &str, sentence: &str) -> String {
    visit.front.signed(SEALED, &format!("{plan}\0{sentence}"))
}

/// Previews each change. A change that depends on another cannot be previewed before that is made.
async fn foresee(assistant: &Assistant, steps: &[Step], trouble: &mut Option<String>) -> Vec<(String, String)> {
    let mut foreseen = vec![];
    for step in steps.iter().filter(|step| assistant.needs_yes(step)) {
        let trial = assistant.try_out(step).await;
        let would = trial.outcome.in_words();
        if trial.outcome.is_answer() {
            foreseen.push((trial.words, would.lines().next().unwrap_or_default().to_owned()));
        } else if foreseen.is_empty() {
            *trouble = Some(format!("{}: {would} Nothing was done.", trial.words));
            return vec![];
        } else {
            foreseen.push((trial.words, String::new()));
        }
    }
    foreseen
}

fn page(visit: &Visit, sentence: &str, told: &Told) -> Page {
    let body = html! {
        form action=(PATH) class="place" {
            label { "Say what shall be shown or done"
                input name=(SENTENCE) value=(sentence) maxlength="1000" autofocus[sentence.is_empty()]; }
            div class="buttons" { button { "Ask" } }
        }
        @if let Some(trouble) = &told.trouble { p class="trouble" role="alert" { bdi { (trouble) } } }
        @if let Some((model, _)) = &told.by {
            p class="note" { "The grammar did not understand that. The language model " bdi { (model) } " made this of it." }
        }
        @for done in &told.done { (answer(done)) }
        @if !told.foreseen.is_empty() {
            form method="post" action=(PATH) {
                (visit.token.field())
                input type="hidden" name=(SENTENCE) value=(sentence);
                @if let Some((_, plan)) = &told.by {
                    input type="hidden" name=(PLAN) value=(plan);
                    input type="hidden" name=(SEAL) value=(seal_of(visit, plan, sentence));
                }
                input type="hidden" name=(ONCE) value=(visit.front.new_id());
                h2 { "This would be done" }
                ol {
                    @for (words, would) in &told.foreseen {
                        li {
                            p { strong { bdi { (words) } } } p { bdi { (would) } }
                            input type="hidden" name=(SHOWN) value={ (words) ": " (would) };
                        }
                    }
                }
                div class="answer" { button class="yes" { "Yes, do it" } a href={ (PATH) "?q=" (encoded(sentence)) } { "No" } }
            }
        }
        @if sentence.is_empty() {
            p { "For example:" }
            ul { @for example in EXAMPLES { li { a href={ (PATH) "?q=" (encoded(example)) } { (example) } } } }
        }
    };
    Page { title: "Ask".to_owned(), place: PATH, body }
}

const EXAMPLES: [&str; 4] = [
    "show me pending orders from last week",
    "how much did we sell yesterday",
    "what should I reorder this week",
    "update order #1001 to shipped and show me today's revenue",
];

/// What was asked for, the answer, and a link to the page that shows more.
fn answer(done: &Done) -> Markup {
    let text = done.outcome.in_words();
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let order = done.step.arguments.get("order_id").and_then(Value::as_i64);
    let class = if done.outcome.is_answer() { "answered" } else { "answered trouble" };
    html! {
        section class=(class) {
            h2 { bdi { (done.words) } }
            p class="would" { bdi { (first) } }
            @if !rest.is_empty() { pre class="scroll" tabindex="0" { (rest) } }
            @if let Some(id) = order { p { a href={ "/orders/" (id) } { "Order #" (id) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_an_order() {
        for (sentence, number) in [
            ("1001", Some("1001")),
            (" #1001 ", Some("1001")),
            ("order 7", Some("7")),
            ("ship 1001", None),
            ("#", None),
        ] {
            assert_eq!(order_number(sentence), number, "{sentence}");
        }
    }
}
