//! Options: the measurements, and the programs to measure.

use std::path::PathBuf;

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
    pub(crate) postgres_url: String,
    /// The nats-server binary; started on a free port in a temporary folder.
    #[arg(long, env = "ORDERLOG_TEST_NATS_SERVER")]
    pub(crate) nats_server: Option<PathBuf>,
    /// The orderlog binary to measure over HTTP.
    #[arg(long, env = "ORDERLOG_TEST_BINARY")]
    pub(crate) binary: Option<PathBuf>,
    /// Interleaved rounds; medians over these are reported.
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Seconds of each measurement in a round.
    #[arg(long, default_value_t = 2.0)]
    pub(crate) seconds: f32,
    /// Which groups to run, separated by commas: append, rebuild, mcp, secured, visible, scale.
    #[arg(long, value_delimiter = ',', default_value = "append,rebuild,mcp,visible")]
    pub(crate) only: Vec<String>,
    /// Concurrent callers of the group append, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "1,8,32,64")]
    pub(crate) callers: Vec<usize>,
    /// Orders of the large shop that the group `scale` compares with one of 10,000.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) orders: u32,
    /// Databases of the group `scale`: `<name>_10000` and `<name>_<orders>`. Those that hold a shop already are used as
    /// they are, and none is dropped. Without it both are filled anew and dropped.
    #[arg(long, value_name = "NAME")]
    pub(crate) keep: Option<String>,
    /// Write the figures as JSON to this file too.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}
