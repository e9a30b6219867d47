//! Checks arguments against the listed schema and reports every problem at once, in words an assistant can act on.

use std::collections::HashSet;

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use orderlog_domain::rejection::{Problem, Rejection};
use serde_json::Value;

use super::{
    readings::{self, Readings},
    schema::Object,
    unknown,
};
use crate::echo::shown;

/// Problems reported at most; a call with more is mended in rounds.
const MAX_PROBLEMS: usize = 20;

/// What each pattern of our schemas asks for: what the value is not, and what to write.
const PATTERNS: [(&str, &str, &str); 4] = [
    (r"^[0-9]+(\.[0-9]+)?$", "amount", "write a decimal string such as \"999.00\", without grouping, sign or exponent"),
    (
        r"^[0-9]+(\.[0-9]+)?%?$",
        "discount",
        "write an amount such as \"50.00\" or a percentage such as \"10%\", without grouping, sign or exponent",
    ),
    (
        r"^[0-9]{1,3}(\.[0-9]{1,4})?%?$",
        "percentage",
        "write one from \"0\" to \"100\" with at most four decimals, such as \"12.5\"",
    ),
    (r"^[A-Z]{3}$", "currency", "write its ISO 4217 code in capitals, such as \"USD\""),
];
/// The same for each format.
const FORMATS: [(&str, &str, &str); 2] = [
    ("date-time", "time with an offset", "write one such as 2026-11-23T10:00:00+05:30"),
    ("uuid", "id", "give one exactly as an answer gave it, such as 0199d5c2-7b3e-7c41-9d2a-3f6e8b1c4a57"),
];

/// A validator for a tool's input that holds formats too.
///
/// # Errors
/// When the schema is none.
pub(crate) fn validator(schema: &Value) -> Result<Validator, Box<ValidationError<'static>>> {
    jsonschema::options().should_validate_formats(true).build(schema).map_err(Box::new)
}

/// Reads what can be meant in one way only, then checks. Arguments that fit the schema as they are stay exactly so: what is
/// asked for, and with it an idempotency key, means what it meant before.
///
/// # Errors
/// `INVALID_ARGUMENT` with all problems.
pub(crate) fn read(
    validator: &Validator,
    schema: &Object,
    arguments: Object,
) -> Result<(Object, Vec<String>), Rejection> {
    let mut value = Value::Object(arguments);
    let mut readings = Readings::default();
    if !validator.is_valid(&value) {
        if let Value::Object(arguments) = &mut value {
            readings = readings::read(schema, arguments);
        }
        let found = validator.iter_errors(&value).take(MAX_PROBLEMS).flat_map(|error| describe(&error, schema));
        let found: Vec<Problem> = found.collect();
        add(&mut readings.problems, found);
    }
    check(&value, readings.problems)?;
    match value {
        Value::Object(arguments) => Ok((arguments, readings.told)),
        _ => Ok((Object::new(), readings.told)),
    }
}

/// Passes arguments that fit the schema, hold no NUL, and whose numbers can be counted with.
///
/// # Errors
/// `INVALID_ARGUMENT` with all problems, those that the schema found among them.
fn check(arguments: &Value, mut problems: Vec<Problem>) -> Result<(), Rejection> {
    let mut more = vec![];
    find_unfit(arguments, &mut String::new(), &mut more);
    add(&mut problems, more);
    reject(problems)
}

/// Adds what is wrong with fields of which nothing is known yet.
fn add(problems: &mut Vec<Problem>, more: Vec<Problem>) {
    let known: HashSet<String> = problems.iter().map(|problem| problem.field.clone()).collect();
    problems.extend(more.into_iter().filter(|found| !known.contains(&found.field)));
}

/// Nothing for no problems, otherwise one rejection that carries them all.
pub(crate) fn reject(mut problems: Vec<Problem>) -> Result<(), Rejection> {
    problems.truncate(MAX_PROBLEMS);
    let Some(first) = problems.first() else { return Ok(()) };
    let message = match problems.len() {
        1 => format!("{}: {}", first.field, first.message),
        n => format!("{n} arguments cannot be used; the first is {}: {}", first.field, first.message),
    };
    let mut rejection = Rejection::invalid(first.field.clone(), message);
    if problems.len() > 1 {
        rejection.problems = problems;
    }
    Err(rejection.hint("Nothing was done. Mend what is named and repeat the call; ask the user where you would guess."))
}

