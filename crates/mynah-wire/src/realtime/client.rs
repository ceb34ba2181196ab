//! What clients send.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};

/// `type` values of client events.
pub mod kind {
    /// Changes the session.
    pub const SESSION_UPDATE: &str = "session.update";
    /// The same in OpenAI's beta form.
    pub const TRANSCRIPTION_SESSION_UPDATE: &str = "transcription_session.update";
    /// Adds audio. Never answered.
    pub const APPEND: &str = "input_audio_buffer.append";
    /// The audio so far is one utterance.
    pub const COMMIT: &str = "input_audio_buffer.commit";
    /// Forgets the audio that was not committed.
    pub const CLEAR: &str = "input_audio_buffer.clear";
    /// Asks for what is outstanding and `session.finished`. Not in OpenAI's dialects.
    pub const FINISH: &str = "session.finish";
    /// Asks a model for an answer; nothing for recognition to do.
    pub const RESPONSE_CREATE: &str = "response.create";
    /// Takes that back.
    pub const RESPONSE_CANCEL: &str = "response.cancel";
}

/// An event from a client, with every key optional: which are required depends on the type and is
/// the session's business. Unknown keys are ignored.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ClientEvent<'a> {
    /// One of [`kind`].
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// The client's id for the event, which errors repeat. Documented as required, not sent by
    /// all.
    #[serde(default)]
    pub event_id: Option<String>,
    /// Base64 audio of `input_audio_buffer.append`; borrowed, because it is megabytes.
    #[serde(borrow, default)]
    pub audio: Option<Cow<'a, str>>,
    /// What `session.update` changes.
    #[serde(default)]
    pub session: Option<Map<String, Value>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_needs_nothing_and_may_have_more() {
        let event: ClientEvent<'_> = serde_json::from_str(
            r#"{"type":"input_audio_buffer.append","audio":"AA\/\/","event_id":"e","more":1}"#,
        )
        .unwrap();
        assert_eq!(event.kind.as_deref(), Some(kind::APPEND));
        assert_eq!(event.audio.as_deref(), Some("AA//"));
        assert_eq!(event.event_id.as_deref(), Some("e"));
        let empty: ClientEvent<'_> = serde_json::from_str(r#"{"event_id":null}"#).unwrap();
        assert_eq!(empty, ClientEvent::default());
    }
}
