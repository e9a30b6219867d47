//! orders.bulk_update_status: many orders to one status. Previewed with each order's version, then each on its own.

use std::{collections::BTreeMap, sync::Arc};

use futures::future::join_all;
use orderlog_domain::{
    commands::{Command, UpdateStatus},
    ids::{CommandId, OrderId, Version},
    order::{PaymentStatus, Status},
    rejection::{Code, Rejection},
};
use orderlog_projections::order_summary;
use orderlog_read_models::{PAGE_LIMIT, PageRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    answer::{Detail, Reply, Short, Told},
    arguments::read_as,
    call::Call,
    command_call::{keep_answer, kept_answer, submit},
    confirm::Pair,
    directory::Resolved,
    facts::plain,
    failure::Failure,
    query::read_filters,
    request::{Common, Request},
    schema, sentences,
    shop::OpenShop,
    tool::{Danger, Tool},
};

const BULK: &str = "orders.bulk_update_status";
/// Orders of one call.
const MAX_ORDERS: usize = 500;
/// Orders of which an answer tells more than the outcome: keeps it below 32 kB.
const TOLD_ORDERS: usize = 20;
/// Commands, numbers of orders and reasons that the text of a short answer tells.
const TOLD_COMMANDS: usize = 5;
const TOLD_NUMBERS: usize = 20;
const TOLD_REASONS: usize = 3;
/// Outcome of an order that a preview would change.
const CHANGED: &str = "changed";
/// Stands in a token for the version of an order that the preview left as it is; placed orders start at 1.
const LEFT_ALONE: i64 = 0;

/// Bring many orders to one status: those named, or all that fit the filter (at most 500). The first call previews and
/// freezes the list; with its confirm_token each order is changed on its own, unless it changed meanwhile.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// The status to reach, as for orders_update_status.
    #[schemars(length(min = 1, max = 40))]
    status: String,
    /// Numbers of the orders. Give these or a filter.
    #[serde(default)]
    #[schemars(length(min = 1))]
    order_ids: Option<Vec<i64>>,
    /// Filter: placed on these days, such as "last week".
    #[serde(default)]
    #[schemars(length(max = 100))]
    date_range: Option<String>,
    /// Filter: present status.
    #[serde(default)]
    #[schemars(length(max = 40))]
    present_status: Option<String>,
    /// Filter: customer.
    #[serde(default)]
    #[schemars(length(max = 254))]
    customer: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Output {
    /// Orders changed, or with dry_run those that would be.
    changed: usize,
    /// Orders that already were as asked.
    no_change: usize,
    /// Orders changed by somebody since the preview, or not at expected_version.
    skipped: usize,
    /// Orders that cannot become so.
    refused: usize,
    /// Each order with its outcome; those that were changed stand in `command_ids`.
    #[schemars(with = "Vec<schema::Object>")]
    orders: Vec<Value>,
    /// Orders changed, each with the command that orders_undo takes back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "schema::Object")]
    command_ids: BTreeMap<i64, CommandId>,
    /// Fit to be read aloud.
    text: String,
}

impl Told for Output {
    fn short(self) -> Short {
        let lines = self.lines();
        let undo = self.command_ids.iter().take(TOLD_COMMANDS).map(|(id, command)| format!("#{id} {command}"));
        let undo = undo.collect::<Vec<_>>().join(", ");
        let more = if self.command_ids.len() > TOLD_COMMANDS { "; orders_history has the others" } else { "" };
        let undo =
            if undo.is_empty() { undo } else { format!("undo one: orders_undo with its command_id: {undo}{more}") };
        Short::of(self.text)
            .lines(lines)
            .said("changed", self.changed)
            .said("no_change", self.no_change)
            .said("skipped", self.skipped)
            .said("refused", self.refused)
            .said("orders", self.orders)
            .worded("command_ids", serde_json::to_value(self.command_ids).unwrap_or_default(), undo)
    }
}

impl Output {
    /// What a preview shows of it in short.
    fn preview(self) -> Value {
        let lines = self.lines();
        json!({
            "text": self.text, "changes": lines, "changed": self.changed, "no_change": self.no_change,
            "skipped": self.skipped, "refused": self.refused,
        })
    }

    /// Numbers of the orders that would change, and those left alone with the reason; the first of them where there are many.
    fn lines(&self) -> Vec<String> {
        let (changing, left): (Vec<&Value>, Vec<&Value>) =
            self.orders.iter().partition(|order| order["outcome"] == CHANGED);
        let number = |order: &&Value| format!("#{}", order["order_id"]);
        let reason = |order: &&Value| format!("#{}: {}", order["order_id"], plain(&order["outcome"]));
        let mut lines = vec![];
        if !changing.is_empty() {
            lines.push(format!("orders: {}", first_of(&changing, TOLD_NUMBERS, ", ", number)));
        }
        if !left.is_empty() {
            lines.push(first_of(&left, TOLD_REASONS, "\n", reason));
        }
        lines
    }
}

