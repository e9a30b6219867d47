//! One or two sentences for each answer, fit to be read aloud.

pub(crate) mod told;

use chrono::{Datelike as _, NaiveDate};
use orderlog_commands::Receipt;
use orderlog_domain::{
    commands::Command,
    event::Event,
    format::day_in_words,
    order::{Order, Status},
    phrase::DateRange,
    postings::Basis,
    world::State,
};

use crate::node::Node;

/// What a command did.
pub(crate) fn of_command(node: &Node, command: &Command, receipt: &Receipt) -> String {
    match &receipt.after {
        State::Order(order) => of_order(node, command, receipt, order),
        State::Stock(stock) => {
            let levels = format!("{} on hand, {} available", stock.on_hand, stock.available());
            match command {
                Command::ReceiveStock(receive) => {
                    format!("{} × {} came in: {levels} now.", receive.quantity, receive.product)
                }
                Command::AdjustStock(adjust) if receipt.no_change() => {
                    format!("The count of {} was right: {levels}.", adjust.product)
                }
                Command::AdjustStock(adjust) => format!("The stock of {} was corrected: {levels} now.", adjust.product),
                _ => format!("The stock is now {levels}."),
            }
        }
        State::Product(product) => {
            let name = product.entry.as_ref().map_or("", |entry| entry.name.as_str());
            let price =
                product.entry.as_ref().map(|entry| node.amount(entry.price, entry.currency)).unwrap_or_default();
            let sku = &product.sku;
            match (receipt.no_change(), receipt.before.is_none()) {
                (true, _) => format!("{name} ({sku}) already was as asked."),
                (false, true) => format!("{name} ({sku}) is now in the catalogue at {price}."),
                (false, false) => format!("{name} ({sku}) is changed; its price is {price}."),
            }
        }
        State::Rate(rate) => {
            let shop = node.config.shop.currency;
            let value = rate.stored.map(|stored| stored.rate.normalize().to_string()).unwrap_or_default();
            match receipt.no_change() {
                true => format!("1 {} already was {value} {shop}.", rate.currency),
                false => format!("1 {} is now {value} {shop}.", rate.currency),
            }
        }
        State::Customer(customer) => {
            if customer.erased {
                return "The customer's particulars are erased; orders and figures stay as they are.".to_owned();
            }
            let name = node.customer_view(customer).name;
            match (receipt.no_change(), receipt.before.is_none(), name) {
                (true, _, Some(name)) => format!("{name} already was as asked."),
                (true, _, None) => "The customer already was as asked.".to_owned(),
                (false, true, Some(name)) => format!("{name} is now a customer."),
                (false, true, None) => "A new customer is registered.".to_owned(),
                (false, false, Some(name)) => format!("{name}'s particulars are changed."),
                (false, false, None) => "The customer's particulars are changed.".to_owned(),
            }
        }
    }
}

fn of_order(node: &Node, command: &Command, receipt: &Receipt, order: &Order) -> String {
    let id = order.id;
    let status = spoken(order.status());
    match command {
        Command::CreateOrder(_) => placed(node, order),
        Command::SetHold(hold) => match (hold.on, receipt.no_change()) {
            (true, false) => format!("Order #{id} is now on hold."),
            (true, true) => format!("Order #{id} is already on hold."),
            (false, false) => format!("Order #{id} is no longer on hold."),
            (false, true) => format!("Order #{id} was not on hold."),
        },
        Command::RecordPayment(_) => {
            let came_in: i64 = receipt.events().iter().filter_map(captured).sum();
            let amount = node.amount(came_in, order.currency);
            let due = order.due();
            let rest =
                if due > 0 { format!(" {} is still due.", node.amount(due, order.currency)) } else { String::new() };
            let payment = order.payment_status().name().replace('_', " ");
            format!("{amount} was recorded for order #{id}, which is now {payment}.{rest}")
        }
        Command::Refund(_) => {
            let back: i64 = receipt.events().iter().filter_map(refunded).sum();
            match back {
                0 => format!("Nothing is owed back for order #{id}."),
                back => format!(
                    "{} was paid back for order #{id}, which is now {}.",
                    node.amount(back, order.currency),
                    order.payment_status().name().replace('_', " ")
                ),
            }
        }
        Command::ReturnItems(_) => {
            let back: i64 = order.lines.iter().map(|line| line.returned).sum();
            let owed = -order.due();
            let rest = if owed > 0 {
                format!(" {} is owed back to the customer.", node.amount(owed, order.currency))
            } else {
                String::new()
            };
            format!("{} of order #{id} came back; it is {status}.{rest}", units(back))
        }
        Command::ChangeLines(_) if receipt.no_change() => format!("The lines of order #{id} already were as asked."),
        Command::ChangeLines(_) => {
            format!("Order #{id} now comes to {}.", node.amount(order.current_totals().total, order.currency))
        }
        Command::Undo(_) => format!("That is undone: order #{id} is {status} again."),
        _ if receipt.no_change() => format!("Order #{id} is already {status}; nothing was changed."),
        Command::Cancel(_) if order.status() != Status::Cancelled => {
            let cancelled: i64 = order.lines.iter().map(|line| line.cancelled).sum();
            format!("{} of order #{id} are cancelled; the rest is {status}.", units(cancelled))
        }
        Command::Ship(_) if order.status() == Status::PartiallyShipped => {
            format!("Order #{id} is now {status}: {} to go.", units(order.unshipped()))
        }
        _ => format!("Order #{id} is now {status}."),
    }
}

