//! Deciding: a command and the states that it needs give facts, or a rejection. No clock, no I/O.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    calendar::BusinessCalendar,
    event::Event,
    format::Locale,
    guarded::Guarded,
    ids::{CustomerId, OrderId, ProductId, StreamId, Version},
    money::Currency,
    product::Product,
    rejection::{Code, Rejection},
    states::{Missing, States},
};

/// The data of a decision in addition to the states.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The present time.
    pub now: DateTime<Utc>,
    /// When the reported act happened; the present unless the command contains a time.
    pub occurred_at: DateTime<Utc>,
    /// Number of the next order of this log.
    pub next_order: OrderId,
    /// The shop's settings.
    pub shop: &'a Shop,
    /// The ids of the names in the command.
    pub names: &'a Names,
    /// The version of the subject that the caller expects, if it gave one.
    pub expected_version: Option<Version>,
    /// What the user is asked before it is done.
    pub ask: Ask,
}

/// What the user is asked before it is done, unless the caller has confirmed it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ask {
    /// A probable repetition of a recent act (rule C2).
    pub repeated: bool,
    /// Taking more money than is due (rule O6).
    pub too_much: bool,
}

/// The settings decisions depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// Default currency of prices and orders.
    pub currency: Currency,
    /// How days are counted.
    pub calendar: BusinessCalendar,
    /// How amounts are written.
    pub locale: Locale,
    /// Acts that a program may ask for and a person must agree to.
    pub confirmed_by_people: Guarded,
}

impl Default for Shop {
    fn default() -> Shop {
        let (calendar, locale) = (BusinessCalendar::default(), Locale::default());
        Shop { currency: Currency::INR, calendar, locale, confirmed_by_people: Guarded::NONE }
    }
}

/// The ids to which the names in a command were resolved, by the text exactly as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Products by SKU or name as typed.
    pub products: HashMap<String, ProductId>,
    /// Customers by e-mail address, name or id as typed.
    pub customers: HashMap<String, CustomerId>,
}

impl Names {
    /// The product meant by `text`; a text the edge did not resolve is taken as a SKU.
    #[must_use]
    pub fn product(&self, text: &str) -> ProductId {
        self.products.get(text).copied().unwrap_or_else(|| ProductId::from_sku(text))
    }

    /// The customer meant by `text`; a text the edge did not resolve is taken as a customer id.
    #[must_use]
    pub fn customer(&self, text: &str) -> Option<CustomerId> {
        self.customers.get(text).copied().or_else(|| uuid::Uuid::parse_str(text.trim()).ok().map(CustomerId))
    }
}

/// The result of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The facts, in order; none if everything already is as asked.
    pub facts: Vec<(StreamId, Event)>,
    /// The stream of the command's subject; the caller sees its state.
    pub subject: StreamId,
    /// Warnings for the caller, although the command was carried out.
    pub warnings: Vec<String>,
}

impl Decision {
    /// No facts about `subject` yet.
    #[must_use]
    pub fn about(subject: StreamId) -> Decision {
        Decision { facts: vec![], subject, warnings: vec![] }
    }

    /// The acts in this decision to which a person may have to agree.
    #[must_use]
    pub fn guarded(&self) -> Guarded {
        self.facts.iter().fold(Guarded::NONE, |all, (_, fact)| all.and(fact.guarded()))
    }

    pub(crate) fn record(&mut self, stream: StreamId, fact: impl Into<Event>) {
        self.facts.push((stream, fact.into()));
    }

    pub(crate) fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }
}

/// Why there is no decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The command cannot be carried out; the caller gets the rejection.
    Rejected(Rejection),
    /// A state is not loaded: load it and decide again.
    Missing(StreamId),
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Refusal {
        Refusal::Rejected(rejection)
    }
}

impl From<Missing> for Refusal {
    fn from(Missing(stream): Missing) -> Refusal {
        Refusal::Missing(stream)
    }
}

impl Context<'_> {
    /// Refuses when the caller insists on another version of `subject`.
    pub(crate) fn check_version(&self, states: &States, subject: StreamId) -> Result<(), Refusal> {
        let Some(expected) = self.expected_version else { return Ok(()) };
        let present = states.get(subject).ok_or(Missing(subject))?.version();
        // An order that does not exist is refused by the command itself, as NOT_FOUND.
        if present == expected || (present == Version::NONE && matches!(subject, StreamId::Order(_))) {
            return Ok(());
        }
        let meanwhile = if present > expected { ": somebody changed it meanwhile" } else { "" };
        let message = format!("{} is at version {present} now, not {expected}{meanwhile}.", named(subject, states)?);
        Err(Rejection::new(Code::VersionConflict, message)
            .field("expected_version")
            .hint("Read it again, tell the user what changed, and repeat the call with the present version.")
            .into())
    }
}

/// The name of a stream for users.
fn named(stream: StreamId, states: &States) -> Result<String, Missing> {
    Ok(match stream {
        StreamId::Order(id) => format!("Order #{id}"),
        StreamId::Stock(id) => format!("The stock of {}", sku(states.product(id)?)),
        StreamId::Product(id) => format!("Product {}", sku(states.product(id)?)),
        StreamId::Customer(_) => "The customer".to_owned(),
        StreamId::Rate(currency) => format!("The rate of {currency}"),
        StreamId::Notifications => "What is told to whom".to_owned(),
        StreamId::Confirmations => "What waits for a person's word".to_owned(),
    })
}

fn sku(product: &Product) -> &str {
    if product.entry.is_some() { &product.sku } else { "that nobody registered" }
}
