//! Sentences out of voice activity: where speech begins, and which pause ends a sentence.
//!
//! A pure state machine over one speech probability per [`WINDOW_SAMPLES`]. It decides by time
//! alone; cutting by meaning is the caller's business, who may end a sentence early with
//! [`Segmenter::cut_at`].

use std::collections::VecDeque;

use crate::{SAMPLE_RATE_HZ, UTTERANCE_MS_MAX};

/// Samples per voice-activity window: 32 ms.
pub(crate) const WINDOW_SAMPLES: usize = 512;
/// Milliseconds per window.
pub(crate) const WINDOW_MS: u32 = (WINDOW_SAMPLES * 1000 / SAMPLE_RATE_HZ) as u32;

/// Consecutive speech windows that open a sentence: 96 ms, so that a click does not.
const ONSET_WINDOWS: u32 = 3;
/// How far below the speech threshold a window must fall to count as silence again.
const HYSTERESIS: f32 = 0.15;
/// Speech probability above which a window is speech, with a noise threshold of 0.
const SPEECH_THRESHOLD: f32 = 0.5;
/// How far a noise threshold of 1 moves [`SPEECH_THRESHOLD`].
const NOISE_THRESHOLD_REACH: f32 = 0.4;
/// The silence that always ends a sentence when sentences are cut by meaning, in milliseconds.
const SEMANTIC_SILENCE_MS: u32 = 2000;
/// Sentence length up to which several thresholds mean the given one, in milliseconds.
const MULTI_THRESHOLD_FROM_MS: u32 = 5_000;
/// Sentence length from which several thresholds mean the smallest one, in milliseconds.
const MULTI_THRESHOLD_TO_MS: u32 = 15_000;
/// The smallest pause that ends a sentence, in milliseconds; also the documented minimum.
pub const SENTENCE_SILENCE_MS_MIN: u32 = 200;
/// The largest pause that can be asked for, in milliseconds, as documented.
pub const SENTENCE_SILENCE_MS_MAX: u32 = 6000;
/// A sentence longer than this is cut at its quietest recent window, in milliseconds.
const SENTENCE_MS_MAX: u32 = UTTERANCE_MS_MAX - 2_000;
/// How far back the quietest window is looked for, in milliseconds.
const FORCED_CUT_LOOKBACK_MS: u32 = 5_000;

/// How sentences are told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SegmenterOptions {
    /// The pause that ends a sentence, in milliseconds
    /// ([`SENTENCE_SILENCE_MS_MIN`]..=[`SENTENCE_SILENCE_MS_MAX`]).
    pub max_sentence_silence_ms: u32,
    /// Sentences end where the text is complete, or after 2 s of silence.
    pub semantic: bool,
    /// The pause that ends a sentence shrinks as the sentence grows.
    pub multi_threshold: bool,
    /// -1.0 takes more noise for speech, 1.0 takes more speech for noise.
    pub speech_noise_threshold: f32,
}

impl Default for SegmenterOptions {
    fn default() -> Self {
        Self {
            max_sentence_silence_ms: 1300,
            semantic: false,
            multi_threshold: false,
            speech_noise_threshold: 0.0,
        }
    }
}

/// What one window changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Nothing.
    Unchanged,
    /// A sentence began at this sample.
    Begin(u64),
    /// The open sentence's speech ended at this sample.
    End(u64),
}

/// The state machine. Positions are samples from the start of the stream.
#[derive(Clone, Debug)]
pub(crate) struct Segmenter {
    options: SegmenterOptions,
    position: u64,
    onset: u32,
    open: Option<Open>,
}

#[derive(Clone, Debug)]
struct Open {
    begin: u64,
    /// End of the newest speech window.
    speech_end: u64,
    /// Probabilities of the newest windows, newest last.
    recent: VecDeque<f32>,
}

impl Segmenter {
    /// A segmenter at the start of a stream.
    pub(crate) fn new(options: SegmenterOptions) -> Self {
        Self {
            options,
            position: 0,
            onset: 0,
            open: None,
        }
    }

