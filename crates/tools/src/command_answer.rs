//! The answer of every command.

use orderlog_commands::Receipt;
use orderlog_domain::{
    commands::{self, Command},
    envelope,
    ids::{OrderId, StreamId},
};
use orderlog_event_log::Recorded;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    answer::{Detail, Short, Told},
    changes::{self, Change},
    schema::Object,
    sentences::{self, commands::Speaker},
    views,
};

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
    /// What reads differently now: each particular with its new value.
    #[schemars(with = "Object")]
    changed: Object,
    /// What was recorded, or with dry_run would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<views::EventView>>,
    /// How it stood before, unless it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Object")]
    before: Option<Value>,
    /// How it stands after.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Object")]
    after: Option<Value>,
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
    #[serde(skip)]
    changes: Vec<Change>,
    #[serde(skip)]
    is_new: bool,
    /// Whether it could be taken back, in words.
    #[serde(skip)]
    finality: &'static str,
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
    /// Names of the changed fields; empty if the subject is new.
    pub fn differences(&self) -> Vec<String> {
        if self.is_new { vec![] } else { self.changes.iter().map(|change| change.name.clone()).collect() }
    }

    /// The sentences of the answer.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds a warning for the user.
    pub(crate) fn warned(mut self, warning: Option<String>) -> CommandAnswer {
        self.warnings.extend(warning);
        self
    }

    /// Adds the sentence on whether the change can be taken back, if the user would be asked first.
    pub(crate) fn with_finality(mut self, is_asked: bool) -> CommandAnswer {
        if is_asked {
            self.text.push_str(self.finality);
        }
        self
    }

    /// The preview by which a person decides, when the user must confirm.
    pub(crate) fn preview(self) -> Preview {
        Preview {
            text: self.text + self.finality,
            changes: changes::in_words(&self.changes),
            warnings: self.warnings,
            version: self.after.is_some().then_some(self.version),
            events: self.events.filter(|_| self.after.is_some()),
            before: self.before,
            after: self.after,
        }
    }
}

impl Told for CommandAnswer {
    fn short(self) -> Short {
        let changes = changes::in_words(&self.changes);
        let short = Short::of(self.text)
            .warnings(self.warnings)
            .worded("changed", self.changed, changes.join("; "))
            .flag("no_change", self.no_change)
            .flag("replayed", self.replayed)
            .flag("dry_run", self.dry_run);
        let short = match self.events.filter(|_| self.dry_run) {
            Some(events) => {
                let words = sentences::all_of(&events.iter().map(views::EventView::name).collect::<Vec<_>>());
                let words = if words.is_empty() { words } else { format!("would record: {words}") };
                short.worded("events", serde_json::to_value(events).unwrap_or_default(), words)
            }
            None => short,
        };
        let short = match self.order_id {
            Some(order_id) => short.said("order_id", order_id).some("order_version", self.order_version),
            None => short.fact("version", self.version),
        };
        let short = short.fact("position", self.position).said("command_id", self.command_id.to_string());
        match self.undo {
            Some(undo) => {
                let words = format!("undo: {} with command_id {}", undo.tool, self.command_id);
                short.worded("undo", serde_json::to_value(undo).unwrap_or_default(), words)
            }
            None => short,
        }
    }
}

/// The preview of an act, by which a person decides.
#[derive(Debug, Serialize)]
pub(crate) struct Preview {
    text: String,
    /// `status: pending → cancelled`, without the changes that the text contains.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<views::EventView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Value>,
}

pub(crate) fn answer(
    speaker: &Speaker<'_>,
    command: &Command,
    receipt: Receipt,
    readings: Vec<String>,
    detail: Detail,
) -> CommandAnswer {
    let (shop, dry_run) = (speaker.shop, speaker.would);
    let text = speaker.sentences(command, &receipt);
    let order_id = match receipt.subject {
        StreamId::Order(OrderId(id)) => Some(id),
        StreamId::Stock(_)
        | StreamId::Product(_)
        | StreamId::Customer(_)
        | StreamId::Rate(_)
        | StreamId::Notifications
        | StreamId::Confirmations => None,
    };
    let version = receipt.version().0;
    let no_change = receipt.no_change();
    let to_view = |event: &Recorded| match receipt.dry_run {
        true => views::EventView::foreseen(shop, event),
        false => views::EventView::recorded(event),
    };
    let full = detail == Detail::Full;
    let changes = match no_change {
        true => vec![],
        false => changes::between(shop, receipt.before.as_ref(), &receipt.after),
    };
    CommandAnswer {
        command_id: receipt.command_id.0,
        order_id,
        order_version: order_id.map(|_| version),
        version,
        position: receipt.position.0,
        changed: changes::as_json(&changes),
        events: (full || dry_run).then(|| receipt.events().iter().map(to_view).collect()),
        before: receipt.before.as_ref().filter(|_| full).map(|state| views::state(shop, state)),
        after: full.then(|| views::state(shop, &receipt.after)),
        warnings: readings.into_iter().chain(receipt.warnings.iter().cloned()).collect(),
        no_change,
        replayed: receipt.replayed,
        dry_run,
        finality: if no_change { "" } else { finality_of(command, &receipt) },
        undo: if no_change || dry_run { None } else { undo(command, &receipt) },
        text,
        changes,
        is_new: receipt.before.is_none(),
    }
}

/// The sentence of a preview on whether the change can be taken back.
pub(crate) fn finality(undoable: bool) -> &'static str {
    if undoable { " orders_undo could take it back." } else { " This cannot be undone." }
}

/// The same sentence for one command. Empty for most undos, because the tool of the change can do it again.
fn finality_of(command: &Command, receipt: &Receipt) -> &'static str {
    let is_undo = matches!(command, Command::Undo(_) | Command::UndoStock(_));
    let cancels = receipt.events().iter().any(|event| event.event_type == "UnitsCancelled");
    if is_undo && !cancels { "" } else { finality(undo(command, receipt).is_some()) }
}

/// The call that takes the change back, if orders.undo can.
fn undo(command: &Command, receipt: &Receipt) -> Option<Undo> {
    let of_orders = receipt.events().iter().filter(|event| matches!(event.stream, StreamId::Order(_)));
    let types = of_orders.map(|event| event.event_type.as_str());
    // The record of an undo is not offered to be undone.
    let of_stock = || {
        let first = receipt.events().first().filter(|first| matches!(first.stream, StreamId::Stock(_)));
        let first = first.and_then(|first| envelope::decode(&first.json).ok());
        first.is_some_and(|first| commands::UndoStock::of(&first.data).is_some())
    };
    let offered = !matches!(command, Command::Undo(_) | Command::UndoStock(_))
        && (commands::Undo::can_take_back(types) || of_stock());
    offered.then(|| {
        let arguments = serde_json::json!({ "command_id": receipt.command_id.0 });
        Undo { tool: "orders_undo", arguments }
    })
}
