//! Bringing an order to a status, by whatever events lead there.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    About, Act, ConfirmWhen,
    cancel::Cancel,
    lines::{LineSelection, Selected, select},
    refuse,
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
/// as dispatched, completed or canceled are understood. Asking for the present status changes nothing. Payments, holds
/// and returns have tools of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateStatus {
    /// The order's number.
    #[schemars(with = "i64", range(min = 1))]
    pub order_id: OrderId,
    /// The status it shall have: confirmed, processing, shipped, partially_shipped, delivered or cancelled.
    #[schemars(length(min = 1, max = limits::STATUS_CHARS))]
    pub status: String,
    /// Only these units, where not all are shipped, delivered or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<LineSelection>", length(min = 1, max = limits::LINES_PER_ORDER))]
    pub lines: Option<Vec<LineSelection>>,
    /// The carrier's tracking number, with shipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = limits::TRACKING_CHARS))]
    pub tracking: Option<String>,
    /// Who carries it, with shipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = limits::CARRIER_CHARS))]
    pub carrier: Option<String>,
    /// When it happened, RFC 3339 with offset; now when left out. Not in the future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub occurred_at: Option<DateTime<Utc>>,
}

impl Act for UpdateStatus {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let target = target(&self.status)?;
        let order = refuse::placed_order(states, self.order_id)?;
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
            Status::Pending | Status::Returned => {
                Err(refuse::illegal(order, context, format!("Order #{} cannot become {}.", order.id, target.spoken()))
                    .into())
            }
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

    fn is_undoable(&self, facts: &[&str]) -> bool {
        !facts.iter().any(|fact| matches!(*fact, "ProcessingStarted" | "UnitsDelivered" | "UnitsCancelled"))
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
        refuse::check_occurred_at(order, context, &mut problems);
        problems.check()
    }

    fn ship(&self, target: Status, order: &Order, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        if target == Status::PartiallyShipped && self.lines.is_none() {
            let message = "Which units were shipped? Give lines, or ask for shipped when all were.";
            return Err(Rejection::invalid("lines", message).into());
        }
        if order.unshipped() == 0 {
            let message = format!("Order #{} is {}: no unit of it is left to ship.", order.id, order.status().spoken());
            return Err(refuse::illegal(order, context, message).into());
        }
        let UpdateStatus { order_id, lines, tracking, carrier, occurred_at, .. } = self.clone();
        Ship { order_id, lines, carrier, tracking, occurred_at }.decide(states, context)
    }

