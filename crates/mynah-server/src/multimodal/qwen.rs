//! `qwen3-asr-flash`: messages in, a chat model's answer out.

use axum::response::Response;
use mynah_speech::{StreamOptions, TextOptions};
use mynah_text::Language;
use mynah_wire::multimodal::{
    AsrOptions, AudioInfo, Message, Parameters, QwenChoice, QwenMessage, QwenOutput, QwenText,
    QwenUsage, Response as Body, TextTokens,
};
use mynah_wire::{ApiError, RequestId};

use crate::App;
use crate::files::{Recognition, Transcript, count_tokens};
use crate::sse::{self, Events, Numbered};

/// The text that says what to expect, and the audio, of a conversation with exactly one user
/// message.
pub(crate) fn read_messages(messages: Vec<Message>) -> Result<(String, String), ApiError> {
    let (mut context, mut audio) = (Vec::new(), None);
    for (index, message) in messages.into_iter().enumerate() {
        for item in message.content {
            if message.role != "user" {
                context.extend(item.text);
            } else if item.input_audio.is_some() {
                return Err(ApiError::content_not_a_string(index));
            } else if item.text.is_some_and(|text| !text.is_empty()) {
                return Err(ApiError::not_for_recognition());
            } else if let Some(found) = item.audio
                && audio.replace(found).is_some()
            {
                return Err(ApiError::not_for_recognition());
            }
        }
    }
    let audio = audio.ok_or_else(ApiError::empty_audio)?;
    Ok((context.join("\n"), audio))
}

/// What the options ask of the recognisers.
pub(crate) fn stream_options(
    options: Option<&AsrOptions>,
    context: String,
) -> Result<StreamOptions, ApiError> {
    let language = options.and_then(|options| options.language.as_deref());
    let language = language.filter(|code| !code.is_empty()).map(|code| {
        let language = Language::parse(code);
        language.ok_or_else(|| ApiError::parameter_out_of_range("language is a documented code"))
    });
    let itn = options.and_then(|options| options.enable_itn);
    Ok(StreamOptions {
        languages: language.transpose()?.into_iter().collect(),
        text: TextOptions {
            inverse_text_normalization: itn.unwrap_or(false),
            ..TextOptions::default()
        },
        context: context.into(),
        ..StreamOptions::default()
    })
}

/// What is said of the audio beside its text. The language is left out where it is not wanted.
pub(crate) fn audio_info(transcript: &Transcript, options: Option<&AsrOptions>) -> AudioInfo {
    let wanted = options.and_then(|options| options.enable_lid);
    let language = transcript.language().filter(|_| wanted.unwrap_or(true));
    AudioInfo::new(language.map(Language::code))
}

/// Answers with everything at once, or with an event for each sentence.
pub(super) async fn answer(
    app: &App,
    mut recognition: Recognition,
    parameters: &Parameters,
    stream: bool,
) -> Result<Response, ApiError> {
    let options = parameters.asr_options.clone();
    if stream {
        recognition.await_first().await?;
        let request_id = RequestId::random();
        let events = QwenEvents {
            recognition: Some(recognition),
            transcript: Transcript::default(),
            options,
            incremental: parameters.incremental_output.unwrap_or(false),
            numbered: Numbered::default(),
            request_id: request_id.clone(),
        };
        return Ok(sse::answer(app, events, &request_id));
    }
    let seconds = recognition.seconds();
    let transcript = recognition.finish().await?;
    let text = vec![QwenText {
        text: transcript.text.clone(),
    }];
    let output = output("stop", text, audio_info(&transcript, options.as_ref()));
    Ok(super::respond(output, usage(seconds, &transcript.text)))
}

fn output(finish_reason: &'static str, content: Vec<QwenText>, audio: AudioInfo) -> QwenOutput {
    QwenOutput {
        choices: [QwenChoice {
            finish_reason,
            message: QwenMessage {
                role: "assistant",
                content,
                annotations: [audio],
            },
        }],
    }
}

fn usage(seconds: u64, text: &str) -> QwenUsage {
    QwenUsage {
        input_tokens_details: TextTokens { text_tokens: 0 },
        output_tokens_details: TextTokens {
            text_tokens: count_tokens(text),
        },
        seconds,
    }
}

/// An event for each sentence, and one that ends the answer.
struct QwenEvents {
    /// `None` after the last event.
    recognition: Option<Recognition>,
    transcript: Transcript,
    options: Option<AsrOptions>,
    incremental: bool,
    numbered: Numbered,
    request_id: RequestId,
}

impl Events for QwenEvents {
    async fn next(&mut self) -> Option<String> {
        let recognition = self.recognition.as_mut()?;
        let seconds = recognition.seconds();
        match recognition.next().await {
            Ok(Some(sentence)) => {
                let added = self.transcript.add(sentence);
                Some(self.event("null", Some(added), seconds))
            }
            Ok(None) => {
                self.recognition = None;
                Some(self.event("stop", None, seconds))
            }
            Err(error) => {
                self.recognition = None;
                Some(self.numbered.error(&error, &self.request_id))
            }
        }
    }
}

impl QwenEvents {
    fn event(&mut self, reason: &'static str, added: Option<String>, seconds: u64) -> String {
        let text = if self.incremental {
            added
        } else {
            Some(self.transcript.text.clone())
        };
        let content = text.map(|text| QwenText { text }).into_iter().collect();
        let audio = audio_info(&self.transcript, self.options.as_ref());
        self.numbered.result(&Body {
            output: output(reason, content, audio),
            usage: usage(seconds, &self.transcript.text),
            request_id: self.request_id.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use mynah_speech::RecognizedSentence;
    use serde_json::{Value, json};

    use super::*;

    fn events(incremental: bool) -> [Value; 3] {
        let mut events = QwenEvents {
            recognition: None,
            transcript: Transcript::default(),
            options: None,
            incremental,
            numbered: Numbered::default(),
            request_id: RequestId::random(),
        };
        let mut next = |text: Option<&str>| {
            let added = text.map(|text| {
                events.transcript.add(RecognizedSentence {
                    begin_ms: 0,
                    end_ms: 1,
                    text: text.to_owned(),
                    words: Vec::new(),
                    language: Language::ENGLISH,
                })
            });
            let reason = if added.is_some() { "null" } else { "stop" };
            let event = events.event(reason, added, 2);
            let (_, data) = event.split_once("data:").unwrap();
            let mut data: Value = serde_json::from_str(data).unwrap();
            assert!(data["request_id"].take().is_string());
            data
        };
        [next(Some("It is.")), next(Some("Yes.")), next(None)]
    }

    fn data(reason: &str, content: &Value, tokens: u64) -> Value {
        json!({
            "output": {"choices": [{"finish_reason": reason, "message": {
                "role": "assistant", "content": content,
                "annotations": [{"type": "audio_info", "language": "en",
                                 "emotion": "neutral"}]}}]},
            "usage": {"input_tokens_details": {"text_tokens": 0},
                      "output_tokens_details": {"text_tokens": tokens}, "seconds": 2},
            "request_id": null,
        })
    }

    #[test]
    fn events_carry_all_text_so_far_or_what_is_new() {
        assert_eq!(
            events(false),
            [
                data("null", &json!([{"text": "It is."}]), 3),
                data("null", &json!([{"text": "It is. Yes."}]), 5),
                data("stop", &json!([{"text": "It is. Yes."}]), 5),
            ]
        );
        assert_eq!(
            events(true),
            [
                data("null", &json!([{"text": "It is."}]), 3),
                data("null", &json!([{"text": " Yes."}]), 5),
                data("stop", &json!([]), 5),
            ]
        );
    }
}
