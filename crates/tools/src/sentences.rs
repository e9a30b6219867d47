//! One or two sentences for each answer, fit to be read aloud.

pub(crate) mod ranges;
pub mod told;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use orderlog_commands::Receipt;
use orderlog_domain::{
    commands::Command,
    envelope,
    event::{Event, LineUnits},
    format::day_in_words,
    order::{Order, Status},
    phrase::DateRange,
    postings::Basis,
    states::State,
};

use crate::{shop::OpenShop, views};

/// What a command did.
pub(crate) fn of_command(shop: &OpenShop, command: &Command, receipt: &Receipt) -> String {
    match &receipt.after {
        State::Order(order) => of_order(shop, command, receipt, order),
        State::Stock(stock) => {
            let levels = levels(stock.on_hand, stock.available());
            match command {
                Command::ReceiveStock(receive) => {
                    format!("{} of {} came in; now {levels}.", units(receive.quantity), receive.product)
                }
                Command::AdjustStock(adjust) if receipt.no_change() => {
                    format!("The count of {} was right: {levels}.", adjust.product)
                }
                Command::AdjustStock(adjust) => format!("The stock of {} is corrected; now {levels}.", adjust.product),
                _ => format!("Now {levels}."),
            }
        }
        State::Product(product) => {
            let name = product.entry.as_ref().map_or("", |entry| entry.name.as_str());
            let price = product
                .entry
                .as_ref()
                .map(|entry| shop.wording.amount(entry.price, entry.currency))
                .unwrap_or_default();
            let sku = &product.sku;
            let was_archived = matches!(&receipt.before, Some(State::Product(before)) if before.is_archived());
            match (receipt.no_change(), receipt.before.is_none()) {
                (true, _) => format!("{name} ({sku}) already is as asked; nothing was changed."),
                _ if product.is_archived() && !was_archived => {
                    format!("{name} ({sku}) can no longer be ordered; it stays in the catalogue.")
                }
                _ if was_archived && !product.is_archived() => {
                    format!("{name} ({sku}) can be ordered again; it costs {price}.")
                }
                (false, true) => format!("{name} ({sku}) is now in the catalogue at {price}."),
                (false, false) => format!("{name} ({sku}) is changed; it costs {price}."),
            }
        }
        State::Rate(rate) => {
            let shop = shop.settings.currency;
            let value = rate.stored.map(|stored| stored.rate.normalize().to_string()).unwrap_or_default();
            match receipt.no_change() {
                true => format!("1 {} already is {value} {shop}; nothing was changed.", rate.currency),
                false => format!("1 {} is now {value} {shop}.", rate.currency),
            }
        }
        State::Customer(customer) => {
            if customer.erased {
                return "The customer's particulars are erased; orders and figures stay as they are.".to_owned();
            }
            let name = views::customer(shop, customer).name;
            match (receipt.no_change(), receipt.before.is_none(), name) {
                (true, _, Some(name)) => format!("What is known of {name} already is as asked; nothing was changed."),
                (true, _, None) => "The customer already is as asked; nothing was changed.".to_owned(),
                (false, true, Some(name)) => format!("{name} is now a customer."),
                (false, true, None) => "A new customer is registered.".to_owned(),
                (false, false, Some(name)) => format!("{name}'s particulars are changed."),
                (false, false, None) => "The customer's particulars are changed.".to_owned(),
            }
        }
    }
}

