//! Connections: how many there may be, how long each may be silent, and how they end when the server stops.

mod seat;

use std::{convert::Infallible, io, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request, response::Response};
use futures::FutureExt as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};
use tokio_util::{either::Either, sync::CancellationToken, task::TaskTracker};
use tower::Service as _;

use self::seat::{Hall, Seat, Watched};
use super::{
    limits::{ACCEPT_PAUSE, Limits, MAX_HEAD_BYTES, MAX_REFUSALS_AT_ONCE, REFUSAL_TIMEOUT, WATCH_INTERVAL},
    tls::Secured,
};
use orderlog_access::Peer;
use orderlog_mcp::RETRY_AFTER_SECONDS;

/// The first byte of a client that speaks TLS.
const HANDSHAKE: u8 = 22;

/// Serves until `stopping`; then answers every request that has begun, and closes. Serves HTTPS if it is `secured`.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    secured: Option<Secured>,
    limits: Limits,
    stopping: CancellationToken,
) {
    let server = Server {
        hall: Arc::new(Hall::new(limits.clone())),
        service: Service { router, linger: limits.linger, stopping: stopping.clone() },
        secured,
        connections: TaskTracker::new(),
        refusals: Arc::new(Semaphore::new(MAX_REFUSALS_AT_ONCE)),
    };
    let watching = tokio::spawn(watch(Arc::clone(&server.hall)));
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => server.take(stream, peer.ip()),
            Err(error) if is_of_one_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Connections from before the stop are served too.
    while let Some(Ok((stream, peer))) = listener.accept().now_or_never() {
        server.take(stream, peer.ip());
    }
    drop(listener);
    server.connections.close();
    server.connections.wait().await;
    watching.abort();
}

/// Ends connections that took too long in their present phase.
async fn watch(hall: Arc<Hall>) {
    let mut ticks = tokio::time::interval(WATCH_INTERVAL.min(hall.limits.head / 4));
    loop {
        ticks.tick().await;
        hall.end_overdue();
    }
}

struct Server {
    hall: Arc<Hall>,
    service: Service,
    secured: Option<Secured>,
    connections: TaskTracker,
    refusals: Arc<Semaphore>,
}

/// The parts that serve every connection.
#[derive(Clone)]
struct Service {
    router: Router,
    linger: Duration,
    stopping: CancellationToken,
}

impl Server {
    fn take(&self, stream: TcpStream, peer: IpAddr) {
        // Without this, an answer written in two parts waits 40 ms for the client's acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let tls = self.secured.as_ref().map(|secured| Arc::clone(&secured.borrow()));
        match Hall::admit(&self.hall, peer) {
            Some(seat) => {
                let served = attend(stream, Peer(peer), Arc::new(seat), tls, self.service.clone());
                self.connections.spawn(served);
            }
            None => {
                metrics::counter!("orderlog_http_connections_refused_total").increment(1);
                if let Ok(place) = Arc::clone(&self.refusals).try_acquire_owned() {
                    self.connections.spawn(async move {
                        // A client that is gone needs no refusal.
                        let _ = tokio::time::timeout(REFUSAL_TIMEOUT, refuse(stream, tls)).await;
                        drop(place);
                    });
                }
            }
        }
    }
}

/// Serves one connection to its end.
async fn attend(stream: TcpStream, peer: Peer, seat: Arc<Seat>, tls: Option<Arc<ServerConfig>>, service: Service) {
    let opened = tokio::select! {
        opened = open(stream, &seat, tls) => opened,
        () = seat.ended() => return,
    };
    let stream = match opened {
        Ok(Some(stream)) => stream,
        Ok(None) => return,
        Err(error) => {
            tracing::debug!(%error, "a connection could not be secured");
            return;
        }
    };
    let Service { router, linger, stopping } = service;
    let service = {
        let (seat, stopping) = (Arc::clone(&seat), stopping.clone());
        service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let request_under_way = seat.begin();
            let answer = router.clone().call(request.map(Body::new));
            let stopping = stopping.clone();
            async move {
                let answer: Response = answer.await?;
                let mut answer = answer.map(|body| super::held::holding(body, request_under_way));
                if stopping.is_cancelled() {
                    let close = axum::http::HeaderValue::from_static("close");
                    answer.headers_mut().insert(axum::http::header::CONNECTION, close);
                }
                Ok::<_, Infallible>(answer)
            }
        })
    };
    let mut connection = pin!(
        http1::Builder::new()
            // A client that sends nothing more may still want the answer.
            .half_close(true)
            .max_buf_size(MAX_HEAD_BYTES)
            .max_header_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    let last_call = async {
        stopping.cancelled().await;
        // A client that is about to send a request gets its answer; closing at once would lose the request.
        tokio::time::sleep(linger).await;
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = seat.ended() => return,
        () = last_call => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = seat.ended() => return,
            }
        }
    };
    if let Err(error) = ended {
        // Mostly a client that left.
        tracing::debug!(%error, "a connection ended");
    }
}

/// The stream of the requests. Bytes are counted below TLS, so that its handshake has the same limit as a head.
async fn open(
    stream: TcpStream,
    seat: &Arc<Seat>,
    tls: Option<Arc<ServerConfig>>,
) -> io::Result<Option<Either<Watched, Box<TlsStream<Watched>>>>> {
    let Some(tls) = tls else { return Ok(Some(Either::Left(Watched::new(stream, Arc::clone(seat))))) };
    if !speaks_tls(&stream).await? {
        let text = "this port serves HTTPS: ask for https://\n";
        let told = tell(stream, "400 Bad Request", "", text);
        _ = tokio::time::timeout(REFUSAL_TIMEOUT, told).await;
        return Ok(None);
    }
    let secured = Box::pin(TlsAcceptor::from(tls).accept(Watched::new(stream, Arc::clone(seat)))).await?;
    seat.secured();
    Ok(Some(Either::Right(Box::new(secured))))
}

/// Waits for the first byte.
async fn speaks_tls(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 0 || first[0] == HANDSHAKE)
}

/// Tells a client that there is no room.
async fn refuse(stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> io::Result<()> {
    let text = "too many connections; try again in a moment\n";
    let (status, header) = ("503 Service Unavailable", format!("Retry-After: {RETRY_AFTER_SECONDS}\r\n"));
    match tls {
        None => tell(stream, status, &header, text).await,
        Some(tls) => tell(TlsAcceptor::from(tls).accept(stream).await?, status, &header, text).await,
    }
}

/// Answers without having read a request, and lets the client read the answer: closing with unread bytes would discard
/// it.
async fn tell(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    status: &str,
    header: &str,
    text: &str,
) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n{header}\
         Connection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await?;
    let mut thrown_away = [0; 1024];
    while stream.read(&mut thrown_away).await? > 0 {}
    Ok(())
}

/// Whether the error concerns only the connection that was about to be accepted.
fn is_of_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests;
