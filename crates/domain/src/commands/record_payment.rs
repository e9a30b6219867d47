//! Recording a payment for an order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    About, Act, ConfirmWhen, conversion, preconditions,
    repeated::{is_recent, suspected},
};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::PaymentCaptured,
    ids::{OrderId, StreamId},
    limits,
    money::{MAX_AMOUNT_MINOR, parse_amount},
    order::Order,
    rejection::{Code, Problems, Rejection},
    states::States,
    text,
    typed::{self, Typed},
};

/// Record a payment that came in for an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordPayment {
    /// Its number.
    #[schemars(range(min = 1))]
    pub order_id: OrderId,
    /// Amount with tax in the order's currency, such as "999.00"; all that is still due when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub amount: Option<String>,
    /// How it was paid: card, cash, upi, bank_transfer …
    #[schemars(length(min = 1, max = limits::METHOD_CHARS))]
    pub method: String,
    /// The payment provider's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::TRACKING_CHARS))]
    pub reference: Option<String>,
}

impl Act for RecordPayment {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = preconditions::placed_order(states, self.order_id)?;
        let stream = StreamId::Order(order.id);
        let mut decision = Decision::about(stream);
        let amount = self.amount(order)?;
        if amount <= 0 {
            decision.warn(format!("Nothing is due for order #{}.", order.id));
            return Ok(decision);
        }
        if context.ask.repeated {
            self.check_repeated(order, amount, context)?;
        }
        let too_much = amount.saturating_sub(order.due().max(0));
        if too_much > 0 {
            let too_much = context.shop.locale.money_in_words(too_much, order.currency);
            if context.ask.too_much {
                let message = format!("This is {too_much} more than is due for order #{}.", order.id);
                return Err(Rejection::new(Code::ConfirmationRequired, message).into());
            }
            decision.warn(format!("This is {too_much} more than was due for order #{}.", order.id));
        }
        let converted = conversion::cash(order, amount, states, context)?;
        decision.warnings.extend(conversion::warning(order.currency, converted.is_some(), context));
        decision.record(
            stream,
            PaymentCaptured {
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                amount,
                method: self.method(),
                reference: self.reference.clone(),
                converted,
            },
        );
        Ok(decision)
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        typed::number("reference", &mut self.reference).collect()
    }

    fn confirm_when(&self) -> ConfirmWhen {
        ConfirmWhen::IfRefused
    }
}

impl RecordPayment {
    fn method(&self) -> String {
        self.method.trim().to_lowercase()
    }

    /// A reference names one payment, however long ago. The same amount may be paid again, but rarely within minutes.
    fn check_repeated(&self, order: &Order, amount: i64, context: &Context<'_>) -> Result<(), Rejection> {
        let (id, method) = (order.id, self.method());
        let mut standing = (1..).zip(&order.payments).filter(|(_, payment)| payment.undone.is_none());
        let shown = |minor| context.shop.locale.money_in_words(minor, order.currency);
        let asked = standing.find_map(|(nth, before)| {
            let (paid, by) = (shown(before.amount), &before.method);
            let message = if self.reference.is_some() && before.reference == self.reference {
                format!("A payment with this reference, {paid} by {by}, was recorded for order #{id} before.")
            } else if (before.amount, by) == (amount, &method) && is_recent(before.at, context) {
                format!("{paid} by {by} was recorded for order #{id} within the last two minutes.")
            } else {
                return None;
            };
            let done = json!({ "order_id": id, "payment": nth, "amount": paid, "method": by });
            Some(suspected(message, done))
        });
        asked.map_or(Ok(()), Err)
    }

