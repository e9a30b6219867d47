//! Facts about orders: placed, confirmed, held, picked, changed.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    amounts::{Amounts, Charge, Converted, ConvertedCharge, LineTotal, Totals},
    declared::Declared,
    examples::{CUSTOMER, FEE, ORDER, sealed, tea},
    lines::{LineDifference, PlacedLine},
};
use crate::{
    guarded::GuardedAct,
    ids::{CustomerId, OrderId, ProductId},
    money::Currency,
    pricing::Discount,
    typed::{Kind, Typed, words},
};

/// See [`Event::OrderPlaced`](super::Event::OrderPlaced).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPlaced {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered; the person's particulars stand only in the customer's stream.
    pub customer_id: CustomerId,
    /// Of every amount in the order's events.
    pub currency: Currency,
    /// Whether the prices of every line were entered with tax, and so the shipping fee. The amounts below never include it.
    pub tax_inclusive: bool,
    /// In the order given, numbered from 1.
    pub lines: Vec<PlacedLine>,
    /// Shipping fee.
    pub shipping: Charge,
    /// Sums over lines and shipping.
    pub totals: Totals,
    /// The customer's note; may be sealed under the customer's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The same in the shop's currency, where the order is in another and a rate was stored (rule R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
    /// The order's number in the system it was imported from, as written there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<String>,
}

impl Declared for OrderPlaced {
    fn example() -> Self {
        let amounts = Amounts { gross: 300_000, discount: 30_000, tax: 48_600 };
        Self {
            order_id: ORDER,
            customer_id: CUSTOMER,
            currency: Currency::INR,
            tax_inclusive: false,
            lines: vec![PlacedLine {
                line: 1,
                product_id: tea(),
                sku: "TEA-250".to_owned(),
                name: "Assam tea, 250 g".to_owned(),
                quantity: 3,
                unit_price: 100_000,
                tax_rate: Decimal::from(18),
                tax_inclusive: false,
                line_total: Some(LineTotal { amount: 300_000, units: 3 }),
                discounts: vec![Discount::Percent(Decimal::from(5)), Discount::Amount(15_000)],
                order_discount: true,
                amounts,
                tracked: true,
                cancelled: 0,
                reserved: 2,
                backordered: 1,
            }],
            shipping: FEE,
            totals: Totals::of([amounts], FEE),
            note: Some(sealed("bm90ZQ")),
            converted: None,
            external_reference: Some("#AA10412".to_owned()),
        }
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        words("note", &mut self.note).collect()
    }
}

/// See [`Event::OrderConfirmed`](super::Event::OrderConfirmed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderConfirmed {
    /// The order's number.
    pub order_id: OrderId,
}

impl Declared for OrderConfirmed {
    fn example() -> Self {
        Self { order_id: ORDER }
    }
}

/// See [`Event::OrderUnconfirmed`](super::Event::OrderUnconfirmed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderUnconfirmed {
    /// The order's number.
    pub order_id: OrderId,
}

impl Declared for OrderUnconfirmed {
    fn example() -> Self {
        Self { order_id: ORDER }
    }
}

/// See [`Event::OrderHeld`](super::Event::OrderHeld).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderHeld {
    /// The order's number.
    pub order_id: OrderId,
    /// When the hold ends by itself; it lasts until released when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Option<DateTime<Utc>>,
}

impl Declared for OrderHeld {
    fn example() -> Self {
        Self { order_id: ORDER, until: "2026-11-27T18:00:00+05:30".parse().ok() }
    }
}

/// See [`Event::OrderReleased`](super::Event::OrderReleased).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderReleased {
    /// The order's number.
    pub order_id: OrderId,
}

impl Declared for OrderReleased {
    fn example() -> Self {
        Self { order_id: ORDER }
    }
}

/// See [`Event::OrderNoteAdded`](super::Event::OrderNoteAdded).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderNoteAdded {
    /// The order's number.
    pub order_id: OrderId,
    /// What was written; sealed.
    pub note: String,
}

