//! What a task that goes well sends and reports.

use std::sync::{Arc, Mutex};

use mynah_client::{
    CallbackSession, Context, Error, Event, RecognitionCallback, SentenceResult, Session,
};
use serde_json::json;

use crate::mock::{Mock, Received};

/// The texts of all sentences, with `!` behind the final ones, and whether the end came.
async fn texts(session: &mut Session) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(event) = session.next_event().await {
        match event.unwrap() {
            Event::Sentence(result) => {
                let end = if result.is_end() { "!" } else { "" };
                texts.push(format!("{}{end}", result.sentence.text));
            }
            Event::Finished { .. } => texts.push("finished".to_owned()),
            other => texts.push(format!("{other:?}")),
        }
    }
    texts
}

#[tokio::test]
async fn a_stream_from_start_to_finish() {
    let mock = Mock::with(|mut peer| async move {
        let payload = peer.open().await;
        assert_eq!(payload["model"], "fun-asr-realtime");
        assert_eq!(
            payload["parameters"],
            json!({"format": "pcm", "sample_rate": 16000})
        );
        assert_eq!(peer.frame().await, [1; 3_200]);
        peer.partial("").await;
        peer.partial("one").await;
        assert_eq!(peer.audio().await, [vec![2; 3_200]]);
        peer.last("one two.").await;
        peer.finished().await;
        peer.closed().await;
    })
    .await;

    let mut session = mock.recognition().start().await.unwrap();
    session.send_audio_frame(vec![1; 3_200]).await.unwrap();
    session.send_audio_frame(vec![2; 3_200]).await.unwrap();
    session.stop().await.unwrap();

    assert_eq!(
        texts(&mut session).await,
        ["", "one", "one two.!", "finished"]
    );
    assert!(
        session.next_event().await.is_none(),
        "the end is reported once"
    );
    assert!(session.first_package_delay().is_some() && session.last_package_delay().is_some());
    let response = session.response().unwrap();
    assert_eq!(response["header"]["event"], "task-finished");
    assert_eq!(response["header"]["task_id"], session.request_id().as_str());
    assert!(matches!(
        session.send_audio_frame(vec![0]).await,
        Err(Error::Stopped)
    ));
    session.stop().await.unwrap();
    mock.done().await;
}

#[tokio::test]
async fn call_sends_a_file_in_frames_of_12800_bytes() {
    let audio: Vec<u8> = (0..30_000_u32).map(|i| (i % 251) as u8).collect();
    let sent = audio.clone();
    let mock = Mock::with(move |mut peer| {
        let sent = sent.clone();
        async move {
            peer.open().await;
            let frames = peer.audio().await;
            let sizes: Vec<_> = frames.iter().map(Vec::len).collect();
            assert_eq!(sizes, [12_800, 12_800, 4_400]);
            assert!(frames.concat() == sent, "the bytes arrive as they are");
            peer.partial("Hel").await;
            peer.last("Hello. ").await;
            peer.last("World.").await;
            peer.finished().await;
            peer.closed().await;
        }
    })
    .await;

    let file = std::env::temp_dir().join(format!("mynah-client-call-{}.pcm", std::process::id()));
    std::fs::write(&file, &audio).unwrap();
    let result = mock.recognition().call(&file).await;
    std::fs::remove_file(&file).unwrap();

    let result = result.unwrap();
    assert_eq!(result.text(), "Hello. World.");
    assert_eq!(result.sentences.len(), 2);
    assert_eq!(result.usage.unwrap().duration, 1);
    assert!(result.first_package_delay.is_some() && result.last_package_delay.is_some());
    assert_eq!(
        result.response.unwrap()["header"]["task_id"],
        result.request_id.as_str()
    );
    mock.done().await;
}

#[tokio::test]
async fn a_file_without_speech_gives_no_sentences() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.audio().await;
        peer.finished().await;
        peer.closed().await;
    })
    .await;
    let session = mock.recognition().start().await.unwrap();
    let result = session.recognize(&[0_u8; 6_400][..]).await.unwrap();
    assert!(result.sentences.is_empty() && result.text().is_empty());
    assert_eq!((result.usage, result.first_package_delay), (None, None));
    mock.done().await;
}

#[tokio::test]
async fn call_of_a_missing_file_connects_nowhere() {
    let mock = Mock::start(0, |_, _| async {}).await;
    let error = mock
        .recognition()
        .call("no-such-file.wav")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Audio(_)), "{error}");
    mock.done().await;
}

#[tokio::test]
async fn the_server_may_end_a_task_by_itself() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.frame().await;
        peer.last("Only one sentence.").await;
        peer.finished().await;
        peer.closed().await;
    })
    .await;
    let session = mock.recognition().start().await.unwrap();
    let result = session.recognize(tokio::io::repeat(0)).await.unwrap();
    assert_eq!(result.text(), "Only one sentence.");
    mock.done().await;
}

