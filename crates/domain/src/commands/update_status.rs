//! Bringing an order to a status (rule O2). Shipped, also on a pending order, is decided by `ship`; cancelled by `cancel`.

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    About, Act, ConfirmWhen,
    cancel::Cancel,
    lines::{LineSelection, Selected, readings, select},
    preconditions,
    ship::Ship,
};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{OrderConfirmed, ProcessingStarted, UnitsDelivered},
    ids::{OrderId, StreamId},
    limits,
    order::{Line, Order, Status},
    rejection::{Code, Problems, Rejection},
    states::States,
    text,
    typed::{self, Typed},
};

/// Bring an order to a status: confirmed, processing, shipped, partially_shipped, delivered or cancelled. Synonyms such
/// as dispatched, completed or canceled are understood. Payments, holds and
/// returns have tools of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateStatus {
    /// Its number.
    #[schemars(range(min = 1))]
    pub order_id: OrderId,
    /// The status it shall have.
    #[schemars(length(min = 1, max = limits::STATUS_CHARS))]
    pub status: String,
    /// Only these units, where not all are shipped, delivered or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::LINES_PER_ORDER))]
    pub lines: Option<Vec<LineSelection>>,
    /// The carrier's tracking number, with shipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::TRACKING_CHARS))]
    pub tracking: Option<String>,
    /// Who carries it, with shipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::CARRIER_CHARS))]
    pub carrier: Option<String>,
    /// When it happened, such as "yesterday 15:00"; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<DateTime<Utc>>,
}

impl Act for UpdateStatus {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let target = target(&self.status)?;
        let order = preconditions::placed_order(states, self.order_id)?;
        if target == Status::Returned && order.status() != target {
            let message = format!("Order #{} becomes returned when all of its units come back.", order.id);
            return Err(use_tool("orders_return_items", message).into());
        }
        self.check(target, order, context)?;
        if order.status() == target && self.lines.is_none() {
            let mut decision = Decision::about(StreamId::Order(order.id));
            if self.tracking.is_some() || self.carrier.is_some() {
                decision.warn(format!(
                    "Order #{} was {} before: carrier and tracking were not recorded.",
                    order.id,
                    target.spoken()
                ));
            }
            return Ok(decision);
        }
        match target {
            Status::Confirmed => confirm(order, context),
            Status::Processing => start_processing(order, context),
            Status::PartiallyShipped | Status::Shipped => self.ship(target, order, states, context),
            Status::Delivered => self.deliver(order, context),
            Status::Cancelled => self.cancel(order, states, context),
            Status::Pending | Status::Returned => Err(preconditions::illegal(
                order,
                context,
                format!("Order #{} cannot become {}.", order.id, target.spoken()),
            )
            .reason_after(&format!("Order #{} ", order.id))
            .into()),
        }
    }

    fn occurred_at(&self) -> Option<DateTime<Utc>> {
        self.occurred_at
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        let carrier = typed::number("carrier", &mut self.carrier);
        carrier.chain(typed::number("tracking", &mut self.tracking)).collect()
    }

    fn confirm_when(&self) -> ConfirmWhen {
        match Status::parse(&self.status) {
            Some(Status::Cancelled) => ConfirmWhen::Always,
            _ => ConfirmWhen::Never,
        }
    }
}

impl UpdateStatus {
    fn check(&self, target: Status, order: &Order, context: &Context<'_>) -> Result<(), Rejection> {
        let mut problems = Problems::default();
        let ships = matches!(target, Status::Shipped | Status::PartiallyShipped);
        for (field, given) in [("tracking", &self.tracking), ("carrier", &self.carrier)] {
            if given.is_some() && !ships {
                problems.add(field, format!("goes with shipped, not with {target}"));
            }
        }
        if self.lines.is_some() && !ships && !matches!(target, Status::Delivered | Status::Cancelled) {
            problems.add("lines", format!("cannot be given with {target}, which concerns the whole order"));
        }
        preconditions::check_occurred_at(order, context, &mut problems);
        problems.check()
    }

    fn ship(&self, target: Status, order: &Order, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        if target == Status::PartiallyShipped && self.lines.is_none() {
            let message = "Which units were shipped? Give lines, or ask for shipped when all were.";
            return Err(Rejection::invalid("lines", message).into());
        }
        if !order.status().may_become(Status::Shipped) {
            let reason = format!("{}: no unit of it is left to ship", order.status().spoken());
            return Err(preconditions::illegal_as_it_is(order, context, reason).into());
        }
        let UpdateStatus { order_id, lines, tracking, carrier, occurred_at, .. } = self.clone();
        Ship { order_id, lines, carrier, tracking, occurred_at }.decide(states, context)
    }

