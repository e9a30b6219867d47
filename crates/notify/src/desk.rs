//! The messages of a node that delivers: what is sent next, what is tried again when, and what is still to be recorded. Pure.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use orderlog_domain::{
    event::{Message, Outcome},
    ids::{OrderId, Position, RuleId},
    limits,
    notifications::Watch,
};
use uuid::Uuid;

/// Pauses before a message is tried again; after the last one it is given up.
const LADDER_SECONDS: [u64; 7] = [5, 30, 120, 600, 3_600, 21_600, 86_400];
/// Longest pause that a target may ask for.
const LONGEST_SECONDS: u64 = 86_400;
/// Messages that may wait for one target; more are given up at once, so that one dead target does not stop the others.
const OPEN_PER_TARGET: usize = 5_000;
/// The same of orders that may have to be told of because they wait.
const WAITING_PER_TARGET: usize = 20_000;
/// Failures in a row after which a target is left alone for a while, and for how long at most.
const BREAK_AFTER: u32 = 3;
const LONGEST_BREAK_SECONDS: u64 = 60;

/// In the order of the log.
type Place = (Position, Uuid);

/// All messages under way.
pub(crate) struct Desk {
    /// Waits are divided by it; for tests.
    pace: u32,
    queues: BTreeMap<String, Queue>,
    /// What is not recorded yet, with what became of it.
    news: BTreeMap<Place, Message>,
    /// Open messages that the log does not know.
    unknown: BTreeSet<Place>,
    /// What rules that tell once have told.
    told: HashSet<(RuleId, Option<OrderId>)>,
    /// Events up to here were compared with the rules.
    pub(crate) matched: Position,
}

#[derive(Default)]
struct Queue {
    open: BTreeMap<Place, Message>,
    /// Under way: one message, or those of one digest.
    busy: BTreeSet<Place>,
    /// Nothing is sent before.
    resume: Option<DateTime<Utc>>,
    failures: u32,
}

/// Whether later messages about its order wait for it. That an order has yet to wait for days is told in no order.
fn holds_others_up(message: &Message) -> bool {
    message.what != Watch::Waiting || message.tries > 0
}

impl Queue {
    /// The first messages that are due at the same moment, and behind no other of the same order that is not among them.
    fn next(&self, now: DateTime<Utc>, at_most: usize) -> Vec<Message> {
        let mut behind: HashSet<OrderId> = HashSet::new();
        let mut due: Vec<Message> = vec![];
        for message in self.open.values() {
            let free = message.order_id.is_none_or(|order| !behind.contains(&order));
            let together = due.first().is_none_or(|first| first.not_before == message.not_before);
            if free && together && message.not_before <= now {
                due.push(message.clone());
            } else if holds_others_up(message) {
                behind.extend(message.order_id);
            }
            if due.len() == at_most {
                break;
            }
        }
        due
    }

    fn next_time(&self) -> Option<DateTime<Utc>> {
        if !self.busy.is_empty() {
            return None;
        }
        let mut behind: HashSet<OrderId> = HashSet::new();
        let first = self.open.values().filter(|one| match one.order_id {
            Some(order) if holds_others_up(one) => behind.insert(order),
            Some(order) => !behind.contains(&order),
            None => true,
        });
        let due = first.map(|message| message.not_before).min()?;
        Some(self.resume.map_or(due, |resume| due.max(resume)))
    }
}

/// Why a try failed, and when.
pub(crate) struct Failure {
    pub(crate) why: String,
    /// When the target wants to be asked again.
    pub(crate) after: Option<Duration>,
    pub(crate) now: DateTime<Utc>,
    /// From 0 to 1; the same for the messages of one digest, which stay together.
    pub(crate) jitter: f32,
}

impl Failure {
    /// Seconds.
    fn asked(&self) -> Option<u64> {
        self.after.map(|after| after.as_secs().min(LONGEST_SECONDS))
    }
}

fn scaled(seconds: u64, pace: u32) -> TimeDelta {
    TimeDelta::milliseconds(i64::try_from(seconds * 1_000).unwrap_or(i64::MAX) / i64::from(pace))
}

