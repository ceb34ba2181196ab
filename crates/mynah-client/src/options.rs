//! The options of a recognition and the `run-task` message that carries them.
//!
//! Follows "Fun-ASR client events" and the parameter table of the "Python SDK" page. Values are
//! not checked here: which are legal depends on the model, and the service says so.

use std::sync::Arc;
use std::time::Duration;

use mynah_wire::TaskId;
use mynah_wire::inference::{ClientHeader, ClientMessage, ClientPayload, action};
use serde_json::{Map, Value, json};
use tokio_rustls::rustls::ClientConfig;

use crate::endpoint::Endpoint;
use crate::limits::{FINISH_TIMEOUT, START_TIMEOUT};
use crate::{Error, Recognition, RetryPolicy};

/// Environment variable with the API key, used when the builder is given none.
pub const API_KEY_VARIABLE: &str = "DASHSCOPE_API_KEY";

/// Environment variable with the whole URL, used when the builder is given none.
pub const URL_VARIABLE: &str = "DASHSCOPE_WEBSOCKET_BASE_URL";

/// The URL when neither the builder nor the environment names one: the cloud's Beijing region.
pub const DEFAULT_URL: &str = "wss://dashscope.aliyuncs.com/api-ws/v1/inference";

/// Container and coding of the audio that will be sent, mono.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AudioFormat {
    /// AAC with ADTS headers.
    Aac,
    /// AMR narrow band.
    Amr,
    /// MPEG audio layer III.
    Mp3,
    /// Opus in Ogg.
    Opus,
    /// Signed 16-bit little-endian samples without a header.
    Pcm,
    /// Speex in Ogg.
    Speex,
    /// RIFF/WAVE with PCM samples, header first.
    Wav,
}

impl AudioFormat {
    /// The name in the `format` parameter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aac => "aac",
            Self::Amr => "amr",
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
            Self::Pcm => "pcm",
            Self::Speex => "speex",
            Self::Wav => "wav",
        }
    }

    /// The format with this name, also of a file's ending (`ogg` counts as Opus).
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "aac" => Self::Aac,
            "amr" => Self::Amr,
            "mp3" => Self::Mp3,
            "ogg" | "opus" => Self::Opus,
            "pcm" | "raw" => Self::Pcm,
            "speex" | "spx" => Self::Speex,
            "wav" => Self::Wav,
            _ => return None,
        })
    }
}

/// Text that the recogniser should know: earlier turns of a conversation, or a list of terms.
///
/// The service keeps the newest five texts of each side and cuts a round at 400 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    turns: Vec<Value>,
}

impl Context {
    /// No text yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what the speaker said before, or a list of terms.
    #[must_use]
    pub fn user(mut self, text: &str) -> Self {
        let content = json!([{"type": "input_text", "text": text}]);
        self.turns.push(json!({"role": "user", "content": content}));
        self
    }

    /// Adds what was replied to the speaker.
    #[must_use]
    pub fn assistant(mut self, text: &str) -> Self {
        let content = json!([{"type": "text", "text": text}]);
        self.turns
            .push(json!({"role": "assistant", "content": content}));
        self
    }

    /// The `input` object of `run-task` or `continue-task`.
    pub(crate) fn input(&self) -> Value {
        if self.turns.is_empty() {
            json!({})
        } else {
            json!({"context": self.turns})
        }
    }
}

/// What one task asks for, without its id.
#[derive(Clone, Debug)]
pub(crate) struct TaskOptions {
    model: String,
    parameters: Map<String, Value>,
    phrase_id: Option<String>,
    context: Context,
}

impl TaskOptions {
    /// The `run-task` message as JSON text.
    pub(crate) fn run_task(&self, task_id: &TaskId) -> String {
        let resource = |id: &String| json!([{"resource_id": id, "resource_type": "asr_phrase"}]);
        let payload = ClientPayload {
            task_group: Some("audio".to_owned()),
            task: Some("asr".to_owned()),
            function: Some("recognition".to_owned()),
            model: Some(self.model.clone()),
            input: Some(self.context.input()),
            parameters: Some(self.parameters.clone()),
            resources: self.phrase_id.as_ref().map(resource),
        };
        message(task_id, action::RUN_TASK, payload)
    }
}

