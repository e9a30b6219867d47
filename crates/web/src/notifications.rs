//! Who is told of what, who can be told, and which messages wait or were given up.

use maud::{Markup, html};
use orderlog_access::Right;
use orderlog_tools::undelivered::{Told, Undelivered};
use serde_json::{Value, json};

use crate::{
    front::Trouble,
    layout::Page,
    notify_forms::{self, is_of_system},
    params::Params,
    parts::{self, address, items, number, only_now, text},
    times::time,
    tried::Tried,
    visit::Visit,
};

pub(crate) const PATH: &str = "/notifications";
/// Messages of each kind that are shown.
const MOST: usize = 100;

pub(crate) async fn page(visit: &Visit, tried: Option<Tried<'_>>) -> Result<Page, Trouble> {
    let Visit { front, params, .. } = visit;
    let told = front.ask("notifications.list", json!({})).await?;
    let messages = if front.may_see_messages() { Some(front.undelivered(MOST).await?) } else { None };
    let now = params.moment().is_none();
    let page = Shown { visit, told: &told, now };
    let body = html! {
        @if let Some(tried) = &tried { (parts::trouble(tried.trouble)) }
        (only_now(params, "Rules, targets and messages"))
        p { (text(&told["text"])) }
        (page.rules())
        @if now && front.may("notifications.subscribe") && !front.targets().is_empty() { (notify_forms::all(visit, tried.as_ref())) }
        (page.targets())
        @match &messages {
            Some(messages) => { (page.given_up(messages)) (page.waiting(messages)) }
            None => (counted(&told)),
        }
    };
    Ok(Page { title: "Notifications".to_owned(), place: PATH, body })
}

/// What whoever does not decide about rules learns of messages: how many there are.
fn counted(told: &Value) -> Markup {
    html! {
        section {
            h2 { "Messages" }
            p { (number(&told["waiting"])) " wait, " (number(&told["given_up"])) " were given up. Whoever may say who is told of what sees which." }
        }
    }
}

/// A page as its visitor sees it.
struct Shown<'a> {
    visit: &'a Visit,
    told: &'a Value,
    /// Whether it shows the present, in which alone something can be done.
    now: bool,
}

