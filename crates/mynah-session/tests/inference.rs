//! Whole conversations on one connection, driven without a socket or a clock.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use bytes::Bytes;
use mynah_session::{
    Action, Close, HEARTBEAT_INTERVAL, IDLE_CONNECTION_MAX, INPUT_GAP_MAX, InferenceAction,
    InferenceSession, QUEUED_AUDIO_BYTES_MAX, RecognitionEvent, RecognizedText, SILENCE_MAX,
    Session,
};
use mynah_text::{Language, Word};
use mynah_wire::ApiError;
use mynah_wire::inference::{Sentence, ServerMessage};
use serde_json::{Value, json};

const START: Duration = Duration::ZERO;

fn run_task(id: &str, parameters: &Value) -> String {
    let mut all = json!({"format": "pcm", "sample_rate": 16000});
    for (name, value) in parameters.as_object().unwrap() {
        all[name] = value.clone();
    }
    json!({"header": {"action": "run-task", "task_id": id, "streaming": "duplex"},
           "payload": {"task_group": "audio", "task": "asr", "function": "recognition",
                       "model": "fun-asr-realtime", "parameters": all, "input": {}}})
    .to_string()
}

fn finish_task(id: &str) -> String {
    json!({"header": {"action": "finish-task", "task_id": id}, "payload": {"input": {}}})
        .to_string()
}

fn continue_task(id: &str) -> String {
    json!({"header": {"action": "continue-task", "task_id": id},
           "payload": {"input": {"context": []}}})
    .to_string()
}

fn sent(actions: &[InferenceAction]) -> Vec<&ServerMessage> {
    let mut messages = Vec::new();
    for action in actions {
        if let Action::Send(message) = action {
            messages.push(message);
        }
    }
    messages
}

fn events(actions: &[InferenceAction]) -> Vec<&str> {
    sent(actions)
        .iter()
        .map(|message| message.header.event.as_str())
        .collect()
}

fn sentences(actions: &[InferenceAction]) -> Vec<Sentence> {
    let sentence =
        |message: &&ServerMessage| message.payload.output.clone().and_then(|o| o.sentence);
    sent(actions).iter().filter_map(sentence).collect()
}

fn failure(actions: &[InferenceAction]) -> (&str, &str) {
    let message = sent(actions).into_iter().next_back().expect("a message");
    assert_eq!(message.header.event, "task-failed");
    assert_eq!(actions.last(), Some(&Action::Close(Close::Failed)));
    let header = &message.header;
    (
        header.error_code.as_deref().unwrap(),
        header.error_message.as_deref().unwrap(),
    )
}

/// A session whose task `t` runs since `START`.
fn running(parameters: &Value) -> InferenceSession {
    let mut session = InferenceSession::new(START);
    let actions = session.on_text(&run_task("t", parameters), START);
    assert!(matches!(actions.as_slice(), [Action::Open(_)]));
    assert_eq!(
        events(&session.on_admission(Ok(()), START)),
        ["task-started"]
    );
    session
}

fn text(text: &str, begin_ms: u32, end_ms: u32) -> RecognizedText {
    let word = |(index, word): (usize, &str)| Word {
        text: word.trim_end_matches('.').to_owned(),
        punctuation: if word.ends_with('.') { "." } else { "" }.to_owned(),
        begin_ms: begin_ms + index as u32,
        end_ms: begin_ms + index as u32 + 1,
    };
    RecognizedText {
        begin_ms,
        end_ms,
        text: text.to_owned(),
        words: text.split(' ').enumerate().map(word).collect(),
        language: Language::ENGLISH,
    }
}

#[test]
fn a_sentence_is_announced_grows_and_ends() {
    let mut session = running(&json!({}));
    assert_eq!(
        session.on_recognition(RecognitionEvent::Speech { begin_ms: 480 }, START),
        []
    );
    let growing = session.on_recognition(RecognitionEvent::Partial(text("good", 480, 900)), START);
    let growing = sentences(&growing);
    assert!(growing[0].sentence_begin && growing[0].text.is_empty());
    assert_eq!(
        (growing[1].text.as_str(), growing[1].end_time),
        ("good", None)
    );
    assert!(!growing[1].sentence_begin);

    let sentence = text("good morning.", 480, 1640);
    let rest = Some(text("today", 1700, 1900));
    let event = RecognitionEvent::Final {
        sentence,
        rest,
        heard_ms: 2001,
    };
    let ended = session.on_recognition(event, START);
    assert_eq!(sent(&ended)[0].payload.usage.unwrap().unwrap().duration, 3);
    let ended = &sentences(&ended)[0];
    assert_eq!(
        (ended.sentence_id, ended.end_time, ended.sentence_end),
        (1, Some(1640), true)
    );
    let words: Vec<_> = ended
        .words
        .iter()
        .map(|w| (w.text.as_str(), w.punctuation.as_str()))
        .collect();
    assert_eq!(words, [("good ", ""), ("morning", ".")]);
    assert_eq!(ended.stash.as_ref().unwrap().sentence_id, 2);

    let event = RecognitionEvent::Partial(text("today", 1700, 1900));
    let next = sentences(&session.on_recognition(event, START));
    assert_eq!((next[0].sentence_id, next[0].sentence_begin), (2, true));
}

