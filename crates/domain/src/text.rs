//! Checks of texts and numbers from outside, before they may be part of an event.

use rust_decimal::Decimal;
use unicode_normalization::UnicodeNormalization as _;

use crate::{limits, rejection::Problems};

/// How every sealed text begins; it was checked before it was sealed, and is longer than what it hides.
pub const SEALED_PREFIX: &str = "sealed:1:";

/// Checks one line of text: something of it is seen, at most `max` characters, no control characters.
pub fn check_line(field: &str, text: &str, max: usize, problems: &mut Problems) {
    if text.trim().is_empty() {
        problems.add(field, "must not be blank");
    } else if shows_nothing(text) {
        problems.add(field, "holds nothing but invisible characters; write what people shall see");
    }
    check(field, text, max, is_line_break, problems);
}

/// Checks a name: one line that shows itself as it is. Joiners, and signs that choose how a character looks, stay: scripts
/// and emoji need them.
pub fn check_name(field: &str, text: &str, max: usize, problems: &mut Problems) {
    check_line(field, text, max, problems);
    let before = std::iter::once(' ').chain(text.chars());
    let hidden = text.chars().zip(before).find(|(c, before)| is_hidden(*c, *before) && !is_line_break(*c));
    if let Some((hidden, _)) = hidden.filter(|_| !shows_nothing(text)) {
        problems.add(field, told(hidden));
    }
}

