//! Making a rule of notifications: a target gets a message when something happens.

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{About, Act, Reference, ReferenceKind, preconditions};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{AtLeast, NotificationSubscribed, Rule},
    ids::{OrderId, RuleId, StreamId},
    limits,
    money::parse_amount,
    notifications::Watch,
    order::{Order, Status},
    rejection::{Code, Problems, Rejection},
    states::States,
    text,
};

/// Tell a named target when something happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// Its name.
    #[schemars(length(min = 1, max = limits::TARGET_CHARS))]
    pub target: String,
    /// Order statuses, placed, held, released, payment, refund, low_stock, out_of_stock, waiting, relay_stopped, verify_failed, forecast_missed.
    #[schemars(length(min = 1, max = 18), inner(length(min = 1, max = limits::STATUS_CHARS)))]
    pub when: Vec<String>,
    /// These.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::ORDERS_PER_RULE), inner(range(min = 1)))]
    pub order_ids: Vec<OrderId>,
    /// Whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::REFERENCE_CHARS))]
    pub customer: Option<String>,
    /// Of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::REFERENCE_CHARS))]
    pub product: Option<String>,
    /// Or least payment or refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub min_total: Option<String>,
    /// Default with order_ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<bool>,
    /// Such as "in 3 days".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<DateTime<Utc>>,
    /// Seconds to undo (60), or of waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = limits::WAITING_SECONDS))]
    pub grace: Option<u32>,
    /// Tell what is true already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub already: Option<bool>,
    /// Named wording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::TEMPLATE_CHARS))]
    pub template: Option<String>,
}

impl Act for Subscribe {
    fn about(&self, _: &Names) -> About {
        About::Notifications
    }

    fn references(&self) -> Vec<Reference<'_>> {
        let customer = self.customer.as_deref().map(|text| Reference {
            kind: ReferenceKind::Customer,
            text,
            field: "customer".to_owned(),
            of_order: None,
            may_be_new: false,
        });
        let product = self.product.as_deref().map(|text| Reference::product(text, "product"));
        customer.into_iter().chain(product).collect()
    }

    fn also_needs(&self, names: &Names) -> Vec<StreamId> {
        let product = self.product.as_deref().map(|text| StreamId::Product(names.product(text)));
        self.order_ids.iter().map(|id| StreamId::Order(*id)).chain(product).collect()
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let all = states.notifications()?;
        let mut rule = self.rule(context)?;
        if let Some(text) = &self.product {
            preconditions::registered(states, context.names.product(text), "product", text)?;
        }
        let mut decision = Decision::about(StreamId::Notifications);
        let tell = self.already.unwrap_or_default();
        let (mut already, mut told) = (vec![], vec![]);
        for id in &rule.order_ids {
            let order = preconditions::placed_order(states, *id)?;
            let so = || rule.when.iter().filter(|watch| watch.is_so(order, context.now));
            if tell && so().next().is_some() {
                told.push(*id);
            } else if let Some(watch) = so().find(|watch| watch.comes_once()) {
                already.push((order, *watch));
            } else {
                self.refuse_never(order, &rule)?;
            }
        }
        let for_good = rule.when.iter().all(|watch| watch.comes_once());
        if let [(order, watch), ..] = already[..]
            && already.len() == rule.order_ids.len()
            && for_good
        {
            return Err(already_true(order, watch, already.len()).into());
        }
        for (order, watch) in &already {
            decision.warn(format!("Order #{} is {} already and is not told of.", order.id, spoken(*watch)));
        }
        if for_good {
            rule.order_ids.retain(|id| already.iter().all(|(order, _)| order.id != *id));
        }
        let at_once = tell && rule.when.iter().any(|watch| watch.is_of_stock() || *watch == Watch::Waiting);
        if tell && !at_once && rule.order_ids.is_empty() {
            decision.warn("Nothing is told at once: already goes with order_ids, stock and waiting.".to_owned());
        }
        if told.is_empty() && all.in_force(context.now).any(|(_, known)| known.rule == rule) {
            if at_once {
                decision.warn("What is so already was not told, since the rule is there already.".to_owned());
            }
            return Ok(decision);
        }
        if all.in_force(context.now).count() >= limits::NOTIFICATION_RULES {
            let message = format!("There are {} rules already, as many as there may be.", limits::NOTIFICATION_RULES);
            let hint = "Look at them with notifications_list and end some with notifications_unsubscribe.";
            return Err(Rejection::new(Code::LimitExceeded, message).hint(hint).into());
        }
        let rule_id = RuleId(all.last_rule.0 + 1);
        decision.record(StreamId::Notifications, NotificationSubscribed { rule_id, rule, already: told, at_once });
        Ok(decision)
    }
}

