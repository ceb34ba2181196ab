//! Any order of any messages, events and times: the promises of a session hold all the same.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use bytes::Bytes;
use mynah_session::{
    Action, InferenceAction, InferenceSession, RecognitionEvent, RecognizedText, Session,
};
use mynah_text::Language;
use mynah_wire::ApiError;
use proptest::prelude::*;
use serde_json::json;

#[derive(Clone, Debug)]
enum Step {
    Run(u8),
    Finish(u8),
    Continue(u8),
    Garbage(String),
    Audio(usize),
    Admit(bool),
    Event(u8),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3u8).prop_map(Step::Run),
        2 => (0..3u8).prop_map(Step::Finish),
        1 => (0..3u8).prop_map(Step::Continue),
        1 => ".{0,20}".prop_map(Step::Garbage),
        4 => (0..5000usize).prop_map(Step::Audio),
        4 => any::<bool>().prop_map(|bad| Step::Admit(!bad)),
        6 => (0..6u8).prop_map(Step::Event),
        3 => (0..30_000u64).prop_map(Step::Wait),
    ]
}

fn message(action: &str, id: u8) -> String {
    json!({"header": {"action": action, "task_id": id.to_string()},
           "payload": {"task_group": "audio", "task": "asr", "function": "recognition",
                       "model": "fun-asr-realtime", "input": {},
                       "parameters": {"format": "pcm", "sample_rate": 16000}}})
    .to_string()
}

fn event(kind: u8) -> RecognitionEvent {
    let text = RecognizedText {
        begin_ms: 1,
        end_ms: 2,
        text: "a".to_owned(),
        words: Vec::new(),
        language: Language::ENGLISH,
    };
    match kind {
        0 => RecognitionEvent::Speech { begin_ms: 1 },
        1 => RecognitionEvent::Partial(text),
        2 => RecognitionEvent::Final {
            sentence: text,
            rest: None,
            heard_ms: 5,
        },
        3 => RecognitionEvent::Nothing { heard_ms: 5 },
        4 => RecognitionEvent::Finished { heard_ms: 5 },
        _ => RecognitionEvent::Failed(ApiError::internal()),
    }
}

/// What a client can see, checked as it goes.
#[derive(Default)]
struct Observer {
    open: Option<String>,
    asked: usize,
    answered: usize,
    sentences: u32,
    closed: bool,
}

impl Observer {
    fn see(&mut self, action: &InferenceAction) {
        assert!(!self.closed, "nothing follows the end: {action:?}");
        match action {
            Action::Open(_) => self.asked += 1,
            Action::Close(_) => self.closed = true,
            Action::Send(message) => {
                let id = message.header.task_id.as_str();
                match message.header.event.as_str() {
                    "task-started" => {
                        assert_eq!(self.open.replace(id.to_owned()), None);
                        self.answered += 1;
                        self.sentences = 0;
                    }
                    "result-generated" => self.see_result(message),
                    "task-finished" => assert_eq!(self.open.take().as_deref(), Some(id)),
                    "task-failed" => {
                        if let Some(open) = self.open.take() {
                            assert_eq!(open, id);
                        }
                    }
                    other => panic!("unknown event {other}"),
                }
            }
            Action::Renew(_) | Action::Clear => panic!("{action:?} in this protocol"),
            Action::Audio(_) | Action::Finish | Action::Abandon => assert!(
                self.open.is_some() || matches!(action, Action::Finish),
                "{action:?} without a task"
            ),
        }
    }

    fn see_result(&mut self, message: &mynah_wire::inference::ServerMessage) {
        assert_eq!(self.open.as_deref(), Some(message.header.task_id.as_str()));
        let sentence = message
            .payload
            .output
            .as_ref()
            .unwrap()
            .sentence
            .as_ref()
            .unwrap();
        if sentence.heartbeat {
            return;
        }
        assert_eq!(
            sentence.sentence_id,
            self.sentences + 1,
            "ids count without gaps"
        );
        assert_eq!(sentence.sentence_end, sentence.end_time.is_some());
        self.sentences += u32::from(sentence.sentence_end);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn promises_hold(steps in proptest::collection::vec(step(), 0..60)) {
        let mut now = Duration::ZERO;
        let mut session = InferenceSession::new(now);
        let mut observer = Observer::default();
        for step in steps {
            let actions = match step {
                Step::Run(id) => session.on_text(&message("run-task", id), now),
                Step::Finish(id) => session.on_text(&message("finish-task", id), now),
                Step::Continue(id) => session.on_text(&message("continue-task", id), now),
                Step::Garbage(text) => session.on_text(&text, now),
                Step::Audio(bytes) => session.on_binary(Bytes::from(vec![0; bytes]), now),
                Step::Admit(true) => session.on_admission(Ok(()), now),
                Step::Admit(false) => session.on_admission(Err(ApiError::rate_quota()), now),
                Step::Event(kind) => session.on_recognition(event(kind), now),
                Step::Wait(ms) => {
                    now += Duration::from_millis(ms);
                    session.on_timer(now)
                }
            };
            for action in &actions {
                observer.see(action);
            }
            prop_assert!(observer.answered <= observer.asked);
            prop_assert!(session.deadline().is_none() || !observer.closed);
        }
    }
}
