//! Unsafe settings, lost connections, and answers that never came.

use std::{
    future::Future,
    task::{Context, Waker},
};

use orderlog_event_log::{Log, LogError, Swap};
use orderlog_testkit::{Engine, on_both_engines};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::support::{Database, Story, at, command, order};

on_both_engines!(
    urls_of_no_log_are_refused,
    unsafe_settings_are_refused,
    an_abandoned_append_is_looked_up,
    reconnecting_frees_the_lock,
);

async fn urls_of_no_log_are_refused(_: Database) {
    for url in ["", "log.db", "mysql://shop", "postgres://[", "sqlite://x?mode=nonsense"] {
        match Log::open(url).await {
            Err(LogError::Url(_)) => {}
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[track_caller]
fn assert_unsafe<T: std::fmt::Debug>(result: Result<T, LogError>, expected: &str) {
    match result {
        Err(error @ LogError::Unsafe { setting, .. }) => {
            assert_eq!(setting, expected);
            assert!(!error.is_transient());
        }
        other => panic!("expected {expected} to be refused, got {:?}", other.map(|_| ())),
    }
}

async fn unsafe_settings_are_refused(database: Database) {
    let log = database.open().await;
    match database.engine() {
        Engine::Postgres => {
            let url = database.url();
            let (_, name) = url.rsplit_once('/').expect("the URL ends with the database");
            for weak in ["off", "local", "remote_write"] {
                let set = format!("ALTER DATABASE {name} SET synchronous_commit = {weak}");
                database.execute(&set).await.unwrap();
                assert_unsafe(Log::open(&url).await, "synchronous_commit");
                assert_unsafe(log.writer().await, "synchronous_commit");
            }
            database.execute(&format!("ALTER DATABASE {name} RESET synchronous_commit")).await.unwrap();
            log.writer().await.expect("the settings are safe again");
        }
        Engine::Sqlite => {
            assert_unsafe(Log::open("sqlite::memory:").await, "journal_mode");
            assert_unsafe(Log::open("sqlite://nowhere.db?mode=memory").await, "journal_mode");
        }
    }
}

/// A future that is polled once and dropped leaves the connection in the middle of a statement.
async fn an_abandoned_append_is_looked_up(database: Database) {
    let log = database.open().await;
    let (mut writer, mut other) = (log.writer().await.unwrap(), log.writer().await.unwrap());
    let mut story = Story::new();
    for _ in 0..10 {
        let (id, expected) = (command(), story.head.position);
        let batch = story.batch(id, &[order(1001)]);
        // While somebody else holds the head no answer can arrive, however fast the database is.
        other.lock_head().await.unwrap();
        {
            let mut append = std::pin::pin!(writer.append(expected, &batch));
            assert!(append.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        other.unlock().await.unwrap();
        assert!(matches!(writer.head().await, Err(LogError::Interrupted)));
        writer.reconnect().await.unwrap();
        let found = writer.find_commands(&[id]).await.unwrap();
        let head = writer.head().await.unwrap();
        assert_eq!(head.position == batch.head.position, !found.is_empty(), "recorded wholly or not at all");
        if found.is_empty() {
            assert_eq!(writer.append(expected, &batch).await.unwrap(), Swap::Done);
        }
    }
    crate::support::assert_sound(&log).await;
}

async fn reconnecting_frees_the_lock(database: Database) {
    let log = database.open().await;
    let (mut one, mut two) = (log.writer().await.unwrap(), log.writer().await.unwrap());
    one.lock_head().await.unwrap();
    one.reconnect().await.unwrap();
    assert_eq!(two.append(at(0), &Story::new().place(command())).await.unwrap(), Swap::Done);
    assert_eq!(one.head().await.unwrap().position, at(1));
}

#[tokio::test]
async fn a_terminated_session_is_replaced() {
    let database = Database::postgres().await;
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    assert_eq!(log.head().await.unwrap().position, at(0));
    let terminate = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.execute(terminate).await.unwrap();

    let batch = Story::new().place(command());
    assert!(matches!(writer.append(at(0), &batch).await, Err(LogError::Unknown { .. })));
    let interrupted = writer.append(at(0), &batch).await.unwrap_err();
    assert!(matches!(interrupted, LogError::Interrupted) && interrupted.is_transient());
    writer.reconnect().await.unwrap();
    assert!(writer.find_commands(&[batch.commands[0].command_id]).await.unwrap().is_empty());
    assert_eq!(writer.append(at(0), &batch).await.unwrap(), Swap::Done);
    assert_eq!(log.head().await.unwrap(), batch.head, "readers replace their connections themselves");
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_is_looked_up() {
    let database = Database::postgres().await;
    let wire = Wire::to(&database).await;
    let log = Log::open(&wire.url).await.unwrap();
    let mut writer = log.writer().await.unwrap();
    let mut story = Story::new();
    // The first append is answered twice, once for preparing the statement; the next one only for its commit.
    assert_eq!(writer.append(at(0), &story.place(command())).await.unwrap(), Swap::Done);

    let batch = story.place(command());
    wire.mute.send(true).unwrap();
    assert!(matches!(writer.append(at(1), &batch).await, Err(LogError::Unknown { .. })));
    wire.mute.send(false).unwrap();
    writer.reconnect().await.unwrap();
    assert_eq!(writer.find_commands(&[batch.commands[0].command_id]).await.unwrap(), batch.commands);
    assert_eq!(writer.head().await.unwrap(), batch.head);
}

/// The server waits for the head's lock on behalf of a client that is gone. Were that session left alone, it could
/// commit after the writer had looked and found nothing.
#[tokio::test]
async fn a_lost_session_cannot_commit_after_reconnecting() {
    let database = Database::postgres().await;
    let log = database.open().await;
    let mut other = log.writer().await.unwrap();
    let mut writer = log.writer().await.unwrap();
    other.lock_head().await.unwrap();

    let batch = Story::new().place(command());
    {
        let mut append = std::pin::pin!(writer.append(at(0), &batch));
        let waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND database IS NULL \
            AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())";
        loop {
            tokio::select! {
                done = &mut append => panic!("the head is locked: {done:?}"),
                found = database.execute(waiting) => if found.unwrap() > 0 { break },
            }
        }
    }
    writer.reconnect().await.unwrap();
    other.unlock().await.unwrap();
    assert!(writer.find_commands(&[batch.commands[0].command_id]).await.unwrap().is_empty());
    assert_eq!(writer.append(at(0), &batch).await.unwrap(), Swap::Done, "nothing moved the head");
}

/// A node that is frozen while it holds the head's lock says nothing: its session is ended, and the others go on.
#[tokio::test]
async fn a_frozen_holder_of_the_head_is_not_waited_for() {
    let database = Database::postgres().await;
    let log = database.open().await;
    let (mut frozen, mut other) = (log.writer().await.unwrap(), log.writer().await.unwrap());
    frozen.lock_head().await.unwrap();
    let started = std::time::Instant::now();
    assert_eq!(other.append(at(0), &Story::new().place(command())).await.unwrap(), Swap::Done);
    assert!(started.elapsed() < std::time::Duration::from_secs(4), "waited for {:?}", started.elapsed());
    assert!(frozen.unlock().await.is_err(), "its session is gone");
}

/// A connection to PostgreSQL that can carry requests while losing the answers.
struct Wire {
    url: String,
    mute: watch::Sender<bool>,
}

impl Wire {
    async fn to(database: &Database) -> Wire {
        let url = database.url();
        let (_, rest) = url.rsplit_once('@').expect("the URL names a user");
        let (server, _) = rest.split_once('/').expect("the URL names a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mute, muted) = watch::channel(false);
        tokio::spawn(carry(listener, server.to_owned(), muted));
        Wire { url: url.replace(server, &format!("127.0.0.1:{port}")), mute }
    }
}

async fn carry(listener: TcpListener, server: String, muted: watch::Receiver<bool>) {
    while let Ok((client, _)) = listener.accept().await {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = TcpStream::connect(&server).await.unwrap().into_split();
        let muted = muted.clone();
        tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
        tokio::spawn(async move {
            let mut answer = [0; 8_192];
            while let Ok(length @ 1..) = from_server.read(&mut answer).await {
                // An answer that comes is the proof that the server has committed; dropping both ends loses it.
                if *muted.borrow() || to_client.write_all(&answer[..length]).await.is_err() {
                    return;
                }
            }
        });
    }
}
