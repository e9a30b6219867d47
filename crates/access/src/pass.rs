//! How long whoever was let in stays so: an answer that lasts, such as the log that is followed, must end with the key or token
//! that opened it, and a page that listens too.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{holder::Holder, key, keys::Keys};

/// The credential of a caller, as far as an answer that lasts must know it.
#[derive(Debug, Clone)]
pub enum Pass {
    /// No credential that can end: the operating user.
    Ever,
    /// The key with this id, as long as it is in force.
    Key(Arc<Keys>, String),
    /// A token, up to this Unix second.
    Until(i64),
}

impl Pass {
    /// The pass of a program's key that came with a request.
    #[must_use]
    pub fn of_key(keys: &Arc<Keys>, text: &str) -> Pass {
        key::read(text).map_or(Pass::Until(0), |(id, _)| Pass::Key(Arc::clone(keys), id.to_owned()))
    }

    /// Whether the credential would still be admitted. Counts nothing and reads nothing.
    #[must_use]
    pub fn holds(&self, now: DateTime<Utc>) -> bool {
        match self {
            Pass::Ever => true,
            Pass::Key(keys, id) => keys.holds(id, Holder::Program, now),
            Pass::Until(end) => now.timestamp() < *end,
        }
    }
}
