//! Where each read model stands and who may move it: leases by the database's clock, checkpoints moved by their owner.

use std::time::Duration;

use orderlog_domain::ids::Position;

use crate::{
    MODELS,
    fold::ReadModel,
    projections::Status,
    store::{Sql, Store, StoreError, Tx},
};

/// How long a node may be silent before another takes its read models over.
pub const LEASE: Duration = Duration::from_secs(5);

/// Appended to the name of a read model, and of its tables, while it is built anew.
pub(crate) const BUILD: &str = "__build";

/// Marks where a schema file's indexes begin: a build creates them once its rows are in.
const INDEXES: &str = "-- indexes";

/// Which part of a schema file to run.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    All,
    Tables,
    Indexes,
}

/// Runs a read model's schema for the tables with `suffix`.
pub(crate) async fn run_schema(
    tx: &mut Tx,
    model: &ReadModel,
    part: Part,
    suffix: &str,
    generation: i64,
) -> Result<(), StoreError> {
    let schema = if tx.is_postgres() { model.postgres } else { model.sqlite };
    let (tables, indexes) = schema.split_once(INDEXES).unwrap_or((schema, ""));
    let text = match part {
        Part::All => format!("{tables}{INDEXES}{indexes}"),
        Part::Tables => tables.to_owned(),
        Part::Indexes => format!("{INDEXES}{indexes}"),
    };
    tx.script(text.replace('@', suffix).replace('#', &format!("__g{generation}"))).await
}

/// Creates a read model that is not there yet.
pub(crate) async fn create(tx: &mut Tx, model: &ReadModel) -> Result<(), StoreError> {
    let mut sql = Sql::new("INSERT INTO checkpoints (projection, version, position) VALUES (");
    sql.arg(model.name.to_owned()).push(", ").arg(model.version).push(", 0) ON CONFLICT (projection) DO NOTHING");
    if tx.execute(&sql).await? == 1 {
        run_schema(tx, model, Part::All, "", 0).await?;
    }
    Ok(())
}

pub(crate) async fn position(tx: &mut Tx, name: &str) -> Result<Position, StoreError> {
    let mut sql = Sql::new("SELECT position FROM checkpoints WHERE projection = ");
    sql.arg(name.to_owned());
    Ok(Position(tx.first::<(i64,)>(&sql).await?.map_or(0, |(position,)| position)))
}

/// Takes or renews the lease of a read model of this very version; its position if it is ours now.
pub(crate) async fn claim(store: &Store, model: &ReadModel, owner: &str) -> Result<Option<Position>, StoreError> {
    let now = store.now_ms();
    let mut tx = store.write().await?;
    let mut sql = Sql::new("UPDATE checkpoints SET owner = ");
    sql.arg(owner.to_owned()).push(&format!(", lease_until = {now} + ")).arg(millis(LEASE));
    sql.push(" WHERE projection = ").arg(model.name.to_owned()).push(" AND version = ").arg(model.version);
    sql.push(" AND (owner IS NULL OR owner = ").arg(owner.to_owned()).push(&format!(" OR lease_until < {now})"));
    sql.push(" RETURNING position");
    let position = tx.first::<(i64,)>(&sql).await?;
    tx.commit().await?;
    Ok(position.map(|(position,)| Position(position)))
}

/// Gives up every lease of `owner`, so that another node need not wait for them to end.
pub(crate) async fn release(store: &Store, owner: &str) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    let mut sql = Sql::new("UPDATE checkpoints SET owner = NULL, lease_until = 0 WHERE owner = ");
    sql.arg(owner.to_owned());
    tx.execute(&sql).await?;
    tx.commit().await
}

/// Moves the checkpoints of `names` from `old` to `new`, if all of them stand there and are `owner`'s.
pub(crate) async fn advance(
    tx: &mut Tx,
    now: &str,
    names: &[String],
    owner: &str,
    lease: Duration,
    (old, new): (Position, Position),
) -> Result<bool, StoreError> {
    let mut sql = Sql::new("UPDATE checkpoints SET position = ");
    sql.arg(new.0).push(&format!(", lease_until = {now} + ")).arg(millis(lease));
    sql.push(" WHERE projection IN (").list(names.to_vec()).push(") AND position = ").arg(old.0);
    sql.push(" AND owner = ").arg(owner.to_owned());
    Ok(tx.execute(&sql).await? == names.len() as u64)
}

/// Names of stored read models with their versions.
pub(crate) async fn versions(store: &Store) -> Result<Vec<(String, i64)>, StoreError> {
    let mut tx = store.read(&["checkpoints"]).await?;
    let versions = tx.all(&Sql::new("SELECT projection, version FROM checkpoints")).await?;
    tx.commit().await?;
    Ok(versions)
}

pub(crate) async fn status(store: &Store, head: Position) -> Result<Vec<Status>, StoreError> {
    let now = store.now_ms();
    let mut tx = store.read(&["checkpoints", "parked"]).await?;
    let rows: Vec<(String, i64, i64, Option<String>)> = tx
        .all(&Sql::new(&format!(
            "SELECT projection, version, position, CASE WHEN lease_until >= {now} THEN owner END FROM checkpoints"
        )))
        .await?;
    let parked: Vec<(String, i64)> =
        tx.all(&Sql::new("SELECT projection, COUNT(*) FROM parked GROUP BY projection")).await?;
    tx.commit().await?;
    let row = |name: &str| rows.iter().find(|row| row.0 == name);
    let of_model = |model: &ReadModel| {
        let (_, version, position, owner) = row(model.name)?.clone();
        Some(Status {
            name: model.name.to_owned(),
            version,
            position: Position(position),
            lag: (head.0 - position).max(0),
            owner,
            parked: parked.iter().find(|(name, _)| name == model.name).map_or(0, |(_, count)| *count),
            building: row(&format!("{}{BUILD}", model.name))
                .filter(|(.., owner)| owner.is_some())
                .map(|row| Position(row.2)),
        })
    };
    Ok(MODELS.iter().filter_map(|model| of_model(model)).collect())
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
