//! Pulls by other processes: killed in the middle, and two at once.

use std::env;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use mynah_models::{PullOptions, Puller, Silent, Store};
use tempfile::tempdir;

use crate::support::server::{Answer, Server};
use crate::support::{Recorder, child, file, hugging_face, names, noise, options, store};

const DIR_VARIABLE: &str = "MYNAH_TEST_STORE";
const ENDPOINT_VARIABLE: &str = "MYNAH_TEST_ENDPOINT";
const CHILD: &str = "processes::child_pulls";
const FILES: [&str; 2] = ["a.onnx", "b.onnx"];
const SIZE: usize = 2_000_000;

/// The same in every process: the contents are a function of the names' places.
fn the_store(dir: &std::path::Path) -> Store {
    let parts = [
        file(FILES[0], &noise(1, SIZE)),
        file(FILES[1], &noise(2, SIZE + 1)),
        hugging_face("o/r", &FILES),
    ];
    store(dir, &parts)
}

fn slow_server(pause: Duration) -> Server {
    Server::start([
        (
            "/o/r/resolve/r1/a.onnx",
            Answer::Slow(noise(1, SIZE), 50_000, pause),
        ),
        (
            "/o/r/resolve/r1/b.onnx",
            Answer::Slow(noise(2, SIZE + 1), 50_000, pause),
        ),
    ])
}

#[test]
#[ignore = "run by other tests of this file"]
fn child_pulls() {
    let (Some(dir), Ok(endpoint)) = (env::var_os(DIR_VARIABLE), env::var(ENDPOINT_VARIABLE)) else {
        return println!("skipped: run by other tests");
    };
    let store = the_store(dir.as_ref());
    let mut recorder = Recorder::default();
    let pulled = Puller::new(&store, options(&endpoint))
        .pull("m", &mut recorder)
        .unwrap();
    println!("{pulled:?} {:?}", recorder.messages);
}

#[test]
fn a_killed_pull_is_taken_up_by_the_next() {
    let dir = tempdir().unwrap();
    let store = the_store(dir.path());
    let server = slow_server(Duration::from_millis(20));
    let variables = [
        (DIR_VARIABLE, dir.path().to_str().unwrap()),
        (ENDPOINT_VARIABLE, &server.endpoint),
    ];
    let mut child = child(CHILD, &variables);
    let partial = store.folder("m").unwrap().join("b.onnx.partial");
    let deadline = Instant::now() + Duration::from_mins(1);
    while fs::metadata(&partial).map_or(0, |metadata| metadata.len()) < 500_000 {
        assert!(Instant::now() < deadline, "the child does not pull");
        thread::sleep(Duration::from_millis(2));
    }
    // On Unix this is SIGKILL: nothing of the child runs any more.
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        names(&store.folder("m").unwrap()),
        ["a.onnx", "b.onnx.partial"]
    );
    assert!(!store.installed("m").unwrap());
    let kept = fs::metadata(&partial).unwrap().len() as usize;

    Puller::new(&store, options(&server.endpoint))
        .pull("m", &mut Silent)
        .unwrap();
    assert!(store.installed("m").unwrap());
    assert_eq!(names(&store.folder("m").unwrap()), FILES);
    assert_eq!(
        server.starts("/o/r/resolve/r1/a.onnx"),
        [None],
        "a whole file is kept"
    );
    assert_eq!(server.starts("/o/r/resolve/r1/b.onnx"), [None, Some(kept)]);
}

#[test]
fn two_pulls_at_once_fetch_everything_once() {
    let dir = tempdir().unwrap();
    let server = slow_server(Duration::from_millis(10));
    let variables = [
        (DIR_VARIABLE, dir.path().to_str().unwrap()),
        (ENDPOINT_VARIABLE, &server.endpoint),
    ];
    let children = [child(CHILD, &variables), child(CHILD, &variables)];
    let outputs = children.map(|child| child.wait_with_output().unwrap());
    let words = outputs.map(|output| {
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    });
    let all = words.concat();
    assert_eq!(all.matches("Fetched").count(), 1, "{all}");
    assert_eq!(all.matches("AlreadyComplete").count(), 1, "{all}");
    assert_eq!(
        all.matches("another pull of it is running").count(),
        1,
        "{all}"
    );
    for name in FILES {
        assert_eq!(server.starts(&format!("/o/r/resolve/r1/{name}")), [None]);
    }
    assert!(the_store(dir.path()).installed("m").unwrap());
}

#[test]
#[ignore = "run by settings_come_from_the_environment"]
fn child_reads_settings() {
    println!("dir {:?}", Store::default_dir());
    match PullOptions::from_env() {
        Ok(options) => println!("from {:?} at {}", options.prefer, options.hub_endpoint),
        Err(error) => println!("error {error}"),
    }
}

#[test]
fn settings_come_from_the_environment() {
    let cases: [(&[(&str, &str)], &str); 6] = [
        (
            &[("MYNAH_MODELS_DIR", "/srv/models")],
            "dir Ok(\"/srv/models\")",
        ),
        (
            &[("MYNAH_MODELS_DIR", ""), ("XDG_CACHE_HOME", "/c")],
            "mynah/models\"",
        ),
        (
            &[("MYNAH_PULL_FROM", ""), ("HF_ENDPOINT", "")],
            "from Hub at https://huggingface.co",
        ),
        (
            &[
                ("MYNAH_PULL_FROM", "registry"),
                ("HF_ENDPOINT", "http://mirror"),
            ],
            "from Registry at http://mirror",
        ),
        (
            &[("MYNAH_PULL_FROM", "moon")],
            "error MYNAH_PULL_FROM=\"moon\": expected hub or registry",
        ),
        (
            &[("MYNAH_PULL_FROM", ""), ("HF_ENDPOINT", "mirror")],
            "expected a web address",
        ),
    ];
    for (variables, expected) in cases {
        let output = child("processes::child_reads_settings", variables).wait_with_output();
        let words = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(words.contains(expected), "{expected:?} is not in {words}");
    }
}
