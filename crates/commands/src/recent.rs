//! Orders placed within the last two minutes, on any node: one like them that brings no idempotency key is suspected of
//! being the same order. Part of what a decision is made on, so a swap that succeeds proves it complete.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use orderlog_domain::{
    envelope::{Envelope, Provenance},
    event::{Amounts, Event, OrderPlaced, PlacedLine},
    ids::{OrderId, Position},
    rejection::{Code, Rejection},
};
use orderlog_event_log::{Head, LogError, LogWriter, Recorded};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{load, submission::Submission};

/// How long an identical order is suspected to be the same one.
const SUSPICION: TimeDelta = TimeDelta::seconds(120);
/// Events read at once when the past is recalled.
const PAGE_EVENTS: i64 = 2_000;

const PLACED: &str = "OrderPlaced";

/// Who ordered what for whom, however it was asked for: the first half of a hash.
type Likeness = u128;

/// Kept for the two minutes in which they matter, about 100 bytes each.
#[derive(Debug)]
pub(crate) struct Recent {
    /// Everything recorded after this moment, up to the head the states reflect, is known.
    known_since: DateTime<Utc>,
    /// The latest of each that are alike.
    latest: HashMap<Likeness, Latest>,
    /// Oldest first, each with what `latest` held before it.
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

/// An order as its event tells of it.
#[derive(Debug, Clone, Copy)]
struct Placement {
    like: Likeness,
    order: OrderId,
    position: Position,
    /// When it was recorded. Never decreases; after a clock that was ahead it stands still.
    at: DateTime<Utc>,
    /// When the clock said it came.
    occurred_at: DateTime<Utc>,
}

impl Recent {
    /// Knows of nothing that was recorded until now.
    pub(crate) fn new(head: &Head) -> Recent {
        Recent { known_since: head.recorded_at, latest: HashMap::new(), placed: VecDeque::new() }
    }

    /// From when on the past must be recalled before this command can be decided, on the head its batch has come to.
    pub(crate) fn unknown(&self, submission: &Submission, head: &Head) -> Option<DateTime<Utc>> {
        let since = since(submission, head);
        (submission.suspect && self.known_since > since).then_some(since)
    }

