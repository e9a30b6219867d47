//! Normalises cells (`5` = `5.00`), so that the same content compares equal.

use chrono::{DateTime, Utc};
use orderlog_domain::{
    decide::Shop,
    money::{Currency, parse_amount},
    text::{composed, email_key, key, parse_percent},
};

use crate::times;

/// The currency that the cell of an order names.
pub(super) fn currency(code: &str, shop: Currency) -> Currency {
    code.to_uppercase().parse().unwrap_or(shop)
}

/// `5` and `5.00` are one amount, `5%` and `5.0%` one percentage.
pub(super) fn amount(text: &str, currency: Currency) -> String {
    let percent = parse_percent(text).filter(|_| text.ends_with('%'));
    match (percent, parse_amount(text, currency)) {
        (Some(percent), _) => format!("{}%", percent.normalize()),
        (None, Ok(minor)) => minor.to_string(),
        (None, Err(_)) => text.to_owned(),
    }
}

/// The comparable form of a cell that concerns the complete order.
pub(super) fn of_order(column: &str, text: &str, currency: Currency, shop: &Shop, now: DateTime<Utc>) -> String {
    match column {
        "customer" if text.contains('@') => email_key(text),
        "customer" => key(text),
        "shipping" | "order_discount" => amount(text, currency),
        "currency" => text.to_uppercase(),
        "placed_at" => times::read(text, &shop.calendar, now).map_or_else(|_| text.to_owned(), |at| at.to_rfc3339()),
        _ => composed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_cells_mean_the_same_however_they_are_written() {
        let (shop, now) = (Shop::default(), "2026-11-22T09:00:00Z".parse().unwrap());
        let means = |column, text| of_order(column, text, shop.currency, &shop, now);
        for (column, one, other) in [
            ("customer", "c@e.com", "C@E.COM"),
            ("customer", "jose\u{301}@e.com", "José@e.com"),
            ("customer", "Ann  Rao", "ann rao"),
            ("shipping", "5", "5.00"),
            ("order_discount", "5%", "5.0%"),
            ("order_discount", "50", "50.00"),
            ("currency", "eur", "EUR"),
            ("note", "cafe\u{301}", "café"),
            ("placed_at", "2026-10-01", "1 Oct 2026"),
            ("placed_at", "2026-10-01 14:30", "2026-10-01T14:30:00+05:30"),
        ] {
            assert_eq!(means(column, one), means(column, other), "{column}");
        }
        for (column, one, other) in [
            ("customer", "ann@e.com", "bob@e.com"),
            ("shipping", "5", "50"),
            ("order_discount", "5", "5%"),
            ("note", "Gift", "gift"),
            ("placed_at", "2026-10-01", "2026-10-02"),
            ("placed_at", "soon", "later"),
        ] {
            assert_ne!(means(column, one), means(column, other), "{column}");
        }
    }
}
