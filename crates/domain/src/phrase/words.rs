//! A phrase as words: case, punctuation and filler gone, synonyms made one.

use std::slice;

use chrono::{DateTime, Utc};

use super::spans::Unit;
use crate::text::is_invisible;

/// One part of a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word(String);

/// A phrase taken apart.
#[derive(Debug, Clone)]
pub(super) struct Words {
    words: Vec<Word>,
    /// Whether it began with "from", which is no part of the words: before a date it opens a range.
    from: bool,
}

/// Words that change nothing.
const FILLER: &[&str] = &["the", "from", "in", "on", "of", "for", "during", "between", "date", "dates"];

/// Endings of ordinal numbers, dropped after a number.
const ORDINALS: &[&str] = &["st", "nd", "rd", "th"];

/// Other ways to write a word. A phrase of two words is joined first.
const SYNONYMS: &[(&str, &str)] = &[
    ("fiscal year", "fiscalyear"),
    ("fiscal years", "fiscalyear"),
    ("financial year", "fiscalyear"),
    ("financial years", "fiscalyear"),
    ("to date", "todate"),
    ("so far", "todate"),
    ("up to", "until"),
    ("a few", "few"),
    ("several", "few"),
    ("a couple", "two"),
    ("couple", "two"),
    ("till", "until"),
    ("through", "to"),
    ("upto", "until"),
    ("thru", "to"),
    ("‐", "-"),
    ("‑", "-"),
    ("–", "-"),
    ("—", "-"),
    ("−", "-"),
    ("…", ".."),
    ("...", ".."),
    ("current", "this"),
    ("coming", "next"),
    ("prior", "previous"),
];

/// Numbers that people write out.
const NUMBERS: &[(&str, u32)] = &[
    ("a", 1),
    ("an", 1),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
];

/// Every word that is read as another, or as nothing.
pub(super) fn known_words() -> impl Iterator<Item = &'static str> {
    let synonyms = SYNONYMS.iter().flat_map(|(from, to)| from.split(' ').chain([*to]));
    let alphabetic = |word: &&str| word.chars().all(char::is_alphabetic);
    let numbers = NUMBERS.iter().map(|(word, _)| *word);
    FILLER.iter().copied().chain(synonyms).chain(numbers).filter(alphabetic)
}

/// What a character belongs to; a word ends where the kind changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Digits,
    Letters,
    Sign(char),
    Blank,
}

impl Words {
    /// Takes a phrase apart: `Nov 1st-15` is `nov`, `1`, `-`, `15`.
    pub(super) fn of(phrase: &str) -> Words {
        let mut words: Vec<String> = vec![];
        let mut last = Kind::Blank;
        let mut rest = without_quotes(phrase);
        while let Some(character) = rest.chars().next() {
            if last != Kind::Digits
                && let Some(instant) = leading_instant(rest)
            {
                words.push(instant.to_owned());
                rest = &rest[instant.len()..];
                last = Kind::Blank;
                continue;
            }
            rest = &rest[character.len_utf8()..];
            if last != Kind::Digits
                && is_apostrophe(character)
                && let Some(year) = leading_short_year(rest)
            {
                words.push(format!("20{year}"));
                rest = &rest[year.len()..];
                last = Kind::Blank;
                continue;
            }
            if is_invisible(character) {
                continue;
            }
            for character in character.to_lowercase() {
                let kind = kind(character);
                match words.last_mut() {
                    _ if kind == Kind::Blank => {}
                    Some(word) if kind == last => word.push(character),
                    _ => words.push(character.to_string()),
                }
                last = kind;
            }
        }
        let words = join_synonyms(without_marks(words));
        let from = words.first().is_some_and(|word| word == "from");
        Words { words: without_filler(words), from }
    }

    /// The words in order.
    pub(super) fn as_slice(&self) -> &[Word] {
        &self.words
    }

    /// The phrase with "since" for the "from" with which it began, if it did.
    pub(super) fn since(&self) -> Option<Vec<Word>> {
        let since = Word("since".to_owned());
        self.from.then(|| [since].into_iter().chain(self.words.iter().cloned()).collect())
    }
}

impl Word {
    /// The word as text.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// The word as a number written in digits, no longer than `digits`.
    pub(super) fn digits(&self, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
        let all_digits = self.0.bytes().all(|byte| byte.is_ascii_digit());
        if all_digits && digits.contains(&self.0.len()) { self.0.parse().ok() } else { None }
    }

    /// The word as an instant, written as answers write it: `2026-11-21T14:30:00+05:30`.
    pub(super) fn instant(&self) -> Option<DateTime<Utc>> {
        DateTime::parse_from_rfc3339(&self.0).ok().map(|at| at.to_utc())
    }

