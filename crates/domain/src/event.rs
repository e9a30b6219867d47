//! The facts: every event type, its data, its name and its schema version.

mod examples;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use examples::examples;

use crate::{
    envelope::DecodeError,
    ids::{CustomerId, OrderId, ProductId},
    money::Currency,
};

/// Declares the event types once: the enum, the names, the decoder, the list for the catalogue, and for each category
/// the closed set of its facts, so that a fold of one kind of stream matches exactly these.
macro_rules! events {
    ($( $category:literal $kind:ident($facts:ident) { $( $(#[doc = $doc:literal])* $name:ident = $schema:literal, )* } )*) => {
        /// Any fact the log can hold. Serialises as the bare facts; the type's name stands in the envelope.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Event { $($( $(#[doc = $doc])* $name($name), )*)* }

        impl Event {
            /// Name of the type, as stored and published.
            #[must_use]
            pub fn event_type(&self) -> &'static str {
                match self { $($( Event::$name(_) => stringify!($name), )*)* }
            }

            /// Category of the streams the type stands in.
            #[must_use]
            pub fn category(&self) -> &'static str {
                match self { $($( Event::$name(_) => $category, )*)* }
            }

            /// Version of the type's shape that this build writes.
            #[must_use]
            pub fn schema(&self) -> u16 {
                match self { $($( Event::$name(_) => $schema, )*)* }
            }

            /// The fact, sorted by the kind of thing it is about.
            #[must_use]
            pub fn fact(&self) -> Fact<'_> {
                match self { $($( Event::$name(fact) => Fact::$kind($facts::$name(fact)), )*)* }
            }

            /// Reads the facts of an event of the given type and schema version.
            ///
            /// # Errors
            /// When the type or schema is unknown, or the data does not fit it.
            pub fn decode(event_type: &str, schema: u16, data: &str) -> Result<Event, DecodeError> {
                match (event_type, schema) {
                    $($( (stringify!($name), $schema) => Ok(Event::$name(serde_json::from_str(data)?)), )*)*
                    _ => Err(DecodeError::UnknownType { event_type: event_type.to_owned(), schema }),
                }
            }
        }

        $($( impl From<$name> for Event { fn from(fact: $name) -> Event { Event::$name(fact) } } )*)*

        /// A fact by the kind of thing it is about.
        #[derive(Debug, Clone, Copy)]
        pub enum Fact<'a> { $( #[doc = concat!("About one ", $category, ".")] $kind($facts<'a>), )* }

        $(
            #[doc = concat!("Every fact that stands in ", $category, " streams.")]
            #[derive(Debug, Clone, Copy)]
            pub enum $facts<'a> { $( $(#[doc = $doc])* $name(&'a $name), )* }
        )*

        /// Every event type with its meaning, category, schema version and JSON Schema, for the catalogue.
        #[must_use]
        pub fn catalogue() -> Vec<EventType> {
            vec![ $($( EventType {
                name: stringify!($name), category: $category, schema: $schema, about: concat!($($doc),*).trim_ascii(),
                json_schema: schemars::schema_for!($name).to_value(),
            }, )*)* ]
        }
    };
}

events! {
    "order" Order(OrderFact) {
        /// An order was placed; its amounts are final.
        OrderPlaced = 1,
        /// The shop accepted the order.
        OrderConfirmed = 1,
        /// Nothing may ship until released.
        OrderHeld = 1,
        /// The hold ended.
        OrderReleased = 1,
        /// Picking started.
        ProcessingStarted = 1,
        /// Units left the shop.
        UnitsShipped = 1,
        /// Units arrived.
        UnitsDelivered = 1,
        /// Units not yet shipped were cancelled.
        UnitsCancelled = 1,
        /// Units that waited for stock are now reserved.
        BackorderFilled = 1,
        /// Money came in for an order.
        PaymentCaptured = 1,
    }
    "stock" Stock(StockFact) {
        /// Units were set aside for an order.
        StockReserved = 1,
        /// An order waits for units that are not there.
        StockBackordered = 1,
        /// Units set aside, or waited for, are free again.
        StockReleased = 1,
        /// Reserved units left the shop.
        StockConsumed = 1,
        /// Units came in.
        StockReceived = 1,
        /// A count or correction changed the units on hand.
        StockAdjusted = 1,
        /// Available units fell to the threshold or below.
        LowStockReached = 1,
        /// Available units rose above the threshold again.
        LowStockRecovered = 1,
    }
    "product" Product(ProductFact) {
        /// A product entered the catalogue.
        ProductRegistered = 1,
        /// A product's catalogue entry changed.
        ProductChanged = 1,
    }
    "customer" Customer(CustomerFact) {
        /// A customer became known.
        CustomerRegistered = 1,
        /// A customer's particulars changed.
        CustomerChanged = 1,
    }
}

