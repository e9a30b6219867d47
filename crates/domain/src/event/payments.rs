//! Facts about money: payments and refunds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    amounts::{Charge, ConvertedCash, ConvertedRefund},
    declared::Declared,
    examples::{CUSTOMER, ORDER, dollar, rupees},
    orders::OrderPlaced,
};
use crate::{
    guarded::GuardedAct,
    ids::{CustomerId, OrderId},
    money::Currency,
    typed::{Typed, number},
};

/// See [`Event::PaymentCaptured`](super::Event::PaymentCaptured).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentCaptured {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// Minor units of the order's currency, with tax.
    pub amount: i64,
    /// `card`, `cash`, `upi`, …
    pub method: String,
    /// The payment provider's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The same in the shop's currency at the rate of the day, where the order is in another and a rate was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<ConvertedCash>,
}

impl Declared for PaymentCaptured {
    fn example() -> Self {
        Self {
            order_id: ORDER,
            customer_id: CUSTOMER,
            currency: Currency::INR,
            amount: OrderPlaced::example().totals.total,
            method: "upi".to_owned(),
            reference: Some("pay_29QQoUBi66xm2f".to_owned()),
            converted: None,
        }
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        number("reference", &mut self.reference).collect()
    }
}

/// What money is paid back for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundKind {
    /// All that is owed.
    Owed,
    /// What cancelled or returned units cost.
    Units,
    /// The shipping fee, once.
    Shipping,
    /// A kindness: it lowers the sale too.
    Goodwill,
}

impl RefundKind {
    /// The name in answers: `goodwill`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RefundKind::Owed => "owed",
            RefundKind::Units => "units",
            RefundKind::Shipping => "shipping",
            RefundKind::Goodwill => "goodwill",
        }
    }
}

/// See [`Event::PaymentRefunded`](super::Event::PaymentRefunded).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentRefunded {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// Minor units of the order's currency that went back, with tax.
    pub amount: i64,
    /// What for.
    pub kind: RefundKind,
    /// By how much the sale is lowered: all of a goodwill refund, split by rule R7, and of a shipping fee that still stood;
    /// nothing otherwise.
    pub allowance: Charge,
    /// Cancelled or returned units that are paid back, where they were named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<RefundedUnits>,
    /// Whether it takes back the payment before it, which never was one. Older versions did not say: there it does where it
    /// follows a payment at once and equals it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes_payment: Option<bool>,
    /// `card`, `cash`, `upi`, …
    pub method: String,
    /// The payment provider's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The same in the shop's currency at the rate of the day, where the order is in another and a rate was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<ConvertedRefund>,
}

impl Declared for PaymentRefunded {
    fn example() -> Self {
        let by = rupees();
        Self {
            order_id: ORDER,
            customer_id: CUSTOMER,
            currency: dollar(),
            amount: 5_000,
            kind: RefundKind::Goodwill,
            allowance: Charge { net: 4_237, tax: 763 },
            method: "upi".to_owned(),
            reference: Some("rfnd_29QQoUBi66xm2f".to_owned()),
            lines: vec![],
            undoes_payment: Some(false),
            converted: Some(ConvertedRefund {
                by,
                amount: 420_625,
                allowance: Some(Charge { net: 356_438, tax: 64_187 }),
            }),
        }
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        number("reference", &mut self.reference).collect()
    }

    fn guarded(&self) -> Option<GuardedAct> {
        Some(GuardedAct::Refunds)
    }
}

/// Units of one line whose price went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefundedUnits {
    /// Line number, from 1.
    pub line: u32,
    /// How many units, at least 1.
    pub units: i64,
}
