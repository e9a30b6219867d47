//! How many calls a second are answered: for each principal, and in all.

use std::{fmt, num::NonZeroU32, time::Duration};

use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

/// Users who are counted one by one; beyond them those are forgotten who have called nothing for a second.
const MAX_USERS: usize = 10_000;

/// Calls a second; a second's worth may come at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// Of each principal that has a key or signed in; no limit where there is none.
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
            false => ("one key or user", "--calls-per-second"),
            true => ("all together", "--calls-per-second-in-all"),
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

/// Counts the calls of each user who signed in.
#[derive(Debug)]
pub(crate) struct UserGauges(Option<(u32, DefaultKeyedRateLimiter<String>)>);

impl UserGauges {
    pub(crate) fn new(limit: Option<NonZeroU32>) -> UserGauges {
        UserGauges(limit.map(|limit| (limit.get(), RateLimiter::keyed(Quota::per_second(limit)))))
    }

    /// One more call of this user.
    pub(crate) fn count(&self, user: &String) -> Result<(), TooMany> {
        let Some((limit, limiter)) = &self.0 else { return Ok(()) };
        if limiter.len() > MAX_USERS {
            limiter.retain_recent();
        }
        limiter.check_key(user).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            TooMany { limit: *limit, in_all: false, wait }
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

    #[test]
    fn users_do_not_use_up_each_others_calls() {
        let gauges = UserGauges::new(NonZeroU32::new(2));
        let (asha, ravi) = ("asha".to_owned(), "ravi".to_owned());
        assert_eq!((gauges.count(&asha), gauges.count(&asha)), (Ok(()), Ok(())));
        assert_eq!(gauges.count(&asha).unwrap_err().limit, 2);
        assert_eq!(gauges.count(&ravi), Ok(()));
    }
}