/// One event type, described for people and programs that read the log or subscribe to it.
#[derive(Debug, Clone)]
pub struct EventType {
    /// `OrderPlaced`.
    pub name: &'static str,
    /// What it says happened, in one sentence.
    pub about: &'static str,
    /// Category of the streams it stands in.
    pub category: &'static str,
    /// Schema version this build writes.
    pub schema: u16,
    /// JSON Schema of `data`.
    pub json_schema: serde_json::Value,
}

// ---- orders ----

/// See [`Event::OrderPlaced`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPlaced {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered; the person's particulars stand only in the customer's stream.
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of every amount in the order's events.
    #[schemars(with = "String")]
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
}

/// A line as ordered, with price, name and tax rate copied from the catalogue of that moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlacedLine {
    /// From 1.
    pub line: u32,
    /// What.
    #[schemars(with = "uuid::Uuid")]
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
    /// Amounts of the whole line; the value of unit i follows from them by rule R4.
    pub amounts: Amounts,
    /// Whether stock is kept of the product.
    pub tracked: bool,
    /// Units set aside at placement.
    pub reserved: i64,
    /// Units to wait for at placement.
    pub backordered: i64,
}

/// Amounts of goods, minor units, without tax unless said. net = gross − discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Amounts {
    /// Before discounts.
    pub gross: i64,
    /// Line discount and share of the order discount, as a positive amount.
    pub discount: i64,
    /// Tax on gross − discount.
    pub tax: i64,
}

/// A fee with its tax, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Charge {
    /// Without tax.
    pub net: i64,
    /// Tax on it.
    pub tax: i64,
}

/// The waterfall of rule R2, minor units: gross − discount = net; + shipping = revenue; + tax = total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Goods before discounts.
    pub gross: i64,
    /// Discounts, as a positive amount.
    pub discount: i64,
    /// Net sales.
    pub net: i64,
    /// Shipping without tax.
    pub shipping: i64,
    /// The headline: without tax, with shipping.
    pub revenue: i64,
    /// All tax.
    pub tax: i64,
    /// What the customer pays.
    pub total: i64,
}

/// See [`Event::OrderConfirmed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderConfirmed {
    /// The order's number.
    pub order_id: OrderId,
}

/// See [`Event::OrderHeld`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderHeld {
    /// The order's number.
    pub order_id: OrderId,
}

/// See [`Event::OrderReleased`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderReleased {
    /// The order's number.
    pub order_id: OrderId,
}

/// See [`Event::ProcessingStarted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessingStarted {
    /// The order's number.
    pub order_id: OrderId,
}

/// Units of one line that an event moves, with the value that rule R4 gives exactly these units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineUnits {
    /// Line number, from 1.
    pub line: u32,
    /// What the line is for.
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// How many units, at least 1.
    pub units: i64,
    /// Value of exactly these units.
    pub amounts: Amounts,
}

/// See [`Event::UnitsShipped`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitsShipped {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of the amounts.
    #[schemars(with = "String")]
    pub currency: Currency,
    /// 1 for the order's first shipment.
    pub shipment: u32,
    /// What left.
    pub lines: Vec<LineUnits>,
    /// The shipping fee, with the first shipment only.
    pub shipping: Charge,
    /// Whether nothing of the order remains to be shipped.
    pub completes: bool,
    /// Who carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
}

/// See [`Event::UnitsDelivered`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitsDelivered {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of the amounts.
    #[schemars(with = "String")]
    pub currency: Currency,
    /// What arrived.
    pub lines: Vec<LineUnits>,
    /// Whether every active unit has arrived or come back.
    pub completes: bool,
}

/// See [`Event::UnitsCancelled`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitsCancelled {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of the amounts.
    #[schemars(with = "String")]
    pub currency: Currency,
    /// What was cancelled, with the amounts to take back.
    pub lines: Vec<LineUnits>,
    /// The shipping fee taken back (rule R6), or nothing.
    pub shipping: Charge,
    /// Whether no active unit remains.
    pub completes: bool,
}

/// See [`Event::BackorderFilled`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackorderFilled {
    /// The order's number.
    pub order_id: OrderId,
    /// The line that waited.
    pub line: u32,
    /// What the line is for.
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// Units now reserved.
    pub units: i64,
}

