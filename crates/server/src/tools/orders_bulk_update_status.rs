//! orders.bulk_update_status: many orders to one status. Previewed with each order's version, then each on its own.

use std::sync::Arc;

use futures::future::join_all;
use orderlog_domain::{
    commands::{Command, UpdateStatus},
    ids::{OrderId, Version},
    order::Status,
    rejection::{Code, Rejection},
};
use orderlog_projections::{PAGE_LIMIT, PageRequest, order_summary};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Call, Danger, Failure, Request, Tool,
    command::{self, Common},
    confirm::Pair,
};
use crate::{mcp::schema, node::Node, resolve::Resolved, sentences};

const BULK: &str = "orders.bulk_update_status";
/// Orders of one call.
const MAX_ORDERS: usize = 500;
/// Orders of which an answer tells more than the outcome: keeps it below 32 kB.
const TOLD_ORDERS: usize = 20;

/// Bring many orders to one status: those named, or all that fit the filter (at most 500). The first call previews and
/// freezes the list; with its confirm_token each order is changed on its own, and those changed meanwhile are skipped.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// The status to reach, as for orders_update_status.
    #[schemars(length(min = 1, max = 40))]
    status: String,
    /// Numbers of the orders. Give these or a filter.
    #[serde(default)]
    #[schemars(with = "Vec<i64>", length(min = 1, max = 500))]
    order_ids: Option<Vec<i64>>,
    /// Filter: placed on these days, such as "last week".
    #[serde(default)]
    #[schemars(with = "String", length(max = 100))]
    date_range: Option<String>,
    /// Filter: present status.
    #[serde(default)]
    #[schemars(with = "String", length(max = 40))]
    present_status: Option<String>,
    /// Filter: customer.
    #[serde(default)]
    #[schemars(with = "String", length(max = 254))]
    customer: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// Orders changed, or with dry_run those that would be.
    changed: usize,
    /// Orders that already were as asked.
    no_change: usize,
    /// Orders changed by somebody since the preview.
    skipped: usize,
    /// Orders that cannot become so.
    refused: usize,
    /// Each order with its outcome.
    #[schemars(with = "Vec<schema::Object>")]
    orders: Vec<Value>,
    /// Fit to be read aloud.
    text: String,
}

/// What became, or would become, of one order.
enum Outcome {
    Changed(Version),
    NoChange,
    Skipped,
    Refused(Rejection),
}

pub(super) fn tool() -> Tool {
    let (mut input, output) = (schema::input::<Input>(), schema::output::<Output>());
    schema::merge(&mut input, schema::input::<Common>());
    Tool::new(BULK, "Update the status of many orders", Danger::Destructive, input, output, |node, call| {
        Box::pin(async move { super::write(run(node, call).await?) })
    })
}

async fn run(node: Arc<Node>, call: Call) -> Result<Output, Failure> {
    let Call { mut arguments, caller } = call;
    let mut request = Request::split(&node, BULK, &mut arguments, caller)?;
    let input: Input = super::read(arguments)?;
    let unfit = match request.common.confirm_token.take() {
        None => None,
        Some(token) => match command::bound(&node, &request).check(&token, node.clock.now()) {
            Ok(confirmed) => {
                let parts = confirmed.frozen.iter().map(|(id, version)| {
                    let part = request.part(confirmed.part(*id), *version);
                    one(&node, part, *id, &input.status)
                });
                let ids: Vec<i64> = confirmed.frozen.iter().map(|(id, _)| *id).collect();
                let outcomes: Vec<Outcome> = join_all(parts).await.into_iter().collect::<Result<_, _>>()?;
                return Ok(tell(&input.status, &ids, &outcomes, false));
            }
            Err(unfit) => Some(unfit),
        },
    };
    let ids = node.chosen(&input).await?;
    let trials = ids.iter().map(|id| one(&node, request.trial(), *id, &input.status));
    let outcomes: Vec<Outcome> = join_all(trials).await.into_iter().collect::<Result<_, _>>()?;
    let foreseen = tell(&input.status, &ids, &outcomes, true);
    if request.is_dry_run() || foreseen.changed == 0 {
        return Ok(foreseen);
    }
    let frozen: Vec<Pair> = ids
        .iter()
        .zip(&outcomes)
        .filter_map(|(id, outcome)| match outcome {
            Outcome::Changed(version) => Some((*id, version.0)),
            Outcome::NoChange | Outcome::Skipped | Outcome::Refused(_) => None,
        })
        .collect();
    let text = foreseen.text.clone();
    let preview = serde_json::to_value(foreseen).unwrap_or_default();
    let (now, nonce) = (node.clock.now(), node.clock.new_id());
    let bound = command::bound(&node, &request);
    Err(bound.ask(preview, &text, Version::NONE, &frozen, (now, nonce), unfit).into())
}

