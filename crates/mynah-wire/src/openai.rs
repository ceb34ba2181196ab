//! OpenAI's own forms: the error envelope, `/v1/audio/transcriptions`, `/v1/audio/translations`,
//! `/v1/models`.
//!
//! Follows "Audio" and "Models" of OpenAI's API reference. Times are seconds.

use serde::Serialize;

use crate::{ApiError, RequestId};

/// The JSON body of a failed request on an OpenAI-compatible path.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
    /// The same value as the `x-request-id` header.
    pub request_id: RequestId,
}

/// `error`.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorDetail {
    /// For people.
    pub message: String,
    /// The kind of error.
    pub r#type: &'static str,
    /// `null`: the parameter is named by the message.
    pub param: Option<String>,
    /// The documented code in this dialect's spelling.
    pub code: &'static str,
}

impl ErrorBody {
    /// The row of the error table in this dialect.
    pub fn new(error: &ApiError, request_id: RequestId) -> Self {
        Self {
            error: ErrorDetail {
                message: error.message.clone(),
                r#type: match error.status {
                    429 => "rate_limit_error",
                    500.. => "server_error",
                    _ => "invalid_request_error",
                },
                param: None,
                code: code(error.code),
            },
            request_id,
        }
    }
}

/// The spelling that the documentation gives a code on these paths; [`ApiError::code`] where it
/// gives no other.
fn code(native: &'static str) -> &'static str {
    match native {
        "InvalidApiKey" => "invalid_api_key",
        "AccessDenied" => "access_denied",
        "ModelNotFound" => "model_not_found",
        "Throttling.RateQuota" => "limit_requests",
        "Throttling.AllocationQuota" => "insufficient_quota",
        "InternalError" => "internal_error",
        "InvalidParameter" => "invalid_parameter_error",
        other => other,
    }
}

/// `response_format=json`.
#[derive(Clone, Debug, Serialize)]
pub struct Transcription {
    /// The text.
    pub text: String,
    /// What it cost; not in translations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<DurationUsage>,
}

/// Usage by the length of the audio.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DurationUsage {
    /// `duration`.
    pub r#type: &'static str,
    /// Seconds of audio, a started one counted whole.
    pub seconds: u64,
}

impl DurationUsage {
    /// The usage of `seconds` of audio.
    pub fn new(seconds: u64) -> Self {
        Self {
            r#type: "duration",
            seconds,
        }
    }
}

/// `response_format=verbose_json`.
#[derive(Clone, Debug, Serialize)]
pub struct VerboseTranscription {
    /// `transcribe` or `translate`.
    pub task: &'static str,
    /// The language's English name in lower case.
    pub language: &'static str,
    /// Length of the audio.
    pub duration: f64,
    /// The text.
    pub text: String,
    /// Sentences, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Segment>>,
    /// Words, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<Vec<TimedWord>>,
    /// What it cost; not in translations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<DurationUsage>,
}

/// A sentence with its times. The measurements that the reference defines and that are not made
/// here have the values of a good segment.
#[derive(Clone, Debug, Serialize)]
pub struct Segment {
    /// Counts from 0.
    pub id: usize,
    /// Where it was looked for: its start, in hundredths of a second.
    pub seek: u64,
    /// Where it begins.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
    /// Its text.
    pub text: String,
    /// Empty.
    pub tokens: [u32; 0],
    /// 0.
    pub temperature: f64,
    /// 0.
    pub avg_logprob: f64,
    /// 1.
    pub compression_ratio: f64,
    /// 0.
    pub no_speech_prob: f64,
}

impl Segment {
    /// A segment from its times in milliseconds.
    pub fn new(id: usize, begin_ms: u32, end_ms: u32, text: String) -> Self {
        Self {
            id,
            seek: u64::from(begin_ms / 10),
            start: seconds(begin_ms.into()),
            end: seconds(end_ms.into()),
            text,
            tokens: [],
            temperature: 0.0,
            avg_logprob: 0.0,
            compression_ratio: 1.0,
            no_speech_prob: 0.0,
        }
    }
}

/// A word with its times.
#[derive(Clone, Debug, Serialize)]
pub struct TimedWord {
    /// The word, without marks.
    pub word: String,
    /// Where it begins.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
}