    /// Takes the next window's speech probability.
    pub(crate) fn push(&mut self, probability: f32) -> Segment {
        self.position += WINDOW_SAMPLES as u64;
        let speech = self.is_speech(probability);
        if let Some(open) = &mut self.open {
            open.recent.push_back(probability);
            if open.recent.len() > (FORCED_CUT_LOOKBACK_MS / WINDOW_MS) as usize {
                open.recent.pop_front();
            }
            if speech {
                open.speech_end = self.position;
            }
            return self.end_if_due();
        }
        self.onset = if speech { self.onset + 1 } else { 0 };
        if self.onset < ONSET_WINDOWS {
            return Segment::Unchanged;
        }
        let begin = self.position - u64::from(self.onset) * WINDOW_SAMPLES as u64;
        self.open_at(begin);
        Segment::Begin(begin)
    }

    /// Ends the open sentence, if there is one, because the stream ends.
    pub(crate) fn finish(&mut self) -> Segment {
        match self.open.take() {
            Some(open) => Segment::End(open.speech_end),
            None => Segment::Unchanged,
        }
    }

    /// Ends the open sentence at `position` although the pause is too short. What was spoken after
    /// it, if anything, becomes the next sentence, whose begin is returned.
    pub(crate) fn cut_at(&mut self, position: u64) -> Option<u64> {
        let open = self.open.take()?;
        self.onset = 0;
        if open.speech_end <= position {
            return None;
        }
        self.open_at(position);
        if let Some(rest) = &mut self.open {
            rest.speech_end = open.speech_end;
            rest.recent = open.recent;
        }
        Some(position)
    }

    /// Samples heard so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Where the open sentence began, and where its newest speech ended.
    pub(crate) fn sentence(&self) -> Option<(u64, u64)> {
        self.open.as_ref().map(|open| (open.begin, open.speech_end))
    }

    /// Length of the pause that the open sentence is in, in milliseconds.
    pub(crate) fn pause_ms(&self) -> u32 {
        self.open
            .as_ref()
            .map_or(0, |open| ms(self.position - open.speech_end))
    }

    fn is_speech(&self, probability: f32) -> bool {
        let threshold =
            SPEECH_THRESHOLD + NOISE_THRESHOLD_REACH * self.options.speech_noise_threshold;
        let inside = self.open.is_some() || self.onset > 0;
        let threshold = if inside {
            (threshold - HYSTERESIS).max(0.05)
        } else {
            threshold
        };
        probability >= threshold
    }

    fn open_at(&mut self, begin: u64) {
        self.onset = 0;
        self.open = Some(Open {
            begin,
            speech_end: self.position,
            recent: VecDeque::new(),
        });
    }

    fn end_if_due(&mut self) -> Segment {
        let Some(open) = &self.open else {
            return Segment::Unchanged;
        };
        let length_ms = ms(self.position - open.begin);
        if ms(self.position - open.speech_end) >= self.silence_limit_ms(length_ms) {
            let end = open.speech_end;
            self.open = None;
            return Segment::End(end);
        }
        if length_ms < SENTENCE_MS_MAX {
            return Segment::Unchanged;
        }
        let end = self.quietest_recent();
        self.cut_at(end);
        Segment::End(end)
    }

    fn silence_limit_ms(&self, length_ms: u32) -> u32 {
        if self.options.semantic {
            return SEMANTIC_SILENCE_MS;
        }
        let limit = self.options.max_sentence_silence_ms;
        if !self.options.multi_threshold || length_ms <= MULTI_THRESHOLD_FROM_MS {
            return limit;
        }
        let span = MULTI_THRESHOLD_TO_MS - MULTI_THRESHOLD_FROM_MS;
        let over = (length_ms - MULTI_THRESHOLD_FROM_MS).min(span);
        limit - limit.saturating_sub(SENTENCE_SILENCE_MS_MIN) * over / span
    }

    /// Start of the least likely speech among the recent windows, the later one of equals.
    fn quietest_recent(&self) -> u64 {
        let Some(open) = &self.open else {
            return self.position;
        };
        let quietest = open
            .recent
            .iter()
            .rev()
            .enumerate()
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
            .map_or(0, |(windows_back, _)| windows_back + 1);
        self.position - (quietest * WINDOW_SAMPLES) as u64
    }
}

