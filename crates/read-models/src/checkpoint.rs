//! The checkpoint of each read model. Only its owner moves it, and only from the place that is stored.

use std::time::Duration;

use orderlog_domain::ids::Position;

use crate::{
    place::Place,
    read_model::ReadModel,
    store::{Sql, Store, StoreError, Tx},
};

/// Appended to the name of a read model, and of its tables, while it is rebuilt.
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

const HAS_PLACE_ON_SQLITE: &str = "SELECT 1 FROM pragma_table_info('checkpoints') WHERE name = 'place'";
const HAS_PLACE_ON_POSTGRES: &str = "
SELECT CAST(1 AS BIGINT) FROM pg_attribute WHERE attrelid = 'checkpoints'::regclass AND attname = 'place' AND NOT attisdropped";

/// Adds columns that tables of an earlier release lack. If none is missing, no table is locked: on PostgreSQL even `ADD
/// COLUMN IF NOT EXISTS` waits for sessions that write the tables.
pub(crate) async fn add_place(tx: &mut Tx) -> Result<(), StoreError> {
    let has_place = if tx.is_postgres() { HAS_PLACE_ON_POSTGRES } else { HAS_PLACE_ON_SQLITE };
    let there: Option<(i64,)> = tx.first(&Sql::new(has_place)).await?;
    match there {
        Some(_) => Ok(()),
        None => tx.script("ALTER TABLE checkpoints ADD COLUMN place TEXT".to_owned()).await,
    }
}

const CREATE: &str = "
INSERT INTO checkpoints (projection, version, position, place) VALUES ($1, $2, 0, $3)
ON CONFLICT (projection) DO NOTHING";

/// Creates the checkpoint of a new read model. Looks for it first: on PostgreSQL even `ON CONFLICT DO NOTHING` waits
/// for a session that moves the checkpoint.
pub(crate) async fn create(tx: &mut Tx, model: &ReadModel) -> Result<(), StoreError> {
    let there = Sql::new("SELECT position FROM checkpoints WHERE projection = $1").bind(model.name.to_owned());
    if tx.first::<(i64,)>(&there).await?.is_some() {
        return Ok(());
    }
    let sql = Sql::new(CREATE).bind(model.name.to_owned()).bind(model.version).bind(Place::START.to_string());
    if tx.execute(&sql).await? == 1 {
        run_schema(tx, model, Part::All, "", 0).await?;
    }
    Ok(())
}

pub(crate) async fn position(tx: &mut Tx, name: &str) -> Result<Position, StoreError> {
    let sql = Sql::new("SELECT position FROM checkpoints WHERE projection = $1").bind(name.to_owned());
    Ok(Position(tx.first::<(i64,)>(&sql).await?.map_or(0, |(position,)| position)))
}

/// The names of the read models follow.
const ADVANCE: &str = "
UPDATE checkpoints SET position = $1, place = $2, lease_until = now_ms() + $3
WHERE position = $4 AND place = $5 AND owner = $6 AND projection IN ";

/// Moves the checkpoints of `names` from `old` to `new`, if all of them are at `old` and belong to `owner`.
pub(crate) async fn advance(
    tx: &mut Tx,
    store: &Store,
    names: &[String],
    owner: &str,
    lease: Duration,
    (old, new): (Place, Place),
) -> Result<bool, StoreError> {
    let mut sql = store
        .with_clock(ADVANCE)
        .bind(new.position.0)
        .bind(new.to_string())
        .bind(millis(lease))
        .bind(old.position.0)
        .bind(old.to_string())
        .bind(owner.to_owned());
    sql.push("(").list(names.to_vec()).push(")");
    Ok(tx.execute(&sql).await? == names.len() as u64)
}

/// One row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) projection: String,
    pub(crate) version: i64,
    pub(crate) position: i64,
    place: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) lease_until: i64,
    /// Counts builds.
    pub(crate) generation: i64,
    /// When the row was read, by the clock that decides on leases.
    pub(crate) now: i64,
}
orderlog_event_log::from_row!(Checkpoint { projection, version, position, place, owner, lease_until, generation, now });

impl Checkpoint {
    /// Whether its last event is at `place`, which has the same position. True if an earlier release moved only the
    /// position, because then the hash is unknown.
    pub(crate) fn stands_at(&self, place: Place) -> bool {
        let of_this_position = format!("{}:", self.position);
        match &self.place {
            Some(stored) if stored.starts_with(&of_this_position) => *stored == place.to_string(),
            _ => true,
        }
    }
}

const SELECT: &str = "
SELECT projection, version, position, place, owner, lease_until, generation, now_ms() AS now FROM checkpoints";

/// Every checkpoint, including those of builds.
pub(crate) async fn all(tx: &mut Tx, store: &Store) -> Result<Vec<Checkpoint>, StoreError> {
    tx.all(&store.with_clock(SELECT)).await
}

/// The checkpoint called `name`.
pub(crate) async fn find(tx: &mut Tx, store: &Store, name: &str) -> Result<Option<Checkpoint>, StoreError> {
    let mut sql = store.with_clock(SELECT);
    sql.push(" WHERE projection = ").arg(name.to_owned());
    tx.first(&sql).await
}

/// The name of a read model's checkpoint while it is rebuilt.
pub(crate) fn build_of(model: &ReadModel) -> String {
    format!("{}{BUILD}", model.name)
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
