//! An import's errors and outcome as text for the terminal.

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};

use super::{Preview, Report, RowError};
use crate::cli::output;

/// Errors shown at most; the rest is counted.
const SHOWN_ERRORS: usize = 50;

/// What a file holds and what is wrong with it, before anything is asked of the log.
pub(crate) fn preview_table(preview: &Preview) -> String {
    let (rows, kind, commands) = (preview.rows_read, preview.kind, preview.entries.len());
    format!(
        "{}{rows} rows of {kind}: {commands} commands, {} problems.\n",
        errors(&preview.errors),
        preview.errors.len()
    )
}

/// What an import did, or would do.
pub(crate) fn report_table(report: &Report) -> String {
    let Report { rows, recorded, unchanged, .. } = report;
    let problems = report.errors.len();
    let summary = match (report.wrote, problems) {
        (true, 0) => format!("{rows} rows imported: {recorded} recorded, {unchanged} unchanged.\n"),
        (true, _) => {
            format!("{recorded} recorded, {unchanged} unchanged; {problems} problems, their rows were skipped.\n")
        }
        (false, 0) => {
            format!("{rows} rows can be imported: {recorded} would be recorded, {unchanged} change nothing.\n")
        }
        (false, _) => format!("{problems} problems. Nothing was written; correct them, or pass --skip-bad.\n"),
    };
    format!("{}{summary}", errors(&report.errors))
}

fn errors(errors: &[RowError]) -> String {
    if errors.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    output::fit(&mut table);
    table.set_header(["row", "column", "value", "problem", "what to do"]);
    for error in errors.iter().take(SHOWN_ERRORS) {
        table.add_row([&error.row.to_string(), &error.column, &error.value, &error.problem, &error.advice]);
    }
    let more = errors.len().saturating_sub(SHOWN_ERRORS);
    if more == 0 { format!("{table}\n") } else { format!("{table}\n… and {more} more.\n") }
}
