//! Set-up, demo, tests and benches: every command that the README, CONTRIBUTING and the CI call.
//!
//! One rule: a command that ends well has done what it says; what could not be done on this machine
//! is named in a printed line.

mod autobahn;
mod bench;
mod check;
mod conformance;
mod demo;
mod exec;
mod node;
mod program;
mod python;
mod recordings;
mod server;
mod setup;
mod test;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Everything around the program: set-up, demo, tests, benches.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the WebSocket test suite of the Autobahn project (needs Python 2.7)
    Autobahn,
    /// Measure accuracy, engines or live streams
    Bench {
        #[command(subcommand)]
        what: bench::What,
    },
    /// Check the sources: lengths, messages, documentation
    Check {
        #[command(subcommand)]
        what: Option<check::What>,
    },
    /// Run official and bare clients against the real server
    Conformance {
        /// Only the cases whose name contains this
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
        /// Test this program instead of building one
        #[arg(long, value_name = "FILE")]
        program: Option<PathBuf>,
    },
    /// Stream a recording through the official client and show the captions
    Demo,
    /// Install, build and fetch everything the other commands need
    Setup,
    /// Run all checks and tests, ending with the conformance run
    Test,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Autobahn => autobahn::run(),
        Command::Bench { what } => bench::run(what),
        Command::Check { what } => check::run(what),
        Command::Conformance { only, program } => conformance::run(only.as_deref(), program),
        Command::Demo => demo::run(),
        Command::Setup => setup::run(),
        Command::Test => test::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
