//! Every command: its input as assistants give it, and the decision it leads to. One file a command.

pub mod adjust_stock;
pub mod cancel;
pub mod change_lines;
pub mod create_order;
pub mod receive_stock;
pub mod record_payment;
pub mod refund;
pub mod return_items;
pub mod set_hold;
pub mod set_rate;
pub mod ship;
pub mod undo;
pub mod update_status;
pub mod upsert_customer;
pub mod upsert_product;

mod erase_customer;
pub mod lines;
mod refuse;
mod stock_moves;

use chrono::{DateTime, Utc};

pub use self::{
    adjust_stock::AdjustStock,
    cancel::Cancel,
    change_lines::{ChangeLines, LineChange},
    create_order::{CreateOrder, LineInput},
    lines::LineSelection,
    receive_stock::ReceiveStock,
    record_payment::RecordPayment,
    refund::Refund,
    return_items::ReturnItems,
    set_hold::SetHold,
    set_rate::SetRate,
    ship::Ship,
    undo::Undo,
    update_status::UpdateStatus,
    upsert_customer::UpsertCustomer,
    upsert_product::UpsertProduct,
};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{OrderPlaced, SealedProfile},
    ids::{CustomerId, ProductId, StreamId},
    world::World,
};

/// Anything a caller can ask the log to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Place an order.
    CreateOrder(CreateOrder),
    /// Bring an order to a status.
    UpdateStatus(UpdateStatus),
    /// Ship units.
    Ship(Ship),
    /// Cancel units not yet shipped.
    Cancel(Cancel),
    /// Hold or release an order.
    SetHold(SetHold),
    /// Record money that came in.
    RecordPayment(RecordPayment),
    /// Change, add or remove lines.
    ChangeLines(ChangeLines),
    /// Take shipped units back.
    ReturnItems(ReturnItems),
    /// Pay money back.
    Refund(Refund),
    /// Take back what an earlier command did.
    Undo(Undo),
    /// Store an exchange rate.
    SetRate(SetRate),
    /// Take units into stock.
    ReceiveStock(ReceiveStock),
    /// Correct the units on hand.
    AdjustStock(AdjustStock),
    /// Register a product or change its entry.
    UpsertProduct(UpsertProduct),
    /// Register a customer or change its particulars, sealed at the edge: the plain input is [`UpsertCustomer`].
    UpsertCustomer {
        /// Found, or newly minted, at the edge.
        customer_id: CustomerId,
        /// What was given.
        profile: SealedProfile,
    },
    /// Forget a customer.
    EraseCustomer {
        /// Who.
        customer_id: CustomerId,
    },
}

/// Each tool's input is a command; a customer's particulars must be sealed first.
macro_rules! from_inputs {
    ($($input:ident),*) => { $( impl From<$input> for Command { fn from(input: $input) -> Command { Command::$input(input) } } )* };
}

from_inputs!(
    CreateOrder,
    UpdateStatus,
    Ship,
    Cancel,
    SetHold,
    RecordPayment,
    ChangeLines,
    ReturnItems,
    Refund,
    Undo,
    SetRate,
    ReceiveStock,
    AdjustStock,
    UpsertProduct
);

/// A name in a command that the edge must resolve before the command is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'a> {
    /// What is named.
    pub kind: ReferenceKind,
    /// The text as typed: the key in [`Names`].
    pub text: &'a str,
    /// The argument it stands in: `lines[0].product`.
    pub field: String,
}

/// What a name can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReferenceKind {
    /// A product.
    Product,
    /// A customer.
    Customer,
}

impl Command {
    /// Decides against the states at hand.
    ///
    /// # Errors
    /// When the command cannot be carried out, or a state it needs is not at hand.
    pub fn decide(&self, world: &World, context: &Context<'_>) -> Result<Decision, Refusal> {
        // An order yet to be placed has none.
        if !matches!(self, Command::CreateOrder(_)) {
            context.check_version(world, self.subject(context))?;
        }
        match self {
            Command::CreateOrder(command) => command.decide(world, context),
            Command::UpdateStatus(command) => command.decide(world, context),
            Command::Ship(command) => command.decide(world, context),
            Command::Cancel(command) => command.decide(world, context),
            Command::SetHold(command) => command.decide(world, context),
            Command::RecordPayment(command) => command.decide(world, context),
            Command::ChangeLines(command) => command.decide(world, context),
            Command::ReturnItems(command) => command.decide(world, context),
            Command::Refund(command) => command.decide(world, context),
            Command::Undo(command) => command.decide(world, context),
            Command::SetRate(command) => command.decide(world, context),
            Command::ReceiveStock(command) => command.decide(world, context),
            Command::AdjustStock(command) => command.decide(world, context),
            Command::UpsertProduct(command) => command.decide(world, context),
            Command::UpsertCustomer { customer_id, profile } => upsert_customer::decide(*customer_id, profile, world),
            Command::EraseCustomer { customer_id } => erase_customer::decide(*customer_id, world),
        }
    }

