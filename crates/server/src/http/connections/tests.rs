//! Connections on real sockets, with limits short enough to wait for.

use std::{net::SocketAddr, time::Instant};

use axum::{body::Bytes, routing::get};
use futures::stream;
use tokio::sync::Notify;

use super::*;

/// Room for a busy machine.
const SOON: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    stopping: CancellationToken,
    /// Lets `/slow` send its answer.
    go_on: Arc<Notify>,
    task: tokio::task::JoinHandle<()>,
}

fn limits() -> Limits {
    let short = Duration::from_millis(400);
    let long = Duration::from_secs(60);
    Limits { connections: 4, per_peer: 3, head: long, idle: long, stall: long, evictable: long, linger: short }
}

async fn start(limits: Limits) -> Running {
    start_secured(limits, None).await
}

async fn start_secured(limits: Limits, secured: Option<Secured>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stopping) = (listener.local_addr().unwrap(), CancellationToken::new());
    let go_on = Arc::new(Notify::new());
    let wait = Arc::clone(&go_on);
    let endless = || async {
        let page = Bytes::from(vec![b'x'; 64 * 1024]);
        Body::from_stream(stream::repeat_with(move || Ok::<_, Infallible>(page.clone())))
    };
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route(
            "/slow",
            get(async move || {
                wait.notified().await;
                "late"
            }),
        )
        .route("/endless", get(endless));
    let task = tokio::spawn(serve(listener, router, secured, limits, stopping.clone()));
    Running { address, stopping, go_on, task }
}

async fn connect(to: SocketAddr) -> TcpStream {
    TcpStream::connect(to).await.unwrap()
}

async fn ask(stream: &mut TcpStream, path: &str) {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
}

/// Reads until `text` was seen.
async fn hear(stream: &mut TcpStream, text: &str) -> String {
    let (mut heard, mut chunk) = (Vec::new(), [0; 4096]);
    let reading = async {
        while !String::from_utf8_lossy(&heard).contains(text) {
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => break,
                Ok(count) => heard.extend_from_slice(&chunk[..count]),
            }
        }
    };
    tokio::time::timeout(SOON, reading).await.unwrap();
    String::from_utf8_lossy(&heard).into_owned()
}

/// Waits until the server closed the connection.
async fn closed(stream: &mut TcpStream) {
    let mut chunk = [0; 4096];
    let reading = async { while matches!(stream.read(&mut chunk).await, Ok(count) if count > 0) {} };
    tokio::time::timeout(SOON, reading).await.expect("the server did not close the connection");
}

#[tokio::test]
async fn one_peer_is_told_when_it_holds_all_it_may_and_others_still_get_in() {
    let running = start(limits()).await;
    let mut held = vec![];
    for _ in 0..3 {
        let mut stream = connect(running.address).await;
        ask(&mut stream, "/").await;
        assert!(hear(&mut stream, "hello").await.starts_with("HTTP/1.1 200"));
        held.push(stream);
    }
    let refused = hear(&mut connect(running.address).await, "moment\n").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("\r\nRetry-After: 1\r\n"), "{refused}");

    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(running.address).await.unwrap();
    ask(&mut other, "/").await;
    assert!(hear(&mut other, "hello").await.starts_with("HTTP/1.1 200"));

    // A place that is given back is free again.
    drop(held.pop());
    let deadline = Instant::now() + SOON;
    loop {
        let mut stream = connect(running.address).await;
        // The refused connection may be closed before this is sent.
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        if hear(&mut stream, "hello").await.starts_with("HTTP/1.1 200") {
            break;
        }
        assert!(Instant::now() < deadline, "the place was not given back");
    }
}

