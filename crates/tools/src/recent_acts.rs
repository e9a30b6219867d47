//! Recent acts in the shop: the log read backwards, its events grouped by the call that caused them.

use std::collections::HashMap;

use orderlog_domain::{
    commands,
    envelope::{self, Envelope, Provenance},
    event::Event,
    ids::{OrderId, Position, StreamId},
};
use orderlog_event_log::Log;
use uuid::Uuid;

use crate::failure::Failure;

/// Events read at once.
const PAGE_EVENTS: i64 = 500;
/// Events read for one question; older ones are reached by the cursor, or through the order itself.
pub(crate) const READ_EVENTS: i64 = 5_000;

/// The act of one call: one command, or the commands of a call about many orders.
pub(crate) struct RecentAct {
    /// The id with which the whole act can be undone.
    pub(crate) id: Uuid,
    /// Oldest first.
    pub(crate) events: Vec<Envelope<Event>>,
}

impl RecentAct {
    /// Who did it, when and why: equal for all events of the act, except for their places in the log.
    pub(crate) fn provenance(&self) -> &Provenance {
        &self.events[self.events.len() - 1].provenance
    }

    /// The last position of the act in the log.
    pub(crate) fn position(&self) -> Position {
        self.events.last().map_or(Position::START, |event| event.position)
    }

    /// Whether the act was a call about many orders.
    pub(crate) fn is_bulk(&self) -> bool {
        self.events.iter().any(|event| event.provenance.command_id.0 != self.id)
    }

    /// The act that this act undid, if it is an undo.
    pub(crate) fn takes_back(&self) -> Option<Uuid> {
        let cause = self.provenance().causation_id;
        self.events.iter().all(|event| event.provenance.command_id.0 != cause && cause != self.id).then_some(cause)
    }

    /// The orders that the act was about, without those whose waiting units it filled.
    pub(crate) fn orders(&self) -> Vec<OrderId> {
        let mut orders: Vec<OrderId> = self.events.iter().filter_map(about_order).collect();
        orders.sort_unstable();
        orders.dedup();
        orders
    }

    /// Whether events of this kind can be undone.
    pub(crate) fn can_be_taken_back(&self) -> bool {
        let of_orders = self.events.iter().filter(|event| about_order(event).is_some());
        if self.takes_back().is_some() {
            return false;
        }
        commands::Undo::can_take_back(of_orders.map(|event| event.event_type.as_ref()))
            || self.events.first().is_some_and(|first| commands::UndoStock::of(&first.data).is_some())
    }
}

/// The order that an event is about, unless the event only fills waiting units.
fn about_order(event: &Envelope<Event>) -> Option<OrderId> {
    match event.stream {
        StreamId::Order(id) if !matches!(event.data, Event::BackorderFilled(_)) => Some(id),
        _ => None,
    }
}

/// Acts of the log, latest first.
pub(crate) struct Recent {
    pub(crate) acts: Vec<RecentAct>,
    /// The last position that was not read, if there is one.
    pub(crate) earlier: Option<Position>,
    /// How many events were looked at, and whether these are all there are.
    pub(crate) looked_at: i64,
    pub(crate) is_all: bool,
}

impl Recent {
    /// The acts of events in the order of the log.
    pub(crate) fn of(events: Vec<Envelope<Event>>) -> Recent {
        let looked_at = i64::try_from(events.len()).unwrap_or(i64::MAX);
        let mut recent = Recent { acts: vec![], earlier: None, looked_at, is_all: true };
        let mut places = HashMap::new();
        events.into_iter().rev().for_each(|event| recent.take(event, &mut places));
        recent.acts.iter_mut().for_each(|act| act.events.reverse());
        recent
    }

    /// The acts up to a position, until there are `enough` or [`READ_EVENTS`] were looked at.
    pub(crate) async fn until(
        log: &Log,
        until: Position,
        enough: impl Fn(&[RecentAct]) -> bool + Send,
    ) -> Result<Recent, Failure> {
        let mut recent = Recent { acts: vec![], earlier: None, looked_at: 0, is_all: true };
        let mut places = HashMap::new();
        let floor = (until.0 - READ_EVENTS).max(0);
        let mut end = until.0;
        while end > floor {
            let start = (end - PAGE_EVENTS).max(floor);
            let page = log.read(Position(start), u32::try_from(end - start).unwrap_or(0)).await;
            for recorded in page.map_err(anyhow::Error::new)?.iter().rev() {
                recent.take(envelope::decode(&recorded.json).map_err(anyhow::Error::new)?, &mut places);
            }
            end = start;
            // The earliest may have begun before the page.
            if enough(&recent.acts[..recent.acts.len().saturating_sub(1)]) {
                break;
            }
        }
        (recent.looked_at, recent.is_all) = (until.0 - end, end == 0);
        recent.acts.iter_mut().for_each(|act| act.events.reverse());
        if end > 0 && recent.acts.len() > 1 {
            recent.earlier = recent.acts.pop().map(|act| act.position());
        }
        Ok(recent)
    }

    /// Latest first.
    fn take(&mut self, event: Envelope<Event>, places: &mut HashMap<Uuid, usize>) {
        let id = event.provenance.correlation_id;
        let place = *places.entry(id).or_insert_with(|| {
            self.acts.push(RecentAct { id, events: vec![] });
            self.acts.len() - 1
        });
        self.acts[place].events.push(event);
    }

    /// The acts that a later one of these undid.
    pub(crate) fn taken_back(&self) -> Vec<Uuid> {
        self.acts.iter().filter_map(RecentAct::takes_back).collect()
    }
}
