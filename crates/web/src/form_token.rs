//! The token in every form, so that no other site can send the form: the shop's signature under a secret of this
//! browser.

use axum::{http::HeaderMap, response::Response};
use maud::{Markup, html};
use orderlog_access::is_same;
use orderlog_tools::OpenShop;

use crate::cookies;

/// The cookie with the secret. Browsers send it only with requests from our own pages.
const COOKIE: &str = "orderlog_form";
/// The field that carries the signature.
pub(crate) const FIELD: &str = "form_token";
/// The purpose in the signature: no other text that the shop signs begins with it.
const PURPOSE: &[u8] = b"orderlog web form\0";
/// Characters of a secret: a UUID without hyphens.
const SECRET_CHARACTERS: usize = 32;

/// The secret of a browser and the signature that its forms carry.
pub(crate) struct FormToken {
    secret: String,
    /// Whether the browser does not have the secret yet.
    is_new: bool,
    signature: String,
}

impl FormToken {
    /// The token of the browser that sent these headers; a new one if it has none.
    pub(crate) fn of(headers: &HeaderMap, shop: &OpenShop, user: &str) -> FormToken {
        let is_secret = |text: &&str| text.len() == SECRET_CHARACTERS && text.bytes().all(|b| b.is_ascii_hexdigit());
        let known = cookies::read(headers, COOKIE).filter(is_secret).map(str::to_owned);
        let is_new = known.is_none();
        let secret = known.unwrap_or_else(|| shop.clock.new_id().simple().to_string());
        let signed = shop.keyring.sign(&[PURPOSE, user.as_bytes(), b"\0", secret.as_bytes()]);
        let signature = signed.iter().map(|byte| format!("{byte:02x}")).collect();
        FormToken { secret, is_new, signature }
    }

    /// The browser, by the secret that it sent; `None` for a browser without a secret and for a program.
    pub(crate) fn browser(&self) -> Option<&str> {
        (!self.is_new).then_some(&*self.secret)
    }

    /// Whether a form with this token came from a page of ours in this browser. A browser without the secret has no
    /// form.
    pub(crate) fn fits(&self, given: Option<&str>) -> bool {
        given.is_some_and(|given| !self.is_new && is_same(given, &self.signature))
    }

    /// Gives the secret to the browser.
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
