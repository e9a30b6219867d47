//! The shape of valid arguments, made once from a tool's schema; finds every fault of a call, in words that help to
//! mend it.
//!
//! Only the words of JSON Schema that our own schemas use are known. A library for all of them was a tenth of a release build.

mod owner;

use orderlog_domain::rejection::Problem;
use serde_json::Value;

use super::{
    amounts::digits_of,
    forms::{FORMATS, Form, PATTERNS},
    unknown::{self, Elsewhere},
};
use crate::{echo::shown, schema::Object};

/// Faults named at most; a call with more is mended in rounds.
pub(crate) const MAX_PROBLEMS: usize = 20;

/// The shape of a valid value.
pub(crate) struct Shape {
    kind: Kind,
    /// The accepted values, if the schema lists them.
    options: Option<Vec<Value>>,
}

enum Kind {
    /// Any value.
    Any,
    Object {
        properties: Vec<(String, Shape)>,
        required: Vec<String>,
        /// Whether members that are not listed are accepted.
        open: bool,
        /// Arguments that only other tools take, with those tools.
        elsewhere: Elsewhere,
    },
    List {
        items: Box<Shape>,
        fewest: usize,
        most: usize,
    },
    Text {
        shortest: usize,
        longest: usize,
        format: Option<&'static Form>,
        pattern: Option<&'static Form>,
    },
    Whole {
        least: i64,
        most: i64,
    },
    Truth,
}

