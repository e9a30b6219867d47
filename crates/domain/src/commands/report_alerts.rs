//! Recording alerts about the shop as a whole: given by a node, never by a caller.

use super::{About, Act};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{Alert, AlertEnded, AlertRaised},
    ids::StreamId,
    limits,
    notifications::Notifications,
    states::States,
};

/// Record alerts, and that some are over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportAlerts {
    /// Alerts that begin.
    pub found: Vec<Alert>,
    /// Alerts that are over.
    pub over: Vec<Alert>,
}

impl Act for ReportAlerts {
    fn about(&self, _: &Names) -> About {
        About::Notifications
    }

    /// An alert that no rule watches for, or that another node has reported, is not recorded.
    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let all = states.notifications()?;
        let mut decision = Decision::about(StreamId::Notifications);
        let mut faults = all.alerts.iter().filter(|open| is_fault(open)).count();
        for (nth, alert) in self.found.iter().enumerate() {
            let is_known = all.alerts.iter().chain(&self.found[..nth]).any(|open| open.is_of_same(alert));
            let is_one_too_many = is_fault(alert) && faults >= limits::OPEN_FAULTS;
            if is_known || is_one_too_many || !is_watched(all, alert, context) {
                continue;
            }
            faults += usize::from(is_fault(alert));
            decision.record(StreamId::Notifications, AlertRaised { alert: alert.clone() });
        }
        for alert in &self.over {
            if let Some(open) = all.alerts.iter().find(|open| open.is_of_same(alert)) {
                decision.record(StreamId::Notifications, AlertEnded { alert: open.clone() });
            }
        }
        Ok(decision)
    }
}

fn is_fault(alert: &Alert) -> bool {
    matches!(alert, Alert::VerifyFailed { .. })
}

fn is_watched(all: &Notifications, alert: &Alert, context: &Context<'_>) -> bool {
    let watch = alert.watch();
    all.in_force(context.now).any(|(_, one)| one.rule.when.contains(&watch) && alert.concerns(one.since))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        commands::{Command, Subscribe},
        ids::Position,
        money::Currency,
        testing::{Story, input, types},
    };

    fn fault(at: i64) -> Alert {
        Alert::VerifyFailed { at: Some(Position(at)), fault: "it was changed".to_owned() }
    }

    fn missed(day: u32, ended_at: &str) -> Alert {
        let day = NaiveDate::from_ymd_opt(2026, 11, day).expect("a day");
        let ended_at = ended_at.parse().expect("a time");
        Alert::ForecastMissed { day, ended_at, currency: Currency::INR, sold: 1, expected: 5, from: 4, to: 6 }
    }

    fn rule(when: Value) -> Command {
        input::<Subscribe>(json!({ "target": "desk", "when": when }))
    }

    #[test]
    fn an_alert_is_recorded_once_for_who_watches_until_it_is_over() {
        let mut story = Story::new();
        let all = |alerts: &[&Alert]| alerts.iter().copied().cloned().collect();
        let report = |found: &[&Alert], over: &[&Alert]| ReportAlerts { found: all(found), over: all(over) };
        let (one, other) = (fault(7), fault(9));
        assert!(story.done(report(&[&one], &[])).facts.is_empty(), "nobody watches");
        story.done(rule(json!(["verify_failed"])));
        let relay = |waiting| Alert::RelayStopped { since: story.now, waiting };
        let (stopped, still) = (relay(Some(1)), relay(None));
        assert!(story.done(report(&[&stopped], &[])).facts.is_empty(), "nobody watches the relay");
        assert_eq!(types(&story.done(report(&[&one, &other], &[]))), ["AlertRaised", "AlertRaised"]);
        assert!(story.done(report(&[&one, &one], &[])).facts.is_empty(), "another node says the same");
        assert_eq!(types(&story.done(report(&[], &[&one]))), ["AlertEnded"]);
        assert!(story.done(report(&[], &[&one])).facts.is_empty(), "it is over already");
        assert_eq!(
            types(&story.done(report(&[&one, &one], &[]))),
            ["AlertRaised"],
            "it came again, and was said twice"
        );
        story.done(rule(json!(["relay_stopped"])));
        assert_eq!(types(&story.done(report(&[&stopped], &[]))), ["AlertRaised"]);
        assert!(story.done(report(&[&still], &[])).facts.is_empty(), "it is the same standstill");
        let found = (100..200).map(fault).collect();
        let count = story.done(ReportAlerts { found, over: vec![] }).facts.len();
        assert_eq!(count, limits::OPEN_FAULTS - 2, "two were open");
    }

    #[test]
    fn a_day_is_told_once_and_never_to_a_rule_that_came_after_it() {
        let mut story = Story::new();
        story.done(rule(json!(["forecast_missed"])));
        let report = |alert: &Alert| ReportAlerts { found: vec![alert.clone()], over: vec![] };
        let later = (story.now + chrono::TimeDelta::hours(1)).to_rfc3339();
        let (before, after) = (missed(1, "2026-01-02T00:00:00Z"), missed(2, &later));
        assert!(story.done(report(&before)).facts.is_empty(), "the day was over before the rule");
        assert_eq!(types(&story.done(report(&after))), ["AlertRaised"]);
        assert!(story.done(report(&after)).facts.is_empty(), "it was told");
    }
}
