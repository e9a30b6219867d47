//! A CSV file taken apart: line ends, separators, the header, and rows of cells with their line numbers.

use std::collections::HashMap;

use crate::entries::{Kind, MAX_FILE_BYTES, Note, RowError};

/// Characters of a cell shown in an error.
const SHOWN_CHARS: usize = 40;
/// How similar an unknown column's name must be to a known one to count as its misspelling, from 0 to 1.
const ALIKE: f64 = 0.7;
/// Possible separators between cells, with their names.
const SEPARATORS: [(u8, &str); 3] = [(b',', "commas"), (b';', "semicolons"), (b'\t', "tabs")];
/// The mark that some programs put before the first column.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file, split into rows.
pub(crate) struct Sheet {
    pub(crate) rows: Vec<Row>,
    pub(crate) rows_read: u64,
    /// Rows that are no rows.
    pub(crate) errors: Vec<RowError>,
    pub(crate) notes: Vec<Note>,
}

/// One row: its cells by column, without blank ones.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Line of the file on which it begins.
    pub(crate) line: u64,
    pub(crate) cells: HashMap<&'static str, String>,
}

/// The header: the columns to read, by their positions, and what happened to the others.
struct Header {
    columns: Vec<Option<&'static str>>,
    notes: Vec<Note>,
}

impl Sheet {
    pub(crate) fn read(kind: Kind, bytes: Vec<u8>) -> Result<Sheet, Vec<RowError>> {
        let bytes = with_plain_line_ends(bytes);
        let (separator, name) = separator(kind, &bytes);
        let mut csv = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(separator)
            .from_reader(bytes.as_slice());
        let mut record = csv::StringRecord::new();
        let has_header = csv.read_record(&mut record).map_err(|error| vec![unreadable(1, &error)])?;
        if !has_header {
            record.clear();
        }
        let Header { columns, mut notes } = header(kind, &record)?;
        if separator != SEPARATORS[0].0 {
            notes.push(Note { row: 1, text: format!("The file was read with {name} between the cells.") });
        }
        let mut sheet = Sheet { rows: vec![], rows_read: 0, errors: vec![], notes };
        loop {
            let read = csv.read_record(&mut record);
            // The reader is after the record; it skips blank lines before it silently.
            let behind = csv.position().line();
            match read {
                Ok(false) => return Ok(sheet),
                Ok(true) => sheet.take(&record, &columns, behind),
                Err(error) => {
                    sheet.rows_read += 1;
                    sheet.errors.push(unreadable(behind.saturating_sub(1), &error));
                }
            }
        }
    }

    fn take(&mut self, record: &csv::StringRecord, columns: &[Option<&'static str>], behind: u64) {
        // Line breaks of the record itself are within quotes. The file ends with a line break, so the reader is one
        // line further.
        let breaks = record.as_slice().bytes().filter(|byte| *byte == b'\n').count() as u64;
        let line = behind.saturating_sub(1 + breaks);
        self.rows_read += 1;
        if record.len() != columns.len() {
            let problem = format!("has {}, the header has {}", cells(record.len()), columns.len());
            self.errors.push(whole_row(line, problem, "Put a text that holds the separator in double quotes."));
            return;
        }
        // Trimmed here and not by the reader, so that no line break is lost count of.
        let known = columns.iter().zip(record).filter_map(|(column, cell)| Some(((*column)?, cell.trim())));
        let cells: HashMap<&'static str, String> =
            known.filter(|(_, cell)| !cell.is_empty()).map(|(column, cell)| (column, cell.to_owned())).collect();
        if !cells.is_empty() {
            self.rows.push(Row { line, cells });
        }
    }
}

impl Row {
    pub(crate) fn cell(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    pub(crate) fn error(&self, column: &str, problem: &str, advice: &str) -> RowError {
        RowError {
            row: self.line,
            column: column.to_owned(),
            value: shown(self.cell(column)),
            problem: problem.to_owned(),
            advice: advice.to_owned(),
        }
    }

    pub(crate) fn note(&self, text: impl Into<String>) -> Note {
        Note { row: self.line, text: text.into() }
    }
}

/// Without a byte order mark, with `\n` at the end of every line: Excel writes `\r\n`, old programs `\r`.
fn with_plain_line_ends(bytes: Vec<u8>) -> Vec<u8> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec).unwrap_or(bytes);
    let mut plain = Vec::with_capacity(bytes.len() + 1);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => {}
            b'\r' => plain.push(b'\n'),
            byte => plain.push(*byte),
        }
    }
    if plain.last().is_some_and(|last| *last != b'\n') {
        plain.push(b'\n');
    }
    plain
}

