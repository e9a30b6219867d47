//! A stream that is not the log's, or holds what the log does not, stops the relay with the reason; cured, it goes on.

use async_nats::jetstream::stream::{Config, StorageType};
use orderlog_domain::ids::Position;
use orderlog_messaging::{DEFAULT_STREAM, Nats, RelayState, cloud_event_json, take_stream};
use tokio::time::timeout;

use crate::{
    nats_server::NatsServer,
    relay::{LIMIT, assert_stream_is_log, run},
    shop::Shop,
};

const SUBJECT: &str = "orderlog.v1.stock.StockReceived";

/// A stream as the releases before made it: it does not say whose it is.
async fn unmarked_stream(server: &NatsServer) {
    let config =
        Config { name: DEFAULT_STREAM.to_owned(), subjects: vec!["orderlog.v1.>".to_owned()], ..Config::default() };
    server.outsider().await.create_stream(config).await.expect("creating a stream by hand");
}

async fn publish(server: &NatsServer, payload: String) {
    let outsider = server.outsider().await;
    outsider.publish(SUBJECT, payload.into()).await.expect("publishing").await.expect("an acknowledgement");
}

async fn delete_stream(server: &NatsServer) {
    server.outsider().await.delete_stream(DEFAULT_STREAM).await.expect("deleting the stream");
}

