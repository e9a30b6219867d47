//! `orderlog status`: the head of the log and how far the read models are.

use clap::Args;
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use serde_json::{Value, json};

use super::print;
use crate::{config::Config, node, tools::views};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<()> {
    let log = node::open_log(config).await?;
    let projections = node::open_projections(config).await?;
    let head = log.head().await?;
    let all = projections.status(head.position).await?;
    projections.close().await;
    let last = (head.position.0 > 0).then(|| views::local(head.recorded_at, config.shop.calendar.timezone));
    if arguments.json {
        let models: Vec<Value> = all
            .iter()
            .map(|one| {
                json!({
                    "name": one.name, "version": one.version, "position": one.position, "lag": one.lag,
                    "owner": one.owner, "parked": one.parked, "building": one.building,
                })
            })
            .collect();
        let status = json!({
            "position": head.position, "hash": head.hash, "next_order": head.next_order, "recorded_at": last,
            "projections": models,
        });
        print(&format!("{status}\n"));
        return Ok(());
    }
    let last = last.map(|at| format!(", the last of {at}")).unwrap_or_default();
    print(&format!("{} events{last}\nhead hash {}\nnext order #{}\n\n", head.position, head.hash, head.next_order));
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header([
        "read model",
        "version",
        "position",
        "behind",
        "parked",
        "run by",
    ]);
    for one in all {
        let building = one.building.map(|at| format!(" (rebuilding, at {at})")).unwrap_or_default();
        table.add_row([
            one.name + &building,
            one.version.to_string(),
            one.position.to_string(),
            one.lag.to_string(),
            one.parked.to_string(),
            one.owner.unwrap_or_else(|| "nobody".to_owned()),
        ]);
    }
    print(&format!("{table}\n"));
    Ok(())
}
