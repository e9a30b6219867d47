//! A stream that was purged, completely or in part, is made again and refilled without a restart; limits are not a
//! purge.

use async_nats::jetstream::stream::Stream;
use orderlog_domain::ids::Position;
use orderlog_messaging::{DEFAULT_STREAM, RelayState};
use tokio::time::timeout;

use crate::{
    nats_server::NatsServer,
    relay::{LIMIT, Running, assert_stream_is_log, run},
    shop::Shop,
};

async fn stream(server: &NatsServer) -> Stream {
    server.outsider().await.get_stream(DEFAULT_STREAM).await.expect("the stream exists")
}

/// A shop of a hundred events, all of them in the stream.
async fn relayed(server: &NatsServer) -> (Shop, Running) {
    let mut shop = Shop::open(1).await;
    let mut relay = run(&shop, &server.connect().await);
    shop.append(100).await;
    relay.reaches(Position(100)).await;
    (shop, relay)
}

async fn is_refilled(server: &NatsServer, mut shop: Shop, mut relay: Running) {
    let lost = relay.status.wait_for(|status| status.position < Position(100));
    timeout(LIMIT, lost).await.expect("nobody noticed").expect("the relay runs");
    relay.reaches(Position(100)).await;
    assert_stream_is_log(server, &shop).await;
    shop.append(5).await;
    relay.reaches(Position(105)).await;
    assert_stream_is_log(server, &shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it() {
    let server = NatsServer::start().await;
    let (shop, relay) = relayed(&server).await;
    stream(&server).await.purge().await.expect("purging");
    is_refilled(&server, shop, relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_beginning() {
    let server = NatsServer::start().await;
    let (shop, relay) = relayed(&server).await;
    stream(&server).await.purge().sequence(50).await.expect("purging");
    is_refilled(&server, shop, relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_in_the_middle() {
    let server = NatsServer::start().await;
    let (shop, relay) = relayed(&server).await;
    assert!(stream(&server).await.delete_message(70).await.expect("deleting"));
    is_refilled(&server, shop, relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_end() {
    let server = NatsServer::start().await;
    let (shop, relay) = relayed(&server).await;
    assert!(stream(&server).await.delete_message(100).await.expect("deleting"));
    is_refilled(&server, shop, relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_by_the_operator_are_no_purge() {
    let server = NatsServer::start().await;
    let (mut shop, mut relay) = relayed(&server).await;
    let mut config = stream(&server).await.cached_info().config.clone();
    config.max_messages = 10;
    server.outsider().await.update_stream(config).await.expect("setting a limit");
    shop.append(20).await;
    relay.reaches(Position(120)).await;
    // A relay that starts looks at once.
    run(&shop, &server.connect().await).reaches(Position(120)).await;
    let state = stream(&server).await.cached_info().state.clone();
    assert_eq!((state.first_sequence, state.messages), (111, 10));
    assert_eq!(relay.status.borrow().state, RelayState::Running);
}
