//! The batch being decided: each command in turn, on the states that result from the commands before it.

use std::{borrow::Cow, collections::HashSet, ops::Range, sync::Arc};

use chrono::{DateTime, SubsecRound, Utc};
use orderlog_domain::{
    decide::{Context, Decision, Refusal, Shop},
    envelope::{Envelope, Provenance},
    event::Event,
    guarded::{Guarded, GuardedAct},
    ids::{CommandId, Position, StreamId, Version},
    rejection::Rejection,
    states::{State, States},
};
use orderlog_event_log::{Batch, CommandRecord, Head, Recorded, chain};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    duplicates::RecentOrders,
    replayed_receipt,
    submission::{Receipt, Submission, Waiting},
};

/// Digits of a second that both engines store.
const SUBSECOND_DIGITS: u16 = 6;

/// A batch while its commands are being decided.
pub(crate) struct Draft {
    /// Commands in the order in which they are decided; the first `outcomes.len()` are decided.
    pub(crate) waiting: Vec<Waiting>,
    outcomes: Vec<Outcome>,
    /// The events that the commands decided so far append.
    pub(crate) batch: Batch,
    /// Rejected commands whose id the caller chose: they may have been carried out before.
    pub(crate) maybe_done: Vec<CommandId>,
    /// The ids in `waiting`.
    ids: HashSet<CommandId>,
}

enum Outcome {
    Decided(Box<Decided>),
    DryRun(Box<Receipt>),
    Rejected(Rejection),
}

struct Decided {
    subject: StreamId,
    before: Option<State>,
    after: State,
    warnings: Vec<String>,
    /// The place of its events in the batch.
    range: Range<usize>,
    position: Position,
}

impl Draft {
    /// A draft without commands, to be appended after `head`.
    pub(crate) fn after(head: Head) -> Draft {
        Draft {
            waiting: vec![],
            outcomes: vec![],
            batch: Batch { events: vec![], commands: vec![], head },
            maybe_done: vec![],
            ids: HashSet::new(),
        }
    }

    /// Adds commands. Commands whose id is in the draft already are returned: they are answered from the log, once the
    /// first command is in it.
    pub(crate) fn add(&mut self, arrived: impl IntoIterator<Item = Waiting>) -> Vec<Waiting> {
        let (new, repeated) = arrived.into_iter().partition(|waiting| self.ids.insert(waiting.submission.command_id));
        let mut new: Vec<Waiting> = new;
        self.waiting.append(&mut new);
        repeated
    }

    /// Whether the batch has something to append.
    pub(crate) fn appends(&self) -> bool {
        !self.batch.commands.is_empty()
    }

    /// Makes every command undecided, so that it is decided again on another head.
    pub(crate) fn reset(&mut self, head: Head) {
        let Draft { waiting, ids, .. } = std::mem::replace(self, Draft::after(head));
        (self.waiting, self.ids) = (waiting, ids);
    }

    /// Answers every command of a batch that is durable with these events.
    pub(crate) fn answer(self, events: &Arc<[Recorded]>) {
        for (waiting, outcome) in self.waiting.into_iter().zip(self.outcomes) {
            let answer = match outcome {
                Outcome::Decided(decided) => Ok(decided.receipt(waiting.submission.command_id, events)),
                Outcome::DryRun(receipt) => Ok(*receipt),
                Outcome::Rejected(rejection) => Err(rejection.into()),
            };
            waiting.answer(answer);
        }
    }
}

impl Decided {
    fn receipt(self, command_id: CommandId, batch: &Arc<[Recorded]>) -> Receipt {
        Receipt {
            command_id,
            subject: self.subject,
            position: self.position,
            before: self.before,
            after: self.after,
            warnings: self.warnings,
            readings: None,
            replayed: false,
            dry_run: false,
            batch: Arc::clone(batch),
            range: self.range,
        }
    }
}

/// The streams that the next decision needs and that are not loaded.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    pub(crate) streams: Vec<StreamId>,
    /// Orders placed since this time.
    pub(crate) since: Option<DateTime<Utc>>,
}

impl Missing {
    pub(crate) fn is_empty(&self) -> bool {
        self.streams.is_empty() && self.since.is_none()
    }
}

/// The states on which commands are decided. They reflect the log up to its head, then the batch that is being
/// appended, then the draft.
pub(crate) struct Decider {
    shop: Shop,
    pub(crate) states: States,
    pub(crate) recent: RecentOrders,
}

impl Decider {
    /// Nothing is loaded yet.
    pub(crate) fn new(shop: Shop, head: &Head) -> Decider {
        Decider { shop, states: States::default(), recent: RecentOrders::new(head) }
    }