fn describe(error: &ValidationError<'_>, schema: &Object) -> Vec<Problem> {
    let path = field(error.instance_path().as_str());
    let at = |message: String| vec![Problem { field: named(&path), message }];
    let within =
        |name: &str| if path.is_empty() { shown(name).into_owned() } else { format!("{path}.{}", shown(name)) };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = properties(schema, error.instance_path().as_str());
            let problem = |name: &String| Problem { field: within(name), message: unknown::message(name, &known) };
            unexpected.iter().map(problem).collect()
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![Problem { field: within(name), message: "is required".to_owned() }]
        }
        ValidationErrorKind::MaxLength { limit } => at(format!("is longer than {limit} characters")),
        ValidationErrorKind::MinLength { limit: 1 } => at("must not be empty".to_owned()),
        ValidationErrorKind::Pattern { pattern } => at(expected(error, &PATTERNS, pattern)),
        ValidationErrorKind::Format { format } => at(expected(error, &FORMATS, format)),
        ValidationErrorKind::MaxItems { limit } => at(format!("has more than {limit} entries")),
        ValidationErrorKind::MinItems { limit: 1 } => at("needs at least one entry".to_owned()),
        ValidationErrorKind::MinItems { limit } => at(format!("needs at least {limit} entries")),
        ValidationErrorKind::Minimum { limit } => at(format!("{} is less than {limit}", instance(error))),
        ValidationErrorKind::Maximum { limit } => at(format!("{} is more than {limit}", instance(error))),
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(|all| all.iter().map(plain).collect::<Vec<_>>().join(", "));
            at(format!("{} is none of: {}", instance(error), options.unwrap_or_default()))
        }
        _ => {
            let text: String = error.masked_with(instance(error)).to_string().chars().take(300).collect();
            at(text)
        }
    }
}

/// What the object at `pointer` may have, by the schema of the whole.
fn properties(schema: &Object, pointer: &str) -> Object {
    let mut at = schema;
    for part in pointer.split('/').skip(1) {
        let next = at.get("items").or_else(|| at.get("properties")?.get(part)).and_then(Value::as_object);
        match next {
            Some(next) => at = next,
            None => return Object::new(),
        }
    }
    at.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
}