/// Milliseconds of `samples` samples.
fn ms(samples: u64) -> u32 {
    (samples * 1000 / SAMPLE_RATE_HZ as u64) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ms_to_samples;

    fn run(options: SegmenterOptions, pattern: &[(f32, u32)]) -> Vec<Segment> {
        let mut segmenter = Segmenter::new(options);
        let mut seen = Vec::new();
        for &(probability, length_ms) in pattern {
            for _ in 0..length_ms / WINDOW_MS {
                match segmenter.push(probability) {
                    Segment::Unchanged => {}
                    change => seen.push(change),
                }
            }
        }
        seen.push(segmenter.finish());
        seen
    }

    fn ends(segments: &[Segment]) -> usize {
        segments
            .iter()
            .filter(|segment| matches!(segment, Segment::End(_)))
            .count()
    }

    #[test]
    fn a_pause_longer_than_the_limit_ends_a_sentence_and_a_shorter_one_does_not() {
        let pattern = [
            (0.0, 960),
            (0.9, 1920),
            (0.0, 960),
            (0.9, 1920),
            (0.0, 3200),
        ];
        let at = |limit| SegmenterOptions {
            max_sentence_silence_ms: limit,
            ..Default::default()
        };
        assert_eq!(ends(&run(at(1300), &pattern)), 1);
        assert_eq!(ends(&run(at(600), &pattern)), 2);
        let seen = run(at(600), &pattern);
        assert_eq!(seen[0], Segment::Begin(ms_to_samples(960) as u64));
        assert_eq!(seen[1], Segment::End(ms_to_samples(960 + 1920) as u64));
    }

    #[test]
    fn a_click_opens_nothing() {
        let seen = run(
            SegmenterOptions::default(),
            &[(0.0, 960), (0.9, 64), (0.0, 960)],
        );
        assert_eq!(seen, [Segment::Unchanged]);
    }

    #[test]
    fn the_noise_threshold_moves_what_counts_as_speech() {
        let pattern = [(0.0, 960), (0.3, 1920), (0.0, 3200)];
        let at = |t| SegmenterOptions {
            speech_noise_threshold: t,
            ..Default::default()
        };
        assert_eq!(ends(&run(at(0.0), &pattern)), 0);
        assert_eq!(ends(&run(at(-0.8), &pattern)), 1);
        let loud = [(0.0, 960), (0.8, 1920), (0.0, 3200)];
        assert_eq!(ends(&run(at(0.0), &loud)), 1);
        assert_eq!(ends(&run(at(1.0), &loud)), 0);
    }

    #[test]
    fn several_thresholds_cut_a_long_sentence_at_shorter_pauses() {
        let mut pattern = vec![(0.0, 320)];
        for _ in 0..6 {
            pattern.extend([(0.9, 3200), (0.0, 640)]);
        }
        pattern.push((0.0, 3200));
        let plain = SegmenterOptions::default();
        assert_eq!(ends(&run(plain, &pattern)), 1);
        let several = SegmenterOptions {
            multi_threshold: true,
            ..plain
        };
        assert!(ends(&run(several, &pattern)) > 1);
    }

    #[test]
    fn endless_speech_is_cut_at_its_quietest_moment() {
        let pattern = [(0.9, 24_000), (0.6, 32), (0.9, 20_000), (0.0, 3200)];
        let seen = run(SegmenterOptions::default(), &pattern);
        assert_eq!(seen[1], Segment::End(ms_to_samples(24_000) as u64));
        assert_eq!(ends(&seen), 2);
    }

    #[test]
    fn semantic_cutting_waits_two_seconds() {
        let pattern = [(0.9, 1920), (0.0, 1600), (0.9, 1920), (0.0, 3200)];
        let options = SegmenterOptions {
            semantic: true,
            ..Default::default()
        };
        assert_eq!(ends(&run(options, &pattern)), 1);
    }

    #[test]
    fn a_cut_leaves_the_rest_as_the_next_sentence() {
        let mut segmenter = Segmenter::new(SegmenterOptions::default());
        for _ in 0..100 {
            segmenter.push(0.9);
        }
        assert_eq!(segmenter.cut_at(20_000), Some(20_000));
        assert_eq!(segmenter.sentence(), Some((20_000, 51_200)));
        assert_eq!(segmenter.cut_at(60_000), None);
        assert_eq!(segmenter.sentence(), None);
    }
}