impl Declared for OrderNoteAdded {
    fn example() -> Self {
        Self { order_id: ORDER, note: sealed("bGF0ZXI") }
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        vec![Typed { field: "note", text: &mut self.note, kind: Kind::Words }]
    }
}

/// See [`Event::ProcessingStarted`](super::Event::ProcessingStarted).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessingStarted {
    /// The order's number.
    pub order_id: OrderId,
}

impl Declared for ProcessingStarted {
    fn example() -> Self {
        Self { order_id: ORDER }
    }
}

/// See [`Event::BackorderFilled`](super::Event::BackorderFilled).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackorderFilled {
    /// The order's number.
    pub order_id: OrderId,
    /// The line that waited.
    pub line: u32,
    /// What the line is for.
    pub product_id: ProductId,
    /// Units now reserved.
    pub units: i64,
}

impl Declared for BackorderFilled {
    fn example() -> Self {
        Self { order_id: ORDER, line: 1, product_id: tea(), units: 1 }
    }
}

/// See [`Event::LinesChanged`](super::Event::LinesChanged).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinesChanged {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    pub customer_id: CustomerId,
    /// Of the amounts.
    pub currency: Currency,
    /// The lines as they stand from now on, all of them; a line keeps its number, a removed one is not listed. One that
    /// was not changed keeps its units, cancelled ones too, and with them the value of each.
    pub lines: Vec<PlacedLine>,
    /// By how much each line moved, removed ones too: what is booked on this day.
    pub differences: Vec<LineDifference>,
    /// Shipping fee as it stands from now on.
    pub shipping: Charge,
    /// By how much the shipping fee moved.
    pub shipping_difference: Charge,
    /// Sums over the lines and shipping as they stand from now on.
    pub totals: Totals,
    /// The same in the shop's currency, where the order is in another and a rate was stored (rule R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
    /// The differences in the shop's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted_differences: Option<Converted>,
    /// Goodwill posted back, since less is left of the order than was granted (rule R5a), or nothing.
    pub goodwill_back: Charge,
    /// The same in the shop's currency, where the order was converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodwill_back_converted: Option<ConvertedCharge>,
    /// Products it holds from now on, and did not before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<ProductId>,
    /// Products of which no active unit remains by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<ProductId>,
}

impl Declared for LinesChanged {
    fn example() -> Self {
        // The same order after one packet was cancelled, with a mug added.
        let placed = OrderPlaced::example();
        let mug = ProductId::from_sku("MUG-1");
        let (kept, added) = (
            Amounts { gross: 200_000, discount: 20_000, tax: 32_400 },
            Amounts { gross: 20_000, discount: 0, tax: 3_600 },
        );
        let tea = PlacedLine { cancelled: 1, backordered: 0, ..placed.lines[0].clone() };
        let added_line = PlacedLine {
            line: 2,
            product_id: mug,
            sku: "MUG-1".to_owned(),
            name: "Mug".to_owned(),
            quantity: 1,
            unit_price: 23_600,
            tax_inclusive: true,
            line_total: None,
            discounts: vec![],
            order_discount: false,
            amounts: added,
            cancelled: 0,
            reserved: 1,
            ..tea.clone()
        };
        Self {
            order_id: placed.order_id,
            customer_id: placed.customer_id,
            currency: placed.currency,
            totals: Totals::of([kept, added], placed.shipping),
            lines: vec![tea, added_line],
            differences: vec![LineDifference { line: 2, product_id: mug, units: 1, amounts: added }],
            shipping: placed.shipping,
            shipping_difference: Charge::default(),
            converted: None,
            converted_differences: None,
            goodwill_back: Charge::default(),
            goodwill_back_converted: None,
            joined: vec![mug],
            gone: vec![],
        }
    }

    fn guarded(&self) -> Option<GuardedAct> {
        // Fewer units on a line are cancelled units by another name.
        self.differences.iter().any(|line| line.units < 0).then_some(GuardedAct::Cancelling)
    }
}
