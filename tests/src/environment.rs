//! The programs and servers that `tests/run` provides for the tests. If one is missing, the test fails and says what to
//! do; nothing is skipped.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use orderlog_testkit::{program, variable};

/// Requests of the test of whatever is sent unless `ORDERLOG_TEST_REQUESTS` says otherwise.
const FUZZED_REQUESTS: usize = 6_000;
/// Messages of the test of deliveries unless `ORDERLOG_TEST_DELIVERIES` says otherwise.
const DELIVERIES: usize = 500;
/// How long the load tests run unless `ORDERLOG_TEST_SECONDS` says otherwise.
const LOAD_SECONDS: u64 = 10;

/// The binary under test.
pub(crate) fn orderlog() -> Result<PathBuf> {
    program("ORDERLOG_TEST_BINARY")
}

/// Where the programs of PostgreSQL are.
pub(crate) fn postgres_bin() -> Result<PathBuf> {
    Ok(PathBuf::from(variable("ORDERLOG_TEST_POSTGRES_BIN")?))
}

/// The library that gives a process a clock of its own.
pub(crate) fn faketime() -> Result<PathBuf> {
    program("ORDERLOG_TEST_FAKETIME")
}

/// A Python with the official MCP client.
///
/// # Errors
/// When `tests/run` did not provide it.
pub fn python() -> Result<PathBuf> {
    program("ORDERLOG_TEST_PYTHON")
}

/// A Node.js; the official MCP client is beside the scripts in [`clients_folder`].
///
/// # Errors
/// When `tests/run` did not provide it.
pub fn node_js() -> Result<PathBuf> {
    program("ORDERLOG_TEST_NODE")
}

/// A Chromium; playwright-core, which controls it, is beside the scripts in [`clients_folder`].
///
/// # Errors
/// When `tests/run` did not provide it.
pub fn chromium() -> Result<PathBuf> {
    program("ORDERLOG_TEST_CHROMIUM")
}

/// Where the scripts of the official clients are.
#[must_use]
pub fn clients_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// How long a load test keeps up its load.
///
/// # Panics
/// When `ORDERLOG_TEST_SECONDS` is not a number.
#[must_use]
pub fn load_time() -> Duration {
    let seconds = env::var("ORDERLOG_TEST_SECONDS")
        .map_or(LOAD_SECONDS, |text| text.parse().expect("ORDERLOG_TEST_SECONDS must be a whole number of seconds"));
    Duration::from_secs(seconds)
}

/// How many messages the test of deliveries sends.
///
/// # Errors
/// When `ORDERLOG_TEST_DELIVERIES` is no number.
pub fn deliveries() -> Result<usize> {
    env::var("ORDERLOG_TEST_DELIVERIES").map_or(Ok(DELIVERIES), |text| Ok(text.parse()?))
}

/// How many requests the test of whatever is sent sends.
///
/// # Errors
/// When `ORDERLOG_TEST_REQUESTS` is no number.
pub fn fuzzed_requests() -> Result<usize> {
    env::var("ORDERLOG_TEST_REQUESTS").map_or(Ok(FUZZED_REQUESTS), |text| Ok(text.parse()?))
}
