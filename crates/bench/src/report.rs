//! The rows of the report, as a table and as JSON.

use serde::Serialize;

use crate::measure::Round;

/// One line of the report.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// Name of the measurement.
    pub(crate) what: String,
    /// With how many callers or connections.
    pub(crate) callers: usize,
    /// Per second.
    pub(crate) rate: f32,
    /// Microseconds.
    pub(crate) p50: u64,
    /// Microseconds.
    pub(crate) p99: u64,
    /// Rate divided by that of the row it is compared with, median of the rounds' ratios.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ratio: Option<f32>,
    /// The baseline of the ratio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) beside: Option<String>,
    /// Missing, duplicated, gaps.
    pub(crate) correctness: String,
}

impl Row {
    /// A row of medians.
    pub(crate) fn new(what: &str, callers: usize, median: &Round, correctness: impl Into<String>) -> Row {
        Row {
            what: what.to_owned(),
            callers,
            rate: median.rate,
            p50: median.p50,
            p99: median.p99,
            ratio: None,
            beside: None,
            correctness: correctness.into(),
        }
    }

    /// Compares with another measurement of the same rounds.
    pub(crate) fn beside(mut self, name: &str, own: &[Round], other: &[Round]) -> Row {
        let mut ratios: Vec<f32> = own.iter().zip(other).map(|(a, b)| a.rate / b.rate).collect();
        ratios.sort_by(f32::total_cmp);
        self.ratio = ratios.get(ratios.len() / 2).copied();
        self.beside = Some(name.to_owned());
        self
    }
}

/// Prints the table.
#[expect(clippy::print_stdout, reason = "the report is this program's output")]
pub(crate) fn print(rows: &[Row]) {
    let mut table = comfy_table::Table::new();
    table.set_header(["what", "callers", "per second", "p50 µs", "p99 µs", "ratio", "beside", "missing/dup/gaps"]);
    for row in rows {
        table.add_row([
            row.what.clone(),
            row.callers.to_string(),
            format!("{:.0}", row.rate),
            row.p50.to_string(),
            row.p99.to_string(),
            row.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            row.beside.clone().unwrap_or_default(),
            row.correctness.clone(),
        ]);
    }
    println!("{table}");
}
