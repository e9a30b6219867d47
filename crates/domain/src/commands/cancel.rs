//! Cancelling units that were not shipped: their value is taken back, and their stock is free again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    About, Act, ConfirmWhen,
    lines::{LineSelection, Selected, readings, select},
    preconditions,
    stock_moves::StockMoves,
};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{Charge, LineUnits, StockReleased, UnitsCancelled},
    ids::{OrderId, ProductId, StreamId},
    limits,
    order::{Line, Order, Status},
    rejection::Rejection,
    states::States,
};

/// Cancel an order, or some of its units. Only units that have not been shipped can be cancelled; shipped ones have to
/// be returned. Cancelling everything takes back the shipping fee too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// Its number.
    #[schemars(range(min = 1))]
    pub order_id: OrderId,
    /// What is cancelled; every unit not yet shipped when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::LINES_PER_ORDER))]
    pub lines: Option<Vec<LineSelection>>,
}

impl Act for Cancel {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = preconditions::placed_order(states, self.order_id)?;
        let stream = StreamId::Order(order.id);
        let mut decision = Decision::about(stream);
        if self.lines.is_none() && order.status() == Status::Cancelled {
            return Ok(decision);
        }
        if order.unshipped() == 0 {
            let reason = format!("{}: no unit of it can be cancelled", order.status().spoken());
            return Err(instead(order, preconditions::illegal_as_it_is(order, context, reason)).into());
        }
        let selected = select(order, self.lines.as_deref(), Line::unshipped)?;
        check_unshipped(order, &selected, context)?;
        let shipped: i64 = order.lines.iter().map(|line| line.shipped).sum();
        if self.lines.is_none() && shipped > 0 {
            let (units, stay, they) = if shipped == 1 { ("unit", "stays", "it") } else { ("units", "stay", "they") };
            decision.warn(format!("{shipped} shipped {units} {stay} part of the order; {they} can only be returned."));
        }
        decision.warnings.extend(readings(order, self.lines.as_deref()));
        let mut moves = StockMoves::new(states);
        for Selected { line, units } in selected.iter().filter(|s| s.line.tracked) {
            let (product_id, order_id, released) = (line.product_id, order.id, line.released_by_cancelling(*units));
            let (reserved, backordered) = (released.reserved, released.backordered);
            moves.record(product_id, StockReleased { product_id, order_id, line: line.line, reserved, backordered })?;
        }
        decision.record(stream, cancelled(order, &selected));
        moves.settle(&mut decision)?;
        Ok(decision)
    }

    fn confirm_when(&self) -> ConfirmWhen {
        ConfirmWhen::Always
    }
}

/// Units that cannot be cancelled can be returned.
fn instead(order: &Order, rejection: Rejection) -> Rejection {
    match order.status() {
        Status::PartiallyShipped | Status::Shipped | Status::Delivered => {
            rejection.hint("Shipped units cannot be cancelled; use orders_return_items once they come back.")
        }
        Status::Pending | Status::Confirmed | Status::Processing | Status::Returned | Status::Cancelled => rejection,
    }
}

