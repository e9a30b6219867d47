//! Measures Orderlog beside its alternatives, in interleaved rounds of one run, and checks that nothing was lost.

mod append;
mod arguments;
mod correctness;
mod http;
mod mcp;
mod measure;
mod rebuild;
mod report;
mod scale;
mod secured;
mod server;
mod shop;
mod visible;

use anyhow::Result;
use arguments::Arguments;
use clap::Parser;

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
    if wanted("secured") {
        rows.extend(secured::run(&arguments).await?);
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
