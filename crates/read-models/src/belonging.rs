//! To which log the read models belong: two logs must not fold into the same tables.

use orderlog_event_log::{Belongings, Mark, WhichLog};

use crate::store::{Sql, Store, StoreError, Tx};

const FILE: Belongings =
    Belongings { name: "projections.db", advice: "Remove projections.db: read models are built anew from the log" };
const SCHEMA: Belongings = Belongings {
    name: "schema read_models of this database",
    advice: "Give each shop a database of its own. If the other log is gone for good, drop the schema: it is built anew",
};

const MARK: &str = "
INSERT INTO belongs_to (id, log_id, file) VALUES (1, $1, $2)
ON CONFLICT (id) DO UPDATE SET log_id = excluded.log_id, file = excluded.file";

/// Assigns the read models to the log `which`, unless they belong to another log.
pub(crate) async fn claim(store: &Store, which: &WhichLog) -> Result<(), StoreError> {
    // One at a time, so that one of two logs that begin at the same time is refused.
    let mut tx = store.alter().await?;
    let marked = marked(&mut tx).await?;
    which.may_use(if store.is_postgres() { SCHEMA } else { FILE }, marked.as_ref())?;
    let mark = which.mark();
    if marked.as_ref() != Some(&mark) {
        tx.execute(&Sql::new(MARK).bind(mark.log_id).bind(mark.file)).await?;
    }
    tx.commit().await
}

async fn marked(tx: &mut Tx) -> Result<Option<Mark>, StoreError> {
    let row: Option<(String, Option<String>)> =
        tx.first(&Sql::new("SELECT log_id, file FROM belongs_to WHERE id = 1")).await?;
    Ok(row.map(|(log_id, file)| Mark { log_id, file }))
}
