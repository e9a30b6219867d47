//! The sentences of a command's answer and of its preview: what it did, or would do.

mod money;

use orderlog_commands::Receipt;
use orderlog_domain::{
    commands::Command,
    customer::Customer,
    envelope,
    event::{Event, LineUnits},
    order::{Order, Status},
    product::Product,
    rate::Rate,
    states::State,
    stock::Stock,
};

use super::{all_of, levels, moment, notifications, units, until};
use crate::{echo::cut, failure::Failure, people, shop::OpenShop, views};

/// Characters of an order's lines that a preview names, at least one of them; and of a name.
const LINES_CHARACTERS: usize = 60;
const NAME_CHARACTERS: usize = 30;

/// Writes the sentences of one command.
pub(crate) struct Speaker<'a> {
    pub(crate) shop: &'a OpenShop,
    /// Nothing was recorded: the sentences are in the conditional, and describe the order.
    pub(crate) would: bool,
    /// Name of the order's customer, for previews.
    customer: Option<String>,
}

impl<'a> Speaker<'a> {
    /// For the answer of a command that was carried out.
    pub(crate) fn done(shop: &'a OpenShop) -> Speaker<'a> {
        Speaker { shop, would: false, customer: None }
    }

    /// For the preview of a command; it names the customer of the order.
    pub(crate) async fn would(shop: &'a OpenShop, foreseen: &Receipt) -> Result<Speaker<'a>, Failure> {
        let customer = match &foreseen.after {
            State::Order(order) => views::customer(shop, &people::customer(&shop.log, order.customer_id).await?).name,
            State::Stock(_)
            | State::Product(_)
            | State::Customer(_)
            | State::Rate(_)
            | State::Notifications(_)
            | State::Confirmations(_) => None,
        };
        Ok(Speaker { shop, would: true, customer })
    }

    pub(crate) fn sentences(&self, command: &Command, receipt: &Receipt) -> String {
        match &receipt.after {
            State::Order(order) => self.of_order(command, receipt, order),
            State::Stock(stock) => self.of_stock(command, receipt, stock),
            State::Product(product) => self.of_product(receipt, product),
            State::Rate(rate) => self.of_rate(receipt, rate),
            State::Customer(customer) => self.of_customer(receipt, customer),
            State::Notifications(_) => notifications::done(command, receipt, self.would, &self.shop.wording),
            State::Confirmations(_) => self.unchanged().to_owned(),
        }
    }

    fn say(&self, done: &'static str, would: &'static str) -> &'static str {
        if self.would { would } else { done }
    }

    fn unchanged(&self) -> &'static str {
        self.say("nothing was changed", "nothing would be changed")
    }

    fn of_stock(&self, command: &Command, receipt: &Receipt, stock: &Stock) -> String {
        let levels = levels(stock.on_hand, stock.available());
        let now = self.say("now", "then");
        match command {
            Command::ReceiveStock(receive) => {
                let came = self.say("came", "would come");
                format!("{} of {} {came} in; {now} {levels}.", units(receive.quantity), receive.product)
            }
            Command::AdjustStock(adjust) if receipt.no_change() => {
                format!("The count of {} was right: {levels}.", adjust.product)
            }
            Command::AdjustStock(adjust) => {
                let is = self.say("is", "would be");
                let difference = match &receipt.before {
                    Some(State::Stock(before)) => stock.on_hand - before.on_hand,
                    _ => stock.on_hand,
                };
                let more = if difference < 0 { "fewer" } else { "more" };
                let difference = difference.abs();
                format!("The stock of {} {is} corrected: {difference} {more}; {now} {levels}.", adjust.product)
            }
            Command::UndoStock(undo) => {
                let moved: i64 = facts(receipt).map(|fact| corrected(&fact)).sum();
                let goes = if moved < 0 { "taken out again" } else { "put back" };
                let are = self.are(moved.abs());
                format!("{} of {} {are} {goes}; {now} {levels}.", units(moved.abs()), undo.product)
            }
            _ => format!("{} {levels}.", self.say("Now", "Then")),
        }
    }

