//! One running `orderlog serve`.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use orderlog_testkit::{Process, free_port, until};

use crate::{
    clock::Clock,
    environment,
    mcp::{Era, Mcp},
};

const READY_DEADLINE: Duration = Duration::from_secs(60);
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// The binary, in `folder` and with nothing of the caller's configuration.
///
/// # Errors
/// When it is not there.
pub fn orderlog(folder: &Path) -> Result<Command> {
    let mut command = Command::new(environment::orderlog()?);
    // Another zone than any shop of the tests: the machine's must never matter.
    command.current_dir(folder).env("RUST_BACKTRACE", "1").env("TZ", "America/New_York");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ORDERLOG_")) {
        command.env_remove(name);
    }
    Ok(command)
}

/// A node that a test can kill, pause and start again on the same port.
#[derive(Debug)]
pub struct Node {
    folder: PathBuf,
    arguments: Vec<String>,
    http: reqwest::Client,
    host: String,
    port: u16,
    environment: Vec<(&'static str, OsString)>,
    process: Option<Process>,
}

impl Node {
    /// Starts `orderlog serve` with `arguments` and waits until it is ready.
    pub(crate) async fn start(folder: PathBuf, arguments: Vec<String>) -> Result<Node> {
        Node::start_on("127.0.0.1", folder, arguments).await
    }

    /// Starts a node that listens on `host`, which is also reached at 127.0.0.1 on this machine.
    pub(crate) async fn start_on(host: &str, folder: PathBuf, arguments: Vec<String>) -> Result<Node> {
        std::fs::create_dir_all(&folder).context("making a folder for a node")?;
        let mut node = Node {
            folder,
            arguments,
            http: reqwest::Client::new(),
            host: host.to_owned(),
            port: free_port()?,
            environment: vec![],
            process: None,
        };
        while let Err(error) = node.start_again().await {
            if !node.lost_its_port() {
                return Err(error);
            }
            node.process = None;
            node.port = free_port()?;
        }
        Ok(node)
    }

    /// Whether it ended because somebody else listens where it should.
    fn lost_its_port(&self) -> bool {
        self.process.as_ref().is_some_and(|process| process.last_words().contains("Address already in use"))
    }

    /// Starts a node and waits only until it answers: it may report problems.
    pub(crate) async fn start_somehow(folder: PathBuf, arguments: Vec<String>) -> Result<Node> {
        std::fs::create_dir_all(&folder).context("making a folder for a node")?;
        let mut node = Node {
            folder,
            arguments,
            http: reqwest::Client::new(),
            host: "127.0.0.1".to_owned(),
            port: free_port()?,
            environment: vec![],
            process: None,
        };
        node.launch()?;
        node.answers("/healthz").await?;
        Ok(node)
    }

    /// Where it listens: `http://127.0.0.1:…`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A client of its `/mcp` that speaks the current protocol.
    #[must_use]
    pub fn mcp(&self) -> Mcp {
        Mcp::new(self.http.clone(), format!("{}/mcp", self.url()), Era::Stateless)
    }

    /// Asks for a path beside `/mcp`.
    ///
    /// # Errors
    /// When the server does not answer at all.
    pub async fn get(&self, path: &str) -> Result<reqwest::Response> {
        let url = format!("{}{path}", self.url());
        self.http.get(&url).send().await.with_context(|| format!("asking for {url}"))
    }

    /// An HTTP client that keeps its connections.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The arguments after `orderlog serve --listen …`.
    pub(crate) fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// Starts it again after it was killed or stopped, and waits until it is ready.
    ///
    /// # Errors
    /// When it ends or is not ready in time; the error quotes its log.
    pub async fn start_again(&mut self) -> Result<()> {
        self.launch()?;
        self.ready().await
    }

    /// Starts it again and waits for nothing.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "the node is running already");
        let mut command = orderlog(&self.folder)?;
        // A test that has to name the node's own address says `{port}`.
        let arguments = self.arguments.iter().map(|argument| argument.replace("{port}", &self.port.to_string()));
        command.arg("serve").args(["--listen", &format!("{}:{}", self.host, self.port)]).args(arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.process = Some(Process::start("orderlog", command, self.folder.join("orderlog.log"))?);
        Ok(())
    }

