//! Facts about units of orders: shipped, delivered, cancelled, called back, returned.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    amounts::{Amounts, Charge, Converted, ConvertedCharge},
    declared::Declared,
    examples::{CUSTOMER, FEE, ORDER, dollar, rupees, units},
    lines::LineUnits,
};
use crate::{
    guarded::GuardedAct,
    ids::{CustomerId, OrderId, ProductId},
    money::Currency,
    typed::{Typed, number},
};

/// See [`Event::UnitsShipped`](super::Event::UnitsShipped).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitsShipped {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// 1 for the order's first shipment.
    pub shipment: u32,
    /// What left.
    pub lines: Vec<LineUnits>,
    /// The shipping fee, with the first shipment only.
    pub shipping: Charge,
    /// Whether nothing else of the order had left, or had stayed gone.
    pub first: bool,
    /// Whether nothing of the order remains to be shipped.
    pub completes: bool,
    /// Who carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// The same in the shop's currency, where the order is in another and a rate was stored (rule R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
}

impl Declared for UnitsShipped {
    fn example() -> Self {
        Self {
            order_id: ORDER,
            customer_id: CUSTOMER,
            currency: Currency::INR,
            shipment: 1,
            lines: units(2),
            shipping: FEE,
            first: true,
            completes: false,
            carrier: Some("Blue Dart".to_owned()),
            tracking: Some("BD123456789IN".to_owned()),
            converted: None,
        }
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        number("carrier", &mut self.carrier).chain(number("tracking", &mut self.tracking)).collect()
    }
}

/// See [`Event::UnitsDelivered`](super::Event::UnitsDelivered).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitsDelivered {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// What arrived.
    pub lines: Vec<LineUnits>,
    /// Whether every active unit has arrived or come back.
    pub completes: bool,
}

impl Declared for UnitsDelivered {
    fn example() -> Self {
        Self { order_id: ORDER, customer_id: CUSTOMER, currency: Currency::INR, lines: units(2), completes: false }
    }
}

/// See [`Event::UnitsCancelled`](super::Event::UnitsCancelled).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitsCancelled {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// What was cancelled, with the amounts to take back.
    pub lines: Vec<LineUnits>,
    /// The shipping fee taken back (rule R6), or nothing.
    pub shipping: Charge,
    /// Whether no active unit remains.
    pub completes: bool,
    /// The same in the shop's currency, where the order is in another and a rate was stored (rule R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
    /// Goodwill posted back, since less is left of the order than was granted (rule R5a), or nothing.
    pub goodwill_back: Charge,
    /// The same in the shop's currency, where the order was converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodwill_back_converted: Option<ConvertedCharge>,
    /// Products of which no active unit remains by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<ProductId>,
}

impl Declared for UnitsCancelled {
    fn example() -> Self {
        Self {
            order_id: ORDER,
            customer_id: CUSTOMER,
            currency: Currency::INR,
            lines: units(1),
            shipping: Charge::default(),
            completes: false,
            converted: None,
            goodwill_back: Charge::default(),
            goodwill_back_converted: None,
            gone: vec![],
        }
    }

    fn guarded(&self) -> Option<GuardedAct> {
        Some(GuardedAct::Cancelling)
    }
}

/// See [`Event::ShipmentVoided`](super::Event::ShipmentVoided).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentVoided {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// Which shipment never left after all.
    pub shipment: u32,
    /// What it held, with the amounts to take back.
    pub lines: Vec<LineUnits>,
    /// The shipping fee that was earned with it, or nothing.
    pub shipping: Charge,
    /// Whether nothing of the order has left now.
    pub last: bool,
    /// The same in the shop's currency, where the order is in another and a rate was stored (rule R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
}

impl Declared for ShipmentVoided {
    fn example() -> Self {
        Self {
            order_id: ORDER,
            customer_id: CUSTOMER,
            currency: Currency::INR,
            shipment: 1,
            lines: units(2),
            shipping: FEE,
            last: true,
            converted: None,
        }
    }
}

/// What becomes of returned goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Sold again: the units are on hand once more.
    Restock,
    /// Thrown away: stock does not change.
    Scrap,
}

/// See [`Event::UnitsReturned`](super::Event::UnitsReturned).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitsReturned {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// What came back, with the amounts to take back.
    pub lines: Vec<LineUnits>,
    /// What becomes of it.
    pub disposition: Disposition,
    /// The shipping fee taken back, if asked (rule R6), or nothing.
    pub shipping: Charge,
    /// Whether every active unit has come back.
    pub completes: bool,
    /// The same in the shop's currency, where the order is in another and a rate was stored (rule R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
    /// Goodwill posted back, since less is left of the order than was granted (rule R5a), or nothing.
    pub goodwill_back: Charge,
    /// The same in the shop's currency, where the order was converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodwill_back_converted: Option<ConvertedCharge>,
}

impl Declared for UnitsReturned {
    fn example() -> Self {
        let by = rupees();
        let amounts = Amounts { gross: 8_412_500, discount: 841_250, tax: 1_362_825 };
        Self {
            order_id: ORDER,
            customer_id: CUSTOMER,
            currency: dollar(),
            lines: units(1),
            disposition: Disposition::Restock,
            shipping: Charge::default(),
            completes: false,
            converted: Some(Converted { by, lines: vec![amounts], shipping: Charge::default() }),
            goodwill_back: Charge { net: 1_000, tax: 180 },
            goodwill_back_converted: Some(ConvertedCharge { by, net: 84_125, tax: 15_143 }),
        }
    }
}
