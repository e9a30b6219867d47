//! How sentences say a phrase behind a preposition: from "the last 7 days", for "Monday to Friday", "since Monday".

use super::spans::Unit;

/// A phrase that reads well in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// The preposition that belongs to it, such as "since"; any other may stand before it where there is none.
    pub preposition: Option<&'static str>,
    /// What follows the preposition.
    pub words: String,
    /// Whether it only names days by number: then the days themselves say it better.
    pub(super) dates_alone: bool,
}

impl Wording {
    /// The words of a rule, with what stood for its placeholders; none where it has no words.
    pub(super) fn of(template: &str, said: &[(&str, &str)], unit: Unit, count: i64) -> Option<Wording> {
        let mut said = said.to_vec();
        let (mut words, mut rest, mut letters) = (String::new(), template, false);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}')?;
            letters |= before.contains(char::is_alphabetic);
            words.push_str(before);
            let at = said.iter().position(|(placeholder, _)| placeholder.trim_matches(['{', '}']) == name)?;
            let (_, word) = said.remove(at);
            match name {
                "unit" => words.push_str(unit.in_words(template.contains("{n}") && count != 1)),
                "weekday" | "month" => words.push_str(&capitalised(word)),
                // "A week ago", but "the last 1 week".
                "n" if matches!(word, "a" | "an") && !template.ends_with("ago") => words.push('1'),
                _ => words.push_str(word),
            }
            rest = after;
        }
        letters |= rest.contains(char::is_alphabetic);
        words.push_str(rest);
        let dates_alone = !letters && words.contains(|c: char| c.is_ascii_digit());
        (!words.is_empty()).then_some(Wording { preposition: None, words, dates_alone })
    }

    /// The same behind a preposition of its own.
    pub(super) fn behind(&self, preposition: &'static str) -> Wording {
        Wording { preposition: Some(preposition), words: self.words.clone(), dates_alone: false }
    }

    /// A range of two such phrases.
    pub(super) fn to(&self, end: &Wording) -> Option<Wording> {
        let plain = self.preposition.is_none() && end.preposition.is_none();
        let words = format!("{} to {}", self.words, end.words);
        plain.then_some(Wording { preposition: None, words, dates_alone: self.dates_alone && end.dates_alone })
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
