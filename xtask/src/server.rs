//! The program as a running server: started on a free port with its own data folder, stopped as a
//! person stops it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::exec;
use crate::program::Program;

/// Loading the models takes a few seconds; beside a compiler on two cores it took three minutes.
const START_LIMIT: Duration = Duration::from_mins(5);
/// Ctrl-C lets running work end; then the program must be gone.
const STOP_LIMIT: Duration = Duration::from_secs(15);
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// What the first start prints before the key it created.
const KEY_LABEL: &str = "API key: ";

/// A server that was started here; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    key: String,
    log: PathBuf,
    _data: TempDir,
}

impl Server {
    /// Starts a server with defaults and a fresh data folder, and waits until it is healthy.
    pub(crate) fn start(program: &Program, log: &Path) -> Result<Self> {
        Self::start_with(program, log, &Options::default())
    }

    /// The same with other options than the defaults.
    pub(crate) fn start_with(program: &Program, log: &Path, options: &Options) -> Result<Self> {
        let address = free_address()?;
        let data = TempDir::new().context("making a data folder")?;
        let output = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        let mut command = program.command()?;
        command
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(data.path());
        command.args(&options.0);
        let errors = output.try_clone().context("sharing the log file")?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command.spawn().context("starting the server")?;
        let log = log.to_path_buf();
        let mut server = Self {
            child,
            address,
            key: String::new(),
            log,
            _data: data,
        };
        server.await_ready()?;
        Ok(server)
    }

    /// Where the recognition clients connect.
    pub(crate) fn url(&self) -> String {
        format!("ws://{}/api-ws/v1/inference", self.address)
    }

    /// What the paths of the HTTP routes are put behind.
    pub(crate) fn http_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The key that the first start created.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Memory of the server in bytes; `None` where the system does not tell.
    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kib * 1024)
    }

    /// Processor time the server has used so far; `None` where the system does not tell.
    pub(crate) fn cpu_time(&self) -> Option<Duration> {
        const TICKS_PER_SECOND: u64 = 100;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // The second field is the program's name in brackets; user and system ticks come 11 later.
        let (_, fields) = stat.rsplit_once(") ")?;
        let ticks = fields
            .split(' ')
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok());
        Some(Duration::from_millis(
            ticks.sum::<u64>() * 1000 / TICKS_PER_SECOND,
        ))
    }

    /// Whether the server still runs and answers its health check.
    pub(crate) fn healthy(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None)) && self.answers_health_check()
    }

    /// Ends the server with Ctrl-C and reports how long it took.
    pub(crate) fn stop(mut self) -> Result<Duration> {
        let started = Instant::now();
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("the server has no process id")?, Signal::INT)
            .context("interrupting the server")?;
        match exec::wait(&mut self.child, STOP_LIMIT)? {
            Some(status) if status.success() => Ok(started.elapsed()),
            Some(status) => bail!(
                "after Ctrl-C the server ended with {status}; {}",
                self.log_end()
            ),
            None => bail!("the server ignored Ctrl-C for {} s", STOP_LIMIT.as_secs()),
        }
    }

    fn await_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        while !self.answers_health_check() {
            if let Some(status) = self.child.try_wait().context("watching the server")? {
                bail!(
                    "the server ended with {status} while starting; {}",
                    self.log_end()
                );
            }
            if Instant::now() > deadline {
                bail!(
                    "the server was not healthy after {START_LIMIT:?}; {}",
                    self.log_end()
                );
            }
            sleep(POLL_INTERVAL);
        }
        let output = fs::read_to_string(&self.log).context("reading the server's output")?;
        let key = output.lines().find_map(|line| line.split_once(KEY_LABEL));
        let (_, key) = key.context("the first start printed no line with an API key")?;
        key.trim().clone_into(&mut self.key);
        Ok(())
    }

    fn answers_health_check(&self) -> bool {
        health_status(self.address).is_ok_and(|line| line.contains(" 200 "))
    }

    fn log_end(&self) -> String {
        let output = fs::read_to_string(&self.log).unwrap_or_default();
        format!(
            "last lines of {}:\n{}",
            self.log.display(),
            exec::tail(&output)
        )
    }
}

/// Further command-line options of `mynah serve`.
#[derive(Debug, Default)]
pub(crate) struct Options(Vec<OsString>);

impl Options {
    /// So many streams at once, recognised by one model; writes a configuration file into `dir`.
    pub(crate) fn serving(dir: &Path, model: &str, effort: &str, streams: usize) -> Result<Self> {
        let file = dir.join("mynah.toml");
        let text = format!(
            "slots = {streams}\n[serve.\"fun-asr-realtime\"]\nrecognizer = \"{model}\"\n\
             effort = \"{effort}\"\npartials = [\"muggle-speech\", \"moonshine-tiny-en\"]\n\
             detector = \"whisper-base\"\n"
        );
        fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        Ok(Self(vec!["--config".into(), file.into()]))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when the server is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A loopback address nobody listens on now. Another program could take it before the server does;
/// then the start fails with the server's own message.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("finding a free port")?;
    listener.local_addr().context("reading the free port")
}

fn health_status(address: SocketAddr) -> std::io::Result<String> {
    const LIMIT: Duration = Duration::from_secs(2);
    const STATUS_LINE_BYTES_MAX: u64 = 256;
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    write!(
        stream,
        "GET /health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream
        .take(STATUS_LINE_BYTES_MAX)
        .read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned())
}
