//! Placing an order: prices it, reserves its units or lets them wait, records it.

mod allot;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::allot::allot;
use super::{
    About, Act, Reference, ReferenceKind, conversion,
    line_input::{LineInput, PricedLine},
    preconditions, product_and_stock,
    stock_moves::StockMoves,
};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{Amounts, Charge, OrderPlaced, Totals},
    ids::{CustomerId, StreamId, Version},
    limits,
    money::{AmountError, Currency, MAX_AMOUNT_MINOR, UnknownCurrency, parse_amount, plain},
    pricing::{Discount, EnteredLine, price, spread_discount},
    rejection::{Code, Problems, Rejection},
    states::States,
    text,
    typed::{self, Typed},
};

/// Place a new order for a customer. Prices, names and tax rates are copied from the catalogue; stock is reserved at
/// once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateOrder {
    /// E-mail address, name or id. Register new customers with customers_upsert first.
    #[schemars(length(min = 1, max = limits::REFERENCE_CHARS))]
    pub customer: String,
    /// What is ordered, at least one line.
    #[schemars(length(min = 1, max = limits::LINES_PER_ORDER))]
    pub lines: Vec<LineInput>,
    /// Shipping fee such as "99.00"; none when left out. Taxed at the lines' highest rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub shipping: Option<String>,
    /// Discount on the whole order, after those of lines: "50.00" or "10%".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?%?$"))]
    pub order_discount: Option<String>,
    /// ISO 4217 code such as "USD"; the shop's when left out. Lines of products priced in another need a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(pattern(r"^[A-Z]{3}$"))]
    pub currency: Option<String>,
    /// A note kept with the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::NOTE_CHARS))]
    pub note: Option<String>,
    /// Its number in another system. Only an import gives it: it is no argument of the tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub external_reference: Option<String>,
}

impl Act for CreateOrder {
    fn about(&self, names: &Names) -> About {
        About::NewOrder { customer: names.customer(&self.customer) }
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let (items, mut placed) = self.priced(states, context)?;
        let allotments = allot(&items, states)?;
        let order_id = placed.order_id;
        let mut decision = Decision::about(StreamId::Order(order_id));
        if allotments.iter().any(|allotment| allotment.backordered > 0) {
            decision.warn("Some units are not in stock: the order waits for them.");
        }
        decision.warnings.extend(conversion::warning(placed.currency, placed.converted.is_some(), context));
        let mut moves = StockMoves::new(states);
        for (line, allotment) in placed.lines.iter_mut().zip(allotments) {
            (line.reserved, line.backordered) = (allotment.reserved, allotment.backordered);
            allotment.record(line.product_id, order_id, line.line, &mut moves)?;
        }
        decision.record(StreamId::Order(order_id), placed);
        moves.settle(&mut decision)?;
        Ok(decision)
    }

    fn references(&self) -> Vec<Reference<'_>> {
        let (kind, field) = (ReferenceKind::Customer, "customer".to_owned());
        let customer = Reference { kind, text: &self.customer, field, of_order: None, may_be_new: false };
        let lines = self.lines.iter().enumerate();
        let products = lines.map(|(i, line)| Reference::product(&line.product, format!("lines[{i}].product")));
        std::iter::once(customer).chain(products).collect()
    }

    fn also_needs(&self, names: &Names) -> Vec<StreamId> {
        self.lines.iter().flat_map(|line| product_and_stock(names.product(&line.product))).collect()
    }

    fn order_to_place(&self, states: &States, context: &Context<'_>) -> Result<Option<OrderPlaced>, Refusal> {
        Ok(Some(self.priced(states, context)?.1))
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        typed::words("note", &mut self.note).collect()
    }
}

