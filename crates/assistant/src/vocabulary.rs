//! The closed vocabulary of requests, and how a misspelt word is matched to one of its words. Names are never changed.

use std::{collections::HashSet, sync::LazyLock};

use strsim::osa_distance;

/// Shortest word whose spelling is mended, in characters.
const SHORTEST: usize = 4;
/// From this length on, two letters may be wrong.
const LONG: usize = 9;

/// Words that change nothing, wherever they stand.
const POLITE: &str = "please kindly plz pls thanks thank thx hi hello hey dear just quickly ok okay also actually";

/// Words of the grammar. A test compares them with the grammar itself.
const GRAMMAR: &str = include_str!("vocabulary/grammar.txt");

/// Words that mean something, but nothing that is understood: they are not taken for misspelt words of the grammar.
const OTHERS: &str = include_str!("vocabulary/others.txt");

/// Words of date phrases, which the domain reads.
const DATES: &str = "today yesterday tomorrow week weeks month months quarter quarters year years day days hour hours weekend monday \
    tuesday wednesday thursday friday saturday sunday january february march april june july august september october november \
    december since before after between until through last next this past previous ago current recently lately fiscal date";

static KNOWN: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| [POLITE, GRAMMAR, OTHERS, DATES].into_iter().flat_map(str::split_whitespace).collect());

/// Words that a misspelt one may have been meant as.
static MEANT: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let words = [GRAMMAR, DATES].into_iter().flat_map(str::split_whitespace);
    words.filter(|word| word.chars().count() >= SHORTEST && word.chars().all(char::is_alphabetic)).collect()
});

/// Whether a word is said out of politeness alone.
pub(crate) fn is_polite(word: &str) -> bool {
    POLITE.split_whitespace().any(|polite| polite == word)
}

/// Whether the grammar, or a date, has the word.
pub(crate) fn is_listened_for(word: &str) -> bool {
    [GRAMMAR, DATES].iter().any(|words| words.split_whitespace().any(|listed| listed == word))
}

/// Whether the vocabulary has the word.
pub(crate) fn is_known(word: &str) -> bool {
    KNOWN.contains(word)
}

/// A word in small letters, spelt as the vocabulary has it, and whether it was typed so.
pub(crate) fn spelt(raw: &str) -> (String, bool) {
    let word = raw.to_lowercase().replace('’', "'");
    if KNOWN.contains(word.as_str()) {
        return (word, true);
    }
    match nearest(&word) {
        Some(meant) => (meant.to_owned(), false),
        None => (word, false),
    }
}

/// The one word that is near enough, and begins alike: "undelivered" is not "delivered".
fn nearest(word: &str) -> Option<&'static str> {
    let length = word.chars().count();
    if length < SHORTEST || !word.chars().all(char::is_alphabetic) {
        return None;
    }
    let wrong = if length >= LONG { 2 } else { 1 };
    let near = |meant: &&&str| meant.chars().next() == word.chars().next();
    let mut best: Option<(usize, &'static str)> = None;
    let mut tied = false;
    for meant in MEANT.iter().filter(near) {
        let distance = osa_distance(word, meant);
        if distance > wrong {
            continue;
        }
        match best {
            Some((least, _)) if distance > least => {}
            Some((least, found)) if distance == least => tied |= found != *meant,
            _ => (best, tied) = (Some((distance, *meant)), false),
        }
    }
    best.filter(|_| !tied).map(|(_, meant)| meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word that the grammar listens for, from its own source.
    fn words_of_the_grammar() -> HashSet<String> {
        let sources = [
            include_str!("grammar.rs"),
            include_str!("requests/asked.rs"),
            include_str!("requests/changed.rs"),
            include_str!("requests/fragments.rs"),
            include_str!("requests/kept.rs"),
            include_str!("requests/money.rs"),
            include_str!("requests/noted.rs"),
            include_str!("requests/notified.rs"),
            include_str!("requests/orders.rs"),
            include_str!("requests/pieces.rs"),
            include_str!("requests/placed.rs"),
            include_str!("requests/sales.rs"),
            include_str!("requests/stock.rs"),
        ];
        let mut words = HashSet::new();
        for source in sources {
            let source = source.replace("\\\n", " ");
            let literals = source.split('"').skip(1).step_by(2);
            for literal in
                literals.filter(|literal| literal.contains('|') || literal.bytes().all(|b| b.is_ascii_lowercase()))
            {
                words.extend(
                    literal.split(['|', ' ']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned),
                );
            }
        }
        words
    }

    #[test]
    fn the_vocabulary_is_that_of_the_grammar() {
        let listed: HashSet<&str> = GRAMMAR.split_whitespace().collect();
        let is_word = |word: &&String| word.chars().all(|c| c.is_alphabetic() || c == '\'') && word.as_str() != "'s";
        let words = words_of_the_grammar();
        assert!(words.len() > 300, "only {} were found", words.len());
        let mut missing: Vec<_> =
            words.iter().filter(is_word).filter(|word| !is_known(word) && !listed.contains(word.as_str())).collect();
        missing.sort_unstable();
        assert!(missing.is_empty(), "grammar.txt lacks {missing:?}");
    }

    #[test]
    fn misspelt_words_find_back_and_no_word_turns_into_another() {
        for (typed, meant) in [
            ("shiped", "shipped"),
            ("ordres", "orders"),
            ("cancle", "cancel"),
            ("yesterdya", "yesterday"),
            ("revenu", "revenue"),
            ("pnding", "pending"),
            ("delievered", "delivered"),
            ("forcast", "forecast"),
            ("invnetory", "inventory"),
        ] {
            assert_eq!(spelt(typed), (meant.to_owned(), false), "{typed}");
        }
        for word in ["undelivered", "unshipped", "reserved", "asha", "mug", "sku-a", "shop", "reship"] {
            assert_eq!(spelt(word).0, word);
        }
    }
}
