//! Queries of the present: what a node holds in memory of a read model, and rows by key from memory and tables.

use orderlog_domain::ids::Position;

use crate::{
    answer::{Answer, Freshness, QueryError},
    memory::LookedUp,
    projections::Projections,
    read_model::{Fold, ReadModel},
    row::{Row, Table},
    row_cache::CachedRows,
    store::{Sql, StoreError},
};

/// How often rows that are not in memory are looked for in the tables, while the two move apart.
const TRIES: u32 = 8;

impl Projections {
    /// Waits as asked, then asks what this node holds in memory of the read model, at the position where it stands. `None` when
    /// it holds nothing, or `ask` finds that it does not hold what it takes: then the tables are to be asked.
    ///
    /// # Errors
    /// When the read model does not follow from the log.
    pub async fn present<F: Fold, T>(
        &self,
        model: &ReadModel,
        freshness: Freshness,
        ask: impl FnOnce(&F, Position) -> Option<T>,
    ) -> Result<Option<Answer<T>>, QueryError> {
        self.check(model)?;
        let Some(memory) = self.memory(model.name) else { return Ok(None) };
        if !memory.wait(freshness).await {
            return Ok(None);
        }
        self.check(model)?;
        let Some((position, Some(found))) = memory.ask(ask).await else { return Ok(None) };
        Ok(Some(Answer::new(position, freshness, found)))
    }

    /// Waits as asked, then gives what is `told` of the rows of these keys, those that exist, by key: from memory, and what
    /// memory knows nothing of from the table.
    ///
    /// # Errors
    /// When the store fails, or the read model does not follow from the log.
    pub async fn by_key<F: Fold, R: Row, T>(
        &self,
        model: &ReadModel,
        rows: fn(&F) -> &CachedRows<R>,
        keys: Vec<R::Key>,
        told: fn(&R) -> T,
        freshness: Freshness,
    ) -> Result<Answer<Vec<T>>, QueryError> {
        self.check(model)?;
        let Some(memory) = self.memory(model.name) else { return Err(StoreError::NotYet(model.name).into()) };
        let mut wanted = freshness;
        for _ in 0..TRIES {
            if !memory.wait(wanted).await {
                break;
            }
            self.check(model)?;
            let Some((position, unknown)) = memory.unknown(rows, &keys).await else { break };
            let (tables, found) = match unknown.as_slice() {
                [] => (position, vec![]),
                unknown => self.stored::<R>(model, unknown).await?,
            };
            let looked_up = LookedUp { keys: &unknown, tables, found };
            if let Some((position, found)) = memory.with_those_found(rows, &keys, looked_up, told).await {
                return Ok(Answer::new(position, freshness, found));
            }
            wanted = Freshness::AtLeast(tables);
        }
        if let Freshness::AtLeast(position) = freshness {
            self.wait_for_tables(memory, position).await?;
        }
        let (position, found) = self.stored::<R>(model, &keys).await?;
        Ok(Answer::new(position, freshness, found.iter().map(told).collect()))
    }

    /// The rows of these keys as the table has them, by key, and where the table stands. One statement is one moment, so no
    /// transaction is held for it.
    async fn stored<R: Row>(&self, model: &ReadModel, keys: &[R::Key]) -> Result<(Position, Vec<R>), StoreError> {
        let Table { name, .. } = R::TABLE;
        let (columns, key) = (R::TABLE.column_list("t."), R::TABLE.key_list());
        let mut sql = Sql::new(&format!(
            "SELECT c.position, {columns} FROM checkpoints AS c LEFT JOIN {name} AS t ON t.{key} IN (NULL"
        ));
        for value in keys.iter().flat_map(R::key_values) {
            sql.push(", ").value(value);
        }
        sql.push(") WHERE c.projection = ").arg(model.name.to_owned());
        let found = self.store().numbered::<R>(&sql).await?;
        let position = found.first().map_or(Position::START, |(position, _)| Position(*position));
        let mut rows: Vec<R> = found.into_iter().filter_map(|(_, row)| row).collect();
        rows.sort_unstable_by_key(Row::key);
        Ok((position, rows))
    }
}
