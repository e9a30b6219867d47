//! Log lines, to standard error. Personal data is never logged.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::LogFormat;

/// The default of `RUST_LOG` for a server.
pub(crate) const SERVING: &str = "info,rmcp=error,sqlx=warn,async_nats=warn";
/// The default for a command that prints its answer.
pub(crate) const QUIET: &str = "warn,rmcp=error,sqlx=error";

/// The protocol library would log complete requests and answers: so only its errors are logged, with any `RUST_LOG`.
const ALWAYS: &str = "rmcp=error";

/// The filter of log lines: from `RUST_LOG`, or the default.
fn filter(asked: Option<&str>, default_filter: &str) -> EnvFilter {
    let asked = asked.filter(|asked| !asked.trim().is_empty()).and_then(|asked| EnvFilter::try_new(asked).ok());
    let filter = asked.unwrap_or_else(|| EnvFilter::new(default_filter));
    // Directives for single modules of it would outweigh one for the whole.
    let kept = filter.to_string();
    let kept = kept.split(',').filter(|directive| !directive.starts_with("rmcp") && !directive.contains('['));
    EnvFilter::new(kept.chain([ALWAYS]).collect::<Vec<_>>().join(","))
}

/// On a terminal, unless its user asked for none (no-color.org).
fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Starts logging; a second call changes nothing.
pub(crate) fn start(format: LogFormat, default_filter: &str) {
    let asked = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let registry = tracing_subscriber::registry().with(filter(asked.as_deref(), default_filter));
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

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(asked: Option<&str>) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = fmt::layer().with_ansi(false).with_writer(move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(filter(asked, SERVING)).with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!(target: "rmcp::service", "serve_inner", whom = "Asha in a span");
            let _entered = span.enter();
            tracing::debug!(target: "rmcp::service", "Asha in a request");
            tracing::error!(target: "rmcp::service", "an error");
            tracing::debug!(target: "orderlog", "a detail");
            tracing::info!(target: "orderlog", "a line");
        });
        let bytes = lines.0.lock().unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn whatever_is_asked_for_requests_are_not_logged() {
        let asked = [
            None,
            Some("trace"),
            Some("debug,rmcp=trace"),
            Some("rmcp::service=debug,info"),
            Some("info,[serve_inner]=trace"),
        ];
        for asked in asked {
            let told = logged(asked);
            assert!(!told.contains("Asha"), "{asked:?}: {told}");
            assert!(told.contains("an error") && told.contains("a line"), "{asked:?}: {told}");
            let has_details = asked.is_some_and(|asked| asked.starts_with("trace") || asked.starts_with("debug"));
            assert_eq!(told.contains("a detail"), has_details, "{asked:?}: {told}");
        }
        for nothing in ["=nonsense=", " "] {
            assert!(logged(Some(nothing)).contains("a line"), "{nothing:?} counts as nothing");
        }
    }
}
