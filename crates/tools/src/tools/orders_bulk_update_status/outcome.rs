//! The outcome, done or foreseen, of each order of a call about many orders, and its words.

use std::collections::BTreeMap;

use orderlog_domain::{
    ids::{CommandId, CustomerId, Version},
    money::Currency,
    order::{Order, Status},
    rejection::Rejection,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::refused;
use crate::{
    answer::{INTERPRETATION, Short, Told},
    command_answer,
    echo::cut,
    facts::plain,
    failure::Failure,
    query::{Interpretation, customers_named, known},
    schema, sentences,
    shop::OpenShop,
    views::sums,
};

/// Most orders of one call.
pub(super) const MAX_ORDERS: usize = 500;
/// Orders for which an answer contains more than the outcome: keeps it below 32 kB.
const TOLD_ORDERS: usize = 20;
/// Orders and reasons that the text of a short answer names.
const NAMED_ORDERS: usize = 2;
const TOLD_REASONS: usize = 2;
/// Characters of a name there.
const NAME_CHARACTERS: usize = 30;
/// Outcome of an order that a preview would change.
const CHANGED: &str = "changed";
/// How the outcome of a refused order begins; the sentences name those orders.
const REFUSED: &str = "refused";
const SOME_FINAL: &str = " Of some of them this cannot be undone.";

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Output {
    /// Orders changed, or with dry_run those that would be.
    pub(super) changed: usize,
    /// Orders that already were as asked.
    pub(super) no_change: usize,
    /// Orders changed by somebody since the preview, or not at expected_version.
    pub(super) skipped: usize,
    /// Orders that cannot become so.
    pub(super) refused: usize,
    /// Each order with its outcome; those that were changed stand in `command_ids`.
    #[schemars(with = "Vec<schema::Object>")]
    pub(super) orders: Vec<Value>,
    /// The whole call, as orders_undo takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(super) command_id: Option<uuid::Uuid>,
    /// Whether orders_undo can take any of it back.
    #[serde(default)]
    pub(super) undoable: bool,
    /// Orders changed, each with the command that orders_undo takes back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "schema::Object")]
    pub(super) command_ids: BTreeMap<i64, CommandId>,
    /// How a filter was read.
    #[serde(default, skip_serializing_if = "Interpretation::is_empty")]
    #[schemars(with = "schema::Object")]
    pub(super) interpretation: Interpretation,
    /// The first orders that would change, and whose they are.
    #[serde(skip)]
    pub(super) orders_named: Vec<String>,
    /// Fit to be read aloud.
    pub(super) text: String,
}

impl Told for Output {
    fn short(self) -> Short {
        let lines = self.lines();
        let undo = self
            .command_id
            .filter(|_| self.undoable)
            .map(|id| format!("undo all: orders_undo with command_id {id}"))
            .unwrap_or_default();
        Short::of(self.text)
            .lines(lines)
            .said("changed", self.changed)
            .said("no_change", self.no_change)
            .said("skipped", self.skipped)
            .said("refused", self.refused)
            .said("orders", self.orders)
            .worded(
                INTERPRETATION,
                serde_json::to_value(&self.interpretation).unwrap_or_default(),
                self.interpretation.in_words(),
            )
            .worded("command_id", serde_json::to_value(self.command_id).unwrap_or_default(), undo)
            .said("undoable", self.undoable)
            .said("command_ids", serde_json::to_value(self.command_ids).unwrap_or_default())
    }
}

impl Output {
    /// The short form for a preview; its sentences say how many orders are left alone, and why orders are refused.
    pub(super) fn preview(self) -> Value {
        let read = Some(self.interpretation.in_words()).filter(|read| !read.is_empty());
        let changes: Vec<String> = self.changing().into_iter().chain(read).collect();
        json!({ "text": self.text, "changes": changes })
    }

    /// The orders that would change; only the first of many.
    fn changing(&self) -> Vec<String> {
        let all = self.orders.iter().filter(|order| order["outcome"] == CHANGED).count();
        let more = all.saturating_sub(self.orders_named.len());
        self.orders_named.iter().cloned().chain((more > 0).then(|| format!("and {more} more"))).collect()
    }

    /// The orders that would change, and those left alone with the reason, unless the sentences name them.
    fn lines(&self) -> Vec<String> {
        let is_refused = |order: &Value| order["outcome"].as_str().is_some_and(|outcome| outcome.starts_with(REFUSED));
        let left = || self.orders.iter().filter(|order| order["outcome"] != CHANGED && !is_refused(order));
        let reasons =
            left().take(TOLD_REASONS).map(|order| format!("#{}: {}", order["order_id"], plain(&order["outcome"])));
        let more = left().count().saturating_sub(TOLD_REASONS);
        let more = (more > 0).then(|| format!("and {more} more that stay as they are"));
        self.changing().into_iter().chain(reasons).chain(more).collect()
    }
}

/// The outcome of one order, done or foreseen.
pub(super) enum Outcome {
    /// By this command; from this version.
    Changed(CommandId, Version, Goods),
    NoChange,
    /// The order changed since the preview.
    Overtaken,
    /// The order is not at the version that the caller expects.
    Unexpected,
    Refused(Rejection),
}

/// The goods and the money of an order that changes.
pub(super) struct Goods {
    customer: CustomerId,
    /// Units before the change: a cancelled order has none afterwards.
    units: i64,
    /// How many of these units the change ships, delivers or cancels; none if it only confirms the order.
    moved: i64,
    total: i64,
    /// The money that the change makes owed back to the customer.
    owed_back: i64,
    currency: Currency,
    /// Whether orders.undo can undo the change.
    undoable: bool,
}

impl Goods {
    pub(super) fn of(before: &Order, after: &Order, undoable: bool) -> Goods {
        let units = before.lines.iter().map(|line| line.active()).sum();
        let done = |order: &Order| -> i64 {
            order.lines.iter().map(|line| line.shipped + line.delivered + line.cancelled).sum()
        };
        let moved = done(after) - done(before);
        let owed = |order: &Order| (-order.due()).max(0);
        let owed_back = (owed(after) - owed(before)).max(0);
        let (customer, currency) = (before.customer_id, before.currency);
        Goods { customer, units, moved, total: before.current_totals().total, owed_back, currency, undoable }
    }
}

/// ` They have 51 units, worth ₹2,00,000 in all. 40 of the units would be shipped. ₹500 would be owed back.`
pub(super) fn goods_in_words(shop: &OpenShop, status: &str, outcomes: &[Outcome]) -> String {
    let (mut orders, mut units, mut moved) = (0, 0, 0);
    for goods in goods_of(outcomes) {
        (orders, units, moved) = (orders + 1, units + goods.units, moved + goods.moved);
    }
    let worth = sums(shop, goods_of(outcomes).map(|goods| (goods.currency.code(), goods.total)));
    let worth: Vec<&str> = worth.iter().map(|sum| sum.in_words.as_str()).collect();
    let has = match orders {
        0 => return String::new(),
        1 => format!(" It has {}, worth {}.", sentences::units(units), sentences::all_of(&worth)),
        _ => format!(" They have {}, worth {} in all.", sentences::units(units), sentences::all_of(&worth)),
    };
    let part = match Status::parse(status) {
        Some(status) if (1..units).contains(&moved) => {
            format!(" {moved} of the units would be {}.", status.spoken())
        }
        Some(_) | None => String::new(),
    };
    format!("{has}{part}{}", owed_back(shop, outcomes, "would be"))
}

/// ` ₹500 is owed back.`, of all orders that change.
pub(super) fn owed_back(shop: &OpenShop, outcomes: &[Outcome], is: &str) -> String {
    let owing = goods_of(outcomes).filter(|goods| goods.owed_back > 0);
    let back = sums(shop, owing.map(|goods| (goods.currency.code(), goods.owed_back)));
    let back: Vec<&str> = back.iter().map(|sum| sum.in_words.as_str()).collect();
    if back.is_empty() { String::new() } else { format!(" {} {is} owed back.", sentences::all_of(&back)) }
}

fn goods_of(outcomes: &[Outcome]) -> impl Iterator<Item = &Goods> {
    outcomes.iter().filter_map(|outcome| if let Outcome::Changed(.., goods) = outcome { Some(goods) } else { None })
}

/// Whether any of the changes can be undone: if none, no undo is offered.
pub(super) fn undoable(outcomes: &[Outcome]) -> bool {
    goods_of(outcomes).any(|goods| goods.undoable)
}

/// The words of a preview on whether all of the changes could be undone.
pub(super) fn finality(outcomes: &[Outcome]) -> &'static str {
    let final_ = goods_of(outcomes).any(|goods| !goods.undoable);
    match (undoable(outcomes), final_) {
        (true, true) => SOME_FINAL,
        (true, false) => command_answer::finality(true),
        (false, true) => command_answer::finality(false),
        (false, false) => "",
    }
}

