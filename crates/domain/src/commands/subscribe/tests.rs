//! Rules of notifications, and rules that make no sense and are refused.

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{
    commands::{
        Command, EnableTarget, HandleNotifications, ReplayNotifications, SetHold, Ship, Unsubscribe, UpdateStatus,
    },
    event::{Event, Message, Outcome},
    ids::Position,
    notifications::Notifications,
    testing::{Story, input, types},
};

fn subscribe(more: Value) -> Command {
    let mut arguments = json!({ "target": "john", "when": ["shipped"] });
    arguments.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    input::<Subscribe>(arguments)
}

fn shop() -> (Story, OrderId) {
    let mut story = Story::new();
    story.product("A", "1.00", json!({})).stocked("A", 9);
    let order_id = story.ordered(&[("A", 1)]);
    (story, order_id)
}

fn all(story: &Story) -> &Notifications {
    story.states.notifications().expect("loaded")
}

fn message(id: u128, position: i64, order_id: OrderId, outcome: Outcome) -> Message {
    Message {
        id: Uuid::from_u128(id),
        rule_id: RuleId(1),
        target: "john".to_owned(),
        what: Watch::Shipped,
        position: Position(position),
        order_id: Some(order_id),
        product_id: None,
        tries: 1,
        outcome,
        not_before: "2026-11-20T10:00:00Z".parse().expect("a time"),
        why: None,
        template: None,
    }
}

fn handled(through: i64, messages: &[Message]) -> HandleNotifications {
    HandleNotifications {
        through: Position(through),
        messages: messages.to_vec(),
        disabled: vec![],
        owner_told: vec![],
    }
}

#[test]
fn the_owner_is_told_of_each_target_once_an_hour() {
    let (mut story, order_id) = shop();
    story.at("2026-11-20T10:00:00+05:30");
    let dead =
        |id: u128, position| Message { why: Some("410".to_owned()), ..message(id, position, order_id, Outcome::Dead) };
    let open = |story: &Story| {
        let notice = all(story).notices.get("john").filter(|notice| !notice.told);
        notice.map(|notice| notice.message.as_u128())
    };
    let told = |through| HandleNotifications { owner_told: vec!["john".to_owned()], ..handled(through, &[]) };
    story.done(handled(110, &[dead(1, 108)]));
    story.done(handled(112, &[dead(2, 111)]));
    assert_eq!(open(&story), Some(1), "the first is told");
    story.done(told(112));
    assert_eq!(open(&story), None);
    assert!(story.done(told(112)).facts.is_empty(), "what was told is recorded once");
    story.at("2026-11-20T10:59:00+05:30").done(handled(114, &[dead(3, 113)]));
    assert_eq!(open(&story), None, "within the hour");
    story.at("2026-11-20T11:01:00+05:30").done(handled(116, &[dead(4, 115)]));
    assert_eq!(open(&story), Some(4));
    story.at("2026-11-28T11:02:00+05:30").done(handled(118, &[]));
    assert_eq!(open(&story), None, "old news is none");
    story.done(HandleNotifications { disabled: vec!["john".to_owned()], ..handled(120, &[]) });
    story.done(handled(122, &[dead(5, 121)]));
    assert_eq!(open(&story), Some(5), "it wants no more messages");
    story.done(told(122));
    story.at("2026-12-28T11:02:00+05:30").done(handled(124, &[dead(6, 123)]));
    assert_eq!(open(&story), None, "that was told");
}

#[test]
fn what_was_given_up_before_is_told_of_no_more() {
    let old = r#"{"through":10,"messages":[{"id":"00000000-0000-0000-0000-000000000001","rule_id":1,"target":"john",
        "what":"shipped","position":9,"order_id":1001,"tries":1,"outcome":"dead","not_before":"2026-11-20T10:00:00Z","why":"410"}]}"#;
    let Event::NotificationsHandled(lifted) = Event::decode("NotificationsHandled", 4, old).expect("an old event")
    else {
        panic!("another event")
    };
    assert_eq!(lifted.owner_told, ["john"]);
}