impl CreateOrder {
    /// Checks everything that needs no state, in a shop with this currency. The tools call this too, before they seal
    /// the note.
    ///
    /// # Errors
    /// When a value is out of bounds; names every such value.
    pub fn check(&self, shop: Currency) -> Result<(), Rejection> {
        let mut problems = Problems::default();
        text::check_line("customer", &self.customer, limits::REFERENCE_CHARS, &mut problems);
        if self.lines.is_empty() || self.lines.len() > limits::LINES_PER_ORDER {
            let found = self.lines.len();
            problems.add("lines", format!("must have 1 to {} lines; it has {found}", limits::LINES_PER_ORDER));
        }
        for (i, line) in self.lines.iter().enumerate().take(limits::LINES_PER_ORDER) {
            text::check_line(&format!("lines[{i}].product"), &line.product, limits::REFERENCE_CHARS, &mut problems);
            text::check_units(&format!("lines[{i}].quantity"), line.quantity, &mut problems);
            if line.unit_price.is_some() && line.line_total.is_some() {
                problems.add(format!("lines[{i}].line_total"), "cannot be given together with unit_price");
            }
        }
        if let Some(note) = &self.note {
            text::check_note("note", note, limits::NOTE_CHARS, &mut problems);
        }
        if let Some(reference) = &self.external_reference {
            text::check_line("external_reference", reference, limits::EXTERNAL_REFERENCE_CHARS, &mut problems);
            text::check_visible("external_reference", reference, &mut problems);
        }
        match self.currency(shop) {
            Ok(currency) => self.check_amounts(currency, &mut problems),
            Err(message) => problems.add("currency", message),
        }
        problems.check()
    }