    /// The amount: as given, or everything still due.
    fn amount(&self, order: &Order) -> Result<i64, Rejection> {
        let mut problems = Problems::default();
        text::check_line("method", &self.method, limits::METHOD_CHARS, &mut problems);
        if let Some(reference) = &self.reference {
            text::check_typed_line("reference", reference, limits::TRACKING_CHARS, &mut problems);
        }
        let given = self.amount.as_deref().map(|amount| parse_amount(amount, order.currency)).transpose();
        match &given {
            Ok(Some(0)) => problems.add("amount", "must be more than nothing"),
            Ok(Some(amount)) if order.captured.saturating_add(*amount) > MAX_AMOUNT_MINOR => {
                problems.add("amount", "makes the payments larger than any amount accepted here");
            }
            Ok(_) => {}
            Err(error) => problems.add("amount", format!("cannot be read: {error}")),
        }
        problems.check()?;
        Ok(given.ok().flatten().unwrap_or_else(|| order.due()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        commands::{Cancel, Command},
        order::PaymentStatus,
        rejection::Code,
        testing::{Story, input, types},
    };

    fn shop() -> (Story, OrderId) {
        let mut story = Story::new();
        story.product("A", "100.00", json!({ "tax_rate": "18" })).stocked("A", 5);
        let order_id = story.ordered(&[("A", 2)]);
        (story, order_id)
    }

    fn pay(amount: &str) -> Command {
        input::<RecordPayment>(json!({ "order_id": 1001, "amount": amount, "method": "Card" }))
    }

    #[test]
    fn payments_add_up_to_paid() {
        let (mut story, id) = shop();
        assert_eq!(story.order(id).payment_status(), PaymentStatus::Unpaid);
        story.done(pay("36.00"));
        assert_eq!(story.order(id).payment_status(), PaymentStatus::PartiallyPaid);
        let rest = || input::<RecordPayment>(json!({ "order_id": 1001, "method": "cash" }));
        assert_eq!(types(&story.done(rest())), ["PaymentCaptured"]);
        assert_eq!(story.order(id).captured, 23_600);
        assert_eq!(story.order(id).payment_status(), PaymentStatus::Paid);
        assert!(story.done(rest()).facts.is_empty());
    }

    #[test]
    fn too_much_is_recorded_with_a_warning() {
        let (mut story, id) = shop();
        story.done(pay("236.00"));
        assert!(story.done(pay("1.00")).warnings[0].starts_with("This is ₹1 more"));
        assert_eq!(story.order(id).payment_status(), PaymentStatus::Overpaid);
    }

    #[test]
    fn more_than_is_due_wants_the_users_word() {
        let (mut story, _) = shop();
        story.asks.too_much = true;
        story.done(pay("36.00"));
        let asked = story.refused(pay("200.01"));
        assert_eq!(asked.code, Code::ConfirmationRequired);
        assert_eq!(asked.message, "This is ₹0.01 more than is due for order #1001.");
        story.done(pay("200.00"));
        assert_eq!(story.refused(pay("1.00")).message, "This is ₹1 more than is due for order #1001.");
    }

    #[test]
    fn the_same_payment_twice_is_asked_about() {
        let (mut story, id) = shop();
        story.asks.repeated = true;
        let with = |amount: &str, method: &str, reference: Option<&str>| {
            input::<RecordPayment>(
                json!({ "order_id": 1001, "amount": amount, "method": method, "reference": reference }),
            )
        };
        story.done(with("10.00", "card", Some("pi_1")));
        for again in [with("10.00", " CARD", None), with("12.00", "upi", Some("pi_1"))] {
            let asked = story.refused(again);
            assert_eq!(asked.code, Code::DuplicateSuspected);
            assert_eq!(asked.candidates[0]["payment"], 1, "{asked:?}");
        }
        story.done(with("10.00", "upi", Some("pi_2")));
        story.done(with("11.00", "card", None));
        story.now += chrono::TimeDelta::seconds(120);
        story.done(with("10.00", "card", Some("pi_3")));
        assert_eq!(story.refused(with("9.00", "card", Some("pi_1"))).code, Code::DuplicateSuspected, "at any time");
        // A payment that was undone does not count.
        let facts = vec![story.told.last().expect("a payment").2.clone()];
        let (order_id, version) = (id, story.order(id).acted);
        story.done(crate::commands::Undo { order_id, version, facts, lines_before: vec![] });
        story.done(with("10.00", "card", Some("pi_3")));
    }

    #[test]
    fn cancelling_a_paid_order_leaves_it_overpaid() {
        let (mut story, id) = shop();
        story.done(pay("236.00"));
        story.done(input::<Cancel>(json!({ "order_id": 1001 })));
        assert_eq!((story.order(id).payment_status(), story.order(id).due()), (PaymentStatus::Overpaid, -23_600));
    }

    #[test]
    fn amounts_must_be_money() {
        let (mut story, _) = shop();
        for amount in ["0", "0.00", "-1", "1.234", "1e3", "1,000.00", "", "1_000", "99999999999999999"] {
            let refused = story.refused(pay(amount));
            assert_eq!((refused.code, refused.field.as_deref()), (Code::InvalidArgument, Some("amount")), "{amount}");
        }
    }
}