/// A `continue-task` or `finish-task` message as JSON text.
pub(crate) fn follow_up(task_id: &TaskId, action: &str, input: Value) -> String {
    message(
        task_id,
        action,
        ClientPayload {
            input: Some(input),
            ..ClientPayload::default()
        },
    )
}

fn message(task_id: &TaskId, action: &str, payload: ClientPayload) -> String {
    let header = ClientHeader {
        action: Some(action.to_owned()),
        task_id: Some(task_id.clone()),
        streaming: Some("duplex".to_owned()),
    };
    json!(ClientMessage { header, payload }).to_string()
}

/// How long to wait for the server, see [`crate::limits`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) start: Duration,
    pub(crate) finish: Duration,
}

/// Collects the options of a [`Recognition`].
///
/// Required are `model`, `format` and `sample_rate`, and a key from here or from the environment.
#[derive(Clone, Default)]
#[must_use]
pub struct RecognitionBuilder {
    url: Option<String>,
    api_key: Option<String>,
    workspace: Option<String>,
    model: Option<String>,
    parameters: Map<String, Value>,
    phrase_id: Option<String>,
    context: Context,
    retry: Option<RetryPolicy>,
    start_timeout: Option<Duration>,
    finish_timeout: Option<Duration>,
    tls: Option<Arc<ClientConfig>>,
}

impl RecognitionBuilder {
    /// The whole WebSocket URL, path included; else [`URL_VARIABLE`], else [`DEFAULT_URL`].
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// The key or temporary token; else [`API_KEY_VARIABLE`].
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// The workspace that the call belongs to, for keys that have several.
    pub fn workspace(mut self, id: impl Into<String>) -> Self {
        self.workspace = Some(id.into());
        self
    }

    /// The model id, `fun-asr-realtime` say.
    pub fn model(mut self, id: impl Into<String>) -> Self {
        self.model = Some(id.into());
        self
    }

    /// The format of the audio that will be sent.
    pub fn format(self, format: AudioFormat) -> Self {
        self.parameter("format", format.name())
    }

    /// The sample rate of the audio that will be sent, in Hz.
    pub fn sample_rate(self, hz: u32) -> Self {
        self.parameter("sample_rate", hz)
    }

    /// Cuts sentences by meaning (accurate, later) instead of by silence (the default).
    pub fn semantic_punctuation_enabled(self, enabled: bool) -> Self {
        self.parameter("semantic_punctuation_enabled", enabled)
    }

    /// The silence that ends a sentence, 200 to 6000 ms; only when cutting by silence.
    pub fn max_sentence_silence(self, ms: u32) -> Self {
        self.parameter("max_sentence_silence", ms)
    }

    /// Keeps sentences from growing too long; only when cutting by silence.
    pub fn multi_threshold_mode_enabled(self, enabled: bool) -> Self {
        self.parameter("multi_threshold_mode_enabled", enabled)
    }

    /// Keeps the task alive while nothing but silence is sent.
    pub fn heartbeat(self, enabled: bool) -> Self {
        self.parameter("heartbeat", enabled)
    }

    /// The languages to expect, `zh` or `en` say; unset, the model finds out.
    pub fn language_hints<I>(self, codes: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let codes: Vec<String> = codes.into_iter().map(Into::into).collect();
        self.parameter("language_hints", codes)
    }

    /// From -1.0 (noise may pass as speech) to 1.0 (speech may be dropped as noise).
    pub fn speech_noise_threshold(self, threshold: f64) -> Self {
        self.parameter("speech_noise_threshold", threshold)
    }

