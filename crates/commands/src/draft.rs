//! Deciding a batch: each command in turn, on the state the commands before it leave behind.

use std::{borrow::Cow, collections::HashSet, ops::Range, sync::Arc};

use chrono::{DateTime, SubsecRound, Utc};
use orderlog_domain::{
    decide::{Context, Decision, Refusal},
    envelope::{Envelope, Provenance},
    event::Event,
    ids::{CommandId, Position, StreamId, Version},
    rejection::Rejection,
    states::State,
};
use orderlog_event_log::{Batch, CommandRecord, Head, Recorded, chain};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    desk::Desk,
    history,
    submission::{Receipt, Submission},
    writer::Waiting,
};

/// Digits kept of a second: what both engines store.
const SUBSECOND_DIGITS: u16 = 6;

/// A batch in the making: commands that wait, and what those decided so far append and answer.
pub(crate) struct Draft {
    /// In the order in which they are decided; the first `outcomes.len()` are.
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) batch: Batch,
    /// Commands with a key of the caller's that were rejected: they may have been carried out before.
    pub(crate) doubtful: Vec<CommandId>,
    /// The ids in `waiting`.
    ids: HashSet<CommandId>,
}

pub(crate) enum Outcome {
    Decided(Box<Decided>),
    /// The answer to a dry run.
    Foreseen(Box<Receipt>),
    Rejected(Rejection),
}

pub(crate) struct Decided {
    subject: StreamId,
    before: Option<State>,
    after: State,
    warnings: Vec<String>,
    range: Range<usize>,
    position: Position,
}

impl Draft {
    /// Nothing yet, to be appended behind `head`.
    pub(crate) fn behind(head: Head) -> Draft {
        Draft {
            waiting: vec![],
            outcomes: vec![],
            batch: Batch { events: vec![], commands: vec![], head },
            doubtful: vec![],
            ids: HashSet::new(),
        }
    }

    /// Takes commands in. The same command sent twice at once: its repetitions are handed back, to come again when the
    /// first is settled and stands in the log.
    pub(crate) fn take_in(&mut self, arrived: impl IntoIterator<Item = Waiting>) -> Vec<Waiting> {
        let (new, repeated) = arrived.into_iter().partition(|waiting| self.ids.insert(waiting.submission.command_id));
        let mut new: Vec<Waiting> = new;
        self.waiting.append(&mut new);
        repeated
    }

    pub(crate) fn appends(&self) -> bool {
        !self.batch.commands.is_empty()
    }

    /// Forgets what was decided; the commands wait to be decided anew, behind another head.
    pub(crate) fn undecide(&mut self, head: Head) {
        let Draft { waiting, ids, .. } = std::mem::replace(self, Draft::behind(head));
        (self.waiting, self.ids) = (waiting, ids);
    }
}

impl Decided {
    pub(crate) fn receipt(self, submission: &Submission, batch: &Arc<[Recorded]>) -> Receipt {
        Receipt {
            command_id: submission.command_id,
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

/// What a decision needs and memory does not hold.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    pub(crate) streams: Vec<StreamId>,
    /// Orders placed since this moment.
    pub(crate) since: Option<DateTime<Utc>>,
}

impl Missing {
    pub(crate) fn is_empty(&self) -> bool {
        self.streams.is_empty() && self.since.is_none()
    }
}

impl Desk {
    /// Decides what the draft holds, in turn, until a decision needs what is not in memory: this comes back.
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
                Ok(decision) if submission.dry_run => self.foresee(submission, decision, &draft.batch.head),
                Ok(decision) => self.take(submission, decision, &mut draft.batch),
                Err(Refusal::Rejected(rejection)) => {
                    if submission.keyed && !submission.dry_run {
                        draft.doubtful.push(submission.command_id);
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
        };
        if submission.suspect
            && let Some(order) = submission.command.order_to_place(&self.states, &context)?
        {
            self.recent.suspect(submission, &order, head)?;
        }
        submission.command.decide(&self.states, &context)
    }

    /// The stream a decision asked for, and all that this command and those behind it are known to need: one reading
    /// serves them all.
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
        let provenance = self.provenance(submission, decision.subject, &batch.head);
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
                told: history::told(
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

    /// The receipt a dry run would have had, with the very events; the states stay as they are.
    fn foresee(&self, submission: &Submission, decision: Decision, head: &Head) -> Outcome {
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
        Outcome::Foreseen(Box::new(Receipt {
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
            // Rule O8, also where the day's start or zone was moved, or a clock put back, since the order's latest event.
            Some(State::Order(order)) => day.max(order.last_event_on),
            _ => day,
        };
        Provenance {
            occurred_at,
            // Never before its predecessor: after a clock that was ahead this stands still until the clock has come there,
            // while `occurred_at`, and with it the business date, tells what the clock says.
            recorded_at: submission.now.trunc_subsecs(SUBSECOND_DIGITS).max(head.recorded_at),
            business_date,
            actor: origin.actor.clone(),
            agent: origin.agent.clone(),
            command_id: *command_id,
            causation_id: origin.causation_id.unwrap_or(command_id.0),
            correlation_id: origin.correlation_id.unwrap_or(command_id.0),
            trace_id: origin.trace_id.clone(),
            reason: origin.reason.clone(),
            request_text: origin.request_text.clone(),
        }
    }
}

/// Gives a fact its place in the log and its canonical bytes, and moves the head behind it.
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

/// UUIDv7 of a command's nth event: its random part is derived, so that the same command decided again, after a lost
/// swap or on another engine, records the same id.
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
