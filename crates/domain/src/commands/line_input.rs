//! A line of an order as it is entered, the catalogue data for it, and its price.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    event::{Amounts, CatalogueEntry, LineTotal, PlacedLine, StockPolicy},
    ids::ProductId,
    limits,
    money::{Currency, parse_amount, plain},
    pricing::{Discount, EnteredLine, entered_gross},
    product::Product,
};

/// One line of a new order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineInput {
    /// SKU or name of a product.
    #[schemars(length(min = 1, max = limits::REFERENCE_CHARS))]
    pub product: String,
    /// Units ordered.
    #[schemars(range(min = 1, max = limits::UNITS))]
    pub quantity: i64,
    /// Price of one unit, such as "999.00"; the catalogue's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub unit_price: Option<String>,
    /// Price of all units together instead of `unit_price`: three for "100.00".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub line_total: Option<String>,
    /// Discount on this line: "50.00" or "10%".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?%?$"))]
    pub discount: Option<String>,
}

/// A line with its data from the catalogue.
pub(super) struct PricedLine<'a> {
    pub(super) id: ProductId,
    pub(super) product: &'a Product,
    pub(super) entry: &'a CatalogueEntry,
    pub(super) quantity: i64,
    pub(super) price: LinePrice,
}

/// A line's price as it was entered, and the resulting amounts.
pub(super) struct LinePrice {
    pub(super) unit_price: i64,
    pub(super) line_total: Option<LineTotal>,
    pub(super) discount: Option<Discount>,
    pub(super) entered: EnteredLine,
}

impl LineInput {
    /// The price as entered, or the field at fault and the error.
    pub(super) fn price(
        &self,
        list: &str,
        index: usize,
        currency: Currency,
        entry: &CatalogueEntry,
    ) -> Result<LinePrice, (String, String)> {
        let at = |name: &str| format!("{list}[{index}].{name}");
        let read = |name: &str, text: &str| {
            parse_amount(text, currency).map_err(|error| (at(name), format!("cannot be read: {error}")))
        };
        let (unit_price, line_total) = match (&self.unit_price, &self.line_total) {
            (_, Some(total)) => {
                let amount = read("line_total", total)?;
                (amount / self.quantity, Some(LineTotal { amount, units: self.quantity }))
            }
            (Some(price), None) => (read("unit_price", price)?, None),
            (None, None) if entry.currency == currency => (entry.price, None),
            (None, None) => {
                let message = format!("is needed: the catalogue's price is in {}, not {currency}", entry.currency);
                return Err((at("unit_price"), message));
            }
        };
        let gross = entered_gross(self.quantity, unit_price, line_total)
            .ok_or_else(|| (at("quantity"), "makes the line larger than any amount accepted here".to_owned()))?;
        let given = self.discount.as_deref().map(|text| Discount::parse(text, currency)).transpose();
        let given = given.map_err(|error| (at("discount"), format!("cannot be read: {error}")))?;
        let discount = given.map_or(0, |discount| discount.of(gross));
        if discount > gross {
            let (discount, gross) = (plain(discount, currency), plain(gross, currency));
            return Err((at("discount"), format!("is {discount}, more than the line's {gross}")));
        }
        let (tax_rate, tax_inclusive) = (entry.tax_rate, entry.tax_inclusive);
        let entered = EnteredLine { gross, discount, tax_rate, tax_inclusive };
        Ok(LinePrice { unit_price, line_total, discount: given, entered })
    }
}

impl PricedLine<'_> {
    /// The line with its number and final amounts, before stock is reserved for it. The order discount is the
    /// percentage, or the line's share of the amount.
    pub(super) fn placed(&self, line: u32, amounts: Amounts, order_discount: Option<Discount>) -> PlacedLine {
        PlacedLine {
            line,
            product_id: self.id,
            sku: self.product.sku.clone(),
            name: self.entry.name.clone(),
            quantity: self.quantity,
            unit_price: self.price.unit_price,
            tax_rate: self.entry.tax_rate,
            tax_inclusive: self.entry.tax_inclusive,
            line_total: self.price.line_total,
            discounts: self.price.discount.into_iter().chain(order_discount).collect(),
            order_discount: order_discount.is_some(),
            amounts,
            tracked: self.entry.policy != StockPolicy::Untracked,
            cancelled: 0,
            reserved: 0,
            backordered: 0,
        }
    }
}
