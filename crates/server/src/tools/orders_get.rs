//! orders.get: one order as it stands, or stood at a moment of the past. Read from the log, so it is always fresh.

use std::sync::Arc;

use orderlog_domain::{
    ids::OrderId,
    order::Order,
    rejection::{Code, Rejection},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Failure, Tool,
    query::{Frame, Interpretation},
    views::{self, OrderView},
};
use crate::{as_of::AsOf, history, node::Node, people, principal::Caller, sentences};

/// One order: status, lines, money, shipments, payments; as it stands, or stood at as_of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The order's number.
    #[schemars(range(min = 1))]
    pub(crate) order_id: i64,
    /// As of a time (RFC 3339), a day (its end) or a log position.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 100))]
    pub(crate) as_of: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    order: OrderView,
    #[serde(flatten)]
    frame: Frame,
}

pub(super) fn tool() -> Tool {
    Tool::query("orders.get", "Show an order", |node, input, _: Caller| run(node, input))
}

pub(crate) async fn run(node: Arc<Node>, input: Input) -> Result<Output, Failure> {
    let id = OrderId(input.order_id);
    let as_of = match &input.as_of {
        Some(text) => Some(node.as_of(text).await?),
        None => None,
    };
    let position = as_of.map(|as_of| as_of.position);
    let events = history::events_of(&node.log, id, position).await?;
    let order = history::fold(id, &events).ok_or_else(|| unknown_then(&node, id, as_of))?;
    // From the log as well: a read model may not have heard of a name yet.
    let customer = node.customer_view(&people::customer(&node.log, order.customer_id).await?);
    let at = as_of.map_or_else(|| node.clock.now(), |as_of| as_of.at);
    let view = views::order(&node, &order, customer, at);
    let of = view.customer.name.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    let verb = if as_of.is_some() { "was" } else { "is" };
    let hold = if view.on_hold { format!(" and on hold{}", sentences::until(&node, &order)) } else { String::new() };
    let then = as_of.map(|as_of| format!(" This is how it stood {}.", as_of.in_words(&node))).unwrap_or_default();
    let text = format!(
        "Order #{id}{of}, placed on {}, {verb} {}{hold}: {}, {}.{then}",
        orderlog_domain::format::day_in_words(order.placed_on),
        sentences::spoken(order.status()),
        goods(&order, &node.amount(order.current_totals().total, order.currency)),
        order.payment_status().name().replace('_', " "),
    );
    let interpretation = Interpretation { as_of_position: position.map(|at| at.0), ..Interpretation::default() };
    let last = events.last().map_or(0, |event| event.position.0);
    Ok(Output { order: view, frame: Frame::of_log(last, None, interpretation, text) })
}

/// `3 units for ₹2,770.76, 1 more came back`: what is kept and what that comes to, then what is not.
fn goods(order: &Order, total: &str) -> String {
    let back: i64 = order.lines.iter().map(|line| line.returned).sum();
    let kept = order.lines.iter().map(|line| line.active()).sum::<i64>() - back;
    match (kept, back) {
        (_, 0) => format!("{} for {total}", sentences::units(kept)),
        (0, _) => format!("{} came back, which leaves {total}", sentences::units(back)),
        _ => format!("{} for {total}, {back} more came back", sentences::units(kept)),
    }
}

/// There is no such order, or there was none yet.
pub(super) fn unknown_then(node: &Node, id: OrderId, as_of: Option<AsOf>) -> Rejection {
    match as_of {
        None => unknown(id),
        Some(as_of) => Rejection::new(Code::NotFound, format!("There was no order #{id} {}.", as_of.in_words(node)))
            .field("as_of")
            .hint("Leave as_of out to see whether it was placed later."),
    }
}

pub(super) fn unknown(id: OrderId) -> Rejection {
    Rejection::new(Code::NotFound, format!("There is no order #{id}."))
        .field("order_id")
        .hint("Look for it with orders_search.")
}
