//! Suggestions of the palette while somebody types: pages, orders, products and customers with that name, and the
//! sentence itself.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use futures::future::join;
use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    layout::PLACES,
    params::encoded,
    parts::{address, customer, items, money, text},
    visit::Visit,
};

/// Things offered of each kind.
const FEW: u32 = 5;

pub(crate) async fn found(visit: Visit) -> Response {
    let typed = visit.params.get("q").unwrap_or_default();
    let asked = || json!({ "text": typed, "limit": FEW });
    let nothing = Value::Null;
    let (products, customers) =
        join(visit.front.ask("products.search", asked()), visit.front.ask("customers.search", asked())).await;
    // A visitor who may not see customers gets no suggestion of any; failures are not worth a message here.
    let (products, customers) = (products.unwrap_or(Value::Null), customers.unwrap_or(nothing));
    let order = typed.trim_start_matches('#').parse::<i64>().ok();
    let lower = typed.to_lowercase();
    let places = PLACES.iter().filter(|(_, name)| !typed.is_empty() && name.to_lowercase().starts_with(&lower));
    let offered: Markup = html! {
        ul {
            @if let Some(id) = order { li { a href={ "/orders/" (id) } { "Order #" (id) } } }
            @for (path, name) in places { li { a href=(path) { (name) } } }
            @for product in items(&products["products"]) {
                li { a href=(address("/products", text(&product["sku"]))) { bdi { (text(&product["name"])) } " (" (text(&product["sku"])) "), " (money(&product["price"])) } }
            }
            @for known in items(&customers["customers"]) {
                li { a href=(address("/customers", text(&known["customer_id"]))) { bdi { (customer(known)) } } }
            }
            @if !typed.is_empty() { li { a href={ "/ask?q=" (encoded(typed)) } { "Ask: " bdi { (typed) } } } }
        }
    };
    let mut response = offered.into_string().into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