impl Subscribe {
    fn rule(&self, context: &Context<'_>) -> Result<Rule, Rejection> {
        let mut problems = Problems::default();
        text::check_line("target", &self.target, limits::TARGET_CHARS, &mut problems);
        if let Some(template) = &self.template {
            text::check_line("template", template, limits::TEMPLATE_CHARS, &mut problems);
        }
        let mut when = vec![];
        for (index, word) in self.when.iter().enumerate() {
            match Watch::parse(word) {
                Some(watch) => when.push(watch),
                None => {
                    let known = Watch::ALL.map(Watch::name).join(", ");
                    problems.add(format!("when[{index}]"), format!("must be one of {known}"));
                }
            }
        }
        when.sort_unstable();
        when.dedup();
        if self.when.is_empty() {
            problems.add("when", "must say what to tell");
        }
        if self.when.len() > Watch::ALL.len() {
            problems.add("when", "has the same word more than once");
        }
        if self.order_ids.len() > limits::ORDERS_PER_RULE {
            problems.add("order_ids", format!("has more than {} orders", limits::ORDERS_PER_RULE));
        }
        let of_stock = when.iter().any(|watch| watch.is_of_stock());
        let of_orders = [
            ("order_ids", !self.order_ids.is_empty()),
            ("customer", self.customer.is_some()),
            ("min_total", self.min_total.is_some()),
        ];
        for (field, given) in of_orders {
            if of_stock && given {
                problems.add(field, "goes with orders; make a rule of its own for low_stock and out_of_stock");
            }
        }
        if when.iter().any(|watch| watch.is_of_shop()) {
            let of_products = [("product", self.product.is_some())];
            for (field, _) in of_orders.into_iter().chain(of_products).filter(|(_, given)| *given) {
                problems.add(field, "goes with orders and products; these words are about the shop as a whole");
            }
            if !when.iter().all(|watch| watch.is_of_shop()) {
                problems
                    .add("when", "has words about the shop as a whole among others; make a rule of its own for them");
            }
        }
        let currency = context.shop.currency;
        let amount = self.min_total.as_deref().map(|text| parse_amount(text, currency));
        if let Some(Err(error)) = &amount {
            problems.add("min_total", format!("cannot be read: {error}"));
        }
        if self.expires.is_some_and(|end| end <= context.now) {
            let now = preconditions::moment(context.now, context);
            problems.add("expires", format!("lies in the past; it is {now} now"));
        }
        let waits = when.contains(&Watch::Waiting);
        if waits && when.len() > 1 {
            problems.add("when", "has waiting among others; make a rule of its own for it");
        }
        let most = if waits { limits::WAITING_SECONDS } else { limits::GRACE_SECONDS };
        match self.grace {
            Some(seconds) if seconds > most => problems.add("grace", format!("must be at most {most} seconds")),
            None | Some(0) if waits => problems.add("grace", "must say how many seconds an order may wait"),
            _ => {}
        }
        problems.check()?;
        let mut order_ids = self.order_ids.clone();
        order_ids.sort_unstable();
        order_ids.dedup();
        Ok(Rule {
            when,
            target: self.target.clone(),
            once: self.once.unwrap_or(!order_ids.is_empty()),
            order_ids,
            customer_id: self.customer.as_deref().and_then(|text| context.names.customer(text)),
            product_id: self.product.as_deref().map(|text| context.names.product(text)),
            at_least: amount.and_then(Result::ok).map(|amount| AtLeast { amount, currency }),
            expires_at: self.expires,
            grace_seconds: self.grace.unwrap_or(limits::DEFAULT_GRACE_SECONDS),
            template: self.template.clone(),
        })
    }

    /// A cancelled order reaches no other status, and an order that has left waits no more.
    fn refuse_never(&self, order: &Order, rule: &Rule) -> Result<(), Rejection> {
        if rule.when == [Watch::Waiting] && order.unshipped() == 0 {
            let message = format!("Order #{} is {}: it waits no more.", order.id, order.status().spoken());
            return Err(Rejection::new(Code::IllegalTransition, message)
                .field("order_ids")
                .hint("Leave this order out."));
        }
        if order.status() != Status::Cancelled || rule.when.iter().any(|watch| watch.status().is_none()) {
            return Ok(());
        }
        let message = format!("Order #{} is cancelled: it will never be {}.", order.id, any_of(&rule.when));
        Err(Rejection::new(Code::IllegalTransition, message).field("order_ids").hint("Leave this order out."))
    }
}

fn spoken(watch: Watch) -> String {
    watch.status().map_or_else(|| watch.name().to_owned(), Status::spoken)
}

fn any_of(when: &[Watch]) -> String {
    when.iter().map(|watch| watch.name().replace('_', " ")).collect::<Vec<_>>().join(" or ")
}

fn already_true(order: &Order, watch: Watch, orders: usize) -> Rejection {
    let so = spoken(watch);
    let message = match orders {
        1 => format!("Order #{} is {so} already; nobody was told.", order.id),
        n => format!("All {n} orders are {so} already, such as #{}; nobody was told.", order.id),
    };
    Rejection::new(Code::AlreadyTrue, message)
        .field("order_ids")
        .hint("Tell the user. If the message is wanted all the same, call again with already: true.")
}