/// The separator with which the header has most of the known columns; commas if none is better.
fn separator(kind: Kind, bytes: &[u8]) -> (u8, &'static str) {
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let (needed, optional) = kind.columns();
    let found = |separator: u8| {
        let names = header.split(|byte| *byte == separator).map(|name| column_name(&String::from_utf8_lossy(name)));
        let known = names.filter(|name| needed.iter().chain(optional).any(|column| column == name)).count();
        // A foreign header has no known column: then the separator that occurs most often.
        (known, header.iter().filter(|byte| **byte == separator).count())
    };
    let most = SEPARATORS.into_iter().rev().max_by_key(|(separator, _)| found(*separator));
    most.unwrap_or(SEPARATORS[0])
}

/// The header's columns by their known names, in any order and case; or all errors of the header.
fn header(kind: Kind, header: &csv::StringRecord) -> Result<Header, Vec<RowError>> {
    let (needed, optional) = kind.columns();
    let known = || needed.iter().chain(optional).copied();
    let names: Vec<String> = header.iter().map(column_name).collect();
    let columns: Vec<Option<&'static str>> = names.iter().map(|name| known().find(|column| column == name)).collect();
    let missing = |column: &&'static str| !columns.contains(&Some(*column));
    let advice =
        format!("A file of {kind} has the columns {}; it may have {}.", needed.join(", "), optional.join(", "));
    let at_header = |column: &str, problem: String, advice: &str| RowError {
        row: 1,
        column: shown(column),
        value: String::new(),
        problem,
        advice: advice.to_owned(),
    };
    let (mut errors, mut ignored) = (vec![], vec![]);
    for column in known() {
        if columns.iter().filter(|found| **found == Some(column)).count() > 1 {
            errors.push(at_header(column, "stands twice in the header".to_owned(), "Keep one of the two."));
        }
    }
    let mut explained = vec![];
    for (name, written) in names.iter().zip(header).filter(|(name, _)| known().all(|column| column != *name)) {
        let likeness = |column: &&'static str| strsim::normalized_damerau_levenshtein(name, column);
        let nearest = known().filter(missing).max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        match nearest.filter(|nearest| likeness(nearest) >= ALIKE) {
            // A misspelt tax rate that is ignored costs money.
            Some(nearest) => {
                explained.push(nearest);
                let advice =
                    format!("Rename it to {nearest}, if that is what it holds; otherwise give it another name.");
                errors.push(at_header(written, format!("is no column, but much like {nearest}"), &advice));
            }
            None => ignored.push(shown(written)),
        }
    }
    for column in needed.iter().copied().filter(missing).filter(|column| !explained.contains(column)) {
        errors.push(at_header(column, "is missing in the header".to_owned(), &advice));
    }
    let mut notes = vec![];
    if !ignored.is_empty() {
        let (columns, are) = if ignored.len() == 1 { ("column", "is") } else { ("columns", "are") };
        let text = format!("The {columns} {} {are} not read: a file of {kind} needs none such.", ignored.join(", "));
        match errors.is_empty() {
            true => notes.push(Note { row: 1, text }),
            // If the file cannot be read, its other columns are reported beside the missing ones.
            false => errors.push(at_header("", format!("has other columns: {}", ignored.join(", ")), &advice)),
        }
    }
    if errors.is_empty() { Ok(Header { columns, notes }) } else { Err(errors) }
}

/// ` Tax-Rate` is `tax_rate`.
fn column_name(written: &str) -> String {
    let name = written.trim().trim_matches('"').trim().trim_start_matches('\u{feff}');
    name.to_lowercase().replace([' ', '-'], "_")
}

fn unreadable(line: u64, error: &csv::Error) -> RowError {
    let problem = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not written in UTF-8".to_owned(),
        _ => error.to_string(),
    };
    whole_row(line, problem, "Save the file as CSV in UTF-8.")
}

fn whole_row(row: u64, problem: String, advice: &str) -> RowError {
    RowError { row, column: String::new(), value: String::new(), problem, advice: advice.to_owned() }
}

fn cells(count: usize) -> String {
    if count == 1 { "1 cell".to_owned() } else { format!("{count} cells") }
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > SHOWN_CHARS {
        shown.push('…');
    }
    shown
}

/// All bytes of a reader, or an error if there are too many.
///
/// # Errors
/// When it cannot be read, or is larger than what is read.
pub fn read_bytes(reader: impl std::io::Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![];
    std::io::Read::read_to_end(&mut reader.take(MAX_FILE_BYTES + 1), &mut bytes)?;
    anyhow::ensure!(
        bytes.len() as u64 <= MAX_FILE_BYTES,
        "the file is larger than the {MAX_FILE_BYTES} bytes that are read"
    );
    Ok(bytes)
}