#[test]
fn a_sentence_that_was_shown_and_held_no_words_ends_empty() {
    let mut session = running(&json!({}));
    assert_eq!(
        session.on_recognition(RecognitionEvent::Nothing { heard_ms: 10 }, START),
        []
    );
    session.on_recognition(RecognitionEvent::Partial(text("hm", 480, 900)), START);
    let ended = session.on_recognition(RecognitionEvent::Nothing { heard_ms: 10 }, START);
    let ended = &sentences(&ended)[0];
    assert_eq!((ended.text.as_str(), ended.end_time), ("", Some(480)));
}

#[test]
fn finishing_flushes_and_the_connection_takes_another_task() {
    let mut session = running(&json!({}));
    assert_eq!(session.on_text(&finish_task("t"), START), [Action::Finish]);
    assert_eq!(session.on_binary(Bytes::from_static(b"late"), START), []);
    let done = session.on_recognition(RecognitionEvent::Finished { heard_ms: 1 }, START);
    assert_eq!(events(&done), ["task-finished"]);
    // What the Python SDK sends until its user calls stop().
    assert_eq!(session.on_binary(Bytes::from_static(b"late"), START), []);
    assert_eq!(session.on_text(&finish_task("t"), START), []);
    let again = session.on_text(&run_task("u", &json!({})), START);
    assert!(matches!(again.as_slice(), [Action::Open(_)]));
}

#[test]
fn what_comes_before_the_task_has_started_is_kept_in_order() {
    let mut session = InferenceSession::new(START);
    session.on_text(&run_task("t", &json!({})), START);
    assert_eq!(session.on_binary(Bytes::from_static(b"ab"), START), []);
    assert_eq!(session.on_binary(Bytes::from_static(b"cd"), START), []);
    assert_eq!(session.on_text(&finish_task("t"), START), []);
    let actions = session.on_admission(Ok(()), START);
    assert_eq!(events(&actions[..1]), ["task-started"]);
    assert_eq!(
        actions[1..],
        [
            Action::Audio(Bytes::from_static(b"ab")),
            Action::Audio(Bytes::from_static(b"cd")),
            Action::Finish
        ]
    );
}

#[test]
fn too_much_before_the_task_has_started_fails_it() {
    let mut session = InferenceSession::new(START);
    session.on_text(&run_task("t", &json!({})), START);
    let actions = session.on_binary(Bytes::from(vec![0; QUEUED_AUDIO_BYTES_MAX + 1]), START);
    assert_eq!(failure(&actions).0, "BadRequest.TooLarge");
}

#[test]
fn a_refused_task_fails_instead_of_starting() {
    let mut session = InferenceSession::new(START);
    session.on_text(&run_task("t", &json!({})), START);
    let actions = session.on_admission(Err(ApiError::rate_quota()), START);
    assert_eq!(failure(&actions).0, "Throttling.RateQuota");
    assert_eq!(events(&actions), ["task-failed"]);
}

#[test]
fn a_second_task_at_the_same_time_fails_the_first() {
    let mut session = running(&json!({}));
    let actions = session.on_text(&run_task("u", &json!({})), START);
    assert_eq!(actions[0], Action::Abandon);
    assert_eq!(sent(&actions)[0].header.task_id.as_str(), "t");
    let message = "Invalid action('run-task')! Please follow the protocol!";
    assert_eq!(failure(&actions), ("InvalidParameter", message));
    assert_eq!(
        session.on_text(&run_task("v", &json!({})), START),
        [],
        "nothing after the end"
    );
}

