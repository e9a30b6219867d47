//! The path of a command: resolve names, confirm if needed, seal, submit, answer. A repeated call gets its first
//! answer.

use futures::future::BoxFuture;
use orderlog_commands::{Origin, Receipt, Submission, SubmitError, receipt_of};
use orderlog_domain::{
    commands::{About, AnswerBulk, Command, ConfirmWhen},
    decide::{Ask, Names},
    ids::{CommandId, OrderId, Version},
    product::Product,
    rejection::{Code, Rejection, Unfit},
    states::State,
};
use orderlog_keyring::Owner;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    answer::Detail,
    command_answer::{CommandAnswer, answer},
    confirm::{self, Confirmed},
    directory::Resolved,
    failure::Failure,
    history::product_at,
    left_open::left_open,
    permit::are_particulars_hidden,
    request::Request,
    sealing::{owner, readings_of, seal},
    sentences::commands::Speaker,
    shop::OpenShop,
    unknown_order::explained,
};

/// The outcome of the first call, for a call that is repeated.
pub(crate) struct Before {
    pub(crate) receipt: Receipt,
    readings: Vec<String>,
}

impl Before {
    pub(crate) fn of(shop: &OpenShop, receipt: Receipt) -> Before {
        Before { readings: readings_of(&shop.keyring, &receipt), receipt }
    }

    /// The stored answer of a call about many orders.
    pub(crate) fn kept<A: DeserializeOwned>(&self) -> Option<A> {
        serde_json::from_str(self.readings.first()?).ok().filter(|_| self.receipt.events().is_empty())
    }

    pub(crate) async fn answer(self, shop: &OpenShop, command: Command, detail: Detail) -> CommandAnswer {
        let command = spoken(shop, command, &self.receipt).await;
        // Readings may name a person, and this caller may have fewer rights than the first one.
        let readings = if are_particulars_hidden() { vec![] } else { self.readings };
        answer(&Speaker::done(shop), &command, self.receipt, readings, detail)
    }
}

/// The receipt of this same call, if it was carried out before; later changes do not alter it. Costs one indexed read
/// if there is an idempotency key or a token, and none otherwise.
pub(crate) fn carried_out<'a>(
    shop: &'a OpenShop,
    request: &'a Request,
) -> BoxFuture<'a, Result<Option<Before>, Failure>> {
    Box::pin(async move {
        let confirmed =
            || request.common.confirm_token.as_deref().and_then(|token| request.bound(shop).read(token).ok());
        let id = match &request.common.idempotency_key {
            Some(_) => Some(request.command_id),
            // Then the id is derived from the token, even if the token is too old to act.
            None => confirmed().map(|(_, confirmed)| CommandId(confirmed.command_id)),
        };
        let Some(id) = id else { return Ok(None) };
        let receipt = receipt_of(&shop.log, id, &[request.hash, request.former_hash]).await.map_err(failure)?;
        Ok(receipt.map(|receipt| Before::of(shop, receipt)))
    })
}

/// The stored answer of this call, if it was carried out before.
pub(crate) async fn kept_answer<A: DeserializeOwned>(shop: &OpenShop, request: &Request) -> Result<Option<A>, Failure> {
    let Some(before) = carried_out(shop, request).await? else { return Ok(None) };
    before.kept().map(Some).ok_or_else(|| anyhow::anyhow!("the answer of a call about many orders is not kept").into())
}

/// Stores the answer of a call about many orders, in case the same call comes again. Without a key or a token it cannot
/// come again.
pub(crate) async fn keep_answer(
    shop: &OpenShop,
    request: &Request,
    confirmed: Option<&Confirmed>,
    first: OrderId,
    answer: &impl Serialize,
) -> Result<(), Failure> {
    let Some(whole) = request.whole(confirmed) else { return Ok(()) };
    let answer = serde_json::to_string(answer).map_err(anyhow::Error::new)?;
    let kept = Resolved { names: Names::default(), readings: vec![answer] };
    submit(shop, whole, AnswerBulk { first }.into(), kept).await.map(drop)
}

