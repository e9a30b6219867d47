//! The page Status names every node that lives, and none that does not.

use std::time::Duration;

use anyhow::Result;
use orderlog_tests::{Browser, Checks, Shop, check, on_both_engines, until};

on_both_engines!(status_names_every_node_that_lives);

/// A node says what is new of itself every five seconds.
const SOON: Duration = Duration::from_secs(30);

/// Nodes as the page tells them, each with its row.
async fn told(shop: &Shop) -> Result<Vec<String>> {
    let mut browser = Browser::at(&shop.node.url())?;
    browser.open("/status").await?;
    let table = browser.page.split_once("aria-label=\"Nodes\"").map(|(_, table)| table).unwrap_or_default();
    let rows = table.split_once("</table>").map(|(rows, _)| rows).unwrap_or_default();
    Ok(rows.split("<th scope=\"row\">").skip(1).map(str::to_owned).collect())
}

async fn status_names_every_node_that_lives(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(2).await?;
    let (mut killed, mut stopped) = (shop.another_node().await?, shop.another_node().await?);
    let addresses = [shop.node.url(), killed.url(), stopped.url()];
    let all = until("every node is named", SOON, async || {
        let rows = told(&shop).await?;
        let named = addresses.iter().all(|address| rows.iter().any(|row| row.contains(address.trim_end_matches('/'))));
        Ok(Some(rows).filter(|rows| named && rows.len() == 3))
    });
    let all = all.await?;
    check!(checks, all.iter().filter(|row| row.contains("(this one)")).count() == 1, "{all:?}");
    check!(checks, all.iter().any(|row| row.contains("<td>all</td>") || row.contains("daily sales")), "{all:?}");
    // Killed it says nothing any more, and it is gone as soon as the others see that; stopped it takes its leave.
    killed.kill()?;
    stopped.stop().await?;
    let left = until("those that ended are gone", SOON, async || {
        let rows = told(&shop).await?;
        Ok(Some(rows).filter(|rows| rows.len() == 1))
    });
    let left = left.await?;
    check!(checks, left[0].contains("(this one)"), "{left:?}");
    checks.all_hold()
}