    fn of_product(&self, receipt: &Receipt, product: &Product) -> String {
        let name = product.entry.as_ref().map_or("", |entry| entry.name.as_str());
        let price = product.entry.as_ref().map(|entry| self.shop.wording.amount(entry.price, entry.currency));
        let (price, sku) = (price.unwrap_or_default(), &product.sku);
        let was_archived = matches!(&receipt.before, Some(State::Product(before)) if before.is_archived());
        let costs = self.say("its price is", "its price would be");
        match (receipt.no_change(), receipt.before.is_none()) {
            (true, _) => format!("{name} ({sku}) already is as asked; {}.", self.unchanged()),
            _ if product.is_archived() && !was_archived => {
                let (can, stays) = (self.say("can", "could"), self.say("stays", "would stay"));
                format!("{name} ({sku}) {can} no longer be ordered; it {stays} in the catalogue.")
            }
            _ if was_archived && !product.is_archived() => {
                format!("{name} ({sku}) {} be ordered again; {costs} {price}.", self.say("can", "could"))
            }
            (false, true) => {
                format!("{name} ({sku}) {} in the catalogue at {price}.", self.say("is now", "would be"))
            }
            (false, false) => format!("{name} ({sku}) {} changed; {costs} {price}.", self.say("is", "would be")),
        }
    }

    fn of_rate(&self, receipt: &Receipt, rate: &Rate) -> String {
        let shop = self.shop.settings.currency;
        let value = rate.stored.map(|stored| stored.rate.normalize().to_string()).unwrap_or_default();
        match receipt.no_change() {
            true => format!("1 {} already is {value} {shop}; {}.", rate.currency, self.unchanged()),
            false => format!("1 {} {} {value} {shop}.", rate.currency, self.say("is now", "would be")),
        }
    }

    fn of_customer(&self, receipt: &Receipt, customer: &Customer) -> String {
        let is = self.say("is", "would be");
        let are = self.say("are", "would be");
        if customer.erased {
            let whom = match (&receipt.before, self.would) {
                (Some(State::Customer(before)), true) => called(self.shop, before),
                _ => None,
            };
            let whom = whom
                .map_or_else(|| "The customer's particulars".to_owned(), |name| format!("All that is known of {name}"));
            let are = if self.would { "would be" } else { "are" };
            let stay = self.say("stay", "would stay");
            let for_good = self.say("", " for good");
            return format!("{whom} {are} erased{for_good}; orders and figures {stay} as they are.");
        }
        let name = views::customer(self.shop, customer).name;
        match (receipt.no_change(), receipt.before.is_none(), name) {
            (true, _, Some(name)) => format!("What is known of {name} already is as asked; {}.", self.unchanged()),
            (true, _, None) => format!("The customer already is as asked; {}.", self.unchanged()),
            (false, true, Some(name)) => format!("{name} {} a customer.", self.say("is now", "would be")),
            (false, true, None) => format!("A new customer {is} registered."),
            (false, false, Some(name)) => format!("{name}'s particulars {are} changed."),
            (false, false, None) => format!("The customer's particulars {are} changed."),
        }
    }

