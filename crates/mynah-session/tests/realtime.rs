//! Real-time sessions in every dialect, driven without a socket or a clock: golden events, and
//! what a session asks of its driver.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use mynah_session::{
    Action, AudioFormat, Close, Dialect, REALTIME_GRACE, REALTIME_IDLE_MAX, REALTIME_SESSION_MAX,
    RealtimeAction, RealtimeRequest, RealtimeSession, RecognitionEvent, RecognizedText, Session,
    Setup,
};
use mynah_text::Language;
use mynah_wire::ApiError;
use serde_json::{Value, json};

const START: Duration = Duration::ZERO;
const MODEL: &str = "qwen3-asr-flash-realtime";
/// A tenth of a second at 16 kHz and more, so that it can be committed.
const AUDIO_BYTES: usize = 3_200;

/// A session, and the ids it has made so far, which golden events call by number.
struct Driven {
    session: RealtimeSession,
    ids: Vec<String>,
}

impl Driven {
    fn open(dialect: Dialect, model: Option<&str>) -> (Self, Vec<Value>) {
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

    fn qwen() -> Self {
        Self::open(Dialect::Qwen, Some(MODEL)).0
    }

    /// A session of this dialect in manual mode.
    fn manual(dialect: Dialect) -> Self {
        let mut driven = Self::open(dialect, Some(MODEL)).0;
        driven.say(&match dialect {
            Dialect::OpenAi => json!({"type": "session.update", "session":
                {"type": "transcription", "audio": {"input": {"turn_detection": null}}}}),
            _ => json!({"type": "session.update", "session": {"turn_detection": null}}),
        });
        driven
    }

    fn say(&mut self, event: &Value) -> Vec<Value> {
        let actions = self.session.on_text(&event.to_string(), START);
        self.seen(&actions)
    }

    fn append(&mut self) -> Vec<Value> {
        let audio = "AAAA".repeat(AUDIO_BYTES / 3 + 1);
        self.say(&json!({"type": "input_audio_buffer.append", "audio": audio}))
    }

    fn commit(&mut self) -> Vec<Value> {
        self.say(&json!({"type": "input_audio_buffer.commit"}))
    }

    fn finish(&mut self) -> Vec<Value> {
        self.say(&json!({"type": "session.finish"}))
    }

    fn hear(&mut self, event: RecognitionEvent) -> Vec<Value> {
        let actions = self.session.on_recognition(event, START);
        self.seen(&actions)
    }

    /// What was sent, as JSON, and in its place what else is to be done, as a word.
    fn seen(&mut self, actions: &[RealtimeAction]) -> Vec<Value> {
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

fn types(seen: &[Value]) -> Vec<String> {
    let name = |value: &Value| {
        let name = value["type"].as_str().or(value.as_str()).unwrap();
        let name = name.replace("input_audio_buffer.", "");
        name.replace("conversation.item.input_audio_transcription.", "")
    };
    seen.iter().map(name).collect()
}

fn text(text: &str, begin_ms: u32, end_ms: u32, language: Language) -> RecognizedText {
    RecognizedText {
        begin_ms,
        end_ms,
        text: text.to_owned(),
        words: Vec::new(),
        language,
    }
}

fn partial(words: &str) -> RecognitionEvent {
    RecognitionEvent::Partial(text(words, 420, 1_800, Language::CHINESE))
}

fn last(words: &str) -> RecognitionEvent {
    RecognitionEvent::Final {
        sentence: text(words, 420, 2_680, Language::CHINESE),
        rest: None,
        heard_ms: 4_000,
    }
}

fn finished() -> RecognitionEvent {
    RecognitionEvent::Finished { heard_ms: 4_000 }
}

fn request(actions: &[RealtimeAction]) -> &RealtimeRequest {
    let request = actions.iter().find_map(|action| match action {
        Action::Open(request) | Action::Renew(request) => Some(&**request),
        _ => None,
    });
    request.unwrap()
}

/// What the engines are asked for after an update, given as the `session` object.
fn asked(dialect: Dialect, session: &Value) -> RealtimeRequest {
    let (mut driven, _) = Driven::open(dialect, Some(MODEL));
    let update = json!({"type": "session.update", "session": session});
    let answer = driven.say(&update);
    assert!(types(&answer)[0].ends_with("session.updated"), "{answer:?}");
    let append = json!({"type": "input_audio_buffer.append", "audio": "AAAA"});
    let actions = driven.session.on_text(&append.to_string(), START);
    request(&actions).clone()
}

#[test]
fn qwen_says_its_session_as_documented() {
    let (mut driven, seen) = Driven::open(Dialect::Qwen, Some(MODEL));
    let mut session = json!({
        "id": "sess", "object": "realtime.session", "model": MODEL, "modalities": ["text"],
        "input_audio_format": "pcm", "sample_rate": 16000, "input_audio_transcription": null,
        "turn_detection": {"type": "server_vad", "threshold": 0.2, "silence_duration_ms": 800}});
    assert_eq!(
        seen,
        [json!({"type": "session.created", "session": session})]
    );

    // What the Python SDK sends, nulls and other products' keys included.
    let answer = driven.say(
        &json!({"event_id": "event_1", "type": "session.update", "session": {
        "modalities": ["text"], "voice": null, "input_audio_format": "pcm16",
        "output_audio_format": "pcm16", "sample_rate": 8000,
        "input_audio_transcription": {"language": "zh", "corpus": {"text": "West Lake"}},
        "turn_detection": {"type": "server_vad", "threshold": 0.0, "prefix_padding_ms": 300,
                           "silence_duration_ms": 400}}}),
    );
    session["input_audio_format"] = json!("pcm16");
    session["sample_rate"] = json!(8000);
    session["input_audio_transcription"] =
        json!({"language": "zh", "corpus": {"text": "West Lake"}});
    session["turn_detection"] = json!({"type": "server_vad", "threshold": 0.0,
                                       "prefix_padding_ms": 300, "silence_duration_ms": 400});
    assert_eq!(
        answer,
        [json!({"type": "session.updated", "session": session})]
    );
}

#[test]
fn qwen_tells_an_utterance_in_order() {
    let mut driven = Driven::qwen();
    assert_eq!(types(&driven.append()), ["open", "audio"]);
    assert_eq!(types(&driven.append()), ["audio"]);
    let event = RecognitionEvent::Speech { begin_ms: 420 };
    let started = json!({"type": "input_audio_buffer.speech_started", "audio_start_ms": 420,
                         "item_id": "item 1"});
    assert_eq!(driven.hear(event), [started]);
    let said = |text: &str, stash: &str| {
        json!({"type": "conversation.item.input_audio_transcription.text", "item_id": "item 1",
               "content_index": 0, "language": "zh", "emotion": "neutral", "text": text,
               "stash": stash})
    };
    assert_eq!(driven.hear(partial("明天，上")), [said("", "明天，上")]);
    assert_eq!(driven.hear(partial("明天，上午")), [said("明天", "，上午")]);
    let item = json!({"id": "item 1", "object": "realtime.item", "type": "message",
                      "status": "completed", "role": "user",
                      "content": [{"type": "input_audio", "transcript": null}]});
    assert_eq!(
        driven.hear(last("明天上午十点开会。")),
        [
            json!({"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 2680,
                   "item_id": "item 1"}),
            json!({"type": "input_audio_buffer.committed", "previous_item_id": "",
                   "item_id": "item 1"}),
            json!({"type": "conversation.item.created", "previous_item_id": "", "item": item}),
            json!({"type": "conversation.item.input_audio_transcription.completed",
                   "item_id": "item 1", "content_index": 0, "language": "zh",
                   "emotion": "neutral", "transcript": "明天上午十点开会。",
                   "usage": {"type": "duration", "seconds": 2.26}}),
        ]
    );
    let next = driven.hear(RecognitionEvent::Speech { begin_ms: 5_000 });
    assert_eq!(next[0]["item_id"], "item 2");
    let next = driven.hear(last("好。"));
    assert_eq!(next[1]["previous_item_id"], "item 1");
    assert_eq!(types(&driven.finish()), ["finish"]);
    assert_eq!(
        driven.hear(finished()),
        [json!({"type": "session.finished"}), json!("abandon")]
    );
}

#[test]
fn openai_tells_the_same_in_its_own_words() {
    let (mut driven, seen) = Driven::open(Dialect::OpenAi, None);
    let session = json!({
        "type": "transcription", "object": "realtime.transcription_session", "id": "sess",
        "expires_at": 7200, "include": null, "audio": {"input": {
            "format": {"type": "audio/pcm", "rate": 24000}, "noise_reduction": null,
            "transcription": {"model": "gpt-4o-transcribe"},
            "turn_detection": {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300,
                               "silence_duration_ms": 500}}}});
    assert_eq!(
        seen,
        [json!({"type": "session.created", "session": session})]
    );
    driven.append();
    let seen = driven.hear(RecognitionEvent::Speech { begin_ms: 420 });
    assert_eq!(seen[0]["audio_start_ms"], 120, "with its padding");
    assert_eq!(driven.hear(partial("明天，上")), Vec::<Value>::new());
    let delta = |delta: &str| {
        json!({"type": "conversation.item.input_audio_transcription.delta", "item_id": "item 1",
               "content_index": 0, "delta": delta})
    };
    assert_eq!(driven.hear(partial("明天，上午")), [delta("明天")]);
    let item = json!({"id": "item 1", "object": "realtime.item", "type": "message",
                      "status": "completed", "role": "user",
                      "content": [{"type": "input_audio", "transcript": null}]});
    assert_eq!(
        driven.hear(last("明天上午十点开会。")),
        [
            json!({"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 3180,
                   "item_id": "item 1"}),
            json!({"type": "input_audio_buffer.committed", "previous_item_id": null,
                   "item_id": "item 1"}),
            json!({"type": "conversation.item.added", "previous_item_id": null, "item": item}),
            json!({"type": "conversation.item.done", "previous_item_id": null, "item": item}),
            delta("上午十点开会。"),
            json!({"type": "conversation.item.input_audio_transcription.completed",
                   "item_id": "item 1", "content_index": 0, "transcript": "明天上午十点开会。",
                   "usage": {"type": "duration", "seconds": 2.26}}),
        ]
    );
}

#[test]
fn the_beta_form_has_events_of_its_own() {
    let (mut driven, seen) = Driven::open(Dialect::OpenAiBeta, Some("whisper-1"));
    let mut session = json!({
        "id": "sess", "object": "realtime.transcription_session", "expires_at": 7200,
        "input_audio_format": "pcm16", "input_audio_transcription": {"model": "whisper-1"},
        "input_audio_noise_reduction": null, "include": null, "client_secret": null,
        "turn_detection": {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300,
                           "silence_duration_ms": 500}});
    assert_eq!(
        seen,
        [json!({"type": "transcription_session.created", "session": session})]
    );
    let answer = driven.say(&json!({"type": "transcription_session.update", "session": {
        "input_audio_format": "g711_ulaw", "turn_detection": null,
        "input_audio_noise_reduction": {"type": "near_field"},
        "input_audio_transcription": {"model": "gpt-4o-transcribe", "language": "en"}}}));
    session["input_audio_format"] = json!("g711_ulaw");
    session["turn_detection"] = Value::Null;
    session["input_audio_noise_reduction"] = json!({"type": "near_field"});
    session["input_audio_transcription"] = json!({"model": "gpt-4o-transcribe", "language": "en"});
    assert_eq!(
        answer,
        [json!({"type": "transcription_session.updated", "session": session})]
    );
    driven.append();
    assert_eq!(
        types(&driven.commit()),
        ["finish", "committed", "conversation.item.created"]
    );
}

#[test]
fn the_engines_are_asked_for_what_the_client_asked_for() {
    let plain = asked(
        Dialect::Qwen,
        &json!({"input_audio_transcription": {"model": null}}),
    );
    assert_eq!(
        (plain.format, plain.sample_rate_hz),
        (AudioFormat::Pcm, 16_000)
    );
    assert_eq!(plain.segmentation.max_sentence_silence_ms, 800);
    assert!((plain.segmentation.speech_noise_threshold - 0.2).abs() < 1e-6);
    assert_eq!((plain.languages.len(), plain.context), (0, None));

    let full = asked(
        Dialect::Qwen,
        &json!({
        "input_audio_format": "opus", "turn_detection": {"type": "server_vad", "threshold": -1},
        "audio": {"input": {"format": {"type": "pcm", "sample_rate": 48000}}},
        "input_audio_transcription": {"language": "yue", "corpus": {"text": "tea"}}}),
    );
    assert_eq!(
        (full.format, full.sample_rate_hz),
        (AudioFormat::Pcm, 48_000)
    );
    assert_eq!(full.languages, [Language::CANTONESE]);
    assert_eq!(full.context.as_deref(), Some("tea"));
    assert!((full.segmentation.speech_noise_threshold + 1.0).abs() < 1e-6);

    let openai = asked(
        Dialect::OpenAi,
        &json!({"type": "transcription", "audio": {"input": {
        "format": {"type": "audio/pcma"},
        "transcription": {"model": "whisper-1", "languages": ["en", "zh"], "prompt": "A talk.",
                          "keywords": ["Mynah", "myna"]},
        "turn_detection": {"type": "semantic_vad", "eagerness": "high"}}}}),
    );
    assert_eq!(
        (openai.format, openai.sample_rate_hz),
        (AudioFormat::ALaw, 8_000)
    );
    assert_eq!(openai.model, "whisper-1");
    assert_eq!(openai.languages, [Language::ENGLISH, Language::CHINESE]);
    assert_eq!(openai.context.as_deref(), Some("A talk.\nMynah, myna"));
    assert!(openai.segmentation.semantic);
    let sure = asked(
        Dialect::OpenAi,
        &json!({"audio": {"input": {
        "turn_detection": {"type": "server_vad", "threshold": 0.7, "silence_duration_ms": 50}}}}),
    );
    assert!((sure.segmentation.speech_noise_threshold - 0.5).abs() < 1e-6);
    assert_eq!(sure.segmentation.max_sentence_silence_ms, 200);
}

#[test]
fn absent_keys_keep_what_is_and_only_null_turn_detection_says_something() {
    let mut driven = Driven::qwen();
    driven.say(&json!({"type": "session.update", "session": {
        "turn_detection": null, "input_audio_transcription": {"language": "en"}}}));
    let answer = driven.say(&json!({"type": "session.update", "session": {
        "input_audio_transcription": null, "input_audio_format": null, "sample_rate": null}}));
    let session = &answer[0]["session"];
    assert_eq!(session["turn_detection"], Value::Null);
    assert_eq!(
        session["input_audio_transcription"],
        json!({"language": "en"})
    );
    let answer = driven.say(&json!({"type": "session.update", "session": {
        "turn_detection": {"type": "server_vad"}, "input_audio_transcription": {}}}));
    let session = &answer[0]["session"];
    assert_eq!(session["turn_detection"]["silence_duration_ms"], 800);
    assert_eq!(session["input_audio_transcription"], json!({}));
}

#[test]
fn in_manual_mode_the_client_says_what_an_utterance_is() {
    let mut driven = Driven::manual(Dialect::Qwen);
    assert_eq!(types(&driven.append()), ["open", "audio"]);
    assert_eq!(
        driven.hear(RecognitionEvent::Speech { begin_ms: 1 }),
        Vec::<Value>::new()
    );
    assert_eq!(
        driven.hear(partial("明")),
        Vec::<Value>::new(),
        "nothing before the commit"
    );
    assert_eq!(driven.hear(last("明天。")), Vec::<Value>::new());
    let seen = driven.commit();
    assert_eq!(
        types(&seen),
        ["finish", "committed", "conversation.item.created", "text"]
    );
    assert_eq!(
        (&seen[3]["text"], &seen[3]["stash"]),
        (&json!("明天。"), &json!(""))
    );
    let seen = driven.hear(partial("上"));
    assert_eq!(
        (&seen[0]["text"], &seen[0]["stash"]),
        (&json!("明天。"), &json!("上"))
    );
    // More may be said and committed while the first is being recognised.
    assert_eq!(types(&driven.append()), ["audio"]);
    assert_eq!(
        types(&driven.commit()),
        ["finish", "committed", "conversation.item.created"]
    );
    assert_eq!(types(&driven.hear(last("上午。"))), ["text"]);
    let seen = driven.hear(finished());
    assert_eq!(types(&seen), ["completed", "renew"]);
    assert_eq!(seen[0]["transcript"], "明天。上午。");
    assert_eq!(seen[0]["usage"]["seconds"], 4.0);
    let seen = driven.hear(finished());
    assert_eq!(types(&seen), ["completed"]);
    assert_eq!(
        (&seen[0]["transcript"], &seen[0]["item_id"]),
        (&json!(""), &json!("item 2"))
    );
    // The slot is still there for the next one.
    assert_eq!(types(&driven.append()), ["renew", "audio"]);
}

#[test]
fn finishing_commits_what_a_manual_client_left_open() {
    let mut driven = Driven::manual(Dialect::Qwen);
    driven.append();
    assert_eq!(
        types(&driven.finish()),
        ["finish", "committed", "conversation.item.created"]
    );
    let seen = driven.hear(finished());
    assert_eq!(types(&seen), ["completed", "session.finished", "abandon"]);
}

#[test]
fn finishing_without_speech_ends_at_once() {
    for (mut driven, expected) in [
        (Driven::qwen(), vec!["session.finished"]),
        (Driven::manual(Dialect::Qwen), vec!["session.finished"]),
    ] {
        assert_eq!(types(&driven.finish()), expected);
        assert_eq!(driven.finish(), Vec::<Value>::new());
        assert_eq!(driven.append(), Vec::<Value>::new(), "late");
        assert_eq!(driven.session.deadline(), Some(REALTIME_GRACE));
        let actions = driven.session.on_timer(REALTIME_GRACE);
        assert_eq!(actions, [Action::Close(Close::Done)]);
    }
    let mut silent = Driven::qwen();
    silent.append();
    assert_eq!(types(&silent.finish()), ["finish"]);
    assert_eq!(
        types(&silent.hear(finished())),
        ["session.finished", "abandon"]
    );
}

#[test]
fn an_empty_commit_is_an_error_of_manual_mode_only() {
    let mut driven = Driven::manual(Dialect::OpenAi);
    let error = json!({"type": "error", "error": {
        "type": "invalid_request_error", "code": "input_audio_buffer_commit_empty",
        "message": "Error committing input audio buffer: buffer too small, or have no audio.",
        "param": null, "event_id": "mine"}});
    let commit = json!({"type": "input_audio_buffer.commit", "event_id": "mine"});
    assert_eq!(driven.say(&commit), [error.clone()]);
    driven.say(&json!({"type": "input_audio_buffer.append", "audio": "AAAA"}));
    assert_eq!(driven.say(&commit), [error], "three bytes are no utterance");
    let mut driven = Driven::qwen();
    assert_eq!(driven.commit(), Vec::<Value>::new());
    driven.append();
    assert_eq!(
        types(&driven.commit()),
        ["finish"],
        "ends what is being said"
    );
    assert_eq!(
        types(&driven.hear(last("好。"))).last().unwrap(),
        "completed"
    );
    assert_eq!(driven.hear(finished()), Vec::<Value>::new());
    driven.append();
    let seen = driven.hear(RecognitionEvent::Speech { begin_ms: 100 });
    assert_eq!(
        seen[0]["audio_start_ms"], 4_100,
        "counted from the session's first sample"
    );
}

#[test]
fn clearing_forgets_what_was_not_committed() {
    let mut driven = Driven::manual(Dialect::Qwen);
    driven.append();
    let clear = json!({"type": "input_audio_buffer.clear"});
    assert_eq!(
        driven.say(&clear),
        [
            json!("clear"),
            json!({"type": "input_audio_buffer.cleared"})
        ]
    );
    assert_eq!(driven.hear(partial("late")), Vec::<Value>::new());
    assert_eq!(types(&driven.commit()), ["error"]);
    assert_eq!(types(&driven.say(&clear)), ["cleared"]);
    assert_eq!(types(&driven.append()), ["renew", "audio"]);
}

#[test]
fn a_change_of_the_session_ends_what_was_said_before_it() {
    let mut driven = Driven::qwen();
    driven.append();
    let same = json!({"type": "session.update", "session": {"sample_rate": 16000}});
    assert_eq!(types(&driven.say(&same)), ["session.updated"]);
    let other = json!({"type": "session.update", "session": {"turn_detection": null}});
    assert_eq!(types(&driven.say(&other)), ["finish", "session.updated"]);
    driven.append();
    let seen = driven.hear(last("好。"));
    assert_eq!(types(&seen)[0], "speech_started");
    assert_eq!(types(&driven.hear(finished())), ["renew"]);
    assert_eq!(
        driven.hear(last("好。")),
        Vec::<Value>::new(),
        "manual mode now"
    );
}

#[test]
fn noise_that_was_taken_for_speech_ends_without_text() {
    let mut driven = Driven::qwen();
    driven.append();
    assert_eq!(
        driven.hear(RecognitionEvent::Nothing { heard_ms: 900 }),
        Vec::<Value>::new()
    );
    driven.hear(RecognitionEvent::Speech { begin_ms: 420 });
    let seen = driven.hear(RecognitionEvent::Nothing { heard_ms: 900 });
    let order = [
        "speech_stopped",
        "committed",
        "conversation.item.created",
        "completed",
    ];
    assert_eq!(types(&seen), order);
    assert_eq!(
        (&seen[0]["audio_end_ms"], &seen[3]["transcript"]),
        (&json!(900), &json!(""))
    );
}

#[test]
fn what_follows_a_cut_in_running_speech_is_the_next_utterance() {
    let mut driven = Driven::open(Dialect::OpenAi, None).0;
    driven.append();
    let event = RecognitionEvent::Final {
        sentence: text("One.", 420, 900, Language::ENGLISH),
        rest: Some(text("two", 900, 1_200, Language::ENGLISH)),
        heard_ms: 1_300,
    };
    let seen = driven.hear(event);
    assert_eq!(types(&seen).last().unwrap(), "speech_started");
    assert_eq!(seen.last().unwrap()["item_id"], "item 2");
}

#[test]
fn extra_events_are_passed_over_and_unknown_ones_named() {
    let mut driven = Driven::qwen();
    for name in ["response.create", "response.cancel"] {
        assert_eq!(driven.say(&json!({"type": name})), Vec::<Value>::new());
    }
    let error = |event: &str, driven: &mut Driven| {
        let actions = driven.session.on_text(event, START);
        let seen = driven.seen(&actions);
        assert_eq!(types(&seen), ["error"], "{event}");
        let error = &seen[0]["error"];
        assert_eq!(error.as_object().unwrap().len(), 5);
        let part = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
        (part("code"), part("param"), part("event_id"))
    };
    let expect =
        |code: &str, param: &str, id: &str| (code.to_owned(), param.to_owned(), id.to_owned());
    for event in ["", "[]", "{\"type\":5}"] {
        assert_eq!(error(event, &mut driven), expect("invalid_event", "", ""));
    }
    let append = r#"{"type":"input_audio_buffer.append","event_id":"e"}"#;
    let missing = "missing_required_parameter";
    assert_eq!(error("{}", &mut driven), expect(missing, "type", ""));
    assert_eq!(error(append, &mut driven), expect(missing, "audio", "e"));
    let bad = r#"{"type":"input_audio_buffer.append","audio":"é"}"#;
    assert_eq!(
        error(bad, &mut driven),
        expect("invalid_value", "audio", "")
    );
    let create = r#"{"type":"conversation.item.create","event_id":"e"}"#;
    assert_eq!(
        error(create, &mut driven),
        expect("invalid_value", "type", "e")
    );
    let update = |session: Value| json!({"type": "session.update", "session": session}).to_string();
    for (session, param) in [
        (
            json!({"turn_detection": {"type": "server_vad2"}}),
            "turn_detection.type",
        ),
        (
            json!({"turn_detection": {"type": "server_vad", "threshold": 2}}),
            "turn_detection.threshold",
        ),
        (json!({"turn_detection": 1}), "turn_detection"),
        (json!({"sample_rate": 7999}), "sample_rate"),
        (json!({"input_audio_format": "mp3"}), "input_audio_format"),
        (
            json!({"input_audio_transcription": {"language": "xx"}}),
            "input_audio_transcription.language",
        ),
    ] {
        let expected = expect("invalid_value", &format!("session.{param}"), "");
        assert_eq!(error(&update(session), &mut driven), expected);
    }
    let no_type = update(json!({"turn_detection": {"threshold": 0.1}}));
    let expected = expect(missing, "session.turn_detection.type", "");
    assert_eq!(error(&no_type, &mut driven), expected);
}

#[test]
fn an_unknown_model_is_told_after_the_opening() {
    for model in [
        Some("qwen3-asr-flash-realtime-x"),
        Some("qwen3-tts-flash"),
        None,
    ] {
        let (_, seen) = Driven::open(Dialect::Qwen, model);
        assert_eq!(types(&seen), ["session.created", "error", "close: failed"]);
        assert_eq!(seen[1]["error"]["code"], "ModelNotFound");
    }
    let (mut driven, _) = Driven::open(Dialect::OpenAi, None);
    let answer = driven.say(
        &json!({"type": "session.update", "session": {"audio": {"input":
        {"transcription": {"model": "gpt-9"}}}}}),
    );
    assert_eq!(types(&answer), ["error"]);
    driven.append();
}

#[test]
fn a_session_without_a_slot_fails() {
    let mut driven = Driven::qwen();
    driven.append();
    let actions = driven
        .session
        .on_admission(Err(ApiError::rate_quota()), START);
    let seen = driven.seen(&actions);
    assert_eq!(types(&seen), ["error", "close: failed"]);
    assert_eq!(seen[0]["error"]["type"], "rate_limit_error");
    assert_eq!(driven.append(), Vec::<Value>::new());
}

#[test]
fn when_the_engines_fail_each_utterance_still_ends() {
    let mut driven = Driven::qwen();
    driven.append();
    driven.hear(RecognitionEvent::Speech { begin_ms: 420 });
    let seen = driven.hear(RecognitionEvent::Failed(ApiError::model_service_failed()));
    let order = [
        "speech_stopped",
        "committed",
        "conversation.item.created",
        "failed",
    ];
    assert_eq!(types(&seen[..4]), order);
    assert_eq!(
        seen[3],
        json!({
        "type": "conversation.item.input_audio_transcription.failed", "item_id": "item 1",
        "content_index": 0, "error": {"type": "server_error", "code": "ModelServiceFailed",
            "message": "Failed to request model service.", "param": null}})
    );
    assert_eq!(types(&seen[4..]), ["error", "abandon", "close: failed"]);
}

#[test]
fn idle_and_long_sessions_end() {
    let mut driven = Driven::qwen();
    assert_eq!(driven.session.deadline(), Some(REALTIME_IDLE_MAX));
    let actions = driven.session.on_timer(REALTIME_IDLE_MAX);
    let seen = driven.seen(&actions);
    assert_eq!(types(&seen), ["error", "close: failed"]);
    let message = seen[0]["error"]["message"].as_str().unwrap();
    assert!(message.contains("request timeout"), "{message}");

    let mut driven = Driven::manual(Dialect::Qwen);
    driven.append();
    driven.commit();
    assert_eq!(
        driven.session.deadline(),
        Some(REALTIME_SESSION_MAX),
        "work is going on"
    );
    driven.session.pause_input();
    driven.hear(finished());
    assert_eq!(
        driven.session.deadline(),
        Some(REALTIME_SESSION_MAX),
        "it is not read"
    );
    driven.session.resume_input(START);
    assert_eq!(driven.session.deadline(), Some(REALTIME_IDLE_MAX));
    let actions = driven.session.on_timer(REALTIME_SESSION_MAX);
    assert_eq!(
        types(&driven.seen(&actions)),
        ["error", "abandon", "close: failed"]
    );
}

#[test]
fn a_shutdown_lets_what_was_said_be_recognised() {
    let mut driven = Driven::qwen();
    driven.append();
    let actions = driven.session.on_shutdown(START);
    assert_eq!(types(&driven.seen(&actions)), ["finish"]);
    assert!(driven.session.is_busy());
    assert_eq!(
        types(&driven.hear(last("好。"))).last().unwrap(),
        "completed"
    );
    assert_eq!(types(&driven.hear(finished())), ["abandon", "close: done"]);
}