/// `#1, #2 and 30 more`
fn first_of<T>(all: &[T], most: usize, between: &str, said: impl Fn(&T) -> String) -> String {
    let first: Vec<String> = all.iter().take(most).map(said).collect();
    let more = all.len().saturating_sub(most);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    first.join(between) + &more
}

/// What became, or would become, of one order.
enum Outcome {
    /// By this command; from this version.
    Changed(CommandId, Version),
    NoChange,
    /// It changed since the preview.
    Overtaken,
    /// It is not at the version that the caller expects.
    Unexpected,
    Refused(Rejection),
}

pub(super) fn tool() -> Tool {
    let (mut input, output) = (schema::input::<Input>(), schema::output::<Output>());
    schema::merge(&mut input, schema::input::<Common>());
    Tool::new(BULK, "Update the status of many orders", Danger::Destructive, input, output, |shop, call| {
        let detail = call.detail;
        Box::pin(async move { Reply::of(run(shop, call).await?, detail) })
    })
}

async fn run(shop: Arc<OpenShop>, call: Call) -> Result<Output, Failure> {
    let (mut request, arguments) = Request::split(&shop, BULK, call)?;
    let input: Input = read_as(arguments)?;
    if let Some(answer) = kept_answer(&shop, &request).await? {
        return Ok(answer);
    }
    let token = request.common.confirm_token.take().filter(|_| !request.is_dry_run());
    let unfit = match token {
        None => None,
        Some(token) => match request.bound(&shop).check(&token, shop.clock.now()) {
            Ok(confirmed) => {
                let parts = confirmed.frozen.iter().map(|(id, version)| {
                    let part = request.part(&confirmed, *id, *version);
                    again(&shop, &request, part, (*id, *version), &input.status)
                });
                let ids: Vec<i64> = confirmed.frozen.iter().map(|(id, _)| *id).collect();
                let outcomes: Vec<Outcome> = join_all(parts).await.into_iter().collect::<Result<_, _>>()?;
                let answer = tell(&input.status, &ids, &outcomes, false);
                keep_answer(&shop, &request, Some(&confirmed), first(&ids), &answer).await?;
                return Ok(answer);
            }
            Err(unfit) => Some(unfit),
        },
    };
    let ids = chosen(&shop, &input).await?;
    let trials = ids.iter().map(|id| one(&shop, request.trial(), *id, &input.status));
    let outcomes: Vec<Outcome> = join_all(trials).await.into_iter().collect::<Result<_, _>>()?;
    let foreseen = tell(&input.status, &ids, &outcomes, true);
    if request.is_dry_run() {
        return Ok(foreseen);
    }
    if foreseen.changed == 0 {
        keep_answer(&shop, &request, None, first(&ids), &foreseen).await?;
        return Ok(foreseen);
    }
    let frozen: Vec<Pair> = ids
        .iter()
        .zip(&outcomes)
        .map(|(id, outcome)| match outcome {
            Outcome::Changed(_, version) => (*id, version.0),
            Outcome::NoChange | Outcome::Overtaken | Outcome::Unexpected | Outcome::Refused(_) => (*id, LEFT_ALONE),
        })
        .collect();
    let preview = match request.detail {
        Detail::Short => foreseen.preview(),
        Detail::Full => serde_json::to_value(foreseen).unwrap_or_default(),
    };
    let (now, nonce) = (shop.clock.now(), shop.clock.new_id());
    let bound = request.bound(&shop);
    Err(bound.ask(preview, Version::NONE, &frozen, (now, nonce), unfit).into())
}

fn first(ids: &[i64]) -> OrderId {
    OrderId(ids.first().copied().unwrap_or_default())
}

/// One order of a preview: changed if the preview said so, otherwise only told of once more.
async fn again(
    shop: &OpenShop,
    request: &Request,
    part: Request,
    (id, version): Pair,
    status: &str,
) -> Result<Outcome, Failure> {
    if version != LEFT_ALONE {
        return one(shop, part, id, status).await;
    }
    match one(shop, request.trial(), id, status).await? {
        Outcome::Changed(..) => Ok(Outcome::Overtaken),
        as_before => Ok(as_before),
    }
}

