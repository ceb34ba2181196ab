//! Whisper: recognition in 99 languages, punctuation, word times.
//!
//! "Robust Speech Recognition via Large-Scale Weak Supervision" (Radford et al., 2022), run from the
//! published quantised graphs after [`prepare`] has rewritten them for CPUs.
//!
//! The network is made for 30 s of sound, most of which is silence when the utterance is short.
//! With [`Effort::Fast`] only the utterance and [`MARGIN_MS`] of silence are encoded, and the rest of
//! the encoder's output is that of silence, computed once by [`prepare`]. Without that rest the
//! decoder does not know where to stop and repeats itself.

mod align;
mod decode;
mod features;
mod files;
mod networks;
mod pauses;
mod prepare;
mod settings;
mod tokenizer;
mod words;

use std::path::Path;
use std::sync::Arc;

use mynah_text::Language;

pub use self::prepare::{is_prepared, prepare};
pub use self::tokenizer::Tokenizer;

use self::decode::{Task, Transcript, decode, detect_language};
use self::features::{FeatureExtractor, Features, HOP};
use self::files::{read, unusable};
use self::networks::Networks;
use self::pauses::exclude_pauses;
use self::settings::{Rules, Sizes, alignment_heads};
use self::words::{TimedToken, words};
use crate::hot_words::{Trie, written_forms};
use crate::recognizer::SAMPLE_RATE_HZ;
use crate::search::Ending;
use crate::{
    Effort, HotWords, Hypothesis, Recognizer, Runtime, SpeechError, Utterance, Word, ms_to_samples,
    samples_to_ms,
};

/// Samples of the 30 s that the network hears.
const WINDOW_SAMPLES: usize = 30 * SAMPLE_RATE_HZ;
/// Feature frames of 30 s.
const WINDOW_FRAMES: usize = WINDOW_SAMPLES / HOP;
/// Rows of encoder output for 30 s: 20 ms each.
const ENCODER_ROWS: usize = WINDOW_FRAMES / 2;
/// Milliseconds of a row.
const ROW_MS: u32 = 20;
/// Silence that is encoded after a clip with [`Effort::Fast`].
const MARGIN_MS: u32 = 3000;
/// Text has fewer tokens: this many, and [`TOKENS_PER_SECOND_MAX`] for each second. More is a loop.
const TOKENS_MAX: usize = 10;
/// See [`TOKENS_MAX`].
const TOKENS_PER_SECOND_MAX: usize = 7;
/// Half of the decoder's positions: what may come before the text.
const PREVIOUS_TOKENS_MAX: usize = 223;

/// The end of what may come before the text, in bytes, that is looked at: tokens of ordinary text
/// have two to five bytes.
const CONTEXT_BYTES_MAX: usize = 8 * PREVIOUS_TOKENS_MAX;

/// What Chinese is recognised as the continuation of, whatever comes before. Without it
/// hardly any Chinese text has punctuation, with it five of six do. No loss of accuracy was found.
const BEFORE_CHINESE: &str = "以下是普通话的句子。";

/// A Whisper model with its own sessions.
pub struct Whisper {
    networks: Networks,
    /// Tokens of [`BEFORE_CHINESE`].
    before_chinese: Vec<u32>,
    rules: Rules,
    tokenizer: Tokenizer,
    extractor: FeatureExtractor,
    silence: Vec<f32>,
}

/// What came of one pass over an utterance.
struct Heard {
    language: Language,
    transcript: Transcript,
    /// Loudness for each 10 ms, for word times.
    loudness_db: Vec<f32>,
}

impl Whisper {
    /// Opens the model in the folder `model_dir`, which has to be prepared, and warms it up.
    pub fn open(model_dir: &Path, runtime: &Runtime) -> Result<Self, SpeechError> {
        if !is_prepared(model_dir) {
            return Err(unusable(
                &model_dir.join(files::PREPARED),
                "not prepared for this machine",
            ));
        }
        let sizes = Sizes::open(model_dir)?;
        let tokenizer = Tokenizer::open(&model_dir.join(files::TOKENIZER))?;
        let heads = alignment_heads(model_dir, sizes)?;
        let mut whisper = Self {
            networks: Networks::open(model_dir, runtime, sizes, &heads)?,
            before_chinese: tokenizer.encode(BEFORE_CHINESE),
            rules: Rules::open(model_dir, &tokenizer)?,
            tokenizer,
            extractor: FeatureExtractor::new(),
            silence: read_silence(&model_dir.join(files::PREPARED).join(files::SILENCE), sizes)?,
        };
        whisper.warm_up()?;
        Ok(whisper)
    }

