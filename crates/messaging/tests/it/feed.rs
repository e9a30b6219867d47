//! A feed delivers every event after its position once, in order, whatever the announcements do.

use std::time::Duration;

use orderlog_domain::ids::Position;
use orderlog_event_log::{Hash, Recorded};
use orderlog_messaging::{Feed, FeedError, Relay, Source, cloud_event_json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{nats_server::NatsServer, shop::Shop};

/// Bound on everything that is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// Reads until `to`, and holds the feed to its promise: contiguous, at most `max` at once.
async fn read_to(feed: &mut Feed, to: Position, max: usize) -> Vec<Recorded> {
    let mut events = Vec::new();
    while feed.position() < to {
        let after = feed.position();
        let batch = timeout(LIMIT, feed.next(max)).await.expect("the feed fell silent").expect("events");
        assert!((1..=max).contains(&batch.len()), "{} events at once", batch.len());
        for (event, position) in batch.iter().zip(after.0 + 1..) {
            assert_eq!(event.position, Position(position));
        }
        events.extend(batch);
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_anywhere_on_both_sources() {
    let (server, mut shop) = (NatsServer::start(), Shop::open(1).await);
    let mut all = shop.append(40).await;
    let nats = server.connect().await;
    let cancel = CancellationToken::new();
    let relay = tokio::spawn(Relay::new(shop.log.clone(), nats.clone(), shop.bus.clone()).run(cancel.clone()));
    let mut feeds = Vec::new();
    for source in [Source::Bus(shop.bus.clone()), Source::Nats(nats)] {
        for after in [0, 1, 7, 39, 40] {
            feeds.push((after, Feed::start(shop.log.clone(), &source, Position(after)).await.expect("a feed")));
        }
    }
    for _ in 0..20 {
        all.extend(shop.append(3).await);
    }
    for (after, feed) in &mut feeds {
        assert_eq!(read_to(feed, Position(100), 8).await, all[*after as usize..]);
    }
    cancel.cancel();
    relay.await.expect("no panic").expect("the relay ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lagging_subscriber_reads_the_log() {
    let mut shop = Shop::open(1).await;
    let mut feed =
        Feed::start(shop.log.clone(), &Source::Bus(shop.bus.clone()), Position::START).await.expect("a feed");
    let mut all = Vec::new();
    for _ in 0..300 {
        all.extend(shop.append(2).await);
    }
    assert_eq!(read_to(&mut feed, Position(600), 64).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_announced_is_found() {
    let (mut server, mut shop) = (NatsServer::start(), Shop::open(1).await);
    let nats = server.connect().await;
    server.kill();
    for source in [Source::Bus(shop.bus.clone()), Source::Nats(nats)] {
        let mut feed = Feed::start(shop.log.clone(), &source, shop.head()).await.expect("a feed");
        let events = shop.append_quietly(5).await;
        assert_eq!(read_to(&mut feed, shop.head(), 100).await, events);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn announcements_that_repeat_or_skip_change_nothing() {
    let mut shop = Shop::open(1).await;
    let mut feed =
        Feed::start(shop.log.clone(), &Source::Bus(shop.bus.clone()), Position::START).await.expect("a feed");
    let first = shop.append(3).await;
    let second = shop.append_quietly(3).await;
    let third = shop.append(3).await;
    shop.bus.publish(first.clone().into());
    shop.bus.publish(third.clone().into());
    assert_eq!(read_to(&mut feed, Position(9), 100).await, [first, second, third].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_break_the_chain_are_not_believed() {
    let (server, mut shop) = (NatsServer::start(), Shop::open(1).await);
    let nats = server.connect().await;
    let outsider = server.outsider().await.client();
    let mut feed = Feed::start(shop.log.clone(), &Source::Nats(nats), Position::START).await.expect("a feed");
    let mut events = shop.append_quietly(2).await;
    assert_eq!(read_to(&mut feed, Position(2), 10).await, events);

    let forged = Recorded { position: Position(3), hash: Hash::ZERO, ..events.remove(1) };
    let beyond = Recorded { position: Position(i64::MAX), ..forged.clone() };
    let subject = "orderlog.v1.stock.StockReceived";
    for event in [&forged, &beyond] {
        outsider.publish(subject, cloud_event_json(event).expect("JSON").into()).await.expect("publishing");
    }
    outsider.publish(subject, "no event at all".into()).await.expect("publishing");
    outsider.flush().await.expect("flushing");

    let truth = shop.append_quietly(2).await;
    assert_eq!(read_to(&mut feed, Position(4), 10).await, truth);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_ahead_of_a_restored_log_is_told() {
    let mut shop = Shop::open(1).await;
    shop.append(3).await;
    let error =
        Feed::start(shop.log.clone(), &Source::Bus(shop.bus.clone()), Position(4)).await.expect_err("not there");
    assert!(matches!(error, FeedError::AheadOfLog { head: Position(3), after: Position(4) }), "{error}");
    assert!(!error.is_transient());
}
