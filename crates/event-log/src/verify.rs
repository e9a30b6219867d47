//! Verifies that nothing in the log was changed: every byte of every event up to the head, and every command.

mod commands;
mod report;
mod stretch;
mod walk;

use std::collections::BTreeMap;

use orderlog_domain::ids::Position;

use self::walk::Walk;
pub use self::{
    report::{Against, Fault, Report},
    stretch::{Stretch, verify_stretch},
};
use crate::{Hash, Log, LogError, log::on_engine};

/// Events read at a time.
const PAGE: u32 = 2_000;

/// Verifies the whole log. Events: positions and stream versions without gaps, the hash chain over the stored bytes, each
/// column against the JSON, order numbers in order, times that never decrease. Commands: `commands` has exactly those of the
/// events, with their positions. Also the head, the database's own guards, and the hashes that were noted earlier. Appends may
/// go on meanwhile. `progress` gets the last verified position after every page.
///
/// # Errors
/// When the log cannot be read. Its faults are in the report.
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
    // Lower than any position that the log gives, so that rows before the first event are found too.
    let mut page = on_engine!(log, engine => engine.read_stored(i64::MIN, PAGE).await?);
    let end = loop {
        let after = page.last().filter(|_| page.len() == PAGE as usize).map(|last| last.position);
        let next = async {
            match after {
                Some(after) => Ok(Some(on_engine!(log, engine => engine.read_stored(after, PAGE).await?))),
                None => Ok::<_, LogError>(None),
            }
        };
        // The next page is read while this one is checked.
        let checking = async { page.iter().try_for_each(|event| walk.step(event)) };
        let (next, stepped) = tokio::join!(next, checking);
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
    let of_events = walk.commands();
    let of_commands = on_engine!(log, engine => engine.tally_commands(walk.position, &of_events.comparable()).await?);
    if end.is_some() || !of_commands.is(&of_events) {
        commands::compare_each(log, walk.position, |fault| walk.found(fault)).await?;
    }
    if end.is_none() {
        let odd = on_engine!(log, engine => engine.odd_commands().await?);
        if odd > 0 {
            let what = format!("`commands` holds {odd} with positions that no append gives: their keys are blocked");
            walk.found(Fault { position: None, what });
        }
        let more = of_commands.count - of_events.count;
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
    // The break of the chain comes first, because other faults may follow from it.
    faults.splice(0..0, end.into_iter().chain(told));
    if untold > 0 {
        faults.push(Fault { position: None, what: format!("{untold} more of the kinds above") });
    }
    Ok(Report { positions, head_hash, faults })
}

/// The fault in the recorded settings of the shop, if there is one.
async fn settings_trouble(log: &Log) -> Result<Option<String>, LogError> {
    let rows = match log.settings().await {
        Err(error) if error.is_damage() => return Ok(Some(format!("`shop_settings` cannot be read: {error}"))),
        rows => rows?,
    };
    // Read after the settings, so none of their positions can be later.
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
