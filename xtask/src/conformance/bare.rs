//! Bare WebSocket clients: Python for the ordinary flow and for bad input, Node.js for the vendor's
//! WebSocket sample.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::World;
use super::case::{Case, Verdict};
use super::{python, report};
use crate::node::Modules;
use crate::python::SDK_NEWEST;
use crate::{exec, workspace};

/// The slowest scenario waits for the server's 60-second limit.
const LIMIT: Duration = Duration::from_mins(3);

/// Scenarios of `conformance/python/raw`, by the names its `run.py` knows.
const SCENARIOS: [&str; 47] = [
    "raw/own-task-id",
    "raw/pace",
    "raw/word-times",
    "raw/audio-before-started",
    "raw/reuse",
    "raw/same-id-on-a-new-connection",
    "raw/key-in-query",
    "raw/lower-case-bearer",
    "raw/trailing-slash",
    "raw/foreign-origin",
    "raw/unknown-parameters",
    "raw/inline-vocabulary",
    "raw/context-update",
    "raw/second-run-task",
    "raw/ping",
    "raw/silence",
    "raw/wav-as-pcm",
    "raw/pcm-as-wav",
    "raw/wav-cut-anywhere",
    "raw/telephone",
    "http/unknown-path",
    "http/wrong-method",
    "http/wrong-body",
    "http/missing-parts",
    "http/keys",
    "http/asynchronous",
    "http/start-rate",
    "bad/wrong-key",
    "bad/wrong-key-in-query",
    "bad/no-key",
    "bad/malformed-authorization",
    "bad/wrong-json",
    "bad/unknown-action",
    "bad/missing-keys",
    "bad/missing-audio-parameters",
    "bad/unknown-model",
    "bad/unknown-format",
    "bad/out-of-range",
    "bad/noise",
    "bad/mismatched-format",
    "bad/nothing-sent",
    "bad/one-byte-frames",
    "bad/ten-megabyte-frame",
    "bad/stops-reading",
    "bad/vanishes",
    "bad/quiet-client",
    "bad/only-silence",
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![Case::new("node/stream", node)];
    cases.extend(SCENARIOS.map(|name| Case::new(name, move |world| scenario(world, name))));
    cases
}

fn scenario(world: &World, name: &str) -> Result<Verdict> {
    // The newest client brings the WebSocket package that the scenarios use.
    let mut command = python::script(world, SDK_NEWEST, "raw/run.py")?;
    command
        .arg(name)
        .env("MYNAH_RECORDING", &world.chinese.path);
    let log = world.logs.join(format!("{}.log", name.replace('/', "-")));
    let output = exec::capture(&mut command, LIMIT, &log)?.success(LIMIT)?;
    match report::last_line(&output)? {
        Some(report) => report.judge(&world.chinese.sentences),
        None => Ok(Verdict::Passed("as documented".to_owned())),
    }
}

fn node(world: &World) -> Result<Verdict> {
    let mut command = Modules::ensure()?.node("stream.cjs");
    command
        .arg(&world.english.path)
        .current_dir(workspace::root());
    command
        .env("DASHSCOPE_API_KEY", &world.key)
        .env("MYNAH_URL", &world.server_url);
    let log = world.logs.join("node-stream.log");
    let output = exec::capture(&mut command, LIMIT, &log)?.success(LIMIT)?;
    let report = report::last_line(&output)?.context("stream.cjs gave no report")?;
    report.judge_live(&world.english.sentences)
}
