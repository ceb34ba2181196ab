//! `cargo xtask demo`: live captions of a real recording through the unmodified official client.

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::program::{Profile, Program};
use crate::python::{self, Environment, SDK_NEWEST};
use crate::server::Server;
use crate::{exec, recordings, workspace};

const NEXT_STEPS: &str = "\
What to try next:
  mynah serve                  the same server for your own programs; prints its API key once
  mynah listen                 captions of your microphone
  mynah transcribe FILE...     files to text, subtitles or JSON, without a server
  mynah models list            which weights are installed and what they serve
  README.md, docs/             how to point the official clients at this machine";

/// Sets up what is missing, starts a server, plays the recording, says what to try next.
pub(crate) fn run() -> Result<()> {
    python::check()?;
    let client = Environment::ensure(SDK_NEWEST)?;
    let program = Program::build(Profile::Dev)?;
    program.pull_starter_weights()?;
    let dir = TempDir::new().context("making a folder for the recording")?;
    let recording = recordings::mixed(dir.path())?;
    let server = Server::start(&program, &workspace::logs_dir("demo")?.join("server.log"))?;
    println!("\nserver: {}", server.url());
    println!(
        "client: dashscope {} from PyPI, unmodified",
        SDK_NEWEST.version
    );
    println!(
        "audio:  {} sentences in two languages, at real-time pace\n",
        recording.sentences.len()
    );
    let mut command = client.python();
    command
        .arg(workspace::root().join("conformance/python/demo.py"))
        .arg(&recording.path);
    command
        .env("DASHSCOPE_API_KEY", server.key())
        .env("MYNAH_URL", server.url());
    exec::run(&mut command)?;
    server.stop()?;
    println!("\n{NEXT_STEPS}");
    Ok(())
}