/// The words for changes that were carried out, if not all of them can be undone.
pub(super) fn finality_of_some(outcomes: &[Outcome]) -> &'static str {
    if undoable(outcomes) && goods_of(outcomes).any(|goods| !goods.undoable) { SOME_FINAL } else { "" }
}

/// The first orders that would change, with their customers: `#1001 Asha Rao, 3 units, ₹1,200`.
pub(super) async fn named(shop: &OpenShop, ids: &[i64], outcomes: &[Outcome]) -> Result<Vec<String>, Failure> {
    let changing = ids.iter().zip(outcomes).filter_map(|(id, outcome)| match outcome {
        Outcome::Changed(.., goods) => Some((id, goods)),
        Outcome::NoChange | Outcome::Overtaken | Outcome::Unexpected | Outcome::Refused(_) => None,
    });
    let first: Vec<(&i64, &Goods)> = changing.take(NAMED_ORDERS).collect();
    let people =
        customers_named(shop, first.iter().map(|(_, goods)| goods.customer.0), shop.moments.fresh().await?).await?;
    let line = |(id, goods): &(&i64, &Goods)| {
        let (who, total) =
            (known(&people, goods.customer.0).called(), shop.wording.amount(goods.total, goods.currency));
        format!("#{id} {}, {}, {total}", cut(&who, NAME_CHARACTERS), sentences::units(goods.units))
    };
    Ok(first.iter().map(line).collect())
}