#[test]
fn who_waits_is_told_of_after_a_time_that_must_be_said() {
    let (mut story, order_id) = shop();
    for (more, told) in [
        (json!({ "when": ["waiting"] }), "how many seconds"),
        (json!({ "when": ["waiting"], "grace": 0 }), "how many seconds"),
        (json!({ "when": ["waiting", "shipped"], "grace": 60 }), "a rule of its own"),
        (json!({ "when": ["waiting"], "grace": limits::WAITING_SECONDS + 1 }), "at most"),
        (json!({ "when": ["shipped"], "grace": limits::GRACE_SECONDS + 1 }), "at most"),
    ] {
        let refused = story.refused(subscribe(more.clone())).message;
        assert!(refused.contains(told), "{more}: {refused}");
    }
    story.done(subscribe(json!({ "when": ["late"], "grace": 3 * 86_400, "order_ids": [order_id] })));
    story.done(input::<Ship>(json!({ "order_id": order_id })));
    let late = subscribe(json!({ "when": ["waiting"], "grace": 60, "order_ids": [order_id] }));
    assert_eq!(story.refused(late).code, Code::IllegalTransition, "it left");
}

#[test]
fn a_rule_is_recorded_once_and_ends_when_asked() {
    let (mut story, order_id) = shop();
    let done = story.done(subscribe(json!({ "when": ["Dispatched"], "order_ids": [order_id] })));
    let Event::NotificationSubscribed(fact) = &done.facts[0].1 else { panic!("subscribed") };
    assert_eq!((fact.rule_id, &fact.rule.when[..], fact.rule.once), (RuleId(1), &[Watch::Shipped][..], true));
    assert_eq!(fact.rule.grace_seconds, 60);
    assert!(story.done(subscribe(json!({ "order_ids": [order_id] }))).facts.is_empty(), "it is there already");
    story.done(subscribe(json!({ "when": ["payment"], "min_total": "100.00" })));
    assert_eq!(all(&story).rules.len(), 2);
    assert_eq!(types(&story.done(Unsubscribe { rule_id: RuleId(1) })), ["NotificationUnsubscribed"]);
    let refused = story.refused(Unsubscribe { rule_id: RuleId(1) });
    assert_eq!((refused.code, refused.field.as_deref()), (Code::NotFound, Some("rule_id")));
}

#[test]
fn what_is_true_already_is_not_told_unless_asked_for() {
    let (mut story, order_id) = shop();
    let second = story.ordered(&[("A", 1)]);
    story.done(input::<Ship>(json!({ "order_id": order_id })));
    let refused = story.refused(subscribe(json!({ "order_ids": [order_id] })));
    assert_eq!(refused.code, Code::AlreadyTrue);
    assert_eq!(refused.message, "Order #1001 is shipped already; nobody was told.");
    let done = story.done(subscribe(json!({ "order_ids": [order_id, second] })));
    let Event::NotificationSubscribed(fact) = &done.facts[0].1 else { panic!("subscribed") };
    assert_eq!((&fact.rule.order_ids[..], done.warnings.len()), (&[second][..], 1), "the rest is still to come");
    let done = story.done(subscribe(json!({ "order_ids": [order_id], "already": true })));
    let Event::NotificationSubscribed(fact) = &done.facts[0].1 else { panic!("subscribed") };
    assert_eq!(fact.already, [order_id]);
    story.done(input::<UpdateStatus>(json!({ "order_id": order_id, "status": "delivered" })));
    assert_eq!(story.refused(subscribe(json!({ "order_ids": [order_id] }))).code, Code::AlreadyTrue);
    story.done(input::<UpdateStatus>(json!({ "order_id": second, "status": "cancelled" })));
    assert_eq!(story.refused(subscribe(json!({ "order_ids": [second] }))).code, Code::IllegalTransition);
}