    /// Stops it and starts it again as if it were the moment `clock` (RFC 3339).
    ///
    /// # Errors
    /// When it does not end or start as it should.
    pub async fn restart_at(&mut self, clock: &str) -> Result<()> {
        self.stop().await?;
        if let Some(flag) = self.arguments.iter().position(|argument| argument == "--clock") {
            self.arguments.drain(flag..flag + 2);
        }
        self.arguments.extend(["--clock".to_owned(), clock.to_owned()]);
        self.start_again().await
    }

    /// Starts it under a clock of its own from now on.
    ///
    /// # Errors
    /// When the clock cannot be made.
    pub fn under_a_clock(&mut self) -> Result<Clock> {
        let clock = Clock::new(self.folder.join("clock"))?;
        self.environment = clock.environment()?;
        Ok(clock)
    }

    /// Waits until `/readyz` says yes.
    ///
    /// # Errors
    /// When the node ends or is not ready in time; the error quotes its log.
    pub async fn ready(&mut self) -> Result<()> {
        self.answers("/readyz").await
    }

    async fn answers(&mut self, path: &str) -> Result<()> {
        let url = format!("{}{path}", self.url());
        let process = self.process.as_mut().context("the node is not running")?;
        let ready = until("the node to be ready", READY_DEADLINE, async || {
            if let Some(status) = process.exited()? {
                bail!("the node ended with {status}");
            }
            // Between choosing a port and listening on it, another test's node may have taken it, and would answer.
            if !process.listens_on(self.port) {
                return Ok(None);
            }
            let answer = self.http.get(&url).send().await;
            Ok(answer.is_ok_and(|answer| answer.status().is_success()).then_some(()))
        })
        .await;
        ready.with_context(|| format!("its log ends with\n{}", process.last_words()))
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it is not running.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().context("the node is not running")?.kill()
    }

    /// Asks it to end (`TERM`) and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time, or not with 0.
    pub async fn stop(&mut self) -> Result<()> {
        self.stop_by("TERM").await
    }

    /// Sends it a signal that should end it in order, and waits until it has ended.
    ///
    /// # Errors
    /// When it does not end in time, or not with 0.
    pub async fn stop_by(&mut self, signal: &str) -> Result<()> {
        let mut process = self.process.take().context("the node is not running")?;
        process.signal(signal)?;
        let status = process.ended(STOP_DEADLINE).await?;
        ensure!(status.success(), "the node ended with {status}:\n{}", process.last_words());
        Ok(())
    }

    /// Freezes it in the middle of whatever it is doing.
    ///
    /// # Errors
    /// When it is not running.
    pub fn pause(&self) -> Result<()> {
        self.process.as_ref().context("the node is not running")?.signal("STOP")
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it is not running.
    pub fn resume(&self) -> Result<()> {
        self.process.as_ref().context("the node is not running")?.signal("CONT")
    }

    /// Lets it write no file beyond so many bytes, as if its disk were full; `None` lets it write again.
    ///
    /// # Errors
    /// When it is not running.
    pub fn limit_files(&self, bytes: Option<u64>) -> Result<()> {
        let pid = self.process.as_ref().context("the node is not running")?.id().to_string();
        let limit = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let limit = format!("--fsize={limit}:unlimited");
        let status = Command::new("prlimit").args(["--pid", &pid, &limit]).status().context("running prlimit")?;
        ensure!(status.success(), "prlimit {limit} failed");
        Ok(())
    }

    /// Everything it printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        self.process.as_ref().map(Process::output).unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let output = self.output();
        drop(self.process.take());
        if std::thread::panicking() {
            eprintln!("---- {} ----\n{output}", self.url());
        } else {
            // Whatever a test is about: no panic is ever in order.
            assert!(!output.contains("panicked at"), "the node panicked:\n{output}");
        }
    }
}
