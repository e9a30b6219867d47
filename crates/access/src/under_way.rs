//! Limits on requests that run at once: for each principal, and for all together. A limit on calls per second is not
//! enough if answers take long.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::refused::Refused;

/// Most requests of one key or user that run at once.
const AT_ONCE_OF_ONE: usize = 128;
/// Most requests of all principals together that run at once.
const AT_ONCE_IN_ALL: usize = 1_024;

/// The requests under way of everybody who has a key or signed in.
#[derive(Debug, Clone, Default)]
pub struct UnderWay(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    of: HashMap<String, usize>,
    in_all: usize,
}

/// One request under way, until it is dropped.
#[derive(Debug)]
pub struct Place {
    all: UnderWay,
    user: String,
}

impl UnderWay {
    /// Counts one more request of this user.
    ///
    /// # Errors
    /// When the limit is reached.
    pub fn enter(&self, user: &str) -> Result<Place, Refused> {
        let mut counts = self.counts();
        let of_user = counts.of.get(user).copied().unwrap_or_default();
        if of_user >= AT_ONCE_OF_ONE {
            return Err(Refused::TooManyAtOnce { limit: AT_ONCE_OF_ONE, in_all: false });
        }
        if counts.in_all >= AT_ONCE_IN_ALL {
            return Err(Refused::TooManyAtOnce { limit: AT_ONCE_IN_ALL, in_all: true });
        }
        counts.of.insert(user.to_owned(), of_user + 1);
        counts.in_all += 1;
        Ok(Place { all: self.clone(), user: user.to_owned() })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.all.counts();
        counts.in_all -= 1;
        if let Some(of_user) = counts.of.get_mut(&self.user) {
            *of_user -= 1;
            if *of_user == 0 {
                counts.of.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_leaves_room_for_others_and_all_together_end_somewhere() {
        let all = UnderWay::default();
        let mut held: Vec<Place> = (0..AT_ONCE_OF_ONE).map(|_| all.enter("asha").unwrap()).collect();
        let refused = Refused::TooManyAtOnce { limit: AT_ONCE_OF_ONE, in_all: false };
        assert_eq!(all.enter("asha").unwrap_err(), refused);
        held.extend((AT_ONCE_OF_ONE..AT_ONCE_IN_ALL).map(|nth| all.enter(&format!("user {nth}")).unwrap()));
        let refused = Refused::TooManyAtOnce { limit: AT_ONCE_IN_ALL, in_all: true };
        assert_eq!(all.enter("ravi").unwrap_err(), refused);
        held.remove(0);
        held.push(all.enter("asha").unwrap());
        drop(held);
        assert!(all.counts().of.is_empty() && all.counts().in_all == 0, "whoever is done is forgotten");
    }
}
