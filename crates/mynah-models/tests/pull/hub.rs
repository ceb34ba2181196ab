//! Pulling single files from a hub: everything a network and a server can do to a download.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::server::{Answer, Server};
use crate::support::{Recorder, file, hugging_face, modelscope, names, noise, options, store};
use mynah_models::{Error, Pulled, Puller, Silent, SourceError, Status, Store};
use tempfile::{TempDir, tempdir};

const PATH: &str = "/o/r/resolve/r1/w.onnx";
const OTHER: &str = "/models/o/s/resolve/r2/w.onnx";
const SIZE: usize = 3_000_000;

/// A store whose one file is `content`, on Hugging Face and, if `two`, on ModelScope too.
fn one_file(content: &[u8], two: bool) -> (TempDir, Store) {
    let dir = tempdir().unwrap();
    let mut parts = vec![file("w.onnx", content), hugging_face("o/r", &["w.onnx"])];
    if two {
        parts.push(modelscope("o/s", &["w.onnx"]));
    }
    let store = store(dir.path(), &parts);
    (dir, store)
}

fn pull(store: &Store, server: &Server) -> (Result<Pulled, Error>, Recorder) {
    let mut recorder = Recorder::default();
    let outcome = Puller::new(store, options(&server.endpoint)).pull("m", &mut recorder);
    (outcome, recorder)
}

