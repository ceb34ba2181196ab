//! Python environments with pinned packages, kept in the cache outside the checkout.
//!
//! An environment is ready when its marker names exactly the packages wanted; anything else is
//! built anew, so an interrupted installation repairs itself on the next run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::{exec, workspace};

/// Oldest Python the pinned packages support (major, minor).
const PYTHON_MIN: (u32, u32) = (3, 10);

/// A package whose own files are verified; what it pulls in is pinned by the constraints file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// SHA-256 of the wheel; `None` where wheels differ by platform.
    pub(crate) wheel_sha256: Option<&'static str>,
}

/// The releases of the official client that must work: the oldest one the vendor's pages ask for,
/// the newest 1.x and the newest 2.x.
pub(crate) const SDKS: [Package; 3] = [
    sdk(
        "1.25.17",
        "ed5ff8508f91df1663300ebef572e2b73f2acd7a0473a80d7179f5225a13c7d9",
    ),
    sdk(
        "1.27.8",
        "540caab73850718b83fa71d0bfb5cacd70cfe7f981298f768e0a7304091a5eb3",
    ),
    sdk(
        "2.0.2",
        "0602d1800f7433bdb7953560986eaf5146454ed3988636c0a91963ba24e74258",
    ),
];

/// The newest release, which a plain `pip install dashscope` brings.
pub(crate) const SDK_NEWEST: Package = SDKS[SDKS.len() - 1];

/// OpenAI's client with what its real-time part needs: the last release but few with the beta form
/// of the API, and the newest.
pub(crate) const OPENAI_REALTIME: [Package; 2] = [
    Package {
        name: "openai[realtime]",
        version: "1.99.9",
        wheel_sha256: Some("9dbcdb425553bae1ac5d947147bebbd630d91bbfc7788394d4c4f3a35682ab3a"),
    },
    Package {
        name: "openai[realtime]",
        version: "3.54.0",
        wheel_sha256: Some("3cdb7d0d85bb765c7c92e7e2922c4a6cb9beb085b161b03da07f4dff61805916"),
    },
];

/// The newest client of OpenAI.
pub(crate) const OPENAI_NEWEST: Package = OPENAI_REALTIME[OPENAI_REALTIME.len() - 1];

const fn sdk(version: &'static str, wheel_sha256: &'static str) -> Package {
    Package {
        name: "dashscope",
        version,
        wheel_sha256: Some(wheel_sha256),
    }
}

/// An environment that is ready to use.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    dir: PathBuf,
}

impl Environment {
    /// Makes sure that the environment with this package exists.
    pub(crate) fn ensure(package: Package) -> Result<Self> {
        let name = format!("{}-{}", package.name, package.version);
        let dir = workspace::cache_dir("python")?.join(&name);
        let marker = dir.join("ready.txt");
        let wanted = wanted(package)?;
        if fs::read_to_string(&marker).is_ok_and(|found| found == wanted) {
            return Ok(Self { dir });
        }
        println!("python environment {name}: installing");
        let started = Instant::now();
        let environment = Self { dir };
        environment.create()?;
        environment.install(package)?;
        fs::write(&marker, wanted).with_context(|| format!("writing {}", marker.display()))?;
        println!(
            "python environment {name}: installed in {:.0?}",
            started.elapsed()
        );
        Ok(environment)
    }

    /// A command that runs this environment's Python with unbuffered UTF-8 output.
    pub(crate) fn python(&self) -> Command {
        let mut command = Command::new(self.interpreter());
        command
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONUTF8", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// This environment's Python itself.
    pub(crate) fn interpreter(&self) -> PathBuf {
        if cfg!(windows) {
            self.dir.join("Scripts/python.exe")
        } else {
            self.dir.join("bin/python")
        }
    }

    fn create(&self) -> Result<()> {
        if self.dir.is_dir() {
            fs::remove_dir_all(&self.dir)
                .with_context(|| format!("removing {}", self.dir.display()))?;
        }
        let mut command = Command::new("python3");
        command.args(["-m", "venv"]).arg(&self.dir);
        exec::run(&mut command)
            .context("no virtual environment (on Debian and Ubuntu: apt install python3-venv)")
    }

    fn install(&self, package: Package) -> Result<()> {
        let requirement = format!("{}=={}", package.name, package.version);
        if let Some(sha256) = package.wheel_sha256 {
            let file = self.dir.join("verified.txt");
            fs::write(&file, format!("{requirement} --hash=sha256:{sha256}\n"))
                .with_context(|| format!("writing {}", file.display()))?;
            exec::run(
                self.pip()
                    .args(["--no-deps", "--require-hashes", "-r"])
                    .arg(&file),
            )?;
        }
        exec::run(self.pip().arg("-c").arg(constraints()).arg(requirement))
    }

    fn pip(&self) -> Command {
        let mut command = self.python();
        command.args([
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
        ]);
        command.args(["--only-binary", ":all:"]);
        command
    }
}

/// Fails with a sentence a person can act on when Python is missing or too old.
pub(crate) fn check() -> Result<()> {
    let program = "import sys; print(*sys.version_info[:2])";
    let output = Command::new("python3").args(["-c", program]).output();
    let output = output.context("python3 was not found: install Python 3.10 or newer")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text
        .split_whitespace()
        .filter_map(|number| number.parse::<u32>().ok());
    let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else {
        bail!("python3 did not tell its version");
    };
    if (major, minor) < PYTHON_MIN {
        bail!(
            "python3 is {major}.{minor}: {}.{} or newer is needed",
            PYTHON_MIN.0,
            PYTHON_MIN.1
        );
    }
    println!("python3: {major}.{minor}");
    Ok(())
}

fn constraints() -> PathBuf {
    workspace::root().join("conformance/python/constraints.txt")
}

/// What the marker of a ready environment says.
fn wanted(package: Package) -> Result<String> {
    let constraints: &Path = &constraints();
    let pins = fs::read_to_string(constraints)
        .with_context(|| format!("reading {}", constraints.display()))?;
    Ok(format!(
        "{}=={} {:?}\n{pins}",
        package.name, package.version, package.wheel_sha256
    ))
}