impl Shape {
    /// Reads a schema.
    ///
    /// # Errors
    /// When the schema has an unknown part; names it.
    pub(crate) fn of(schema: &Object) -> Result<Shape, String> {
        let text = |name: &str| schema.get(name).and_then(Value::as_str);
        let count =
            |name: &str| schema.get(name).and_then(Value::as_u64).map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let (kind, words): (Kind, &[&str]) = match text("type") {
            None if schema.contains_key("type") => return Err("several types are not known".to_owned()),
            None => (Kind::Any, &[]),
            Some("object") => {
                let none = Object::new();
                let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
                let properties = properties.iter().map(|(name, of)| Ok((name.clone(), Shape::member(of)?)));
                let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
                let kind = Kind::Object {
                    properties: properties.collect::<Result<_, String>>()?,
                    required: required.filter_map(Value::as_str).map(str::to_owned).collect(),
                    open: schema.get("additionalProperties") != Some(&Value::Bool(false)),
                    elsewhere: Elsewhere::default(),
                };
                (kind, &["properties", "required", "additionalProperties"])
            }
            Some("array") => {
                let items = match schema.get("items") {
                    Some(items) => Shape::member(items)?,
                    None => Shape { kind: Kind::Any, options: None },
                };
                let (fewest, most) = (count("minItems").unwrap_or(0), count("maxItems").unwrap_or(usize::MAX));
                (Kind::List { items: Box::new(items), fewest, most }, &["items", "minItems", "maxItems"])
            }
            Some("string") => {
                let known = |name: &str, forms: &'static [Form]| match text(name) {
                    None => Ok(None),
                    Some(asked) => match forms.iter().find(|form| form.named == asked) {
                        Some(form) => Ok(Some(form)),
                        None => Err(format!("the {name} {asked} is not known")),
                    },
                };
                let kind = Kind::Text {
                    shortest: count("minLength").unwrap_or(0),
                    longest: count("maxLength").unwrap_or(usize::MAX),
                    format: known("format", &FORMATS)?,
                    pattern: known("pattern", &PATTERNS)?,
                };
                (kind, &["minLength", "maxLength", "format", "pattern"])
            }
            Some("integer") => {
                let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
                let (least, most) = (bound("minimum").unwrap_or(i64::MIN), bound("maximum").unwrap_or(i64::MAX));
                (Kind::Whole { least, most }, &["minimum", "maximum"])
            }
            Some("boolean") => (Kind::Truth, &[]),
            Some(other) => return Err(format!("the type {other} is not known")),
        };
        // These keywords set no bounds.
        let notes = ["type", "enum", "description", "title", "default", "x-mcp-header"];
        match schema.keys().find(|word| !words.contains(&word.as_str()) && !notes.contains(&word.as_str())) {
            Some(word) => Err(format!("the word {word} is not known")),
            None => Ok(Shape { kind, options: schema.get("enum").and_then(Value::as_array).cloned() }),
        }
    }

    /// Learns which tools take which arguments.
    pub(crate) fn learn(&mut self, tools: &Elsewhere) {
        if let Kind::Object { elsewhere, .. } = &mut self.kind {
            *elsewhere = Elsewhere::clone(tools);
        }
    }

    fn member(schema: &Value) -> Result<Shape, String> {
        schema.as_object().map_or_else(|| Ok(Shape { kind: Kind::Any, options: None }), Shape::of)
    }

    /// Whether a value has no fault.
    pub(crate) fn fits(&self, value: &Value) -> bool {
        if self.options.as_ref().is_some_and(|options| !options.contains(value)) {
            return false;
        }
        match (&self.kind, value) {
            (Kind::Any, _) | (Kind::Truth, Value::Bool(_)) => true,
            (Kind::Object { properties, required, open, .. }, Value::Object(fields)) => {
                let known = |name: &str| properties.iter().find(|(known, _)| known == name);
                required.iter().all(|name| fields.contains_key(name))
                    && fields.iter().all(|(name, value)| known(name).map_or(*open, |(_, shape)| shape.fits(value)))
            }
            (Kind::List { items, fewest, most }, Value::Array(all)) => {
                (*fewest..=*most).contains(&all.len()) && all.iter().all(|one| items.fits(one))
            }
            (Kind::Text { shortest, longest, format, pattern }, Value::String(text)) => {
                (*shortest..=*longest).contains(&text.chars().count())
                    && [format, pattern].into_iter().flatten().all(|form| (form.fits)(text))
            }
            (Kind::Whole { least, most }, Value::Number(number)) => match number.as_i64() {
                Some(number) => (*least..=*most).contains(&number),
                None => self.faults(value).is_empty(),
            },
            _ => false,
        }
    }

    /// The faults of a value, the first [`MAX_PROBLEMS`] of them, in the order of its members.
    pub(crate) fn faults(&self, value: &Value) -> Vec<Problem> {
        let mut found = vec![];
        self.find(value, &mut String::new(), &mut found);
        found.truncate(MAX_PROBLEMS);
        found
    }

    fn find(&self, value: &Value, path: &mut String, found: &mut Vec<Problem>) {
        if found.len() >= MAX_PROBLEMS {
            return;
        }
        let said = || shown(&value.to_string()).into_owned();
        if !self.kind.takes(value) {
            found.push(at(path, format!("{} is not of type \"{}\"", said(), self.kind.name())));
        }
        if let Some(options) = &self.options
            && !options.contains(value)
        {
            let options: Vec<String> = options.iter().map(plain).collect();
            found.push(at(path, format!("{} is none of: {}", said(), options.join(", "))));
        }
        match (&self.kind, value) {
            (Kind::Object { properties, required, open, elsewhere }, Value::Object(fields)) => {
                for name in required.iter().filter(|name| !fields.contains_key(*name)) {
                    within(path, name, |path| found.push(at(path, lacking(name).to_owned())));
                }
                let mut unexpected = vec![];
                for (name, value) in fields {
                    match properties.iter().find(|(known, _)| known == name) {
                        Some((_, shape)) => {
                            let known = found.len();
                            within(path, name, |path| shape.find(value, path, found));
                            if let Some(problem) = found.get_mut(known)
                                && let Some(owner) = shape.owner_of((name, value), properties, elsewhere)
                            {
                                problem.message.push_str(&owner);
                            }
                        }
                        None if *open => {}
                        None => unexpected.push(name),
                    }
                }
                let known: Vec<&str> = properties.iter().map(|(name, _)| name.as_str()).collect();
                for name in unexpected {
                    within(path, name, |path| found.push(at(path, unknown::message(name, &known, elsewhere))));
                }
            }
            (Kind::List { items, fewest, most }, Value::Array(all)) => {
                if all.len() > *most {
                    found.push(at(path, format!("has more than {most} entries")));
                }
                match fewest {
                    fewest if all.len() >= *fewest => {}
                    1 => found.push(at(path, "needs at least one entry".to_owned())),
                    fewest => found.push(at(path, format!("needs at least {fewest} entries"))),
                }
                for (index, one) in all.iter().enumerate() {
                    let length = path.len();
                    path.push_str(&format!("[{index}]"));
                    items.find(one, path, found);
                    path.truncate(length);
                }
            }
            (Kind::Text { shortest, longest, format, pattern }, Value::String(text)) => {
                let wrong =
                    |form: &Form| match digits_of(text).filter(|digits| form.what == "amount" && (form.fits)(digits)) {
                        Some(digits) => format!("{} is no amount as it is written; write \"{digits}\"", said()),
                        None => format!("{} is no {}; {}", said(), form.what, form.write),
                    };
                let misfit = |form: &Option<&'static Form>| form.filter(|form| !(form.fits)(text)).map(wrong);
                let length = text.chars().count();
                found.extend(misfit(format).map(|message| at(path, message)));
                if length > *longest {
                    found.push(at(path, format!("is longer than {longest} characters")));
                }
                match shortest {
                    shortest if length >= *shortest => {}
                    1 => found.push(at(path, "must not be empty".to_owned())),
                    shortest => found.push(at(path, format!("{} is shorter than {shortest} characters", said()))),
                }
                found.extend(misfit(pattern).map(|message| at(path, message)));
            }
            (Kind::Whole { least, most }, Value::Number(number)) => {
                // A number beyond 64 bits is compared as a float here: it is refused later, for its size.
                let (below, above) = match (number.as_i64(), number.as_f64()) {
                    (Some(number), _) => (number < *least, number > *most),
                    (None, Some(number)) => (number < *least as f64, *most < i64::MAX && number > *most as f64),
                    (None, None) => (false, false),
                };
                if above {
                    found.push(at(path, format!("{} is more than {most}", said())));
                }
                if below {
                    found.push(at(path, format!("{} is less than {least}", said())));
                }
            }
            _ => {}
        }
    }
}

