//! One line of an order: how many units it has in each state, and the exact value of each unit (rule R4).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    event::{Amounts, LineTotal, LineUnits, PlacedLine},
    ids::ProductId,
    money::units_value,
    pricing::{Discount, entered_gross},
};

/// One line: numbers of units, from which the order's status follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Number of the line, from 1.
    pub line: u32,
    /// The product.
    pub product_id: ProductId,
    /// SKU of the product when the line was placed.
    pub sku: String,
    /// Name of the product when the line was placed.
    pub name: String,
    /// Price of one unit as entered, minor units.
    pub unit_price: i64,
    /// Tax rate in percent.
    #[serde(with = "crate::money::decimal_string")]
    pub tax_rate: Decimal,
    /// Whether the price and the discounts were entered with tax.
    pub tax_inclusive: bool,
    /// The price of several units together, where that was entered.
    pub line_total: Option<LineTotal>,
    /// The discounts as entered; each applies to the amount that the one before leaves.
    pub discounts: Vec<Discount>,
    /// Whether the last of them is the line's part of a discount on the complete order.
    #[serde(default)]
    pub order_discount: bool,
    /// Amounts of all ordered units.
    pub amounts: Amounts,
    /// The amounts in the shop's currency; zero without a rate.
    pub converted: Amounts,
    /// Whether the stock of the product is tracked.
    pub tracked: bool,
    /// Units ordered.
    pub ordered: i64,
    /// Units cancelled: always the highest numbers.
    pub cancelled: i64,
    /// Units set aside in stock.
    pub reserved: i64,
    /// Units that wait for stock.
    pub backordered: i64,
    /// Units shipped: always the lowest numbers.
    pub shipped: i64,
    /// Shipped units that arrived and stayed.
    pub delivered: i64,
    /// Shipped units that were returned; they no longer count as delivered.
    pub returned: i64,
    /// Returned units whose price was paid back for these units: always those with the lowest numbers.
    pub returned_refunded: i64,
    /// Cancelled units whose price was paid back for these units: always those with the highest numbers.
    pub cancelled_refunded: i64,
}

impl Line {
    /// A line as placed or changed: nothing has been shipped or cancelled yet.
    pub(super) fn placed(placed: &PlacedLine) -> Line {
        Line {
            line: placed.line,
            product_id: placed.product_id,
            sku: placed.sku.clone(),
            name: placed.name.clone(),
            unit_price: placed.unit_price,
            tax_rate: placed.tax_rate,
            tax_inclusive: placed.tax_inclusive,
            line_total: placed.line_total,
            discounts: placed.discounts.clone(),
            order_discount: placed.order_discount,
            amounts: placed.amounts,
            converted: Amounts::default(),
            tracked: placed.tracked,
            ordered: placed.quantity,
            cancelled: placed.cancelled,
            reserved: placed.reserved,
            backordered: placed.backordered,
            shipped: 0,
            delivered: 0,
            returned: 0,
            returned_refunded: 0,
            cancelled_refunded: 0,
        }
    }

    /// The line as an event lists it, with all of its units, also cancelled ones: each keeps its value until the line
    /// is changed.
    #[must_use]
    pub fn as_placed(&self) -> PlacedLine {
        PlacedLine {
            line: self.line,
            product_id: self.product_id,
            sku: self.sku.clone(),
            name: self.name.clone(),
            quantity: self.ordered,
            unit_price: self.unit_price,
            tax_rate: self.tax_rate,
            tax_inclusive: self.tax_inclusive,
            line_total: self.line_total,
            discounts: self.discounts.clone(),
            order_discount: self.order_discount,
            amounts: self.amounts,
            tracked: self.tracked,
            cancelled: self.cancelled,
            reserved: self.reserved,
            backordered: self.backordered,
        }
    }

    /// Units that are still part of the order.
    #[must_use]
    pub fn active(&self) -> i64 {
        self.ordered - self.cancelled
    }

    /// Active units that have not left.
    #[must_use]
    pub fn unshipped(&self) -> i64 {
        self.active() - self.shipped
    }

    /// Units that could leave now.
    #[must_use]
    pub fn shippable(&self) -> i64 {
        if self.tracked { self.reserved } else { self.unshipped() }
    }

    /// Shipped units still on their way.
    #[must_use]
    pub fn undelivered(&self) -> i64 {
        self.shipped - self.delivered - self.returned
    }

