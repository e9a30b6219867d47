//! Choosing orders in a list, and what shall become of them.

use maud::{Markup, html};

use crate::{form_token::FormToken, params::Params};

pub(crate) const PATH: &str = "/orders/bulk";
/// The form to which the list's boxes belong.
const FORM: &str = "bulk";
/// The name of each box.
pub(crate) const ORDER: &str = "order";
/// What many orders can become at once.
const STATUSES: [&str; 5] = ["confirmed", "processing", "shipped", "delivered", "cancelled"];

/// The field that chooses every order of the list, and the one with the list's address.
pub(crate) const EVERY: &str = "every";
pub(crate) const LIST: &str = "list";
/// Orders that can be changed at once, as the tool has it.
pub(crate) const MOST: i64 = 500;
/// Below the list: what shall become of those chosen, or of `all` that the list has.
pub(crate) fn form(token: &FormToken, params: &Params, shown: usize, all: i64) -> Markup {
    html! {
        form id=(FORM) method="post" action=(PATH) class="filters" {
            (token.field())
            @if i64::try_from(shown).is_ok_and(|shown| shown < all) {
                @if all <= MOST {
                    input type="hidden" name=(LIST) value=(params.link("", "", None).trim_start_matches('?'));
                    label class="tick" { input type="checkbox" name=(EVERY) value="1"; " All " (all) " orders of this list, on every page" }
                } @else { span class="note" { "The list has " (all) " orders. Filter it to " (MOST) " or fewer to choose all of them." } }
            }
            label { "Make those chosen" select name="status" { @for status in STATUSES { option value=(status) { (status) } } } }
            label { "Reason" input name="reason" maxlength="500"; }
            button { "Look first …" }
        }
    }
}

/// The box that chooses all orders of the page. It needs the script.
pub(crate) fn choose_page() -> Markup {
    html! { input type="checkbox" class="scripted" data-chooses=(ORDER) aria-label="Choose all orders of this page" title="Choose all orders of this page"; }
}

/// The box by which an order is chosen.
pub(crate) fn choose(order_id: i64) -> Markup {
    html! { input type="checkbox" form=(FORM) name=(ORDER) value=(order_id) aria-label={ "Choose order #" (order_id) }; }
}
