//! `orderlog notifications`: targets, messages that failed, and trying them again.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use orderlog_domain::event::Message;
use orderlog_notify::{Sender, Templates};
use orderlog_tools::{
    Clock, Failure, Object, OpenShop, history, local,
    principal::Caller,
    undelivered::{self, OperatorAct},
};
use serde_json::json;
use uuid::Uuid;

use super::output::{print, table};
use crate::{
    config::Config,
    node::{self, Node},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show who can be told, without what is secret
    Targets,
    /// Show the messages that were given up, and those that wait to be tried again
    Failed {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Try messages again that were given up; without ids all of them
    Replay {
        /// As `orderlog notifications failed` shows them
        ids: Vec<Uuid>,
        /// Only those to this target
        #[arg(long)]
        target: Option<String>,
    },
    /// Let a target take messages again that had said that it wants no more (410)
    Enable {
        /// Its name
        target: String,
    },
    /// Show which templates word messages, and where each came from; with --preview what they make of an example of each message
    Templates {
        /// Only this set
        #[arg(long)]
        set: Option<String>,
        /// Show every message from an example
        #[arg(long)]
        preview: bool,
        /// Show only this file of it, such as email.txt
        #[arg(long, requires = "preview")]
        file: Option<String>,
        /// Write the built-in templates into this folder, to be changed there; leaves files that are there as they are
        #[arg(long, value_name = "FOLDER", conflicts_with_all = ["set", "preview"])]
        write: Option<PathBuf>,
    },
    /// Send a test message to a target
    Test {
        /// Its name
        target: String,
    },
}

pub(super) async fn run(config: Config, arguments: Arguments) -> anyhow::Result<()> {
    match arguments.action {
        Action::Targets => targets(&config),
        Action::Failed { json } => failed(&config, json).await,
        Action::Replay { ids, target } => replay(config, ids, target).await,
        Action::Enable { target } => operate(config, async |_| Ok(OperatorAct::Enable(target))).await,
        Action::Templates { write: Some(folder), .. } => {
            let written = Templates::write_built_in(&folder).map_err(anyhow::Error::msg)?;
            let lines: String = written.iter().map(|path| format!("{path}\n")).collect();
            print(&if lines.is_empty() {
                "Every file is there already; nothing was written.\n".to_owned()
            } else {
                lines
            })
        }
        Action::Templates { set, preview: false, .. } => templates(&config, set.as_deref()),
        Action::Templates { set, file, .. } => {
            let (shop, name) = (&config.shop, config.shop_name.as_deref());
            let shown = config.templates.preview(set.as_deref(), file.as_deref(), shop, name);
            let shown = shown.map_err(anyhow::Error::msg)?.into_iter();
            let shown = shown.map(|[kind, file, text]| format!("── {kind} · {file}\n{}\n\n", text.trim_end()));
            print(&shown.collect::<String>())
        }
        Action::Test { target } => {
            let clock = Clock::new(config.clock);
            Sender::new(config.targets, &config.templates, &config.shop, config.shop_name.as_deref())?
                .test(&target, clock.now(), clock.new_id())
                .await?;
            print(&format!("{target} took the message.\n"))
        }
    }
}

fn targets(config: &Config) -> anyhow::Result<()> {
    let all = config.targets.described();
    if all.is_empty() {
        return print("No target is set up: name a file with --notify-targets-file.\n");
    }
    let mut table = table(&["target", "kind", "goes to", "allowed", "quiet"]);
    for row in all {
        table.add_row(row);
    }
    print(&format!("{table}\n"))
}

/// They were tried when the settings were read: what is shown here can be used.
fn templates(config: &Config, set: Option<&str>) -> anyhow::Result<()> {
    let mut table = table(&["set", "file", "comes from"]);
    let rows = config.templates.described();
    let rows = rows.into_iter().filter(|[name, ..]| set.is_none_or(|set| set == name));
    let mut count = 0;
    for row in rows {
        table.add_row(row);
        count += 1;
    }
    anyhow::ensure!(count > 0, "there is no set of templates `{}`", set.unwrap_or_default());
    print(&format!("{table}\nAll of them fit every message. `--preview` shows what they make of examples.\n"))
}

async fn failed(config: &Config, as_json: bool) -> anyhow::Result<()> {
    let log = node::open_log_to_read(config).await?;
    let all = history::notifications(&log).await?;
    log.close().await;
    if as_json {
        let waiting: Vec<&Message> = all.waiting.values().collect();
        return print(&format!("{}\n", json!({ "given_up": all.dead, "waiting": waiting, "disabled": all.disabled })));
    }
    let zone = config.shop.calendar.timezone;
    let mut table = table(&["message", "target", "tells", "about", "tries", "why", "next try"]);
    let mut add = |message: &Message, next: String| {
        table.add_row([
            message.id.to_string(),
            message.target.clone(),
            message.what.name().to_owned(),
            undelivered::about(message),
            message.tries.to_string(),
            message.why.clone().unwrap_or_default(),
            next,
        ]);
    };
    all.dead.iter().for_each(|message| add(message, "given up".to_owned()));
    all.waiting.values().for_each(|message| add(message, local(message.not_before, zone)));
    let disabled: Vec<&str> = all.disabled.iter().map(String::as_str).collect();
    let disabled = if disabled.is_empty() {
        String::new()
    } else {
        format!("These targets want no more messages: {}.\n", disabled.join(", "))
    };
    print(&format!("{table}\n{disabled}"))
}

async fn replay(config: Config, ids: Vec<Uuid>, target: Option<String>) -> anyhow::Result<()> {
    operate(config, async |shop| {
        let ids = if ids.is_empty() { undelivered::given_up(shop, target.as_deref()).await? } else { ids };
        Ok(OperatorAct::Replay(ids))
    })
    .await
}

/// Carries an act out through the usual path of commands; the node that delivers is informed.
async fn operate(
    config: Config,
    act: impl AsyncFnOnce(&OpenShop) -> anyhow::Result<OperatorAct>,
) -> anyhow::Result<()> {
    node::refuse_to_begin(&config).await?;
    let node = Node::start(config).await?;
    let caller = Caller::command_line("notifications");
    let done = match act(&node.shop).await {
        Ok(act) => undelivered::carry_out_act(&node.shop, caller, act, Object::new()).await,
        Err(error) => Err(Failure::Failed(error)),
    };
    node.stop().await;
    match done {
        Ok(answer) => print(&format!("{}\n", answer.text())),
        Err(Failure::Rejected(rejection)) => anyhow::bail!("{rejection}"),
        Err(Failure::Failed(error)) => Err(error).context("record the command"),
    }
}
