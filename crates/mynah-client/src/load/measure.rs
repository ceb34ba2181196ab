//! Turns what a stream heard, and when, into delays. No clock and no socket.

use serde::Serialize;

use super::{Prepared, StreamReport, Utterance};
use crate::limits::LOAD_LAG_SAMPLES_MAX;
use crate::pacing::Pace;

/// How long before the true start of speech a sentence may begin and still belong to it: voice
/// detectors keep some audio before what they detect. At most half of the silence is granted.
const EARLY_BEGIN_MS_MAX: u32 = 500;

/// What became of an utterance. Delays are in milliseconds and may be negative when the service
/// ended a sentence before its speaker did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct UtteranceReport {
    /// Start of speech within the stream.
    pub onset_ms: u32,
    /// End of speech within the stream.
    pub offset_ms: u32,
    /// From the start of speech to the first text; `None` if there was none.
    pub first_partial_ms: Option<f64>,
    /// From the end of speech to the last final text; `None` if there was none.
    pub final_ms: Option<f64>,
    /// The final texts, joined.
    pub text: String,
}

/// A result as far as it is measured. Times in milliseconds from the start of the stream.
pub(super) struct Heard {
    pub(super) received_ms: f64,
    pub(super) is_end: bool,
    /// Begin of the sentence in the audio.
    pub(super) begin_ms: u32,
    /// End of the newest word in the audio, if words came with the result.
    pub(super) covered_ms: Option<u32>,
    pub(super) text: String,
}

/// The speech of a stream, and what has been heard of it so far.
pub(super) struct Timeline {
    utterances: Vec<Utterance>,
    piece_ms: u32,
    audio_ms: f64,
    reports: Vec<UtteranceReport>,
    lag_ms: Vec<f64>,
}

impl Timeline {
    pub(super) fn new(audio: &Prepared, pace: Pace) -> Self {
        let audio_ms = pace.duration_of(audio.pcm.len() as u64).as_secs_f64() * 1_000.0;
        Self::of(audio.utterances.clone(), pace.piece_ms(), audio_ms)
    }

    fn of(utterances: Vec<Utterance>, piece_ms: u32, audio_ms: f64) -> Self {
        let unheard = |utterance: &Utterance| UtteranceReport {
            onset_ms: utterance.onset_ms,
            offset_ms: utterance.offset_ms,
            ..UtteranceReport::default()
        };
        let reports = utterances.iter().map(unheard).collect();
        Self {
            utterances,
            piece_ms,
            audio_ms,
            reports,
            lag_ms: Vec::new(),
        }
    }

    pub(super) fn hear(&mut self, heard: &Heard) {
        let Some(index) = self.utterance_at(heard.begin_ms) else {
            return;
        };
        if heard.text.is_empty() {
            return;
        }
        let Utterance {
            onset_ms,
            offset_ms,
        } = self.utterances[index];
        let (onset_due, offset_due) = (self.due(onset_ms), self.due(offset_ms));
        let report = &mut self.reports[index];
        report
            .first_partial_ms
            .get_or_insert(heard.received_ms - onset_due);
        if heard.is_end {
            report.final_ms = Some(heard.received_ms - offset_due);
            report.text.push_str(&heard.text);
        } else if let Some(covered_ms) = heard.covered_ms
            && heard.received_ms < offset_due
            && self.lag_ms.len() < LOAD_LAG_SAMPLES_MAX
        {
            self.lag_ms
                .push(self.due_by(heard.received_ms) - f64::from(covered_ms));
        }
    }

    /// The reports as they stand before anything was heard, or now.
    pub(super) fn utterances(&self) -> Vec<UtteranceReport> {
        self.reports.clone()
    }

    /// What came of the utterances, and the lags.
    pub(super) fn judge(self) -> (Vec<UtteranceReport>, Vec<f64>) {
        (self.reports, self.lag_ms)
    }

