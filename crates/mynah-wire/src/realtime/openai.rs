//! The session objects of OpenAI's dialects.

use serde::Serialize;
use serde_json::Value;

use crate::SessionId;

/// `session` of a transcription session in the general form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TranscriptionSession {
    /// `transcription`, by which clients tell it from a conversation.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `realtime.transcription_session`.
    pub object: &'static str,
    /// The session's id.
    pub id: SessionId,
    /// When the session ends at the latest, in seconds of Unix time.
    pub expires_at: u64,
    /// Its input.
    pub audio: AudioSection,
    /// As the client gave it; without effect.
    pub include: Option<Value>,
}

/// `session.audio`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AudioSection {
    /// `session.audio.input`.
    pub input: AudioInput,
}

/// `session.audio.input`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AudioInput {
    /// Of the client's audio.
    pub format: MediaFormat,
    /// As the client gave it; without effect.
    pub noise_reduction: Option<Value>,
    /// As the client gave it, with the model that is in effect.
    pub transcription: Value,
    /// `null` in manual mode.
    pub turn_detection: Option<OpenAiTurnDetection>,
}

/// An audio format by its media type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MediaFormat {
    /// `audio/pcm`, `audio/pcmu` or `audio/pcma`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Hz, of PCM only: G.711 has 8000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
}

/// How utterances are told apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OpenAiTurnDetection {
    /// By silence.
    ServerVad {
        /// 0 to 1: how sure the detector must be.
        threshold: f64,
        /// How far before the speech an utterance is said to begin.
        prefix_padding_ms: u32,
        /// The silence that ends an utterance.
        silence_duration_ms: u32,
    },
    /// By meaning.
    SemanticVad {
        /// `low`, `medium`, `high` or `auto`; without effect.
        eagerness: String,
    },
}

/// `session` of a transcription session in the beta form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BetaSession {
    /// The session's id.
    pub id: SessionId,
    /// `realtime.transcription_session`.
    pub object: &'static str,
    /// When the session ends at the latest, in seconds of Unix time.
    pub expires_at: u64,
    /// `pcm16`, `g711_ulaw` or `g711_alaw`.
    pub input_audio_format: &'static str,
    /// As the client gave it, with the model that is in effect.
    pub input_audio_transcription: Value,
    /// As the client gave it; without effect.
    pub input_audio_noise_reduction: Option<Value>,
    /// `null` in manual mode.
    pub turn_detection: Option<OpenAiTurnDetection>,
    /// As the client gave it; without effect.
    pub include: Option<Value>,
    /// Always `null`: secrets are made over HTTP, which is not served.
    pub client_secret: Option<Value>,
}
