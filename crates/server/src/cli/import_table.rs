//! The findings and the result of an import, as text for the terminal.

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};

use orderlog_exchange::{Note, Options, Report, RowError};

use super::output;

/// Lines of a list shown at most; the rest is counted.
const SHOWN_LINES: usize = 50;

/// The result for standard output: the changes, done or foreseen, and the changed records.
pub(crate) fn summary(report: &Report, options: Options) -> String {
    let Report { kind, wrote, rows, recorded, unchanged, changes, errors, .. } = report;
    let counted = |count: u64| plural(count, kind.one());
    let problems = plural(errors.len() as u64, "problem");
    let done = if *wrote { "recorded" } else { "would be recorded" };
    let next = match (wrote, errors.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!(" {problems}: what they concern was not written."),
        (false, true) => " Nothing was written; add --write to import.".to_owned(),
        (false, false) if options.skip_bad => {
            format!(" {problems}. Nothing was written; add --write to import the rest.")
        }
        (false, false) => {
            format!(" {problems}. Nothing was written; correct the file, or import the rest with --write --skip-bad.")
        }
    };
    let summary =
        format!("{} read: {} {done}, {unchanged} unchanged.{next}\n", plural(*rows, "row"), counted(*recorded));
    format!("{}{summary}", lines(changes, "changes "))
}

/// The errors and notes, for standard error.
pub(crate) fn problems_table(report: &Report) -> String {
    format!("{}{}", lines(&report.notes, ""), errors(&report.errors))
}

/// `row 3 changes MUG: price ₹20.00 → ₹25.00`
fn lines(notes: &[Note], what: &str) -> String {
    let mut text: String =
        notes.iter().take(SHOWN_LINES).map(|note| format!("row {} {what}{}\n", note.row, note.text)).collect();
    let more = notes.len().saturating_sub(SHOWN_LINES);
    if more > 0 {
        text.push_str(&format!("… and {more} more.\n"));
    }
    text
}

fn errors(errors: &[RowError]) -> String {
    if errors.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    output::fit(&mut table);
    table.set_header(["row", "column", "value", "problem", "what to do"]);
    for error in errors.iter().take(SHOWN_LINES) {
        table.add_row([&error.row.to_string(), &error.column, &error.value, &error.problem, &error.advice]);
    }
    let more = errors.len().saturating_sub(SHOWN_LINES);
    if more == 0 { format!("{table}\n") } else { format!("{table}\n… and {more} more.\n") }
}

fn plural(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
