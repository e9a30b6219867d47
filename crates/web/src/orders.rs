//! The list of orders: saved views, filters, columns and order in the address, pages by cursor.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    bulk_form,
    front::{Front, Trouble},
    layout::Page,
    order_table::{self, Column},
    own_views::{OwnViews, SAVED},
    params::Params,
    parts::{field, items, next_page, number, text},
    past, times,
    visit::Visit,
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
/// Filters that every view takes, and those of the view of all orders.
const FILTERS: [(&str, &str); 4] =
    [("date_range", "Placed"), ("customer", "Customer"), ("product", "Product"), ("older_than", "Older than")];
const FILTERS_OF_ALL: [(&str, &str); 5] = [
    ("text", "Search"),
    ("status", "Status"),
    ("payment_status", "Payment"),
    ("min_total", "Least total"),
    ("max_total", "Greatest total"),
];
const STATUSES: [&str; 8] =
    ["pending", "confirmed", "processing", "partially_shipped", "shipped", "delivered", "returned", "cancelled"];
const PAYMENTS: [&str; 6] = ["unpaid", "partially_paid", "paid", "partially_refunded", "refunded", "overpaid"];
const SORTS: [&str; 3] = ["newest", "oldest", "largest"];

pub(crate) async fn page(visit: &Visit, own: &OwnViews) -> Result<Page, Trouble> {
    let Visit { front, params, token, .. } = visit;
    let (view, tool, mut arguments) = asked(params);
    arguments["limit"] = ROWS.into();
    arguments["cursor"] = json!(params.get("cursor"));
    let found = found(front, params, tool, arguments).await?;
    let orders = items(&found["orders"]);
    let mut columns = columns(params);
    if params.moment().is_some() && view == "all" {
        // Of an order as it stood then nobody says how long it had waited.
        columns.retain(|column| *column != Column::Waiting);
    }
    let current = own.current(params);
    let body = html! {
        nav aria-label="Views" class="views" {
            @for (name, called, _) in VIEWS {
                a href=(params.to(&format!("{PATH}?view={name}"))) aria-current=[(name == view && current.is_none()).then_some("true")] { (called) }
            }
            @for (name, address) in own.links(params) {
                a href=(address) aria-current=[(current == Some(name)).then_some("true")] { bdi { (name) } }
            }
        }
        (filters(params, view, current))
        (own.forms(params, token))
        @if params.moment().is_none() && front.may("orders.create_order") { p { a href="/orders/new" { "Place an order" } } }
        @if params.moment().is_some() && view == "all" {
            p class="note" { "These are the orders placed by then, each as it stood. Filters by status, payment and total go by the present." }
        } @else { p { (text(&found["text"])) } }
        @if orders.is_empty() { (nothing(params, view)) } @else {
            @let chosen = params.moment().is_none() && front.may("orders.bulk_update_status");
            (order_table::headed(params, orders, &columns, chosen, |column| heading(params, view, column)))
            @if chosen { (bulk_form::form(token, params, orders.len(), number(&found["total_count"]))) }
            (next_page(params, PATH, &found))
            p { a href=(params.link("/orders.csv", "", None)) { "Download this list as CSV" } }
        }
    };
    Ok(Page { title: "Orders".to_owned(), place: PATH, body })
}

/// The view, and what answers it with which arguments.
pub(crate) fn asked(params: &Params) -> (&'static str, &'static str, Value) {
    let asked = params.get("view").unwrap_or("all");
    let (view, _, scope) = VIEWS.into_iter().find(|(name, ..)| *name == asked).unwrap_or(VIEWS[0]);
    let mut arguments = json!({ "sort": params.get("sort") });
    FILTERS.iter().for_each(|(name, _)| arguments[name] = json!(params.get(name)));
    let Some(scope) = scope else {
        FILTERS_OF_ALL.iter().for_each(|(name, _)| arguments[name] = json!(params.get(name)));
        for list in ["status", "payment_status"] {
            let given: Vec<&str> = params.all(list).collect();
            arguments[list] = if given.is_empty() { Value::Null } else { json!(given) };
        }
        return (view, "orders.search", arguments);
    };
    arguments["scope"] = scope.into();
    arguments["as_of"] = json!(params.moment());
    (view, "orders.get_pending", arguments)
}

/// A page of a list. `orders.search` knows the present only: for a moment of the past it finds what was placed by then, and
/// each order is asked for as it stood.
pub(crate) async fn found(front: &Front, params: &Params, tool: &str, mut arguments: Value) -> Result<Value, Trouble> {
    let Some(moment) = params.moment().filter(|_| tool == "orders.search") else {
        return front.ask(tool, arguments).await;
    };
    if arguments["date_range"].is_null() && times::is_day(moment) {
        arguments["date_range"] = format!("until {moment}").into();
    }
    let mut found = front.ask(tool, arguments).await?;
    let then = past::position(front, params).await?;
    let asked = items(&found["orders"]).iter().map(|row| json!({ "order_id": row["order_id"], "as_of": then }));
    let stood = past::each(front, "orders.get", asked).await;
    let stood = stood.into_iter().map(|mut one| one["order"].take()).filter(|order| !order.is_null());
    found["orders"] = stood
        .map(|mut order| {
            order["total"] = order["totals"]["total"].take();
            order
        })
        .collect();
    Ok(found)
}

