//! Configuration and logging for each kind of command.

use std::path::Path;

use orderlog_event_log::sqlite_url;

use crate::{
    config::{Config, Given},
    telemetry,
};

/// For commands that serve.
pub(super) fn load(settings: &Given) -> anyhow::Result<Config> {
    logging(settings, telemetry::SERVING)
}

/// For commands that print their answer: only warnings are logged.
pub(super) fn quiet(settings: &Given) -> anyhow::Result<Config> {
    logging(settings, telemetry::QUIET)
}

fn logging(settings: &Given, level: &str) -> anyhow::Result<Config> {
    let config = Config::load(settings)?;
    telemetry::start(config.log_format, level);
    config.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    Ok(config)
}

/// The folder of a SQLite database as a URL.
pub(super) fn sqlite_in(folder: &Path) -> String {
    sqlite_url(&folder.join("log.db"))
}