    fn deliver(&self, order: &Order, context: &Context<'_>) -> Result<Decision, Refusal> {
        let (id, status) = (order.id, order.status().spoken());
        if order.lines.iter().all(|line| line.undelivered() == 0) {
            let message = format!("Order #{id} is {status}: no unit of it is on its way, so none can have arrived.");
            return Err(refuse::illegal(order, context, message).into());
        }
        if self.lines.is_none() && order.unshipped() > 0 {
            let left = match order.unshipped() {
                1 => "1 unit has".to_owned(),
                units => format!("{units} units have"),
            };
            let message = format!("Order #{id} is {status}: {left} not been shipped.");
            return Err(refuse::illegal(order, context, message)
                .hint("Ship the rest first, or give lines with the units that arrived.")
                .into());
        }
        let selected = select(order, self.lines.as_deref(), Line::undelivered)?;
        if let Some(Selected { line, units }) = selected.iter().find(|s| s.units > s.line.undelivered()) {
            let message = refuse::too_few(line, line.undelivered(), *units, ["is on its way", "are on their way"]);
            return Err(refuse::illegal(order, context, message).field("lines").into());
        }
        let arrived: i64 = selected.iter().map(|s| s.units).sum();
        let outstanding: i64 = order.lines.iter().map(|line| line.active() - line.delivered - line.returned).sum();
        let mut decision = Decision::about(StreamId::Order(id));
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
        if self.lines.is_none() && order.status() == Status::PartiallyShipped {
            let message = format!("Order #{} is partially shipped: shipped units cannot be cancelled.", order.id);
            return Err(refuse::illegal(order, context, message)
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
    match order.status() {
        Status::Pending => {
            let mut decision = Decision::about(stream);
            decision.record(stream, OrderConfirmed { order_id: order.id });
            Ok(decision)
        }
        other => Err(refuse::illegal(
            order,
            context,
            format!("Order #{} is {}, past being confirmed.", order.id, other.spoken()),
        )
        .into()),
    }
}

fn start_processing(order: &Order, context: &Context<'_>) -> Result<Decision, Refusal> {
    let stream = StreamId::Order(order.id);
    let mut decision = Decision::about(stream);
    refuse::check_hold(order, context, &mut decision)?;
    match order.status() {
        Status::Confirmed => {
            decision.record(stream, ProcessingStarted { order_id: order.id });
            Ok(decision)
        }
        Status::Pending => Err(refuse::illegal(
            order,
            context,
            format!("Order #{} must be confirmed before it is processed.", order.id),
        )
        .into()),
        other => Err(refuse::illegal(
            order,
            context,
            format!("Order #{} is {}, past being processed.", order.id, other.spoken()),
        )
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        commands::{CreateOrder, ReceiveStock, ReturnItems, SetHold},
        ids::Version,
        testing::{Story, input, types},
    };

    fn shop() -> (Story, OrderId) {
        let mut story = Story::new();
        story.product("A", "100.00", json!({})).stocked("A", 10);
        let order_id = story.ordered(&[("A", 3)]);
        (story, order_id)
    }

    fn to(status: &str) -> crate::commands::Command {
        input::<UpdateStatus>(json!({ "order_id": 1001, "status": status }))
    }

    #[test]
    fn a_pending_order_is_confirmed_and_shipped_in_one_go() {
        let (mut story, id) = shop();
        let decision = story.done(to("dispatched"));
        assert_eq!(types(&decision), ["OrderConfirmed", "UnitsShipped", "StockConsumed"]);
        assert_eq!(story.status(id), Status::Shipped);
        assert_eq!((story.stock("A").on_hand, story.stock("A").reserved), (7, 0));
    }

    #[test]
    fn the_long_way_is_open_too() {
        let (mut story, id) = shop();
        for (asked, status) in [
            ("accepted", Status::Confirmed),
            ("processing", Status::Processing),
            ("Sent", Status::Shipped),
            ("completed", Status::Delivered),
        ] {
            story.done(to(asked));
            assert_eq!(story.status(id), status);
            assert_eq!(types(&story.done(to(asked))), Vec::<&str>::new(), "asking for {asked} again changes nothing");
        }
        let refused = story.refused(to("canceled"));
        assert_eq!(refused.code, Code::IllegalTransition);
    }

    #[test]
    fn illegal_steps_name_what_is_allowed() {
        let (mut story, _) = shop();
        let refused = story.refused(to("delivered"));
        assert_eq!(refused.code, Code::IllegalTransition);
        let next: Vec<&str> = refused.candidates.iter().filter_map(|next| next["status"].as_str()).collect();
        assert_eq!(next, ["confirmed", "shipped", "cancelled"]);
        assert_eq!(story.refused(to("processing")).code, Code::IllegalTransition);
        story.done(to("confirmed"));
        assert_eq!(story.refused(to("pending")).code, Code::IllegalTransition);
    }

    #[test]
    fn other_matters_have_other_tools() {
        let (mut story, _) = shop();
        for (asked, tool) in
            [("Paid", "orders_record_payment"), ("refunded", "orders_refund"), ("on hold", "orders_set_hold")]
        {
            let refused = story.refused(to(asked));
            assert_eq!(refused.code, Code::UseOtherTool);
            assert_eq!(refused.candidates, [json!({ "tool": tool })]);
        }
        assert_eq!(story.refused(to("teleported")).code, Code::InvalidArgument);
    }

    #[test]
    fn an_order_becomes_returned_by_what_comes_back() {
        let (mut story, id) = shop();
        story.done(to("shipped"));
        let refused = story.refused(to("returned"));
        assert_eq!((refused.code, &refused.candidates[0]["tool"]), (Code::UseOtherTool, &json!("orders_return_items")));
        assert!(!refused.message.contains("not an order status"), "{refused}");
        story.done(input::<ReturnItems>(json!({ "order_id": 1001, "disposition": "scrap" })));
        assert_eq!(story.status(id), Status::Returned);
        assert_eq!(types(&story.done(to("returned"))), Vec::<&str>::new());
    }

    #[test]
    fn held_and_waiting_orders_do_not_ship() {
        let (mut story, _) = shop();
        story.done(SetHold { order_id: OrderId(1001), on: true, until: None });
        assert_eq!(story.refused(to("shipped")).code, Code::OnHold);
        story.done(SetHold { order_id: OrderId(1001), on: false, until: None });
        story.product("W", "1.00", json!({ "policy": "backorder", "backorder_limit": 5 }));
        story.done(input::<CreateOrder>(json!({ "customer": "Ann", "lines": [{ "product": "W", "quantity": 1 }] })));
        let refused = story.refused(input::<UpdateStatus>(json!({ "order_id": 1002, "status": "shipped" })));
        assert_eq!(refused.code, Code::InsufficientStock);
    }

    #[test]
    fn some_units_can_be_shipped_and_arrive() {
        let (mut story, id) = shop();
        let some = |status: &str, units: i64| {
            let lines = json!([{ "product": "a", "quantity": units }]);
            input::<UpdateStatus>(json!({ "order_id": 1001, "status": status, "lines": lines }))
        };
        assert_eq!(story.refused(to("partially_shipped")).code, Code::InvalidArgument);
        story.done(some("partially shipped", 1));
        assert_eq!(story.status(id), Status::PartiallyShipped);
        assert_eq!(story.refused(to("delivered")).code, Code::IllegalTransition);
        story.done(some("delivered", 1));
        assert_eq!(story.status(id), Status::PartiallyShipped);
        assert_eq!(story.refused(some("delivered", 1)).code, Code::IllegalTransition);
        story.done(some("shipped", 1));
        let refused = story.refused(some("delivered", 2));
        assert_eq!(refused.message, "Only 1 unit of line 1 (Product A) is on its way; 2 were asked for.");
        story.done(to("shipped"));
        story.done(to("delivered"));
        assert_eq!(story.status(id), Status::Delivered);
        assert!(story.order(id).times.delivered.is_some());
    }

    #[test]
    fn time_given_must_be_possible() {
        let (mut story, _) = shop();
        let at =
            |time: &str| input::<UpdateStatus>(json!({ "order_id": 1001, "status": "shipped", "occurred_at": time }));
        story.at("2026-11-20T18:00:00+05:30");
        let (future, before) = ("2026-11-20T18:00:01+05:30", "2026-11-20T11:59:59+05:30");
        for impossible in [future, before, "2026-11-19T23:59:59+05:30", "2020-01-01T00:00:00Z"] {
            let refused = story.refused(at(impossible));
            assert_eq!(refused.field.as_deref(), Some("occurred_at"), "{impossible}");
        }
        let refused = story.refused(at(before)).message;
        assert!(refused.contains("2026-11-20T12:00:00+05:30, when the order was placed"), "{refused}");
        story.done(at("2026-11-20T12:00:00+05:30"));
    }

    #[test]
    fn an_unexpected_version_is_a_conflict() {
        let (mut story, _) = shop();
        story.expected_version = Some(Version(2));
        let refused = story.refused(to("confirmed"));
        assert_eq!((refused.code, refused.retryable), (Code::VersionConflict, true));
        assert_eq!(refused.message, "Order #1001 is at version 1 now, not 2.");
        story.expected_version = Some(Version(1));
        story.done(to("confirmed"));
        let refused = story.refused(to("shipped"));
        assert_eq!(refused.message, "Order #1001 is at version 2 now, not 1: somebody changed it meanwhile.");
        let stock = story.refused(input::<ReceiveStock>(json!({ "product": "a", "quantity": 1 })));
        assert_eq!(stock.message, "The stock of A is at version 2 now, not 1: somebody changed it meanwhile.");
        let nobody = story.refused(input::<UpdateStatus>(json!({ "order_id": 9, "status": "shipped" })));
        assert_eq!(nobody.code, Code::NotFound);
        let order = json!({ "customer": "Ann", "lines": [{ "product": "A", "quantity": 1 }] });
        let placed = story.refused(input::<CreateOrder>(order.clone()));
        assert_eq!((placed.code, placed.retryable), (Code::InvalidArgument, false));
        story.expected_version = Some(Version::NONE);
        story.done(input::<CreateOrder>(order));
    }

    #[test]
    fn an_unknown_order_is_not_found() {
        let refused = Story::new().refused(to("shipped"));
        assert_eq!((refused.code, refused.field.as_deref()), (Code::NotFound, Some("order_id")));
    }
}