/// Stores the list of a preview, so that its token need not contain it: the orders to change, or the acts to undo.
pub(crate) async fn keep_shown(
    shop: &OpenShop,
    request: &Request,
    list: CommandId,
    first: OrderId,
    shown: &impl Serialize,
) -> Result<(), Failure> {
    let text = serde_json::to_string(shown).map_err(anyhow::Error::new)?;
    let kept = Resolved { names: Names::default(), readings: vec![text] };
    submit(shop, request.list(list), AnswerBulk { first }.into(), kept).await.map(drop)
}

/// The stored list of the preview with this token.
pub(crate) async fn kept_shown<T: DeserializeOwned>(
    shop: &OpenShop,
    request: &Request,
    confirmed: &Confirmed,
) -> Result<T, Failure> {
    let receipt = receipt_of(&shop.log, confirmed.list, &[request.hash]).await.map_err(failure)?;
    let kept = receipt.and_then(|receipt| serde_json::from_str(readings_of(&shop.keyring, &receipt).first()?).ok());
    kept.ok_or_else(|| anyhow::anyhow!("the list of a preview is not kept").into())
}

/// Answers a call that was made before; otherwise resolves, asks the user to confirm if needed, seals, submits,
/// answers.
///
/// A command that is appended needs no look-up: the log acts on an id once, and the writer answers a repetition with the
/// first receipt. One that fails, on a name or a version that has changed since, may have been carried out before.
pub fn carry_out(shop: &OpenShop, request: Request, command: Command) -> BoxFuture<'_, Result<CommandAnswer, Failure>> {
    Box::pin(async move {
        let order = match command.about(&Names::default()) {
            About::Order(order) => Some(order),
            _ => None,
        };
        match carry_out_or_repeat(shop, request, command).await {
            Err(failure) => Err(Box::pin(explained(shop, order, failure)).await),
            done => done,
        }
    })
}

fn carry_out_or_repeat(
    shop: &OpenShop,
    request: Request,
    command: Command,
) -> BoxFuture<'_, Result<CommandAnswer, Failure>> {
    Box::pin(async move {
        let detail = request.detail;
        let asks = match command.confirm_when() {
            // The writer itself refuses it, and answers a repetition with the first receipt.
            ConfirmWhen::Never | ConfirmWhen::IfRefused => request.common.confirm_token.is_some(),
            ConfirmWhen::IfPaid | ConfirmWhen::Always => true,
        };
        if request.is_dry_run() || asks {
            return match carried_out(shop, &request).await? {
                Some(before) => Ok(before.answer(shop, command, detail).await),
                None => carry_out_anew(shop, request, command).await,
            };
        }
        if !request.keyed {
            return carry_out_anew(shop, request, command).await;
        }
        match carry_out_anew(shop, request.clone(), command.clone()).await {
            Err(Failure::Rejected(rejection)) if rejection.code != Code::Unavailable => {
                match carried_out(shop, &request).await? {
                    Some(before) => Ok(before.answer(shop, command, detail).await),
                    None => Err(rejection.into()),
                }
            }
            done => done,
        }
    })
}

/// As [`carry_out`], for a call that is known to be the first.
pub(crate) fn carry_out_anew(
    shop: &OpenShop,
    request: Request,
    command: Command,
) -> BoxFuture<'_, Result<CommandAnswer, Failure>> {
    Box::pin(async move {
        let resolved = shop.directory.resolve(command.references()).await?;
        let (dry_run, detail) = (request.is_dry_run(), request.detail);
        if let (Command::Refund(_), Some(limit)) = (&command, request.principal().refunds_up_to) {
            Box::pin(within_limit(shop, &request, &command, &resolved, limit)).await?;
        }
        let asks = command.confirm_when() != ConfirmWhen::Never;
        if !dry_run && (asks || request.common.confirm_token.is_some() || request.may_wait(shop)) {
            // In a box, so that the futures of the many commands that need no confirmation stay small.
            return Box::pin(carry_out_if_confirmed(shop, request, command, resolved)).await;
        }
        let (command, receipt, readings) = submit(shop, request, command, resolved).await?;
        let command = spoken(shop, command, &receipt).await;
        let speaker = if dry_run { Box::pin(Speaker::would(shop, &receipt)).await? } else { Speaker::done(shop) };
        let asked = dry_run && confirm::is_needed(&command, &receipt);
        let warning = if dry_run { warning_before(shop, &command).await? } else { None };
        Ok(answer(&speaker, &command, receipt, readings, detail).with_finality(asked).warned(warning))
    })
}

