//! How many sentences each user may have the operator's model asked for.

use std::{num::NonZeroU32, time::Duration};

use orderlog_access::CountEach;

use super::fault::Fault;

/// Counts the sentences of each user.
#[derive(Debug)]
pub(super) struct Allowance(Option<(u32, CountEach<String>)>);

impl Allowance {
    /// So many sentences an hour, which may come at once; no limit where there is none.
    pub(super) fn new(an_hour: Option<NonZeroU32>) -> Allowance {
        Allowance(an_hour.map(|limit| (limit.get(), CountEach::an_hour(limit))))
    }

    /// One more sentence of this user, or when to come again.
    pub(super) fn count(&self, user: &String) -> Result<(), Fault> {
        let Some((limit, sentences)) = &self.0 else { return Ok(()) };
        sentences.count(user).map_err(|wait| Fault::TooOften { limit: *limit, again: in_words(wait) })
    }
}

/// `20 s`, `12 minutes`; never too short.
fn in_words(wait: Duration) -> String {
    match wait.as_secs() + 1 {
        seconds @ ..=120 => format!("{seconds} s"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_do_not_use_up_each_others_sentences() {
        let allowance = Allowance::new(NonZeroU32::new(2));
        let (asha, ravi) = ("asha".to_owned(), "ravi".to_owned());
        assert!(allowance.count(&asha).is_ok() && allowance.count(&asha).is_ok());
        let told = allowance.count(&asha).unwrap_err().to_string();
        assert!(told.contains("2 sentences an hour") && told.ends_with("try again in 30 minutes"), "{told}");
        assert!(allowance.count(&ravi).is_ok());
        let unlimited = Allowance::new(None);
        assert!((0..10_000).all(|_| unlimited.count(&asha).is_ok()));
    }

    #[test]
    fn it_is_said_when_to_come_again_and_not_too_early() {
        for (millis, told) in
            [(0, "1 s"), (59_400, "60 s"), (119_999, "120 s"), (120_000, "3 minutes"), (1_799_900, "30 minutes")]
        {
            assert_eq!(in_words(Duration::from_millis(millis)), told, "{millis}");
        }
    }
}
