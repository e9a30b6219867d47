//! The output of commands: answers to standard output, progress bars to standard error. Nothing else writes to standard
//! output.

use std::{
    io::{self, Write as _},
    ops::ControlFlow,
    process::ExitCode,
};

use comfy_table::{ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};
use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use orderlog_tools::in_words;

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("write to standard output: {0}")]
pub(super) struct CannotPrint(#[source] io::Error);

/// Prints an answer. If the reader has closed the pipe (`orderlog events | head -1`), this is not an error: the command
/// continues its work.
///
/// # Errors
/// When standard output cannot be written, for example a file on a full disk.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    print_on(text.as_bytes()).map(|_| ())
}

/// Prints a part of a long answer; breaks when nobody reads it any more.
///
/// # Errors
/// As [`print`].
pub(super) fn print_on(text: &[u8]) -> anyhow::Result<ControlFlow<()>> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(CannotPrint(error).into()),
    }
}

/// A table that fits the terminal; without a terminal, every row is one line.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(header.to_vec());
    fit(&mut table);
    table
}

/// Makes a table at most as wide as the terminal, or as `COLUMNS` says.
pub(crate) fn fit(table: &mut Table) {
    let terminal = console::Term::stdout();
    let seen = if terminal.is_term() { terminal.size_checked().map(|(_, columns)| columns) } else { None };
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    if let Some(width) = seen.or(said) {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
}

/// `82,230`
pub(super) fn grouped(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", HumanCount(number.unsigned_abs()))
}

/// A bar that counts events up to `length`, on standard error; without a terminal there is no bar.
pub(super) fn progress(length: u64, what: &'static str) -> ProgressBar {
    let whole_per_second = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{}/s", HumanCount(state.per_sec() as u64));
    };
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {whole_per_second} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("whole_per_second", whole_per_second);
    ProgressBar::new(length).with_style(style).with_message(what)
}

/// Prints the error.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "orderlog: {}", in_words(error));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 82_230, -1_000].map(grouped), ["0", "999", "82,230", "-1,000"]);
    }
}
