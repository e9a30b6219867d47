//! Makes forms act once even if they are sent several times, for acts that leave no trace in the log.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// Forms that are remembered. Older ones were answered long ago.
const FORMS: usize = 1_000;

/// The forms that acted on this node, by the id that each carries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Once(Arc<Mutex<VecDeque<String>>>);

impl Once {
    /// Whether the form comes for the first time; then it is remembered.
    pub(crate) fn is_first(&self, form: &str) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.iter().any(|known| known == form) {
            return false;
        }
        if seen.len() == FORMS {
            seen.pop_front();
        }
        seen.push_back(form.to_owned());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_acts_once_and_memory_has_an_end() {
        let once = Once::default();
        assert!(once.is_first("a") && !once.is_first("a") && !once.clone().is_first("a"));
        for other in 0..FORMS {
            assert!(once.is_first(&other.to_string()));
        }
        assert!(once.is_first("a"), "the oldest is forgotten");
        assert_eq!(once.0.lock().unwrap().len(), FORMS);
    }
}
