//! Holding an order back, and releasing it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::refuse;
use crate::{
    decide::{Context, Decision, Refusal},
    event::{OrderHeld, OrderReleased},
    ids::{OrderId, StreamId},
    world::World,
};

/// Put an order on hold, so that nothing of it ships, or release it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetHold {
    /// The order's number.
    #[schemars(with = "i64", range(min = 1))]
    pub order_id: OrderId,
    /// Whether the order shall be on hold.
    pub on: bool,
}

impl SetHold {
    pub(super) fn decide(&self, world: &World, _context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = refuse::placed_order(world, self.order_id)?;
        let stream = StreamId::Order(order.id);
        let mut decision = Decision::about(stream);
        if order.on_hold() == self.on {
            return Ok(decision);
        }
        if self.on && order.unshipped() == 0 {
            let message = format!("Order #{} is {}: nothing of it is left to hold back.", order.id, order.status());
            return Err(refuse::illegal(order, message).into());
        }
        let order_id = order.id;
        if self.on {
            decision.record(stream, OrderHeld { order_id, until: None });
        } else {
            decision.record(stream, OrderReleased { order_id });
        }
        Ok(decision)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        commands::Ship,
        rejection::Code,
        testing::{Story, input, types},
    };

    #[test]
    fn holding_and_releasing_undo_each_other() {
        let mut story = Story::new();
        story.product("A", "1.00", json!({})).stocked("A", 5);
        let order_id = story.ordered(&[("A", 1)]);
        assert_eq!(types(&story.done(SetHold { order_id, on: true })), ["OrderHeld"]);
        assert!(story.order(order_id).on_hold());
        assert!(story.done(SetHold { order_id, on: true }).facts.is_empty());
        assert_eq!(types(&story.done(SetHold { order_id, on: false })), ["OrderReleased"]);
        assert!(story.done(SetHold { order_id, on: false }).facts.is_empty());
        story.done(input::<Ship>(json!({ "order_id": order_id })));
        assert_eq!(story.refused(SetHold { order_id, on: true }).code, Code::IllegalTransition);
    }
}
