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
use maud::{DOCTYPE, html};
use uuid::Uuid;

use super::{dkim::Dkim, tried::Tried};
use crate::{compose::Content, targets::Smtp};

/// Longest time for one e-mail.
const DEADLINE: Duration = Duration::from_secs(30);
/// Characters of a subject; longer ones are cut by what shows them.
const SUBJECT_CHARS: usize = 120;
/// What the e-mail server says of our signing in and not of the e-mail (RFC 4954): somebody mends a password, and it is taken.
const OF_SIGNING_IN: [u16; 4] = [530, 534, 535, 538];

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

    pub(crate) async fn send(&self, to: &Mailbox, id: Uuid, content: &Content, now: DateTime<Utc>) -> Tried {
        let message = match self.message(to, id, content) {
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

    fn message(&self, to: &Mailbox, id: Uuid, content: &Content) -> Result<Message, lettre::error::Error> {
        let subject = subject(&content.text);
        let facts: Vec<String> = content.facts.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let domain = self.from.email.domain();
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head { meta charset="utf-8"; title { (subject) } }
                body {
                    @for line in content.text.lines() { p { (line) } }
                    @if !content.facts.is_empty() {
                        table { @for (name, value) in &content.facts { tr { th align="left" { (name) } td { (value) } } } }
                    }
                    @if let Some(address) = content.unsubscribe() { p { a href=(address) { "Stop these messages" } } }
                }
            }
        };
        let stop = content.unsubscribe().map(|address| format!("\nStop these messages: {address}\n"));
        let words = format!("{}\n\n{}{}", content.text, facts.concat(), stop.unwrap_or_default());
        let mut message = Message::builder();
        if let Some(address) = content.unsubscribe() {
            message = message
                .raw_header(raw("List-Unsubscribe", format!("<{address}>")))
                .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        }
        message
            .from(self.from.clone())
            .to(to.clone())
            .subject(subject)
            .message_id(Some(format!("<{id}@{domain}>")))
            .raw_header(raw("Auto-Submitted", "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(words, page.into_string()))
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

/// The first line. A dot in it may be that of an amount or of a name, so only a long line is cut, where a sentence ends.
fn subject(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let end = line.char_indices().nth(SUBJECT_CHARS).map_or(line.len(), |(at, _)| at);
    let short = match &line[..end] {
        whole if end == line.len() => whole,
        cut => cut.rsplit_once(". ").or_else(|| cut.rsplit_once(' ')).map_or(cut, |(before, _)| before),
    };
    short.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_says_the_whole_amount_and_the_whole_name() {
        for (text, said) in [
            ("Order #1001 was placed: 2 units for ₹1,234.50.", "Order #1001 was placed: 2 units for ₹1,234.50"),
            ("Dr. Pepper (DP) is out of stock.", "Dr. Pepper (DP) is out of stock"),
            ("2 messages.\nOrder #1 is now shipped.", "2 messages"),
            ("", ""),
        ] {
            assert_eq!(subject(text), said);
        }
        let long = format!("Messages could not be delivered. {}", "₹ ".repeat(200));
        assert_eq!(subject(&long), "Messages could not be delivered");
        assert_eq!(subject(&"₹".repeat(200)).chars().count(), SUBJECT_CHARS);
    }
}
