//! Tables for which other nodes wait. The node that writes them reads this list, and then writes at once.

use orderlog_domain::ids::Position;

use crate::store::{Sql, Store, StoreError, Tx};

const ASK: &str = "
INSERT INTO asked_for AS t (projection, position) VALUES ($1, $2)
ON CONFLICT (projection) DO UPDATE SET position = excluded.position WHERE t.position < excluded.position";

/// Asks for the tables of the read model `name` to be written up to `position`.
pub(crate) async fn ask(store: &Store, name: &str, position: Position) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    tx.execute(&Sql::new(ASK).bind(name.to_owned()).bind(position.0)).await?;
    tx.commit().await
}

const ALL: &str = "
SELECT a.projection FROM asked_for a JOIN checkpoints c ON c.projection = a.projection WHERE a.position > c.position";

/// The read models whose tables have not reached the position that was asked for.
pub(crate) async fn all(store: &Store) -> Result<Vec<String>, StoreError> {
    let mut tx = store.read(&["asked_for", "checkpoints"]).await?;
    let names: Vec<(String,)> = tx.all(&Sql::new(ALL)).await?;
    tx.commit().await?;
    Ok(names.into_iter().map(|(name,)| name).collect())
}

const FORGET: &str = "DELETE FROM asked_for WHERE projection = $1 AND position > $2";

/// Deletes requests that were made when the tables followed another log: this log may never reach their positions.
pub(crate) async fn forget_beyond(tx: &mut Tx, name: &str, position: Position) -> Result<(), StoreError> {
    tx.execute(&Sql::new(FORGET).bind(name.to_owned()).bind(position.0)).await.map(drop)
}
