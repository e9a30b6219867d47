//! Whatever happens to NATS, the stream ends up as the log: sequence = position.

use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use futures::StreamExt;
use orderlog_domain::ids::Position;
use orderlog_event_log::{Log, Recorded};
use orderlog_messaging::{CloudEvent, DEFAULT_STREAM, Feed, Nats, Relay, RelayState, RelayStatus, Source};
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{nats_server::NatsServer, shop::Shop};

/// Bound on everything that is waited for.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A relay at work; dropped, it stops.
pub(crate) struct Running {
    pub(crate) status: watch::Receiver<RelayStatus>,
    _task: JoinHandle<()>,
    _cancel: tokio_util::sync::DropGuard,
}

pub(crate) fn run(shop: &Shop, nats: &Nats) -> Running {
    let cancel = CancellationToken::new();
    let relay = Relay::new(shop.log.clone(), shop.identity.clone(), nats.clone(), shop.bus.clone());
    Running { status: relay.status(), _task: tokio::spawn(relay.run(cancel.clone())), _cancel: cancel.drop_guard() }
}

impl Running {
    pub(crate) async fn reaches(&mut self, position: Position) {
        let there = |status: &RelayStatus| status.position == position && status.state == RelayState::Running;
        let reached = timeout(LIMIT, self.status.wait_for(there)).await.is_ok();
        assert!(reached, "the relay did not reach {position}: {:?}", *self.status.borrow());
    }

    /// Waits until it says that somebody must act, and answers what it says.
    pub(crate) async fn stops(&mut self) -> String {
        self.is(RelayState::Stopped).await
    }

    pub(crate) async fn is(&mut self, state: RelayState) -> String {
        let found = timeout(LIMIT, self.status.wait_for(|status| status.state == state)).await;
        let status = found.unwrap_or_else(|_| panic!("the relay is not {state:?}")).expect("the relay runs");
        status.last_error.clone().expect("a reason")
    }
}

/// Everything in the stream from a sequence on, as a downstream consumer receives it, with each message's sequence.
pub(crate) async fn consume(server: &NatsServer, from: Position, to: Position) -> Vec<(u64, Recorded)> {
    let start_sequence = from.0.cast_unsigned();
    let config =
        pull::OrderedConfig { deliver_policy: DeliverPolicy::ByStartSequence { start_sequence }, ..Default::default() };
    let stream = server.outsider().await.get_stream(DEFAULT_STREAM).await.expect("the stream exists");
    let consumer = stream.create_consumer(config).await.expect("a consumer");
    let messages =
        consumer.messages().await.expect("messages").take(usize::try_from(to.0 - from.0 + 1).expect("a count"));
    let read = messages.map(|message| {
        let message = message.expect("a message");
        let event = CloudEvent::parse(&message.payload).expect("a CloudEvent").recorded().expect("an event");
        (message.info().expect("JetStream metadata").stream_sequence, event)
    });
    timeout(LIMIT, read.collect()).await.expect("the stream holds fewer messages than the log")
}

