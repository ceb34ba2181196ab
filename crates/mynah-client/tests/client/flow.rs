//! Both directions at once: back-pressure, pings, giving up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mynah_client::pacing::{Pace, send_paced};
use mynah_client::{Event, Session};
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::mock::{Mock, PATIENCE, Received};

/// Sends until the server's and the sockets' buffers are full; gives the bytes that fitted.
async fn fill(session: &Session) -> usize {
    let frame = Bytes::from(vec![0; 256 * 1024]);
    let mut bytes = 0;
    loop {
        let sending = session.send_audio_frame(frame.clone());
        if timeout(Duration::from_millis(300), sending).await.is_err() {
            return bytes;
        }
        bytes += frame.len();
        assert!(bytes < 1024 * 1024 * 1024, "sending never waits");
    }
}

/// A server that stops reading holds up the sending only: its results still come, and sending
/// goes on when it reads again, with no byte lost.
#[tokio::test]
async fn a_server_that_does_not_read_holds_up_nothing_but_audio() {
    let resume = Arc::new(Notify::new());
    let resumed = Arc::clone(&resume);
    let mock = Mock::with(move |mut peer| {
        let resumed = Arc::clone(&resumed);
        async move {
            peer.open().await;
            peer.frame().await;
            for text in ["one", "two", "three"] {
                tokio::time::sleep(Duration::from_millis(200)).await;
                peer.partial(text).await;
            }
            resumed.notified().await;
            let bytes: usize = peer.audio().await.iter().map(Vec::len).sum();
            peer.sentence(
                json!({"text": bytes.to_string(), "end_time": 1}),
                json!(null),
            )
            .await;
            peer.finished().await;
            peer.closed().await;
        }
    })
    .await;
    let mut session = mock.recognition().start().await.unwrap();
    session.send_audio_frame(vec![0; 3_200]).await.unwrap();
    let sent = fill(&session).await;

    for expected in ["one", "two", "three"] {
        let event = timeout(PATIENCE, session.next_event())
            .await
            .expect("results come");
        let Some(Ok(Event::Sentence(result))) = event else {
            panic!("no sentence")
        };
        assert_eq!(result.sentence.text, expected);
    }
    resume.notify_one();
    session.stop().await.unwrap();
    let Some(Ok(Event::Sentence(result))) = session.next_event().await else {
        panic!("no event")
    };
    assert_eq!(
        result.sentence.text,
        sent.to_string(),
        "a frame that was given up is not sent"
    );
    mock.done().await;
}

#[tokio::test]
async fn pings_are_answered_while_audio_is_sent() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        let (mut frames, mut pongs) = (0, 0_u8);
        while frames < 200 {
            if frames % 10 == 0 {
                peer.send(Message::Ping(Bytes::from(vec![frames]))).await;
            }
            match peer.receive().await {
                Received::Audio(_) => frames += 1,
                Received::Pong(payload) => {
                    assert_eq!(payload.len(), 1);
                    pongs += 1;
                }
                other => panic!("unexpected {other:?}"),
            }
        }
        peer.event(
            "result-generated",
            json!({"output": {"sentence":
            {"text": "pongs", "sentence_id": pongs, "end_time": 1}}}),
        )
        .await;
        peer.audio().await;
        peer.finished().await;
        peer.closed().await;
    })
    .await;
    let session = mock.recognition().start().await.unwrap();
    let result = session.recognize(&vec![0; 250 * 12_800][..]).await.unwrap();
    // A newer ping replaces one that is not answered yet, which the standard allows.
    assert!(
        result.sentences[0].sentence_id > 0,
        "no pong came before all audio was sent"
    );
    mock.done().await;
}

#[tokio::test]
async fn a_ping_is_answered_while_nobody_sends_or_reads() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.send(Message::Ping(Bytes::from_static(b"there?")))
            .await;
        let Received::Pong(payload) = peer.receive().await else {
            panic!("no pong")
        };
        assert_eq!(payload, b"there?");
        peer.audio().await;
        peer.finished().await;
        peer.closed().await;
    })
    .await;
    let session = mock.recognition().start().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    session.stop().await.unwrap();
    mock.done().await;
}

#[tokio::test]
async fn long_frames_are_cut_and_empty_ones_left_out() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        let sizes: Vec<_> = peer.audio().await.iter().map(Vec::len).collect();
        assert_eq!(sizes, [16_384, 16_384, 7_232, 1]);
        peer.finished().await;
        peer.closed().await;
    })
    .await;
    let session = mock.recognition().start().await.unwrap();
    session.send_audio_frame(vec![7; 40_000]).await.unwrap();
    session.send_audio_frame(Bytes::new()).await.unwrap();
    session.send_audio_frame(vec![7]).await.unwrap();
    session.stop().await.unwrap();
    mock.done().await;
}

/// `closed` of the script returns only when the client has closed the connection.
#[tokio::test]
async fn dropping_a_session_closes_its_connection() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.closed().await;
    })
    .await;
    let session = mock.recognition().start().await.unwrap();
    let sender = session.sender();
    session.send_audio_frame(vec![0; 3_200]).await.unwrap();
    drop(session);
    mock.done().await;
    assert!(sender.send_audio_frame(vec![0; 3_200]).await.is_err());
}

#[tokio::test]
async fn giving_up_a_start_closes_its_connection() {
    let asked = Arc::new(Notify::new());
    let was_asked = Arc::clone(&asked);
    let mock = Mock::with(move |mut peer| {
        let asked = Arc::clone(&asked);
        async move {
            peer.run_task().await;
            asked.notify_one();
            peer.closed().await;
        }
    })
    .await;
    let recognition = mock.recognition();
    tokio::select! {
        started = recognition.start() => panic!("{started:?}"),
        () = was_asked.notified() => {}
    }
    mock.done().await;
}

#[tokio::test]
async fn dropping_a_session_closes_even_a_stuffed_connection() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.frame().await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        peer.closed().await;
    })
    .await;
    let session = mock.recognition().start().await.unwrap();
    fill(&session).await;
    drop(session);
    mock.done().await;
}

#[tokio::test]
async fn paced_audio_goes_out_at_its_pace() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        let sizes: Vec<_> = peer.audio().await.iter().map(Vec::len).collect();
        assert_eq!(sizes, [640, 640, 640, 640, 320]);
        peer.finished().await;
        peer.closed().await;
    })
    .await;
    let session = mock.recognition().start().await.unwrap();
    let begin = Instant::now();
    let pace = Pace::pcm(16_000).pieces_of(20);
    let bytes = send_paced(&session.sender(), &[0; 2_880][..], pace)
        .await
        .unwrap();
    assert_eq!(bytes, 2_880);
    assert!(
        begin.elapsed() >= Duration::from_millis(90),
        "the last sample is 90 ms after the first"
    );
    session.stop().await.unwrap();
    mock.done().await;
}