    fn of_order(&self, command: &Command, receipt: &Receipt, order: &Order) -> String {
        let id = self.named(receipt, order);
        let status = order.status().spoken();
        let (is, is_now) = (self.say("is", "would be"), self.say("is now", "would be"));
        match command {
            Command::CreateOrder(_) => self.placed(order),
            Command::SetHold(hold) => match (hold.on, receipt.no_change()) {
                (true, false) => format!("Order {id} {is_now} on hold{}.", until(self.shop, order)),
                (true, true) => {
                    format!("Order {id} is already on hold{}; {}.", until(self.shop, order), self.unchanged())
                }
                (false, false) => format!("Order {id} {} on hold.", self.say("is no longer", "would no longer be")),
                (false, true) => format!("Order {id} is not on hold; {}.", self.unchanged()),
            },
            Command::RecordPayment(_) if receipt.no_change() => {
                let nothing = self.say("nothing was recorded", "nothing would be recorded");
                format!("Nothing is due for order {id}; {nothing}.")
            }
            Command::RecordPayment(_) => {
                let came_in: i64 = facts(receipt).map(|fact| captured(&fact)).sum();
                let rest = match order.due() {
                    due @ 1.. => {
                        format!(" {} {} due.", self.amount(due, order), self.say("is still", "would still be"))
                    }
                    _ => String::new(),
                };
                let (amount, payment) = (self.amount(came_in, order), order.payment_status().spoken());
                format!(
                    "{amount} {} recorded for order {id}, which {is_now} {payment}.{rest}",
                    self.say("was", "would be")
                )
            }
            Command::Refund(_) => self.refunded(receipt, order, &id),
            Command::ReturnItems(_) => {
                let back: i64 = facts(receipt).map(|fact| returned(&fact)).sum();
                let came = self.say("came", "would come");
                format!("{} of order {id} {came} back; the order {is} {status}.{}", units(back), self.owed_back(order))
            }
            Command::ChangeLines(_) => {
                let noted = facts(receipt).any(|fact| matches!(fact, Event::OrderNoteAdded(_)));
                let lines = facts(receipt).any(|fact| matches!(fact, Event::LinesChanged(_)));
                let note = format!("The note {} added to order {id}.", is);
                match (noted, lines) {
                    (true, false) => note,
                    (true, true) => format!("{} {note}", self.lines_changed(receipt, order, &id)),
                    (false, _) => self.lines_changed(receipt, order, &id),
                }
            }
            Command::Undo(_) => self.undone(receipt, order, &id),
            _ if receipt.no_change() => {
                let zone = self.shop.settings.calendar.timezone;
                let since = order.since().map(|at| format!(", since {}", moment(at, zone)));
                format!("Order {id} is already {status}{}; {}.", since.unwrap_or_default(), self.unchanged())
            }
            Command::Cancel(_) if order.status() != Status::Cancelled => {
                let cancelled: i64 = facts(receipt).map(|fact| cancelled(&fact)).sum();
                let owed = self.owed_back(order);
                format!(
                    "{} of order {id} {} cancelled; the order {is} {status}.{owed}",
                    units(cancelled),
                    self.are(cancelled)
                )
            }
            Command::UpdateStatus(_) if delivered(receipt) > 0 && order.status() != Status::Delivered => {
                let arrived = delivered(receipt);
                format!("{} of order {id} {} delivered; the order {is} {status}.", units(arrived), self.are(arrived))
            }
            Command::Ship(_) if order.status() == Status::PartiallyShipped => {
                format!("Order {id} {is_now} {status}: {} to go.", units(order.unshipped()))
            }
            Command::Cancel(_) | Command::UpdateStatus(_) if order.status() == Status::Cancelled => {
                format!("Order {id} {is_now} {status}.{}", self.owed_back(order))
            }
            _ => format!("Order {id} {is_now} {status}."),
        }
    }

    /// `#1001`; in a preview also its customer and its content: `#1001 of Ann (2 × Pen, ₹20)`.
    fn named(&self, receipt: &Receipt, order: &Order) -> String {
        let id = format!("#{}", order.id);
        let (true, Some(State::Order(before))) = (self.would, &receipt.before) else { return id };
        let of = self.customer.as_ref().map(|name| format!(" of {}", cut(name, NAME_CHARACTERS))).unwrap_or_default();
        let kept = || before.lines.iter().filter(|line| line.active() > 0);
        let mut room = LINES_CHARACTERS;
        let mut lines: Vec<String> = vec![];
        for line in kept() {
            let named = format!("{} × {}", line.active(), cut(&line.name, NAME_CHARACTERS));
            if !lines.is_empty() && named.chars().count() > room {
                break;
            }
            room = room.saturating_sub(named.chars().count());
            lines.push(named);
        }
        let more = kept().count() - lines.len();
        lines.extend((more > 0).then(|| format!("{more} more")));
        format!("{id}{of} ({}, {})", all_of(&lines), self.amount(before.current_totals().total, before))
    }

