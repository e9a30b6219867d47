//! Publishes the log to JetStream, sequence = position. Stores no state: the stream itself shows where to continue.

use std::{collections::BTreeSet, time::Duration};

use async_nats::jetstream::{
    context::{PublishAckFuture, PublishError, PublishErrorKind},
    message::PublishMessage,
    publish::PublishAck,
};
use futures::{StreamExt, future::BoxFuture, stream::FuturesOrdered};
use orderlog_domain::ids::Position;
use orderlog_event_log::{Head, Identity, Log, LogError, Recorded};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::{
    bus::Bus,
    cloud_event::{CloudEventError, Message},
    error::StreamError,
    feed::{Feed, FeedError, Source},
    nats::Nats,
    reminder::Reminder,
    stream::{self, Found, StreamState},
};

/// Messages that are sent and not yet acknowledged; with so many, no further batch is begun. Generous, because readers
/// learn of an event when it is sent: a stream that acknowledges slowly must not make them wait. The server buffers
/// 10,000.
const WINDOW_MESSAGES: usize = 2_048;

/// Events taken from the feed at once.
const BATCH_EVENTS: usize = 256;

/// How often a relay checks that the stream is still ours and complete, and ends where the relay stopped.
const STREAM_CHECK: Duration = Duration::from_secs(2);

/// How often a stopped relay looks whether somebody has acted.
const STOPPED_CHECK: Duration = Duration::from_secs(3);

/// Positions, spread over the stream, at which it is compared with the log before a relay continues.
const SAMPLES: i64 = 8;

/// First pause after a failure; doubles with every failure in a row.
const MIN_PAUSE: Duration = Duration::from_millis(50);

/// Longest pause between attempts.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// The activity of the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayState {
    /// The relay has not reached the stream yet.
    Starting,
    /// The relay publishes the events that are appended to the log.
    Running,
    /// Something failed; the relay tries again by itself.
    Retrying,
    /// Somebody must act; `last_error` says what to do. The relay checks from time to time, and continues by itself.
    Stopped,
}

impl RelayState {
    /// As operators and metrics name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RelayState::Starting => "starting",
            RelayState::Running => "running",
            RelayState::Retrying => "retrying",
            RelayState::Stopped => "stopped",
        }
    }
}

/// What `/readyz` and `/metrics` show of the relay.
#[derive(Debug, Clone)]
pub struct RelayStatus {
    /// Last position acknowledged by the stream.
    pub position: Position,
    /// The activity of the relay.
    pub state: RelayState,
    /// The latest failure, while it lasts.
    pub last_error: Option<String>,
}

/// Why the relay paused or stopped.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The stream has events that the log does not have.
    #[error(
        "JetStream stream {stream} ends at position {stream_last}, but the log ends at {log_last}: the database has lost \
         events that consumers have already seen (restored from an older backup?). Nothing is published until you decide: \
         restore the newer database, or, to give up those events, delete the stream and tell its consumers; the relay then \
         refills it by itself"
    )]
    StreamAhead {
        /// Name of the stream.
        stream: String,
        /// Last position of the stream.
        stream_last: Position,
        /// Last position of the log.
        log_last: Position,
    },
    /// The stream and the log have different events at one position.
    #[error(
        "JetStream stream {stream} and the log differ at position {position}: {what}. The stream was filled from another \
         log, from a past that a restored backup undid, or by somebody else who may publish there. Nothing is published \
         until you delete the stream, which the relay then refills by itself; or set --nats-stream and --nats-subject-prefix"
    )]
    Diverged {
        /// Name of the stream.
        stream: String,
        /// The position of the difference.
        position: Position,
        /// The content of the stream there.
        what: String,
    },
    /// The stream cannot be used.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The log cannot be read.
    #[error("the relay cannot read the log: {0}")]
    Log(#[from] LogError),
    /// The feed cannot go on.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// An event cannot be published.
    #[error(transparent)]
    Event(#[from] CloudEventError),
    /// The server refused or did not answer.
    #[error("cannot publish position {position}: {source}")]
    Publish {
        /// Position of the event.
        position: Position,
        /// The error of the NATS client.
        source: PublishError,
    },
    /// The stream is not where this relay left it: lost, or filled by another relay.
    #[error("the stream moved: it reaches position {0}")]
    Moved(Position),
}

impl RelayError {
    /// Whether another try may help although nobody changes anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            RelayError::StreamAhead { .. } | RelayError::Diverged { .. } | RelayError::Event(_) => false,
            RelayError::Stream(error) => error.is_transient(),
            RelayError::Log(error) => error.is_transient(),
            RelayError::Feed(error) => error.is_transient(),
            RelayError::Publish { .. } | RelayError::Moved(_) => true,
        }
    }

    /// Whether the stream is only not where this relay expected it, which is normal with two relays.
    fn is_race(&self) -> bool {
        match self {
            RelayError::Moved(_) => true,
            RelayError::Publish { source, .. } => source.kind() == PublishErrorKind::WrongLastSequence,
            _ => false,
        }
    }
}