    /// The order it would place, if it is one that places orders, whether there is stock for it or not.
    ///
    /// # Errors
    /// When it cannot be carried out for another reason than stock, or a state it needs is not at hand.
    pub fn order_to_place(&self, world: &World, context: &Context<'_>) -> Result<Option<OrderPlaced>, Refusal> {
        match self {
            Command::CreateOrder(command) => Ok(Some(command.priced(world, context)?.1)),
            _ => Ok(None),
        }
    }

    /// The stream the command is about.
    #[must_use]
    pub fn subject(&self, context: &Context<'_>) -> StreamId {
        match self {
            Command::CreateOrder(_) => StreamId::Order(context.next_order),
            Command::UpdateStatus(UpdateStatus { order_id, .. })
            | Command::Ship(Ship { order_id, .. })
            | Command::Cancel(Cancel { order_id, .. })
            | Command::SetHold(SetHold { order_id, .. })
            | Command::RecordPayment(RecordPayment { order_id, .. })
            | Command::ChangeLines(ChangeLines { order_id, .. })
            | Command::ReturnItems(ReturnItems { order_id, .. })
            | Command::Refund(Refund { order_id, .. })
            | Command::Undo(Undo { order_id, .. }) => StreamId::Order(*order_id),
            Command::SetRate(command) => command.stream(context.shop.currency),
            Command::ReceiveStock(command) => StreamId::Stock(context.names.product(&command.product)),
            Command::AdjustStock(command) => StreamId::Stock(context.names.product(&command.product)),
            Command::UpsertProduct(command) => StreamId::Product(ProductId::from_sku(&command.sku)),
            Command::UpsertCustomer { customer_id, .. } | Command::EraseCustomer { customer_id } => {
                StreamId::Customer(*customer_id)
            }
        }
    }

    /// The streams the command is known to need from its input alone, to load them at once; a decision may ask for more.
    #[must_use]
    pub fn needs(&self, names: &Names) -> Vec<StreamId> {
        let product_and_stock = |text: &str| {
            let id = names.product(text);
            [StreamId::Product(id), StreamId::Stock(id)]
        };
        match self {
            Command::CreateOrder(command) => {
                let customer = names.customer(&command.customer).map(StreamId::Customer);
                let products = command.lines.iter().flat_map(|line| product_and_stock(&line.product));
                customer.into_iter().chain(products).collect()
            }
            Command::UpdateStatus(UpdateStatus { order_id, .. })
            | Command::Ship(Ship { order_id, .. })
            | Command::Cancel(Cancel { order_id, .. })
            | Command::SetHold(SetHold { order_id, .. })
            | Command::RecordPayment(RecordPayment { order_id, .. })
            | Command::ReturnItems(ReturnItems { order_id, .. })
            | Command::Refund(Refund { order_id, .. })
            | Command::Undo(Undo { order_id, .. }) => vec![StreamId::Order(*order_id)],
            Command::ChangeLines(command) => {
                let added = command.changes.iter().filter_map(|change| change.product.as_deref());
                let products = added.flat_map(product_and_stock);
                std::iter::once(StreamId::Order(command.order_id)).chain(products).collect()
            }
            Command::SetRate(command) => command.currency.parse().map(StreamId::Rate).into_iter().collect(),
            Command::ReceiveStock(command) => product_and_stock(&command.product).to_vec(),
            Command::AdjustStock(command) => product_and_stock(&command.product).to_vec(),
            Command::UpsertProduct(command) => vec![StreamId::Product(ProductId::from_sku(&command.sku))],
            Command::UpsertCustomer { customer_id, .. } | Command::EraseCustomer { customer_id } => {
                vec![StreamId::Customer(*customer_id)]
            }
        }
    }

    /// The names typed in the command, for the edge to resolve.
    #[must_use]
    pub fn references(&self) -> Vec<Reference<'_>> {
        let product = |text, field: &str| Reference { kind: ReferenceKind::Product, text, field: field.to_owned() };
        match self {
            Command::CreateOrder(command) => command.references(),
            Command::ReceiveStock(command) => vec![product(&command.product, "product")],
            Command::AdjustStock(command) => vec![product(&command.product, "product")],
            Command::ChangeLines(command) => command.references(),
            Command::UpdateStatus(_)
            | Command::Ship(_)
            | Command::Cancel(_)
            | Command::SetHold(_)
            | Command::RecordPayment(_)
            | Command::ReturnItems(_)
            | Command::Refund(_)
            | Command::Undo(_)
            | Command::SetRate(_)
            | Command::UpsertProduct(_)
            | Command::UpsertCustomer { .. }
            | Command::EraseCustomer { .. } => vec![],
        }
    }

    /// When the reported matter happened, where the command says so.
    #[must_use]
    pub fn occurred_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Command::UpdateStatus(command) => command.occurred_at,
            Command::Ship(command) => command.occurred_at,
            Command::CreateOrder(_)
            | Command::Cancel(_)
            | Command::SetHold(_)
            | Command::RecordPayment(_)
            | Command::ChangeLines(_)
            | Command::ReturnItems(_)
            | Command::Refund(_)
            | Command::Undo(_)
            | Command::SetRate(_)
            | Command::ReceiveStock(_)
            | Command::AdjustStock(_)
            | Command::UpsertProduct(_)
            | Command::UpsertCustomer { .. }
            | Command::EraseCustomer { .. } => None,
        }
    }
}