    /// Puts punctuation into the text; on by default.
    pub fn punctuation_prediction_enabled(self, enabled: bool) -> Self {
        self.parameter("punctuation_prediction_enabled", enabled)
    }

    /// Writes spoken numbers as digits; on by default.
    pub fn inverse_text_normalization_enabled(self, enabled: bool) -> Self {
        self.parameter("inverse_text_normalization_enabled", enabled)
    }

    /// Leaves out filler words.
    pub fn disfluency_removal_enabled(self, enabled: bool) -> Self {
        self.parameter("disfluency_removal_enabled", enabled)
    }

    /// The list of hot words to use.
    pub fn vocabulary_id(self, id: impl Into<String>) -> Self {
        self.parameter("vocabulary_id", id.into())
    }

    /// The list of hot words of the older (v1) models, which travels in `resources`.
    pub fn phrase_id(mut self, id: impl Into<String>) -> Self {
        self.phrase_id = Some(id.into());
        self
    }

    /// Text that the recogniser should know from the start.
    pub fn context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Any other parameter, by its documented name. A later value replaces an earlier one.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// How a refused start is repeated; else [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// How long an attempt to connect, and then the wait for `task-started`, may each take; else
    /// [`START_TIMEOUT`].
    pub fn start_timeout(mut self, patience: Duration) -> Self {
        self.start_timeout = Some(patience);
        self
    }

    /// How long the server may be silent between `finish-task` and `task-finished`; else
    /// [`FINISH_TIMEOUT`].
    pub fn finish_timeout(mut self, patience: Duration) -> Self {
        self.finish_timeout = Some(patience);
        self
    }

