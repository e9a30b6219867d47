//! From the cells of a file to commands: every cell read, every problem with its row, column and value.

use std::{collections::HashMap, io::Read, str::FromStr};

use chrono::{DateTime, Utc};
use orderlog_domain::{
    commands::{AdjustStock, Command, CreateOrder, LineInput, UpsertCustomer, UpsertProduct},
    decide::{Context, Names, Refusal, Shop},
    event::StockPolicy,
    ids::OrderId,
    rejection::Rejection,
    world::{State, World},
};
use sha2::{Digest, Sha256};

use super::{Entry, Input, Kind, MAX_FILE_BYTES, RowError};

/// Characters of a cell shown in an error.
const SHOWN_CHARS: usize = 40;
/// Characters of an order reference.
const ORDER_REF_CHARS: usize = 100;
/// Bytes of a row's hash that stand in its key.
const KEY_HASH_BYTES: usize = 16;

/// A file with its rows taken apart.
pub(super) struct Sheet {
    pub(super) rows: Vec<Row>,
    pub(super) rows_read: u64,
    /// Rows that are no rows.
    pub(super) errors: Vec<RowError>,
}

/// One row: its cells by column, without blank ones.
pub(super) struct Row {
    line: u64,
    cells: HashMap<&'static str, String>,
    /// Of all cells: an equal row has an equal key.
    hash: String,
}

/// What a sheet asks for, and what is wrong with it.
type Judged = (Vec<Entry>, Vec<RowError>);

impl Sheet {
    pub(super) fn read(kind: Kind, reader: impl Read) -> Result<Sheet, RowError> {
        let mut csv =
            csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(reader.take(MAX_FILE_BYTES));
        let header =
            csv.headers().map_err(|error| whole_row(1, error.to_string(), "Save the file as CSV in UTF-8."))?;
        let columns = columns(kind, header)?;
        let mut sheet = Sheet { rows: vec![], rows_read: 0, errors: vec![] };
        for record in csv.records() {
            sheet.rows_read += 1;
            match record {
                Ok(record) => sheet.take(&record, &columns),
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    sheet.errors.push(whole_row(line, error.to_string(), "Save the file as CSV in UTF-8."));
                }
            }
        }
        Ok(sheet)
    }

    fn take(&mut self, record: &csv::StringRecord, columns: &[&'static str]) {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != columns.len() {
            let problem = format!("has {} cells, the header has {}", record.len(), columns.len());
            self.errors.push(whole_row(line, problem, "Put texts with commas in double quotes."));
            return;
        }
        let cells = columns.iter().zip(record).filter(|(_, cell)| !cell.is_empty());
        let cells: HashMap<&'static str, String> = cells.map(|(column, cell)| (*column, cell.to_owned())).collect();
        if !cells.is_empty() {
            self.rows.push(Row { line, hash: hash(&cells), cells });
        }
    }
}

/// The header's columns by their known names, whatever their order and case.
fn columns(kind: Kind, header: &csv::StringRecord) -> Result<Vec<&'static str>, RowError> {
    let (needed, optional) = kind.columns();
    let at_header = |column: &str, problem: &str| RowError {
        row: 1,
        column: column.to_owned(),
        value: String::new(),
        problem: problem.to_owned(),
        advice: format!("A file of {kind} has the columns {}; it may have {}.", needed.join(", "), optional.join(", ")),
    };
    let mut columns: Vec<&'static str> = vec![];
    for name in header {
        let name = name.trim_start_matches('\u{feff}').to_lowercase().replace([' ', '-'], "_");
        let known = needed.iter().chain(optional).find(|known| **known == name);
        match known {
            Some(known) if columns.contains(known) => return Err(at_header(known, "stands twice in the header")),
            Some(known) => columns.push(known),
            None => return Err(at_header(&shown(&name), "is no column of such a file")),
        }
    }
    match needed.iter().find(|column| !columns.contains(column)) {
        Some(missing) => Err(at_header(missing, "is missing in the header")),
        None => Ok(columns),
    }
}

