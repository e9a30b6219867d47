//! An act goes in two steps: the page says what it would do, and does it after Yes, just as it was shown.

use futures::future::BoxFuture;
use maud::{Markup, html};
use orderlog_tools::{AGAIN, CONFIRM_TOKEN};
use serde_json::{Value, json};

use crate::{
    foreseen,
    form_token::FIELD,
    front::{Front, Trouble},
    layout::Page,
    params::Params,
    parts::{items, text},
    visit::Visit,
};

/// The field by which a form says Yes.
pub(crate) const YES: &str = "yes";
/// The field that makes an act happen once, however often its form is sent.
pub(crate) const ONCE: &str = "once";
/// The field with the version that the page showed.
pub(crate) const VERSION: &str = "version";
/// Fields that a preview sets anew.
const ITS_OWN: [&str; 4] = [YES, ONCE, CONFIRM_TOKEN, FIELD];

/// One call of a tool, as a form asks for it.
pub(crate) struct Wanted {
    pub(crate) tool: &'static str,
    /// Whether the tool itself asks for a Yes.
    pub(crate) asks: bool,
    pub(crate) arguments: Value,
}

/// What came of a form.
pub(crate) enum Came {
    /// This would happen; Yes is to come.
    Foreseen(Foreseen),
    /// It is done, or there was nothing to do.
    Done(Value),
    Refused(Trouble),
}

/// What would happen, and what the Yes to it carries.
pub(crate) struct Foreseen {
    pub(crate) told: Value,
    carried: (&'static str, String),
    /// Why it is asked once more.
    again: Option<String>,
}

/// The page around a question.
pub(crate) struct Question<'a> {
    pub(crate) title: String,
    pub(crate) place: &'static str,
    /// Where the form goes.
    pub(crate) action: &'a str,
    pub(crate) yes: &'a str,
    /// Where No leads.
    pub(crate) back: &'a str,
}

/// Tries the act out, or carries it out where the form says Yes.
pub(crate) async fn step(front: &Front, wanted: Wanted, form: &Params) -> Came {
    let Wanted { tool, asks, arguments } = wanted;
    step_by(front, asks, arguments, form, |arguments| front.ask(tool, arguments)).await
}

/// The same by whatever carries it out.
pub(crate) async fn step_by<'a>(
    front: &Front,
    asks: bool,
    mut arguments: Value,
    form: &Params,
    ask: impl Fn(Value) -> BoxFuture<'a, Result<Value, Trouble>>,
) -> Came {
    let agreed = form.get(YES).is_some();
    arguments["reason"] = json!(form.get("reason"));
    arguments["expected_version"] = json!(form.get(VERSION).and_then(|version| version.parse::<i64>().ok()));
    if agreed {
        arguments["idempotency_key"] = json!(form.get(ONCE));
        arguments[CONFIRM_TOKEN] = json!(form.get(CONFIRM_TOKEN));
    } else if !asks {
        arguments["dry_run"] = true.into();
    }
    let mut answered = ask(arguments.clone()).await;
    let mut again = None;
    if let Err(Trouble(trouble)) = &answered
        && trouble["code"] == "DUPLICATE_SUSPECTED"
        && !agreed
    {
        // The page asks anyhow. Its Yes is to doing it once more, under a key of its own.
        again = Some(text(&trouble["message"]).to_owned());
        arguments[AGAIN] = true.into();
        answered = ask(arguments).await;
    }
    match answered {
        Ok(answer) if agreed || asks || answer["no_change"] == true => Came::Done(answer),
        Ok(told) => Came::Foreseen(Foreseen { told, carried: (ONCE, front.new_id()), again }),
        Err(Trouble(mut trouble)) if trouble["confirm_token"].is_string() => Came::Foreseen(Foreseen {
            carried: (CONFIRM_TOKEN, text(&trouble["confirm_token"]).to_owned()),
            again: agreed.then(|| text(&trouble["message"]).to_owned()),
            told: trouble["preview"].take(),
        }),
        Err(trouble) => Came::Refused(trouble),
    }
}

impl Question<'_> {
    /// Asks. All that was typed goes along, so that Yes does just what is shown.
    pub(crate) fn page(self, visit: &Visit, form: &Params, foreseen: &Foreseen, more: &Markup) -> Page {
        let Foreseen { told, carried: (name, value), again } = foreseen;
        let body = html! {
            @if let Some(again) = again { p class="trouble" role="alert" { (again) } }
            p class="would" { bdi { (text(&told["text"])) } }
            @for warning in items(&told["warnings"]) { p class="flag" { bdi { (text(warning)) } } }
            (foreseen::changes(told))
            (more)
            @if let Some(reason) = form.get("reason") { p { "Reason: " bdi { (reason) } } }
            form method="post" action=(self.action) class="answer" {
                (visit.token.field())
                @for (name, value) in form.without(&ITS_OWN) { input type="hidden" name=(name) value=(value); }
                input type="hidden" name=(name) value=(value);
                button name=(YES) value="1" class="yes" { (self.yes) }
                a href=(self.back) { "No, go back" }
            }
        };
        Page { title: self.title, place: self.place, body }
    }
}
