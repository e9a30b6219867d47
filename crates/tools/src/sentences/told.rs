//! Events in a few words: one event, or all that one command did to an order.

use orderlog_domain::{
    decide::Shop,
    event::{Disposition, Event, LineUnits, Outcome, PlacedLine},
    order::Order,
};

use super::{all_of, capitalised, moment, notifications, plural, units};
use crate::{echo::cut, history::Act};

/// Lines a sentence names; more are counted.
const NAMED_LINES: usize = 3;
/// Characters of a note that a sentence has.
const NOTE_CHARACTERS: usize = 300;

/// `2 of Product A shipped with Blue Dart; the order is now partially shipped`
pub fn act(act: &Act<'_>, settings: &Shop) -> String {
    let mistaken = act.before.as_ref().is_some_and(|before| before.undone < act.after.undone);
    let told = act.events.iter().map(|event| match &event.data {
        Event::PaymentRefunded(fact) if mistaken => {
            let amount = settings.locale.money_in_words(fact.amount, fact.currency);
            format!("payment of {amount} by {} undone", fact.method)
        }
        data => describe(data, Some(&act.after), settings),
    });
    let told: Vec<String> = told.collect();
    let mut sentence = told.join(", ");
    let Some(before) = &act.before else { return capitalised(sentence) };
    let (old, new) = (before.status(), act.after.status());
    let mut now = vec![];
    // The words of an event may already contain the status.
    if old != new && !told.contains(&new.spoken()) {
        now.push(new.spoken());
    }
    if before.payment_status() != act.after.payment_status() {
        now.push(act.after.payment_status().spoken());
    }
    if !now.is_empty() {
        sentence.push_str(&format!("; the order is now {}", now.join(" and ")));
    }
    capitalised(sentence)
}

