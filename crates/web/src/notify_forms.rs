//! The forms by which somebody is told of something: a rule of orders, of an order that waits, of stock, of the shop.

use maud::{Markup, html};
use orderlog_access::Right;
use serde_json::{Map, Value, json};

use crate::{
    front::Trouble,
    params::{Params, as_number},
    tried::Tried,
    visit::Visit,
};

/// Where rules are made.
pub(crate) const NEW: &str = "/notifications/new";
/// The field that says which of the forms it is.
const KIND: &str = "kind";
/// Longest text that a field takes: as long as a name of a customer or product may be.
const TEXT: usize = 200;
/// Units of the time for which an order may wait, in seconds.
const UNITS: [(&str, i64); 2] = [("hours", 3_600), ("days", 86_400)];

/// Words of `when`, and how a box says them.
type Words = [(&'static str, &'static str)];
const OF_ORDERS: [(&str, &str); 12] = [
    ("shipped", "all of it has shipped"),
    ("partially_shipped", "a part of it has shipped"),
    ("delivered", "all of it has arrived"),
    ("cancelled", "it is cancelled"),
    ("returned", "all of it came back"),
    ("payment", "money came in"),
    ("refund", "money went back"),
    ("held", "it is put on hold"),
    ("released", "it is released from hold"),
    ("placed", "it is placed"),
    ("confirmed", "it is confirmed"),
    ("processing", "it is being processed"),
];
const OF_STOCK: [(&str, &str); 2] = [("low_stock", "it runs low"), ("out_of_stock", "it is out of stock")];
const OF_SALES: [(&str, &str); 1] = [("forecast_missed", "the sales of a day miss the forecast")];
const OF_SYSTEM: [(&str, &str); 2] =
    [("relay_stopped", "the relay to NATS stands still"), ("verify_failed", "a check of the log finds a fault")];

/// Whether a word of `when` is about the system, of which an administrator alone decides.
pub(crate) fn is_of_system(word: &str) -> bool {
    OF_SYSTEM.iter().any(|(known, _)| *known == word)
}

/// What a form asks `notifications.subscribe` to do.
pub(crate) fn rule(form: &Params) -> Map<String, Value> {
    let mut rule = Map::new();
    for name in ["target", "customer", "product", "min_total", "expires", "template"] {
        rule.insert(name.to_owned(), json!(form.get(name)));
    }
    rule.insert("when".to_owned(), form.all("when").collect());
    if let Some(orders) = form.get("orders") {
        let numbers = orders.split([',', ' ', ';']).map(|text| text.trim_start_matches('#'));
        rule.insert("order_ids".to_owned(), numbers.filter(|text| !text.is_empty()).map(as_number).collect());
    }
    if let Some(wait) = form.get("wait") {
        let unit = UNITS.iter().find(|(name, _)| form.get("unit") == Some(name)).map_or(1, |(_, seconds)| *seconds);
        let seconds = wait.parse::<i64>().ok().and_then(|count| count.checked_mul(unit));
        rule.insert("grace".to_owned(), seconds.map_or_else(|| wait.into(), Value::from));
    }
    if let Some(grace) = form.get("grace") {
        rule.insert("grace".to_owned(), as_number(grace));
    }
    if let Some(often) = form.get("often") {
        rule.insert("once".to_owned(), (often == "once").into());
    }
    if form.get("already").is_some() {
        rule.insert("already".to_owned(), true.into());
    }
    rule
}

/// The same trouble, with a hint for whoever has the form before them.
pub(crate) fn for_people(trouble: Trouble) -> Trouble {
    let Trouble(mut told) = trouble;
    if told["code"] == "ALREADY_TRUE" {
        told["hint"] = "Tick “Tell at once what is so already” if the message is wanted all the same.".into();
    }
    Trouble(told)
}

/// The forms for a new rule.
pub(crate) fn all(visit: &Visit, tried: Option<&Tried<'_>>) -> Markup {
    let admin = visit.front.visitor().may(Right::Admin);
    let of_shop: Vec<_> = OF_SALES.iter().chain(OF_SYSTEM.iter().filter(|_| admin)).copied().collect();
    let form = |kind, called, fields: &dyn Fn(&Form<'_>) -> Markup| {
        let form = Form { visit, kind, tried };
        form.details(NEW, called, &html! { (form.target()) (fields(&form)) })
    };
    html! {
        section class="acts no-print" aria-labelledby="tell" {
            h2 id="tell" { "Tell somebody" }
            (form("orders", "When something happens to an order", &|form| html! {
                (form.when(&OF_ORDERS))
                (form.text("orders", "Orders, by number (every order when left empty)"))
                (form.text("customer", "Of this customer"))
                (form.text("product", "With this product"))
                (form.text("min_total", "From this amount on (of the payment, or the order's total)"))
                (form.grace()) (form.often()) (form.expires()) (form.already())
            }))
            (form("waiting", "When an order waits too long", &|form| html! {
                input type="hidden" name="when" value="waiting";
                label { "Longer than" input type="number" name="wait" min="1" required value=(form.typed("wait").unwrap_or("3")); }
                (form.choice("unit", "Of", &[("days", "days"), ("hours", "hours")]))
                (form.text("orders", "Orders, by number (every order when left empty)"))
                (form.text("customer", "Of this customer"))
                (form.text("product", "With this product"))
                (form.text("min_total", "From this total on"))
                (form.expires()) (form.already())
            }))
            (form("stock", "When stock runs low", &|form| html! {
                (form.when(&OF_STOCK))
                (form.text("product", "This product (every product when left empty)"))
                (form.grace()) (form.often()) (form.expires()) (form.already())
            }))
            (form("shop", "When something is wrong with the shop as a whole", &|form| html! {
                (form.when(&of_shop)) (form.often()) (form.expires())
            }))
        }
    }
}

