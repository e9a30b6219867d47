//! Connecting: a session whose settings keep promises and whose plans never change under it.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

use super::durability;
use crate::{LogError, error::within};

/// Every statement here finds its rows by key, so plans that scan or hash tables are never right; yet the planner
/// chooses them while the tables are young, and a prepared plan outlives that. One generic plan also spares planning
/// at each append. A session that is frozen with its transaction open must not hold the head's lock for long.
const SETTINGS: &str = "
SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
SET jit = off; SET plan_cache_mode = force_generic_plan;
SET default_transaction_isolation = 'read committed';
SET idle_in_transaction_session_timeout = '2s'";

/// How long to wait for a connection.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A session idle for longer may have been lost unnoticed.
const ASK_WHEN_IDLE: Duration = Duration::from_secs(1);

/// Connects, refuses unsafe settings and prepares the session.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, LogError> {
    let failed = |error| LogError::from_sqlx("connecting", error);
    let mut connection = within(CONNECT_LIMIT, options.connect()).await.map_err(failed)?;
    durability::check(&mut connection).await?;
    prepare(&mut connection).await.map_err(failed)?;
    Ok(connection)
}

/// Whether a session of the pool can be used. One used a moment ago is not asked: asking would double
/// what it costs to read the head.
pub(super) async fn is_alive(connection: &mut PgConnection, idle: Duration) -> Result<bool, sqlx::Error> {
    if idle > ASK_WHEN_IDLE {
        connection.ping().await?;
    }
    Ok(true)
}

/// Applies the settings every session of ours has.
pub(super) async fn prepare(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(SETTINGS).execute(connection).await.map(|_| ())
}
