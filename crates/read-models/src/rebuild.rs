//! Rebuilds read models beside those that serve, in one reading of the log, and swaps them in.

use std::sync::atomic::{AtomicU64, Ordering};

use orderlog_domain::ids::Position;
use orderlog_event_log::Log;
use tokio_util::sync::CancellationToken;

use crate::{lease::Presence, options::RunnerOptions, projections::Projections, read_model::ReadModel};

mod build;
mod error;
mod read_ahead;
mod tables;

use build::Build;
pub use error::RebuildError;

/// Counts the builds of this process, so that each has a name of its own.
static BUILDS: AtomicU64 = AtomicU64::new(0);

/// The progress of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Taken in so far.
    pub position: Position,
    /// Last position of the log when the build began.
    pub head: Position,
}

/// Rebuilds the named read models (all, if none is named) from the first event of the log. The old ones serve and
/// follow the log in the meantime.
///
/// # Errors
/// When a name is unknown, a database fails, another process builds the same read model, or `cancel` was called.
pub async fn rebuild(
    projections: &Projections,
    log: &Log,
    names: &[&str],
    options: &RunnerOptions,
    cancel: &CancellationToken,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Position, RebuildError> {
    let models = chosen(projections.models(), names)?;
    let store = projections.store();
    // A node may build while its own runner works.
    let owner = format!("{}-build-{}", options.owner, BUILDS.fetch_add(1, Ordering::Relaxed));
    // Kept until this function ends, in any way; then another build may begin at once.
    let _presence = Presence::show(store, &owner).await?;
    let generations = tables::begin(store, &models, &owner).await?;
    let mut build = Build::new(projections, log, &owner, cancel, &models, &options.unseal);
    let head = log.head().await?.position;
    build.catch_up(|at| progress(Progress { position: at.position, head })).await?;
    build.index(&generations).await?;
    build.swap_in().await
}

fn chosen(models: &[&'static ReadModel], names: &[&str]) -> Result<Vec<&'static ReadModel>, RebuildError> {
    if names.is_empty() {
        return Ok(models.to_vec());
    }
    let model = |name: &&str| {
        models
            .iter()
            .find(|model| model.name == *name)
            .copied()
            .ok_or_else(|| RebuildError::Unknown((*name).to_owned()))
    };
    names.iter().map(model).collect()
}
