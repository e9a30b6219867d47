//! The connection to NATS: opened once, kept by the client through outages, refused when the server cannot carry a log.

use std::{sync::Arc, time::Duration};

use async_nats::{Client, ConnectError, ConnectOptions, connection::State, jetstream};
use futures::{FutureExt, StreamExt};
use orderlog_event_log::Recorded;
use tokio_util::task::AbortOnDropHandle;
use tracing::{info, warn};

use crate::{
    bus::Bus,
    cloud_event::CloudEvent,
    stream::{SUBJECTS, StreamError},
};

/// Oldest server whose JetStream knows `first_sequence` and honours the consumer options that readers use.
const OLDEST_SERVER: (u64, u64) = (2, 10);

/// How long a start waits for the server before going on without it.
const FIRST_CONNECT_WAIT: Duration = Duration::from_secs(2);

/// Longest pause between attempts to reconnect.
const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// Bound on every JetStream request and acknowledgement.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// Messages the client keeps for us; beyond them it drops, and feeds read the log.
const KEPT_MESSAGES: usize = 8_192;

/// Most messages announced to feeds at once.
const BATCH_MESSAGES: usize = 256;

/// A NATS server and the name of the stream that carries the log there. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Nats {
    pub(crate) link: Arc<Link>,
}

/// What the clones of one [`Nats`] share.
#[derive(Debug)]
pub(crate) struct Link {
    client: Client,
    pub(crate) jetstream: jetstream::Context,
    pub(crate) stream: String,
    /// Announces what any relay publishes, read once for all feeds of this process.
    pub(crate) arrivals: Bus,
    _listener: AbortOnDropHandle<()>,
}

/// Why NATS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NatsError {
    /// The URL or the options are wrong.
    #[error("cannot connect to NATS: {0}")]
    Connect(#[from] ConnectError),
    /// The stream's name could not stand in a subject.
    #[error("{0:?} cannot name a JetStream stream: use up to 64 ASCII letters, digits, `-` and `_`")]
    StreamName(String),
    /// The client is closing.
    #[error("cannot subscribe to {SUBJECTS}: {0}")]
    Subscribe(#[from] async_nats::SubscribeError),
    /// The server or its stream cannot carry a log.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

impl Nats {
    /// Connects to `url` (`nats://…` or `tls://…`). A server that cannot be reached is no error: the client keeps
    /// trying, the log carries on without it, and the relay's status says so.
    ///
    /// # Errors
    /// When the URL or the stream name is malformed, or the server is too old or without JetStream.
    pub async fn connect(url: &str, stream: &str) -> Result<Nats, NatsError> {
        let named = (1..=64).contains(&stream.len())
            && stream.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !named {
            return Err(NatsError::StreamName(stream.to_owned()));
        }
        let (connected, mut first_connect) = tokio::sync::watch::channel(());
        let client = ConnectOptions::new()
            .name("orderlog")
            .retry_on_initial_connect()
            .subscription_capacity(KEPT_MESSAGES)
            .reconnect_delay_callback(reconnect_delay)
            .event_callback(move |event| {
                if matches!(event, async_nats::Event::Connected) {
                    connected.send_replace(());
                }
                async move { report(&event) }
            })
            .connect(url)
            .await?;
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(REQUEST_TIMEOUT);
        let arrivals = Bus::new();
        let listener = tokio::spawn(listen(client.subscribe(SUBJECTS).await?, arrivals.clone()));
        let _listener = AbortOnDropHandle::new(listener);
        let nats = Nats { link: Arc::new(Link { client, jetstream, stream: stream.to_owned(), arrivals, _listener }) };

        match tokio::time::timeout(FIRST_CONNECT_WAIT, first_connect.changed()).await {
            Ok(_) => nats.check_server()?,
            Err(_) => warn!(stream, "NATS cannot be reached yet; events stay in the log until it can"),
        }
        Ok(nats)
    }

    /// Whether the connection is up.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.link.client.connection_state() == State::Connected
    }

    /// Checks that the connected server can carry a log.
    pub(crate) fn check_server(&self) -> Result<(), StreamError> {
        if !self.is_connected() {
            return Err(StreamError::Unreachable);
        }
        let server = self.link.client.server_info();
        check_version(&server.version)?;
        if server.jetstream { Ok(()) } else { Err(StreamError::NoJetStream) }
    }
}

/// Announces what is published, as it is published. This is not a JetStream consumer on purpose (ADR 2): it needs neither
/// the stream nor its disk, and a feed finds out what is missing anyway.
async fn listen(mut messages: async_nats::Subscriber, arrivals: Bus) {
    while let Some(first) = messages.next().await {
        let mut events: Vec<Recorded> = read(&first).into_iter().collect();
        while events.len() < BATCH_MESSAGES
            && let Some(Some(message)) = messages.next().now_or_never()
        {
            events.extend(read(&message));
        }
        arrivals.publish(events.into());
    }
}

fn read(message: &async_nats::Message) -> Option<Recorded> {
    CloudEvent::parse(&message.payload)
        .and_then(|event| event.recorded())
        .inspect_err(|error| warn!(subject = %message.subject, %error, "ignoring a message that is no event of ours"))
        .ok()
}

/// Refuses servers older than [`OLDEST_SERVER`]: they drop options silently.
fn check_version(version: &str) -> Result<(), StreamError> {
    let mut numbers = version.trim_start_matches('v').split(['.', '-']).map(str::parse::<u64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST_SERVER => Ok(()),
        _ => Err(StreamError::ServerTooOld { version: version.to_owned() }),
    }
}

/// At once, then doubling from 50 ms.
fn reconnect_delay(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(10);
    if doublings <= 1 {
        Duration::ZERO
    } else {
        MAX_RECONNECT_DELAY.min(Duration::from_millis(25) * 2_u32.pow(doublings))
    }
}

fn report(event: &async_nats::Event) {
    match event {
        async_nats::Event::Connected => info!("connected to NATS"),
        async_nats::Event::Closed | async_nats::Event::Draining => info!(%event, "closing the connection to NATS"),
        _ => warn!(%event, "NATS connection"),
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
