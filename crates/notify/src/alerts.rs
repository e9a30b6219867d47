//! Alerts: what nodes notice about the shop as a whole. They stand in the log, so that one node tells of them, once.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use futures::future::BoxFuture;
use orderlog_domain::{
    commands::ReportAlerts,
    event::Alert,
    limits,
    notifications::{Notifications, Watch},
};
use orderlog_event_log::{Fault, Stretch};
use orderlog_tools::{Missed, OpenShop, history, missed};

use crate::submit::submit;

/// Days that are over and may still be judged: longer than a shop is usually closed.
const JUDGED_DAYS: u64 = 7;

/// What a check of the log found wrong, as an alert.
fn of_fault(fault: &Fault) -> Alert {
    let clean = fault.what.chars().filter(|c| !c.is_control()).take(limits::FAULT_CHARS).collect();
    Alert::VerifyFailed { at: fault.position, fault: clean }
}

/// Reports what was found in a part of the log, and that what was found there earlier is mended.
///
/// # Errors
/// When the log cannot be read or takes nothing.
pub fn report_stretch<'a>(shop: &'a OpenShop, after: i64, stretch: &'a Stretch) -> BoxFuture<'a, anyhow::Result<()>> {
    let bad: BTreeSet<_> = stretch.faults.iter().filter_map(|fault| fault.position).collect();
    let found = stretch.faults.iter().map(of_fault).collect();
    let through = stretch.through.0;
    let mended = move |open: &Alert| match open {
        Alert::VerifyFailed { at: Some(at), .. } => (after..=through).contains(&at.0) && !bad.contains(at),
        _ => false,
    };
    Box::pin(report(shop, found, mended))
}

/// Reports what a check of the whole log found, and that everything else that was found earlier is mended.
///
/// # Errors
/// When the log cannot be read or takes nothing.
pub fn report_whole<'a>(shop: &'a OpenShop, faults: &'a [Fault]) -> BoxFuture<'a, anyhow::Result<()>> {
    let found: Vec<Alert> = faults.iter().map(of_fault).collect();
    let still = found.clone();
    let is_fault = |open: &Alert| open.watch() == Watch::VerifyFailed;
    let mended = move |open: &Alert| is_fault(open) && !still.iter().any(|one| one.is_of_same(open));
    Box::pin(report(shop, found, mended))
}

/// Reports what is new, and what is over of the alerts that are open. What nobody watches for reaches the log in no way.
///
/// # Errors
/// When the log cannot be read or takes nothing.
pub(crate) async fn report(
    shop: &OpenShop,
    mut found: Vec<Alert>,
    over: impl Fn(&Alert) -> bool,
) -> anyhow::Result<()> {
    let all = history::notifications(&shop.log).await?;
    let now = shop.clock.now();
    found.retain(|alert| {
        let is_known = all.alerts.iter().any(|open| open.is_of_same(alert));
        !is_known && watches(&all, alert.watch(), now)
    });
    let over: Vec<Alert> = all.alerts.iter().filter(|open| over(open)).cloned().collect();
    if found.is_empty() && over.is_empty() { Ok(()) } else { submit(shop, ReportAlerts { found, over }).await }
}

/// Whether a rule in force watches for it.
pub(crate) fn watches(all: &Notifications, watch: Watch, now: DateTime<Utc>) -> bool {
    all.in_force(now).any(|(_, one)| one.rule.when.contains(&watch))
}

/// Compares the days before `today` with what was forecast of each, as far back as somebody wants to know, and no further than
/// `judged`, before which all are judged.
pub(crate) async fn judge_days(shop: &OpenShop, judged: Option<NaiveDate>, today: NaiveDate) -> anyhow::Result<()> {
    let all = history::notifications(&shop.log).await?;
    let watching = all.in_force(shop.clock.now()).filter(|(_, one)| one.rule.when.contains(&Watch::ForecastMissed));
    let Some(since) = watching.map(|(_, one)| one.since).min() else { return Ok(()) };
    let mut found = vec![];
    for back in (1..=JUDGED_DAYS).rev() {
        let Some(day) = today.checked_sub_days(Days::new(back)) else { continue };
        let ended_at = shop.settings.calendar.day_bounds(day).1;
        if ended_at < since || judged.is_some_and(|judged| day < judged) {
            continue;
        }
        let missed = missed(shop, day).await.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
        if let Some(Missed { sold, expected, from, to }) = missed {
            let currency = shop.settings.currency;
            found.push(Alert::ForecastMissed { day, ended_at, currency, sold, expected, from, to });
        }
    }
    report(shop, found, |_| false).await
}