    /// TLS settings for `wss://`, for a private authority or a client certificate; else the
    /// machine's certificate store.
    pub fn tls(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Checks that nothing required is missing. Opens no connection.
    pub fn build(self) -> Result<Recognition, Error> {
        self.build_in(|variable| std::env::var(variable).ok())
    }

    fn build_in(self, variable: impl Fn(&str) -> Option<String>) -> Result<Recognition, Error> {
        let missing = |what: &str| Error::InvalidOption(format!("{what} is missing"));
        for required in ["format", "sample_rate"] {
            if !self.parameters.contains_key(required) {
                return Err(missing(required));
            }
        }
        let model = self.model.ok_or_else(|| missing("model"))?;
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let api_key = self
            .api_key
            .or_else(|| set(API_KEY_VARIABLE))
            .ok_or_else(|| missing("api_key (or the environment variable DASHSCOPE_API_KEY)"))?;
        let url = self
            .url
            .or_else(|| set(URL_VARIABLE))
            .unwrap_or_else(|| DEFAULT_URL.to_owned());
        let mut endpoint = Endpoint::new(&url, &api_key, self.workspace.as_deref())?;
        if let Some(tls) = self.tls {
            endpoint = endpoint.with_tls(tls);
        }
        let Self {
            parameters,
            phrase_id,
            context,
            ..
        } = self;
        Ok(Recognition {
            endpoint: Arc::new(endpoint),
            task: Arc::new(TaskOptions {
                model,
                parameters,
                phrase_id,
                context,
            }),
            retry: self.retry.unwrap_or_default(),
            timeouts: Timeouts {
                start: self.start_timeout.unwrap_or(START_TIMEOUT),
                finish: self.finish_timeout.unwrap_or(FINISH_TIMEOUT),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required() -> RecognitionBuilder {
        Recognition::builder()
            .model("fun-asr-realtime")
            .format(AudioFormat::Pcm)
            .sample_rate(16_000)
    }

    fn run_task(builder: RecognitionBuilder) -> Value {
        let recognition = builder.api_key("sk").build_in(|_| None).unwrap();
        serde_json::from_str(&recognition.task.run_task(&TaskId::from("t1".to_owned()))).unwrap()
    }

    #[test]
    fn plain_run_task_is_as_documented() {
        assert_eq!(
            run_task(required()),
            json!({"header": {"action": "run-task", "task_id": "t1", "streaming": "duplex"},
                "payload": {"task_group": "audio", "task": "asr", "function": "recognition",
                    "model": "fun-asr-realtime", "input": {},
                    "parameters": {"format": "pcm", "sample_rate": 16000}}})
        );
    }

    #[test]
    fn every_option_reaches_its_documented_place() {
        let context = Context::new()
            .user("terms: Kestrel, Fjordline")
            .assistant("go on");
        let message = run_task(
            required()
                .semantic_punctuation_enabled(false)
                .max_sentence_silence(800)
                .multi_threshold_mode_enabled(true)
                .heartbeat(true)
                .language_hints(["en", "zh"])
                .speech_noise_threshold(-0.1)
                .punctuation_prediction_enabled(true)
                .inverse_text_normalization_enabled(false)
                .disfluency_removal_enabled(true)
                .vocabulary_id("vocab-1")
                .parameter("keep_dialect", true)
                .phrase_id("phrase-1")
                .context(context),
        );
        assert_eq!(
            message["payload"]["parameters"],
            json!({"format": "pcm", "sample_rate": 16000, "semantic_punctuation_enabled": false,
                "max_sentence_silence": 800, "multi_threshold_mode_enabled": true,
                "heartbeat": true, "language_hints": ["en", "zh"], "speech_noise_threshold": -0.1,
                "punctuation_prediction_enabled": true,
                "inverse_text_normalization_enabled": false, "disfluency_removal_enabled": true,
                "vocabulary_id": "vocab-1", "keep_dialect": true})
        );
        assert_eq!(
            message["payload"]["resources"],
            json!([{"resource_id": "phrase-1", "resource_type": "asr_phrase"}])
        );
        assert_eq!(
            message["payload"]["input"],
            json!({"context": [
                {"role": "user", "content":
                    [{"type": "input_text", "text": "terms: Kestrel, Fjordline"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "go on"}]}]})
        );
    }

    #[test]
    fn finish_task_carries_an_empty_input() {
        let text = follow_up(
            &TaskId::from("t1".to_owned()),
            action::FINISH_TASK,
            json!({}),
        );
        let message: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(message["header"]["action"], "finish-task");
        assert_eq!(message["payload"], json!({"input": {}}));
    }

    #[test]
    fn missing_options_are_named() {
        let message =
            |builder: RecognitionBuilder| builder.build_in(|_| None).unwrap_err().to_string();
        assert_eq!(message(Recognition::builder()), "format is missing");
        let without_rate = Recognition::builder().format(AudioFormat::Wav);
        assert_eq!(message(without_rate), "sample_rate is missing");
        assert!(message(required()).starts_with("api_key (or"));
    }

    #[test]
    fn the_environment_fills_in_url_and_key() {
        let environment = |name: &str| match name {
            API_KEY_VARIABLE => Some("sk-env".to_owned()),
            URL_VARIABLE => Some("ws://localhost:1/x".to_owned()),
            _ => None,
        };
        let recognition = required().build_in(environment).unwrap();
        assert!(format!("{:?}", recognition.endpoint).contains("localhost:1"));
        assert_eq!(
            recognition.endpoint.headers["authorization"],
            "Bearer sk-env"
        );

        let explicit = required().url("ws://other/").build_in(environment).unwrap();
        assert!(format!("{:?}", explicit.endpoint).contains("other"));
    }

    #[test]
    fn formats_are_found_by_name_and_ending() {
        for format in [
            AudioFormat::Aac,
            AudioFormat::Mp3,
            AudioFormat::Speex,
            AudioFormat::Wav,
        ] {
            assert_eq!(AudioFormat::from_name(format.name()), Some(format));
        }
        assert_eq!(AudioFormat::from_name("OGG"), Some(AudioFormat::Opus));
        assert_eq!(AudioFormat::from_name("flac"), None);
    }
}