/// What is to be recorded next.
pub(crate) struct News {
    pub(crate) through: Position,
    pub(crate) messages: Vec<Message>,
}

impl Desk {
    /// Takes up the messages that wait, as the log has them.
    pub(crate) fn new(pace: u32, matched: Position, waiting: impl IntoIterator<Item = Message>) -> Desk {
        let mut desk = Desk {
            pace: pace.max(1),
            queues: BTreeMap::new(),
            news: BTreeMap::new(),
            unknown: BTreeSet::new(),
            told: HashSet::new(),
            matched,
        };
        for message in waiting {
            desk.put(message);
        }
        desk
    }

    fn put(&mut self, message: Message) {
        let queue = self.queues.entry(message.target.clone()).or_default();
        queue.open.insert((message.position, message.id), message);
    }

    /// A new message. `once` is of a rule that tells once: a second one is dropped.
    pub(crate) fn add(&mut self, message: Message, once: bool) {
        let about = (message.rule_id, message.order_id);
        let queue = self.queues.entry(message.target.clone()).or_default();
        if once {
            let same = |one: &Message| one.rule_id == about.0 && one.order_id == about.1;
            if self.told.contains(&about) || queue.open.values().any(same) {
                return;
            }
        }
        let place = (message.position, message.id);
        let waits = message.what == Watch::Waiting;
        let like_it = || queue.open.values().filter(|one| (one.what == Watch::Waiting) == waits).count();
        let most = if waits { WAITING_PER_TARGET } else { OPEN_PER_TARGET };
        if queue.open.len() >= most && like_it() >= most {
            let why = Some("too many messages wait for its target".to_owned());
            self.news.insert(place, Message { outcome: Outcome::Dead, why, ..message });
            return;
        }
        self.unknown.insert(place);
        queue.open.insert(place, message);
    }

    /// A message that was given up is tried again.
    pub(crate) fn again(&mut self, message: Message) {
        self.put(message);
    }

