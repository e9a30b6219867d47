//! Every command: its input, its subject, and its decision. One file a command, and one row in the table here.

pub mod adjust_stock;
pub mod answer_bulk;
pub mod answer_question;
pub mod ask_people;
pub mod cancel;
pub mod change_lines;
pub mod create_order;
pub mod erase_customer;
pub mod handle_notifications;
pub mod receive_stock;
pub mod record_payment;
pub mod refund;
pub mod replay_notifications;
pub mod report_alerts;
pub mod return_items;
pub mod set_hold;
pub mod set_rate;
pub mod ship;
pub mod subscribe;
pub mod undo;
pub mod undo_stock;
pub mod unsubscribe;
pub mod update_status;
pub mod upsert_customer;
pub mod upsert_product;

pub mod line_input;
pub mod lines;

mod allotment;
mod conversion;
mod preconditions;
mod repeated;
mod stock_moves;

use chrono::{DateTime, Utc};

pub use self::{
    adjust_stock::AdjustStock,
    answer_bulk::AnswerBulk,
    answer_question::AnswerQuestion,
    ask_people::AskPeople,
    cancel::Cancel,
    change_lines::{ChangeLines, LineChange},
    create_order::CreateOrder,
    erase_customer::EraseCustomer,
    handle_notifications::HandleNotifications,
    line_input::LineInput,
    lines::LineSelection,
    receive_stock::ReceiveStock,
    record_payment::RecordPayment,
    refund::Refund,
    repeated::suspected,
    replay_notifications::{EnableTarget, ReplayNotifications},
    report_alerts::ReportAlerts,
    return_items::ReturnItems,
    set_hold::SetHold,
    set_rate::SetRate,
    ship::Ship,
    subscribe::Subscribe,
    undo::Undo,
    undo_stock::UndoStock,
    unsubscribe::Unsubscribe,
    update_status::UpdateStatus,
    upsert_customer::{RegisterCustomer, UpsertCustomer},
    upsert_product::UpsertProduct,
};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::OrderPlaced,
    ids::{CustomerId, OrderId, ProductId, StreamId},
    money::Currency,
    states::States,
    typed::Typed,
};

/// Makes [`Command`] from its rows, and the connection from each to its file.
macro_rules! commands {
    ($( $(#[$meta:meta])* $name:ident, )*) => {
        /// Anything a caller can ask the log to record.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Command {
            $( $(#[$meta])* $name($name), )*
        }

        $(
            impl From<$name> for Command {
                fn from(command: $name) -> Command {
                    Command::$name(command)
                }
            }
        )*

        impl Command {
            fn act(&self) -> &dyn Act {
                match self {
                    $( Command::$name(command) => command, )*
                }
            }

            fn act_mut(&mut self) -> &mut dyn Act {
                match self {
                    $( Command::$name(command) => command, )*
                }
            }
        }
    };
}

commands! {
    /// Place an order.
    CreateOrder,
    /// Bring an order to a status.
    UpdateStatus,
    /// Ship units.
    Ship,
    /// Cancel units not yet shipped.
    Cancel,
    /// Hold or release an order.
    SetHold,
    /// Record money that came in.
    RecordPayment,
    /// Change, add or remove lines.
    ChangeLines,
    /// Take shipped units back.
    ReturnItems,
    /// Pay money back.
    Refund,
    /// Take back what an earlier command did to an order.
    Undo,
    /// Take back what an earlier command did to a stock.
    UndoStock,
    /// Store an exchange rate.
    SetRate,
    /// Take units into stock.
    ReceiveStock,
    /// Correct the units on hand.
    AdjustStock,
    /// Register a product or change its entry.
    UpsertProduct,
    /// Register a customer or change its particulars.
    RegisterCustomer,
    /// Forget a customer.
    EraseCustomer,
    /// Keep that a call about many orders was carried out.
    AnswerBulk,
    /// Ask that somebody is told when something happens.
    Subscribe,
    /// End a rule of notifications.
    Unsubscribe,
    /// Record what became of messages.
    HandleNotifications,
    /// Try messages again that were given up.
    ReplayNotifications,
    /// Let a target take messages again.
    EnableTarget,
    /// Record alerts, and that some are over.
    ReportAlerts,
    /// Let an act wait for a person's word.
    AskPeople,
    /// Say Yes or No to an act that waits.
    AnswerQuestion,
}

/// The methods of a command, in its own file. Most commands need only the first two.
pub trait Act {
    /// The subject of the command, as far as its input and the resolved names show.
    fn about(&self, names: &Names) -> About;

    /// Decides against the loaded states.
    ///
    /// # Errors
    /// When the command cannot be carried out, or a state that it needs is not loaded.
    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal>;

    /// Streams named in the input, in addition to that of the subject, so that they are loaded at once; a decision may
    /// need more.
    fn also_needs(&self, _: &Names) -> Vec<StreamId> {
        vec![]
    }

    /// The names in the command, which the caller's side resolves.
    fn references(&self) -> Vec<Reference<'_>> {
        vec![]
    }

    /// When the reported event happened, if the command says so.
    fn occurred_at(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// The texts that are sealed before the command is decided.
    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        vec![]
    }

    /// Whether neither the reason nor the user's words are stored with the command.
    fn keeps_no_words(&self) -> bool {
        false
    }

    /// When the command needs the user's confirmation.
    fn confirm_when(&self) -> ConfirmWhen {
        ConfirmWhen::Never
    }

    /// The order that it would place, without regard to stock; `None` for commands that place no order.
    ///
    /// # Errors
    /// When the command cannot be carried out for another reason than stock, or a state that it needs is not loaded.
    fn order_to_place(&self, _: &States, _: &Context<'_>) -> Result<Option<OrderPlaced>, Refusal> {
        Ok(None)
    }
}

/// The subject of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// An order yet to be placed.
    NewOrder {
        /// The customer.
        customer: Option<CustomerId>,
    },
    /// An order.
    Order(OrderId),
    /// Many orders, each changed by a separate command.
    Orders {
        /// The order that represents all of them.
        first: OrderId,
    },
    /// A product's stock.
    Stock(ProductId),
    /// A product.
    Product(ProductId),
    /// A customer.
    Customer(CustomerId),
    /// A currency's rate; `None` if the text is no currency, which the decision refuses.
    Rate(Option<Currency>),
    /// The rules and messages of notifications.
    Notifications,
    /// The acts to which a person must agree.
    Confirmations,
}

/// When a command needs the user's confirmation before it acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmWhen {
    /// Never: it acts at once.
    Never,
    /// If money was paid for the order.
    IfPaid,
    /// If its decision says so: it is refused with `CONFIRMATION_REQUIRED`.
    IfRefused,
    /// Always.
    Always,
}

