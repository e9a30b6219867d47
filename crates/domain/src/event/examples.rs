//! The common data of the examples: one order of tea, its customer, a rate, a message.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    amounts::{Amounts, Charge, StoredRate},
    lines::LineUnits,
};
use crate::{
    ids::{CustomerId, OrderId, ProductId, RuleId},
    money::Currency,
};

pub(super) const ORDER: OrderId = OrderId(1001);
pub(super) const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(0x019a_aaaa_0000_7000_8000_0000_0000_0001));
pub(super) const MESSAGE: Uuid = Uuid::from_u128(0x019a_aaaa_0000_5000_8000_0000_0000_0002);
pub(super) const CONFIRMATION: Uuid = Uuid::from_u128(0x019a_aaaa_0000_7000_8000_0000_0000_0003);
pub(super) const RULE: RuleId = RuleId(1);
/// Shipping fee.
pub(super) const FEE: Charge = Charge { net: 9_900, tax: 1_782 };

pub(super) fn tea() -> ProductId {
    ProductId::from_sku("TEA-250")
}

/// Packets of tea at 1,000.00 with 10 % discount and 18 % tax.
pub(super) fn units(units: i64) -> Vec<LineUnits> {
    let amounts = Amounts { gross: 100_000 * units, discount: 10_000 * units, tax: 16_200 * units };
    vec![LineUnits { line: 1, product_id: tea(), units, amounts }]
}

pub(super) fn dollar() -> Currency {
    "USD".parse().expect("a currency")
}

/// The rate of a dollar in the shop's currency.
pub(super) fn rupees() -> StoredRate {
    StoredRate { currency: Currency::INR, rate: Decimal::new(84_125, 3) }
}

pub(super) fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

pub(super) fn sealed(text: &str) -> String {
    format!("sealed:1:{CUSTOMER}:{text}")
}
