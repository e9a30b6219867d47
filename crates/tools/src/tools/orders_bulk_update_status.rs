//! orders.bulk_update_status: brings many orders to one status. Previewed with each order's version, then each order is
//! changed on its own.

mod outcome;
mod refused;

use std::sync::Arc;

use futures::{StreamExt as _, future::join_all, stream};
use orderlog_domain::{
    commands::{Command, Undo, UpdateStatus},
    guarded::{Guarded, GuardedAct},
    ids::{CustomerId, OrderId, StreamId, Version},
    order::{PaymentStatus, Status},
    rejection::{Code, Rejection},
    states::State,
};
use orderlog_projections::order_summary;
use orderlog_read_models::{Days, PAGE_LIMIT, PageRequest};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use self::outcome::{
    Goods, MAX_ORDERS, Outcome, Output, finality, finality_of_some, goods_in_words, named, owed_back, tell,
};
use crate::{
    answer::{Detail, Reply},
    arguments::read_as,
    by_day::ByDay,
    call::Call,
    command_call::{keep_answer, keep_shown, kept_answer, kept_shown, submit},
    confirm::{Pair, list_id},
    directory::Resolved,
    failure::Failure,
    query::{Interpretation, Read, read_filters},
    request::{Common, Request},
    schema,
    sentences::ranges,
    shop::OpenShop,
    tool::{Danger, Tool},
};

const BULK: &str = "orders.bulk_update_status";
/// Orders that are changed at once. The writer appends what waits as one batch: with fewer, others wait less for their turn, and how
/// far the call is can be told.
const AT_ONCE: usize = 50;
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
    /// Filter: days such as "last week".
    #[serde(default)]
    #[schemars(length(max = 100))]
    date_range: Option<String>,
    /// As for orders_search.
    #[serde(default)]
    by: Option<ByDay>,
    /// Filter: present status.
    #[serde(default)]
    #[schemars(length(max = 40))]
    present_status: Option<String>,
    /// Filter: customer.
    #[serde(default)]
    #[schemars(length(max = 254))]
    customer: Option<String>,
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
    let progress = call.progress.clone();
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
                let shown: Vec<Pair> = kept_shown(&shop, &request, &confirmed).await?;
                let ids: Vec<i64> = shown.iter().map(|(id, _)| *id).collect();
                progress.begin(ids.len());
                let parts = shown.into_iter().map(|(id, version): Pair| {
                    let part = request.part(&confirmed, id, version);
                    let changing = again(&shop, &request, part, (id, version), &input.status);
                    let progress = progress.clone();
                    async move {
                        let outcome = changing.await;
                        progress.step(matches!(outcome, Ok(Outcome::Changed(..))));
                        outcome
                    }
                });
                let outcomes: Vec<Result<Outcome, Failure>> = stream::iter(parts).buffered(AT_ONCE).collect().await;
                let outcomes: Vec<Outcome> = outcomes.into_iter().collect::<Result<_, _>>()?;
                let mut answer = tell(&input.status, &ids, &outcomes, false);
                answer.text.push_str(&owed_back(&shop, &outcomes, "is"));
                answer.text.push_str(finality_of_some(&outcomes));
                answer.command_id = Some(request.whole_id(&confirmed)).filter(|_| answer.changed > 0);
                keep_answer(&shop, &request, Some(&confirmed), first(&ids), &answer).await?;
                return Ok(answer);
            }
            Err(unfit) => Some(unfit),
        },
    };
    let (ids, read, customer) = chosen(&shop, &input).await?;
    let trials = ids.iter().map(|id| one(&shop, request.trial(), *id, &input.status));
    let outcomes: Vec<Outcome> = join_all(trials).await.into_iter().collect::<Result<_, _>>()?;
    let mut foreseen = tell(&input.status, &ids, &outcomes, true);
    foreseen.text.push_str(&goods_in_words(&shop, &input.status, &outcomes));
    foreseen.text.push_str(finality(&outcomes));
    foreseen.orders_named = named(&shop, &ids, &outcomes).await?;
    foreseen.interpretation = read;
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
            Outcome::Changed(_, version, _) => (*id, version.0),
            Outcome::NoChange | Outcome::Overtaken | Outcome::Unexpected | Outcome::Refused(_) => (*id, LEFT_ALONE),
        })
        .collect();
    let preview = match request.detail {
        Detail::Short => foreseen.preview(),
        Detail::Full => serde_json::to_value(foreseen).unwrap_or_default(),
    };
    let (now, nonce) = (shop.clock.now(), shop.clock.new_id());
    keep_shown(&shop, &request, list_id(nonce), first(&ids), &frozen).await?;
    let cancels = (Status::parse(&input.status) == Some(Status::Cancelled)).then_some(GuardedAct::Cancelling);
    let guarded = Guarded::NONE.and([GuardedAct::Bulk]).and(cancels).among(shop.settings.confirmed_by_people);
    Err(request.bound(&shop).ask(preview, Version::NONE, (now, nonce), unfit, guarded, customer).into())
}

fn first(ids: &[i64]) -> OrderId {
    OrderId(ids.first().copied().unwrap_or_default())
}