pub(crate) async fn whole_log(log: &Log) -> Vec<Recorded> {
    let mut events = Vec::new();
    loop {
        let page =
            log.read(Position(i64::try_from(events.len()).expect("a count")), 1_000).await.expect("reading the log");
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

/// The stream is the log: as many messages, each at its position, byte for byte.
pub(crate) async fn assert_stream_is_log(server: &NatsServer, shop: &Shop) {
    let head = shop.head();
    let published = consume(server, Position(1), head).await;
    let recorded = whole_log(&shop.log).await;
    assert_eq!(published.len(), recorded.len());
    for ((sequence, published), recorded) in published.iter().zip(&recorded) {
        assert_eq!(*sequence, recorded.position.0.cast_unsigned());
        assert_eq!(published, recorded);
    }
    let mut stream = server.outsider().await.get_stream(DEFAULT_STREAM).await.expect("the stream exists");
    assert_eq!(stream.info().await.expect("its state").state.last_sequence, head.0.cast_unsigned());
}

#[tokio::test(flavor = "multi_thread")]
async fn sequence_is_position() {
    let (server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    shop.append(300).await;
    let mut relay = run(&shop, &server.connect().await);
    for _ in 0..50 {
        shop.append(7).await;
    }
    relay.reaches(Position(650)).await;
    assert_stream_is_log(&server, &shop).await;
    assert_eq!(consume(&server, Position(649), Position(650)).await[0].0, 649, "a consumer starts anywhere");
    assert_eq!(relay.status.borrow().state, RelayState::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_carry_ids_and_nothing_typed() {
    let (server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    let event = shop.append(1).await.remove(0);
    run(&shop, &server.connect().await).reaches(Position(1)).await;
    let stream = server.outsider().await.get_stream(DEFAULT_STREAM).await.expect("the stream exists");
    let message = stream.get_raw_message(1).await.expect("the message");
    assert_eq!(message.subject.as_str(), "orderlog.v1.stock.StockReceived");
    let header = |name: &str| message.headers.get(name).map(|value| value.as_str().to_owned());
    assert_eq!(header("ce-type").as_deref(), Some("orderlog.v1.stock.StockReceived"));
    assert_eq!(header("orderlog-stream"), Some(event.stream.to_string()));
    assert_eq!(header("orderlog-position").as_deref(), Some("1"));
    assert_eq!(header("ce-id"), header("Nats-Msg-Id"));
    assert!(!format!("{:?}", message.headers).contains("tea"), "{:?}", message.headers);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_publish_every_position_once() {
    let (server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    let (mut one, mut other) = (run(&shop, &server.connect().await), run(&shop, &server.connect().await));
    for _ in 0..200 {
        shop.append(5).await;
    }
    one.reaches(Position(1_000)).await;
    other.reaches(Position(1_000)).await;
    assert_stream_is_log(&server, &shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_storage_folder_is_refilled_under_traffic() {
    let (mut server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    let nats = server.connect().await;
    let mut relay = run(&shop, &nats);
    let mut feed =
        Feed::start(shop.log.clone(), &Source::Nats(shop.bus.clone(), nats), Position::START).await.expect("a feed");
    let reader = tokio::spawn(async move {
        let mut seen = Vec::new();
        while seen.len() < 3_000 {
            seen.extend(feed.next(100).await.expect("events"));
        }
        seen
    });
    for round in 0..300 {
        shop.append(10).await;
        match round {
            100 => relay.reaches(shop.head()).await,
            110 => {
                server.kill().expect("killing nats-server");
                server.delete_storage().expect("deleting JetStream's storage");
            }
            150 => server.start_again().await.expect("nats-server starts again"),
            _ => {}
        }
    }
    let seen = timeout(LIMIT, reader).await.expect("the feed fell silent").expect("no panic");
    assert_eq!(seen, whole_log(&shop.log).await, "a feed misses nothing and repeats nothing");
    relay.reaches(shop.head()).await;
    assert_stream_is_log(&server, &shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_stream_is_refilled_without_traffic() {
    let (server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    let mut relay = run(&shop, &server.connect().await);
    shop.append(100).await;
    relay.reaches(Position(100)).await;
    server.outsider().await.delete_stream(DEFAULT_STREAM).await.expect("deleting the stream");
    let lost = relay.status.wait_for(|status| status.position < Position(100));
    timeout(LIMIT, lost).await.expect("nobody noticed").expect("the relay runs");
    relay.reaches(Position(100)).await;
    assert_stream_is_log(&server, &shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_later_is_waited_for() {
    let (mut server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    server.kill().expect("killing nats-server");
    let mut relay = run(&shop, &server.connect().await);
    shop.append(20).await;
    let retrying = relay.status.wait_for(|status| status.state == RelayState::Retrying);
    let error = timeout(LIMIT, retrying).await.expect("no word").expect("the relay runs").last_error.clone();
    assert!(error.is_some_and(|text| text.contains("cannot be reached")));
    server.start_again().await.expect("nats-server starts again");
    relay.reaches(Position(20)).await;
    assert_stream_is_log(&server, &shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_jetstream_is_refused() {
    let server = NatsServer::start_without_jetstream().await;
    let error = Nats::connect(server.access()).await.expect_err("no JetStream there");
    assert!(error.to_string().contains("JetStream is not enabled"), "{error}");
}
