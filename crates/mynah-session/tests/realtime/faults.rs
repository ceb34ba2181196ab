//! What goes wrong, and what the client is told of it.

use mynah_session::{Dialect, REALTIME_IDLE_MAX, REALTIME_SESSION_MAX, RecognitionEvent, Session};
use mynah_wire::ApiError;
use serde_json::{Value, json};

use crate::driven::{Driven, START, finished, types};

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
    let long = json!({"type": "session.update", "session": {"include": "x".repeat(300_000)}});
    let too_large = expect("BadRequest.TooLarge", "", "");
    assert_eq!(error(&long.to_string(), &mut driven), too_large);
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
