//! The list of orders as a file for spreadsheets: just what the address asks for, as the visitor may see it.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use csv::WriterBuilder;
use orderlog_tools::plain_amount;
use serde_json::{Value, json};

use crate::{
    front::{Front, Trouble},
    order_table::products,
    orders,
    params::Params,
    parts::{items, number, text},
};

/// Orders that one file holds at most.
const MAX_ORDERS: usize = 10_000;
/// Orders that are asked for at once.
const ROWS: u32 = 100;
const COLUMNS: [&str; 14] = [
    "order",
    "placed_on",
    "customer",
    "email",
    "status",
    "payment_status",
    "on_hold",
    "backordered",
    "products",
    "days_waiting",
    "why",
    "currency",
    "total",
    "due",
];
/// With these a spreadsheet begins a formula, also as wide characters.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// Without it spreadsheets take UTF-8 for something else.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The file, as an answer.
pub(crate) async fn file(front: &Front, params: &Params) -> Result<Response, Trouble> {
    let text = written(front, params).await?;
    let mut response = text.into_response();
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"orders.csv\""),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

async fn written(front: &Front, params: &Params) -> Result<String, Trouble> {
    let (_, tool, mut arguments) = orders::asked(params);
    arguments["limit"] = ROWS.into();
    let mut writer = WriterBuilder::new().from_writer(vec![]);
    writer.write_record(COLUMNS).map_err(unwritten)?;
    let mut rows = 0;
    loop {
        let found = orders::found(front, params, tool, arguments.clone()).await?;
        if number(&found["total_count"]) > MAX_ORDERS as i64 || rows > MAX_ORDERS {
            return Err(Trouble(json!({
                "code": "LIMIT_EXCEEDED", "message": format!("One file holds {MAX_ORDERS} orders at most; these are more."),
                "hint": "Filter the list, by the days they were placed for one, or use `orderlog export orders`.",
            })));
        }
        for order in items(&found["orders"]) {
            writer.write_record(record(order)).map_err(unwritten)?;
            rows += 1;
        }
        arguments["cursor"] = found["next_cursor"].clone();
        if arguments["cursor"].is_null() {
            break;
        }
    }
    let bytes = writer.into_inner().map_err(unwritten)?;
    let text = String::from_utf8(bytes).map_err(unwritten)?;
    Ok(format!("{BYTE_ORDER_MARK}{text}"))
}

fn record(order: &Value) -> [String; 14] {
    let amount = |name: &str| plain_amount(&order[name]).unwrap_or_default();
    let days = order["days"].as_i64().map(|days| days.to_string()).unwrap_or_default();
    let yes = |name: &str| if order[name] == true { "yes".to_owned() } else { String::new() };
    [
        number(&order["order_id"]).to_string(),
        safe(text(&order["placed_on"])),
        safe(text(&order["customer"]["name"])),
        safe(text(&order["customer"]["email"])),
        safe(text(&order["status"])),
        safe(text(&order["payment_status"])),
        yes("on_hold"),
        yes("backordered"),
        safe(&products(order)),
        days,
        safe(text(&order["why"])),
        safe(text(&order["total"]["currency"])),
        amount("total"),
        amount("due"),
    ]
}

/// A text that no spreadsheet takes for a formula.
fn safe(text: &str) -> String {
    let is_formula = text.trim_start().starts_with(FORMULA) || text.starts_with(['\t', '\r', '\n']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

fn unwritten(error: impl std::error::Error) -> Trouble {
    tracing::error!(%error, "a list of orders could not be written as CSV");
    Trouble(
        json!({ "code": "UNAVAILABLE", "message": "The file could not be written.", "hint": "Try again in a moment." }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_begins_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1", "\r=1"] {
            assert_eq!(safe(text), format!("'{text}"));
        }
        for text in ["Asha", "2 Tea, 1 Mug", "", "a=b", "“=1”"] {
            assert_eq!(safe(text), text);
        }
    }
}
