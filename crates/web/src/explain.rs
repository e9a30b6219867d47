//! The postings of a figure with their orders and events, and why days were low or high.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    front::{Front, Trouble},
    layout::Page,
    params::Params,
    parts::{items, money, next_page, number, text},
    reports::waterfall,
    times::day,
};

const PATH: &str = "/explain";
/// Postings of a page.
const ROWS: u32 = 100;

pub(crate) async fn page(front: &Front, params: &Params) -> Result<Page, Trouble> {
    let days = params.get("date_range");
    let reference = params.get("reference");
    // Without a figure or days there is nothing to explain.
    let days = if reference.is_none() { Some(days.unwrap_or("yesterday")) } else { days };
    let why = params.get("show") == Some("why");
    let asked = json!({
        "reference": reference, "date_range": days, "show": if why { "why" } else { "postings" }, "basis": params.get("basis"),
        "product": params.get("product"), "customer": params.get("customer"), "cursor": params.get("cursor"), "limit": ROWS,
    });
    let found = front.ask("sales.explain", asked).await?;
    let body = html! {
        nav aria-label="Views" class="views" {
            a href=(params.link(PATH, "show", None)) aria-current=[(!why).then_some("true")] { "What it is made of" }
            a href=(params.link(PATH, "show", Some("why"))) aria-current=[why.then_some("true")] { "Why it is so" }
            a href=(params.to("/reports")) { "Back to reports" }
        }
        p { (text(&found["text"])) }
        @if let Some(reference) = reference { p class="note" { "The figure " code { (reference) } ", as it was reported at that position of the log." } }
        @if why { (stands_out(&found)) }
        @for figures in items(&found["figures"]) {
            h2 { "In " (text(&figures["currency"])) @if figures["unconverted"] == true { ", not converted" } }
            (waterfall(params, figures))
        }
        @if !why {
            @if found["agrees"] == true { p { span aria-hidden="true" { "✓ " } "The postings add up to the figure." } }
            @else { p class="trouble" role="alert" { "The postings do not add up to the figure as reports keep it. Tell whoever runs the server." } }
            (postings(params, &found))
            (next_page(params, PATH, &found))
        }
    };
    Ok(Page { title: "What a figure is made of".to_owned(), place: "/reports", body })
}

fn stands_out(found: &Value) -> Markup {
    let differences = items(&found["stands_out"]);
    html! {
        @if differences.is_empty() { p { "Nothing stands out beside the same weekdays before." } } @else {
            div class="scroll" tabindex="0" role="region" aria-label="What stands out" {
                table {
                    thead { tr { th scope="col" { "What" } th scope="col" class="number" { "Now" } th scope="col" class="number" { "Usually" } th scope="col" class="number" { "Difference" } } }
                    tbody {
                        @for one in differences {
                            tr {
                                th scope="row" { bdi { (text(&one["what"])) } }
                                @for name in ["now", "usually", "difference"] { td class="number" { (amount(&one[name])) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Money, or a count.
fn amount(value: &Value) -> String {
    value.as_i64().map_or_else(|| money(value).to_owned(), |count| count.to_string())
}

fn postings(params: &Params, found: &Value) -> Markup {
    let postings = items(&found["postings"]);
    html! {
        @if !postings.is_empty() {
            div class="scroll" tabindex="0" role="region" aria-label="Postings" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Day" } th scope="col" { "Event" } th scope="col" { "Order" } th scope="col" class="number" { "Line" }
                            th scope="col" class="number" { "Units" } th scope="col" class="number" { "Revenue" }
                            th scope="col" class="number" { "Tax" } th scope="col" class="number" { "Total" }
                        }
                    }
                    tbody { @for one in postings { (posting(params, one)) } }
                }
            }
        }
    }
}

fn posting(params: &Params, one: &Value) -> Markup {
    let (order, position) = (number(&one["order_id"]), number(&one["position"]));
    html! {
        tr {
            td class="day" { (day(&one["business_date"])) }
            td { a href={ "/orders/" (order) "?as_of=%40" (position) "#history" } title={ "The order right after it, position " (position) " of the log" } { (text(&one["event"])) } }
            td { a href=(params.to(&format!("/orders/{order}"))) { "#" (order) } }
            td class="number" { @if let Some(line) = one["line"].as_i64() { (line) } @else { "shipping" } }
            td class="number" { (number(&one["units"])) }
            @for name in ["revenue", "tax", "total"] {
                td class="number" {
                    (money(&one[name]))
                    @if one["converted"].is_object() { br; span class="soft" { (money(&one["converted"][name])) } }
                }
            }
        }
    }
}
