//! Undoing a call about many orders: each order on its own, if nothing was done to it since.

use std::collections::BTreeMap;

use futures::future::join_all;
use orderlog_domain::{
    guarded::{Guarded, GuardedAct},
    ids::{CommandId, OrderId, Version},
    rejection::{Code, Rejection},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::target::{Shown, Target, target};
use crate::{
    answer::{Reply, Short, Told},
    command_call::{keep_answer, keep_shown, submit},
    confirm::list_id,
    directory::Resolved,
    failure::Failure,
    request::Request,
    sentences,
    shop::OpenShop,
};

/// Orders that stay as they are, and reasons, that an answer names.
const TOLD_REASONS: usize = 3;
/// In a list, the version of an order that the preview left as it is.
const LEFT_ALONE: i64 = 0;

/// The outcome of the orders, done or foreseen.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Undone {
    /// Orders whose change was taken back.
    undone: usize,
    /// Orders that stay as they are.
    #[serde(default, skip_serializing_if = "is_nothing")]
    refused: usize,
    /// The first of these orders, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    text: String,
}

fn is_nothing(orders: &usize) -> bool {
    *orders == 0
}

impl Told for Undone {
    fn short(self) -> Short {
        Short::of(self.text)
            .lines(self.reasons.clone())
            .said("undone", self.undone)
            .said("refused", self.refused)
            .said("reasons", self.reasons)
    }
}

/// The version of the order before, or why it stays.
type Outcome = Result<Version, Rejection>;

pub(super) async fn undo(
    shop: &OpenShop,
    mut request: Request,
    id: Uuid,
    orders: &BTreeMap<i64, CommandId>,
    shown: Option<Shown>,
) -> Result<Reply, Failure> {
    let detail = request.detail;
    let first = OrderId(orders.keys().next().copied().unwrap_or_default());
    let ids: Vec<i64> = orders.keys().copied().collect();
    let token = request.common.confirm_token.take().filter(|_| !request.is_dry_run());
    let confirmed = token.map(|token| request.bound(shop).check(&token, shop.clock.now()));
    let unfit = match (confirmed, shown) {
        (Some(Ok(confirmed)), Some(shown)) => {
            let parts =
                shown.orders.iter().filter(|(order, version)| *version != LEFT_ALONE && orders.contains_key(order));
            let parts: Vec<(i64, i64)> = parts.copied().collect();
            let done = parts
                .iter()
                .map(|(order, version)| one(shop, request.part(&confirmed, *order, *version), orders[order]));
            let outcomes: Vec<Outcome> = join_all(done).await.into_iter().collect::<Result<_, _>>()?;
            let parts: Vec<i64> = parts.iter().map(|(order, _)| *order).collect();
            let undone = tell(&parts, &outcomes, false);
            keep_answer(shop, &request, Some(&confirmed), first, &undone).await?;
            return Reply::of(undone, detail);
        }
        (Some(Err(unfit)), _) => Some(unfit),
        (Some(Ok(_)) | None, _) => None,
    };
    let trials = orders.values().map(|command| one(shop, request.trial(), *command));
    let outcomes: Vec<Outcome> = join_all(trials).await.into_iter().collect::<Result<_, _>>()?;
    let foreseen = tell(&ids, &outcomes, true);
    if request.is_dry_run() || foreseen.undone == 0 {
        return Reply::of(foreseen, detail);
    }
    let versions = outcomes.iter().map(|outcome| outcome.as_ref().map_or(LEFT_ALONE, |version| version.0));
    let shown = Shown { target: id, orders: ids.into_iter().zip(versions).collect() };
    let (now, nonce) = (shop.clock.now(), shop.clock.new_id());
    keep_shown(shop, &request, list_id(nonce), first, &shown).await?;
    let preview: Value = json!({ "text": foreseen.text, "changes": foreseen.reasons });
    // A bulk that can be undone records no other guarded act.
    let guarded = Guarded::NONE.and([GuardedAct::Bulk]).among(shop.settings.confirmed_by_people);
    Err(request.bound(shop).ask(preview, Version::NONE, (now, nonce), unfit, guarded, None).into())
}

async fn one(shop: &OpenShop, request: Request, command: CommandId) -> Result<Outcome, Failure> {
    let undo = match target(shop, command, request.principal()).await {
        Ok(Target::One(undo)) => undo,
        Ok(Target::Many(_)) => return Err(anyhow::anyhow!("a call about many orders is part of another").into()),
        Err(Failure::Rejected(rejection)) => return Ok(Err(rejection)),
        Err(failure) => return Err(failure),
    };
    match submit(shop, request, *undo, Resolved::default()).await {
        Ok((_, receipt, _)) => Ok(Ok(receipt.before.as_ref().map_or(Version::NONE, |before| before.version()))),
        Err(Failure::Rejected(rejection)) if !rejection.retryable && rejection.code != Code::IdempotencyMismatch => {
            Ok(Err(rejection))
        }
        Err(failure) => Err(failure),
    }
}

fn tell(orders: &[i64], outcomes: &[Outcome], foreseen: bool) -> Undone {
    let undone = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = outcomes.len() - undone;
    let counted = |n: usize| match n {
        0 => "no order".to_owned(),
        n => sentences::plural(i64::try_from(n).unwrap_or(i64::MAX), "order"),
    };
    let is = match (foreseen, undone) {
        (true, _) => "would be",
        (false, 0 | 1) => "is",
        (false, _) => "are",
    };
    let mut text = format!("{} {is} back as before.", sentences::capitalised(counted(undone)));
    if refused > 0 {
        let stay = if refused == 1 { "stays as it is" } else { "stay as they are" };
        text.push_str(&format!(" {} {stay}.", sentences::capitalised(counted(refused))));
    }
    let reasons = orders.iter().zip(outcomes).filter_map(|(order, outcome)| {
        outcome.as_ref().err().map(|rejection| format!("#{order}: {}", rejection.message))
    });
    Undone { undone, refused, reasons: reasons.take(TOLD_REASONS).collect(), text }
}
