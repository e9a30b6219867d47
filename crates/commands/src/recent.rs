//! Orders placed without an idempotency key within the last two minutes, on any node: the same request once more is
//! suspected of being the same order. Part of what a decision is made on, so a swap that succeeds proves it complete.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use orderlog_domain::{
    ids::{CommandId, OrderId, Position, StreamId},
    rejection::{Code, Rejection},
};
use orderlog_event_log::{Hash, Head, LogError, LogWriter, Recorded, chain};
use serde::Deserialize;
use serde_json::json;

use crate::{load, submission::Submission};

/// How long an identical order is suspected to be the same one.
const SUSPICION: TimeDelta = TimeDelta::seconds(120);
/// Events read at once when the past is recalled.
const PAGE_EVENTS: i64 = 2_000;
/// Commands looked up at once.
const LOOKED_UP: usize = 1_000;
/// Ids that the caller did not choose: those derived from idempotency keys have version 5.
const FRESH_ID: usize = 7;

const PLACED: &str = "OrderPlaced";

/// Who asked for what: the first half of a hash over both.
type Request = u128;

/// Kept for the two minutes in which they matter, about 100 bytes each.
#[derive(Debug)]
pub(crate) struct Recent {
    /// Everything recorded after this moment, up to the head the world reflects, is known.
    known_since: DateTime<Utc>,
    /// The latest order of each request.
    latest: HashMap<Request, (OrderId, DateTime<Utc>)>,
    /// Oldest first, each with what `latest` held before it.
    placed: VecDeque<Placed>,
}

#[derive(Debug, Clone, Copy)]
struct Placed {
    request: Request,
    order: OrderId,
    position: Position,
    at: DateTime<Utc>,
    before: Option<(OrderId, DateTime<Utc>)>,
}

/// An order as its event tells of it.
struct Placement {
    order: OrderId,
    position: Position,
    told: Told,
}

#[derive(Deserialize)]
struct Envelope {
    provenance: Told,
}

#[derive(Deserialize)]
struct Told {
    recorded_at: DateTime<Utc>,
    command_id: CommandId,
    actor: Who,
}

#[derive(Deserialize)]
struct Who {
    user: String,
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

    /// Refuses a command that seems to be sent for the second time.
    pub(crate) fn suspect(&self, submission: &Submission, head: &Head) -> Result<(), Rejection> {
        if !submission.suspect {
            return Ok(());
        }
        let request = request(&submission.request_hash, &submission.origin.actor.user);
        let Some(order) = self.find(request, since(submission, head)) else { return Ok(()) };
        let message = format!("An identical order, #{order}, was placed within the last two minutes.");
        Err(Rejection::new(Code::DuplicateSuspected, message)
            .hint("If the user wants a second one, repeat the call with allow_duplicate: true. An idempotency_key avoids the question.")
            .candidates(vec![json!({ "order_id": order })]))
    }

    /// Remembers an order that this node's batch places.
    pub(crate) fn note_own(&mut self, submission: &Submission, events: &[Recorded], at: DateTime<Utc>) {
        let Some(Recorded { stream: StreamId::Order(order), position, event_type, .. }) = events.first() else {
            return;
        };
        if event_type == PLACED && submission.command_id.0.get_version_num() == FRESH_ID {
            let request = request(&submission.request_hash, &submission.origin.actor.user);
            self.note(request, *order, *position, at);
        }
    }

