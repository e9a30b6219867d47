//! Reads arguments that are written otherwise than listed but have only one meaning: null and empty text for an absent
//! value, JSON sent as text, one word for a list, the case and synonyms of listed words.

use orderlog_domain::{order::Status, phrase::read_length, rejection::Problem};
use serde_json::{Value, value::Number};

use super::{
    forms,
    unknown::folded,
    when::{Moment, When},
};
use crate::{echo::cut, json, schema::Object};

/// Digits of an amount sent as a JSON number: more are not exact in every client.
const AMOUNT_DIGITS: usize = 15;
/// Characters of a value that a reading repeats.
const SHOWN_CHARS: usize = 60;
/// Format of a moment in our schemas.
const TIME: &str = "date-time";
/// Pattern of a currency's code in our schemas.
const CURRENCY: &str = r"^[A-Z]{3}$";

/// Arguments that are lengths of time: name, unit, and seconds of the unit. "3 days" is converted to that unit.
const LENGTHS: [(&str, &str, i64); 3] =
    [("grace", "seconds", 1), ("days", "days", 86_400), ("lead_time_days", "days", 86_400)];

/// An empty key protects from nothing, though its caller relies on it: it is refused.
const NEVER_BLANK: &str = "idempotency_key";

/// Other words for listed ones, beside the statuses, which have synonyms of their own. Only a word that is listed is read.
const SYNONYMS: [(&str, &str); 34] = [
    ("daily", "day"),
    ("by_day", "day"),
    ("days", "day"),
    ("weekly", "week"),
    ("by_week", "week"),
    ("weeks", "week"),
    ("monthly", "month"),
    ("by_month", "month"),
    ("months", "month"),
    ("hourly", "hour"),
    ("by_hour", "hour"),
    ("hours", "hour"),
    ("hour_of_day", "hour"),
    ("hour_of_the_day", "hour"),
    ("time_of_day", "hour"),
    ("weekdays", "weekday"),
    ("by_weekday", "weekday"),
    ("day_of_week", "weekday"),
    ("day_of_the_week", "weekday"),
    ("cities", "city"),
    ("by_city", "city"),
    ("products", "product"),
    ("by_product", "product"),
    ("sku", "product"),
    ("customers", "customer"),
    ("by_customer", "customer"),
    ("held", "on_hold"),
    ("backorder", "backordered"),
    ("newest_first", "newest"),
    ("latest", "newest"),
    ("oldest_first", "oldest"),
    ("largest_first", "largest"),
    ("scrapped", "scrap"),
    ("restocked", "restock"),
];

/// The result of reading the arguments of one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Readings {
    /// How each was read: `group_by "weekly" was read as week`.
    pub(crate) told: Vec<String>,
    /// JSON in a text that must not be read, because two readers could understand it differently.
    pub(crate) problems: Vec<Problem>,
}

/// Brings arguments to the form that the schema lists, if they have only one meaning, and reports each reading. A value
/// that cannot be read is left for the check that follows.
pub(crate) fn read(schema: &Object, arguments: &mut Object, when: When<'_>) -> Readings {
    let mut reader = Reader { when, readings: Readings::default() };
    reader.object(schema, "", arguments);
    reader.readings
}

struct Reader<'a> {
    when: When<'a>,
    readings: Readings,
}

