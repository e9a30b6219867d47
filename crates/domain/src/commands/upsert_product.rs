//! Registering a product, or changing its catalogue entry. Orders that are already placed keep their copies.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{About, Act, Reference, stock_moves::StockMoves};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{CatalogueEntry, ProductChanged, ProductRegistered, StockPolicy},
    ids::StreamId,
    limits,
    money::{Currency, parse_amount},
    rejection::{Problems, Rejection},
    states::States,
    text,
};

/// Register a product under its SKU, or change the one that has it. A new product needs a name and a price; what is left
/// out of a change stays. Orders already placed are not touched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpsertProduct {
    /// The product's SKU; case does not matter.
    #[schemars(length(min = 1, max = limits::SKU_CHARS))]
    pub sku: String,
    /// Name shown on orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::NAME_CHARS))]
    pub name: Option<String>,
    /// Price of one unit, such as "999.00".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub price: Option<String>,
    /// The price's ISO 4217 currency, such as "USD"; for a new product the shop's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(pattern(r"^[A-Z]{3}$"), extend("x-mcp-header" = "Currency"))]
    pub currency: Option<String>,
    /// Tax rate in percent, such as "18" or "12.5"; 0 for a new product when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 9), pattern(r"^[0-9]{1,3}(\.[0-9]{1,4})?%?$"))]
    pub tax_rate: Option<String>,
    /// Whether the price includes tax; false for a new product when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_inclusive: Option<bool>,
    /// When too few are in stock; deny for a new product when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<StockPolicy>,
    /// Units that may be waited for at once, over all orders. Needed with the backorder policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = limits::UNITS))]
    pub backorder_limit: Option<i64>,
    /// Available units at or below which stock counts as low.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = limits::UNITS))]
    pub low_stock_threshold: Option<i64>,
    /// What one unit costs the shop, in the price's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub cost: Option<String>,
    /// Days from ordering it to having it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = limits::LEAD_TIME_DAYS))]
    pub lead_time_days: Option<i64>,
    /// Whether it can no longer be ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

impl Act for UpsertProduct {
    fn about(&self, names: &Names) -> About {
        About::Product(names.product(&self.sku))
    }

    fn references(&self) -> Vec<Reference<'_>> {
        // A new product has a name; a call without a name means an existing product, and may name it by words.
        let known = self.name.is_none() && !self.sku.trim().is_empty();
        known.then(|| Reference { may_be_new: true, ..Reference::product(&self.sku, "sku") }).into_iter().collect()
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let product_id = context.names.product(&self.sku);
        let product = states.product(product_id)?;
        let entry = self.entry(product.entry.as_ref(), context)?;
        let stream = StreamId::Product(product_id);
        let mut decision = Decision::about(stream);
        let untracked = entry.policy == StockPolicy::Untracked && product.entry.is_some();
        match &product.entry {
            None => {
                let sku = self.sku.trim().to_owned();
                decision.record(stream, ProductRegistered { product_id, sku, entry });
            }
            Some(present) if *present == entry => {}
            Some(_) => {
                let sku = product.sku.clone();
                decision.record(stream, ProductChanged { product_id, sku, entry });
            }
        }
        if untracked {
            // There is always enough of it now, so no order waits for it any longer.
            StockMoves::new(states).free_backorders(product_id, &mut decision)?;
        }
        Ok(decision)
    }
}

