//! Proof that nothing in the log was altered: every byte of every event is tied to the head, every command to its events.

mod report;
mod walk;

use std::collections::BTreeMap;

use orderlog_domain::ids::{CommandId, Position};

pub use self::report::{Against, Fault, Report};
use self::walk::{Act, Walk};
use crate::{Hash, Log, LogError, log::on_engine, reads::StoredCommand};

/// Events read at a time.
const PAGE: u32 = 2_000;

/// Walks the whole log. Of events: positions without gaps, the hash chain over the stored bytes, each column against the
/// JSON, versions of each stream without holes, order numbers in order, times that never decrease. Of commands: each
/// stands where its events are, and no other does. The head against the last event, the database's own guards, and what
/// was noted earlier. Appends may go on meanwhile. `progress` is told the last position proven, page by page.
///
/// # Errors
/// When the log cannot be read. What is wrong with it stands in the report.
pub async fn verify(log: &Log, against: &Against, progress: impl FnMut(Position)) -> Result<Report, LogError> {
    match examine(log, against, progress).await {
        Err(error) if error.is_damage() => Ok(broken(Fault { position: None, what: error.to_string() }, vec![])),
        examined => examined,
    }
}

async fn examine(log: &Log, against: &Against, mut progress: impl FnMut(Position)) -> Result<Report, LogError> {
    let mut faults: Vec<Fault> =
        log.missing_guards().await?.into_iter().map(|what| Fault { position: None, what }).collect();
    if log.identity().await?.is_none() {
        faults.push(Fault { position: None, what: "the log's id is missing".to_owned() });
    }
    let before = match log.head().await {
        Err(LogError::Corrupt { position, what }) => return Ok(broken(Fault::at(position, what), faults)),
        head => head?,
    };
    let mut walk = Walk::new(before, against);
    // Lower than any position the log gives: a row that does not belong there is found too.
    let mut page = on_engine!(log, engine => engine.read_stored(i64::MIN, PAGE).await?);
    let mut acts = 0;
    let end = loop {
        let after = page.last().filter(|_| page.len() == PAGE as usize).map(|last| last.position);
        let next = async {
            match after {
                Some(after) => Ok(Some(on_engine!(log, engine => engine.read_stored(after, PAGE).await?))),
                None => Ok::<_, LogError>(None),
            }
        };
        let checking = async {
            let stepped = page.iter().try_for_each(|event| walk.step(event));
            let done = if after.is_none() || stepped.is_err() { walk.end_act() } else { walk.acts() };
            acts += done.len();
            Ok::<_, LogError>((stepped, compare(log, &done).await?))
        };
        let (next, checked) = tokio::join!(next, checking);
        let (stepped, found) = checked?;
        found.into_iter().for_each(|fault| walk.found(fault));
        progress(walk.position);
        if let Err(fault) = stepped {
            break Some(fault);
        }
        match next? {
            Some(more) => page = more,
            None => break None,
        }
    };
    let end = match (end, log.head().await) {
        (Some(fault), _) => Some(fault),
        (None, Err(LogError::Corrupt { position, what })) => Some(Fault::at(position, what)),
        (None, head) => walk.end(&head?).err(),
    };
    if end.is_none() {
        let odd = on_engine!(log, engine => engine.odd_commands().await?);
        if odd > 0 {
            let what = format!("`commands` holds {odd} with positions that no append gives: their keys are blocked");
            walk.found(Fault { position: None, what });
        }
        let rows = on_engine!(log, engine => engine.count_commands(walk.position).await?);
        let more = rows - i64::try_from(acts).unwrap_or(i64::MAX);
        if more > 0 {
            let what = format!("`commands` holds {more} that recorded none of these events: their keys are blocked");
            walk.found(Fault { position: None, what });
        }
    }
    let untold = on_engine!(log, engine => engine.untold_commands().await?);
    if untold > 0 {
        let what = format!("`commands` holds {untold} with answers that cannot be read: sent again, they fail");
        walk.found(Fault { position: None, what });
    }
    settings_trouble(log).await?.into_iter().for_each(|what| walk.found(Fault { position: None, what }));
    let (positions, head_hash) = (walk.position, walk.hash);
    let (told, untold) = walk.faults();
    // The break of the chain comes first: whatever else is found may follow from it.
    faults.splice(0..0, end.into_iter().chain(told));
    if untold > 0 {
        faults.push(Fault { position: None, what: format!("{untold} more of the kinds above") });
    }
    Ok(Report { positions, head_hash, faults })
}

/// What is wrong with the settings the shop counted by.
async fn settings_trouble(log: &Log) -> Result<Option<String>, LogError> {
    let rows = match log.settings().await {
        Err(error) if error.is_damage() => return Ok(Some(format!("`shop_settings` cannot be read: {error}"))),
        rows => rows?,
    };
    // Read after them: whatever they were recorded at stands before it.
    let head = log.head().await?.position;
    let mut before = Position::START;
    for (row, revision) in rows.iter().zip(1..) {
        let what = if row.revision != revision {
            format!("has revision {} where {revision} is next", row.revision)
        } else if row.position < before || row.position > head {
            format!("holds from event {} on, which is none", row.position)
        } else if serde_json::from_str::<BTreeMap<String, String>>(&row.settings).is_err() {
            "holds no settings".to_owned()
        } else {
            before = row.position;
            continue;
        };
        return Ok(Some(format!("row {revision} of `shop_settings` {what}")));
    }
    Ok(None)
}

fn broken(fault: Fault, mut faults: Vec<Fault>) -> Report {
    faults.insert(0, fault);
    Report { positions: Position::START, head_hash: Hash::ZERO, faults }
}

/// What `commands` tells of these acts, against what their events tell.
async fn compare(log: &Log, acts: &[Act]) -> Result<Vec<Fault>, LogError> {
    if acts.is_empty() {
        return Ok(vec![]);
    }
    let ids: Vec<CommandId> = acts.iter().map(|act| act.command_id).collect();
    let rows = on_engine!(log, engine => engine.stored_commands(&ids).await?);
    let rows: std::collections::HashMap<CommandId, StoredCommand> =
        rows.into_iter().map(|row| (row.command_id, row)).collect();
    let fault = |act: &Act| {
        let Act { command_id, first, last } = act;
        let what = match rows.get(command_id) {
            None => "is not in `commands`: sent again, it would act again".to_owned(),
            Some(row) if (row.first, row.last) != (first.0, last.0) => {
                format!("stands in `commands` with positions {} to {}", row.first, row.last)
            }
            Some(row) if row.request_hash.len() != 32 => {
                "stands in `commands` without the hash of its arguments".to_owned()
            }
            Some(_) => return None,
        };
        Some(Fault::at(*first, format!("the command {} of positions {first} to {last} {what}", command_id.0)))
    };
    Ok(acts.iter().filter_map(fault).collect())
}
