//! Sessions of the pages that were ended early. `crates/access` gives them their meaning.

use anyhow::Context as _;

use super::{Answer, Pool, Store};

impl Store {
    /// The ids of ended sessions that would still be valid at this second, each with the second until which it would.
    pub(crate) fn ended_sessions(&self, now: i64) -> Answer<'_, Vec<(String, i64)>> {
        Box::pin(async move {
            const SELECT: &str = "SELECT id, until FROM ended_sessions WHERE until > $1";
            on_engine!(self.pool, pool => {
                sqlx::query_as(SELECT).bind(now).fetch_all(pool).await.context("read the sessions that ended")
            })
        })
    }

    /// Stores one more ended session, and deletes those that have expired.
    pub(crate) fn end_session<'a>(&'a self, id: &'a str, until: i64, now: i64) -> Answer<'a, ()> {
        Box::pin(async move {
            self.check()?;
            const INSERT: &str = "INSERT INTO ended_sessions (id, until) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            const DELETE: &str = "DELETE FROM ended_sessions WHERE until <= $1";
            on_engine!(self.pool, pool => {
                sqlx::query(INSERT).bind(id).bind(until).execute(pool).await.context("keep that a session ended")?;
                sqlx::query(DELETE).bind(now).execute(pool).await.map(drop).context("forget sessions that are over")
            })
        })
    }
}
