//! What a tool answers: sentences, then the facts, as text for who reads and as JSON for programs. Short, unless all is asked for.

use serde::Serialize;
use serde_json::Value;

use crate::{arguments::cursor, echo, facts::plain, failure::Failure, schema::Object, table};

/// The argument that every tool takes besides its own.
pub(crate) const DETAIL: &str = "detail";

/// How much an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Detail {
    /// What a person asks for.
    #[default]
    Short,
    /// Every field there is.
    Full,
}

impl Detail {
    /// Takes it out of arguments that were checked.
    pub(crate) fn take(arguments: &mut Object) -> Detail {
        match arguments.remove(DETAIL) {
            Some(Value::String(word)) if word == "full" => Detail::Full,
            _ => Detail::Short,
        }
    }

    /// How it is listed: with every tool, so the instructions say what it means, once.
    pub(crate) fn schema() -> Value {
        serde_json::json!({ "type": "string", "enum": ["short", "full"], "description": "Depth." })
    }
}

/// An answer on its way out.
#[derive(Debug)]
pub struct Answer {
    /// For who reads: the sentences, then what else there is to know.
    pub texts: Vec<String>,
    /// For programs.
    pub structured: Value,
}

/// What a tool has to say, and how it says it in short. Whole, it serializes.
pub(crate) trait Told: Serialize {
    /// The same in short.
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

    /// Writes the list onto the cursor of the next page, if there is one.
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

    /// The answer, with how arguments were read that were not written as they are listed.
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
                // Hosts that pass on text only would otherwise not have what was asked for.
                Answer { texts: vec![text, structured.to_string()], structured }
            }
        }
    }
}

pub(crate) const INTERPRETATION: &str = "interpretation";

/// An answer in short. Every fact stands in the JSON under its name and in the text in words, so that both say the same.
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

/// How the text says a fact.
enum Said {
    /// `on hand: 30`
    ByName,
    In(String),
    /// The sentence or the table has it.
    Elsewhere,
}

impl Short {
    /// With these sentences.
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

    /// Only where it holds.
    pub(crate) fn flag(self, name: &'static str, holds: bool) -> Short {
        if holds { self.fact(name, true) } else { self }
    }

    /// A fact that the text says in these words.
    pub(crate) fn worded(self, name: &'static str, value: impl Into<Value>, words: String) -> Short {
        self.add(name, value, Said::In(words))
    }

    /// A fact that the sentence or the table says already.
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

/// An answer as JSON, whole.
pub(crate) fn write(answer: impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(|error| Failure::Failed(anyhow::Error::new(error).context("write the answer")))
}