fn of_order(shop: &OpenShop, command: &Command, receipt: &Receipt, order: &Order) -> String {
    let id = order.id;
    let status = order.status().spoken();
    match command {
        Command::CreateOrder(_) => placed(shop, order),
        Command::SetHold(hold) => match (hold.on, receipt.no_change()) {
            (true, false) => format!("Order #{id} is now on hold{}.", until(shop, order)),
            (true, true) => format!("Order #{id} is already on hold{}; nothing was changed.", until(shop, order)),
            (false, false) => format!("Order #{id} is no longer on hold."),
            (false, true) => format!("Order #{id} is not on hold; nothing was changed."),
        },
        Command::RecordPayment(_) if receipt.no_change() => {
            format!("Nothing is due for order #{id}; nothing was recorded.")
        }
        Command::RecordPayment(_) => {
            let came_in: i64 = facts(receipt).map(|fact| captured(&fact)).sum();
            let amount = shop.wording.amount(came_in, order.currency);
            let due = order.due();
            let rest = if due > 0 {
                format!(" {} is still due.", shop.wording.amount(due, order.currency))
            } else {
                String::new()
            };
            let payment = order.payment_status().spoken();
            format!("{amount} was recorded for order #{id}, which is now {payment}.{rest}")
        }
        Command::Refund(_) => {
            let back: i64 = facts(receipt).map(|fact| refunded(&fact)).sum();
            match back {
                0 => format!("Nothing is owed back for order #{id}."),
                back => format!(
                    "{} was paid back for order #{id}, which is now {}.",
                    shop.wording.amount(back, order.currency),
                    order.payment_status().spoken()
                ),
            }
        }
        Command::ReturnItems(_) => {
            let back: i64 = facts(receipt).map(|fact| returned(&fact)).sum();
            format!("{} of order #{id} came back; the order is {status}.{}", units(back), owed_back(shop, order))
        }
        Command::ChangeLines(_) if receipt.no_change() => {
            format!("The lines of order #{id} already are as asked; nothing was changed.")
        }
        Command::ChangeLines(_) => {
            let total = shop.wording.amount(order.current_totals().total, order.currency);
            format!("Order #{id} now comes to {total}.{}", owed_back(shop, order))
        }
        Command::Undo(_) => undone(shop, receipt, order),
        _ if receipt.no_change() => format!("Order #{id} is already {status}; nothing was changed."),
        Command::Cancel(_) if order.status() != Status::Cancelled => {
            let cancelled: i64 = facts(receipt).map(|fact| cancelled(&fact)).sum();
            let are = if cancelled == 1 { "is" } else { "are" };
            let owed = owed_back(shop, order);
            format!("{} of order #{id} {are} cancelled; the order is {status}.{owed}", units(cancelled))
        }
        Command::UpdateStatus(_) if delivered(receipt) > 0 && order.status() != Status::Delivered => {
            let arrived = delivered(receipt);
            let are = if arrived == 1 { "is" } else { "are" };
            format!("{} of order #{id} {are} delivered; the order is {status}.", units(arrived))
        }
        Command::Ship(_) if order.status() == Status::PartiallyShipped => {
            format!("Order #{id} is now {status}: {} to go.", units(order.unshipped()))
        }
        Command::Cancel(_) | Command::UpdateStatus(_) if order.status() == Status::Cancelled => {
            format!("Order #{id} is now {status}.{}", owed_back(shop, order))
        }
        _ => format!("Order #{id} is now {status}."),
    }
}

/// What has come in and is no longer asked for: a sentence to add, or nothing.
fn owed_back(shop: &OpenShop, order: &Order) -> String {
    match -order.due() {
        owed @ 1.. => format!(" {} is owed back to the customer.", shop.wording.amount(owed, order.currency)),
        _ => String::new(),
    }
}