/// A warning before a command is carried out, if it needs a look at the shop.
async fn warning_before(shop: &OpenShop, command: &Command) -> Result<Option<String>, Failure> {
    match command {
        Command::EraseCustomer(erase) => Box::pin(left_open(shop, erase.customer_id)).await,
        _ => Ok(None),
    }
}

/// Succeeds if the refunds of the order stay within the caller's limit. A later confirmation is bound to the version
/// that was checked here, so the result stays right.
async fn within_limit(
    shop: &OpenShop,
    request: &Request,
    command: &Command,
    resolved: &Resolved,
    limit: i64,
) -> Result<(), Failure> {
    let (_, foreseen, _) = submit(shop, request.trial(), command.clone(), resolved.clone()).await?;
    let State::Order(order) = &foreseen.after else { return Ok(()) };
    let ours = shop.settings.currency;
    if order.currency == ours && order.paid_back() <= limit {
        return Ok(());
    }
    let user = &request.principal().user;
    let message = format!(
        "{user} may refund while no more than {} has gone back for an order; {} would have. Nothing was changed.",
        shop.wording.amount(limit, ours),
        shop.wording.amount(order.paid_back(), order.currency),
    );
    let hint =
        "Refund less, or ask somebody with the right orders:refund and no limit; whoever runs the server grants both.";
    Err(Rejection::new(Code::Forbidden, message).field("amount").hint(hint).into())
}

/// Carries out a command that may need a confirmation: with a valid token, or if it turns out that none is needed.
async fn carry_out_if_confirmed(
    shop: &OpenShop,
    mut request: Request,
    command: Command,
    resolved: Resolved,
) -> Result<CommandAnswer, Failure> {
    let (mut unfit, detail) = (None, request.detail);
    if let Some(token) = request.common.confirm_token.take() {
        match request.bound(shop).check(&token, shop.clock.now()) {
            Err(why) => unfit = Some(why),
            Ok(confirmed) => {
                let mut granted = request.clone().meant();
                granted.common.expected_version.get_or_insert(confirmed.version.0);
                granted.keyed = true;
                if granted.common.idempotency_key.is_none() {
                    granted.command_id = CommandId(confirmed.command_id);
                }
                match submit(shop, granted, command.clone(), resolved.clone()).await {
                    Ok((command, receipt, readings)) => {
                        return Ok(answer(&Speaker::done(shop), &command, receipt, readings, detail));
                    }
                    Err(Failure::Rejected(rejection)) if rejection.code == Code::VersionConflict => {
                        unfit = Some(Unfit::Overtaken);
                    }
                    // The user's confirmation is not enough: a person is asked.
                    Err(Failure::Rejected(rejection)) if rejection.code == Code::ConfirmationRequired => {}
                    Err(failure) => return Err(failure),
                }
            }
        }
    }
    if matches!(command.confirm_when(), ConfirmWhen::IfRefused | ConfirmWhen::Never) {
        match submit(shop, request.clone(), command.clone(), resolved.clone()).await {
            Ok((command, receipt, readings)) => {
                return Ok(answer(&Speaker::done(shop), &command, receipt, readings, detail));
            }
            Err(Failure::Rejected(rejection)) if rejection.code == Code::ConfirmationRequired => {}
            Err(failure) => return Err(failure),
        }
    }
    let (foreseen, receipt, readings) = submit(shop, request.trial(), command.clone(), resolved.clone()).await?;
    let guarded = confirm::guarded(shop, &receipt)?;
    if confirm::is_needed(&command, &receipt) || (request.may_wait(shop) && !guarded.is_empty()) {
        let concerns = match owner(shop, &command, &resolved.names).await? {
            Owner::Customer(customer) => Some(customer),
            Owner::Shop => None,
        };
        let version = receipt.before.as_ref().map_or(Version::NONE, State::version);
        let speaker = Speaker::would(shop, &receipt).await?;
        let warning = warning_before(shop, &foreseen).await?;
        let preview = answer(&speaker, &foreseen, receipt, readings, detail).warned(warning).preview();
        let (now, nonce) = (shop.clock.now(), shop.clock.new_id());
        let preview = serde_json::to_value(preview).unwrap_or_default();
        return Err(request.bound(shop).ask(preview, version, (now, nonce), unfit, guarded, concerns).into());
    }
    let (command, receipt, readings) = submit(shop, request, command, resolved).await?;
    Ok(answer(&Speaker::done(shop), &command, receipt, readings, detail))
}