pub(super) fn tell(status: &str, ids: &[i64], outcomes: &[Outcome], foreseen: bool) -> Output {
    let count = |fits: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| fits(outcome)).count();
    let changed = count(|o| matches!(o, Outcome::Changed(..)));
    let no_change = count(|o| matches!(o, Outcome::NoChange));
    let overtaken = count(|o| matches!(o, Outcome::Overtaken));
    let unexpected = count(|o| matches!(o, Outcome::Unexpected));
    let refused = count(|o| matches!(o, Outcome::Refused(_)));
    let (mut orders, mut command_ids, mut reasons) = (vec![], BTreeMap::new(), 0);
    for (id, outcome) in ids.iter().zip(outcomes) {
        let outcome = match outcome {
            Outcome::Changed(command_id, ..) if !foreseen => {
                command_ids.insert(*id, *command_id);
                continue;
            }
            Outcome::Changed(..) => CHANGED.to_owned(),
            Outcome::NoChange => "no_change".to_owned(),
            Outcome::Overtaken => "skipped: changed since the preview".to_owned(),
            Outcome::Unexpected => "skipped: not at expected_version".to_owned(),
            Outcome::Refused(rejection) if reasons < TOLD_ORDERS => {
                reasons += 1;
                format!("{REFUSED}: {}", rejection.message)
            }
            Outcome::Refused(_) => REFUSED.to_owned(),
        };
        orders.push(json!({ "order_id": id, "outcome": outcome }));
    }
    let orders_of = |n: usize| match n {
        0 => "No order".to_owned(),
        n => sentences::plural(i64::try_from(n).unwrap_or(i64::MAX), "order"),
    };
    let verb = |n: usize, one: &'static str, more: &'static str| if n <= 1 { one } else { more };
    let word = Status::parse(status).map_or_else(|| status.trim().to_lowercase(), Status::spoken);
    let now = if foreseen { "would become" } else { verb(changed, "is now", "are now") };
    let mut text = format!("{} {now} {word}.", orders_of(changed));
    let already = format!("{} {word} already", verb(no_change, "is", "are"));
    for (n, rest) in [
        (no_change, already.as_str()),
        (
            overtaken,
            verb(
                overtaken,
                "was skipped, because it changed since the preview",
                "were skipped, because they changed since the preview",
            ),
        ),
        (unexpected, verb(unexpected, "is not at the version expected", "are not at the version expected")),
    ] {
        if n > 0 {
            text.push_str(&format!(" {} {rest}.", orders_of(n)));
        }
    }
    if refused > 0 {
        let which = ids.iter().zip(outcomes).filter_map(|(id, outcome)| match outcome {
            Outcome::Refused(rejection) => Some((*id, rejection)),
            Outcome::Changed(..) | Outcome::NoChange | Outcome::Overtaken | Outcome::Unexpected => None,
        });
        let verb = verb(refused, "is refused", "are refused");
        text.push_str(&format!(" {} {verb}: {}.", orders_of(refused), refused::in_words(which)));
    }
    let (interpretation, orders_named, command_id) = (Interpretation::default(), vec![], None);
    let skipped = overtaken + unexpected;
    let undoable = undoable(outcomes);
    Output {
        changed,
        no_change,
        skipped,
        refused,
        orders,
        command_id,
        undoable,
        command_ids,
        interpretation,
        orders_named,
        text,
    }
}