/// One order of a preview: changed if the preview announced it, otherwise only reported again.
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
            let of_orders = receipt.events().iter().filter(|event| matches!(event.stream, StreamId::Order(_)));
            let undoable = Undo::can_take_back(of_orders.map(|event| event.event_type.as_str()));
            match &receipt.after {
                State::Order(after) => {
                    let goods = match &receipt.before {
                        Some(State::Order(before)) => Goods::of(before, after, undoable),
                        Some(_) | None => Goods::of(after, after, undoable),
                    };
                    Ok(Outcome::Changed(receipt.command_id, before, goods))
                }
                State::Stock(_)
                | State::Product(_)
                | State::Customer(_)
                | State::Rate(_)
                | State::Notifications(_)
                | State::Confirmations(_) => Ok(Outcome::NoChange),
            }
        }
        Err(Failure::Rejected(rejection)) if rejection.code == Code::VersionConflict => {
            Ok(if trial { Outcome::Unexpected } else { Outcome::Overtaken })
        }
        Err(Failure::Rejected(rejection)) if concerns_all(&rejection) => Err(rejection.into()),
        Err(Failure::Rejected(rejection)) => Ok(Outcome::Refused(rejection)),
        Err(failure) => Err(failure),
    }
}

/// Whether the rejection concerns the complete call, not one order.
fn concerns_all(rejection: &Rejection) -> bool {
    let field = rejection.field.as_deref();
    rejection.retryable || field == Some("status") || rejection.code == Code::IdempotencyMismatch
}

/// Orders, how a filter was read, and the customer if the filter names one.
type Chosen = (Vec<i64>, Interpretation, Option<CustomerId>);

/// The orders meant, each once, in order of their numbers.
async fn chosen(shop: &OpenShop, input: &Input) -> Result<Chosen, Failure> {
    let has_filter =
        input.date_range.is_some() || input.by.is_some() || input.present_status.is_some() || input.customer.is_some();
    let (mut ids, read, customer) = match (&input.order_ids, has_filter) {
        (Some(ids), false) => (ids.clone(), Interpretation::default(), None),
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
    Ok((ids, read, customer))
}

async fn filtered(shop: &OpenShop, input: &Input) -> Result<Chosen, Failure> {
    let mut read = read_filters(shop, input.date_range.as_deref(), input.customer.as_deref(), None).await?;
    read.by = input.by.unwrap_or_default();
    // A query takes complete days and says so; a change must not reach further than was asked.
    if read.range.as_ref().is_some_and(|range| !range.whole_days) {
        let message = "Orders are chosen by business days, not by the hour.";
        return Err(Rejection::invalid("date_range", message)
            .hint("Give whole days, such as today, or the order_ids.")
            .into());
    }
    if input.by.is_some() && read.range.is_none() {
        let message = "by says what was done on the days of date_range, which is not given.";
        return Err(Rejection::invalid("date_range", message).hint("Give date_range, such as yesterday.").into());
    }
    let status = input.present_status.as_deref().map(present).transpose()?;
    read.interpretation.names.extend(both_readings(&read, status));
    let (statuses, customer, act) = (status.into_iter().collect(), read.customer, read.by.act());
    let filter = order_summary::Filter {
        placed: if act.is_none() { read.days() } else { Days::default() },
        acted: act.map(|act| (act, read.days())),
        statuses,
        customer,
        ..order_summary::Filter::default()
    };
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
            None => return Ok((ids, read.interpretation, customer)),
        }
    }
}

/// "Confirmed yesterday" may mean the day on which orders were confirmed, or orders placed that day that are confirmed
/// now: says which meaning was taken, and how to ask for the other.
fn both_readings(read: &Read, status: Option<Status>) -> Option<String> {
    let range = read.range.as_ref()?;
    match (read.by, status) {
        (ByDay::Placed, Some(Status::Confirmed | Status::Shipped | Status::Delivered | Status::Cancelled)) => {
            let name = status.map_or("", Status::name);
            Some(format!("placed {} and {name} now; by: \"{name}\" takes those {name} then", ranges::on(range)))
        }
        (ByDay::Placed, _) => None,
        // These are no statuses that all of an order has then.
        (by @ (ByDay::Paid | ByDay::Returned | ByDay::Refunded), _) => {
            Some(format!("{} {}, whenever placed", by.word(), ranges::on(range)))
        }
        (by, None) => {
            let word = by.word();
            Some(format!(
                "{word} {}, whenever placed; present_status \"{word}\" without by takes those placed then",
                ranges::on(range)
            ))
        }
        (by, Some(_)) => Some(format!("{} {}, whenever placed", by.word(), ranges::on(range))),
    }
}

fn too_many(orders: i64, field: &str, hint: &str) -> Rejection {
    let message = format!("These are {orders} orders; at most {MAX_ORDERS} can be changed at once.");
    Rejection::new(Code::LimitExceeded, message).field(field).hint(hint)
}

/// The status that a filter names, or the tool that has this filter.
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
    fn a_filter_by_what_is_no_status_says_what_is() {
        assert_eq!(present("dispatched").unwrap(), Status::Shipped);
        assert_eq!(present("Partially paid").unwrap_err().code, Code::UseOtherTool);
        let unknown = present("teleported").unwrap_err();
        assert_eq!((unknown.code, unknown.candidates.len()), (Code::InvalidArgument, 8));
        assert!(unknown.message.contains("teleported"));
    }
}
