//! What the server sends.

use serde::Serialize;

use super::{BetaSession, QwenSession, TranscriptionSession};
use crate::{ApiError, Culprit, EventId, ItemId};

/// An event with its id: what one frame holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stamped {
    /// Unique.
    pub event_id: EventId,
    /// The event.
    #[serde(flatten)]
    pub event: ServerEvent,
}

impl From<ServerEvent> for Stamped {
    fn from(event: ServerEvent) -> Self {
        Self {
            event_id: EventId::random(),
            event,
        }
    }
}

/// An event of any dialect. All documented keys are always there: a callback that misses one
/// raises, and the Python SDK then loses the event, in its oldest release the connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type")]
pub enum ServerEvent {
    /// The first event of a connection.
    #[serde(rename = "session.created")]
    SessionCreated {
        /// What is in effect.
        session: Session,
    },
    /// The answer to `session.update`.
    #[serde(rename = "session.updated")]
    SessionUpdated {
        /// What is in effect.
        session: Session,
    },
    /// The first event of a connection in OpenAI's beta form.
    #[serde(rename = "transcription_session.created")]
    TranscriptionSessionCreated {
        /// What is in effect.
        session: Session,
    },
    /// The answer to `transcription_session.update`.
    #[serde(rename = "transcription_session.updated")]
    TranscriptionSessionUpdated {
        /// What is in effect.
        session: Session,
    },
    /// Somebody began to speak.
    #[serde(rename = "input_audio_buffer.speech_started")]
    SpeechStarted {
        /// Milliseconds of audio since the session's first sample.
        audio_start_ms: u64,
        /// The item that will hold the utterance.
        item_id: ItemId,
    },
    /// The utterance is over.
    #[serde(rename = "input_audio_buffer.speech_stopped")]
    SpeechStopped {
        /// Milliseconds of audio since the session's first sample.
        audio_end_ms: u64,
        /// The item that holds the utterance.
        item_id: ItemId,
    },
    /// The utterance's audio is complete.
    #[serde(rename = "input_audio_buffer.committed")]
    Committed {
        /// The item before; where there is none, an empty string in the Qwen dialect, whose Java
        /// clients choke on `null`, and `null` in OpenAI's.
        previous_item_id: Option<String>,
        /// The item that holds the utterance.
        item_id: ItemId,
    },
    /// The audio that was not committed is forgotten.
    #[serde(rename = "input_audio_buffer.cleared")]
    Cleared,
    /// An item exists (Qwen, and OpenAI's beta form).
    #[serde(rename = "conversation.item.created")]
    ItemCreated {
        /// As in [`ServerEvent::Committed`].
        previous_item_id: Option<String>,
        /// The item.
        item: Item,
    },
    /// An item exists (OpenAI).
    #[serde(rename = "conversation.item.added")]
    ItemAdded {
        /// As in [`ServerEvent::Committed`].
        previous_item_id: Option<String>,
        /// The item.
        item: Item,
    },
    /// An item has all of its audio (OpenAI).
    #[serde(rename = "conversation.item.done")]
    ItemDone {
        /// As in [`ServerEvent::Committed`].
        previous_item_id: Option<String>,
        /// The item.
        item: Item,
    },
    /// What an utterance sounds like so far (Qwen): `text` and `stash` together.
    #[serde(rename = "conversation.item.input_audio_transcription.text")]
    Text {
        /// The item.
        item_id: ItemId,
        /// Always 0.
        content_index: u32,
        /// The language given, or else the one detected.
        language: String,
        /// Always `neutral`.
        emotion: &'static str,
        /// The beginning that will not change any more.
        text: String,
        /// The rest, which may.
        stash: String,
    },
    /// More of an utterance's text (OpenAI). All deltas of an item are its transcript.
    #[serde(rename = "conversation.item.input_audio_transcription.delta")]
    Delta {
        /// The item.
        item_id: ItemId,
        /// Always 0.
        content_index: u32,
        /// What is to be appended.
        delta: String,
    },
    /// The text of an utterance.
    #[serde(rename = "conversation.item.input_audio_transcription.completed")]
    Completed {
        /// The item.
        item_id: ItemId,
        /// Always 0.
        content_index: u32,
        /// The language given, or else the one detected (Qwen).
        #[serde(skip_serializing_if = "Option::is_none")]
        language: Option<String>,
        /// Always `neutral` (Qwen).
        #[serde(skip_serializing_if = "Option::is_none")]
        emotion: Option<&'static str>,
        /// The text.
        transcript: String,
        /// What was recognised.
        usage: Usage,
    },
    /// An utterance could not be recognised.
    #[serde(rename = "conversation.item.input_audio_transcription.failed")]
    Failed {
        /// The item.
        item_id: ItemId,
        /// Always 0.
        content_index: u32,
        /// Why.
        error: FailureDetail,
    },
    /// A client event could not be followed, or the session cannot go on.
    #[serde(rename = "error")]
    Error {
        /// Why.
        error: ErrorDetail,
    },
    /// Everything has been recognised; the client closes (Qwen).
    #[serde(rename = "session.finished")]
    SessionFinished,
}

