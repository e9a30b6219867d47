//! `orderlog take-stream`: the log has moved to another place, and this marks its JetStream stream accordingly. Never
//! run it on a copy (ADR 9).

use anyhow::Context as _;
use orderlog_messaging::{Nats, take_stream};

use super::output::print;
use crate::{config::Config, node};

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let access =
        config.nats.clone().context("no NATS is configured: give --nats-url as the nodes of this shop have it")?;
    let stream = access.stream.clone();
    let log = node::open_log_to_read(config).await?;
    let identity = log.identity().await.context("read the log's id")?.context("the log has no id")?;
    let nats = Nats::connect(access).await.context("connect to NATS")?;
    let before = take_stream(&nats, &identity).await?;
    let place = &identity.place;
    print(&match before {
        None => format!("Stream {stream} belongs to the log at {place} already.\n"),
        Some(before) => format!(
            "Stream {stream} belonged to the log at {before}, and belongs to the one at {place} now.\n\
             Nodes there go on within seconds; nodes on the old database publish nothing any more.\n"
        ),
    })
}
