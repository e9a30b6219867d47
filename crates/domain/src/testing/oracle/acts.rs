//! The possible acts, as the model understands them and as a tool's arguments.

use serde_json::{Map, Value, json};

use super::digits;
use crate::{
    commands::{Cancel, ChangeLines, Command, CreateOrder, RecordPayment, Refund, ReturnItems, SetRate, Ship},
    testing::input,
};

/// A price as entered, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Price {
    /// The price of one unit.
    Each(i128),
    /// The price of so many units together.
    Whole(i128, i128),
}

/// A discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Off {
    /// Millionths of what it is taken from, a multiple of 1.
    Part(i128),
    /// Minor units.
    Amount(i128),
}

/// A product of the shop: SKU, tax in millionths, whether prices include it, price in the shop's minor units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    pub(super) sku: &'static str,
    pub(super) rate: i128,
    pub(super) inclusive: bool,
}

pub(super) const PRODUCTS: [Product; 5] = [
    Product { sku: "ADDED", rate: 180_000, inclusive: false },
    Product { sku: "WITHIN", rate: 100_000, inclusive: true },
    Product { sku: "FREE", rate: 0, inclusive: false },
    Product { sku: "ODD", rate: 72_500, inclusive: true },
    Product { sku: "SMALL", rate: 1, inclusive: false },
];

