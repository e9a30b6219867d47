//! One try: finds the words of messages to one target and sends them, together where it is told in digests.

use std::collections::BTreeSet;

use orderlog_domain::{event::Message, ids::RuleId};
use orderlog_tools::{OpenShop, unsubscribe_link};
use uuid::Uuid;

use crate::{
    compose::{Composed, compose},
    content::Content,
    delivery::{MAX_BODY_BYTES, Sender, Tried},
    targets::Target,
};

/// What a task that sends comes back with.
pub(super) struct Sent {
    pub(super) target: String,
    /// What was sent together, and what came of it; nothing where nothing was left to be told.
    pub(super) tried: Vec<Message>,
    pub(super) done: Done,
    /// What had no room beside them, or asks for other templates.
    pub(super) left: Vec<Message>,
    /// What there is nothing to tell of any more, and why.
    pub(super) stopped: Vec<(Message, &'static str)>,
}

/// What came of it.
pub(super) enum Done {
    Tried(Tried),
    /// The log could not be read.
    Unreadable(String),
}

/// Finds the words and sends them. `ended_by_link` are the rules that whoever gets the messages may end.
pub(super) async fn try_once(
    shop: &OpenShop,
    sender: &Sender,
    target: String,
    messages: Vec<Message>,
    ended_by_link: &BTreeSet<RuleId>,
) -> Sent {
    let (messages, mut left) = of_one_template(messages);
    let (mut tried, mut parts, mut stopped) = (vec![], vec![], vec![]);
    let mut unreadable = None;
    let to = sender.targets.find(&target);
    for message in messages {
        let composed = match (to, &unreadable) {
            (None, _) => Ok(Composed::Stop("there is no such target")),
            (Some(_), Some(_)) => {
                tried.push(message);
                continue;
            }
            (Some(to), None) => compose(shop, &message, to.names, message.tries == 0).await,
        };
        match composed {
            Ok(Composed::Content(content)) => {
                parts.push(*content);
                tried.push(message);
            }
            Ok(Composed::Stop(why)) => stopped.push((message, why)),
            Err(error) => {
                unreadable = Some(format!("{error:#}"));
                tried.push(message);
            }
        }
    }
    while unreadable.is_none()
        && parts.len() > 1
        && Content::digest(&parts).webhook(shop.clock.now()).len() > MAX_BODY_BYTES
    {
        parts.pop();
        left.extend(tried.pop());
    }
    let done = match (unreadable, to) {
        (Some(error), _) => Done::Unreadable(error),
        (None, Some(to)) if !tried.is_empty() => {
            Done::Tried(send(shop, sender, to, &tried, &parts, ended_by_link).await)
        }
        _ => Done::Tried(Tried::Sent),
    };
    Sent { target, tried, done, left, stopped }
}

/// Those that ask for the same templates as the first, and those that are sent after them: a digest has one layout. No message
/// of an order overtakes another of that order.
fn of_one_template(messages: Vec<Message>) -> (Vec<Message>, Vec<Message>) {
    let template = messages.first().and_then(|first| first.template.clone());
    let mut behind = BTreeSet::new();
    messages.into_iter().partition(|message| {
        let waits = message.template != template || message.order_id.is_some_and(|order| behind.contains(&order));
        behind.extend(message.order_id.filter(|_| waits));
        !waits
    })
}

async fn send(
    shop: &OpenShop,
    sender: &Sender,
    to: &Target,
    messages: &[Message],
    parts: &[Content],
    ended_by_link: &BTreeSet<RuleId>,
) -> Tried {
    let now = shop.clock.now();
    let rules: Vec<RuleId> = messages.iter().map(|one| one.rule_id).filter(|id| ended_by_link.contains(id)).collect();
    let unsubscribe = unsubscribe_link::address(shop, &rules);
    match (to.digest, parts) {
        (None, [content]) => sender.send(to, messages[0].id, &content.ended_at(unsubscribe), now).await,
        _ => {
            // Of the very messages that it holds: the same for every try.
            let ids: Vec<u8> = messages.iter().flat_map(|message| *message.id.as_bytes()).collect();
            let id = Uuid::new_v5(&messages[0].id, &ids);
            sender.send(to, id, &Content::digest(parts).ended_at(unsubscribe), now).await
        }
    }
}
