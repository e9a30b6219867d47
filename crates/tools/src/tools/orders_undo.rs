//! orders.undo: takes back one's own latest command on an order, by recording what compensates it.

use orderlog_domain::{
    commands::Undo,
    envelope,
    event::Event,
    ids::{CommandId, OrderId, Position, StreamId, Version},
    rejection::{Code, Rejection},
};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    command_answer::CommandAnswer,
    command_call::{carried_out, carry_out_anew},
    failure::Failure,
    principal::Principal,
    request::Request,
    shop::OpenShop,
    tool::{Danger, Tool},
};

const UNDO: &str = "orders.undo";

/// Undo your own latest change of an order: place, confirm, ship (within 24 hours), hold, release, record payment.
/// Refused where a later event stands on it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// command_id from the answer of the change, or from orders_history.
    command_id: Uuid,
}

pub(super) fn tool() -> Tool {
    Tool::command_with(UNDO, "Undo a change of an order", Danger::Destructive, |shop, request, input| async move {
        run(&shop, request, input).await
    })
}

async fn run(shop: &OpenShop, request: Request, Input { command_id }: Input) -> Result<CommandAnswer, Failure> {
    if let Some(before) = carried_out(shop, &request).await? {
        let StreamId::Order(order_id) = before.receipt.subject else {
            return Err(anyhow::anyhow!("an undo was about {}", before.receipt.subject).into());
        };
        let undo = Undo { order_id, version: Version::NONE, facts: vec![] };
        return Ok(before.answer(shop, undo.into(), request.detail).await);
    }
    let undo = recorded(shop, CommandId(command_id), request.principal()).await?;
    carry_out_anew(shop, request, undo.into()).await
}

/// What the command recorded about its order.
async fn recorded(shop: &OpenShop, id: CommandId, principal: &Principal) -> Result<Undo, Failure> {
    let problem = |code: Code, message: &str| {
        Rejection::new(code, message).field("command_id").hint("Find the change with orders_history.")
    };
    let found = shop.log.find_commands(&[id]).await.map_err(anyhow::Error::new)?;
    let Some(record) = found.first() else {
        return Err(problem(Code::NotFound, "No command with this id is in the log.").into());
    };
    let count = u32::try_from(record.last.0 - record.first.0 + 1).unwrap_or(0);
    if count == 0 {
        return Err(problem(Code::IllegalTransition, "That command changed nothing.").into());
    }
    let events = shop.log.read(Position(record.first.0 - 1), count).await.map_err(anyhow::Error::new)?;
    let mut undo: Option<Undo> = None;
    for recorded in &events {
        let StreamId::Order(order_id) = recorded.stream else { continue };
        let event = envelope::decode(&recorded.json).map_err(anyhow::Error::new)?;
        if !principal.speaks_for(&event.provenance.actor.user) {
            return Err(problem(Code::Forbidden, "Somebody else gave that command: only they can undo it.").into());
        }
        // Orders whose backorders were filled on the way are not what the command was about.
        if matches!(event.data, Event::BackorderFilled(_)) {
            continue;
        }
        add(
            undo.get_or_insert(Undo { order_id, version: Version::NONE, facts: vec![] }),
            order_id,
            event.version,
            event.data,
        );
    }
    Ok(undo.ok_or_else(|| problem(Code::IllegalTransition, "That command was not about an order."))?)
}

fn add(undo: &mut Undo, order_id: OrderId, version: Version, fact: Event) {
    if undo.order_id == order_id {
        undo.version = version;
        undo.facts.push(fact);
    }
}