    /// The order as it would be placed, before stock is reserved for it.
    fn priced<'s>(
        &self,
        states: &'s States,
        context: &Context<'_>,
    ) -> Result<(Vec<PricedLine<'s>>, OrderPlaced), Refusal> {
        check_version(context)?;
        self.check(context.shop.currency)?;
        let currency = self
            .currency(context.shop.currency)
            .map_err(|message| Rejection::invalid("currency", format!("currency {message}.")))?;
        let customer_id = self.customer(states, context)?;
        let items = self.items(currency, states, context)?;
        let Priced { amounts, order_discounts, shipping, totals } = self.price(&items, currency)?;
        let placed = OrderPlaced {
            order_id: context.next_order,
            customer_id,
            currency,
            tax_inclusive: items.iter().all(|item| item.entry.tax_inclusive),
            lines: (1..)
                .zip(&items)
                .zip(amounts.iter().zip(&order_discounts))
                .map(|((number, item), (amounts, order_discount))| item.placed(number, *amounts, *order_discount))
                .collect(),
            shipping,
            totals,
            note: self.note.clone(),
            converted: conversion::at_placement(currency, &amounts, shipping, states, context)?,
            external_reference: self.external_reference.clone(),
        };
        Ok((items, placed))
    }

    /// The order's currency, or the error in it.
    fn currency(&self, shop: Currency) -> Result<Currency, String> {
        let Some(code) = &self.currency else { return Ok(shop) };
        let shown: String = code.chars().take(10).collect();
        Currency::given(code).map_err(|_| UnknownCurrency(shown).to_string())
    }

    fn check_amounts(&self, currency: Currency, problems: &mut Problems) {
        let mut note = |field: String, outcome: Result<(), AmountError>| {
            if let Err(error) = outcome {
                problems.add(field, format!("cannot be read: {error}"));
            }
        };
        for (i, line) in self.lines.iter().enumerate().take(limits::LINES_PER_ORDER) {
            for (name, amount) in [("unit_price", &line.unit_price), ("line_total", &line.line_total)] {
                if let Some(amount) = amount {
                    note(format!("lines[{i}].{name}"), parse_amount(amount, currency).map(drop));
                }
            }
            if let Some(discount) = &line.discount {
                note(format!("lines[{i}].discount"), Discount::parse(discount, currency).map(drop));
            }
        }
        if let Some(shipping) = &self.shipping {
            note("shipping".to_owned(), parse_amount(shipping, currency).map(drop));
        }
        if let Some(discount) = &self.order_discount {
            note("order_discount".to_owned(), Discount::parse(discount, currency).map(drop));
        }
    }

    fn customer(&self, states: &States, context: &Context<'_>) -> Result<CustomerId, Refusal> {
        let unknown = || {
            Rejection::new(Code::NotFound, "There is no such customer.")
                .field("customer")
                .hint("Find the customer with customers_search, or register it with customers_upsert.")
        };
        let id = context.names.customer(&self.customer).ok_or_else(unknown)?;
        let customer = states.customer(id)?;
        if customer.version == Version::NONE || customer.erased {
            return Err(unknown().into());
        }
        Ok(id)
    }

    /// Adds catalogue data to every line and reads its amounts.
    fn items<'s>(
        &self,
        currency: Currency,
        states: &'s States,
        context: &Context<'_>,
    ) -> Result<Vec<PricedLine<'s>>, Refusal> {
        let mut problems = Problems::default();
        let mut items = Vec::with_capacity(self.lines.len());
        for (i, line) in self.lines.iter().enumerate() {
            let id = context.names.product(&line.product);
            let (product, entry) =
                preconditions::registered(states, id, &format!("lines[{i}].product"), &line.product)?;
            // A product that is archived today was sold when an order of the past was placed.
            if entry.archived && context.occurred_at >= context.now {
                problems
                    .add(format!("lines[{i}].product"), format!("{} is archived and no longer sold", product.called()));
            }
            match line.price("lines", i, currency, entry) {
                Ok(price) => items.push(PricedLine { id, product, entry, quantity: line.quantity, price }),
                Err((field, message)) => problems.add(field, message),
            }
        }
        problems.check()?;
        Ok(items)
    }

    fn price(&self, items: &[PricedLine<'_>], currency: Currency) -> Result<Priced, Rejection> {
        let mut problems = Problems::default();
        let lines: Vec<EnteredLine> = items.iter().map(|item| item.price.entered).collect();
        let left: i64 = lines.iter().map(|line| line.gross - line.discount).sum();
        let shipping = match self.shipping.as_deref().map(|text| parse_amount(text, currency)).transpose() {
            Ok(fee) => fee.unwrap_or(0),
            Err(error) => {
                problems.add("shipping", format!("cannot be read: {error}"));
                0
            }
        };
        let given = match self.order_discount.as_deref().map(|text| Discount::parse(text, currency)).transpose() {
            Ok(discount) => discount,
            Err(error) => {
                problems.add("order_discount", format!("cannot be read: {error}"));
                None
            }
        };
        let discount = given.map_or(0, |discount| discount.of(left));
        if discount > left {
            let (discount, left) = (plain(discount, currency), plain(left, currency));
            problems.add("order_discount", format!("is {discount}, more than the {left} of all lines"));
        }
        problems.check()?;
        let shares = spread_discount(&lines, discount);
        let (amounts, shipping) = price(&lines, &shares, shipping);
        let totals = Totals::of(amounts.iter().copied(), shipping);
        if totals.gross.max(totals.total) > MAX_AMOUNT_MINOR {
            return Err(Rejection::invalid("lines", "The order's total is larger than any amount accepted here."));
        }
        let of_line = |share: &i64| match given {
            Some(Discount::Percent(percent)) => Some(Discount::Percent(percent)),
            Some(Discount::Amount(_)) if *share > 0 => Some(Discount::Amount(*share)),
            Some(Discount::Amount(_)) | None => None,
        };
        Ok(Priced { amounts, order_discounts: shares.iter().map(of_line).collect(), shipping, totals })
    }
}

/// The amounts of an order.
struct Priced {
    amounts: Vec<Amounts>,
    /// For each line: the order discount if it is a percentage, or the line's share of an amount.
    order_discounts: Vec<Option<Discount>>,
    shipping: Charge,
    totals: Totals,
}

/// An order that is not placed yet has no version.
fn check_version(context: &Context<'_>) -> Result<(), Rejection> {
    if context.expected_version.is_none_or(|expected| expected == Version::NONE) {
        return Ok(());
    }
    Err(Rejection::invalid("expected_version", "A new order has no version yet.")
        .hint("Leave expected_version out; an idempotency_key keeps the same order from being placed twice."))
}

#[cfg(test)]
mod tests;
