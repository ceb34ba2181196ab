//! `cargo xtask test`: what a change must pass, in one command.

use std::time::Instant;

use anyhow::Result;

use crate::program::{Profile, Program, cargo};
use crate::{check, conformance, exec, setup, workspace};

/// Tests that need weights fail without them, instead of being skipped.
const REQUIRE_MODELS_VARIABLE: &str = "MYNAH_REQUIRE_MODELS";

/// Formatting, lints, source checks, all Rust tests with real weights, conformance.
pub(crate) fn run() -> Result<()> {
    let started = Instant::now();
    setup::check_tools()?;
    exec::run(cargo().args(["fmt", "--all", "--check"]))?;
    check::sources()?;
    exec::run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    let program = Program::build(Profile::Dev)?;
    check::docs(&program)?;
    program.pull_starter_weights()?;
    rust_tests()?;
    println!(
        "checks and Rust tests passed after {:.0?}",
        started.elapsed()
    );
    conformance::run_against(&program, None)
}

/// This crate's tests run apart: built together with the rest, it would be built a second time with
/// other features of its dependencies.
fn rust_tests() -> Result<()> {
    let mut all = cargo();
    all.args(["test", "--workspace", "--exclude", "xtask"]);
    all.env(workspace::MODELS_DIR_VARIABLE, workspace::models_dir()?)
        .env(REQUIRE_MODELS_VARIABLE, "1");
    exec::run(&mut all)?;
    exec::run(cargo().args(["test", "--package", "xtask"]))
}
