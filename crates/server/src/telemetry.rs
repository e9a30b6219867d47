//! Log lines, to standard error. Personal data is never logged.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::LogFormat;

/// What a server logs when `RUST_LOG` does not say.
pub(crate) const SERVING: &str = "info,rmcp=error,sqlx=warn,async_nats=warn";
/// What a command logs whose answer is what it prints.
pub(crate) const QUIET: &str = "warn,rmcp=error,sqlx=error";

/// On a terminal, unless its user asked for none (no-color.org).
fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Starts logging; a second call changes nothing.
pub(crate) fn start(format: LogFormat, default_filter: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_filter));
    let registry = tracing_subscriber::registry().with(filter);
    // Nobody may read on (`orderlog serve 2>&1 | head`); saying so on standard error would break off the server.
    let layer = fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    let started = match format {
        LogFormat::Text => registry.with(layer.with_ansi(colours())).try_init(),
        LogFormat::Json => registry.with(layer.json()).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging had been started before");
    }
}
