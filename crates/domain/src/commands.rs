//! Every command: its input as assistants give it, what it is about, and the decision it leads to. One file a command,
//! and one row in the table here.

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

/// Makes [`Command`] of its rows, and the way from each to its file.
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

/// What a command says of itself, in its own file. Most commands need no more than the first two.
pub trait Act {
    /// What it is about, as far as its input and the resolved names tell.
    fn about(&self, names: &Names) -> About;

    /// Decides against the states at hand.
    ///
    /// # Errors
    /// When the command cannot be carried out, or a state it needs is not at hand.
    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal>;

    /// Streams besides those of what it is about that its input names, to load them at once; a decision may ask for more.
    fn also_needs(&self, _: &Names) -> Vec<StreamId> {
        vec![]
    }

    /// The names typed in it, for the edge to resolve.
    fn references(&self) -> Vec<Reference<'_>> {
        vec![]
    }

    /// When the reported matter happened, where the command says so.
    fn occurred_at(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// The texts that are to be sealed before it is decided.
    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        vec![]
    }

    /// Whether nothing typed with it is kept, neither why nor in which words it was asked for.
    fn keeps_no_words(&self) -> bool {
        false
    }

    /// Whether it wants the user's word.
    fn confirm_when(&self) -> ConfirmWhen {
        ConfirmWhen::Never
    }

    /// The order it would place, whether there is stock for it or not; `None` for all but those that place orders.
    ///
    /// # Errors
    /// When it cannot be carried out for another reason than stock, or a state it needs is not at hand.
    fn order_to_place(&self, _: &States, _: &Context<'_>) -> Result<Option<OrderPlaced>, Refusal> {
        Ok(None)
    }
}

/// What a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// An order yet to be placed.
    NewOrder {
        /// For whom.
        customer: Option<CustomerId>,
    },
    /// An order.
    Order(OrderId),
    /// Many orders, each changed by a command of its own.
    Orders {
        /// The one that stands for all.
        first: OrderId,
    },
    /// A product's stock.
    Stock(ProductId),
    /// A product.
    Product(ProductId),
    /// A customer.
    Customer(CustomerId),
    /// A currency's rate; `None` where the text is no currency, which deciding then refuses.
    Rate(Option<Currency>),
    /// Who is told of what.
    Notifications,
    /// What waits for a person's word.
    Confirmations,
}

/// When a command wants the user's word before it acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmWhen {
    /// It acts at once.
    Never,
    /// Where money came in for the order.
    IfPaid,
    /// Where its decision says so: it is refused with `CONFIRMATION_REQUIRED`.
    IfRefused,
    /// Whatever it would change.
    Always,
}

/// A name in a command that the edge must resolve before the command is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'a> {
    /// What is named.
    pub kind: ReferenceKind,
    /// The text as typed: the key in [`Names`].
    pub text: &'a str,
    /// The argument it stands in: `lines[0].product`.
    pub field: String,
    /// The order that has it, most likely: of several that the name fits, the only one of the order is meant.
    pub of_order: Option<OrderId>,
    /// Whether it may name something that is not there yet.
    pub may_be_new: bool,
}

/// What a name can stand for.
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
    /// Decides against the states at hand.
    ///
    /// # Errors
    /// When the command cannot be carried out, or a state it needs is not at hand.
    pub fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        // An order yet to be placed has none.
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

    /// The streams the command is known to need from its input alone, to load them at once; a decision may ask for more.
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
