//! Today: revenue beside the same weekday of last week, what is open and waits longest, what runs out, what is owed, and
//! the week ahead.

use chrono::{Days, NaiveDate};
use futures::future::{join, join5};
use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    chart::{self, Bar},
    front::{Front, Trouble},
    layout::Page,
    params::Params,
    parts::{self, address, customer, hindrances, items, money, number, only_now, status, text},
    rebuilding,
    reports::explained,
    times::day,
};

/// Orders and products listed; each list leads to the whole.
const FEW: usize = 5;

type Answer = Result<Value, Trouble>;

pub(crate) async fn page(front: &Front, params: &Params) -> Result<Page, Trouble> {
    let then = params.moment();
    let (date, week_before) = days(then);
    let ask = |tool, arguments| front.ask(tool, arguments);
    let of_day = |date: String| ask("orders.report_sales", json!({ "date": date, "as_of": then }));
    let open = ask("orders.get_pending", json!({ "limit": FEW, "as_of": then }));
    let unpaid = ask("orders.get_pending", json!({ "scope": "unpaid", "limit": 1, "as_of": then }));
    // These two know the present only.
    let present = async |tool, arguments| if then.is_none() { ask(tool, arguments).await } else { Ok(Value::Null) };
    let low = present("inventory.reorder", json!({ "limit": FEW }));
    let overpaid = present("orders.search", json!({ "payment_status": ["overpaid"], "limit": FEW, "sort": "oldest" }));
    let ahead = ask("sales.forecast", json!({ "days": 7, "as_of": then }));
    let ((now, before, open, unpaid, low), (overpaid, ahead)) =
        join(join5(of_day(date), of_day(week_before), open, unpaid, low), join(overpaid, ahead)).await;
    let answers = [&now, &before, &open, &unpaid, &low, &overpaid, &ahead];
    let missing =
        answers.iter().any(|answer| matches!(answer, Err(Trouble(trouble)) if trouble["code"] == "UNAVAILABLE"));
    // What may not be seen, and a moment that cannot be read, is said once for the whole page.
    let now = match (now, &open) {
        (Err(trouble), Err(_)) if !missing => return Err(trouble),
        (now, _) => now,
    };
    let rebuilt = if missing {
        rebuilding::said(front).await
    } else {
        html! {}
    };
    let body = html! {
        @if missing {
            p class="rebuilding" role="status" { "Parts of this page cannot be shown just now; the others are as fresh as ever." }
            (rebuilt)
        }
        section aria-label="Revenue" class="figures" {
            (part(&now, |now| html! { p { span class="figure" { (explained(params, &now["figures"]["revenue"], &now["figures"])) } " booked" @if then.is_none() { " today so far" } @else { " that day" } ", " (orders(now)) } }))
            (part(&before, |before| html! { p { (explained(params, &before["figures"]["revenue"], &before["figures"])) " on the whole same weekday of last week, " (orders(before)) } }))
        }
        section {
            h2 { "Open orders" }
            (part(&open, |open| html! {
                p { (text(&open["text"])) }
                ul class="counts" { @for count in items(&open["counts"]) { li { (counted(params, count)) } } }
                p {
                    a href=(params.to("/orders?view=to_ship")) { (number(&open["total_count"])) " to ship" } " · "
                    (part(&unpaid, |unpaid| html! { a href=(params.to("/orders?view=unpaid")) { (number(&unpaid["total_count"])) " unpaid" } }))
                }
            }))
        }
        section { h2 { "Waiting longest" } (part(&open, |open| waiting(params, open))) }
        @if then.is_none() {
            section { h2 { "To be paid back" } (part(&overpaid, |overpaid| to_pay_back(params, overpaid))) }
            section { h2 { "Running out" } (part(&low, |low| running_out(params, low))) }
        } @else { (only_now(params, "What is to be paid back and what runs out is not shown: these")) }
        section { h2 { "The week ahead" } (part(&ahead, forecast)) }
    };
    Ok(Page { title: "Today".to_owned(), place: "/", body })
}

/// The day to show and the same weekday before it, as tools read them.
fn days(then: Option<&str>) -> (String, String) {
    let day = then.and_then(|moment| moment.get(..10)).and_then(|day| day.parse::<NaiveDate>().ok());
    match day {
        Some(day) => (day.to_string(), day.checked_sub_days(Days::new(7)).unwrap_or(day).to_string()),
        None => ("today".to_owned(), "7 days ago".to_owned()),
    }
}

