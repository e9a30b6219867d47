//! Taking shipped units back: their value is taken back too, and units that can be sold again are on hand again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    About, Act,
    lines::{LineSelection, Selected, readings, select},
    preconditions,
    stock_moves::StockMoves,
};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{Charge, Disposition, LineUnits, StockReturned, UnitsReturned},
    ids::{OrderId, StreamId},
    limits,
    order::{Line, Order},
    states::States,
};

/// Record units of an order that came back. Their value is taken back from sales today; money goes back with
/// orders_refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnItems {
    /// Its number.
    #[schemars(range(min = 1))]
    pub order_id: OrderId,
    /// What came back; every shipped unit when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::LINES_PER_ORDER))]
    pub lines: Option<Vec<LineSelection>>,
    /// What becomes of them.
    pub disposition: Disposition,
    /// Whether the shipping fee is taken back too; it is not when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<bool>,
}

impl Act for ReturnItems {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = preconditions::placed_order(states, self.order_id)?;
        if order.lines.iter().all(|line| line.returnable() == 0) {
            let message =
                format!("Order #{} is {}: no shipped unit of it can come back.", order.id, order.status().spoken());
            return Err(preconditions::illegal(order, context, message)
                .hint("Units that were never shipped are cancelled with orders_cancel.")
                .into());
        }
        let selected = select(order, self.lines.as_deref(), Line::returnable)?;
        if let Some(Selected { line, units }) = selected.iter().find(|s| s.units > s.line.returnable()) {
            let left = line.returnable();
            let message = preconditions::too_few(line, left, *units, ["can come back"; 2]);
            return Err(preconditions::at_most(order, context, message, line, left).into());
        }
        let stream = StreamId::Order(order.id);
        let mut decision = Decision::about(stream);
        if self.shipping == Some(true) && order.refunded_shipping > 0 {
            decision
                .warn(format!("The shipping fee of order #{} went back before: it is not taken back again.", order.id));
        }
        decision.warnings.extend(readings(order, self.lines.as_deref()));
        decision.record(stream, self.returned(order, &selected));
        let mut moves = StockMoves::new(states);
        if self.disposition == Disposition::Restock {
            for Selected { line, units } in selected.iter().filter(|s| s.line.tracked) {
                let (product_id, order_id, line) = (line.product_id, order.id, line.line);
                moves.record(product_id, StockReturned { product_id, order_id, line, units: *units, reserved: 0 })?;
            }
        }
        moves.settle(&mut decision)?;
        Ok(decision)
    }
}

impl ReturnItems {
    fn returned(&self, order: &Order, selected: &[Selected<'_>]) -> UnitsReturned {
        let coming: i64 = selected.iter().map(|s| s.units).sum();
        let outstanding: i64 = order.lines.iter().map(|line| line.active() - line.returned).sum();
        let lines: Vec<LineUnits> = selected.iter().map(|s| s.line.next_to_return(s.units)).collect();
        // A fee that was paid back has lowered the sale already.
        let shipping = match self.shipping {
            Some(true) if order.refunded_shipping == 0 => order.current_shipping(),
            Some(_) | None => Charge::default(),
        };
        let taken: i64 = lines.iter().map(|moved| moved.amounts.total()).sum();
        let left = order.current_totals().total - taken - shipping.total();
        let (goodwill_back, goodwill_back_converted) = order.goodwill_beyond(left);
        UnitsReturned {
            order_id: order.id,
            customer_id: order.customer_id,
            currency: order.currency,
            converted: order.converted(&lines, Line::next_to_return, shipping),
            lines,
            disposition: self.disposition,
            shipping,
            completes: coming == outstanding,
            goodwill_back,
            goodwill_back_converted,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        commands::{CreateOrder, Ship},
        event::{Amounts, Event},
        order::Status,
        rejection::Code,
        testing::{Story, input, types},
    };

    const ID: OrderId = OrderId(1001);

    /// Three units for 100.00 together, 18 % tax, 99.00 shipping; two of them shipped.
    fn shop() -> Story {
        let mut story = Story::new();
        story.product("D", "40.00", json!({ "tax_rate": "18" })).stocked("D", 3);
        story.done(input::<CreateOrder>(json!({
            "customer": "Ann", "shipping": "99.00",
            "lines": [{ "product": "D", "quantity": 3, "line_total": "100.00" }],
        })));
        story.done(input::<Ship>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 2 }] })));
        story
    }

    fn back(arguments: serde_json::Value) -> crate::commands::Command {
        let mut all = json!({ "order_id": 1001, "disposition": "restock" });
        arguments.as_object().expect("an object").iter().for_each(|(name, value)| all[name] = value.clone());
        input::<ReturnItems>(all)
    }

    #[test]
    fn the_lowest_unit_comes_back_at_its_own_value_and_is_on_hand_again() {
        let mut story = shop();
        let decision = story.done(back(json!({ "lines": [{ "line": 1, "quantity": 1 }] })));
        assert_eq!(types(&decision), ["UnitsReturned", "StockReturned"]);
        let Event::UnitsReturned(fact) = &decision.facts[0].1 else { panic!("the first fact is the return") };
        assert_eq!(fact.lines[0].amounts, Amounts { gross: 3_333, discount: 0, tax: 600 });
        assert_eq!((fact.shipping, fact.completes), (Charge::default(), false));
        assert_eq!((story.stock("D").on_hand, story.stock("D").available()), (2, 1));
        assert_eq!(story.status(ID), Status::PartiallyShipped);
        assert_eq!(story.order(ID).current_totals().net, 6_667);
    }

    #[test]
    fn everything_back_is_returned_and_the_fee_only_if_asked() {
        let mut story = shop();
        story.done(input::<Ship>(json!({ "order_id": 1001 })));
        let decision = story.done(back(json!({ "disposition": "scrap", "shipping": true })));
        assert_eq!(types(&decision), ["UnitsReturned"]);
        assert_eq!(story.stock("D").on_hand, 0);
        assert_eq!(story.status(ID), Status::Returned);
        assert_eq!(story.order(ID).current_totals().total, 0);
        assert!(story.order(ID).times.returned.is_some());
        assert_eq!(story.refused(back(json!({}))).code, Code::IllegalTransition);
    }

    #[test]
    fn only_what_was_shipped_comes_back() {
        let mut story = shop();
        let refused = story.refused(back(json!({ "lines": [{ "line": 1, "quantity": 3 }] })));
        assert_eq!((refused.code, refused.field.as_deref()), (Code::IllegalTransition, Some("lines")));
    }

    #[test]
    fn what_comes_back_goes_to_whoever_waits() {
        let mut story = shop();
        story.product("D", "40.00", json!({ "policy": "backorder", "backorder_limit": 9 }));
        let waiting = story.ordered(&[("D", 1)]);
        assert!(story.order(waiting).backordered());
        story.done(back(json!({})));
        assert!(!story.order(waiting).backordered());
    }
}