#[tokio::test]
async fn the_connection_idle_longest_makes_room_for_a_new_one() {
    let running = start(Limits { evictable: Duration::ZERO, ..limits() }).await;
    let mut held = vec![];
    for _ in 0..3 {
        let mut stream = connect(running.address).await;
        ask(&mut stream, "/").await;
        hear(&mut stream, "hello").await;
        held.push(stream);
        tokio::time::sleep(Duration::from_millis(5)).await; // Apart in the milliseconds that are compared.
    }
    // The first is at work: the second has been idle longest.
    ask(&mut held[0], "/slow").await;
    let mut newcomer = connect(running.address).await;
    ask(&mut newcomer, "/").await;
    assert!(hear(&mut newcomer, "hello").await.starts_with("HTTP/1.1 200"));
    closed(&mut held[1]).await;
    running.go_on.notify_one();
    assert!(hear(&mut held[0], "late").await.starts_with("HTTP/1.1 200"));
    ask(&mut held[2], "/").await;
    assert!(hear(&mut held[2], "hello").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn who_says_nothing_or_never_ends_its_head_is_closed() {
    let short = Duration::from_millis(100);
    let running = start(Limits { head: short, ..limits() }).await;
    let (mut silent, mut slow) = (connect(running.address).await, connect(running.address).await);
    slow.write_all(b"GET / HTTP/1.1\r\nHost: local").await.unwrap();
    closed(&mut silent).await;
    closed(&mut slow).await;
    let running = start(Limits { idle: short, head: Duration::from_millis(400), ..limits() }).await;
    let mut idle = connect(running.address).await;
    ask(&mut idle, "/").await;
    hear(&mut idle, "hello").await;
    closed(&mut idle).await;
}

#[tokio::test]
async fn a_handshake_is_bound_like_a_head_and_plain_http_is_told_where_to_go() {
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    // No certificate: no client completes the handshake here.
    let nothing = Arc::new(tokio_rustls::rustls::server::ResolvesServerCertUsingSni::new());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_cert_resolver(nothing));
    let (_keep, secured) = tokio::sync::watch::channel(config);
    let running = start_secured(Limits { head: Duration::from_millis(100), ..limits() }, Some(secured)).await;
    let (mut silent, mut slow, mut plain) =
        (connect(running.address).await, connect(running.address).await, connect(running.address).await);
    slow.write_all(&[HANDSHAKE, 3, 1]).await.unwrap();
    ask(&mut plain, "/").await;
    let told = hear(&mut plain, "https://").await;
    assert!(told.starts_with("HTTP/1.1 400") && told.ends_with("ask for https://\n"), "{told}");
    closed(&mut silent).await;
    closed(&mut slow).await;
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_closed() {
    let running =
        start(Limits { stall: Duration::from_millis(300), head: Duration::from_millis(400), ..limits() }).await;
    let mut reader = connect(running.address).await;
    ask(&mut reader, "/endless").await;
    // All sent bytes are in the buffers of the two sockets; nobody reads them.
    running.stopping.cancel();
    tokio::time::timeout(SOON, running.task).await.expect("the reader that never reads held the server up").unwrap();
}

#[tokio::test]
async fn a_stop_answers_what_was_asked_and_closes() {
    let running = start(limits()).await;
    let (mut at_work, mut idle) = (connect(running.address).await, connect(running.address).await);
    ask(&mut idle, "/").await;
    hear(&mut idle, "hello").await;
    ask(&mut at_work, "/slow").await;
    let mut soon = connect(running.address).await;
    ask(&mut soon, "/").await;
    hear(&mut soon, "hello").await;
    running.stopping.cancel();
    // Within the time for clients that are about to send a request.
    ask(&mut soon, "/").await;
    let last = hear(&mut soon, "hello").await;
    assert!(last.starts_with("HTTP/1.1 200") && last.to_lowercase().contains("connection: close"), "{last}");
    closed(&mut soon).await;
    closed(&mut idle).await;
    running.go_on.notify_one();
    assert!(hear(&mut at_work, "late").await.starts_with("HTTP/1.1 200"));
    closed(&mut at_work).await;
    tokio::time::timeout(SOON, running.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err(), "new connections are refused");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_told_so() {
    let running = start(limits()).await;
    let mut stream = connect(running.address).await;
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(70 * 1024));
    let _ = stream.write_all(head.as_bytes()).await;
    let answer = hear(&mut stream, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}