/// Publishes the log. Several relays may run at once: JetStream accepts each position once.
#[derive(Debug)]
pub struct Relay {
    log: Log,
    identity: Identity,
    nats: Nats,
    bus: Bus,
    status: watch::Sender<RelayStatus>,
}

/// A message that was sent, with its position, until it is acknowledged.
type InFlight = futures::future::BoxFuture<'static, (Position, Result<PublishAck, PublishError>)>;

impl Relay {
    /// A relay from `log` to `nats`; `identity` is that of the log. Woken by the announcements of this process on
    /// `bus`, and at least every 250 ms.
    #[must_use]
    pub fn new(log: Log, identity: Identity, nats: Nats, bus: Bus) -> Relay {
        let status = RelayStatus { position: Position::START, state: RelayState::Starting, last_error: None };
        Relay { log, identity, nats, bus, status: watch::Sender::new(status) }
    }

    /// The status of the relay, from now on.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<RelayStatus> {
        self.status.subscribe()
    }

    /// Publishes until cancelled. Waits while NATS is away; if somebody must act, the status and the log say what to
    /// do, and the relay continues afterwards.
    pub fn run(self, cancel: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut pause = MIN_PAUSE;
            let mut reminder = Reminder::new();
            loop {
                let before = self.status.borrow().position;
                let Some(Err(error)) = cancel.run_until_cancelled(self.carry()).await else { return };
                if self.status.borrow().position != before {
                    pause = MIN_PAUSE;
                }
                let stopped = !error.is_transient();
                if error.is_race() && pause == MIN_PAUSE {
                    debug!(%error, "another relay was faster, or the stream lost its end; looking again");
                } else {
                    let state = if stopped { RelayState::Stopped } else { RelayState::Retrying };
                    // A request without the necessary right only times out; the server's message has the reason.
                    let complaint = self.nats.complaint().filter(|_| !stopped);
                    let text =
                        complaint.map_or_else(|| error.to_string(), |why| format!("{error} (the server says: {why})"));
                    match reminder.is_due(&text) {
                        true if stopped => error!(error = text, "the relay stopped"),
                        true => warn!(error = text, "the relay tries again"),
                        false => {}
                    }
                    self.status.send_modify(|status| {
                        status.state = state;
                        status.last_error = Some(text);
                    });
                }
                let wait = if stopped { STOPPED_CHECK } else { pause };
                if cancel.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                    return;
                }
                pause = MAX_PAUSE.min(pause * 2);
            }
        })
    }

    /// Goes on where the stream ends; returns only with a reason to look at the stream again.
    async fn carry(&self) -> Result<std::convert::Infallible, RelayError> {
        let start = self.resume_position().await?;
        let feed = Feed::start(self.log.clone(), &Source::Bus(self.bus.clone()), start).await?;
        // `unfold` keeps the future that reads the log alive while acknowledgements are handled.
        let mut batches = std::pin::pin!(futures::stream::unfold(feed, |mut feed| async {
            Some((feed.next(BATCH_EVENTS).await, feed))
        }));
        let mut window: FuturesOrdered<InFlight> = FuturesOrdered::new();
        let mut check = tokio::time::interval(STREAM_CHECK);
        loop {
            tokio::select! {
                biased;
                Some((position, answer)) = window.next(), if !window.is_empty() => self.acknowledged(position, answer)?,
                Some(events) = batches.next(), if window.len() < WINDOW_MESSAGES => {
                    for event in events? {
                        window.push_back(self.publish(&event).await?);
                    }
                }
                _ = check.tick() => self.check_stream(window.is_empty()).await?,
            }
        }
    }

    /// The position after which to continue, if the stream agrees with the log.
    async fn resume_position(&self) -> Result<Position, RelayError> {
        let published = self.status.borrow().position;
        let mut state = stream::open(&self.nats, &self.identity).await.inspect_err(|error| {
            if error.is_not_ours() {
                self.nats.listen(false);
            }
        })?;
        // The head is read after the stream, so all events in the stream were in the log before.
        let head = self.log.head().await?;
        self.compare(&state, &head, published).await?;
        if !state.marked {
            stream::mark(&self.nats, &self.identity, &state).await?;
        }
        if !state.whole {
            state = stream::make_anew(&self.nats, &self.identity, state).await?;
        } else if state.last < published {
            let (from, to) = (state.last.next().0, published.0);
            warn!(stream = self.nats.link.stream, from, to, "the stream lost events; refilling");
            metrics::counter!("orderlog_relay_refills_total").increment(1);
        }
        self.nats.listen(true);
        info!(stream = self.nats.link.stream, position = state.last.0, head = head.position.0, "relaying");
        self.arrived(state.last);
        Ok(state.last)
    }

    /// Compares the stream with the log: at its ends, where this relay stopped, and at some places in between. A
    /// message that is no event of the log proves that the two differ; a missing message proves nothing.
    async fn compare(&self, state: &StreamState, head: &Head, published: Position) -> Result<(), RelayError> {
        let (first, last) = (state.first.0.max(1), state.last.0);
        let spread = (1..SAMPLES).map(|sample| first + (last - first) / SAMPLES * sample);
        let ends = [first, last, published.0, published.0 + 1, head.position.0, head.position.0 + 1];
        let positions: BTreeSet<i64> =
            spread.chain(ends).filter(|position| (first..=last).contains(position)).collect();
        for position in positions.into_iter().map(Position) {
            let what = match state.at(position).await? {
                Found::Nothing => continue,
                Found::Foreign(what) => what,
                Found::Event(_) if position > head.position => continue,
                Found::Event(theirs) => match self.log.read(Position(position.0 - 1), 1).await?.first() {
                    Some(ours) if ours.hash == theirs => continue,
                    _ => "the log holds another event there".to_owned(),
                },
            };
            return Err(RelayError::Diverged { stream: self.nats.link.stream.clone(), position, what });
        }
        if state.last > head.position {
            return Err(RelayError::StreamAhead {
                stream: self.nats.link.stream.clone(),
                stream_last: state.last,
                log_last: head.position,
            });
        }
        Ok(())
    }

    /// Sends one event; the returned future gives the answer.
    async fn publish(&self, event: &Recorded) -> Result<InFlight, RelayError> {
        let position = event.position;
        let message = Message::of(event, self.nats.subject_prefix())?;
        let publish = PublishMessage::build()
            .payload(message.payload.into())
            .headers(message.headers)
            .message_id(message.id)
            .expected_stream(&self.nats.link.stream)
            .expected_last_sequence(u64::try_from(position.0 - 1).unwrap_or_default());
        let sent = self.nats.link.jetstream.send_publish(message.subject, publish).await;
        let acknowledgement: PublishAckFuture = sent.map_err(|source| RelayError::Publish { position, source })?;
        Ok(Box::pin(async move { (position, acknowledgement.into_future().await) }))
    }

    /// Accepts an acknowledgement only if its sequence is the position.
    fn acknowledged(&self, position: Position, answer: Result<PublishAck, PublishError>) -> Result<(), RelayError> {
        match answer {
            Ok(ack) if i64::try_from(ack.sequence) == Ok(position.0) => {
                if !ack.duplicate {
                    metrics::counter!("orderlog_relay_published_total").increment(1);
                }
                self.arrived(position);
                Ok(())
            }
            Ok(ack) => Err(RelayError::Moved(Position(i64::try_from(ack.sequence).unwrap_or(i64::MAX)))),
            Err(source) => Err(RelayError::Publish { position, source }),
        }
    }

    /// Finds a stream that lost events, got foreign ones, or belongs to another log now, also while there is nothing to
    /// publish.
    async fn check_stream(&self, idle: bool) -> Result<(), RelayError> {
        let published = self.status.borrow().position;
        let Some(state) = stream::look(&self.nats, &self.identity).await? else {
            return Err(RelayError::Moved(Position::START));
        };
        // If the stream has more messages than this relay published, another relay or somebody else published: a new
        // start finds out.
        let moved = state.last < published || (idle && state.last > published);
        if moved || !state.whole || !state.marked { Err(RelayError::Moved(state.last)) } else { Ok(()) }
    }

    fn arrived(&self, position: Position) {
        metrics::gauge!("orderlog_relay_position").set(position.0 as f64);
        self.status.send_replace(RelayStatus { position, state: RelayState::Running, last_error: None });
    }
}
