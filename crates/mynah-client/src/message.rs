//! Reads the server's messages, more forgivingly than they are specified.
//!
//! Model families differ in which keys they send, and keys may be `null` where the documentation
//! shows a value. Whatever lacks is given its neutral value; only a message that is not JSON, or
//! has no event name, is refused.

use std::sync::Arc;
use std::time::Instant;

use mynah_wire::inference::{Sentence, Stash, Usage, Word, event};
use serde_json::Value;

use crate::Error;

/// What a running recognition reports.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// All results have been sent; nothing follows.
    Finished {
        /// Use of the whole task, if the server said so; see also the last sentence's.
        usage: Option<Usage>,
    },
    /// A message without a sentence, or of a kind this version does not know, as it came.
    Other(Arc<Value>),
    /// A sentence, growing or final.
    Sentence(SentenceResult),
}

/// A recognised sentence as it stands now. Each result of a sentence replaces the one before.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SentenceResult {
    /// Text, times and words.
    pub sentence: Sentence,
    /// Use of the task so far; usually only with final sentences.
    #[doc(alias = "get_usage")]
    pub usage: Option<Usage>,
    /// The whole message, for fields that [`Sentence`] does not have (`emo_tag` say).
    pub message: Arc<Value>,
    /// When the message came off the socket.
    pub received_at: Instant,
}

impl SentenceResult {
    /// Whether the sentence is final: it has an end, or the server says so.
    #[doc(alias = "is_sentence_end")]
    pub fn is_end(&self) -> bool {
        self.sentence.end_time.is_some() || self.sentence.sentence_end
    }
}

/// A message of the server, taken apart.
pub(crate) struct Incoming {
    /// The task it belongs to, unless the server left that out.
    pub(crate) task_id: Option<String>,
    pub(crate) body: Body,
    pub(crate) message: Arc<Value>,
}

pub(crate) enum Body {
    Failed {
        code: String,
        message: String,
    },
    Finished {
        usage: Option<Usage>,
    },
    /// Sent to keep the connection alive; every SDK drops it.
    Heartbeat,
    Other,
    Sentence {
        sentence: Sentence,
        usage: Option<Usage>,
    },
    Started,
}

impl Incoming {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let message: Value = serde_json::from_str(text)
            .map_err(|error| Error::Protocol(format!("text is not json: {error}")))?;
        let header = &message["header"];
        let name = header["event"]
            .as_str()
            .ok_or_else(|| Error::Protocol("message has no header.event".to_owned()))?;
        let body = body(name, header, &message["payload"]);
        let task_id = header["task_id"].as_str().map(str::to_owned);
        Ok(Self {
            task_id,
            body,
            message: Arc::new(message),
        })
    }
}

fn body(name: &str, header: &Value, payload: &Value) -> Body {
    match name {
        event::TASK_STARTED => Body::Started,
        event::TASK_FINISHED => Body::Finished {
            usage: usage(&payload["usage"]),
        },
        event::TASK_FAILED => Body::Failed {
            code: text(&header["error_code"]),
            message: text(&header["error_message"]),
        },
        event::RESULT_GENERATED => match &payload["output"]["sentence"] {
            value if flag(&value["heartbeat"]) => Body::Heartbeat,
            value @ Value::Object(_) => Body::Sentence {
                sentence: sentence(value),
                usage: usage(&payload["usage"]),
            },
            _ => Body::Other,
        },
        _ => Body::Other,
    }
}

fn sentence(value: &Value) -> Sentence {
    Sentence {
        sentence_id: number(&value["sentence_id"]).unwrap_or_default(),
        begin_time: number(&value["begin_time"]).unwrap_or_default(),
        end_time: number(&value["end_time"]),
        text: text(&value["text"]),
        channel_id: number(&value["channel_id"]).unwrap_or_default(),
        speaker_id: value["speaker_id"].as_str().map(str::to_owned),
        heartbeat: false,
        sentence_begin: flag(&value["sentence_begin"]),
        sentence_end: flag(&value["sentence_end"]),
        words: words(&value["words"]),
        stash: value["stash"].is_object().then(|| stash(&value["stash"])),
    }
}

fn words(value: &Value) -> Vec<Word> {
    value.as_array().into_iter().flatten().map(word).collect()
}

fn word(value: &Value) -> Word {
    Word {
        begin_time: number(&value["begin_time"]).unwrap_or_default(),
        end_time: number(&value["end_time"]).unwrap_or_default(),
        text: text(&value["text"]),
        punctuation: text(&value["punctuation"]),
        fixed: flag(&value["fixed"]),
        speaker_id: value["speaker_id"].as_str().map(str::to_owned),
    }
}