impl Shown<'_> {
    /// A button that first says what it would do.
    fn button(&self, act: &str, fields: &[(&str, &str)], called: &str, about: &str) -> Markup {
        html! {
            form method="post" action={ (PATH) "/" (act) } class="inline" {
                (self.visit.token.field())
                @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                button aria-label={ (called) " (" (about) ")" } { (called) " …" }
            }
        }
    }

    fn operates(&self) -> bool {
        self.now && self.visit.front.may_operate()
    }

    /// Whether the visitor may end this rule: one about the system is for administrators.
    fn may_end(&self, rule: &Value) -> bool {
        let of_system = items(&rule["when"]).iter().any(|word| is_of_system(text(word)));
        let front = &self.visit.front;
        self.now && front.may("notifications.unsubscribe") && (!of_system || front.visitor().may(Right::Admin))
    }

    fn is_known(&self, target: &str) -> bool {
        items(&self.told["targets"]).iter().any(|one| one["name"] == target)
    }

    fn rules(&self) -> Markup {
        let rules = items(&self.told["rules"]);
        let ends = rules.iter().any(|rule| self.may_end(rule));
        html! {
            section {
                h2 { "Rules" }
                @if rules.is_empty() { p { "No rule is in force." } } @else {
                    div class="scroll" tabindex="0" role="region" aria-label="Rules" {
                        table {
                            thead {
                                tr {
                                    th scope="col" class="number" { "Rule" } th scope="col" { "Who is told" } th scope="col" { "Of what" }
                                    th scope="col" { "Asked by" } th scope="col" { "Since" } th scope="col" { "Ends" } th scope="col" class="number" { "Sent" }
                                    @if ends { th scope="col" { "Act" } }
                                }
                            }
                            tbody {
                                @for rule in rules {
                                    @let id = number(&rule["rule_id"]).to_string();
                                    tr {
                                        th scope="row" class="number" { (id) }
                                        td { (text(&rule["target"])) @if !self.is_known(text(&rule["target"])) { " " span class="flag" { "no such target" } } }
                                        td { bdi { (text(&rule["told"])) } }
                                        td { bdi { (text(&rule["by"])) } }
                                        td class="day" { (time(&rule["since"])) }
                                        td class="day" { @if rule["expires_at"].is_string() { (time(&rule["expires_at"])) } @else { "when it is ended" } }
                                        td class="number" { (number(&rule["sent"])) }
                                        @if ends { td { @if self.may_end(rule) { (self.button("end", &[("rule_id", &id)], "End", &format!("rule {id}"))) } } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn targets(&self) -> Markup {
        let targets = items(&self.told["targets"]);
        html! {
            section {
                h2 { "Who can be told" }
                @if targets.is_empty() {
                    p { "Nobody: whoever runs the server names targets in a file (" code { "--notify-targets-file" } ")." }
                } @else {
                    div class="scroll" tabindex="0" role="region" aria-label="Targets" {
                        table {
                            thead { tr { th scope="col" { "Name" } th scope="col" { "Kind" } th scope="col" { "State" } @if self.operates() { th scope="col" { "Act" } } } }
                            tbody { @for target in targets { (self.target(target)) } }
                        }
                    }
                }
            }
        }
    }

    fn target(&self, target: &Value) -> Markup {
        let (name, disabled) = (text(&target["name"]), target["disabled"] == true);
        html! {
            tr {
                th scope="row" { (name) }
                td { (text(&target["kind"])) }
                td {
                    @if disabled { span class="flag" { "disabled" } " It answered that it wants no more messages (410)." }
                    @else { span aria-hidden="true" { "✓ " } "takes messages" }
                }
                @if self.operates() {
                    td {
                        (self.button("test", &[("target", name)], "Send a test", name)) " "
                        @if disabled { (self.button("enable", &[("target", name)], "Enable", name)) }
                    }
                }
            }
        }
    }

    fn given_up(&self, messages: &Undelivered) -> Markup {
        let Undelivered { given_up, all_given_up, .. } = messages;
        html! {
            section {
                h2 { "Messages that were given up" }
                @if given_up.is_empty() { p { "None." } } @else {
                    @if given_up.len() < *all_given_up { p class="note" { "The latest " (given_up.len()) " of " (all_given_up) "." } }
                    (self.table("Messages that were given up", "Was due", given_up, self.operates()))
                    @if self.operates() && *all_given_up > 1 {
                        (self.button("replay", &[("all", "1")], &format!("Try all {all_given_up} again"), "every message that was given up"))
                    }
                }
            }
        }
    }

    fn waiting(&self, messages: &Undelivered) -> Markup {
        let Undelivered { waiting, all_waiting, .. } = messages;
        html! {
            section {
                h2 { "Messages that wait" }
                @if waiting.is_empty() { p { "None." } } @else {
                    @if waiting.len() < *all_waiting { p class="note" { "The " (waiting.len()) " that are due first, of " (all_waiting) "." } }
                    (self.table("Messages that wait", "Due", waiting, false))
                }
            }
        }
    }

    fn table(&self, called: &str, due: &str, messages: &[Told], replay: bool) -> Markup {
        html! {
            div class="scroll" tabindex="0" role="region" aria-label=(called) {
                table {
                    thead {
                        tr {
                            th scope="col" { (due) } th scope="col" { "Who" } th scope="col" { "Tells" } th scope="col" { "About" }
                            th scope="col" class="number" { "Tries" } th scope="col" { "Why" } @if replay { th scope="col" { "Act" } }
                        }
                    }
                    tbody {
                        @for one in messages {
                            @let id = one.id.to_string();
                            tr {
                                td class="day" { (time(&json!(one.due))) }
                                td { (one.target) }
                                td { (one.what.replace('_', " ")) }
                                td { (about(&self.visit.params, one)) }
                                td class="number" { (one.tries) }
                                td { bdi { (one.why.as_deref().unwrap_or(if one.tries == 0 { "its time is yet to come" } else { "" })) } }
                                @if replay { td { (self.button("replay", &[("message", &id)], "Try again", &id)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What a message is about, with the way there.
fn about(params: &Params, message: &Told) -> Markup {
    html! {
        @if let Some(id) = message.order_id { a href=(params.to(&format!("/orders/{id}"))) { "#" (id) } }
        @else if let Some((sku, name)) = &message.product { a href=(params.to(&address("/products", sku))) { bdi { (name) } } }
        @else { "the shop" }
    }
}
