//! Carrying an import out: everything is tried first, then written, each row under its own idempotency key.

use orderlog_domain::rejection::Rejection;
use serde::Serialize;

use super::{Entry, Preview, RowError};

/// How far to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Write; otherwise only try.
    pub(crate) write: bool,
    /// Write the good rows although others are bad.
    pub(crate) skip_bad: bool,
}

/// What became of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It recorded events, or would.
    Recorded,
    /// Everything already was as the row asks, or the row was imported before.
    Unchanged,
}

/// Why a command had no outcome.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The row is at fault.
    Rejected(Box<Rejection>),
    /// The import cannot go on.
    Stopped(anyhow::Error),
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// Whether anything could be written.
    pub(crate) wrote: bool,
    /// Rows of the file, without the header.
    pub(crate) rows: u64,
    /// Commands that recorded something, or would.
    pub(crate) recorded: u64,
    /// Commands that changed nothing.
    pub(crate) unchanged: u64,
    /// What is wrong, by row.
    pub(crate) errors: Vec<RowError>,
}

/// Tries every command (`submit(entry, true)`), then writes them (`submit(entry, false)`) if the options say so and no row
/// is bad, or bad ones are to be skipped. A trial sees the log as it is: rows that need earlier rows of the same
/// file, such as the stock of a new product, are only judged when written.
///
/// # Errors
/// When the log cannot be reached; rows written before stay written, and importing again goes on from there.
pub(crate) async fn run(
    preview: Preview,
    options: Options,
    submit: impl AsyncFn(&Entry, bool) -> Result<Outcome, Failure>,
) -> anyhow::Result<Report> {
    let mut report = Report { rows: preview.rows_read, errors: preview.errors, ..Report::default() };
    let mut good = Vec::with_capacity(preview.entries.len());
    for entry in preview.entries {
        if entry.depends_on_the_row_before() || report.count(&entry, submit(&entry, true).await)? {
            good.push(entry);
        }
    }
    if !options.write || !(report.errors.is_empty() || options.skip_bad) {
        return Ok(report);
    }
    (report.wrote, report.recorded, report.unchanged) = (true, 0, 0);
    for entry in good {
        report.count(&entry, submit(&entry, false).await)?;
    }
    Ok(report)
}

impl Report {
    /// Takes one answer in; false when the row is bad.
    fn count(&mut self, entry: &Entry, answer: Result<Outcome, Failure>) -> anyhow::Result<bool> {
        match answer {
            Ok(Outcome::Recorded) => self.recorded += 1,
            Ok(Outcome::Unchanged) => self.unchanged += 1,
            Err(Failure::Rejected(rejection)) => {
                self.errors.push(RowError {
                    row: entry.row,
                    column: rejection.field.clone().unwrap_or_default(),
                    value: String::new(),
                    problem: rejection.message.clone(),
                    advice: rejection.hint.clone().unwrap_or_default(),
                });
                return Ok(false);
            }
            Err(Failure::Stopped(error)) => return Err(error.context(format!("importing line {}", entry.row))),
        }
        Ok(true)
    }
}

impl Entry {
    /// A count follows the product of its row, which a trial has not registered.
    fn depends_on_the_row_before(&self) -> bool {
        matches!(self.input, super::Input::Stock(_))
    }
}
