//! The list of orders: saved views, filters in the address, pages by cursor.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    front::{Front, Trouble},
    layout::Page,
    params::Params,
    parts::{customer, hindrances, items, money, number, status, text},
};

const PATH: &str = "/orders";
/// Orders of a page.
const ROWS: u32 = 50;
/// Views by name, what they are called, and what `orders.get_pending` calls them; the first is every order.
const VIEWS: [(&str, &str, Option<&str>); 5] = [
    ("all", "All", None),
    ("to_ship", "To ship", Some("pending")),
    ("unpaid", "Unpaid", Some("unpaid")),
    ("on_hold", "On hold", Some("on_hold")),
    ("backordered", "Backordered", Some("backordered")),
];
/// Filters that every view takes.
const FILTERS: [(&str, &str); 3] = [("date_range", "Placed"), ("customer", "Customer"), ("product", "Product")];

pub(crate) async fn page(front: &Front, params: &Params) -> Result<Page, Trouble> {
    let asked = params.get("view").unwrap_or("all");
    let (view, _, scope) = VIEWS.into_iter().find(|(name, ..)| *name == asked).unwrap_or(VIEWS[0]);
    let mut arguments = json!({
        "date_range": params.get("date_range"), "customer": params.get("customer"), "product": params.get("product"),
        "sort": params.get("sort"), "cursor": params.get("cursor"), "limit": ROWS,
    });
    let tool = match scope {
        Some(scope) => {
            arguments["scope"] = scope.into();
            "orders.get_pending"
        }
        None => {
            arguments["text"] = json!(params.get("text"));
            "orders.search"
        }
    };
    let found = front.ask(tool, arguments).await?;
    let next = found["next_cursor"].as_str().map(|cursor| params.link(PATH, "cursor", Some(cursor)));
    let body = html! {
        nav aria-label="Views" class="views" {
            @for (name, called, _) in VIEWS {
                a href={ (PATH) "?view=" (name) } aria-current=[(name == view).then_some("true")] { (called) }
            }
        }
        (filters(params, view))
        p { (text(&found["text"])) }
        @if items(&found["orders"]).is_empty() { (nothing(params, view)) } @else { (table(&found)) }
        @if let Some(next) = next { p { a rel="next" href=(next) { "Next page" } } }
    };
    Ok(Page { title: "Orders".to_owned(), place: PATH, body })
}

fn filters(params: &Params, view: &str) -> Markup {
    html! {
        form action=(PATH) class="filters" {
            input type="hidden" name="view" value=(view);
            @if view == "all" { (field(params, "text", "Search")) }
            @for (name, called) in FILTERS { (field(params, name, called)) }
            button { "Show" }
        }
        @let set = FILTERS.into_iter().chain([("text", "Search")]).filter_map(|(name, called)| Some((name, called, params.get(name)?)));
        p class="chips" {
            @for (name, called, value) in set {
                a class="chip" href=(params.link(PATH, name, None)) aria-label={ "Remove " (called) ": " (value) } {
                    (called) ": " bdi { (value) } " ✕"
                }
            }
        }
    }
}

fn field(params: &Params, name: &str, called: &str) -> Markup {
    html! { label { (called) " " input name=(name) value=(params.get(name).unwrap_or_default()) maxlength="254"; } }
}

/// An empty shop, a view with nothing in it, and filters that nothing fits are three things.
fn nothing(params: &Params, view: &str) -> Markup {
    let filtered = FILTERS.iter().any(|(name, _)| params.get(name).is_some()) || params.get("text").is_some();
    html! {
        @if filtered { p { "Nothing matches. " a href={ (PATH) "?view=" (view) } { "Remove the filters" } } }
        @else if view == "all" { p { "No orders yet. They appear here as soon as the first is placed." } }
        @else { p { "Nothing is open here." } }
    }
}

fn table(found: &Value) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="Orders" {
            table {
                thead {
                    tr {
                        th scope="col" { "Order" } th scope="col" { "Placed on" } th scope="col" { "Customer" }
                        th scope="col" { "Status" } th scope="col" { "Payment" } th scope="col" class="number" { "Total" }
                    }
                }
                tbody {
                    @for order in items(&found["orders"]) {
                        tr {
                            th scope="row" { a href={ "/orders/" (number(&order["order_id"])) } { "#" (number(&order["order_id"])) } }
                            td { (text(&order["placed_on"])) }
                            td { bdi { (customer(&order["customer"])) } }
                            td { (status(&order["status"])) (hindrances(order)) }
                            td { (status(&order["payment_status"])) }
                            td class="number" { (money(&order["total"])) }
                        }
                    }
                }
            }
        }
    }
}