/// One order, as a command of its own.
async fn one(shop: &OpenShop, request: Request, id: i64, status: &str) -> Result<Outcome, Failure> {
    let (order_id, trial) = (OrderId(id), request.is_dry_run());
    let (lines, tracking, carrier, occurred_at) = (None, None, None, None);
    let update = UpdateStatus { order_id, status: status.to_owned(), lines, tracking, carrier, occurred_at };
    match submit(shop, request, Command::UpdateStatus(update), Resolved::default()).await {
        Ok((_, receipt, _)) if receipt.no_change() => Ok(Outcome::NoChange),
        Ok((_, receipt, _)) => {
            let before = receipt.before.as_ref().map_or(Version::NONE, |before| before.version());
            Ok(Outcome::Changed(receipt.command_id, before))
        }
        Err(Failure::Rejected(rejection)) if rejection.code == Code::VersionConflict => {
            Ok(if trial { Outcome::Unexpected } else { Outcome::Overtaken })
        }
        Err(Failure::Rejected(rejection)) if concerns_all(&rejection) => Err(rejection.into()),
        Err(Failure::Rejected(rejection)) => Ok(Outcome::Refused(rejection)),
        Err(failure) => Err(failure),
    }
}

/// Whether the call cannot be carried out, whichever order it is about.
fn concerns_all(rejection: &Rejection) -> bool {
    let field = rejection.field.as_deref();
    rejection.retryable || field == Some("status") || rejection.code == Code::IdempotencyMismatch
}

fn tell(status: &str, ids: &[i64], outcomes: &[Outcome], foreseen: bool) -> Output {
    let count = |fits: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| fits(outcome)).count();
    let changed = count(|o| matches!(o, Outcome::Changed(..)));
    let no_change = count(|o| matches!(o, Outcome::NoChange));
    let overtaken = count(|o| matches!(o, Outcome::Overtaken));
    let unexpected = count(|o| matches!(o, Outcome::Unexpected));
    let refused = count(|o| matches!(o, Outcome::Refused(_)));
    let (mut orders, mut command_ids, mut reasons) = (vec![], BTreeMap::new(), 0);
    for (id, outcome) in ids.iter().zip(outcomes) {
        let outcome = match outcome {
            Outcome::Changed(command_id, _) if !foreseen => {
                command_ids.insert(*id, *command_id);
                continue;
            }
            Outcome::Changed(..) => CHANGED.to_owned(),
            Outcome::NoChange => "no_change".to_owned(),
            Outcome::Overtaken => "skipped: changed since the preview".to_owned(),
            Outcome::Unexpected => "skipped: not at expected_version".to_owned(),
            Outcome::Refused(rejection) if reasons < TOLD_ORDERS => {
                reasons += 1;
                format!("refused: {}", rejection.message)
            }
            Outcome::Refused(_) => "refused".to_owned(),
        };
        orders.push(json!({ "order_id": id, "outcome": outcome }));
    }
    let orders_of = |n: usize| match n {
        0 => "No order".to_owned(),
        n => sentences::plural(i64::try_from(n).unwrap_or(i64::MAX), "order"),
    };
    let verb = |n: usize, one: &'static str, more: &'static str| if n <= 1 { one } else { more };
    let word = Status::parse(status).map_or_else(|| status.trim().to_lowercase(), Status::spoken);
    let now = if foreseen { "would become" } else { verb(changed, "is now", "are now") };
    let mut text = format!("{} {now} {word}.", orders_of(changed));
    let already = format!("{} {word} already", verb(no_change, "is", "are"));
    for (n, rest) in [
        (no_change, already.as_str()),
        (
            overtaken,
            verb(
                overtaken,
                "was skipped, because it changed since the preview",
                "were skipped, because they changed since the preview",
            ),
        ),
        (unexpected, verb(unexpected, "is not at the version expected", "are not at the version expected")),
        (refused, verb(refused, "is refused", "are refused")),
    ] {
        if n > 0 {
            text.push_str(&format!(" {} {rest}.", orders_of(n)));
        }
    }
    Output { changed, no_change, skipped: overtaken + unexpected, refused, orders, command_ids, text }
}

/// The orders meant, each once, in order of their numbers.
async fn chosen(shop: &OpenShop, input: &Input) -> Result<Vec<i64>, Failure> {
    let has_filter = input.date_range.is_some() || input.present_status.is_some() || input.customer.is_some();
    let mut ids = match (&input.order_ids, has_filter) {
        (Some(ids), false) => ids.clone(),
        (None, true) => filtered(shop, input).await?,
        (Some(_), true) | (None, false) => {
            let message = "Give order_ids, or a filter: date_range, present_status, customer.";
            return Err(Rejection::invalid("order_ids", message).into());
        }
    };
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > MAX_ORDERS {
        return Err(too_many(ids.len() as i64, "order_ids", "Give them in several calls.").into());
    }
    Ok(ids)
}

