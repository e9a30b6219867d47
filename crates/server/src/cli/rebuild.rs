//! `orderlog rebuild`: rebuilds read models beside those that serve, then swaps them in.

use clap::{Args, builder::PossibleValuesParser};
use orderlog_projections::MODELS;
use orderlog_read_models::{Progress, RunnerOptions, Unseal, rebuild};
use orderlog_tools::{Clock, people};
use tokio_util::sync::CancellationToken;

use super::output::{grouped, print, progress};
use crate::{config::Config, node};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Names of read models, or `all`
    #[arg(required = true, value_name = "READ_MODEL", value_parser = names())]
    projections: Vec<String>,
}

/// Stands for every read model.
const ALL: &str = "all";

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(MODELS.iter().map(|model| model.name).chain([ALL]))
}

pub(super) async fn run(config: Config, arguments: Arguments) -> anyhow::Result<()> {
    let log = node::open_log_to_read(&config).await?;
    let which = node::which_log(&config, &log).await?;
    let keyring = people::open_keys(&config.database_url, &log, &which, config.accept_missing_keys).await?;
    let projections = node::open_projections(&config, &which).await?;
    let known = MODELS.iter().map(|model| model.name).collect::<Vec<_>>();
    let names: Vec<&str> = match arguments.projections.iter().any(|name| name == ALL) {
        true => vec![],
        false => arguments.projections.iter().map(String::as_str).collect(),
    };
    let bar = progress(0, "rebuilding");
    let shown = |progress: Progress| {
        bar.set_length(u64::try_from(progress.head.0).unwrap_or(0));
        bar.set_position(u64::try_from(progress.position.0).unwrap_or(0));
    };
    let unseal = Unseal::new(move |field, sealed| keyring.open_seal(field, sealed));
    let options = RunnerOptions::new(Clock::new(config.clock).new_id().to_string(), unseal);
    let never = CancellationToken::new();
    let started = std::time::Instant::now();
    // An unfinished build ends with this process: the next rebuild can begin at once.
    let result = tokio::select! {
        result = rebuild(&projections, &log, &names, &options, &never, shown) => result.map_err(anyhow::Error::new),
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!(
            "the rebuild was stopped; what served before still serves, and a rebuild can begin again at any time"
        )),
    };
    bar.finish_and_clear();
    result?;
    let head = log.head().await?.position;
    let what = if names.is_empty() { known.join(", ") } else { names.join(", ") };
    print(&format!("Rebuilt {what} from {} events in {:.1} s.\n", grouped(head.0), started.elapsed().as_secs_f64()))?;
    projections.close().await;
    Ok(())
}
