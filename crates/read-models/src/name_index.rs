//! Finds, among rows in memory, those that a text calls: by identifier, exact name, words, beginnings, or a spelling alike
//! (RULES.md, N1).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use orderlog_domain::text::{key, name_key};

mod keys;

use self::keys::{Keys, remove_from};
use crate::{
    name_words::{Wanted, has_digit, phone_key, slips, squashed, term, terms, wanted},
    named::{Found, Matched, Named, prefer_as_typed},
    row_cache::CachedRows,
};

/// Words that are looked at as continuing a beginning.
const CONTINUED_WORDS: usize = 500;
/// Most words that are compared with a word that may be misspelt.
const VOCABULARY_WORDS: usize = 20_000;
/// A word that is part of more rows does not help if not all words fit.
const COMMON_ROWS: usize = 20_000;
/// Rows among which those are looked for that have no other word.
const NARROWED_ROWS: usize = 1_000;

/// The rows of a read model that is completely in memory, by their names.
#[derive(Debug)]
pub struct NameIndex<R: Named> {
    /// Whether rows are entered: a build needs no index.
    serves: bool,
    by_identifier: HashMap<String, Keys<R::Key>>,
    by_name: HashMap<String, Keys<R::Key>>,
    by_phone: HashMap<String, Keys<R::Key>>,
    /// The words that a row is called by.
    called: Words<R::Key>,
    /// Words that only searches look for.
    besides: Words<R::Key>,
}

type Words<K> = BTreeMap<String, Keys<K>>;

/// The rows that have one of the words looked for.
type Having<'a, K> = Vec<&'a Keys<K>>;

impl<R: Named> Default for NameIndex<R> {
    fn default() -> NameIndex<R> {
        NameIndex {
            serves: false,
            by_identifier: HashMap::new(),
            by_name: HashMap::new(),
            by_phone: HashMap::new(),
            called: Words::new(),
            besides: Words::new(),
        }
    }
}

impl<R: Named> NameIndex<R> {
    /// The index of all rows, which is kept up to date from now on.
    #[must_use]
    pub fn of(rows: &CachedRows<R>) -> NameIndex<R> {
        NameIndex::among(rows.iter())
    }

