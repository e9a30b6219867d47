//! Turns the cells of a file into entries: reads every cell, and reports every problem with its row, column and value.

use std::{collections::HashMap, str::FromStr};

use chrono::{DateTime, Utc};
use orderlog_domain::{
    commands::{AdjustStock, CreateOrder, LineInput, UpsertCustomer, UpsertProduct},
    decide::Shop,
    event::StockPolicy,
    ids::ProductId,
    limits::EXTERNAL_REFERENCE_CHARS,
    text::{composed, email_key},
};

use crate::{
    entries::{Entry, Input, Note, RowError},
    meaning, problems,
    sheet::Row,
    times,
};

/// Reads rows; collects errors and notes.
pub(crate) struct Reader<'a> {
    pub(crate) shop: &'a Shop,
    pub(crate) now: DateTime<Utc>,
    pub(crate) errors: Vec<RowError>,
    pub(crate) notes: Vec<Note>,
}

impl Reader<'_> {
    pub(crate) fn products(&mut self, rows: &[Row]) -> Vec<Entry> {
        let mut entries = vec![];
        let mut seen: HashMap<ProductId, u64> = HashMap::new();
        for (index, row) in rows.iter().enumerate() {
            let mut cells = Cells { row, errors: &mut self.errors, failed: false };
            let product = UpsertProduct {
                sku: cells.needed("sku"),
                name: Some(cells.needed("name")),
                price: Some(cells.needed("price")),
                currency: cells.text("currency"),
                tax_rate: cells.text("tax_rate"),
                tax_inclusive: cells.yes_or_no("tax_inclusive"),
                policy: cells.policy("policy"),
                backorder_limit: cells.parsed("backorder_limit", "whole number of units"),
                low_stock_threshold: cells.parsed("low_stock_threshold", "whole number of units"),
                cost: cells.text("cost"),
                lead_time_days: cells.parsed("lead_time_days", "whole number of days"),
                archived: cells.yes_or_no("archived"),
            };
            let counted: Option<i64> = cells.parsed("counted", "whole number of units");
            // Two SKUs are equal if the shop treats them as equal.
            if !product.sku.is_empty() {
                cells.once("sku", &mut seen, ProductId::from_sku(&product.sku), "Keep one row for each SKU.");
            }
            if cells.failed {
                continue;
            }
            let stock = |counted| AdjustStock { product: product.sku.clone(), delta: None, counted: Some(counted) };
            let counted = counted.map(stock);
            entries.push(Entry { rows: vec![index], input: Input::Product(product, counted) });
        }
        entries
    }

    pub(crate) fn customers(&mut self, rows: &[Row]) -> Vec<Entry> {
        let mut entries = vec![];
        let mut seen: HashMap<String, u64> = HashMap::new();
        for (index, row) in rows.iter().enumerate() {
            let mut cells = Cells { row, errors: &mut self.errors, failed: false };
            let customer = UpsertCustomer {
                customer: None,
                name: Some(cells.needed("name")),
                email: Some(cells.needed("email")),
                phone: cells.text("phone"),
                address: cells.text("address"),
            };
            let email = email_key(row.cell("email"));
            if !email.is_empty() {
                cells.once("email", &mut seen, email, "Keep one row for each e-mail address.");
            }
            if cells.failed {
                continue;
            }
            match customer.check() {
                Ok(()) => entries.push(Entry { rows: vec![index], input: Input::Customer(customer) }),
                Err(rejection) => self.errors.extend(problems::of_rows(&rejection, &[row])),
            }
        }
        entries
    }

    pub(crate) fn orders(&mut self, rows: &[Row]) -> Vec<Entry> {
        let mut entries = vec![];
        for places in self.by_reference(rows) {
            let order: Vec<&Row> = places.iter().map(|place| &rows[*place]).collect();
            let [first, ..] = order[..] else { continue };
            let before = self.errors.len();
            self.look_for_repeated_rows(&places, rows);
            let lines = order.iter().map(|row| line(row, &mut self.errors)).collect();
            for column in ["customer", "shipping", "order_discount", "currency", "note", "placed_at"] {
                self.agree(column, &order);
            }
            let placed_at = self.placed_at(first);
            let mut cells = Cells { row: first, errors: &mut self.errors, failed: false };
            let input = CreateOrder {
                customer: cells.needed("customer"),
                lines,
                shipping: cells.text("shipping"),
                order_discount: cells.text("order_discount"),
                currency: cells.text("currency").map(|code| code.to_uppercase()),
                note: cells.text("note"),
                external_reference: Some(composed(first.cell("order_ref"))),
            };
            if self.errors.len() > before {
                continue;
            }
            match input.check(self.shop.currency) {
                Ok(()) => entries.push(Entry { rows: places, input: Input::Order(input, placed_at) }),
                Err(rejection) => self.errors.extend(problems::of_rows(&rejection, &order)),
            }
        }
        entries
    }

    /// Checks that cells about the complete order are equal on all its rows, in any spelling, or left out after the
    /// first.
    fn agree(&mut self, column: &'static str, rows: &[&Row]) {
        let Some((first, rest)) = rows.split_first() else { return };
        let currency = meaning::currency(first.cell("currency"), self.shop.currency);
        let means = |text| meaning::of_order(column, text, currency, self.shop, self.now);
        let said = |row: &&&Row| !row.cell(column).is_empty() && row.cell(column) != first.cell(column);
        for row in rest.iter().filter(said).filter(|row| means(row.cell(column)) != means(first.cell(column))) {
            let problem = format!("differs from line {} of the same order", first.line);
            let advice = "Write the same on all rows of an order, or write it only on the first.";
            self.errors.push(row.error(column, &problem, advice));
        }
    }

    /// When an order was placed, if its first row contains it; never later than the present.
    fn placed_at(&mut self, row: &Row) -> Option<DateTime<Utc>> {
        let text = row.cell("placed_at");
        if text.is_empty() {
            return None;
        }
        let problem = match times::read(text, &self.shop.calendar, self.now) {
            Ok(at) if at <= self.now => return Some(at),
            Ok(_) => row.error("placed_at", "lies in the future", "Import an order once it was placed."),
            Err((problem, advice)) => row.error("placed_at", &problem, &advice),
        };
        self.errors.push(problem);
        None
    }

    /// The places of the rows of each order, in the order in which the references first appear.
    fn by_reference(&mut self, rows: &[Row]) -> Vec<Vec<usize>> {
        let mut groups_of: HashMap<String, usize> = HashMap::new();
        let mut groups: Vec<Vec<usize>> = vec![];
        for (place, row) in rows.iter().enumerate() {
            let reference = composed(row.cell("order_ref"));
            if reference.is_empty() || reference.chars().count() > EXTERNAL_REFERENCE_CHARS {
                let advice = format!(
                    "Give every order a reference of its own, of at most {EXTERNAL_REFERENCE_CHARS} characters."
                );
                self.errors.push(row.error("order_ref", "is needed and must be short", &advice));
                continue;
            }
            let group = *groups_of.entry(reference).or_insert_with(|| {
                groups.push(vec![]);
                groups.len() - 1
            });
            groups[group].push(place);
        }
        groups
    }

    /// Equal rows of one order: next to each other they are two lines; with other orders between them the file contains
    /// one row twice, as some exports do.
    fn look_for_repeated_rows(&mut self, places: &[usize], rows: &[Row]) {
        for (nth, place) in places.iter().enumerate() {
            let row = &rows[*place];
            let Some(before) = places[..nth].iter().rev().find(|before| rows[**before].cells == row.cells) else {
                continue;
            };
            let line = rows[*before].line;
            let of_the_order = places[..=nth].iter().filter(|other| *other > before).count();
            if place - before == of_the_order {
                self.notes
                    .push(row.note(format!("is the same as line {line} and was read as one more line of the order")));
            } else {
                let advice = "Delete it; if both are meant, put them next to each other or add up their quantities.";
                let problem = format!("repeats line {line}, with other orders between them");
                self.errors.push(RowError {
                    column: String::new(),
                    value: String::new(),
                    ..row.error("", &problem, advice)
                });
            }
        }
    }
}

