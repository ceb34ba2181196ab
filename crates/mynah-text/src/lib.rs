//! Text as speech needs it: languages, numbers, punctuation, scripts, subtitles, scoring.
//!
//! Pure functions, quick enough to run on each partial result. The rules that change a recognised
//! text return [`Edit`]s, which [`apply`] puts into a text and [`Passage::rewrite`] into a text
//! with its word list.

mod caption;
mod chars;
mod disfluency;
mod edit;
mod hot_word;
mod language;
mod numbers;
mod passage;
mod punctuation;
pub mod score;
mod script;
mod sentence;
mod sound;

pub use caption::{Cue, cues, to_srt, to_vtt};
pub use chars::{is_han_or_kana, is_mark};
pub use disfluency::remove_disfluencies;
pub use edit::{Edit, apply};
pub use hot_word::HotWord;
pub use language::Language;
pub use numbers::{itn_zh, spoken_en, spoken_zh};
pub use passage::{Passage, Word};
pub use punctuation::{ensure_terminal, strip_punctuation, tidy_chinese};
pub use script::{simplify, to_simplified};
pub use sentence::{ends_sentence, sentence_breaks};
pub use sound::Sound;
