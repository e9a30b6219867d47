//! The facts: every event type, its data, its name and its schema version.

mod alerts;
mod amounts;
mod catalogue;
mod confirmations;
mod customers;
mod declared;
mod examples;
mod lines;
mod notifications;
mod orders;
mod payments;
mod rates;
mod stock;
mod units;
mod upcasters;

use serde::Serialize;

pub use self::{
    alerts::*, amounts::*, catalogue::*, confirmations::*, customers::*, lines::*, notifications::*, orders::*,
    payments::*, rates::*, stock::*, units::*,
};
use self::{
    declared::Declared,
    upcasters::{
        before_order_discounts, before_owner_told, cancelled_before_goodwill, changed_before_entries, held_without_end,
        placed_before_entries, refunded_before_lines, returned_before_goodwill, shipped_first, unconverted,
        voided_among_others, without_alerts, without_at_once, without_cost, without_external_reference, without_key_id,
        without_templates, without_waiting,
    },
};
use crate::{guarded::GuardedAct, typed::Typed};

/// Why stored bytes could not be read as an event.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not an envelope, or the facts do not fit the type.
    #[error("cannot read the event: {0}")]
    Json(#[from] serde_json::Error),
    /// Written by a newer Orderlog, or not an event of ours.
    #[error("unknown event type {event_type} with schema {schema}; a newer Orderlog may have written it")]
    UnknownType {
        /// The type found.
        event_type: String,
        /// The schema version found.
        schema: u16,
    },
}

/// Brings the data of one schema version to the next. The nth of a type's upcasters starts from version n.
type Upcaster = fn(serde_json::Value) -> serde_json::Value;

/// Brings data of schema version `from` to the present version, step by step.
fn lift(upcasters: &[Upcaster], from: u16, data: serde_json::Value) -> serde_json::Value {
    upcasters[usize::from(from) - 1..].iter().fold(data, |data, upcast| upcast(data))
}

