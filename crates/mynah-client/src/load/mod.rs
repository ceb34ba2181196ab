//! A load driver: any number of real-time streams at once, and how long each waited.
//!
//! Every stream sends PCM audio at the pace of speech and knows when in it somebody speaks. Two
//! delays are taken per utterance, as a speaker would feel them: from the start of speech to the
//! first text, and from the end of speech to the final text. Both count from the moment at which
//! the piece with that sample was *due*; when the server takes audio too slowly and pieces go out
//! late, the waiting is part of the delay instead of vanishing from it.
//!
//! Streams report in their order, whatever order they end in; refused starts are counted, not
//! repeated; nothing here judges whether a delay is good.

mod measure;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::task::JoinSet;

pub use self::measure::{Percentiles, Summary, UtteranceReport};
use crate::pacing::Pace;
use crate::{Recognition, RetryPolicy};

/// When, in a stream, somebody speaks: milliseconds from the stream's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utterance {
    /// The first speech sample.
    pub onset_ms: u32,
    /// The end of the last speech sample.
    pub offset_ms: u32,
}

/// The audio of a stream: 16-bit mono PCM, and where the speech is in it.
///
/// Between two utterances, and after the last, there should be more silence than the service
/// needs to end a sentence; otherwise finals come late, or for two utterances at once.
#[derive(Clone, Debug)]
pub struct StreamAudio {
    sample_rate: u32,
    pcm: Vec<u8>,
    utterances: Vec<Utterance>,
}

impl StreamAudio {
    /// No audio yet, at `sample_rate` Hz.
    pub fn new(sample_rate: u32) -> Self {
        Self {
            sample_rate,
            pcm: Vec::new(),
            utterances: Vec::new(),
        }
    }

    /// Adds `ms` milliseconds of silence.
    #[must_use]
    pub fn silence(mut self, ms: u32) -> Self {
        let samples = u64::from(ms) * u64::from(self.sample_rate) / 1_000;
        self.pcm.resize(self.pcm.len() + 2 * samples as usize, 0);
        self
    }

    /// Adds an utterance: its samples, little-endian, and when within them speech starts and ends.
    #[must_use]
    pub fn utterance(mut self, pcm: &[u8], speech: Utterance) -> Self {
        let before_ms = self.duration_ms();
        self.utterances.push(Utterance {
            onset_ms: before_ms + speech.onset_ms,
            offset_ms: before_ms + speech.offset_ms,
        });
        self.pcm.extend_from_slice(pcm);
        self
    }

    /// Milliseconds of all audio so far.
    pub fn duration_ms(&self) -> u32 {
        let duration = Pace::pcm(self.sample_rate).duration_of(self.pcm.len() as u64);
        u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
    }

    /// Where speech is, in the order it was added.
    pub fn utterances(&self) -> &[Utterance] {
        &self.utterances
    }
}

/// How many streams, and how they start.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions {
    /// Streams at once.
    pub streams: usize,
    /// Time between two starts, so that sentences do not end everywhere at once.
    pub stagger: Duration,
    /// Milliseconds of audio per message.
    pub piece_ms: u32,
}

impl LoadOptions {
    /// `streams` streams of 100 ms pieces, 137 ms apart.
    pub fn new(streams: usize) -> Self {
        Self {
            streams,
            stagger: Duration::from_millis(137),
            piece_ms: 100,
        }
    }
}

/// What one stream saw. Times are in milliseconds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StreamReport {
    /// Which of the audios it sent.
    pub audio: usize,
    /// From the start of connecting to `task-started`.
    pub start_ms: Option<f64>,
    /// One per utterance of the audio.
    pub utterances: Vec<UtteranceReport>,
    /// At each partial text while its speaker spoke: audio due by then, less the end of the
    /// newest word. How far captions trail the speaker.
    pub lag_ms: Vec<f64>,
    /// The worst time by which a piece was taken over later than it was due.
    pub send_late_ms_max: f64,
    /// From `finish-task` to the end.
    pub finish_ms: Option<f64>,
    /// Why the stream failed, if it did.
    pub failure: Option<String>,
}

/// What all streams saw, in the order of their starts, and the figures over all of them.
#[derive(Clone, Debug, Serialize)]
pub struct LoadReport {
    /// The figures.
    pub summary: Summary,
    /// The raw samples.
    pub streams: Vec<StreamReport>,
}

/// Runs `options.streams` streams at once; stream `i` sends the audio number `i` modulo their
/// count, and starts `i` staggers after the first. Ends when the last one has.
///
/// `recognition` must be set to the audio's sample rate and to
/// [`AudioFormat::Pcm`](crate::AudioFormat::Pcm). Giving up the future ends all streams.
pub async fn run(
    recognition: &Recognition,
    audio: Vec<StreamAudio>,
    options: LoadOptions,
) -> LoadReport {
    let audio: Vec<_> = audio
        .into_iter()
        .map(Prepared::from)
        .map(Arc::new)
        .collect();
    let once = Recognition {
        retry: RetryPolicy::none(),
        ..recognition.clone()
    };
    let mut running = JoinSet::new();
    if !audio.is_empty() {
        for index in 0..options.streams {
            let which = index % audio.len();
            let (recognition, audio) = (once.clone(), Arc::clone(&audio[which]));
            let delay = options
                .stagger
                .saturating_mul(u32::try_from(index).unwrap_or(u32::MAX));
            running.spawn(async move {
                tokio::time::sleep(delay).await;
                let report = stream::run(&recognition, &audio, options.piece_ms).await;
                (
                    index,
                    StreamReport {
                        audio: which,
                        ..report
                    },
                )
            });
        }
    }
    let mut reports = running.join_all().await;
    reports.sort_by_key(|(index, _)| *index);
    let streams: Vec<_> = reports.into_iter().map(|(_, report)| report).collect();
    LoadReport {
        summary: Summary::of(&streams),
        streams,
    }
}

/// A stream's audio in the form that many streams can share.
struct Prepared {
    sample_rate: u32,
    pcm: Bytes,
    utterances: Vec<Utterance>,
}

impl From<StreamAudio> for Prepared {
    fn from(audio: StreamAudio) -> Self {
        let StreamAudio {
            sample_rate,
            pcm,
            utterances,
        } = audio;
        Self {
            sample_rate,
            pcm: Bytes::from(pcm),
            utterances,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utterances_are_placed_after_what_came_before() {
        let speech = Utterance {
            onset_ms: 20,
            offset_ms: 180,
        };
        let audio = StreamAudio::new(16_000)
            .silence(300)
            .utterance(&[1; 6_400], speech)
            .silence(1_000)
            .utterance(&[1; 6_400], speech);
        assert_eq!(audio.duration_ms(), 1_700);
        assert_eq!(
            audio.utterances(),
            [
                Utterance {
                    onset_ms: 320,
                    offset_ms: 480
                },
                Utterance {
                    onset_ms: 1_520,
                    offset_ms: 1_680
                }
            ]
        );
    }
}
