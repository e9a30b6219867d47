//! Sales on any of the three bases, in groups, beside other days; every figure links to its explanation.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    chart,
    front::{Front, Trouble},
    layout::Page,
    params::{Params, encoded},
    parts::{address, field, items, money, next_page, number, text},
};

const PATH: &str = "/reports";
/// Groups of a page: days, weeks and months are all in one chart, as many as a tool returns at most.
const ROWS: u32 = 50;
const ROWS_OF_DAYS: u32 = 100;
/// Days that are shown if none are asked for.
const USUAL_DAYS: &str = "last 30 days";
const BASES: [(&str, &str); 3] =
    [("booked", "booked: as ordered"), ("shipped", "shipped: as goods left"), ("cash", "cash: as money came")];
const GROUPS: [(&str, &str); 9] = [
    ("day", "day"),
    ("week", "week"),
    ("month", "month"),
    ("weekday", "day of the week"),
    ("hour", "hour of the day"),
    ("product", "product"),
    ("customer", "customer"),
    ("city", "city"),
    ("tax_rate", "tax rate"),
];
const COMPARED: [(&str, &str); 3] =
    [("", "nothing"), ("previous period", "the days before"), ("last year", "last year")];
const SORTS: [(&str, &str); 5] =
    [("", "usual"), ("revenue", "revenue"), ("units", "units"), ("orders", "orders"), ("change", "change")];
/// The figures from gross to net, and their labels.
const WATERFALL: [(&str, &str); 7] = [
    ("gross", "Gross"),
    ("discount", "Discounts"),
    ("net", "Net sales"),
    ("shipping", "Shipping"),
    ("revenue", "Revenue"),
    ("tax", "Tax"),
    ("total", "Total"),
];

pub(crate) async fn page(front: &Front, params: &Params) -> Result<Page, Trouble> {
    let group = params.get("group_by").unwrap_or("day");
    let days = params.get("date_range").unwrap_or(USUAL_DAYS);
    let limit = if ["day", "week", "month"].contains(&group) { ROWS_OF_DAYS } else { ROWS };
    let asked = json!({
        "date_range": days, "basis": params.get("basis"), "group_by": [group], "compare_to": params.get("compare_to"),
        "sort": params.get("sort"), "product": params.get("product"), "customer": params.get("customer"),
        "as_of": params.moment(), "cursor": params.get("cursor"), "limit": limit,
    });
    let report = match front.ask("orders.report_sales", asked).await {
        Ok(report) => report,
        Err(Trouble(trouble)) if trouble["code"] == "UNAVAILABLE" => return Err(Trouble(trouble)),
        // The form keeps what was typed, so that it can be corrected.
        Err(Trouble(trouble)) => {
            let body = html! { (form(params, group, days)) (crate::parts::trouble(&trouble)) };
            return Ok(Page { title: "Reports".to_owned(), place: PATH, body });
        }
    };
    let cash = report["basis"] == "cash";
    let of = if cash { chart::Of::Cash } else { chart::Of::Revenue };
    let title =
        format!("{} by {}, {days}", if cash { "Money that came in" } else { "Revenue" }, group.replace('_', " "));
    let body = html! {
        (form(params, group, days))
        p { (text(&report["text"])) }
        @if let Some(reading) = report["interpretation"]["reading"].as_str() { p class="note" { (reading) } }
        (chart::of_report(&report, &title, of))
        (groups(params, &report, group, cash))
        (next_page(params, PATH, &report))
        (whole(params, &report))
    };
    Ok(Page { title: "Reports".to_owned(), place: PATH, body })
}

fn form(params: &Params, group: &str, days: &str) -> Markup {
    html! {
        form action=(PATH) class="filters" {
            (params.kept())
            label { "Days" input name="date_range" value=(days) maxlength="100" list="days"; }
            datalist id="days" {
                @for days in ["today", "yesterday", "this week", "last week", "this month", "last month", USUAL_DAYS, "last 12 months", "this year"] { option value=(days) {} }
            }
            (choice("basis", "Counted", &BASES, params.get("basis").unwrap_or("booked")))
            (choice("group_by", "By", &GROUPS, group))
            (choice("compare_to", "Beside", &COMPARED, params.get("compare_to").unwrap_or_default()))
            (choice("sort", "First by", &SORTS, params.get("sort").unwrap_or_default()))
            (field(params, "product", "Product"))
            (field(params, "customer", "Customer"))
            button { "Show" }
        }
    }
}

fn choice(name: &str, called: &str, values: &[(&str, &str)], chosen: &str) -> Markup {
    let known = values.iter().any(|(value, _)| *value == chosen);
    html! {
        label { (called) select name=(name) {
            @for (value, called) in values { option value=(value) selected[chosen == *value] { (called) } }
            @if !known { option value=(chosen) selected { (chosen) } }
        } }
    }
}

