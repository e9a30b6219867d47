//! The auditor's view: every event over `/v1/events`, and the hash chain recomputed from the bytes received.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::node::Node;

const PAGE: usize = 1_000;

/// One line of `/v1/events`.
#[derive(Debug, Deserialize)]
pub struct AuditedEvent {
    /// Its place in the log.
    pub position: i64,
    /// Hash of the chain up to it, hex.
    pub hash: String,
    /// The event, in the bytes that were hashed.
    pub event: Box<RawValue>,
}

impl AuditedEvent {
    /// The event as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.event.get()).unwrap_or_default()
    }

    /// Its type, such as `OrderPlaced`.
    #[must_use]
    pub fn event_type(&self) -> String {
        self.json()["type"].as_str().unwrap_or_default().to_owned()
    }
}

/// Every event after `after`, read page by page.
///
/// # Errors
/// When a page cannot be read.
pub async fn events(node: &Node, after: i64) -> Result<Vec<AuditedEvent>> {
    let mut all: Vec<AuditedEvent> = vec![];
    loop {
        let after = all.last().map_or(after, |event| event.position);
        let answer = node.get(&format!("/v1/events?after={after}&limit={PAGE}")).await?;
        ensure!(answer.status().is_success(), "/v1/events answered {}", answer.status());
        let page = answer.text().await.context("reading events")?;
        let before = all.len();
        for line in page.lines() {
            all.push(serde_json::from_str(line).with_context(|| format!("a line of /v1/events: {line}"))?);
        }
        if all.len() == before {
            return Ok(all);
        }
    }
}

/// Checks positions 1…n without a gap and every hash from the bytes received.
///
/// # Errors
/// Names the first position that does not fit.
pub fn chain_is_whole(events: &[AuditedEvent]) -> Result<()> {
    let mut hash = [0_u8; 32];
    for (index, event) in events.iter().enumerate() {
        ensure!(event.position == index as i64 + 1, "position {} follows {index}", event.position);
        let mut hasher = Sha256::new();
        hasher.update(hash);
        hasher.update(event.event.get().as_bytes());
        hash = hasher.finalize().into();
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        ensure!(hex == event.hash, "the hash of position {} does not fit its bytes", event.position);
    }
    Ok(())
}
