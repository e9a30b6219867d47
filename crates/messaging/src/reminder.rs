//! Repeats the same log line only after growing pauses, so that a long outage does not fill the disk.

use std::time::Duration;

use tokio::time::Instant;

/// Pause after the first time.
const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// Longest pause: short enough that the last lines of a log show the problem.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// The last text, and when it may be logged again.
#[derive(Debug)]
pub(crate) struct Reminder {
    said: String,
    pause: Duration,
    again: Instant,
}

impl Reminder {
    /// No text was logged yet.
    pub(crate) fn new() -> Reminder {
        Reminder { said: String::new(), pause: FIRST_PAUSE, again: Instant::now() }
    }

    /// Whether to log `text` now.
    pub(crate) fn is_due(&mut self, text: &str) -> bool {
        let now = Instant::now();
        if text != self.said {
            text.clone_into(&mut self.said);
            self.pause = FIRST_PAUSE;
        } else if now < self.again {
            return false;
        } else {
            self.pause = LONGEST_PAUSE.min(self.pause * 2);
        }
        self.again = now + self.pause;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_hour_of_the_same_is_a_dozen_lines() {
        let mut reminder = Reminder::new();
        let mut lines = 0;
        for _ in 0..3_600 {
            lines += u32::from(reminder.is_due("NATS cannot be reached"));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!((8..=14).contains(&lines), "{lines} lines");
        assert!(reminder.is_due("authorization violation"), "what is new is said at once");
        assert!(!reminder.is_due("authorization violation"));
    }
}
