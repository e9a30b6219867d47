//! A person's side of an act that waits: the question, and the Yes or No to it.

use std::sync::Arc;

use futures::future::BoxFuture;
use orderlog_access::{Principal, Rights, program_of};
use orderlog_domain::{
    commands::AnswerQuestion,
    confirmations::Question,
    guarded::GuardedAct,
    ids::CommandId,
    rejection::{Code, Rejection},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    answer::Answer,
    call::Call,
    calls::run_in_task,
    command_call::submit,
    confirmations,
    directory::Resolved,
    failure::Failure,
    permit::seen_by,
    principal::{Caller, Word},
    request::Request,
    schema::Object,
    shop::OpenShop,
    tool::Tool,
    tools::Tools,
};

/// An act that waits, or waited, for a person's word.
#[derive(Debug)]
pub struct Waiting {
    /// The id of the question, which is in the address of its page.
    pub id: Uuid,
    /// The name of the act: `Pay money back`.
    pub title: &'static str,
    /// Why people are asked.
    pub acts: String,
    /// The order that the act changes.
    pub order_id: Option<i64>,
    /// The user who asks.
    pub by: String,
    /// The role of the user who asks.
    pub role: String,
    /// Through which program.
    pub agent: Option<String>,
    /// The model that the program named.
    pub model: Option<String>,
    /// When the act was asked for.
    pub at: String,
    /// Until when the question can be answered.
    pub expires_at: String,
    /// The preview of the act, as it was shown to the caller who asked.
    pub preview: Value,
    /// The answer and the person who gave it.
    pub answer: Option<(bool, String)>,
}

impl Waiting {
    fn of(shop: &OpenShop, tool: &Tool, question: &Question) -> Waiting {
        let Question { asked, by, agent, at, answer } = question;
        Waiting {
            id: asked.confirmation_id,
            title: tool.title,
            acts: asked.acts.iter().map(|act: &GuardedAct| act.name()).collect::<Vec<_>>().join(", "),
            order_id: asked.order_id.map(|id| id.0),
            by: by.user.clone(),
            role: by.role.clone(),
            agent: agent.as_ref().map(|agent| format!("{} {}", agent.name, agent.version).trim_end().to_owned()),
            model: agent.as_ref().and_then(|agent| agent.model.clone()),
            at: shop.wording.time(*at),
            expires_at: shop.wording.time(asked.expires_at),
            preview: confirmations::preview(shop, question),
            answer: answer.as_ref().map(|answer| (answer.agreed, answer.by.user.clone())),
        }
    }
}

/// How many acts wait to which this person may agree. Costs nothing in a shop where no act can wait.
pub fn count<'a>(shop: &'a OpenShop, tools: &'a Tools, person: &'a Principal) -> BoxFuture<'a, usize> {
    Box::pin(async move {
        if shop.settings.confirmed_by_people.is_empty() {
            return 0;
        }
        let serves = |tool: &str| tools.find(tool).is_some_and(|tool| tool.serves(person));
        // A page that shows the number is worth more than the reason why the number cannot be found now.
        let all = confirmations::all(shop).await.unwrap_or_default();
        all.waiting(shop.clock.now()).filter(|question| serves(&question.asked.tool)).count()
    })
}

/// The acts that wait and that this person may agree to, latest first.
pub fn list<'a>(
    shop: &'a OpenShop,
    tools: &'a Tools,
    person: &'a Principal,
) -> BoxFuture<'a, Result<Vec<Waiting>, Failure>> {
    Box::pin(seen_by(person, async move {
        let all = confirmations::all(shop).await?;
        let mut found: Vec<&Question> = all.waiting(shop.clock.now()).collect();
        found.sort_by_key(|question| std::cmp::Reverse(question.at));
        let told = found.into_iter().filter_map(|question| {
            let tool = tools.find(&question.asked.tool).filter(|tool| tool.serves(person))?;
            Some(Waiting::of(shop, &tool, question))
        });
        Ok(told.collect())
    }))
}

/// One question, answered or not.
pub fn one<'a>(
    shop: &'a OpenShop,
    tools: &'a Tools,
    person: &'a Principal,
    id: &'a str,
) -> BoxFuture<'a, Result<Waiting, Failure>> {
    Box::pin(seen_by(person, async move {
        let (question, tool) = find(shop, tools, person, id).await?;
        Ok(Waiting::of(shop, &tool, &question))
    }))
}

