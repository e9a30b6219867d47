//! Sends what is due, and takes in what came of it: one message at a time for each target, or one digest.

use std::{collections::BTreeSet, sync::Arc};

use chrono::TimeDelta;
use orderlog_domain::{
    event::{Message, Outcome},
    ids::RuleId,
};
use orderlog_tools::unsubscribe_link;
use tokio::time::Duration;

use super::{
    Work,
    attempt::{Done, Sent, try_once},
};
use crate::{delivery::Tried, desk::Failure, digest::DIGEST_MESSAGES, targets::Address};

/// Slack takes one message a second, and so does Google Chat.
const CHAT_REST: Duration = Duration::from_secs(1);

impl Work<'_> {
    /// Starts what is due.
    pub(super) fn send_what_is_due(&mut self) {
        let now = self.now();
        for name in self.desk.targets() {
            let target = self.of.sender.targets.find(&name);
            let target = target.filter(|_| !self.has_left(&name));
            let Some(target) = target else {
                let known = self.of.sender.targets.find(&name).is_some();
                let why = if known { "the target wants no more messages" } else { "there is no such target any more" };
                self.desk.settle_all(|message| message.target == name, Outcome::Dead, why);
                continue;
            };
            if let Some(end) = target.quiet.and_then(|quiet| quiet.end(&self.of.shop.settings.calendar, now)) {
                self.desk.hold(&name, end);
            }
            let messages = self.desk.take(&name, now, if target.digest.is_some() { DIGEST_MESSAGES } else { 1 });
            if !messages.is_empty() {
                let (shop, sender) = (Arc::clone(&self.of.shop), Arc::clone(&self.of.sender));
                let ended_by_link = self.ended_by_link(&messages);
                self.sending.spawn(async move { try_once(&shop, &sender, name, messages, &ended_by_link).await });
            }
        }
    }

    /// Rules of these messages that a link in them may end.
    fn ended_by_link(&self, messages: &[Message]) -> BTreeSet<RuleId> {
        let may = |id: &RuleId| self.all.rules.get(id).is_some_and(unsubscribe_link::may_end);
        messages.iter().map(|message| message.rule_id).filter(may).collect()
    }

    pub(super) fn settle(&mut self, sent: Sent) {
        let now = self.now();
        let Sent { target, tried, done, left, stopped } = sent;
        if let Some(Address::Slack(_) | Address::Chat(_)) =
            self.of.sender.targets.find(&target).map(|target| &target.address)
        {
            self.desk.rest(&target, now, CHAT_REST);
        }
        for (message, why) in stopped {
            let once = self.once(message.rule_id);
            self.desk.settle(message, Outcome::Stopped, Some(why.to_owned()), once);
        }
        left.iter().for_each(|message| self.desk.put_back(message, now));
        if tried.is_empty() {
            return;
        }
        match done {
            Done::Tried(Tried::Sent) => self.over(tried, Outcome::Sent, None),
            Done::Tried(Tried::Later { why, after }) => {
                let failure = Failure { why, after, now, jitter: rand::random() };
                self.desk.missed(&target, &failure);
                for message in tried {
                    let once = self.once(message.rule_id);
                    if self.desk.failed(message.clone(), &failure, once) {
                        self.given_up(&message, &failure.why);
                    }
                }
            }
            Done::Tried(Tried::Never { why }) => self.over(tried, Outcome::Dead, Some(&why)),
            Done::Tried(Tried::Gone) => {
                self.gone.push(target);
                self.over(tried, Outcome::Dead, Some("the target wants no more messages (410)"));
            }
            Done::Unreadable(error) => {
                tracing::warn!(error, target, "what a message tells of cannot be read");
                tried.iter().for_each(|message| self.desk.put_back(message, now + TimeDelta::seconds(1)));
            }
        }
    }

    /// They were sent, or never will be.
    fn over(&mut self, tried: Vec<Message>, outcome: Outcome, why: Option<&str>) {
        for message in tried {
            if let Some(why) = why {
                self.given_up(&message, why);
            }
            let once = self.once(message.rule_id);
            let message = Message { tries: message.tries + 1, ..message };
            self.desk.settle(message, outcome, why.map(str::to_owned), once);
        }
    }
}
