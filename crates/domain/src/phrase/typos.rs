//! The phrase that was meant where a word of it is misspelt: offered, never taken.

use std::{collections::BTreeSet, sync::LazyLock};

use strsim::osa_distance;

use super::{
    rules::literals,
    words::{Words, known_words},
};

/// Names of months, weekdays and units, which patterns have places for.
const NAMES: [&str; 33] = [
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "quarter",
    "quarters",
    "year",
    "years",
    "fiscalyear",
    "hours",
    "weekend",
    "yesterday",
    "tomorrow",
];

/// Longest word of which one slip is forgiven; longer ones may have two.
const SHORT_WORD: usize = 5;
/// Shorter words are too much like others.
const SHORTEST: usize = 3;

static VOCABULARY: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| literals().chain(known_words()).chain(NAMES).filter(|word| word.len() >= SHORTEST).collect());

/// The phrase with each word that is not known replaced by the one it is most like; none where nothing is like it, or every
/// word is known.
pub(super) fn corrected(words: &Words) -> Option<String> {
    let mut changed = false;
    let mut corrected: Vec<&str> = vec![];
    for word in words.as_slice() {
        let word = word.text();
        let is_word = word.chars().all(char::is_alphabetic) && word.chars().count() >= SHORTEST;
        let is_known = !is_word || VOCABULARY.contains(word) || word.parse::<chrono::Month>().is_ok();
        if is_known || word.parse::<chrono::Weekday>().is_ok() {
            corrected.push(word);
            continue;
        }
        let most = if word.chars().count() <= SHORT_WORD { 1 } else { 2 };
        let slips = |known: &str| osa_distance(word, known);
        // Of two that are equally like it, the one that begins alike: a slip is rarely at the beginning.
        let likeness = |known: &str| (slips(known), known.chars().next() != word.chars().next());
        let nearest =
            VOCABULARY.iter().copied().filter(|known| slips(known) <= most).min_by_key(|known| likeness(known))?;
        corrected.push(nearest);
        changed = true;
    }
    changed.then(|| corrected.join(" "))
}
