//! The mynah program: a self-hosted speech server, and the same engines on the command line.

mod cli;
mod commands;
mod config;
mod engine;
mod progress;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(cli.verbose);
    let done = match cli.command {
        Command::Serve(arguments) => commands::serve::run(&cli.common, &arguments),
        Command::Transcribe(arguments) => commands::transcribe::run(&cli.common, &arguments),
        Command::Listen(arguments) => commands::listen::run(&cli.common, &arguments),
        Command::Models { command } => commands::models::run(&cli.common, &command),
        Command::Keys { command } => commands::keys::run(&cli.common, &command),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("mynah: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Logs go to stderr: warnings, with `--verbose` more, or what `MYNAH_LOG` says.
fn start_log(verbose: bool) {
    let default = if verbose {
        "info,mynah=debug,mynah_server=debug"
    } else {
        "warn"
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("MYNAH_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