    /// Refuses to place an order that seems to be placed for the second time.
    pub(crate) fn suspect(&self, submission: &Submission, order: &OrderPlaced, head: &Head) -> Result<(), Rejection> {
        let like = likeness(&submission.origin.actor.user, order);
        let Some(order) = self.find(like, since(submission, head), submission.now) else { return Ok(()) };
        let message = format!("An identical order, #{order}, was placed within the last two minutes.");
        Err(Rejection::new(Code::DuplicateSuspected, message)
            .hint("If the user wants a second one, repeat the call with allow_duplicate: true. An idempotency_key avoids the question.")
            .candidates(vec![json!({ "order_id": order })]))
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

    /// After a start: reads what was placed since a moment. Only a log that was written to within two minutes has any.
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

    /// By the log's time and by the clock: while the log's time stands still, an order of an hour ago is as old as that.
    fn find(&self, like: Likeness, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<OrderId> {
        let recently = |latest: &&Latest| latest.at > since && latest.occurred_at > now - SUSPICION;
        self.latest.get(&like).filter(recently).map(|latest| latest.order)
    }

    fn note(&mut self, placement: Placement) {
        let Placement { like, order, at, occurred_at, .. } = placement;
        let before = self.latest.insert(like, Latest { order, at, occurred_at });
        self.placed.push_back(Placed { placement, before });
        let until = at - SUSPICION;
        while let Some(oldest) = self.placed.pop_front_if(|oldest| oldest.placement.at <= until) {
            if self.latest.get(&oldest.placement.like).is_some_and(|latest| latest.at <= until) {
                self.latest.remove(&oldest.placement.like);
            }
        }
        self.known_since = self.known_since.max(until);
    }

    /// Forgets what was planned and not appended.
    pub(crate) fn rollback(&mut self, head: Position) {
        while let Some(last) = self.placed.pop_back_if(|last| last.placement.position > head) {
            match last.before {
                Some(before) => self.latest.insert(last.placement.like, before),
                None => self.latest.remove(&last.placement.like),
            };
        }
    }

    /// Puts what was recalled before what is known.
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
            like: likeness(&provenance.actor.user, order),
            order: order.order_id,
            position,
            at: provenance.recorded_at,
            occurred_at: provenance.occurred_at,
        }
    }
}

/// The orders that some events placed.
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

/// Orders of one user are alike if they come to the same lines, prices, fee and note for the same customer. What stock
/// there was for them, and in which words and order they were asked for, does not matter.
fn likeness(user: &str, order: &OrderPlaced) -> Likeness {
    let line = |line: &PlacedLine| {
        let Amounts { gross, discount, tax } = line.amounts;
        (line.product_id, line.quantity, line.unit_price, gross, discount, tax)
    };
    let mut lines: Vec<_> = order.lines.iter().map(line).collect();
    lines.sort_unstable();
    let told = (user, order.customer_id, order.currency, order.tax_inclusive, order.shipping, &order.note, lines);
    let bytes = serde_json::to_vec(&told).expect("an order always has a JSON form");
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(bytes)[..16]);
    u128::from_be_bytes(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn placement(like: Likeness, n: i64, seconds: i64) -> Placement {
        Placement { like, order: OrderId(n), position: Position(n), at: at(seconds), occurred_at: at(seconds) }
    }

    /// The log's time stands still at a moment the clock once showed by mistake.
    #[test]
    fn an_order_is_forgotten_after_two_minutes_of_the_clock_too() {
        let mut recent = Recent::new(&Head::empty());
        recent.note(Placement { at: at(90_000), ..placement(7, 1, 1_000) });
        let find = |seconds| recent.find(7, at(90_000) - SUSPICION, at(seconds)).map(|order| order.0);
        assert_eq!((find(1_119), find(1_120)), (Some(1), None));
    }

    #[test]
    fn an_order_is_forgotten_after_two_minutes_and_what_was_not_appended_at_once() {
        let mut recent = Recent::new(&Head::empty());
        let note = |recent: &mut Recent, n: i64, seconds| recent.note(placement(7, n, seconds));
        let find = |recent: &Recent, seconds| recent.find(7, at(seconds) - SUSPICION, at(seconds)).map(|order| order.0);
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
    fn orders_are_alike_by_what_they_come_to() {
        let example = orderlog_domain::event::examples().into_iter().find_map(|event| match event {
            Event::OrderPlaced(order) => Some(order),
            _ => None,
        });
        let mut order = example.expect("an order among the examples");
        let other = PlacedLine { line: 2, quantity: 7, ..order.lines[0].clone() };
        order.lines.push(other);
        let like = likeness("ann", &order);
        let changed = |change: fn(&mut OrderPlaced)| {
            let mut changed = order.clone();
            change(&mut changed);
            likeness("ann", &changed)
        };
        let same: [fn(&mut OrderPlaced); 3] = [
            |order| order.order_id = OrderId(9_999),
            |order| order.lines.reverse(),
            |order| (order.lines[0].reserved, order.lines[0].backordered) = (0, 3),
        ];
        assert!(same.into_iter().all(|change| changed(change) == like));
        let different: [fn(&mut OrderPlaced); 6] = [
            |order| order.customer_id = orderlog_domain::ids::CustomerId(uuid::Uuid::nil()),
            |order| order.lines[1].quantity += 1,
            |order| order.lines[1].unit_price += 1,
            |order| order.lines[1].amounts.discount += 1,
            |order| order.shipping.net += 1,
            |order| order.note = Some("a gift".to_owned()),
        ];
        assert!(different.into_iter().all(|change| changed(change) != like));
        assert_ne!(likeness("bob", &order), like);
    }
}
