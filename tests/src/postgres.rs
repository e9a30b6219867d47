//! A PostgreSQL server of a test's own, for tests that stop, freeze or fill it.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use orderlog_testkit::{Process, free_port, signal, until};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::environment;

const START_DEADLINE: Duration = Duration::from_secs(60);
const STOP_DEADLINE: Duration = Duration::from_secs(30);
/// The user of the server if root runs the tests, because PostgreSQL refuses to run as root.
const UNPRIVILEGED: &str = "postgres";

/// A PostgreSQL that a test can stop, freeze and start again on the same port.
#[derive(Debug)]
pub struct PostgresServer {
    folder: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl PostgresServer {
    /// Makes a cluster in `folder` and starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(folder: PathBuf) -> Result<PostgresServer> {
        std::fs::create_dir_all(&folder).context("making a folder for PostgreSQL")?;
        if is_root()? {
            let owned = Command::new("chown").arg(UNPRIVILEGED).arg(&folder).status().context("running chown")?;
            ensure!(owned.success(), "{} could not be given to {UNPRIVILEGED}", folder.display());
        }
        let mut server = PostgresServer { folder, port: free_port()?, process: None };
        let mut initdb = server.command("initdb")?;
        initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8", "-D"]).arg(server.data());
        let made = tokio::process::Command::from(initdb).output().await.context("running initdb")?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        server.start_again().await?;
        Ok(server)
    }

    /// Its database `postgres`, as superuser.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The address with another role.
    #[must_use]
    pub fn url_of(&self, role: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/postgres", self.port)
    }

    /// Runs statements as superuser.
    ///
    /// # Errors
    /// When one fails.
    pub async fn execute(&self, statements: &str) -> Result<()> {
        let mut admin = PgConnection::connect(&self.url()).await.context("connecting to the test's PostgreSQL")?;
        for statement in statements.split(';').filter(|statement| !statement.trim().is_empty()) {
            admin.execute(AssertSqlSafe(statement.to_owned())).await.with_context(|| statement.to_owned())?;
        }
        admin.close().await.context("leaving the test's PostgreSQL")
    }

    /// Starts it again after [`stop`](PostgresServer::stop).
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn start_again(&mut self) -> Result<()> {
        let mut command = self.command("postgres")?;
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        command.args(["-p", &self.port.to_string(), "-D"]).arg(self.data());
        self.process = Some(Process::start("postgres", command, self.folder.with_extension("log"))?);
        let url = self.url();
        until("PostgreSQL to answer", START_DEADLINE, async || Ok(PgConnection::connect(&url).await.ok())).await?;
        Ok(())
    }

    /// Stops the server at once, with all connections.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(&mut self) -> Result<()> {
        let mut process = self.process.take().context("PostgreSQL is not running")?;
        process.signal("QUIT")?;
        process.ended(STOP_DEADLINE).await?;
        Ok(())
    }

    /// Freezes the server with all its sessions: connections stay open and get no answer.
    ///
    /// # Errors
    /// When it is not running.
    pub fn freeze(&self) -> Result<()> {
        self.signal_all("STOP")
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it is not running.
    pub fn thaw(&self) -> Result<()> {
        self.signal_all("CONT")
    }

    /// The first process first: while it is frozen no further ones come.
    fn signal_all(&self, name: &str) -> Result<()> {
        let first = self.process.as_ref().context("PostgreSQL is not running")?.id();
        signal("postgres", first, name)?;
        let children =
            std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).context("its sessions")?;
        for child in children.split_whitespace() {
            // One that has ended meanwhile needs none.
            let _ = signal("a session of postgres", child.parse()?, name);
        }
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self, program: &str) -> Result<Command> {
        let program = environment::postgres_bin()?.join(program);
        let mut command = if is_root()? {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED, "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(&self.folder);
        Ok(command)
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // Thawed first, or it could not end; in order, or its shared memory would stay behind.
        if self.process.is_none() || self.thaw().is_err() {
            return;
        }
        if let Some(process) = self.process.take() {
            process.end_in_order("QUIT", STOP_DEADLINE);
        }
    }
}

fn is_root() -> Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(std::fs::metadata("/proc/self").context("looking up who we are")?.uid() == 0)
}