/// An event in words, with amounts and times as the shop writes them; products are named if the order is given.
pub fn describe(event: &Event, order: Option<&Order>, settings: &Shop) -> String {
    let money = |minor, currency| settings.locale.money_in_words(minor, currency);
    let moved = |lines: &[LineUnits]| {
        named(lines.iter().map(|moved| (moved.units, name_of(order, moved.line))).collect(), " of ")
    };
    match event {
        Event::OrderPlaced(fact) => {
            let lines = fact.lines.iter().map(|line: &PlacedLine| (line.quantity, Some(line.name.clone()))).collect();
            format!("placed: {} for {}", named(lines, " × "), money(fact.totals.total, fact.currency))
        }
        Event::OrderConfirmed(_) => "confirmed".to_owned(),
        Event::OrderUnconfirmed(_) => "acceptance taken back".to_owned(),
        Event::OrderHeld(fact) => match fact.until {
            Some(until) => format!("put on hold until {}", moment(until, settings.calendar.timezone)),
            None => "put on hold".to_owned(),
        },
        Event::OrderReleased(_) => "released from hold".to_owned(),
        Event::ProcessingStarted(_) => "picking started".to_owned(),
        Event::UnitsShipped(fact) => {
            let by = fact.carrier.as_ref().map(|carrier| format!(" with {carrier}")).unwrap_or_default();
            format!("{} shipped{by}", moved(&fact.lines))
        }
        Event::UnitsDelivered(fact) => format!("{} delivered", moved(&fact.lines)),
        Event::UnitsCancelled(fact) => format!("{} cancelled", moved(&fact.lines)),
        Event::BackorderFilled(fact) => {
            let waiting = named(vec![(fact.units, name_of(order, fact.line))], " of ");
            let need = if fact.units == 1 { "needs" } else { "need" };
            format!("{waiting} no longer {need} to wait for stock")
        }
        Event::PaymentCaptured(fact) => format!("{} paid by {}", money(fact.amount, fact.currency), fact.method),
        Event::LinesChanged(fact) => {
            format!("lines changed; the order now comes to {}", money(fact.totals.total, fact.currency))
        }
        Event::ShipmentVoided(fact) => format!("shipment {} voided: {} back", fact.shipment, moved(&fact.lines)),
        Event::UnitsReturned(fact) => match fact.disposition {
            Disposition::Restock => format!("{} came back and went into stock", moved(&fact.lines)),
            Disposition::Scrap => format!("{} came back and went to scrap", moved(&fact.lines)),
        },
        Event::PaymentRefunded(fact) if fact.undoes_payment == Some(true) => {
            format!("payment of {} by {} undone", money(fact.amount, fact.currency), fact.method)
        }
        Event::PaymentRefunded(fact) => {
            format!("{} refunded by {} ({})", money(fact.amount, fact.currency), fact.method, fact.kind.name())
        }
        Event::OrderNoteAdded(fact) => format!("noted: {}", cut(&fact.note, NOTE_CHARACTERS)),
        Event::StockReturned(fact) => format!("{} of order #{} on hand again", units(fact.units), fact.order_id),
        Event::StockReserved(fact) => format!("{} set aside for order #{}", units(fact.units), fact.order_id),
        Event::StockBackordered(fact) => format!("order #{} waits for {}", fact.order_id, units(fact.units)),
        Event::StockReleased(fact) => {
            format!("{} of order #{} free again", units(fact.reserved + fact.backordered), fact.order_id)
        }
        Event::StockConsumed(fact) => format!("{} left for order #{}", units(fact.units), fact.order_id),
        Event::StockReceived(fact) => format!("{} came in", units(fact.units)),
        Event::StockAdjusted(fact) => format!("corrected by {:+}", fact.delta),
        Event::LowStockReached(fact) => format!("low: {}", available(fact.available)),
        Event::LowStockRecovered(fact) => format!("no longer low: {}", available(fact.available)),
        Event::ProductRegistered(fact) => format!("registered as {}", fact.entry.name),
        Event::ProductChanged(fact) => format!("catalogue entry changed: {}", fact.entry.name),
        Event::CustomerRegistered(_) => "customer registered".to_owned(),
        Event::CustomerChanged(_) => "customer changed".to_owned(),
        Event::RateStored(fact) => format!("1 {} is {} {}", fact.currency, fact.rate.normalize(), fact.shop_currency),
        Event::CustomerErased(_) => "customer's particulars erased".to_owned(),
        Event::NotificationSubscribed(fact) => format!("rule {}: {} is told", fact.rule_id, fact.rule.target),
        Event::NotificationUnsubscribed(fact) => format!("rule {} ended", fact.rule_id),
        Event::NotificationsHandled(fact) => {
            let sent = fact.messages.iter().filter(|message| message.outcome == Outcome::Sent).count() as i64;
            format!("{} sent", plural(sent, "message"))
        }
        Event::NotificationsReplayed(fact) => {
            format!("{} tried again", plural(fact.messages.len() as i64, "message"))
        }
        Event::NotificationTargetEnabled(fact) => format!("{} takes messages again", fact.target),
        Event::AlertRaised(fact) => notifications::alert(&fact.alert).to_owned(),
        Event::AlertEnded(fact) => format!("over: {}", notifications::alert(&fact.alert)),
        Event::ConfirmationAsked(fact) => {
            let order = fact.order_id.map(|id| format!(" of order #{id}")).unwrap_or_default();
            format!("{}{order} waits for a person's word", fact.tool)
        }
        Event::ConfirmationAnswered(fact) => {
            format!("a person said {}", if fact.agreed { "Yes" } else { "No" })
        }
    }
}

/// Events of many orders together: units and money summed, the rest counted, in the order of first appearance. `12
/// confirmed`, `48 units shipped`
pub fn together<'a>(events: impl Iterator<Item = &'a Event>, settings: &Shop) -> Vec<String> {
    let mut sums: Vec<(String, i64, bool)> = vec![];
    for event in events {
        let (what, count, of_units) = match event {
            Event::UnitsShipped(fact) => ("shipped".to_owned(), moved_units(&fact.lines), true),
            Event::UnitsDelivered(fact) => ("delivered".to_owned(), moved_units(&fact.lines), true),
            Event::UnitsCancelled(fact) => ("cancelled".to_owned(), moved_units(&fact.lines), true),
            Event::UnitsReturned(fact) => ("came back".to_owned(), moved_units(&fact.lines), true),
            Event::ShipmentVoided(fact) => ("back from voided shipments".to_owned(), moved_units(&fact.lines), true),
            Event::OrderConfirmed(_)
            | Event::OrderUnconfirmed(_)
            | Event::OrderHeld(_)
            | Event::OrderReleased(_)
            | Event::ProcessingStarted(_)
            | Event::LinesChanged(_)
            | Event::PaymentCaptured(_)
            | Event::PaymentRefunded(_)
            | Event::OrderNoteAdded(_)
            | Event::OrderPlaced(_) => (kind(event, settings), 1, false),
            // Stock follows orders.
            _ => continue,
        };
        match sums.iter_mut().find(|(known, ..)| *known == what) {
            Some((_, sum, _)) => *sum += count,
            None => sums.push((what, count, of_units)),
        }
    }
    let said = |(what, sum, of_units): (String, i64, bool)| match of_units {
        true => format!("{} {what}", units(sum)),
        false => format!("{sum} {what}"),
    };
    sums.into_iter().map(said).collect()
}

