//! What can go wrong in an engine.

use std::path::PathBuf;

/// An engine's failure. None of these is the fault of the audio: any samples are legal input.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// ONNX Runtime could not be loaded or refused a call.
    #[error("onnx runtime: {0}")]
    Runtime(String),
    /// A file of a model is missing or is not what its engine expects.
    #[error("model file {path}: {reason}")]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The engine cannot do what was asked.
    #[error("{0}")]
    Unsupported(String),
}
