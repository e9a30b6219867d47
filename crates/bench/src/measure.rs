//! One measurement: callers that work for a while, how many calls they finished, how long each took.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use anyhow::Result;
use orderlog_domain::ids::Position;

/// The results of some callers in one round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Round {
    /// Finished calls per second.
    pub(crate) rate: f32,
    /// Median latency, microseconds.
    pub(crate) p50: u64,
    /// 99th percentile, microseconds.
    pub(crate) p99: u64,
}

/// Runs `callers` loops of `call` for `length`. Each call gets the caller's number and its own.
pub(crate) async fn callers<F, Fut>(callers: usize, length: Duration, call: F) -> Result<Round>
where
    F: Fn(usize, u64) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<()>> + Send,
{
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let call = call.clone();
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                let mut nth = 0;
                while started.elapsed() < length {
                    let begun = Instant::now();
                    call(caller, nth).await?;
                    latencies.push(u64::try_from(begun.elapsed().as_micros())?);
                    nth += 1;
                }
                anyhow::Ok(latencies)
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    Ok(round(latencies, started.elapsed()))
}

/// Rate and percentiles of the calls a round finished.
pub(crate) fn round(mut latencies: Vec<u64>, took: Duration) -> Round {
    latencies.sort_unstable();
    let percentile = |percent: usize| latencies.get(latencies.len() * percent / 100).copied().unwrap_or(0);
    Round { rate: latencies.len() as f32 / took.as_secs_f32(), p50: percentile(50), p99: percentile(99) }
}

/// Events per second of one pass over a log; a single pass has no percentiles.
pub(crate) fn whole(events: Position, started: Instant) -> Round {
    Round { rate: events.0 as f32 / started.elapsed().as_secs_f32(), p50: 0, p99: 0 }
}

/// The rounds' medians, figure by figure.
pub(crate) fn median(rounds: &[Round]) -> Round {
    fn middle<T: Copy + PartialOrd>(mut values: Vec<T>) -> Option<T> {
        values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        values.get(values.len() / 2).copied()
    }
    Round {
        rate: middle(rounds.iter().map(|r| r.rate).collect()).unwrap_or_default(),
        p50: middle(rounds.iter().map(|r| r.p50).collect()).unwrap_or_default(),
        p99: middle(rounds.iter().map(|r| r.p99).collect()).unwrap_or_default(),
    }
}
