//! Amounts as people write them: `₹20,000`, `2 lakh`, `50k`. Filters understand them; a tool that moves money answers
//! with the digits to write.

use rust_decimal::Decimal;

/// Words after a number, and the factor that each means.
const WORDS: [(&str, u64); 13] = [
    ("k", 1_000),
    ("thousand", 1_000),
    ("l", 100_000),
    ("lac", 100_000),
    ("lacs", 100_000),
    ("lakh", 100_000),
    ("lakhs", 100_000),
    ("m", 1_000_000),
    ("mio", 1_000_000),
    ("million", 1_000_000),
    ("cr", 10_000_000),
    ("crore", 10_000_000),
    ("crores", 10_000_000),
];
/// Words and signs that may be around an amount.
const AROUND: [&str; 9] = ["rupees", "rs.", "rs", "inr", "₹", "$", "€", "£", "/-"];

/// The decimal string of an amount, if it has only one meaning: `1,50,000` is 150000, and `1,50` is not clear.
pub(crate) fn digits_of(text: &str) -> Option<String> {
    let lower = text.trim().to_lowercase();
    let mut bare = lower.as_str();
    for mark in AROUND {
        bare = bare.trim_start_matches(mark).trim_end_matches(mark).trim();
    }
    let end = bare.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(bare.len());
    let (number, word) = (bare[..end].trim(), bare[end..].trim());
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_grouped(whole) || !is_number(decimals) {
        return None;
    }
    let factor = if word.is_empty() { 1 } else { WORDS.iter().find(|(known, _)| *known == word)?.1 };
    let number: Decimal = format!("{}.{decimals}", whole.replace(',', "")).parse().ok()?;
    let amount = number.checked_mul(factor.into())?.normalize();
    Some(amount.to_string())
}

/// Digits without commas, or with commas as in 1,234,567 or 12,34,567.
fn is_grouped(whole: &str) -> bool {
    let groups: Vec<&str> = whole.split(',').collect();
    let digits = groups.iter().all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    let Some((last, [first, middle @ ..])) = groups.split_last() else { return digits };
    let by = |size: usize| first.len() <= size && middle.iter().all(|group| group.len() == size);
    digits && last.len() == 3 && (by(3) || by(2))
}

#[cfg(test)]
mod tests {
    use super::digits_of;

    #[test]
    fn an_amount_is_read_as_people_say_it() {
        for (said, read) in [
            ("2 lakh", Some("200000")),
            ("1.5 Lakhs", Some("150000")),
            ("₹20,000", Some("20000")),
            ("1,50,000", Some("150000")),
            ("Rs. 1,234,567.50", Some("1234567.5")),
            ("20k", Some("20000")),
            ("1 cr", Some("10000000")),
            ("5000/-", Some("5000")),
            ("999.00", Some("999")),
            ("1,50", None),
            ("1.500,00", None),
            ("12,3456", None),
            ("-5", None),
            ("1e5", None),
            ("5 dozen", None),
            ("", None),
            ("lakh", None),
            ("99999999999999999999999999999 crore", None),
        ] {
            assert_eq!(digits_of(said).as_deref(), read, "{said}");
        }
    }
}
