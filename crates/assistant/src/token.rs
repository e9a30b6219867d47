//! A sentence as tokens: words with what the closed vocabulary makes of them, marks, and names in quotes.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use orderlog_domain::{
    calendar::BusinessCalendar,
    phrase::{self, Direction, MAX_PHRASE_CHARS},
    rejection::Code,
};

use crate::{turn::Turn, vocabulary};

/// Words that a date phrase may have.
const DATE_WORDS: usize = 10;
/// Words at which no date phrase ends.
const LEADS_ON: [&str; 10] = ["the", "from", "in", "on", "of", "for", "during", "between", "date", "dates"];
/// Marks that part what they stand behind from what comes after.
const MARKS: [char; 6] = [',', ';', ':', '.', '?', '!'];

/// What dates are read against.
#[derive(Debug, Clone)]
pub struct Today {
    /// The present.
    pub now: DateTime<Utc>,
    /// The shop's calendar.
    pub calendar: BusinessCalendar,
}

/// A word, a mark, or what stood in quotes.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// As typed.
    pub(crate) raw: String,
    /// As the grammar compares it: in small letters, spelt right.
    pub(crate) word: String,
    /// Whether it stood in quotes: then it is a name and nothing else.
    pub(crate) quoted: bool,
    /// Whether it is a word of the vocabulary, as typed.
    pub(crate) known: bool,
    /// Whether a blank stands before it.
    pub(crate) spaced: bool,
    /// All that was typed, and where in it this one ends.
    pub(crate) sentence: Arc<str>,
    pub(crate) end: usize,
    /// The date phrases that begin here, shortest first.
    pub(crate) dates: Vec<DatePhrase>,
    /// What "it" and the like stand for.
    pub(crate) turn: Turn,
}

/// Words that the domain reads as a date or a range of dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatePhrase {
    /// How many tokens it takes.
    pub(crate) tokens: usize,
    /// As the tools are given it.
    pub(crate) text: String,
    /// Whether it is one business day.
    pub(crate) one_day: bool,
}

impl Token {
    pub(crate) fn is(&self, word: &str) -> bool {
        !self.quoted && self.word == word
    }

    /// What was typed behind it, letter by letter.
    pub(crate) fn behind(&self) -> &str {
        &self.sentence[self.end..]
    }

    /// Whether it is made of digits alone.
    pub(crate) fn is_number(&self) -> bool {
        !self.quoted && !self.word.is_empty() && self.word.bytes().all(|byte| byte.is_ascii_digit())
    }
}

/// Takes a sentence apart. Words of politeness are left out.
pub(crate) fn tokens(sentence: &str, today: &Today) -> Vec<Token> {
    let mut tokens = vec![];
    let all: Arc<str> = sentence.into();
    let mut rest = sentence;
    let mut spaced = true;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
            spaced = true;
            continue;
        }
        if let Some(close) = closing(first)
            && let Some(end) = rest[first.len_utf8()..].find(close)
        {
            let inner = &rest[first.len_utf8()..first.len_utf8() + end];
            rest = &rest[first.len_utf8() + end + close.len_utf8()..];
            let end = sentence.len() - rest.len();
            tokens.push(Token { quoted: true, ..token(inner, inner.to_owned(), false, spaced, (&all, end)) });
            spaced = false;
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || closing(c).is_some()).unwrap_or(rest.len());
        let end = if end == 0 { first.len_utf8() } else { end };
        chunk(&rest[..end], spaced, (&all, sentence.len() - rest.len()), &mut tokens);
        rest = &rest[end..];
        spaced = false;
    }
    tokens.retain(|token| token.quoted || !vocabulary::is_polite(&token.word));
    for at in 0..tokens.len() {
        tokens[at].dates = dates(&tokens[at..], today);
    }
    tokens
}

fn closing(open: char) -> Option<char> {
    match open {
        '"' => Some('"'),
        '“' | '„' => Some('”'),
        _ => None,
    }
}

fn token(raw: &str, word: String, known: bool, spaced: bool, (sentence, end): (&Arc<str>, usize)) -> Token {
    let sentence = Arc::clone(sentence);
    Token {
        raw: raw.to_owned(),
        word,
        quoted: false,
        known,
        spaced,
        sentence,
        end,
        dates: vec![],
        turn: Turn::default(),
    }
}

