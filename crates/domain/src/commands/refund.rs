//! Paying money back: for units that were cancelled or returned, for a cancelled shipping fee, or as goodwill.

#[cfg(test)]
mod tests;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    About, Act, ConfirmWhen, conversion,
    lines::{LineSelection, Selected, readings, select},
    preconditions,
};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{Charge, PaymentRefunded, RefundKind, RefundedUnits, Totals},
    ids::{OrderId, StreamId},
    limits,
    money::{parse_amount, round_minor},
    order::{Line, Order},
    rejection::{Code, Problems, Rejection},
    states::States,
    text,
    typed::{self, Typed},
};

/// Pay money back for an order. A refund can never be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// Its number.
    #[schemars(range(min = 1))]
    pub order_id: OrderId,
    /// What for; owed when left out, or units with lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<RefundKind>,
    /// Amount with tax in the order's currency, such as "999.00"; but for goodwill all that is owed when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub amount: Option<String>,
    /// Instead of an amount: cancelled or returned units whose price goes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::LINES_PER_ORDER))]
    pub lines: Option<Vec<LineSelection>>,
    /// Tax inside a goodwill amount; the order's own share of tax when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub tax: Option<String>,
    /// How it was paid back; as the latest payment came in when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::METHOD_CHARS))]
    pub method: Option<String>,
    /// The payment provider's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::TRACKING_CHARS))]
    pub reference: Option<String>,
}

impl Act for Refund {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = preconditions::placed_order(states, self.order_id)?;
        let (amount, tax) = self.check(order)?;
        let stream = StreamId::Order(order.id);
        let mut decision = Decision::about(stream);
        let amount = match (amount, &self.lines) {
            (Some(amount), _) => amount,
            (None, Some(lines)) => worth(order, lines, context)?,
            (None, None) => self.limit(order),
        };
        if amount == 0 {
            decision.warn(self.why_nothing(order, context));
            return Ok(decision);
        }
        if amount > self.limit(order) {
            return Err(self.too_much(order, amount, context).into());
        }
        let allowance = match self.kind() {
            RefundKind::Goodwill => goodwill(order, amount, tax),
            RefundKind::Shipping => fee_allowance(order, amount),
            RefundKind::Owed | RefundKind::Units => Charge::default(),
        };
        let latest = order.payments.last().map_or("", |payment| payment.method.as_str());
        let method = self.method.as_deref().unwrap_or(latest).trim().to_lowercase();
        let mut fact = refunded(order, amount, self.kind(), allowance, method, self.reference.clone());
        fact.converted = conversion::cash_back(order, amount, allowance, states, context)?;
        if let Some(lines) = &self.lines {
            decision.warnings.extend(readings(order, Some(lines)));
            let selected = select(order, Some(lines), Line::refundable)?;
            fact.lines = selected.iter().map(|s| RefundedUnits { line: s.line.line, units: s.units }).collect();
        }
        decision.record(stream, fact);
        Ok(decision)
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        typed::number("reference", &mut self.reference).collect()
    }

    fn confirm_when(&self) -> ConfirmWhen {
        ConfirmWhen::Always
    }
}

impl Refund {
    fn kind(&self) -> RefundKind {
        self.kind.unwrap_or(if self.lines.is_some() { RefundKind::Units } else { RefundKind::Owed })
    }

    /// Amount and tax as given, minor units.
    fn check(&self, order: &Order) -> Result<(Option<i64>, Option<i64>), Rejection> {
        let mut problems = Problems::default();
        if let Some(method) = &self.method {
            text::check_line("method", method, limits::METHOD_CHARS, &mut problems);
        }
        if let Some(reference) = &self.reference {
            text::check_typed_line("reference", reference, limits::TRACKING_CHARS, &mut problems);
        }
        let mut read =
            |field: &str, text: &Option<String>| match text.as_deref().map(|t| parse_amount(t, order.currency)) {
                None => None,
                Some(Ok(minor)) => Some(minor),
                Some(Err(error)) => {
                    problems.add(field, format!("cannot be read: {error}"));
                    None
                }
            };
        let (amount, tax) = (read("amount", &self.amount), read("tax", &self.tax));
        match (self.kind(), amount, &self.lines) {
            (_, Some(_), Some(_)) => problems.add("lines", "cannot be given together with amount"),
            (RefundKind::Goodwill, None, _) if self.amount.is_none() => {
                problems.add("amount", "is needed for goodwill: say how much");
            }
            (kind @ (RefundKind::Shipping | RefundKind::Owed | RefundKind::Goodwill), _, Some(_)) => {
                problems.add("lines", format!("cannot be given with {}, only with units", kind.name()));
            }
            (_, Some(0), _) => problems.add("amount", "must be more than nothing"),
            _ => {}
        }
        if tax.is_some() && self.kind() != RefundKind::Goodwill {
            problems.add("tax", "goes with goodwill only: units and shipping carry their own tax");
        }
        if let (Some(tax), Some(amount)) = (tax, amount)
            && tax > amount
        {
            problems.add("tax", "is more than the amount");
        }
        problems.check()?;
        Ok((amount, tax))
    }

    /// The highest possible refund, minor units.
    fn limit(&self, order: &Order) -> i64 {
        let kept = order.captured - order.refunded;
        let owed = (-order.due()).clamp(0, kept);
        let sale = order.current_totals().total - order.goodwill.total();
        match self.kind() {
            RefundKind::Owed => owed,
            RefundKind::Units => owed.min(order.freed - order.refunded_units).max(0),
            RefundKind::Shipping => {
                let fee = order.shipping.total() - order.refunded_shipping;
                // A cancelled fee is owed back; a fee that is still part of the sale lowers the sale when it goes back.
                let most = if fee_stands(order) { kept.min(sale) } else { owed };
                most.min(fee).max(0)
            }
            RefundKind::Goodwill => kept.min(sale).max(0),
        }
    }

