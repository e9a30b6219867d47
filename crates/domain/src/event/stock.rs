//! Facts about the stock of a product.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    declared::Declared,
    examples::{ORDER, tea},
};
use crate::ids::{OrderId, ProductId};

/// See [`Event::StockReserved`](super::Event::StockReserved).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReserved {
    /// Of which product.
    pub product_id: ProductId,
    /// For which order.
    pub order_id: OrderId,
    /// For which line.
    pub line: u32,
    /// Units.
    pub units: i64,
    /// Whether these units had been waited for.
    pub from_backorder: bool,
}

impl Declared for StockReserved {
    fn example() -> Self {
        Self { product_id: tea(), order_id: ORDER, line: 1, units: 2, from_backorder: false }
    }
}

/// See [`Event::StockBackordered`](super::Event::StockBackordered).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockBackordered {
    /// Of which product.
    pub product_id: ProductId,
    /// For which order.
    pub order_id: OrderId,
    /// For which line.
    pub line: u32,
    /// Units.
    pub units: i64,
}

impl Declared for StockBackordered {
    fn example() -> Self {
        Self { product_id: tea(), order_id: ORDER, line: 1, units: 1 }
    }
}

/// See [`Event::StockReleased`](super::Event::StockReleased).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReleased {
    /// Of which product.
    pub product_id: ProductId,
    /// By which order.
    pub order_id: OrderId,
    /// Line whose units are released.
    pub line: u32,
    /// Reserved units that are free again.
    pub reserved: i64,
    /// Backordered units no longer waited for.
    pub backordered: i64,
}

impl Declared for StockReleased {
    fn example() -> Self {
        Self { product_id: tea(), order_id: ORDER, line: 1, reserved: 0, backordered: 1 }
    }
}

/// See [`Event::StockConsumed`](super::Event::StockConsumed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockConsumed {
    /// Of which product.
    pub product_id: ProductId,
    /// For which order.
    pub order_id: OrderId,
    /// For which line.
    pub line: u32,
    /// Units, reserved before, no longer on hand.
    pub units: i64,
}

impl Declared for StockConsumed {
    fn example() -> Self {
        Self { product_id: tea(), order_id: ORDER, line: 1, units: 2 }
    }
}

/// See [`Event::StockReceived`](super::Event::StockReceived).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReceived {
    /// Of which product.
    pub product_id: ProductId,
    /// Units.
    pub units: i64,
}

impl Declared for StockReceived {
    fn example() -> Self {
        Self { product_id: tea(), units: 50 }
    }
}

/// See [`Event::StockAdjusted`](super::Event::StockAdjusted).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockAdjusted {
    /// Of which product.
    pub product_id: ProductId,
    /// Change of the units on hand; never 0.
    pub delta: i64,
    /// The count that led to it, if it was a count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<i64>,
}

impl Declared for StockAdjusted {
    fn example() -> Self {
        Self { product_id: tea(), delta: -2, counted: Some(48) }
    }
}

/// See [`Event::StockReturned`](super::Event::StockReturned).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReturned {
    /// Of which product.
    pub product_id: ProductId,
    /// From which order.
    pub order_id: OrderId,
    /// From which line.
    pub line: u32,
    /// Units on hand again.
    pub units: i64,
    /// How many of them are set aside for the order again, because their shipment was voided.
    pub reserved: i64,
}

impl Declared for StockReturned {
    fn example() -> Self {
        Self { product_id: tea(), order_id: ORDER, line: 1, units: 1, reserved: 0 }
    }
}

/// See [`Event::LowStockReached`](super::Event::LowStockReached).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LowStockReached {
    /// Of which product.
    pub product_id: ProductId,
    /// Available units after the event that crossed it.
    pub available: i64,
    /// The threshold crossed.
    pub threshold: i64,
}

impl Declared for LowStockReached {
    fn example() -> Self {
        Self { product_id: tea(), available: 10, threshold: 10 }
    }
}

/// See [`Event::LowStockRecovered`](super::Event::LowStockRecovered).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LowStockRecovered {
    /// Of which product.
    pub product_id: ProductId,
    /// Available units after the event that crossed it.
    pub available: i64,
    /// The threshold crossed.
    pub threshold: i64,
}

impl Declared for LowStockRecovered {
    fn example() -> Self {
        Self { product_id: tea(), available: 60, threshold: 10 }
    }
}