    fn deliver(&self, order: &Order, context: &Context<'_>) -> Result<Decision, Refusal> {
        let (id, status) = (order.id, order.status().spoken());
        if order.lines.iter().all(|line| line.undelivered() == 0) {
            let reason = format!("{status}: no unit of it is on its way, so none can have arrived");
            return Err(preconditions::illegal_as_it_is(order, context, reason).into());
        }
        if self.lines.is_none() && !order.status().may_become(Status::Delivered) {
            let left = match order.unshipped() {
                1 => "1 unit has".to_owned(),
                units => format!("{units} units have"),
            };
            let reason = format!("{status}: {left} not been shipped");
            return Err(preconditions::illegal_as_it_is(order, context, reason)
                .hint("Ship the rest first, or give lines with the units that arrived.")
                .into());
        }
        let selected = select(order, self.lines.as_deref(), Line::undelivered)?;
        if let Some(Selected { line, units }) = selected.iter().find(|s| s.units > s.line.undelivered()) {
            let message =
                preconditions::too_few(line, line.undelivered(), *units, ["is on its way", "are on their way"]);
            return Err(preconditions::at_most(order, context, message, line, line.undelivered()).into());
        }
        let arrived: i64 = selected.iter().map(|s| s.units).sum();
        let outstanding: i64 = order.lines.iter().map(|line| line.active() - line.delivered - line.returned).sum();
        let mut decision = Decision::about(StreamId::Order(id));
        decision.warnings.extend(readings(order, self.lines.as_deref()));
        decision.record(
            StreamId::Order(id),
            UnitsDelivered {
                order_id: id,
                customer_id: order.customer_id,
                currency: order.currency,
                lines: selected.iter().map(|s| s.line.next_to_deliver(s.units)).collect(),
                completes: arrived == outstanding,
            },
        );
        Ok(decision)
    }

    fn cancel(&self, order: &Order, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let rest_remains = !order.status().may_become(Status::Cancelled) && order.status().owes_goods();
        if self.lines.is_none() && rest_remains {
            let reason = "partially shipped: shipped units cannot be cancelled".to_owned();
            return Err(preconditions::illegal_as_it_is(order, context, reason)
                .hint("Cancel the rest with orders_cancel; shipped units come back with orders_return_items.")
                .into());
        }
        Cancel { order_id: self.order_id, lines: self.lines.clone() }.decide(states, context)
    }
}

/// The status meant, or the tool that is.
fn target(text: &str) -> Result<Status, Rejection> {
    let mut problems = Problems::default();
    text::check_line("status", text, limits::STATUS_CHARS, &mut problems);
    problems.check()?;
    let word = text.trim().to_lowercase().replace([' ', '-'], "_");
    let other = |tool: &str, what: &str| Err(use_tool(tool, format!("`{word}` is {what}, not an order status.")));
    match word.as_str() {
        "paid" | "unpaid" | "partially_paid" | "overpaid" => {
            other("orders_record_payment", "a payment status, which follows from recorded payments")
        }
        "refunded" | "partially_refunded" => other("orders_refund", "a payment status, which follows from refunds"),
        "on_hold" | "hold" | "held" | "released" => other("orders_set_hold", "a flag"),
        _ => match Status::parse(text) {
            Some(status) => Ok(status),
            None => Err(Rejection::invalid("status", format!("`{word}` is no order status.")).candidates(
                ["confirmed", "processing", "partially_shipped", "shipped", "delivered", "cancelled"]
                    .map(|status| json!({ "status": status }))
                    .to_vec(),
            )),
        },
    }
}

fn use_tool(tool: &str, message: String) -> Rejection {
    Rejection::new(Code::UseOtherTool, message)
        .field("status")
        .hint(format!("Use {tool}."))
        .candidates(vec![json!({ "tool": tool })])
}

fn confirm(order: &Order, context: &Context<'_>) -> Result<Decision, Refusal> {
    let stream = StreamId::Order(order.id);
    let status = order.status();
    if !status.may_become(Status::Confirmed) {
        let reason = format!("{} and can no longer be confirmed", status.spoken());
        return Err(preconditions::illegal_as_it_is(order, context, reason).into());
    }
    let mut decision = Decision::about(stream);
    decision.record(stream, OrderConfirmed { order_id: order.id });
    Ok(decision)
}

fn start_processing(order: &Order, context: &Context<'_>) -> Result<Decision, Refusal> {
    let stream = StreamId::Order(order.id);
    let mut decision = Decision::about(stream);
    preconditions::check_hold(order, context, &mut decision)?;
    let status = order.status();
    if !status.may_become(Status::Processing) {
        return Err(match status {
            Status::Pending => {
                let subject = format!("Order #{} ", order.id);
                let message = format!("{subject}must be confirmed before it is processed.");
                preconditions::illegal(order, context, message).reason_after(&subject)
            }
            other => preconditions::illegal_as_it_is(
                order,
                context,
                format!("{} and can no longer be processed", other.spoken()),
            ),
        }
        .into());
    }
    decision.record(stream, ProcessingStarted { order_id: order.id });
    Ok(decision)
}
