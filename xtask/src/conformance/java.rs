//! The official Java client's `Recognition`, `VocabularyService` and `AsrPhraseManager`, where Java, Maven and the client's files are at hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::World;
use super::case::{Case, Verdict};
use crate::python::SDK_NEWEST;
use crate::{exec, workspace};

/// The newest release that could be had when this was written, and the one that the vendor's pages
/// ask for (skipped while the Maven repository does not have it).
const SDK_VERSIONS: [&str; 2] = ["2.22.13", "2.22.15"];
/// The recording is sent at about five times its pace; Java's compiler takes the most time.
const LIMIT: Duration = Duration::from_mins(2);
/// Fetching the client with everything it needs.
const FETCH_LIMIT: Duration = Duration::from_mins(5);

pub(super) fn cases() -> Vec<Case> {
    let programs = ["call", "hot-words"].into_iter();
    let names = programs.flat_map(|program| SDK_VERSIONS.map(|version| (version, program)));
    names
        .map(|(version, program)| {
            Case::new(format!("java-{version}/{program}"), move |world| {
                run(world, version, program)
            })
        })
        .collect()
}

fn run(world: &World, version: &str, program: &str) -> Result<Verdict> {
    for (program, argument) in [("java", "-version"), ("mvn", "--version")] {
        if !exec::answers(program, argument) {
            return Ok(Verdict::Skipped(format!("{program} was not found")));
        }
    }
    let class_path = match class_path(world, version)? {
        ClassPath::Found(path) => path,
        ClassPath::Unreachable(why) => return Ok(Verdict::Skipped(why)),
    };
    let log = world.logs.join(format!("java-{version}-{program}.log"));
    let mut command = Command::new("java");
    command.args(["-cp", &class_path]);
    match program {
        "hot-words" => command.arg(sources().join("HotWords.java")),
        _ => command
            .arg(sources().join("Main.java"))
            .arg("paraformer-realtime-v2"),
    };
    command.arg(&world.english.path);
    command
        .env("DASHSCOPE_API_KEY", &world.key)
        .env("MYNAH_OTHER_KEY", &world.other_key)
        .env("MYNAH_URL", &world.server_url);
    exec::capture(&mut command, LIMIT, &log)?.success(LIMIT)?;
    super::python::judge(world, SDK_NEWEST, "java", &log, &world.english)
}

enum ClassPath {
    Found(String),
    Unreachable(String),
}

/// Lets Maven fetch the client and tell where its files are.
fn class_path(world: &World, version: &str) -> Result<ClassPath> {
    let cached = workspace::cache_dir("java")?.join(format!("classpath-{version}.txt"));
    if let Some(class_path) = usable(&cached) {
        return Ok(ClassPath::Found(class_path));
    }
    let mut command = Command::new("mvn");
    command
        .args(["-B", "-q", "-f"])
        .arg(sources().join("pom.xml"));
    command
        .arg("dependency:build-classpath")
        .arg(format!("-Dsdk.version={version}"));
    command.arg(format!("-Dmdep.outputFile={}", cached.display()));
    let log = world.logs.join(format!("java-{version}-fetch.log"));
    let captured = exec::capture(&mut command, FETCH_LIMIT, &log)?;
    if captured.status.is_some_and(|status| status.success()) {
        return usable(&cached)
            .map(ClassPath::Found)
            .context("Maven wrote no class path");
    }
    let unreachable = [
        "Could not find artifact",
        "was not found in",
        "Could not transfer",
        "Unknown host",
        "offline",
    ];
    if captured.status.is_none()
        || unreachable
            .iter()
            .any(|text| captured.output.contains(text))
    {
        let why =
            format!("the Maven repository does not have the client {version}, or is out of reach");
        return Ok(ClassPath::Unreachable(why));
    }
    bail!("Maven failed:\n{}", exec::tail(&captured.output))
}

/// A class path from an earlier run, if all its files still exist.
fn usable(cached: &Path) -> Option<String> {
    let class_path = fs::read_to_string(cached).ok()?;
    std::env::split_paths(&class_path)
        .all(|path| path.is_file())
        .then_some(class_path)
}

fn sources() -> PathBuf {
    workspace::root().join("conformance/java")
}
