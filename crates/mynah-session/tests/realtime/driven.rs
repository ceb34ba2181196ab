//! A session under test, and shorthands for what happens to it.

use std::time::Duration;

use mynah_session::{
    Action, Close, Dialect, RealtimeAction, RealtimeSession, RecognitionEvent, RecognizedText,
    Session, Setup,
};
use mynah_text::Language;
use mynah_wire::ApiError;
use serde_json::{Value, json};

pub(crate) const START: Duration = Duration::ZERO;
pub(crate) const MODEL: &str = "qwen3-asr-flash-realtime";
/// A tenth of a second at 16 kHz and more, so that it can be committed.
const AUDIO_BYTES: usize = 3_200;

/// A session, and the ids it has made so far, which golden events call by number.
pub(crate) struct Driven {
    pub(crate) session: RealtimeSession,
    ids: Vec<String>,
}

impl Driven {
    pub(crate) fn open(dialect: Dialect, model: Option<&str>) -> (Self, Vec<Value>) {
        let setup = Setup {
            dialect,
            model: model.map(str::to_owned),
            expires_at_s: 7200,
            check_model: Box::new(|model| match model {
                "gpt-9" | "qwen3-asr-flash-realtime-x" => Err(ApiError::model_not_found(model)),
                _ => Ok(()),
            }),
        };
        let mut driven = Self {
            session: RealtimeSession::new(setup, START),
            ids: Vec::new(),
        };
        let actions = driven.session.on_open();
        let seen = driven.seen(&actions);
        (driven, seen)
    }

    pub(crate) fn qwen() -> Self {
        Self::open(Dialect::Qwen, Some(MODEL)).0
    }

    /// A session of this dialect in manual mode.
    pub(crate) fn manual(dialect: Dialect) -> Self {
        let mut driven = Self::open(dialect, Some(MODEL)).0;
        driven.say(&match dialect {
            Dialect::OpenAi => json!({"type": "session.update", "session":
                {"type": "transcription", "audio": {"input": {"turn_detection": null}}}}),
            _ => json!({"type": "session.update", "session": {"turn_detection": null}}),
        });
        driven
    }

    pub(crate) fn say(&mut self, event: &Value) -> Vec<Value> {
        let actions = self.session.on_text(&event.to_string(), START);
        self.seen(&actions)
    }

    pub(crate) fn append(&mut self) -> Vec<Value> {
        let audio = "AAAA".repeat(AUDIO_BYTES / 3 + 1);
        self.say(&json!({"type": "input_audio_buffer.append", "audio": audio}))
    }

    pub(crate) fn commit(&mut self) -> Vec<Value> {
        self.say(&json!({"type": "input_audio_buffer.commit"}))
    }

    pub(crate) fn finish(&mut self) -> Vec<Value> {
        self.say(&json!({"type": "session.finish"}))
    }

    pub(crate) fn hear(&mut self, event: RecognitionEvent) -> Vec<Value> {
        let actions = self.session.on_recognition(event, START);
        self.seen(&actions)
    }

    /// What was sent, as JSON, and in its place what else is to be done, as a word.
    pub(crate) fn seen(&mut self, actions: &[RealtimeAction]) -> Vec<Value> {
        let mut seen = Vec::new();
        for action in actions {
            seen.push(match action {
                Action::Send(event) => self.golden(serde_json::to_value(event).unwrap()),
                Action::Open(_) => json!("open"),
                Action::Renew(_) => json!("renew"),
                Action::Audio(_) => json!("audio"),
                Action::Clear => json!("clear"),
                Action::Finish => json!("finish"),
                Action::Abandon => json!("abandon"),
                Action::Close(Close::Done) => json!("close: done"),
                Action::Close(_) => json!("close: failed"),
            });
        }
        seen
    }

    /// Replaces random ids by numbers, and drops the event's own.
    fn golden(&mut self, mut event: Value) -> Value {
        let id = event.as_object_mut().unwrap().remove("event_id").unwrap();
        assert!(id.as_str().unwrap().starts_with("event_"), "{id}");
        self.number(&mut event);
        event
    }

    fn number(&mut self, value: &mut Value) {
        match value {
            Value::Object(object) => object.values_mut().for_each(|value| self.number(value)),
            Value::Array(array) => array.iter_mut().for_each(|value| self.number(value)),
            Value::String(text) if text.starts_with("item_") && text.len() > 20 => {
                let known = self.ids.iter().position(|id| id == text);
                let number = known.unwrap_or_else(|| {
                    self.ids.push(text.clone());
                    self.ids.len() - 1
                });
                *text = format!("item {}", number + 1);
            }
            Value::String(text) if text.starts_with("sess_") => "sess".clone_into(text),
            _ => {}
        }
    }
}

pub(crate) fn types(seen: &[Value]) -> Vec<String> {
    let name = |value: &Value| {
        let name = value["type"].as_str().or(value.as_str()).unwrap();
        let name = name.replace("input_audio_buffer.", "");
        name.replace("conversation.item.input_audio_transcription.", "")
    };
    seen.iter().map(name).collect()
}

pub(crate) fn text(text: &str, begin_ms: u32, end_ms: u32, language: Language) -> RecognizedText {
    RecognizedText {
        begin_ms,
        end_ms,
        text: text.to_owned(),
        words: Vec::new(),
        language,
    }
}

pub(crate) fn partial(words: &str) -> RecognitionEvent {
    RecognitionEvent::Partial(text(words, 420, 1_800, Language::CHINESE))
}

pub(crate) fn last(words: &str) -> RecognitionEvent {
    RecognitionEvent::Final {
        sentence: text(words, 420, 2_680, Language::CHINESE),
        rest: None,
        heard_ms: 4_000,
    }
}

pub(crate) fn finished() -> RecognitionEvent {
    RecognitionEvent::Finished { heard_ms: 4_000 }
}
