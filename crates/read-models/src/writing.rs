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

/// Writes what moves the checkpoints of `names`, all of which stand at the first place, to the second.
pub(crate) async fn write(
    store: Store,
    owner: String,
    lease: Duration,
    names: Vec<String>,
    moved: (Place, Place),
    changed: Changed,
) -> Result<(), WriteError> {
    let mut tx = store.write().await?;
    // First the checkpoints: a second copy waits here, and then finds them moved.
    if !checkpoint::advance(&mut tx, &store, &names, &owner, lease, moved).await? {
        return Err(WriteError::Fenced);
    }
    changed.write(&mut tx).await?;
    tx.commit().await?;
    Ok(())
}
