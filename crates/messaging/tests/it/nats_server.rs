//! A throw-away nats-server whose every write is synced to disk, and ways into it.

use std::ops::{Deref, DerefMut};

use orderlog_messaging::{Access, Nats};
use orderlog_testkit::NatsSettings;
use tempfile::TempDir;

/// One server in a folder of its own.
pub(crate) struct NatsServer {
    // Dropped before its folder.
    server: orderlog_testkit::NatsServer,
    _folder: TempDir,
}

impl NatsServer {
    /// Starts one with JetStream.
    pub(crate) async fn start() -> NatsServer {
        NatsServer::start_with("").await
    }

    /// Starts one with further lines in its configuration file, such as users.
    pub(crate) async fn start_with(further: &str) -> NatsServer {
        let folder = tempfile::tempdir().expect("a temporary folder");
        NatsServer::start_in(folder, NatsSettings { further: further.to_owned(), ..NatsSettings::default() }).await
    }

    pub(crate) async fn start_without_jetstream() -> NatsServer {
        let folder = tempfile::tempdir().expect("a temporary folder");
        NatsServer::start_in(folder, NatsSettings { jetstream: false, ..NatsSettings::default() }).await
    }

    /// In a folder that already holds what its configuration names.
    pub(crate) async fn start_in(folder: TempDir, settings: NatsSettings) -> NatsServer {
        let settings = NatsSettings { sync_always: true, ..settings };
        let server = orderlog_testkit::NatsServer::start_with(folder.path(), settings).await;
        NatsServer { server: server.expect("nats-server starts"), _folder: folder }
    }

    /// A connection to the default stream.
    pub(crate) async fn connect(&self) -> Nats {
        Nats::connect(self.access()).await.expect("connecting to NATS")
    }

    /// How to get in.
    pub(crate) fn access(&self) -> Access {
        Access::at(&self.url()).expect("a URL")
    }

    /// How to get in as somebody: `user:password` or a token.
    pub(crate) fn access_as(&self, who: &str) -> Access {
        Access::at(&self.url().replace("//", &format!("//{who}@"))).expect("a URL")
    }

    /// A connection as any other program would have it.
    pub(crate) async fn outsider(&self) -> async_nats::jetstream::Context {
        async_nats::jetstream::new(async_nats::connect(self.url()).await.expect("connecting to NATS"))
    }
}

impl Deref for NatsServer {
    type Target = orderlog_testkit::NatsServer;

    fn deref(&self) -> &Self::Target {
        &self.server
    }
}

impl DerefMut for NatsServer {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.server
    }
}