/// See [`Event::PaymentCaptured`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentCaptured {
    /// The order's number.
    pub order_id: OrderId,
    /// Who ordered, so that readers need no state of the order.
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Of the amounts.
    #[schemars(with = "String")]
    pub currency: Currency,
    /// Minor units of the order's currency, with tax.
    pub amount: i64,
    /// `card`, `cash`, `upi`, …
    pub method: String,
    /// The payment provider's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

// ---- stock ----

/// See [`Event::StockReserved`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReserved {
    /// Of which product.
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// For which order.
    pub order_id: OrderId,
    /// For which line.
    pub line: u32,
    /// Units.
    pub units: i64,
    /// Whether these units had been waited for.
    pub from_backorder: bool,
}

/// See [`Event::StockBackordered`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockBackordered {
    /// Of which product.
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// For which order.
    pub order_id: OrderId,
    /// For which line.
    pub line: u32,
    /// Units.
    pub units: i64,
}

/// See [`Event::StockReleased`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReleased {
    /// Of which product.
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// By which order.
    pub order_id: OrderId,
    /// Line whose units are released.
    pub line: u32,
    /// Reserved units that are free again.
    pub reserved: i64,
    /// Backordered units no longer waited for.
    pub backordered: i64,
}

/// See [`Event::StockConsumed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockConsumed {
    /// Of which product.
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// For which order.
    pub order_id: OrderId,
    /// For which line.
    pub line: u32,
    /// Units, reserved before, no longer on hand.
    pub units: i64,
}

/// See [`Event::StockReceived`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReceived {
    /// Of which product.
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// Units.
    pub units: i64,
}

/// See [`Event::StockAdjusted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockAdjusted {
    /// Of which product.
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// Change of the units on hand; never 0.
    pub delta: i64,
    /// The count that led to it, if it was a count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<i64>,
}

/// See [`Event::LowStockReached`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LowStockReached {
    /// Of which product.
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// Available units after the event that crossed it.
    pub available: i64,
    /// The threshold crossed.
    pub threshold: i64,
}

/// See [`Event::LowStockRecovered`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LowStockRecovered {
    /// Of which product.
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// Available units after the event that crossed it.
    pub available: i64,
    /// The threshold crossed.
    pub threshold: i64,
}

// ---- catalogue ----

/// What an order may do when too few units are available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockPolicy {
    /// Refuse the order.
    #[default]
    Deny,
    /// Let the order wait, up to the product's backorder limit.
    Backorder,
    /// No stock is kept of this product (a service, a download).
    Untracked,
}

/// See [`Event::ProductRegistered`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductRegistered {
    /// Derived from the SKU.
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// As typed at registration, trimmed.
    pub sku: String,
    /// The entry.
    pub entry: CatalogueEntry,
}

/// See [`Event::ProductChanged`]. Carries the whole entry as it stands after the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductChanged {
    /// Derived from the SKU.
    #[schemars(with = "uuid::Uuid")]
    pub product_id: ProductId,
    /// As typed at registration.
    pub sku: String,
    /// The entry from now on.
    pub entry: CatalogueEntry,
}

/// What the catalogue says of a product, besides its SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueEntry {
    /// Shown on orders.
    pub name: String,
    /// Price of one unit, minor units of `currency`.
    pub price: i64,
    /// Of the price.
    #[schemars(with = "String")]
    pub currency: Currency,
    /// Percent.
    #[serde(with = "crate::money::decimal_string")]
    #[schemars(with = "String")]
    pub tax_rate: Decimal,
    /// Whether `price` includes tax.
    pub tax_inclusive: bool,
    /// What to do when too few are available.
    pub policy: StockPolicy,
    /// Units that may be waited for at once, with the backorder policy.
    pub backorder_limit: i64,
    /// Available units at or below which stock counts as low; absent means never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_stock_threshold: Option<i64>,
    /// Whether it can no longer be ordered.
    pub archived: bool,
}

// ---- customers ----

/// Particulars of a person, each sealed under that customer's key; absent means not given or unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SealedProfile {
    /// Sealed name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Sealed e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Sealed phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Sealed postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// See [`Event::CustomerRegistered`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerRegistered {
    /// Who.
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Sealed particulars.
    pub profile: SealedProfile,
}

/// See [`Event::CustomerChanged`]. Carries only what changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerChanged {
    /// Who.
    #[schemars(with = "uuid::Uuid")]
    pub customer_id: CustomerId,
    /// Sealed particulars that changed.
    pub profile: SealedProfile,
}
