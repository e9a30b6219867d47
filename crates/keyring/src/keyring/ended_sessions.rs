//! Sessions of the pages that were ended early: stored beside the access keys, so that every node learns of them.

use futures::future::BoxFuture;

use super::Keyring;

impl Keyring {
    /// The ids of ended sessions that would still be valid at this second, each with the second until which it would.
    pub fn ended_sessions(&self, now: i64) -> BoxFuture<'_, anyhow::Result<Vec<(String, i64)>>> {
        self.store.ended_sessions(now)
    }

    /// Stores one more ended session.
    pub fn end_session<'a>(&'a self, id: &'a str, until: i64, now: i64) -> BoxFuture<'a, anyhow::Result<()>> {
        self.store.end_session(id, until, now)
    }
}