/// Declares the event types once: the enum, the names, the decoder, the list for the catalogue, and for each category
/// the closed set of its facts, so that a fold of one kind of stream matches exactly these.
macro_rules! events {
    ($( $category:literal $kind:ident($facts:ident) { $( $(#[doc = $doc:literal])* $name:ident = $schema:literal $(from [$($upcaster:path),+])?, )* } )*) => {
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

            /// Category of the streams with this type.
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

            /// The texts that somebody typed, sealed but in events from before all of them were.
            #[must_use]
            pub fn typed_mut(&mut self) -> Vec<Typed<'_>> {
                match self { $($( Event::$name(fact) => fact.typed_mut(), )*)* }
            }

            /// The kind of act, if a person may have to agree to it.
            #[must_use]
            pub fn guarded(&self) -> Option<GuardedAct> {
                match self { $($( Event::$name(fact) => fact.guarded(), )*)* }
            }

            /// Reads the facts of an event of the given type and schema version; older versions are brought up to
            /// the present one first, step by step.
            ///
            /// # Errors
            /// When the type or schema is unknown, or the data does not fit it.
            pub fn decode(event_type: &str, schema: u16, data: &str) -> Result<Event, DecodeError> {
                match (event_type, schema) {
                    $($( (stringify!($name), $schema) => Ok(Event::$name(serde_json::from_str(data)?)), )*)*
                    $($( $( (stringify!($name), 1..$schema) => {
                        let present = lift(&[$($upcaster),+], schema, serde_json::from_str(data)?);
                        Ok(Event::$name(serde_json::from_value(present)?))
                    } )? )*)*
                    _ => Err(DecodeError::UnknownType { event_type: event_type.to_owned(), schema }),
                }
            }
        }

        // Every version but the present one has an upcaster; a missing or forgotten one does not compile.
        $($( const _: () = {
            let upcasters: &[Upcaster] = &[$($($upcaster),+)?];
            assert!(upcasters.len() + 1 == $schema, stringify!($name));
        }; )*)*

        $($( impl From<$name> for Event { fn from(fact: $name) -> Event { Event::$name(fact) } } )*)*

        /// A fact by the kind of thing it is about.
        #[derive(Debug, Clone, Copy)]
        pub enum Fact<'a> { $( #[doc = concat!("About one ", $category, ".")] $kind($facts<'a>), )* }

        $(
            #[doc = concat!("Every fact that stands in ", $category, " streams.")]
            #[derive(Debug, Clone, Copy)]
            pub enum $facts<'a> { $( $(#[doc = $doc])* $name(&'a $name), )* }
        )*

        /// An example of every event type, in the order of the catalogue.
        #[must_use]
        pub fn examples() -> Vec<Event> {
            vec![ $($( $name::example().into(), )*)* ]
        }

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
        OrderPlaced = 5 from [unconverted, placed_before_entries, without_external_reference, before_order_discounts],
        /// The shop accepted the order.
        OrderConfirmed = 1,
        /// The acceptance was taken back.
        OrderUnconfirmed = 1,
        /// Nothing may ship until the hold ends or is released.
        OrderHeld = 2 from [held_without_end],
        /// The hold ended.
        OrderReleased = 1,
        /// Picking started.
        ProcessingStarted = 1,
        /// Units left the shop.
        UnitsShipped = 3 from [unconverted, shipped_first],
        /// Units arrived.
        UnitsDelivered = 1,
        /// Units not yet shipped were cancelled.
        UnitsCancelled = 3 from [unconverted, cancelled_before_goodwill],
        /// Units that waited for stock are now reserved.
        BackorderFilled = 1,
        /// Money came in for an order.
        PaymentCaptured = 2 from [unconverted],
        /// Lines were added, changed or removed before anything was picked.
        LinesChanged = 3 from [changed_before_entries, before_order_discounts],
        /// A shipment never left after all: its units are back where they were.
        ShipmentVoided = 2 from [voided_among_others],
        /// Shipped units came back.
        UnitsReturned = 2 from [returned_before_goodwill],
        /// Money went back to the customer.
        PaymentRefunded = 2 from [refunded_before_lines],
        /// Somebody wrote a note to the order.
        OrderNoteAdded = 1,
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
        /// Units that had left are back, or never left.
        StockReturned = 1,
        /// Available units fell to the threshold or below.
        LowStockReached = 1,
        /// Available units rose above the threshold again.
        LowStockRecovered = 1,
    }
    "product" Product(ProductFact) {
        /// A product entered the catalogue.
        ProductRegistered = 2 from [without_cost],
        /// A product's catalogue entry changed.
        ProductChanged = 2 from [without_cost],
    }
    "customer" Customer(CustomerFact) {
        /// A customer became known.
        CustomerRegistered = 1,
        /// A customer's particulars changed.
        CustomerChanged = 1,
        /// The key to a customer's particulars was destroyed: nobody can read them any more.
        CustomerErased = 1,
    }
    "rate" Rate(RateFact) {
        /// The exchange rate of a currency was stored.
        RateStored = 1,
    }
    "notification" Notification(NotificationFact) {
        /// Somebody wants to be told when something happens.
        NotificationSubscribed = 5 from [without_waiting, without_alerts, without_at_once, without_templates],
        /// Nobody wants to be told any more.
        NotificationUnsubscribed = 1,
        /// Messages were sent, put off, given up or stopped.
        NotificationsHandled = 5 from [without_waiting, without_alerts, without_templates, before_owner_told],
        /// Messages that were given up are tried again.
        NotificationsReplayed = 1,
        /// A target that wanted no more messages takes them again.
        NotificationTargetEnabled = 1,
        /// Something about the shop as a whole needs somebody's eyes.
        AlertRaised = 1,
        /// What an alert told of is over.
        AlertEnded = 1,
    }
    "confirmation" Confirmation(ConfirmationFact) {
        /// An act waits for a person's word.
        ConfirmationAsked = 2 from [without_key_id],
        /// A person said Yes or No to it.
        ConfirmationAnswered = 1,
    }
}

/// One event type, described for people and programs that read the log or subscribe to it.
#[derive(Debug, Clone)]
pub struct EventType {
    /// `OrderPlaced`.
    pub name: &'static str,
    /// The meaning, in one sentence.
    pub about: &'static str,
    /// Category of its streams.
    pub category: &'static str,
    /// Schema version this build writes.
    pub schema: u16,
    /// JSON Schema of `data`.
    pub json_schema: serde_json::Value,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn old_data_takes_every_step_from_its_own_version_on() {
        let rename: Upcaster = |data| json!({ "units": data["count"] });
        let wrap: Upcaster = |data| json!({ "lines": [data] });
        let name: Upcaster = |mut data: Value| {
            data["kind"] = json!("shipment");
            data
        };
        let steps = [rename, wrap, name];
        let present = json!({ "lines": [{ "units": 2 }], "kind": "shipment" });
        assert_eq!(lift(&steps, 1, json!({ "count": 2 })), present);
        assert_eq!(lift(&steps, 2, json!({ "units": 2 })), present);
        assert_eq!(lift(&steps, 3, json!({ "lines": [{ "units": 2 }] })), present);
        assert_eq!(lift(&steps, 4, present.clone()), present);
    }

    #[test]
    fn versions_nobody_wrote_are_not_guessed_at() {
        for (event_type, schema) in [("OrderHeld", 0), ("OrderHeld", 3), ("OrderConfirmed", 2), ("OrderEaten", 1)] {
            let unknown = Event::decode(event_type, schema, r#"{"order_id":1001}"#);
            assert!(matches!(unknown, Err(DecodeError::UnknownType { .. })), "{event_type} {schema}");
        }
    }
}
