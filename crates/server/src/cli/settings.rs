//! `orderlog settings`: the shop's settings, since when they apply, and the only way to change them.

use clap::{Args, Subcommand};
use orderlog_tools::{Clock, local};
use serde_json::{Value, json};

use super::output::{grouped, print, table};
use crate::{
    config::{Config, ConfigError, Texts, nearest},
    node,
    shop_settings::{self, Recorded},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// Print JSON, with every change there was
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Change settings from the next event on; nothing that was recorded changes, and every node has to be restarted
    #[command(after_help = "Examples:\n  \
        orderlog settings set timezone=America/New_York\n  \
        orderlog settings set day-start=04:00 week-start=sunday")]
    Set {
        /// Name and new value
        #[arg(required = true, value_name = "NAME=VALUE")]
        changes: Vec<String>,
    },
}

pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<()> {
    match arguments.action {
        None => show(config, arguments.json).await,
        Some(Action::Set { changes }) => set(config, &changes).await,
    }
}

async fn show(config: &Config, json: bool) -> anyhow::Result<()> {
    let log = node::open_log_to_read(config).await?;
    let history = shop_settings::history(&log).await?;
    if json {
        print(&format!("{}\n", as_json(&history)))?;
        return Ok(());
    }
    let Some(last) = history.last() else {
        print("The log holds no settings yet: the next start that may write records them.\n")?;
        return Ok(());
    };
    let zone = shop_settings::of_log(&log, config).await?.shop.calendar.timezone;
    let mut table = table(&["setting", "value", "since event", "recorded", "by"]);
    for (name, value) in &last.texts {
        let Some(Recorded { row, .. }) = shop_settings::since(&history, name) else { continue };
        let recorded = local(row.recorded_at, zone);
        let by = format!("{} through {}", row.actor, row.program);
        table.add_row([name.clone(), value.clone(), grouped(row.position.0 + 1), recorded, by]);
    }
    print(&format!("{table}\n"))
}

fn as_json(history: &[Recorded]) -> Value {
    let one = |Recorded { row, texts }: &Recorded| {
        json!({
            "revision": row.revision, "position": row.position, "recorded_at": row.recorded_at, "actor": row.actor,
            "program": row.program, "settings": texts,
        })
    };
    let all: Vec<Value> = history.iter().map(one).collect();
    json!({ "settings": history.last().map(|last| &last.texts), "history": all })
}

async fn set(config: &Config, changes: &[String]) -> anyhow::Result<()> {
    let changes = read(changes, config)?;
    node::refuse_to_begin(config).await?;
    let log = node::open_log(config).await?;
    let now = Clock::new(config.clock).now();
    let Some(row) = shop_settings::change(&log, config, &changes, now).await? else {
        print("The shop's settings are so already; nothing was recorded.\n")?;
        return Ok(());
    };
    let changed: Vec<&str> = changes.keys().map(String::as_str).collect();
    print(&format!(
        "Recorded: {} from event {} on. What was recorded before stays as it was counted. Restart every node, and change \
         the setting where it is also given as a flag, a variable or in a file.\n",
        changed.join(", "),
        grouped(row.position.0 + 1),
    ))
}

/// Names and values, every problem at once.
fn read(changes: &[String], config: &Config) -> Result<Texts, ConfigError> {
    let known = crate::config::shop::texts(&config.shop);
    let (mut texts, mut problems) = (Texts::new(), vec![]);
    for change in changes {
        match change.split_once('=') {
            Some((name, value)) if known.contains_key(name) => {
                if texts.insert(name.to_owned(), value.to_owned()).is_some() {
                    problems.push(format!("`{name}` is given twice"));
                }
            }
            Some((name, _)) => {
                let near = nearest(name, known.keys().map(String::as_str));
                let near = near.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
                let all: Vec<&str> = known.keys().map(String::as_str).collect();
                problems.push(format!("the log keeps no setting `{name}`, only {}{near}", all.join(", ")));
            }
            None => problems.push(format!("`{change}`: write it as NAME=VALUE, such as timezone=Europe/Berlin")),
        }
    }
    if problems.is_empty() { Ok(texts) } else { Err(ConfigError(problems)) }
}
