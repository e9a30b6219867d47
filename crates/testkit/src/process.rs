//! A child process that ends with its test, and waiting with a deadline.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

const POLL: Duration = Duration::from_millis(10);
const LOG_TAIL_LINES: usize = 40;

/// A running server with its output in a file.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`; its output is appended to `log`.
    pub fn start(name: &str, mut command: Command, log: PathBuf) -> Result<Process> {
        let output = File::options().create(true).append(true).open(&log).context("opening a log file")?;
        let errors = output.try_clone().context("opening a log file")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Process { name: name.to_owned(), child, log })
    }

    /// Sends a signal by name: `TERM`, `INT`, `STOP`, `CONT`.
    ///
    /// # Errors
    /// When it is gone.
    pub fn signal(&self, name: &str) -> Result<()> {
        signal(&self.name, self.id(), name)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether this process listens on a TCP port. Another process may have taken a port that was free before.
    #[must_use]
    pub fn listens_on(&self, port: u16) -> bool {
        /// The state of a listening socket in `/proc/net/tcp`. These sockets come first there.
        const LISTENING: &str = "0A";
        /// Bytes of one line of that file. A larger read makes the kernel walk through all connections of the machine.
        const LINE: usize = 150;
        let Ok(sockets) = File::open("/proc/net/tcp") else { return false };
        let mut listening: Vec<String> = vec![];
        for line in BufReader::with_capacity(LINE, sockets).lines().skip(1).map_while(Result::ok) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let (Some(address), Some(state), Some(inode)) = (columns.get(1), columns.get(3), columns.get(9)) else {
                break;
            };
            if *state != LISTENING {
                break;
            }
            if address.ends_with(&format!(":{port:04X}")) {
                listening.push(format!("socket:[{inode}]"));
            }
        }
        let held = std::fs::read_dir(format!("/proc/{}/fd", self.id())).into_iter().flatten().flatten();
        held.filter_map(|file| std::fs::read_link(file.path()).ok())
            .any(|file| listening.iter().any(|socket| file.as_os_str() == socket.as_str()))
    }

    /// Asks the process to end and waits; for code that cannot await.
    pub fn end_in_order(mut self, name: &str, deadline: Duration) {
        let started = Instant::now();
        let asked = self.signal(name).is_ok();
        while asked && started.elapsed() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(POLL);
        }
    }

    /// Sends `kill -9`, and waits until the process is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("killing {}", self.name))?;
        self.child.wait().with_context(|| format!("waiting for {}", self.name))?;
        Ok(())
    }

    /// Waits for a process that was asked to end.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn ended(&mut self, deadline: Duration) -> Result<ExitStatus> {
        let name = format!("{} to end", self.name);
        until(&name, deadline, async || Ok(self.child.try_wait()?)).await
    }

    /// Its exit status, if it ended by itself.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// The complete output so far.
    #[must_use]
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The end of the output, for error messages.
    pub fn last_words(&self) -> String {
        last_lines(&self.log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process is already gone.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Sends a signal by name to a process.
pub fn signal(what: &str, pid: u32, name: &str) -> Result<()> {
    let status = Command::new("kill").args(["-s", name, &pid.to_string()]).status().context("running kill")?;
    if !status.success() {
        bail!("{what} ({pid}) could not be sent {name}");
    }
    Ok(())
}

fn last_lines(log: &Path) -> String {
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}

/// The result of a command that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Whether it exited with 0.
    pub success: bool,
    /// The exit code, unless a signal ended the command.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Finished {
    /// Runs `command` to its end without blocking the test's runtime.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn run(command: Command) -> Result<Finished> {
        let name = format!("{command:?}");
        let mut command = tokio::process::Command::from(command);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.with_context(|| format!("running {name}"))?;
        Ok(Finished {
            success: output.status.success(),
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// The standard output, if the command succeeded.
    ///
    /// # Errors
    /// When it failed; the error quotes everything it printed.
    pub fn expect_success(self) -> Result<String> {
        if !self.success {
            bail!("the command failed\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        }
        Ok(self.stdout)
    }
}

/// Calls `probe` again and again until it returns a value; `what` completes "waited … for".
///
/// # Errors
/// When the deadline passes or the probe fails.
pub async fn until<T>(what: &str, deadline: Duration, mut probe: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = probe().await? {
            return Ok(found);
        }
        if started.elapsed() > deadline {
            bail!("waited {deadline:?} for {what}");
        }
        tokio::time::sleep(POLL).await;
    }
}

/// A TCP port on which no process listens at this moment.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}
