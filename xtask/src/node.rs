//! The npm packages of the raw WebSocket client, kept in the cache outside the checkout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{exec, workspace};

/// An installed `node_modules` folder.
#[derive(Debug, Clone)]
pub(crate) struct Modules {
    dir: PathBuf,
}

impl Modules {
    /// Installs what `conformance/node/package-lock.json` pins, unless that is there already.
    pub(crate) fn ensure() -> Result<Self> {
        let source = workspace::root().join("conformance/node");
        let dir = workspace::cache_dir("node")?;
        let lock = read(&source.join("package-lock.json"))?;
        let marker = dir.join("ready.json");
        if fs::read_to_string(&marker).is_ok_and(|found| found == lock) {
            return Ok(Self { dir });
        }
        fs::write(dir.join("package-lock.json"), &lock).context("copying package-lock.json")?;
        fs::write(
            dir.join("package.json"),
            read(&source.join("package.json"))?,
        )
        .context("copying package.json")?;
        exec::run(Command::new("npm").arg("ci").current_dir(&dir))?;
        fs::write(&marker, lock).with_context(|| format!("writing {}", marker.display()))?;
        Ok(Self { dir })
    }

    /// A command that runs a script (a `.cjs` file) with these packages.
    pub(crate) fn node(&self, script: &str) -> Command {
        let mut command = Command::new("node");
        command.env("NODE_PATH", self.dir.join("node_modules"));
        command.arg(workspace::root().join("conformance/node").join(script));
        command
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}
