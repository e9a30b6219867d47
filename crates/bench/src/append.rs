//! Appending new orders through the whole writer, beside one raw `INSERT` per transaction into the same shape of table.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Result;
use orderlog_domain::ids::CommandId;
use orderlog_testkit::Database;
use sqlx::{Executor, PgPool, postgres::PgPoolOptions};

use crate::{
    arguments::Arguments,
    correctness,
    measure::{self, Round},
    report::Row,
    shop::{self, Shop},
};

/// A table with the columns, types and indexes of the log's events.
const RAW_TABLE: &str = "create table raw_events (
    position bigserial primary key, stream text not null, version bigint not null, type text not null,
    hash bytea not null, event text not null, unique (stream, version))";

const RAW_INSERT: &str = "insert into raw_events (stream, version, type, hash, event) values ($1, $2, $3, $4, $5)";

/// Rows for each number of callers: raw, PostgreSQL, SQLite.
pub(crate) async fn run(arguments: &Arguments) -> Result<Vec<Row>> {
    let database = Database::on_server(&arguments.postgres_url).await?;
    let folder = tempfile::tempdir()?;
    let sqlite = format!("sqlite://{}", folder.path().join("log.db").display());
    let postgres = shop::open(&database.url()).await?;
    let stocked = postgres.selling("STOCKED")?;
    let sqlite = shop::open(&sqlite).await?;
    let sample = shop::sample_event(&postgres).await?;
    let mut rows = Vec::new();
    for &callers in &arguments.callers {
        let raw = raw_pool(&database.url(), callers).await?;
        let mut rounds: [Vec<Round>; 4] = Default::default();
        let mut verdicts: [String; 3] = Default::default();
        for _ in 0..arguments.rounds {
            let length = Duration::from_secs_f32(arguments.seconds);
            rounds[0].push(raw_inserts(&raw, &sample, callers, length).await?);
            for (nth, shop) in [&postgres, &stocked, &sqlite].into_iter().enumerate() {
                let (round, verdict) = orders(shop, callers, length).await?;
                rounds[nth + 1].push(round);
                // The worst verdict counts: any figure but zero is longer or larger than "0/0/0".
                if verdicts[nth].is_empty() || verdict != "0/0/0" {
                    verdicts[nth] = verdict;
                }
            }
        }
        let [raw_rounds, own, with_stock, on_sqlite] = &rounds;
        rows.push(Row::new("raw INSERT per transaction, PostgreSQL", callers, &measure::median(raw_rounds), "n/a"));
        let row = |what, rounds: &Vec<Round>, verdict: &String| {
            Row::new(what, callers, &measure::median(rounds), verdict).beside("raw", rounds, raw_rounds)
        };
        rows.push(row("create order (1 event), PostgreSQL", own, &verdicts[0]));
        rows.push(row("create order (2 events, stock), PostgreSQL", with_stock, &verdicts[1]));
        rows.push(row("create order (1 event), SQLite", on_sqlite, &verdicts[2]));
        raw.close().await;
    }
    drop(database);
    Ok(rows)
}

async fn raw_pool(url: &str, callers: usize) -> Result<PgPool> {
    let size = u32::try_from(callers)?;
    let pool = PgPoolOptions::new().max_connections(size).min_connections(size).connect(url).await?;
    pool.execute("drop table if exists raw_events").await?;
    pool.execute(RAW_TABLE).await?;
    Ok(pool)
}

/// One row, one transaction, on as many connections as callers; the row is a real `OrderPlaced` of the log beside it.
async fn raw_inserts(pool: &PgPool, sample: &str, callers: usize, length: Duration) -> Result<Round> {
    let connections: Vec<_> = {
        let mut all = Vec::new();
        for _ in 0..callers {
            all.push(Arc::new(tokio::sync::Mutex::new(pool.acquire().await?)));
        }
        all
    };
    let (sample, connections) = (Arc::<str>::from(sample), Arc::new(connections));
    let run = uuid::Uuid::from_u128(rand_bits());
    measure::callers(callers, length, move |caller, nth| {
        let (sample, connections) = (Arc::clone(&sample), Arc::clone(&connections));
        async move {
            let mut connection = connections[caller].lock().await;
            let stream = format!("order-{run}-{caller}-{nth}");
            sqlx::query(RAW_INSERT)
                .bind(stream)
                .bind(1_i64)
                .bind("OrderPlaced")
                .bind([7_u8; 32].as_slice())
                .bind(&*sample)
                .execute(&mut **connection)
                .await?;
            Ok(())
        }
    })
    .await
}

/// New orders through the writer: decided, hashed, in the command table, durable before the receipt.
async fn orders(shop: &Shop, callers: usize, length: Duration) -> Result<(Round, String)> {
    let since = shop.log.head().await?.position;
    let acknowledged = Arc::new(Mutex::new(Vec::<CommandId>::new()));
    let round = {
        let (shop, acknowledged) = (shop.clone(), Arc::clone(&acknowledged));
        measure::callers(callers, length, move |_, _| {
            let (shop, acknowledged) = (shop.clone(), Arc::clone(&acknowledged));
            async move {
                let receipt = shop.place_order().await?;
                acknowledged.lock().expect("no caller panics while it holds this").push(receipt.command_id);
                Ok(())
            }
        })
        .await?
    };
    let acknowledged = std::mem::take(&mut *acknowledged.lock().expect("no caller panics while it holds this"));
    Ok((round, correctness::check(&shop.log, since, &acknowledged).await?))
}

fn rand_bits() -> u128 {
    shop::new_id().as_u128()
}
