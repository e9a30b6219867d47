//! Checks that every snapshot equals the fold of its events: commands are decided on snapshots.

use futures::future::BoxFuture;
use orderlog_domain::{ids::Version, states::State};
use orderlog_event_log::{Fault, Log, LogError, Snapshot};

use crate::load;

/// Snapshots and events read at once.
const PAGE: u32 = 1_000;

/// Folds the events of every snapshot and compares. Snapshots in the format of another release are skipped, because
/// they are never read. The memory it needs does not grow with their number.
///
/// # Errors
/// When the log cannot be read. Faults of snapshots are in the answer.
pub fn verify_snapshots(log: &Log) -> BoxFuture<'_, Result<Vec<Fault>, LogError>> {
    Box::pin(async move {
        let mut faults = vec![];
        let mut after = String::new();
        loop {
            let page = match log.snapshots_after(&after, PAGE).await {
                Err(error) if error.is_damage() => {
                    let what = format!("snapshots cannot be read: {error}");
                    faults.push(Fault { position: None, what });
                    return Ok(faults);
                }
                page => page?,
            };
            let Some(last) = page.last() else { return Ok(faults) };
            after = last.stream.to_string();
            for snapshot in page.iter().filter(|snapshot| snapshot.format == State::FORMAT) {
                if let Some(what) = differs(log, snapshot).await? {
                    let what = format!("the snapshot of {} at version {} {what}", snapshot.stream, snapshot.version);
                    faults.push(Fault { position: None, what: format!("{what}; delete it: it is made anew") });
                }
            }
        }
    })
}

async fn differs(log: &Log, snapshot: &Snapshot) -> Result<Option<&'static str>, LogError> {
    let mut state = State::empty(snapshot.stream);
    while state.version() < snapshot.version {
        let page = log.read_stream(snapshot.stream, state.version(), PAGE).await?;
        if page.is_empty() {
            return Ok(Some("is ahead of its events"));
        }
        for recorded in page.iter().take_while(|recorded| recorded.version <= snapshot.version) {
            match load::evolve(&mut state, recorded) {
                // `orderlog_event_log::verify` says what is wrong with this event.
                Err(LogError::Corrupt { .. }) => return Ok(Some("stands on an event that cannot be read")),
                evolved => evolved?,
            }
        }
    }
    let same = serde_json::from_str::<State>(&snapshot.state).is_ok_and(|kept| kept == state);
    Ok((!same || state.version() == Version::NONE).then_some("is not what its events add up to"))
}