/// The form on the page of an order, for a rule about that order.
pub(crate) fn of_order(visit: &Visit, order_id: i64, tried: Option<&Tried<'_>>) -> Markup {
    let form = Form { visit, kind: "tell", tried };
    let possible = visit.front.may("notifications.subscribe") && !visit.front.targets().is_empty();
    html! {
        @if possible || form.is_tried() {
            (form.details(&format!("/orders/{order_id}/tell"), "Tell somebody …", &html! {
                (form.target()) (form.when(&OF_ORDERS[..9])) (form.grace()) (form.already())
            }))
        }
    }
}

/// One form: closed until it is wanted; one that was refused stays open, with what was typed.
struct Form<'a> {
    visit: &'a Visit,
    kind: &'static str,
    tried: Option<&'a Tried<'a>>,
}

impl Form<'_> {
    fn is_tried(&self) -> bool {
        self.tried.is_some_and(|tried| tried.is_of(self.kind))
    }

    fn typed(&self, name: &str) -> Option<&str> {
        self.tried.and_then(|tried| tried.typed(self.kind, name)).filter(|text| !text.is_empty())
    }

    fn details(&self, action: &str, called: &str, fields: &Markup) -> Markup {
        html! {
            details id={ "act-" (self.kind) } open[self.is_tried()] {
                summary { (called) }
                form method="post" action=(action) class="fields" {
                    (self.visit.token.field())
                    input type="hidden" name=(KIND) value=(self.kind);
                    (fields)
                    div class="buttons" { button { "Tell them …" } }
                }
            }
        }
    }

    /// And in which words, where there is a choice.
    fn target(&self) -> Markup {
        html! {
            label { "Who" select name="target" {
                @for name in self.visit.front.targets() { option value=(name) selected[self.typed("target") == Some(name)] { (name) } }
            } }
            @let templates = self.visit.front.templates();
            @if !templates.is_empty() {
                label { "In which words" select name="template" {
                    option value="" { "as is usual for them" }
                    @for name in templates { option value=(name) selected[self.typed("template") == Some(name)] { (name) } }
                } }
            }
        }
    }

    /// A box for each word; the first is ticked until somebody chose.
    fn when(&self, words: &Words) -> Markup {
        let chosen: Option<Vec<&str>> =
            self.tried.filter(|_| self.is_tried()).map(|tried| tried.form.all("when").collect());
        let first = words.first().map(|(word, _)| *word);
        html! {
            fieldset {
                legend { "When" }
                @for (word, called) in words {
                    @let ticked = chosen.as_ref().map_or(first == Some(*word), |chosen| chosen.contains(word));
                    label class="tick" { input type="checkbox" name="when" value=(word) checked[ticked]; (called) }
                }
            }
        }
    }

    fn text(&self, name: &str, called: &str) -> Markup {
        html! { label { (called) input name=(name) maxlength=(TEXT) value=(self.typed(name).unwrap_or_default()); } }
    }

    fn choice(&self, name: &str, called: &str, values: &[(&str, &str)]) -> Markup {
        html! {
            label { (called) select name=(name) {
                @for (value, called) in values { option value=(value) selected[self.typed(name) == Some(value)] { (called) } }
            } }
        }
    }

    fn often(&self) -> Markup {
        self.choice("often", "How often", &[("", "as is usual"), ("once", "once"), ("each", "each time")])
    }

    /// An undo within the grace stops the message.
    fn grace(&self) -> Markup {
        let after = [
            ("", "after a minute, unless it is undone"),
            ("0", "at once"),
            ("3600", "after an hour, unless it is undone"),
        ];
        self.choice("grace", "How soon", &after)
    }

    fn expires(&self) -> Markup {
        html! { label { "Ends when this day begins (never when left empty)" input type="date" name="expires" value=(self.typed("expires").unwrap_or_default()); } }
    }

    fn already(&self) -> Markup {
        html! { label class="tick" { input type="checkbox" name="already" value="1" checked[self.typed("already").is_some()]; "Tell at once what is so already" } }
    }
}

/// Which of the forms was sent.
pub(crate) fn kind(form: &Params) -> &'static str {
    let known = ["orders", "waiting", "stock", "shop"];
    known.into_iter().find(|known| form.get(KIND) == Some(known)).unwrap_or("orders")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_from_what_was_typed() {
        let read = |query: &str| Value::Object(rule(&Params::read(Some(query))));
        let read =
            read("target=john&when=shipped&when=payment&orders=%231001,+1002&often=each&min_total=99.50&already=1");
        assert_eq!(read["when"], json!(["shipped", "payment"]));
        assert_eq!(read["order_ids"], json!([1001, 1002]));
        assert_eq!((&read["once"], &read["already"], &read["grace"]), (&json!(false), &json!(true), &Value::Null));
        let waits = |query: &str| rule(&Params::read(Some(query)))["grace"].clone();
        assert_eq!(waits("wait=3&unit=days"), 259_200);
        assert_eq!(waits("wait=36&unit=hours"), 129_600);
        // For the tool to refuse.
        assert_eq!(waits("grace=0"), 0);
        assert_eq!(waits("wait=soon&unit=days"), "soon");
        assert_eq!(waits("wait=9223372036854775807&unit=days"), "9223372036854775807");
    }
}
