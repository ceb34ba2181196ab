//! `cargo xtask autobahn`: the WebSocket test suite of the Autobahn project against an echo server
//! that stands on the program's own WebSocket layer.
//!
//! The suite runs under Python 2.7 only; where there is none, that is said and nothing is tested.
//! Left out: group 9 (megabytes in one message, over our documented limit) and groups 12 and 13
//! (compression, which is never agreed to).

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use crate::program::cargo;
use crate::server::free_address;
use crate::{exec, workspace};

const SUITE_VERSION: &str = "25.10.1";
const CASES: [&str; 8] = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"];
/// The 247 cases took eleven seconds; a busy machine gets more.
const SUITE_LIMIT: Duration = Duration::from_mins(5);
const SERVER_START_LIMIT: Duration = Duration::from_secs(20);
/// The suite under Python 2.7 needs its folder added as a site, or `zope` is not found.
const RUN_SUITE: &str = "import site, sys; site.addsitedir(sys.argv.pop(1)); \
                         from autobahntestsuite.wstest import run; run()";

/// Runs the suite; a failed case or an unclean close is an error.
pub(crate) fn run() -> Result<()> {
    let Some(python) = python_2() else {
        println!("autobahn: skipped, no Python 2.7 with pip was found");
        return Ok(());
    };
    let suite = install(&python)?;
    exec::run(cargo().args(["build", "--package", "mynah-server", "--example", "ws_echo"]))?;
    let address = free_address()?;
    let dir = TempDir::new().context("making a folder for the reports")?;
    let server = EchoServer::start(address)?;
    let specification = specification(address, dir.path())?;
    let mut command = Command::new(&python);
    command
        .args(["-c", RUN_SUITE])
        .arg(suite)
        .args(["--mode", "fuzzingclient", "--spec"]);
    command.arg(specification);
    let log = workspace::logs_dir("autobahn")?.join("suite.log");
    exec::capture(&mut command, SUITE_LIMIT, &log)?.success(SUITE_LIMIT)?;
    drop(server);
    judge(&fs::read_to_string(dir.path().join("index.json")).context("reading the suite's report")?)
}

/// A Python 2.7 that has pip: on the path, or among the versions that pyenv keeps.
fn python_2() -> Option<PathBuf> {
    let pyenv = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv")));
    let versions = pyenv.and_then(|root| fs::read_dir(root.join("versions")).ok());
    let kept = versions.into_iter().flatten().flatten();
    let kept = kept.filter(|entry| entry.file_name().to_string_lossy().starts_with("2.7"));
    let kept = kept.map(|entry| entry.path().join("bin/python2.7"));
    let mut candidates = ["python2.7", "python2"]
        .map(PathBuf::from)
        .into_iter()
        .chain(kept);
    candidates.find(|python| {
        let mut command = Command::new(python);
        command
            .args(["-m", "pip", "--version"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}

/// Installs the suite into the cache, once.
fn install(python: &Path) -> Result<PathBuf> {
    let dir = workspace::cache_dir("autobahn")?.join(SUITE_VERSION);
    let marker = dir.join("ready.txt");
    if !marker.is_file() {
        println!("autobahn: installing the suite {SUITE_VERSION}");
        let mut command = Command::new(python);
        command.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--target",
        ]);
        command
            .arg(&dir)
            .arg(format!("autobahntestsuite=={SUITE_VERSION}"));
        exec::run(&mut command)?;
        fs::write(&marker, SUITE_VERSION)
            .with_context(|| format!("writing {}", marker.display()))?;
    }
    Ok(dir)
}

fn specification(address: SocketAddr, dir: &Path) -> Result<PathBuf> {
    let specification = json!({
        "outdir": dir,
        "servers": [{ "agent": "mynah", "url": format!("ws://{address}") }],
        "cases": CASES,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    });
    let path = dir.join("specification.json");
    fs::write(&path, specification.to_string())
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

#[derive(Debug, Deserialize)]
struct Outcome {
    behavior: String,
    #[serde(rename = "behaviorClose")]
    behavior_close: String,
}

/// Counts the outcomes and names the bad ones.
fn judge(report: &str) -> Result<()> {
    let agents: BTreeMap<String, BTreeMap<String, Outcome>> =
        serde_json::from_str(report).context("reading the suite's report")?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut bad = Vec::new();
    for (case, outcome) in agents.values().flatten() {
        *counts
            .entry(format!("case {}", outcome.behavior))
            .or_default() += 1;
        *counts
            .entry(format!("close {}", outcome.behavior_close))
            .or_default() += 1;
        if is_bad(&outcome.behavior) || is_bad(&outcome.behavior_close) {
            bad.push(format!(
                "{case} {}/{}",
                outcome.behavior, outcome.behavior_close
            ));
        }
    }
    for (what, count) in &counts {
        println!("{count:>5} {what}");
    }
    if counts.is_empty() {
        bail!("the suite ran no case");
    }
    if !bad.is_empty() {
        bail!("{} bad cases: {}", bad.len(), bad.join(", "));
    }
    println!("autobahn: no failed case, no unclean close");
    Ok(())
}

fn is_bad(behavior: &str) -> bool {
    matches!(
        behavior,
        "FAILED" | "UNCLEAN" | "WRONG CODE" | "FAILED BY CLIENT"
    )
}

/// The example of the server crate, killed when dropped.
struct EchoServer {
    child: Child,
}

impl EchoServer {
    fn start(address: SocketAddr) -> Result<Self> {
        let mut command = Command::new(workspace::program("debug/examples", "ws_echo"));
        let child = command.arg(address.port().to_string()).spawn();
        let server = Self {
            child: child.context("starting the echo server")?,
        };
        let deadline = Instant::now() + SERVER_START_LIMIT;
        while TcpStream::connect(address).is_err() {
            if Instant::now() > deadline {
                bail!("the echo server did not listen on {address}");
            }
            sleep(Duration::from_millis(50));
        }
        Ok(server)
    }
}

impl Drop for EchoServer {
    fn drop(&mut self) {
        // Both fail only when the server is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(behavior: &str, close: &str) -> String {
        format!(r#"{{"mynah":{{"1.1.1":{{"behavior":"{behavior}","behaviorClose":"{close}"}}}}}}"#)
    }

    #[test]
    fn only_failed_and_unclean_cases_are_bad() {
        assert!(judge(&report("OK", "OK")).is_ok());
        assert!(judge(&report("NON-STRICT", "INFORMATIONAL")).is_ok());
        assert!(judge(&report("FAILED", "OK")).is_err());
        assert!(judge(&report("OK", "UNCLEAN")).is_err());
        assert!(judge(r#"{"mynah":{}}"#).is_err(), "no case was run");
    }
}