#[test]
fn what_is_so_already_is_told_at_once_where_that_is_asked() {
    let (mut story, order_id) = shop();
    let mut asked = |more: Value| {
        let done = story.done(subscribe(more));
        let fact = done.facts.iter().find_map(|(_, fact)| match fact {
            Event::NotificationSubscribed(fact) => Some((fact.already.clone(), fact.at_once)),
            _ => None,
        });
        (fact, done.warnings)
    };
    let low = json!({ "when": ["low_stock"], "already": true });
    assert_eq!(asked(low.clone()), (Some((vec![], true)), vec![]));
    let (again, warned) = asked(low);
    assert!(again.is_none() && warned[0].contains("was not told"), "{warned:?}");
    assert_eq!(asked(json!({ "when": ["low_stock"], "product": "A" })).0, Some((vec![], false)));
    assert_eq!(asked(json!({ "when": ["waiting"], "grace": 60, "already": true })).0, Some((vec![], true)));
    let (all, warned) = asked(json!({ "when": ["shipped"], "already": true }));
    assert_eq!(all, Some((vec![], false)));
    assert!(warned[0].starts_with("Nothing is told at once"), "{warned:?}");
    let placed = json!({ "when": ["placed", "shipped"], "order_ids": [order_id], "already": true });
    assert_eq!(asked(placed), (Some((vec![order_id], false)), vec![]));
    let held = json!({ "when": ["held"], "order_ids": [order_id], "already": true });
    assert_eq!(asked(held.clone()).0, Some((vec![], false)), "it is not");
    story.done(input::<SetHold>(json!({ "order_id": order_id, "on": true })));
    let done = story.done(subscribe(held));
    let Event::NotificationSubscribed(fact) = &done.facts[0].1 else { panic!("subscribed") };
    assert_eq!(fact.already, [order_id]);
    let refused = story.refused(subscribe(json!({ "when": ["placed"], "order_ids": [order_id] })));
    assert_eq!(refused.message, "Order #1001 is placed already; nobody was told.");
}

#[test]
fn nonsense_is_refused() {
    let (mut story, order_id) = shop();
    for (more, field) in [
        (json!({ "when": ["eaten"] }), "when[0]"),
        (json!({ "when": [] }), "when"),
        (json!({ "target": " " }), "target"),
        (json!({ "min_total": "1e3" }), "min_total"),
        (json!({ "expires": "2020-01-01T00:00:00Z" }), "expires"),
        (json!({ "when": ["low_stock"], "order_ids": [order_id] }), "order_ids"),
        (json!({ "order_ids": [7] }), "order_id"),
        (json!({ "product": "NONE" }), "product"),
    ] {
        assert_eq!(story.refused(subscribe(more.clone())).field.as_deref(), Some(field), "{more}");
    }
}

#[test]
fn a_message_that_was_sent_ends_a_rule_that_tells_once() {
    let (mut story, first) = shop();
    let second = story.ordered(&[("A", 1)]);
    story.done(subscribe(json!({ "order_ids": [first, second] })));
    story.done(handled(10, &[message(1, 10, first, Outcome::Waiting)]));
    assert_eq!((all(&story).through, all(&story).waiting.len()), (Position(10), 1));
    story.done(handled(12, &[message(1, 10, first, Outcome::Sent)]));
    assert!(all(&story).waiting.is_empty());
    assert_eq!(all(&story).rules[&RuleId(1)].rule.order_ids, [second], "the other is still to be told");
    story.done(handled(13, &[message(2, 13, second, Outcome::Sent)]));
    assert!(all(&story).rules.is_empty());
}

#[test]
fn news_of_another_node_that_came_too_late_change_nothing() {
    let (mut story, order_id) = shop();
    story.done(subscribe(json!({ "order_ids": [order_id] })));
    story.done(handled(10, &[message(1, 10, order_id, Outcome::Sent)]));
    let late = story.done(handled(10, &[message(1, 10, order_id, Outcome::Waiting)]));
    assert!(late.facts.is_empty(), "it is settled: {late:?}");
    assert!(story.done(handled(9, &[])).facts.is_empty());
    assert_eq!(
        types(&story.done(handled(11, &[message(2, 11, order_id, Outcome::Waiting)]))),
        ["NotificationsHandled"]
    );
}

#[test]
fn what_was_given_up_is_replayed_by_command() {
    let (mut story, order_id) = shop();
    story.done(subscribe(json!({})));
    let dead = message(1, 10, order_id, Outcome::Dead);
    story.done(HandleNotifications { disabled: vec!["john".to_owned()], ..handled(10, std::slice::from_ref(&dead)) });
    assert_eq!((all(&story).dead.len(), all(&story).disabled.contains("john")), (1, true));
    assert_eq!(story.refused(ReplayNotifications { messages: vec![Uuid::nil()] }).code, Code::NotFound);
    assert_eq!(types(&story.done(EnableTarget { target: "john".to_owned() })), ["NotificationTargetEnabled"]);
    assert!(story.done(EnableTarget { target: "john".to_owned() }).facts.is_empty());
    story.done(ReplayNotifications { messages: vec![dead.id] });
    let waiting = &all(&story).waiting[&dead.id];
    assert_eq!((waiting.tries, waiting.outcome, all(&story).dead.len()), (0, Outcome::Waiting, 0));
}
