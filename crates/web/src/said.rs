//! The result of an act, shown once on the page that follows. A cookie carries it to that page.

use axum::{http::HeaderMap, response::Response};
use form_urlencoded::Serializer;
use maud::{Markup, html};
use serde_json::Value;

use crate::{
    cookies,
    form_token::FormToken,
    params::Params,
    parts::{items, text},
};

const COOKIE: &str = "orderlog_said";
/// How long the result waits for its page, in seconds.
const SECONDS: u32 = 60;
/// Most characters of one sentence, and most sentences: a cookie may have 4,096 bytes.
const CHARACTERS: usize = 300;
const SENTENCES: usize = 4;
/// Most bytes of a cookie's value that browsers keep.
const BYTES: usize = 3_800;

/// The result of an act.
pub(crate) struct Said {
    sentences: Vec<String>,
    /// The command that can be taken back.
    undo: Option<String>,
}

impl Said {
    /// From the answer of a tool.
    pub(crate) fn of(answer: &Value) -> Said {
        let cut = |text: &str| text.chars().take(CHARACTERS).collect::<String>();
        let warnings = items(&answer["warnings"]).iter().map(|warning| cut(text(warning)));
        let sentences = std::iter::once(cut(text(&answer["text"]))).chain(warnings).take(SENTENCES).collect();
        Said { sentences, undo: answer["undo"]["arguments"]["command_id"].as_str().map(str::to_owned) }
    }

    pub(crate) fn read(headers: &HeaderMap) -> Option<Said> {
        let said = Params::read(Some(cookies::read(headers, COOKIE)?));
        let sentences: Vec<String> = said.all("said").map(str::to_owned).collect();
        (!sentences.is_empty()).then(|| Said { sentences, undo: said.get("undo").map(str::to_owned) })
    }

    pub(crate) fn keep(mut self, response: &mut Response, secured: bool) {
        let mut value = self.encoded();
        while value.len() > BYTES && self.sentences.len() > 1 {
            self.sentences.pop();
            value = self.encoded();
        }
        cookies::give(response, COOKIE, &value, Some(SECONDS), secured);
    }

    fn encoded(&self) -> String {
        let mut pairs = Serializer::new(String::new());
        pairs.extend_pairs(self.sentences.iter().map(|sentence| ("said", sentence)));
        pairs.extend_pairs(self.undo.iter().map(|undo| ("undo", undo)));
        pairs.finish()
    }

    pub(crate) fn forget(response: &mut Response, secured: bool) {
        cookies::give(response, COOKIE, "", Some(0), secured);
    }

    /// The result with the button that undoes it.
    pub(crate) fn shown(&self, token: &FormToken) -> Markup {
        html! {
            section class="said" role="status" {
                div { @for sentence in &self.sentences { p { bdi { (sentence) } } } }
                @if let Some(undo) = &self.undo { (undo_button(token, undo, "Undo this")) }
            }
        }
    }
}

/// A button that previews the undo of a command.
pub(crate) fn undo_button(token: &FormToken, command_id: &str, called: &str) -> Markup {
    html! {
        form method="post" action="/undo" class="inline" {
            (token.field())
            input type="hidden" name="command_id" value=(command_id);
            button { (called) }
        }
    }
}
