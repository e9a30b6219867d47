//! The tables of a build: created empty, indexed after their rows are in, and swapped for those that serve.

use orderlog_domain::ids::Position;

use super::error::RebuildError;
use crate::{
    asked_for,
    checkpoint::{self, BUILD, Part, build_of},
    lease::{self, BUILD_LEASE, INDEX_LEASE},
    place::Place,
    projector::Projector,
    read_model::ReadModel,
    store::{Sql, Store, StoreError, Tx},
};

/// Memory that PostgreSQL may use for each index.
const INDEX_MEMORY: &str = "256MB";

/// The build `$1` takes over the remains of an earlier build, and continues its counter from the read model `$6`.
const BEGIN: &str = "
INSERT INTO checkpoints (projection, version, position, place, owner, lease_until, generation)
SELECT $1, CAST($2 AS BIGINT), 0, $3, $4, now_ms() + $5, generation + 1 FROM checkpoints WHERE projection = $6
ON CONFLICT (projection) DO UPDATE SET version = excluded.version, position = 0, place = excluded.place,
    owner = excluded.owner, lease_until = excluded.lease_until, generation = excluded.generation
RETURNING generation";

/// The names of tables follow, and a second parenthesis.
const END_SESSIONS: &str = "
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE usename = current_user AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND pid IN (
    SELECT l.pid FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation WHERE c.relname IN ";

/// The build is at `$2` and must not be older than the serving read model, unless that one is known to follow from
/// another past.
const SERVE: &str = "
UPDATE checkpoints
SET owner = NULL, lease_until = 0, version = $1, position = $2, place = $3, generation = generation + 1
WHERE projection = $4 AND (position <= $2 OR position = $5)";

const END_BUILD: &str = "DELETE FROM checkpoints WHERE projection = $1 AND owner = $2 AND place = $3";
const FORGET_PARKED: &str = "DELETE FROM parked WHERE projection = $1";
const RENAME_PARKED: &str = "UPDATE parked SET projection = $1 WHERE projection = $2";

/// Claims the builds and creates their empty tables; the generation of each.
pub(super) async fn begin(store: &Store, models: &[&'static ReadModel], owner: &str) -> Result<Vec<i64>, RebuildError> {
    let mut tx = store.alter().await?;
    let mut generations = vec![];
    for model in models {
        let name = build_of(model);
        if let Some(earlier) = checkpoint::find(&mut tx, store, &name).await? {
            if lease::is_held(store, &earlier, INDEX_LEASE).await? {
                return Err(RebuildError::AlreadyBuilding(model.name.to_owned()));
            }
            end_sessions_of(&mut tx, model).await?;
        }
        // Only this transaction alters tables, so no other build begins in the meantime.
        let sql = store
            .with_clock(BEGIN)
            .bind(name.clone())
            .bind(model.version)
            .bind(Place::START.to_string())
            .bind(owner.to_owned())
            .bind(checkpoint::millis(BUILD_LEASE))
            .bind(model.name.to_owned());
        let Some((generation,)) = tx.first::<(i64,)>(&sql).await? else {
            return Err(RebuildError::Unknown(model.name.to_owned()));
        };
        for table in model.tables {
            tx.script(format!("DROP TABLE IF EXISTS {table}{BUILD}")).await?;
        }
        checkpoint::run_schema(&mut tx, model, Part::Tables, BUILD, generation).await?;
        tx.execute(&Sql::new(FORGET_PARKED).bind(name)).await?;
        generations.push(generation);
    }
    tx.commit().await?;
    Ok(generations)
}

/// PostgreSQL continues the statement of a builder that died until it has an answer to send. Until then it would keep
/// the tables.
async fn end_sessions_of(tx: &mut Tx, model: &ReadModel) -> Result<(), StoreError> {
    if !tx.is_postgres() {
        return Ok(());
    }
    let mut sql = Sql::new(END_SESSIONS);
    sql.push("(").list(model.tables.iter().map(|table| format!("{table}{BUILD}"))).push("))");
    tx.all::<(bool,)>(&sql).await.map(drop)
}

/// Creates the indexes of a build and gathers statistics.
pub(super) async fn index(store: Store, model: &'static ReadModel, generation: i64) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    if tx.is_postgres() {
        tx.script(format!("SET LOCAL maintenance_work_mem = '{INDEX_MEMORY}'")).await?;
    }
    checkpoint::run_schema(&mut tx, model, Part::Indexes, BUILD, generation).await?;
    for table in model.tables {
        tx.script(format!("ANALYZE {table}{BUILD}")).await?;
    }
    tx.commit().await
}

/// Replaces the serving read model by what `projector` built. False if the serving one is further ahead, unless it is
/// at `another_past`; also false if the build no longer belongs to `owner`.
pub(super) async fn swap(
    tx: &mut Tx,
    owner: &str,
    projector: &Projector,
    another_past: Option<Position>,
) -> Result<bool, StoreError> {
    let (model, build, at) = (projector.model, projector.name(), projector.at);
    let serve = Sql::new(SERVE)
        .bind(model.version)
        .bind(at.position.0)
        .bind(at.to_string())
        .bind(model.name.to_owned())
        .bind(another_past.map(|position| position.0));
    if tx.execute(&serve).await? != 1 {
        return Ok(false);
    }
    let end = Sql::new(END_BUILD).bind(build.clone()).bind(owner.to_owned()).bind(at.to_string());
    if tx.execute(&end).await? != 1 {
        return Ok(false);
    }
    for table in model.tables {
        // A newer version may have tables that the old version lacks.
        tx.script(format!("DROP TABLE IF EXISTS {table}")).await?;
        tx.script(format!("ALTER TABLE {table}{BUILD} RENAME TO {table}")).await?;
    }
    tx.execute(&Sql::new(FORGET_PARKED).bind(model.name.to_owned())).await?;
    tx.execute(&Sql::new(RENAME_PARKED).bind(model.name.to_owned()).bind(build)).await?;
    if another_past.is_some() {
        asked_for::forget_beyond(tx, model.name, at.position).await?;
    }
    Ok(true)
}