async fn last_sequence(server: &NatsServer) -> u64 {
    let stream = server.outsider().await.get_stream(DEFAULT_STREAM).await.expect("the stream exists");
    stream.cached_info().state.last_sequence
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ahead_of_the_log_stops_the_relay() {
    let (server, mut newer) = (NatsServer::start().await, Shop::open(1).await);
    newer.append(30).await;
    run(&newer, &server.connect().await).reaches(Position(30)).await;
    let restored = Shop::restored_over(&newer, 1, 20).await;
    let mut relay = run(&restored, &server.connect().await);
    let said = relay.stops().await;
    assert!(said.contains("ends at position 30, but the log ends at 20"), "{said}");
    assert!(said.contains("restore the newer database"), "{said}");
    delete_stream(&server).await;
    relay.reaches(Position(20)).await;
    assert_stream_is_log(&server, &restored).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_past_at_the_end_stops_the_relay() {
    let (server, mut theirs) = (NatsServer::start().await, Shop::open(2).await);
    theirs.append(10).await;
    run(&theirs, &server.connect().await).reaches(Position(10)).await;
    let ours = Shop::restored_over(&theirs, 1, 20).await;
    let said = run(&ours, &server.connect().await).stops().await;
    assert!(said.contains("differ at position 1: the log holds another event there"), "{said}");
}

/// As after a restore, a relay of an older release and a purge: the end of the stream is ours, but not what is before
/// it.
#[tokio::test(flavor = "multi_thread")]
async fn another_past_before_the_end_stops_the_relay() {
    let (server, mut theirs, mut ours) = (NatsServer::start().await, Shop::open(2).await, Shop::open(1).await);
    unmarked_stream(&server).await;
    let (old, new) = (theirs.append(40).await, ours.append(60).await);
    for event in old.iter().chain(&new[40..]) {
        publish(&server, cloud_event_json(event).expect("JSON")).await;
    }
    let mut relay = run(&ours, &server.connect().await);
    let said = relay.stops().await;
    assert!(said.contains("differ at position 1:"), "{said}");
    delete_stream(&server).await;
    relay.reaches(Position(60)).await;
    assert_stream_is_log(&server, &ours).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_message_at_the_end_stops_the_relay_even_when_nothing_happens() {
    let (server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    shop.append(20).await;
    let mut relay = run(&shop, &server.connect().await);
    relay.reaches(Position(20)).await;
    publish(&server, "rogue".to_owned()).await;
    let said = relay.stops().await;
    assert!(said.contains("differ at position 21") && said.contains("no event of this log"), "{said}");
    assert!(said.contains(SUBJECT), "{said}");
    shop.append(4).await;
    delete_stream(&server).await;
    relay.reaches(Position(24)).await;
    assert_stream_is_log(&server, &shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_message_that_takes_an_events_place_stops_the_relay() {
    let (server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    shop.append(20).await;
    let mut relay = run(&shop, &server.connect().await);
    relay.reaches(Position(20)).await;
    publish(&server, "rogue".to_owned()).await;
    // At once: the relay finds its place taken before it looks at the stream again.
    shop.append(4).await;
    let said = relay.stops().await;
    assert!(said.contains("differ at position 21") && said.contains("no event of this log"), "{said}");
    delete_stream(&server).await;
    relay.reaches(Position(24)).await;
    assert_stream_is_log(&server, &shop).await;
}

/// An event that continues our chain, published by a copy that claims to be the shop.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_copy_stops_the_relay() {
    let (server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    shop.append(20).await;
    let mut relay = run(&shop, &server.connect().await);
    relay.reaches(Position(20)).await;
    let mut copy = Shop::copy_of(&shop).await;
    publish(&server, cloud_event_json(&copy.append_differently(1).await[0]).expect("JSON")).await;
    shop.append(4).await;
    let said = relay.stops().await;
    assert!(said.contains("differ at position 21: the log holds another event there"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_shops_stream_is_left_alone() {
    let (server, mut theirs, mut ours) = (NatsServer::start().await, Shop::open(1).await, Shop::open(1).await);
    theirs.append(10).await;
    ours.append(20).await;
    run(&theirs, &server.connect().await).reaches(Position(10)).await;
    let said = run(&ours, &server.connect().await).stops().await;
    assert!(said.contains("carries another log") && said.contains("--nats-stream"), "{said}");
    assert!(said.contains(&theirs.identity.id.to_string()) && said.contains(&ours.identity.id.to_string()), "{said}");
    assert_eq!(last_sequence(&server).await, 10);
}

/// Defence (b) of ADR 9.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_publishes_nothing_until_the_shop_is_said_to_have_moved() {
    let (server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    shop.append(20).await;
    let mut relay = run(&shop, &server.connect().await);
    relay.reaches(Position(20)).await;

    let mut copy = Shop::copy_of(&shop).await;
    let nats = server.connect().await;
    let mut copying = run(&copy, &nats);
    copy.append_differently(5).await;
    let said = copying.stops().await;
    assert!(said.contains(&shop.identity.place) && said.contains(&copy.identity.place), "{said}");
    assert!(said.contains("--nats-stream") && said.contains("take-stream"), "{said}");
    shop.append(2).await;
    relay.reaches(Position(22)).await;
    assert_eq!(last_sequence(&server).await, 22);
    assert_stream_is_log(&server, &shop).await;

    // The shop itself moves: the new place continues, the old one gets an error.
    let mut moved = Shop::copy_of(&shop).await;
    let nats = server.connect().await;
    let before = take_stream(&nats, &moved.identity).await.expect("taking the stream over");
    assert_eq!(before.as_deref(), Some(shop.identity.place.as_str()));
    assert_eq!(take_stream(&nats, &moved.identity).await.expect("again"), None);
    let mut moving = run(&moved, &nats);
    moved.append_differently(3).await;
    moving.reaches(Position(25)).await;
    assert!(relay.stops().await.contains("take-stream"));
    assert_stream_is_log(&server, &moved).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_an_older_release_is_adopted_when_it_agrees() {
    let (server, mut shop) = (NatsServer::start().await, Shop::open(1).await);
    unmarked_stream(&server).await;
    for event in shop.append(10).await {
        publish(&server, cloud_event_json(&event).expect("JSON")).await;
    }
    shop.append(5).await;
    run(&shop, &server.connect().await).reaches(Position(15)).await;
    assert_stream_is_log(&server, &shop).await;
    let copy = Shop::copy_of(&shop).await;
    let said = run(&copy, &server.connect().await).stops().await;
    assert!(said.contains(&shop.identity.place), "the stream is marked now: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_share_one_nats() {
    let (server, mut one, mut other) = (NatsServer::start().await, Shop::open(1).await, Shop::open(2).await);
    one.append(10).await;
    run(&one, &server.connect().await).reaches(Position(10)).await;
    let mut access = server.access();
    access.stream = "SHOP-2".to_owned();
    let said = run(&other, &Nats::connect(access.clone()).await.expect("connecting")).stops().await;
    assert!(said.contains("--nats-subject-prefix"), "{said}");
    access.subject_prefix = "eu.shop-2".to_owned();
    let mut relay = run(&other, &Nats::connect(access).await.expect("connecting"));
    other.append(7).await;
    relay.reaches(Position(7)).await;
    assert_stream_is_log(&server, &one).await;
    let stream = server.outsider().await.get_stream("SHOP-2").await.expect("the other stream");
    let message = stream.get_raw_message(7).await.expect("a message");
    assert_eq!(message.subject.as_str(), "eu.shop-2.v1.stock.StockReceived");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_with_another_configuration_is_refused() {
    let (server, shop) = (NatsServer::start().await, Shop::open(1).await);
    let config = Config {
        name: DEFAULT_STREAM.to_owned(),
        subjects: vec!["orderlog.v1.>".to_owned()],
        storage: StorageType::Memory,
        ..Config::default()
    };
    server.outsider().await.create_stream(config).await.expect("creating a stream by hand");
    let mut relay = run(&shop, &server.connect().await);
    let said = relay.stops().await;
    assert!(said.contains("kept in memory"), "{said}");
    delete_stream(&server).await;
    let running = relay.status.wait_for(|status| status.state == RelayState::Running);
    timeout(LIMIT, running).await.expect("the relay does not look again").expect("the relay runs");
}