    /// The utterance to which a sentence that begins here belongs.
    fn utterance_at(&self, begin_ms: u32) -> Option<usize> {
        let last = self.utterances.len().checked_sub(1)?;
        let next = (1..=last).find(|&index| {
            let silence = self.utterances[index]
                .onset_ms
                .saturating_sub(self.utterances[index - 1].offset_ms);
            let early = EARLY_BEGIN_MS_MAX.min(silence / 2);
            begin_ms < self.utterances[index].onset_ms.saturating_sub(early)
        });
        Some(next.map_or(last, |index| index - 1))
    }

    /// When the piece that holds the audio at `position_ms` is due.
    fn due(&self, position_ms: u32) -> f64 {
        let pieces = position_ms.div_ceil(self.piece_ms);
        (f64::from(pieces) * f64::from(self.piece_ms)).min(self.audio_ms)
    }

    /// How much audio is due at `time_ms`.
    fn due_by(&self, time_ms: f64) -> f64 {
        let piece_ms = f64::from(self.piece_ms);
        ((time_ms / piece_ms).floor() * piece_ms).min(self.audio_ms)
    }
}

/// The figures of a load run. Delays in milliseconds over all utterances of all streams.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Streams that ran.
    pub streams: usize,
    /// Streams that were refused or broke.
    pub failed: usize,
    /// Utterances in all streams.
    pub utterances: usize,
    /// Utterances without a final text.
    pub without_final: usize,
    /// From the start of connecting to `task-started`, per stream.
    pub start_ms: Option<Percentiles>,
    /// From the start of speech to the first text.
    pub first_partial_ms: Option<Percentiles>,
    /// From the end of speech to the final text.
    pub final_ms: Option<Percentiles>,
    /// How far captions trail the speaker, over all partial results.
    pub lag_ms: Option<Percentiles>,
    /// The worst late piece of each stream.
    pub send_late_ms: Option<Percentiles>,
}

impl Summary {
    pub(super) fn of(streams: &[StreamReport]) -> Self {
        let utterances = || streams.iter().flat_map(|stream| &stream.utterances);
        Self {
            streams: streams.len(),
            failed: streams
                .iter()
                .filter(|stream| stream.failure.is_some())
                .count(),
            utterances: utterances().count(),
            without_final: utterances().filter(|one| one.final_ms.is_none()).count(),
            start_ms: Percentiles::of(streams.iter().filter_map(|stream| stream.start_ms)),
            first_partial_ms: Percentiles::of(utterances().filter_map(|one| one.first_partial_ms)),
            final_ms: Percentiles::of(utterances().filter_map(|one| one.final_ms)),
            lag_ms: Percentiles::of(streams.iter().flat_map(|stream| stream.lag_ms.clone())),
            send_late_ms: Percentiles::of(streams.iter().map(|stream| stream.send_late_ms_max)),
        }
    }
}

/// A distribution in a few numbers: of the values themselves, by nearest rank.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Percentiles {
    /// How many values.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Half are at most this.
    pub p50: f64,
    /// 90 % are at most this.
    pub p90: f64,
    /// 95 % are at most this.
    pub p95: f64,
    /// 99 % are at most this.
    pub p99: f64,
    /// The greatest.
    pub max: f64,
}

