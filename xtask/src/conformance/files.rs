//! Files recognised while the client waits: the official chat classes, OpenAI's packages for Python
//! and Node.js, and bare requests.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::World;
use super::case::{Case, Verdict};
use super::python;
use crate::node::Modules;
use crate::python::{OPENAI_NEWEST, Package, SDK_NEWEST, SDKS};
use crate::recordings::Recording;
use crate::{exec, workspace};

const LIMIT: Duration = Duration::from_mins(2);
/// The committed recordings are clean enough for the weights of the starter set.
const ERROR_RATE_MAX: f64 = 0.20;

/// What a program says it received.
#[derive(Debug, Deserialize)]
struct Report {
    text: String,
    /// Pieces that the text came in.
    events: u32,
    /// Length of the audio as the answer counts it; `None` where it does not.
    seconds: Option<u32>,
    /// Tokens of the text as the answer counts them; `None` where it does not.
    tokens: Option<u32>,
}

/// The chat classes of each release, the 2.x client, OpenAI's packages, bare requests.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for sdk in SDKS {
        for shape in ["call", "stream"] {
            cases.push(multimodal(sdk, shape));
        }
    }
    for shape in ["whole", "aio", "v2", "sentences"] {
        cases.push(multimodal(SDK_NEWEST, shape));
    }
    for shape in [
        "chat",
        "chat-stream",
        "formats",
        "stream",
        "translations",
        "models",
        "errors",
    ] {
        cases.push(openai(shape));
    }
    cases.push(Case::new("node/openai", node));
    for name in [
        "wrong-key",
        "missing-keys",
        "bad-audio",
        "silence",
        "private-url",
        "uploads",
        "abandoned",
        "too-many",
    ] {
        cases.push(bare(name));
    }
    cases
}

fn multimodal(sdk: Package, shape: &'static str) -> Case {
    let name = format!("python-{}/multimodal-{shape}", sdk.version);
    Case::new(name.clone(), move |world| {
        let recording = if shape == "call" {
            &world.chinese
        } else {
            &world.english
        };
        let mut command = python::script(world, sdk, "multimodal.py")?;
        command.arg(shape);
        let report = run(world, &name, command, recording)?;
        let report = report.context("multimodal.py gave no report")?;
        if shape != "call" {
            ensure!(report.events > 1, "no stream: {report:?}");
        }
        report.judge(recording)
    })
}

fn openai(shape: &'static str) -> Case {
    let name = format!("openai-{}/{shape}", OPENAI_NEWEST.version);
    Case::new(name.clone(), move |world| {
        let translated = shape == "translations";
        let recording = if translated || shape == "chat" {
            &world.chinese
        } else {
            &world.english
        };
        let mut command = python::script(world, OPENAI_NEWEST, "openai_audio.py")?;
        command.arg(shape);
        match run(world, &name, command, recording)? {
            // The script judges the translation as far as a program can.
            Some(report) if translated => Ok(Verdict::Passed(report.text)),
            Some(report) => report.judge(recording),
            None => Ok(Verdict::Passed("as documented".to_owned())),
        }
    })
}

fn node(world: &World) -> Result<Verdict> {
    let mut command = Modules::ensure()?.node("openai.cjs");
    command.current_dir(workspace::root());
    command
        .env("DASHSCOPE_API_KEY", &world.key)
        .env("MYNAH_HTTP_URL", &world.http_url);
    let report = run(world, "node-openai", command, &world.english)?;
    let report = report.context("openai.cjs gave no report")?;
    report.judge(&world.english)
}

fn bare(name: &'static str) -> Case {
    Case::new(format!("bad/file-{name}"), move |world| {
        let mut command = python::script(world, SDK_NEWEST, "raw/http_input.py")?;
        command.arg(name);
        run(world, &format!("file-{name}"), command, &world.chinese)?;
        Ok(Verdict::Passed("as documented".to_owned()))
    })
}

/// Runs a program on a recording. Its last line in braces is a report, or `{}` where there is nothing
/// to say; the asynchronous class of the official client has complaints printed after it.
fn run(
    world: &World,
    name: &str,
    mut command: Command,
    recording: &Recording,
) -> Result<Option<Report>> {
    command.arg(&recording.path);
    let log = world.logs.join(format!("{}.log", name.replace('/', "-")));
    let output = exec::capture(&mut command, LIMIT, &log)?.success(LIMIT)?;
    let mut lines = output.lines().rev();
    let line = lines.find(|line| line.starts_with('{'));
    let line = line.context("no report")?;
    if line == "{}" {
        return Ok(None);
    }
    let report = serde_json::from_str(line).with_context(|| format!("no report but {line:?}"))?;
    Ok(Some(report))
}

impl Report {
    /// Compares with what was said in the recording.
    fn judge(&self, recording: &Recording) -> Result<Verdict> {
        let rate = recording.error_rate(&self.text);
        ensure!(rate <= ERROR_RATE_MAX, "error rate {rate:.2}: {self:?}");
        if let Some(seconds) = self.seconds {
            let length = recording.seconds()?;
            ensure!(seconds == length, "{seconds} s of {length}: {self:?}");
        }
        if let Some(tokens) = self.tokens {
            ensure!((3..100).contains(&tokens), "{tokens} tokens: {self:?}");
        }
        Ok(Verdict::Passed(format!(
            "errors {:.0} %, in {} pieces",
            rate * 100.0,
            self.events
        )))
    }
}