    /// Unloads everything.
    pub(crate) fn clear(&mut self, head: &Head) {
        self.states = States::default();
        self.recent = RecentOrders::new(head);
    }

    /// Undoes every change that the log, which ends at `head`, does not have.
    pub(crate) fn rollback(&mut self, head: Position) {
        self.states.rollback();
        self.recent.rollback(head);
    }

    /// Decides the commands of a draft in turn. Stops when a decision needs a stream that is not loaded, and returns
    /// that stream.
    pub(crate) fn decide(&mut self, draft: &mut Draft) -> Missing {
        while let Some(this) = draft.waiting.get(draft.outcomes.len()) {
            let (submission, head) = (&this.submission, &draft.batch.head);
            let since = self.recent.unknown(submission, head);
            if since.is_some() {
                return Missing { since, ..Missing::default() };
            }
            let outcome = match self.decide_one(submission, head) {
                Err(Refusal::Missing(stream)) => {
                    let streams = self.missing(&draft.waiting[draft.outcomes.len()..], stream);
                    return Missing { streams, since: None };
                }
                Ok(decision) if submission.dry_run => self.dry_run(submission, decision, &draft.batch.head),
                Ok(decision) => self.take(submission, decision, &mut draft.batch),
                Err(Refusal::Rejected(rejection)) => {
                    if submission.keyed && !submission.dry_run {
                        draft.maybe_done.push(submission.command_id);
                    }
                    Outcome::Rejected(rejection)
                }
            };
            draft.outcomes.push(outcome);
        }
        Missing::default()
    }

    fn decide_one(&self, submission: &Submission, head: &Head) -> Result<Decision, Refusal> {
        let context = Context {
            now: submission.now,
            occurred_at: submission.occurred_at,
            next_order: head.next_order,
            shop: &self.shop,
            names: &submission.names,
            expected_version: submission.expected_version,
            ask: submission.ask,
        };
        if submission.ask.repeated
            && let Some(order) = submission.command.order_to_place(&self.states, &context)?
        {
            self.recent.check_duplicate(submission, &order, head)?;
        }
        let decision = submission.command.decide(&self.states, &context)?;
        let guarded = self.guarded(submission, &decision);
        if !guarded.is_empty() && submission.origin.confirmed_by.is_none() && !submission.dry_run {
            return Err(Rejection::nobody_agreed(guarded).into());
        }
        Ok(decision)
    }

    /// The part of a decision to which a person must agree in this shop.
    fn guarded(&self, submission: &Submission, decision: &Decision) -> Guarded {
        let wanted = self.shop.confirmed_by_people;
        if wanted.is_empty() || decision.facts.is_empty() {
            return Guarded::NONE;
        }
        // One of many orders that one call changes.
        let of_many = submission.origin.correlation_id.map(|_| GuardedAct::Bulk);
        decision.guarded().and(of_many).among(wanted)
    }

    /// The stream that a decision asked for, and all streams that this command and those after it are known to need: they
    /// are read at once.
    fn missing(&self, waiting: &[Waiting], asked_for: StreamId) -> Vec<StreamId> {
        let known = waiting.iter().flat_map(|w| w.submission.command.needs(&w.submission.names));
        let mut streams: Vec<StreamId> = known.filter(|stream| !self.states.contains(*stream)).collect();
        streams.push(asked_for);
        streams.sort_unstable();
        streams.dedup();
        streams
    }

    /// Adds the facts of a decision to the batch and to the states.
    fn take(&mut self, submission: &Submission, decision: Decision, batch: &mut Batch) -> Outcome {
        let before = self.existing(decision.subject);
        let mut provenance = self.provenance(submission, decision.subject, &batch.head);
        if !self.guarded(submission, &decision).is_empty() {
            provenance.confirmed_by = submission.origin.confirmed_by.clone();
        }
        let start = batch.events.len();
        for (stream, event) in &decision.facts {
            self.states.evolve(*stream, event, &provenance);
            let version = self.states.get(*stream).map_or(Version::NONE, State::version);
            let recorded = record(event, *stream, version, &provenance, batch.events.len() - start, &mut batch.head);
            if let Event::OrderPlaced(order) = event {
                self.recent.note_own(order, recorded.position, &provenance);
            }
            batch.events.push(recorded);
        }
        let range = start..batch.events.len();
        if submission.keyed || !range.is_empty() {
            batch.commands.push(CommandRecord {
                command_id: submission.command_id,
                request_hash: submission.request_hash,
                first: Position(batch.head.position.0 - range.len() as i64 + 1),
                last: batch.head.position,
                told: replayed_receipt::to_keep(
                    range.is_empty().then_some(decision.subject),
                    &decision.warnings,
                    submission.readings.as_ref(),
                ),
            });
        }
        Outcome::Decided(Box::new(Decided {
            subject: decision.subject,
            before,
            after: self.existing(decision.subject).unwrap_or_else(|| State::empty(decision.subject)),
            warnings: decision.warnings,
            range,
            position: batch.head.position,
        }))
    }

