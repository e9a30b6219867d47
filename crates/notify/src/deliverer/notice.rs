//! What the node that delivers notices: that the relay stands still, and that a day is over.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use orderlog_domain::{event::Alert, ids::Position, notifications::Watch};
use orderlog_messaging::RelayState;
use tokio::{task::JoinHandle, time::Instant};

use super::Work;
use crate::alerts::{judge_days, report, watches};

/// How long the relay must have published nothing while events wait before that counts as a standstill: longer than it takes
/// to connect again. The `grace` of a rule comes after it.
const STANDSTILL: Duration = Duration::from_secs(10);
/// Pause after days could not be judged.
const JUDGE_AGAIN: Duration = Duration::from_secs(60);

impl Work<'_> {
    /// Looks at both. What takes longer than a look goes on beside the deliveries.
    pub(super) async fn notice(&mut self) {
        self.notice_relay().await;
        self.notice_day().await;
    }

    async fn notice_relay(&mut self) {
        let Some(relay) = &self.of.relay else { return };
        if let Some(reporting) = self.noticed.reporting.take_if(|reporting| reporting.is_finished()) {
            told_of("the relay", reporting).await;
        }
        let status = relay.borrow().clone();
        let waits = self.desk.matched > status.position;
        self.noticed.still = match self.noticed.still {
            Some(still) if waits && still.0 == status.position => Some(still),
            _ if waits => Some((status.position, Instant::now(), self.now())),
            _ => None,
        };
        let is_open = self.all.alerts.iter().any(|open| open.watch() == Watch::RelayStopped);
        let lasts =
            |(_, seen, _): &(Position, Instant, DateTime<Utc>)| seen.elapsed() >= STANDSTILL / self.of.pace.max(1);
        let (found, over) = match self.noticed.still.filter(lasts) {
            Some((published, _, since)) if !is_open => {
                // A relay that has not reached the stream yet does not know how far the stream is.
                let is_known = status.state == RelayState::Running || published > Position::START;
                let waiting = is_known.then_some(self.desk.matched.0 - published.0);
                (vec![Alert::RelayStopped { since, waiting }], false)
            }
            None if is_open && status.state == RelayState::Running => (vec![], true),
            _ => return,
        };
        let is_watched = watches(&self.all, Watch::RelayStopped, self.now());
        if self.noticed.reporting.is_none() && (over || is_watched) {
            let shop = Arc::clone(&self.of.shop);
            let is_over = move |open: &Alert| over && open.watch() == Watch::RelayStopped;
            self.noticed.reporting = Some(tokio::spawn(async move { report(&shop, found, is_over).await }));
        }
    }

    async fn notice_day(&mut self) {
        if let Some((day, judging)) = self.noticed.judging.take_if(|(_, judging)| judging.is_finished()) {
            match told_of("the day before", judging).await {
                true => self.noticed.judged = Some(day),
                false => self.noticed.judge_again = Some(Instant::now() + JUDGE_AGAIN),
            }
        }
        let today = self.of.shop.settings.calendar.business_date(self.now());
        let rests = self.noticed.judge_again.is_some_and(|again| Instant::now() < again);
        let is_due = self.noticed.judged != Some(today) && self.noticed.judging.is_none() && !rests;
        if is_due && watches(&self.all, Watch::ForecastMissed, self.now()) {
            let (shop, judged) = (Arc::clone(&self.of.shop), self.noticed.judged);
            self.noticed.judging = Some((today, tokio::spawn(async move { judge_days(&shop, judged, today).await })));
        }
    }
}

/// Whether it went well.
async fn told_of(what: &str, done: JoinHandle<anyhow::Result<()>>) -> bool {
    match done.await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(error = format!("{error:#}"), "an alert about {what} could not be recorded just now");
            false
        }
        Err(error) => {
            tracing::error!(%error, "looking at {what} broke off");
            false
        }
    }
}
