//! A disk that is full, or fills up while a file is written: on a real file system of a few
//! megabytes, mounted by a child process in a mount namespace of its own.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use mynah_models::{Error, Puller, Silent};
use tempfile::tempdir;

use crate::support::server::{Answer, Server};
use crate::support::{Recorder, file, hugging_face, names, noise, options, store};

const MOUNT_VARIABLE: &str = "MYNAH_TEST_MOUNT";
const PATH: &str = "/o/r/resolve/r1/w.onnx";
const SIZE: usize = 3_000_000;

/// Runs the ignored test `name` with a file system of `megabytes` mounted in its folder. Prints
/// why not where the system does not let us.
fn on_small_disk(name: &str, megabytes: u32) {
    let dir = tempdir().unwrap();
    let program = env::current_exe().unwrap();
    let script = format!(
        "mount -t tmpfs -o size={megabytes}m tmpfs '{0}' || exit 77; \
         exec '{1}' --exact {name} --ignored --nocapture",
        dir.path().display(),
        program.display()
    );
    let child = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script])
        .env(MOUNT_VARIABLE, dir.path())
        .output();
    let output = match child {
        Ok(output) => output,
        Err(error) => return println!("skipped: cannot run unshare: {error}"),
    };
    let words = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    let refused = output.status.code() == Some(77) || words.contains("unshare:");
    if refused {
        return println!("skipped: no file system can be mounted here: {words}");
    }
    assert!(output.status.success(), "{words}");
    assert!(words.contains("1 passed"), "{words}");
}

fn mount() -> Option<std::path::PathBuf> {
    let mount = env::var_os(MOUNT_VARIABLE);
    if mount.is_none() {
        println!("skipped: run by another test");
    }
    mount.map(Into::into)
}

#[test]
fn a_full_disk_is_noticed_before_anything_is_fetched() {
    on_small_disk("disk::child_finds_no_room", 4);
}

#[test]
#[ignore = "run by a_full_disk_is_noticed_before_anything_is_fetched"]
fn child_finds_no_room() {
    let Some(mount) = mount() else { return };
    let content = noise(1, SIZE);
    let server = Server::start([(PATH, Answer::File(content.clone()))]);
    let store = store(
        &mount,
        &[file("w.onnx", &content), hugging_face("o/r", &["w.onnx"])],
    );
    let error = Puller::new(&store, options(&server.endpoint))
        .pull("m", &mut Silent)
        .unwrap_err();
    let Error::DiskFull {
        needed_bytes,
        available_bytes,
        ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(needed_bytes, SIZE as u64);
    assert!(available_bytes <= 4 * 1024 * 1024);
    assert!(
        error.to_string().contains("is full: 3.0 MB needed"),
        "{error}"
    );
    assert!(server.requests().is_empty());
}

#[test]
fn a_disk_that_fills_up_meanwhile_is_told_and_cleaned() {
    on_small_disk("disk::child_fills_the_disk", 24);
}

#[test]
#[ignore = "run by a_disk_that_fills_up_meanwhile_is_told_and_cleaned"]
fn child_fills_the_disk() {
    let Some(mount) = mount() else { return };
    let content = noise(2, SIZE);
    let slow = Answer::Slow(content.clone(), 100_000, Duration::from_millis(100));
    let server = Server::start([(PATH, slow)]);
    let store = store(
        &mount,
        &[file("w.onnx", &content), hugging_face("o/r", &["w.onnx"])],
    );
    let partial = store.folder("m").unwrap().join("w.onnx.partial");
    let filler = mount.join("filler");
    thread::scope(|scope| {
        scope.spawn(|| {
            while fs::metadata(&partial).map_or(0, |metadata| metadata.len()) < 500_000 {
                thread::sleep(Duration::from_millis(5));
            }
            fill(&filler);
        });
        let mut recorder = Recorder::default();
        let outcome = Puller::new(&store, options(&server.endpoint)).pull("m", &mut recorder);
        let error = outcome.unwrap_err();
        let Error::DiskFull { needed_bytes, .. } = error else {
            panic!("{error}")
        };
        assert!(
            needed_bytes < SIZE as u64,
            "some of it was written before: {needed_bytes}"
        );
    });
    assert!(
        names(&store.folder("m").unwrap()).is_empty(),
        "the unfinished file is removed"
    );
    fs::remove_file(&filler).unwrap();
    let server = Server::start([(PATH, Answer::File(content))]);
    Puller::new(&store, options(&server.endpoint))
        .pull("m", &mut Silent)
        .unwrap();
    assert!(store.installed("m").unwrap());
}

/// Writes until the disk is full.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = fs::File::create(path).unwrap();
    for size in [1_000_000, 1000, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}