async fn filtered(shop: &OpenShop, input: &Input) -> Result<Vec<i64>, Failure> {
    let read = read_filters(shop, input.date_range.as_deref(), input.customer.as_deref(), None).await?;
    // A query takes the whole days and says so; a change must not reach further than was asked.
    if read.range.as_ref().is_some_and(|range| !range.whole_days) {
        let message = "Orders are chosen by the business day on which they were placed, not by the hour.";
        return Err(Rejection::invalid("date_range", message)
            .hint("Give whole days, such as today, or the order_ids.")
            .into());
    }
    let statuses = input.present_status.as_deref().map(present).transpose()?.into_iter().collect();
    let (placed, customer) = (read.days(), read.customer);
    let filter = order_summary::Filter { placed, statuses, customer, ..order_summary::Filter::default() };
    let fresh = shop.moments.fresh().await?;
    let mut page = PageRequest::first(PAGE_LIMIT);
    let mut ids = vec![];
    loop {
        let found = order_summary::order_summaries(&shop.projections, &filter, page, fresh).await?.found;
        if found.total_count > MAX_ORDERS as i64 {
            let hint = "Narrow the filter, for instance to fewer days.";
            return Err(too_many(found.total_count, "date_range", hint).into());
        }
        ids.extend(found.orders.iter().map(|order| order.order_id));
        match found.next {
            Some(next) => page.cursor = Some(next),
            None => return Ok(ids),
        }
    }
}

fn too_many(orders: i64, field: &str, hint: &str) -> Rejection {
    let message = format!("These are {orders} orders; at most {MAX_ORDERS} can be changed at once.");
    Rejection::new(Code::LimitExceeded, message).field(field).hint(hint)
}

/// The status that a filter names, or the tool that filters by what it names.
fn present(text: &str) -> Result<Status, Rejection> {
    if let Some(status) = Status::parse(text) {
        return Ok(status);
    }
    let word = text.trim().to_lowercase().replace([' ', '-'], "_");
    if serde_json::from_value::<PaymentStatus>(json!(word)).is_ok() {
        let message = format!("`{word}` is a payment status, not an order status.");
        return Err(Rejection::new(Code::UseOtherTool, message)
            .field("present_status")
            .hint("Find the orders with orders_search (payment_status) and give their order_ids.")
            .candidates(vec![json!({ "tool": "orders_search" })]));
    }
    let names = Status::ALL.map(Status::name).join(", ");
    Err(Rejection::invalid("present_status", format!("`{word}` is no order status."))
        .hint(format!("Use one of: {names}."))
        .candidates(Status::ALL.iter().map(|status| json!({ "status": status })).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_for_as_many_orders_as_are_allowed_is_short_and_names_every_command() {
        let ids: Vec<i64> = (1_000_000..).take(MAX_ORDERS).collect();
        let changed = |_: &i64| Outcome::Changed(CommandId(uuid::Uuid::from_u128(u128::MAX)), Version(1));
        let outcomes: Vec<Outcome> = ids.iter().map(changed).collect();
        let answer = tell("Dispatched", &ids, &outcomes, false);
        assert_eq!((answer.command_ids.len(), answer.text.as_str()), (MAX_ORDERS, "500 orders are now shipped."));
        assert!(serde_json::to_string(&answer).unwrap().len() < 32_000);
    }

    #[test]
    fn what_is_left_alone_is_told_with_the_true_reason() {
        let refused = || Outcome::Refused(Rejection::new(Code::OnHold, "Order #3 is on hold."));
        let done = tell("sent", &[1, 2, 3], &[Outcome::NoChange, Outcome::Overtaken, refused()], false);
        assert_eq!(
            done.text,
            "No order is now shipped. 1 order is shipped already. 1 order was skipped, because it changed since the \
             preview. 1 order is refused."
        );
        let foreseen = tell("sent", &[1, 2], &[Outcome::Unexpected, Outcome::Unexpected], true);
        assert_eq!(foreseen.text, "No order would become shipped. 2 orders are not at the version expected.");
        assert_eq!((foreseen.skipped, &foreseen.orders[0]["outcome"]), (2, &json!("skipped: not at expected_version")));
    }

    #[test]
    fn a_filter_by_what_is_no_status_says_what_is() {
        assert_eq!(present("dispatched").unwrap(), Status::Shipped);
        assert_eq!(present("Partially paid").unwrap_err().code, Code::UseOtherTool);
        let unknown = present("teleported").unwrap_err();
        assert_eq!((unknown.code, unknown.candidates.len()), (Code::InvalidArgument, 8));
        assert!(unknown.message.contains("teleported"));
    }
}