    /// The language spoken in a clip, and its probability of 0.0 to 1.0 among those the model knows.
    pub fn spoken_language(&mut self, samples: &[f32]) -> Result<(Language, f32), SpeechError> {
        let features = self.features(samples, Effort::Fast);
        let states = self.networks.encode(features, &self.silence)?;
        detect_language(&mut self.networks, &self.rules, &states)
    }

    fn hypothesis(&self, utterance: &Utterance<'_>, heard: &Heard) -> Hypothesis {
        let language = if utterance.translate {
            Language::ENGLISH
        } else {
            heard.language
        };
        if heard.transcript.is_imagined() {
            return Hypothesis {
                text: String::new(),
                language,
                words: Vec::new(),
            };
        }
        let text = self.tokenizer.decode(&heard.transcript.tokens);
        let words = if utterance.words {
            self.words(utterance.samples, heard)
        } else {
            Vec::new()
        };
        Hypothesis {
            text: text.trim().to_owned(),
            language,
            words,
        }
    }

    fn words(&self, samples: &[f32], heard: &Heard) -> Vec<Word> {
        let first_rows = align::first_rows(&heard.transcript.attention, rows(samples));
        let length_ms = samples_to_ms(samples.len());
        let begin_ms = |token: usize| {
            let row = first_rows.get(token);
            row.map_or(length_ms, |row| (*row as u32 * ROW_MS).min(length_ms))
        };
        let tokens = heard
            .transcript
            .tokens
            .iter()
            .enumerate()
            .map(|(at, token)| TimedToken {
                bytes: self.tokenizer.bytes(*token),
                begin_ms: begin_ms(at),
                end_ms: begin_ms(at + 1),
            });
        let mut words = words(tokens);
        exclude_pauses(&mut words, &heard.loudness_db);
        words
    }

    fn hear(&mut self, utterance: &Utterance<'_>, effort: Effort) -> Result<Heard, SpeechError> {
        let samples = utterance.samples;
        let features = self.features(samples, effort);
        let mut loudness_db = Vec::new();
        if utterance.words {
            loudness_db = features.loudness_db();
            loudness_db.truncate(samples.len() / HOP);
        }
        let states = self.networks.encode(features, &self.silence)?;
        let language = match utterance.language {
            Some(language) => language,
            None => detect_language(&mut self.networks, &self.rules, &states)?.0,
        };
        let previous = self.previous(utterance, language);
        let trie = self.spelt(utterance.hot_words, language);
        let task = Task {
            language,
            translate: utterance.translate,
            previous: &previous,
            tokens_max: TOKENS_MAX
                + TOKENS_PER_SECOND_MAX * samples.len().min(WINDOW_SAMPLES) / SAMPLE_RATE_HZ,
            attention_rows: utterance.words.then(|| rows(samples)),
            hot_words: trie.as_deref(),
        };
        let transcript = decode(
            &mut self.networks,
            &self.rules,
            &self.tokenizer,
            &states,
            task,
        )?;
        Ok(Heard {
            language,
            transcript,
            loudness_db,
        })
    }

    /// What the text is decoded as the continuation of.
    fn previous(&self, utterance: &Utterance<'_>, language: Language) -> Vec<u32> {
        let context = utterance.context;
        let lead = if language == Language::CHINESE && !utterance.translate {
            self.before_chinese.as_slice()
        } else {
            &[]
        };
        if context.is_empty() {
            return lead.to_vec();
        }
        // More would not fit, and takes time to find out.
        let from = context.len().saturating_sub(CONTEXT_BYTES_MAX);
        let tokens = self
            .tokenizer
            .encode(&context[context.ceil_char_boundary(from)..]);
        let room = PREVIOUS_TOKENS_MAX - lead.len();
        [lead, &tokens[tokens.len().saturating_sub(room)..]].concat()
    }

