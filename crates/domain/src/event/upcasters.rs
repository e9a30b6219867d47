//! Steps from one schema version of an event's data to the next. Values that an old version lacked are derived here,
//! once.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::money::round_minor;

/// Version 1 of `OrderHeld` had no end of the hold: it lasts until released, as a missing `until` says.
pub(super) fn held_without_end(data: Value) -> Value {
    data
}

/// Version 1 of these had no rules about waiting orders; its data mean the same now.
pub(super) fn without_waiting(data: Value) -> Value {
    data
}

/// Version 2 of these had no alerts; its data mean the same now.
pub(super) fn without_alerts(data: Value) -> Value {
    data
}

/// Version 3 of `NotificationSubscribed` sent messages at once only for named orders, as a missing `at_once` says.
pub(super) fn without_at_once(data: Value) -> Value {
    data
}

/// Version 4 of `NotificationSubscribed` and version 3 of `NotificationsHandled` named no templates; leaving them out says so.
pub(super) fn without_templates(data: Value) -> Value {
    data
}

/// Version 1 of `ConfirmationAsked` did not name the key; leaving it out says so, and nobody can be taken for its holder.
pub(super) fn without_key_id(data: Value) -> Value {
    data
}

/// Version 4 of `NotificationsHandled` did not say of which targets the owner was told; what was given up then is told of no
/// more.
pub(super) fn before_owner_told(mut data: Value) -> Value {
    let dead = data["messages"].as_array().into_iter().flatten().filter(|message| message["outcome"] == "dead");
    let mut told: Vec<Value> = dead.map(|message| message["target"].clone()).collect();
    told.sort_by_key(ToString::to_string);
    told.dedup();
    if !told.is_empty() {
        data["owner_told"] = json!(told);
    }
    data
}

/// Version 1 of these knew no exchange rates: nothing was converted, which leaving `converted` out says.
pub(super) fn unconverted(data: Value) -> Value {
    data
}

/// Version 2 of `UnitsShipped` did not say whether it was the first shipment that was not voided: shipment 1 is.
pub(super) fn shipped_first(mut data: Value) -> Value {
    data["first"] = (data["shipment"] == 1).into();
    data
}

/// Version 1 of `ShipmentVoided` took no order out of the count of those shipped.
pub(super) fn voided_among_others(mut data: Value) -> Value {
    data["last"] = false.into();
    data
}

/// Version 3 of `OrderPlaced` had no number of another system, as a missing `external_reference` says.
pub(super) fn without_external_reference(data: Value) -> Value {
    data
}

/// Version 1 of `ProductRegistered` and `ProductChanged` had neither cost nor lead time, as their absence says.
pub(super) fn without_cost(data: Value) -> Value {
    data
}

/// Version 4 of `OrderPlaced` and version 2 of `LinesChanged` did not mark the discounts of a line: of two, the second
/// is its part of a discount on the complete order.
pub(super) fn before_order_discounts(mut data: Value) -> Value {
    for line in data["lines"].as_array_mut().into_iter().flatten() {
        if line["discounts"].as_array().is_some_and(|discounts| discounts.len() > 1) {
            line["order_discount"] = true.into();
        }
    }
    data
}

/// Version 2 of `OrderPlaced` did not contain a line's price as it was entered.
pub(super) fn placed_before_entries(mut data: Value) -> Value {
    let all_inclusive = data["tax_inclusive"] == true;
    each_line(&mut data, all_inclusive);
    data
}

/// Version 1 of `LinesChanged` contained neither a line's price as it was entered nor goodwill posted back.
pub(super) fn changed_before_entries(mut data: Value) -> Value {
    each_line(&mut data, false);
    no_goodwill_back(data)
}

/// Version 2 of `UnitsCancelled` contained no goodwill posted back. If it completed the cancellation, nothing is left
/// of the products that it names.
pub(super) fn cancelled_before_goodwill(mut data: Value) -> Value {
    if data["completes"] == true {
        let mut gone: Vec<Value> = vec![];
        for line in data["lines"].as_array().into_iter().flatten() {
            if !gone.contains(&line["product_id"]) {
                gone.push(line["product_id"].clone());
            }
        }
        data["gone"] = json!(gone);
    }
    no_goodwill_back(data)
}

/// Version 1 of `UnitsReturned` knew of no goodwill posted back.
pub(super) fn returned_before_goodwill(data: Value) -> Value {
    no_goodwill_back(data)
}

/// Version 1 of `PaymentRefunded` named no units, and contained an allowance of zero if the order was not converted.
pub(super) fn refunded_before_lines(mut data: Value) -> Value {
    if let Some(converted) = data.get_mut("converted").and_then(Value::as_object_mut)
        && converted.get("allowance").is_some_and(|allowance| *allowance == json!({ "net": 0, "tax": 0 }))
    {
        converted.remove("allowance");
    }
    data
}

fn no_goodwill_back(mut data: Value) -> Value {
    data["goodwill_back"] = json!({ "net": 0, "tax": 0 });
    data
}

fn each_line(data: &mut Value, all_inclusive: bool) {
    for line in data["lines"].as_array_mut().into_iter().flatten() {
        entered(line, all_inclusive);
    }
}

/// The line as it was entered, derived from its amounts. Gross never includes tax, so it is less than a price with tax.
/// If gross differs from the price of the units, the line was priced as a whole. A discount is kept in proportion.
fn entered(line: &mut Value, all_inclusive: bool) {
    let int = |value: &Value| value.as_i64().unwrap_or(0);
    let (quantity, price) = (int(&line["quantity"]), int(&line["unit_price"]));
    let (gross, discount) = (int(&line["amounts"]["gross"]), int(&line["amounts"]["discount"]));
    let rate = line["tax_rate"].as_str().and_then(|rate| Decimal::from_str_exact(rate).ok()).unwrap_or_default();
    let with_tax = (Decimal::ONE_HUNDRED + rate) / Decimal::ONE_HUNDRED;
    let by_unit = price.saturating_mul(quantity);
    let inclusive = all_inclusive || gross < by_unit;
    let fits = if inclusive { round_minor(Decimal::from(by_unit) / with_tax) == gross } else { by_unit == gross };
    line["tax_inclusive"] = inclusive.into();
    if !fits && quantity > 0 {
        let entered = if inclusive { round_minor(Decimal::from(gross) * with_tax) } else { gross };
        line["line_total"] = json!({ "amount": entered, "units": quantity });
    }
    if discount > 0 && gross > 0 {
        let percent = Decimal::from(discount) * Decimal::ONE_HUNDRED / Decimal::from(gross);
        line["discounts"] = json!([{ "percent": percent.normalize().to_string() }]);
    }
}
