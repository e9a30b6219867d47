//! What was done in the shop, by whom, through which assistant and when, and which call undoes it.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    front::{Front, Trouble},
    layout::Page,
    params::Params,
    parts::{field, items, next_page, number, only_now, text},
    times::time,
};

const PATH: &str = "/activity";
/// Acts of a page.
const ROWS: u32 = 50;
/// Filters, and what they are called.
const FILTERS: [(&str, &str); 5] =
    [("by", "By whom"), ("order_id", "Order"), ("product", "Product"), ("customer", "Customer"), ("since", "Since")];

pub(crate) async fn page(front: &Front, params: &Params) -> Result<Page, Trouble> {
    let order = params.get("order_id").map(|id| id.trim_start_matches('#'));
    let asked = json!({
        "by": params.get("by"), "order_id": order, "product": params.get("product"), "customer": params.get("customer"),
        "since": params.get("since"), "cursor": params.get("cursor"), "limit": ROWS,
    });
    let found = front.ask("shop.activity", asked).await?;
    let acts = items(&found["acts"]);
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
        p { (text(&found["text"])) }
        @if acts.is_empty() { p { "Nothing was done." } } @else {
            div class="scroll" tabindex="0" role="region" aria-label="Acts" {
                table {
                    thead { tr { th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "By" } th scope="col" { "Through" } th scope="col" { "Taken back by" } } }
                    tbody { @for act in acts { (row(params, act)) } }
                }
            }
        }
        (next_page(params, PATH, &found))
    };
    Ok(Page { title: "Activity".to_owned(), place: PATH, body })
}

fn row(params: &Params, act: &Value) -> Markup {
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
                @else if let Some(id) = act["undo"].as_str() { code { "orders_undo " (id) } }
                @else { span class="soft" { "–" } }
            }
        }
    }
}