    fn are(&self, count: i64) -> &'static str {
        if count == 1 { self.say("is", "would be") } else { self.say("are", "would be") }
    }

    fn amount(&self, minor: i64, order: &Order) -> String {
        self.shop.wording.amount(minor, order.currency)
    }

    /// The money that was paid and is no longer due: a sentence to add, or an empty text.
    pub(crate) fn owed_back(&self, order: &Order) -> String {
        match -order.due() {
            owed @ 1.. => {
                let sum = self.sum_owed(order).map(|sum| format!(": {sum}")).unwrap_or_default();
                format!(" {} {} owed back{sum}.", self.amount(owed, order), self.say("is", "would be"))
            }
            _ => String::new(),
        }
    }

    /// The money that is due or owed back: a sentence to add, or an empty text.
    fn balance(&self, order: &Order) -> String {
        match order.due() {
            due @ 1.. => format!(" {} {} due.", self.amount(due, order), self.say("is", "would be")),
            _ => self.owed_back(order),
        }
    }

    fn placed(&self, order: &Order) -> String {
        let ordered: i64 = order.lines.iter().map(|line| line.ordered).sum();
        let waiting: i64 = order.lines.iter().map(|line| line.backordered).sum();
        let total = self.amount(order.totals.total, order);
        let wait = match waiting {
            0 => String::new(),
            n => format!(" {} {} wait for stock.", units(n), self.say("must", "would have to")),
        };
        let of = self.customer.as_ref().map(|name| format!(" for {name}")).unwrap_or_default();
        let is = self.say("is", "would be");
        format!("Order #{}{of} {is} placed: {} for {total}.{wait}", order.id, units(ordered))
    }

    /// The result of an undo: what was taken back, and not only the new status of the order.
    fn undone(&self, receipt: &Receipt, order: &Order, id: &str) -> String {
        let status = order.status().spoken();
        let is = self.say("is", "would be");
        let mut said = format!("That {is} undone: order {id} {is} {status} again.");
        for fact in facts(receipt) {
            match fact {
                Event::PaymentRefunded(fact) => {
                    let (amount, payment) = (self.amount(fact.amount, order), order.payment_status().spoken());
                    let counts = self.say("counts", "would count");
                    return format!(
                        "The payment {is} undone: {amount} {counts} as never received, and order {id} {is} {payment}."
                    );
                }
                Event::UnitsCancelled(_) => return format!("The order {is} undone: {id} {is} {status}."),
                Event::LinesChanged(fact) => {
                    let (total, comes) = (self.amount(fact.totals.total, order), self.say("comes", "would come"));
                    let owed = self.balance(order);
                    return format!("The change {is} undone: order {id} {comes} to {total} again.{owed}");
                }
                Event::ShipmentVoided(_) => {
                    said = format!("The shipment {is} undone: order {id} {is} {status} again.");
                }
                // The restored hold may have ended since.
                Event::OrderHeld(_) if !said.contains("shipment") && order.on_hold_at(self.shop.clock.now()) => {
                    said = format!("That {is} undone: order {id} {is} on hold again{}.", until(self.shop, order));
                }
                Event::OrderReleased(_) => {
                    let no_longer = self.say("is no longer", "would no longer be");
                    said = format!("The hold {is} undone: order {id} {no_longer} on hold.");
                }
                _ => {}
            }
        }
        said
    }
}

/// `Asha Rao (asha@example.com)`
fn called(shop: &OpenShop, customer: &Customer) -> Option<String> {
    let known = views::customer(shop, customer);
    match (known.name, known.email) {
        (Some(name), Some(email)) => Some(format!("{name} ({email})")),
        (name, email) => name.or(email),
    }
}

/// The facts that the command recorded, in order.
fn facts(receipt: &Receipt) -> impl Iterator<Item = Event> {
    receipt.events().iter().filter_map(|event| envelope::decode(&event.json).ok()).map(|event| event.data)
}

fn captured(fact: &Event) -> i64 {
    if let Event::PaymentCaptured(fact) = fact { fact.amount } else { 0 }
}

fn corrected(fact: &Event) -> i64 {
    if let Event::StockAdjusted(fact) = fact { fact.delta } else { 0 }
}

fn returned(fact: &Event) -> i64 {
    if let Event::UnitsReturned(fact) = fact { moved(&fact.lines) } else { 0 }
}

fn cancelled(fact: &Event) -> i64 {
    if let Event::UnitsCancelled(fact) = fact { moved(&fact.lines) } else { 0 }
}

fn delivered(receipt: &Receipt) -> i64 {
    let arrived = |fact: Event| if let Event::UnitsDelivered(fact) = fact { moved(&fact.lines) } else { 0 };
    facts(receipt).map(arrived).sum()
}

fn moved(lines: &[LineUnits]) -> i64 {
    lines.iter().map(|line| line.units).sum()
}
