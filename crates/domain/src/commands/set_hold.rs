//! Putting an order on hold, until it is released or until a given moment, and releasing it (rule O4).

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{About, Act, preconditions};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{OrderHeld, OrderReleased},
    ids::{OrderId, StreamId},
    limits,
    rejection::{Problems, Rejection},
    states::States,
};

/// Put an order on hold, so that nothing of it ships, or release it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetHold {
    /// Its number.
    #[schemars(range(min = 1))]
    pub order_id: OrderId,
    /// Whether the order shall be on hold.
    pub on: bool,
    /// When it ends by itself, such as "Friday"; else once released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

impl Act for SetHold {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = preconditions::placed_order(states, self.order_id)?;
        let stream = StreamId::Order(order.id);
        let mut decision = Decision::about(stream);
        self.check(context)?;
        let unchanged = if self.on { order.times.held_until == self.until } else { true };
        if order.on_hold_at(context.now) == self.on && unchanged {
            return Ok(decision);
        }
        if self.on && order.unshipped() == 0 {
            let message =
                format!("Order #{} is {}: nothing of it is left to hold back.", order.id, order.status().spoken());
            return Err(preconditions::illegal(order, context, message).into());
        }
        let order_id = order.id;
        if self.on {
            decision.record(stream, OrderHeld { order_id, until: self.until });
        } else {
            decision.record(stream, OrderReleased { order_id });
        }
        Ok(decision)
    }
}

impl SetHold {
    fn check(&self, context: &Context<'_>) -> Result<(), Rejection> {
        let mut problems = Problems::default();
        match self.until {
            None => {}
            Some(_) if !self.on => problems.add("until", "goes with on: true"),
            Some(until) if until <= context.now => {
                problems.add(
                    "until",
                    format!("lies in the past; it is {} now", preconditions::moment(context.now, context)),
                );
            }
            Some(until) if until - context.now > TimeDelta::days(limits::HOLD_DAYS) => {
                problems.add("until", format!("lies more than {} days ahead", limits::HOLD_DAYS));
            }
            Some(_) => {}
        }
        problems.check()
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
        assert_eq!(types(&story.done(SetHold { order_id, on: true, until: None })), ["OrderHeld"]);
        assert!(story.order(order_id).on_hold());
        assert!(story.done(SetHold { order_id, on: true, until: None }).facts.is_empty());
        assert_eq!(types(&story.done(SetHold { order_id, on: false, until: None })), ["OrderReleased"]);
        assert!(story.done(SetHold { order_id, on: false, until: None }).facts.is_empty());
        story.done(input::<Ship>(json!({ "order_id": order_id })));
        assert_eq!(story.refused(SetHold { order_id, on: true, until: None }).code, Code::IllegalTransition);
    }

    #[test]
    fn a_hold_that_has_ended_is_none_and_releasing_it_changes_nothing() {
        let mut story = Story::new();
        story.product("A", "1.00", json!({})).stocked("A", 5);
        let order_id = story.ordered(&[("A", 1)]);
        let end = "2026-11-21T09:00:00+05:30";
        story.done(SetHold { order_id, on: true, until: end.parse().ok() });
        let shown = |story: &Story| {
            let view = story.order(order_id).view(story.now);
            (view.on_hold, view.allowed_next.contains(&crate::order::Status::Shipped))
        };
        assert_eq!(shown(&story), (true, false));
        let held = story.order(order_id).clone();
        assert_eq!(held.clone().as_read_at(story.now), held);
        story.at(end);
        assert_eq!(shown(&story), (false, true));
        assert!(!story.order(order_id).clone().as_read_at(story.now).on_hold());
        assert!(story.done(SetHold { order_id, on: false, until: None }).facts.is_empty());
        assert_eq!(types(&story.done(SetHold { order_id, on: true, until: None })), ["OrderHeld"]);
        assert_eq!(shown(&story), (true, false));
    }

    #[test]
    fn a_hold_with_an_end_ends_by_itself() {
        let mut story = Story::new();
        story.product("A", "1.00", json!({})).stocked("A", 5);
        let order_id = story.ordered(&[("A", 1)]);
        let until = |time: &str| SetHold { order_id, on: true, until: time.parse().ok() };
        let past = story.refused(until("2026-11-20T11:59:59+05:30"));
        assert_eq!(past.message, "until lies in the past; it is 2026-11-20T12:00:00+05:30 now.");
        story.done(until("2026-11-21T09:00:00+05:30"));
        assert!(story.done(until("2026-11-21T09:00:00+05:30")).facts.is_empty());
        story.done(until("2026-11-21T10:00:00+05:30"));
        let ship = || input::<Ship>(json!({ "order_id": order_id }));
        let refused = story.refused(ship());
        assert_eq!(refused.code, Code::OnHold);
        assert!(refused.message.contains("21 Nov 2026 10:00"), "{}", refused.message);
        story.at("2026-11-21T10:00:00+05:30");
        let shipped = story.done(ship());
        assert_eq!(types(&shipped)[..2], ["OrderReleased", "OrderConfirmed"]);
        assert!(!story.order(order_id).on_hold());
    }
}
