//! Lines in facts about orders: as ordered, the units of one that an event moves, and the changes of one.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amounts::{Amounts, LineTotal};
use crate::{ids::ProductId, pricing::Discount};

/// A line as ordered, with price, name and tax rate copied from the catalogue of that moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlacedLine {
    /// From 1.
    pub line: u32,
    /// What.
    pub product_id: ProductId,
    /// Copied from the catalogue.
    pub sku: String,
    /// Copied from the catalogue.
    pub name: String,
    /// Units ordered.
    pub quantity: i64,
    /// Price of one unit as entered, minor units.
    pub unit_price: i64,
    /// Percent; `18` means 18 %.
    #[serde(with = "crate::money::decimal_string")]
    #[schemars(with = "String")]
    pub tax_rate: Decimal,
    /// Whether the price and the discounts were entered with tax.
    pub tax_inclusive: bool,
    /// The price of all units together, where that was entered instead of the price of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_total: Option<LineTotal>,
    /// What is taken off, as entered, each from what the one before leaves: a change prices the line anew by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    /// Whether the last of them is the line's part of a discount on the whole order.
    #[serde(default, skip_serializing_if = "is_false")]
    pub order_discount: bool,
    /// Amounts of the whole line; the value of unit i follows from them by rule R4.
    pub amounts: Amounts,
    /// Whether stock is kept of the product.
    pub tracked: bool,
    /// Of its units, those cancelled before: always the highest numbers. None when placed.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub cancelled: i64,
    /// Units set aside for it.
    pub reserved: i64,
    /// Units it waits for.
    pub backordered: i64,
}

fn is_nothing(units: &i64) -> bool {
    *units == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl PlacedLine {
    /// Units that are part of the order.
    #[must_use]
    pub fn active(&self) -> i64 {
        self.quantity - self.cancelled
    }

    /// The discounts of this line only, as entered.
    #[must_use]
    pub fn own_discounts(&self) -> &[Discount] {
        match self.discounts.split_last() {
            Some((_, own)) if self.order_discount => own,
            Some(_) | None => &self.discounts,
        }
    }

    /// The line's part of a discount on the complete order: the percentage, or a share of the amount.
    #[must_use]
    pub fn part_of_order_discount(&self) -> Option<Discount> {
        self.discounts.last().copied().filter(|_| self.order_discount)
    }

    /// Amounts of the units that are part of the order.
    #[must_use]
    pub fn kept_amounts(&self) -> Amounts {
        self.amounts.of_units(self.quantity, 0, self.active())
    }
}

/// Units of one line that an event moves, with the value that rule R4 gives exactly these units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineUnits {
    /// Line number, from 1.
    pub line: u32,
    /// What the line is for.
    pub product_id: ProductId,
    /// How many units, at least 1.
    pub units: i64,
    /// Value of exactly these units.
    pub amounts: Amounts,
}

/// By how much one line moved; each figure may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineDifference {
    /// Line number, from 1.
    pub line: u32,
    /// What the line is for.
    pub product_id: ProductId,
    /// Units now less units before.
    pub units: i64,
    /// Amounts now less amounts before.
    pub amounts: Amounts,
}
