//! The load driver against a server that hears speech where the audio is loud.

use std::time::Duration;

use mynah_client::load::{self, LoadOptions, StreamAudio, Utterance};
use serde_json::{Value, json};

use crate::mock::{Mock, Peer, Received, refuse};

const SAMPLE_RATE: u32 = 16_000;
const LOUD: Utterance = Utterance {
    onset_ms: 0,
    offset_ms: 200,
};

/// Says "heard" at each loud frame, and ends the sentence at the first quiet one after it.
async fn hear(mut peer: Peer) {
    peer.open().await;
    let (mut ms, mut loud_since) = (0, None);
    loop {
        let frame = match peer.receive().await {
            Received::Audio(frame) => frame,
            Received::Text(_) => break,
            other => panic!("unexpected {other:?}"),
        };
        let begin = ms;
        ms += frame.len() as u32 / 32;
        if frame.iter().any(|&byte| byte != 0) {
            let begin = *loud_since.get_or_insert(begin);
            let words = json!([{"text": "heard", "begin_time": begin, "end_time": ms}]);
            let sentence = json!({"begin_time": begin, "end_time": null, "text": "heard",
                "words": words});
            peer.sentence(sentence, Value::Null).await;
        } else if let Some(begin) = loud_since.take() {
            let sentence = json!({"begin_time": begin, "end_time": ms, "text": "heard."});
            peer.sentence(sentence, json!({"duration": 1})).await;
        }
    }
    peer.finished().await;
    peer.closed().await;
}

fn audio(utterances: u32) -> StreamAudio {
    (0..utterances).fold(StreamAudio::new(SAMPLE_RATE).silence(100), |audio, _| {
        audio.utterance(&[9; 6_400], LOUD).silence(300)
    })
}

fn options(streams: usize) -> LoadOptions {
    LoadOptions {
        stagger: Duration::from_millis(30),
        ..LoadOptions::new(streams)
    }
}

#[tokio::test]
async fn streams_report_delays_in_their_order() {
    let mock = Mock::start(
        3,
        |_, tcp| async move { hear(Peer::accept(tcp).await).await },
    )
    .await;
    let report = load::run(&mock.recognition(), vec![audio(1), audio(2)], options(3)).await;
    mock.done().await;

    let audios: Vec<_> = report.streams.iter().map(|stream| stream.audio).collect();
    assert_eq!(audios, [0, 1, 0]);
    for stream in &report.streams {
        assert_eq!(stream.failure, None);
        assert!(stream.start_ms.is_some() && stream.finish_ms.is_some());
        for utterance in &stream.utterances {
            assert_eq!(utterance.text, "heard.");
            // The first loud piece is complete 100 ms after the onset, the first quiet one 100 ms
            // after the offset; both times are counted on the driver's own clock.
            assert!(
                utterance.first_partial_ms.unwrap() >= 100.0,
                "{utterance:?}"
            );
            assert!(utterance.final_ms.unwrap() >= 100.0, "{utterance:?}");
        }
    }
    let second = &report.streams[1].utterances[1];
    assert_eq!((second.onset_ms, second.offset_ms), (600, 800));
    let summary = &report.summary;
    assert_eq!((summary.streams, summary.failed), (3, 0));
    assert_eq!((summary.utterances, summary.without_final), (4, 0));
    assert_eq!(summary.final_ms.unwrap().count, 4);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["summary"]["final_ms"]["count"], 4);
}

#[tokio::test]
async fn refused_and_broken_streams_are_counted_and_not_repeated() {
    let mock = Mock::start(3, |number, tcp| async move {
        match number {
            0 => refuse(tcp, "429 Too Many Requests", "", "{}").await,
            1 => {
                let mut peer = Peer::accept(tcp).await;
                peer.open().await;
                peer.frame().await;
                peer.failed("InternalError", "broken").await;
                peer.closed().await;
            }
            _ => hear(Peer::accept(tcp).await).await,
        }
    })
    .await;
    let report = load::run(&mock.recognition(), vec![audio(1)], options(3)).await;
    mock.done().await;

    let failures: Vec<_> = report
        .streams
        .iter()
        .map(|stream| stream.failure.as_deref())
        .collect();
    assert_eq!(failures[0], Some("connection refused with status 429"));
    assert!(failures[1].unwrap().ends_with("InternalError: broken"));
    assert_eq!(failures[2], None);
    let summary = &report.summary;
    assert_eq!((summary.streams, summary.failed), (3, 2));
    assert_eq!((summary.utterances, summary.without_final), (3, 2));
}

#[tokio::test]
async fn nothing_to_send_is_an_empty_report() {
    let mock = Mock::start(0, |_, _| async {}).await;
    let report = load::run(&mock.recognition(), Vec::new(), options(4)).await;
    assert!(report.streams.is_empty());
    assert_eq!(report.summary.final_ms, None);
}
