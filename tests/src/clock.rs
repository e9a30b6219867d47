//! A clock of the machine that can be set, for the processes that are started under it.

use std::{ffi::OsString, fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::environment;

/// Set it while they run. Durations are measured with the real clock.
#[derive(Debug)]
pub struct Clock {
    file: PathBuf,
}

impl Clock {
    /// A right clock, kept in `file`.
    pub(crate) fn new(file: PathBuf) -> Result<Clock> {
        let clock = Clock { file };
        clock.set("+0")?;
        Ok(clock)
    }

    /// Turns it by so much from the machine's time: `+1d`, `-1d`, `+0`.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn set(&self, offset: &str) -> Result<()> {
        let new = self.file.with_extension("new");
        fs::write(&new, offset).context("setting a clock")?;
        fs::rename(&new, &self.file).context("setting a clock")
    }

    /// The environment of a process under this clock.
    pub(crate) fn environment(&self) -> Result<Vec<(&'static str, OsString)>> {
        Ok(vec![
            ("LD_PRELOAD", environment::faketime()?.into()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone().into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("DONT_FAKE_MONOTONIC", "1".into()),
        ])
    }
}