/// The reasons of a pull that failed at every source.
fn reasons(outcome: Result<Pulled, Error>) -> Vec<SourceError> {
    match outcome {
        Err(Error::AllSourcesFailed { failures, .. }) => {
            failures.into_iter().map(|failure| failure.reason).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn assert_installed(store: &Store, content: &[u8]) {
    assert_eq!(store.status("m").unwrap(), Status::Complete);
    assert_eq!(
        fs::read(store.path("m", "w.onnx").unwrap()).unwrap(),
        content
    );
    assert_eq!(names(&store.folder("m").unwrap()), ["w.onnx"]);
}

#[test]
fn a_file_is_fetched_once() {
    let content = noise(1, SIZE);
    let server = Server::start([(PATH, Answer::File(content.clone()))]);
    let (_dir, store) = one_file(&content, false);
    assert_eq!(store.status("m").unwrap(), Status::Missing);
    let (outcome, recorder) = pull(&store, &server);
    assert_eq!(outcome.unwrap(), Pulled::Fetched);
    assert_eq!(recorder.last_done_bytes, SIZE as u64);
    assert!(recorder.messages.is_empty(), "{:?}", recorder.messages);
    assert_installed(&store, &content);
    assert_eq!(pull(&store, &server).0.unwrap(), Pulled::AlreadyComplete);
    assert_eq!(server.starts(PATH), [None]);
    assert_eq!(store.disk_usage_bytes("m").unwrap(), SIZE as u64);
    assert_eq!(store.remove("m").unwrap(), SIZE as u64);
    assert_eq!(store.status("m").unwrap(), Status::Missing);
}

#[test]
fn redirects_are_followed() {
    let content = noise(2, SIZE);
    let server = Server::start([
        (PATH, Answer::Redirect("/cdn/1")),
        ("/cdn/1", Answer::Redirect("/cdn/2")),
        ("/cdn/2", Answer::File(content.clone())),
    ]);
    let (_dir, store) = one_file(&content, false);
    pull(&store, &server).0.unwrap();
    assert_installed(&store, &content);
}

#[test]
fn a_circle_of_redirects_ends() {
    let server = Server::start([(PATH, Answer::Redirect(PATH))]);
    let (_dir, store) = one_file(b"abc", false);
    let reasons = reasons(pull(&store, &server).0);
    assert!(
        matches!(reasons[..], [SourceError::Unreachable { .. }]),
        "{reasons:?}"
    );
}

#[test]
fn a_broken_connection_is_taken_up_where_it_ended() {
    let content = noise(3, SIZE);
    let server = Server::start([(PATH, Answer::Breaking(content.clone(), 1_100_000))]);
    let (_dir, store) = one_file(&content, false);
    let (outcome, recorder) = pull(&store, &server);
    outcome.unwrap();
    assert_installed(&store, &content);
    assert_eq!(recorder.messages.len(), 2, "{:?}", recorder.messages);
    // Only the rest is asked for. What lay in socket buffers when the connection broke may be lost,
    // hence the bounds.
    let starts: Vec<_> = server.starts(PATH).into_iter().flatten().collect();
    assert_eq!(server.starts(PATH)[0], None);
    assert!(
        matches!(starts[..], [1..=1_100_000, 1_000_000..=2_200_000]),
        "{starts:?}"
    );
}

#[test]
fn a_redirected_download_is_resumed_too() {
    let content = noise(4, SIZE);
    let breaking = Answer::Breaking(content.clone(), 2_000_000);
    let server = Server::start([(PATH, Answer::Redirect("/cdn")), ("/cdn", breaking)]);
    let (_dir, store) = one_file(&content, false);
    pull(&store, &server).0.unwrap();
    assert_installed(&store, &content);
    assert_eq!(server.starts("/cdn").len(), 2);
    assert!(server.starts("/cdn")[1].is_some());
}

#[test]
fn a_server_without_ranges_sends_everything_again() {
    let content = noise(5, SIZE);
    let server = Server::start([(
        PATH,
        Answer::First(
            1,
            Box::new(Answer::Breaking(content.clone(), 2_000_000)),
            Box::new(Answer::NoRange(content.clone())),
        ),
    )]);
    let (_dir, store) = one_file(&content, false);
    pull(&store, &server).0.unwrap();
    assert_installed(&store, &content);
    assert!(server.starts(PATH)[1].is_some());
}

#[test]
fn a_server_that_breaks_without_progress_is_given_up() {
    let content = noise(6, SIZE);
    let server = Server::start([(PATH, Answer::Breaking(content.clone(), 1000))]);
    let (_dir, store) = one_file(&content, false);
    let reasons = reasons(pull(&store, &server).0);
    assert!(
        matches!(reasons[..], [SourceError::Broken { attempts: 3, .. }]),
        "{reasons:?}"
    );
    assert_eq!(server.requests().len(), 3);
    // What came is kept for the next pull.
    assert_eq!(names(&store.folder("m").unwrap()), ["w.onnx.partial"]);
    assert_eq!(store.status("m").unwrap(), Status::Missing);
}

#[test]
fn a_busy_server_is_asked_again() {
    let content = noise(7, SIZE);
    for status in [429, 503] {
        let then = Box::new(Answer::File(content.clone()));
        let answer = Answer::First(2, Box::new(Answer::Status(status)), then);
        let server = Server::start([(PATH, answer)]);
        let (_dir, store) = one_file(&content, false);
        pull(&store, &server).0.unwrap();
        assert_installed(&store, &content);
        assert_eq!(server.requests().len(), 3);
    }
}

#[test]
fn wrong_bytes_are_removed_and_the_next_source_is_asked() {
    let content = noise(8, SIZE);
    let server = Server::start([
        (PATH, Answer::File(noise(9, SIZE))),
        (OTHER, Answer::File(content.clone())),
    ]);
    let (_dir, store) = one_file(&content, true);
    let (outcome, recorder) = pull(&store, &server);
    outcome.unwrap();
    assert_installed(&store, &content);
    assert!(
        recorder.messages[0].contains("wrong SHA-256"),
        "{:?}",
        recorder.messages
    );
    assert_eq!(
        server.starts(OTHER),
        [None],
        "nothing of the wrong bytes was kept"
    );
}

#[test]
fn wrong_bytes_everywhere_leave_nothing() {
    let server = Server::start([(PATH, Answer::File(noise(9, SIZE)))]);
    let (_dir, store) = one_file(&noise(8, SIZE), false);
    let reasons = reasons(pull(&store, &server).0);
    let [SourceError::WrongHash { expected, got, .. }] = &reasons[..] else {
        panic!("{reasons:?}")
    };
    assert_eq!(*expected, crate::support::sha256(&noise(8, SIZE)));
    assert_eq!(*got, crate::support::sha256(&noise(9, SIZE)));
    assert!(names(&store.folder("m").unwrap()).is_empty());
}

#[test]
fn wrong_bytes_left_by_an_earlier_pull_do_not_condemn_a_source() {
    let content = noise(10, SIZE);
    let server = Server::start([(PATH, Answer::File(content.clone()))]);
    let (_dir, store) = one_file(&content, false);
    let folder = store.folder("m").unwrap();
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("w.onnx.partial"), noise(11, 1000)).unwrap();
    pull(&store, &server).0.unwrap();
    assert_installed(&store, &content);
    assert_eq!(server.starts(PATH), [Some(1000), None]);
}

#[test]
fn right_bytes_left_by_an_earlier_pull_are_not_fetched_again() {
    let content = noise(12, SIZE);
    let server = Server::start([(PATH, Answer::File(content.clone()))]);
    let (_dir, store) = one_file(&content, false);
    let folder = store.folder("m").unwrap();
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("w.onnx.partial"), &content[..2_500_000]).unwrap();
    pull(&store, &server).0.unwrap();
    assert_installed(&store, &content);
    assert_eq!(server.starts(PATH), [Some(2_500_000)]);
}

#[test]
fn a_file_that_is_not_there_is_looked_for_at_the_next_source() {
    let content = noise(13, SIZE);
    let server = Server::start([(OTHER, Answer::File(content.clone()))]);
    let (_dir, store) = one_file(&content, true);
    pull(&store, &server).0.unwrap();
    assert_installed(&store, &content);
    assert_eq!(server.starts(PATH).len(), 1, "404 is not asked twice");
}

#[test]
fn every_source_is_named_when_all_fail() {
    let server = Server::start([(OTHER, Answer::Status(403))]);
    let (_dir, store) = one_file(b"abc", true);
    let error = pull(&store, &server).0.unwrap_err().to_string();
    assert!(error.starts_with("m could not be pulled\n"), "{error}");
    assert!(error.contains("Hugging Face o/r: "), "{error}");
    assert!(error.contains("answered 404"), "{error}");
    assert!(error.contains("ModelScope o/s: "), "{error}");
    assert!(error.contains("answered 403"), "{error}");
}

#[test]
fn a_silent_server_is_given_up() {
    let content = noise(14, SIZE);
    let hour = Duration::from_hours(1);
    let server = Server::start([(PATH, Answer::Slow(content.clone(), 100_000, hour))]);
    let (_dir, store) = one_file(&content, false);
    let mut options = options(&server.endpoint);
    options.idle_timeout = Duration::from_millis(300);
    let start = Instant::now();
    let reasons = reasons(Puller::new(&store, options).pull("m", &mut Silent));
    assert!(
        matches!(reasons[..], [SourceError::Broken { .. }]),
        "{reasons:?}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_dripping_server_is_given_up() {
    let content = noise(15, SIZE);
    let drip = Duration::from_millis(50);
    let server = Server::start([(PATH, Answer::Slow(content.clone(), 10, drip))]);
    let (_dir, store) = one_file(&content, false);
    let mut options = options(&server.endpoint);
    options.idle_timeout = Duration::from_millis(300);
    let start = Instant::now();
    let reasons = reasons(Puller::new(&store, options).pull("m", &mut Silent));
    let [SourceError::Broken { detail, .. }] = &reasons[..] else {
        panic!("{reasons:?}")
    };
    assert_eq!(detail, "the transfer stalled");
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_body_longer_than_the_catalogue_says_is_cut_off() {
    let content = noise(16, SIZE);
    let mut long = content.clone();
    long.extend(noise(17, SIZE));
    for answer in [Answer::File(long.clone()), Answer::Unsized(long.clone())] {
        let server = Server::start([(PATH, answer), (OTHER, Answer::File(content.clone()))]);
        let (_dir, store) = one_file(&content, true);
        let (outcome, recorder) = pull(&store, &server);
        outcome.unwrap();
        assert!(
            recorder.messages[0].contains("wrong size"),
            "{:?}",
            recorder.messages
        );
        assert_installed(&store, &content);
        assert_eq!(
            server.starts(OTHER),
            [None],
            "nothing of the wrong bytes was kept"
        );
    }
}

#[test]
fn a_host_out_of_reach_is_asked_once() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (_dir, store) = one_file(b"abc", false);
    let mut puller = Puller::new(&store, options(&format!("http://{closed}")));
    for expected in ["refused", "not tried again"] {
        let reasons = reasons(puller.pull("m", &mut Silent));
        let [reason @ SourceError::Unreachable { .. }] = &reasons[..] else {
            panic!("{reasons:?}")
        };
        assert!(reason.to_string().contains(expected), "{reason}");
    }
}

#[test]
fn a_name_that_does_not_resolve_is_found_out_quickly() {
    let (_dir, store) = one_file(b"abc", false);
    let start = Instant::now();
    let options = options("http://no-such-host.invalid");
    let reasons = reasons(Puller::new(&store, options).pull("m", &mut Silent));
    assert!(
        matches!(reasons[..], [SourceError::Unreachable { .. }]),
        "{reasons:?}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_source_that_fails_early_is_left_for_one_that_has_everything() {
    let (small, large) = (noise(18, 1000), noise(19, SIZE));
    let dir = tempdir().unwrap();
    let both = ["config.json", "w.onnx"];
    let parts = [
        file("w.onnx", &large),
        file("config.json", &small),
        hugging_face("o/r", &both),
        modelscope("o/s", &both),
    ];
    let store = store(dir.path(), &parts);
    let server = Server::start([
        ("/o/r/resolve/r1/config.json", Answer::File(noise(20, 1000))),
        (PATH, Answer::File(large.clone())),
        ("/models/o/s/resolve/r2/config.json", Answer::File(small)),
        (OTHER, Answer::File(large)),
    ]);
    pull(&store, &server).0.unwrap();
    assert_eq!(store.status("m").unwrap(), Status::Complete);
    assert_eq!(
        server.starts(PATH).len(),
        0,
        "the large file was not fetched in vain"
    );
}

#[test]
fn damage_is_seen_and_repaired() {
    let content = noise(21, SIZE);
    let server = Server::start([(PATH, Answer::File(content.clone()))]);
    let (_dir, store) = one_file(&content, false);
    pull(&store, &server).0.unwrap();
    let path = store.path("m", "w.onnx").unwrap();
    let mut damaged = content.clone();
    damaged[SIZE / 2] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let report = store.check("m", &mut Silent).unwrap();
    let expected = mynah_models::FileState::WrongHash {
        got: crate::support::sha256(&damaged),
    };
    assert_eq!(report[0].state, expected);
    let (outcome, recorder) = pull(&store, &server);
    assert_eq!(outcome.unwrap(), Pulled::Fetched);
    assert!(
        recorder.messages[0].contains("damaged"),
        "{:?}",
        recorder.messages
    );
    assert_installed(&store, &content);
    fs::write(&path, "short").unwrap();
    assert_eq!(store.status("m").unwrap(), Status::Damaged);
}

#[test]
fn a_folder_of_files_serves_instead_of_the_network() {
    let content = noise(22, SIZE);
    let (_dir, store) = one_file(&content, false);
    let carried = tempdir().unwrap();
    let mut options = options("http://no-such-host.invalid");
    options.from_dir = Some(carried.path().to_owned());
    let mut puller = Puller::new(&store, options);

    let failed = reasons(puller.pull("m", &mut Silent));
    assert!(
        matches!(failed[..], [SourceError::NotInDir { .. }]),
        "{failed:?}"
    );

    fs::write(carried.path().join("w.onnx"), noise(23, SIZE)).unwrap();
    let failed = reasons(puller.pull("m", &mut Silent));
    assert!(
        matches!(failed[..], [SourceError::WrongHash { .. }]),
        "{failed:?}"
    );

    fs::create_dir(carried.path().join("m")).unwrap();
    fs::write(carried.path().join("m").join("w.onnx"), &content).unwrap();
    puller.pull("m", &mut Silent).unwrap();
    assert_installed(&store, &content);
}

#[test]
fn an_entry_that_is_not_there_is_not_pulled() {
    let server = Server::start([]);
    let (dir, store) = one_file(b"abc", false);
    let error = Puller::new(&store, options(&server.endpoint)).pull("../m", &mut Silent);
    assert_eq!(
        error.unwrap_err().to_string(),
        "\"../m\" is not in the catalogue"
    );
    assert!(names(dir.path()).is_empty());
}
