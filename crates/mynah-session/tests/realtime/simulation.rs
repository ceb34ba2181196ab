//! Any order of any events, results and times, in every dialect: the promises of a real-time
//! session hold all the same.

use std::collections::HashMap;
use std::time::Duration;

use mynah_session::{
    Action, Dialect, RealtimeAction, RealtimeSession, RecognitionEvent, RecognizedText, Session,
    Setup,
};
use mynah_text::Language;
use mynah_wire::ApiError;
use proptest::prelude::*;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    Commit,
    Clear,
    Finish,
    Manual(bool),
    Garbage(String),
    Binary,
    Refuse,
    Event(u8, usize),
    Wait(u64),
    Shutdown,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3usize).prop_map(Step::Append),
        3 => Just(Step::Commit),
        1 => Just(Step::Clear),
        1 => Just(Step::Finish),
        2 => any::<bool>().prop_map(Step::Manual),
        1 => ".{0,20}".prop_map(Step::Garbage),
        1 => Just(Step::Binary),
        1 => (0..40u8).prop_map(|n| if n == 0 { Step::Refuse } else { Step::Commit }),
        16 => (0..24u8, 0..TEXTS.len()).prop_map(|(kind, text)| Step::Event(kind, text)),
        2 => (0..20_000u64).prop_map(Step::Wait),
        1 => (0..20u8).prop_map(|n| if n == 0 { Step::Shutdown } else { Step::Wait(1) }),
    ]
}

/// Results that agree, contradict each other and are empty.
const TEXTS: [&str; 8] = [
    "",
    "Good day.",
    "Good day. How",
    "Good day. How are you, sir",
    "Good dog, how are you, Sir? And",
    "你好，今天",
    "你好，今天好。再",
    "é",
];

fn event(kind: u8, words: usize) -> RecognitionEvent {
    let text = RecognizedText {
        begin_ms: 1,
        end_ms: 2,
        text: TEXTS[words].to_owned(),
        words: Vec::new(),
        language: if words > 4 {
            Language::CHINESE
        } else {
            Language::ENGLISH
        },
    };
    match kind {
        0..3 => RecognitionEvent::Speech { begin_ms: 1 },
        3..12 => RecognitionEvent::Partial(text),
        12..16 => RecognitionEvent::Final {
            rest: (kind == 12).then(|| text.clone()),
            sentence: text,
            heard_ms: 5,
        },
        16..18 => RecognitionEvent::Nothing { heard_ms: 5 },
        18..23 => RecognitionEvent::Finished { heard_ms: 5 },
        _ => RecognitionEvent::Failed(ApiError::internal()),
    }
}

fn message(step: &Step, dialect: Dialect) -> Option<String> {
    let event = match step {
        Step::Append(pieces) => {
            json!({"type": "input_audio_buffer.append", "audio": "AAAA".repeat(pieces * 2000)})
        }
        Step::Commit => json!({"type": "input_audio_buffer.commit"}),
        Step::Clear => json!({"type": "input_audio_buffer.clear"}),
        Step::Finish => json!({"type": "session.finish"}),
        Step::Manual(manual) => {
            let turns = if *manual {
                Value::Null
            } else {
                json!({"type": "server_vad"})
            };
            let session = if dialect == Dialect::OpenAi {
                json!({"audio": {"input": {"turn_detection": turns}}})
            } else {
                json!({"turn_detection": turns})
            };
            json!({"type": "session.update", "session": session})
        }
        Step::Garbage(text) => return Some(text.clone()),
        _ => return None,
    };
    Some(event.to_string())
}

/// What is known of an item.
#[derive(Default)]
struct Seen {
    stage: u8,
    text: String,
}

const STARTED: u8 = 1;
const STOPPED: u8 = 2;
const COMMITTED: u8 = 3;
const CREATED: u8 = 4;
const DONE: u8 = 5;

/// What a client can see, checked as it goes.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a promise of its own"
)]
struct Observer {
    begun: bool,
    asked_to_finish: bool,
    finished: bool,
    closed: bool,
    slot: bool,
    /// Streams begun but not ended by the driver's side, and their ends asked for.
    audio_open: bool,
    items: HashMap<String, Seen>,
    newest: Option<String>,
}

impl Observer {
    fn see(&mut self, action: &RealtimeAction) {
        assert!(!self.closed, "nothing follows the end: {action:?}");
        match action {
            Action::Send(event) => self.hear(&serde_json::to_value(event).unwrap()),
            Action::Open(_) => assert!(!std::mem::replace(&mut self.slot, true)),
            Action::Renew(_) => assert!(self.slot),
            Action::Audio(_) => {
                assert!(self.slot);
                self.audio_open = true;
            }
            Action::Clear | Action::Finish => {
                assert!(
                    std::mem::take(&mut self.audio_open),
                    "{action:?} of nothing"
                );
            }
            Action::Abandon => assert!(std::mem::take(&mut self.slot)),
            Action::Close(_) => {
                assert!(!self.slot, "the slot is left first");
                self.closed = true;
                for (id, item) in &self.items {
                    let open = item.stage >= COMMITTED && item.stage < DONE;
                    assert!(!open, "{id} was committed and never ended");
                }
            }
        }
    }

