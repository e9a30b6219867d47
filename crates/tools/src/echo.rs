//! Texts of a client that are said back to it: short, and without characters that a terminal or a reader obeys.

use std::{borrow::Cow, fmt::Write as _};

use orderlog_domain::text::is_hidden;
use serde_json::Value;

/// Characters of a client's text that are said back.
const MAX_ECHO_CHARACTERS: usize = 100;

/// `text` cut to [`MAX_ECHO_CHARACTERS`], with everything escaped that is not seen as it stands.
pub fn shown(text: &str) -> Cow<'_, str> {
    cut(text, MAX_ECHO_CHARACTERS)
}

/// `text` cut to `max` characters and escaped in the same way.
pub fn cut(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return visible(text);
    }
    match text.char_indices().nth(max) {
        None => visible(text),
        Some((end, _)) => Cow::Owned(format!("{}…", visible(&text[..end]))),
    }
}

/// `text` with everything escaped that is not seen as it stands: control characters, and those that turn or hide text.
pub fn visible(text: &str) -> Cow<'_, str> {
    // Most texts are seen as they stand, which their bytes tell.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.chars().any(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unseen(c) {
            let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// What an answer says in sentences, with everything escaped that would turn or hide what stands around it: names and
/// notes may hold such characters, and are answered as they are where they stand alone.
pub fn tidy(answer: &mut Value) {
    const SENTENCES: [&str; 3] = ["text", "warnings", "interpretation"];
    let Value::Object(answer) = answer else { return };
    answer.iter_mut().filter(|(name, _)| SENTENCES.contains(&name.as_str())).for_each(|(_, said)| tidy_texts(said));
}

fn tidy_texts(said: &mut Value) {
    match said {
        Value::String(text) => {
            if let Cow::Owned(escaped) = sentence(text) {
                *text = escaped;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy_texts),
        Value::Object(fields) => fields.values_mut().for_each(tidy_texts),
        _ => {}
    }
}

/// The same for one text.
pub(crate) fn sentence(text: &str) -> Cow<'_, str> {
    if !hides_something(text) {
        return Cow::Borrowed(text);
    }
    let (mut escaped, mut before) = (String::with_capacity(text.len() + 16), ' ');
    for c in text.chars() {
        if is_hidden(c, before) {
            let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
        } else {
            escaped.push(c);
        }
        before = c;
    }
    Cow::Owned(escaped)
}

/// Whether a character of `text` is hidden. ASCII never is, and the first byte of every other character is 0xC0 or more.
fn hides_something(text: &str) -> bool {
    let mut others = text.bytes().enumerate().filter(|(_, byte)| *byte >= 0xC0).map(|(at, _)| text.split_at(at));
    others.any(|(before, from)| {
        from.chars().next().is_some_and(|c| is_hidden(c, before.chars().next_back().unwrap_or(' ')))
    })
}

/// Control characters, line separators, and those that change the direction of text or take no room. The two joiners stay:
/// scripts of India and emoji need them.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_show_what_would_turn_them_round() {
        let name = "\u{202e}oaR\u{2028}";
        let mut answer = serde_json::json!({
            "text": format!("Order #1002 of {name}, placed today: ₹45,000.\n2 of 9"),
            "warnings": [format!("{name} ❤\u{fe0f} 👩\u{200d}🍳")],
            "interpretation": { "names": [format!("`x` was read as {name}.")] },
            "customer": { "name": name },
        });
        tidy(&mut answer);
        let expected = serde_json::json!({
            "text": "Order #1002 of \\u{202e}oaR\\u{2028}, placed today: ₹45,000.\n2 of 9",
            "warnings": ["\\u{202e}oaR\\u{2028} ❤\u{fe0f} 👩\u{200d}🍳"],
            "interpretation": { "names": ["`x` was read as \\u{202e}oaR\\u{2028}."] },
            "customer": { "name": name },
        });
        assert_eq!(answer, expected);
    }

    #[test]
    fn letters_behind_a_flag_are_seen_and_others_are_not() {
        let scotland = "1 Kilt \u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}, ₹900";
        assert!(matches!(sentence(scotland), Cow::Borrowed(text) if text == scotland));
        assert_eq!(sentence("Kilt\u{e0067} ₹900"), "Kilt\\u{e0067} ₹900");
        assert_eq!(sentence("₹\u{e0067}900"), "₹\\u{e0067}900");
    }

    #[test]
    fn long_texts_are_cut_and_unseen_characters_escaped() {
        assert_eq!(shown("orders_get"), "orders_get");
        assert_eq!(shown("a\u{1b}[31m\n\u{202e}b\u{0}"), "a\\u{1b}[31m\\u{a}\\u{202e}b\\u{0}");
        assert_eq!(shown("नमस्ते \u{200d} é"), "नमस्ते \u{200d} é");
        let long = shown(&"é".repeat(250_000)).into_owned();
        assert_eq!(long.chars().count(), MAX_ECHO_CHARACTERS + 1);
        assert!(long.ends_with("é…"));
        assert_eq!(shown(&"x".repeat(MAX_ECHO_CHARACTERS)), "x".repeat(MAX_ECHO_CHARACTERS));
    }
}