fn groups(params: &Params, report: &Value, group: &str, cash: bool) -> Markup {
    let groups = items(&report["groups"]);
    let (compared, by_weekday) = (report["compared"].is_object(), group == "weekday");
    html! {
        @if groups.is_empty() { p { "Nothing was sold there." } } @else {
            div class="scroll" tabindex="0" role="region" aria-label="Groups" {
                table {
                    thead {
                        tr {
                            th scope="col" { (group.replace('_', " ")) }
                            @if !cash { th scope="col" class="number" { "Orders" } th scope="col" class="number" { "Units" } }
                            th scope="col" class="number" { (if cash { "Money" } else { "Revenue" }) }
                            @if by_weekday { th scope="col" class="number" { "Days" } th scope="col" class="number" { "A day" } }
                            @if !cash { th scope="col" class="number" { "Tax" } th scope="col" class="number" { "Total" } }
                            @if compared { th scope="col" class="number" { "Before" } th scope="col" class="number" { "Change" } th scope="col" class="number" { "%" } }
                        }
                    }
                    tbody { @for one in groups { (row(params, one, cash, compared, by_weekday)) } }
                }
            }
        }
    }
}

fn row(params: &Params, one: &Value, cash: bool, compared: bool, by_weekday: bool) -> Markup {
    let before = &one["before"];
    html! {
        tr {
            th scope="row" {
                (name(params, one))
                @if one["complete"] == false { " " span class="flag" { "in part" } }
                @if one["unconverted"] == true { " " span class="flag" { "not converted" } }
            }
            @if !cash {
                td class="number" { @if let Some(orders) = one["orders"].as_i64() { (orders) } @else { "–" } }
                td class="number" { (number(&one["units"])) }
            }
            td class="number" { (explained(params, if cash { &one["total"] } else { &one["revenue"] }, one)) }
            @if by_weekday { td class="number" { (number(&one["days"])) } td class="number" { (money(&one["average_day"])) } }
            @if !cash { td class="number" { (money(&one["tax"])) } td class="number" { (explained(params, &one["total"], one)) } }
            @if compared {
                td class="number" { (explained(params, &before["revenue"], before)) }
                td class="number" { (money(&before["change"])) }
                td class="number" { @if let Some(percent) = before["change_percent"].as_str() { (percent) " %" } @else { "–" } }
            }
        }
    }
}

/// The name of a group, with a link.
fn name(params: &Params, one: &Value) -> Markup {
    let label = html! { bdi { (text(&one["label"])) } };
    let place = match (one["sku"].as_str(), one["customer_id"].as_str()) {
        (Some(sku), _) => Some(address("/products", sku)),
        (_, Some(id)) => Some(address("/customers", id)),
        (None, None) => None,
    };
    html! { @if let Some(place) = place { a href=(params.to(&place)) { (label) } } @else { (label) } }
}

/// A figure with a link to its explanation.
pub(crate) fn explained(params: &Params, amount: &Value, figures: &Value) -> Markup {
    html! {
        @if let Some(reference) = figures["reference"].as_str() {
            a href=(params.to(&format!("/explain?reference={}", encoded(reference)))) title="What it is made of" { (money(amount)) }
        } @else { (money(amount)) }
    }
}

/// The waterfall of all days, and the same in every currency that something was sold in.
fn whole(params: &Params, report: &Value) -> Markup {
    let (figures, home) = (&report["figures"], &report["figures"]["currency"]);
    let elsewhere = items(&report["totals"]).iter().filter(|one| one["currency"] != *home);
    html! {
        section {
            h2 { "All together" }
            (waterfall(params, figures))
            @if report["compared"].is_object() {
                @let compared = &report["compared"];
                p { "Before, from " (text(&compared["from"])) " to " (text(&compared["to"])) ": " (explained(params, &compared["revenue"], compared))
                    ", so " (money(&compared["change"])) " changed" @if let Some(percent) = compared["change_percent"].as_str() { " (" (percent) " %)" } "." }
            }
            @for one in elsewhere {
                h3 { "Sold in " (text(&one["currency"])) @if one["unconverted"] == true { ", not converted and not among the above" } }
                (waterfall(params, one))
            }
        }
    }
}

pub(crate) fn waterfall(params: &Params, figures: &Value) -> Markup {
    html! {
        dl class="facts" {
            @if let Some(orders) = figures["orders"].as_i64() { div { dt { "Orders" } dd { (orders) } } }
            div { dt { "Units" } dd { (number(&figures["units"])) } }
            @for (name, called) in WATERFALL { div { dt { (called) } dd { (explained(params, &figures[name], figures)) } } }
            @if figures["average_order"].is_object() { div { dt { "Average order" } dd { (money(&figures["average_order"])) } } }
        }
    }
}