    /// The next `units` to ship: the lowest free numbers (rule R4).
    #[must_use]
    pub fn next_to_ship(&self, units: i64) -> LineUnits {
        self.units(self.shipped, self.shipped + units)
    }

    /// The next `units` to arrive: the lowest on their way.
    #[must_use]
    pub fn next_to_deliver(&self, units: i64) -> LineUnits {
        let arrived = self.delivered + self.returned;
        self.units(arrived, arrived + units)
    }

    /// The next `units` to cancel: the highest unshipped numbers (rule R4).
    #[must_use]
    pub fn next_to_cancel(&self, units: i64) -> LineUnits {
        self.units(self.active() - units, self.active())
    }

    /// The next `units` to be returned: the lowest numbers that are shipped and not yet returned (rule R4).
    #[must_use]
    pub fn next_to_return(&self, units: i64) -> LineUnits {
        self.units(self.returned, self.returned + units)
    }

    /// The last `units` shipped, whose shipment is voided.
    #[must_use]
    pub fn last_shipped(&self, units: i64) -> LineUnits {
        self.units(self.shipped - units, self.shipped)
    }

    /// Returned or cancelled units whose price was not paid back for these units.
    #[must_use]
    pub fn refundable(&self) -> i64 {
        self.returned - self.returned_refunded + self.cancelled - self.cancelled_refunded
    }

    /// Value of the next `units` to be paid back: first returned units, in the order of their return, then cancelled
    /// ones.
    #[must_use]
    pub fn next_to_refund(&self, units: i64) -> Amounts {
        let back = units.min(self.returned - self.returned_refunded);
        let top = self.ordered - self.cancelled_refunded;
        let one = self.units(self.returned_refunded, self.returned_refunded + back).amounts;
        let other = self.units(top - (units - back), top).amounts;
        Amounts { gross: one.gross + other.gross, discount: one.discount + other.discount, tax: one.tax + other.tax }
    }

    /// The price of these units went back.
    pub(super) fn refund(&mut self, units: i64) {
        let back = units.min(self.returned - self.returned_refunded);
        self.returned_refunded += back;
        self.cancelled_refunded += units - back;
    }

    /// Shipped units that were not returned.
    #[must_use]
    pub fn returnable(&self) -> i64 {
        self.shipped - self.returned
    }

    /// Amounts of the units that are still part of the order and were not returned.
    #[must_use]
    pub fn kept_amounts(&self) -> Amounts {
        self.units(self.returned, self.active()).amounts
    }

    /// The discount on these units as it was entered: with tax, if the price was.
    #[must_use]
    pub fn kept_discount(&self) -> i64 {
        let Amounts { gross, discount, tax } = self.amounts;
        let off = match entered_gross(self.ordered, self.unit_price, self.line_total) {
            Some(entered) if self.tax_inclusive => entered - (gross - discount + tax),
            Some(_) | None => discount,
        };
        units_value(off.max(0), self.ordered, self.returned, self.active())
    }

    /// The same amounts in the shop's currency.
    pub(crate) fn kept_converted(&self) -> Amounts {
        self.converted.of_units(self.ordered, self.returned, self.active())
    }

    fn units(&self, from: i64, to: i64) -> LineUnits {
        let amounts = self.amounts.of_units(self.ordered, from, to);
        LineUnits { line: self.line, product_id: self.product_id, units: to - from, amounts }
    }

    /// Delivered units are returned before units that are still on their way.
    pub(super) fn take_back(&mut self, units: i64) {
        self.delivered -= units.min(self.delivered);
        self.returned += units;
    }

    /// Units waited for are cancelled before units set aside.
    pub(super) fn cancel(&mut self, units: i64) {
        let released = self.released_by_cancelling(units);
        self.cancelled += units;
        self.backordered -= released.backordered;
        self.reserved -= released.reserved;
    }

    /// The stock that cancelling `units` releases.
    pub(crate) fn released_by_cancelling(&self, units: i64) -> Released {
        if !self.tracked {
            return Released { reserved: 0, backordered: 0 };
        }
        Released::of(units, self.backordered)
    }
}

/// Units of a line that stock need no longer keep, or find.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Released {
    pub(crate) reserved: i64,
    pub(crate) backordered: i64,
}

impl Released {
    /// Units that wait are given up before units that are set aside (rule S3).
    pub(crate) fn of(units: i64, waiting: i64) -> Released {
        let backordered = units.min(waiting);
        Released { reserved: units - backordered, backordered }
    }
}
