//! The words of a name in comparable form: without plurals and blanks between words; and how much two words differ.

pub(crate) use orderlog_domain::text::stem as term;
use orderlog_domain::text::{FILLERS, name_key};

/// Most words of a text that are looked for; more words do not help.
const WORDS: usize = 8;
/// From so many characters on, two letters may differ; from as many as the next constant, one letter.
const TWO_MAY_DIFFER: usize = 7;
const ONE_MAY_DIFFER: usize = 3;
/// Words up to this length must at least begin alike.
const SHORT: usize = 4;

/// A word of a text that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The word in comparable form.
    pub(crate) term: String,
    /// The word joined with the word before it and with the word after it: `tea pot` finds `Teapot`.
    pub(crate) joined: Vec<String>,
}

/// The words of `text`, but for fillers that are not `known`.
pub(crate) fn wanted(text: &str, plurals: bool, known: impl Fn(&str) -> bool) -> Vec<Wanted> {
    let key = name_key(text);
    let mut words: Vec<&str> = key.split(' ').filter(|word| !word.is_empty()).take(WORDS).collect();
    if words.iter().any(|word| !FILLERS.contains(word)) {
        words.retain(|word| !FILLERS.contains(word) || known(&term(word, plurals)));
    }
    // A word that occurs twice counts once.
    let before = words.clone();
    let mut nth = 0..;
    words.retain(|word| nth.next().is_none_or(|nth| !before[..nth].contains(word)));
    let joined = |first: usize| -> Option<String> {
        let pair = words.get(first..first + 2)?;
        Some(term(&pair.concat(), plurals))
    };
    let one = |nth: usize| Wanted {
        term: term(words[nth], plurals),
        joined: nth.checked_sub(1).and_then(joined).into_iter().chain(joined(nth)).collect(),
    };
    (0..words.len()).map(one).collect()
}

/// Every form in which one word, or words typed without blanks, can name this name. `key` is a [`name_key`].
pub(crate) fn terms(key: &str, plurals: bool) -> Vec<String> {
    let words: Vec<&str> = key.split(' ').filter(|word| !word.is_empty()).collect();
    let mut terms: Vec<String> = words.iter().map(|word| term(word, plurals)).collect();
    terms.extend(words.windows(2).map(|pair| term(&pair.concat(), plurals)));
    if words.len() > 2 {
        terms.push(term(&words.concat(), plurals));
    }
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// The letters and digits of a text without anything between them.
pub(crate) fn squashed(key: &str) -> String {
    key.replace(' ', "")
}

/// Whether a word contains a digit.
pub(crate) fn has_digit(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}

/// The number of letters by which two words differ, if it is small enough for a misspelling. Digits must be equal:
/// another number is another thing.
pub(crate) fn slips(wanted: &str, word: &str) -> Option<usize> {
    let (length, other) = (wanted.chars().count(), word.chars().count());
    let most = match length {
        TWO_MAY_DIFFER.. => 2,
        ONE_MAY_DIFFER.. => 1,
        _ => 0,
    };
    if length.abs_diff(other) > most || (length <= SHORT && wanted.chars().next() != word.chars().next()) {
        return None;
    }
    let digits = |word: &str| word.bytes().filter(u8::is_ascii_digit).collect::<Vec<_>>();
    if digits(wanted) != digits(word) {
        return None;
    }
    Some(strsim::osa_distance(wanted, word)).filter(|slips| *slips <= most)
}

/// The digits of a telephone number from its end, so that `+91 98450 12345` and `098450-12345` are equal; `None` if the
/// text is not a number.
pub(crate) fn phone_key(text: &str) -> Option<String> {
    /// Digits of a short number, and of which the last are compared.
    const FEWEST: usize = 6;
    const COMPARED: usize = 9;
    let between = |c: char| c.is_whitespace() || matches!(c, '+' | '-' | '(' | ')' | '.' | '/');
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_number = digits.len() >= FEWEST && text.chars().all(|c| c.is_ascii_digit() || between(c));
    is_number.then(|| digits[digits.len().saturating_sub(COMPARED)..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_come_to_the_same() {
        for (one, many) in [
            ("mug", "mugs"),
            ("box", "boxes"),
            ("dish", "dishes"),
            ("glass", "glasses"),
            ("shoe", "shoes"),
            ("potato", "potatoes"),
            ("berry", "berries"),
            ("knife", "knives"),
            ("plate", "plates"),
            ("tea", "teas"),
        ] {
            assert_eq!(term(one, true), term(many, true), "{one}");
        }
        for (one, other) in [("glass", "glas"), ("mug", "rug"), ("bus", "bu"), ("raos", "rao")] {
            assert_ne!(term(one, false), term(other, false), "{one}");
        }
        assert_eq!(term("gas", true), "gas", "short words are what they are");
        assert_eq!(term("jones", false), "jones", "names of people have no plural");
    }

    #[test]
    fn fillers_are_left_out_unless_a_name_has_them() {
        let of = |text, known: bool| wanted(text, true, |_| known).into_iter().map(|w| w.term).collect::<Vec<_>>();
        assert_eq!(of("the blue mug", false), ["blu", "mug"]);
        assert_eq!(of("Vitamin A", true), ["vitamin", "a"]);
        assert_eq!(of("the", false), ["the"]);
    }

    #[test]
    fn few_letters_may_slip_in_short_words() {
        for (typed, word, found) in [
            ("zoey", "zoe", Some(1)),
            ("ahsa", "asha", Some(1)),
            ("prodcut", "product", Some(1)),
            ("pea", "tea", None),
            ("blue", "tea", None),
            ("mg", "mug", None),
            ("numbre7", "number7", Some(1)),
            ("iphone14", "iphone15", None),
            ("sneekres", "sneakers", Some(2)),
        ] {
            assert_eq!(slips(typed, word), found, "{typed}");
        }
    }

    #[test]
    fn a_phone_number_is_its_last_digits() {
        assert_eq!(phone_key("+91 98450 12345"), phone_key("098450-12345"));
        assert_ne!(phone_key("+91 98450 12345"), phone_key("98450 12346"));
        for no_number in ["1001", "#123456", "12 Lake Road 560001", ""] {
            assert_eq!(phone_key(no_number), None, "{no_number}");
        }
    }
}
