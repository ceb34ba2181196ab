//! The real-time event protocol in both of its dialects: the official Python clients, OpenAI's
//! clients for Python and Node.js, and a bare one for what those do not do.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::World;
use super::case::{Case, Verdict};
use super::{python, report};
use crate::node::Modules;
use crate::python::{OPENAI_REALTIME, Package, SDK_NEWEST, SDKS};
use crate::recordings::Recording;
use crate::{exec, workspace};

/// The longest case plays nine seconds of audio; the rest is for a busy machine.
const LIMIT: Duration = Duration::from_mins(2);

/// Scenarios of `conformance/python/realtime/bare.py`, by the names it knows.
const SCENARIOS: [&str; 8] = [
    "rounds",
    "flood",
    "uncommitted",
    "cleared",
    "silent",
    "odd-events",
    "unknown-model",
    "handshakes",
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for sdk in SDKS {
        for mode in ["vad", "manual", "java"] {
            cases.push(client(sdk, "omni.py", mode));
        }
    }
    cases.push(client(SDK_NEWEST, "session_v2.py", ""));
    let [older, newest] = OPENAI_REALTIME;
    for mode in ["vad", "manual", "telephone"] {
        cases.push(client(newest, "openai_client.py", mode));
    }
    cases.push(client(older, "openai_client.py", "beta"));
    cases.push(Case::new("realtime/node-openai", node));
    let bare = |name| Case::new(format!("realtime/{name}"), move |world| bare(world, name));
    cases.extend(SCENARIOS.map(bare));
    cases
}

fn client(package: Package, program: &'static str, mode: &'static str) -> Case {
    let stem = program.trim_end_matches(".py").replace('_', "-");
    let package_name = package.name.split('[').next().unwrap_or_default();
    let name = format!("realtime/{package_name}-{}-{stem}-{mode}", package.version);
    let name = name.trim_end_matches('-').to_owned();
    Case::new(name.clone(), move |world| {
        let mut command = python::script(world, package, &format!("realtime/{program}"))?;
        if !mode.is_empty() {
            command.arg(mode);
        }
        command.arg(&world.english.path);
        if program == "openai_client.py" {
            command.arg(world.english.sentences.len().to_string());
        }
        run(world, &name, command, &world.english, mode == "manual")
    })
}

fn bare(world: &World, name: &'static str) -> Result<Verdict> {
    // The newest client brings the WebSocket package that the scenarios use.
    let mut command = python::script(world, SDK_NEWEST, "realtime/bare.py")?;
    command.arg(name).arg(&world.chinese.path);
    run(
        world,
        &format!("realtime/{name}"),
        command,
        &world.chinese,
        false,
    )
}

fn node(world: &World) -> Result<Verdict> {
    let mut command = Modules::ensure()?.node("realtime.cjs");
    command
        .arg(&world.english.path)
        .arg(world.english.sentences.len().to_string())
        .current_dir(workspace::root());
    command.env("DASHSCOPE_API_KEY", &world.key);
    run(
        world,
        "realtime/node-openai",
        command,
        &world.english,
        false,
    )
}

/// Runs a client and compares what it understood. A client that commits by itself gets all that
/// was said as one text.
fn run(
    world: &World,
    name: &str,
    mut command: Command,
    recording: &Recording,
    as_one: bool,
) -> Result<Verdict> {
    command
        .env(
            "MYNAH_REALTIME_URL",
            world.server_url.replace("/inference", "/realtime"),
        )
        .env("MYNAH_HTTP_URL", &world.http_url);
    let log = world.logs.join(format!("{}.log", name.replace('/', "-")));
    let output = exec::capture(&mut command, LIMIT, &log)?.success(LIMIT)?;
    match report::last_line(&output).context("the client's report")? {
        None => Ok(Verdict::Passed("as documented".to_owned())),
        Some(report) if as_one => report.judge_as_one(&recording.sentences),
        Some(report) => report.judge(&recording.sentences),
    }
}