impl UpsertProduct {
    /// The new entry: the given value, otherwise the present value, otherwise the default.
    fn entry(&self, present: Option<&CatalogueEntry>, context: &Context<'_>) -> Result<CatalogueEntry, Rejection> {
        let mut problems = Problems::default();
        self.check_texts(&mut problems);
        self.check_lead_time(&mut problems);
        if present.is_none() && self.name.is_none() {
            problems.add("name", "is needed for a new product");
        }
        let currency = match self.currency.as_deref().map(Currency::given).transpose() {
            Ok(given) => given.unwrap_or(present.map_or(context.shop.currency, |entry| entry.currency)),
            Err(error) => {
                problems.add("currency", format!("cannot be read: {error}"));
                context.shop.currency
            }
        };
        let price = match (&self.price, present) {
            (Some(price), _) => parse_amount(price, currency).unwrap_or_else(|error| {
                problems.add("price", format!("cannot be read: {error}"));
                0
            }),
            (None, Some(entry)) if entry.currency == currency => entry.price,
            (None, Some(_)) => {
                problems.add("price", "is needed when the currency changes");
                0
            }
            (None, None) => {
                problems.add("price", "is needed for a new product");
                0
            }
        };
        let cost = match (&self.cost, present) {
            (Some(cost), _) => parse_amount(cost, currency).map(Some).unwrap_or_else(|error| {
                problems.add("cost", format!("cannot be read: {error}"));
                None
            }),
            // In another currency the cost would be another one.
            (None, Some(entry)) if entry.currency == currency => entry.cost,
            (None, _) => None,
        };
        let entry = CatalogueEntry {
            name: self
                .name
                .as_ref()
                .map(|name| name.trim().to_owned())
                .or(present.map(|e| e.name.clone()))
                .unwrap_or_default(),
            price,
            currency,
            tax_rate: self.tax_rate(present, &mut problems),
            tax_inclusive: self.tax_inclusive.unwrap_or(present.is_some_and(|entry| entry.tax_inclusive)),
            policy: self.policy.unwrap_or(present.map_or(StockPolicy::Deny, |entry| entry.policy)),
            backorder_limit: self.backorder_limit.unwrap_or(present.map_or(0, |entry| entry.backorder_limit)),
            low_stock_threshold: self.low_stock_threshold.or(present.and_then(|entry| entry.low_stock_threshold)),
            cost,
            lead_time_days: self.lead_time_days.or(present.and_then(|entry| entry.lead_time_days)),
            archived: self.archived.unwrap_or(present.is_some_and(|entry| entry.archived)),
        };
        if entry.policy == StockPolicy::Backorder && entry.backorder_limit == 0 {
            problems.add("backorder_limit", "of at least 1 is needed with the backorder policy");
        }
        problems.check()?;
        Ok(entry)
    }

    fn check_texts(&self, problems: &mut Problems) {
        text::check_line("sku", &self.sku, limits::SKU_CHARS, problems);
        text::check_visible("sku", &self.sku, problems);
        if let Some(name) = &self.name {
            text::check_name("name", name, limits::NAME_CHARS, problems);
        }
        for (field, units) in
            [("backorder_limit", self.backorder_limit), ("low_stock_threshold", self.low_stock_threshold)]
        {
            if let Some(units) = units.filter(|units| !(0..=limits::UNITS).contains(units)) {
                problems.add(field, format!("must be from 0 to {}; it is {units}", limits::UNITS));
            }
        }
    }

    fn check_lead_time(&self, problems: &mut Problems) {
        let most = limits::LEAD_TIME_DAYS;
        if let Some(days) = self.lead_time_days.filter(|days| !(0..=most).contains(days)) {
            problems.add("lead_time_days", format!("must be from 0 to {most}; it is {days}"));
        }
    }