fn stash(value: &Value) -> Stash {
    let current = number(&value["current_time"]).or_else(|| number(&value["end_time"]));
    Stash {
        sentence_id: number(&value["sentence_id"]).unwrap_or_default(),
        text: text(&value["text"]),
        begin_time: number(&value["begin_time"]).unwrap_or_default(),
        current_time: current.unwrap_or_default(),
        words: words(&value["words"]),
    }
}

fn usage(value: &Value) -> Option<Usage> {
    number(&value["duration"]).map(|duration| Usage { duration })
}

/// A number of milliseconds or seconds; a fraction is cut off, what does not fit is absent.
fn number(value: &Value) -> Option<u32> {
    let whole = value.as_u64().or_else(|| {
        let fraction = value.as_f64()?;
        (fraction >= 0.0).then_some(fraction as u64)
    })?;
    u32::try_from(whole).ok()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> Incoming {
        Incoming::parse(&value.to_string()).unwrap()
    }

    fn result(sentence: &Value, usage: &Value) -> Incoming {
        parse(
            &json!({"header": {"task_id": "t1", "event": "result-generated", "attributes": {}},
            "payload": {"output": {"sentence": sentence}, "usage": usage}}),
        )
    }

    /// A full sentence of our own server is read without loss.
    #[test]
    fn complete_sentence_equals_its_wire_type() {
        let word = Word {
            begin_time: 480,
            end_time: 900,
            text: "Kestrel ".to_owned(),
            punctuation: ",".to_owned(),
            fixed: true,
            speaker_id: Some("a".to_owned()),
        };
        let stash = Stash {
            sentence_id: 2,
            text: "next".to_owned(),
            begin_time: 1_700,
            current_time: 1_800,
            words: vec![word.clone()],
        };
        let expected = Sentence {
            sentence_id: 1,
            begin_time: 480,
            end_time: Some(1_640),
            text: "Kestrel".to_owned(),
            channel_id: 3,
            speaker_id: Some("b".to_owned()),
            heartbeat: false,
            sentence_begin: true,
            sentence_end: true,
            words: vec![word],
            stash: Some(stash),
        };
        let incoming = result(&json!(expected), &json!({"duration": 3}));
        let Body::Sentence { sentence, usage } = incoming.body else {
            panic!("no sentence")
        };
        assert_eq!(sentence, expected);
        assert_eq!(usage, Some(Usage { duration: 3 }));
        assert_eq!(incoming.task_id.as_deref(), Some("t1"));
    }

    #[test]
    fn missing_null_and_odd_values_are_neutral() {
        let incoming = result(
            &json!({"text": "你好", "end_time": null, "heartbeat": null, "begin_time": 12.9,
                "sentence_id": -1, "words": [{"text": "你好"}, null, 7], "stash": null}),
            &json!({}),
        );
        let Body::Sentence { sentence, usage } = incoming.body else {
            panic!("no sentence")
        };
        assert_eq!(
            (
                sentence.text.as_str(),
                sentence.begin_time,
                sentence.end_time
            ),
            ("你好", 12, None)
        );
        assert_eq!(sentence.words.len(), 3);
        assert_eq!(sentence.words[0].text, "你好");
        assert_eq!(usage, None);
    }

    #[test]
    fn usage_with_token_counts_keeps_its_seconds() {
        let incoming = parse(
            &json!({"header": {"event": "task-finished"}, "payload": {"output": {},
            "usage": {"duration": 4, "input_tokens": 112, "total_tokens": 121}}}),
        );
        let Body::Finished { usage } = incoming.body else {
            panic!("not finished")
        };
        assert_eq!(usage, Some(Usage { duration: 4 }));
    }

    #[test]
    fn results_without_a_sentence_and_unknown_events_are_other() {
        let gummy = json!({"header": {"event": "result-generated"},
            "payload": {"output": {"transcription": {"text": "x"}}}});
        let unknown = json!({"header": {"event": "task-paused"}});
        for message in [gummy, unknown] {
            assert!(matches!(parse(&message).body, Body::Other));
        }
    }

    #[test]
    fn heartbeats_and_failures_are_told_apart() {
        assert!(matches!(
            result(&json!({"heartbeat": true}), &json!(null)).body,
            Body::Heartbeat
        ));
        let failed = parse(&json!({"header": {"event": "task-failed", "error_code": "A"}}));
        assert!(
            matches!(failed.body, Body::Failed { code, message } if code == "A" && message.is_empty())
        );
    }

    #[test]
    fn garbage_is_a_protocol_error() {
        for text in ["", "hello", "[]", "{}", "{\"header\":{\"event\":3}}"] {
            assert!(
                matches!(Incoming::parse(text), Err(Error::Protocol(_))),
                "{text}"
            );
        }
    }
}
