//! Rules of notifications and messages on their way, folded from the one stream of notifications.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    envelope::Provenance,
    event::{Alert, Message, NotificationFact, NotificationSubscribed, NotificationsHandled, Outcome, Rule},
    ids::{Position, RuleId, Version},
    limits,
    order::{Order, Status},
};

/// Days that an expired rule is kept, so that events from before its end still find it after a long outage.
const KEEP_EXPIRED_DAYS: i64 = 7;
/// Days for which the state remembers that a day was reported: longer than any day that may still be judged.
const KEEP_DAYS_TOLD: i64 = 30;
/// How often the owner is told of one target.
const NOTICE_MINUTES: i64 = 60;
/// Days after which the owner is no longer told that messages were given up; the list of them stays.
const KEEP_NOTICE_DAYS: i64 = 7;

/// What a rule can watch for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Watch {
    /// An order was placed.
    Placed,
    /// An order was accepted.
    Confirmed,
    /// Picking started.
    Processing,
    /// Some units of an order left.
    PartiallyShipped,
    /// All units of an order left.
    Shipped,
    /// All units of an order arrived.
    Delivered,
    /// All units of an order came back.
    Returned,
    /// No unit of an order remains.
    Cancelled,
    /// An order was put on hold.
    Held,
    /// An order was released from hold.
    Released,
    /// Money came in.
    Payment,
    /// Money went back.
    Refund,
    /// A product fell to its threshold or below.
    LowStock,
    /// No unit of a product is available any more.
    OutOfStock,
    /// An order waits to be shipped for longer than was said.
    Waiting,
    /// Events wait, and the relay publishes none to NATS.
    RelayStopped,
    /// A check of the log found a fault.
    VerifyFailed,
    /// The sales of a day lie outside the forecast's band of 80 %.
    ForecastMissed,
}

impl Watch {
    /// All watch words.
    pub const ALL: [Watch; 18] = [
        Watch::Placed,
        Watch::Confirmed,
        Watch::Processing,
        Watch::PartiallyShipped,
        Watch::Shipped,
        Watch::Delivered,
        Watch::Returned,
        Watch::Cancelled,
        Watch::Held,
        Watch::Released,
        Watch::Payment,
        Watch::Refund,
        Watch::LowStock,
        Watch::OutOfStock,
        Watch::Waiting,
        Watch::RelayStopped,
        Watch::VerifyFailed,
        Watch::ForecastMissed,
    ];