/// A part of the page, or why it is missing: one read model that is being rebuilt does not take the whole page away.
fn part(answer: &Answer, shown: impl FnOnce(&Value) -> Markup) -> Markup {
    match answer {
        Ok(answer) => shown(answer),
        // What is missing is said once, above.
        Err(Trouble(trouble)) if trouble["code"] == "UNAVAILABLE" => html! { p class="note" { "Not just now." } },
        // Such as a forecast of a shop that has sold nothing yet.
        Err(Trouble(trouble)) if trouble["code"] == "NOT_FOUND" => html! { p { (text(&trouble["message"])) } },
        Err(Trouble(trouble)) => parts::trouble(trouble),
    }
}

/// How many orders have a status, and which. Of the past nobody can list them.
fn counted(params: &Params, count: &Value) -> Markup {
    let said = html! { (number(&count["orders"])) " " (status(&count["status"])) };
    html! {
        @if params.moment().is_some() { (said) }
        @else { a href={ "/orders?status=" (text(&count["status"])) } { (said) } }
    }
}

fn orders(report: &Value) -> String {
    match number(&report["figures"]["orders"]) {
        1 => "1 order".to_owned(),
        orders => format!("{orders} orders"),
    }
}

fn waiting(params: &Params, open: &Value) -> Markup {
    html! {
        @if items(&open["orders"]).is_empty() { p { "No order waits." } } @else {
            ul {
                @for order in items(&open["orders"]) {
                    li {
                        (link(params, order)) " of " bdi { (customer(&order["customer"])) } ", since " (day(&order["placed_on"])) ": "
                        (status(&order["status"])) (hindrances(order))
                        @if let Some(why) = order["why"].as_str() { ", " bdi { (why) } }
                    }
                }
            }
        }
    }
}

fn link(params: &Params, order: &Value) -> Markup {
    html! { a href=(params.to(&format!("/orders/{}", number(&order["order_id"])))) { "#" (number(&order["order_id"])) } }
}

/// More came in than the order costs.
fn to_pay_back(params: &Params, overpaid: &Value) -> Markup {
    let more = number(&overpaid["total_count"]) - items(&overpaid["orders"]).len() as i64;
    html! {
        @if items(&overpaid["orders"]).is_empty() { p { "Nothing is to be paid back." } } @else {
            ul {
                @for order in items(&overpaid["orders"]) {
                    li {
                        (link(params, order)) " of " bdi { (customer(&order["customer"])) } ": " (money(&order["captured"])) " paid"
                        @if number(&order["refunded"]["minor"]) > 0 { ", " (money(&order["refunded"])) " paid back" }
                        ", costs " (money(&order["total"]))
                    }
                }
            }
            @if more > 0 { p { a href=(params.to("/orders?payment_status=overpaid")) { (more) " more" } } }
        }
    }
}

fn running_out(params: &Params, low: &Value) -> Markup {
    html! {
        p { (text(&low["text"])) }
        @if !items(&low["products"]).is_empty() {
            ul {
                @for product in items(&low["products"]) {
                    li {
                        a href=(params.to(&address("/products", text(&product["sku"])))) { bdi { (text(&product["name"])) } } " (" bdi { (text(&product["sku"])) } "): "
                        (number(&product["available"])) " available"
                        @if let Some(days) = product["days_left"].as_i64() { ", lasts " (days) " days" }
                    }
                }
            }
            p { a href=(params.to("/products?view=reorder")) { "All that is to be reordered" } }
        }
    }
}

fn forecast(ahead: &Value) -> Markup {
    let bars = items(&ahead["days"]).iter().map(|one| {
        let [from, to] = [0, 1].map(|end| number(&one["band_80"][end]["minor"]));
        let shown = money(&one["value"]).to_owned();
        Bar {
            name: text(&one["weekday"]).to_owned(),
            value: number(&one["value"]["minor"]),
            shown,
            before: None,
            band: Some((from, to)),
        }
    });
    html! {
        p { (text(&ahead["text"])) }
        (chart::bars_of("Revenue expected on each of the next seven days", text(&ahead["text"]), &bars.collect::<Vec<_>>()))
        div class="scroll" tabindex="0" role="region" aria-label="Forecast" {
            table {
                thead { tr { th scope="col" { "Day" } th scope="col" class="number" { "Expected" } th scope="col" class="number" { "Four times in five between" } } }
                tbody {
                    @for one in items(&ahead["days"]) {
                        tr {
                            th scope="row" { (text(&one["weekday"])) ", " (day(&one["date"])) }
                            td class="number" { (money(&one["value"])) }
                            td class="number" { (money(&one["band_80"][0])) " and " (money(&one["band_80"][1])) }
                        }
                    }
                }
            }
        }
    }
}
