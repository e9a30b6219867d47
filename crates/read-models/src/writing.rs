//! Writes rows and checkpoints in one transaction, as whoever holds the lease, from the place where the tables stand.

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
    /// The database failed. Whether it wrote is not known when it failed at the very end.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The checkpoint was moved, or is no longer ours: another copy runs, or a build was swapped in.
    #[error("another node writes these read models now")]
    Fenced,
}

/// Writes what moves checkpoints, each from where its tables stand: all of it, or nothing.
pub(crate) async fn write(
    store: Store,
    owner: String,
    lease: Duration,
    moves: Vec<Move>,
    changed: Changed,
) -> Result<(), WriteError> {
    let mut tx = store.write().await?;
    // First the checkpoints: a second copy waits here, and then finds them moved.
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

/// A checkpoint, and from where to where it moves.
pub(crate) struct Move {
    pub(crate) name: String,
    pub(crate) moved: (Place, Place),
}