    /// The name in arguments, answers and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Watch::Placed => "placed",
            Watch::Confirmed => "confirmed",
            Watch::Processing => "processing",
            Watch::PartiallyShipped => "partially_shipped",
            Watch::Shipped => "shipped",
            Watch::Delivered => "delivered",
            Watch::Returned => "returned",
            Watch::Cancelled => "cancelled",
            Watch::Held => "held",
            Watch::Released => "released",
            Watch::Payment => "payment",
            Watch::Refund => "refund",
            Watch::LowStock => "low_stock",
            Watch::OutOfStock => "out_of_stock",
            Watch::Waiting => "waiting",
            Watch::RelayStopped => "relay_stopped",
            Watch::VerifyFailed => "verify_failed",
            Watch::ForecastMissed => "forecast_missed",
        }
    }

    /// Reads a word or one of its synonyms, as [`Status::parse`] does.
    #[must_use]
    pub fn parse(text: &str) -> Option<Watch> {
        let word = text.trim().to_lowercase().replace([' ', '-'], "_");
        Some(match word.as_str() {
            "pending" | "new" | "ordered" => Watch::Placed,
            "on_hold" | "hold" => Watch::Held,
            "paid" | "payments" => Watch::Payment,
            "refunded" | "refunds" => Watch::Refund,
            "low" => Watch::LowStock,
            "out" | "sold_out" => Watch::OutOfStock,
            "relay" | "nats_stopped" => Watch::RelayStopped,
            "verify" | "tampered" => Watch::VerifyFailed,
            "forecast" => Watch::ForecastMissed,
            "late" | "overdue" | "not_shipped" | "unshipped" => Watch::Waiting,
            _ => {
                let status = Status::parse(&word).map(Status::name);
                let name = status.unwrap_or(word.as_str());
                return Watch::ALL.into_iter().find(|watch| watch.name() == name);
            }
        })
    }

    /// The status that an order must reach, if this watches for a status.
    #[must_use]
    pub fn status(self) -> Option<Status> {
        match self {
            Watch::Confirmed => Some(Status::Confirmed),
            Watch::Processing => Some(Status::Processing),
            Watch::PartiallyShipped => Some(Status::PartiallyShipped),
            Watch::Shipped => Some(Status::Shipped),
            Watch::Delivered => Some(Status::Delivered),
            Watch::Returned => Some(Status::Returned),
            Watch::Cancelled => Some(Status::Cancelled),
            Watch::Placed
            | Watch::Held
            | Watch::Released
            | Watch::Payment
            | Watch::Refund
            | Watch::LowStock
            | Watch::OutOfStock
            | Watch::Waiting
            | Watch::RelayStopped
            | Watch::VerifyFailed
            | Watch::ForecastMissed => None,
        }
    }

    /// Whether the order already fulfils this: it has reached the status, or was placed, or is on hold. False for
    /// money, for a hold that ended, and for how long an order waits.
    #[must_use]
    pub fn is_so(self, order: &Order, now: DateTime<Utc>) -> bool {
        match (self, self.status()) {
            (_, Some(status)) => match order.status().cmp(&status) {
                Ordering::Equal => true,
                Ordering::Less => false,
                // A cancelled order did not reach the earlier statuses, and no order must pass through partial
                // shipping.
                Ordering::Greater => order.status() != Status::Cancelled,
            },
            (Watch::Placed, _) => order.version > Version::NONE,
            (Watch::Held, _) => order.on_hold_at(now),
            _ => false,
        }
    }

    /// Whether it cannot happen again to an order to which it happened.
    #[must_use]
    pub fn comes_once(self) -> bool {
        self == Watch::Placed || self.status().is_some()
    }

    /// Whether it is about a product and not about an order.
    #[must_use]
    pub fn is_of_stock(self) -> bool {
        matches!(self, Watch::LowStock | Watch::OutOfStock)
    }

    /// Whether it is about the shop as a whole, that is, about alerts.
    #[must_use]
    pub fn is_of_shop(self) -> bool {
        self.is_of_system() || self == Watch::ForecastMissed
    }

    /// Whether it is about the system on which the shop runs, for which only an administrator makes rules.
    #[must_use]
    pub fn is_of_system(self) -> bool {
        matches!(self, Watch::RelayStopped | Watch::VerifyFailed)
    }
}

/// A rule in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The rule. If it sends one message for each of its orders, it names only the orders that are left.
    pub rule: Rule,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The user who made the rule.
    pub by: String,
    /// Messages that were sent.
    pub sent: i64,
}

/// That messages to a target were given up, which the owner is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The first of those messages.
    pub message: Uuid,
    /// Why it was given up.
    pub why: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether that is done.
    pub told: bool,
}

/// Everything that the stream of notifications adds up to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Notifications {
    /// Version of the stream.
    pub version: Version,
    /// The number of the latest rule.
    pub last_rule: RuleId,
    /// The rules in force.
    pub rules: BTreeMap<RuleId, Subscription>,
    /// Every event up to here was compared with the rules.
    pub through: Position,
    /// Messages that are to be tried, by id.
    pub waiting: BTreeMap<Uuid, Message>,
    /// Messages that were given up, oldest first; the log has the earlier ones.
    pub dead: VecDeque<Message>,
    /// Targets that want no more messages.
    pub disabled: BTreeSet<String>,
    /// Alerts that are not over, and recent days that were reported.
    #[serde(default)]
    pub alerts: Vec<Alert>,
    /// What the owner is to be told, or was told lately, by target.
    #[serde(default)]
    pub notices: BTreeMap<String, Notice>,
}

impl Notifications {
    pub(crate) fn evolve(&mut self, fact: NotificationFact<'_>, provenance: &Provenance) {
        match fact {
            NotificationFact::NotificationSubscribed(fact) => self.subscribed(fact, provenance),
            NotificationFact::NotificationUnsubscribed(fact) => _ = self.rules.remove(&fact.rule_id),
            NotificationFact::NotificationsHandled(fact) => self.handled(fact, provenance.recorded_at),
            NotificationFact::NotificationsReplayed(fact) => {
                for id in &fact.messages {
                    let Some(index) = self.dead.iter().position(|message| message.id == *id) else { continue };
                    if let Some(message) = self.dead.remove(index) {
                        let not_before = provenance.recorded_at;
                        let again = Message { tries: 0, outcome: Outcome::Waiting, not_before, why: None, ..message };
                        self.waiting.insert(*id, again);
                    }
                }
            }
            NotificationFact::NotificationTargetEnabled(fact) => _ = self.disabled.remove(&fact.target),
            NotificationFact::AlertRaised(fact) => self.raised(&fact.alert),
            NotificationFact::AlertEnded(fact) => self.alerts.retain(|open| !open.is_of_same(&fact.alert)),
        }
        let kept_from = provenance.recorded_at - TimeDelta::days(KEEP_EXPIRED_DAYS);
        self.rules.retain(|_, one| one.rule.expires_at.is_none_or(|end| end > kept_from));
        let noticed_from = provenance.recorded_at - TimeDelta::days(KEEP_NOTICE_DAYS);
        self.notices.retain(|target, notice| notice.at > noticed_from || self.disabled.contains(target));
    }

