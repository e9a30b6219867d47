//! The state of the read models, for operators and monitoring.

use orderlog_domain::ids::Position;

use crate::{
    answer::AnotherPast,
    checkpoint,
    lease::{self, INDEX_LEASE, LEASE},
    read_model::ReadModel,
    store::{Sql, Store, StoreError},
};

/// The state of one read model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Name of the read model.
    pub name: String,
    /// Version of the fold that built it.
    pub version: i64,
    /// The position that its tables have reached.
    pub position: Position,
    /// The position that this node's memory of it has reached; `None` without a runner.
    pub memory: Option<Position>,
    /// Events of the log that queries of the present have yet to see.
    pub lag: i64,
    /// Events of the log that the tables do not have yet.
    pub unwritten: i64,
    /// The node that writes its tables, if its lease is valid.
    pub owner: Option<String>,
    /// Events parked because they, or one before them in their stream, did not fit.
    pub parked: i64,
    /// The position that a build beside it has reached, if there is one.
    pub building: Option<Position>,
    /// Why no query is answered from it, as the last comparison with the log showed.
    pub another_past: Option<AnotherPast>,
}

pub(crate) async fn status(store: &Store, models: &[&ReadModel], head: Position) -> Result<Vec<Status>, StoreError> {
    let mut tx = store.read(&["checkpoints", "parked"]).await?;
    let rows = checkpoint::all(&mut tx, store).await?;
    let parked: Vec<(String, i64)> =
        tx.all(&Sql::new("SELECT projection, COUNT(*) FROM parked GROUP BY projection")).await?;
    tx.commit().await?;
    let row = |name: String| rows.iter().find(|row| row.projection == name);
    let mut all = vec![];
    for model in models {
        let Some(stored) = row(model.name.to_owned()) else { continue };
        let owner = if lease::is_held(store, stored, LEASE).await? { stored.owner.clone() } else { None };
        let building = match row(checkpoint::build_of(model)) {
            Some(build) if lease::is_held(store, build, INDEX_LEASE).await? => Some(Position(build.position)),
            _ => None,
        };
        all.push(Status {
            name: model.name.to_owned(),
            version: stored.version,
            position: Position(stored.position),
            memory: None,
            lag: (head.0 - stored.position).max(0),
            unwritten: (head.0 - stored.position).max(0),
            owner,
            parked: parked.iter().find(|(name, _)| name == model.name).map_or(0, |(_, count)| *count),
            building,
            another_past: None,
        });
    }
    Ok(all)
}
