//! The session object of the Qwen dialect.

use serde::Serialize;
use serde_json::Value;

use crate::SessionId;

/// `session` of `session.created` and `session.updated`: what is in effect, in the client's own
/// spelling, because strict clients compare it with what they asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QwenSession {
    /// Read by every SDK.
    pub id: SessionId,
    /// `realtime.session`.
    pub object: &'static str,
    /// The model as the client named it.
    pub model: String,
    /// `["text"]` unless the client said otherwise.
    pub modalities: Value,
    /// `pcm`, `pcm16`, `wav` or `opus`.
    pub input_audio_format: String,
    /// Hz.
    pub sample_rate: u32,
    /// As the client gave it: `language`, `corpus`.
    pub input_audio_transcription: Option<Value>,
    /// `null` in manual mode.
    pub turn_detection: Option<QwenTurnDetection>,
}

/// How utterances are told apart in VAD mode.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QwenTurnDetection {
    /// `server_vad`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// -1 to 1; a greater one takes more speech for noise.
    pub threshold: f64,
    /// Only where the client gave it; without effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix_padding_ms: Option<u32>,
    /// The silence that ends an utterance.
    pub silence_duration_ms: u32,
}
