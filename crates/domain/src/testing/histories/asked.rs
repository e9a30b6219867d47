//! Random commands: each of them, with sensible arguments and with absurd ones.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    commands::{
        AdjustStock, Cancel, ChangeLines, Command, CreateOrder, ReceiveStock, RecordPayment, Refund, ReturnItems,
        SetHold, SetRate, Ship, UpdateStatus, UpsertProduct,
    },
    testing::input,
};

/// The policies on missing stock: refused, waited for, not tracked.
pub(super) const SKUS: [&str; 3] = ["DENY", "WAIT", "FREE"];

/// Currencies with two, two, none and three digits; the first is the shop's.
const CURRENCIES: [&str; 4] = ["INR", "USD", "JPY", "KWD"];

/// One random command; [`command`] makes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice {
    kind: u8,
    product: usize,
    pub(super) amount: i64,
    order: i64,
    /// Hours that pass before the command.
    pub(super) hours: i64,
}

pub(super) fn dice() -> impl Strategy<Value = Dice> {
    let hours = prop_oneof![6 => Just(0_i64), 3 => 1_i64..5, 1 => 20_i64..30];
    // A few orders get most commands, so that commands follow commands.
    let order = prop_oneof![2 => 0_i64..3, 1 => 0_i64..8];
    (0_u8..40, 0_usize..3, 0_i64..6, order, hours).prop_map(|(kind, product, amount, order, hours)| Dice {
        kind,
        product,
        amount,
        order,
        hours,
    })
}

impl Dice {
    /// Whether something is undone, and how many deeds back it lies: most often the latest.
    pub(super) fn undoes(self) -> Option<usize> {
        match self.kind {
            30..=33 => Some(0),
            34..=35 => usize::try_from(self.order).ok(),
            _ => None,
        }
    }
}

pub(super) fn command(Dice { kind, product, amount, order, .. }: Dice) -> Command {
    let (sku, order_id) = (SKUS[product], 1001 + order);
    let other = SKUS[(product + 1) % SKUS.len()];
    let some = |product: usize| json!([{ "line": 1 + product, "quantity": amount }]);
    let status = |status: &str| input::<UpdateStatus>(json!({ "order_id": order_id, "status": status }));
    match kind {
        0..=3 => input::<CreateOrder>(json!({
            "customer": "Ann", "shipping": "4.99", "order_discount": format!("{}%", order * 7),
            "lines": [
                { "product": sku, "quantity": amount }, { "product": other, "quantity": 1 + order },
                { "product": sku, "quantity": 1, "discount": "10%" },
            ],
        })),
        4 => input::<ReceiveStock>(json!({ "product": sku, "quantity": amount })),
        5 => input::<AdjustStock>(json!({ "product": sku, "counted": amount })),
        6 => input::<AdjustStock>(json!({ "product": sku, "delta": amount - 3 })),
        7 => input::<Ship>(json!({ "order_id": order_id, "lines": some(product) })),
        8 => input::<Ship>(json!({ "order_id": order_id, "carrier": "Blue Dart" })),
        9 => input::<Cancel>(json!({ "order_id": order_id, "lines": some(product) })),
        10 => input::<Cancel>(json!({ "order_id": order_id })),
        11 => input::<SetHold>(json!({ "order_id": order_id, "on": amount % 2 == 0 })),
        12 => {
            input::<RecordPayment>(json!({ "order_id": order_id, "amount": decimal(amount, "50"), "method": "card" }))
        }
        13 => status(["confirmed", "processing", "shipped"][product]),
        14 => status(["delivered", "cancelled", "pending"][product]),
        15 => input::<UpdateStatus>(json!({ "order_id": order_id, "status": "delivered", "lines": some(product) })),
        16 => input::<ReturnItems>(json!({
            "order_id": order_id, "lines": some(product), "shipping": amount % 2 == 0,
            "disposition": if order % 2 == 0 { "restock" } else { "scrap" },
        })),
        17 => input::<ReturnItems>(json!({ "order_id": order_id, "disposition": "restock", "shipping": true })),
        18 => input::<Refund>(json!({ "order_id": order_id, "kind": (["units", "shipping", "owed"][product]) })),
        19 => input::<Refund>(json!({ "order_id": order_id, "kind": "goodwill", "amount": decimal(amount, "25") })),
        20 => input::<RecordPayment>(json!({ "order_id": order_id, "method": "upi" })),
        21 => input::<ChangeLines>(json!({
            "order_id": order_id, "changes": [{ "line": 1 + product, "quantity": amount }],
        })),
        22 => input::<ChangeLines>(json!({
            "order_id": order_id,
            "changes": [{ "product": sku, "quantity": 1 + amount }, { "line": 1, "unit_price": "9.99" }],
        })),
        23 => {
            let currency = CURRENCIES[1 + product];
            input::<SetRate>(json!({ "currency": currency, "rate": format!("8{amount}.1{order}") }))
        }
        24..=25 => foreign(sku, other, amount, CURRENCIES[1 + usize::try_from(order).unwrap_or(0) % 3]),
        26 => input::<UpsertProduct>(json!({ "sku": sku, "price": format!("{amount}.05"), "archived": order == 7 })),
        27 => input::<SetHold>(json!({
            "order_id": order_id, "on": true, "until": format!("2026-11-2{}T1{order}:00:00+05:30", 1 + amount),
        })),
        28 => input::<Refund>(json!({
            "order_id": order_id, "kind": "goodwill", "amount": decimal(1 + amount, "10"), "tax": decimal(amount, "01"),
        })),
        29 => input::<Refund>(json!({ "order_id": order_id, "kind": "units", "lines": some(product) })),
        30..=35 => input::<SetHold>(json!({ "order_id": order_id, "on": false })),
        36 => input::<ChangeLines>(json!({
            "order_id": order_id, "changes": [
                { "line": 1, "discount": format!("{}%", amount * 20) }, { "line": 2, "quantity": 0 },
                { "product": other, "quantity": 1 + amount, "discount": "0.50" },
            ],
        })),
        37 => input::<ChangeLines>(json!({
            "order_id": order_id, "changes": [{ "line": 1 + product, "replace": other }],
        })),
        38 => input::<ChangeLines>(json!({
            "order_id": order_id, "order_discount": (["same", "7.5%", "3.33"][product]),
            "changes": [{ "line": 2, "more": 1 + amount }],
        })),
        39 if product == 2 => input::<ChangeLines>(json!({ "order_id": order_id, "note": format!("note {amount}") })),
        _ => input::<Ship>(json!({ "order_id": order_id, "occurred_at": format!("2026-11-2{amount}T09:30:00+05:30") })),
    }
}

/// Prices carry no more digits than the currency has.
fn foreign(sku: &str, other: &str, units: i64, currency: &str) -> Command {
    let [price, fee] = match currency {
        "JPY" => ["333", "101"],
        "KWD" => ["3.333", "1.001"],
        _ => ["3.33", "1.01"],
    };
    input::<CreateOrder>(json!({
        "customer": "Ann", "currency": currency, "shipping": fee,
        "lines": [
            { "product": sku, "quantity": 1 + units, "unit_price": price, "discount": "5%" },
            { "product": other, "quantity": 1, "unit_price": price },
        ],
    }))
}

fn decimal(whole: i64, fraction: &str) -> Value {
    Value::from(format!("{whole}.{fraction}"))
}
