//! Today: revenue beside the same weekday of last week, what is open, what waits longest, what runs out.

use futures::future::try_join5;
use maud::html;
use serde_json::json;

use crate::{
    front::{Front, Trouble},
    layout::Page,
    parts::{customer, hindrances, items, money, number, status, text},
};

/// Orders and products listed; each list leads to the whole.
const FEW: usize = 5;

pub(crate) async fn page(front: &Front) -> Result<Page, Trouble> {
    let (now, before, open, unpaid, low) = try_join5(
        front.ask("orders.report_sales", json!({ "date": "today" })),
        front.ask("orders.report_sales", json!({ "date": "7 days ago" })),
        front.ask("orders.get_pending", json!({ "limit": FEW })),
        front.ask("orders.get_pending", json!({ "scope": "unpaid", "limit": 1 })),
        front.ask("inventory.reorder", json!({ "limit": FEW })),
    )
    .await?;
    let revenue = |report: &serde_json::Value| money(&report["figures"]["revenue"]).to_owned();
    let body = html! {
        section aria-label="Revenue" class="figures" {
            p { span class="figure" { (revenue(&now)) } " booked today so far, " (number(&now["figures"]["orders"])) " orders" }
            p { (revenue(&before)) " on the whole same weekday of last week, " (number(&before["figures"]["orders"])) " orders" }
        }
        section {
            h2 { "Open orders" }
            p { (text(&open["text"])) }
            ul class="counts" {
                @for count in items(&open["counts"]) { li { (number(&count["orders"])) " " (status(&count["status"])) } }
            }
            p {
                a href="/orders?view=to_ship" { (number(&open["total_count"])) " to ship" } " · "
                a href="/orders?view=unpaid" { (number(&unpaid["total_count"])) " unpaid" }
            }
        }
        section {
            h2 { "Waiting longest" }
            @if items(&open["orders"]).is_empty() { p { "No order waits." } } @else {
                ul {
                    @for order in items(&open["orders"]) {
                        li {
                            a href={ "/orders/" (number(&order["order_id"])) } { "#" (number(&order["order_id"])) }
                            " of " bdi { (customer(&order["customer"])) } ", since " (text(&order["placed_on"])) ": "
                            (status(&order["status"])) (hindrances(order))
                        }
                    }
                }
            }
        }
        section {
            h2 { "Running out" }
            p { (text(&low["text"])) }
            @if !items(&low["products"]).is_empty() {
                ul {
                    @for product in items(&low["products"]) {
                        li { bdi { (text(&product["name"])) } " (" (text(&product["sku"])) "): " (number(&product["available"])) " available" }
                    }
                }
            }
        }
    };
    Ok(Page { title: "Today".to_owned(), place: "/", body })
}
