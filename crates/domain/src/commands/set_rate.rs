//! Storing the exchange rate of a currency.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{About, Act};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{RateStored, StoredRate},
    ids::StreamId,
    limits,
    money::Currency,
    rejection::{Problems, Rejection},
    states::States,
};

/// Store the exchange rate of a currency. Orders placed from now on are converted by it for good; payments by the rate
/// of their own day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRate {
    /// ISO 4217 code of the currency, such as "USD".
    #[schemars(pattern(r"^[A-Z]{3}$"))]
    pub currency: String,
    /// Units of the shop's currency for one unit of it, such as "84.125".
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub rate: String,
}

impl Act for SetRate {
    fn about(&self, _: &Names) -> About {
        About::Rate(self.currency.parse().ok())
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let shop_currency = context.shop.currency;
        let (currency, rate) = self.check(shop_currency)?;
        let stream = StreamId::Rate(currency);
        let mut decision = Decision::about(stream);
        if states.rate(currency)?.stored != Some(StoredRate { currency: shop_currency, rate }) {
            decision.record(stream, RateStored { currency, shop_currency, rate });
        }
        Ok(decision)
    }
}

impl SetRate {
    fn check(&self, shop: Currency) -> Result<(Currency, Decimal), Rejection> {
        let mut problems = Problems::default();
        let currency = Currency::given(&self.currency);
        match &currency {
            Ok(currency) if *currency == shop => problems.add("currency", "is the shop's own, which needs no rate"),
            Ok(_) => {}
            Err(error) => problems.add("currency", format!("cannot be read: {error}")),
        }
        let plain =
            self.rate.len() <= limits::AMOUNT_CHARS && self.rate.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let rate =
            Decimal::from_str_exact(&self.rate).ok().filter(|rate| plain && rate.scale() <= limits::RATE_DECIMALS);
        match rate {
            Some(rate) if rate.is_zero() || rate > Decimal::from(limits::RATE_MAX) => {
                problems.add("rate", format!("must be more than 0 and at most {}", limits::RATE_MAX));
            }
            Some(_) => {}
            None => problems.add(
                "rate",
                format!("must be digits with at most {} decimals, such as \"84.125\"", limits::RATE_DECIMALS),
            ),
        }
        problems.check()?;
        Ok((currency.unwrap_or(shop), rate.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        commands::{Cancel, Command, CreateOrder, RecordPayment, Ship},
        event::{Amounts, Event},
        testing::{Story, input, types},
    };

    fn rate(rate: &str) -> Command {
        input::<SetRate>(json!({ "currency": "USD", "rate": rate }))
    }

    fn order() -> Command {
        input::<CreateOrder>(json!({
            "customer": "Ann", "currency": "USD", "shipping": "1.00",
            "lines": [{ "product": "A", "quantity": 3, "unit_price": "16.67" }],
        }))
    }

    #[test]
    fn a_rate_is_stored_once_and_nonsense_is_refused() {
        let mut story = Story::new();
        assert_eq!(types(&story.done(rate("84.125"))), ["RateStored"]);
        assert!(story.done(rate("84.1250")).facts.is_empty());
        for nonsense in ["0", "-1", "1e3", "84,125", "", "1.1234567890123"] {
            assert_eq!(story.refused(rate(nonsense)).field.as_deref(), Some("rate"), "{nonsense}");
        }
        let own = input::<SetRate>(json!({ "currency": "INR", "rate": "1" }));
        assert_eq!(story.refused(own).field.as_deref(), Some("currency"));
    }

    #[test]
    fn an_order_keeps_the_rate_it_was_placed_at_and_cash_that_of_its_day() {
        let mut story = Story::new();
        story.product("A", "1000.00", json!({})).stocked("A", 5);
        story.done(rate("84.125"));
        let placed = story.done(order());
        let Event::OrderPlaced(placed) = &placed.facts[0].1 else { panic!("placed") };
        let converted = placed.converted.clone().expect("there is a rate");
        assert_eq!(converted.lines, [Amounts { gross: 420_709, discount: 0, tax: 0 }]);
        assert_eq!(converted.shipping.net, 8_413);
        story.done(rate("85.0"));
        let shipped = story.done(input::<Ship>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 1 }] })));
        let converted = shipped.facts.iter().find_map(|(_, event)| match event {
            Event::UnitsShipped(fact) => fact.converted.clone(),
            _ => None,
        });
        let converted = converted.expect("there is a rate");
        assert_eq!((converted.lines[0].gross, converted.shipping.net), (140_236, 8_413));
        let rest = story.done(input::<Cancel>(json!({ "order_id": 1001 })));
        let Event::UnitsCancelled(rest) = &rest.facts[0].1 else { panic!("cancelled") };
        let lines = rest.converted.clone().expect("there is a rate").lines;
        assert_eq!(lines[0].gross + 140_236, 420_709, "units add up to the converted line");
        let paid = story.done(input::<RecordPayment>(json!({ "order_id": 1001, "amount": "10.00", "method": "card" })));
        let Event::PaymentCaptured(paid) = &paid.facts[0].1 else { panic!("paid") };
        assert_eq!(paid.converted.map(|cash| cash.amount), Some(85_000));
    }

    #[test]
    fn without_a_rate_nothing_is_converted() {
        let mut story = Story::new();
        story.product("A", "1000.00", json!({})).stocked("A", 5);
        let placed = story.done(order());
        let Event::OrderPlaced(placed) = &placed.facts[0].1 else { panic!("placed") };
        assert_eq!(placed.converted, None);
    }

    #[test]
    fn what_no_figure_will_hold_is_said_with_the_order_and_the_payment() {
        let mut story = Story::new();
        story.product("A", "1000.00", json!({})).stocked("A", 50);
        let pay = |order: i64| input::<RecordPayment>(json!({ "order_id": order, "amount": "1.00", "method": "card" }));
        let told = story.done(order()).warnings;
        assert!(told.iter().any(|told| told.starts_with("No exchange rate of USD is stored")), "{told:?}");
        assert_eq!(story.done(pay(1001)).warnings, told);
        story.done(rate("84.125"));
        assert!(story.done(order()).warnings.is_empty() && story.done(pay(1002)).warnings.is_empty());
    }

    #[test]
    fn what_is_too_large_in_the_shops_currency_is_refused() {
        let mut story = Story::new();
        story.product("A", "1.00", json!({})).stocked("A", 50);
        story.done(rate("1000000"));
        let order = |price: &str| {
            let lines = json!([{ "product": "A", "quantity": 1, "unit_price": price }]);
            input::<CreateOrder>(json!({ "customer": "Ann", "currency": "USD", "lines": lines }))
        };
        assert_eq!(story.refused(order("999999999999.99")).field.as_deref(), Some("lines[0].unit_price"));
        let refused = story.refused(order("10000.01"));
        assert_eq!(refused.message, "In INR, by the stored exchange rate, this is more than ₹10,00,00,00,000.");
        story.done(order("10000.00"));
        let pay =
            |amount: &str| input::<RecordPayment>(json!({ "order_id": 1001, "amount": amount, "method": "card" }));
        assert_eq!(story.refused(pay("10000.01")).field.as_deref(), Some("amount"));
        story.done(pay("10000.00"));
        let more = json!({ "order_id": 1001, "changes": [{ "line": 1, "quantity": 2 }] });
        assert_eq!(story.refused(input::<crate::commands::ChangeLines>(more)).field.as_deref(), Some("changes"));
    }
}