fn placed(node: &Node, order: &Order) -> String {
    let ordered: i64 = order.lines.iter().map(|line| line.ordered).sum();
    let waiting: i64 = order.lines.iter().map(|line| line.backordered).sum();
    let total = node.amount(order.totals.total, order.currency);
    let wait = match waiting {
        0 => String::new(),
        n => format!(" {} must wait for stock.", units(n)),
    };
    format!("Order #{} is placed: {} for {total}.{wait}", order.id, units(ordered))
}

fn captured(event: &orderlog_event_log::Recorded) -> Option<i64> {
    match orderlog_domain::envelope::decode(&event.json).ok()?.data {
        Event::PaymentCaptured(fact) => Some(fact.amount),
        _ => None,
    }
}

fn refunded(event: &orderlog_event_log::Recorded) -> Option<i64> {
    match orderlog_domain::envelope::decode(&event.json).ok()?.data {
        Event::PaymentRefunded(fact) => Some(fact.amount),
        _ => None,
    }
}

/// `partially shipped`.
pub(crate) fn spoken(status: Status) -> String {
    status.name().replace('_', " ")
}

/// `1 unit`, `2 units`.
pub(crate) fn units(n: i64) -> String {
    plural(n, "unit")
}

/// `1 order`, `2 orders`.
pub(crate) fn plural(n: i64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// The days of a range: `9–15 Nov 2026`, `28 Oct–3 Nov 2026`, `21 Nov 2026`.
pub(crate) fn days(from: NaiveDate, to: NaiveDate) -> String {
    if from == to {
        day_in_words(from)
    } else if from.year() != to.year() {
        format!("{} – {}", day_in_words(from), day_in_words(to))
    } else if from.month() != to.month() {
        format!("{} – {}", from.format("%-d %b"), day_in_words(to))
    } else {
        format!("{}–{}", from.day(), day_in_words(to))
    }
}

/// A range after its phrase: `last week (9–15 Nov 2026)`; the phrase alone where it is the date itself.
pub(crate) fn range(range: &DateRange) -> String {
    let phrase = &range.phrase;
    match (range.from, range.to) {
        (Some(from), Some(to)) => {
            let days = days(from, to);
            let is_date = phrase.is_empty() || phrase.chars().any(|c| c.is_ascii_digit()) && !phrase.contains(' ');
            if is_date { days } else { format!("{phrase} ({days})") }
        }
        (Some(from), None) => format!("the days since {}", day_in_words(from)),
        (None, Some(to)) => format!("the days until {}", day_in_words(to)),
        (None, None) => "all time".to_owned(),
    }
}

/// `Today's revenue so far is ₹45,000.`, `Revenue for last week (9–15 Nov 2026) was ₹…`.
pub(crate) fn revenue(amount: &str, basis: Basis, range_read: &DateRange, today: NaiveDate, complete: bool) -> String {
    let (what, of) = match basis {
        Basis::Booked => ("Revenue", "revenue"),
        Basis::Shipped => ("Revenue shipped", "revenue shipped"),
        Basis::Cash => ("Cash", "cash"),
    };
    match (range_read.from, range_read.to) {
        (Some(from), Some(to)) if from == today && to == today => format!("Today's {of} so far is {amount}."),
        (Some(from), Some(to)) if to == from && from.succ_opt() == Some(today) && range_read.phrase == "yesterday" => {
            format!("Yesterday's {of} ({}) was {amount}.", day_in_words(from))
        }
        _ if complete => format!("{what} for {} was {amount}.", range(range_read)),
        _ => format!("{what} for {} so far is {amount}.", range(range_read)),
    }
}

/// `5 pending, 7 confirmed`.
pub(crate) fn listed(counts: impl IntoIterator<Item = (String, i64)>) -> String {
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

    fn read(text: &str) -> DateRange {
        let now = "2026-11-22T14:30:00+05:30".parse().unwrap();
        phrase::read(text, now, &BusinessCalendar::default(), Direction::Past).unwrap()
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
            ("previous 3 months", true, "Revenue for previous 3 months (1 Aug – 31 Oct 2026) was ₹45,000."),
        ] {
            assert_eq!(revenue("₹45,000", Basis::Booked, &read(phrase), today, complete), expected);
        }
    }

    #[test]
    fn counts_are_listed() {
        assert_eq!(listed([("pending".to_owned(), 5), ("confirmed".to_owned(), 7)]), "5 pending, 7 confirmed");
        assert_eq!(units(1), "1 unit");
    }
}
