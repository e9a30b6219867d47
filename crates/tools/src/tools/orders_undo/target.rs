//! The target of an undo: the caller's latest act, or the events of a command.

use std::collections::BTreeMap;

use orderlog_access::Right;
use orderlog_commands::receipt_of;
use orderlog_domain::{
    commands::{Command, Undo, UndoStock},
    envelope::{self, Envelope},
    event::Event,
    ids::{CommandId, OrderId, Position, StreamId, Version},
    order::Line,
    rejection::{Code, Rejection},
};
use orderlog_event_log::CommandRecord;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    command_call::Before,
    failure::Failure,
    history,
    permit::permit,
    principal::Principal,
    recent_acts::{READ_EVENTS, Recent, RecentAct},
    shop::OpenShop,
};

/// Events of a stock's stream in which an earlier undo of the movement is looked for.
const STOCK_EVENTS: u32 = 5_000;

/// The content of an undo's preview, stored in the log under its token.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Shown {
    /// The act to undo.
    pub(super) target: Uuid,
    /// For a call about many orders: each order with the version that the preview showed.
    pub(super) orders: Vec<(i64, i64)>,
}

/// The meaning of an id.
pub(super) enum Target {
    One(Box<Command>),
    /// Orders that one call changed, each with its command.
    Many(BTreeMap<i64, CommandId>),
}

/// The stored part of the answer to a call about many orders.
#[derive(Deserialize)]
struct Changed {
    command_ids: BTreeMap<i64, CommandId>,
}

fn problem(code: Code, message: impl Into<String>) -> Rejection {
    Rejection::new(code, message).field("command_id").hint("Find the change with shop_activity or orders_history.")
}

/// The latest act of the caller that is neither an undo nor undone.
pub(super) async fn latest_own(shop: &OpenShop, principal: &Principal) -> Result<Uuid, Failure> {
    let head = shop.projections.head(&shop.log).await?.position;
    // An act that only waits for a person is not an act yet.
    let waits = |act: &RecentAct| act.events.iter().all(|event| event.stream == StreamId::Confirmations);
    let own = |act: &RecentAct| principal.user == act.provenance().actor.user && !waits(act);
    let found = |acts: &[RecentAct]| {
        let undone: Vec<Uuid> = acts.iter().filter_map(RecentAct::takes_back).collect();
        acts.iter().find(|act| own(act) && act.takes_back().is_none() && !undone.contains(&act.id)).map(|act| act.id)
    };
    let recent = Recent::until(&shop.log, head, |acts| found(acts).is_some()).await?;
    found(&recent.acts).ok_or_else(|| {
        let message = match recent.earlier {
            Some(_) => format!("You did nothing among the latest {READ_EVENTS} events that can be undone."),
            None => "You did nothing yet that can be undone.".to_owned(),
        };
        problem(Code::NotFound, message).into()
    })
}

/// The events of the command, and what undoes them.
pub(super) async fn target(shop: &OpenShop, id: CommandId, principal: &Principal) -> Result<Target, Failure> {
    let found = shop.log.find_commands(&[id]).await.map_err(anyhow::Error::new)?;
    let Some(record) = found.first() else {
        return Err(problem(Code::NotFound, "No command with this id is in the log.").into());
    };
    let count = u32::try_from(record.last.0 - record.first.0 + 1).unwrap_or(0);
    if count == 0 {
        let changed = many(shop, record).await?.filter(|orders| !orders.is_empty());
        return changed
            .map(Target::Many)
            .ok_or_else(|| problem(Code::IllegalTransition, "That command changed nothing.").into());
    }
    let events = shop.log.read(Position(record.first.0 - 1), count).await.map_err(anyhow::Error::new)?;
    let events: Vec<Envelope<Event>> = events
        .iter()
        .map(|recorded| envelope::decode(&recorded.json))
        .collect::<Result<_, _>>()
        .map_err(anyhow::Error::new)?;
    if events.iter().any(|event| !principal.speaks_for(&event.provenance.actor.user)) {
        return Err(problem(Code::Forbidden, "Somebody else gave that command: only they can undo it.").into());
    }
    if let Some(mut undo) = events.first().and_then(|first| UndoStock::of(&first.data)) {
        permit(principal, Right::InventoryWrite)?;
        not_yet_taken_back(shop, id, &events[0]).await?;
        let product = history::product_at(&shop.log, undo.product_id, events[0].position).await?;
        undo.product = product.entry.map(|entry| entry.name).unwrap_or_default();
        return Ok(Target::One(Box::new(undo.into())));
    }
    let undo = of_order(shop, events).await?;
    let undo = undo.ok_or_else(|| {
        problem(
            Code::IllegalTransition,
            "That change was of a product, a customer, an exchange rate or a rule: orders_undo takes back none of these.",
        )
        .hint("Set it again to what it was; shop_activity shows what was changed, and the earlier acts that can be undone.")
    })?;
    Ok(Target::One(Box::new(undo.into())))
}

