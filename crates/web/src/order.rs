//! One order: lines, money, shipments, payments, customer, and its history as sentences.

use futures::future::try_join;
use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    front::Trouble,
    layout::Page,
    notes, order_forms,
    params::Params,
    parts::{self, customer, hindrances, items, money, number, status, text},
    timeline,
    times::time,
    tried::Tried,
    visit::Visit,
};

/// Parts of the total, as the page names them.
const TOTALS: [(&str, &str); 5] =
    [("gross", "Gross"), ("discount", "Discount"), ("shipping", "Shipping"), ("tax", "Tax"), ("total", "Total")];

/// The number in an order's address.
pub(crate) fn id(number: &str) -> Result<i64, Trouble> {
    number.parse().map_err(|_| {
        Trouble(json!({ "code": "NOT_FOUND", "message": "An order is named by its number.", "hint": "Look for it under Orders." }))
    })
}

/// The address of an order's page.
pub(crate) fn address(number: &str) -> String {
    parts::address("/orders", number)
}

pub(crate) async fn page(visit: &Visit, number: &str, tried: Option<Tried<'_>>) -> Result<Page, Trouble> {
    let Visit { front, params, .. } = visit;
    let id = id(number)?;
    let asked = || json!({ "order_id": id, "as_of": params.get("as_of") });
    let mut pages = asked();
    pages["cursor"] = json!(params.get("cursor"));
    let (found, history) = try_join(front.ask("orders.get", asked()), front.ask("orders.history", pages)).await?;
    let order = &found["order"];
    let body = html! {
        @if let Some(tried) = &tried { (parts::trouble(tried.trouble)) }
        p { bdi { (text(&found["text"])) } }
        p { (status(&order["status"])) " · " (status(&order["payment_status"])) (hindrances(order)) }
        (lines(order))
        div class="columns" {
            section { h2 { "Money" } (amounts(order)) }
            section { h2 { "Customer" } (who(params, &order["customer"])) }
            (moved(order))
        }
        (notes::section(visit, order, &history, tried.as_ref()))
        @if params.moment().is_none() { (order_forms::all(visit, order, tried.as_ref())) }
        (timeline::section(visit, id, &history))
        // What was is not printed: papers go with what is sent now.
        @if params.moment().is_none() {
            p class="no-print" { a href={ (address(number)) "/print" } { "Packing slip and invoice to print" } }
        }
    };
    Ok(Page { title: format!("Order #{id}"), place: "/orders", body })
}

fn lines(order: &Value) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="Lines" {
            table {
                thead {
                    tr {
                        th scope="col" { "Product" } th scope="col" class="number" { "Ordered" } th scope="col" class="number" { "Cancelled" }
                        th scope="col" class="number" { "Shipped" } th scope="col" class="number" { "Returned" }
                        th scope="col" class="number" { "Price" } th scope="col" class="number" { "Net" }
                    }
                }
                tbody {
                    @for line in items(&order["lines"]) {
                        tr {
                            th scope="row" { bdi { (text(&line["name"])) } " (" (text(&line["sku"])) ")" }
                            td class="number" { (number(&line["ordered"])) } td class="number" { (number(&line["cancelled"])) }
                            td class="number" { (number(&line["shipped"])) } td class="number" { (number(&line["returned"])) }
                            td class="number" { (money(&line["unit_price"])) } td class="number" { (money(&line["net"])) }
                        }
                    }
                }
            }
        }
    }
}

fn amounts(order: &Value) -> Markup {
    html! {
        dl {
            @for (name, called) in TOTALS { div { dt { (called) } dd { (money(&order["totals"][name])) } } }
            div { dt { "Paid" } dd { (money(&order["captured"])) } }
            div { dt { "Paid back" } dd { (money(&order["refunded"])) } }
            div { dt { "Still due" } dd { (money(&order["due"])) } }
        }
    }
}

fn who(params: &Params, known: &Value) -> Markup {
    html! {
        p { a href=(params.to(&format!("/customers/{}", text(&known["customer_id"])))) { bdi { (customer(known)) } } }
        @for field in ["email", "phone", "address"] { @if let Some(known) = known[field].as_str() { p { bdi { (known) } } } }
    }
}

fn moved(order: &Value) -> Markup {
    let shipped = items(&order["shipments"]);
    let paid = [("payments", "paid"), ("refunds", "paid back")];
    html! {
        @if !shipped.is_empty() {
            section { h2 { "Shipments" } ul {
                @for one in shipped {
                    li {
                        (time(&one["at"])) ": " (units(one))
                        @if one["carrier"].is_string() { " with " bdi { (text(&one["carrier"])) } }
                        @if one["tracking"].is_string() { ", " bdi { (text(&one["tracking"])) } }
                        @if one["voided"].is_string() { " (undone)" }
                    }
                }
            } }
        }
        @if paid.iter().any(|(list, _)| !items(&order[*list]).is_empty()) {
            section { h2 { "Payments" } ul {
                @for (list, verb) in paid { @for one in items(&order[list]) {
                    li { (time(&one["at"])) ": " (money(&one["amount"])) " " (verb) " by " bdi { (text(&one["method"])) } @if one["undone"].is_string() { " (undone)" } }
                } }
            } }
        }
    }
}

/// `2 units`
fn units(shipment: &Value) -> String {
    let units: i64 = items(&shipment["units"]).iter().filter_map(|line| line["units"].as_i64()).sum();
    if units == 1 { "1 unit".to_owned() } else { format!("{units} units") }
}
