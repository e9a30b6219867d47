//! The message about an argument that does not exist: it names the argument that was probably meant, or lists those
//! that exist. The unknown argument is never just left out: a call without a filter or a price is another call.

use std::{collections::BTreeMap, sync::Arc};

use crate::answer::DETAIL;

/// Tools that are named where an argument belongs to several.
const NAMED_TOOLS: usize = 2;

/// How like a listed name must be to be offered, from 0 to 1.
const ALIKE: f64 = 0.72;
/// As above, for names of tools, which have several words.
const TOOLS_ALIKE: f64 = 0.6;
/// Arguments of every command, which are not offered when another name is wrong.
pub(crate) const COMMON: [&str; 6] =
    ["idempotency_key", "expected_version", "dry_run", "confirm_token", "reason", "request_text"];

/// Other names of arguments, with those that they may mean; the first one that the tool has is offered.
const OTHER_NAMES: [(&[&str], &[&str]); 24] = [
    (
        &["period", "range", "dates", "day", "date_from", "date_to", "start", "end", "from", "to", "since", "until"],
        &["date_range", "date"],
    ),
    (&["start_date", "end_date", "from_date", "to_date", "after", "before", "date"], &["date_range", "date"]),
    (&["price", "cost", "unit_cost", "rate", "amount", "unit_amount"], &["unit_price", "price", "amount"]),
    (&["qty", "count", "units", "number", "amount"], &["quantity", "counted"]),
    (&["stock", "on_hand", "inventory"], &["counted", "quantity"]),
    (&["sku", "product_id", "item", "product_name", "name", "article", "variant"], &["product", "sku"]),
    (&["customer_id", "email", "customer_email", "customer_name", "client", "buyer", "user"], &["customer", "email"]),
    (&["items", "line_items", "products", "order_lines"], &["lines", "changes"]),
    (&["id", "order", "order_number", "order_no", "number", "orders", "ids"], &["order_id", "order_ids"]),
    (&["query", "q", "search", "term", "keyword", "keywords", "name", "filter"], &["text"]),
    (&["page_size", "per_page", "max", "top", "count"], &["limit"]),
    (&["page", "offset", "next_cursor", "page_token"], &["cursor"]),
    (&["tracking_number", "tracking_no", "tracking_code", "awb"], &["tracking"]),
    (&["courier", "shipper", "shipping_company", "shipped_by"], &["carrier"]),
    (&["shipping_fee", "shipping_cost", "shipping_price", "delivery_fee", "freight"], &["shipping"]),
    (&["comment", "comments", "message", "memo", "remark", "notes", "description"], &["note", "reason"]),
    (&["state", "order_status", "new_status"], &["status"]),
    (&["group", "by", "breakdown"], &["group_by"]),
    (&["order_by", "sort_by", "sorting"], &["sort"]),
    (&["ref", "transaction_id", "payment_reference", "payment_id"], &["reference"]),
    (&["payment_method", "type", "payment_type"], &["method", "kind"]),
    (&["discount", "coupon", "discount_percent", "discount_amount"], &["order_discount", "discount"]),
    (&["tax", "vat", "gst", "tax_percent"], &["tax_rate"]),
    (&["when", "at", "time", "date", "shipped_at", "delivered_at"], &["occurred_at", "as_of"]),
];

/// Arguments, with the tools that take them; and under [`word`] words that few arguments take, with these.
pub(crate) type Elsewhere = Arc<BTreeMap<String, Vec<String>>>;

/// Where a word stands in [`Elsewhere`], which is no name of an argument.
pub(crate) fn word(word: &str) -> String {
    format!("={word}")
}

/// ` On-Hold` is `on_hold`.
pub(crate) fn folded(word: &str) -> String {
    word.trim().to_lowercase().replace([' ', '-'], "_")
}

/// What is wrong with the argument `name` of an object that has `properties`, and what to write instead.
pub(super) fn message(name: &str, properties: &[&str], elsewhere: &Elsewhere) -> String {
    match meant(name, properties) {
        Some("date_range") => {
            "there is no such argument; did you mean date_range? Give the whole range there, such as \"last week\" or \
             \"2026-11-01..2026-11-15\""
                .to_owned()
        }
        Some(meant) => format!("there is no such argument; did you mean {meant}?"),
        None if elsewhere.contains_key(&snake_case(name)) => {
            let tools = &elsewhere[&snake_case(name)];
            let first = tools.iter().take(NAMED_TOOLS).map(String::as_str).collect::<Vec<_>>().join(" or ");
            format!("there is no such argument here; use {first}, which takes it")
        }
        None => {
            let known: Vec<&str> =
                properties.iter().copied().filter(|known| !COMMON.contains(known) && *known != DETAIL).collect();
            match known.as_slice() {
                [] => "there is no such argument; none is taken here".to_owned(),
                known => format!("there is no such argument; those there are: {}", known.join(", ")),
            }
        }
    }
}