/// Checks free text of several lines: like [`check_line`], but line breaks, tabs and blanks are allowed.
pub fn check_words(field: &str, text: &str, max: usize, problems: &mut Problems) {
    check(field, text, max, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'), problems);
}

/// As [`check_words`], unless the text was checked already and sealed.
pub fn check_note(field: &str, text: &str, max: usize, problems: &mut Problems) {
    if !text.starts_with(SEALED_PREFIX) {
        check_words(field, text, max, problems);
    }
}

/// As [`check_line`], unless the text was checked already and sealed.
pub fn check_typed_line(field: &str, text: &str, max: usize, problems: &mut Problems) {
    if !text.starts_with(SEALED_PREFIX) {
        check_line(field, text, max, problems);
    }
}

fn check(field: &str, text: &str, max: usize, refused: impl Fn(char) -> bool, problems: &mut Problems) {
    let length = text.chars().count();
    if length > max {
        problems.add(field, format!("has {length} characters; at most {max} are kept"));
    }
    if let Some(control) = text.chars().find(|c| refused(*c)) {
        problems.add(field, format!("contains the control character U+{:04X}; remove it", u32::from(control)));
    }
}

/// Checks a number of units: 1 to [`limits::UNITS`].
pub fn check_units(field: &str, units: i64, problems: &mut Problems) {
    if !(1..=limits::UNITS).contains(&units) {
        problems.add(field, format!("must be a whole number from 1 to {}; it is {units}", limits::UNITS));
    }
}

/// Reads `"10"` or `"12.5"`, with or without a per cent sign, as a percentage from 0 to 100.
#[must_use]
pub fn parse_percent(text: &str) -> Option<Decimal> {
    let number = text.strip_suffix('%').unwrap_or(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() > 3 || fraction.len() > limits::PERCENT_DECIMALS {
        return None;
    }
    Decimal::from_str_exact(number).ok().filter(|percent| *percent <= Decimal::ONE_HUNDRED)
}

/// Marks that direct or join text and are not seen. They come along when text is copied and mean nothing in a SKU, an
/// address or a date; some scripts need them in names.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// Control characters, and what parts lines.
fn is_line_break(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Whatever is not seen by itself: what [`is_invisible`] names, fillers, and what only changes the look of its neighbour.
fn is_unseen(character: char) -> bool {
    is_invisible(character)
        || matches!(
            character,
            '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}'
                | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether an unseen character has a use at its place: joiners, marks of direction, variations of a character, vowels
/// and blanks of some scripts, and the letters after a black flag that make it that of a region.
fn shapes(character: char, before: char) -> bool {
    match character {
        '\u{200c}'..='\u{200f}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => true,
        '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => true,
        '\u{e0020}'..='\u{e007f}' => matches!(before, '\u{1f3f4}' | '\u{e0020}'..='\u{e007e}'),
        _ => false,
    }
}

/// Whether a character of a text that people read is neither seen nor of use behind the one before it.
#[must_use]
pub fn is_hidden(character: char, before: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}') || (is_unseen(character) && !shapes(character, before))
}

fn shows_nothing(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_unseen(c))
}

fn told(hidden: char) -> String {
    format!("contains the invisible character U+{:04X}; remove it", u32::from(hidden))
}

/// Checks that a text shows all that it is: two SKUs that look alike are one.
pub fn check_visible(field: &str, text: &str, problems: &mut Problems) {
    if let Some(hidden) = text.chars().find(|c| is_unseen(*c)).filter(|_| !shows_nothing(text)) {
        problems.add(field, told(hidden));
    }
}

/// A text with one choice of code points for each character: `e` with an accent behind it becomes `é`.
#[must_use]
pub fn composed(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { text.nfc().collect() }
}

/// One key for every way to write an e-mail address, without regard to case, invisible marks and the choice of code
/// points.
#[must_use]
pub fn email_key(email: &str) -> String {
    if email.is_ascii() {
        return email.trim().to_ascii_lowercase();
    }
    let visible: String = email.chars().filter(|c| !is_unseen(*c)).nfkc().collect();
    visible.trim().to_lowercase().nfkc().collect()
}

/// One key for every way to write the same text, without regard to case, blanks, invisible marks and the choice of code
/// points.
#[must_use]
pub fn key(text: &str) -> String {
    if text.is_ascii() {
        // Most are: nothing in them is invisible, or to be composed.
        return joined(&text.to_ascii_lowercase());
    }
    let visible = text.chars().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase).nfkc().collect::<String>();
    joined(&visible)
}

/// The words of a text with one blank between each.
fn joined(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    joined
}

/// The words of a name, with accents and punctuation aside: `jose` finds `José`, `D'embruns` finds `D’embruns`. An
/// apostrophe joins, every other punctuation mark parts words. Marks of other scripts are letters and stay. A name of
/// nothing but punctuation keeps it, so that it can be found.
#[must_use]
pub fn name_key(text: &str) -> String {
    const ACCENTS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';
    let key = key(text);
    if key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ') {
        return key;
    }
    let mut folded = String::with_capacity(key.len());
    for character in key.nfd().filter(|c| !ACCENTS.contains(c) && !is_apostrophe(*c)) {
        match spelled_out(character) {
            Some(letters) => folded.push_str(letters),
            None if is_punctuation(character) => folded.push(' '),
            None => folded.push(character),
        }
    }
    let words = folded.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() { key } else { words.nfc().collect() }
}

/// Words that people add to a name; they are looked for only if the name contains them.
pub const FILLERS: [&str; 6] = ["the", "a", "an", "of", "our", "and"];

/// A word in comparable form. If plurals do not matter, their ending is removed: `mugs` and `mug`, `dishes` and `dish`,
/// `berries` and `berry`, `knives` and `knife` become equal. The result need not be a word.
#[must_use]
pub fn stem(word: &str, plurals: bool) -> String {
    let mut stem = word;
    if plurals && word.is_ascii() && word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        stem = word.strip_suffix('s').filter(|rest| !rest.ends_with('s')).unwrap_or(word);
        stem = stem.strip_suffix('e').unwrap_or(stem);
        for (ending, same) in [('y', 'i'), ('v', 'f')] {
            if let Some(rest) = stem.strip_suffix(ending) {
                return format!("{rest}{same}");
            }
        }
    }
    stem.to_owned()
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '`' | '´' | 'ʼ' | '‘' | '’' | '‛' | '′')
}

/// ASCII punctuation and the general punctuation of other scripts; symbols such as emoji are not.
fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation()
        || matches!(
            character,
            '¡' | '¿' | '«' | '»' | '·' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{301f}'
        )
}

