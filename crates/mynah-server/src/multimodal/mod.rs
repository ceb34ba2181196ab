//! `multimodal-generation/generation`: one path for several products, of which speech recognition is
//! served, in the two shapes that its families have.

mod family;
mod qwen;
mod sentences;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use mynah_session::HotWordSources;
use mynah_speech::HotWords;
use mynah_store::KeyId;
use mynah_wire::multimodal::{self as wire, Input, Parameters};
use mynah_wire::{ApiError, RequestId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use self::family::Family;
pub(crate) use self::qwen::{audio_info, read_messages, stream_options};
use crate::App;
use crate::files::{AudioSource, Recognition, Wanted};
use crate::hot_words;
use crate::http::{Caller, HttpError, read_body, with_request_id};
use crate::limits::{AUDIO_BODY_BYTES_MAX, AUDIO_SECONDS};
use crate::serving::Serving;
use crate::sse;

/// The path of all products.
pub(crate) const PATH: &str = "/api/v1/services/aigc/multimodal-generation/generation";

/// Answers a request of any product.
pub(crate) async fn generation(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, HttpError> {
    let is_async = headers.get("x-dashscope-async");
    if is_async.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"enable")) {
        return Err(ApiError::synchronous_only().into());
    }
    // Before the body, which is large, is read.
    let place = app.files.recognition_place()?;
    let body = read_body(request, AUDIO_BODY_BYTES_MAX).await?;
    let mut job = Job::read(&body, &headers, &app.serving)?;
    drop(body);
    app.task_rates.check(&caller.key, &job.wanted.model)?;
    job.find_hot_words(&app, &caller.key).await?;
    let file = job.source.open(&app.files, &caller.key).await?;
    let recognition = Recognition::begin(&app, place, file, job.wanted).await?;
    let stream = sse::is_wanted(&headers);
    let answer = match job.family {
        Family::Qwen => qwen::answer(&app, recognition, &job.parameters, stream).await,
        Family::Sentences => sentences::answer(&app, recognition, stream).await,
    };
    Ok(answer?)
}

/// A request for recognition.
struct Job {
    family: Family,
    parameters: Parameters,
    source: AudioSource,
    wanted: Wanted,
}

impl Job {
    /// Looks for the hot words that the parameters name. The Qwen family has none.
    async fn find_hot_words(&mut self, app: &App, key: &KeyId) -> Result<(), ApiError> {
        let Family::Sentences = self.family else {
            return Ok(());
        };
        let Parameters {
            vocabulary,
            vocabulary_id,
            ..
        } = &self.parameters;
        let sources = HotWordSources::named(vocabulary.as_ref(), vocabulary_id.iter())?;
        let Wanted { model, options, .. } = &mut self.wanted;
        let words = hot_words::find(&app.store, key, model, &sources, &options.languages);
        options.hot_words = Arc::new(HotWords::new(words.await?));
        Ok(())
    }

    fn read(body: &[u8], headers: &HeaderMap, serving: &Serving) -> Result<Self, ApiError> {
        let request: wire::Request<'_> =
            serde_json::from_slice(body).map_err(|_| ApiError::malformed_message())?;
        let model = request.model.filter(|model| !model.is_empty());
        let model = model.ok_or_else(ApiError::empty_model)?;
        let served = serving.pipeline(&model);
        let Some(family) = Family::of(&model) else {
            return Err(served.err().unwrap_or_else(ApiError::url_error));
        };
        let pipeline = served?;
        let input: Input = part(request.input)?.ok_or_else(ApiError::empty_input)?;
        let parameters: Parameters = part(request.parameters)?.unwrap_or_default();
        let (context, audio) = match family {
            Family::Qwen => read_messages(input.messages)?,
            Family::Sentences => sentences::read(input.messages, &parameters)?,
        };
        let options = match family {
            Family::Qwen => stream_options(parameters.asr_options.as_ref(), context)?,
            Family::Sentences => sentences::stream_options(&parameters, context),
        };
        Ok(Self {
            family,
            source: AudioSource::parse(audio, headers)?,
            parameters,
            wanted: Wanted {
                model,
                pipeline,
                options,
                seconds: AUDIO_SECONDS,
            },
        })
    }
}

/// A part of the request that is read once the product is known.
fn part<T: DeserializeOwned>(part: Option<&RawValue>) -> Result<Option<T>, ApiError> {
    let Some(part) = part else {
        return Ok(None);
    };
    serde_json::from_str(part.get()).map_err(|_| ApiError::malformed_message())
}

/// A whole answer.
fn respond<O: Serialize, U: Serialize>(output: O, usage: U) -> Response {
    let request_id = RequestId::random();
    let body = wire::Response {
        output,
        usage,
        request_id: request_id.clone(),
    };
    with_request_id(Json(body).into_response(), &request_id)
}

