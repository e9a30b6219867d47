//! A log that cannot be written: commands are refused at once, and the writer tries again, with growing pauses, until
//! it succeeds.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use orderlog_event_log::LogError;

use crate::admission::{Admission, Condition};

/// Pause before the first try.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The pause doubles up to this: long enough to cost nothing, short enough to go on within a second.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Whether there is an outage. It lasts from the first batch that failed until the first that is durable again.
pub(crate) struct Outage {
    admission: Arc<Admission>,
    present: Option<Present>,
}

struct Present {
    since: Instant,
    pause: Duration,
}

impl Outage {
    pub(crate) fn none(admission: Arc<Admission>) -> Outage {
        Outage { admission, present: None }
    }

    pub(crate) fn is_present(&self) -> bool {
        self.present.is_some()
    }

    /// Whether commands are refused: no longer after a try succeeded.
    pub(crate) fn is_refusing(&self) -> bool {
        *self.admission.condition.borrow() != Condition::Taking
    }

    /// A batch failed. Commands are refused from now on.
    pub(crate) fn begin(&mut self, error: &LogError, commands: usize) {
        if self.present.is_none() {
            tracing::error!(%error, commands, "the log does not take commands; it is tried until it does");
            self.present = Some(Present { since: Instant::now(), pause: FIRST_PAUSE });
        }
        self.go_on(error);
    }

    /// A try failed.
    pub(crate) fn go_on(&self, error: &LogError) {
        self.admission.condition.send_replace(Condition::Refusing { reason: error.to_string() });
    }

    /// A try succeeded: commands are accepted again. The outage ends with the first batch that is durable, since there
    /// may be too little room for a batch.
    pub(crate) fn take_commands(&self) {
        self.admission.condition.send_replace(Condition::Taking);
    }

    /// A batch is durable.
    pub(crate) fn end(&mut self) {
        if let Some(outage) = self.present.take() {
            tracing::info!(seconds = outage.since.elapsed().as_secs(), "the log takes commands again");
        }
    }

    /// The pause before the next try, twice as long as the one before.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let Some(outage) = &mut self.present else { return FIRST_PAUSE };
        let pause = outage.pause;
        outage.pause = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

/// Whether a failure is due to these commands or to damaged data that they read: other commands may still be carried
/// out.
pub(crate) fn is_of_the_data(error: &LogError) -> bool {
    matches!(error, LogError::Corrupt { .. } | LogError::Gap { .. } | LogError::Batch(_))
}
