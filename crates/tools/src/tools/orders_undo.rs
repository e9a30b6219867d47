//! orders.undo: undoes the caller's latest act, or a named one, by recording events that compensate it.

mod many;
mod target;

use std::sync::Arc;

use orderlog_domain::{
    commands::{Command, Undo, UndoStock},
    ids::{CommandId, OrderId, StreamId, Version},
};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use self::{
    many::Undone,
    target::{Shown, Target, latest_own, target},
};
use crate::{
    answer::Reply,
    arguments::read_as,
    call::Call,
    command_answer::CommandAnswer,
    command_call::{carried_out, carry_out_anew, keep_shown, kept_shown},
    failure::Failure,
    request::{Common, Request},
    schema,
    shop::OpenShop,
    tool::{Danger, Tool},
};

const UNDO: &str = "orders.undo";

/// Undo what you did: your latest act, or the one with this command_id; of a bulk all of it. Takes back placing,
/// confirming, shipping (24 hours), holds, payments, changed lines, stock received or corrected. Refused where a later event stands on it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// From the answer of the change, orders_history or shop_activity.
    #[serde(default)]
    command_id: Option<Uuid>,
}

pub(super) fn tool() -> Tool {
    let (mut input, output) = (schema::input::<Input>(), schema::output::<CommandAnswer>());
    schema::merge(&mut input, schema::input::<Common>());
    Tool::new(UNDO, "Undo what you did", Danger::Destructive, input, output, |shop, call| {
        Box::pin(async move { run(&shop, call).await })
    })
}

async fn run(shop: &Arc<OpenShop>, call: Call) -> Result<Reply, Failure> {
    let detail = call.detail;
    let (mut request, arguments) = Request::split(shop, UNDO, call)?;
    let input: Input = read_as(arguments)?;
    if let Some(before) = carried_out(shop, &request).await? {
        if let Some(undone) = before.kept::<Undone>() {
            return Reply::of(undone, detail);
        }
        let command = nothing_more(before.receipt.subject)?;
        return Reply::of(before.answer(shop, command, detail).await, detail);
    }
    let shown: Option<Shown> = match &request.common.confirm_token {
        Some(token) if !request.is_dry_run() => match request.bound(shop).check(token, shop.clock.now()) {
            Ok(confirmed) => Some(kept_shown(shop, &request, &confirmed).await?),
            Err(_) => None,
        },
        _ => None,
    };
    let id = match (&shown, input.command_id) {
        (Some(shown), _) => shown.target,
        (None, Some(id)) => id,
        (None, None) => latest_own(shop, request.principal()).await?,
    };
    request.undoes = Some(id);
    match target(shop, CommandId(id), request.principal()).await? {
        Target::Many(orders) => many::undo(shop, request, id, &orders, shown).await,
        Target::One(command) => {
            let asked = request.clone();
            let outcome = carry_out_anew(shop, request, *command).await;
            if let Err(Failure::Rejected(rejection)) = &outcome
                && let Some(asking) = &rejection.confirmation
                && let Ok((_, token)) = asked.bound(shop).read(&asking.confirm_token)
            {
                let shown = Shown { target: id, orders: vec![] };
                keep_shown(shop, &asked, token.list, OrderId::FIRST, &shown).await?;
            }
            Reply::of(outcome?, detail)
        }
    }
}

/// Whether a command that recorded facts of these types about an order can be undone.
pub fn can_take_back<'a>(types: impl Iterator<Item = &'a str>) -> bool {
    Undo::can_take_back(types)
}

/// The command that the sentences of a repeated answer describe.
fn nothing_more(subject: StreamId) -> Result<Command, Failure> {
    match subject {
        StreamId::Order(order_id) => {
            Ok(Undo { order_id, version: Version::NONE, facts: vec![], lines_before: vec![] }.into())
        }
        StreamId::Stock(product_id) => Ok(UndoStock { product_id, delta: 0, product: String::new() }.into()),
        subject => Err(anyhow::anyhow!("an undo was about {subject}").into()),
    }
}