#[derive(Debug, Clone, Copy)]
pub(super) struct NewLine {
    pub(super) product: Product,
    pub(super) units: i128,
    pub(super) price: Price,
    pub(super) off: Option<Off>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum LineChange {
    Line {
        number: u32,
        units: Option<i128>,
        price: Option<i128>,
        off: Option<Off>,
    },
    /// A line that has the product, or a new one.
    Add(NewLine),
    /// Another product in the place of a line's.
    Swap {
        number: u32,
        product: Product,
        units: Option<i128>,
        price: Option<i128>,
        off: Option<Off>,
    },
}

/// The change of the discount on the complete order.
#[derive(Debug, Clone, Copy)]
pub(super) enum OrderOff {
    Set(Off),
    Same,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Owed,
    Units,
    Shipping,
    Goodwill,
}

/// Units by line; none means all there are.
pub(super) type Chosen = Option<Vec<(u32, i128)>>;

#[derive(Debug, Clone)]
pub(super) enum Act {
    Create { currency: &'static str, lines: Vec<NewLine>, off: Option<Off>, fee: i128 },
    Ship { order: i64, lines: Chosen },
    Cancel { order: i64, lines: Chosen },
    Return { order: i64, lines: Chosen, fee: bool },
    Change { order: i64, changes: Vec<LineChange>, off: Option<OrderOff> },
    Pay { order: i64, amount: Option<i128> },
    Refund { order: i64, kind: Option<Kind>, amount: Option<i128>, tax: Option<i128>, lines: Chosen },
    SetRate { currency: &'static str, digits: i128, scale: u32 },
    Undo { order: i64 },
}

/// Minor units as arguments give them.
pub(super) fn money(minor: i128, currency: &str) -> String {
    decimal(minor, digits(currency))
}

fn decimal(number: i128, digits: u32) -> String {
    match digits {
        0 => number.to_string(),
        _ => {
            let one = 10_i128.pow(digits);
            format!("{}.{:0width$}", number / one, number % one, width = digits as usize)
        }
    }
}

fn off(off: Off, currency: &str) -> String {
    match off {
        Off::Part(part) => format!("{}%", decimal(part, 4)),
        Off::Amount(minor) => money(minor, currency),
    }
}

fn lines(chosen: &Chosen) -> Value {
    let chosen = chosen.iter().flatten();
    chosen.map(|(line, units)| json!({ "line": line, "quantity": i64::try_from(*units).expect("few") })).collect()
}

fn line(line: &NewLine, currency: &str, total: bool) -> Value {
    let mut json = json!({ "product": line.product.sku, "quantity": i64::try_from(line.units).expect("few") });
    match line.price {
        Price::Each(price) => json["unit_price"] = money(price, currency).into(),
        Price::Whole(amount, _) if total => json["line_total"] = money(amount, currency).into(),
        Price::Whole(amount, _) => json["unit_price"] = money(amount, currency).into(),
    }
    if let Some(taken) = line.off {
        json["discount"] = off(taken, currency).into();
    }
    json
}

/// The command; money of an order is written in its currency.
pub(super) fn command(act: &Act, currency: &str) -> Option<Command> {
    let with = |order: &i64, more: Value| {
        let mut all = json!({ "order_id": order });
        let more: Map<String, Value> = more.as_object().cloned().unwrap_or_default();
        more.into_iter().filter(|(_, value)| !value.is_null()).for_each(|(name, value)| all[name.as_str()] = value);
        all
    };
    let units = |chosen: &Chosen| if chosen.is_some() { lines(chosen) } else { Value::Null };
    let minor = |amount: &Option<i128>| amount.map(|amount| money(amount, currency));
    Some(match act {
        Act::Create { currency, lines, off: taken, fee } => {
            let lines: Vec<Value> = lines.iter().map(|new| line(new, currency, true)).collect();
            let mut order =
                json!({ "customer": "Ann", "currency": currency, "shipping": money(*fee, currency), "lines": lines });
            if let Some(taken) = taken {
                order["order_discount"] = off(*taken, currency).into();
            }
            input::<CreateOrder>(order)
        }
        Act::Ship { order, lines } => input::<Ship>(with(order, json!({ "lines": units(lines) }))),
        Act::Cancel { order, lines } => input::<Cancel>(with(order, json!({ "lines": units(lines) }))),
        Act::Return { order, lines, fee } => input::<ReturnItems>(with(
            order,
            json!({ "lines": units(lines), "shipping": fee, "disposition": "restock" }),
        )),
        Act::Change { order, changes, off: whole } => {
            let changes: Vec<Value> = changes.iter().map(|one| change(one, currency)).collect();
            let whole = whole.map(|whole| match whole {
                OrderOff::Set(taken) => off(taken, currency),
                OrderOff::Same => "same".to_owned(),
            });
            input::<ChangeLines>(with(order, json!({ "changes": changes, "order_discount": whole })))
        }
        Act::Pay { order, amount } => {
            input::<RecordPayment>(with(order, json!({ "amount": minor(amount), "method": "card" })))
        }
        Act::Refund { order, kind, amount, tax, lines } => {
            let kind = kind.map(|kind| match kind {
                Kind::Owed => "owed",
                Kind::Units => "units",
                Kind::Shipping => "shipping",
                Kind::Goodwill => "goodwill",
            });
            let arguments = json!({ "kind": kind, "amount": minor(amount), "tax": minor(tax), "lines": units(lines) });
            input::<Refund>(with(order, arguments))
        }
        Act::SetRate { currency, digits, scale } => {
            input::<SetRate>(json!({ "currency": currency, "rate": decimal(*digits, *scale) }))
        }
        Act::Undo { .. } => return None,
    })
}

fn change(one: &LineChange, currency: &str) -> Value {
    match one {
        LineChange::Add(new) => line(new, currency, false),
        LineChange::Swap { number, product, units, price, off } => {
            let line = LineChange::Line { number: *number, units: *units, price: *price, off: *off };
            let mut json = change(&line, currency);
            json["replace"] = product.sku.into();
            json
        }
        LineChange::Line { number, units, price, off: taken } => {
            let mut json = json!({ "line": number });
            if let Some(units) = units {
                json["quantity"] = i64::try_from(*units).expect("few").into();
            }
            if let Some(price) = price {
                json["unit_price"] = money(*price, currency).into();
            }
            if let Some(taken) = taken {
                json["discount"] = off(*taken, currency).into();
            }
            json
        }
    }
}