/// A session object, of whichever dialect.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Session {
    /// Qwen.
    Qwen(QwenSession),
    /// OpenAI.
    OpenAi(TranscriptionSession),
    /// OpenAI's beta form.
    OpenAiBeta(BetaSession),
}

/// An utterance as an item of the conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    id: ItemId,
    object: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    role: &'static str,
    content: [InputAudio; 1],
}

/// The content of an utterance: audio whose transcript comes later, by events.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputAudio {
    #[serde(rename = "type")]
    kind: &'static str,
    transcript: Option<String>,
}

impl Item {
    /// An utterance that was heard to its end.
    pub fn utterance(id: ItemId) -> Self {
        Self {
            id,
            object: "realtime.item",
            kind: "message",
            status: "completed",
            role: "user",
            content: [InputAudio {
                kind: "input_audio",
                transcript: None,
            }],
        }
    }
}

/// Audio that was recognised, in seconds. Required by OpenAI's clients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Usage {
    #[serde(rename = "type")]
    kind: &'static str,
    seconds: f64,
}

impl Usage {
    /// This much audio.
    pub fn of_ms(duration_ms: u64) -> Self {
        Self {
            kind: "duration",
            seconds: duration_ms as f64 / 1000.0,
        }
    }
}

/// `error` of an `error` event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ErrorDetail {
    /// `invalid_request_error`, after which the Python SDK's 2.x client goes on, or another, after
    /// which it closes.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The documented code.
    pub code: &'static str,
    /// What went wrong.
    pub message: String,
    /// The key at fault, `session.turn_detection.type` say.
    pub param: Option<String>,
    /// The client's id of the event at fault.
    pub event_id: Option<String>,
}

impl ErrorDetail {
    /// The error as an event of the real-time protocol.
    pub fn new(error: &ApiError, param: Option<String>, event_id: Option<String>) -> Self {
        Self {
            kind: error_type(error),
            code: error.code,
            message: error.message.clone(),
            param,
            event_id,
        }
    }
}

/// `error` of a `failed` event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailureDetail {
    /// As in [`ErrorDetail`].
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The documented code.
    pub code: &'static str,
    /// What went wrong.
    pub message: String,
    /// Always `null`: it is no key's fault.
    pub param: Option<String>,
}

impl From<&ApiError> for FailureDetail {
    fn from(error: &ApiError) -> Self {
        Self {
            kind: error_type(error),
            code: error.code,
            message: error.message.clone(),
            param: None,
        }
    }
}

fn error_type(error: &ApiError) -> &'static str {
    match error.culprit {
        Culprit::Client | Culprit::Operator => "invalid_request_error",
        Culprit::Overload => "rate_limit_error",
        Culprit::Server => "server_error",
    }
}
