//! One query's view of a read model: a snapshot of its tables, and the position of the snapshot.

use orderlog_domain::ids::Position;

use crate::{
    answer::{Answer, Freshness, QueryError},
    row::Row,
    store::{FromAnyRow, Sql, StoreError, Tx},
};

/// A transaction that sees one moment of a read model.
pub struct SnapshotRead {
    tx: Tx,
    position: Position,
    freshness: Freshness,
}

impl SnapshotRead {
    pub(crate) fn new(tx: Tx, position: Position, freshness: Freshness) -> SnapshotRead {
        SnapshotRead { tx, position, freshness }
    }

    /// The read model had taken in everything up to here.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Tuples or derived rows.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn all<T: FromAnyRow>(&mut self, sql: &Sql) -> Result<Vec<T>, StoreError> {
        self.tx.all(sql).await
    }

    /// The first row, if any.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn first<T: FromAnyRow>(&mut self, sql: &Sql) -> Result<Option<T>, StoreError> {
        self.tx.first(sql).await
    }

    /// The number that the statement counts.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn count(&mut self, sql: &Sql) -> Result<i64, StoreError> {
        Ok(self.tx.first::<(i64,)>(sql).await?.map_or(0, |(count,)| count))
    }

    /// Whole rows of a table: the statement selects [`crate::Table::column_list`].
    ///
    /// # Errors
    /// When the store fails.
    pub async fn rows<R: Row>(&mut self, sql: &Sql) -> Result<Vec<R>, StoreError> {
        self.tx.rows(sql).await
    }

    /// Ends the transaction and answers with the result.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn answer<T>(self, found: T) -> Result<Answer<T>, QueryError> {
        self.tx.commit().await?;
        Ok(Answer::new(self.position, self.freshness, found))
    }
}