impl Percentiles {
    /// The distribution of `values`; `None` of no values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let max = *values.last()?;
        let count = values.len();
        let rank = |percent: usize| values[(percent * count).div_ceil(100).max(1) - 1];
        Some(Self {
            count,
            mean: values.iter().sum::<f64>() / count as f64,
            p50: rank(50),
            p90: rank(90),
            p95: rank(95),
            p99: rank(99),
            max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Utterance = Utterance {
        onset_ms: 250,
        offset_ms: 1_030,
    };
    const SECOND: Utterance = Utterance {
        onset_ms: 3_000,
        offset_ms: 4_000,
    };

    fn timeline() -> Timeline {
        Timeline::of(vec![FIRST, SECOND], 100, 6_000.0)
    }

    fn heard(received_ms: f64, begin_ms: u32, is_end: bool, text: &str) -> Heard {
        Heard {
            received_ms,
            is_end,
            begin_ms,
            covered_ms: Some(600),
            text: text.to_owned(),
        }
    }

    #[test]
    fn delays_count_from_the_piece_that_holds_the_sample() {
        let mut timeline = timeline();
        timeline.hear(&heard(400.0, 240, false, ""));
        timeline.hear(&heard(750.0, 240, false, "a"));
        timeline.hear(&heard(950.0, 240, false, "a b"));
        timeline.hear(&heard(1_900.0, 240, true, "A b."));
        let (reports, lag_ms) = timeline.judge();
        // Onset 250 is due at 300, offset 1030 at 1100; at 750, 700 ms of audio are due.
        assert_eq!(reports[0].first_partial_ms, Some(450.0));
        assert_eq!(reports[0].final_ms, Some(800.0));
        assert_eq!(reports[0].text, "A b.");
        assert_eq!(lag_ms, [100.0, 300.0]);
        assert_eq!(reports[1], timeline_report(SECOND));
    }

    fn timeline_report(utterance: Utterance) -> UtteranceReport {
        let Utterance {
            onset_ms,
            offset_ms,
        } = utterance;
        UtteranceReport {
            onset_ms,
            offset_ms,
            ..UtteranceReport::default()
        }
    }

    #[test]
    fn a_split_utterance_ends_with_its_last_final() {
        let mut timeline = timeline();
        timeline.hear(&heard(3_900.0, 2_600, true, "one"));
        timeline.hear(&heard(4_700.0, 3_700, true, "two"));
        let (reports, lag_ms) = timeline.judge();
        assert_eq!(reports[1].final_ms, Some(700.0));
        assert_eq!(reports[1].text, "onetwo");
        assert!(reports[0].text.is_empty() && lag_ms.is_empty());
    }

    #[test]
    fn partials_after_the_end_of_speech_are_no_lag() {
        let mut timeline = timeline();
        timeline.hear(&heard(1_500.0, 240, false, "a"));
        assert_eq!(timeline.judge().1, [] as [f64; 0]);
    }

    #[test]
    fn sentences_belong_to_the_speech_they_begin_in() {
        let timeline = timeline();
        for (begin_ms, expected) in [(0, 0), (1_000, 0), (2_499, 0), (2_500, 1), (9_000, 1)] {
            assert_eq!(
                timeline.utterance_at(begin_ms),
                Some(expected),
                "{begin_ms}"
            );
        }
        assert_eq!(Timeline::of(Vec::new(), 100, 0.0).utterance_at(0), None);
    }

    #[test]
    fn percentiles_are_values_of_the_sample() {
        let of_100 = Percentiles::of((1..=100).rev().map(f64::from)).unwrap();
        let [p50, p90, p95, p99] = [of_100.p50, of_100.p90, of_100.p95, of_100.p99];
        assert_eq!((of_100.count, of_100.mean, of_100.max), (100, 50.5, 100.0));
        assert_eq!((p50, p90, p95, p99), (50.0, 90.0, 95.0, 99.0));
        let of_1 = Percentiles::of([7.0]).unwrap();
        assert_eq!((of_1.p50, of_1.p99, of_1.max), (7.0, 7.0, 7.0));
        assert_eq!(Percentiles::of([]), None);
    }

    #[test]
    fn summary_counts_failures_and_silence() {
        let heard = UtteranceReport {
            final_ms: Some(5.0),
            ..UtteranceReport::default()
        };
        let streams = [
            StreamReport {
                utterances: vec![heard, UtteranceReport::default()],
                ..StreamReport::default()
            },
            StreamReport {
                failure: Some("x".to_owned()),
                ..StreamReport::default()
            },
        ];
        let summary = Summary::of(&streams);
        assert_eq!((summary.streams, summary.failed), (2, 1));
        assert_eq!((summary.utterances, summary.without_final), (2, 1));
        assert_eq!(summary.final_ms, Percentiles::of([5.0]));
        assert_eq!(summary.lag_ms, None);
    }
}