    fn tax_rate(&self, present: Option<&CatalogueEntry>, problems: &mut Problems) -> Decimal {
        match &self.tax_rate {
            None => present.map(|entry| entry.tax_rate).unwrap_or_default(),
            Some(text) => text::parse_percent(text).map(|rate| rate.normalize()).unwrap_or_else(|| {
                let decimals = limits::PERCENT_DECIMALS;
                problems
                    .add("tax_rate", format!("must be a percentage from 0 to 100 with at most {decimals} decimals"));
                Decimal::ZERO
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        commands::{ChangeLines, CreateOrder, SetRate, Ship},
        event::Event,
        testing::{Story, input, types},
    };

    fn upsert(arguments: Value) -> crate::commands::Command {
        input::<UpsertProduct>(arguments)
    }

    #[test]
    fn a_new_product_needs_name_and_price() {
        let mut story = Story::new();
        let refused = story.refused(upsert(json!({ "sku": "A", "tax_rate": "101", "currency": "XXQ" })));
        let fields: Vec<&str> = refused.problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["name", "currency", "price", "tax_rate"]);
        let decision = story.done(upsert(json!({ "sku": " A ", "name": "Tea", "price": "9.50", "tax_rate": "12.50" })));
        let Event::ProductRegistered(fact) = &decision.facts[0].1 else { panic!("{decision:?}") };
        assert_eq!((fact.sku.as_str(), fact.entry.price, fact.entry.tax_rate), ("A", 950, Decimal::new(125, 1)));
    }

    #[test]
    fn a_change_keeps_what_is_left_out() {
        let mut story = Story::new();
        story.product("A", "9.50", json!({ "tax_rate": "18", "low_stock_threshold": 3 }));
        let decision = story.done(upsert(json!({ "sku": "a", "price": "10" })));
        let Event::ProductChanged(fact) = &decision.facts[0].1 else { panic!("{decision:?}") };
        assert_eq!((fact.sku.as_str(), fact.entry.price, fact.entry.low_stock_threshold), ("A", 1_000, Some(3)));
        assert_eq!(types(&story.done(upsert(json!({ "sku": "A", "price": "10.00" })))), Vec::<&str>::new());
        assert_eq!(story.refused(upsert(json!({ "sku": "A", "currency": "USD" }))).field.as_deref(), Some("price"));
        let refused = story.refused(upsert(json!({ "sku": "A", "policy": "backorder" })));
        assert_eq!(refused.field.as_deref(), Some("backorder_limit"));
    }

    #[test]
    fn cost_and_lead_time_are_kept_until_they_change() {
        let mut story = Story::new();
        story.product("A", "9.50", json!({ "cost": "6.25", "lead_time_days": 10 }));
        let decision = story.done(upsert(json!({ "sku": "A", "price": "10" })));
        let Event::ProductChanged(fact) = &decision.facts[0].1 else { panic!("{decision:?}") };
        assert_eq!((fact.entry.cost, fact.entry.lead_time_days), (Some(625), Some(10)));
        // A cost in the old currency does not give a cost in the new one.
        let decision = story.done(upsert(json!({ "sku": "A", "price": "10", "currency": "USD" })));
        let Event::ProductChanged(fact) = &decision.facts[0].1 else { panic!("{decision:?}") };
        assert_eq!((fact.entry.cost, fact.entry.lead_time_days), (None, Some(10)));
        let refused = story.refused(upsert(json!({ "sku": "A", "cost": "1.234", "lead_time_days": 999 })));
        let fields: Vec<&str> = refused.problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["lead_time_days", "cost"]);
    }

    #[test]
    fn orders_placed_before_keep_what_they_copied() {
        let mut story = Story::new();
        story.product("A", "9.50", json!({})).stocked("A", 2);
        let order_id = story.ordered(&[("A", 1)]);
        story.done(upsert(json!({ "sku": "A", "name": "Dearer", "price": "99.00" })));
        let line = &story.order(order_id).lines[0];
        assert_eq!((line.name.as_str(), line.unit_price), ("Product A", 950));
    }

    #[test]
    fn nobody_waits_for_what_is_no_longer_counted() {
        let mut story = Story::new();
        story.product("W", "10.00", json!({ "policy": "backorder", "backorder_limit": 5 })).stocked("W", 2);
        let order_id = story.ordered(&[("W", 4)]);
        let decision = story.done(upsert(json!({ "sku": "W", "policy": "untracked" })));
        assert_eq!(types(&decision), ["ProductChanged", "StockReserved", "BackorderFilled"]);
        assert!(!story.order(order_id).backordered());
        let more = json!({ "order_id": order_id, "changes": [{ "line": 1, "quantity": 5 }] });
        story.done(input::<ChangeLines>(more));
        let shipped = story.done(input::<Ship>(json!({ "order_id": order_id })));
        assert_eq!(types(&shipped), ["OrderConfirmed", "UnitsShipped", "StockConsumed", "StockReleased"]);
        assert_eq!((story.stock("W").on_hand, story.stock("W").reserved), (0, 0));
    }

    #[test]
    fn only_currencies_in_which_people_pay_are_taken() {
        for code in ["XXX", "XTS", "XDR", "XAU", "XXQ", "usd"] {
            let product = json!({ "sku": "A", "name": "Tea", "price": "9", "currency": code });
            assert_eq!(Story::new().refused(upsert(product)).field.as_deref(), Some("currency"), "{code}");
            let order = json!({ "customer": "Ann", "currency": code, "lines": [{ "product": "A", "quantity": 1 }] });
            assert_eq!(Story::new().refused(input::<CreateOrder>(order)).field.as_deref(), Some("currency"), "{code}");
            let rate = json!({ "currency": code, "rate": "1" });
            assert_eq!(Story::new().refused(input::<SetRate>(rate)).field.as_deref(), Some("currency"), "{code}");
        }
    }
}
