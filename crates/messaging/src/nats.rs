//! The connection to NATS: opened once, kept by the client through outages, refused if the server cannot carry a log.

use std::{
    error::Error,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{Client, connection::State, jetstream};
use futures::{StreamExt, future::BoxFuture};
use orderlog_domain::ids::Position;
use orderlog_event_log::Hash;
use tokio::{sync::watch, time::Instant};
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, info, warn};

use crate::{
    access::Access,
    cloud_event::{CloudEvent, CloudEventError},
    error::{NatsError, StreamError},
    reminder::Reminder,
};

/// Oldest server whose JetStream has `first_sequence` and the consumer options that readers use.
const OLDEST_SERVER: (u64, u64) = (2, 10);

/// How long a start waits for the server before it continues without it.
const FIRST_CONNECT_WAIT: Duration = Duration::from_secs(2);

/// Longest pause between attempts to reconnect.
const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// Bound on every JetStream request and acknowledgement.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// Messages that the client buffers for us; it drops more, and feeds then read the log.
const KEPT_MESSAGES: usize = 8_192;

/// How long an error that the server sent explains a failure.
const COMPLAINT_LASTS: Duration = Duration::from_secs(10);

/// A NATS server and the name of the stream that carries the log there. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Nats {
    pub(crate) link: Arc<Link>,
}

/// The shared part of the clones of one [`Nats`].
#[derive(Debug)]
pub(crate) struct Link {
    access: Access,
    client: Client,
    pub(crate) jetstream: jetstream::Context,
    pub(crate) stream: String,
    /// The latest event that any relay published.
    pub(crate) heard: watch::Receiver<Option<Heard>>,
    /// Whether the relay has found that the stream belongs to this log. Until then, announcements are ignored.
    ours: Arc<AtomicBool>,
    complaint: Arc<Complaint>,
    _listener: AbortOnDropHandle<()>,
}

/// An event as NATS announced it: only its position and hash. The event itself is read from the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) position: Position,
    pub(crate) hash: Hash,
}

/// The latest error from the server, such as a missing permission: the requests that need the permission only time out.
#[derive(Debug)]
struct Complaint(Mutex<Option<(Instant, String)>>);

impl Nats {
    /// Connects. A server that cannot be reached, or that refuses the credentials, is not an error here: the client
    /// keeps trying, the log is used without it, and the relay's status says why.
    ///
    /// # Errors
    /// When a name or a credential is malformed, or the server is too old or without JetStream.
    pub fn connect(access: Access) -> BoxFuture<'static, Result<Nats, NatsError>> {
        Box::pin(async move {
            access.check()?;
            let (connected, mut first_connect) = watch::channel(());
            let complaint = Arc::new(Complaint(Mutex::new(None)));
            let told = Arc::clone(&complaint);
            let client = access
                .options()?
                .retry_on_initial_connect()
                .subscription_capacity(KEPT_MESSAGES)
                .reconnect_delay_callback(reconnect_delay)
                .event_callback(move |event| {
                    if matches!(event, async_nats::Event::Connected) {
                        connected.send_replace(());
                    }
                    told.hear(&event);
                    async {}
                })
                .connect(access.addresses())
                .await?;
            let mut jetstream = jetstream::new(client.clone());
            jetstream.set_timeout(REQUEST_TIMEOUT);
            let (hear, heard) = watch::channel(None);
            let ours = Arc::new(AtomicBool::new(false));
            let messages = client.subscribe(subjects_of(&access)).await?;
            let listener = tokio::spawn(listen(messages, Arc::clone(&ours), hear));
            let stream = access.stream.clone();
            let servers = access.servers();
            let _listener = AbortOnDropHandle::new(listener);
            let nats =
                Nats { link: Arc::new(Link { access, client, jetstream, stream, heard, ours, complaint, _listener }) };

            match tokio::time::timeout(FIRST_CONNECT_WAIT, first_connect.changed()).await {
                Ok(_) => nats.check_server().await?,
                Err(_) => {
                    let why = nats.why_unreachable().await;
                    warn!(servers, why, "NATS cannot be reached yet; events stay in the log until it can");
                }
            }
            Ok(nats)
        })
    }

    /// Whether the connection is up.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.link.client.connection_state() == State::Connected
    }

    /// Every subject the log is published under.
    pub(crate) fn subjects(&self) -> String {
        subjects_of(&self.link.access)
    }

    /// First part of every subject.
    pub(crate) fn subject_prefix(&self) -> &str {
        &self.link.access.subject_prefix
    }

    /// The error that the server sent a moment ago.
    pub(crate) fn complaint(&self) -> Option<String> {
        self.link.complaint.latest()
    }

    /// Starts or stops listening to the messages under our subjects.
    pub(crate) fn listen(&self, ours: bool) {
        self.link.ours.store(ours, Ordering::Relaxed);
    }

    /// Checks that the connected server can carry a log.
    pub(crate) async fn check_server(&self) -> Result<(), StreamError> {
        if !self.is_connected() {
            return Err(StreamError::Unreachable { why: self.why_unreachable().await });
        }
        let server = self.link.client.server_info();
        check_version(&server.version)?;
        if server.jetstream { Ok(()) } else { Err(StreamError::NoJetStream) }
    }

    /// The client gives no reasons while it tries to reconnect, so another connection is tried to find the reason.
    async fn why_unreachable(&self) -> String {
        let Ok(options) = self.link.access.options() else { return "the credentials cannot be used".to_owned() };
        let attempt = options.connection_timeout(FIRST_CONNECT_WAIT).connect(self.link.access.addresses());
        match tokio::time::timeout(FIRST_CONNECT_WAIT, attempt).await {
            Ok(Err(error)) => with_sources(&error),
            Ok(Ok(_)) => "it has just come back".to_owned(),
            Err(_) => "it does not answer".to_owned(),
        }
    }
}