impl Reader<'_> {
    fn note(&mut self, path: &str, was: &Value, read_as: &str) {
        let was = was.to_string();
        self.readings.told.push(format!("{path} {} was read as {read_as}", cut(&was, SHOWN_CHARS)));
    }

    /// The JSON value in a text.
    fn parsed(&mut self, path: &str, value: &Value) -> Option<Value> {
        let text = value.as_str()?;
        let parsed =
            serde_json::from_str(text).ok().filter(|parsed: &Value| parsed.is_object() || parsed.is_array())?;
        if let Some(message) = json::fault_of_text(text, path) {
            self.readings.problems.push(Problem { field: path.to_owned(), message });
            return None;
        }
        Some(parsed)
    }

    fn object(&mut self, schema: &Object, path: &str, fields: &mut Object) {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
        let required = schema.get("required").and_then(Value::as_array);
        let mut left_out = vec![];
        for (name, value) in fields.iter_mut() {
            let Some(listed) = properties.get(name).and_then(Value::as_object) else { continue };
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let needed = required.is_some_and(|names| names.iter().any(|needed| needed == name));
            if value.is_null() || (!needed && name != NEVER_BLANK && is_blank(value) && !takes_blank(listed)) {
                self.note(&path, value, "left out");
                left_out.push(name.clone());
            } else if listed.get("format").is_some_and(|format| format == TIME) && value.is_string() {
                if self.moment(name, &path, value) {
                    left_out.push(name.clone());
                }
            } else {
                self.value(listed, name, &path, value);
            }
        }
        left_out.iter().for_each(|name| _ = fields.remove(name));
    }

    /// Reads a moment in words. True if it is "now", which is also the default.
    fn moment(&mut self, name: &str, path: &str, value: &mut Value) -> bool {
        let Some(text) = value.as_str().filter(|text| !forms::is_time(text)).map(str::to_owned) else { return false };
        match self.when.read(name, &text) {
            Ok(Moment::At(instant, words)) => {
                self.note(path, value, &words);
                *value = instant.into();
                false
            }
            Ok(Moment::Now) => {
                self.note(path, value, "now");
                true
            }
            Err(message) => {
                self.readings.problems.push(Problem { field: path.to_owned(), message });
                false
            }
        }
    }

    fn value(&mut self, schema: &Object, name: &str, path: &str, value: &mut Value) {
        let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "array" => self.list(schema, name, path, value),
            "object" => {
                if let Some(object) = self.parsed(path, value).filter(Value::is_object) {
                    self.note(path, value, "the object it writes");
                    *value = object;
                }
                if let Value::Object(fields) = value {
                    self.object(schema, path, fields);
                }
            }
            "integer" => self.integer(schema, name, path, value),
            "boolean" => {
                let word = value.as_str().map(|text| text.trim().to_lowercase());
                if let Some(flag) = word.and_then(|word| word.parse::<bool>().ok()) {
                    self.note(path, value, &flag.to_string());
                    *value = flag.into();
                }
            }
            "string" => self.text(schema, path, value),
            _ => {}
        }
    }

    fn list(&mut self, schema: &Object, name: &str, path: &str, value: &mut Value) {
        let nothing = Object::new();
        let items = schema.get("items").and_then(Value::as_object).unwrap_or(&nothing);
        if let Some(list) = self.parsed(path, value).filter(Value::is_array) {
            self.note(path, value, "the list it writes");
            *value = list;
        } else if let Some(list) = one_for_a_list(items, value) {
            self.note(path, value, &Value::Array(list.clone()).to_string());
            *value = list.into();
        }
        for (index, item) in value.as_array_mut().into_iter().flatten().enumerate() {
            self.value(items, name, &format!("{path}[{index}]"), item);
        }
    }

    fn integer(&mut self, schema: &Object, name: &str, path: &str, value: &mut Value) {
        if let Some(text) = value.as_str() {
            let text = text.trim();
            let digits = if name.starts_with("order_id") { number_of_order(text) } else { text };
            // "+5" and "1_000" are not JSON numbers, though Rust would parse them.
            let number = serde_json::from_str::<Number>(digits).ok().and_then(|number| number.as_i64());
            if let Some(number) = number {
                self.note(path, value, &number.to_string());
                *value = number.into();
            } else if let Some((number, unit)) = lasting(name, text) {
                self.note(path, value, &format!("{number} {unit}"));
                *value = number.into();
            }
        }
        // A limit above the largest page means the largest page.
        let most = schema.get("maximum").and_then(Value::as_i64).filter(|_| name == "limit");
        if let Some((asked, most)) = value.as_i64().zip(most)
            && asked > most
        {
            self.note(path, value, &format!("{most}, the most of one page"));
            *value = most.into();
        }
    }

    fn text(&mut self, schema: &Object, path: &str, value: &mut Value) {
        let pattern = schema.get("pattern").and_then(Value::as_str);
        let Value::String(text) = &*value else {
            if pattern.is_some_and(is_amount)
                && let Some(amount) = amount(value)
            {
                self.note(path, value, &amount);
                *value = amount.into();
            }
            return;
        };
        let word = folded(text);
        if pattern == Some(CURRENCY) {
            let code = text.trim().to_uppercase();
            if code != *text && code.len() == 3 {
                self.note(path, value, &code);
                *value = code.into();
            }
        } else if let Some(words) = schema.get("enum").and_then(Value::as_array)
            && words.iter().all(|listed| listed != text.as_str())
        {
            let listed = |word: &str| words.iter().find(|listed| listed.as_str() == Some(word)).cloned();
            let synonym = || SYNONYMS.iter().find(|(other, _)| *other == word).and_then(|(_, word)| listed(word));
            let status = || Status::parse(&word).and_then(|status| listed(status.name()));
            if let Some(found) = listed(&word).or_else(status).or_else(synonym) {
                self.note(path, value, found.as_str().unwrap_or_default());
                *value = found;
            }
        }
    }
}

