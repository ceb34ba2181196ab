//! The program under test: building it and filling its model store.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{exec, workspace};

/// The cargo profiles that the commands here use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For set-up, demo and tests: builds fast; the inference library is native code anyway.
    Dev,
    /// For benches.
    Release,
}

impl Profile {
    fn dir(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// A built program.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
}

impl Program {
    /// Builds the program.
    ///
    /// The whole workspace is named (without this crate, which is running): the same features are
    /// chosen as for the tests, so nothing is built twice.
    pub(crate) fn build(profile: Profile) -> Result<Self> {
        let mut command = cargo();
        command.args(["build", "--workspace", "--exclude", "xtask", "--bins"]);
        if profile == Profile::Release {
            command.arg("--release");
        }
        exec::run(&mut command)?;
        let path = workspace::program(profile.dir(), "mynah");
        if !path.is_file() {
            bail!("cargo built no program at {}", path.display());
        }
        Ok(Self { path })
    }

    /// Fetches the starter weights; quick when they are there.
    pub(crate) fn pull_starter_weights(&self) -> Result<()> {
        exec::run(self.command()?.args(["models", "pull", "starter"]))
    }

    /// A command that runs the program on the shared model store.
    pub(crate) fn command(&self) -> Result<Command> {
        let mut command = Command::new(&self.path);
        command.env(workspace::MODELS_DIR_VARIABLE, workspace::models_dir()?);
        Ok(command)
    }
}

impl From<PathBuf> for Program {
    /// A program that somebody else has built.
    fn from(path: PathBuf) -> Self {
        Self { path }
    }
}

/// The cargo that runs us, in the checkout.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root());
    command
}
