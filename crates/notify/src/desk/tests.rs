//! The desk, without a log: order, tries, digests.

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
        template: None,
    }
}

fn desk(messages: &[(i64, i64)]) -> Desk {
    let mut desk = Desk::new(1, Position(100), []);
    messages.iter().for_each(|(position, order)| desk.add(message(*position, *order), false));
    desk
}

/// The next message alone.
fn take(desk: &mut Desk, at: DateTime<Utc>) -> Option<Message> {
    desk.take("john", at, 1).pop()
}

fn fail(desk: &mut Desk, message: Message, after: Option<u64>, at: DateTime<Utc>) -> bool {
    let failure = Failure { why: "503".to_owned(), after: after.map(Duration::from_secs), now: at, jitter: 0.0 };
    desk.missed(&message.target, &failure);
    desk.failed(message, &failure, false)
}

#[test]
fn one_orders_messages_stay_in_order_and_other_orders_do_not_wait() {
    let mut desk = desk(&[(1, 1001), (2, 1001), (3, 1002)]);
    let first = take(&mut desk, now()).unwrap();
    assert_eq!(first.position, Position(1));
    assert!(take(&mut desk, now()).is_none(), "one at a time");
    fail(&mut desk, first, None, now());
    let other = take(&mut desk, now()).unwrap();
    assert_eq!(other.position, Position(3), "the second of order 1001 waits for the first");
    desk.settle(other, Outcome::Sent, None, false);
    assert!(take(&mut desk, now()).is_none());
    assert_eq!(desk.next_time(), Some(now() + TimeDelta::seconds(5)));
    let again = take(&mut desk, now() + TimeDelta::seconds(5)).unwrap();
    assert_eq!((again.position, again.tries), (Position(1), 1));
}

#[test]
fn a_message_climbs_the_ladder_and_is_given_up_at_its_end() {
    let (mut desk, mut at, mut waits) = (desk(&[(1, 1001)]), now(), vec![]);
    loop {
        let message = take(&mut desk, at).unwrap();
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
    let first = take(&mut desk, now()).unwrap();
    fail(&mut desk, first, Some(40), now());
    assert!(take(&mut desk, now() + TimeDelta::seconds(39)).is_none());
    assert!(take(&mut desk, now() + TimeDelta::seconds(40)).is_some());
}

#[test]
fn nothing_is_forgotten_when_the_log_is_told_how_far_it_went() {
    let mut desk = Desk::new(1, Position(2_000), []);
    (1..=600).for_each(|position| desk.add(message(position, position), false));
    assert!(!desk.has_news(), "messages that wait for the first time cost no event");
    let sent = take(&mut desk, now()).unwrap();
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
    let first = take(&mut desk, now()).unwrap();
    desk.settle(first, Outcome::Stopped, None, true);
    desk.add(message(3, 1001), true);
    let third = take(&mut desk, now()).unwrap();
    assert_eq!(third.position, Position(3), "what was stopped was not told");
    desk.settle(third, Outcome::Sent, None, true);
    desk.add(message(4, 1001), true);
    assert!(take(&mut desk, now()).is_none());
}

#[test]
fn a_digest_stays_together_and_keeps_the_order() {
    let mut desk = desk(&[(1, 1001), (2, 1001), (3, 1002)]);
    let later = Message { not_before: now() + TimeDelta::seconds(60), ..message(4, 1001) };
    desk.add(later, false);
    let together = desk.take("john", now(), 40);
    assert_eq!(together.iter().map(|one| one.position.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(desk.take("john", now(), 40).is_empty(), "one digest at a time");
    let failure = Failure { why: "503".to_owned(), after: None, now: now(), jitter: 0.5 };
    desk.missed("john", &failure);
    together.into_iter().for_each(|one| assert!(!desk.failed(one, &failure, false)));
    let at = now() + TimeDelta::seconds(6);
    assert_eq!(desk.take("john", at, 2).len(), 2, "no more than may stand in one");
    let mut desk = self::desk(&[(1, 1001), (2, 1002)]);
    let first = take(&mut desk, now()).unwrap();
    fail(&mut desk, first, None, now());
    desk.add(message(3, 1001), false);
    let next = desk.take("john", now(), 40);
    assert_eq!(next.len(), 1, "order 1001 waits for its first message");
    assert_eq!(next[0].position, Position(2));
}
