//! An act goes in two steps: the page shows what would happen, and carries it out after Yes, exactly as it was shown.

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

/// The field of a form's Yes.
pub(crate) const YES: &str = "yes";
/// The field that makes an act happen once, even if its form is sent several times.
pub(crate) const ONCE: &str = "once";
/// The field with the version that the page showed.
pub(crate) const VERSION: &str = "version";
/// Fields that each preview sets again.
const ITS_OWN: [&str; 4] = [YES, ONCE, CONFIRM_TOKEN, FIELD];

/// One call of a tool, as a form asks for it.
pub(crate) struct Wanted {
    pub(crate) tool: &'static str,
    /// Whether the tool itself asks for a Yes.
    pub(crate) asks: bool,
    pub(crate) arguments: Value,
}

/// The result of a form.
pub(crate) enum Came {
    /// The preview, before a Yes.
    Foreseen(Foreseen),
    /// The act was carried out, or nothing had to be done.
    Done(Value),
    Refused(Trouble),
}

/// The preview, and the fields that its Yes needs.
pub(crate) struct Foreseen {
    pub(crate) told: Value,
    carried: (&'static str, String),
    /// Why the page asks once more.
    again: Option<String>,
}

/// The page around a question.
pub(crate) struct Question<'a> {
    pub(crate) title: String,
    pub(crate) place: &'static str,
    /// The address to which the form is sent.
    pub(crate) action: &'a str,
    pub(crate) yes: &'a str,
    /// The page after No.
    pub(crate) back: &'a str,
}

/// Previews the act, or carries it out if the form contains a Yes.
pub(crate) async fn step(front: &Front, wanted: Wanted, form: &Params) -> Came {
    let Wanted { tool, asks, arguments } = wanted;
    step_by(front, asks, arguments, form, |arguments| front.ask(tool, arguments)).await
}

/// As [`step`], with another function that carries it out.
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
        // The page asks in any case. Its Yes means doing the act once more, under a new key.
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
    /// Asks for the Yes. The form keeps all that was typed, so that Yes does exactly what is shown.
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
