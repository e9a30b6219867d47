//! Papers of an order: a packing slip and an invoice, each on a sheet of its own. The browser prints them, or saves a PDF.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    front::Trouble,
    layout::Page,
    order,
    parts::{customer, items, money, number, text},
    times::day,
    visit::Visit,
};

/// Parts of an invoice's sum. Amounts of zero are left out, except for the total.
const SUM: [(&str, &str); 5] = [
    ("/totals/gross", "Goods"),
    ("/totals/discount", "Discount"),
    ("/totals/shipping", "Shipping"),
    ("/totals/tax", "Tax"),
    ("/totals/total", "Total"),
];

pub(crate) async fn page(visit: &Visit, number: &str) -> Result<Page, Trouble> {
    let Visit { front, params, .. } = visit;
    let id = order::id(number)?;
    let found = front.ask("orders.get", json!({ "order_id": id, "as_of": params.moment() })).await?;
    let order = &found["order"];
    let wanted = params.get("only");
    let body = html! {
        p class="no-print" {
            "Print this page, or save it as a PDF, from the browser. "
            a href=(params.link("", "only", Some("slip"))) { "Only the packing slip" } " · "
            a href=(params.link("", "only", Some("invoice"))) { "Only the invoice" } " · "
            a href=(params.to(&order::address(number))) { "Back to the order" }
        }
        @if wanted != Some("invoice") { (slip(id, order)) }
        @if wanted != Some("slip") { (invoice(id, order)) }
    };
    Ok(Page { title: format!("Papers of order #{id}"), place: "/orders", body })
}

/// The receiver of a paper, and when the order was placed. `what` is the name of the paper.
fn head(what: &str, id: i64, order: &Value) -> Markup {
    let known = &order["customer"];
    html! {
        h2 { (what) " of order #" (id) }
        p { "Placed on " (day(&order["placed_on"])) @if let Some(reference) = order["external_reference"].as_str() { " · your reference " bdi { (reference) } } }
        address { bdi { (customer(known)) } @for field in ["address", "phone", "email"] { @if let Some(text) = known[field].as_str() { br; bdi { (text) } } } }
    }
}

fn slip(id: i64, order: &Value) -> Markup {
    let kept = |line: &Value| number(&line["ordered"]) - number(&line["cancelled"]);
    html! {
        section class="sheet" {
            (head("Packing slip", id, order))
            table {
                thead { tr { th scope="col" { "Packed" } th scope="col" { "Product" } th scope="col" class="number" { "Units" } th scope="col" class="number" { "Sent already" } } }
                tbody {
                    @for line in items(&order["lines"]).iter().filter(|line| kept(line) > 0) {
                        tr {
                            td { span class="box" aria-hidden="true" { "☐" } }
                            th scope="row" { bdi { (text(&line["name"])) } " (" (text(&line["sku"])) ")" }
                            td class="number" { (kept(line)) } td class="number" { (number(&line["shipped"])) }
                        }
                    }
                }
            }
            @if let Some(note) = order["note"].as_str() { p { "Note: " bdi { (note) } } }
            @for one in items(&order["shipments"]).iter().filter(|one| !one["voided"].is_string()) {
                @if let Some(tracking) = one["tracking"].as_str() { p { "Sent by " bdi { (text(&one["carrier"])) } ", tracking number " bdi { (tracking) } } }
            }
        }
    }
}

fn invoice(id: i64, order: &Value) -> Markup {
    let minor = |path: &str| order.pointer(path).map_or(0, |amount| number(&amount["minor"]));
    let amount = |path: &str| order.pointer(path).map(money).unwrap_or_default();
    html! {
        section class="sheet" {
            (head("Invoice", id, order))
            table {
                thead { tr { th scope="col" { "Product" } th scope="col" class="number" { "Units" } th scope="col" class="number" { "Price" } th scope="col" class="number" { "Net" } } }
                tbody {
                    @for line in items(&order["lines"]) {
                        @let units = number(&line["ordered"]) - number(&line["cancelled"]) - number(&line["returned"]);
                        @if units > 0 {
                            tr {
                                th scope="row" { bdi { (text(&line["name"])) } " (" (text(&line["sku"])) ")" }
                                td class="number" { (units) } td class="number" { (money(&line["unit_price"])) } td class="number" { (money(&line["net"])) }
                            }
                        }
                    }
                }
            }
            dl {
                @for (path, called) in SUM { @if minor(path) != 0 || called == "Total" { div { dt { (called) } dd { (amount(path)) } } } }
                div { dt { "Paid" } dd { (amount("/captured")) } }
                @if minor("/refunded") != 0 { div { dt { "Paid back" } dd { (amount("/refunded")) } } }
                div { dt { strong { "Still due" } } dd { strong { (amount("/due")) } } }
            }
        }
    }
}