#[test]
fn broken_messages_fail_the_task_they_name() {
    for (message, expected) in [
        (
            "{",
            "Required body invalid, please check the request body format.",
        ),
        (
            "[]",
            "Required body invalid, please check the request body format.",
        ),
        (
            r#"{"header":{"task_id":"t","action":5}}"#,
            "Required body invalid, please check the request body format.",
        ),
        (
            r#"{"header":{"task_id":"t"}}"#,
            "Missing required parameter 'header.action'! Please follow the protocol!",
        ),
        (
            r#"{"header":{"action":"run-task"}}"#,
            "Missing required parameter 'header.task_id'! Please follow the protocol!",
        ),
        (
            r#"{"header":{"action":"dance","task_id":"t"}}"#,
            "Invalid action('dance')! Please follow the protocol!",
        ),
        (
            r#"{"header":{"action":"finish-task","task_id":"t"},"payload":{}}"#,
            "task can not be null",
        ),
    ] {
        let mut session = running(&json!({}));
        let actions = session.on_text(message, START);
        assert_eq!(
            failure(&actions),
            ("InvalidParameter", expected),
            "{message}"
        );
        assert_eq!(actions[0], Action::Abandon);
    }
}

#[test]
fn a_client_that_sends_nothing_is_cut_off_after_the_python_sdk_would_have_ended() {
    assert!(INPUT_GAP_MAX > Duration::from_secs(23));
    let mut session = running(&json!({"heartbeat": true}));
    let mut now = START;
    while now < INPUT_GAP_MAX {
        let actions = session.on_timer(now);
        assert!(!events(&actions).contains(&"task-failed"), "{now:?}");
        now = session.deadline().unwrap();
    }
    let expected = ("CLIENT_ERROR", "request timeout after 23 seconds.");
    assert_eq!(failure(&session.on_timer(now)), expected);
}

#[test]
fn a_client_that_is_not_read_is_not_late() {
    let mut session = running(&json!({"heartbeat": true}));
    session.on_recognition(RecognitionEvent::Speech { begin_ms: 480 }, START);
    session.pause_input();
    assert_eq!(session.deadline(), None);
    assert_eq!(session.on_timer(2 * INPUT_GAP_MAX), []);
    session.resume_input(2 * INPUT_GAP_MAX);
    assert_eq!(session.deadline(), Some(3 * INPUT_GAP_MAX));
}

/// Sends audio every second until `end`; returns the actions of the timers on the way.
fn silent_audio(session: &mut InferenceSession, end: Duration) -> Vec<InferenceAction> {
    let mut actions = Vec::new();
    let mut now = START;
    while now <= end {
        session.on_binary(Bytes::from_static(&[0; 32]), now);
        actions.extend(session.on_timer(now));
        now += Duration::from_secs(1);
    }
    actions
}

#[test]
fn a_minute_of_silence_ends_a_task_without_heartbeat() {
    let mut session = running(&json!({}));
    assert_eq!(silent_audio(&mut session, SILENCE_MAX.mul_f32(0.95)), []);
    assert_eq!(
        failure(&session.on_timer(SILENCE_MAX)),
        ("ResponseTimeout", "Response timeout!")
    );
}

#[test]
fn a_minute_of_silence_is_answered_with_heartbeats_if_asked_for() {
    let mut session = running(&json!({"heartbeat": true}));
    let beats = sentences(&silent_audio(&mut session, 2 * SILENCE_MAX));
    assert_eq!(
        beats.len() as u64,
        2 * SILENCE_MAX.as_secs() / HEARTBEAT_INTERVAL.as_secs()
    );
    for beat in beats {
        assert!(beat.heartbeat && beat.end_time.is_none() && beat.sentence_id == 0);
    }
}

#[test]
fn speech_stops_the_clock_of_silence() {
    let mut session = running(&json!({}));
    session.on_recognition(RecognitionEvent::Speech { begin_ms: 480 }, START);
    assert_eq!(silent_audio(&mut session, 2 * SILENCE_MAX), []);
}

#[test]
fn an_idle_connection_is_closed() {
    let mut session = InferenceSession::new(START);
    assert_eq!(session.deadline(), Some(IDLE_CONNECTION_MAX));
    assert_eq!(
        session.on_timer(IDLE_CONNECTION_MAX),
        [Action::Close(Close::Idle)]
    );
}

#[test]
fn audio_that_is_none_fails_with_the_documented_code() {
    let mut session = running(&json!({}));
    session.on_text(&finish_task("t"), START);
    let actions = session.on_recognition(RecognitionEvent::Finished { heard_ms: 0 }, START);
    assert_eq!(failure(&actions).0, "NO_VALID_AUDIO_ERROR");
}

#[test]
fn a_new_context_is_taken_without_an_answer() {
    let mut session = running(&json!({}));
    assert_eq!(session.on_text(&continue_task("t"), START), []);
    let actions = session.on_text(&continue_task("other"), START);
    assert_eq!(
        failure(&actions).1,
        "Invalid action('continue-task')! Please follow the protocol!"
    );
}
