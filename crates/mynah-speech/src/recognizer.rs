//! What a recogniser is: samples of one utterance in, text and word times out.

use std::sync::LazyLock;

use mynah_text::{Language, Word};
use serde::{Deserialize, Serialize};

use crate::memo::Memo;
use crate::{HotWords, SpeechError};

/// Sample rate of all audio inside this crate, in Hz. Samples are mono `f32` in -1.0..=1.0.
pub const SAMPLE_RATE_HZ: usize = 16_000;

/// The longest utterance a recogniser is given, in milliseconds. Whisper sees 30 s at most; the
/// rest is room for the silence that segmentation leaves at both ends.
pub const UTTERANCE_MS_MAX: u32 = 28_000;

/// Milliseconds of audio in `samples` samples, rounded down.
pub fn samples_to_ms(samples: usize) -> u32 {
    (samples * 1000 / SAMPLE_RATE_HZ) as u32
}

/// Samples in `ms` milliseconds of audio.
pub fn ms_to_samples(ms: u32) -> usize {
    ms as usize * SAMPLE_RATE_HZ / 1000
}

/// What a recogniser heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hypothesis {
    /// The text as it would be written, without blanks at its ends. Empty when nothing was heard.
    pub text: String,
    /// The language of the text: the one given, or detected, or English where it is a translation.
    pub language: Language,
    /// The words of `text` in order, their times counted from the utterance's first sample. Empty when words were not asked for, or when the engine has
    /// no alignment to take times from ([`Recognizer::aligns_words`]).
    pub words: Vec<Word>,
}

/// How much context a recogniser that pads its input may spend on one utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// The fastest result: encode little more than the utterance itself.
    Fast,
    /// The most accurate result, whatever it costs.
    Accurate,
}

/// One utterance to recognise.
#[derive(Clone, Copy, Debug)]
pub struct Utterance<'a> {
    /// Mono samples at [`SAMPLE_RATE_HZ`], at most [`UTTERANCE_MS_MAX`] long.
    pub samples: &'a [f32],
    /// The spoken language, or `None` to detect it.
    pub language: Option<Language>,
    /// Whether words with times are wanted.
    pub words: bool,
    /// How much to spend.
    pub effort: Effort,
    /// Words to expect.
    pub hot_words: &'a HotWords,
    /// Text that came before or that the speech is about, for recognisers that can use one: its
    /// spelling, names and punctuation are imitated. Empty if there is none; of a long text only
    /// the end counts.
    pub context: &'a str,
    /// Whether English text is wanted, whatever is spoken. Few recognisers can
    /// ([`can_translate`](crate::can_translate)).
    pub translate: bool,
}

impl<'a> Utterance<'a> {
    /// An utterance of which nothing but its samples is known, to be recognised accurately and
    /// without words.
    pub fn new(samples: &'a [f32]) -> Self {
        static NO_HOT_WORDS: LazyLock<HotWords> = LazyLock::new(HotWords::default);
        Self {
            samples,
            language: None,
            words: false,
            effort: Effort::Accurate,
            hot_words: &NO_HOT_WORDS,
            context: "",
            translate: false,
        }
    }
}

/// A speech recogniser with its own inference sessions: one per worker thread, never shared.
pub trait Recognizer: Send {
    /// Recognises one utterance.
    ///
    /// Takes as long as the audio needs and cannot be interrupted, so callers keep utterances short.
    fn recognize(&mut self, utterance: &Utterance<'_>) -> Result<Hypothesis, SpeechError>;

    /// Recognises an utterance of which the part before the newest audio was recognised already.
    ///
    /// `memo` is empty at the start of an utterance and brought up to date here; it makes the call
    /// cheaper where the engine can use it. The text is that of [`Recognizer::recognize`], but for
    /// 8-bit networks: their rounding depends on how many tokens are computed at once, which
    /// changes about one word in fifty, for better or worse.
    fn recognize_more(
        &mut self,
        utterance: &Utterance<'_>,
        memo: &mut Memo,
    ) -> Result<Hypothesis, SpeechError> {
        let _ = memo;
        self.recognize(utterance)
    }

    /// The language spoken in `samples`, or `None` when the recogniser cannot tell.
    fn detect_language(&mut self, samples: &[f32]) -> Result<Option<Language>, SpeechError> {
        let _ = samples;
        Ok(None)
    }

    /// Whether the recogniser can be given utterances of `language`.
    fn supports(&self, language: Language) -> bool;

    /// Whether [`Hypothesis::words`] can carry times.
    fn aligns_words(&self) -> bool;
}
