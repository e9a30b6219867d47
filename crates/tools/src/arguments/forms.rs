//! The patterns and formats of our schemas: the name of each, an example to write, and the check of a text.

use chrono::DateTime;

/// A text of a certain form: its name in the schema, its name in messages, an example to write, and the check of a
/// text.
pub(crate) struct Form {
    pub(crate) named: &'static str,
    pub(crate) what: &'static str,
    pub(crate) write: &'static str,
    pub(crate) fits: fn(&str) -> bool,
}

/// Every pattern of our schemas.
pub(crate) const PATTERNS: [Form; 6] = [
    Form {
        named: r"^[0-9]+(\.[0-9]+)?$",
        what: "amount",
        write: "write a decimal string such as \"999.00\", without grouping, sign or exponent",
        fits: is_decimal,
    },
    Form {
        named: r"^[0-9]+(\.[0-9]+)?%?$",
        what: "discount",
        write: "write an amount such as \"50.00\" or a percentage such as \"10%\", without grouping, sign or exponent",
        fits: is_discount,
    },
    Form {
        named: r"^[0-9]{1,3}(\.[0-9]{1,4})?%?$",
        what: "percentage",
        write: "write one from \"0\" to \"100\" with at most four decimals, such as \"12.5\"",
        fits: is_percentage,
    },
    Form {
        named: r"^[A-Z]{3}$",
        what: "currency",
        write: "write its ISO 4217 code in capitals, such as \"USD\"",
        fits: |text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
    },
    Form {
        named: r"^[0-9]+(\.[0-9]+)?%?$|^same$",
        what: "discount",
        write: "write an amount such as \"50.00\", a percentage such as \"10%\", or \"same\"",
        fits: |text| text == "same" || is_discount(text),
    },
    Form { named: r"\S", what: "text", write: "write what people shall read", fits: |text| !text.trim().is_empty() },
];
/// Every format of our schemas.
pub(crate) const FORMATS: [Form; 2] = [
    Form {
        named: "date-time",
        what: "time with an offset",
        write: "write one such as 2026-11-23T10:00:00+05:30",
        fits: is_time,
    },
    Form {
        named: "uuid",
        what: "id",
        write: "give one exactly as an answer gave it, such as 0199d5c2-7b3e-7c41-9d2a-3f6e8b1c4a57",
        fits: is_id,
    },
];

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_decimal(text: &str) -> bool {
    match text.split_once('.') {
        Some((whole, decimals)) => is_digits(whole) && is_digits(decimals),
        None => is_digits(text),
    }
}

fn is_discount(text: &str) -> bool {
    is_decimal(text.strip_suffix('%').unwrap_or(text))
}

fn is_percentage(text: &str) -> bool {
    let number = text.strip_suffix('%').unwrap_or(text);
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    is_decimal(number) && whole.len() <= 3 && decimals.len() <= 4
}

/// RFC 3339: `2026-11-23T10:00:00+05:30`.
pub(crate) fn is_time(text: &str) -> bool {
    matches!(text.as_bytes().get(10), Some(b'T' | b't')) && DateTime::parse_from_rfc3339(text).is_ok()
}

fn is_id(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
