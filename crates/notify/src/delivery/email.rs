//! E-mail by SMTP: over TLS from the start (`smtps://`) or by STARTTLS (`smtp://`); in the clear on this machine only.

use std::{net::IpAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, MultiPart, header},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        response::Code,
    },
};
use uuid::Uuid;

use super::{dkim::Dkim, tried::Tried};
use crate::{content::subject, targets::Smtp};

/// Longest time for one e-mail.
const DEADLINE: Duration = Duration::from_secs(30);
/// What the e-mail server says of our signing in and not of the e-mail (RFC 4954): somebody mends a password, and it is taken.
const OF_SIGNING_IN: [u16; 4] = [530, 534, 535, 538];

/// What an e-mail says.
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
    /// The address that ends what asks for it.
    pub(super) unsubscribe: Option<String>,
}

pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    dkim: Option<Arc<Dkim>>,
}

impl Mailer {
    pub(crate) fn new(smtp: &Smtp) -> anyhow::Result<Mailer> {
        let host = smtp.url.host_str().unwrap_or_default();
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let builder = match smtp.url.scheme() {
            "smtps" => AsyncSmtpTransport::<Tokio1Executor>::relay(host),
            _ if is_here && smtp.authorities.is_none() => {
                Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(25))
            }
            _ => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host),
        };
        let mut builder = builder.context("the e-mail server cannot be used")?.timeout(Some(DEADLINE));
        if let Some(pem) = &smtp.authorities {
            let authority = Certificate::from_pem(pem).context("smtp: ca_file holds no certificates in PEM")?;
            let tls = TlsParameters::builder(host.to_owned()).add_root_certificate(authority).build_rustls()?;
            builder = builder.tls(if smtp.url.scheme() == "smtps" { Tls::Wrapper(tls) } else { Tls::Required(tls) });
        }
        if let Some(port) = smtp.url.port() {
            builder = builder.port(port);
        }
        if let Some(password) = smtp.url.password() {
            let decoded = |text: &str| percent_decoded(text);
            builder = builder.credentials(Credentials::new(decoded(smtp.url.username()), decoded(password)));
        }
        Ok(Mailer { transport: builder.build(), from: smtp.from.clone(), dkim: smtp.dkim.clone() })
    }

    pub(super) async fn send(&self, to: &Mailbox, id: Uuid, words: Words, now: DateTime<Utc>) -> Tried {
        let message = match self.message(to, id, words) {
            Ok(message) => message,
            Err(error) => return Tried::Never { why: format!("it cannot be written as e-mail: {error}") },
        };
        let plain = message.formatted();
        let written = match &self.dkim {
            Some(dkim) => dkim.sign(&plain, now),
            None => Some(plain),
        };
        let Some(written) = written else { return Tried::Never { why: "it cannot be signed (dkim)".to_owned() } };
        match tokio::time::timeout(DEADLINE, self.transport.send_raw(message.envelope(), &written)).await {
            Ok(Ok(_)) => Tried::Sent,
            // The server's words may repeat an address: only its code is kept.
            Ok(Err(error)) if error.is_permanent() && !error.status().is_some_and(is_of_signing_in) => {
                let code = error.status().map_or_else(String::new, |code| format!(" with {code}"));
                Tried::Never { why: format!("the e-mail server refused it{code}") }
            }
            Ok(Err(error)) => {
                let what = match error.status() {
                    Some(code) if is_of_signing_in(code) => format!("does not let us sign in ({code})"),
                    Some(code) => format!("said {code}"),
                    None if error.is_client() => {
                        "offers no STARTTLS, or no way to sign in that is known here".to_owned()
                    }
                    None => "cannot be reached, or its certificate does not hold".to_owned(),
                };
                Tried::Later { why: format!("the e-mail server {what}"), after: None }
            }
            Err(_) => Tried::Later { why: "the e-mail server did not answer in time".to_owned(), after: None },
        }
    }

    fn message(&self, to: &Mailbox, id: Uuid, words: Words) -> Result<Message, lettre::error::Error> {
        let domain = self.from.email.domain();
        let mut message = Message::builder();
        if let Some(address) = &words.unsubscribe {
            message = message
                .raw_header(raw("List-Unsubscribe", format!("<{address}>")))
                .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        }
        message
            .from(self.from.clone())
            .to(to.clone())
            .subject(subject(&words.subject))
            .message_id(Some(format!("<{id}@{domain}>")))
            .raw_header(raw("Auto-Submitted", "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(words.text, words.html))
    }
}

fn raw(name: &'static str, value: String) -> header::HeaderValue {
    header::HeaderValue::new(header::HeaderName::new_from_ascii_str(name), value)
}

/// User and password of a URL, as they were before they were written into it.
fn percent_decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn is_of_signing_in(code: Code) -> bool {
    OF_SIGNING_IN.contains(&code.into())
}
