//! The records of the log: events, commands, the head, snapshots, and the hash that chains events.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use orderlog_domain::ids::{CommandId, OrderId, Position, StreamId, Version};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Position and hash of the last event, and the next order number: the one row that every append updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Position of the last event; [`Position::START`] in an empty log.
    pub position: Position,
    /// Hash of the last event; [`Hash::ZERO`] in an empty log.
    pub hash: Hash,
    /// The number of the next order.
    pub next_order: OrderId,
    /// When the last event was recorded; the Unix epoch in an empty log.
    pub recorded_at: DateTime<Utc>,
}

impl Head {
    /// The head of a log without events.
    #[must_use]
    pub fn empty() -> Head {
        Head {
            position: Position::START,
            hash: Hash::ZERO,
            next_order: OrderId::FIRST,
            recorded_at: DateTime::UNIX_EPOCH,
        }
    }
}

/// One event as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Position in the log.
    pub position: Position,
    /// The stream of the event.
    pub stream: StreamId,
    /// Place in the stream.
    pub version: Version,
    /// Name of the type: `OrderPlaced`.
    pub event_type: String,
    /// SHA-256 over the previous event's hash and `json`; see [`chain`].
    pub hash: Hash,
    /// The whole envelope: these exact bytes are stored, hashed and published.
    pub json: String,
}

/// The stored record of a command, so that it is carried out once and gets the same answer when it is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRecord {
    /// The id of the command.
    pub command_id: CommandId,
    /// Hash of the arguments. The same id with other arguments is refused.
    pub request_hash: Hash,
    /// Position of the command's first event.
    pub first: Position,
    /// Position of the command's last event; `first = last + 1` if it recorded nothing.
    pub last: Position,
    /// The part of the answer that the events do not contain; usually none.
    pub told: Option<String>,
}

/// The events and commands that one append adds, and the head after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// In order of position, starting right after the expected head. May be empty.
    pub events: Vec<Recorded>,
    /// The commands decided in this batch. May be empty.
    pub commands: Vec<CommandRecord>,
    /// The head after the batch.
    pub head: Head,
}

/// How an append ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Swap {
    /// The batch is in the log and durable.
    Done,
    /// The head had moved, or one of the commands is already in the log. Nothing was inserted.
    Lost,
}

/// The folded state of a stream up to a version. Disposable: the events can always rebuild it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The stream of the snapshot.
    pub stream: StreamId,
    /// The last version that was folded.
    pub version: Version,
    /// Version of the state's JSON shape; a reader ignores formats it does not know.
    pub format: u32,
    /// The state as JSON.
    pub state: String,
}

/// A SHA-256 hash, written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The "previous hash" of the first event.
    pub const ZERO: Hash = Hash([0; 32]);

    /// SHA-256 of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(Sha256::digest(bytes).into())
    }
}

/// The hash of an event: SHA-256 over the previous event's 32 bytes and then the event's exact JSON bytes.
#[must_use]
pub fn chain(previous: &Hash, json: &str) -> Hash {
    chain_bytes(previous, json.as_bytes())
}

pub(crate) fn chain_bytes(previous: &Hash, json: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update(previous.0).chain_update(json).finalize().into())
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The text is no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hash is written as 64 hex digits")]
pub struct ParseHashError;

impl FromStr for Hash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Hash, ParseHashError> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(ParseHashError);
        }
        let mut hash = [0; 32];
        for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| ParseHashError)?;
        }
        Ok(Hash(hash))
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
