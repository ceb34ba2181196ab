//! The official Python client, three releases of it, running the vendor's sample programs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::World;
use super::case::{Case, Verdict};
use super::report;
use crate::python::{Environment, Package, SDK_NEWEST, SDKS};
use crate::recordings::Recording;
use crate::{exec, workspace};

/// The longest program plays nine seconds of audio; the rest is for a busy machine.
const LIMIT: Duration = Duration::from_mins(2);

/// The vendor's three programs and hot words under each release, and the 2.x client's own interface.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for sdk in SDKS {
        for program in ["call", "microphone", "file"] {
            cases.push(sample_case(sdk, program));
        }
    }
    for sdk in SDKS {
        for shape in ["vocabularies", "phrases"] {
            cases.push(hot_words_case(sdk, shape));
        }
    }
    for shape in ["v2-vocabularies", "v2-phrases", "temporary-key"] {
        cases.push(hot_words_case(SDK_NEWEST, shape));
    }
    for shape in ["recognize", "recognize_file", "shared"] {
        let name = format!(
            "python-{}/v2-{}",
            SDK_NEWEST.version,
            shape.replace('_', "-")
        );
        cases.push(Case::new(name.clone(), move |world| {
            v2(world, &name, shape)
        }));
    }
    cases
}

/// A command that runs a Python script of the conformance folder against the server.
pub(super) fn script(world: &World, sdk: Package, path: &str) -> Result<Command> {
    let mut command = Environment::ensure(sdk)?.python();
    command.arg(scripts().join(path));
    command
        .env("DASHSCOPE_API_KEY", &world.key)
        .env("MYNAH_URL", &world.server_url)
        .env("MYNAH_HTTP_URL", &world.http_url);
    Ok(command)
}

fn scripts() -> PathBuf {
    workspace::root().join("conformance/python")
}

fn sample_case(sdk: Package, program: &'static str) -> Case {
    let name = format!("python-{}/{program}", sdk.version);
    Case::new(name.clone(), move |world| {
        sample(world, &name, sdk, program)
    })
}

fn sample(world: &World, name: &str, sdk: Package, program: &str) -> Result<Verdict> {
    let recording = if program == "microphone" {
        &world.chinese
    } else {
        &world.english
    };
    let mut command = script(world, sdk, &format!("{program}.py"))?;
    if program == "microphone" {
        command.env("PYTHONPATH", scripts().join("fake"));
        command.env("MYNAH_MICROPHONE", &recording.path);
    } else {
        command.arg(&recording.path);
    }
    let log = world.logs.join(format!("{}.log", name.replace('/', "-")));
    let output = exec::capture(&mut command, LIMIT, &log)?.success(LIMIT)?;
    check_end(program, &output)?;
    judge(world, sdk, program, &log, recording)
}

/// Both streaming programs say that they were told of the end.
fn check_end(program: &str, output: &str) -> Result<()> {
    let wanted: &[&str] = match program {
        "microphone" => &[
            "RecognitionCallback completed.",
            "RecognitionCallback close.",
        ],
        "file" => &["Recognition completed"],
        _ => &[],
    };
    for line in wanted {
        let count = output.matches(line).count();
        ensure!(
            count == 1,
            "{line:?} was printed {count} times:\n{}",
            exec::tail(output)
        );
    }
    Ok(())
}

/// Reads the program's output with the small reader beside it, then compares.
pub(super) fn judge(
    world: &World,
    sdk: Package,
    program: &str,
    output: &Path,
    recording: &Recording,
) -> Result<Verdict> {
    let mut reader = script(world, sdk, "read_output.py")?;
    reader.arg(program).stdin(Stdio::from(
        File::open(output).context("opening the output")?,
    ));
    let read = reader.output().context("running read_output.py")?;
    let errors = String::from_utf8_lossy(&read.stderr);
    ensure!(
        read.status.success(),
        "unexpected output of {program}.py: {errors}"
    );
    let report = report::last_line(&String::from_utf8_lossy(&read.stdout))?;
    let report = report.context("read_output.py gave no report")?;
    if program == "call" {
        report.judge(&recording.sentences)
    } else {
        report.judge_live(&recording.sentences)
    }
}

fn hot_words_case(sdk: Package, shape: &'static str) -> Case {
    let name = format!("python-{}/{shape}", sdk.version);
    Case::new(name.clone(), move |world| {
        hot_words(world, &name, sdk, shape)
    })
}

fn hot_words(world: &World, name: &str, sdk: Package, shape: &str) -> Result<Verdict> {
    // The model of the phrase API hears Chinese only.
    let recording = if shape.ends_with("phrases") {
        &world.chinese
    } else {
        &world.english
    };
    let mut command = script(world, sdk, "hot_words.py")?;
    command.arg(shape).arg(&recording.path);
    command.env("MYNAH_OTHER_KEY", &world.other_key);
    let log = world.logs.join(format!("{}.log", name.replace('/', "-")));
    let output = exec::capture(&mut command, LIMIT, &log)?.success(LIMIT)?;
    let report = report::last_line(&output)?.context("hot_words.py gave no report")?;
    report.judge(&recording.sentences)
}

fn v2(world: &World, name: &str, shape: &str) -> Result<Verdict> {
    let mut command = script(world, SDK_NEWEST, "v2.py")?;
    command.arg(shape).arg(&world.english.path);
    let log = world.logs.join(format!("{}.log", name.replace('/', "-")));
    let output = exec::capture(&mut command, LIMIT, &log)?.success(LIMIT)?;
    let report = report::last_line(&output)?.context("v2.py gave no report")?;
    report.judge(&world.english.sentences)
}
