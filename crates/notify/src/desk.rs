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
};
use uuid::Uuid;

/// Pauses before a message is tried again; after the last one it is given up.
const LADDER_SECONDS: [u64; 7] = [5, 30, 120, 600, 3_600, 21_600, 86_400];
/// Longest pause that a target may ask for.
const LONGEST_SECONDS: u64 = 86_400;
/// Messages that may wait for one target; more are given up at once, so that one dead target does not stop the others.
const OPEN_PER_TARGET: usize = 5_000;
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
    busy: Option<Place>,
    /// Nothing is sent before.
    resume: Option<DateTime<Utc>>,
    failures: u32,
}

impl Queue {
    /// The first message that is due and not behind another of the same order.
    fn next(&self, now: DateTime<Utc>) -> Option<(&Place, &Message)> {
        let mut behind: HashSet<OrderId> = HashSet::new();
        self.open.iter().find(|(_, message)| {
            let free = message.order_id.is_none_or(|order| behind.insert(order));
            free && message.not_before <= now
        })
    }

    fn next_time(&self) -> Option<DateTime<Utc>> {
        if self.busy.is_some() {
            return None;
        }
        let mut behind: HashSet<OrderId> = HashSet::new();
        let first = self.open.values().filter(|one| one.order_id.is_none_or(|order| behind.insert(order)));
        let due = first.map(|message| message.not_before).min()?;
        Some(self.resume.map_or(due, |resume| due.max(resume)))
    }
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
        if queue.open.len() >= OPEN_PER_TARGET {
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

    /// The next message for a target, which counts as under way until it is settled.
    pub(crate) fn take(&mut self, target: &str, now: DateTime<Utc>) -> Option<Message> {
        let queue = self.queues.get_mut(target)?;
        if queue.busy.is_some() || queue.resume.is_some_and(|resume| now < resume) {
            return None;
        }
        let (place, message) = queue.next(now)?;
        let (place, message) = (*place, message.clone());
        queue.busy = Some(place);
        Some(message)
    }

    /// When something is due next.
    pub(crate) fn next_time(&self) -> Option<DateTime<Utc>> {
        self.queues.values().filter_map(Queue::next_time).min()
    }

    /// The message was sent, given up or stopped. `once` as for [`Desk::add`].
    pub(crate) fn settle(&mut self, mut message: Message, outcome: Outcome, why: Option<String>, once: bool) {
        let place = (message.position, message.id);
        if let Some(queue) = self.queues.get_mut(&message.target) {
            queue.busy = queue.busy.filter(|busy| *busy != place);
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

    /// The try failed. Says whether the message is given up. `jitter` is from 0 to 1.
    pub(crate) fn failed(
        &mut self,
        mut message: Message,
        why: String,
        after: Option<Duration>,
        now: DateTime<Utc>,
        jitter: f32,
        once: bool,
    ) -> bool {
        let place = (message.position, message.id);
        message.tries += 1;
        let pause = LADDER_SECONDS.get(message.tries as usize - 1).copied();
        let asked = after.map(|after| after.as_secs().min(LONGEST_SECONDS));
        let pace = i64::from(self.pace);
        let scaled = |seconds: u64| TimeDelta::milliseconds(i64::try_from(seconds * 1_000).unwrap_or(i64::MAX) / pace);
        if let Some(queue) = self.queues.get_mut(&message.target) {
            queue.failures += 1;
            let rest = (queue.failures >= BREAK_AFTER)
                .then(|| (1_u64 << (queue.failures - BREAK_AFTER).min(6)).min(LONGEST_BREAK_SECONDS));
            // A target that says when to come back is left alone until then.
            let until = asked.max(rest).map(|seconds| now + scaled(seconds));
            queue.resume = queue.resume.max(until);
        }
        let Some(pause) = pause else {
            self.settle(message, Outcome::Dead, Some(why), once);
            return true;
        };
        #[expect(clippy::cast_possible_truncation, reason = "some milliseconds more or less")]
        let jitter = (pause as f32 * 100.0 * jitter) as i64 / pace;
        let pause = pause.max(asked.unwrap_or(0));
        message.not_before = now + scaled(pause) + TimeDelta::milliseconds(jitter);
        message.why = Some(why);
        if let Some(queue) = self.queues.get_mut(&message.target) {
            queue.busy = None;
            queue.open.insert(place, message.clone());
        }
        self.unknown.remove(&place);
        self.news.insert(place, message);
        false
    }

    /// A try that was not one: nobody could look up what the message tells of.
    pub(crate) fn put_back(&mut self, message: &Message, until: DateTime<Utc>) {
        if let Some(queue) = self.queues.get_mut(&message.target) {
            queue.busy = None;
            queue.resume = Some(until);
        }
    }

    /// A target takes no more than one message in this time.
    pub(crate) fn rest(&mut self, target: &str, now: DateTime<Utc>, rest: Duration) {
        if let Some(queue) = self.queues.get_mut(target) {
            let millis = i64::try_from(rest.as_millis()).unwrap_or(i64::MAX) / i64::from(self.pace);
            queue.resume = queue.resume.max(Some(now + TimeDelta::milliseconds(millis)));
        }
    }

    /// Settles every message that is open and not under way and fits, at once.
    pub(crate) fn settle_all(&mut self, fits: impl Fn(&Message) -> bool, outcome: Outcome, why: &str) -> usize {
        let open = self.queues.values().flat_map(|queue| {
            queue
                .open
                .iter()
                .filter(|(place, one)| queue.busy != Some(**place) && fits(one))
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
mod tests {
    use orderlog_domain::notifications::Watch;

    use super::*;

    const NOW: &str = "2026-11-20T10:00:00Z";

    fn now() -> DateTime<Utc> {
        NOW.parse().unwrap()
    }

    fn message(position: i64, order: i64) -> Message {
        Message {
            id: Uuid::from_u128(position as u128),
            rule_id: RuleId(1),
            target: "john".to_owned(),
            what: Watch::Shipped,
            position: Position(position),
            order_id: Some(OrderId(order)),
            product_id: None,
            tries: 0,
            outcome: Outcome::Waiting,
            not_before: now(),
            why: None,
        }
    }

    fn desk(messages: &[(i64, i64)]) -> Desk {
        let mut desk = Desk::new(1, Position(100), []);
        messages.iter().for_each(|(position, order)| desk.add(message(*position, *order), false));
        desk
    }

    fn fail(desk: &mut Desk, message: Message, after: Option<u64>, at: DateTime<Utc>) -> bool {
        desk.failed(message, "503".to_owned(), after.map(Duration::from_secs), at, 0.0, false)
    }

    #[test]
    fn one_orders_messages_stay_in_order_and_other_orders_do_not_wait() {
        let mut desk = desk(&[(1, 1001), (2, 1001), (3, 1002)]);
        let first = desk.take("john", now()).unwrap();
        assert_eq!(first.position, Position(1));
        assert!(desk.take("john", now()).is_none(), "one at a time");
        fail(&mut desk, first, None, now());
        let other = desk.take("john", now()).unwrap();
        assert_eq!(other.position, Position(3), "the second of order 1001 waits for the first");
        desk.settle(other, Outcome::Sent, None, false);
        assert!(desk.take("john", now()).is_none());
        assert_eq!(desk.next_time(), Some(now() + TimeDelta::seconds(5)));
        let again = desk.take("john", now() + TimeDelta::seconds(5)).unwrap();
        assert_eq!((again.position, again.tries), (Position(1), 1));
    }

    #[test]
    fn a_message_climbs_the_ladder_and_is_given_up_at_its_end() {
        let (mut desk, mut at, mut waits) = (desk(&[(1, 1001)]), now(), vec![]);
        loop {
            let message = desk.take("john", at).unwrap();
            if fail(&mut desk, message, None, at) {
                break;
            }
            let next = desk.next_time().unwrap();
            waits.push((next - at).num_seconds());
            at = next;
        }
        assert_eq!(waits, [5, 30, 120, 600, 3_600, 21_600, 86_400]);
        let news = desk.news().messages;
        assert_eq!((news.len(), news[0].outcome, news[0].tries), (1, Outcome::Dead, 8));
    }

    #[test]
    fn a_target_that_says_when_to_come_back_is_left_alone_until_then() {
        let mut desk = desk(&[(1, 1001), (2, 1002)]);
        let first = desk.take("john", now()).unwrap();
        fail(&mut desk, first, Some(40), now());
        assert!(desk.take("john", now() + TimeDelta::seconds(39)).is_none());
        assert!(desk.take("john", now() + TimeDelta::seconds(40)).is_some());
    }

    #[test]
    fn nothing_is_forgotten_when_the_log_is_told_how_far_it_went() {
        let mut desk = Desk::new(1, Position(2_000), []);
        (1..=600).for_each(|position| desk.add(message(position, position), false));
        assert!(!desk.has_news(), "messages that wait for the first time cost no event");
        let sent = desk.take("john", now()).unwrap();
        desk.settle(sent, Outcome::Sent, None, false);
        let news = desk.news();
        assert_eq!((news.messages.len(), news.through), (500, Position(500)));
        desk.recorded(&news.messages);
        let rest = desk.news();
        assert_eq!((rest.messages.len(), rest.through), (100, Position(2_000)));
    }

    #[test]
    fn a_rule_that_tells_once_has_one_message() {
        let mut desk = Desk::new(1, Position(100), []);
        desk.add(message(1, 1001), true);
        desk.add(message(2, 1001), true);
        let first = desk.take("john", now()).unwrap();
        desk.settle(first, Outcome::Stopped, None, true);
        desk.add(message(3, 1001), true);
        let third = desk.take("john", now()).unwrap();
        assert_eq!(third.position, Position(3), "what was stopped was not told");
        desk.settle(third, Outcome::Sent, None, true);
        desk.add(message(4, 1001), true);
        assert!(desk.take("john", now()).is_none());
    }
}
