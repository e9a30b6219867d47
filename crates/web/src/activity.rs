//! The acts in the shop: by whom, through which assistant and when. Visitors can undo their own acts here.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    front::Trouble,
    layout::Page,
    parts::{field, items, next_page, number, only_now, text},
    said::undo_button,
    times::time,
    visit::Visit,
};

const PATH: &str = "/activity";
/// Acts of a page.
const ROWS: u32 = 50;
/// Filters and their labels.
const FILTERS: [(&str, &str); 5] =
    [("by", "By whom"), ("order_id", "Order"), ("product", "Product"), ("customer", "Customer"), ("since", "Since")];

/// Parts of the answer that advise an assistant what to call. The page has a link and a button instead.
const FOR_ASSISTANTS: [&str; 2] = ["; next_cursor goes on", "; orders_undo without an id or with its id takes it back"];

pub(crate) async fn page(visit: &Visit) -> Result<Page, Trouble> {
    let Visit { front, params, .. } = visit;
    let order = params.get("order_id").map(|id| id.trim_start_matches('#'));
    let asked = json!({
        "by": params.get("by"), "order_id": order, "product": params.get("product"), "customer": params.get("customer"),
        "since": params.get("since"), "cursor": params.get("cursor"), "limit": ROWS,
    });
    let found = front.ask("shop.activity", asked).await?;
    let acts = items(&found["acts"]);
    let told = FOR_ASSISTANTS.iter().fold(text(&found["text"]).to_owned(), |told, call| told.replace(call, ""));
    let body = html! {
        form action=(PATH) class="filters" {
            (params.kept())
            @for (name, called) in FILTERS { (field(params, name, called)) }
            button { "Show" }
        }
        p class="chips" {
            @for (name, called) in FILTERS {
                @if let Some(value) = params.get(name) {
                    a class="chip" href=(params.link(PATH, name, None)) aria-label={ "Remove " (called) ": " (value) } { (called) ": " bdi { (value) } " ✕" }
                }
            }
        }
        (only_now(params, "Acts and what can be undone"))
        p { bdi { (told) } }
        @if acts.is_empty() { p { "Nothing was done." } } @else {
            div class="scroll" tabindex="0" role="region" aria-label="Acts" {
                table {
                    thead { tr { th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "By" } th scope="col" { "Through" } th scope="col" { "Undo" } } }
                    tbody { @for act in acts { (row(visit, act)) } }
                }
            }
        }
        (next_page(params, PATH, &found))
    };
    Ok(Page { title: "Activity".to_owned(), place: PATH, body })
}

fn row(visit: &Visit, act: &Value) -> Markup {
    let params = &visit.params;
    let own = params.moment().is_none() && visit.front.speaks_for(text(&act["by"])) && visit.front.may("orders.undo");
    let orders = items(&act["orders"]);
    html! {
        tr {
            td class="day" { (time(&act["recorded_at"])) }
            td {
                bdi { (text(&act["act"])) }
                @for order in orders { " " a href=(params.to(&format!("/orders/{}", number(order)))) { "#" (number(order)) } }
            }
            td {
                bdi { (text(&act["by"])) }
                @if let Some(person) = act["confirmed_by"].as_str() { ", agreed to by " bdi { (person) } }
            }
            td { bdi { (text(&act["agent"])) } }
            td {
                @if act["undone"] == true { "undone already" }
                @else if let (Some(id), true) = (act["undo"].as_str(), own) { (undo_button(&visit.token, id, "Undo")) }
                @else if act["undo"].is_string() { span class="soft" { "by " bdi { (text(&act["by"])) } } }
                @else { span class="soft" { "–" } }
            }
        }
    }
}
