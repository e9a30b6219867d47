//! Opens sessions: checks that commits are durable, and fixes how statements are planned.

use std::time::Duration;

use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};

use super::durability;
use crate::{LogError, error::within};

/// Every statement here finds its rows by key, so plans that scan or hash whole tables are never right. The planner would
/// choose them while the tables are small, and a prepared plan lives longer than that. One generic plan also saves planning
/// at each append. A session that freezes within a transaction must not hold the lock of the head for long.
const SETTINGS: &str = "
SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
SET jit = off; SET plan_cache_mode = force_generic_plan;
SET default_transaction_isolation = 'read committed';
SET idle_in_transaction_session_timeout = '2s'";

/// How long to wait for a connection.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Connects, refuses unsafe settings and prepares the session.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, LogError> {
    let failed = |error| LogError::from_sqlx("connecting", error);
    let mut connection = within(CONNECT_LIMIT, options.connect()).await.map_err(failed)?;
    durability::check(&mut connection).await?;
    prepare(&mut connection).await.map_err(failed)?;
    Ok(connection)
}

/// Applies the settings of all our sessions.
pub(super) async fn prepare(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(SETTINGS).execute(connection).await.map(|_| ())
}
