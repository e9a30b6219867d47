//! The keys of the rows that have a word.

use std::collections::BTreeSet;

/// The keys of the rows with one word; most words belong to one row.
#[derive(Debug)]
pub(super) enum Keys<K> {
    One(K),
    Many(BTreeSet<K>),
}

impl<K: Ord + Clone> Keys<K> {
    pub(super) fn add(&mut self, key: &K) {
        match self {
            Keys::One(one) if one == key => {}
            Keys::One(one) => *self = Keys::Many(BTreeSet::from([one.clone(), key.clone()])),
            Keys::Many(many) => _ = many.insert(key.clone()),
        }
    }
}

impl<K> Keys<K> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &K> {
        let (one, many) = match self {
            Keys::One(key) => (Some(key), None),
            Keys::Many(keys) => (None, Some(keys.iter())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Keys::One(_) => 1,
            Keys::Many(keys) => keys.len(),
        }
    }

    pub(super) fn has(&self, key: &K) -> bool
    where
        K: Ord,
    {
        match self {
            Keys::One(one) => one == key,
            Keys::Many(keys) => keys.contains(key),
        }
    }
}

/// Removes the key; true if none is left.
pub(super) fn remove_from<K: Ord>(keys: Option<&mut Keys<K>>, key: &K) -> bool {
    match keys {
        Some(Keys::One(one)) => one == key,
        Some(Keys::Many(many)) => {
            many.remove(key);
            many.is_empty()
        }
        None => false,
    }
}
