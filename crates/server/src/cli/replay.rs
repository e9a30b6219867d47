//! `orderlog replay`: the events, and the states that result from them, read from the log itself, at any moment of the
//! past.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use chrono_tz::Tz;
use clap::Args;
use orderlog_domain::{
    envelope::{self, Envelope},
    event::Event,
    ids::{OrderId, Position, StreamId},
    order::Status,
    states::State,
};
use orderlog_event_log::Log;
use orderlog_keyring::Keyring;
use orderlog_tools::{
    Clock, Failure, history, local,
    moments::{AsOf, Past},
    sentences::{self, told},
};
use serde_json::json;

use super::output::{grouped, print, progress, table};
use crate::{config::Config, node, shop_settings};

/// Events read from the log at once.
const PAGE: u32 = 2_000;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this order, event by event
    #[arg(long, value_name = "NUMBER")]
    order: Option<i64>,
    /// As recorded until then: a time with its offset, a day or other words for one ("yesterday", which means its end), or a
    /// position of the log (`@1234`); until now when left out
    #[arg(long, value_name = "MOMENT")]
    as_of: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<()> {
    let log = node::open_log_to_read(config).await?;
    let config = &shop_settings::of_log(&log, config).await?;
    let as_of = match &arguments.as_of {
        Some(text) => Some(moment(config, &log, text).await?),
        None => None,
    };
    let replayed = match arguments.order {
        Some(number) => one_order(config, &log, OrderId(number), as_of, arguments.json).await,
        None => everything(&log, as_of, arguments.json).await,
    };
    log.close().await;
    replayed
}

/// Reads `--as-of` as tools read `as_of`.
async fn moment(config: &Config, log: &Log, text: &str) -> anyhow::Result<AsOf> {
    let (head, now) = (log.head().await?.position, Clock::new(config.clock).now());
    let moments = Past { log, head, now, calendar: &config.shop.calendar };
    moments.read(text).await.map_err(|failure| match failure {
        Failure::Rejected(rejection) => {
            anyhow::anyhow!("--as-of: {} {}", rejection.message, rejection.hint.unwrap_or_default())
        }
        Failure::Failed(error) => error,
    })
}

async fn one_order(config: &Config, log: &Log, id: OrderId, as_of: Option<AsOf>, json: bool) -> anyhow::Result<()> {
    let keyring = Keyring::open_to_read(&config.database_url).await?;
    let mut events = history::events_of(log, id, as_of.map(|as_of| as_of.position)).await?;
    events.iter_mut().for_each(|event| keyring.open_event(event));
    let zone = config.shop.calendar.timezone;
    let Some(order) = history::fold(id, &events) else {
        let then = as_of.map(|as_of| format!(" {}", as_of.in_words(zone))).unwrap_or_default();
        anyhow::bail!("there is no order #{id}{then}");
    };
    let at = as_of.map_or_else(|| Clock::new(config.clock).now(), |as_of| as_of.at);
    if json {
        let value = json!({ "order": order.view(at), "events": events });
        print(&format!("{value}\n"))?;
        return Ok(());
    }
    let mut table = table(&["#", "position", "recorded", "event", "by"]);
    for event in &events {
        table.add_row([
            event.version.to_string(),
            event.position.to_string(),
            when(event, zone),
            what(event, told::describe(&event.data, Some(&order), &config.shop)),
            by(event),
        ]);
    }
    let total = config.shop.locale.money_in_words(order.current_totals().total, order.currency);
    let hold = if order.on_hold_at(at) { ", on hold" } else { "" };
    print(&format!(
        "{table}\nOrder #{id}: {}{hold}, {}, {total}\n",
        order.status().spoken(),
        order.payment_status().spoken(),
    ))?;
    Ok(())
}

/// When the event was recorded, and when it happened if that differs.
fn when(event: &Envelope<Event>, zone: Tz) -> String {
    let (recorded, occurred) = (event.provenance.recorded_at, event.provenance.occurred_at);
    let recorded_at = local(recorded, zone);
    match (recorded - occurred).abs() >= TimeDelta::seconds(1) {
        true => format!("{recorded_at}\nhappened {}", local(occurred, zone)),
        false => recorded_at,
    }
}

/// The event, the reason, and the user's words.
fn what(event: &Envelope<Event>, told: String) -> String {
    let reason = event.provenance.reason.as_ref().map(|reason| format!("\nreason: {reason}"));
    let typed = event.provenance.request_text.as_ref().map(|typed| format!("\ntyped: {typed}"));
    told + &reason.unwrap_or_default() + &typed.unwrap_or_default()
}

fn by(event: &Envelope<Event>) -> String {
    let user = &event.provenance.actor.user;
    match &event.provenance.agent {
        Some(agent) => format!("{user} through {} {}", agent.name, agent.version).trim_end().to_owned(),
        None => user.clone(),
    }
}

/// Folds the complete log in memory: every read model must agree with these counts.
async fn everything(log: &Log, as_of: Option<AsOf>, json: bool) -> anyhow::Result<()> {
    let last = match as_of {
        Some(as_of) => as_of.position,
        None => log.head().await?.position,
    };
    let bar = progress(u64::try_from(last.0)?, "replaying");
    let mut states: BTreeMap<StreamId, State> = BTreeMap::new();
    let mut kinds: BTreeMap<String, i64> = BTreeMap::new();
    let mut after = Position::START;
    while after < last {
        for recorded in log.read(after, PAGE).await? {
            let event = envelope::decode(&recorded.json)?;
            let state = states.entry(event.stream).or_insert_with(|| State::empty(event.stream));
            state.evolve(&event.data, &event.provenance);
            *kinds.entry(recorded.event_type).or_default() += 1;
            after = recorded.position;
            if after >= last {
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
    if json {
        let by_status: BTreeMap<&str, u64> = orders.iter().map(|(status, n)| (status.name(), *n)).collect();
        print(&format!("{}\n", json!({ "position": after, "orders": by_status, "events": kinds })))?;
        return Ok(());
    }
    let mut table = table(&["event", "times"]);
    for (kind, times) in &kinds {
        table.add_row([kind.clone(), grouped(*times)]);
    }
    let orders = sentences::listed(orders.into_iter().map(|(status, n)| (status.spoken(), n as i64)));
    print(&format!("{table}\n{} events; orders: {orders}\n", grouped(after.0)))?;
    Ok(())
}
