//! How the node is: the log, the read models, the relay, and what is not well.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    front::Front,
    layout::Page,
    notifications,
    params::Params,
    parts::{items, number, only_now, text},
    times::time,
};

const PATH: &str = "/status";

pub(crate) async fn page(front: &Front, params: &Params) -> Page {
    let status = front.status().await;
    let body = html! {
        (only_now(params, "All figures of this page"))
        @if status["ready"] == true { p class="figure" { span aria-hidden="true" { "✓ " } "Ready" } } @else { p class="figure" { span aria-hidden="true" { "✕ " } "Not ready" } }
        @for (name, heading) in [("reasons", "What hinders serving"), ("degraded", "What is not well")] {
            @if !items(&status[name]).is_empty() {
                section class="trouble" { h2 { (heading) } ul { @for one in items(&status[name]) { li { (text(one)) } } } }
            }
        }
        section { h2 { "Log" } (log(&status["log"])) }
        section { h2 { "Read models" } (read_models(&status)) }
        section { h2 { "Relay to NATS" } (relay(&status)) }
        (undelivered(front, params).await)
        @if !items(&status["nodes"]).is_empty() { section { h2 { "Nodes" } (nodes(&status)) } }
        @if status["node"].is_object() { section { h2 { "This node" } (node(&status)) } }
        p { "The same for machines: " a href="/readyz" { "/readyz" } ", " a href="/metrics" { "/metrics" } ", " a href="/v1/head" { "/v1/head" } "." }
    };
    Page { title: "Status".to_owned(), place: PATH, body }
}

/// What was not delivered, where something was given up. Whoever may not see rules sees nothing here.
async fn undelivered(front: &Front, params: &Params) -> Markup {
    let told = front.ask("notifications.list", json!({})).await.unwrap_or_default();
    let given_up = number(&told["given_up"]);
    html! {
        @if given_up > 0 {
            section {
                h2 { "Notifications" }
                p class="trouble" {
                    @if given_up == 1 { "1 message was given up" } @else { (given_up) " messages were given up" }
                    ": " a href=(params.to(notifications::PATH)) { "which, and why" } "."
                }
            }
        }
    }
}

fn log(log: &Value) -> Markup {
    html! {
        dl class="facts" {
            div { dt { "Events" } dd { @if let Some(position) = log["position"].as_i64() { (position) } @else { "not known" } } }
            @if log["recorded_at"].is_string() { div { dt { "Last recorded" } dd { (time(&log["recorded_at"])) } } }
            @if let Some(next) = log["next_order"].as_i64() { div { dt { "Next order" } dd { "#" (next) } } }
            @if let Some(hash) = log["hash"].as_str() { div { dt { "Hash of the head" } dd { code { (hash) } } } }
            div { dt { "Id of the log" } dd { code { (text(&log["id"])) } } }
        }
    }
}

