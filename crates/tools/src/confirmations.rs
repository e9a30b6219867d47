//! Acts that a program asks for and a person must agree to. The call is answered with a question, which is recorded in
//! the log; the same call again is answered with the outcome.
//!
//! The question holds the confirm token of its preview, so that a Yes does just what was shown, once: see `confirm`.

use std::sync::Arc;

use chrono::SecondsFormat;
use orderlog_domain::{
    commands::AskPeople,
    confirmations::{Confirmations, Question},
    event::ConfirmationAsked,
    ids::{CommandId, CustomerId, OrderId},
    limits::QUESTION_HOLDS,
    rejection::{Agreement, Code, Confirmation, Rejection},
    states::State,
    typed::{Kind, Typed},
};
use orderlog_keyring::Owner;
use serde_json::{Value, json};

use crate::{
    answer::Reply,
    call::{Call, Run},
    command_call::submit,
    confirm::TOKEN,
    directory::Resolved,
    failure::Failure,
    history,
    permit::{HIDDEN, are_particulars_hidden},
    principal::{Caller, Principal, Word},
    request::Request,
    schema::Object,
    shop::OpenShop,
};

/// The name under which the texts of a question are sealed.
const ARGUMENTS: &str = "arguments";
const PREVIEW: &str = "preview";

/// Whether some acts must wait for a person if this caller asks for them.
pub(crate) fn may_wait(shop: &OpenShop, caller: &Caller) -> bool {
    !shop.settings.confirmed_by_people.is_empty() && caller.word == Word::Program
}

/// Runs a tool for a program. If a person must agree: asks, reports the answer, or, after a Yes, carries out the act.
pub(crate) async fn through(run: &Run, tool: &'static str, shop: Arc<OpenShop>, call: Call) -> Result<Reply, Failure> {
    let (request, _) = Request::split(&shop, tool, call.clone())?;
    if request.is_dry_run() {
        return run(shop, call).await;
    }
    let now = shop.clock.now();
    let known = history::confirmations(&shop.log).await?.about(&request.call(), now).cloned();
    let mut again = call.clone();
    if let Some(question) = known {
        let Some(answer) = &question.answer else { return Err(waiting(&shop, &question, &call.caller).into()) };
        if !answer.agreed {
            return Err(declined(&shop, &question).into());
        }
        // The Yes is in the log; the act is carried out once, no matter who asks first.
        again.arguments.insert(TOKEN.to_owned(), question.asked.confirm_token.clone().into());
        again.caller.word = Word::Agreed(answer.by.clone());
    }
    let outcome = run(Arc::clone(&shop), again).await;
    match outcome {
        Err(Failure::Rejected(Rejection { confirmation: Some(asking), .. })) if !asking.guarded.is_empty() => {
            let question = ask(&shop, tool, request, &call, &asking).await?;
            let mut rejection = waiting(&shop, &question, &call.caller);
            if let Some(unfit) = asking.unfit {
                rejection.message = format!("{unfit} {}", rejection.message);
            }
            Err(rejection.into())
        }
        outcome => outcome,
    }
}

/// Records the question in the log, sealed for the customer whom it concerns.
async fn ask(
    shop: &OpenShop,
    tool: &str,
    request: Request,
    call: &Call,
    asking: &Confirmation,
) -> Result<Question, Failure> {
    let (now, caller) = (shop.clock.now(), &call.caller);
    let owner = asking.concerns.map_or(Owner::Shop, |customer| Owner::Customer(CustomerId(customer)));
    let mut arguments = call.arguments.clone();
    arguments.remove(TOKEN);
    let mut preview = asking.preview.clone();
    if asking.concerns.is_none() {
        // The preview may name several people, and the shop's key is never erased with one of them.
        preview = json!({ "text": preview["text"], "warnings": preview["warnings"] });
    }
    let sealed = async |field, value: Value| {
        let mut text = value.to_string();
        shop.keyring.seal_for(owner, Typed { field, text: &mut text, kind: Kind::Words }).await?;
        anyhow::Ok(text)
    };
    let Principal { rights, refunds_up_to, key, .. } = &caller.principal;
    let call_id = request.call();
    let asked = ConfirmationAsked {
        confirmation_id: shop.clock.new_id(),
        tool: tool.to_owned(),
        acts: asking.guarded.acts().collect(),
        order_id: arguments.get("order_id").and_then(Value::as_i64).map(OrderId),
        arguments: sealed(ARGUMENTS, Value::Object(arguments)).await?,
        preview: sealed(PREVIEW, preview).await?,
        confirm_token: asking.confirm_token.clone(),
        call: call_id.clone(),
        rights: rights.to_string(),
        refunds_up_to: *refunds_up_to,
        by_key: key.is_some(),
        key_id: key.clone(),
        expires_at: now + QUESTION_HOLDS,
    };
    let request = request.list(CommandId(shop.clock.new_id()));
    let (_, receipt, _) = submit(shop, request, AskPeople { asked }.into(), Resolved::default()).await?;
    let State::Confirmations(all) = &receipt.after else { return Err(lost()) };
    all.about(&call_id, now).cloned().ok_or_else(lost)
}

fn lost() -> Failure {
    anyhow::anyhow!("a question to people was not kept").into()
}

/// The answer that a person is asked, and where.
fn waiting(shop: &OpenShop, question: &Question, caller: &Caller) -> Rejection {
    let mut rejection = Rejection::nobody_agreed(question.asked.acts.iter().copied().collect()).hint(
        "Ask the user to open confirm_at and answer there; you cannot. Then repeat this very call: it tells what became of it, \
         and acts only once.",
    );
    let address = shop.public_url.as_deref().or(caller.address.as_deref()).unwrap_or_default();
    rejection.agreement = Some(Box::new(Agreement {
        confirm_at: format!("{address}/confirm/{}", question.asked.confirmation_id),
        expires_at: question.asked.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        preview: preview(shop, question),
    }));
    rejection
}

/// The answer that a person said No.
fn declined(shop: &OpenShop, question: &Question) -> Rejection {
    let (who, when) = match &question.answer {
        Some(answer) => (answer.by.user.as_str(), shop.wording.time(answer.at)),
        None => ("Nobody", String::new()),
    };
    let message = format!("{who} said No to this at {when}: nothing was done.");
    Rejection::new(Code::ConfirmationRequired, message)
        .hint("Tell the user. Only if the user wants to ask again, repeat the call with a new idempotency_key.")
}

/// The preview, as far as the reader may see it.
pub(crate) fn preview(shop: &OpenShop, question: &Question) -> Value {
    let opened = shop.keyring.open_seal(PREVIEW, &question.asked.preview).filter(|_| !are_particulars_hidden());
    opened.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_else(|| json!({ "text": HIDDEN }))
}

/// The arguments of the call; `None` if the person whom they name was erased.
pub(crate) fn arguments(shop: &OpenShop, question: &Question) -> Option<Object> {
    serde_json::from_str(&shop.keyring.open_seal(ARGUMENTS, &question.asked.arguments)?).ok()
}

/// All questions and answers in the log.
pub(crate) async fn all(shop: &OpenShop) -> Result<Confirmations, Failure> {
    Ok(history::confirmations(&shop.log).await?)
}
