//! The ways through a session: modes, commits, clears, changes and ends.

use mynah_session::{Action, Close, Dialect, REALTIME_GRACE, RecognitionEvent, Session};
use mynah_text::Language;
use serde_json::{Value, json};

use crate::driven::{Driven, START, finished, last, partial, text, types};

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
    assert_eq!(driven.say(&commit), std::slice::from_ref(&error));
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