/// A name in a command that the edge must resolve before the command is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The kind of thing that is named.
    pub kind: ReferenceKind,
    /// The text as typed: the key in [`Names`].
    pub text: &'a str,
    /// The argument with the name: `lines[0].product`.
    pub field: String,
    /// The order that probably has it: if the name fits several things, the only one in this order is meant.
    pub of_order: Option<OrderId>,
    /// Whether the named thing may not exist yet.
    pub may_be_new: bool,
}

/// The kinds of things with names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReferenceKind {
    /// A product.
    Product,
    /// A customer.
    Customer,
}

impl<'a> Reference<'a> {
    pub(crate) fn product(text: &'a str, field: impl Into<String>) -> Reference<'a> {
        Reference { kind: ReferenceKind::Product, text, field: field.into(), of_order: None, may_be_new: false }
    }
}

impl Command {
    /// Decides against the loaded states.
    ///
    /// # Errors
    /// When the command cannot be carried out, or a state that it needs is not loaded.
    pub fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        // An order that is not placed yet has none.
        if !matches!(self.about(context.names), About::NewOrder { .. }) {
            context.check_version(states, self.subject(context))?;
        }
        self.act().decide(states, context)
    }

    /// The stream the command is about.
    #[must_use]
    pub fn subject(&self, context: &Context<'_>) -> StreamId {
        match self.about(context.names) {
            About::NewOrder { .. } => StreamId::Order(context.next_order),
            About::Order(id) | About::Orders { first: id } => StreamId::Order(id),
            About::Stock(id) => StreamId::Stock(id),
            About::Product(id) => StreamId::Product(id),
            About::Customer(id) => StreamId::Customer(id),
            About::Rate(currency) => StreamId::Rate(currency.unwrap_or(context.shop.currency)),
            About::Notifications => StreamId::Notifications,
            About::Confirmations => StreamId::Confirmations,
        }
    }

    /// The streams that the command needs according to its input, so that they are loaded at once; a decision may need
    /// more.
    #[must_use]
    pub fn needs(&self, names: &Names) -> Vec<StreamId> {
        let mut streams = match self.about(names) {
            About::NewOrder { customer } => customer.map(StreamId::Customer).into_iter().collect(),
            About::Order(id) => vec![StreamId::Order(id)],
            About::Orders { .. } => vec![],
            About::Stock(id) => product_and_stock(id).to_vec(),
            About::Product(id) => vec![StreamId::Product(id)],
            About::Customer(id) => vec![StreamId::Customer(id)],
            About::Rate(currency) => currency.map(StreamId::Rate).into_iter().collect(),
            About::Notifications => vec![StreamId::Notifications],
            About::Confirmations => vec![StreamId::Confirmations],
        };
        streams.extend(self.act().also_needs(names));
        streams
    }

    /// As [`Act::about`].
    #[must_use]
    pub fn about(&self, names: &Names) -> About {
        self.act().about(names)
    }

    /// As [`Act::order_to_place`].
    ///
    /// # Errors
    /// As there.
    pub fn order_to_place(&self, states: &States, context: &Context<'_>) -> Result<Option<OrderPlaced>, Refusal> {
        self.act().order_to_place(states, context)
    }

    /// As [`Act::references`].
    #[must_use]
    pub fn references(&self) -> Vec<Reference<'_>> {
        self.act().references()
    }

    /// As [`Act::occurred_at`].
    #[must_use]
    pub fn occurred_at(&self) -> Option<DateTime<Utc>> {
        self.act().occurred_at()
    }

    /// As [`Act::typed_mut`].
    #[must_use]
    pub fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        self.act_mut().typed_mut()
    }

    /// As [`Act::keeps_no_words`].
    #[must_use]
    pub fn keeps_no_words(&self) -> bool {
        self.act().keeps_no_words()
    }

    /// As [`Act::confirm_when`].
    #[must_use]
    pub fn confirm_when(&self) -> ConfirmWhen {
        self.act().confirm_when()
    }
}

fn product_and_stock(id: ProductId) -> [StreamId; 2] {
    [StreamId::Product(id), StreamId::Stock(id)]
}