    /// The index of some rows.
    pub(crate) fn among<'a>(rows: impl Iterator<Item = &'a R>) -> NameIndex<R> {
        let mut index = NameIndex { serves: true, ..NameIndex::default() };
        rows.for_each(|row| index.replace(None, Some(row)));
        index
    }

    /// Replaces the row `old` by `new`.
    pub fn replace(&mut self, old: Option<&R>, new: Option<&R>) {
        if !self.serves {
            return;
        }
        if let Some(row) = old {
            self.each(row, |map, word, key| match map {
                Map::Hash(map) => remove_from(map.get_mut(&word), &key).then(|| map.remove(&word)).map_or((), drop),
                Map::Tree(map) => remove_from(map.get_mut(&word), &key).then(|| map.remove(&word)).map_or((), drop),
            });
        }
        if let Some(row) = new {
            self.each(row, |map, word, key| match map {
                Map::Hash(map) => _ = map.entry(word).and_modify(|keys| keys.add(&key)).or_insert(Keys::One(key)),
                Map::Tree(map) => _ = map.entry(word).and_modify(|keys| keys.add(&key)).or_insert(Keys::One(key)),
            });
        }
    }

    /// Every entry of a row.
    fn each(&mut self, row: &R, mut enter: impl FnMut(Map<'_, R::Key>, String, R::Key)) {
        let key = row.key();
        if let Some(identifier) = row.identifier_key() {
            enter(Map::Hash(&mut self.by_identifier), identifier.to_owned(), key.clone());
        }
        if let Some(phone) = row.phone().and_then(phone_key) {
            enter(Map::Hash(&mut self.by_phone), phone, key.clone());
        }
        for word in row.besides().iter().flat_map(|text| terms(&name_key(text), R::PLURALS)).collect::<BTreeSet<_>>() {
            enter(Map::Tree(&mut self.besides), word, key.clone());
        }
        let Some(name) = row.name_key() else { return };
        enter(Map::Hash(&mut self.by_name), name.to_owned(), key.clone());
        for word in called_by(row) {
            enter(Map::Tree(&mut self.called), word, key.clone());
        }
    }

    /// The rows that `text` names, at most `limit`. `None` if not all rows are in memory: then search the table.
    #[must_use]
    pub fn find(&self, rows: &CachedRows<R>, text: &str, limit: u32) -> Option<Found<R>> {
        self.holds_all(rows).then(|| self.called(&|key| rows.get(key), text, limit))
    }

    /// The rows that `text` names by identifier only, under the same condition.
    #[must_use]
    pub fn identified(&self, rows: &CachedRows<R>, text: &str) -> Vec<R> {
        let keys = self.by_identifier.get(&key(text)).filter(|_| self.holds_all(rows));
        keys.into_iter().flat_map(Keys::iter).filter_map(|key| rows.get(key)).cloned().collect()
    }

    /// Every row that a search for `text` finds, by name: with all its words, each also as a beginning, in what it is called
    /// by, and then those that have some of them in what is known besides; else what [`NameIndex::find`] finds. `None` as there.
    #[must_use]
    pub fn search(&self, rows: &CachedRows<R>, text: &str) -> Option<Found<R>> {
        if !self.holds_all(rows) {
            return None;
        }
        let get = |key: &R::Key| rows.get(key);
        let mut keys: BTreeSet<R::Key> =
            self.by_identifier.get(&key(text)).into_iter().flat_map(Keys::iter).cloned().collect();
        keys.extend(self.with_phone(text));
        let words = wanted(text, R::PLURALS, |word| self.called.contains_key(word) || self.besides.contains_key(word));
        let having = |word: &Wanted| {
            let both = [&self.called, &self.besides];
            both.into_iter()
                .flat_map(|words| exactly(words, word).into_iter().chain(beginning(words, &word.term)))
                .collect()
        };
        keys.extend(all(&words, having));
        if keys.is_empty() {
            keys.extend(rows.iter().filter(has_part(text)).map(|row| row.key()));
        }
        if keys.is_empty() {
            return Some(self.called(&get, text, u32::MAX));
        }
        let by_name = |word: &Wanted| {
            exactly(&self.called, word).into_iter().chain(beginning(&self.called, &word.term)).collect()
        };
        let named = all(&words, by_name);
        let (named, others): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| named.contains(key));
        let (mut first, then) =
            (found(Matched::Words, named, &get, u32::MAX), found(Matched::Words, others, &get, u32::MAX));
        first.total += then.total;
        first.items.extend(then.items);
        Some(Found { how: Matched::Words, ..first })
    }

    fn holds_all(&self, rows: &CachedRows<R>) -> bool {
        self.serves && rows.is_whole()
    }

    fn with_phone(&self, text: &str) -> impl Iterator<Item = R::Key> {
        let keys = phone_key(text).and_then(|phone| self.by_phone.get(&phone));
        keys.into_iter().flat_map(Keys::iter).cloned()
    }

    /// The rows that `text` names, by the surest way that finds any.
    pub(crate) fn called<'a>(&self, get: &impl Fn(&R::Key) -> Option<&'a R>, text: &str, limit: u32) -> Found<R>
    where
        R: 'a,
    {
        if let Some(keys) = self.by_identifier.get(&key(text)) {
            return found(Matched::Identifier, keys.iter().cloned(), get, limit);
        }
        let phones: Vec<R::Key> = self.with_phone(text).collect();
        if !phones.is_empty() {
            return found(Matched::Identifier, phones, get, limit);
        }
        if let Some(keys) = self.by_name.get(&name_key(text)) {
            let mut found = found(Matched::Name, keys.iter().cloned(), get, u32::MAX);
            prefer_as_typed(&mut found.items, text);
            found.total = found.items.len();
            found.items.truncate(limit as usize);
            return found;
        }
        let words = wanted(text, R::PLURALS, |word| self.called.contains_key(word));
        if words.is_empty() {
            return Found::nothing();
        }
        let by_words = all(&words, |word| exactly(&self.called, word));
        if !by_words.is_empty() {
            return found(Matched::Words, no_other_words(by_words, text, get), get, limit);
        }
        let begun = all(&words, |word| {
            exactly(&self.called, word).into_iter().chain(beginning(&self.called, &word.term)).collect()
        });
        if !begun.is_empty() {
            return found(Matched::Prefix, begun, get, limit);
        }
        let (share, with_most) = self.most(&words);
        // Another number is another thing.
        let numbers: Vec<Having<'_, R::Key>> =
            words.iter().filter(|word| has_digit(&word.term)).map(|word| exactly(&self.called, word)).collect();
        let has_numbers = |key: &R::Key| numbers.iter().all(|having| having.iter().any(|keys| keys.has(key)));
        if share * 2 > words.len() && with_most.iter().any(has_numbers) {
            return found(Matched::Most, with_most.into_iter().filter(has_numbers), get, limit);
        }
        let alike = self.alike(&words);
        if !alike.is_empty() {
            return found(Matched::Alike, alike, get, limit);
        }
        let how = if with_most.is_empty() { Matched::Nothing } else { Matched::Few };
        found(how, with_most, get, limit)
    }

    /// How many of the words a row has at most, and the rows that have so many.
    fn most(&self, words: &[Wanted]) -> (usize, Vec<R::Key>) {
        let mut counts: HashMap<&R::Key, usize> = HashMap::new();
        for word in words {
            let having = exactly(&self.called, word);
            if size(&having) <= COMMON_ROWS {
                let keys: HashSet<&R::Key> = having.into_iter().flat_map(Keys::iter).collect();
                keys.into_iter().for_each(|key| *counts.entry(key).or_default() += 1);
            }
        }
        let most = counts.values().copied().max().unwrap_or(0);
        (most, counts.into_iter().filter(|(_, count)| *count == most).map(|(key, _)| key.clone()).collect())
    }

    /// The rows that have every word or a similarly spelt one, with the fewest misspellings.
    fn alike(&self, words: &[Wanted]) -> Vec<R::Key> {
        let mut slipped: Option<HashMap<R::Key, usize>> = None;
        for word in words {
            let mut here: HashMap<R::Key, usize> = HashMap::new();
            let mut note = |keys: &Keys<R::Key>, slips: usize| {
                for key in keys.iter().filter(|key| slipped.as_ref().is_none_or(|slipped| slipped.contains_key(*key))) {
                    let before = slipped.as_ref().and_then(|slipped| slipped.get(key)).copied().unwrap_or(0);
                    let sum = here.entry(key.clone()).or_insert(usize::MAX);
                    *sum = (*sum).min(before + slips);
                }
            };
            exactly(&self.called, word).into_iter().for_each(|keys| note(keys, 0));
            for (other, keys) in self.vocabulary(&word.term) {
                if let Some(slips) = slips(&word.term, other) {
                    note(keys, slips);
                }
            }
            slipped = Some(here);
        }
        let slipped = slipped.unwrap_or_default();
        let fewest = slipped.values().copied().min();
        slipped.into_iter().filter(|(_, slips)| Some(*slips) == fewest).map(|(key, _)| key).collect()
    }

    /// The words that a misspelt word may mean: all words, or if there are too many, those with the same first letter.
    fn vocabulary<'a>(&'a self, word: &str) -> impl Iterator<Item = (&'a String, &'a Keys<R::Key>)> {
        let first = word.chars().next().filter(|_| self.called.len() > VOCABULARY_WORDS).map(String::from);
        let from = self.called.range(first.clone().unwrap_or_default()..);
        from.take_while(move |(word, _)| first.as_ref().is_none_or(|first| word.starts_with(first.as_str())))
            .take(VOCABULARY_WORDS)
    }
}

