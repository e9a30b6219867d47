//! Alerts: events about the shop as a whole, for rules of notifications.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{declared::Declared, examples::time};
use crate::{ids::Position, money::Currency, notifications::Watch};

/// Something about the shop as a whole, and not about one order or product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Alert {
    /// Events wait, and the relay publishes none to NATS.
    RelayStopped {
        /// Since when it was seen to stand still.
        since: DateTime<Utc>,
        /// How many events wait, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting: Option<i64>,
    },
    /// A check of the log found a fault.
    VerifyFailed {
        /// The event it concerns, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<i64>")]
        at: Option<Position>,
        /// What is wrong, in the words of the check.
        fault: String,
    },
    /// The sales of a day that is over lie outside the band in which they were forecast to lie.
    ForecastMissed {
        /// The day, in the shop's zone.
        day: NaiveDate,
        /// When it ended.
        ended_at: DateTime<Utc>,
        /// Of the amounts.
        currency: Currency,
        /// Booked revenue of the day, in minor units.
        sold: i64,
        /// What was forecast before the day began.
        expected: i64,
        /// Lower end of the band of 80 %.
        from: i64,
        /// Upper end of it.
        to: i64,
    },
}

impl Alert {
    /// The watch word of rules for such an alert.
    #[must_use]
    pub fn watch(&self) -> Watch {
        match self {
            Alert::RelayStopped { .. } => Watch::RelayStopped,
            Alert::VerifyFailed { .. } => Watch::VerifyFailed,
            Alert::ForecastMissed { .. } => Watch::ForecastMissed,
        }
    }

    /// Whether both alerts are about the same thing, even if their other data differ.
    #[must_use]
    pub fn is_of_same(&self, other: &Alert) -> bool {
        match (self, other) {
            (Alert::RelayStopped { .. }, Alert::RelayStopped { .. }) => true,
            (Alert::VerifyFailed { at, fault }, Alert::VerifyFailed { at: of, fault: said }) => {
                at == of && (at.is_some() || fault == said)
            }
            (Alert::ForecastMissed { day, .. }, Alert::ForecastMissed { day: of, .. }) => day == of,
            _ => false,
        }
    }

    /// Whether a rule that was made at this moment gets this alert. A stopped relay and a fault of the log last, so
    /// later rules get them too.
    #[must_use]
    pub fn concerns(&self, rule_since: DateTime<Utc>) -> bool {
        match self {
            Alert::ForecastMissed { ended_at, .. } => rule_since <= *ended_at,
            Alert::RelayStopped { .. } | Alert::VerifyFailed { .. } => true,
        }
    }
}

/// See [`Event::AlertRaised`](super::Event::AlertRaised).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertRaised {
    /// What it is.
    pub alert: Alert,
}

impl Declared for AlertRaised {
    fn example() -> Self {
        Self { alert: Alert::RelayStopped { since: time("2026-11-20T10:00:00Z"), waiting: Some(12) } }
    }
}

/// See [`Event::AlertEnded`](super::Event::AlertEnded).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertEnded {
    /// The alert, as it was raised.
    pub alert: Alert,
}

impl Declared for AlertEnded {
    fn example() -> Self {
        Self { alert: AlertRaised::example().alert }
    }
}
