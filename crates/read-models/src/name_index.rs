//! Finds, among rows in memory, those that a text calls by their identifier or their exact name.

use std::collections::{BTreeSet, HashMap};

use orderlog_domain::text::{key, name_key};

use crate::{
    name_search::{Found, Matched, Named, prefer_as_typed},
    row_cache::CachedRows,
};

/// The keys of the rows of a read model that is whole in memory, by identifier and by name.
#[derive(Debug)]
pub struct NameIndex<R: Named> {
    /// Whether rows are entered: a build needs no index.
    serves: bool,
    by_identifier: HashMap<String, BTreeSet<R::Key>>,
    by_name: HashMap<String, BTreeSet<R::Key>>,
}

impl<R: Named> Default for NameIndex<R> {
    fn default() -> NameIndex<R> {
        NameIndex { serves: false, by_identifier: HashMap::new(), by_name: HashMap::new() }
    }
}

impl<R: Named> NameIndex<R> {
    /// The index of all rows, which is kept up to date from now on.
    #[must_use]
    pub fn of(rows: &CachedRows<R>) -> NameIndex<R> {
        let mut index = NameIndex { serves: true, ..NameIndex::default() };
        for row in rows.iter() {
            index.replace(None, Some(row));
        }
        index
    }

    /// Notes that `new` takes the place of `old`.
    pub fn replace(&mut self, old: Option<&R>, new: Option<&R>) {
        if !self.serves {
            return;
        }
        if let Some(old) = old {
            remove(&mut self.by_identifier, old.identifier_key(), &old.key());
            remove(&mut self.by_name, old.name_key(), &old.key());
        }
        if let Some(new) = new {
            add(&mut self.by_identifier, new.identifier_key(), new.key());
            add(&mut self.by_name, new.name_key(), new.key());
        }
    }

    /// What `text` calls by identifier or exact name, at most `limit`. `None` when it calls nothing so, or not all rows are in
    /// memory: then the table is to be searched.
    #[must_use]
    pub fn find(&self, rows: &CachedRows<R>, text: &str, limit: u32) -> Option<Found<R>> {
        if !self.serves || !rows.is_whole() {
            return None;
        }
        let items = |keys: &BTreeSet<R::Key>| -> Vec<R> {
            keys.iter().filter_map(|key| rows.get(key)).take(limit as usize).cloned().collect()
        };
        if let Some(keys) = self.by_identifier.get(&key(text)) {
            return Some(Found { how: Matched::Identifier, items: items(keys) });
        }
        let keys = self.by_name.get(&name_key(text))?;
        let mut items = items(keys);
        prefer_as_typed(&mut items, text);
        Some(Found { how: Matched::Name, items })
    }
}

fn add<K: Ord>(index: &mut HashMap<String, BTreeSet<K>>, text: Option<&str>, key: K) {
    if let Some(text) = text {
        index.entry(text.to_owned()).or_default().insert(key);
    }
}

fn remove<K: Ord>(index: &mut HashMap<String, BTreeSet<K>>, text: Option<&str>, key: &K) {
    if let Some(text) = text
        && let Some(keys) = index.get_mut(text)
    {
        keys.remove(key);
        if keys.is_empty() {
            index.remove(text);
        }
    }
}