    fn subscribed(&mut self, fact: &NotificationSubscribed, provenance: &Provenance) {
        self.last_rule = fact.rule_id;
        let (since, by) = (provenance.recorded_at, provenance.actor.user.clone());
        self.rules.insert(fact.rule_id, Subscription { rule: fact.rule.clone(), since, by, sent: 0 });
    }

    fn handled(&mut self, fact: &NotificationsHandled, at: DateTime<Utc>) {
        for message in &fact.messages {
            self.waiting.remove(&message.id);
            match message.outcome {
                Outcome::Waiting => _ = self.waiting.insert(message.id, message.clone()),
                Outcome::Sent => self.told(message, 1),
                Outcome::Stopped => {}
                Outcome::Dead => {
                    self.told(message, 0);
                    self.given_up(message, at);
                    self.dead.push_back(message.clone());
                    if self.dead.len() > limits::DEAD_MESSAGES {
                        self.dead.pop_front();
                    }
                }
            }
        }
        self.through = self.through.max(fact.through);
        for target in &fact.owner_told {
            if let Some(notice) = self.notices.get_mut(target) {
                notice.told = true;
            }
        }
        self.disabled.extend(fact.disabled.iter().cloned());
    }

    /// The owner is told of each target once an hour, and of one that wants no more messages once.
    fn given_up(&mut self, message: &Message, at: DateTime<Utc>) {
        let is_gone = self.disabled.contains(&message.target);
        let lately = |notice: &Notice| !notice.told || at - notice.at < TimeDelta::minutes(NOTICE_MINUTES);
        if self.notices.get(&message.target).is_some_and(|notice| is_gone || lately(notice)) {
            return;
        }
        let why = message.why.clone().unwrap_or_default();
        self.notices.insert(message.target.clone(), Notice { message: message.id, why, at, told: false });
    }

    fn raised(&mut self, alert: &Alert) {
        self.alerts.retain(|open| !open.is_of_same(alert));
        if let Alert::ForecastMissed { ended_at: last, .. } = alert {
            let kept_from = *last - TimeDelta::days(KEEP_DAYS_TOLD);
            self.alerts.retain(|open| !matches!(open, Alert::ForecastMissed { ended_at, .. } if *ended_at < kept_from));
        }
        self.alerts.push(alert.clone());
    }

    /// Counts a message; a rule for one message ends with it, or drops its order.
    fn told(&mut self, message: &Message, sent: i64) {
        let Some(subscription) = self.rules.get_mut(&message.rule_id) else { return };
        subscription.sent += sent;
        let rule = &mut subscription.rule;
        if !rule.once {
            return;
        }
        rule.order_ids.retain(|order| Some(*order) != message.order_id);
        if rule.order_ids.is_empty() {
            self.rules.remove(&message.rule_id);
        }
    }

    /// The rules that have not expired at `now`.
    pub fn in_force(&self, now: DateTime<Utc>) -> impl Iterator<Item = (RuleId, &Subscription)> {
        let in_force = move |one: &&Subscription| one.rule.expires_at.is_none_or(|end| now < end);
        self.rules.iter().filter(move |(_, one)| in_force(one)).map(|(id, one)| (*id, one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_and_synonyms_too() {
        for watch in Watch::ALL {
            assert_eq!(Watch::parse(watch.name()), Some(watch));
            assert_eq!(serde_json::to_value(watch).expect("a word"), watch.name());
        }
        for (word, watch) in [
            ("Dispatched", Watch::Shipped),
            ("out of stock", Watch::OutOfStock),
            ("paid", Watch::Payment),
            ("pending", Watch::Placed),
            ("canceled", Watch::Cancelled),
            ("Not shipped", Watch::Waiting),
        ] {
            assert_eq!(Watch::parse(word), Some(watch), "{word}");
        }
        assert_eq!(Watch::parse("eaten"), None);
    }
}
