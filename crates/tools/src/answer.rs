//! The answer of a tool: sentences, then the facts, as text for readers and as JSON for programs. Short, unless the
//! caller asks for everything.

use serde::Serialize;
use serde_json::Value;

use crate::{arguments::cursor, echo, facts::plain, failure::Failure, schema::Object, table};

/// The argument that every tool takes in addition to its own.
pub(crate) const DETAIL: &str = "detail";

/// How much an answer contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Detail {
    /// The usual fields.
    #[default]
    Short,
    /// Every field there is.
    Full,
}

impl Detail {
    /// Takes the argument out of arguments that were checked.
    pub(crate) fn take(arguments: &mut Object) -> Detail {
        match arguments.remove(DETAIL) {
            Some(Value::String(word)) if word == "full" => Detail::Full,
            _ => Detail::Short,
        }
    }

    /// The listed schema of the argument. Every tool has it, so the instructions explain it once.
    pub(crate) fn schema() -> Value {
        serde_json::json!({ "type": "string", "enum": ["short", "full"], "description": "Depth." })
    }
}

/// An answer on its way out.
#[derive(Debug)]
pub struct Answer {
    /// The texts for readers: the sentences, then the other facts.
    pub texts: Vec<String>,
    /// For programs.
    pub structured: Value,
}

/// The full answer of a tool, which serializes, and its short form.
pub(crate) trait Told: Serialize {
    /// The short form of the answer.
    fn short(self) -> Short;
}

/// An answer that its tool has made.
pub(crate) enum Reply {
    Short(Short),
    Full(Value),
}

impl Reply {
    pub(crate) fn of(told: impl Told, detail: Detail) -> Result<Reply, Failure> {
        match detail {
            Detail::Short => Ok(Reply::Short(told.short())),
            Detail::Full => Ok(Reply::Full(write(told)?)),
        }
    }

    /// Writes the name of the list into the cursor of the next page, if there is one.
    pub(crate) fn give_cursor(&mut self, list: &str) {
        let cursor = match self {
            Reply::Short(short) => {
                short.facts.iter_mut().find(|fact| fact.name == cursor::NEXT).map(|fact| &mut fact.value)
            }
            Reply::Full(value) => value.get_mut(cursor::NEXT),
        };
        if let Some(Value::String(cursor)) = cursor {
            cursor::give(cursor, list);
        }
    }

    /// The answer, with a note on each argument that was written otherwise than listed.
    pub(crate) fn answer(self, readings: Vec<String>) -> Answer {
        match self {
            Reply::Short(short) => short.answer(readings),
            Reply::Full(mut structured) => {
                if let (Value::Object(answer), false) = (&mut structured, readings.is_empty()) {
                    let interpretation = answer.entry(INTERPRETATION).or_insert_with(|| Value::Object(Object::new()));
                    if let Value::Object(interpretation) = interpretation {
                        interpretation.insert("arguments".to_owned(), readings.into());
                    }
                }
                echo::tidy(&mut structured);
                let text = structured.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
                // Hosts that pass on only the text would otherwise lose what was asked for.
                Answer { texts: vec![text, structured.to_string()], structured }
            }
        }
    }
}

pub(crate) const INTERPRETATION: &str = "interpretation";

/// A short answer. Every fact is in the JSON under its name and in the text in words, so that both contain the same.
pub(crate) struct Short {
    text: String,
    lines: Vec<String>,
    facts: Vec<Fact>,
}

struct Fact {
    name: &'static str,
    value: Value,
    said: Said,
}

/// How the text contains a fact.
enum Said {
    /// `on hand: 30`
    ByName,
    In(String),
    /// The sentence or the table contains the fact.
    Elsewhere,
}

impl Short {
    /// A short answer with these sentences.
    pub(crate) fn of(text: String) -> Short {
        Short { text, lines: vec![], facts: vec![] }
    }

    fn add(mut self, name: &'static str, value: impl Into<Value>, said: Said) -> Short {
        self.facts.push(Fact { name, value: value.into(), said });
        self
    }

    pub(crate) fn fact(self, name: &'static str, value: impl Into<Value>) -> Short {
        self.add(name, value, Said::ByName)
    }

    pub(crate) fn some(self, name: &'static str, value: Option<impl Into<Value>>) -> Short {
        match value {
            Some(value) => self.fact(name, value),
            None => self,
        }
    }

    /// A flag, which appears only if it is true.
    pub(crate) fn flag(self, name: &'static str, holds: bool) -> Short {
        if holds { self.fact(name, true) } else { self }
    }

    /// A fact for which the text has these words.
    pub(crate) fn worded(self, name: &'static str, value: impl Into<Value>, words: String) -> Short {
        self.add(name, value, Said::In(words))
    }

    /// A fact that the sentence or the table already contains.
    pub(crate) fn said(self, name: &'static str, value: impl Into<Value>) -> Short {
        self.add(name, value, Said::Elsewhere)
    }

    /// Lines or tables of the text.
    pub(crate) fn lines(mut self, lines: impl IntoIterator<Item = String>) -> Short {
        self.lines.extend(lines);
        self
    }

    /// A page of a list: `20 of 98`.
    pub(crate) fn table(self, name: &'static str, table: table::Table, total_count: i64) -> Short {
        let text = table.in_words(Some(total_count));
        self.lines(text).said(name, table.into_json()).said("total_count", total_count)
    }

    pub(crate) fn warnings(mut self, warnings: Vec<String>) -> Short {
        self.lines.extend(warnings.iter().cloned());
        self.said("warnings", warnings)
    }

    fn answer(self, readings: Vec<String>) -> Answer {
        let Short { text, mut lines, mut facts } = self;
        if !readings.is_empty() {
            lines.extend(readings.iter().map(|reading| format!("{reading}.")));
            let told = facts.iter_mut().find(|fact| fact.name == INTERPRETATION);
            match told {
                Some(Fact { value: Value::Object(told), .. }) => {
                    _ = told.insert("arguments".to_owned(), readings.into())
                }
                Some(_) | None => facts.push(Fact {
                    name: INTERPRETATION,
                    value: serde_json::json!({ "arguments": readings }),
                    said: Said::Elsewhere,
                }),
            }
        }
        let named: Vec<String> = facts.iter().filter_map(Fact::in_words).collect();
        if !named.is_empty() {
            lines.push(named.join("; "));
        }
        let mut structured: Object = facts.into_iter().map(|fact| (fact.name.to_owned(), fact.value)).collect();
        structured.insert("text".to_owned(), text.into());
        let mut structured = Value::Object(structured);
        echo::tidy(&mut structured);
        let mut texts = vec![structured.get("text").and_then(Value::as_str).unwrap_or_default().to_owned()];
        if !lines.is_empty() {
            texts.push(echo::sentence(&lines.join("\n")).into_owned());
        }
        Answer { texts, structured }
    }
}

impl Fact {
    fn in_words(&self) -> Option<String> {
        match &self.said {
            Said::Elsewhere => None,
            Said::In(words) => Some(words.clone()).filter(|words| !words.is_empty()),
            Said::ByName => Some(format!("{}: {}", self.name.replace('_', " "), plain(&self.value))),
        }
    }
}

/// The full answer as JSON.
pub(crate) fn write(answer: impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(|error| Failure::Failed(anyhow::Error::new(error).context("write the answer")))
}
