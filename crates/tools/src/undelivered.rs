//! Messages that wait or were given up, and what an operator can do about them. Shared by `orderlog notifications` and
//! the page for notifications; no tool of assistants uses it.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use orderlog_access::{Principal, Right};
use orderlog_domain::{
    commands::{Command, EnableTarget, ReplayNotifications},
    event::Message,
    ids::ProductId,
    rejection::{Code, Rejection},
};
use uuid::Uuid;

use crate::{
    command_answer::CommandAnswer, command_call::carry_out, echo::shown, failure::Failure, history, permit::permit,
    principal::Caller, request::Request, schema::Object, shop::OpenShop,
};

/// What an operator can do about messages and targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperatorAct {
    /// Try these messages again, which were given up.
    Replay(Vec<Uuid>),
    /// Allow messages to this target again.
    Enable(String),
}

impl OperatorAct {
    /// Tries the messages with these ids again.
    ///
    /// # Errors
    /// When one is none.
    pub fn replay<'a>(ids: impl Iterator<Item = &'a str>) -> Result<OperatorAct, Failure> {
        let read = |id: &'a str| {
            id.parse()
                .map_err(|_| Rejection::new(Code::InvalidArgument, format!("{} is no message.", shown(id))).into())
        };
        ids.map(read).collect::<Result<_, _>>().map(OperatorAct::Replay)
    }
}

/// A message, as people see it.
#[derive(Debug)]
pub struct Told {
    /// Id of the message.
    pub id: Uuid,
    /// The target.
    pub target: String,
    /// The subject: `shipped`.
    pub what: &'static str,
    /// The order that the message is about.
    pub order_id: Option<i64>,
    /// SKU and name of the product that the message is about.
    pub product: Option<(String, String)>,
    /// Number of tries.
    pub tries: u32,
    /// Why the message waits or was given up.
    pub why: Option<String>,
    /// When the message is or was due.
    pub due: String,
}

/// Messages that are under way, and those that were given up.
#[derive(Debug)]
pub struct Undelivered {
    /// The messages, those that are due first at the front.
    pub waiting: Vec<Told>,
    /// How many wait in all.
    pub all_waiting: usize,
    /// The latest that were given up, latest first.
    pub given_up: Vec<Told>,
    /// How many were given up in all.
    pub all_given_up: usize,
}

/// The subject of a message, in a few words.
#[must_use]
pub fn about(message: &Message) -> String {
    match message.order_id {
        Some(id) => format!("order #{id}"),
        None if message.what.is_of_shop() => "the shop".to_owned(),
        None => "stock".to_owned(),
    }
}

/// Whether somebody may see single messages: only those who may make rules. Others see how many there are.
#[must_use]
pub fn may_see(principal: &Principal) -> bool {
    principal.may(Right::NotifyWrite) || principal.may(Right::Admin)
}

/// At most so many of each kind.
pub fn list<'a>(
    shop: &'a OpenShop,
    principal: &'a Principal,
    most: usize,
) -> BoxFuture<'a, Result<Undelivered, Failure>> {
    Box::pin(async move {
        if !may_see(principal) {
            permit(principal, Right::NotifyWrite)?;
        }
        let all = history::notifications(&shop.log).await?;
        let mut waiting: Vec<&Message> = all.waiting.values().collect();
        waiting.sort_by_key(|message| (message.not_before, message.position));
        waiting.truncate(most);
        let mut names = BTreeMap::new();
        let waiting = told(shop, waiting, &mut names).await?;
        let given_up = told(shop, all.dead.iter().rev().take(most).collect(), &mut names).await?;
        Ok(Undelivered { waiting, all_waiting: all.waiting.len(), given_up, all_given_up: all.dead.len() })
    })
}

/// Every message that was given up, or those to one target.
pub fn given_up<'a>(shop: &'a OpenShop, target: Option<&'a str>) -> BoxFuture<'a, anyhow::Result<Vec<Uuid>>> {
    Box::pin(async move {
        let all = history::notifications(&shop.log).await?;
        let wanted = |message: &&Message| target.is_none_or(|target| message.target == target);
        Ok(all.dead.iter().filter(wanted).map(|message| message.id).collect())
    })
}

/// Carries out an act, or says what it would do: `row` may contain `dry_run`, `idempotency_key` and `reason`. The node
/// that delivers is informed.
///
/// # Errors
/// When the caller may not do this, or there is no such message or target.
pub fn carry_out_act(
    shop: &OpenShop,
    caller: Caller,
    act: OperatorAct,
    mut row: Object,
) -> BoxFuture<'_, Result<CommandAnswer, Failure>> {
    Box::pin(async move {
        permit(&caller.principal, Right::Admin)?;
        let dry_run = row.remove("dry_run").is_some_and(|given| given == true);
        // The act is part of the request, so one key is valid for one act.
        let (given, command): (_, Command) = match act {
            OperatorAct::Replay(messages) => (format!("{messages:?}"), ReplayNotifications { messages }.into()),
            OperatorAct::Enable(target) => {
                let is_set_up = shop.targets.iter().any(|known| known.name == target);
                if !is_set_up && !history::notifications(&shop.log).await?.disabled.contains(&target) {
                    return Err(Rejection::new(Code::NotFound, "There is no target of that name.").into());
                }
                (target.clone(), EnableTarget { target }.into())
            }
        };
        row.insert("given".to_owned(), given.into());
        let request = Request::of_import(shop, "notifications", row, dry_run, caller)?;
        carry_out(shop, request, command).await
    })
}

async fn told(
    shop: &OpenShop,
    messages: Vec<&Message>,
    names: &mut BTreeMap<ProductId, Option<(String, String)>>,
) -> anyhow::Result<Vec<Told>> {
    let (mut all, head) = (vec![], shop.log.head().await?.position);
    for message in messages {
        let product = match message.product_id {
            Some(id) => match names.get(&id) {
                Some(known) => known.clone(),
                None => {
                    let product = history::product_at(&shop.log, id, head).await?;
                    let name = product.entry.map(|entry| (product.sku, entry.name));
                    names.entry(id).or_insert(name).clone()
                }
            },
            None => None,
        };
        all.push(Told {
            id: message.id,
            target: message.target.clone(),
            what: message.what.name(),
            order_id: message.order_id.map(|id| id.0),
            product,
            tries: message.tries,
            why: message.why.clone(),
            due: shop.wording.time(message.not_before),
        });
    }
    Ok(all)
}
