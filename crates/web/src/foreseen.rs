//! The changes of an act as a table: before and after.

use maud::{Markup, html};
use serde_json::Value;

use crate::parts::{items, money, number, text};

/// Fields of an order that are shown, and their labels.
const FIELDS: [(&str, &str); 10] = [
    ("/status", "Status"),
    ("/payment_status", "Payment"),
    ("/on_hold", "On hold"),
    ("/held_until", "Held until"),
    ("/totals/total", "Total"),
    ("/totals/shipping", "Shipping fee"),
    ("/totals/tax", "Tax in it"),
    ("/captured", "Paid"),
    ("/refunded", "Paid back"),
    ("/due", "Still due"),
];
/// Fields of a line, in units, and their labels.
const UNITS: [(&str, &str); 7] = [
    ("ordered", "ordered"),
    ("cancelled", "cancelled"),
    ("reserved", "set aside"),
    ("backordered", "waited for"),
    ("shipped", "shipped"),
    ("delivered", "delivered"),
    ("returned", "returned"),
];
/// Events of the stock, the field with the units, and what happens to these units.
const STOCK: [(&str, &str, &str); 5] = [
    ("StockConsumed", "units", "leave the stock"),
    ("StockReleased", "reserved", "can be sold to others again"),
    ("StockReturned", "units", "are on hand again"),
    ("StockReserved", "units", "are set aside"),
    ("StockBackordered", "units", "are not in stock and waited for"),
];

/// The fields that would change; empty if the tool returns no state.
pub(crate) fn changes(told: &Value) -> Markup {
    let (before, after) = (&told["before"], &told["after"]);
    let rows = if after.is_object() { differing(before, after) } else { vec![] };
    let lines: Vec<&str> = if rows.is_empty() { items(&told["changes"]).iter().map(text).collect() } else { vec![] };
    html! {
        @if !rows.is_empty() {
            div class="scroll" tabindex="0" role="region" aria-label="What would change" {
                table class="changes" {
                    thead { tr { th scope="col" { "What" } th scope="col" { "Now" } th scope="col" { "Afterwards" } } }
                    tbody {
                        @for (what, was, is) in rows {
                            tr { th scope="row" { bdi { (what) } } td { (was) } td { strong { bdi { (is) } } } }
                        }
                    }
                }
            }
        }
        @if !lines.is_empty() { ul { @for line in lines { li { bdi { (line) } } } } }
        @for sentence in stock(told, &after["lines"]) { p { bdi { (sentence) } } }
    }
}

fn differing(before: &Value, after: &Value) -> Vec<(String, String, String)> {
    let mut rows = vec![];
    for (path, called) in FIELDS {
        let (was, is) = (said(before.pointer(path)), said(after.pointer(path)));
        if was != is {
            rows.push((called.to_owned(), was, is));
        }
    }
    for line in items(&after["lines"]) {
        let then = items(&before["lines"]).iter().find(|then| then["line"] == line["line"]);
        for (name, called) in UNITS {
            let (was, is) = (then.map_or(0, |then| number(&then[name])), number(&line[name]));
            if was != is {
                rows.push((format!("{}, {called}", text(&line["name"])), was.to_string(), is.to_string()));
            }
        }
    }
    rows
}

fn said(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(word)) => word.replace('_', " "),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(amount @ Value::Object(_)) => money(amount).to_owned(),
        _ => "–".to_owned(),
    }
}

/// `2 units of Fountain pen leave the stock.`
fn stock(told: &Value, lines: &Value) -> Vec<String> {
    let mut sentences = vec![];
    for event in items(&told["events"]) {
        let Some((_, member, verb)) = STOCK.iter().find(|(name, ..)| event["type"] == *name) else { continue };
        let line = items(lines).iter().find(|line| line["line"] == event["data"]["line"]);
        let (units, Some(line)) = (number(&event["data"][*member]), line) else { continue };
        if units > 0 {
            let (noun, verb) = if units == 1 { ("unit", singular(verb)) } else { ("units", (*verb).to_owned()) };
            sentences.push(format!("{units} {noun} of {} {verb}.", text(&line["name"])));
        }
    }
    sentences
}

fn singular(verb: &str) -> String {
    let (first, rest) = verb.split_once(' ').unwrap_or((verb, ""));
    let first = match first {
        "are" => "is",
        "leave" => "leaves",
        other => other,
    };
    format!("{first} {rest}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_reads_differently_is_told() {
        let line = |shipped: i64| json!([{ "line": 1, "name": "Pen", "ordered": 2, "reserved": 2 - shipped, "shipped": shipped }]);
        let told = json!({
            "before": { "status": "pending", "due": { "formatted": "₹5" }, "lines": line(0) },
            "after": { "status": "partially_shipped", "due": { "formatted": "₹5" }, "lines": line(1) },
            "events": [{ "type": "StockConsumed", "data": { "line": 1, "units": 1 } }],
        });
        let rows = differing(&told["before"], &told["after"]);
        let rows: Vec<String> = rows.into_iter().map(|(what, was, is)| format!("{what}: {was} → {is}")).collect();
        assert_eq!(rows, ["Status: pending → partially shipped", "Pen, set aside: 2 → 1", "Pen, shipped: 0 → 1"]);
        assert_eq!(stock(&told, &told["after"]["lines"]), ["1 unit of Pen leaves the stock."]);
    }
}
