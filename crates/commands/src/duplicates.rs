//! Duplicate detection: the orders of the last two minutes, of all nodes. Commands are decided on them as on states, so
//! a swap that succeeds proves that no order was overlooked.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};
use orderlog_domain::{
    commands::{Command, suspected},
    envelope::{Envelope, Provenance},
    event::{Amounts, Event, OrderPlaced, PlacedLine},
    ids::{OrderId, Position},
    limits::SUSPICION,
    rejection::Rejection,
};
use orderlog_event_log::{Head, LogError, LogWriter, Recorded};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{load, submission::Submission};

/// Events read at once when the orders before a start are recalled.
const PAGE_EVENTS: i64 = 2_000;

const PLACED: &str = "OrderPlaced";

/// Half of a hash over the user, the customer and the lines of an order, without their wording.
type Fingerprint = u128;

/// The orders placed lately, about 100 bytes each.
#[derive(Debug)]
pub(crate) struct RecentOrders {
    /// Every order recorded after this time, up to the head that the states reflect, is here.
    known_since: DateTime<Utc>,
    /// The latest order of each fingerprint.
    latest: HashMap<Fingerprint, Latest>,
    /// Oldest first, each with the entry of `latest` that it replaced.
    placed: VecDeque<Placed>,
}

#[derive(Debug, Clone, Copy)]
struct Placed {
    placement: Placement,
    before: Option<Latest>,
}

#[derive(Debug, Clone, Copy)]
struct Latest {
    order: OrderId,
    at: DateTime<Utc>,
    occurred_at: DateTime<Utc>,
}

/// The part of an order that is kept.
#[derive(Debug, Clone, Copy)]
struct Placement {
    fingerprint: Fingerprint,
    order: OrderId,
    position: Position,
    /// When the order was recorded. Never decreases; after a clock that was ahead, it does not change for a time.
    at: DateTime<Utc>,
    /// The time of the clock when the order was placed.
    occurred_at: DateTime<Utc>,
}

impl RecentOrders {
    /// Without any order; those recorded until now are not loaded.
    pub(crate) fn new(head: &Head) -> RecentOrders {
        RecentOrders { known_since: head.recorded_at, latest: HashMap::new(), placed: VecDeque::new() }
    }

    /// Since when orders must be [recalled](Self::recall) before this command can be decided; `None` if they are here.
    pub(crate) fn unknown(&self, submission: &Submission, head: &Head) -> Option<DateTime<Utc>> {
        let since = since(submission, head);
        let places = matches!(submission.command, Command::CreateOrder(_));
        (places && submission.ask.repeated && self.known_since > since).then_some(since)
    }

    /// Refuses an order that was probably placed already.
    pub(crate) fn check_duplicate(
        &self,
        submission: &Submission,
        order: &OrderPlaced,
        head: &Head,
    ) -> Result<(), Rejection> {
        let fingerprint = fingerprint(&submission.origin.actor.user, order);
        let Some(order) = self.find(fingerprint, since(submission, head), submission.now) else { return Ok(()) };
        let message = format!("An identical order, #{order}, was placed within the last two minutes.");
        Err(suspected(message, json!({ "order_id": order })))
    }

    /// Remembers an order that this node's batch places.
    pub(crate) fn note_own(&mut self, order: &OrderPlaced, position: Position, provenance: &Provenance) {
        self.note(Placement::new(order, position, provenance));
    }

    /// Remembers the orders that other nodes placed.
    pub(crate) fn note_foreign(&mut self, events: &[Recorded]) -> Result<(), LogError> {
        for placement in placements(events)? {
            self.note(placement);
        }
        Ok(())
    }

    /// Reads the orders placed since some time. Needed after a start, if the log was written to within two minutes.
    pub(crate) async fn recall(
        &mut self,
        connection: &mut LogWriter,
        head: Position,
        since: DateTime<Utc>,
    ) -> Result<(), LogError> {
        let mut end = head;
        let known = self.placed.front().map_or(Position(i64::MAX), |oldest| oldest.placement.position);
        let mut recalled = vec![];
        let mut earlier = true;
        while earlier && end > Position::START {
            let start = Position((end.0 - PAGE_EVENTS).max(0));
            let page = connection.read(start, u32::try_from(end.0 - start.0).unwrap_or(0)).await?;
            let first = page.first().map(load::decode).transpose()?;
            earlier = first.is_some_and(|first| first.provenance.recorded_at > since);
            recalled.splice(0..0, placements(&page)?.into_iter().filter(|placement| placement.position < known));
            end = start;
        }
        self.precede(recalled, since);
        Ok(())
    }