    /// Why there is nothing to pay back, and what could be paid back.
    fn why_nothing(&self, order: &Order, context: &Context<'_>) -> String {
        let (id, kept) = (order.id, order.captured - order.refunded);
        let shown = context.shop.locale.money_in_words(kept, order.currency);
        match self.kind() {
            RefundKind::Shipping if order.shipping == Charge::default() => format!("Order #{id} has no shipping fee."),
            RefundKind::Shipping if order.refunded_shipping >= order.shipping.total() => {
                format!("The shipping fee of order #{id} went back before.")
            }
            _ if kept <= 0 => format!("Nothing that was paid for order #{id} is still here."),
            _ => format!(
                "{shown} of what was paid for order #{id} is still here, and no more than that is asked for. Kind shipping pays \
                 its shipping fee back, kind goodwill an amount agreed on.",
            ),
        }
    }

    fn too_much(&self, order: &Order, amount: i64, context: &Context<'_>) -> Rejection {
        let shown = |minor| context.shop.locale.money_in_words(minor, order.currency);
        let (id, limit, kept) = (order.id, self.limit(order), order.captured - order.refunded);
        let (message, hint) = match self.kind() {
            RefundKind::Goodwill if kept <= 0 => (
                format!("Nothing can go back for order #{id}: nothing that was paid for it is still here."),
                "If a payment came in that is not recorded, record it first with orders_record_payment.",
            ),
            RefundKind::Goodwill if limit == 0 => (
                format!("Nothing can go back out of goodwill for order #{id}: none of its sale is left to lower."),
                "Pay back what is owed with kind owed instead.",
            ),
            RefundKind::Goodwill => (
                format!("At most {} can go back out of goodwill for order #{id}, not {}.", shown(limit), shown(amount)),
                "Agree on a smaller amount with the user. What is owed for cancelled or returned units goes back with \
                 kind owed.",
            ),
            RefundKind::Shipping => (
                format!("At most {} can go back for the shipping of order #{id}, not {}.", shown(limit), shown(amount)),
                "The shipping fee goes back once, with its tax. Leave amount out to pay back what is left of it.",
            ),
            kind @ (RefundKind::Owed | RefundKind::Units) => {
                let what = if kind == RefundKind::Units { " on account of units" } else { "" };
                let (limit, amount, kept) = (shown(limit), shown(amount), shown(kept));
                (
                    format!(
                        "{limit} is owed back for order #{id}{what}, not {amount}; {kept} of its payments is still here."
                    ),
                    "Cancel (orders_cancel) or return (orders_return_items) the units first, or refund as goodwill.",
                )
            }
        };
        let field = if self.lines.is_some() { "lines" } else { "amount" };
        Rejection::new(Code::LimitExceeded, message).field(field).hint(hint)
    }
}

/// The fact, for this command and for undoing a payment.
pub(super) fn refunded(
    order: &Order,
    amount: i64,
    kind: RefundKind,
    allowance: Charge,
    method: String,
    reference: Option<String>,
) -> PaymentRefunded {
    let (order_id, customer_id, currency) = (order.id, order.customer_id, order.currency);
    PaymentRefunded {
        order_id,
        customer_id,
        currency,
        amount,
        kind,
        allowance,
        method,
        reference,
        lines: vec![],
        undoes_payment: Some(false),
        converted: None,
    }
}

/// Rule R7: the tax that was given, or otherwise the share of tax in the present order.
fn goodwill(order: &Order, amount: i64, tax: Option<i64>) -> Charge {
    let Totals { revenue, total, .. } = order.current_totals();
    let net = match tax {
        Some(tax) => amount - tax,
        None if total == 0 => amount,
        None => round_minor(Decimal::from(amount) * Decimal::from(revenue) / Decimal::from(total)),
    };
    Charge { net, tax: amount - net }
}

/// Whether the shipping fee is still part of the sale.
fn fee_stands(order: &Order) -> bool {
    order.shipping_reversed == Charge::default()
}

/// The amount by which a refund of the shipping fee lowers the sale: the refund with its share of the fee's tax, so
/// that the parts sum to the fee. Zero if the fee was cancelled before.
fn fee_allowance(order: &Order, amount: i64) -> Charge {
    if !fee_stands(order) {
        return Charge::default();
    }
    let upto = |part: i64| {
        round_minor(Decimal::from(order.shipping.net) * Decimal::from(part) / Decimal::from(order.shipping.total()))
    };
    let net = upto(order.refunded_shipping + amount) - upto(order.refunded_shipping);
    Charge { net, tax: amount - net }
}

/// The price, with tax, of the selected units, which were cancelled or returned.
fn worth(order: &Order, lines: &[LineSelection], context: &Context<'_>) -> Result<i64, Rejection> {
    let selected = select(order, Some(lines), Line::refundable)?;
    if let Some(Selected { line, units }) = selected.iter().find(|s| s.units > s.line.refundable()) {
        let verbs = [
            "was cancelled or came back and is to be paid back",
            "were cancelled or came back and are to be paid back",
        ];
        let message = preconditions::too_few(line, line.refundable(), *units, verbs);
        let refunded = line.returned_refunded + line.cancelled_refunded;
        let hint = if refunded > 0 {
            format!("The price of {refunded} of its units went back before; see orders_get.")
        } else {
            "Cancel (orders_cancel) or return (orders_return_items) the units first.".to_owned()
        };
        return Err(preconditions::illegal(order, context, message).field("lines").hint(hint));
    }
    Ok(selected.iter().map(|s| s.line.next_to_refund(s.units).total()).sum())
}