    /// Hot words in tokens: with a blank before them, or without in languages without blanks, where
    /// words of other scripts are written either way.
    fn spelt(&self, words: &HotWords, language: Language) -> Option<Arc<Trie>> {
        let spaceless = language.is_spaceless();
        let tokens = |form: &str| {
            self.tokenizer
                .encode(form)
                .into_iter()
                .map(i64::from)
                .collect()
        };
        let spell = |word: &str| {
            let mut spelt = Vec::new();
            for form in written_forms(word) {
                if spaceless {
                    spelt.push(tokens(&form));
                }
                if !spaceless || form.is_ascii() {
                    spelt.push(tokens(&format!(" {form}")));
                }
            }
            spelt
        };
        words.trie(
            if spaceless {
                "whisper, no blanks"
            } else {
                "whisper"
            },
            spell,
        )
    }

    fn features(&self, samples: &[f32], effort: Effort) -> Features {
        let frames = match effort {
            Effort::Accurate => WINDOW_FRAMES,
            Effort::Fast => {
                let samples = samples.len() + ms_to_samples(MARGIN_MS);
                samples.div_ceil(HOP).next_multiple_of(2).min(WINDOW_FRAMES)
            }
        };
        self.extractor.extract(samples, frames)
    }

    /// Runs every network once: the first call takes longer than later ones.
    fn warm_up(&mut self) -> Result<(), SpeechError> {
        let features = self.features(&vec![0.0; SAMPLE_RATE_HZ], Effort::Fast);
        let states = self.networks.encode(features, &self.silence)?;
        let language = Language::ENGLISH;
        let task = Task {
            language,
            translate: false,
            previous: &[],
            tokens_max: 2,
            attention_rows: None,
            hot_words: None,
        };
        decode(
            &mut self.networks,
            &self.rules,
            &self.tokenizer,
            &states,
            task,
        )
        .map(|_| ())
    }
}

impl Recognizer for Whisper {
    fn recognize(&mut self, utterance: &Utterance<'_>) -> Result<Hypothesis, SpeechError> {
        let mut heard = self.hear(utterance, utterance.effort)?;
        let transcript = &heard.transcript;
        let is_cut_short = transcript.ending != Ending::Complete && !transcript.is_imagined();
        if is_cut_short && utterance.effort == Effort::Fast {
            heard = self.hear(utterance, Effort::Accurate)?;
        }
        Ok(self.hypothesis(utterance, &heard))
    }

    fn detect_language(&mut self, samples: &[f32]) -> Result<Option<Language>, SpeechError> {
        self.spoken_language(samples)
            .map(|(language, _)| Some(language))
    }

    fn supports(&self, language: Language) -> bool {
        self.rules.language_token(language).is_some()
    }

    fn aligns_words(&self) -> bool {
        true
    }
}

/// The input of a published encoder for one clip: features of the clip followed by silence up to
/// 30 s, 80 bands of 3000 frames of 10 ms each, one band after the other. For programs that run the
/// published graphs themselves; [`Whisper`] computes its own.
pub fn features(samples: &[f32]) -> Vec<f32> {
    FeatureExtractor::new()
        .extract(samples, WINDOW_FRAMES)
        .values
}

/// Encoder rows that a clip reaches into.
fn rows(samples: &[f32]) -> usize {
    samples.len().div_ceil(2 * HOP).clamp(1, ENCODER_ROWS)
}

fn read_silence(path: &Path, sizes: Sizes) -> Result<Vec<f32>, SpeechError> {
    let bytes = read(path)?;
    if bytes.len() != ENCODER_ROWS * sizes.width * size_of::<f32>() {
        return Err(unusable(path, "not as long as 30 s of silence"));
    }
    let (values, _) = bytes.as_chunks();
    Ok(values
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect())
}

#[cfg(test)]
mod tests;