fn line(row: &Row, errors: &mut Vec<RowError>) -> LineInput {
    let mut cells = Cells { row, errors, failed: false };
    LineInput {
        product: cells.needed("product"),
        quantity: cells.needed_number("quantity", "whole number of units"),
        unit_price: cells.text("unit_price"),
        line_total: None,
        discount: cells.text("discount"),
    }
}

/// A row being read, with a place for its problems.
struct Cells<'a> {
    row: &'a Row,
    errors: &'a mut Vec<RowError>,
    failed: bool,
}

impl Cells<'_> {
    fn complain(&mut self, column: &str, problem: &str, advice: &str) {
        self.failed = true;
        self.errors.push(self.row.error(column, problem, advice));
    }

    /// Reports a value that occurs twice in a column where it may occur once.
    fn once<K: std::hash::Hash + Eq>(&mut self, column: &str, seen: &mut HashMap<K, u64>, key: K, advice: &str) {
        match seen.get(&key) {
            Some(before) => self.complain(column, &format!("stands on line {before} already"), advice),
            None => _ = seen.insert(key, self.row.line),
        }
    }

    fn text(&self, column: &str) -> Option<String> {
        self.row.cells.get(column).cloned()
    }

    fn needed(&mut self, column: &str) -> String {
        self.text(column).unwrap_or_else(|| {
            self.complain(column, "is needed", "Fill the cell, or delete the row.");
            String::new()
        })
    }

    fn parsed<T: FromStr>(&mut self, column: &str, expected: &str) -> Option<T> {
        let text = self.text(column)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.complain(column, "cannot be read", &format!("Write a {expected}."));
        }
        parsed
    }

    fn needed_number(&mut self, column: &str, expected: &str) -> i64 {
        if self.row.cell(column).is_empty() {
            self.needed(column);
            return 0;
        }
        self.parsed(column, expected).unwrap_or_default()
    }

    fn yes_or_no(&mut self, column: &str) -> Option<bool> {
        match self.row.cell(column).to_lowercase().as_str() {
            "" => None,
            "yes" | "true" | "1" => Some(true),
            "no" | "false" | "0" => Some(false),
            _ => {
                self.complain(column, "cannot be read", "Write yes or no.");
                None
            }
        }
    }

    fn policy(&mut self, column: &str) -> Option<StockPolicy> {
        match self.row.cell(column).to_lowercase().as_str() {
            "" => None,
            "deny" => Some(StockPolicy::Deny),
            "backorder" => Some(StockPolicy::Backorder),
            "untracked" => Some(StockPolicy::Untracked),
            _ => {
                self.complain(column, "cannot be read", "Write deny, backorder or untracked.");
                None
            }
        }
    }
}
