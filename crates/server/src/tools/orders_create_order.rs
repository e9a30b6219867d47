//! orders.create_order: the command, and the question whether an identical order moments ago was meant.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use orderlog_domain::{
    commands::{Command, CreateOrder},
    rejection::{Code, Rejection},
};
use orderlog_event_log::Hash;
use serde_json::{Value, json};

use super::{
    Call, Danger, Failure, Tool,
    command::{self, CommandAnswer, Request},
};
use crate::{mcp::schema::Object, node::Node};

/// How long an identical order is suspected to be the same one.
const SUSPICION: Duration = Duration::from_secs(120);
/// Orders remembered at most.
const REMEMBERED: usize = 100_000;

pub(super) const NAME: &str = "orders.create_order";

/// Orders placed through this node without an idempotency key, by what was asked.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<HashMap<Hash, (i64, Instant)>>);

pub(super) fn tool() -> Tool {
    Tool::command_with::<CreateOrder, _>(NAME, "Create an order", Danger::Write, |node, call| async move {
        run(&node, call).await
    })
    .with_argument(
        "allow_duplicate",
        json!({"type": "boolean", "description": "Place it although an identical order was placed within two minutes."}),
    )
}

async fn run(node: &Node, call: Call) -> Result<CommandAnswer, Failure> {
    let Call { mut arguments, caller } = call;
    let allow_duplicate = arguments.remove("allow_duplicate") == Some(Value::Bool(true));
    let request = Request::split(node, NAME, &mut arguments, caller)?;
    let order: CreateOrder = super::read(arguments)?;
    let suspect = (request.common.idempotency_key.is_none() && !request.is_dry_run()).then(|| request.hash());
    if let Some(hash) = suspect
        && !allow_duplicate
        && let Some(order_id) = node.recent.find(&hash)
    {
        return Err(duplicate(order_id).into());
    }
    let answer = command::carry_out(node, request, Command::CreateOrder(order)).await?;
    if let (Some(hash), Some(order_id)) = (suspect, answer.order_id) {
        node.recent.remember(hash, order_id);
    }
    Ok(answer)
}

/// The schema of create_order, for the benchmark's tool that takes the same and does nothing.
pub(super) fn schema() -> Object {
    (*tool().input).clone()
}

fn duplicate(order_id: i64) -> Rejection {
    let message = format!("An identical order, #{order_id}, was placed within the last two minutes.");
    Rejection::new(Code::DuplicateSuspected, message)
        .hint("If the user wants a second one, repeat the call with allow_duplicate: true. An idempotency_key avoids the question.")
        .candidates(vec![json!({ "order_id": order_id })])
}

impl Recent {
    fn find(&self, hash: &Hash) -> Option<i64> {
        let recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.get(hash).filter(|(_, since)| since.elapsed() < SUSPICION).map(|(order_id, _)| *order_id)
    }

    fn remember(&self, hash: Hash, order_id: i64) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= REMEMBERED {
            recent.retain(|_, (_, since)| since.elapsed() < SUSPICION);
            if recent.len() >= REMEMBERED {
                recent.clear();
            }
        }
        recent.insert(hash, (order_id, Instant::now()));
    }
}
