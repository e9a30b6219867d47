//! What every command answers.

use orderlog_commands::Receipt;
use orderlog_domain::{
    commands::{self, Command},
    ids::{OrderId, StreamId},
};
use orderlog_event_log::Recorded;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{schema::Object, sentences, shop::OpenShop, views};

/// What every command answers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CommandAnswer {
    /// Id of the command.
    command_id: Uuid,
    /// Number of the order it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<i64>,
    /// The order's version after it, for expected_version.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_version: Option<i64>,
    /// Version of what it was about.
    version: i64,
    /// The log's position after it.
    position: i64,
    /// What was recorded, or with dry_run would be.
    events: Vec<views::EventView>,
    /// How it stood before, unless it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Object")]
    before: Option<Value>,
    /// How it stands after.
    #[schemars(with = "Object")]
    after: Value,
    /// What the user should know besides.
    warnings: Vec<String>,
    /// Everything already was as asked; nothing was recorded.
    pub no_change: bool,
    /// The same command had been carried out before; this is its answer.
    pub replayed: bool,
    /// Nothing was recorded because dry_run was asked for.
    dry_run: bool,
    /// The call that takes it back, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<Undo>,
    /// Fit to be read aloud.
    text: String,
}

/// A call that takes a change back.
#[derive(Debug, Serialize, JsonSchema)]
struct Undo {
    /// Name of the tool.
    tool: &'static str,
    /// Its arguments.
    #[schemars(with = "Object")]
    arguments: Value,
}

impl CommandAnswer {
    /// Its sentence.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The fields of something known that read differently after the command.
    pub fn differences(&self) -> Vec<String> {
        let (Some(Value::Object(before)), Value::Object(after)) = (&self.before, &self.after) else { return vec![] };
        after
            .iter()
            .filter(|(field, value)| before.get(*field) != Some(value))
            .map(|(field, _)| field.clone())
            .collect()
    }

    /// The same with something more that the user should know.
    pub(crate) fn warned(mut self, warning: Option<String>) -> CommandAnswer {
        self.warnings.extend(warning);
        self
    }
}

pub(crate) fn answer(
    shop: &OpenShop,
    command: &Command,
    receipt: Receipt,
    readings: Vec<String>,
    dry_run: bool,
) -> CommandAnswer {
    let mut text = sentences::of_command(shop, command, &receipt);
    if dry_run {
        text = format!("Nothing was recorded; this is what would happen. {text}");
    }
    let order_id = match receipt.subject {
        StreamId::Order(OrderId(id)) => Some(id),
        StreamId::Stock(_) | StreamId::Product(_) | StreamId::Customer(_) | StreamId::Rate(_) => None,
    };
    let version = receipt.version().0;
    let no_change = receipt.no_change();
    let seen = |event: &Recorded| match receipt.dry_run {
        true => views::EventView::foreseen(shop, event),
        false => views::EventView::recorded(event),
    };
    CommandAnswer {
        command_id: receipt.command_id.0,
        order_id,
        order_version: order_id.map(|_| version),
        version,
        position: receipt.position.0,
        events: receipt.events().iter().map(seen).collect(),
        before: receipt.before.as_ref().map(|state| views::state(shop, state)),
        after: views::state(shop, &receipt.after),
        warnings: readings.into_iter().chain(receipt.warnings.iter().cloned()).collect(),
        no_change,
        replayed: receipt.replayed,
        dry_run,
        undo: if no_change || dry_run { None } else { undo(command, &receipt) },
        text,
    }
}

/// The call that takes the change back, where orders.undo can.
fn undo(command: &Command, receipt: &Receipt) -> Option<Undo> {
    let of_orders = receipt.events().iter().filter(|event| matches!(event.stream, StreamId::Order(_)));
    let types = of_orders.map(|event| event.event_type.as_str());
    // What an undo recorded is not offered to be undone in its turn.
    let offered = !matches!(command, Command::Undo(_)) && commands::Undo::can_take_back(types);
    offered.then(|| {
        let arguments = serde_json::json!({ "command_id": receipt.command_id.0 });
        Undo { tool: "orders_undo", arguments }
    })
}
