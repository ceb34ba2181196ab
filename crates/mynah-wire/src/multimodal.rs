//! `multimodal-generation/generation`, speech recognition side.
//!
//! Follows "Non-real-time speech recognition (Qwen-ASR) API reference". One path serves several
//! products, told apart by `model`: [`Request`] leaves the rest unread until that is known.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::RequestId;

/// A request of any product of this path.
#[derive(Debug, Deserialize)]
pub struct Request<'a> {
    /// Model id.
    #[serde(default)]
    pub model: Option<String>,
    /// The product's input.
    #[serde(default, borrow)]
    pub input: Option<&'a RawValue>,
    /// The product's options; [`Parameters`] in recognition.
    #[serde(default, borrow)]
    pub parameters: Option<&'a RawValue>,
}

/// `input` in recognition.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Input {
    /// The conversation: text that says what to expect, and the audio.
    #[serde(default)]
    pub messages: Vec<Message>,
}

/// One message.
#[derive(Clone, Debug, Deserialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    #[serde(default)]
    pub role: String,
    /// What it says.
    #[serde(default, deserialize_with = "content")]
    pub content: Vec<Item>,
}

/// An item of a message's content. Which keys it has depends on the family.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Item {
    /// Qwen: a URL, a data URI or an `oss://` reference.
    #[serde(default)]
    pub audio: Option<String>,
    /// Text.
    #[serde(default)]
    pub text: Option<String>,
    /// Qwen-Audio, Fun-ASR and OpenAI's chat: the audio.
    #[serde(default)]
    pub input_audio: Option<InputAudio>,
}

/// Audio in an item of type `input_audio`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct InputAudio {
    /// A URL, a data URI or an `oss://` reference; in OpenAI's own form bare base64.
    #[serde(default)]
    pub data: String,
}

/// A plain string is short for one item of text.
pub(crate) fn content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Item>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Content {
        Text(String),
        Items(Vec<Item>),
    }
    Ok(match Option::<Content>::deserialize(deserializer)? {
        Some(Content::Items(items)) => items,
        Some(Content::Text(text)) => vec![Item {
            text: Some(text),
            ..Item::default()
        }],
        None => Vec::new(),
    })
}

/// `parameters` of both families.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Parameters {
    /// Qwen.
    #[serde(default)]
    pub asr_options: Option<AsrOptions>,
    /// Streams: each event carries new text only, instead of all text so far.
    #[serde(default)]
    pub incremental_output: Option<bool>,
    /// Qwen-Audio and Fun-ASR, where it is required.
    #[serde(default)]
    pub format: Option<String>,
    /// Qwen-Audio and Fun-ASR.
    #[serde(default)]
    pub language_hints: Option<Vec<String>>,
    /// Qwen-Audio and Fun-ASR: hot words, an object of words and weights.
    #[serde(default)]
    pub vocabulary: Option<Value>,
    /// Qwen-Audio and Fun-ASR: a list of hot words.
    #[serde(default)]
    pub vocabulary_id: Option<Value>,
}

/// `asr_options`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct AsrOptions {
    /// The spoken language; detected if not given.
    #[serde(default)]
    pub language: Option<String>,
    /// Inverse text normalisation. Off by default.
    #[serde(default)]
    pub enable_itn: Option<bool>,
    /// Whether the result names the language. On by default.
    #[serde(default)]
    pub enable_lid: Option<bool>,
}

/// A whole answer, or the `data` of one event.
#[derive(Clone, Debug, Serialize)]
pub struct Response<O, U> {
    /// The result so far.
    pub output: O,
    /// What it cost so far. Integers only: the Java SDK's types hold nothing else.
    pub usage: U,
    /// The id of the request.
    pub request_id: RequestId,
}

/// `output` of the Qwen family.
#[derive(Clone, Debug, Serialize)]
pub struct QwenOutput {
    /// Always one.
    pub choices: [QwenChoice; 1],
}

