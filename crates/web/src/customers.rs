//! Customers and their orders. Personal data is shown to visitors to whom the tools show it.

use futures::future::join3;
use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    front::{Front, Trouble},
    layout::Page,
    order_table, orders,
    params::{Params, encoded},
    parts::{address, customer, field, items, next_page, only_now, text},
};

const PATH: &str = "/customers";
/// Rows of a page: customers, or orders of one customer.
const ROWS: u32 = 50;
/// Fields of personal data and their labels.
const PARTICULARS: [(&str, &str); 3] = [("email", "E-mail"), ("phone", "Phone"), ("address", "Address")];

pub(crate) async fn page(front: &Front, params: &Params) -> Result<Page, Trouble> {
    let asked = json!({ "text": params.get("text"), "cursor": params.get("cursor"), "limit": ROWS });
    let found = front.ask("customers.search", asked).await?;
    let customers = items(&found["customers"]);
    let body = html! {
        form action=(PATH) class="filters" { (params.kept()) (field(params, "text", "Name, e-mail, phone or place")) button { "Show" } }
        (only_now(params, "The list of customers and their particulars"))
        p { (text(&found["text"])) }
        @if customers.is_empty() {
            @if params.get("text").is_some() { p { "Nothing matches. " a href=(params.to(PATH)) { "Show all customers" } } }
            @else { p { "No customers yet. They appear here as soon as the first is known." } }
        } @else {
            div class="scroll" tabindex="0" role="region" aria-label="Customers" {
                table {
                    thead { tr { th scope="col" { "Name" } @for (_, called) in PARTICULARS { th scope="col" { (called) } } } }
                    tbody { @for one in customers { (row(params, one)) } }
                }
            }
            (next_page(params, PATH, &found))
        }
    };
    Ok(Page { title: "Customers".to_owned(), place: PATH, body })
}

fn row(params: &Params, one: &Value) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(params.to(&address(PATH, text(&one["customer_id"])))) { bdi { (customer(one)) } } }
            @for (field, _) in PARTICULARS { td { bdi { (text(&one[field])) } } }
        }
    }
}

/// One customer.
pub(crate) async fn one(front: &Front, id: &str, params: &Params) -> Result<Page, Trouble> {
    let asked = json!({ "customer": id, "cursor": params.get("cursor"), "limit": ROWS });
    let sales = json!({ "customer": id, "date_range": "last 12 months", "as_of": params.moment() });
    let (known, orders, sales) = join3(
        front.ask("customers.search", json!({ "text": id })),
        orders::found(front, params, "orders.search", asked),
        front.ask("orders.report_sales", sales),
    )
    .await;
    let (orders, sales) = (orders?, sales?);
    let listed = items(&orders["orders"]);
    // A visitor who may not see personal data may still see what was ordered.
    let known = known.unwrap_or_default();
    let known = items(&known["customers"]).first().or_else(|| listed.first().map(|order| &order["customer"]));
    let title = known.map_or("Customer", customer).to_owned();
    let body = html! {
        (only_now(params, "Name and particulars"))
        @if let Some(known) = known {
            dl class="facts" {
                @for (field, called) in PARTICULARS { @if let Some(value) = known[field].as_str() { div { dt { (called) } dd { bdi { (value) } } } } }
            }
        }
        section { h2 { "Bought in the last 12 months" } p { (text(&sales["text"])) }
            p { a href=(params.to(&format!("/reports?customer={}&group_by=product&date_range=last+12+months", encoded(id)))) { "What was bought" } " · "
                a href=(params.to(&format!("/activity?customer={}", encoded(id)))) { "What was done" } }
        }
        section {
            h2 { "Orders" }
            p { (text(&orders["text"])) }
            @if listed.is_empty() { p { "No orders yet." } } @else { (order_table::shown(params, listed, &order_table::OF_ONE)) }
            (next_page(params, &address(PATH, id), &orders))
        }
    };
    Ok(Page { title, place: PATH, body })
}
