//! Pools of PostgreSQL connections that notice a session which was lost while it was idle.

use std::time::Duration;

use sqlx::{Connection, postgres::PgPoolOptions};

use super::session::CONNECT_LIMIT;

/// A session idle for longer may have been lost unnoticed.
const PING_WHEN_IDLE: Duration = Duration::from_secs(1);

/// A pool of at most `connections`. A session that was used a moment ago is not pinged, because that would double the cost of
/// a short statement.
#[must_use]
pub fn postgres_pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(CONNECT_LIMIT)
        .test_before_acquire(false)
        .before_acquire(|session, known| {
            Box::pin(async move {
                if known.idle_for > PING_WHEN_IDLE {
                    session.ping().await?;
                }
                Ok(true)
            })
        })
}
