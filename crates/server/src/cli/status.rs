//! `orderlog status`: the head of the log and how far the read models are.

use clap::Args;
use orderlog_tools::local;
use serde_json::{Value, json};

use super::output::{grouped, print, table};
use crate::{config::Config, node, shop_settings};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<()> {
    let log = node::open_log_to_read(config).await?;
    let config = &shop_settings::of_log(&log, config).await?;
    let projections = node::open_projections_to_read(config).await?;
    let id = log.identity().await?.map(|identity| identity.id);
    let head = log.head().await?;
    projections.compare(&log).await?;
    let all = projections.status(head.position).await?;
    projections.close().await;
    log.close().await;
    let last = (head.position.0 > 0).then(|| local(head.recorded_at, config.shop.calendar.timezone));
    if arguments.json {
        let models: Vec<Value> = all
            .iter()
            .map(|one| {
                json!({
                    "name": one.name, "version": one.version, "position": one.position, "lag": one.lag,
                    "owner": one.owner, "parked": one.parked, "building": one.building,
                    "another_past": one.another_past.as_ref().map(ToString::to_string),
                })
            })
            .collect();
        let status = json!({
            "log_id": id, "position": head.position, "hash": head.hash, "next_order": head.next_order, "recorded_at": last,
            "projections": models,
        });
        print(&format!("{status}\n"))?;
        return Ok(());
    }
    let last = last.map(|at| format!(", the last of {at}")).unwrap_or_default();
    let events = grouped(head.position.0);
    let id = id.map_or_else(|| "none yet".to_owned(), |id| id.to_string());
    let (hash, next) = (head.hash, head.next_order);
    print(&format!("{events} events{last}\nhead hash {hash}\nnext order #{next}\nlog id {id}\n\n"))?;
    let mut table = table(&["read model", "version", "position", "behind", "parked", "run by"]);
    let strangers: Vec<String> =
        all.iter().filter_map(|one| Some(format!("\n{}\n", one.another_past.as_ref()?))).collect();
    for one in all {
        let building = one.building.map(|at| format!(" (rebuilding, at {})", grouped(at.0))).unwrap_or_default();
        table.add_row([
            one.name + &building,
            one.version.to_string(),
            grouped(one.position.0),
            grouped(one.lag),
            grouped(one.parked),
            one.owner.unwrap_or_else(|| "nobody".to_owned()),
        ]);
    }
    print(&format!("{table}\n{}", strangers.concat()))?;
    Ok(())
}
