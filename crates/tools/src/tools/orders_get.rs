//! orders.get: one order, now or at a moment of the past. Read from the log, so it is always fresh.

use std::sync::Arc;

use futures::future::BoxFuture;
use orderlog_domain::{
    envelope::Envelope,
    event::Event,
    ids::OrderId,
    order::{Order, Status},
    rejection::{Code, Rejection},
};
use orderlog_read_models::Freshness;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    answer::{Short, Told},
    echo::cut,
    failure::Failure,
    history,
    moments::AsOf,
    people,
    principal::Caller,
    query::{Frame, Interpretation},
    sentences::{self, commands::Speaker},
    shop::OpenShop,
    tool::Tool,
    unknown_order::unknown,
    views::{self, OrderView},
    waiting::Waiting,
};

/// Characters of a reason.
const REASON_CHARACTERS: usize = 80;

/// One order: status, lines, money, shipments, payments; as it stands, or stood at as_of.
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
    order: OrderView,
    #[serde(flatten)]
    frame: Frame,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let short = self.frame.open();
        let short = self.order.in_short(short);
        self.frame.close(short)
    }
}

pub(super) fn tool() -> Tool {
    Tool::query("orders.get", "Show an order", |shop, input, _: Caller| run(shop, input))
}

/// The order as it is now, as its tool answers it, in JSON.
pub fn order_json(shop: &Arc<OpenShop>, order_id: i64) -> BoxFuture<'_, Result<String, Failure>> {
    Box::pin(async move {
        let answer = run(Arc::clone(shop), Input { order_id, as_of: None }).await?;
        serde_json::to_string(&answer).map_err(|error| anyhow::Error::new(error).into())
    })
}

async fn run(shop: Arc<OpenShop>, input: Input) -> Result<Output, Failure> {
    let id = OrderId(input.order_id);
    let as_of = match &input.as_of {
        Some(text) => Some(shop.moments.as_of(text).await?),
        None => None,
    };
    let position = as_of.map(|as_of| as_of.position);
    let events = history::events_of(&shop.log, id, position).await?;
    let Some(order) = history::fold(id, &events) else { return Err(unknown_then(&shop, id, as_of).await.into()) };
    // Read from the log: a read model may not have the name yet.
    let customer = views::customer(&shop, &people::customer(&shop.log, order.customer_id).await?);
    let at = as_of.map_or_else(|| shop.clock.now(), |as_of| as_of.at);
    let view = views::order(&shop, &order, customer, at);
    let of = view.customer.name.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    let verb = if as_of.is_some() { "was" } else { "is" };
    let hold = if view.on_hold { format!(" and on hold{}", sentences::until(&shop, &order)) } else { String::new() };
    let then = as_of
        .map(|as_of| format!(" This is how it stood {}.", as_of.in_words(shop.settings.calendar.timezone)))
        .unwrap_or_default();
    let fresh = Freshness::Whatever;
    let waiting = Waiting::of(&shop, std::iter::once(&order), at, position, fresh).await?;
    let waits = waiting
        .in_words(&order)
        .map(|waits| format!(" It {} {waits}.", if as_of.is_some() { "had waited" } else { "has waited" }));
    let waits = waits.unwrap_or_default();
    // If money went back before, readers cannot see from the amounts alone how they add up.
    let owed = match order.paid_back() > 0 {
        true => Speaker::done(&shop).owed_back(&order),
        false => String::new(),
    };
    // Nothing is owed for an order that was cancelled before it was paid.
    let paid = match order.status() == Status::Cancelled && order.captured == 0 {
        true => String::new(),
        false => format!(", {}", order.payment_status().spoken()),
    };
    let gone = taken_out(&shop, &order, &events).map(|gone| format!(" {gone}")).unwrap_or_default();
    let text = format!(
        "Order #{id}{of}, placed on {}, {verb} {}{hold}: {}{paid}.{owed}{gone}{waits}{then}",
        orderlog_domain::format::day_in_words(order.placed_on),
        order.status().spoken(),
        goods(&shop, &order),
    );
    let interpretation = Interpretation { as_of_position: position.map(|at| at.0), ..Interpretation::default() };
    let last = events.last().map_or(0, |event| event.position.0);
    Ok(Output { order: view, frame: Frame::of_log(last, None, interpretation, text) })
}

/// `It was cancelled on 22 Nov 2026 (the customer changed her mind).`, `Units came back on 22 Nov 2026.`: the last
/// time, and the reason.
fn taken_out(shop: &OpenShop, order: &Order, events: &[Envelope<Event>]) -> Option<String> {
    let is_cancelled = order.status() == Status::Cancelled;
    let last = events.iter().rev().find(|event| match event.data {
        Event::UnitsCancelled(_) => is_cancelled,
        Event::UnitsReturned(_) => true,
        _ => false,
    });
    let mut last = last?.clone();
    shop.open_event(&mut last);
    let did = if is_cancelled { "It was cancelled" } else { "Units came back" };
    let why = last.provenance.reason.map(|reason| format!(" ({})", cut(&reason, REASON_CHARACTERS)));
    let day = orderlog_domain::format::day_in_words(last.provenance.business_date);
    Some(format!("{did} on {day}{}.", why.unwrap_or_default()))
}

/// `3 units for ₹2,770.76, 1 more came back`: the units that the customer keeps and their price, then the others. For a
/// cancelled order, what it was.
fn goods(shop: &OpenShop, order: &Order) -> String {
    let amount = |minor: i64| shop.wording.amount(minor, order.currency);
    if order.status() == Status::Cancelled {
        let ordered = order.lines.iter().map(|line| line.ordered).sum();
        return format!("it had {} for {}", sentences::units(ordered), amount(order.totals.total));
    }
    let total = amount(order.current_totals().total);
    let back: i64 = order.lines.iter().map(|line| line.returned).sum();
    let kept = order.lines.iter().map(|line| line.active()).sum::<i64>() - back;
    match (kept, back) {
        (_, 0) => format!("{} for {total}", sentences::units(kept)),
        (0, _) => format!("{} came back, which leaves {total}", sentences::units(back)),
        _ => format!("{} for {total}, {back} more came back", sentences::units(kept)),
    }
}

/// The order does not exist, or did not exist yet.
pub(super) async fn unknown_then(shop: &OpenShop, id: OrderId, as_of: Option<AsOf>) -> Rejection {
    match as_of {
        None => unknown(shop, id).await,
        Some(as_of) => Rejection::new(
            Code::NotFound,
            format!("There was no order #{id} {}.", as_of.in_words(shop.settings.calendar.timezone)),
        )
        .field("as_of")
        .hint("Leave as_of out to see whether it was placed later."),
    }
}