fn read_models(status: &Value) -> Markup {
    let models = items(&status["projections"]);
    let owners = models.iter().any(|one| one.get("owner").is_some());
    html! {
        @if models.is_empty() { p { "Nothing is known of them just now." } } @else {
            div class="scroll" tabindex="0" role="region" aria-label="Read models" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Read model" } th scope="col" class="number" { "Version" } th scope="col" class="number" { "Events taken in" }
                            th scope="col" class="number" { "Behind" } th scope="col" class="number" { "Parked" }
                            @if owners { th scope="col" class="number" { "Not in tables yet" } th scope="col" { "Tables written by" } }
                        }
                    }
                    tbody {
                        @for one in models {
                            tr {
                                th scope="row" {
                                    (text(&one["name"]).replace('_', " "))
                                    @if let Some(at) = one["building"].as_i64() { " " span class="flag" { "being rebuilt, at " (at) } }
                                }
                                td class="number" { (number(&one["version"])) } td class="number" { (number(&one["position"])) }
                                td class="number" { (number(&one["lag"])) } td class="number" { (number(&one["parked"])) }
                                @if owners { td class="number" { (number(&one["unwritten"])) } td { bdi { (one["owner"].as_str().unwrap_or("nobody")) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn relay(status: &Value) -> Markup {
    let nats = &status["nats"];
    let behind = number(&status["log"]["position"]) - number(&nats["relayed"]);
    html! {
        @if nats.is_object() {
            dl class="facts" {
                div { dt { "Connected" } dd { (if nats["connected"] == true { "yes" } else { "no" }) } }
                div { dt { "State" } dd { (text(&nats["state"])) } }
                div { dt { "Events published" } dd { (number(&nats["relayed"])) } }
                div { dt { "Behind" } dd { (behind.max(0)) } }
                @if let Some(error) = nats["last_error"].as_str() { div { dt { "Last error" } dd { (error) } } }
            }
        } @else { p { "NATS is not configured: events go to this process alone, and to whoever reads the log." } }
    }
}

/// Every node that lives, as it said itself within the last seconds.
fn nodes(status: &Value) -> Markup {
    let (head, own) = (number(&status["log"]["position"]), text(&status["node"]["id"]));
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="Nodes" {
            table {
                thead {
                    tr {
                        th scope="col" { "Node" } th scope="col" { "Serves" } th scope="col" { "Since" } th scope="col" { "Version" }
                        th scope="col" class="number" { "Read models at" } th scope="col" { "Writes tables" } th scope="col" { "Relay" } th scope="col" { "Notifications" }
                    }
                }
                tbody {
                    @for one in items(&status["nodes"]) {
                        @let (id, about) = (text(&one["id"]), &one["about"]);
                        tr {
                            th scope="row" {
                                bdi { (text(&about["machine"])) } ", process " (number(&about["process"]))
                                @if id == own { " (this one)" }
                                br; code { (id) }
                            }
                            td { @if let Some(address) = about["address"].as_str() { (address) } @else { "standard input" } }
                            td { (time(&about["since"])) } td { (text(&about["version"])) }
                            td class="number" { (reached(about, head)) }
                            td { (written(status, id)) }
                            td { (about["relay"].as_str().unwrap_or("none")) }
                            td { (if about["delivers"] == true { "delivers" } else { "–" }) }
                        }
                    }
                }
            }
        }
        p class="soft" { "A node that ended is not listed. What the others say of themselves is at most some seconds old." }
    }
}

/// How far the last of a node's read models is.
fn reached(about: &Value, head: i64) -> String {
    let all: Option<Vec<i64>> =
        about["positions"].as_object().into_iter().flatten().map(|(_, at)| at.as_i64()).collect();
    match all.and_then(|all| all.into_iter().min()) {
        Some(least) if least >= head => least.to_string(),
        Some(least) => format!("{least} of {head}"),
        None => "loading".to_owned(),
    }
}

/// The read models whose tables a node writes: all, some by name, or none.
fn written(status: &Value, id: &str) -> String {
    let models = items(&status["projections"]);
    let ours: Vec<String> =
        models.iter().filter(|one| one["owner"] == id).map(|one| text(&one["name"]).replace('_', " ")).collect();
    match ours.len() {
        0 => "–".to_owned(),
        count if count == models.len() => "all".to_owned(),
        _ => ours.join(", "),
    }
}

fn node(status: &Value) -> Markup {
    let node = &status["node"];
    html! {
        dl class="facts" {
            div { dt { "Version" } dd { (text(&status["version"])) } }
            div { dt { "Id" } dd { code { (text(&node["id"])) } } }
            div { dt { "Database" } dd { (text(&node["database"])) } }
            div { dt { "Commands that wait" } dd { (number(&node["queue"])) " of " (number(&node["queue_limit"])) } }
            div { dt { "Streams in memory" } dd { (number(&node["streams"])) } }
            @for pool in items(&node["pools"]) {
                div { dt { "Connections of " (text(&pool["name"])) } dd { (number(&pool["open"])) ", " (number(&pool["idle"])) " idle" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_as_far_as_the_last_of_its_read_models() {
        let about = |positions: Value| json!({ "positions": positions });
        assert_eq!(reached(&about(json!({ "sales": 9, "stock": 10 })), 10), "9 of 10");
        assert_eq!(reached(&about(json!({ "sales": 12, "stock": 10 })), 10), "10");
        assert_eq!(reached(&about(json!({ "sales": null, "stock": 10 })), 10), "loading");
        assert_eq!(reached(&json!({}), 10), "loading");
    }

    #[test]
    fn who_writes_tables_is_told_in_few_words() {
        let status =
            json!({ "projections": [{ "name": "daily_sales", "owner": "a" }, { "name": "stock", "owner": "b" }] });
        assert_eq!([written(&status, "a"), written(&status, "c")], ["daily sales", "–"]);
        let all = json!({ "projections": [{ "name": "stock", "owner": "a" }] });
        assert_eq!(written(&all, "a"), "all");
    }
}
