//! `/compatible-mode/v1/chat/completions` as a way to recognise speech: OpenAI's chat with audio in
//! the question and the transcript as the answer.
//!
//! Follows the OpenAI-compatible part of "Non-real-time speech recognition (Qwen-ASR) API
//! reference".

use serde::{Deserialize, Serialize};

use crate::multimodal::{AsrOptions, AudioInfo, Message, TextTokens};

/// A request.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Request {
    /// Model id.
    #[serde(default)]
    pub model: Option<String>,
    /// Text that says what to expect, and the audio.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// Options, where the Python package puts them.
    #[serde(default)]
    pub asr_options: Option<AsrOptions>,
    /// Options, where the Node.js sample puts them.
    #[serde(default)]
    pub extra_body: Option<ExtraBody>,
    /// Whether the answer comes in chunks.
    #[serde(default)]
    pub stream: Option<bool>,
    /// Options of the stream; an error without one.
    #[serde(default)]
    pub stream_options: Option<StreamOptions>,
}

/// What the Python package merges into the request and the Node.js package does not.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ExtraBody {
    /// See [`Request::asr_options`].
    #[serde(default)]
    pub asr_options: Option<AsrOptions>,
}

/// `stream_options`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct StreamOptions {
    /// Whether a last chunk without choices tells the usage.
    #[serde(default)]
    pub include_usage: Option<bool>,
}

/// A whole answer.
#[derive(Clone, Debug, Serialize)]
pub struct Completion {
    /// `chatcmpl-` and a UUID.
    pub id: String,
    /// `chat.completion`.
    pub object: &'static str,
    /// Seconds since 1970 UTC.
    pub created: u64,
    /// The model of the request.
    pub model: String,
    /// Always one.
    pub choices: [Choice; 1],
    /// What it cost.
    pub usage: Usage,
}

/// The one choice.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// 0.
    pub index: u32,
    /// `stop`.
    pub finish_reason: &'static str,
    /// The answer.
    pub message: CompletionMessage,
}

/// The answer's message.
#[derive(Clone, Debug, Serialize)]
pub struct CompletionMessage {
    /// `assistant`.
    pub role: &'static str,
    /// The text.
    pub content: String,
    /// One.
    pub annotations: [AudioInfo; 1],
}

/// `usage`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Usage {
    /// Tokens of the audio.
    pub prompt_tokens: u64,
    /// Of which audio, and text.
    pub prompt_tokens_details: PromptTokens,
    /// Tokens of the text.
    pub completion_tokens: u64,
    /// The same.
    pub completion_tokens_details: TextTokens,
    /// The sum.
    pub total_tokens: u64,
    /// Seconds of audio, a started one counted whole.
    pub seconds: u64,
}

/// `usage.prompt_tokens_details`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PromptTokens {
    /// Tokens of the audio.
    pub audio_tokens: u64,
    /// Tokens of text in the request.
    pub text_tokens: u64,
}

/// Tokens that a second of audio counts for.
const AUDIO_TOKENS_PER_SECOND: u64 = 25;

impl Usage {
    /// The usage of `seconds` of audio whose transcript has `text_tokens` tokens.
    pub fn new(seconds: u64, text_tokens: u64) -> Self {
        let audio_tokens = seconds * AUDIO_TOKENS_PER_SECOND;
        Self {
            prompt_tokens: audio_tokens,
            prompt_tokens_details: PromptTokens {
                audio_tokens,
                text_tokens: 0,
            },
            completion_tokens: text_tokens,
            completion_tokens_details: TextTokens { text_tokens },
            total_tokens: audio_tokens + text_tokens,
            seconds,
        }
    }
}

/// One chunk of a stream.
#[derive(Clone, Debug, Serialize)]
pub struct Chunk {
    /// The same in all chunks.
    pub id: String,
    /// `chat.completion.chunk`.
    pub object: &'static str,
    /// The same in all chunks.
    pub created: u64,
    /// The model of the request.
    pub model: String,
    /// `null`, but in the last chunk if it was asked for.
    pub usage: Option<Usage>,
    /// One, or none in the chunk with the usage.
    pub choices: Vec<ChunkChoice>,
}

/// The choice of a chunk.
#[derive(Clone, Debug, Serialize)]
pub struct ChunkChoice {
    /// 0.
    pub index: u32,
    /// `stop` in the last one.
    pub finish_reason: Option<&'static str>,
    /// `null`.
    pub logprobs: Option<()>,
    /// What is new.
    pub delta: Delta,
}

/// What is new in a chunk.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Delta {
    /// `assistant` in the first chunk.
    pub role: Option<&'static str>,
    /// Text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// With text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<[AudioInfo; 1]>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn usage_counts_audio_and_text() {
        assert_eq!(
            serde_json::to_value(Usage::new(2, 7)).unwrap(),
            json!({"prompt_tokens": 50,
                   "prompt_tokens_details": {"audio_tokens": 50, "text_tokens": 0},
                   "completion_tokens": 7, "completion_tokens_details": {"text_tokens": 7},
                   "total_tokens": 57, "seconds": 2})
        );
    }
}
