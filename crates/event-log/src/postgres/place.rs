//! Where a PostgreSQL database lives. A dump that is restored elsewhere gets another place.

use sqlx::PgConnection;

use crate::LogError;

/// The cluster and the database in it. Every role may read them, unless an administrator has revoked that.
const PLACE: &str = "SELECT system_identifier::text || '/' || (SELECT oid::text FROM pg_database \
    WHERE datname = current_database()) FROM pg_control_system()";

/// For a role that may not read the cluster: the database, and the oid of its table `events`.
const PLACE_WITHOUT_CLUSTER: &str = "SELECT 'unknown/' || oid::text || '/' || 'events'::regclass::oid::text \
    FROM pg_database WHERE datname = current_database()";

pub(super) async fn of(connection: &mut PgConnection) -> Result<String, LogError> {
    const INSUFFICIENT_PRIVILEGE: &str = "42501";
    let place: Result<String, _> = sqlx::query_scalar(PLACE).fetch_one(&mut *connection).await;
    let place = match place {
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == INSUFFICIENT_PRIVILEGE) => {
            sqlx::query_scalar(PLACE_WITHOUT_CLUSTER).fetch_one(&mut *connection).await
        }
        place => place,
    };
    Ok(format!("postgres/{}", place.map_err(|error| LogError::from_sqlx("asking where the log lives", error))?))
}
