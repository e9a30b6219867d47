//! Two nodes writing to one PostgreSQL at full load: no hole, no starving, no state that differs from a replay.

use anyhow::{Result, ensure};
use orderlog_tests::{Load, Oracle, SetUp, Shop, chain_is_whole, events, load_time};

const CALLERS_PER_NODE: usize = 32;
/// Percent of all commands; both nodes get the same load.
const LEAST_SHARE: usize = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_write_one_log() -> Result<()> {
    let shop = Shop::open(SetUp::PostgresAndNats).await?;
    let second = shop.another_node().await?;
    let load = Load::start(&shop, &[shop.mcp(), second.mcp()], CALLERS_PER_NODE, 20_261_122).await?;
    tokio::time::sleep(load_time()).await; // not a synchronisation: this is how long the load lasts
    let acknowledged = load.stop().await?;

    let by_node = [0, 1].map(|node| acknowledged.iter().filter(|command| command.client == node).count());
    eprintln!("{by_node:?} commands acknowledged in {:?}", load_time());
    for (node, commands) in by_node.iter().enumerate() {
        ensure!(
            commands * 100 >= acknowledged.len() * LEAST_SHARE,
            "node {node} made too little progress: {by_node:?}"
        );
    }
    let log = events(&shop.node, 0).await?;
    chain_is_whole(&log)?;
    let oracle = Oracle::of(&log)?;
    oracle.agree_with(&shop.mcp()).await?;
    oracle.agree_with(&second.mcp()).await?;
    shop.cli(&["verify"]).await?.expect_success()?;
    Ok(())
}