#[cfg(test)]
mod tests {
    use orderlog_domain::rejection::Code;

    use super::*;

    fn goods() -> Goods {
        Goods {
            customer: CustomerId(uuid::Uuid::nil()),
            units: 1,
            moved: 0,
            total: 100,
            owed_back: 0,
            currency: "INR".parse().unwrap(),
            undoable: true,
        }
    }

    #[test]
    fn the_answer_for_as_many_orders_as_are_allowed_is_short_and_names_every_command() {
        let ids: Vec<i64> = (1_000_000..).take(MAX_ORDERS).collect();
        let changed = |_: &i64| Outcome::Changed(CommandId(uuid::Uuid::from_u128(u128::MAX)), Version(1), goods());
        let outcomes: Vec<Outcome> = ids.iter().map(changed).collect();
        let answer = tell("Dispatched", &ids, &outcomes, false);
        assert_eq!((answer.command_ids.len(), answer.text.as_str()), (MAX_ORDERS, "500 orders are now shipped."));
        assert!(serde_json::to_string(&answer).unwrap().len() < 32_000);
    }

    #[test]
    fn what_is_left_alone_is_told_with_the_true_reason() {
        let refused = || Outcome::Refused(Rejection::because(Code::OnHold, "Order #3 is ", "on hold"));
        let done = tell("sent", &[1, 2, 3], &[Outcome::NoChange, Outcome::Overtaken, refused()], false);
        assert_eq!(
            done.text,
            "No order is now shipped. 1 order is shipped already. 1 order was skipped, because it changed since the \
             preview. 1 order is refused: #3 (on hold)."
        );
        let foreseen = tell("sent", &[1, 2], &[Outcome::Unexpected, Outcome::Unexpected], true);
        assert_eq!(foreseen.text, "No order would become shipped. 2 orders are not at the version expected.");
        assert_eq!((foreseen.skipped, &foreseen.orders[0]["outcome"]), (2, &json!("skipped: not at expected_version")));
    }
}
