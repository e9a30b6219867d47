//! The programs and servers that `tests/run` provides for the tests. If one is missing, the test fails and says what to
//! do; nothing is skipped.

use std::{env, path::PathBuf};

use anyhow::{Context, Result, ensure};

/// The value of an environment variable.
///
/// # Errors
/// When it is not set.
pub fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} is not set: run the tests with tests/run, which provides it"))
}

/// The program that an environment variable names.
///
/// # Errors
/// When it is not there.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = PathBuf::from(variable(name)?);
    ensure!(path.is_file(), "{name} names {}, which is not there: run tests/run", path.display());
    Ok(path)
}
