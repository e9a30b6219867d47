//! Shipping units: they leave the stock, and the first shipment adds the shipping fee to shipped revenue. The same
//! command confirms a pending order (rule O2).

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    About, Act,
    allotment::shortfall,
    lines::{LineSelection, Selected, readings, select},
    preconditions,
    repeated::{is_recent, suspected},
    stock_moves::StockMoves,
};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{Charge, LineUnits, OrderConfirmed, StockConsumed, StockReleased, UnitsShipped},
    ids::{OrderId, StreamId},
    limits,
    order::{Line, Order, ShippedUnits, Status},
    rejection::{Code, Problems, Rejection},
    states::States,
    text,
    typed::{self, Typed},
};

/// Ship units of an order: all that remain, or those in `lines`. A pending order is confirmed by it. Refused while the
/// order is on hold or the units wait for stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ship {
    /// Its number.
    #[schemars(range(min = 1))]
    pub order_id: OrderId,
    /// What leaves; every unit not yet shipped when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::LINES_PER_ORDER))]
    pub lines: Option<Vec<LineSelection>>,
    /// Who carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::CARRIER_CHARS))]
    pub carrier: Option<String>,
    /// The carrier's tracking number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::TRACKING_CHARS))]
    pub tracking: Option<String>,
    /// When it left, such as "yesterday 15:00"; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<DateTime<Utc>>,
}

impl Act for Ship {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = preconditions::placed_order(states, self.order_id)?;
        self.check(order, context)?;
        let stream = StreamId::Order(order.id);
        let mut decision = Decision::about(stream);
        preconditions::check_hold(order, context, &mut decision)?;
        if !order.status().may_become(Status::Shipped) {
            let reason = format!("{}: no unit remains to be shipped", order.status().spoken());
            return Err(preconditions::illegal_as_it_is(order, context, reason).into());
        }
        let selected = select(order, self.lines.as_deref(), Line::unshipped)?;
        // Without lines all the rest leaves, which cannot leave twice.
        if context.ask.repeated && self.lines.is_some() {
            check_repeated(order, &selected, context)?;
        }
        check_shippable(order, &selected, context)?;

        if order.status() == Status::Pending {
            decision.record(stream, OrderConfirmed { order_id: order.id });
        }
        let mut moves = StockMoves::new(states);
        consume(order, &selected, &mut moves)?;
        decision.record(stream, self.shipped(order, &selected));
        decision.warnings.extend(readings(order, self.lines.as_deref()));
        moves.settle(&mut decision)?;
        Ok(decision)
    }

    fn occurred_at(&self) -> Option<DateTime<Utc>> {
        self.occurred_at
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        let carrier = typed::number("carrier", &mut self.carrier);
        carrier.chain(typed::number("tracking", &mut self.tracking)).collect()
    }
}

impl Ship {
    fn check(&self, order: &Order, context: &Context<'_>) -> Result<(), Rejection> {
        let mut problems = Problems::default();
        if let Some(carrier) = &self.carrier {
            text::check_typed_line("carrier", carrier, limits::CARRIER_CHARS, &mut problems);
        }
        if let Some(tracking) = &self.tracking {
            text::check_typed_line("tracking", tracking, limits::TRACKING_CHARS, &mut problems);
        }
        preconditions::check_occurred_at(order, context, &mut problems);
        problems.check()
    }