fn subjects_of(access: &Access) -> String {
    format!("{}.v1.>", access.subject_prefix)
}

/// An error with its causes, each text once.
fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

/// Notes published events as they are published. This is not a JetStream consumer, on purpose (ADR 2): it needs neither
/// the stream nor its disk, and a feed finds missing events in any case.
async fn listen(mut messages: async_nats::Subscriber, ours: Arc<AtomicBool>, hear: watch::Sender<Option<Heard>>) {
    let mut reminder = Reminder::new();
    while let Some(message) = messages.next().await {
        if !ours.load(Ordering::Relaxed) {
            continue;
        }
        match read(&message.payload) {
            Ok(heard) => drop(hear.send_replace(Some(heard))),
            Err(error) => {
                if reminder.is_due(message.subject.as_str()) {
                    warn!(subject = %message.subject, %error, "ignoring a message that is no event of ours");
                }
            }
        }
    }
}

fn read(payload: &[u8]) -> Result<Heard, CloudEventError> {
    let event = CloudEvent::parse(payload)?;
    Ok(Heard { position: event.position()?, hash: event.hash()? })
}

impl Complaint {
    fn hear(&self, event: &async_nats::Event) {
        match event {
            async_nats::Event::Connected => info!("connected to NATS"),
            async_nats::Event::ServerError(error) => {
                let text = error.to_string();
                let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                if said.as_ref().is_none_or(|(when, last)| *last != text || when.elapsed() > COMPLAINT_LASTS) {
                    warn!(error = text, "the NATS server complains");
                }
                *said = Some((Instant::now(), text));
            }
            async_nats::Event::Disconnected => warn!("the connection to NATS is lost; trying to get it back"),
            // These events come with every try to connect; the relay logs why there is no connection, with growing
            // pauses.
            event => debug!(%event, "NATS connection"),
        }
    }

    fn latest(&self) -> Option<String> {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.as_ref().filter(|(when, _)| when.elapsed() < COMPLAINT_LASTS).map(|(_, text)| text.clone())
    }
}

/// Refuses servers older than [`OLDEST_SERVER`]: they ignore options silently.
fn check_version(version: &str) -> Result<(), StreamError> {
    let mut numbers = version.trim_start_matches('v').split(['.', '-']).map(str::parse::<u64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST_SERVER => Ok(()),
        _ => Err(StreamError::ServerTooOld { version: version.to_owned() }),
    }
}

/// No delay at first; then it doubles, up to [`MAX_RECONNECT_DELAY`].
fn reconnect_delay(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(10);
    if doublings <= 1 {
        Duration::ZERO
    } else {
        MAX_RECONNECT_DELAY.min(Duration::from_millis(25) * 2_u32.pow(doublings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_from_2_10_on_are_accepted() {
        for version in ["2.10.0", "2.10.29", "2.15.1", "2.12.0-RC.3", "v2.11.0", "3.0.0"] {
            assert!(check_version(version).is_ok(), "{version}");
        }
    }

    #[test]
    fn older_and_unreadable_versions_are_refused_by_name() {
        for version in ["2.9.10", "1.4.1", "", "dev"] {
            let message = check_version(version).expect_err(version).to_string();
            assert!(message.contains("2.10") && message.contains(version), "{message}");
        }
    }

    #[test]
    fn reconnecting_is_quick_and_bounded() {
        assert_eq!(reconnect_delay(1), Duration::ZERO);
        assert_eq!(reconnect_delay(2), Duration::from_millis(100));
        assert_eq!(reconnect_delay(usize::MAX), MAX_RECONNECT_DELAY);
    }
}