/// `A`, `A and B`, `A, B and C`.
pub(crate) fn all_of(parts: &[impl AsRef<str>]) -> String {
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    match parts.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

fn placed(shop: &OpenShop, order: &Order) -> String {
    let ordered: i64 = order.lines.iter().map(|line| line.ordered).sum();
    let waiting: i64 = order.lines.iter().map(|line| line.backordered).sum();
    let total = shop.wording.amount(order.totals.total, order.currency);
    let wait = match waiting {
        0 => String::new(),
        n => format!(" {} must wait for stock.", units(n)),
    };
    format!("Order #{} is placed: {} for {total}.{wait}", order.id, units(ordered))
}

/// What undoing did: it says what went back, not only where the order stands.
fn undone(shop: &OpenShop, receipt: &Receipt, order: &Order) -> String {
    let id = order.id;
    let status = order.status().spoken();
    let mut said = format!("That is undone: order #{id} is {status} again.");
    for fact in facts(receipt) {
        match fact {
            Event::PaymentRefunded(fact) => {
                let amount = shop.wording.amount(fact.amount, order.currency);
                let payment = order.payment_status().spoken();
                return format!("The payment is undone: {amount} goes back, and order #{id} is {payment}.");
            }
            Event::UnitsCancelled(_) => return format!("The order is undone: #{id} is {status}."),
            Event::ShipmentVoided(_) => said = format!("The shipment is undone: order #{id} is {status} again."),
            // The hold that is back may have ended since.
            Event::OrderHeld(_) if !said.contains("shipment") && order.on_hold_at(shop.clock.now()) => {
                said = format!("That is undone: order #{id} is on hold again{}.", until(shop, order));
            }
            Event::OrderReleased(_) => said = format!("The hold is undone: order #{id} is no longer on hold."),
            _ => {}
        }
    }
    said
}

/// ` until 27 Nov 2026, 18:00` in the shop's zone, or nothing.
pub(crate) fn until(shop: &OpenShop, order: &Order) -> String {
    let zone = shop.settings.calendar.timezone;
    order.times.held_until.map(|at| format!(" until {}", moment(at, zone))).unwrap_or_default()
}

/// `27 Nov 2026, 18:00`
pub(crate) fn moment(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    format!("{}, {}", day_in_words(local.date_naive()), local.format("%H:%M"))
}

/// `10 are on hand and 8 available`; what was promised beyond what is there is said so.
pub(crate) fn levels(on_hand: i64, available: i64) -> String {
    let there = match on_hand {
        0 => "none is on hand".to_owned(),
        1 => "1 is on hand".to_owned(),
        n => format!("{n} are on hand"),
    };
    match available {
        0 if on_hand == 0 => there,
        0 => format!("{there} and none available"),
        1.. => format!("{there} and {available} available"),
        _ => format!("{there}, {} fewer than promised", -available),
    }
}

/// What the command recorded, in order.
fn facts(receipt: &Receipt) -> impl Iterator<Item = Event> {
    receipt.events().iter().filter_map(|event| envelope::decode(&event.json).ok()).map(|event| event.data)
}

fn captured(fact: &Event) -> i64 {
    if let Event::PaymentCaptured(fact) = fact { fact.amount } else { 0 }
}

fn refunded(fact: &Event) -> i64 {
    if let Event::PaymentRefunded(fact) = fact { fact.amount } else { 0 }
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

/// `1 unit`, `2 units`.
pub(crate) fn units(n: i64) -> String {
    plural(n, "unit")
}

/// `1 order`, `2 orders`.
pub(crate) fn plural(n: i64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `Today's revenue so far is ₹45,000.`, `Revenue for last week (9–15 Nov 2026) was ₹…`.
pub(crate) fn revenue(amount: &str, basis: Basis, range: &DateRange, today: NaiveDate, complete: bool) -> String {
    let (what, of) = named(basis);
    let within = ranges::within("for", range);
    let sentence = match (range.from, range.to) {
        (Some(from), Some(to)) if from == today && to == today => format!("Today's {of} so far is {amount}."),
        (Some(from), Some(to))
            if to == from && from.succ_opt() == Some(today) && range.phrase.eq_ignore_ascii_case("yesterday") =>
        {
            format!("Yesterday's {of} ({}) was {amount}.", day_in_words(from))
        }
        _ if complete => format!("{what} {within} was {amount}."),
        _ => format!("{what} {within} so far is {amount}."),
    };
    sentence + ranges::whole_days(range)
}

/// Of days to come, where nothing is dated to them: a clock that was ahead may have dated something.
pub(crate) fn lies_ahead(basis: Basis, range: &DateRange) -> String {
    let (_, of) = named(basis);
    let within = ranges::within("for", range);
    format!("There is no {of} {within} yet: it lies ahead.{}", ranges::whole_days(range))
}

fn named(basis: Basis) -> (&'static str, &'static str) {
    match basis {
        Basis::Booked => ("Revenue", "revenue"),
        Basis::Shipped => ("Shipped revenue", "shipped revenue"),
        Basis::Cash => ("Cash", "cash"),
    }
}

/// `5 pending, 7 confirmed`.
pub fn listed(counts: impl IntoIterator<Item = (String, i64)>) -> String {
    let parts: Vec<String> = counts.into_iter().map(|(what, n)| format!("{n} {what}")).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use orderlog_domain::{
        calendar::BusinessCalendar,
        phrase::{self, Direction},
    };

    use super::*;

    pub(super) fn read(text: &str) -> DateRange {
        let now = "2026-11-22T14:30:00+05:30".parse().unwrap();
        phrase::read_unbounded(text, now, &BusinessCalendar::default(), Direction::Past).unwrap()
    }

    #[test]
    fn revenue_reads_like_a_shopkeeper_speaks() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        for (phrase, complete, expected) in [
            ("today", false, "Today's revenue so far is ₹45,000."),
            ("yesterday", true, "Yesterday's revenue (21 Nov 2026) was ₹45,000."),
            ("last week", true, "Revenue for last week (9–15 Nov 2026) was ₹45,000."),
            ("this month", false, "Revenue for this month (1–30 Nov 2026) so far is ₹45,000."),
            ("2026-11-20", true, "Revenue for 20 Nov 2026 was ₹45,000."),
            ("previous 3 months", true, "Revenue for the previous 3 months (1 Aug – 31 Oct 2026) was ₹45,000."),
            ("last 7 days", false, "Revenue for the last 7 days (16–22 Nov 2026) so far is ₹45,000."),
            ("past month", false, "Revenue for the past month (23 Oct – 22 Nov 2026) so far is ₹45,000."),
            ("last Friday", true, "Revenue for last Friday (20 Nov 2026) was ₹45,000."),
            ("day before yesterday", true, "Revenue for the day before yesterday (20 Nov 2026) was ₹45,000."),
            ("20 Nov", true, "Revenue for 20 Nov 2026 was ₹45,000."),
            ("1 Nov to 15 Nov", true, "Revenue for 1–15 Nov 2026 was ₹45,000."),
            ("Q1", true, "Revenue for Q1 (1 Jan – 31 Mar 2026) was ₹45,000."),
            ("2026-W46", true, "Revenue for 2026-W46 (9–15 Nov 2026) was ₹45,000."),
            ("for last week", true, "Revenue for last week (9–15 Nov 2026) was ₹45,000."),
            ("since Monday", false, "Revenue since Monday (16–22 Nov 2026) so far is ₹45,000."),
            ("on Friday", true, "Revenue for Friday (20 Nov 2026) was ₹45,000."),
            ("YESTERDAY", true, "Yesterday's revenue (21 Nov 2026) was ₹45,000."),
            (
                "last hour",
                false,
                "Today's revenue so far is ₹45,000. The whole day was taken, not only the hours asked for.",
            ),
            (
                "last 24 hours",
                false,
                "Revenue for 21–22 Nov 2026 so far is ₹45,000. Whole days were taken, not only the hours asked for.",
            ),
            ("tomorrow", false, "Revenue for tomorrow (23 Nov 2026) so far is ₹45,000."),
        ] {
            assert_eq!(revenue("₹45,000", Basis::Booked, &read(phrase), today, complete), expected);
        }
        for (phrase, expected) in [
            ("in 3 days", "There is no revenue for 25 Nov 2026 yet: it lies ahead."),
            ("tomorrow", "There is no revenue for tomorrow (23 Nov 2026) yet: it lies ahead."),
        ] {
            assert_eq!(lies_ahead(Basis::Booked, &read(phrase)), expected);
        }
    }

    #[test]
    fn stock_that_was_promised_twice_is_told() {
        assert_eq!(levels(0, 0), "none is on hand");
        assert_eq!(levels(1, 0), "1 is on hand and none available");
        assert_eq!(levels(10, 8), "10 are on hand and 8 available");
        assert_eq!(levels(3, -2), "3 are on hand, 2 fewer than promised");
    }

    #[test]
    fn counts_are_listed() {
        assert_eq!(listed([("pending".to_owned(), 5), ("confirmed".to_owned(), 7)]), "5 pending, 7 confirmed");
        assert_eq!(units(1), "1 unit");
    }
}
