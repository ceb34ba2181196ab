//! One stream of a load run.

use std::time::{Duration, Instant};

use super::measure::{Heard, Timeline};
use super::{Prepared, StreamReport};
use crate::limits::LOAD_LAG_SAMPLES_MAX;
use crate::message::Event;
use crate::pacing::{Pace, Pacer};
use crate::{AudioSender, Error, Recognition, Session};

pub(super) async fn run(
    recognition: &Recognition,
    audio: &Prepared,
    piece_ms: u32,
) -> StreamReport {
    let asked = Instant::now();
    let session = match recognition.start().await {
        Ok(session) => session,
        Err(error) => return failed(audio, &error),
    };
    let start_ms = Some(ms(asked.elapsed()));
    let pace = Pace::pcm(audio.sample_rate).pieces_of(piece_ms);
    let (report, result) = stream(session, audio, pace).await;
    StreamReport {
        start_ms,
        failure: result.err().map(|error| error.to_string()),
        ..report
    }
}

/// A stream that never began: every utterance went unheard.
fn failed(audio: &Prepared, error: &Error) -> StreamReport {
    let timeline = Timeline::new(audio, Pace::pcm(audio.sample_rate));
    let failure = Some(error.to_string());
    StreamReport {
        utterances: timeline.utterances(),
        failure,
        ..StreamReport::default()
    }
}

/// Sends and listens to the end; what was heard before a failure counts.
async fn stream(
    mut session: Session,
    audio: &Prepared,
    pace: Pace,
) -> (StreamReport, Result<(), Error>) {
    let sender = session.sender();
    let mut timeline = Timeline::new(audio, pace);
    let mut send_late_ms_max = 0.0;
    let pacer = Pacer::start(pace);
    // One clock for what is due and for what is heard.
    let start = pacer.due(0).into_std();
    let sending = send(&sender, audio, pace, pacer, &mut send_late_ms_max);
    let listening = listen(&mut session, start, &mut timeline);
    let result = tokio::try_join!(sending, listening).map(|_| ());
    let (utterances, mut lag_ms) = timeline.judge();
    lag_ms.truncate(LOAD_LAG_SAMPLES_MAX);
    let finish_ms = sender.last_package_delay().map(ms);
    let report = StreamReport {
        utterances,
        lag_ms,
        send_late_ms_max,
        finish_ms,
        ..StreamReport::default()
    };
    (report, result)
}

async fn send(
    sender: &AudioSender,
    audio: &Prepared,
    pace: Pace,
    pacer: Pacer,
    late_ms_max: &mut f64,
) -> Result<(), Error> {
    let mut rest = audio.pcm.clone();
    let mut bytes = 0;
    while !rest.is_empty() {
        let piece = rest.split_to(pace.piece_bytes().min(rest.len()));
        bytes += piece.len() as u64;
        pacer.wait_for(bytes).await;
        sender.send_audio_frame(piece).await?;
        *late_ms_max = late_ms_max.max(ms(pacer.due(bytes).elapsed()));
    }
    sender.stop().await
}

async fn listen(
    session: &mut Session,
    start: Instant,
    timeline: &mut Timeline,
) -> Result<(), Error> {
    while let Some(event) = session.next_event().await {
        let Event::Sentence(result) = event? else {
            continue;
        };
        timeline.hear(&Heard {
            received_ms: ms(result.received_at.saturating_duration_since(start)),
            is_end: result.is_end(),
            begin_ms: result.sentence.begin_time,
            covered_ms: result.sentence.words.last().map(|word| word.end_time),
            text: result.sentence.text,
        });
    }
    Ok(())
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
