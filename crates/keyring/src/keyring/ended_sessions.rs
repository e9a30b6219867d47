//! Sessions of the pages that ended before their time: kept where the access keys are, so that every node hears of them.

use futures::future::BoxFuture;

use super::Keyring;

impl Keyring {
    /// The ids of those that would still serve at this second, each with the second until which it would.
    pub fn ended_sessions(&self, now: i64) -> BoxFuture<'_, anyhow::Result<Vec<(String, i64)>>> {
        self.store.ended_sessions(now)
    }

    /// Keeps one more.
    pub fn end_session<'a>(&'a self, id: &'a str, until: i64, now: i64) -> BoxFuture<'a, anyhow::Result<()>> {
        self.store.end_session(id, until, now)
    }
}
