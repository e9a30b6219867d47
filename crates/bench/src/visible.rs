//! From an append until the read model shows it, through NATS, at a steady rate.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use orderlog_domain::ids::CommandId;
use orderlog_messaging::{Access, Bus, Nats, Relay, Source};
use orderlog_projections::MODELS;
use orderlog_read_models::{Projections, Runner, RunnerOptions, Unseal};
use orderlog_testkit::{Database, NatsServer, NatsSettings};
use tokio_util::sync::CancellationToken;

use crate::{
    arguments::Arguments,
    correctness, measure,
    report::Row,
    shop::{self, Shop},
};

/// Commands per second.
const RATE: u32 = 1_000;
/// The read model whose checkpoint is watched: the heaviest of them.
const READ_MODEL: &str = "order_summary";

/// One row on PostgreSQL and NATS.
pub(crate) async fn run(arguments: &Arguments) -> Result<Vec<Row>> {
    let binary = arguments.nats_server.as_ref().context("--nats-server names the nats-server to start")?;
    let folder = tempfile::tempdir()?;
    let settings = NatsSettings { sync_always: true, ..NatsSettings::default() };
    let nats = NatsServer::start_binary(binary.clone(), folder.path(), settings).await?;
    let database = Database::on_server(&arguments.postgres_url).await?;
    let bus = Bus::new();
    let on_append = {
        let bus = bus.clone();
        Box::new(move |events| bus.publish(events))
    };
    let shop = shop::open_with(&database.url(), on_append).await?;
    let client = Nats::connect(Access::at(&nats.url())?).await?;
    let cancel = CancellationToken::new();
    let identity = shop.log.identity().await?.context("the log has no id")?;
    let relay = Relay::new(shop.log.clone(), identity, client.clone(), bus.clone());
    let relaying = tokio::spawn(relay.run(cancel.clone()));
    let projections = Projections::open(&database.url(), MODELS).await?;
    let options = RunnerOptions::new("bench".to_owned(), Unseal::new(|_, _| None));
    let source = Source::Nats(bus, client);
    let running = Runner::start(projections.clone(), shop.log.clone(), source, options, cancel.clone());
    projections.wait_until(READ_MODEL, shop.log.head().await?.position).await?;

    let mut rounds = Vec::new();
    let mut verdict = String::new();
    for _ in 0..arguments.rounds {
        let since = shop.log.head().await?.position;
        let started = Instant::now();
        let (latencies, acknowledged, late) = steadily(&shop, &projections, arguments.seconds).await?;
        rounds.push(measure::round(latencies, started.elapsed()));
        verdict = format!("{}, {late} not within 2 s", correctness::check(&shop.log, since, &acknowledged).await?);
    }
    cancel.cancel();
    running.await?;
    relaying.await?;
    projections.close().await;
    drop(database);
    let what = format!("append to visible through NATS at {RATE} commands/s, PostgreSQL");
    Ok(vec![Row::new(&what, 1, &measure::median(&rounds), verdict)])
}

/// Latencies from receipt to visible, in microseconds; the commands acknowledged; how many were not visible in time.
async fn steadily(shop: &Shop, projections: &Projections, seconds: f32) -> Result<(Vec<u64>, Vec<CommandId>, usize)> {
    let seen = Arc::new(Mutex::new((Vec::new(), Vec::new(), 0)));
    let mut pace = tokio::time::interval(Duration::from_secs(1) / RATE);
    let mut calls = tokio::task::JoinSet::new();
    let started = Instant::now();
    while started.elapsed().as_secs_f32() < seconds {
        pace.tick().await;
        let (shop, projections, seen) = (shop.clone(), projections.clone(), Arc::clone(&seen));
        calls.spawn(async move {
            let receipt = shop.place_order().await?;
            let durable = Instant::now();
            let visible = projections.wait_until(READ_MODEL, receipt.position).await?;
            let latency = u64::try_from(durable.elapsed().as_micros())?;
            let mut seen = seen.lock().expect("no caller panics while it holds this");
            seen.0.push(latency);
            seen.1.push(receipt.command_id);
            seen.2 += usize::from(!visible);
            anyhow::Ok(())
        });
    }
    while let Some(call) = calls.join_next().await {
        call??;
    }
    let mut seen = seen.lock().expect("no caller panics while it holds this");
    Ok(std::mem::take(&mut *seen))
}
