//! Speech engines, the pipelines that combine them, and the slots that run them.

mod channel;
mod engine;
mod engines;
mod error;
mod file;
#[cfg(test)]
mod fixtures;
mod hot_words;
mod listener;
mod live;
mod memo;
mod moonshine;
mod muggle;
mod partial;
mod pipeline;
mod polish;
mod recognizer;
mod repetition;
mod runtime;
mod scheduler;
mod search;
mod segmenter;
mod silero;
pub mod whisper;

pub use channel::{INBOX_MS_MAX, RecognizedSentence, StreamEvent};
pub use engine::{Engine, EngineConfig, EngineLoad, NoFreeSlot, Stream};
pub use engines::{EngineFactory, can_translate, needs_preparation};
pub use error::SpeechError;
pub use hot_words::HotWords;
pub use memo::Memo;
pub use moonshine::Moonshine;
pub use muggle::Muggle;
pub use mynah_text::Word;
pub use partial::Partial;
pub use pipeline::{Pipeline, StreamOptions, TextOptions};
pub use recognizer::{
    Effort, Hypothesis, Recognizer, SAMPLE_RATE_HZ, UTTERANCE_MS_MAX, Utterance, ms_to_samples,
    samples_to_ms,
};
pub use runtime::Runtime;
pub use segmenter::{SENTENCE_SILENCE_MS_MAX, SENTENCE_SILENCE_MS_MIN, SegmenterOptions};