    /// Remembers the orders that other nodes placed.
    pub(crate) async fn note_foreign(
        &mut self,
        connection: &mut LogWriter,
        events: &[Recorded],
    ) -> Result<(), LogError> {
        let placements = events.iter().map(Placement::of).filter_map(Result::transpose).collect::<Result<_, _>>()?;
        for (request, Placement { order, position, told }) in requested(connection, placements).await? {
            self.note(request, order, position, told.recorded_at);
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
        let known = self.placed.front().map_or(Position(i64::MAX), |oldest| oldest.position);
        let mut placements = vec![];
        let mut earlier = true;
        while earlier && end > Position::START {
            let start = Position((end.0 - PAGE_EVENTS).max(0));
            let page = connection.read(start, u32::try_from(end.0 - start.0).unwrap_or(0)).await?;
            let mut found = vec![];
            for recorded in page.iter().filter(|recorded| recorded.position < known) {
                found.extend(Placement::of(recorded)?);
            }
            let first = page.first().map(load::decode).transpose()?;
            earlier = first.is_some_and(|first| first.provenance.recorded_at > since);
            placements.splice(0..0, found);
            end = start;
        }
        let recalled = requested(connection, placements).await?;
        self.precede(recalled, since);
        Ok(())
    }

    fn find(&self, request: Request, since: DateTime<Utc>) -> Option<OrderId> {
        self.latest.get(&request).filter(|(_, at)| *at > since).map(|(order, _)| *order)
    }

    fn note(&mut self, request: Request, order: OrderId, position: Position, at: DateTime<Utc>) {
        let before = self.latest.insert(request, (order, at));
        self.placed.push_back(Placed { request, order, position, at, before });
        let until = at - SUSPICION;
        while let Some(oldest) = self.placed.pop_front_if(|oldest| oldest.at <= until) {
            if self.latest.get(&oldest.request).is_some_and(|(_, at)| *at <= until) {
                self.latest.remove(&oldest.request);
            }
        }
        self.known_since = self.known_since.max(until);
    }

    /// Forgets what was planned and not appended.
    pub(crate) fn rollback(&mut self, head: Position) {
        while let Some(last) = self.placed.pop_back_if(|last| last.position > head) {
            match last.before {
                Some(before) => self.latest.insert(last.request, before),
                None => self.latest.remove(&last.request),
            };
        }
    }

    /// Puts what was recalled before what is known.
    fn precede(&mut self, recalled: Vec<(Request, Placement)>, since: DateTime<Utc>) {
        let later = std::mem::take(&mut self.placed);
        self.latest.clear();
        for (request, Placement { order, position, told }) in recalled {
            self.note(request, order, position, told.recorded_at);
        }
        for Placed { request, order, position, at, .. } in later {
            self.note(request, order, position, at);
        }
        self.known_since = since;
    }
}

impl Placement {
    /// If the event placed an order and its caller chose no key.
    fn of(recorded: &Recorded) -> Result<Option<Placement>, LogError> {
        let StreamId::Order(order) = recorded.stream else { return Ok(None) };
        if recorded.event_type != PLACED {
            return Ok(None);
        }
        let Envelope { provenance: told } = serde_json::from_str(&recorded.json)
            .map_err(|error| LogError::Corrupt { position: recorded.position, what: error.to_string() })?;
        let fresh = told.command_id.0.get_version_num() == FRESH_ID;
        Ok(fresh.then_some(Placement { order, position: recorded.position, told }))
    }
}

/// What each was asked for with, from the commands' table.
async fn requested(
    connection: &mut LogWriter,
    placements: Vec<Placement>,
) -> Result<Vec<(Request, Placement)>, LogError> {
    let mut hashes = HashMap::with_capacity(placements.len());
    for some in placements.chunks(LOOKED_UP) {
        let ids: Vec<CommandId> = some.iter().map(|placement| placement.told.command_id).collect();
        let found = connection.find_commands(&ids).await?;
        hashes.extend(found.into_iter().map(|command| (command.command_id, command.request_hash)));
    }
    let requested = placements.into_iter().filter_map(|placement| {
        let hash = hashes.get(&placement.told.command_id)?;
        Some((request(hash, &placement.told.actor.user), placement))
    });
    Ok(requested.collect())
}

fn since(submission: &Submission, head: &Head) -> DateTime<Utc> {
    submission.now.max(head.recorded_at) - SUSPICION
}

fn request(hash: &Hash, user: &str) -> Request {
    let mut half = [0; 16];
    half.copy_from_slice(&chain(hash, user).0[..16]);
    u128::from_be_bytes(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn an_order_is_forgotten_after_two_minutes_and_what_was_not_appended_at_once() {
        let mut recent = Recent::new(&Head::empty());
        let note = |recent: &mut Recent, n: i64, seconds| recent.note(7, OrderId(n), Position(n), at(seconds));
        let find = |recent: &Recent, seconds| recent.find(7, at(seconds) - SUSPICION).map(|order| order.0);
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
        recent.note(8, OrderId(9), Position(9), at(2_000));
        assert_eq!((recent.latest.len(), recent.placed.len()), (1, 1));
    }
}
