//! Writes rows and checkpoints in one transaction, as the holder of the lease, from the place of the tables.

use std::time::Duration;

use crate::{
    checkpoint,
    place::Place,
    projector::Changed,
    store::{Store, StoreError},
};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The database failed. If it failed at the very end, it is not known whether it wrote.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The checkpoint was moved, or is no longer ours: another copy runs, or a build was swapped in.
    #[error("another node writes these read models now")]
    Fenced,
}

/// Writes the rows and moves the checkpoints, each from the place of its tables: everything or nothing.
pub(crate) async fn write(
    store: Store,
    owner: String,
    lease: Duration,
    moves: Vec<Move>,
    changed: Changed,
) -> Result<(), WriteError> {
    let mut tx = store.write().await?;
    // First the checkpoints: a second writer waits here, and then finds them moved.
    for alike in moves.chunk_by(|one, next| one.moved == next.moved) {
        let names: Vec<String> = alike.iter().map(|one| one.name.clone()).collect();
        if !checkpoint::advance(&mut tx, &store, &names, &owner, lease, alike[0].moved).await? {
            return Err(WriteError::Fenced);
        }
    }
    changed.write(&mut tx).await?;
    tx.commit().await?;
    Ok(())
}

/// A checkpoint, with its old and its new place.
pub(crate) struct Move {
    pub(crate) name: String,
    pub(crate) moved: (Place, Place),
}
