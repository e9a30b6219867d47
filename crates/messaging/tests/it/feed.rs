//! A feed delivers every event after its position once, in order, whatever the announcements do.

use std::time::Duration;

use orderlog_domain::ids::Position;
use orderlog_event_log::{Hash, Recorded};
use orderlog_messaging::{Bus, Feed, FeedError, Relay, RelayState, Source, cloud_event_json};
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
    let (server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    let mut all = shop.append(40).await;
    let nats = server.connect().await;
    let cancel = CancellationToken::new();
    let relay = Relay::new(shop.log.clone(), shop.identity.clone(), nats.clone(), shop.bus.clone());
    let relay = tokio::spawn(relay.run(cancel.clone()));
    let mut feeds = Vec::new();
    for source in [Source::Bus(shop.bus.clone()), Source::Nats(shop.bus.clone(), nats)] {
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
    relay.await.expect("no panic");
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
    let (mut server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    let nats = server.connect().await;
    server.kill().expect("killing nats-server");
    for source in [Source::Bus(shop.bus.clone()), Source::Nats(shop.bus.clone(), nats)] {
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

/// Defence (a) of ADR 9: a feed gives the events of its own log, whatever messages contain.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_does_not_hold_is_not_handed_on() {
    let (server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    let nats = server.connect().await;
    let cancel = CancellationToken::new();
    let relay = Relay::new(shop.log.clone(), shop.identity.clone(), nats.clone(), shop.bus.clone());
    let mut status = relay.status();
    let _stop = cancel.clone().drop_guard();
    let relaying = tokio::spawn(relay.run(cancel));
    // The feed's own bus is silent, as for events of other nodes.
    let source = Source::Nats(Bus::new(), nats);
    let mut feed = Feed::start(shop.log.clone(), &source, Position::START).await.expect("a feed");
    let mut events = shop.append(2).await;
    assert_eq!(read_to(&mut feed, Position(2), 10).await, events);
    timeout(LIMIT, status.wait_for(|status| status.position == Position(2))).await.expect("in time").expect("it runs");

    // A copy of the shop goes on from there: its events continue the hash chain.
    let mut copy = Shop::copy_of(&shop).await;
    let mut theirs = copy.append_quietly(3).await;
    theirs.push(Recorded { position: Position(3), hash: Hash::ZERO, ..events.remove(1) });
    theirs.push(Recorded { position: Position(i64::MAX), ..theirs[0].clone() });
    let (outsider, subject) = (server.outsider().await.client(), "orderlog.v1.stock.StockReceived");
    for event in &theirs {
        outsider.publish(subject, cloud_event_json(event).expect("JSON").into()).await.expect("publishing");
    }
    outsider.publish(subject, "no event at all".into()).await.expect("publishing");
    outsider.flush().await.expect("flushing");
    let stopped = status.wait_for(|status| status.state == RelayState::Stopped);
    timeout(LIMIT, stopped).await.expect("the relay goes on").expect("it runs");

    let silence = timeout(Duration::from_secs(1), feed.next(10)).await; // three looks at the head
    assert!(silence.is_err(), "handed on: {silence:?}");
    let truth = shop.append_differently(2).await;
    assert_eq!(read_to(&mut feed, Position(4), 10).await, truth);
    drop(relaying);
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
