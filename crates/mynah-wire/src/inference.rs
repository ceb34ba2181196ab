//! The duplex task protocol of `/api-ws/v1/inference` (`run-task` … `task-finished`), speech
//! recognition side.
//!
//! Follows "Fun-ASR client events", "Fun-ASR server-side events" and the Paraformer pages of the
//! same names. Text frames carry one JSON object `{"header": …, "payload": …}`; audio travels in
//! binary frames.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ApiError, TaskId};

/// `header.action` values of client messages.
pub mod action {
    /// Opens a task.
    pub const RUN_TASK: &str = "run-task";
    /// Adds to an open task; in recognition, a new context.
    pub const CONTINUE_TASK: &str = "continue-task";
    /// Ends an open task's input.
    pub const FINISH_TASK: &str = "finish-task";
}

/// `header.event` values of server messages. Clients raise on any other.
pub mod event {
    /// The task runs; audio is welcome.
    pub const TASK_STARTED: &str = "task-started";
    /// A partial or final result.
    pub const RESULT_GENERATED: &str = "result-generated";
    /// All results have been sent.
    pub const TASK_FINISHED: &str = "task-finished";
    /// The task ended with an error; the socket is closed next.
    pub const TASK_FAILED: &str = "task-failed";
}

/// A message from the client, with every key optional: which are required depends on the action
/// and is the session's business, so that a missing one gets the documented answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientMessage {
    /// Who and what.
    #[serde(default)]
    pub header: ClientHeader,
    /// The rest.
    #[serde(default)]
    pub payload: ClientPayload,
}

/// The header of a client's message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientHeader {
    /// One of [`action`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The client's own id for the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<TaskId>,
    /// `duplex`; some SDK versions leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streaming: Option<String>,
}

/// The payload of a client's message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientPayload {
    /// `audio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_group: Option<String>,
    /// `asr`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// `recognition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Model id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Required even when empty; may carry `context`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// Options of the task; unknown ones are ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Map<String, Value>>,
    /// Old form of hot words: `[{"resource_id": …, "resource_type": "asr_phrase"}]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Value>,
}

/// A message to the client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerMessage {
    /// Which event of which task.
    pub header: ServerHeader,
    /// The event's data. Always an object: the Java SDK dereferences it unconditionally.
    pub payload: ServerPayload,
}

/// The header of a server's message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerHeader {
    /// The client's id for the task.
    pub task_id: TaskId,
    /// One of [`event`].
    pub event: String,
    /// Only in `task-failed`, where the Python SDK requires it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Only in `task-failed`, where the Python SDK requires it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// Always `{}` so far.
    #[serde(default)]
    pub attributes: Map<String, Value>,
}

/// The payload of a server's message.
///
/// Serialises to `{}` when both fields are `None`, which `task-started` and `task-failed` need:
/// the Java SDK makes a result of any `output` or `usage` key it sees there, even a null one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerPayload {
    /// The result. In `task-finished` an empty object, by which the Python SDK knows the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Output>,
    /// Outer `None`: no key. `Some(None)`: `null`, which partial results carry.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
    pub usage: Option<Option<Usage>>,
}

/// `payload.output` of a recognition result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// The sentence; absent only in `task-finished`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentence: Option<Sentence>,
}

/// A sentence, growing (`end_time` null) or final (`end_time` set).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sentence {
    /// Counts from 1 within a task; 0 in heartbeats.
    pub sentence_id: u32,
    /// Start, in milliseconds from the start of the task's audio.
    pub begin_time: u32,
    /// End in milliseconds, or `null` while the sentence grows. Present in both cases: clients
    /// take any non-null value as the end, and the Python SDK raises when the key is missing.
    pub end_time: Option<u32>,
    /// The whole text so far; each result replaces the one before.
    pub text: String,
    /// Always 0: streams are mono.
    #[serde(default)]
    pub channel_id: u32,
    /// Always `null`: live recognition does not tell speakers apart.
    #[serde(default)]
    pub speaker_id: Option<String>,
    /// True in results that only keep the connection alive.
    #[serde(default)]
    pub heartbeat: bool,
    /// True on the first result of a sentence only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sentence_begin: bool,
    /// True on the last result of a sentence.
    #[serde(default)]
    pub sentence_end: bool,
    /// The words of `text`; may be empty while the sentence grows.
    #[serde(default)]
    pub words: Vec<Word>,
    /// What was already recognised after a cut inside a hypothesis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stash: Option<Stash>,
}

/// A word with its place in the task's audio.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Start, in milliseconds.
    pub begin_time: u32,
    /// End, in milliseconds.
    pub end_time: u32,
    /// The word without punctuation; in languages with blanks, followed by one.
    pub text: String,
    /// The marks that follow the word, or an empty string.
    pub punctuation: String,
    /// Whether the word will not change any more.
    pub fixed: bool,
    /// Always `null`.
    #[serde(default)]
    pub speaker_id: Option<String>,
}

/// The beginning of the next sentence, known when a sentence is cut inside a hypothesis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stash {
    /// The cut sentence's id plus one.
    pub sentence_id: u32,
    /// The text after the cut.
    pub text: String,
    /// Start, in milliseconds.
    pub begin_time: u32,
    /// How far the audio has been heard, in milliseconds.
    pub current_time: u32,
    /// The words of `text`.
    #[serde(default)]
    pub words: Vec<Word>,
}

