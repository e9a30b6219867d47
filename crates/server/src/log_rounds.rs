//! Verifies the log in the background while the node serves, a part each minute, and reports alterations.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use orderlog_domain::ids::Position;
use orderlog_event_log::{Fault, LogError, Stretch, verify_stretch};
use orderlog_notify::alerts::report_stretch;
use orderlog_tools::OpenShop;
use tokio::{sync::watch, task::JoinHandle, time::sleep};
use tokio_util::sync::CancellationToken;

/// Pause between two parts.
const PAUSE: Duration = Duration::from_secs(60);
/// Events of one part: a log of a million events is verified in under four hours, for about 25 ms of each minute.
const PART_EVENTS: u32 = 5_000;
/// Faults that are kept for `/readyz`.
const FAULTS_SHOWN: usize = 5;

/// Verifies the log again and again until cancelled. `pace` divides the pause; it is 1 except in tests.
pub(crate) fn start(
    shop: Arc<OpenShop>,
    pace: u32,
    stopping: CancellationToken,
    troubles: watch::Sender<Vec<String>>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut rounds = Rounds { shop, after: None, known: BTreeMap::new(), troubles };
        while stopping.run_until_cancelled(rounds.step()).await.is_some() {
            if stopping.run_until_cancelled(sleep(PAUSE / pace.max(1))).await.is_none() {
                return;
            }
        }
    })
}

struct Rounds {
    shop: Arc<OpenShop>,
    /// The beginning of the next part; unknown at the start.
    after: Option<Position>,
    /// The known faults by event.
    known: BTreeMap<Position, String>,
    troubles: watch::Sender<Vec<String>>,
}

impl Rounds {
    async fn step(&mut self) {
        let (after, stretch) = match self.look().await {
            Ok(seen) => seen,
            // The database is away: every other call reports that.
            Err(error) => return tracing::debug!(%error, "a part of the log could not be checked"),
        };
        self.after = Some(if stretch.to_the_end { Position::START } else { stretch.through });
        self.tell(after, &stretch);
        if let Err(error) = report_stretch(&self.shop, after.0, &stretch).await {
            tracing::warn!(error = format!("{error:#}"), "what a check of the log found could not be recorded");
        }
    }

    async fn look(&self) -> Result<(Position, Stretch), LogError> {
        let log = &self.shop.log;
        let after = match self.after {
            Some(after) => after,
            // Somewhere: a node that is started often would otherwise check the same events each time.
            None => Position(rand::random_range(0..=log.head().await?.position.0)),
        };
        let mut stretch = verify_stretch(log, after, PART_EVENTS).await?;
        let guards = log.missing_guards().await?;
        stretch.faults.extend(guards.into_iter().map(|what| Fault { position: None, what }));
        Ok((after, stretch))
    }

    /// Reports each fault to the operator once, as long as it lasts.
    fn tell(&mut self, after: Position, stretch: &Stretch) {
        self.known.retain(|at, _| *at < after || *at > stretch.through);
        for Fault { position, what } in &stretch.faults {
            // Faults that belong to no event are reported at the start of the log.
            self.known.extend(position.map(|at| (at, what.clone())));
        }
        let line = |(at, what): (&Position, &String)| format!("log: event {at}: {what}. Run `orderlog verify`");
        let told: Vec<String> = self.known.iter().take(FAULTS_SHOWN).map(line).collect();
        self.troubles.send_if_modified(|before| {
            let is_new = |one: &&String| !before.contains(one);
            told.iter().filter(is_new).for_each(|trouble| tracing::error!("{trouble}"));
            let changed = *before != told;
            *before = told;
            changed
        });
    }
}
