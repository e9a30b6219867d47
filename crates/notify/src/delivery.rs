//! Sends one message to one target, and says what came of it.

mod chat;
mod dkim;
mod email;
mod http;
mod key;
mod slack;
mod tried;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use orderlog_outgoing::Client;

use self::http::{Posted, post};
pub(crate) use self::{
    dkim::{Dkim, DkimEntry},
    key::Key,
    tried::Tried,
};
use crate::{
    compose::Content,
    targets::{Address, Target, Targets},
};

/// Bytes of a webhook's body.
pub(crate) const MAX_BODY_BYTES: usize = 20_000;

/// Sends messages.
pub struct Sender {
    pub(crate) targets: Targets,
    web: Client,
    mail: Option<email::Mailer>,
}

impl Sender {
    /// Prepares what is needed for these targets. Connects to none.
    ///
    /// # Errors
    /// When TLS or the e-mail server's settings cannot be used.
    pub fn new(targets: Targets) -> anyhow::Result<Arc<Sender>> {
        let mail = targets.smtp.as_ref().map(email::Mailer::new).transpose()?;
        Ok(Arc::new(Sender { targets, web: Client::new()?, mail }))
    }

    /// Sends a message of an operator to see whether it arrives.
    ///
    /// # Errors
    /// With what went wrong.
    pub async fn test(&self, name: &str, now: DateTime<Utc>, id: Uuid) -> anyhow::Result<()> {
        let target = self.targets.find(name).ok_or_else(|| anyhow::anyhow!("there is no target {name}"))?;
        match self.send(target, id, &Content::plain("test", "This is a test of Orderlog."), now).await {
            Tried::Sent => Ok(()),
            Tried::Gone => anyhow::bail!("{name} wants no messages (410)"),
            Tried::Later { why, .. } | Tried::Never { why } => anyhow::bail!("{name}: {why}"),
        }
    }

    /// Tries once.
    pub(crate) async fn send(&self, target: &Target, id: Uuid, content: &Content, now: DateTime<Utc>) -> Tried {
        match &target.address {
            Address::Slack(url) => {
                let body = slack::body(content);
                tried(post(&self.web, url, target.private, &[], body, now).await)
            }
            Address::Chat(url) => {
                let body = chat::body(content);
                tried(post(&self.web, url, target.private, &[], body, now).await)
            }
            Address::Webhook { url, keys } => {
                let body = content.webhook(now);
                if body.len() > MAX_BODY_BYTES {
                    return Tried::Never { why: format!("it has {} bytes, too many for a webhook", body.len()) };
                }
                let (id, timestamp) = (format!("msg_{}", id.simple()), now.timestamp().to_string());
                let signed: Vec<String> = keys.iter().map(|key| key.sign(&id, &timestamp, &body)).collect();
                let headers =
                    [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signed.join(" "))];
                tried(post(&self.web, url, target.private, &headers, body, now).await)
            }
            Address::Email(to) => match &self.mail {
                Some(mailer) => mailer.send(to, id, content, now).await,
                None => Tried::Never { why: "no e-mail server is set up".to_owned() },
            },
        }
    }
}

/// What an answer means, by Standard Webhooks. Redirects are failures.
fn tried(posted: Result<Posted, http::Failed>) -> Tried {
    match posted {
        Ok(Posted { status: 200..=299, .. }) => Tried::Sent,
        Ok(Posted { status: 410, .. }) => Tried::Gone,
        Ok(Posted { status, retry_after }) => {
            Tried::Later { why: format!("the endpoint answered {status}"), after: retry_after }
        }
        Err(http::Failed::Forbidden(why)) => Tried::Never { why },
        Err(http::Failed::Later(why)) => Tried::Later { why, after: None },
    }
}