/// Whether the text is part of a row's name, identifier or phone number.
fn has_part<R: Named>(text: &str) -> impl Fn(&&R) -> bool {
    /// Fewest digits that are searched for in a number.
    const DIGITS: usize = 4;
    let part = name_key(text);
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = Some(digits).filter(|text| text.len() >= DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()));
    move |row| {
        let Some(name) = row.name_key().filter(|_| !part.is_empty()) else { return false };
        name.contains(&part)
            || row.identifier_key().is_some_and(|identifier| name_key(identifier).contains(&part))
            || digits.as_ref().is_some_and(|part| {
                let phone = row.phone().unwrap_or_default();
                phone.chars().filter(char::is_ascii_digit).collect::<String>().contains(part)
            })
    }
}

/// An index of one kind or the other.
enum Map<'a, K> {
    Hash(&'a mut HashMap<String, Keys<K>>),
    Tree(&'a mut Words<K>),
}

/// The words that name a row: those of its name and, if people say it, of its identifier.
fn called_by<R: Named>(row: &R) -> BTreeSet<String> {
    let identifier = row.identifier_key().filter(|_| R::IDENTIFIER_IS_SAID).map(name_key);
    let texts = row.name_key().map(str::to_owned).into_iter().chain(identifier);
    texts.flat_map(|text| terms(&text, R::PLURALS)).collect()
}

/// The rows that have the word, alone or joined with a neighbour in the text.
fn exactly<'a, K>(words: &'a Words<K>, wanted: &Wanted) -> Having<'a, K> {
    std::iter::once(&wanted.term).chain(&wanted.joined).filter_map(|term| words.get(term)).collect()
}

