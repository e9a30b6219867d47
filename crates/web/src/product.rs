//! One product: its stock, its price and sales, and the orders that wait for it.

use futures::future::join5;
use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    chart,
    front::{Front, Trouble},
    layout::Page,
    order_table,
    params::{Params, encoded},
    parts::{items, money, number, only_now, text},
    products::low,
};

const PATH: &str = "/products";
/// Products that are compared to find the right one: all that have its SKU as a word.
const ALIKE: u32 = 100;
/// Orders listed.
const FEW: u32 = 10;

pub(crate) async fn page(front: &Front, sku: &str, params: &Params) -> Result<Page, Trouble> {
    let then = params.moment();
    let found = front.ask("products.search", json!({ "text": sku, "include_archived": true, "limit": ALIKE })).await?;
    let product = items(&found["products"]).iter().find(|product| text(&product["sku"]) == sku).ok_or_else(|| {
        Trouble(json!({ "code": "NOT_FOUND", "message": format!("There is no product with the SKU {sku}."), "hint": "Look for it under Products." }))
    })?;
    let sold = json!({ "date_range": "last 30 days", "product": sku, "group_by": ["day"], "limit": 31, "as_of": then });
    let forecast =
        async { front.ask("sales.forecast", json!({ "product": sku, "as_of": then })).await.unwrap_or_default() };
    let (stock, reorder, sold, waiting, forecast) = join5(
        front.ask("inventory.check", json!({ "product": sku, "as_of": then })),
        reordered(front, sku, params),
        front.ask("orders.report_sales", sold),
        front.ask("orders.get_pending", json!({ "product": sku, "limit": FEW, "as_of": then })),
        forecast,
    )
    .await;
    let (stock, sold, waiting) = (stock?, sold?, waiting?);
    let body = html! {
        (only_now(params, "Name, price and cost"))
        dl class="facts" {
            div { dt { "SKU" } dd { bdi { (sku) } } }
            div { dt { "Price" } dd { (money(&product["price"])) @if product["tax_inclusive"] == true { " with tax" } } }
            div { dt { "Tax" } dd { (text(&product["tax_rate"])) " %" } }
            @if product["cost"].is_object() { div { dt { "Cost" } dd { (money(&product["cost"])) } } }
            @if let Some(days) = product["lead_time_days"].as_i64() { div { dt { "Lead time" } dd { (days) " days" } } }
            div { dt { "When it runs out" } dd { (runs_out(text(&product["policy"]))) } }
            @if product["archived"] == true { div { dt { "Archived" } dd { "can no longer be ordered" } } }
        }
        section {
            h2 { "Stock" }
            p { (text(&stock["text"])) (low(&stock)) }
            @if stock["tracked"] == true { (levels(&stock)) }
            @if let Some(reorder) = reorder { (advice(&reorder)) }
        }
        section {
            h2 { "Sold in the last 30 days" }
            p { (text(&sold["text"])) }
            (chart::of_report(&sold, &format!("Units of {} sold a day", text(&product["name"])), chart::Of::Units))
            @if let Some(ahead) = forecast["text"].as_str() { p { (ahead) } }
            p { a href=(params.to(&format!("/reports?product={}&group_by=week&date_range=last+90+days", encoded(sku)))) { "Report of this product" } }
        }
        section {
            h2 { "Orders that wait for it" }
            @if items(&waiting["orders"]).is_empty() { p { "No order waits for it." } } @else { (order_table::shown(params, items(&waiting["orders"]), &order_table::FEW)) }
            p {
                a href=(params.to(&format!("/orders?product={}", encoded(sku)))) { "All orders with it" } " · "
                a href=(params.to(&format!("/activity?product={}", encoded(sku)))) { "What was done to it" }
            }
        }
    };
    Ok(Page { title: text(&product["name"]).to_owned(), place: PATH, body })
}

/// Its row in the list of products to reorder; that list exists only for the present.
async fn reordered(front: &Front, sku: &str, params: &Params) -> Option<Value> {
    if params.moment().is_some() {
        return None;
    }
    let mut cursor = Value::Null;
    loop {
        let found = front.ask("inventory.reorder", json!({ "limit": 100, "cursor": cursor })).await.ok()?;
        if let Some(row) = items(&found["products"]).iter().find(|row| text(&row["sku"]) == sku) {
            return Some(row.clone());
        }
        cursor = found["next_cursor"].clone();
        if cursor.is_null() {
            return None;
        }
    }
}

fn runs_out(policy: &str) -> &'static str {
    match policy {
        "deny" => "orders are refused",
        "backorder" => "orders wait",
        _ => "no stock is kept",
    }
}

fn levels(stock: &Value) -> Markup {
    html! {
        dl class="facts" {
            div { dt { "On hand" } dd { (number(&stock["on_hand"])) } }
            div { dt { "Held for orders" } dd { (number(&stock["reserved"])) } }
            div { dt { "Available" } dd { (number(&stock["available"])) } }
            div { dt { "Waited for" } dd { (number(&stock["backordered"])) } }
            @if let Some(expected) = stock["expected"].as_i64() { div { dt { "Expected" } dd { (expected) } } }
            @if let Some(threshold) = stock["threshold"].as_i64() { div { dt { "Low at" } dd { (threshold) } } }
        }
    }
}

fn advice(reorder: &Value) -> Markup {
    html! {
        p {
            "Sells " (text(&reorder["sold_a_day"])) " a day"
            @if let Some(days) = reorder["days_left"].as_i64() { " and lasts " (days) " days" }
            "; with a lead time of " (number(&reorder["lead_time_days"])) " days, order " strong { (number(&reorder["suggested"])) " units" } "."
        }
    }
}
