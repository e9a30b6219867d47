//! The ids of the domain, each a separate type, and the names of streams.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::money::Currency;

/// Namespace of product ids derived from SKUs.
const PRODUCT_NAMESPACE: Uuid = Uuid::from_u128(0x6f72_6465_726c_5f67_8000_7072_6f64_0001);

/// An order's number: 1001, 1002, … without gaps, in placement order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct OrderId(pub i64);

impl OrderId {
    /// The number of a log's first order.
    pub const FIRST: OrderId = OrderId(1001);

    /// The number after this one.
    #[must_use]
    pub fn next(self) -> OrderId {
        OrderId(self.0 + 1)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A product, identified forever by the SKU it was registered under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductId(pub Uuid);

impl ProductId {
    /// The id of the product registered under `sku`. SKUs with the same [`key`](crate::text::key) (ignoring case,
    /// blanks and the choice of code points) are one product, so two registrations of one SKU go to one stream.
    #[must_use]
    pub fn from_sku(sku: &str) -> ProductId {
        ProductId(Uuid::new_v5(&PRODUCT_NAMESPACE, crate::text::key(sku).as_bytes()))
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A customer; the id contains nothing about the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(pub Uuid);

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// In a schema, an id is a UUID as any other: it has no name of its own there.
macro_rules! uuid_schema {
    ($($id:ty),*) => { $(
        impl JsonSchema for $id {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                Uuid::schema_name()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                Uuid::json_schema(generator)
            }
        }
    )* };
}

uuid_schema!(ProductId, CustomerId);

/// A rule of notifications: 1, 2, 3 … in the order in which they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct RuleId(pub i64);

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A command; the same id is acted upon once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub Uuid);

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Place of an event in the log: 1, 2, 3 … without a gap; 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub i64);

impl Position {
    /// Before the first event.
    pub const START: Position = Position(0);

    /// The position after this one.
    #[must_use]
    pub fn next(self) -> Position {
        Position(self.0 + 1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Place of an event in its stream: 1, 2, 3 …; 0 means the stream has no events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

impl Version {
    /// The version of a stream without events.
    pub const NONE: Version = Version(0);

    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Version {
        Version(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A stream of events about one thing. Written `order-1001`, `stock-<uuid>`, `product-<uuid>`, `customer-<uuid>`, `rate-USD`,
/// `notification-shop`, `confirmation-shop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamId {
    /// One order.
    Order(OrderId),
    /// The stock of one product.
    Stock(ProductId),
    /// The catalogue entry of one product.
    Product(ProductId),
    /// One customer.
    Customer(CustomerId),
    /// The exchange rate of one currency.
    Rate(Currency),
    /// Rules and messages of notifications: one stream for the shop.
    Notifications,
    /// Acts that wait for a person's agreement: one stream for the shop.
    Confirmations,
}

/// The word for the shop in the names of its single streams.
const SHOP: &str = "shop";

impl StreamId {
    /// The part before the dash: `order`, `stock`, `product`, `customer`, `rate`, `notification` or
    /// `confirmation`.
    #[must_use]
    pub fn category(&self) -> &'static str {
        match self {
            StreamId::Order(_) => "order",
            StreamId::Stock(_) => "stock",
            StreamId::Product(_) => "product",
            StreamId::Customer(_) => "customer",
            StreamId::Rate(_) => "rate",
            StreamId::Notifications => "notification",
            StreamId::Confirmations => "confirmation",
        }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let category = self.category();
        match self {
            StreamId::Order(id) => write!(f, "{category}-{id}"),
            StreamId::Stock(id) | StreamId::Product(id) => write!(f, "{category}-{id}"),
            StreamId::Customer(id) => write!(f, "{category}-{id}"),
            StreamId::Rate(currency) => write!(f, "{category}-{currency}"),
            StreamId::Notifications | StreamId::Confirmations => write!(f, "{category}-{SHOP}"),
        }
    }
}

/// A text that names no stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no stream; expected order-<number>, stock-<uuid>, product-<uuid>, customer-<uuid>, rate-<currency>, \
     notification-shop or confirmation-shop"
)]
pub struct UnknownStream(pub String);

impl FromStr for StreamId {
    type Err = UnknownStream;

    fn from_str(text: &str) -> Result<StreamId, UnknownStream> {
        let unknown = || UnknownStream(text.to_owned());
        let (category, id) = text.split_once('-').ok_or_else(unknown)?;
        let uuid = || Uuid::parse_str(id).map_err(|_| unknown());
        match category {
            "order" => id.parse().map(|n| StreamId::Order(OrderId(n))).map_err(|_| unknown()),
            "stock" => Ok(StreamId::Stock(ProductId(uuid()?))),
            "product" => Ok(StreamId::Product(ProductId(uuid()?))),
            "customer" => Ok(StreamId::Customer(CustomerId(uuid()?))),
            "rate" => id.parse().map(StreamId::Rate).map_err(|_| unknown()),
            "notification" if id == SHOP => Ok(StreamId::Notifications),
            "confirmation" if id == SHOP => Ok(StreamId::Confirmations),
            _ => Err(unknown()),
        }
    }
}

impl Serialize for StreamId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<StreamId, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
