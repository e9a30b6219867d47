//! Facts about notifications: rules, and the outcomes of messages.

use std::ops::Not;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    declared::Declared,
    examples::{CUSTOMER, MESSAGE, ORDER, RULE, tea, time},
};
use crate::{
    ids::{CustomerId, OrderId, Position, ProductId, RuleId},
    money::Currency,
    notifications::Watch,
};

/// Who is told of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// What is watched for: any of these.
    pub when: Vec<Watch>,
    /// Name of the target, as the administrator set it up.
    pub target: String,
    /// Only these orders; every order where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order_ids: Vec<OrderId>,
    /// Only this customer's orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// Only this product, or orders with a line of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<ProductId>,
    /// Only from this amount on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<AtLeast>,
    /// Whether one message is enough: of each order that is named, or at all.
    pub once: bool,
    /// When the rule ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// Seconds between the event and its message, in which an undo stops the message.
    pub grace_seconds: u32,
    /// Name of the set of templates that words its messages, as the operator's folder has it; that of the target where none is
    /// named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

/// The smallest amount that is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AtLeast {
    /// Minor units: of a payment or refund what moved, of an order its total.
    pub amount: i64,
    /// Its currency. Amounts in other currencies are compared once they are converted.
    pub currency: Currency,
}

/// See [`Event::NotificationSubscribed`](super::Event::NotificationSubscribed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationSubscribed {
    /// Number of the rule; 1 is the first.
    pub rule_id: RuleId,
    /// Who is told of what.
    pub rule: Rule,
    /// Orders of which it was true already and which are told at once, because that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub already: Vec<OrderId>,
    /// Whether stock that is low already, or orders that have waited too long already, are told of at once, because that was
    /// asked for.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub at_once: bool,
}

impl Declared for NotificationSubscribed {
    fn example() -> Self {
        let rule = Rule {
            when: vec![Watch::Shipped],
            target: "john".to_owned(),
            order_ids: vec![ORDER],
            customer_id: Some(CUSTOMER),
            product_id: Some(tea()),
            at_least: Some(AtLeast { amount: 100_000, currency: Currency::INR }),
            once: true,
            expires_at: Some(time("2026-12-31T00:00:00Z")),
            grace_seconds: 60,
            template: Some("german".to_owned()),
        };
        Self { rule_id: RULE, rule, already: vec![ORDER], at_once: true }
    }
}

/// See [`Event::NotificationUnsubscribed`](super::Event::NotificationUnsubscribed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationUnsubscribed {
    /// Number of the rule.
    pub rule_id: RuleId,
}

impl Declared for NotificationUnsubscribed {
    fn example() -> Self {
        Self { rule_id: RULE }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its target took it.
    Sent,
    /// It will be tried, again or for the first time.
    Waiting,
    /// It was given up, and can be replayed.
    Dead,
    /// It was stopped: what it tells of was taken back, or nobody wants to know any more.
    Stopped,
}

/// One message to one target about one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// The same for every try, so that a receiver knows a repeated message.
    pub id: Uuid,
    /// The rule that asks for it.
    pub rule_id: RuleId,
    /// Name of the target.
    pub target: String,
    /// What it tells.
    pub what: Watch,
    /// Position of the event that it tells of.
    #[schemars(with = "i64")]
    pub position: Position,
    /// The order it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// The product it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<ProductId>,
    /// How often it was tried.
    pub tries: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// Not tried before, while it waits.
    pub not_before: DateTime<Utc>,
    /// Why it waits, was given up or was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Name of the set of templates that its rule asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

/// See [`Event::NotificationsHandled`](super::Event::NotificationsHandled).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationsHandled {
    /// Every event up to this position was compared with the rules, and its messages are recorded here or before.
    #[schemars(with = "i64")]
    pub through: Position,
    /// The messages of which there is news, by the position of their events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// Targets that want no more messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disabled: Vec<String>,
    /// Targets to which messages were given up, where the owner was told so, or cannot be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owner_told: Vec<String>,
}

impl Declared for NotificationsHandled {
    fn example() -> Self {
        let message = Message {
            id: MESSAGE,
            rule_id: RULE,
            target: "john".to_owned(),
            what: Watch::Shipped,
            position: Position(42),
            order_id: Some(ORDER),
            product_id: None,
            tries: 1,
            outcome: Outcome::Waiting,
            not_before: time("2026-11-20T10:01:05Z"),
            why: Some("the endpoint answered 503".to_owned()),
            template: Some("german".to_owned()),
        };
        Self {
            through: Position(42),
            messages: vec![message],
            disabled: vec!["books".to_owned()],
            owner_told: vec!["books".to_owned()],
        }
    }
}

/// See [`Event::NotificationsReplayed`](super::Event::NotificationsReplayed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationsReplayed {
    /// Their ids.
    pub messages: Vec<Uuid>,
}

impl Declared for NotificationsReplayed {
    fn example() -> Self {
        Self { messages: vec![MESSAGE] }
    }
}

/// See [`Event::NotificationTargetEnabled`](super::Event::NotificationTargetEnabled).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationTargetEnabled {
    /// Its name.
    pub target: String,
}

impl Declared for NotificationTargetEnabled {
    fn example() -> Self {
        Self { target: "books".to_owned() }
    }
}