/// One order, as a command of its own.
async fn one(node: &Node, request: Request, id: i64, status: &str) -> Result<Outcome, Failure> {
    let order_id = OrderId(id);
    let (lines, tracking, carrier, occurred_at) = (None, None, None, None);
    let update = UpdateStatus { order_id, status: status.to_owned(), lines, tracking, carrier, occurred_at };
    match command::submit(node, request, Command::UpdateStatus(update), Resolved::default()).await {
        Ok((_, receipt, _)) if receipt.no_change() => Ok(Outcome::NoChange),
        Ok((_, receipt, _)) => {
            let before = receipt.before.as_ref().map_or(Version::NONE, |before| before.version());
            Ok(Outcome::Changed(before))
        }
        Err(Failure::Rejected(rejection)) if rejection.code == Code::VersionConflict => Ok(Outcome::Skipped),
        Err(Failure::Rejected(rejection)) if rejection.retryable || rejection.field.as_deref() == Some("status") => {
            Err(rejection.into())
        }
        Err(Failure::Rejected(rejection)) => Ok(Outcome::Refused(rejection)),
        Err(failure) => Err(failure),
    }
}

fn tell(status: &str, ids: &[i64], outcomes: &[Outcome], foreseen: bool) -> Output {
    let count = |fits: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| fits(outcome)).count();
    let changed = count(|o| matches!(o, Outcome::Changed(_)));
    let no_change = count(|o| matches!(o, Outcome::NoChange));
    let skipped = count(|o| matches!(o, Outcome::Skipped));
    let refused = count(|o| matches!(o, Outcome::Refused(_)));
    let mut told = 0;
    let orders = ids.iter().zip(outcomes).map(|(id, outcome)| match outcome {
        Outcome::Changed(_) => json!([id, "changed"]),
        Outcome::NoChange => json!([id, "no_change"]),
        Outcome::Skipped => json!([id, "skipped: changed since the preview"]),
        Outcome::Refused(rejection) => {
            told += 1;
            if told <= TOLD_ORDERS {
                json!([id, format!("refused: {}", rejection.message)])
            } else {
                json!([id, "refused"])
            }
        }
    });
    let orders = orders.map(|pair| json!({ "order_id": pair[0], "outcome": pair[1] })).collect();
    let orders_of = |n: usize| match n {
        0 => "No order".to_owned(),
        n => sentences::plural(i64::try_from(n).unwrap_or(i64::MAX), "order"),
    };
    let verb = |n: usize, one: &'static str, more: &'static str| if n <= 1 { one } else { more };
    let word = status.trim().to_lowercase().replace('_', " ");
    let now = if foreseen { "would become" } else { verb(changed, "is now", "are now") };
    let mut text = format!("{} {now} {word}.", orders_of(changed));
    let already = format!("{} {word} already", verb(no_change, "is", "are"));
    let skip = verb(skipped, "was skipped, because it", "were skipped, because they").to_owned();
    for (n, rest) in [
        (no_change, already),
        (skipped, skip + " changed since the preview"),
        (refused, verb(refused, "is refused", "are refused").to_owned()),
    ] {
        if n > 0 {
            text.push_str(&format!(" {} {rest}.", orders_of(n)));
        }
    }
    Output { changed, no_change, skipped, refused, orders, text }
}

impl Node {
    /// The orders meant, each once, in order of their numbers.
    async fn chosen(&self, input: &Input) -> Result<Vec<i64>, Failure> {
        let filtered = input.date_range.is_some() || input.present_status.is_some() || input.customer.is_some();
        let mut ids = match (&input.order_ids, filtered) {
            (Some(ids), false) => ids.clone(),
            (None, true) => self.filtered(input).await?,
            (Some(_), true) | (None, false) => {
                let message = "Give order_ids, or a filter: date_range, present_status, customer.";
                return Err(Rejection::invalid("order_ids", message).into());
            }
        };
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    async fn filtered(&self, input: &Input) -> Result<Vec<i64>, Failure> {
        let read = self.read(input.date_range.as_deref(), input.customer.as_deref(), None).await?;
        let statuses = match &input.present_status {
            None => vec![],
            Some(text) => vec![Status::parse(text).ok_or_else(|| {
                Rejection::invalid("present_status", "This is no order status.")
                    .candidates(Status::ALL[..5].iter().map(|status| json!({ "status": status })).collect())
            })?],
        };
        let (placed, customer) = (read.days(), read.customer);
        let filter = order_summary::Filter { placed, statuses, customer, ..order_summary::Filter::default() };
        let fresh = self.fresh().await?;
        let mut page = PageRequest::first(PAGE_LIMIT);
        let mut ids = vec![];
        loop {
            let found = order_summary::order_summaries(&self.projections, &filter, page, fresh).await?.found;
            if found.total_count > MAX_ORDERS as i64 {
                let message = format!("{} orders fit; at most {MAX_ORDERS} can be changed at once.", found.total_count);
                return Err(Rejection::new(Code::LimitExceeded, message)
                    .field("date_range")
                    .hint("Narrow the filter, for instance to fewer days.")
                    .into());
            }
            ids.extend(found.orders.iter().map(|order| order.order_id));
            match found.next {
                Some(next) => page.cursor = Some(next),
                None => return Ok(ids),
            }
        }
    }
}
