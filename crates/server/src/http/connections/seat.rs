//! The slots of connections: each with its peer, its state, and when that state began.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

use crate::http::limits::{Limits, REFUSAL_TIMEOUT};

/// The phases of a connection. Connected, and nothing was sent yet.
const FRESH: u8 = 0;
/// All requests so far are answered.
const IDLE: u8 = 1;
/// The head of a request is arriving.
const HEAD: u8 = 2;
/// A request is being carried out or answered.
const REQUEST: u8 = 3;
/// The bytes were not a request; the connection stays open so that the client can read the refusal.
const CLOSING: u8 = 4;

/// Every connection of a server.
pub(super) struct Hall {
    pub(super) limits: Limits,
    started: Instant,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    seats: HashMap<u64, Arc<State>>,
    per_peer: HashMap<IpAddr, usize>,
}

struct State {
    peer: IpAddr,
    phase: AtomicU8,
    /// When the phase began, in milliseconds of the hall.
    since: AtomicU64,
    /// Since when the client reads nothing of the answer; 0 if it reads.
    stalled: AtomicU64,
    end: CancellationToken,
}

/// The place of one connection, given back when dropped.
pub(super) struct Seat {
    id: u64,
    hall: Arc<Hall>,
    state: Arc<State>,
}

impl Hall {
    pub(super) fn new(limits: Limits) -> Hall {
        Hall { limits, started: Instant::now(), table: Mutex::default() }
    }

    /// A place for a new connection. If all are taken, the connection that has been idle longest is closed; without an
    /// idle one there is no place.
    pub(super) fn admit(hall: &Arc<Hall>, peer: IpAddr) -> Option<Seat> {
        let now = hall.now();
        let mut table = hall.table();
        let of_peer = table.per_peer.get(&peer).copied().unwrap_or_default();
        if of_peer >= hall.limits.per_peer {
            table.evict(now, hall.limits.evictable, |state| state.peer == peer)?;
        } else if table.seats.len() >= hall.limits.connections {
            table.evict(now, hall.limits.evictable, |_| true)?;
        }
        let id = table.next;
        let state = State {
            peer,
            phase: AtomicU8::new(FRESH),
            since: AtomicU64::new(now),
            stalled: AtomicU64::new(0),
            end: CancellationToken::new(),
        };
        let state = Arc::new(state);
        table.next += 1;
        table.seats.insert(id, Arc::clone(&state));
        *table.per_peer.entry(peer).or_default() += 1;
        metrics::gauge!("orderlog_http_connections").set(table.seats.len() as f64);
        Some(Seat { id, hall: Arc::clone(hall), state })
    }

    /// Ends every connection that took too long in its present phase.
    pub(super) fn end_overdue(&self) {
        let now = self.now();
        for state in self.table().seats.values() {
            let over = |since: u64, limit: Duration| Duration::from_millis(now.saturating_sub(since)) >= limit;
            let (since, stalled) = (state.since.load(Relaxed), state.stalled.load(Relaxed));
            let overdue = match state.phase.load(Relaxed) {
                IDLE => over(since, self.limits.idle),
                FRESH | HEAD => over(since, self.limits.head),
                CLOSING => over(since, REFUSAL_TIMEOUT),
                _ => false,
            };
            if overdue || (stalled > 0 && over(stalled, self.limits.stall)) {
                state.end.cancel();
            }
        }
    }

    /// Milliseconds since the hall was opened, never 0.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Ends the connection that has been idle longest among those that fit; `None` when there is none.
    fn evict(&mut self, now: u64, evictable: Duration, fits: impl Fn(&State) -> bool) -> Option<()> {
        let silent = |state: &State| matches!(state.phase.load(Relaxed), FRESH | IDLE);
        let idle = self.seats.iter().filter(|(_, state)| silent(state) && fits(state));
        let (&id, since) = idle.map(|(id, state)| (id, state.since.load(Relaxed))).min_by_key(|(_, since)| *since)?;
        if Duration::from_millis(now.saturating_sub(since)) < evictable {
            return None;
        }
        self.remove(id)?.end.cancel();
        Some(())
    }

    fn remove(&mut self, id: u64) -> Option<Arc<State>> {
        let state = self.seats.remove(&id)?;
        if let Some(of_peer) = self.per_peer.get_mut(&state.peer) {
            *of_peer -= 1;
            if *of_peer == 0 {
                self.per_peer.remove(&state.peer);
            }
        }
        Some(state)
    }
}

impl Seat {
    /// A request was read; it is running until the returned value is dropped.
    pub(super) fn begin(self: &Arc<Seat>) -> UnderWay {
        self.enter(REQUEST);
        UnderWay(Arc::clone(self))
    }

    /// The handshake of TLS is done; a request may come.
    pub(super) fn secured(&self) {
        self.enter(FRESH);
    }

    /// Waits until the connection has to end.
    pub(super) async fn ended(&self) {
        self.state.end.cancelled().await;
    }

    fn enter(&self, phase: u8) {
        self.state.since.store(self.hall.now(), Relaxed);
        self.state.phase.store(phase, Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut table = self.hall.table();
        table.remove(self.id);
        metrics::gauge!("orderlog_http_connections").set(table.seats.len() as f64);
    }
}

/// A request whose answer is not complete.
pub(super) struct UnderWay(Arc<Seat>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.enter(IDLE);
    }
}

/// A socket that notes when its client sends and reads.
pub(super) struct Watched {
    stream: TcpStream,
    seat: Arc<Seat>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, seat: Arc<Seat>) -> Watched {
        Watched { stream, seat }
    }

    fn note<T>(&self, sent: &Poll<io::Result<T>>) {
        let stalled = &self.seat.state.stalled;
        match sent {
            Poll::Ready(_) => stalled.store(0, Relaxed),
            Poll::Pending if stalled.load(Relaxed) == 0 => stalled.store(self.seat.hall.now(), Relaxed),
            Poll::Pending => {}
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before && matches!(self.seat.state.phase.load(Relaxed), FRESH | IDLE) {
            self.seat.enter(HEAD);
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note(&sent);
        sent
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.note(&sent);
        sent
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        // Closing with unread bytes would discard the answer to the request.
        let phase = &self.seat.state.phase;
        if phase.load(Relaxed) == HEAD {
            self.seat.enter(CLOSING);
        } else if phase.load(Relaxed) != CLOSING {
            return Poll::Ready(Ok(()));
        }
        let mut thrown_away = [0; 4096];
        loop {
            let mut buf = ReadBuf::new(&mut thrown_away);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => {}
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}