pub(super) fn products(sheet: &Sheet, shop: &Shop) -> Judged {
    let (mut entries, mut errors) = (vec![], vec![]);
    for row in &sheet.rows {
        let mut cells = Cells { row, errors: &mut errors, failed: false };
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
            archived: cells.yes_or_no("archived"),
        };
        let counted = cells.parsed("counted", "whole number of units");
        if cells.failed {
            continue;
        }
        let (sku, key) = (product.sku.clone(), row.key("products", &product.sku.to_lowercase()));
        if let Err(rejection) = judge(&Command::UpsertProduct(product.clone()), shop) {
            refuse(&rejection, &[row], &mut errors);
            continue;
        }
        entries.push(row.entry(key.clone(), Input::Product(product)));
        if let Some(counted) = counted {
            let stock = AdjustStock { product: sku, delta: None, counted: Some(counted) };
            entries.push(row.entry(format!("{key}:counted"), Input::Stock(stock)));
        }
    }
    (entries, errors)
}

pub(super) fn customers(sheet: &Sheet) -> Judged {
    let (mut entries, mut errors) = (vec![], vec![]);
    let mut seen: HashMap<String, u64> = HashMap::new();
    for row in &sheet.rows {
        let mut cells = Cells { row, errors: &mut errors, failed: false };
        let customer = UpsertCustomer {
            customer: None,
            name: Some(cells.needed("name")),
            email: Some(cells.needed("email")),
            phone: cells.text("phone"),
            address: cells.text("address"),
        };
        let email = row.cell("email").to_lowercase();
        if let Some(before) = seen.get(&email) {
            cells.complain(
                "email",
                &format!("stands on line {before} already"),
                "Keep one row for each e-mail address.",
            );
        }
        if cells.failed {
            continue;
        }
        seen.insert(email, row.line);
        match customer.check() {
            // The key names nobody: it may be kept where the customer's own key does not reach.
            Ok(()) => entries.push(row.entry(row.key("customers", ""), Input::Customer(customer))),
            Err(rejection) => refuse(&rejection, &[row], &mut errors),
        }
    }
    (entries, errors)
}

pub(super) fn orders(sheet: &Sheet, shop: &Shop) -> Judged {
    let (mut entries, mut errors) = (vec![], vec![]);
    for rows in by_reference(sheet, &mut errors) {
        let [first, ..] = rows[..] else { continue };
        let before = errors.len();
        let lines = rows.iter().map(|row| line(row, &mut errors)).collect();
        for column in ["customer", "shipping", "order_discount", "currency", "note", "placed_at"] {
            agree(column, &rows, &mut errors);
        }
        let mut cells = Cells { row: first, errors: &mut errors, failed: false };
        let order = CreateOrder {
            customer: cells.needed("customer"),
            lines,
            shipping: cells.text("shipping"),
            order_discount: cells.text("order_discount"),
            currency: cells.text("currency"),
            note: cells.text("note"),
            external_reference: Some(first.cell("order_ref").to_owned()),
        };
        let placed_at: Option<DateTime<Utc>> = cells.parsed("placed_at", "time such as 2026-11-20T14:30:00+05:30");
        if errors.len() > before {
            continue;
        }
        match order.check(shop.currency) {
            Ok(()) => {
                let key = format!("import:orders:{}", first.cell("order_ref"));
                entries.push(Entry { occurred_at: placed_at, ..first.entry(key, Input::Order(order)) });
            }
            Err(rejection) => refuse(&rejection, &rows, &mut errors),
        }
    }
    (entries, errors)
}

/// The rows of each order, in the order in which the references first appear.
fn by_reference<'a>(sheet: &'a Sheet, errors: &mut Vec<RowError>) -> Vec<Vec<&'a Row>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Vec<&Row>> = vec![];
    for row in &sheet.rows {
        let reference = row.cell("order_ref");
        if reference.is_empty() || reference.chars().count() > ORDER_REF_CHARS {
            let advice = format!("Give every order a reference of its own, of at most {ORDER_REF_CHARS} characters.");
            errors.push(row.error("order_ref", "is needed and must be short", &advice));
            continue;
        }
        let place = *places.entry(reference).or_insert_with(|| {
            groups.push(vec![]);
            groups.len() - 1
        });
        groups[place].push(row);
    }
    groups
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

