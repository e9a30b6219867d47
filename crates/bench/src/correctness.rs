//! Reads back what was acknowledged: nothing missing, nothing twice, no gap.

use std::collections::HashMap;

use anyhow::Result;
use orderlog_domain::{
    envelope::RawEnvelope,
    ids::{CommandId, Position},
};
use orderlog_event_log::Log;

const PAGE_EVENTS: u32 = 5_000;

/// Compares the log after `since` with the commands acknowledged: `0/0/0` is right.
pub(crate) async fn check(log: &Log, since: Position, acknowledged: &[CommandId]) -> Result<String> {
    let mut seen: HashMap<CommandId, u32> = HashMap::new();
    let (mut after, mut gaps) = (since, 0);
    loop {
        let page = log.read(after, PAGE_EVENTS).await?;
        let Some(last) = page.last().map(|recorded| recorded.position) else { break };
        for recorded in page {
            gaps += recorded.position.0 - after.0 - 1;
            after = recorded.position;
            let event: RawEnvelope = serde_json::from_str(&recorded.json)?;
            if event.event_type == "OrderPlaced" {
                *seen.entry(event.provenance.command_id).or_default() += 1;
            }
        }
        after = last;
    }
    let missing = acknowledged.iter().filter(|id| !seen.contains_key(id)).count();
    let duplicated = seen.values().filter(|count| **count > 1).count();
    Ok(format!("{missing}/{duplicated}/{gaps}"))
}