fn meant<'a>(name: &str, properties: &[&'a str]) -> Option<&'a str> {
    let name = snake_case(name);
    let known = |wanted: &str| properties.iter().copied().find(|known| *known == wanted);
    let other_names = OTHER_NAMES.iter().filter(|(others, _)| others.contains(&name.as_str()));
    let by_other_name = other_names.flat_map(|(_, targets)| targets.iter()).find_map(|target| known(target));
    known(&name).or(by_other_name).or_else(|| {
        let nearest = properties.iter().copied().max_by(|a, b| likeness(&name, a).total_cmp(&likeness(&name, b)));
        nearest.filter(|nearest| likeness(&name, nearest) >= ALIKE)
    })
}

/// From 0 to 1.
pub(super) fn likeness(name: &str, known: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(name, known)
}

/// Tools that are part of others now.
const MOVED_TOOLS: [(&str, &str); 1] = [("inventory_low_stock", "inventory_reorder")];

/// The tool that was most likely meant: one that replaced an earlier tool, or one with a similar spelling, or one with
/// the same words in another order or number.
pub fn nearest_tool<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer names are not compared.
    const MAX_CHARACTERS: usize = 100;
    let name = snake_case(name.chars().take(MAX_CHARACTERS).collect::<String>().as_str());
    let words = |name: &str| -> Vec<String> {
        let words = name.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(|word| word.strip_suffix('s').unwrap_or(word).to_lowercase()).collect()
    };
    let asked = words(&name);
    let likeness = |known: &str| {
        let spelling = strsim::normalized_damerau_levenshtein(&name, &snake_case(known));
        let had = words(known);
        let shared = had.iter().filter(|word| asked.contains(word)).count() * 2;
        spelling.max(shared as f64 / (asked.len() + had.len()).max(1) as f64)
    };
    let known: Vec<&str> = known.collect();
    let moved = MOVED_TOOLS.iter().find(|(old, _)| *old == name).map(|(_, new)| *new);
    if let Some(new) = moved.and_then(|new| known.iter().find(|known| snake_case(known) == new)) {
        return Some(new);
    }
    let likest = known.into_iter().map(|known| (likeness(known), known)).max_by(|(a, _), (b, _)| a.total_cmp(b));
    likest.filter(|(likeness, _)| *likeness >= TOOLS_ALIKE).map(|(_, known)| known)
}

/// `orderId`, `Order-ID` and `order_id` are one name.
fn snake_case(name: &str) -> String {
    let (mut snake, mut after_lowercase) = (String::new(), false);
    for character in name.trim().chars() {
        let starts_word = character.is_uppercase() && after_lowercase;
        after_lowercase = character.is_lowercase();
        if starts_word || !character.is_alphanumeric() {
            snake.push('_');
        }
        if character.is_alphanumeric() {
            snake.extend(character.to_lowercase());
        }
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, known: &[&str]) -> String {
        let mut known = known.to_vec();
        known.sort_unstable();
        let ship = ("tracking".to_owned(), vec!["orders_ship".to_owned(), "orders_update_status".to_owned()]);
        message(name, &known, &Arc::new(BTreeMap::from([ship])))
    }

    #[test]
    fn the_tool_that_takes_an_argument_is_named() {
        assert_eq!(
            told("Tracking", &["order_id", "on"]),
            "there is no such argument here; use orders_ship or orders_update_status, which takes it"
        );
        assert!(told("tracking_number", &["tracking"]).contains("did you mean tracking?"));
    }

    #[test]
    fn the_argument_that_was_meant_is_named() {
        let line = ["product", "quantity", "unit_price", "line_total", "discount"];
        let report = ["date", "date_range", "basis", "group_by", "as_of", "limit", "cursor"];
        for (name, known, meant) in [
            ("price", &line[..], "unit_price"),
            ("qty", &line, "quantity"),
            ("SKU", &line, "product"),
            ("quantitty", &line, "quantity"),
            ("start_date", &report, "date_range"),
            ("endDate", &report, "date_range"),
            ("groupBy", &report, "group_by"),
            ("per-page", &report, "limit"),
            ("orderId", &["order_id", "as_of"], "order_id"),
        ] {
            let told = told(name, known);
            assert!(told.contains(&format!("did you mean {meant}?")), "{name}: {told}");
        }
    }

    #[test]
    fn where_none_is_near_those_there_are_are_named() {
        assert_eq!(
            told("colour", &["customer", "lines", "idempotency_key"]),
            "there is no such argument; those there are: customer, lines"
        );
    }

    #[test]
    fn the_tool_that_was_meant_is_named() {
        let known = [
            "inventory_reorder",
            "orders_get",
            "orders_get_pending",
            "orders_create_order",
            "inventory_check",
            "orders_report_sales",
        ];
        for (name, meant) in [
            ("get_pending_orders", Some("orders_get_pending")),
            ("get_order", Some("orders_get")),
            ("createOrder", Some("orders_create_order")),
            ("orders.reportSales", Some("orders_report_sales")),
            ("inventory_chek", Some("inventory_check")),
            ("inventory.low_stock", Some("inventory_reorder")),
            ("weather", None),
            ("", None),
        ] {
            assert_eq!(nearest_tool(name, known.into_iter()), meant, "{name}");
        }
    }

    #[test]
    fn nobody_is_told_to_leave_an_argument_out() {
        for name in ["price", "colour", "start_date", "x"] {
            assert!(!told(name, &["unit_price", "date_range"]).contains("leave"), "{name}");
        }
    }
}