/// What concerns the whole order is the same on all its rows, or left out after the first.
fn agree(column: &'static str, rows: &[&Row], errors: &mut Vec<RowError>) {
    let Some((first, rest)) = rows.split_first() else { return };
    for row in rest.iter().filter(|row| !row.cell(column).is_empty() && row.cell(column) != first.cell(column)) {
        let problem = format!("differs from line {} of the same order", first.line);
        errors.push(row.error(column, &problem, "Write it the same on all rows of an order, or only on the first."));
    }
}

/// Lets the domain judge a command in an empty shop: all that can be wrong without knowing the log.
fn judge(command: &Command, shop: &Shop) -> Result<(), Box<Rejection>> {
    let (names, now) = (Names::default(), DateTime::UNIX_EPOCH);
    let next_order = OrderId::FIRST;
    let context = Context { now, occurred_at: now, next_order, shop, names: &names, expected_version: None };
    let mut world = World::default();
    loop {
        match command.decide(&world, &context) {
            Ok(_) => return Ok(()),
            Err(Refusal::Rejected(rejection)) => return Err(Box::new(rejection)),
            Err(Refusal::Missing(stream)) => world.insert(State::empty(stream)),
        }
    }
}

/// Turns a rejection into errors of the rows it speaks of: `lines[2].quantity` is the third row's quantity.
fn refuse(rejection: &Rejection, rows: &[&Row], errors: &mut Vec<RowError>) {
    let advice = rejection.hint.clone().unwrap_or_else(|| "Correct the cell.".to_owned());
    let problems: Vec<(String, String)> = if rejection.problems.is_empty() {
        let field = rejection.field.clone().unwrap_or_default();
        // The column stands beside the message already.
        let message = rejection.message.strip_prefix(&field).unwrap_or(&rejection.message);
        vec![(field, message.trim_start().trim_end_matches('.').to_owned())]
    } else {
        rejection.problems.iter().map(|problem| (problem.field.clone(), problem.message.clone())).collect()
    };
    for (field, message) in problems {
        let (index, column) = match field.strip_prefix("lines[").and_then(|rest| rest.split_once("].")) {
            Some((index, column)) => (index.parse().unwrap_or(0), column),
            None => (0, field.as_str()),
        };
        if let Some(row) = rows.get(index).or(rows.first()) {
            errors.push(row.error(column, &message, &advice));
        }
    }
}

impl Row {
    fn cell(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    fn key(&self, kind: &str, name: &str) -> String {
        format!("import:{kind}:{name}:{}", self.hash)
    }

    fn entry(&self, key: String, input: Input) -> Entry {
        Entry { row: self.line, key, occurred_at: None, input }
    }

    fn error(&self, column: &str, problem: &str, advice: &str) -> RowError {
        RowError {
            row: self.line,
            column: column.to_owned(),
            value: shown(self.cell(column)),
            problem: problem.to_owned(),
            advice: advice.to_owned(),
        }
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

fn whole_row(row: u64, problem: String, advice: &str) -> RowError {
    RowError { row, column: String::new(), value: String::new(), problem, advice: advice.to_owned() }
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > SHOWN_CHARS {
        shown.push('…');
    }
    shown
}

fn hash(cells: &HashMap<&'static str, String>) -> String {
    let mut sorted: Vec<_> = cells.iter().collect();
    sorted.sort();
    let mut hasher = Sha256::new();
    for (column, cell) in sorted {
        // Lengths keep `ab` + `c` apart from `a` + `bc`.
        hasher.update(format!("{}:{column}{}:{cell}", column.len(), cell.len()));
    }
    hasher.finalize()[..KEY_HASH_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
}