fn check_unshipped(order: &Order, selected: &[Selected<'_>], context: &Context<'_>) -> Result<(), Rejection> {
    let Some(Selected { line, units }) = selected.iter().find(|s| s.units > s.line.unshipped()) else { return Ok(()) };
    let left = line.unshipped();
    let message = preconditions::too_few(line, left, *units, ["can be cancelled"; 2]);
    Err(instead(order, preconditions::illegal(order, context, message).field("lines")))
}

fn cancelled(order: &Order, selected: &[Selected<'_>]) -> UnitsCancelled {
    let active: i64 = order.lines.iter().map(Line::active).sum();
    let completes = selected.iter().map(|s| s.units).sum::<i64>() == active;
    let lines: Vec<LineUnits> = selected.iter().map(|s| s.line.next_to_cancel(s.units)).collect();
    let shipping = if completes { order.shipping } else { Charge::default() };
    let taken: i64 = lines.iter().map(|moved| moved.amounts.total()).sum();
    let left = order.current_totals().total - taken - shipping.total();
    let (goodwill_back, goodwill_back_converted) = order.goodwill_beyond(left);
    UnitsCancelled {
        order_id: order.id,
        customer_id: order.customer_id,
        currency: order.currency,
        converted: order.converted(&lines, Line::next_to_cancel, shipping),
        gone: gone(order, &lines),
        lines,
        shipping,
        completes,
        goodwill_back,
        goodwill_back_converted,
    }
}

/// Products of which no active unit remains once these are cancelled.
fn gone(order: &Order, cancelled: &[LineUnits]) -> Vec<ProductId> {
    let mut gone: Vec<ProductId> = vec![];
    for LineUnits { product_id, .. } in cancelled {
        let of_product = |line: &&Line| line.product_id == *product_id;
        let active: i64 = order.lines.iter().filter(of_product).map(Line::active).sum();
        let less: i64 = cancelled.iter().filter(|moved| moved.product_id == *product_id).map(|moved| moved.units).sum();
        if active == less && !gone.contains(product_id) {
            gone.push(*product_id);
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        commands::{CreateOrder, Ship},
        event::{Amounts, Event},
        rejection::Code,
        testing::{Story, input, types},
    };

    const ID: OrderId = OrderId(1001);

    /// Three units for 100.00 together, 18 % tax, 99.00 shipping.
    fn shop() -> Story {
        let mut story = Story::new();
        story.product("D", "40.00", json!({ "tax_rate": "18" })).stocked("D", 3);
        story.done(input::<CreateOrder>(json!({
            "customer": "Ann", "shipping": "99.00",
            "lines": [{ "product": "D", "quantity": 3, "line_total": "100.00" }],
        })));
        story
    }

    fn cancel(units: Option<i64>) -> crate::commands::Command {
        let lines = units.map(|units| json!([{ "line": 1, "quantity": units }]));
        let mut arguments = json!({ "order_id": 1001 });
        if let Some(lines) = lines {
            arguments["lines"] = lines;
        }
        input::<Cancel>(arguments)
    }

    fn taken_back(decision: &Decision) -> (Amounts, Charge) {
        decision
            .facts
            .iter()
            .find_map(|(_, event)| match event {
                Event::UnitsCancelled(fact) => Some((fact.lines[0].amounts, fact.shipping)),
                _ => None,
            })
            .expect("something is cancelled")
    }

    #[test]
    fn the_highest_unit_is_taken_back_at_its_own_value() {
        let mut story = shop();
        let decision = story.done(cancel(Some(1)));
        assert_eq!(types(&decision), ["UnitsCancelled", "StockReleased"]);
        let third = Amounts { gross: 3_334, discount: 0, tax: 600 };
        assert_eq!(taken_back(&decision), (third, Charge::default()));
        assert_eq!(story.order(ID).current_totals().net, 6_666);
        assert_eq!(story.stock("D").available(), 1);
    }

    #[test]
    fn cancelling_everything_takes_back_the_fee() {
        let mut story = shop();
        story.done(cancel(Some(1)));
        let (_, fee) = taken_back(&story.done(cancel(None)));
        assert_eq!(fee, Charge { net: 9_900, tax: 1_782 });
        assert_eq!(story.order(ID).current_totals().total, 0);
        assert_eq!(story.status(ID), Status::Cancelled);
        assert_eq!(types(&story.done(cancel(None))), Vec::<&str>::new());
        assert_eq!(story.refused(cancel(Some(1))).code, Code::IllegalTransition);
    }

    #[test]
    fn shipped_units_stay() {
        let mut story = shop();
        story.done(input::<Ship>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 2 }] })));
        let refused = story.refused(cancel(Some(2)));
        assert_eq!(refused.code, Code::IllegalTransition);
        assert!(refused.hint.expect("a hint").contains("orders_return_items"));
        let rest = story.done(cancel(None));
        assert_eq!(rest.warnings.len(), 1);
        assert_eq!(taken_back(&rest).1, Charge::default());
        assert_eq!(story.status(ID), Status::Shipped);
        assert!(story.order(ID).times.shipped.is_some());
    }

    #[test]
    fn freed_units_go_to_whoever_waits_longest() {
        let mut story = shop();
        story.product("D", "40.00", json!({ "policy": "backorder", "backorder_limit": 9 }));
        let (second, third) = (story.ordered(&[("D", 2)]), story.ordered(&[("D", 2)]));
        let decision = story.done(cancel(None));
        let filled = ["StockReserved", "BackorderFilled", "StockReserved", "BackorderFilled"];
        assert_eq!(types(&decision)[2..], filled);
        assert!(!story.order(second).backordered());
        assert_eq!(story.order(third).lines[0].backordered, 1);
        assert_eq!((story.stock("D").available(), story.stock("D").backordered()), (0, 1));
    }
}
