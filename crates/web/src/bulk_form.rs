//! Choosing orders in a list, and what shall become of them.

use maud::{Markup, html};

use crate::form_token::FormToken;

pub(crate) const PATH: &str = "/orders/bulk";
/// The form to which the list's boxes belong.
const FORM: &str = "bulk";
/// The name of each box.
pub(crate) const ORDER: &str = "order";
/// What many orders can become at once.
const STATUSES: [&str; 5] = ["confirmed", "processing", "shipped", "delivered", "cancelled"];

/// Below the list: what shall become of those chosen.
pub(crate) fn form(token: &FormToken) -> Markup {
    html! {
        form id=(FORM) method="post" action=(PATH) class="filters" {
            (token.field())
            label { "Make those chosen" select name="status" { @for status in STATUSES { option value=(status) { (status) } } } }
            label { "Reason" input name="reason" maxlength="500"; }
            button { "Look first …" }
        }
    }
}

/// The box by which an order is chosen.
pub(crate) fn choose(order_id: i64) -> Markup {
    html! { input type="checkbox" form=(FORM) name=(ORDER) value=(order_id) aria-label={ "Choose order #" (order_id) }; }
}
