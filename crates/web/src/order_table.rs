//! Orders as rows: number, day, customer, status by glyph and word, what is in it, how long it waits and why, total.

use maud::{Markup, html};
use serde_json::Value;

use crate::{
    bulk_form,
    params::Params,
    parts::{customer, hindrances, items, money, number, status, text},
    times::day,
};

/// What a row can show beside its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Placed,
    Customer,
    Status,
    Payment,
    What,
    Waiting,
    Total,
    Due,
}

use Column::{Customer, Due, Payment, Placed, Status, Total, Waiting, What};

/// Every column, by the name that addresses have, and as people name it.
pub(crate) const ALL: [(Column, &str, &str); 8] = [
    (Placed, "placed", "Placed on"),
    (Customer, "customer", "Customer"),
    (Status, "status", "Status"),
    (Payment, "payment", "Payment"),
    (What, "what", "What"),
    (Waiting, "waiting", "Waiting"),
    (Total, "total", "Total"),
    (Due, "due", "Due"),
];
/// What lists show when nothing else is said.
pub(crate) const USUAL: [Column; 7] = [Placed, Customer, Status, Payment, What, Waiting, Total];
/// For short lists on other pages.
pub(crate) const FEW: [Column; 5] = [Placed, Customer, Status, Waiting, Total];
/// For orders of one customer.
pub(crate) const OF_ONE: [Column; 6] = [Placed, Status, Payment, What, Waiting, Total];

/// Whether these names are the usual columns, or say nothing.
pub(crate) fn is_usual(names: &[&str]) -> bool {
    let is_named = |column: &Column| ALL.iter().any(|(known, name, _)| known == column && names.contains(name));
    names.is_empty() || (names.len() == USUAL.len() && USUAL.iter().all(is_named))
}

/// Lines of an order that a row names.
const LINES: usize = 2;

pub(crate) fn shown(params: &Params, orders: &[Value], columns: &[Column]) -> Markup {
    headed(params, orders, columns, false, |column| html! { (called(column)) })
}

/// The same with headings of the caller's making, and with boxes by which orders are `chosen`.
pub(crate) fn headed(
    params: &Params,
    orders: &[Value],
    columns: &[Column],
    chosen: bool,
    heading: impl Fn(Column) -> Markup,
) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="Orders" {
            table {
                thead {
                    tr {
                        th scope="col" { @if chosen { (bulk_form::choose_page()) " " } "Order" }
                        @for column in columns { th scope="col" class=[class(*column)] { (heading(*column)) } }
                    }
                }
                tbody {
                    @for order in orders {
                        tr {
                            th scope="row" { @if chosen { (bulk_form::choose(number(&order["order_id"]))) " " } a href=(params.to(&format!("/orders/{}", number(&order["order_id"])))) { "#" (number(&order["order_id"])) } }
                            @for column in columns { td class=[class(*column)] { (cell(params, order, *column)) } }
                        }
                    }
                }
            }
        }
    }
}

pub(crate) fn called(column: Column) -> &'static str {
    ALL.iter().find(|(known, ..)| *known == column).map_or("", |(_, _, called)| called)
}

fn class(column: Column) -> Option<&'static str> {
    match column {
        Total | Due => Some("number"),
        Placed => Some("day"),
        Customer | Status | Payment | What | Waiting => None,
    }
}

fn cell(params: &Params, order: &Value, column: Column) -> Markup {
    match column {
        Placed => day(&order["placed_on"]),
        Customer => {
            let known = &order["customer"];
            html! { a href=(params.to(&format!("/customers/{}", text(&known["customer_id"])))) { bdi { (customer(known)) } } }
        }
        Status => html! { (status(&order["status"])) (hindrances(order)) },
        Payment => status(&order["payment_status"]),
        What => html! { bdi { (products(order)) } },
        Waiting => html! {
            @if let Some(days) = order["days"].as_i64() { (waited(days)) @if order["why"].is_string() { ": " } }
            @if let Some(why) = order["why"].as_str() { bdi { (why) } }
        },
        Total => html! { (money(&order["total"])) },
        Due => html! { (money(&order["due"])) },
    }
}

/// As lists of tools say it; of an order that was asked for itself, from its lines.
pub(crate) fn products(order: &Value) -> String {
    match order["products"].as_str() {
        Some(products) => products.to_owned(),
        None => {
            let active = |line: &Value| number(&line["ordered"]) - number(&line["cancelled"]);
            let lines = items(&order["lines"]).iter().filter(|line| active(line) > 0);
            let more = lines.clone().skip(LINES).count();
            let mut named: Vec<String> =
                lines.take(LINES).map(|line| format!("{} {}", active(line), text(&line["name"]))).collect();
            if more > 0 {
                named.push(format!("and {more} more"));
            }
            named.join(", ")
        }
    }
}

fn waited(days: i64) -> String {
    match days {
        0 => "since today".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
