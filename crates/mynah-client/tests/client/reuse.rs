//! Several tasks on one connection.

use bytes::Bytes;
use mynah_client::Error;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::mock::{Mock, Received};

#[tokio::test]
async fn tasks_run_one_after_another_with_ids_of_their_own() {
    let mock = Mock::with(|mut peer| async move {
        let mut ids = Vec::new();
        for text in ["first", "second", "third"] {
            peer.open().await;
            ids.push(peer.task_id.clone());
            assert_eq!(peer.audio().await.concat(), text.as_bytes());
            peer.last(text).await;
            peer.finished().await;
            // A late word about the ended task must not reach the next one.
            peer.last("late").await;
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 3);
        peer.closed().await;
    })
    .await;
    let recognition = mock.recognition();
    let connection = recognition.connect().await.unwrap();
    for text in ["first", "second", "third"] {
        let session = connection.start(&recognition).await.unwrap();
        let result = session.recognize(text.as_bytes()).await.unwrap();
        assert_eq!(result.text(), text);
    }
    assert!(connection.is_open());
    connection.close().await;
    mock.done().await;
}

#[tokio::test]
async fn a_second_task_waits_for_the_first_to_end() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.audio().await;
        peer.finished().await;
        peer.open().await;
        peer.closed().await;
    })
    .await;
    let recognition = mock.recognition();
    let connection = recognition.connect().await.unwrap();
    let session = connection.start(&recognition).await.unwrap();
    let error = connection.start(&recognition).await.unwrap_err();
    assert!(matches!(error, Error::TaskOpen), "{error}");
    session.stop().await.unwrap();
    drop(connection.start(&recognition).await.unwrap());
    mock.done().await;
}

#[tokio::test]
async fn an_idle_connection_answers_pings() {
    let mock = Mock::with(|mut peer| async move {
        peer.send(Message::Ping(Bytes::from_static(b"idle?"))).await;
        let Received::Pong(payload) = peer.receive().await else {
            panic!("no pong")
        };
        assert_eq!(payload, b"idle?");
        peer.open().await;
        peer.closed().await;
    })
    .await;
    let recognition = mock.recognition();
    let connection = recognition.connect().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    drop(connection.start(&recognition).await.unwrap());
    mock.done().await;
}

#[tokio::test]
async fn a_connection_that_the_server_closed_takes_no_task() {
    let mock = Mock::with(|mut peer| async move {
        drop(peer.socket.close(None).await);
        peer.closed().await;
    })
    .await;
    let recognition = mock.recognition();
    let connection = recognition.connect().await.unwrap();
    mock.done().await;
    let error = connection.start(&recognition).await.unwrap_err();
    assert!(matches!(error, Error::ClosedEarly { .. }), "{error}");
    assert!(!connection.is_open());
}

#[tokio::test]
async fn a_failed_task_spends_the_connection() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.failed("InternalError", "broken").await;
        peer.closed().await;
    })
    .await;
    let recognition = mock.recognition();
    let connection = recognition.connect().await.unwrap();
    let session = connection.start(&recognition).await.unwrap();
    assert_eq!(
        session.stop().await.unwrap_err().code(),
        Some("InternalError")
    );
    let error = connection.start(&recognition).await.unwrap_err();
    assert!(matches!(error, Error::ClosedEarly { .. }), "{error}");
    mock.done().await;
}

#[tokio::test]
async fn a_dropped_connection_stays_until_its_task_has_ended() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.audio().await;
        peer.sentence(json!({"text": "still here", "end_time": 9}), json!(null))
            .await;
        peer.finished().await;
        peer.closed().await;
    })
    .await;
    let recognition = mock.recognition();
    let connection = recognition.connect().await.unwrap();
    let session = connection.start(&recognition).await.unwrap();
    drop(connection);
    let result = session.recognize(&[0; 320][..]).await.unwrap();
    assert_eq!(result.text(), "still here");
    mock.done().await;
}
