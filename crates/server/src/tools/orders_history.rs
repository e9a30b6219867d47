//! orders.history: everything that happened to an order. Read from the log, so it is always fresh.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use orderlog_domain::{envelope::Envelope, event::Event, ids::OrderId, rejection::Rejection};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Failure, Tool, orders_get,
    query::{Frame, Interpretation, Paging},
};
use crate::{history, mcp::schema::Object, node::Node, sentences};

/// Everything that happened to an order, oldest first: what, when, by whom, through which program, and why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The order's number.
    #[schemars(range(min = 1))]
    pub(crate) order_id: i64,
    /// Only what was recorded until this moment, RFC 3339 with offset.
    #[serde(default)]
    #[schemars(with = "DateTime<Utc>")]
    pub(crate) as_of: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// One page.
    events: Vec<Entry>,
    /// Events over all pages.
    total_count: i64,
    #[serde(flatten)]
    frame: Frame,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Entry {
    /// Its place in the order's history.
    version: i64,
    /// Its place in the log.
    position: i64,
    #[serde(rename = "type")]
    event_type: String,
    /// In a few words.
    summary: String,
    /// When it happened.
    occurred_at: String,
    /// When it was recorded.
    recorded_at: String,
    /// Business day.
    business_date: String,
    /// Who.
    actor: String,
    /// Through which program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    agent: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    reason: Option<String>,
    /// What the user typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    request_text: Option<String>,
    /// The command that recorded it.
    command_id: uuid::Uuid,
    /// The facts.
    #[schemars(with = "Object")]
    data: Value,
}

pub(super) fn tool() -> Tool {
    Tool::listing("orders.history", "History of an order", run)
}

pub(crate) async fn run(node: Arc<Node>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let id = OrderId(input.order_id);
    let page = paging.request()?;
    let events = history::events_of(&node.log, id, input.as_of).await?;
    let Some(last) = events.last() else { return Err(orders_get::unknown(id).into()) };
    let skip = page.cursor.map_or(0, |cursor| usize::try_from(cursor.value).unwrap_or(0));
    let limit = page.limit.clamp(1, orderlog_projections::PAGE_LIMIT) as usize;
    let shown: Vec<Entry> =
        events.iter().skip(skip).take(limit).map(|event| Entry::of(&node, event)).collect::<Result<_, Failure>>()?;
    let next = (skip + shown.len() < events.len()).then(|| format!("{}.{}.0", last.position, skip + shown.len()));
    let when = orderlog_domain::format::day_in_words(last.provenance.business_date);
    let text = format!(
        "Order #{id} has {}; the latest, on {when}: {}.",
        sentences::plural(i64::try_from(events.len()).unwrap_or(i64::MAX), "event"),
        history::describe(&last.data),
    );
    let total_count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let frame = Frame::of_log(last.position.0, next, Interpretation::default(), text);
    Ok(Output { events: shown, total_count, frame })
}

impl Entry {
    fn of(node: &Node, event: &Envelope<Event>) -> Result<Entry, Failure> {
        let provenance = &event.provenance;
        let open = |text: &Option<String>| {
            text.as_deref().map(|text| node.keyring.open_seal(text).unwrap_or_else(|| "(forgotten)".to_owned()))
        };
        let mut data = serde_json::to_value(&event.data).map_err(anyhow::Error::new)?;
        node.keyring.open_all(&mut data);
        Ok(Entry {
            version: event.version.0,
            position: event.position.0,
            event_type: event.event_type.to_string(),
            summary: history::describe(&event.data),
            occurred_at: node.time(provenance.occurred_at),
            recorded_at: node.time(provenance.recorded_at),
            business_date: provenance.business_date.to_string(),
            actor: provenance.actor.user.clone(),
            agent: provenance.agent.as_ref().map(|agent| format!("{} {}", agent.name, agent.version)),
            reason: open(&provenance.reason),
            request_text: open(&provenance.request_text),
            command_id: provenance.command_id.0,
            data,
        })
    }
}

/// For resources: the whole history as one page.
pub(crate) async fn whole(node: Arc<Node>, order_id: i64) -> Result<Output, Failure> {
    let paging: Paging = serde_json::from_value(serde_json::json!({ "limit": orderlog_projections::PAGE_LIMIT }))
        .map_err(|error| Rejection::invalid("limit", error.to_string()))?;
    run(node, Input { order_id, as_of: None }, paging).await
}
