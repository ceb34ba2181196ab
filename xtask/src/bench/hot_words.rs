//! `cargo xtask bench hot-words`: what hot words change, for each recogniser, through the live path
//! and the file path, and what many of them cost. Measured by an example of `mynah-speech`, in a
//! process of its own for each recogniser.

use anyhow::{Context as _, Result};

use crate::program::{Profile, Program, cargo};
use crate::{exec, workspace};

const RECOGNIZERS: [&str; 4] = [
    "whisper-small",
    "whisper-base",
    "moonshine-tiny-en",
    "muggle-speech",
];
/// The recogniser of final text in the live path, the file path and the measurement of cost.
const DEFAULT: &str = "whisper-small";

/// Prints error rates and found words, without hot words and with them.
pub(super) fn run() -> Result<()> {
    Program::build(Profile::Release)?.pull_starter_weights()?;
    let mut build = cargo();
    build.args(["build", "--release", "--package", "mynah-speech"]);
    exec::run(build.args(["--example", "hot_words"]))?;
    for recognizer in RECOGNIZERS {
        measure("offline", recognizer)?;
    }
    for what in ["live", "file", "cost"] {
        measure(what, DEFAULT)?;
    }
    Ok(())
}

fn measure(what: &str, recognizer: &str) -> Result<()> {
    let audio = workspace::audio_dir().with_context(|| {
        format!(
            "the recordings were not found; {} names their folder",
            workspace::AUDIO_DIR_VARIABLE
        )
    })?;
    println!("\n{recognizer}, {what}");
    let program = workspace::program("release/examples", "hot_words");
    let mut command = std::process::Command::new(program);
    command.args([what, recognizer]);
    command.env(workspace::MODELS_DIR_VARIABLE, workspace::models_dir()?);
    exec::run(command.env(workspace::AUDIO_DIR_VARIABLE, audio))
}
