//! Finds fractions in JSON with more digits than a double keeps, which would be rounded silently. A number whose digits
//! are kept is left to the tool's schema, which refuses it as an amount.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::echo::shown;

/// Digits that every reader keeps.
const DIGITS: usize = 15;

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    params: Option<Params<'a>>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

/// The fault of a number among the arguments of a request.
pub fn in_arguments(request: &[u8]) -> Option<String> {
    let message: Message<'_> = serde_json::from_slice(request).ok()?;
    fault(message.params?.arguments?.get(), "params.arguments")
}

/// The fault of a number in the JSON at `place`.
pub fn fault(json: &str, place: &str) -> Option<String> {
    let number = inexact(json)?;
    Some(format!(
        "the number {} in {} has more than {DIGITS} digits, which no reader keeps: nothing was done; write an amount as a \
         text such as \"999.00\"",
        shown(number),
        shown(place)
    ))
}

/// The first number with a point or an exponent that has too many digits, and would be read as another number.
fn inexact(json: &str) -> Option<&str> {
    let mut rest = json;
    while let Some(at) = rest.find(|c: char| c == '"' || c.is_ascii_digit()) {
        let found = &rest[at..];
        if let Some(text) = found.strip_prefix('"') {
            rest = behind_text(text);
            continue;
        }
        let end = found.find(|c: char| !matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-')).unwrap_or(found.len());
        let (number, after) = found.split_at(end);
        let is_fraction = number.contains(['.', 'e', 'E']);
        if is_fraction && digits(number) > DIGITS && read_as(number).is_some_and(|read| digits(&read) <= DIGITS) {
            return Some(number);
        }
        rest = after;
    }
    None
}

/// Digits of a number before its exponent.
fn digits(number: &str) -> usize {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    mantissa.bytes().filter(u8::is_ascii_digit).count()
}

/// The number as a reader reads it.
fn read_as(number: &str) -> Option<String> {
    number.parse::<f64>().ok().map(|read| read.to_string())
}

/// The rest after a text whose opening quote was read.
fn behind_text(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_too_many_digits_is_found_wherever_it_stands() {
        for (json, found) in [
            (r#"{"amount":100.00000000000000000000001}"#, Some("100.00000000000000000000001")),
            (r#"[{"a":"1.0000000000000000001 \" 2"},{"b":-1.0000000000000001}]"#, Some("1.0000000000000001")),
            ("10000000000000000000001e-20", Some("10000000000000000000001e-20")),
            (r#"{"amount":1234567890123.45,"order_id":12345678901234567890}"#, None),
            (r#"{"note":"0.12345678901234567890"}"#, None),
            // Refused by the schema, digits and all.
            (r#"{"amount":0.30000000000000004,"other":1.00000000000000001e300}"#, None),
            (r#"{"amount":99.5,"1.00000000000000000":1e300}"#, None),
        ] {
            assert_eq!(inexact(json), found, "{json}");
        }
    }
}
