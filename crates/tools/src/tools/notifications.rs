//! notifications.subscribe, .list and .unsubscribe: which target gets which messages.

use std::sync::Arc;

use orderlog_access::{Principal, Right};
use orderlog_domain::{
    commands::{Subscribe, Unsubscribe},
    ids::{ProductId, RuleId},
    notifications::{Notifications, Subscription, Watch},
    rejection::{Code, Rejection},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    answer::{Short, Told},
    command_call::carry_out,
    failure::Failure,
    history, people,
    permit::permit,
    principal::Caller,
    query::{Frame, Interpretation},
    sentences::{notifications::asked, plural},
    shop::OpenShop,
    table::{Row, Table},
    targets,
    tool::{Danger, Tool},
    views,
};

pub(super) fn subscribe() -> Tool {
    Tool::command_with(
        "notifications.subscribe",
        "Tell somebody when something happens",
        Danger::Write,
        |shop, request, mut input: Subscribe| async move {
            input.target = targets::named(&shop.targets, &input.target)?.name.clone();
            if let Some(template) = &input.template {
                input.template = Some(targets::template_named(&shop.templates, template)?.to_owned());
            }
            let watches: Vec<Watch> = input.when.iter().filter_map(|word| Watch::parse(word)).collect();
            may_decide(&request.caller.principal, &watches)?;
            if watches.contains(&Watch::RelayStopped) && !shop.relays {
                return Err(no_relay().into());
            }
            carry_out(&shop, request, input.into()).await
        },
    )
}

pub(super) fn unsubscribe() -> Tool {
    Tool::command_with(
        "notifications.unsubscribe",
        "End a notification rule",
        Danger::Write,
        |shop, request, input: Unsubscribe| async move {
            let principal = &request.caller.principal;
            if !principal.may(Right::Admin)
                && let Some(one) = history::notifications(&shop.log).await?.rules.get(&input.rule_id)
            {
                may_decide(principal, &one.rule.when)?;
            }
            carry_out(&shop, request, input.into()).await
        },
    )
}

/// Only an administrator decides on rules about the system: otherwise somebody who alters the log could first end the
/// rule that would report it.
fn may_decide(principal: &Principal, when: &[Watch]) -> Result<(), Rejection> {
    if when.iter().any(|watch| watch.is_of_system()) { permit(principal, Right::Admin) } else { Ok(()) }
}

fn no_relay() -> Rejection {
    let message = "This shop publishes to no NATS, so there is no relay that could stop. Nothing was changed.";
    Rejection::new(Code::NotFound, message)
        .field("when")
        .hint("Tell the user. The other words of `when` can be watched.")
}

/// Who is told of what, who can be told, and which messages failed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// The rules in force.
    rules: Vec<RuleView>,
    /// Who can be told.
    targets: Vec<TargetView>,
    /// Messages that are to be tried again.
    waiting: i64,
    /// Messages that were given up.
    given_up: i64,
    #[serde(flatten)]
    frame: Frame,
}

#[derive(Debug, Serialize, JsonSchema)]
struct RuleView {
    rule_id: i64,
    target: String,
    /// What is watched for.
    #[schemars(with = "Vec<String>")]
    when: Vec<Watch>,
    /// All of it, in words.
    told: String,
    /// RFC 3339.
    since: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// Seconds in which an undo stops a message.
    grace: u32,
    /// Messages sent so far.
    sent: i64,
    /// Who asked for it.
    by: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct TargetView {
    name: String,
    /// slack, chat, webhook or email.
    kind: String,
    /// It wants no more messages.
    disabled: bool,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let rules = self.rules.iter().map(|rule| {
            let row = Row::default().cell("rule_id", rule.rule_id).cell("target", rule.target.clone());
            row.text("told", rule.told.clone()).cell("sent", rule.sent)
        });
        let table: Table = rules.collect();
        let targets: Vec<String> = self.targets.iter().map(TargetView::in_words).collect();
        let (count, names) = (self.rules.len() as i64, targets.join(", "));
        let short = self.frame.open().table("rules", table, count);
        let short =
            if names.is_empty() { short } else { short.worded("targets", targets, format!("targets: {names}")) };
        let some = |count: i64| Some(count).filter(|count| *count > 0);
        let short = short.some("waiting", some(self.waiting)).some("given_up", some(self.given_up));
        self.frame.close(short)
    }
}

impl TargetView {
    fn in_words(&self) -> String {
        let disabled = if self.disabled { ", wants no more messages" } else { "" };
        format!("{} ({}{disabled})", self.name, self.kind)
    }
}

pub(super) fn list() -> Tool {
    Tool::query("notifications.list", "List notification rules", run)
}

async fn run(shop: Arc<OpenShop>, _: Input, _: Caller) -> Result<Output, Failure> {
    let head = shop.log.head().await?.position;
    let all = history::notifications(&shop.log).await?;
    let mut rules = vec![];
    for (id, one) in all.in_force(shop.clock.now()) {
        rules.push(view(&shop, id, one).await?);
    }
    let targets = shop.targets.iter().map(|target| TargetView {
        name: target.name.clone(),
        kind: target.kind.to_owned(),
        disabled: all.disabled.contains(&target.name),
    });
    let targets: Vec<TargetView> = targets.collect();
    let text = sentence(&rules, &targets, &all);
    Ok(Output {
        frame: Frame::of_log(head.0, None, Interpretation::default(), text),
        rules,
        targets,
        waiting: all.waiting.len() as i64,
        given_up: all.dead.len() as i64,
    })
}

async fn view(shop: &OpenShop, id: RuleId, one: &Subscription) -> Result<RuleView, Failure> {
    let rule = &one.rule;
    let customer = match rule.customer_id {
        Some(id) => views::customer(shop, &people::customer(&shop.log, id).await?).name,
        None => None,
    };
    let product = match rule.product_id {
        Some(id) => name_of(shop, id).await?,
        None => None,
    };
    Ok(RuleView {
        rule_id: id.0,
        target: rule.target.clone(),
        when: rule.when.clone(),
        told: asked(rule, customer.as_deref(), product.as_deref(), &shop.wording),
        since: shop.wording.time(one.since),
        expires_at: rule.expires_at.map(|end| shop.wording.time(end)),
        grace: rule.grace_seconds,
        sent: one.sent,
        by: one.by.clone(),
    })
}

async fn name_of(shop: &OpenShop, id: ProductId) -> Result<Option<String>, Failure> {
    let head = shop.log.head().await?.position;
    let product = history::product_at(&shop.log, id, head).await?;
    Ok(product.entry.map(|entry| entry.name))
}

fn sentence(rules: &[RuleView], targets: &[TargetView], all: &Notifications) -> String {
    let mut text = match rules.len() as i64 {
        0 => "Nobody is told of anything.".to_owned(),
        1 => "1 rule is in force.".to_owned(),
        n => format!("{} are in force.", plural(n, "rule")),
    };
    if targets.is_empty() {
        text.push_str(" No target is set up, so nobody can be told.");
    }
    if !all.dead.is_empty() {
        let dead = plural(all.dead.len() as i64, "message");
        let (were, them) = if all.dead.len() == 1 { ("was", "it") } else { ("were", "them") };
        text.push_str(&format!(" {dead} {were} given up; an operator can replay {them}."));
    }
    text
}
