//! `cargo xtask setup`: everything a first run needs, in one command that can be repeated.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::program::{Profile, Program};
use crate::python::{self, Environment, OPENAI_REALTIME, SDKS};
use crate::{exec, node};

/// Checks the tools, installs the client packages, builds the program, fetches the weights.
pub(crate) fn run() -> Result<()> {
    let started = Instant::now();
    check_tools()?;
    for package in SDKS.into_iter().chain(OPENAI_REALTIME) {
        Environment::ensure(package)?;
        println!(
            "python environment {}-{}: ready",
            package.name, package.version
        );
    }
    node::Modules::ensure()?;
    println!("node packages: ready");
    Program::build(Profile::Dev)?.pull_starter_weights()?;
    println!(
        "\nready after {:.0?}; next: cargo xtask demo",
        started.elapsed()
    );
    Ok(())
}

/// Fails with a sentence a person can act on when a tool is missing.
pub(crate) fn check_tools() -> Result<()> {
    python::check()?;
    for (program, why) in [
        ("node", "the raw WebSocket client"),
        ("npm", "its packages"),
    ] {
        if !exec::answers(program, "--version") {
            bail!("{program} was not found; install Node.js 18 or newer ({why} of the tests)");
        }
        println!("{program}: found");
    }
    Ok(())
}
