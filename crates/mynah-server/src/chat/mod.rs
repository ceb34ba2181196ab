//! `/compatible-mode/v1/chat/completions`: speech recognition as OpenAI's chat.

mod events;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use mynah_wire::chat::{self as wire, Choice, Completion, CompletionMessage, Usage};
use mynah_wire::multimodal::{AsrOptions, Message};
use mynah_wire::{ApiError, RequestId};

use self::events::ChatEvents;
use crate::App;
use crate::files::{AudioSource, Recognition, Wanted, count_tokens};
use crate::http::{Caller, HttpError, read_body, with_request_id};
use crate::limits::{AUDIO_BODY_BYTES_MAX, AUDIO_SECONDS};
use crate::multimodal::{audio_info, read_messages, stream_options};
use crate::openai::OpenAiError;
use crate::serving::Serving;
use crate::sse;

/// Answers a chat whose question is audio.
pub(crate) async fn completions(
    State(app): State<Arc<App>>,
    caller: Result<Caller, HttpError>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, OpenAiError> {
    let key = caller?.key;
    let place = app.files.recognition_place()?;
    let body = read_body(request, AUDIO_BODY_BYTES_MAX).await?;
    let job = Job::read(&body, &headers, &app.serving)?;
    drop(body);
    app.task_rates.check(&key, &job.wanted.model)?;
    let file = job.source.open(&app.files, &key).await?;
    let recognition = Recognition::begin(&app, place, file, job.wanted).await?;
    Ok(job.answer.with(&app, recognition).await?)
}

/// A request for recognition.
struct Job {
    source: AudioSource,
    wanted: Wanted,
    answer: Answer,
}

/// What is wanted of the answer.
struct Answer {
    model: String,
    options: Option<AsrOptions>,
    stream: bool,
    include_usage: bool,
}

impl Job {
    fn read(body: &[u8], headers: &HeaderMap, serving: &Serving) -> Result<Self, ApiError> {
        let request: wire::Request =
            serde_json::from_slice(body).map_err(|_| ApiError::malformed_message())?;
        let model = request.model.filter(|model| !model.is_empty());
        let model = model.ok_or_else(ApiError::empty_model)?;
        let pipeline = serving.pipeline(&model)?;
        if !is_compatible(&model) {
            return Err(ApiError::model_not_compatible(&model));
        }
        let stream = request.stream.unwrap_or(false);
        if request.stream_options.is_some() && !stream {
            let rule = "stream_options is set only when stream is true";
            return Err(ApiError::parameter_out_of_range(rule));
        }
        let extra = request.extra_body.and_then(|extra| extra.asr_options);
        let options = request.asr_options.or(extra);
        let (context, audio) = read_messages(with_audio(request.messages))?;
        let usage = request
            .stream_options
            .and_then(|options| options.include_usage);
        Ok(Self {
            source: AudioSource::parse_or_bare(audio, headers)?,
            wanted: Wanted {
                model: model.clone(),
                pipeline,
                options: stream_options(options.as_ref(), context)?,
                seconds: AUDIO_SECONDS,
            },
            answer: Answer {
                model,
                options,
                stream,
                include_usage: usage.unwrap_or(false),
            },
        })
    }
}

/// Whether a model is offered in this form: the documentation says the Qwen family only.
fn is_compatible(model: &str) -> bool {
    let other = |part| matches!(part, "realtime" | "filetrans");
    model.starts_with("qwen3-asr-flash") && !model.split('-').any(other)
}

/// The messages with their audio where the service's own form has it.
fn with_audio(mut messages: Vec<Message>) -> Vec<Message> {
    for item in messages.iter_mut().flat_map(|message| &mut message.content) {
        if let Some(audio) = item.input_audio.take() {
            item.audio = Some(audio.data);
        }
    }
    messages
}

impl Answer {
    async fn with(self, app: &App, mut recognition: Recognition) -> Result<Response, ApiError> {
        let request_id = RequestId::random();
        if self.stream {
            recognition.await_first().await?;
            let events = ChatEvents::new(recognition, self, &request_id);
            return Ok(sse::answer(app, events, &request_id));
        }
        let seconds = recognition.seconds();
        let transcript = recognition.finish().await?;
        let completion = Completion {
            id: completion_id(&request_id),
            object: "chat.completion",
            created: now(),
            model: self.model,
            usage: Usage::new(seconds, count_tokens(&transcript.text)),
            choices: [Choice {
                index: 0,
                finish_reason: "stop",
                message: CompletionMessage {
                    role: "assistant",
                    annotations: [audio_info(&transcript, self.options.as_ref())],
                    content: transcript.text,
                },
            }],
        };
        Ok(with_request_id(
            Json(completion).into_response(),
            &request_id,
        ))
    }
}

fn completion_id(request_id: &RequestId) -> String {
    format!("chatcmpl-{request_id}")
}

/// Seconds since 1970 UTC.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use mynah_speech::{Effort, Pipeline};
    use mynah_text::Language;
    use serde_json::{Value, json};

    use super::*;

    fn read(extra: &Value) -> Result<Job, ApiError> {
        let pipeline = Arc::new(Pipeline {
            recognizer: "whisper-small".to_owned(),
            effort: Effort::Fast,
            partials: Vec::new(),
            detector: None,
        });
        let mut serving = Serving::default();
        for id in ["qwen3-asr-flash", "fun-asr-realtime"] {
            serving.insert(id, Ok(pipeline.clone()));
        }
        let mut request = json!({
            "model": "qwen3-asr-flash",
            "messages": [
                {"role": "system", "content": "Mynah"},
                {"role": "user", "content": [{"type": "input_audio",
                    "input_audio": {"data": "AAAA", "format": "wav"}}]}],
        });
        for (key, value) in extra.as_object().unwrap() {
            request[key] = value.clone();
        }
        Job::read(request.to_string().as_bytes(), &HeaderMap::new(), &serving)
    }

    #[test]
    fn options_are_found_in_both_places() {
        let options = json!({"language": "zh", "enable_itn": true});
        for extra in [
            json!({"asr_options": options}),
            json!({"extra_body": {"asr_options": options}}),
        ] {
            let found = read(&extra).unwrap().wanted.options;
            assert_eq!(found.languages, [Language::CHINESE]);
            assert!(found.text.inverse_text_normalization);
        }
        let job = read(&json!({})).unwrap();
        assert_eq!(job.source, AudioSource::Inline("AAAA".to_owned()));
        assert_eq!(&*job.wanted.options.context, "Mynah");
    }

    #[test]
    fn usage_is_asked_for_in_streams_only() {
        let usage = json!({"include_usage": true});
        let stream = read(&json!({"stream": true, "stream_options": usage})).unwrap();
        assert!(stream.answer.stream && stream.answer.include_usage);
        let error = read(&json!({"stream_options": usage})).err().unwrap();
        assert_eq!(error.code, "InvalidParameter");
    }

    #[test]
    fn other_models_are_told_apart_from_unknown_ones() {
        let code = |model: &str| read(&json!({"model": model})).err().unwrap().code;
        assert_eq!(code("fun-asr-realtime"), "model_not_supported");
        assert_eq!(code("gpt-4o"), "ModelNotFound");
        assert_eq!(code(""), "BadRequest.EmptyModel");
    }
}