    /// Compares both the recorded time and the time of the clock, because the recorded time may not change for a time.
    fn find(&self, fingerprint: Fingerprint, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<OrderId> {
        let recently = |latest: &&Latest| latest.at > since && latest.occurred_at > now - SUSPICION;
        self.latest.get(&fingerprint).filter(recently).map(|latest| latest.order)
    }

    fn note(&mut self, placement: Placement) {
        let Placement { fingerprint, order, at, occurred_at, .. } = placement;
        let before = self.latest.insert(fingerprint, Latest { order, at, occurred_at });
        self.placed.push_back(Placed { placement, before });
        let until = at - SUSPICION;
        while let Some(oldest) = self.placed.pop_front_if(|oldest| oldest.placement.at <= until) {
            if self.latest.get(&oldest.placement.fingerprint).is_some_and(|latest| latest.at <= until) {
                self.latest.remove(&oldest.placement.fingerprint);
            }
        }
        self.known_since = self.known_since.max(until);
    }

    /// Forgets orders that were not appended.
    pub(crate) fn rollback(&mut self, head: Position) {
        while let Some(last) = self.placed.pop_back_if(|last| last.placement.position > head) {
            match last.before {
                Some(before) => self.latest.insert(last.placement.fingerprint, before),
                None => self.latest.remove(&last.placement.fingerprint),
            };
        }
    }

    /// Adds older orders before those that are known.
    fn precede(&mut self, recalled: Vec<Placement>, since: DateTime<Utc>) {
        let later = std::mem::take(&mut self.placed);
        self.latest.clear();
        for placement in recalled {
            self.note(placement);
        }
        for Placed { placement, .. } in later {
            self.note(placement);
        }
        self.known_since = since;
    }
}

impl Placement {
    fn new(order: &OrderPlaced, position: Position, provenance: &Provenance) -> Placement {
        Placement {
            fingerprint: fingerprint(&provenance.actor.user, order),
            order: order.order_id,
            position,
            at: provenance.recorded_at,
            occurred_at: provenance.occurred_at,
        }
    }
}

/// The orders placed in a page of events.
fn placements(events: &[Recorded]) -> Result<Vec<Placement>, LogError> {
    let placed = events.iter().filter(|recorded| recorded.event_type == PLACED).map(load::decode);
    let placement = |envelope: Envelope<Event>| match &envelope.data {
        Event::OrderPlaced(order) => Some(Placement::new(order, envelope.position, &envelope.provenance)),
        _ => None,
    };
    placed.filter_map(|envelope| envelope.map(placement).transpose()).collect()
}

fn since(submission: &Submission, head: &Head) -> DateTime<Utc> {
    submission.now.max(head.recorded_at) - SUSPICION
}

/// Equal for orders of one user that have equal customer, lines, prices, fee and note. The stock reserved, the wording
/// and the order of the lines do not matter.
fn fingerprint(user: &str, order: &OrderPlaced) -> Fingerprint {
    let line = |line: &PlacedLine| {
        let Amounts { gross, discount, tax } = line.amounts;
        (line.product_id, line.quantity, line.unit_price, gross, discount, tax)
    };
    let mut lines: Vec<_> = order.lines.iter().map(line).collect();
    lines.sort_unstable();
    let parts = (user, order.customer_id, order.currency, order.tax_inclusive, order.shipping, &order.note, lines);
    let bytes = serde_json::to_vec(&parts).expect("an order always has a JSON form");
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(bytes)[..16]);
    u128::from_be_bytes(half)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn placement(fingerprint: Fingerprint, n: i64, seconds: i64) -> Placement {
        Placement { fingerprint, order: OrderId(n), position: Position(n), at: at(seconds), occurred_at: at(seconds) }
    }

    /// A clock was ahead: the recorded time does not change.
    #[test]
    fn an_order_is_forgotten_after_two_minutes_of_the_clock_too() {
        let mut recent = RecentOrders::new(&Head::empty());
        recent.note(Placement { at: at(90_000), ..placement(7, 1, 1_000) });
        let find = |seconds| recent.find(7, at(90_000) - SUSPICION, at(seconds)).map(|order| order.0);
        assert_eq!((find(1_119), find(1_120)), (Some(1), None));
    }

    #[test]
    fn an_order_is_forgotten_after_two_minutes_or_when_it_was_not_appended() {
        let mut recent = RecentOrders::new(&Head::empty());
        let note = |recent: &mut RecentOrders, n: i64, seconds| recent.note(placement(7, n, seconds));
        let find =
            |recent: &RecentOrders, seconds| recent.find(7, at(seconds) - SUSPICION, at(seconds)).map(|order| order.0);
        note(&mut recent, 1, 1_000);
        assert_eq!(find(&recent, 1_119), Some(1));
        assert_eq!(find(&recent, 1_120), None);
        note(&mut recent, 2, 1_100);
        assert_eq!(find(&recent, 1_219), Some(2));
        recent.rollback(Position(1));
        assert_eq!((find(&recent, 1_119), find(&recent, 1_120)), (Some(1), None));
        recent.rollback(Position(0));
        assert!(recent.latest.is_empty() && recent.placed.is_empty());
        note(&mut recent, 1, 1_000);
        recent.note(placement(8, 9, 2_000));
        assert_eq!((recent.latest.len(), recent.placed.len()), (1, 1));
    }

    #[test]
    fn orders_with_the_same_customer_lines_prices_fee_and_note_have_one_fingerprint() {
        let example = orderlog_domain::event::examples().into_iter().find_map(|event| match event {
            Event::OrderPlaced(order) => Some(order),
            _ => None,
        });
        let mut order = example.expect("an order among the examples");
        let other = PlacedLine { line: 2, quantity: 7, ..order.lines[0].clone() };
        order.lines.push(other);
        let ours = fingerprint("ann", &order);
        let changed = |change: fn(&mut OrderPlaced)| {
            let mut changed = order.clone();
            change(&mut changed);
            fingerprint("ann", &changed)
        };
        let same: [fn(&mut OrderPlaced); 3] = [
            |order| order.order_id = OrderId(9_999),
            |order| order.lines.reverse(),
            |order| (order.lines[0].reserved, order.lines[0].backordered) = (0, 3),
        ];
        assert!(same.into_iter().all(|change| changed(change) == ours));
        let different: [fn(&mut OrderPlaced); 6] = [
            |order| order.customer_id = orderlog_domain::ids::CustomerId(uuid::Uuid::nil()),
            |order| order.lines[1].quantity += 1,
            |order| order.lines[1].unit_price += 1,
            |order| order.lines[1].amounts.discount += 1,
            |order| order.shipping.net += 1,
            |order| order.note = Some("a gift".to_owned()),
        ];
        assert!(different.into_iter().all(|change| changed(change) != ours));
        assert_ne!(fingerprint("bob", &order), ours);
    }
}
