//! A throw-away nats-server with JetStream on file, which tests may kill and rob of its storage.

use std::{
    fs,
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use orderlog_messaging::{Access, Nats};
use tempfile::TempDir;

/// How long a server may take to open its port.
const START_LIMIT: Duration = Duration::from_secs(20);

/// One server. Stopped by its process id when dropped.
pub(crate) struct NatsServer {
    folder: TempDir,
    port: u16,
    jetstream: bool,
    /// More of its configuration file.
    settings: String,
    child: Option<Child>,
}

impl NatsServer {
    /// Starts one with JetStream, every write synced to disk.
    pub(crate) fn start() -> NatsServer {
        NatsServer::start_with("")
    }

    /// The same with further lines in its configuration file, such as users.
    pub(crate) fn start_with(settings: &str) -> NatsServer {
        NatsServer::start_in(tempfile::tempdir().expect("a temporary folder"), settings, true)
    }

    pub(crate) fn start_without_jetstream() -> NatsServer {
        NatsServer::start_in(tempfile::tempdir().expect("a temporary folder"), "", false)
    }

    /// In a folder that already holds what its configuration names.
    pub(crate) fn start_in(folder: TempDir, settings: &str, jetstream: bool) -> NatsServer {
        // Free now, and taken by our server in a moment; the kernel hands out another port to whoever asks next.
        let port =
            std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).expect("a free port").port();
        let mut server = NatsServer { folder, port, jetstream, settings: settings.to_owned(), child: None };
        server.restart();
        server
    }

    /// Starts the server on its port again.
    pub(crate) fn restart(&mut self) {
        let binary = std::env::var("ORDERLOG_TEST_NATS_SERVER")
            .expect("ORDERLOG_TEST_NATS_SERVER names no nats-server: run tests/run, which obtains one");
        let config = self.folder.path().join("nats.conf");
        let mut text = format!("host: 127.0.0.1\nport: {}\n{}\n", self.port, self.settings);
        if self.jetstream {
            text += &format!("jetstream {{ store_dir: {:?}, sync_interval: always }}\n", self.storage());
        }
        fs::write(&config, text).expect("writing the server's configuration");
        let child = Command::new(&binary).arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.child = Some(child.unwrap_or_else(|error| panic!("cannot start {binary}: {error}; run tests/run")));
        let deadline = Instant::now() + START_LIMIT;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < deadline, "nats-server did not open its port");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killing nats-server");
            child.wait().expect("waiting for nats-server");
        }
    }

    /// Deletes everything JetStream stored.
    pub(crate) fn delete_storage(&self) {
        fs::remove_dir_all(self.storage()).expect("deleting JetStream's storage");
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

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A connection as any other program would have it.
    pub(crate) async fn outsider(&self) -> async_nats::jetstream::Context {
        async_nats::jetstream::new(async_nats::connect(self.url()).await.expect("connecting to NATS"))
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    fn storage(&self) -> PathBuf {
        self.folder.path().join("jetstream")
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}