/// The columns asked for.
pub(crate) fn columns(params: &Params) -> Vec<Column> {
    let wanted = order_table::ALL.iter().filter(|(_, name, _)| params.all("column").any(|asked| asked == *name));
    let wanted: Vec<Column> = wanted.map(|(column, ..)| *column).collect();
    if wanted.is_empty() { order_table::USUAL.to_vec() } else { wanted }
}

fn filters(params: &Params, view: &str, own: Option<&str>) -> Markup {
    let columns = columns(params);
    let of_all = view == "all";
    let rare = ["status", "payment_status", "min_total", "max_total", "older_than", "column", "sort"];
    html! {
        form action=(PATH) class="filters" {
            (params.kept())
            input type="hidden" name="view" value=(view);
            @if let Some(own) = own { input type="hidden" name=(SAVED) value=(own); }
            @if of_all { (search(params)) }
            @for (name, called) in &FILTERS[..3] { (field(params, name, called)) }
            details open[rare.iter().any(|name| params.get(name).is_some())] {
                summary { "More" }
                div class="filters" {
                    (field(params, "older_than", "Older than"))
                    @if of_all {
                        (choice(params, "status", "Status", &STATUSES)) (choice(params, "payment_status", "Payment", &PAYMENTS))
                        (field(params, "min_total", "Least total")) (field(params, "max_total", "Greatest total"))
                    }
                    (choice(params, "sort", "Order", &SORTS))
                    fieldset {
                        legend { "Columns" }
                        @for (column, name, called) in order_table::ALL {
                            label class="tick" { input type="checkbox" name="column" value=(name) checked[columns.contains(&column)]; " " (called) }
                        }
                    }
                }
            }
            button { "Show" }
        }
        @let set = FILTERS.into_iter().chain(FILTERS_OF_ALL.into_iter().filter(|_| of_all));
        p class="chips" {
            @for (name, called) in set {
                @for value in params.all(name) {
                    a class="chip" href=(params.link(PATH, name, None)) aria-label={ "Remove " (called) ": " (value) } {
                        (called) ": " bdi { (value.replace('_', " ")) } " ✕"
                    }
                }
            }
        }
    }
}

/// The search by words. With a script the list follows what is typed.
fn search(params: &Params) -> Markup {
    html! {
        label { "Search " input name="text" value=(params.get("text").unwrap_or_default()) maxlength="254" autocomplete="off"
            data-searches="" hx-get=(PATH) hx-include="closest form" hx-trigger="input changed delay:250ms" hx-sync="this:replace"
            hx-target="#main" hx-select="#main" hx-swap="outerMorph"; }
    }
}

fn choice(params: &Params, name: &str, called: &str, values: &[&str]) -> Markup {
    let chosen = params.get(name).unwrap_or_default();
    html! {
        label { (called) select name=(name) {
            option value="" { "any" }
            @for value in values { option value=(value) selected[chosen == *value] { (value.replace('_', " ")) } }
        } }
    }
}

/// Headings by which the list can be put into order.
fn heading(params: &Params, view: &str, column: Column) -> Markup {
    let sort = params.get("sort").unwrap_or(if view == "all" { "newest" } else { "oldest" });
    let called = order_table::called(column);
    let other = match column {
        Column::Placed if sort == "newest" => "oldest",
        Column::Placed => "newest",
        Column::Total if sort != "largest" => "largest",
        _ => return html! { (called) },
    };
    let mark = match (column, sort) {
        (Column::Placed, "newest") => " ↓",
        (Column::Placed, "oldest") => " ↑",
        _ => "",
    };
    html! { a href=(params.link(PATH, "sort", Some(other))) title={ "Show the " (other) " first" } { (called) (mark) } }
}

/// An empty shop, a view with nothing in it, and filters that nothing fits are three things.
fn nothing(params: &Params, view: &str) -> Markup {
    let filtered = FILTERS.iter().chain(&FILTERS_OF_ALL).any(|(name, _)| params.get(name).is_some());
    html! {
        @if filtered { p { "Nothing matches. " a href=(params.to(&format!("{PATH}?view={view}"))) { "Remove the filters" } } }
        @else if view == "all" { p { "No orders yet. They appear here as soon as the first is placed." } }
        @else { p { "Nothing is open here." } }
    }
}