/// A length of time in the unit of the argument: "3 days" is 259200 seconds. Only lengths that are whole units are
/// read.
fn lasting(name: &str, text: &str) -> Option<(i64, &'static str)> {
    let (_, unit, seconds) = LENGTHS.iter().find(|(argument, ..)| *argument == name)?;
    let lasts = read_length(text)?.lasts.num_seconds();
    (lasts % seconds == 0).then_some((lasts / seconds, *unit))
}

/// `#1234`, `order 1234` and `Order no. 1234` without the part before the number.
fn number_of_order(text: &str) -> &str {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let before = text[..text.len() - digits.len()].to_lowercase();
    let words = before.split([' ', '#', '.', ':']).filter(|word| !word.is_empty());
    if words.clone().all(|word| ["order", "no", "number", "nr"].contains(&word)) { digits } else { text }
}

fn is_blank(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Whether an empty text is a meaningful value.
fn takes_blank(schema: &Object) -> bool {
    let bounded = ["minLength", "pattern", "format", "enum"].iter().any(|bound| schema.contains_key(*bound));
    schema.get("type").is_none_or(|kind| kind == "string") && !bounded
}

/// The list that one item means, or several words with commas.
fn one_for_a_list(items: &Object, value: &Value) -> Option<Vec<Value>> {
    let kind = items.get("type").and_then(Value::as_str)?;
    match (kind, value) {
        ("string" | "integer", Value::String(text)) if !text.trim_start().starts_with('[') => {
            // A free text may contain a comma; a listed word and a number never do.
            let separate = kind == "integer" || items.contains_key("enum");
            let parts: Vec<&str> = if separate { text.split(',').collect() } else { vec![text] };
            Some(parts.into_iter().map(|part| part.trim().into()).collect())
        }
        ("integer", Value::Number(_)) | ("object", Value::Object(_)) => Some(vec![value.clone()]),
        _ => None,
    }
}

/// Whether the pattern is that of an amount; see the domain's inputs.
fn is_amount(pattern: &str) -> bool {
    pattern.starts_with(r"^[0-9]+(\.[0-9]+)?")
}

/// A JSON number as the decimal text that amounts are given in.
fn amount(value: &Value) -> Option<String> {
    let text = value.as_number()?.to_string();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (plain && digits <= AMOUNT_DIGITS).then_some(text)
}

#[cfg(test)]
mod tests;
