//! Checks arguments against the listed schema and reports every problem at once, in words an assistant can act on.

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use orderlog_domain::rejection::{Problem, Rejection};
use serde_json::Value;

/// Problems reported at most; a call with more is mended in rounds.
const MAX_PROBLEMS: usize = 20;
/// Characters of a wrong value that are shown back.
const MAX_SHOWN: usize = 60;

/// Passes arguments that fit the schema and hold no NUL.
///
/// # Errors
/// `INVALID_ARGUMENT` with all problems.
pub(crate) fn check(validator: &Validator, arguments: &Value) -> Result<(), Rejection> {
    let mut problems = vec![];
    if !validator.is_valid(arguments) {
        problems.extend(validator.iter_errors(arguments).take(MAX_PROBLEMS).flat_map(|error| describe(&error)));
    }
    find_nul(arguments, &mut String::new(), &mut problems);
    reject(problems)
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
    Err(rejection)
}

fn describe(error: &ValidationError<'_>) -> Vec<Problem> {
    let path = field(error.instance_path().as_str());
    let at = |message: String| vec![Problem { field: named(&path), message }];
    let within = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| Problem { field: within(name), message: "there is no such argument; leave it out".to_owned() })
            .collect(),
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![Problem { field: within(name), message: "is required".to_owned() }]
        }
        ValidationErrorKind::MaxLength { limit } => at(format!("is longer than {limit} characters")),
        ValidationErrorKind::MinLength { limit: 1 } => at("must not be empty".to_owned()),
        ValidationErrorKind::Pattern { pattern } => at(format!("{} does not match {pattern}", shown(error))),
        ValidationErrorKind::MaxItems { limit } => at(format!("has more than {limit} entries")),
        ValidationErrorKind::MinItems { limit } => at(format!("needs at least {limit} entries")),
        ValidationErrorKind::Minimum { limit } => at(format!("{} is less than {limit}", shown(error))),
        ValidationErrorKind::Maximum { limit } => at(format!("{} is more than {limit}", shown(error))),
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(|all| all.iter().map(plain).collect::<Vec<_>>().join(", "));
            at(format!("{} is none of: {}", shown(error), options.unwrap_or_default()))
        }
        _ => {
            let text: String = error.masked_with(shown(error)).to_string().chars().take(300).collect();
            at(text)
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn shown(error: &ValidationError<'_>) -> String {
    let text = error.instance().to_string();
    if text.chars().count() <= MAX_SHOWN {
        text
    } else {
        format!("{}…", text.chars().take(MAX_SHOWN).collect::<String>())
    }
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
            path.push_str(&part.replace("~1", "/").replace("~0", "~"));
        }
    }
    path
}

fn named(path: &str) -> String {
    if path.is_empty() { "arguments".to_owned() } else { path.to_owned() }
}

/// PostgreSQL cannot keep NUL in a text, so no engine takes it.
fn find_nul(value: &Value, path: &mut String, problems: &mut Vec<Problem>) {
    match value {
        Value::String(text) if text.contains('\0') => {
            let message = "contains a NUL character, which no text may".to_owned();
            problems.push(Problem { field: named(path), message });
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| {
            let length = path.len();
            path.push_str(&format!("[{index}]"));
            find_nul(item, path, problems);
            path.truncate(length);
        }),
        Value::Object(fields) => fields.iter().for_each(|(name, item)| {
            let length = path.len();
            if length > 0 {
                path.push('.');
            }
            path.push_str(name);
            find_nul(item, path, problems);
            path.truncate(length);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Validator {
        jsonschema::validator_for(&json!({
            "type": "object", "additionalProperties": false, "required": ["customer", "lines"],
            "properties": {
                "customer": {"type": "string", "minLength": 1},
                "lines": {"type": "array", "items": {"type": "object", "properties": {
                    "quantity": {"type": "integer", "minimum": 1}}}}
            }
        }))
        .unwrap()
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let arguments = json!({"lines": [{"quantity": 0}, {"quantity": "two"}], "colour": "red"});
        let rejection = check(&schema(), &arguments).unwrap_err();
        let mut problems: Vec<String> =
            rejection.problems.iter().map(|p| format!("{}: {}", p.field, p.message)).collect();
        problems.sort();
        assert_eq!(
            problems,
            [
                "colour: there is no such argument; leave it out",
                "customer: is required",
                "lines[0].quantity: 0 is less than 1",
                "lines[1].quantity: \"two\" is not of type \"integer\"",
            ]
        );
    }

    #[test]
    fn nul_is_refused_wherever_it_stands() {
        let rejection = check(&schema(), &json!({"customer": "a\0b", "lines": []})).unwrap_err();
        assert_eq!(rejection.field.as_deref(), Some("customer"));
    }
}