    /// The receipt that a command would have, with its events. Changes no state.
    fn dry_run(&self, submission: &Submission, decision: Decision, head: &Head) -> Outcome {
        let provenance = self.provenance(submission, decision.subject, head);
        let position = head.position;
        let mut head = head.clone();
        let mut states: Vec<State> = Vec::new();
        let mut events = Vec::new();
        for (stream, event) in &decision.facts {
            let known = states.iter().position(|state| state.stream() == *stream).unwrap_or_else(|| {
                states.push(self.states.get(*stream).cloned().unwrap_or_else(|| State::empty(*stream)));
                states.len() - 1
            });
            states[known].evolve(event, &provenance);
            let version = states[known].version();
            events.push(record(event, *stream, version, &provenance, events.len(), &mut head));
        }
        let before = self.existing(decision.subject);
        let after = states.into_iter().find(|state| state.stream() == decision.subject);
        Outcome::DryRun(Box::new(Receipt {
            command_id: submission.command_id,
            subject: decision.subject,
            position,
            after: after.or_else(|| before.clone()).unwrap_or_else(|| State::empty(decision.subject)),
            before,
            warnings: decision.warnings,
            readings: None,
            replayed: false,
            dry_run: true,
            range: 0..events.len(),
            batch: events.into(),
        }))
    }

    fn existing(&self, stream: StreamId) -> Option<State> {
        self.states.get(stream).filter(|state| state.version() > Version::NONE).cloned()
    }

    fn provenance(&self, submission: &Submission, subject: StreamId, head: &Head) -> Provenance {
        let Submission { origin, command_id, .. } = submission;
        let occurred_at = submission.occurred_at.trunc_subsecs(SUBSECOND_DIGITS);
        let day = self.shop.calendar.business_date(occurred_at);
        let business_date = match self.states.get(subject) {
            // Rule O8, also where the zone, the start of the day or a clock was changed since the latest event of the order.
            Some(State::Order(order)) => day.max(order.last_event_on),
            _ => day,
        };
        Provenance {
            occurred_at,
            // Never earlier than the event before it. After a clock that was ahead, `recorded_at` does not change until
            // the clock has reached it; `occurred_at`, and the business date with it, follows the clock.
            recorded_at: submission.now.trunc_subsecs(SUBSECOND_DIGITS).max(head.recorded_at),
            business_date,
            actor: origin.actor.clone(),
            agent: origin.agent.clone(),
            confirmed_by: None,
            command_id: *command_id,
            causation_id: origin.causation_id.unwrap_or(command_id.0),
            correlation_id: origin.correlation_id.unwrap_or(command_id.0),
            trace_id: origin.trace_id.clone(),
            reason: origin.reason.clone(),
            request_text: origin.request_text.clone(),
        }
    }
}

/// Gives a fact its place in the log, serializes it once, and moves the head to it.
fn record(
    event: &Event,
    stream: StreamId,
    version: Version,
    provenance: &Provenance,
    nth: usize,
    head: &mut Head,
) -> Recorded {
    let position = head.position.next();
    let envelope = Envelope {
        id: event_id(provenance.command_id, nth, provenance.recorded_at),
        stream,
        version,
        position,
        event_type: Cow::Borrowed(event.event_type()),
        schema: event.schema(),
        provenance: provenance.clone(),
        data: event,
    };
    let json = serde_json::to_string(&envelope).expect("an event always has a JSON form");
    head.position = position;
    head.hash = chain(&head.hash, &json);
    head.recorded_at = provenance.recorded_at;
    if let Event::OrderPlaced(placed) = event {
        head.next_order = placed.order_id.next();
    }
    Recorded { position, stream, version, event_type: event.event_type().to_owned(), hash: head.hash, json }
}

/// UUIDv7 of a command's nth event. Its random part is derived from the command: a command that is decided again, after a
/// lost swap or on another engine, records the same id.
fn event_id(command: CommandId, nth: usize, at: DateTime<Utc>) -> Uuid {
    let mut hasher = Sha256::new();
    hasher.update(command.0.as_bytes());
    hasher.update((nth as u64).to_be_bytes());
    let digest = hasher.finalize();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
