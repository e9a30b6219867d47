//! The forms by which an order is changed, each as far as the order and the visitor's rights allow it.

use maud::{Markup, html};
use serde_json::Value;

use crate::{
    consent::VERSION,
    notify_forms,
    order_acts::{self, CHOSEN, OrderAct, UNITS},
    parts::{items, number, text},
    tried::Tried,
    visit::Visit,
};

/// Statuses that have forms of their own, or come about by them.
const ELSEWHERE: [&str; 4] = ["shipped", "partially_shipped", "cancelled", "returned"];
/// How people pay, as the field proposes it.
const METHODS: [&str; 5] = ["card", "upi", "cash", "bank_transfer", "cash_on_delivery"];
/// Characters of a reason, and of other texts.
const REASON: usize = 500;
const TEXT: usize = 100;

/// What the forms of one order are made from.
struct Forms<'a> {
    visit: &'a Visit,
    order: &'a Value,
    tried: Option<&'a Tried<'a>>,
}

/// How many units of a line an act can be about.
type Left = fn(&Value) -> i64;

pub(crate) fn all(visit: &Visit, order: &Value, tried: Option<&Tried<'_>>) -> Markup {
    let forms = Forms { visit, order, tried };
    let next = items(&order["allowed_next"]).iter().map(text).filter(|status| !ELSEWHERE.contains(status));
    let next: Vec<&str> = next.collect();
    let any = |left: Left| items(&order["lines"]).iter().any(|line| left(line) > 0);
    let due = |name: &str| number(&order[name]["minor"]);
    let held = order["on_hold"] == true;
    html! {
        section class="acts no-print" aria-labelledby="acts" {
            h2 id="acts" { "Do" }
            (forms.form("status", !next.is_empty(), &html! {}, &html! {
                @for status in &next { button name="status" value=(status) { "Make it " (status.replace('_', " ")) } }
            }))
            (forms.form("ship", any(unshipped) && !held, &html! {
                (forms.units("ship", unshipped))
                (forms.text("ship", "carrier", "Carrier")) (forms.text("ship", "tracking", "Tracking number"))
            }, &look("Ship")))
            (forms.form("payment", due("due") > 0, &html! {
                (forms.amount("payment", "Amount (all that is due when left empty)")) (forms.method("payment", true))
                (forms.text("payment", "reference", "Reference"))
            }, &look("Record")))
            (forms.form("refund", due("captured") > due("refunded"), &html! {
                (forms.choice("refund", "kind", "What for", &[("", "what is owed"), ("shipping", "a shipping fee taken back"), ("goodwill", "goodwill")]))
                (forms.amount("refund", "Amount (all that is owed when left empty)")) (forms.method("refund", false))
                (forms.text("refund", "reference", "Reference"))
            }, &look("Pay back")))
            (forms.form("return", any(returnable), &html! {
                (forms.units("return", returnable))
                (forms.choice("return", "disposition", "What becomes of them", &[("restock", "sold again"), ("scrap", "thrown away")]))
                label class="tick" { input type="checkbox" name="shipping" value="1" checked[forms.typed("return", "shipping").is_some_and(|text| !text.is_empty())]; " The shipping fee is taken back too" }
            }, &look("Take back")))
            (forms.form("cancel", any(unshipped), &forms.units("cancel", unshipped), &look("Cancel")))
            (forms.form("hold", any(unshipped) && !held, &html! {
                label { "Until the morning of (until released when left empty)" input type="date" name="until" value=(forms.typed("hold", "until").unwrap_or_default()); }
            }, &look("Hold back")))
            (forms.form("release", held, &html! {}, &look("Release")))
            (notify_forms::of_order(visit, number(&order["order_id"]), tried))
        }
    }
}

fn look(called: &str) -> Markup {
    html! { button { (called) " …" } }
}

fn unshipped(line: &Value) -> i64 {
    number(&line["ordered"]) - number(&line["cancelled"]) - number(&line["shipped"])
}

fn returnable(line: &Value) -> i64 {
    number(&line["shipped"]) - number(&line["returned"])
}

impl Forms<'_> {
    /// The form of one act, closed until it is wanted. One that was refused stays open, with what was typed.
    fn form(&self, name: &str, possible: bool, fields: &Markup, buttons: &Markup) -> Markup {
        let Some(OrderAct { called, tool, .. }) = order_acts::named(name) else { return html! {} };
        let tried = self.tried.is_some_and(|tried| tried.act == name);
        let id = number(&self.order["order_id"]);
        html! {
            @if (possible && self.visit.front.may(tool)) || tried {
                details id={ "act-" (name) } open[tried] {
                    summary { (called) }
                    form method="post" action={ "/orders/" (id) "/" (name) } class="fields" {
                        (self.visit.token.field())
                        input type="hidden" name=(VERSION) value=(number(&self.order["version"]));
                        (fields)
                        label { "Reason (kept in the history)" input name="reason" maxlength=(REASON) value=(self.typed(name, "reason").unwrap_or_default()); }
                        div class="buttons" { (buttons) }
                    }
                }
            }
        }
    }

    fn typed(&self, act: &str, name: &str) -> Option<&str> {
        self.tried.and_then(|tried| tried.typed(act, name))
    }

    fn text(&self, act: &str, name: &str, called: &str) -> Markup {
        html! { label { (called) input name=(name) maxlength=(TEXT) value=(self.typed(act, name).unwrap_or_default()); } }
    }

    fn amount(&self, act: &str, called: &str) -> Markup {
        html! { label { (called) input name="amount" inputmode="decimal" maxlength="30" value=(self.typed(act, "amount").unwrap_or_default()); } }
    }

    fn method(&self, act: &str, needed: bool) -> Markup {
        let list = format!("methods-{act}");
        html! {
            label {
                (if needed { "How it was paid" } else { "How it goes back (as it came when left empty)" })
                input name="method" list=(list) maxlength=(TEXT) required[needed] value=(self.typed(act, "method").unwrap_or_default());
            }
            datalist id=(list) { @for method in METHODS { option value=(method) {} } }
        }
    }

    fn choice(&self, act: &str, name: &str, called: &str, values: &[(&str, &str)]) -> Markup {
        let chosen = self.typed(act, name).unwrap_or_default();
        html! {
            label { (called) select name=(name) {
                @for (value, called) in values { option value=(value) selected[chosen == *value] { (called) } }
            } }
        }
    }

    /// A stepper a line, with all that is left on it.
    fn units(&self, act: &str, left: Left) -> Markup {
        html! {
            input type="hidden" name=(CHOSEN) value="1";
            @for line in items(&self.order["lines"]).iter().filter(|line| left(line) > 0) {
                @let name = format!("{UNITS}{}", number(&line["line"]));
                @let units = self.typed(act, &name).map_or_else(|| left(line).to_string(), str::to_owned);
                label { span { "Units of " bdi { (text(&line["name"])) } ", of " (left(line)) } input type="number" name=(name) min="0" max=(left(line)) value=(units); }
            }
        }
    }
}