/// Milliseconds as the seconds of this dialect.
pub fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

/// An event of a streamed transcription.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type")]
pub enum StreamEvent {
    /// New text.
    #[serde(rename = "transcript.text.delta")]
    Delta {
        /// The text, with the blank before it.
        delta: String,
    },
    /// The last event.
    #[serde(rename = "transcript.text.done")]
    Done {
        /// All text.
        text: String,
        /// What it cost.
        usage: TokenUsage,
    },
}

/// Usage by tokens.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TokenUsage {
    /// `tokens`.
    pub r#type: &'static str,
    /// Tokens of the audio.
    pub input_tokens: u64,
    /// Of which audio, and text.
    pub input_token_details: InputTokens,
    /// Tokens of the text.
    pub output_tokens: u64,
    /// The sum.
    pub total_tokens: u64,
}

/// `usage.input_token_details`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct InputTokens {
    /// Tokens of text in the request.
    pub text_tokens: u64,
    /// Tokens of the audio.
    pub audio_tokens: u64,
}

/// Tokens that a second of audio counts for.
const AUDIO_TOKENS_PER_SECOND: u64 = 10;

impl TokenUsage {
    /// The usage of `seconds` of audio whose transcript has `text_tokens` tokens.
    pub fn new(seconds: u64, text_tokens: u64) -> Self {
        let audio_tokens = seconds * AUDIO_TOKENS_PER_SECOND;
        Self {
            r#type: "tokens",
            input_tokens: audio_tokens,
            input_token_details: InputTokens {
                text_tokens: 0,
                audio_tokens,
            },
            output_tokens: text_tokens,
            total_tokens: audio_tokens + text_tokens,
        }
    }
}

/// `GET /v1/models`.
#[derive(Clone, Debug, Serialize)]
pub struct Models {
    /// `list`.
    pub object: &'static str,
    /// The models.
    pub data: Vec<Model>,
}

/// A model.
#[derive(Clone, Debug, Serialize)]
pub struct Model {
    /// What to ask for.
    pub id: String,
    /// `model`.
    pub object: &'static str,
    /// 0: weights say nothing of their age.
    pub created: u64,
    /// `mynah`.
    pub owned_by: &'static str,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_have_this_dialects_spelling() {
        let id = RequestId::random();
        let body = ErrorBody::new(&ApiError::invalid_api_key(), id.clone());
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({"error": {"message": "Invalid API-key provided.",
                             "type": "invalid_request_error", "param": null,
                             "code": "invalid_api_key"},
                   "request_id": id})
        );
        let kind = |error: ApiError| ErrorBody::new(&error, RequestId::random()).error.r#type;
        assert_eq!(kind(ApiError::rate_quota()), "rate_limit_error");
        assert_eq!(kind(ApiError::model_service_failed()), "server_error");
    }

    #[test]
    fn stream_events_are_told_apart_by_their_type() {
        let delta = StreamEvent::Delta {
            delta: " you".to_owned(),
        };
        assert_eq!(
            serde_json::to_value(delta).unwrap(),
            json!({"type": "transcript.text.delta", "delta": " you"})
        );
        let done = StreamEvent::Done {
            text: "Thank you".to_owned(),
            usage: TokenUsage::new(2, 2),
        };
        assert_eq!(
            serde_json::to_value(done).unwrap(),
            json!({"type": "transcript.text.done", "text": "Thank you",
                   "usage": {"type": "tokens", "input_tokens": 20,
                             "input_token_details": {"text_tokens": 0, "audio_tokens": 20},
                             "output_tokens": 2, "total_tokens": 22}})
        );
    }

    #[test]
    fn segments_have_every_key_of_the_reference() {
        assert_eq!(
            serde_json::to_value(Segment::new(0, 320, 1500, "Hi.".to_owned())).unwrap(),
            json!({"id": 0, "seek": 32, "start": 0.32, "end": 1.5, "text": "Hi.", "tokens": [],
                   "temperature": 0.0, "avg_logprob": 0.0, "compression_ratio": 1.0,
                   "no_speech_prob": 0.0})
        );
    }
}
