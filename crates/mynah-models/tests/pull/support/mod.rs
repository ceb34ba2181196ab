//! What the tests of pulling share: a hub that misbehaves on purpose, a catalogue of one entry, and
//! the test program run again as another process.

pub(crate) mod server;

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mynah_models::{Catalogue, Digest, Progress, PullOptions, Step, Store};

/// Bytes that do not repeat within a file's length, so that a part in the wrong place is noticed.
pub(crate) fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..count).map(|_| next()).collect()
}

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, bytes).unwrap();
    Digest::of_file(&path, |_| {}).unwrap()
}

/// The head of an entry called `m`.
pub(crate) const ENTRY: &str = r#"
    [[model]]
    id = "m"
    kind = "recognizer"
    title = "M"
    licence = "MIT"
    provenance = "made by a test"
"#;

pub(crate) fn file(name: &str, content: &[u8]) -> String {
    let (hash, size) = (sha256(content), content.len());
    format!("[[model.file]]\nname = \"{name}\"\nsha256 = \"{hash}\"\nsize_bytes = {size}\n")
}

/// A Hugging Face source that has the files under their own names.
pub(crate) fn hugging_face(repository: &str, files: &[&str]) -> String {
    source(
        "huggingface",
        &format!("repository = \"{repository}\"\nrevision = \"r1\""),
        files,
    )
}

pub(crate) fn modelscope(repository: &str, files: &[&str]) -> String {
    source(
        "modelscope",
        &format!("repository = \"{repository}\"\nrevision = \"r2\""),
        files,
    )
}

fn source(from: &str, fields: &str, files: &[&str]) -> String {
    let paths: Vec<_> = files
        .iter()
        .map(|name| format!("\"{name}\" = \"{name}\""))
        .collect();
    let paths = paths.join(", ");
    format!("[[model.source]]\nfrom = \"{from}\"\n{fields}\npaths = {{ {paths} }}\n")
}

pub(crate) fn store(dir: &Path, parts: &[String]) -> Store {
    let text = format!("{ENTRY}{}", parts.concat());
    Store::with_catalogue(dir, Catalogue::parse(&text).unwrap())
}

/// Options for a test: both hubs are `endpoint`, and nothing waits long.
pub(crate) fn options(endpoint: &str) -> PullOptions {
    PullOptions {
        hub_endpoint: endpoint.to_owned(),
        modelscope_endpoint: endpoint.to_owned(),
        connect_timeout: Duration::from_secs(2),
        idle_timeout: Duration::from_secs(5),
        attempts_max: 3,
        backoff: Duration::from_millis(5),
        ..PullOptions::default()
    }
}

/// The names of everything in a folder, sorted.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let name =
        |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

/// Keeps the messages and the last step.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) messages: Vec<String>,
    pub(crate) steps: usize,
    pub(crate) last_done_bytes: u64,
}

impl Progress for Recorder {
    fn step(&mut self, step: &Step<'_>) {
        assert!(step.done_bytes <= step.total_bytes, "{step:?}");
        self.steps += 1;
        self.last_done_bytes = step.done_bytes;
    }

    fn message(&mut self, model: &str, text: &str) {
        self.messages.push(format!("{model}: {text}"));
    }
}

/// Runs the ignored test `name` of this test program in another process, with `variables` set.
pub(crate) fn child(name: &str, variables: &[(&str, &str)]) -> Child {
    let program = env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["--exact", name, "--ignored", "--nocapture"]);
    command.envs(variables.iter().copied());
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}
