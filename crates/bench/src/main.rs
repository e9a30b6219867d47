//! Measures Orderlog beside its alternatives, in interleaved rounds of one run, and checks that nothing was lost.

mod append;
mod correctness;
mod http;
mod mcp;
mod measure;
mod rebuild;
mod report;
mod scale;
mod shop;
mod visible;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

/// Measures Orderlog beside its alternatives in one run: medians of interleaved rounds, as a table and as JSON.
///
/// Every row carries a correctness column: what was acknowledged is read back from the log and compared.
#[derive(Parser, Debug)]
#[command(
    after_help = "Example:\n  cargo build --release --bins\n  target/release/orderlog-bench --postgres-url postgres://postgres@127.0.0.1:5432/postgres \\\n    --nats-server /usr/bin/nats-server --binary target/release/orderlog --only append,mcp"
)]
pub(crate) struct Arguments {
    /// A PostgreSQL server that may be filled with throw-away databases.
    #[arg(long, env = "ORDERLOG_TEST_POSTGRES_URL")]
    postgres_url: String,
    /// The nats-server binary; started on a free port in a temporary folder.
    #[arg(long, env = "ORDERLOG_TEST_NATS_SERVER")]
    nats_server: Option<PathBuf>,
    /// The orderlog binary to measure over HTTP.
    #[arg(long, env = "ORDERLOG_TEST_BINARY")]
    binary: Option<PathBuf>,
    /// Interleaved rounds; medians over these are reported.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each measurement in a round.
    #[arg(long, default_value_t = 2.0)]
    seconds: f32,
    /// Which groups to run, separated by commas: append, rebuild, mcp, visible, scale.
    #[arg(long, value_delimiter = ',', default_value = "append,rebuild,mcp,visible")]
    only: Vec<String>,
    /// Orders of the large shop that the group `scale` compares with one of 10,000.
    #[arg(long, default_value_t = 1_000_000)]
    orders: u32,
    /// Databases of the group `scale`: `<name>_10000` and `<name>_<orders>`. Those that hold a shop already are used as
    /// they are, and none is dropped. Without it both are filled anew and dropped.
    #[arg(long, value_name = "NAME")]
    keep: Option<String>,
    /// Write the figures as JSON to this file too.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// The one of the server, so that what runs in this process costs what it costs there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let wanted = |group: &str| arguments.only.iter().any(|name| name == group);
    let mut rows = Vec::new();
    if wanted("append") {
        rows.extend(append::run(&arguments).await?);
    }
    if wanted("rebuild") {
        rows.extend(rebuild::run(&arguments).await?);
    }
    if wanted("mcp") {
        rows.extend(mcp::run(&arguments).await?);
    }
    if wanted("visible") {
        rows.extend(visible::run(&arguments).await?);
    }
    if wanted("scale") {
        rows.extend(scale::run(&arguments).await?);
    }
    report::print(&rows);
    if let Some(path) = &arguments.json {
        std::fs::write(path, serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}