/// The one choice.
#[derive(Clone, Debug, Serialize)]
pub struct QwenChoice {
    /// `stop`, or the four letters `null` while more comes.
    pub finish_reason: &'static str,
    /// The text.
    pub message: QwenMessage,
}

/// The message. No key of it may be `null`: the Java SDK throws.
#[derive(Clone, Debug, Serialize)]
pub struct QwenMessage {
    /// `assistant`. The Python SDK raises without it.
    pub role: &'static str,
    /// One text, or nothing.
    pub content: Vec<QwenText>,
    /// One.
    pub annotations: [AudioInfo; 1],
}

/// Recognised text.
#[derive(Clone, Debug, Serialize)]
pub struct QwenText {
    /// The text.
    pub text: String,
}

/// What is known of the audio beside its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AudioInfo {
    /// `audio_info`.
    pub r#type: &'static str,
    /// Code of the language, once one was heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<&'static str>,
    /// `neutral`: no model of emotions is installed.
    pub emotion: &'static str,
}

impl AudioInfo {
    /// The annotation of audio in this language.
    pub fn new(language: Option<&'static str>) -> Self {
        Self {
            r#type: "audio_info",
            language,
            emotion: "neutral",
        }
    }
}

/// `usage` of the Qwen family.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct QwenUsage {
    /// Tokens of text in the request.
    pub input_tokens_details: TextTokens,
    /// Tokens of text in the answer.
    pub output_tokens_details: TextTokens,
    /// Seconds of audio, a started one counted whole.
    pub seconds: u64,
}

/// A count of text tokens.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TextTokens {
    /// The count.
    pub text_tokens: u64,
}

/// `output` of the Qwen-Audio and Fun-ASR families.
#[derive(Clone, Debug, Serialize)]
pub struct SentenceOutput {
    /// All text so far.
    pub text: String,
    /// The newest sentence in a stream, the whole text as one sentence in a single answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentence: Option<Sentence>,
}

/// A sentence. Times are milliseconds from the start of the audio.
#[derive(Clone, Debug, Serialize)]
pub struct Sentence {
    /// Counts from 1.
    pub sentence_id: u32,
    /// Always true: growing sentences are not reported.
    pub sentence_end: bool,
    /// Where it begins.
    pub begin_time: u32,
    /// Where it ends.
    pub end_time: u32,
    /// Its text.
    pub text: String,
    /// Its words.
    pub words: Vec<Word>,
}

/// A word. Times are milliseconds from the start of the audio.
#[derive(Clone, Debug, Serialize)]
pub struct Word {
    /// Where it begins.
    pub begin_time: u32,
    /// Where it ends.
    pub end_time: u32,
    /// The word.
    pub text: String,
    /// The marks and blanks behind it.
    pub punctuation: String,
}

/// `usage` of the Qwen-Audio and Fun-ASR families.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DurationUsage {
    /// Seconds of audio, a started one counted whole.
    pub duration: u64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn content_is_a_string_or_items() {
        let message = |content| {
            let message = json!({"role": "system", "content": content});
            serde_json::from_value::<Message>(message).unwrap().content
        };
        let text = message(json!("names"));
        assert_eq!(text[0].text.as_deref(), Some("names"));
        let items = message(json!([{"audio": "https://example.org/a.mp3"}, {"text": ""}]));
        assert_eq!(items[0].audio.as_deref(), Some("https://example.org/a.mp3"));
        assert!(message(json!(null)).is_empty());
        let message = json!({"role": "user", "content": [1]});
        assert!(serde_json::from_value::<Message>(message).is_err());
    }

    #[test]
    fn a_message_of_the_answer_has_no_null() {
        let message = QwenMessage {
            role: "assistant",
            content: Vec::new(),
            annotations: [AudioInfo::new(None)],
        };
        assert_eq!(
            serde_json::to_value(message).unwrap(),
            json!({"role": "assistant", "content": [],
                   "annotations": [{"type": "audio_info", "emotion": "neutral"}]})
        );
    }
}
