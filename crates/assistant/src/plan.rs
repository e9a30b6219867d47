//! A plan: the calls of tools that a sentence asks for, in its order.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One call of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `orders.ship`.
    pub tool: String,
    /// As the tool takes them.
    pub arguments: Map<String, Value>,
}

/// What a sentence asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which they were asked for.
    pub steps: Vec<Step>,
    /// Words of requests that only read, which were not understood and set aside.
    pub set_aside: Vec<String>,
    /// The language model that made it, where the grammar did not.
    pub by: Option<String>,
    /// What else is to be said of it.
    pub note: Option<String>,
}

impl Step {
    /// A call without arguments yet.
    pub(crate) fn of(tool: &str) -> Step {
        Step { tool: tool.to_owned(), arguments: Map::new() }
    }

    /// The same with one more argument.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Step {
        self.arguments.insert(name.to_owned(), value.into());
        self
    }

    /// The same with an argument that may be left out.
    pub(crate) fn some(self, name: &str, value: Option<impl Into<Value>>) -> Step {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.arguments.get(name).and_then(Value::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.arguments.get(name).and_then(Value::as_i64)
    }
}
