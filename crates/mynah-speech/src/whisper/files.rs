//! Names and reading of the files of a model.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::SpeechError;

/// The encoder as published.
pub(super) const ENCODER_SOURCE: &str = "encoder_model_quantized.onnx";
/// The decoder as published.
pub(super) const DECODER_SOURCE: &str = "decoder_model_merged_quantized.onnx";
/// The sizes of the network.
pub(super) const CONFIG: &str = "config.json";
/// The rules of decoding.
pub(super) const GENERATION: &str = "generation_config.json";
/// The vocabulary.
pub(super) const TOKENIZER: &str = "tokenizer.json";

/// The folder of files made from the published ones.
pub(super) const PREPARED: &str = "prepared";
/// The encoder, in [`PREPARED`].
pub(super) const ENCODER: &str = "encoder.onnx";
/// The decoder's first call, in [`PREPARED`].
pub(super) const DECODER_FIRST: &str = "decoder_first.onnx";
/// The decoder's later calls, in [`PREPARED`].
pub(super) const DECODER_NEXT: &str = "decoder_next.onnx";
/// The encoder's output for 30 s of silence, in [`PREPARED`]: little-endian floats.
pub(super) const SILENCE: &str = "silence.f32";
/// What the others in [`PREPARED`] were made from, and how.
pub(super) const MANIFEST: &str = "manifest.json";

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, SpeechError> {
    fs::read(path).map_err(|error| unusable(path, &error))
}

/// Reads a file of JSON.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, SpeechError> {
    serde_json::from_slice(&read(path)?).map_err(|error| unusable(path, &error))
}

/// Says that a file cannot be used, and why.
pub(super) fn unusable(path: &Path, reason: &(impl Display + ?Sized)) -> SpeechError {
    SpeechError::ModelFile {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
