//! orders.history: everything that happened to an order, act by act. Read from the log, so it is always fresh.

use std::sync::Arc;

use futures::future::BoxFuture;
use orderlog_domain::{
    format::day_in_words,
    ids::{OrderId, Position},
    money::Currency,
    order::{Change, FieldValue},
    rejection::Rejection,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::orders_get;
use crate::{
    answer::{Short, Told},
    failure::Failure,
    history::{self, Act},
    query::{Frame, Interpretation, Paging},
    sentences::{self, told},
    shop::OpenShop,
    table::{self, Table},
    tool::Tool,
};

/// Most bytes of acts on one page: with its frame an answer stays below 32 kB.
const PAGE_BYTES: usize = 28_000;
/// Most bytes of one act's changes; in an order of a hundred lines hundreds of fields may change.
const CHANGES_BYTES: usize = 20_000;

/// What was done to an order, oldest first: who, through which program, when, why, and which fields changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// Its number.
    #[schemars(range(min = 1))]
    order_id: i64,
    /// A time (RFC 3339), a day (its end) or a log position.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    as_of: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// One page: what each command did.
    acts: Vec<Entry>,
    /// Acts over all pages.
    total_count: i64,
    #[serde(flatten)]
    frame: Frame,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Entry {
    /// What was done.
    summary: String,
    /// When it happened.
    occurred_at: String,
    /// When it was recorded.
    recorded_at: String,
    /// Business day.
    business_date: String,
    /// Who.
    actor: String,
    /// As what.
    role: String,
    /// Who agreed, where a person had to.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_by: Option<String>,
    /// Through which program.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    /// Which model the program said it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What the user typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_text: Option<String>,
    /// `{field, from?, to?}` for each field of the order that reads differently since.
    changes: Vec<Value>,
    /// Changes too many to be shown; orders_get as_of the position shows the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    changes_left_out: Option<usize>,
    /// The command that did it.
    command_id: uuid::Uuid,
    /// What was recorded.
    events: Vec<EventName>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct EventName {
    /// Its place in the order's history.
    version: i64,
    /// Its place in the log.
    position: i64,
    #[serde(rename = "type")]
    event_type: String,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let rows: Table = self.acts.into_iter().map(Entry::in_short).collect();
        let short = self.frame.open().table("acts", rows, self.total_count);
        self.frame.close(short)
    }
}

pub(super) fn tool() -> Tool {
    Tool::listing("orders.history", "History of an order", run)
}

async fn run(shop: Arc<OpenShop>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let id = OrderId(input.order_id);
    let page = paging.request()?;
    let as_of = match &input.as_of {
        Some(text) => Some(shop.moments.as_of(text).await?),
        None => None,
    };
    // Later pages leave out what was recorded after the first page.
    let until = page.cursor.map(|cursor| cursor.pinned).or(as_of.map(|as_of| as_of.position));
    let mut events = history::events_of(&shop.log, id, until).await?;
    let Some(last) = events.last().map(|event| event.position) else {
        return Err(orders_get::unknown_then(&shop, id, as_of).await.into());
    };
    events.iter_mut().for_each(|event| shop.open_event(event));
    let skip = page.cursor.map_or(0, |cursor| usize::try_from(cursor.value).unwrap_or(0));
    let limit = page.limit.clamp(1, orderlog_read_models::PAGE_LIMIT) as usize;
    let (acts, total) = history::acts(id, &events, skip, limit);
    let mut shown: Vec<Entry> = vec![];
    let mut bytes = 0;
    for act in &acts {
        let entry = Entry::of(&shop, act);
        bytes += serde_json::to_string(&entry).map_err(anyhow::Error::new)?.len();
        if bytes > PAGE_BYTES && !shown.is_empty() {
            break;
        }
        shown.push(entry);
    }
    let given = skip + shown.len();
    let Position(pinned) = until.unwrap_or(last);
    let next = (given < total).then(|| format!("{pinned}.{given}.0"));
    let total_count = i64::try_from(total).unwrap_or(i64::MAX);
    let (latest, _) = history::acts(id, &events, total.saturating_sub(1), 1);
    let latest = latest.first().map(|act| Entry::of(&shop, act).in_words(act)).unwrap_or_default();
    let then = as_of
        .map(|as_of| format!(" This is how it stood {}.", as_of.in_words(shop.settings.calendar.timezone)))
        .unwrap_or_default();
    let text =
        format!("Order #{id} has a history of {}; the latest: {latest}{then}", sentences::plural(total_count, "act"));
    let as_of_position = as_of.and(until).map(|at| at.0);
    let frame = Frame::of_log(pinned, next, Interpretation { as_of_position, ..Interpretation::default() }, text);
    Ok(Output { acts: shown, total_count, frame })
}

impl Entry {
    fn in_short(self) -> table::Row {
        table::Row::default()
            .cell("occurred_at", self.occurred_at)
            .text("summary", self.summary)
            .cell("actor", self.actor)
            .some("confirmed_by", self.confirmed_by)
            .some("agent", self.agent)
            .some("reason", self.reason)
            .some("request_text", self.request_text)
            .cell("command_id", self.command_id.to_string())
            .some("position", self.events.last().map(|event| event.position))
    }

    /// The entry for an act whose texts are opened.
    fn of(shop: &OpenShop, act: &Act<'_>) -> Entry {
        let currency = act.after.currency;
        let all = act.after.changes_since(act.before.as_ref());
        let mut changes: Vec<Value> = vec![];
        let mut bytes = 0;
        for change in &all {
            let change = told_change(shop, change, currency);
            bytes += change.to_string().len();
            if bytes > CHANGES_BYTES {
                break;
            }
            changes.push(change);
        }
        let left_out = all.len() - changes.len();
        // A command's events share all this.
        let provenance = &act.events[0].provenance;
        let agent = provenance.agent.as_ref();
        Entry {
            summary: told::act(act, &shop.settings),
            occurred_at: shop.wording.time(provenance.occurred_at),
            recorded_at: shop.wording.time(provenance.recorded_at),
            business_date: provenance.business_date.to_string(),
            actor: provenance.actor.user.clone(),
            role: provenance.actor.role.clone(),
            confirmed_by: provenance.confirmed_by.as_ref().map(|person| person.user.clone()),
            agent: agent.map(|agent| format!("{} {}", agent.name, agent.version).trim_end().to_owned()),
            model: agent.and_then(|agent| agent.model.clone()),
            reason: provenance.reason.clone(),
            request_text: provenance.request_text.clone(),
            changes,
            changes_left_out: (left_out > 0).then_some(left_out),
            command_id: provenance.command_id.0,
            events: act
                .events
                .iter()
                .map(|event| EventName {
                    version: event.version.0,
                    position: event.position.0,
                    event_type: event.event_type.to_string(),
                })
                .collect(),
        }
    }

    /// `on 22 Nov 2026 by asha through Claude 1.2: 2 of Product A shipped … Reason: the customer called.`
    fn in_words(&self, act: &Act<'_>) -> String {
        let when = act.events.last().map(|event| day_in_words(event.provenance.business_date)).unwrap_or_default();
        let through = self.agent.as_ref().map(|agent| format!(" through {agent}")).unwrap_or_default();
        let why = self.reason.as_ref().map(|reason| format!(" Reason: {reason}")).unwrap_or_default();
        let why = if why.is_empty() || why.ends_with(['.', '!', '?']) { why } else { why + "." };
        let agreed = self.confirmed_by.as_ref().map(|person| format!(", agreed to by {person}")).unwrap_or_default();
        format!("on {when} by {}{through}{agreed}: {}.{why}", self.actor, self.summary)
    }
}

/// `{"field": "lines[1].shipped", "from": 0, "to": 2}`
fn told_change(shop: &OpenShop, change: &Change, currency: Currency) -> Value {
    let value = |shown: &FieldValue| match shown {
        FieldValue::Text(text) => json!(text),
        FieldValue::Units(units) => json!(units),
        FieldValue::Money(minor) => serde_json::to_value(shop.wording.money(*minor, currency)).unwrap_or_default(),
        FieldValue::Time(at) => json!(shop.wording.time(*at)),
        FieldValue::Flag(flag) => json!(flag),
    };
    let mut told = json!({ "field": change.field });
    for (name, shown) in [("from", &change.from), ("to", &change.to)] {
        if let Some(shown) = shown {
            told[name] = value(shown);
        }
    }
    told
}

/// Everything that happened to an order, as its tool answers it, in JSON.
pub fn history_json(shop: &Arc<OpenShop>, order_id: i64) -> BoxFuture<'_, Result<String, Failure>> {
    Box::pin(async move {
        let answer = whole(Arc::clone(shop), order_id).await?;
        serde_json::to_string(&answer).map_err(|error| anyhow::Error::new(error).into())
    })
}

/// The complete history as one page, for resources.
async fn whole(shop: Arc<OpenShop>, order_id: i64) -> Result<Output, Failure> {
    let paging: Paging = serde_json::from_value(serde_json::json!({ "limit": orderlog_read_models::PAGE_LIMIT }))
        .map_err(|error| Rejection::invalid("limit", error.to_string()))?;
    run(shop, Input { order_id, as_of: None }, paging).await
}
