//! What the model's configuration files say: sizes, tokens with a meaning, rules of decoding.

use std::collections::HashMap;
use std::path::Path;

use mynah_text::Language;
use serde::Deserialize;

use super::files::{self, read_json, unusable};
use super::tokenizer::Tokenizer;
use crate::SpeechError;

/// Sizes of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Sizes {
    /// Values in a row of encoder output.
    #[serde(rename = "d_model")]
    pub(super) width: usize,
    /// Layers of the decoder.
    #[serde(rename = "decoder_layers")]
    pub(super) layers: usize,
    /// Attention heads of a decoder layer.
    #[serde(rename = "decoder_attention_heads")]
    pub(super) heads: usize,
}

/// An attention head of the decoder that follows the audio word by word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct AlignmentHead {
    /// Its layer, counted from 0.
    pub(super) layer: usize,
    /// Its place in the layer, counted from 0.
    pub(super) head: usize,
}

/// Tokens with a meaning, and what may not be generated.
pub(super) struct Rules {
    /// Ends the text.
    pub(super) end: u32,
    /// Begins the prompt.
    pub(super) start: u32,
    /// Asks for text in the spoken language.
    pub(super) transcribe: u32,
    /// Asks for English text.
    pub(super) translate: u32,
    /// Asks for text without times.
    pub(super) no_timestamps: u32,
    /// Begins the text that came before.
    pub(super) previous: u32,
    /// Says that there is no speech.
    pub(super) no_speech: u32,
    /// The token of each language.
    pub(super) languages: Vec<(Language, u32)>,
    /// Tokens never generated.
    pub(super) suppressed: Vec<u32>,
    /// Tokens never generated first.
    pub(super) suppressed_first: Vec<u32>,
}

#[derive(Deserialize)]
struct GenerationFile {
    alignment_heads: Vec<AlignmentHead>,
    begin_suppress_tokens: Vec<u32>,
    decoder_start_token_id: u32,
    eos_token_id: u32,
    lang_to_id: HashMap<String, u32>,
    no_timestamps_token_id: u32,
    suppress_tokens: Vec<u32>,
    task_to_id: TaskTokens,
}

#[derive(Deserialize)]
struct TaskTokens {
    transcribe: u32,
    translate: u32,
}

impl Sizes {
    /// Reads the `config.json` of a model.
    pub(super) fn open(model_dir: &Path) -> Result<Self, SpeechError> {
        read_json(&model_dir.join(files::CONFIG))
    }
}

/// The alignment heads that a model's `generation_config.json` lists, which have to exist.
pub(super) fn alignment_heads(
    model_dir: &Path,
    sizes: Sizes,
) -> Result<Vec<AlignmentHead>, SpeechError> {
    let path = model_dir.join(files::GENERATION);
    let file: GenerationFile = read_json(&path)?;
    let exists = |at: &AlignmentHead| at.layer < sizes.layers && at.head < sizes.heads;
    if file.alignment_heads.iter().all(exists) {
        Ok(file.alignment_heads)
    } else {
        Err(unusable(
            &path,
            "alignment heads that the network does not have",
        ))
    }
}

impl Rules {
    /// Reads the `generation_config.json` of a model.
    pub(super) fn open(model_dir: &Path, tokenizer: &Tokenizer) -> Result<Self, SpeechError> {
        let path = model_dir.join(files::GENERATION);
        let file: GenerationFile = read_json(&path)?;
        let special = |written: &[&str]| {
            let mut tokens = written
                .iter()
                .filter_map(|written| tokenizer.special(written));
            tokens
                .next()
                .ok_or_else(|| unusable(&path, &format!("no token {}", written[0])))
        };
        let token_of = |language: Language| {
            let token = file.lang_to_id.get(&format!("<|{language}|>"))?;
            Some((language, *token))
        };
        Ok(Self {
            end: file.eos_token_id,
            start: file.decoder_start_token_id,
            transcribe: file.task_to_id.transcribe,
            translate: file.task_to_id.translate,
            no_timestamps: file.no_timestamps_token_id,
            previous: special(&["<|startofprev|>"])?,
            no_speech: special(&["<|nospeech|>", "<|nocaptions|>"])?,
            languages: Language::all().filter_map(token_of).collect(),
            suppressed: file.suppress_tokens,
            suppressed_first: file.begin_suppress_tokens,
        })
    }

    /// The token of a language, if the model knows it.
    pub(super) fn language_token(&self, language: Language) -> Option<u32> {
        let mut known = self.languages.iter();
        known
            .find(|(known, _)| *known == language)
            .map(|(_, token)| *token)
    }
}