/// The rows that have a word which begins so.
fn beginning<'a, K>(words: &'a Words<K>, begin: &str) -> Having<'a, K> {
    let from = words.range(begin.to_owned()..);
    from.take_while(|(word, _)| word.starts_with(begin)).take(CONTINUED_WORDS).map(|(_, keys)| keys).collect()
}

/// The rows that have every word.
fn all<'a, K: Ord + Clone + 'a>(words: &[Wanted], having: impl Fn(&Wanted) -> Having<'a, K>) -> BTreeSet<K> {
    let mut each: Vec<Having<'a, K>> = words.iter().map(having).collect();
    // The rarest word leaves the fewest rows to look at.
    each.sort_by_key(|having| size(having));
    let Some((rarest, others)) = each.split_first() else { return BTreeSet::new() };
    let in_others = |key: &&K| others.iter().all(|having| having.iter().any(|keys| keys.has(key)));
    rarest.iter().flat_map(|keys| keys.iter()).filter(in_others).cloned().collect()
}

fn size<K>(having: &[&Keys<K>]) -> usize {
    having.iter().map(|keys| keys.len()).sum()
}

/// Of the rows that have all words of a text, those that have no other words, in any order and with or without blanks
/// between them; all rows if there is no such row.
fn no_other_words<'a, R: Named + 'a>(
    keys: BTreeSet<R::Key>,
    text: &str,
    get: &impl Fn(&R::Key) -> Option<&'a R>,
) -> BTreeSet<R::Key> {
    if keys.len() < 2 || keys.len() > NARROWED_ROWS {
        return keys;
    }
    let sorted = |key: &str| {
        let mut words: Vec<String> = key.split(' ').map(|word| term(word, false)).collect();
        words.sort_unstable();
        words
    };
    let typed = name_key(text);
    let (words, together) = (sorted(&typed), squashed(&typed));
    let same = |key: &&R::Key| {
        get(key).is_some_and(|row| {
            let by_name = row.name_key().is_some_and(|name| sorted(name) == words || squashed(name) == together);
            by_name
                || R::IDENTIFIER_IS_SAID && row.identifier_key().is_some_and(|id| squashed(&name_key(id)) == together)
        })
    };
    let narrowed: BTreeSet<R::Key> = keys.iter().filter(same).cloned().collect();
    if narrowed.is_empty() { keys } else { narrowed }
}

/// The rows of these keys, by name.
fn found<'a, R: Named + 'a>(
    how: Matched,
    keys: impl IntoIterator<Item = R::Key>,
    get: &impl Fn(&R::Key) -> Option<&'a R>,
    limit: u32,
) -> Found<R> {
    let mut rows: Vec<&R> = keys.into_iter().filter_map(|key| get(&key)).collect();
    rows.sort_by(|a, b| (a.name_key(), a.key()).cmp(&(b.name_key(), b.key())));
    rows.dedup_by_key(|row| row.key());
    let total = rows.len();
    Found { how, items: rows.into_iter().take(limit as usize).cloned().collect(), total }
}
