//! The only place that reads the machine's clock and makes ids; all other code gets both as arguments.

use std::time::Instant;

use chrono::{DateTime, Utc};
use uuid::{Timestamp, Uuid};

/// The clock: the machine's, or one that starts at a given moment (`--clock`).
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The machine's clock.
    Machine,
    /// A clock as if the process had started at `from`.
    Shifted {
        /// The moment at which the clock started.
        from: DateTime<Utc>,
        /// When the clock was started.
        since: Instant,
    },
}

impl Clock {
    /// The machine's clock, or one started at `from`.
    pub fn new(from: Option<DateTime<Utc>>) -> Clock {
        from.map_or(Clock::Machine, |from| Clock::Shifted { from, since: Instant::now() })
    }

    /// The present moment.
    #[expect(clippy::disallowed_methods, reason = "this is the edge")]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Clock::Machine => Utc::now(),
            Clock::Shifted { from, since } => *from + since.elapsed(),
        }
    }

    /// A new UUIDv7 of the present moment.
    pub fn new_id(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Uuid::new_v7(Timestamp::from_unix(uuid::NoContext, seconds, now.timestamp_subsec_nanos()))
    }
}
