//! `orderlog replay`: what happened and what it added up to, read from the log itself, at any moment of the past.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clap::Args;
use orderlog_domain::{
    envelope::{self, Envelope},
    event::Event,
    ids::{OrderId, Position, StreamId},
    order::Status,
    world::State,
};
use orderlog_event_log::Log;
use serde_json::json;

use super::output::{grouped, print, progress, table};
use crate::{
    clock::Clock,
    config::Config,
    history,
    keyring::Keyring,
    node,
    sentences::{self, told},
    shop_settings,
    tools::views,
};

/// Events read from the log at once.
const PAGE: u32 = 2_000;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this order, event by event
    #[arg(long, value_name = "NUMBER")]
    order: Option<i64>,
    /// As recorded until this moment (RFC 3339); until now when left out
    #[arg(long, value_name = "TIME")]
    as_of: Option<DateTime<Utc>>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<()> {
    let log = node::open_log(config).await?;
    let config = &shop_settings::of_log(&log, config).await?;
    match arguments.order {
        Some(number) => one_order(config, &log, OrderId(number), &arguments).await,
        None => everything(&log, &arguments).await,
    }
}

async fn one_order(config: &Config, log: &Log, id: OrderId, arguments: &Arguments) -> anyhow::Result<()> {
    let keyring = Keyring::open(&config.database_url).await?;
    let mut events = history::events_of(log, id, None).await?;
    events.retain(|event| arguments.as_of.is_none_or(|as_of| event.provenance.recorded_at <= as_of));
    events.iter_mut().for_each(|event| keyring.open_event(event));
    let Some(order) = history::fold(id, &events) else {
        anyhow::bail!("there is no order #{id}{}", arguments.as_of.map(|at| format!(" at {at}")).unwrap_or_default());
    };
    let zone = config.shop.calendar.timezone;
    let at = arguments.as_of.unwrap_or_else(|| Clock::new(config.clock).now());
    if arguments.json {
        let value = json!({ "order": order.view(at), "events": events });
        print(&format!("{value}\n"))?;
        return Ok(());
    }
    let mut table = table(&["#", "position", "recorded", "event", "by"]);
    for event in &events {
        table.add_row([
            event.version.to_string(),
            event.position.to_string(),
            views::local(event.provenance.recorded_at, zone),
            told::describe(&event.data, Some(&order), config),
            by(event),
        ]);
    }
    let total = config.shop.locale.money_in_words(order.current_totals().total, order.currency);
    let hold = if order.on_hold_at(at) { ", on hold" } else { "" };
    print(&format!(
        "{table}\nOrder #{id}: {}{hold}, {}, {total}\n",
        sentences::spoken(order.status()),
        order.payment_status().name().replace('_', " "),
    ))?;
    Ok(())
}

fn by(event: &Envelope<Event>) -> String {
    let user = &event.provenance.actor.user;
    match &event.provenance.agent {
        Some(agent) => format!("{user} through {} {}", agent.name, agent.version).trim_end().to_owned(),
        None => user.clone(),
    }
}

/// Folds the whole log in memory: counts that any read model must agree with.
async fn everything(log: &Log, arguments: &Arguments) -> anyhow::Result<()> {
    let head = log.head().await?;
    let bar = progress(u64::try_from(head.position.0)?, "replaying");
    let mut states: BTreeMap<StreamId, State> = BTreeMap::new();
    let mut kinds: BTreeMap<String, i64> = BTreeMap::new();
    let mut after = Position::START;
    'log: while after < head.position {
        for recorded in log.read(after, PAGE).await? {
            let event = envelope::decode(&recorded.json)?;
            if arguments.as_of.is_some_and(|as_of| event.provenance.recorded_at > as_of) {
                break 'log;
            }
            let state = states.entry(event.stream).or_insert_with(|| State::empty(event.stream));
            state.evolve(&event.data, &event.provenance);
            *kinds.entry(recorded.event_type).or_default() += 1;
            after = recorded.position;
            if after >= head.position {
                break;
            }
        }
        bar.set_position(u64::try_from(after.0).unwrap_or(0));
    }
    bar.finish_and_clear();

    let mut orders: BTreeMap<Status, u64> = BTreeMap::new();
    for state in states.values() {
        if let State::Order(order) = state {
            *orders.entry(order.status()).or_default() += 1;
        }
    }
    if arguments.json {
        let by_status: BTreeMap<&str, u64> = orders.iter().map(|(status, n)| (status.name(), *n)).collect();
        print(&format!("{}\n", json!({ "position": after, "orders": by_status, "events": kinds })))?;
        return Ok(());
    }
    let mut table = table(&["event", "times"]);
    for (kind, times) in &kinds {
        table.add_row([kind.clone(), grouped(*times)]);
    }
    let orders = sentences::listed(orders.into_iter().map(|(status, n)| (sentences::spoken(status), n as i64)));
    print(&format!("{table}\n{} events; orders: {orders}\n", grouped(after.0)))?;
    Ok(())
}