    fn hear(&mut self, event: &Value) {
        assert!(
            !self.finished || event["type"] == "error",
            "{event} after the end"
        );
        let name = event["type"].as_str().unwrap();
        let name = name.replace("conversation.item.input_audio_transcription.", "");
        match name.as_str() {
            "session.created" | "transcription_session.created" => {
                assert!(!std::mem::replace(&mut self.begun, true));
            }
            "session.finished" => {
                assert!(self.asked_to_finish);
                self.finished = true;
            }
            "input_audio_buffer.speech_started" => self.step(&event["item_id"], 0, STARTED),
            "input_audio_buffer.speech_stopped" => self.step(&event["item_id"], STARTED, STOPPED),
            "input_audio_buffer.committed" => {
                let item = self.item(&event["item_id"]);
                assert!(item.stage == STOPPED || item.stage == 0, "{event}");
                item.stage = COMMITTED;
                let previous = event["previous_item_id"].as_str().unwrap_or_default();
                assert_eq!(previous, self.newest.as_deref().unwrap_or_default());
                self.newest = event["item_id"].as_str().map(str::to_owned);
            }
            "conversation.item.created" | "conversation.item.added" => {
                self.step(&event["item"]["id"], COMMITTED, CREATED);
            }
            "conversation.item.done" => self.step(&event["item"]["id"], CREATED, CREATED),
            "text" => {
                let text = event["text"].as_str().unwrap();
                let item = self.item(&event["item_id"]);
                assert!(item.stage > 0 && item.stage < DONE);
                assert!(
                    text.starts_with(&item.text),
                    "{text} took back {}",
                    item.text
                );
                text.clone_into(&mut item.text);
            }
            "delta" => {
                let item = self.item(&event["item_id"]);
                assert!(item.stage > 0 && item.stage < DONE);
                item.text.push_str(event["delta"].as_str().unwrap());
            }
            "completed" => {
                let told = self.item(&event["item_id"]).text.clone();
                if event.get("emotion").is_none() {
                    assert_eq!(
                        event["transcript"],
                        told.as_str(),
                        "deltas make the transcript"
                    );
                }
                self.step(&event["item_id"], CREATED, DONE);
            }
            "failed" => self.step(&event["item_id"], CREATED, DONE),
            _ => assert!(self.begun, "{event} before the session's creation"),
        }
    }

    fn item(&mut self, id: &Value) -> &mut Seen {
        self.items
            .entry(id.as_str().unwrap().to_owned())
            .or_default()
    }

    fn step(&mut self, id: &Value, from: u8, to: u8) {
        let item = self.item(id);
        assert_eq!(item.stage, from, "{id} on its way to {to}");
        item.stage = to;
    }
}

fn session(dialect: Dialect) -> RealtimeSession {
    let setup = Setup {
        dialect,
        model: Some("qwen3-asr-flash-realtime".to_owned()),
        expires_at_s: 0,
        check_model: Box::new(|_| Ok(())),
    };
    RealtimeSession::new(setup, Duration::ZERO)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn promises_hold(
        dialect in prop_oneof![
            Just(Dialect::Qwen), Just(Dialect::OpenAi), Just(Dialect::OpenAiBeta)
        ],
        steps in proptest::collection::vec(step(), 0..80),
    ) {
        let mut now = Duration::ZERO;
        let mut session = session(dialect);
        let mut observer = Observer::default();
        session.on_open().iter().for_each(|action| observer.see(action));
        for step in steps {
            observer.asked_to_finish |= matches!(step, Step::Finish);
            let actions = match (message(&step, dialect), step) {
                (Some(text), _) => session.on_text(&text, now),
                (_, Step::Binary) => session.on_binary(Vec::new().into(), now),
                // A driver reports only of what it has.
                (_, Step::Event(kind, words)) if observer.slot => {
                    session.on_recognition(event(kind, words), now)
                }
                (_, Step::Refuse) if observer.slot => {
                    observer.slot = false;
                    observer.audio_open = false;
                    session.on_admission(Err(ApiError::rate_quota()), now)
                }
                (_, Step::Shutdown) => session.on_shutdown(now),
                (_, Step::Wait(ms)) => {
                    now += Duration::from_millis(ms);
                    session.on_timer(now)
                }
                _ => Vec::new(),
            };
            for action in &actions {
                observer.see(action);
            }
            prop_assert!(session.deadline().is_none() == observer.closed);
        }
    }
}
