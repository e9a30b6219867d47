//! The commands of consecutive events, and how they differ from the rows of `commands`, one by one.

use std::collections::HashMap;

use orderlog_domain::ids::{CommandId, Position};
use serde::Deserialize;

use super::report::Fault;
use crate::{
    Log, LogError,
    log::on_engine,
    reads::{HASH_BYTES, StoredCommand},
    tally::Tally,
};

/// Events read at a time.
const PAGE: u32 = 2_000;

/// A command with the positions of its events, as their envelopes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Act {
    command_id: CommandId,
    first: Position,
    last: Position,
}

impl Act {
    pub(super) fn add_to(&self, tally: &mut Tally) {
        tally.add(self.command_id.0.as_bytes(), self.first.0, self.last.0);
    }
}

/// Finds the commands while their events are walked.
#[derive(Debug, Default)]
pub(super) struct Acts {
    current: Option<Act>,
}

impl Acts {
    /// Takes the next event. Answers the command that ended before it, if one did.
    pub(super) fn follow(&mut self, position: Position, command_id: CommandId) -> Option<Act> {
        match &mut self.current {
            Some(act) if act.command_id == command_id => {
                act.last = position;
                None
            }
            current => current.replace(Act { command_id, first: position, last: position }),
        }
    }

    /// The last command, at the end of the log.
    pub(super) fn end(&mut self) -> Option<Act> {
        self.current.take()
    }
}

#[derive(Deserialize)]
struct Envelope {
    provenance: Provenance,
}

#[derive(Deserialize)]
struct Provenance {
    command_id: CommandId,
}

/// Looks up the command of every event up to a position that the walk has verified. This takes long, and is needed only to
/// say what is wrong.
pub(super) async fn compare_each(log: &Log, until: Position, mut found: impl FnMut(Fault)) -> Result<(), LogError> {
    let (mut after, mut acts) = (Position::START, Acts::default());
    loop {
        let page = on_engine!(log, engine => engine.read_stored(after.0, PAGE).await?);
        let (start, mut ended) = (after, vec![]);
        for event in page.iter().take_while(|event| event.position <= until.0) {
            after = Position(event.position);
            let envelope: Envelope = serde_json::from_slice(&event.event)
                .map_err(|error| LogError::Corrupt { position: after, what: error.to_string() })?;
            ended.extend(acts.follow(after, envelope.provenance.command_id));
        }
        let is_end = after >= until || after == start;
        if is_end {
            ended.extend(acts.end());
        }
        compare(log, &ended).await?.into_iter().for_each(&mut found);
        if is_end {
            return Ok(());
        }
    }
}

/// How the rows of `commands` differ from these commands.
async fn compare(log: &Log, acts: &[Act]) -> Result<Vec<Fault>, LogError> {
    if acts.is_empty() {
        return Ok(vec![]);
    }
    let ids: Vec<CommandId> = acts.iter().map(|act| act.command_id).collect();
    let rows = on_engine!(log, engine => engine.stored_commands(&ids).await?);
    let rows: HashMap<CommandId, StoredCommand> = rows.into_iter().map(|row| (row.command_id, row)).collect();
    let fault = |act: &Act| {
        let Act { command_id, first, last } = act;
        let what = match rows.get(command_id) {
            None => "is not in `commands`: sent again, it would act again".to_owned(),
            Some(row) if (row.first, row.last) != (first.0, last.0) => {
                format!("stands in `commands` with positions {} to {}", row.first, row.last)
            }
            Some(row) if row.request_hash.len() != HASH_BYTES as usize => {
                "stands in `commands` without the hash of its arguments".to_owned()
            }
            Some(_) => return None,
        };
        Some(Fault::at(*first, format!("the command {} of positions {first} to {last} {what}", command_id.0)))
    };
    Ok(acts.iter().filter_map(fault).collect())
}