/// What stands between two blanks, from `start` on: marks at its ends, and 's, are tokens of their own.
fn chunk(chunk: &str, spaced: bool, (sentence, start): (&Arc<str>, usize), tokens: &mut Vec<Token>) {
    let inner = chunk.trim_start_matches(['(', '[', '¿', '¡']);
    let start = start + chunk.len() - inner.len();
    let whole = inner.trim_end_matches([',', ';', ':', '.', '?', '!', ')', ']']);
    let marks = &inner[whole.len()..];
    let (word, possessive) = ["'s", "’s", "'S", "’S"]
        .iter()
        .find_map(|ending| Some((whole.strip_suffix(ending)?, true)))
        .unwrap_or((whole, false));
    let at = (sentence, start + word.len());
    let word = word.strip_suffix(['\'', '’']).unwrap_or(word);
    let whole_end = start + whole.len();
    if !word.is_empty() {
        let (spelt, known) = vocabulary::spelt(word);
        tokens.push(token(word, spelt, known, spaced, at));
    }
    if possessive {
        tokens.push(token("'s", "'s".to_owned(), true, false, (sentence, whole_end)));
    }
    for (offset, mark) in marks.char_indices().filter(|(_, mark)| MARKS.contains(mark)) {
        let end = whole_end + offset + mark.len_utf8();
        tokens.push(token(&mark.to_string(), mark.to_string(), true, false, (sentence, end)));
    }
}

/// The phrases at the beginning of `tokens` that the domain reads as dates.
fn dates(tokens: &[Token], today: &Today) -> Vec<DatePhrase> {
    let mut found = vec![];
    let mut text = String::new();
    for (at, token) in tokens.iter().take(DATE_WORDS).enumerate() {
        if token.quoted || matches!(token.word.as_str(), "," | ";" | ":" | "?" | "!" | ".") {
            break;
        }
        if at > 0 && token.spaced {
            text.push(' ');
        }
        // Words spelt wrong are read as the vocabulary spells them; all others as they were typed.
        text.push_str(if token.known || token.raw.to_lowercase() == token.word { &token.raw } else { &token.word });
        // A number alone is a quantity or an order, and "a", "all" and the like are no dates.
        if text.chars().count() > MAX_PHRASE_CHARS || (at == 0 && (token.is_number() || token.word == "'s")) {
            continue;
        }
        // "Last week for" reads as "last week", but its last word belongs to what follows; "between 1 Nov" is half a range.
        let open = text.to_lowercase().contains("between") && !text.contains(" and ");
        if open || LEADS_ON.contains(&token.word.as_str()) {
            continue;
        }
        if let Some(one_day) = is_date(&text, today) {
            // "from last week" is last week, "from 15 Nov" is not that day alone.
            let mut short = text.as_str();
            while let Some(shorter) = without_from(short).filter(|shorter| same(shorter, &text, today)) {
                short = shorter;
            }
            found.push(DatePhrase { tokens: at + 1, text: short.to_owned(), one_day });
        }
    }
    found
}

fn read(text: &str, today: &Today) -> Result<phrase::DateRange, orderlog_domain::rejection::Rejection> {
    phrase::read_unbounded(text, today.now, &today.calendar, Direction::Past)
}

/// Whether the words name days, and one alone. Words too vague to guess are for the tool to ask about.
fn is_date(text: &str, today: &Today) -> Option<bool> {
    match read(text, today) {
        Ok(range) if range.from.is_none() && range.to.is_none() => None,
        Ok(range) => Some(range.whole_days && range.from == range.to),
        Err(vague) if vague.code == Code::Ambiguous => Some(false),
        Err(_) => None,
    }
}

fn without_from(text: &str) -> Option<&str> {
    let (first, rest) = text.split_once(' ')?;
    ["from", "in", "on", "for", "of", "during", "the"].contains(&first.to_lowercase().as_str()).then_some(rest)
}

fn same(one: &str, other: &str, today: &Today) -> bool {
    match (read(one, today), read(other, today)) {
        (Ok(one), Ok(other)) => (one.starts_at, one.ends_before) == (other.starts_at, other.ends_before),
        _ => false,
    }
}
