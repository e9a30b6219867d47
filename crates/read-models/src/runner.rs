//! The tasks by which a node's read models follow the log: a feed, a task that folds in memory, and one that writes
//! behind.

use orderlog_event_log::Log;
use orderlog_messaging::Source;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

use crate::{memory::Memory, options::RunnerOptions, projections::Projections};

mod failures;
mod feed;
mod folder;
mod inbox;
mod keeper;
mod pace;

use folder::Folder;
use keeper::Keeper;

/// Runs the read models of a node until cancelled.
#[derive(Debug)]
pub struct Runner;

impl Runner {
    /// Starts the tasks. They end after `cancel`, when they have written their rows and returned their leases.
    #[must_use]
    pub fn start(
        projections: Projections,
        log: Log,
        source: Source,
        options: RunnerOptions,
        cancel: CancellationToken,
    ) -> JoinHandle<()> {
        projections.memories().iter().for_each(Memory::expect);
        let (feeding, fed) = mpsc::channel(pace::FED_BATCHES);
        let feed = feed::feed(log.clone(), source, options.unseal.clone(), feeding, cancel.clone());
        let folder = Folder::new(projections.clone(), log.clone(), fed, cancel.clone());
        let keeper = Keeper::new(projections, log, options, cancel);
        tokio::spawn(async move {
            // When this task is dropped, these tasks are dropped too.
            let mut tasks = JoinSet::new();
            tasks.spawn(feed);
            tasks.spawn(folder.run());
            tasks.spawn(keeper.run());
            while tasks.join_next().await.is_some() {}
        })
    }
}
