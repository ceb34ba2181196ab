//! `cargo xtask conformance`: unmodified official clients, and bare clients that behave and
//! misbehave, against the real server with real weights.
//!
//! Each case is one program in its own process, with its own time limit and log.

mod bare;
mod case;
mod files;
mod java;
mod python;
mod realtime;
mod report;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use self::case::{Case, Summary, Verdict};
use crate::node::Modules;
use crate::program::{Profile, Program};
use crate::python::{Environment, OPENAI_REALTIME, SDKS};
use crate::recordings::{self, Recording};
use crate::server::Server;
use crate::workspace;

/// Growth of the server's memory over all bad input that is still no leak: the inference library
/// keeps its pools, which the ordinary cases before have filled for the most part.
const MEMORY_GROWTH_BYTES_MAX: u64 = 200 << 20;

/// What every case can use.
#[derive(Debug)]
struct World {
    server_url: String,
    http_url: String,
    key: String,
    /// A key to which nothing of the first one's exists.
    other_key: String,
    english: Recording,
    chinese: Recording,
    logs: PathBuf,
}

/// Makes sure of a program and its weights, then runs the cases whose name contains `only`.
pub(crate) fn run(only: Option<&str>, program: Option<PathBuf>) -> Result<()> {
    let program = program.map_or_else(|| Program::build(Profile::Dev), |path| Ok(path.into()))?;
    program.pull_starter_weights()?;
    run_against(&program, only)
}

/// Runs the cases against a program that is built and has its weights.
pub(crate) fn run_against(program: &Program, only: Option<&str>) -> Result<()> {
    let cases = cases_named(only)?;
    if only.is_none() {
        install_clients()?;
    }
    let logs = workspace::logs_dir("conformance")?;
    let audio = TempDir::new().context("making a folder for recordings")?;
    let mut server = Server::start(program, &logs.join("server.log"))?;
    let world = World {
        server_url: server.url(),
        http_url: server.http_url(),
        key: server.key().to_owned(),
        other_key: server.create_key(program)?,
        english: recordings::english(audio.path())?,
        chinese: recordings::chinese(audio.path())?,
        logs,
    };
    println!(
        "\nconformance: {} cases against {}\n",
        cases.len(),
        world.server_url
    );
    let mut summary = Summary::default();
    let mut memory_before = None;
    for case in cases {
        if case.name.starts_with("bad/") && memory_before.is_none() {
            memory_before = server.resident_bytes();
        }
        summary.run(&case, &world);
    }
    summary.add("server/still-healthy", still_healthy(&mut server));
    summary.add(
        "server/memory",
        memory(memory_before, server.resident_bytes()),
    );
    summary.add("server/ctrl-c", ended(server));
    println!("\nlogs: {}\n\n{}", world.logs.display(), summary.line());
    summary.into_result()
}

/// Before the clock of the first case runs; a single case installs only what it needs itself.
fn install_clients() -> Result<()> {
    for package in SDKS.into_iter().chain(OPENAI_REALTIME) {
        Environment::ensure(package)?;
    }
    Modules::ensure().map(drop)
}

fn cases_named(only: Option<&str>) -> Result<Vec<Case>> {
    let mut cases = python::cases();
    cases.extend(files::cases());
    cases.extend(realtime::cases());
    cases.extend(java::cases());
    cases.extend(bare::cases());
    if let Some(part) = only {
        cases.retain(|case| case.name.contains(part));
    }
    if cases.is_empty() {
        bail!("no case has this in its name: {}", only.unwrap_or_default());
    }
    Ok(cases)
}

fn still_healthy(server: &mut Server) -> Verdict {
    if server.healthy() {
        Verdict::Passed("after all cases".to_owned())
    } else {
        Verdict::Failed("the server no longer answers its health check".to_owned())
    }
}

fn memory(before: Option<u64>, after: Option<u64>) -> Verdict {
    let (Some(before), Some(after)) = (before, after) else {
        let why = "no bad input, or a system that does not tell a process's memory";
        return Verdict::Skipped(why.to_owned());
    };
    let shown = format!(
        "{} MiB before bad input, {} MiB after",
        before >> 20,
        after >> 20
    );
    if after.saturating_sub(before) > MEMORY_GROWTH_BYTES_MAX {
        return Verdict::Failed(format!(
            "{shown}; at most {} more",
            MEMORY_GROWTH_BYTES_MAX >> 20
        ));
    }
    Verdict::Passed(shown)
}

fn ended(server: Server) -> Verdict {
    match server.stop() {
        Ok(took) => Verdict::Passed(format!("ended {took:.1?} after Ctrl-C")),
        Err(error) => Verdict::Failed(format!("{error:#}")),
    }
}