    /// The word as a count: digits, or written out.
    pub(super) fn count(&self) -> Option<u32> {
        const MAX_COUNT_DIGITS: usize = 5;
        let written = NUMBERS.iter().find(|(word, _)| *word == self.0);
        written.map(|(_, number)| *number).or_else(|| self.digits(1..=MAX_COUNT_DIGITS))
    }
}

/// The RFC 3339 instant a text begins with: it is one word, whatever it is made of.
fn leading_instant(text: &str) -> Option<&str> {
    const TO_THE_SECOND: usize = "2026-11-21T14:30:00".len();
    let after = text.get(TO_THE_SECOND..).filter(|_| text.is_char_boundary(TO_THE_SECOND))?;
    let fraction = match after.strip_prefix('.') {
        Some(digits) => 1 + digits.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    let offset = match after.as_bytes().get(fraction)? {
        b'Z' | b'z' => 1,
        b'+' | b'-' => "+05:30".len(),
        _ => return None,
    };
    let instant = text.get(..TO_THE_SECOND + fraction + offset)?;
    DateTime::parse_from_rfc3339(instant).is_ok().then_some(instant)
}

/// The two digits a text begins with, as they follow an apostrophe in `Nov '26`.
fn leading_short_year(text: &str) -> Option<&str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 2 { text.get(..digits) } else { None }
}

/// A phrase without quotes around it, which are no apostrophes.
fn without_quotes(phrase: &str) -> &str {
    let inner = phrase.trim().strip_prefix(is_apostrophe).and_then(|rest| rest.strip_suffix(is_apostrophe));
    inner.unwrap_or(phrase)
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '’' | '‘')
}

fn kind(character: char) -> Kind {
    match character {
        '0'..='9' => Kind::Digits,
        // Apostrophes, commas and underscores part words and mean nothing else.
        ',' | '_' => Kind::Blank,
        c if is_apostrophe(c) => Kind::Blank,
        c if c.is_whitespace() => Kind::Blank,
        c if c.is_alphabetic() => Kind::Letters,
        c => Kind::Sign(c),
    }
}

/// Drops what ends sentences and abbreviations: a full stop means something between the numbers of a date only.
fn without_marks(words: Vec<String>) -> Vec<String> {
    let is_number = |word: Option<&String>| word.is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let joins_numbers = |at: usize| is_number(words.get(at.wrapping_sub(1))) && is_number(words.get(at + 1));
    let is_mark = |at: usize, word: &str| matches!(word, "!" | "?") || (word == "." && !joins_numbers(at));
    words.iter().enumerate().filter(|(at, word)| !is_mark(*at, word)).map(|(_, word)| word.clone()).collect()
}

fn join_synonyms(words: Vec<String>) -> Vec<String> {
    let lookup = |text: &str| SYNONYMS.iter().find(|(from, _)| *from == text).map(|(_, to)| (*to).to_owned());
    let mut joined = vec![];
    let mut rest: slice::Iter<'_, String> = words.iter();
    while let Some(word) = rest.next() {
        let pair = rest.as_slice().first().and_then(|next| lookup(&format!("{word} {next}")));
        if pair.is_some() {
            rest.next();
        }
        joined.push(pair.or_else(|| lookup(word)).unwrap_or_else(|| word.clone()));
    }
    joined
}

fn without_filler(words: Vec<String>) -> Vec<Word> {
    let words: Vec<Word> = words.into_iter().map(Word).collect();
    let mut kept: Vec<Word> = vec![];
    // Without a month they alone tell "the 20th" from a number.
    let has_month = words.iter().any(|word| word.text().parse::<chrono::Month>().is_ok() || word.text() == "sept");
    for (at, word) in words.iter().enumerate() {
        let after_number = kept.last().is_some_and(|before| before.digits(1..=2).is_some());
        let is_ordinal = has_month && after_number && ORDINALS.contains(&word.text());
        // "15 Nov on" is "15 Nov onwards".
        let is_end = at > 0 && at + 1 == words.len() && word.text() == "on";
        let is_filler = FILLER.contains(&word.text()) && !is_end && !looks_ahead(&words[at..]);
        if !is_ordinal && !is_filler {
            kept.push(word.clone());
        }
    }
    kept
}

/// Whether the words begin with "in 3 days": there "in" says that the days lie ahead.
fn looks_ahead(words: &[Word]) -> bool {
    matches!(words, [first, count, unit, ..]
        if first.text() == "in" && count.count().is_some() && Unit::named(unit.text()).is_some())
}