/// The kind of an event in words, without the details of its order.
fn kind(event: &Event, settings: &Shop) -> String {
    match event {
        Event::OrderPlaced(_) => "placed".to_owned(),
        Event::LinesChanged(_) => "changed".to_owned(),
        Event::OrderHeld(_) => "put on hold".to_owned(),
        Event::OrderUnconfirmed(_) => "no longer confirmed".to_owned(),
        Event::ProcessingStarted(_) => "in picking".to_owned(),
        Event::PaymentCaptured(_) => "paid".to_owned(),
        Event::OrderNoteAdded(_) => "with a new note".to_owned(),
        Event::PaymentRefunded(fact) if fact.undoes_payment == Some(true) => "payments undone".to_owned(),
        Event::PaymentRefunded(_) => "refunded".to_owned(),
        event => describe(event, None, settings),
    }
}

/// `3 available`, `6 fewer there than promised`: a number of units below zero is not shown.
fn available(units: i64) -> String {
    if units < 0 { format!("{} fewer there than promised", -units) } else { format!("{units} available") }
}

fn moved_units(lines: &[LineUnits]) -> i64 {
    lines.iter().map(|line| line.units).sum()
}

/// The name of the product on a line, as it was ordered; the line may no longer exist.
fn name_of(order: Option<&Order>, line: u32) -> Option<String> {
    order?.lines.iter().find(|known| known.line == line).map(|line| line.name.clone())
}

/// `2 of Product A and 1 of Product B`; lines with the same product are added up, and if there are many products, only
/// their number is given.
fn named(lines: Vec<(i64, Option<String>)>, of: &str) -> String {
    let mut products: Vec<(String, i64)> = vec![];
    for (units, name) in &lines {
        let Some(name) = name else { return units_of(&lines) };
        match products.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += units,
            None => products.push((name.clone(), *units)),
        }
    }
    if products.len() > NAMED_LINES {
        return format!("{} of {}", units_of(&lines), plural(products.len() as i64, "product"));
    }
    let parts: Vec<String> = products.iter().map(|(name, units)| format!("{units}{of}{name}")).collect();
    if parts.is_empty() { units(0) } else { all_of(&parts) }
}

fn units_of(lines: &[(i64, Option<String>)]) -> String {
    units(lines.iter().map(|(units, _)| units).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_named_until_they_are_many() {
        let of = |lines: &[(i64, &str)]| {
            named(lines.iter().map(|(units, name)| (*units, Some((*name).to_owned()))).collect(), " of ")
        };
        assert_eq!(of(&[(2, "Product A")]), "2 of Product A");
        assert_eq!(of(&[(2, "Product A"), (1, "B"), (1, "Product A")]), "3 of Product A and 1 of B");
        assert_eq!(of(&[(1, "A"), (2, "B"), (3, "C")]), "1 of A, 2 of B and 3 of C");
        assert_eq!(of(&[(1, "A"), (2, "B"), (3, "C"), (4, "D")]), "10 units of 4 products");
        assert_eq!(named(vec![(2, None), (1, Some("A".to_owned()))], " of "), "3 units");
    }

    #[test]
    fn what_became_of_many_orders_is_counted_in_words_that_follow_a_number() {
        let order_id = orderlog_domain::ids::OrderId(1001);
        let [unconfirmed, picked] = [
            Event::OrderUnconfirmed(orderlog_domain::event::OrderUnconfirmed { order_id }),
            Event::ProcessingStarted(orderlog_domain::event::ProcessingStarted { order_id }),
        ];
        let events = std::iter::repeat_n(&unconfirmed, 11).chain([&picked]);
        assert_eq!(together(events, &Shop::default()), ["11 no longer confirmed", "1 in picking"]);
    }

    #[test]
    fn less_than_nothing_is_never_available() {
        assert_eq!(available(3), "3 available");
        assert_eq!(available(-6), "6 fewer there than promised");
    }
}