async fn many(shop: &OpenShop, record: &CommandRecord) -> Result<Option<BTreeMap<i64, CommandId>>, Failure> {
    if record.told.is_none() {
        return Ok(None);
    }
    let receipt = receipt_of(&shop.log, record.command_id, &[record.request_hash]).await;
    let before = receipt.ok().flatten().map(|receipt| Before::of(shop, receipt));
    Ok(before.and_then(|before| before.kept::<Changed>()).map(|changed| changed.command_ids))
}

/// Refuses a movement of stock that was undone before; the state of the stock does not show that.
async fn not_yet_taken_back(shop: &OpenShop, id: CommandId, moved: &Envelope<Event>) -> Result<(), Failure> {
    let later = shop.log.read_stream(moved.stream, moved.version, STOCK_EVENTS).await.map_err(anyhow::Error::new)?;
    if later.len() >= STOCK_EVENTS as usize {
        let message = "Too much has happened to this stock since.";
        return Err(problem(Code::IllegalTransition, message)
            .hint("Correct it with inventory_adjust: delta, or what was counted.")
            .into());
    }
    for recorded in later.iter().filter(|recorded| recorded.event_type == "StockAdjusted") {
        let event = envelope::decode(&recorded.json).map_err(anyhow::Error::new)?;
        if event.provenance.causation_id == id.0 && event.provenance.command_id != id {
            return Err(problem(Code::IllegalTransition, "That was undone before.").into());
        }
    }
    Ok(())
}

/// The undo of the facts about the order that the command was about.
async fn of_order(shop: &OpenShop, events: Vec<Envelope<Event>>) -> Result<Option<Undo>, Failure> {
    let mut undo: Option<(Undo, Version)> = None;
    for event in events {
        let StreamId::Order(order_id) = event.stream else { continue };
        // Orders whose backorders were filled by the command are not its subject.
        if matches!(event.data, Event::BackorderFilled(_)) {
            continue;
        }
        let (undo, _) = undo.get_or_insert((
            Undo { order_id, version: Version::NONE, facts: vec![], lines_before: vec![] },
            event.version,
        ));
        if undo.order_id == order_id {
            undo.version = event.version;
            undo.facts.push(event.data);
        }
    }
    let Some((mut undo, first)) = undo else { return Ok(None) };
    if undo.facts.iter().any(|fact| matches!(fact, Event::LinesChanged(_))) {
        undo.lines_before = lines_before(shop, undo.order_id, first).await?;
    }
    Ok(Some(undo))
}

async fn lines_before(
    shop: &OpenShop,
    order_id: OrderId,
    first: Version,
) -> Result<Vec<orderlog_domain::event::PlacedLine>, Failure> {
    let mut events = history::events_of(&shop.log, order_id, None).await?;
    events.retain(|event| event.version < first);
    let before = history::fold(order_id, &events);
    Ok(before.iter().flat_map(|order| &order.lines).map(Line::as_placed).collect())
}
