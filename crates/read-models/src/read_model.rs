//! The parts of a read model: tables, a fold of events into rows in memory, and its schema for both engines.

use std::any::Any;

use orderlog_domain::{envelope::Envelope, event::Event};

use crate::{row_cache::RowCache, unseal::Unseal};

/// One read model, as its folder declares it.
pub struct ReadModel {
    /// Its name, which is the name of its folder.
    pub name: &'static str,
    /// Version of the fold and the schema. When it is raised, the read model is rebuilt beside the old one.
    pub version: i64,
    /// Its tables, in the order in which they are locked.
    pub tables: &'static [&'static str],
    /// Its schema on PostgreSQL, with `@` after table names and `#` after index names.
    pub postgres: &'static str,
    /// Its schema on SQLite.
    pub sqlite: &'static str,
    /// An empty fold.
    pub fold: fn(&Unseal) -> Box<dyn Fold>,
}

impl std::fmt::Debug for ReadModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} version {}", self.name, self.version)
    }
}

/// An event that does not fit the read model's state of its stream.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct CannotApply(pub String);

/// Folds events into rows in memory. This crate does all I/O.
pub trait Fold: Any + Send + Sync {
    /// The rows of the fold, table by table.
    fn caches(&mut self) -> Vec<&mut dyn RowCache>;

    /// Notes the rows that `event` needs; those of a whole batch are loaded together.
    fn prefetch(&mut self, event: &Envelope<Event>);

    /// Applies `event`. An error leaves the rows as they were.
    ///
    /// # Errors
    /// When the event does not fit; it is parked, with all later events of its stream.
    fn apply(&mut self, event: &Envelope<Event>) -> Result<(), CannotApply>;

    /// Called when a node has loaded the rows that queries of the present need: derive here what queries need from
    /// these rows.
    fn serve(&mut self) {}
}