#[tokio::test]
async fn odd_messages_are_borne() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.event("task-paused", json!({"why": "unknown event"}))
            .await;
        peer.sentence(
            json!({"heartbeat": true, "sentence_id": 0, "text": ""}),
            json!(null),
        )
        .await;
        peer.event("result-generated", json!({"output": {"transcription": {}}}))
            .await;
        // No ids, no times, no words, no usage key: Paraformer's tables list as little.
        peer.event(
            "result-generated",
            json!({"output": {"sentence": {"text": "bare"}}}),
        )
        .await;
        peer.sentence(json!({"text": "bare end", "sentence_end": true}), json!({}))
            .await;
        peer.audio().await;
        peer.event("task-finished", json!({})).await;
        peer.closed().await;
    })
    .await;
    let mut session = mock.recognition().start().await.unwrap();
    session.stop().await.unwrap();

    let Some(Ok(Event::Other(unknown))) = session.next_event().await else {
        panic!("no event")
    };
    assert_eq!(unknown["payload"]["why"], "unknown event");
    let Some(Ok(Event::Other(gummy))) = session.next_event().await else {
        panic!("no event")
    };
    assert!(
        gummy["payload"]["output"]["transcription"].is_object(),
        "heartbeats are dropped"
    );
    assert_eq!(texts(&mut session).await, ["bare", "bare end!", "finished"]);
    mock.done().await;
}

#[tokio::test]
async fn fields_beyond_the_type_are_in_the_message() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.sentence(json!({"text": "a", "emo_tag": "negative"}), json!(null))
            .await;
        peer.audio().await;
        peer.finished().await;
        peer.closed().await;
    })
    .await;
    let mut session = mock.recognition().start().await.unwrap();
    session.stop().await.unwrap();
    let Some(Ok(Event::Sentence(result))) = session.next_event().await else {
        panic!("no event")
    };
    assert_eq!(
        result.message["payload"]["output"]["sentence"]["emo_tag"],
        "negative"
    );
    mock.done().await;
}

#[tokio::test]
async fn context_is_updated_between_frames() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.frame().await;
        let Received::Text(message) = peer.receive().await else {
            panic!("no continue-task")
        };
        assert_eq!(message["header"]["action"], "continue-task");
        assert_eq!(
            message["payload"]["input"]["context"][0]["content"][0]["text"],
            "Kestrel"
        );
        peer.audio().await;
        peer.finished().await;
        peer.closed().await;
    })
    .await;
    let session = mock.recognition().start().await.unwrap();
    session.send_audio_frame(vec![0; 320]).await.unwrap();
    session
        .sender()
        .update_context(&Context::new().user("Kestrel"))
        .await
        .unwrap();
    session.send_audio_frame(vec![0; 320]).await.unwrap();
    session.stop().await.unwrap();
    mock.done().await;
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl RecognitionCallback for Log {
    fn on_open(&mut self) {
        self.add("open");
    }

    fn on_event(&mut self, result: &SentenceResult) {
        self.add(&result.sentence.text);
    }

    fn on_complete(&mut self) {
        self.add("complete");
    }

    fn on_error(&mut self, error: &Error) {
        self.add(error.code().unwrap_or("no code"));
    }

    fn on_close(&mut self) {
        self.add("close");
    }
}

async fn logged(mock: &Mock) -> (Log, CallbackSession) {
    let log = Log::default();
    let session = mock
        .recognition()
        .start_with_callback(log.clone())
        .await
        .unwrap();
    assert_eq!(log.lines(), ["open"], "open comes before the start returns");
    (log, session)
}

#[tokio::test]
async fn callback_hears_everything_before_stop_returns() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.frame().await;
        peer.partial("one").await;
        peer.audio().await;
        peer.last("one two.").await;
        peer.finished().await;
        peer.closed().await;
    })
    .await;
    let (log, mut session) = logged(&mock).await;
    session.send_audio_frame(vec![0; 3_200]).await.unwrap();
    session.stop().await.unwrap();
    assert_eq!(
        log.lines(),
        ["open", "one", "one two.", "complete", "close"]
    );
    assert!(session.sender().last_package_delay().is_some());
    mock.done().await;
}

#[tokio::test]
async fn callback_hears_of_a_failure() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.partial("one").await;
        peer.failed("InternalError", "broken").await;
    })
    .await;
    let (log, mut session) = logged(&mock).await;
    let error = session.stop().await.unwrap_err();
    assert_eq!(error.code(), Some("InternalError"));
    assert_eq!(log.lines(), ["open", "one", "InternalError", "close"]);
    mock.done().await;
}
