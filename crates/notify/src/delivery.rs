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
use orderlog_domain::decide::Shop;
use uuid::Uuid;

use orderlog_outgoing::Client;

use self::http::{Posted, post};
pub(crate) use self::{
    dkim::{Dkim, DkimEntry},
    key::Key,
    tried::Tried,
};
use crate::{
    content::Content,
    targets::{Address, Target, Targets},
    templates::{Form, Templates, Voice, Wording, in_words},
};

/// Bytes of a webhook's body.
pub(crate) const MAX_BODY_BYTES: usize = 20_000;

/// Sends messages.
pub struct Sender {
    pub(crate) targets: Targets,
    wording: Wording,
    web: Client,
    mail: Option<email::Mailer>,
}

impl Sender {
    /// Prepares what is needed for these targets, in the shop's way of writing. Connects to none.
    ///
    /// # Errors
    /// When TLS, the e-mail server's settings or a template cannot be used.
    pub fn new(
        targets: Targets,
        templates: &Templates,
        shop: &Shop,
        shop_name: Option<&str>,
    ) -> anyhow::Result<Arc<Sender>> {
        let mail = targets.smtp.as_ref().map(email::Mailer::new).transpose()?;
        let wording = Wording::new(templates, Voice::of(shop, shop_name));
        let wording = wording.map_err(|problems| anyhow::anyhow!(in_words(&problems)))?;
        Ok(Arc::new(Sender { targets, wording, web: Client::new()?, mail }))
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
                let [text, small] = self.words([Form::Slack, Form::SlackSmall], target, content, now);
                let body = slack::body(&text, &small);
                tried(post(&self.web, url, target.private, &[], body, now).await)
            }
            Address::Chat(url) => {
                let [text] = self.words([Form::Chat], target, content, now);
                let body = chat::body(&text);
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
                Some(mailer) => {
                    let forms = [Form::EmailSubject, Form::EmailText, Form::EmailHtml];
                    let [subject, text, html] = self.words(forms, target, content, now);
                    let unsubscribe = content.unsubscribe.clone();
                    mailer.send(to, id, email::Words { subject, text, html, unsubscribe }, now).await
                }
                None => Tried::Never { why: "no e-mail server is set up".to_owned() },
            },
        }
    }
}

impl Sender {
    fn words<const N: usize>(
        &self,
        forms: [Form; N],
        target: &Target,
        content: &Content,
        now: DateTime<Utc>,
    ) -> [String; N] {
        self.wording.words(forms, &target.name, target.template.as_deref(), content, now)
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
