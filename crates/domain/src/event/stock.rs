//! Facts about the stock of a product.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::safeguards::Safeguards;
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

impl Safeguards for StockReserved {}

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

impl Safeguards for StockBackordered {}

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

impl Safeguards for StockReleased {}

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

impl Safeguards for StockConsumed {}

/// See [`Event::StockReceived`](super::Event::StockReceived).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReceived {
    /// Of which product.
    pub product_id: ProductId,
    /// Units.
    pub units: i64,
}

impl Safeguards for StockReceived {}

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

impl Safeguards for StockAdjusted {}

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

impl Safeguards for StockReturned {}

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

impl Safeguards for LowStockReached {}

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

impl Safeguards for LowStockRecovered {}