    /// Targets for which something may be open.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.queues.iter().filter(|(_, queue)| !queue.open.is_empty()).map(|(name, _)| name.clone()).collect()
    }

    /// The next messages for a target that are sent together, which count as under way until they are settled.
    pub(crate) fn take(&mut self, target: &str, now: DateTime<Utc>, at_most: usize) -> Vec<Message> {
        let Some(queue) = self.queues.get_mut(target) else { return vec![] };
        if !queue.busy.is_empty() || queue.resume.is_some_and(|resume| now < resume) {
            return vec![];
        }
        let messages = queue.next(now, at_most);
        queue.busy = messages.iter().map(|message| (message.position, message.id)).collect();
        messages
    }

    /// When something is due next.
    pub(crate) fn next_time(&self) -> Option<DateTime<Utc>> {
        self.queues.values().filter_map(Queue::next_time).min()
    }

    /// The message was sent, given up or stopped. `once` as for [`Desk::add`].
    pub(crate) fn settle(&mut self, mut message: Message, outcome: Outcome, why: Option<String>, once: bool) {
        let place = (message.position, message.id);
        if let Some(queue) = self.queues.get_mut(&message.target) {
            queue.busy.remove(&place);
            queue.open.remove(&place);
            if outcome == Outcome::Sent {
                queue.failures = 0;
            }
        }
        if once && outcome != Outcome::Stopped {
            self.told.insert((message.rule_id, message.order_id));
        }
        (message.outcome, message.why) = (outcome, why);
        self.unknown.remove(&place);
        self.news.insert(place, message);
    }

    /// A try failed: the target is left alone for as long as it asked for, and longer after several failures.
    pub(crate) fn missed(&mut self, target: &str, failure: &Failure) {
        let Some(queue) = self.queues.get_mut(target) else { return };
        queue.failures += 1;
        let rest = (queue.failures >= BREAK_AFTER)
            .then(|| (1_u64 << (queue.failures - BREAK_AFTER).min(6)).min(LONGEST_BREAK_SECONDS));
        let until = failure.asked().max(rest).map(|seconds| failure.now + scaled(seconds, self.pace));
        queue.resume = queue.resume.max(until);
    }

    /// The same for one of its messages. Says whether it is given up.
    pub(crate) fn failed(&mut self, mut message: Message, failure: &Failure, once: bool) -> bool {
        let place = (message.position, message.id);
        message.tries += 1;
        let pause = LADDER_SECONDS.get(message.tries as usize - 1).copied();
        let Some(pause) = pause else {
            self.settle(message, Outcome::Dead, Some(failure.why.clone()), once);
            return true;
        };
        #[expect(clippy::cast_possible_truncation, reason = "some milliseconds more or less")]
        let jitter = (pause as f32 * 100.0 * failure.jitter) as i64 / i64::from(self.pace);
        let pause = pause.max(failure.asked().unwrap_or(0));
        message.not_before = failure.now + scaled(pause, self.pace) + TimeDelta::milliseconds(jitter);
        message.why = Some(failure.why.clone());
        if let Some(queue) = self.queues.get_mut(&message.target) {
            queue.busy.remove(&place);
            queue.open.insert(place, message.clone());
        }
        self.unknown.remove(&place);
        self.news.insert(place, message);
        false
    }

    /// A try that was not one: nobody could look up what the message tells of, or there was no room for it.
    pub(crate) fn put_back(&mut self, message: &Message, until: DateTime<Utc>) {
        if let Some(queue) = self.queues.get_mut(&message.target) {
            queue.busy.remove(&(message.position, message.id));
            queue.resume = queue.resume.max(Some(until));
        }
    }

    /// A target takes no more than one message in this time.
    pub(crate) fn rest(&mut self, target: &str, now: DateTime<Utc>, rest: Duration) {
        if let Some(queue) = self.queues.get_mut(target) {
            let millis = i64::try_from(rest.as_millis()).unwrap_or(i64::MAX) / i64::from(self.pace);
            queue.resume = queue.resume.max(Some(now + TimeDelta::milliseconds(millis)));
        }
    }

    /// A target takes nothing before this moment.
    pub(crate) fn hold(&mut self, target: &str, until: DateTime<Utc>) {
        if let Some(queue) = self.queues.get_mut(target) {
            queue.resume = queue.resume.max(Some(until));
        }
    }

    /// Settles every message that is open and not under way and fits, at once.
    pub(crate) fn settle_all(&mut self, fits: impl Fn(&Message) -> bool, outcome: Outcome, why: &str) -> usize {
        let open = self.queues.values().flat_map(|queue| {
            queue
                .open
                .iter()
                .filter(|(place, one)| !queue.busy.contains(place) && fits(one))
                .map(|(_, one)| one.clone())
        });
        let open: Vec<Message> = open.collect();
        let count = open.len();
        for message in open {
            self.settle(message, outcome, Some(why.to_owned()), false);
        }
        count
    }

    /// Whether there is news to record.
    pub(crate) fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// What to record: news, and open messages that would be forgotten once `through` has passed them.
    pub(crate) fn news(&self) -> News {
        let open = self.queues.values().flat_map(|queue| queue.open.iter());
        let unknown = open.filter(|(place, _)| self.unknown.contains(place));
        let mut all: BTreeMap<Place, Message> = unknown.map(|(place, one)| (*place, one.clone())).collect();
        all.extend(self.news.iter().map(|(place, one)| (*place, one.clone())));
        let rest = all.keys().nth(limits::MESSAGES_PER_EVENT).copied();
        let through = rest.map_or(self.matched, |(position, _)| self.matched.min(Position(position.0 - 1)));
        let messages = all.into_values().take(limits::MESSAGES_PER_EVENT).collect();
        News { through, messages }
    }

    /// The log has them now.
    pub(crate) fn recorded(&mut self, messages: &[Message]) {
        for message in messages {
            let place = (message.position, message.id);
            self.unknown.remove(&place);
            self.news.remove(&place);
        }
    }
}

#[cfg(test)]
mod tests;
