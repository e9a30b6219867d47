//! What a form carries so that no other site can send it: the shop's signature under a secret of this browser.

use axum::{http::HeaderMap, response::Response};
use maud::{Markup, html};
use orderlog_access::is_same;
use orderlog_tools::OpenShop;

use crate::cookies;

/// The cookie that holds the secret. Browsers send it with requests of our own pages alone.
const COOKIE: &str = "orderlog_form";
/// The field that carries the signature.
pub(crate) const FIELD: &str = "form_token";
/// What the signature is for: nothing else that the shop signs begins so.
const PURPOSE: &[u8] = b"orderlog web form\0";
/// Characters of a secret: a UUID without hyphens.
const SECRET_CHARACTERS: usize = 32;

/// The secret of a browser and the signature that its forms carry.
pub(crate) struct FormToken {
    secret: String,
    /// Whether the browser has yet to be given it.
    is_new: bool,
    signature: String,
}

impl FormToken {
    /// That of the browser which sent these headers; a new one where it has none.
    pub(crate) fn of(headers: &HeaderMap, shop: &OpenShop, user: &str) -> FormToken {
        let is_secret = |text: &&str| text.len() == SECRET_CHARACTERS && text.bytes().all(|b| b.is_ascii_hexdigit());
        let known = cookies::read(headers, COOKIE).filter(is_secret).map(str::to_owned);
        let is_new = known.is_none();
        let secret = known.unwrap_or_else(|| shop.clock.new_id().simple().to_string());
        let signed = shop.keyring.sign(&[PURPOSE, user.as_bytes(), b"\0", secret.as_bytes()]);
        let signature = signed.iter().map(|byte| format!("{byte:02x}")).collect();
        FormToken { secret, is_new, signature }
    }

    /// The browser, by the secret that it sent; nothing for one that has none yet, and for a program.
    pub(crate) fn browser(&self) -> Option<&str> {
        (!self.is_new).then_some(&*self.secret)
    }

    /// Whether a form that says this came from a page of ours in this browser. A browser without the secret has no form.
    pub(crate) fn fits(&self, given: Option<&str>) -> bool {
        given.is_some_and(|given| !self.is_new && is_same(given, &self.signature))
    }

    /// Gives the browser its secret.
    pub(crate) fn keep(&self, response: &mut Response, secured: bool) {
        if self.is_new {
            cookies::give(response, COOKIE, &self.secret, None, secured);
        }
    }

    /// The field, for every form that changes something.
    pub(crate) fn field(&self) -> Markup {
        html! { input type="hidden" name=(FIELD) value=(self.signature); }
    }
}
