//! The event protocol of `/api-ws/v1/realtime` (`session.update`, `input_audio_buffer.append`, …)
//! and of OpenAI's `/v1/realtime`, whose shape it follows.
//!
//! Follows "Client events for Qwen-ASR-Realtime" and "Server events for Qwen-ASR-Realtime"; on
//! OpenAI's side the transcription sessions of the Realtime API, in the general (`session.update`
//! with `type: transcription`) and the beta form (`transcription_session.update`). Each frame is
//! one JSON object with a `type`; audio travels inside it, as base64.

mod client;
mod openai;
mod qwen;
mod server;

pub use client::{ClientEvent, kind};
pub use openai::{
    AudioInput, AudioSection, BetaSession, MediaFormat, OpenAiTurnDetection, TranscriptionSession,
};
pub use qwen::{QwenSession, QwenTurnDetection};
pub use server::{
    ErrorDetail, FailureDetail, InputAudio, Item, ServerEvent, Session, Stamped, Usage,
};
