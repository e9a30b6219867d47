//! Checks arguments against the listed schema and reports every problem at once, in words an assistant can act on.

use std::collections::HashSet;

use orderlog_domain::rejection::{Problem, Rejection};
use serde_json::Value;

use super::{
    readings::{self, Readings},
    shape::{MAX_PROBLEMS, Shape, at},
    when::When,
};
use crate::{echo::shown, schema::Object};

/// Reads values that have only one meaning, then checks. Arguments that already fit the schema are not changed, so a
/// request, and with it an idempotency key, keeps its meaning.
///
/// # Errors
/// `INVALID_ARGUMENT` with all problems.
pub(crate) fn read(
    shape: &Shape,
    schema: &Object,
    arguments: Object,
    when: When<'_>,
) -> Result<(Object, Vec<String>), Rejection> {
    let mut value = Value::Object(arguments);
    let mut readings = Readings::default();
    if !shape.fits(&value) {
        if let Value::Object(arguments) = &mut value {
            readings = readings::read(schema, arguments, when);
        }
        add(&mut readings.problems, shape.faults(&value));
    }
    check(&value, readings.problems)?;
    match value {
        Value::Object(arguments) => Ok((arguments, readings.told)),
        _ => Ok((Object::new(), readings.told)),
    }
}

/// Accepts arguments that fit the schema, contain no NUL, and whose numbers are integers or decimals that are kept
/// exactly.
///
/// # Errors
/// `INVALID_ARGUMENT` with all problems, those that the schema found among them.
fn check(arguments: &Value, mut problems: Vec<Problem>) -> Result<(), Rejection> {
    let mut more = vec![];
    find_unfit(arguments, &mut String::new(), &mut more);
    add(&mut problems, more);
    reject(problems)
}

/// Adds problems of fields that have none yet.
fn add(problems: &mut Vec<Problem>, more: Vec<Problem>) {
    let known: HashSet<String> = problems.iter().map(|problem| problem.field.clone()).collect();
    problems.extend(more.into_iter().filter(|found| !known.contains(&found.field)));
}

/// Succeeds if there are no problems; otherwise one rejection contains them all.
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
    Err(rejection
        .hint("Nothing was done. Correct what is named and repeat the call; ask the user instead of guessing."))
}

/// Faults that no schema finds: PostgreSQL cannot store NUL in a text, so no engine accepts it; and a schema takes
/// `1001.0` for an integer, but our code does not.
fn find_unfit(value: &Value, path: &mut String, problems: &mut Vec<Problem>) {
    match value {
        Value::String(text) if text.contains('\0') => {
            let message = "contains a NUL character, which no text may".to_owned();
            problems.push(at(path, message));
        }
        Value::Number(number) if !number.is_i64() => {
            let message = format!(
                "{number} is no whole number to count with; write one without point and exponent, such as 1001"
            );
            problems.push(at(path, message));
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

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use orderlog_domain::calendar::BusinessCalendar;
    use serde_json::json;

    use super::*;

    fn refused(schema: &Value, arguments: Value) -> Rejection {
        let shape = Shape::of(schema.as_object().unwrap()).unwrap();
        read(&shape, schema.as_object().unwrap(), arguments.as_object().unwrap().clone(), when()).unwrap_err()
    }

    /// Sunday 2026-11-22, 14:30 in Kolkata.
    fn when() -> When<'static> {
        static CALENDAR: LazyLock<BusinessCalendar> = LazyLock::new(BusinessCalendar::default);
        When { now: "2026-11-22T09:00:00Z".parse().unwrap(), calendar: &CALENDAR }
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
            "amount": {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            "lines": {"type": "array", "minItems": 1},
            "order_id": {"type": "integer", "minimum": 1},
        }});
        let time = "For a moment say it such as \"Friday 18:00\", or write one such as 2026-11-23T10:00:00+05:30";
        for (field, wrong, said) in [
            ("until", json!("soonish"), time),
            ("until", json!("tomorow"), "did you mean \"tomorrow\"?"),
            ("until", json!("2026-11-23T25:00:00"), time),
            ("until", json!(5), "is not of type \"string\""),
            ("command_id", json!("nope"), "is no id; give one exactly as an answer gave it"),
            ("amount", json!("1,000.00"), "is no amount as it is written; write \"1000\""),
            ("amount", json!("10 or 20"), "is no amount; write a decimal string such as \"999.00\""),
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
        let (shape, good) = (Shape::of(schema.as_object().unwrap()).unwrap(), good.as_object().unwrap());
        let (read, readings) = read(&shape, schema.as_object().unwrap(), good.clone(), when()).unwrap();
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