/// Says Yes and carries out the act, once: as the caller who asked, with the rights that both have. If a Yes was said
/// before, answers with the outcome of the act.
///
/// Where it changed since the preview nothing is done, and a new question stands in its place.
pub fn agree<'a>(
    shop: &'a Arc<OpenShop>,
    tools: &'a Tools,
    caller: &'a Caller,
    id: &'a str,
) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (question, tool) = find(shop, tools, &caller.principal, id).await?;
        may_answer(caller)?;
        let asker = asker(shop, &question, &caller.principal).await?;
        if !tool.serves(&asker) {
            let message = format!("{} may no longer do this: nothing was done.", asker.user);
            return Err(Rejection::new(Code::Forbidden, message).into());
        }
        let mut arguments: Object = confirmations::arguments(shop, &question).ok_or_else(|| {
            Rejection::new(Code::NotFound, "The customer whom this names was erased: there is nothing left to do.")
        })?;
        let again = Caller { agent: question.agent, address: caller.address.clone(), ..Caller::of(asker, None) };
        if question.answer.is_none() {
            // An act that either may not do, or that is no longer possible, is refused before a Yes is recorded.
            let mut trial = arguments.clone();
            trial.insert("dry_run".to_owned(), true.into());
            run_in_task(shop, Arc::clone(&tool), Call::new(trial, again.clone())).await?;
        }
        answer(shop, caller, question.asked.confirmation_id, true).await?;
        // The same call once more: the Yes in the log lets it act, and only once.
        arguments.insert("detail".to_owned(), "full".into());
        run_in_task(shop, tool, Call::new(arguments, again)).await
    })
}

/// Says No. The caller who asked learns this when the call is repeated.
pub fn decline<'a>(
    shop: &'a Arc<OpenShop>,
    tools: &'a Tools,
    caller: &'a Caller,
    id: &'a str,
) -> BoxFuture<'a, Result<(), Failure>> {
    Box::pin(async move {
        let (question, _) = find(shop, tools, &caller.principal, id).await?;
        may_answer(caller)?;
        answer(shop, caller, question.asked.confirmation_id, false).await
    })
}

async fn find(shop: &OpenShop, tools: &Tools, person: &Principal, id: &str) -> Result<(Question, Arc<Tool>), Failure> {
    let all = confirmations::all(shop).await?;
    let question =
        all.standing(shop.clock.now()).find(|question| question.asked.confirmation_id.to_string() == id).cloned();
    let found = question.and_then(|question| tools.find(&question.asked.tool).map(|tool| (question, tool)));
    let Some((question, tool)) = found else {
        let message = "No question with that id waits for a person; perhaps it has expired.";
        return Err(Rejection::new(Code::NotFound, message).into());
    };
    if !tool.serves(person) {
        let message = format!("{} may not do this, and so may not agree to it either.", person.user);
        return Err(Rejection::new(Code::Forbidden, message).into());
    }
    Ok((question, tool))
}

/// Only a person may answer, not a program; it may be the person for whom the program asked.
fn may_answer(caller: &Caller) -> Result<(), Rejection> {
    if caller.word != Word::Person {
        let message = "A program cannot answer this: a person signs in to the shop's pages and does.";
        return Err(Rejection::new(Code::Forbidden, message));
    }
    Ok(())
}

/// The caller who asked: with the present rights if it called with a key, and with no higher limit than the person has.
async fn asker(shop: &OpenShop, question: &Question, person: &Principal) -> Result<Principal, Failure> {
    let Question { asked, by, .. } = question;
    let mut asker = if asked.by_key {
        // The very key: another one of that name may be somebody else's. Questions from before named none.
        let id = asked.key_id.as_deref().unwrap_or_default();
        program_of(&shop.keyring, id, shop.clock.now()).await?.ok_or_else(|| {
            let message = format!("The key with which {} asked is no longer in force: nothing was done.", by.user);
            let hint = "Whoever still wants it asks again, with a key that is in force.";
            Rejection::new(Code::Forbidden, message).hint(hint)
        })?
    } else {
        let rights: Rights = asked.rights.parse().map_err(|problem: String| anyhow::anyhow!(problem))?;
        let (user, role) = (by.user.clone(), by.role.clone());
        Principal { user, role, rights, refunds_up_to: asked.refunds_up_to, ..Principal::nobody() }
    };
    asker.refunds_up_to = [asker.refunds_up_to, person.refunds_up_to].into_iter().flatten().min();
    Ok(asker)
}

async fn answer(shop: &OpenShop, caller: &Caller, id: Uuid, agreed: bool) -> Result<(), Failure> {
    let (request, _) = Request::split(shop, "confirmations.answer", Call::new(Object::new(), caller.clone()))?;
    let request = request.list(CommandId(shop.clock.new_id()));
    let command = AnswerQuestion { confirmation_id: id, agreed };
    submit(shop, request, command.into(), Resolved::default()).await.map(drop)
}
