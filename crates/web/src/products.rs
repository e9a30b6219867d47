//! The catalogue with its stock, and the products to reorder.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    front::{Front, Trouble},
    layout::Page,
    params::Params,
    parts::{address, field, items, money, next_page, number, only_now, text},
    past,
};

const PATH: &str = "/products";
/// Products of a page.
const ROWS: u32 = 50;
/// Rows at a moment of the past, where the stock of each product is looked up separately.
const ROWS_THEN: u32 = 20;
/// Views by name and their labels.
const VIEWS: [(&str, &str); 2] = [("all", "All"), ("reorder", "To reorder")];

pub(crate) async fn page(front: &Front, params: &Params) -> Result<Page, Trouble> {
    let view = params.get("view").filter(|view| *view == "reorder").unwrap_or("all");
    let shown = if view == "all" { all(front, params).await? } else { to_reorder(front, params).await? };
    let body = html! {
        nav aria-label="Views" class="views" {
            @for (name, called) in VIEWS {
                a href=(params.to(&format!("{PATH}?view={name}"))) aria-current=[(name == view).then_some("true")] { (called) }
            }
        }
        (shown)
    };
    Ok(Page { title: "Products".to_owned(), place: PATH, body })
}

async fn all(front: &Front, params: &Params) -> Result<Markup, Trouble> {
    let found = front
        .ask(
            "products.search",
            json!({
                "text": params.get("text"), "include_archived": params.get("archived").map(|_| true),
                "cursor": params.get("cursor"), "limit": if params.moment().is_some() { ROWS_THEN } else { ROWS },
            }),
        )
        .await?;
    let then = past::position(front, params).await?;
    let products = items(&found["products"]);
    let asked = products.iter().map(|product| json!({ "product": product["sku"], "as_of": then }));
    let stock = past::each(front, "inventory.check", asked).await;
    Ok(html! {
        form action=(PATH) class="filters" {
            (params.kept())
            (field(params, "text", "Search"))
            label class="tick" { input type="checkbox" name="archived" value="1" checked[params.get("archived").is_some()]; " Archived ones too" }
            button { "Show" }
        }
        (only_now(params, "Names, prices and which products there are"))
        p { (text(&found["text"])) }
        @if products.is_empty() {
            @if params.get("text").is_some() { p { "Nothing matches. " a href=(params.to(PATH)) { "Show all products" } } }
            @else { p { "No products yet. They appear here as soon as the first is in the catalogue." } }
        } @else {
            div class="scroll" tabindex="0" role="region" aria-label="Products" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Product" } th scope="col" { "SKU" }
                            th scope="col" class="number" { "Price" } th scope="col" class="number" { "On hand" }
                            th scope="col" class="number" { "Held" } th scope="col" class="number" { "Available" }
                            th scope="col" class="number" { "Waited for" }
                        }
                    }
                    tbody { @for (product, stock) in products.iter().zip(&stock) { (row(params, product, stock)) } }
                }
            }
            (next_page(params, PATH, &found))
        }
    })
}

fn row(params: &Params, product: &Value, stock: &Value) -> Markup {
    html! {
        tr {
            th scope="row" {
                a href=(params.to(&address(PATH, text(&product["sku"])))) { bdi { (text(&product["name"])) } }
                @if product["archived"] == true { " " span class="flag" { "archived" } }
            }
            td { bdi { (text(&product["sku"])) } }
            td class="number" { (money(&product["price"])) }
            @if stock["tracked"] == false { td colspan="4" { "no stock is kept" } }
            @else if stock["on_hand"].is_null() { td colspan="4" { "not known" } }
            @else {
                td class="number" { (number(&stock["on_hand"])) } td class="number" { (number(&stock["reserved"])) }
                td class="number" { (number(&stock["available"])) (low(stock)) } td class="number" { (number(&stock["backordered"])) }
            }
        }
    }
}

/// A mark if the available units are at the threshold or below.
pub(crate) fn low(stock: &Value) -> Markup {
    let low = stock["threshold"].as_i64().is_some_and(|threshold| number(&stock["available"]) <= threshold);
    html! { @if low { " " span class="flag" { "low" } } }
}

async fn to_reorder(front: &Front, params: &Params) -> Result<Markup, Trouble> {
    let days = params.get("days").and_then(|days| days.parse::<u32>().ok());
    let found =
        front.ask("inventory.reorder", json!({ "days": days, "cursor": params.get("cursor"), "limit": ROWS })).await?;
    let products = items(&found["products"]);
    Ok(html! {
        form action=(PATH) class="filters" {
            (params.kept())
            input type="hidden" name="view" value="reorder";
            label { "Days the goods should last beyond their lead time" input name="days" inputmode="numeric" value=[params.get("days")] placeholder="7"; }
            button { "Show" }
        }
        (only_now(params, "What is to be reordered"))
        p { (text(&found["text"])) }
        @if products.is_empty() { p { "Nothing needs to be reordered." } } @else {
            div class="scroll" tabindex="0" role="region" aria-label="To reorder" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Product" } th scope="col" class="number" { "On hand" } th scope="col" class="number" { "Held" }
                            th scope="col" class="number" { "Available" } th scope="col" class="number" { "Waited for" }
                            th scope="col" class="number" { "Sold a day" } th scope="col" class="number" { "Days left" }
                            th scope="col" class="number" { "Lead time, days" } th scope="col" class="number" { "Order" }
                        }
                    }
                    tbody {
                        @for product in products {
                            tr {
                                th scope="row" { a href=(params.to(&address(PATH, text(&product["sku"])))) { bdi { (text(&product["name"])) } } " (" bdi { (text(&product["sku"])) } ")" }
                                td class="number" { (number(&product["on_hand"])) } td class="number" { (number(&product["reserved"])) }
                                td class="number" { (number(&product["available"])) (low(product)) } td class="number" { (number(&product["backordered"])) }
                                td class="number" { (text(&product["sold_a_day"])) }
                                td class="number" { @if let Some(days) = product["days_left"].as_i64() { (days) } @else { "–" } }
                                td class="number" { (number(&product["lead_time_days"])) } td class="number" { strong { (number(&product["suggested"])) } }
                            }
                        }
                    }
                }
            }
            (next_page(params, PATH, &found))
        }
    })
}
