//! Limits on calls per second: for each principal, and for all together.

use std::{
    fmt,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

/// Most keys that are counted one by one; above this number, keys that have their full share again are forgotten.
const MAX_KEYS: usize = 10_000;
/// Keys that one address may type into the sign-in page at once; after that, one in six seconds, so as many a minute.
const TRIES_A_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("ten is not nothing");
/// Hosts of one IPv6 network share a count: each host has so many addresses that counting single addresses would limit
/// nothing.
const IPV6_NETWORK_BITS: u32 = 64;

/// Calls a second; the calls of one second may come at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// Limit of each principal that has a key or signed in; `None` for no limit.
    pub each: Option<NonZeroU32>,
    /// Limit of all principals together.
    pub in_all: Option<NonZeroU32>,
}

/// The limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// Calls a second that are allowed.
    pub limit: u32,
    /// Whether the limit of all principals together is reached.
    pub in_all: bool,
    /// How long to wait before the next call.
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

    /// Counts one call.
    pub(crate) fn count(&self) -> Result<(), TooMany> {
        let Some((limit, limiter)) = &self.limiter else { return Ok(()) };
        limiter.check().map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            TooMany { limit: *limit, in_all: self.in_all, wait }
        })
    }
}

/// Counts the acts of many callers, each against a limit of its own.
#[derive(Debug)]
pub struct CountEach<K: Clone + Eq + Hash>(DefaultKeyedRateLimiter<K>);

impl<K: Clone + Eq + Hash> CountEach<K> {
    /// A limit of so many a second, which may come at once.
    #[must_use]
    pub fn a_second(limit: NonZeroU32) -> CountEach<K> {
        CountEach(RateLimiter::keyed(Quota::per_second(limit)))
    }

    /// A limit of so many a minute, which may come at once.
    #[must_use]
    pub fn a_minute(limit: NonZeroU32) -> CountEach<K> {
        CountEach(RateLimiter::keyed(Quota::per_minute(limit)))
    }

    /// A limit of so many an hour, which may come at once.
    #[must_use]
    pub fn an_hour(limit: NonZeroU32) -> CountEach<K> {
        CountEach(RateLimiter::keyed(Quota::per_hour(limit)))
    }

    /// Counts one act of this caller, or says how long to wait.
    ///
    /// # Errors
    /// How long to wait, if there are too many.
    pub fn count(&self, key: &K) -> Result<(), Duration> {
        if self.0.len() > MAX_KEYS {
            self.0.retain_recent();
        }
        self.0.check_key(key).map_err(|not_until| not_until.wait_time_from(DefaultClock::default().now()))
    }
}

/// Counts the calls of each user who signed in.
#[derive(Debug)]
pub(crate) struct UserGauges(Option<(u32, CountEach<String>)>);

impl UserGauges {
    pub(crate) fn new(limit: Option<NonZeroU32>) -> UserGauges {
        UserGauges(limit.map(|limit| (limit.get(), CountEach::a_second(limit))))
    }

    /// Counts one call of this user.
    pub(crate) fn count(&self, user: &String) -> Result<(), TooMany> {
        let Some((limit, calls)) = &self.0 else { return Ok(()) };
        calls.count(user).map_err(|wait| TooMany { limit: *limit, in_all: false, wait })
    }
}

/// Counts the keys that people at each address type into the sign-in page.
#[derive(Debug)]
pub(crate) struct Tries(CountEach<IpAddr>);

impl Default for Tries {
    fn default() -> Tries {
        Tries(CountEach::a_minute(TRIES_A_MINUTE))
    }
}

impl Tries {
    /// Counts one try, or says how long to wait.
    pub(crate) fn count(&self, address: IpAddr) -> Result<(), Duration> {
        self.0.count(&network(address))
    }
}

/// The network whose tries are counted together.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << IPV6_NETWORK_BITS)).into(),
        address => address,
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

    #[test]
    fn an_address_may_try_so_often_and_a_network_is_one_address() {
        let tries = Tries::default();
        let of = |text: &str| tries.count(text.parse().unwrap());
        assert!((0..TRIES_A_MINUTE.get()).all(|_| of("192.0.2.1").is_ok()));
        let wait = of("192.0.2.1").unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(6), "{wait:?}");
        assert!(of("::ffff:192.0.2.1").is_err() && of("192.0.2.2").is_ok());
        assert!((0..TRIES_A_MINUTE.get()).all(|host| of(&format!("2001:db8::{host:x}")).is_ok()));
        assert!(of("2001:db8::ffff").is_err() && of("2001:db8:0:1::1").is_ok());
    }
}