/// The command as sentences describe it: a product whose stock it changes gets the name that it had then, not the typed
/// one, so that a repetition is answered in the same words.
async fn spoken(shop: &OpenShop, mut command: Command, receipt: &Receipt) -> Command {
    let product = match &mut command {
        Command::ReceiveStock(receive) => &mut receive.product,
        Command::AdjustStock(adjust) => &mut adjust.product,
        Command::UndoStock(undo) => &mut undo.product,
        _ => return command,
    };
    let State::Stock(stock) = &receipt.after else { return command };
    // In a box, so that the futures of the many commands that change no stock stay small.
    let known = Box::pin(product_at(&shop.log, stock.product_id, receipt.position)).await;
    if let Ok(Product { entry: Some(entry), .. }) = known {
        *product = entry.name;
    }
    command
}

/// The command with its texts sealed, its receipt, and how its names were read.
type Submitted = (Command, Receipt, Vec<String>);

/// Sends a command whose names are resolved through the writer.
pub(crate) fn submit(
    shop: &OpenShop,
    request: Request,
    mut command: Command,
    resolved: Resolved,
) -> BoxFuture<'_, Result<Submitted, Failure>> {
    Box::pin(async move {
        let Resolved { names, readings } = resolved;
        let Request { mut common, command_id, keyed, ask, hash, caller, whole, undoes, .. } = request;
        let sealed_readings = seal(shop, &mut command, &mut common, &names, &readings).await?;
        let now = shop.clock.now();
        let submission = Submission {
            names,
            command_id,
            keyed,
            ask: Ask { too_much: ask.too_much && common.dry_run != Some(true), ..ask },
            request_hash: hash,
            now,
            occurred_at: command.occurred_at().unwrap_or(now),
            expected_version: common.expected_version.map(Version),
            readings: sealed_readings,
            dry_run: common.dry_run == Some(true),
            origin: Origin {
                confirmed_by: caller.confirmed_by(),
                trace_id: caller.trace_id,
                causation_id: undoes,
                correlation_id: whole,
                reason: common.reason,
                request_text: common.request_text,
                ..Origin::of(caller.principal.actor(), caller.agent)
            },
            command: command.clone(),
        };
        let receipt = shop.writer.submit(submission).await.map_err(failure)?;
        let readings = match receipt.replayed {
            true if are_particulars_hidden() => vec![],
            true => readings_of(&shop.keyring, &receipt),
            false => readings,
        };
        Ok((command, receipt, readings))
    })
}

fn failure(error: SubmitError) -> Failure {
    match error {
        SubmitError::Rejected(rejection) => Failure::Rejected(*rejection),
        SubmitError::Failed(error) => (*error).clone().into(),
    }
}
