//! Every way in which a task does not end well.

use std::time::Duration;

use mynah_client::{Error, Event, Session, Wait};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::mock::Mock;

/// Reads to the end, which must be an error, and checks that nothing follows it.
async fn failure(session: &mut Session) -> Error {
    let error = loop {
        match session.next_event().await.expect("an end") {
            Ok(Event::Finished { .. }) => panic!("finished"),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(
        session.next_event().await.is_none(),
        "the error is the last"
    );
    error
}

#[tokio::test]
async fn task_failed_in_midstream_reaches_every_handle() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.frame().await;
        peer.partial("half a").await;
        peer.failed("CLIENT_ERROR", "request timeout after 23 seconds.")
            .await;
    })
    .await;
    let mut session = mock.recognition().start().await.unwrap();
    let sender = session.sender();
    sender.send_audio_frame(vec![0; 3_200]).await.unwrap();

    let Some(Ok(Event::Sentence(result))) = session.next_event().await else {
        panic!("no event")
    };
    assert_eq!(
        result.sentence.text, "half a",
        "results before the failure are kept"
    );
    let from_stop = session.stop().await.unwrap_err();
    let from_sender = sender.send_audio_frame(vec![0; 3_200]).await.unwrap_err();
    let from_stream = failure(&mut session).await;
    for error in [from_stop, from_sender, from_stream] {
        let Error::TaskFailed {
            code,
            message,
            task_id,
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!(code, "CLIENT_ERROR");
        assert_eq!(message, "request timeout after 23 seconds.");
        assert_eq!(task_id, session.request_id().as_str());
    }
    assert_eq!(
        session.response().unwrap()["header"]["event"],
        "task-failed"
    );
    mock.done().await;
}

#[tokio::test]
async fn close_without_finish_names_code_and_reason() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        let frame = CloseFrame {
            code: CloseCode::Invalid,
            reason: "Model not found".into(),
        };
        peer.send(Message::Close(Some(frame))).await;
        peer.closed().await;
    })
    .await;
    let mut session = mock.recognition().start().await.unwrap();
    let error = failure(&mut session).await;
    assert_eq!(
        error.to_string(),
        "connection closed before the task ended (code 1007, Model not found)"
    );
    mock.done().await;
}

#[tokio::test]
async fn a_vanished_server_is_closed_early() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.frame().await;
    })
    .await;
    let mut session = mock.recognition().start().await.unwrap();
    session.send_audio_frame(vec![0; 3_200]).await.unwrap();
    let error = failure(&mut session).await;
    assert!(
        matches!(error, Error::ClosedEarly { code: None, .. }),
        "{error}"
    );
    mock.done().await;
}

/// The server fails the task and closes while the client floods it: the reason must not be lost
/// to the broken pipe that the flood runs into.
#[tokio::test]
async fn the_reason_wins_over_the_broken_pipe() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.frame().await;
        peer.failed("UNSUPPORTED_FORMAT", "UNSUPPORTED_FORMAT")
            .await;
        // Dropped with audio unread: the kernel answers further audio with a reset.
    })
    .await;
    let session = mock.recognition().start().await.unwrap();
    let error = session.recognize(tokio::io::repeat(0)).await.unwrap_err();
    assert_eq!(error.code(), Some("UNSUPPORTED_FORMAT"), "{error}");
    mock.done().await;
}

#[tokio::test]
async fn nonsense_is_a_protocol_error() {
    for nonsense in [
        Message::text("hello"),
        Message::text(""),
        Message::binary(vec![1, 2, 3]),
        Message::text(json!({"header": {"event": "task-started"}}).to_string()),
    ] {
        let mock = Mock::with(move |mut peer| {
            let nonsense = nonsense.clone();
            async move {
                peer.open().await;
                peer.send(nonsense).await;
                peer.closed().await;
            }
        })
        .await;
        let mut session = mock.recognition().start().await.unwrap();
        let error = failure(&mut session).await;
        assert!(matches!(error, Error::Protocol(_)), "{error}");
        mock.done().await;
    }
}

#[tokio::test]
async fn an_oversized_message_is_a_protocol_error() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        let text = "x".repeat(mynah_client::limits::MESSAGE_BYTES_MAX);
        // The client may hang up before all of it is out.
        let message = json!({"header": {"event": "task-started"}, "payload": text});
        drop(
            futures_util::SinkExt::send(&mut peer.socket, Message::text(message.to_string())).await,
        );
        peer.closed().await;
    })
    .await;
    let mut session = mock.recognition().start().await.unwrap();
    let error = failure(&mut session).await;
    assert!(matches!(error, Error::Protocol(_)), "{error}");
    mock.done().await;
}

#[tokio::test]
async fn silence_after_finish_task_times_out() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.audio().await;
        peer.closed().await;
    })
    .await;
    let recognition = mock
        .builder()
        .finish_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let session = recognition.start().await.unwrap();
    let error = session.stop().await.unwrap_err();
    assert!(matches!(error, Error::Timeout(Wait::Finish)), "{error}");
    mock.done().await;
}

/// A server that is slow but alive is waited for: each message grants the patience anew.
#[tokio::test]
async fn results_after_finish_task_extend_the_patience() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.audio().await;
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            peer.partial("still at it").await;
        }
        peer.finished().await;
        peer.closed().await;
    })
    .await;
    let recognition = mock
        .builder()
        .finish_timeout(Duration::from_millis(1_800))
        .build()
        .unwrap();
    recognition.start().await.unwrap().stop().await.unwrap();
    mock.done().await;
}

#[tokio::test]
async fn unread_events_fail_the_task_and_not_the_machine() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        // More bytes than a session may leave unread, in messages below their own limit.
        let text = "x".repeat(1024 * 1024);
        for _ in 0..20 {
            let partial = json!({"header": {"event": "result-generated"},
                "payload": {"output": {"sentence": {"text": text}}}});
            let message = Message::text(partial.to_string());
            if futures_util::SinkExt::send(&mut peer.socket, message)
                .await
                .is_err()
            {
                break;
            }
        }
        peer.closed().await;
    })
    .await;
    let mut session = mock.recognition().start().await.unwrap();
    let error = session.stop().await.unwrap_err();
    assert!(matches!(error, Error::EventsNotRead), "{error}");
    let mut kept = 0;
    while let Some(Ok(_)) = session.next_event().await {
        kept += 1;
    }
    assert_eq!(kept, 15, "what fitted can still be read");
    mock.done().await;
}
