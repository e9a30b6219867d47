//! How many calls a second are answered: for each principal, and in all.

use std::{fmt, num::NonZeroU32, time::Duration};

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

/// Calls a second; a second's worth may come at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// Of each principal that has a key; no limit where there is none.
    pub each: Option<NonZeroU32>,
    /// Of all of them together.
    pub in_all: Option<NonZeroU32>,
}

/// More calls than are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// Calls a second that are answered.
    pub limit: u32,
    /// Whether it is all principals together that call too often.
    pub in_all: bool,
    /// When to come again.
    pub wait: Duration,
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (limit, setting) = match self.in_all {
            false => ("this key", "--calls-per-second"),
            true => ("all keys together", "--calls-per-second-in-all"),
        };
        write!(f, "too many calls: {limit} may make {} a second ({setting}); try again in a moment", self.limit)
    }
}

/// Counts calls against one limit.
#[derive(Debug)]
pub(crate) struct Gauge {
    limiter: Option<(u32, DefaultDirectRateLimiter)>,
    in_all: bool,
}

impl Gauge {
    pub(crate) fn new(limit: Option<NonZeroU32>, in_all: bool) -> Gauge {
        let limiter = limit.map(|limit| (limit.get(), RateLimiter::direct(Quota::per_second(limit))));
        Gauge { limiter, in_all }
    }

    /// One more call.
    pub(crate) fn count(&self) -> Result<(), TooMany> {
        let Some((limit, limiter)) = &self.limiter else { return Ok(()) };
        limiter.check().map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            TooMany { limit: *limit, in_all: self.in_all, wait }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seconds_worth_may_come_at_once_and_no_more() {
        let gauge = Gauge::new(NonZeroU32::new(5), false);
        for _ in 0..5 {
            assert_eq!(gauge.count(), Ok(()));
        }
        let refused = gauge.count().unwrap_err();
        assert!(refused.limit == 5 && !refused.in_all && refused.wait <= Duration::from_millis(200), "{refused:?}");
        let unlimited = Gauge::new(None, true);
        assert!((0..10_000).all(|_| unlimited.count().is_ok()));
    }
}