/// What has been used so far, over the whole task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Seconds of audio, rounded up. An integer: the Java SDK throws on a fraction.
    pub duration: u32,
}

impl ServerMessage {
    /// `task-started`.
    pub fn task_started(task_id: TaskId) -> Self {
        Self::of(task_id, event::TASK_STARTED, ServerPayload::default())
    }

    /// `result-generated`, with usage on final sentences only.
    pub fn result_generated(task_id: TaskId, sentence: Sentence, usage: Option<Usage>) -> Self {
        let output = Some(Output {
            sentence: Some(sentence),
        });
        let payload = ServerPayload {
            output,
            usage: Some(usage),
        };
        Self::of(task_id, event::RESULT_GENERATED, payload)
    }

    /// `task-finished`.
    pub fn task_finished(task_id: TaskId, usage: Option<Usage>) -> Self {
        let payload = ServerPayload {
            output: Some(Output::default()),
            usage: Some(usage),
        };
        Self::of(task_id, event::TASK_FINISHED, payload)
    }

    /// `task-failed`.
    pub fn task_failed(task_id: TaskId, error: &ApiError) -> Self {
        let mut message = Self::of(task_id, event::TASK_FAILED, ServerPayload::default());
        message.header.error_code = Some(error.code.to_owned());
        message.header.error_message = Some(error.message.clone());
        message
    }

    fn of(task_id: TaskId, event: &str, payload: ServerPayload) -> Self {
        let header = ServerHeader {
            task_id,
            event: event.to_owned(),
            error_code: None,
            error_message: None,
            attributes: Map::new(),
        };
        Self { header, payload }
    }
}

/// Tells a key with the value `null` from a missing key.
mod nullable {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Usage;

    #[expect(
        clippy::option_option,
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature serde calls"
    )]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<Option<Usage>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.flatten().serialize(serializer)
    }

    #[expect(clippy::option_option, reason = "the signature serde calls")]
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<Usage>>, D::Error> {
        Option::<Usage>::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task_id() -> TaskId {
        TaskId::from("6f1c0d1e2b8a4d0c9a77c0ffee000001".to_owned())
    }

    fn golden(message: &ServerMessage, expected: &Value) {
        assert_eq!(&serde_json::to_value(message).unwrap(), expected);
        let back: ServerMessage = serde_json::from_value(expected.clone()).unwrap();
        assert_eq!(&back, message);
    }

    #[test]
    fn started_has_an_empty_payload() {
        golden(
            &ServerMessage::task_started(task_id()),
            &json!({"header": {"task_id": "6f1c0d1e2b8a4d0c9a77c0ffee000001",
                    "event": "task-started", "attributes": {}}, "payload": {}}),
        );
    }

    #[test]
    fn growing_sentence_has_null_end_and_null_usage() {
        let sentence = Sentence {
            sentence_id: 1,
            begin_time: 480,
            text: "Kestrel is".to_owned(),
            words: vec![Word {
                begin_time: 480,
                end_time: 900,
                text: "Kestrel ".to_owned(),
                ..Word::default()
            }],
            ..Sentence::default()
        };
        golden(
            &ServerMessage::result_generated(task_id(), sentence, None),
            &json!({"header": {"task_id": "6f1c0d1e2b8a4d0c9a77c0ffee000001",
                    "event": "result-generated", "attributes": {}},
                "payload": {"output": {"sentence": {"sentence_id": 1, "begin_time": 480,
                    "end_time": null, "text": "Kestrel is", "channel_id": 0, "speaker_id": null,
                    "heartbeat": false, "sentence_end": false,
                    "words": [{"begin_time": 480, "end_time": 900, "text": "Kestrel ",
                        "punctuation": "", "fixed": false, "speaker_id": null}]}},
                    "usage": null}}),
        );
    }

    #[test]
    fn first_result_says_sentence_begin_and_the_last_carries_usage() {
        let sentence = Sentence {
            sentence_id: 2,
            begin_time: 10,
            end_time: Some(1640),
            sentence_begin: true,
            sentence_end: true,
            ..Sentence::default()
        };
        let message =
            ServerMessage::result_generated(task_id(), sentence, Some(Usage { duration: 3 }));
        let value = serde_json::to_value(&message).unwrap();
        assert_eq!(value["payload"]["usage"], json!({"duration": 3}));
        assert_eq!(
            value["payload"]["output"]["sentence"]["sentence_begin"],
            json!(true)
        );
        assert_eq!(
            value["payload"]["output"]["sentence"]["end_time"],
            json!(1640)
        );
    }

    #[test]
    fn finished_has_an_empty_output_and_null_usage() {
        golden(
            &ServerMessage::task_finished(task_id(), None),
            &json!({"header": {"task_id": "6f1c0d1e2b8a4d0c9a77c0ffee000001",
                    "event": "task-finished", "attributes": {}},
                "payload": {"output": {}, "usage": null}}),
        );
    }

    #[test]
    fn failed_has_code_message_and_an_empty_payload() {
        golden(
            &ServerMessage::task_failed(task_id(), &ApiError::request_timeout()),
            &json!({"header": {"task_id": "6f1c0d1e2b8a4d0c9a77c0ffee000001",
                    "event": "task-failed", "error_code": "CLIENT_ERROR",
                    "error_message": "request timeout after 23 seconds.", "attributes": {}},
                "payload": {}}),
        );
    }
}