/// `"5,0" is no amount; write …`
fn expected(error: &ValidationError<'_>, words: &[(&str, &str, &str)], asked: &str) -> String {
    match words.iter().find(|(known, ..)| *known == asked) {
        Some((_, what, write)) => format!("{} is no {what}; {write}", instance(error)),
        None => format!("{} does not fit {asked}", instance(error)),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn instance(error: &ValidationError<'_>) -> String {
    shown(&error.instance().to_string()).into_owned()
}

/// `/lines/0/quantity` becomes `lines[0].quantity`.
fn field(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        if part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty() {
            path.push_str(&format!("[{part}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&shown(&part.replace("~1", "/").replace("~0", "~")));
        }
    }
    path
}

fn named(path: &str) -> String {
    if path.is_empty() { "arguments".to_owned() } else { path.to_owned() }
}

/// What no schema says: PostgreSQL cannot keep NUL in a text, so no engine takes it; and `1001.0` is an integer to a
/// schema, but not to those who count.
fn find_unfit(value: &Value, path: &mut String, problems: &mut Vec<Problem>) {
    match value {
        Value::String(text) if text.contains('\0') => {
            let message = "contains a NUL character, which no text may".to_owned();
            problems.push(Problem { field: named(path), message });
        }
        Value::Number(number) if !number.is_i64() => {
            let message = format!(
                "{number} is no whole number to count with; write one without point and exponent, such as 1001"
            );
            problems.push(Problem { field: named(path), message });
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| {
            let length = path.len();
            path.push_str(&format!("[{index}]"));
            find_unfit(item, path, problems);
            path.truncate(length);
        }),
        Value::Object(fields) => fields.iter().for_each(|(name, item)| {
            let length = path.len();
            if length > 0 {
                path.push('.');
            }
            path.push_str(&shown(name));
            find_unfit(item, path, problems);
            path.truncate(length);
        }),
        _ => {}
    }
}

/// Whether a pattern or format is said in words.
#[cfg(test)]
pub(crate) fn has_words(asked: &str) -> bool {
    PATTERNS.iter().chain(&FORMATS).any(|(known, ..)| *known == asked)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(schema: &Value, arguments: Value) -> Rejection {
        let validator = validator(schema).unwrap();
        read(&validator, schema.as_object().unwrap(), arguments.as_object().unwrap().clone()).unwrap_err()
    }

    fn schema() -> Value {
        json!({
            "type": "object", "additionalProperties": false, "required": ["customer", "lines"],
            "properties": {
                "customer": {"type": "string", "minLength": 1},
                "lines": {"type": "array", "items": {"type": "object", "properties": {
                    "quantity": {"type": "integer", "minimum": 1}}, "additionalProperties": false}}
            }
        })
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let arguments = json!({"lines": [{"quantity": 0}, {"quantity": "two", "qty": 1}], "colour": "red"});
        let rejection = refused(&schema(), arguments);
        let mut problems: Vec<String> =
            rejection.problems.iter().map(|p| format!("{}: {}", p.field, p.message)).collect();
        problems.sort();
        assert_eq!(
            problems,
            [
                "colour: there is no such argument; those there are: customer, lines",
                "customer: is required",
                "lines[0].quantity: 0 is less than 1",
                "lines[1].qty: there is no such argument; did you mean quantity?",
                "lines[1].quantity: \"two\" is not of type \"integer\"",
            ]
        );
    }

    #[test]
    fn what_is_expected_is_said_in_words() {
        let schema = json!({"type": "object", "properties": {
            "until": {"type": "string", "format": "date-time"},
            "command_id": {"type": "string", "format": "uuid"},
            "amount": {"type": "string", "pattern": PATTERNS[0].0},
            "currency": {"type": "string", "pattern": PATTERNS[3].0},
            "lines": {"type": "array", "minItems": 1},
            "order_id": {"type": "integer", "minimum": 1},
        }});
        let time = "is no time with an offset; write one such as 2026-11-23T10:00:00+05:30";
        for (field, wrong, said) in [
            ("until", json!("tomorrow"), time),
            ("until", json!("2026-11-23"), time),
            ("until", json!("2026-11-23T10:00:00"), time),
            ("command_id", json!("nope"), "is no id; give one exactly as an answer gave it"),
            ("amount", json!("1,000.00"), "is no amount; write a decimal string such as \"999.00\""),
            ("amount", json!("-5"), "without grouping, sign or exponent"),
            ("currency", json!("rupee"), "is no currency; write its ISO 4217 code in capitals, such as \"USD\""),
            ("lines", json!([]), "needs at least one entry"),
            ("order_id", json!(1001.0), "1001.0 is no whole number"),
            ("order_id", json!(u64::MAX), "is no whole number"),
            ("order_id", json!(1e300), "is no whole number"),
        ] {
            let rejection = refused(&schema, json!({ field: wrong }));
            assert_eq!(rejection.field.as_deref(), Some(field));
            assert!(rejection.message.contains(said) && rejection.hint.is_some(), "{rejection:?}");
            assert!(rejection.problems.is_empty(), "{rejection:?}");
        }
        let good = json!({ "until": "2026-11-23T10:00:00+05:30", "amount": "999.00", "order_id": 1001 });
        let (validator, good) = (validator(&schema).unwrap(), good.as_object().unwrap());
        let (read, readings) = read(&validator, schema.as_object().unwrap(), good.clone()).unwrap();
        assert_eq!((&read, readings.len()), (good, 0));
    }

    #[test]
    fn json_in_a_text_with_a_doubled_key_is_one_problem() {
        let text = r#"[{"quantity":1,"quantity":1000}]"#;
        let rejection = refused(&schema(), json!({"customer": "ann", "lines": text}));
        assert_eq!(rejection.field.as_deref(), Some("lines"));
        let told = "lines: the key `quantity` stands twice in lines[0]: nothing was done; send it once";
        assert_eq!((rejection.message.as_str(), rejection.problems.len()), (told, 0));
    }

    #[test]
    fn nul_is_refused_wherever_it_stands() {
        let rejection = refused(&schema(), json!({"customer": "a\0b", "lines": []}));
        assert_eq!(rejection.field.as_deref(), Some("customer"));
    }
}
