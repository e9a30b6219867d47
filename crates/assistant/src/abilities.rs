//! What the tools of this release can do, so that no plan asks for more.

use std::collections::BTreeMap;

use orderlog_tools::{Danger, Tools};
use serde_json::Value;

use crate::plan::Step;

/// The tools by name.
#[derive(Debug, Clone)]
pub struct Abilities(BTreeMap<String, Ability>);

#[derive(Debug, Clone)]
struct Ability {
    reads: bool,
    arguments: BTreeMap<String, Value>,
    required: Vec<String>,
}

impl Abilities {
    /// As the tools describe themselves.
    pub fn of(tools: &Tools) -> Abilities {
        let ability = |tool: &orderlog_tools::Tool| {
            let properties = tool.input.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
            let required = tool.input.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            Ability {
                reads: tool.danger == Danger::Read,
                arguments: properties.into_iter().collect(),
                required: required.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            }
        };
        Abilities(tools.all().map(|tool| (tool.name.to_owned(), ability(tool))).collect())
    }

    /// Whether a call changes nothing.
    pub fn only_reads(&self, step: &Step) -> bool {
        self.0.get(&step.tool).is_some_and(|ability| ability.reads)
    }

    /// Whether the tool takes this argument.
    pub(crate) fn takes(&self, tool: &str, argument: &str) -> bool {
        self.0.get(tool).is_some_and(|ability| ability.arguments.contains_key(argument))
    }

    /// Brings a call into the form that its tool takes.
    ///
    /// # Errors
    /// What the tool cannot do, or has still to be told, in words.
    pub(crate) fn fit(&self, mut step: Step) -> Result<Step, String> {
        let Some(ability) = self.0.get(&step.tool) else {
            return Err(format!("There is no tool for that yet ({}).", step.tool));
        };
        if let Some(unknown) = step.arguments.keys().find(|name| !ability.arguments.contains_key(*name)) {
            return Err(format!("{} cannot do that yet: it does not take `{unknown}`.", step.tool));
        }
        for (name, value) in &mut step.arguments {
            if ability.arguments[name]["type"] == "array" && !value.is_array() {
                *value = Value::Array(vec![value.take()]);
            }
        }
        match ability.required.iter().find(|name| !step.arguments.contains_key(*name)) {
            None => Ok(step),
            Some(missing) => Err(question(&step.tool, missing)),
        }
    }
}

/// What to say besides.
fn question(tool: &str, missing: &str) -> String {
    match (tool, missing) {
        ("orders.record_payment", "method") => "Say how it was paid too: by cash, card, upi, bank transfer.".to_owned(),
        ("orders.return_items", "disposition") => "Say what becomes of the units too: restock or scrap.".to_owned(),
        ("orders.undo", "command_id") => "Nothing was changed in this conversation that could be undone.".to_owned(),
        (_, missing) => format!("Say the {} too.", missing.replace('_', " ")),
    }
}
