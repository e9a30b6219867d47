//! Who is signed in, as the top of each page shows it, and the button to sign out.

use maud::{Markup, html};
use orderlog_tools::principal::Principal;

use crate::form_token::FormToken;

/// The path that ends a session.
pub const SIGN_OUT: &str = "/sign-out";

/// Nothing where nobody was let in; nothing to see where nobody needs to sign in.
pub(crate) fn shown(visitor: &Principal, has_session: bool, token: &FormToken) -> Option<Markup> {
    if visitor == &Principal::nobody() {
        return None;
    }
    let signed_in = html! {
        details class="signed-in" {
            summary { "Signed in as " bdi { (visitor.user) } " (" (visitor.role) ")" }
            p { "May use: " (visitor.rights) "." }
            form method="post" action=(SIGN_OUT) class="inline" {
                (token.field())
                button { "Sign out" }
            }
        }
    };
    Some(if has_session {
        signed_in
    } else {
        html! {}
    })
}
