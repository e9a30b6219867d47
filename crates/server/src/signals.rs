//! Signals whose ordinary effect would end the process in the middle of its work.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Sent to a process that writes a file beyond its limit (`ulimit -f`). The number on Linux and macOS.
const SIGXFSZ: i32 = 25;
/// SIGHUP in a mask of signals, where bit 0 is signal 1.
const HANG_UP_BIT: u64 = 1;

/// Makes a write beyond the limit of files fail as on a full disk. Otherwise it would end the process.
///
/// # Errors
/// When the signal cannot be caught.
pub(crate) fn survive_the_limit_of_files() -> io::Result<()> {
    // After a signal was caught once, it stays caught; the signals themselves are not used.
    signal(SignalKind::from_raw(SIGXFSZ)).map(drop)
}

/// SIGHUP, unless the program that started this process wants it to be ignored, as `nohup` does.
pub(crate) struct HangUp(Option<Signal>);

/// Begins to listen for SIGHUP.
///
/// # Errors
/// When the signal cannot be caught.
pub(crate) fn hang_up() -> io::Result<HangUp> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if ignores_hang_up(&status) {
        return Ok(HangUp(None));
    }
    Ok(HangUp(Some(signal(SignalKind::hangup())?)))
}

impl HangUp {
    /// Waits for the signal.
    pub(crate) async fn heard(&mut self) {
        match &mut self.0 {
            Some(signal) => _ = signal.recv().await,
            None => std::future::pending().await,
        }
    }
}

/// Whether the kernel's description of a process says that it ignores SIGHUP.
fn ignores_hang_up(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & HANG_UP_BIT != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_hang_up_is_seen_in_the_mask() {
        assert!(ignores_hang_up("Name:\torderlog\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"));
        assert!(!ignores_hang_up("Name:\torderlog\nSigIgn:\t0000000000001000\nSigCgt:\t1\n"));
        assert!(!ignores_hang_up(""));
    }
}
