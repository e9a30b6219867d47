//! One running node: the log, the writer, the read models and the relay, built in one place for every subcommand.

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{clock::Clock, config::Config};

/// What tools and HTTP handlers work with.
pub(crate) struct Node {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    /// Calls under way; a stopping node waits for them.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the node stops.
    pub(crate) stopping: CancellationToken,
}

impl Node {
    pub(crate) async fn start(config: Config) -> anyhow::Result<Node> {
        let clock = Clock::new(config.clock);
        Ok(Node { config, clock, tasks: TaskTracker::new(), stopping: CancellationToken::new() })
    }
    /// Waits for the calls under way, then stops everything else.
    pub(crate) async fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
