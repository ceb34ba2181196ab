//! Which recognisers serve a model id, and what a stream asks of them.

use std::sync::Arc;

use mynah_text::Language;
use serde::{Deserialize, Serialize};

use crate::{Effort, HotWords, SegmenterOptions};

/// The recognisers behind a served model id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Model id of the recogniser of final text.
    pub recognizer: String,
    /// How much that recogniser spends on a live sentence. Files always get
    /// [`Effort::Accurate`].
    pub effort: Effort,
    /// Model ids of the recognisers of partial text, best first: the first one that supports the
    /// stream's language is used. Where none does, `recognizer` makes the partial text too.
    pub partials: Vec<String>,
    /// Model id of the recogniser that detects the language of a stream that gives none, until
    /// the first final text tells it. `recognizer` where empty.
    pub detector: Option<String>,
}

impl Pipeline {
    /// Every model id the pipeline may use.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.recognizer.as_str())
            .chain(self.partials.iter().map(String::as_str))
            .chain(self.detector.as_deref())
    }
}

/// How recognised text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextOptions {
    /// Punctuation marks are kept, and completed at the end of a sentence.
    pub punctuation: bool,
    /// Spoken Chinese numerals become digits; otherwise digits become spoken numerals.
    pub inverse_text_normalization: bool,
    /// Fillers and stutters are left out.
    pub disfluency_removal: bool,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self {
            punctuation: true,
            inverse_text_normalization: true,
            disfluency_removal: false,
        }
    }
}

/// What a stream asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamOptions {
    /// The languages that may be spoken. One: it is taken as given. None or several: detected.
    pub languages: Vec<Language>,
    /// How sentences are told apart.
    pub segmentation: SegmenterOptions,
    /// How text is written.
    pub text: TextOptions,
    /// Whether partial text is wanted.
    pub partials: bool,
    /// Words to expect.
    pub hot_words: Arc<HotWords>,
    /// What the speech is about, see [`Utterance::context`](crate::Utterance::context).
    pub context: Arc<str>,
    /// Whether the final text is to be English, whatever is spoken. Of files only, and only with
    /// recognisers that can ([`can_translate`](crate::can_translate)).
    pub translate: bool,
}