impl Kind {
    /// Whether a value is of this kind, without regard to its bounds.
    fn takes(&self, value: &Value) -> bool {
        match (self, value) {
            (Kind::Any, _)
            | (Kind::Object { .. }, Value::Object(_))
            | (Kind::List { .. }, Value::Array(_))
            | (Kind::Text { .. }, Value::String(_))
            | (Kind::Truth, Value::Bool(_)) => true,
            // `1001.0` is an integer to a schema.
            (Kind::Whole { .. }, Value::Number(number)) => {
                number.is_i64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            _ => false,
        }
    }

    /// Name of the kind in schemas.
    fn name(&self) -> &'static str {
        match self {
            Kind::Any => "any",
            Kind::Object { .. } => "object",
            Kind::List { .. } => "array",
            Kind::Text { .. } => "string",
            Kind::Whole { .. } => "integer",
            Kind::Truth => "boolean",
        }
    }
}

/// A problem of the member at `path`.
pub(crate) fn at(path: &str, message: String) -> Problem {
    Problem { field: if path.is_empty() { "arguments".to_owned() } else { path.to_owned() }, message }
}

/// Checks a member, with its name added to the path: `lines[0].quantity`.
fn within(path: &mut String, name: &str, look: impl FnOnce(&mut String)) {
    let length = path.len();
    if length > 0 {
        path.push('.');
    }
    path.push_str(&shown(name));
    look(path);
    path.truncate(length);
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The message about an argument that is missing. The number of units is never guessed.
fn lacking(name: &str) -> &'static str {
    match name {
        "quantity" => "is required: 1 where the user named one (\"a blue mug\"); where they did not say how many, ask",
        _ => "is required",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shape(schema: Value) -> Result<Shape, String> {
        Shape::of(schema.as_object().expect("an object"))
    }

    #[test]
    fn a_schema_with_a_word_that_nobody_checks_is_refused() {
        for unknown in [
            json!({"type": "integer", "multipleOf": 5}),
            json!({"type": "string", "pattern": "^x$"}),
            json!({"type": "string", "format": "email"}),
            json!({"type": ["string", "null"]}),
            json!({"type": "object", "properties": {"a": {"anyOf": []}}}),
        ] {
            assert!(shape(unknown.clone()).is_err(), "{unknown}");
        }
    }

    #[test]
    fn what_fits_has_no_fault_and_what_does_not_has_one() {
        let amount = json!({"type": "string", "pattern": PATTERNS[0].named});
        let discount = json!({"type": "string", "pattern": PATTERNS[1].named});
        let percentage = json!({"type": "string", "pattern": PATTERNS[2].named});
        let time = json!({"type": "string", "format": "date-time"});
        let id = json!({"type": "string", "format": "uuid"});
        let list = json!({"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "integer", "minimum": 1}});
        let word = json!({"type": "string", "enum": ["day", "week"]});
        let short = json!({"type": "string", "minLength": 2, "maxLength": 3});
        for (schema, good, bad) in [
            (&amount, json!(["0", "999.00", "00.1"]), json!(["", ".5", "5.", "-1", "1e3", "१", "1 ", 5, null])),
            (&discount, json!(["10%", "50.00"]), json!(["%", "10%%", "10 %"])),
            (&percentage, json!(["0", "12.5", "100%"]), json!(["1000", "1.23456", "5."])),
            (
                &time,
                json!(["2026-11-23T10:00:00+05:30", "2026-11-23t10:00:00.5z"]),
                json!(["2026-11-23", "2026-11-23 10:00:00Z", "2026-02-30T10:00:00Z", "2026-11-23T10:00:00", "today"]),
            ),
            (
                &id,
                json!(["0199d5c2-7b3e-7c41-9d2a-3f6e8b1c4a57", "0199D5C2-7B3E-7C41-9D2A-3F6E8B1C4A57"]),
                json!(["0199d5c27b3e7c419d2a3f6e8b1c4a57", "{0199d5c2-7b3e-7c41-9d2a-3f6e8b1c4a57}", "x"]),
            ),
            (&list, json!([[1], [1, 2], [1.0]]), json!([[], [1, 2, 3], [0], ["1"], [1.5], 1])),
            (&word, json!(["day", "week"]), json!(["Day", 1, null])),
            (&short, json!(["ab", "äöü"]), json!(["a", "abcd"])),
        ] {
            let shape = shape(schema.clone()).expect("a schema");
            for (values, fits) in [(good, true), (bad, false)] {
                for value in values.as_array().expect("a list") {
                    assert_eq!(shape.fits(value), fits, "{schema} {value}");
                    assert_eq!(shape.faults(value).is_empty(), fits, "{schema} {value}");
                }
            }
        }
    }

    #[test]
    fn a_call_with_very_many_faults_is_told_of_the_first() {
        let shape = shape(json!({"type": "array", "items": {"type": "integer"}})).expect("a schema");
        let faults = shape.faults(&json!(vec!["x"; 100_000]));
        assert_eq!((faults.len(), faults[19].field.as_str()), (MAX_PROBLEMS, "[19]"));
    }
}
