//! Golden events of every dialect, and what the engines are asked for.

use mynah_session::{
    Action, AudioFormat, Dialect, RealtimeAction, RealtimeRequest, RecognitionEvent, Session,
};
use mynah_text::Language;
use serde_json::{Value, json};

use crate::driven::{Driven, MODEL, START, finished, last, partial, types};

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