#[cfg(test)]
mod tests {
    use mynah_speech::{Effort, Pipeline, StreamOptions};
    use mynah_text::Language;
    use serde_json::{Value, json};

    use super::*;

    fn read(request: &Value) -> Result<Job, ApiError> {
        let pipeline = Arc::new(Pipeline {
            recognizer: "whisper-small".to_owned(),
            effort: Effort::Fast,
            partials: Vec::new(),
            detector: None,
        });
        let mut serving = Serving::default();
        for id in ["qwen3-asr-flash", "qwen-audio-", "fun-asr-realtime"] {
            serving.insert(id, Ok(pipeline.clone()));
        }
        Job::read(request.to_string().as_bytes(), &HeaderMap::new(), &serving)
    }

    fn code(request: &Value) -> (&'static str, String) {
        let error = read(request).err().unwrap();
        (error.code, error.message)
    }

    fn options(request: &Value) -> StreamOptions {
        read(request).unwrap().wanted.options
    }

    /// As the Python SDK's own example sends it: the system message last.
    fn qwen() -> Value {
        json!({
            "model": "qwen3-asr-flash-2026-02-10",
            "input": {"messages": [
                {"role": "user", "content": [{"audio": "https://example.org/a.mp3"}]},
                {"role": "system", "content": [{"text": "Mynah"}]}]},
            "parameters": {"asr_options": {"language": "zh", "enable_itn": true},
                           "result_format": "message"},
        })
    }

    fn sentences() -> Value {
        json!({
            "model": "qwen-audio-3.1-asr-flash",
            "input": {"messages": [
                {"role": "user", "content": [{"type": "input_text", "text": "Who?"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "Mynah."}]},
                {"role": "user", "content": [{"type": "input_audio",
                    "input_audio": {"data": "https://example.org/a.wav"}}]}]},
            "parameters": {"format": "wav", "sample_rate": "16000", "language_hints": ["en"]},
        })
    }

    #[test]
    fn both_families_say_the_same_in_their_own_shapes() {
        let source = AudioSource::Url("https://example.org/a.mp3".to_owned());
        assert_eq!(read(&qwen()).unwrap().source, source);
        let found = options(&qwen());
        assert_eq!(found.languages, [Language::CHINESE]);
        assert_eq!(&*found.context, "Mynah");
        assert!(found.text.inverse_text_normalization);

        assert_eq!(read(&sentences()).unwrap().family, Family::Sentences);
        let found = options(&sentences());
        assert_eq!(found.languages, [Language::ENGLISH]);
        assert_eq!(&*found.context, "Who? Mynah.");
    }

    #[test]
    fn itn_is_off_unless_asked_for() {
        let mut request = qwen();
        request["parameters"] = json!({});
        let found = options(&request);
        assert!(!found.text.inverse_text_normalization && found.languages.is_empty());
        request.as_object_mut().unwrap().remove("parameters");
        assert_eq!(options(&request), found);
    }

    #[test]
    fn what_is_missing_or_misplaced_gets_its_documented_answer() {
        let with = |pointer: &str, value: Value| {
            let mut request = qwen();
            *request.pointer_mut(pointer).unwrap() = value;
            code(&request)
        };
        assert_eq!(with("/model", json!(null)).0, "BadRequest.EmptyModel");
        assert_eq!(with("/input", json!(null)).0, "BadRequest.EmptyInput");
        assert_eq!(with("/model", json!("qwen-vl-max")).0, "ModelNotFound");
        assert_eq!(
            with("/model", json!("qwen3-asr-flash-filetrans")).1,
            "url error, please check url！"
        );
        assert_eq!(
            with("/model", json!("fun-asr-realtime")).1,
            "url error, please check url！"
        );
        assert_eq!(with("/input/messages", json!([])).1, "The audio is empty");
        let question = json!([{"audio": "https://example.org/a.mp3"}, {"text": "Who speaks?"}]);
        let refused = with("/input/messages/0/content", question).1;
        assert!(refused.contains("does not support this input"), "{refused}");
        let openai = json!([{"type": "input_audio", "input_audio": {"data": "x"}}]);
        assert_eq!(
            with("/input/messages/0/content", openai).1,
            "Input should be a valid string: input.messages.0.content.str"
        );
        let language = "/parameters/asr_options/language";
        assert_eq!(with(language, json!("klingon")).0, "InvalidParameter");

        let mut request = sentences();
        request["parameters"] = json!({});
        assert_eq!(code(&request).0, "UNSUPPORTED_FORMAT");
        assert_eq!(
            Job::read(b"[", &HeaderMap::new(), &Serving::default()).err(),
            Some(ApiError::malformed_message())
        );
    }
}