/// Letters that people without them write as others.
fn spelled_out(character: char) -> Option<&'static str> {
    Some(match character {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' => "d",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_for_every_way_to_write_a_name() {
        for (one, other) in [
            (" José  García ", "josé garcía"),
            ("Jose\u{301}", "JOSÉ"),
            ("TEA-250", "\u{200f}tea-250\u{200e}"),
            ("Tea\u{a0}pot", "tea pot"),
            ("ＴＥＡ", "tea"),
            ("\u{212b}", "å"),
        ] {
            assert_eq!(key(one), key(other));
        }
        assert_ne!(key("Jose"), key("José"));
        assert_ne!(key("हिन्दी"), key("हन्द"));
    }

    fn found(check: impl Fn(&str, &str, &mut Problems), text: &str) -> String {
        let mut problems = Problems::default();
        check("name", text, &mut problems);
        problems.check().err().map_or_else(String::new, |rejection| rejection.message)
    }

    #[test]
    fn a_name_shows_itself_as_it_is() {
        let check = |field: &str, text: &str, problems: &mut Problems| check_name(field, text, 100, problems);
        for good in [
            "Asha Rao",
            "❤\u{fe0f} mug",
            "👩\u{200d}🍳 apron",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} scarf",
            "क्\u{200d}ष",
            "می\u{200c}خواهم",
            "葛\u{e0100}城",
            "\u{200f}מרים\u{200f}",
        ] {
            assert_eq!(found(check, good), "", "{good:?}");
        }
        for (bad, said) in [
            ("", "must not be blank"),
            ("\u{200b}", "holds nothing but invisible characters"),
            (" \u{3164}\u{2800} ", "holds nothing but invisible characters"),
            ("\u{fe0f}", "holds nothing but invisible characters"),
            ("\u{202e}oaR ahsA", "invisible character U+202E; remove it"),
            ("Asha\u{2066}Rao", "U+2066"),
            ("Asha\u{200b}Rao", "U+200B"),
            ("Asha\u{e0041}", "U+E0041"),
            ("Asha\u{2028}Rao", "control character U+2028"),
            ("Asha\nRao", "control character U+000A"),
        ] {
            assert!(found(check, bad).contains(said), "{bad:?}: {}", found(check, bad));
        }
        assert_eq!(found(|field, text, problems| check_words(field, text, 9, problems), "a\u{2028}\u{202e}b\n"), "");
    }

    #[test]
    fn a_sku_holds_nothing_that_is_not_seen() {
        for hidden in ['\u{ad}', '\u{200b}', '\u{200d}', '\u{202e}', '\u{fe0f}', '\u{e0041}', '\u{e0100}', '\u{3164}'] {
            let said = found(check_visible, &format!("TEA{hidden}1"));
            assert!(said.contains(&format!("U+{:04X}", u32::from(hidden))), "{hidden:?}: {said}");
        }
        assert_eq!(found(check_visible, "TÉA-1 茶"), "");
    }

    #[test]
    fn one_key_for_every_way_to_write_an_email_address() {
        for (one, other) in [
            ("Ann@Example.com ", "ann@example.com"),
            ("jose\u{301}@example.com", "JOSÉ@example.com"),
            ("ann@bu\u{308}cher.de", "ann@bücher.de"),
            ("ann\u{200b}@example.com", "ann@example.com"),
            ("\u{202a}ann@example.com\u{202c}", "ann@example.com"),
            ("ａｎｎ@example.com", "ann@example.com"),
        ] {
            assert_eq!(email_key(one), email_key(other), "{one:?}");
        }
        assert_ne!(email_key("jose@example.com"), email_key("josé@example.com"));
        assert_eq!(composed("cafe\u{301}"), "café");
    }

    #[test]
    fn accents_are_no_part_of_a_names_key() {
        for (one, other) in [("Zoë Müller", "zoe muller"), ("Éva", "eva"), ("Škoda", "skoda"), ("Nguyễn", "nguyen")]
        {
            assert_eq!(name_key(one), name_key(other));
        }
        assert_eq!(name_key("Straße"), name_key("STRASSE"));
        assert_eq!(name_key("Søren Łukasz"), "soren lukasz");
        assert_eq!(name_key("कुमार"), key("कुमार"), "vowel signs are letters");
        assert_eq!(name_key("\u{200b}\u{202e} "), "");
    }

    #[test]
    fn punctuation_is_no_part_of_a_names_key() {
        for (one, other) in [
            ("D’embruns", "D'embruns"),
            ("Don’t", "dont"),
            ("Mug, extra  large", "mug extra-large"),
            ("O'Brien & Sons (Ltd.)", "obrien sons ltd"),
            ("under_score", "Under Score"),
        ] {
            assert_eq!(name_key(one), name_key(other));
        }
        assert_eq!(name_key("%"), "%", "a name of nothing else keeps it");
        assert_eq!(name_key("🫖 tea"), "🫖 tea");
    }
}