    fn shipped(&self, order: &Order, selected: &[Selected<'_>]) -> UnitsShipped {
        let lines: Vec<LineUnits> = selected.iter().map(|s| s.line.next_to_ship(s.units)).collect();
        let first = order.standing_shipments().next().is_none();
        let shipping = if first { order.shipping } else { Charge::default() };
        let leaving: i64 = selected.iter().map(|s| s.units).sum();
        UnitsShipped {
            order_id: order.id,
            customer_id: order.customer_id,
            currency: order.currency,
            shipment: u32::try_from(order.shipments.len()).map_or(u32::MAX, |before| before.saturating_add(1)),
            converted: order.converted(&lines, Line::next_to_ship, shipping),
            lines,
            shipping,
            first,
            completes: leaving == order.unshipped(),
            carrier: self.carrier.clone(),
            tracking: self.tracking.clone(),
        }
    }
}

fn check_repeated(order: &Order, selected: &[Selected<'_>], context: &Context<'_>) -> Result<(), Rejection> {
    let leaving = || selected.iter().map(|s| ShippedUnits { line: s.line.line, units: s.units });
    let mut recent = order.standing_shipments().rev().filter(|shipment| is_recent(shipment.at, context));
    let Some(before) = recent.find(|shipment| shipment.units.iter().copied().eq(leaving())) else { return Ok(()) };
    let (id, shipment) = (order.id, before.shipment);
    let message =
        format!("The same units of order #{id} were shipped within the last two minutes (shipment {shipment}).");
    Err(suspected(message, json!({ "order_id": id, "shipment": shipment })))
}

fn check_shippable(order: &Order, selected: &[Selected<'_>], context: &Context<'_>) -> Result<(), Rejection> {
    if let Some(Selected { line, units }) = selected.iter().find(|s| s.units > s.line.unshipped()) {
        let message =
            preconditions::too_few(line, line.unshipped(), *units, ["remains to be shipped", "remain to be shipped"]);
        return Err(preconditions::at_most(order, context, message, line, line.unshipped()));
    }
    let short: Vec<Value> = selected
        .iter()
        .filter(|s| s.units > s.line.shippable())
        .map(|s| shortfall(&s.line.name, &s.line.sku, Some(s.line.line), s.units, s.line.shippable()))
        .collect();
    if short.is_empty() {
        return Ok(());
    }
    let subject = format!("Order #{}: ", order.id);
    Err(Rejection::because(Code::InsufficientStock, &subject, "some units still wait for stock")
        .field("lines")
        .hint("Receive the stock first (inventory_receive), or ship what is there by giving lines to orders_ship.")
        .candidates(short))
}

/// Takes the units out of stock. Units that a count found missing cannot leave.
fn consume(order: &Order, selected: &[Selected<'_>], moves: &mut StockMoves<'_>) -> Result<(), Refusal> {
    for Selected { line, units } in selected.iter().filter(|s| s.line.tracked) {
        let on_hand = moves.stock(line.product_id)?.on_hand;
        if *units > on_hand && moves.is_kept(line.product_id)? {
            let message = preconditions::too_few(line, on_hand, *units, ["is on hand", "are on hand"]);
            return Err(Rejection::new(Code::InsufficientStock, message)
                .field("lines")
                .hint("Count the stock and correct it with inventory_adjust, or receive more with inventory_receive.")
                .candidates(vec![shortfall(&line.name, &line.sku, Some(line.line), *units, on_hand)])
                .into());
        }
        // Units that are not on hand can leave only if the stock is not tracked any more: then the rest of the
        // reservation is released.
        let (there, missing) = ((*units).min(on_hand), (*units - on_hand).max(0));
        let (product_id, order_id, line) = (line.product_id, order.id, line.line);
        if there > 0 {
            moves.record(product_id, StockConsumed { product_id, order_id, line, units: there })?;
        }
        if missing > 0 {
            let released = StockReleased { product_id, order_id, line, reserved: missing, backordered: 0 };
            moves.record(product_id, released)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        commands::AdjustStock,
        event::{Amounts, Event},
        testing::{Story, input, types},
    };

    fn shop() -> (Story, OrderId) {
        let mut story = Story::new();
        story.product("A", "100.00", json!({})).stocked("A", 10);
        story.product("B", "33.34", json!({})).stocked("B", 10);
        let order_id = story.ordered(&[("A", 3), ("B", 1), ("A", 1)]);
        (story, order_id)
    }

    fn ship(lines: serde_json::Value) -> crate::commands::Command {
        input::<Ship>(json!({ "order_id": 1001, "lines": lines }))
    }

    #[test]
    fn the_fee_goes_with_the_first_shipment_and_the_last_completes() {
        let (mut story, id) = shop();
        let shipped = |decision: &Decision| {
            decision.facts.iter().find_map(|(_, event)| match event {
                Event::UnitsShipped(fact) => Some((fact.shipment, fact.completes, fact.lines[0].amounts)),
                _ => None,
            })
        };
        let first = story.done(ship(json!([{ "line": 1, "quantity": 2 }])));
        let two = Amounts { gross: 20_000, discount: 0, tax: 0 };
        assert_eq!(shipped(&first), Some((1, false, two)));
        let rest = story.done(input::<Ship>(json!({ "order_id": 1001, "carrier": "Blue Dart", "tracking": "BD1" })));
        assert_eq!(types(&rest), ["UnitsShipped", "StockConsumed", "StockConsumed", "StockConsumed"]);
        assert_eq!(shipped(&rest).map(|(number, completes, _)| (number, completes)), Some((2, true)));
        assert_eq!(story.order(id).shipments[1].tracking.as_deref(), Some("BD1"));
    }

    #[test]
    fn the_same_units_twice_are_asked_about_before_it_is_said_that_they_are_gone() {
        let (mut story, id) = shop();
        story.asks.repeated = true;
        let two = || ship(json!([{ "line": 1, "quantity": 2 }]));
        story.done(two());
        let asked = story.refused(two());
        assert_eq!(asked.code, Code::DuplicateSuspected, "one is left: {asked}");
        assert_eq!(asked.candidates, [json!({ "order_id": 1001, "shipment": 1 })]);
        story.done(ship(json!([{ "line": 1, "quantity": 1 }, { "line": 2, "quantity": 1 }])));
        assert_eq!(story.refused(ship(json!([{ "line": 3, "quantity": 2 }]))).code, Code::IllegalTransition);
        // All remaining units are selected if no lines are given.
        story.done(input::<Ship>(json!({ "order_id": 1001 })));
        assert_eq!(story.order(id).status(), Status::Shipped);

        let (mut story, _) = shop();
        story.asks.repeated = true;
        let one = || ship(json!([{ "line": 1, "quantity": 1 }]));
        story.done(one());
        story.now += chrono::TimeDelta::seconds(120);
        story.done(one());
    }

    #[test]
    fn units_that_are_not_there_cannot_be_named() {
        let (mut story, _) = shop();
        assert_eq!(story.refused(ship(json!([{ "line": 9, "quantity": 1 }]))).code, Code::NotFound);
        assert_eq!(story.refused(ship(json!([{ "product": "A", "quantity": 1 }]))).code, Code::Ambiguous);
        assert_eq!(story.refused(ship(json!([{ "line": 2, "quantity": 2 }]))).code, Code::IllegalTransition);
        assert_eq!(story.refused(ship(json!([]))).code, Code::InvalidArgument);
        assert_eq!(story.refused(ship(json!([{ "quantity": 1 }]))).code, Code::InvalidArgument);
        assert_eq!(story.refused(ship(json!([{ "line": 1, "quantity": -1 }]))).code, Code::InvalidArgument);
    }

    #[test]
    fn a_line_is_found_by_its_sku_or_name_however_they_are_written() {
        let mut story = Story::new();
        story.product("Café-1", "10.00", json!({ "name": "D’Embruns Thé" })).stocked("Café-1", 10);
        story.ordered(&[("Café-1", 10)]);
        for typed in ["CAFE\u{301}-1", " café-1 ", "d'embruns the", "D\u{2019}embruns  Thé"] {
            story.done(ship(json!([{ "product": typed, "quantity": 1 }])));
        }
        for words in ["cafe-1", "thé d'embruns"] {
            let shipped = story.done(ship(json!([{ "product": words, "quantity": 1 }])));
            assert_eq!(shipped.warnings, [format!("`{words}` was read as D’Embruns Thé (Café-1).")]);
        }
        for other in ["Emb", "The noir", "cafe-12"] {
            assert_eq!(
                story.refused(ship(json!([{ "product": other, "quantity": 1 }]))).code,
                Code::NotFound,
                "{other}"
            );
        }
    }

    #[test]
    fn what_a_count_found_missing_cannot_leave() {
        let (mut story, _) = shop();
        let counted = story.done(input::<AdjustStock>(json!({ "product": "A", "counted": 2 })));
        assert!(counted.warnings[0].contains("oversold"));
        let refused = story.refused(ship(json!([{ "line": 1, "quantity": 3 }])));
        assert_eq!(refused.code, Code::InsufficientStock);
        story.done(ship(json!([{ "line": 1, "quantity": 2 }])));
    }

    #[test]
    fn nothing_ships_twice() {
        let (mut story, _) = shop();
        let all = || input::<Ship>(json!({ "order_id": 1001 }));
        story.done(all());
        assert_eq!(story.refused(all()).code, Code::IllegalTransition);
    }
}
