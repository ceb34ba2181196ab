//! What `run-task` asks for, checked and typed.
//!
//! The service is lenient: unknown parameters and parameters that a family does not have are
//! ignored, because the SDKs send some of their own. What a family documents with a range is held
//! to it.

use mynah_text::Language;
use mynah_wire::inference::ClientPayload;
use mynah_wire::{ApiError, TaskId};
use serde_json::{Map, Value};

use crate::{Family, HotWordSources};

/// The container or coding of a stream's audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudioFormat {
    /// Headerless 16-bit little-endian mono.
    Pcm,
    /// RIFF/WAVE.
    Wav,
    /// MPEG audio.
    Mp3,
    /// Opus in Ogg.
    Opus,
    /// Speex in Ogg.
    Speex,
    /// AAC with ADTS headers.
    Aac,
    /// AMR with its file header.
    Amr,
    /// G.711 A-law without a header; of the real-time protocol only.
    ALaw,
    /// G.711 mu-law without a header; of the real-time protocol only.
    MuLaw,
}

impl AudioFormat {
    /// Reads the task protocol's word for a format.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "pcm" => Self::Pcm,
            "wav" => Self::Wav,
            "mp3" => Self::Mp3,
            "opus" => Self::Opus,
            "speex" => Self::Speex,
            "aac" => Self::Aac,
            "amr" => Self::Amr,
            _ => return None,
        })
    }
}

/// A recognition task that its client may have, if there is room.
#[derive(Clone, Debug, PartialEq)]
pub struct RecognitionRequest {
    /// The client's id for the task.
    pub task_id: TaskId,
    /// The model id as given.
    pub model: String,
    /// The family of the model id.
    pub family: Family,
    /// The audio's format.
    pub format: AudioFormat,
    /// The audio's sample rate, in Hz.
    pub sample_rate_hz: u32,
    /// The languages that may be spoken; empty to detect any.
    pub languages: Vec<Language>,
    /// How sentences are told apart.
    pub segmentation: Segmentation,
    /// How text is written.
    pub text: TextParameters,
    /// Whether silence keeps the task alive.
    pub heartbeat: bool,
    /// Whether growing sentences are reported.
    pub partials: bool,
    /// Where its hot words are.
    pub hot_words: HotWordSources,
}

/// How sentences are told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segmentation {
    /// `semantic_punctuation_enabled`
    pub semantic: bool,
    /// `max_sentence_silence`, in milliseconds.
    pub max_sentence_silence_ms: u32,
    /// `multi_threshold_mode_enabled`
    pub multi_threshold: bool,
    /// `speech_noise_threshold`, -1.0..=1.0.
    pub speech_noise_threshold: f32,
}

/// How text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextParameters {
    /// `punctuation_prediction_enabled`
    pub punctuation: bool,
    /// `inverse_text_normalization_enabled`
    pub inverse_text_normalization: bool,
    /// `disfluency_removal_enabled`
    pub disfluency_removal: bool,
}

/// The pause that ends a sentence where the client gives none, in milliseconds.
const MAX_SENTENCE_SILENCE_MS: u32 = 1300;
/// The documented range of `max_sentence_silence`, in milliseconds.
const SENTENCE_SILENCE_RANGE_MS: std::ops::RangeInclusive<u64> = 200..=6000;

impl RecognitionRequest {
    /// Checks a `run-task` payload.
    pub(crate) fn read(task_id: TaskId, payload: &ClientPayload) -> Result<Self, ApiError> {
        let model = required(payload.model.as_ref(), "payload.model")?;
        for (value, key, expected) in [
            (&payload.task_group, "payload.task_group", "audio"),
            (&payload.task, "payload.task", "asr"),
            (&payload.function, "payload.function", "recognition"),
        ] {
            if required(value.as_ref(), key)? != expected {
                return Err(ApiError::parameter_out_of_range(&format!(
                    "{key} is {expected}"
                )));
            }
        }
        if !payload.input.as_ref().is_some_and(Value::is_object) {
            return Err(ApiError::missing_parameter("payload.input"));
        }
        let family = Family::of(model).ok_or_else(|| ApiError::model_not_found(model))?;
        let Some(parameters) = payload.parameters.as_ref() else {
            return Err(ApiError::missing_parameter("payload.parameters"));
        };
        let parameters = Parameters(parameters);
        Ok(Self {
            task_id,
            model: model.clone(),
            family,
            format: parameters.format()?,
            sample_rate_hz: parameters.sample_rate(family)?,
            languages: parameters.languages(family),
            segmentation: parameters.segmentation(family)?,
            text: parameters.text(family)?,
            heartbeat: parameters.flag("heartbeat", false)? && family.reads_heartbeat(),
            partials: family.reports_partials()
                || parameters.flag("intermediate_result_enabled", false)?,
            hot_words: HotWordSources::read(family, payload)?,
        })
    }
}

/// A required string, which must not be empty either.
fn required<'a>(value: Option<&'a String>, key: &str) -> Result<&'a String, ApiError> {
    value
        .filter(|text| !text.is_empty())
        .ok_or_else(|| ApiError::missing_parameter(key))
}

/// `payload.parameters`, read by name.
struct Parameters<'a>(&'a Map<String, Value>);

impl Parameters<'_> {
    fn format(&self) -> Result<AudioFormat, ApiError> {
        let word = self
            .text_of("format")
            .ok_or_else(|| ApiError::missing_parameter("payload.parameters.format"))?;
        AudioFormat::parse(word).ok_or_else(ApiError::unsupported_format)
    }

    fn sample_rate(&self, family: Family) -> Result<u32, ApiError> {
        let value = self
            .present("sample_rate")
            .ok_or_else(|| ApiError::missing_parameter("payload.parameters.sample_rate"))?;
        whole_number(value)
            .and_then(|rate| u32::try_from(rate).ok())
            .filter(|rate| family.allows_rate(*rate))
            .ok_or_else(|| range_error("sample_rate", family.rates()))
    }

    /// Unknown codes are left out: a hint that cannot be followed is not an error.
    fn languages(&self, family: Family) -> Vec<Language> {
        if family.is_chinese_only() {
            return vec![Language::CHINESE];
        }
        let hints = match self.present("language_hints") {
            Some(Value::Array(hints)) => hints.as_slice(),
            Some(one @ Value::String(_)) => std::slice::from_ref(one),
            _ => &[],
        };
        hints
            .iter()
            .take(family.reads_language_hints())
            .filter_map(|hint| Language::parse(hint.as_str()?))
            .collect()
    }

    fn segmentation(&self, family: Family) -> Result<Segmentation, ApiError> {
        let plain = Segmentation {
            semantic: false,
            max_sentence_silence_ms: MAX_SENTENCE_SILENCE_MS,
            multi_threshold: false,
            speech_noise_threshold: 0.0,
        };
        if !family.segmentation_is_adjustable() {
            return Ok(plain);
        }
        let noise = if family.reads_noise_threshold() {
            self.noise_threshold()?
        } else {
            0.0
        };
        Ok(Segmentation {
            semantic: self.flag("semantic_punctuation_enabled", false)?,
            max_sentence_silence_ms: self.sentence_silence_ms()?,
            multi_threshold: self.flag("multi_threshold_mode_enabled", false)?,
            speech_noise_threshold: noise,
        })
    }

    fn sentence_silence_ms(&self) -> Result<u32, ApiError> {
        let Some(value) = self.present("max_sentence_silence") else {
            return Ok(MAX_SENTENCE_SILENCE_MS);
        };
        whole_number(value)
            .filter(|ms| SENTENCE_SILENCE_RANGE_MS.contains(ms))
            .map(|ms| ms as u32)
            .ok_or_else(|| range_error("max_sentence_silence", "200 to 6000"))
    }

    fn noise_threshold(&self) -> Result<f32, ApiError> {
        let Some(value) = self.present("speech_noise_threshold") else {
            return Ok(0.0);
        };
        value
            .as_f64()
            .or_else(|| value.as_str()?.parse().ok())
            .filter(|threshold| (-1.0..=1.0).contains(threshold))
            .map(|threshold| threshold as f32)
            .ok_or_else(|| range_error("speech_noise_threshold", "-1.0 to 1.0"))
    }

    fn text(&self, family: Family) -> Result<TextParameters, ApiError> {
        let adjustable = family.text_is_adjustable();
        let fixed_on = |name| Ok(!adjustable || self.flag(name, true)?);
        Ok(TextParameters {
            punctuation: fixed_on("punctuation_prediction_enabled")?,
            inverse_text_normalization: fixed_on("inverse_text_normalization_enabled")?,
            disfluency_removal: self.flag("disfluency_removal_enabled", false)?,
        })
    }

    /// A parameter that is there and not null: SDKs send null for what their user left out.
    fn present(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text_of(&self, name: &str) -> Option<&str> {
        self.present(name)?.as_str().filter(|text| !text.is_empty())
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, ApiError> {
        match self.present(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(word)) if word.eq_ignore_ascii_case("true") => Ok(true),
            Some(Value::String(word)) if word.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(range_error(name, "true or false")),
        }
    }
}

/// A whole number, or a string of digits as the mobile SDKs send it.
fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

pub(crate) fn range_error(name: &str, allowed: &str) -> ApiError {
    ApiError::parameter_out_of_range(&format!("parameters.{name} should be {allowed}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(payload: &Value) -> Result<RecognitionRequest, ApiError> {
        let payload: ClientPayload = serde_json::from_value(payload.clone()).unwrap();
        RecognitionRequest::read(TaskId::from("t".to_owned()), &payload)
    }

    fn payload(model: &str, parameters: &Value) -> Value {
        json!({"task_group": "audio", "task": "asr", "function": "recognition", "model": model,
               "input": {}, "parameters": parameters})
    }

    fn with(model: &str, name: &str, value: Value) -> Result<RecognitionRequest, ApiError> {
        let mut parameters = json!({"format": "pcm", "sample_rate": 16000});
        parameters[name] = value;
        read(&payload(model, &parameters))
    }

    #[test]
    fn a_plain_request_gets_the_documented_defaults() {
        let request = with("fun-asr-realtime", "stream", json!(true)).unwrap();
        assert_eq!(request.segmentation.max_sentence_silence_ms, 1300);
        assert!(request.text.punctuation && request.text.inverse_text_normalization);
        assert!(!request.text.disfluency_removal && !request.heartbeat && request.partials);
        assert!(request.languages.is_empty());
    }

    #[test]
    fn every_missing_key_is_named() {
        for key in [
            "task_group",
            "task",
            "function",
            "model",
            "input",
            "parameters",
        ] {
            let mut payload = payload(
                "fun-asr-realtime",
                &json!({"format": "pcm", "sample_rate": 16000}),
            );
            payload.as_object_mut().unwrap().remove(key);
            let message = read(&payload).unwrap_err().message;
            assert_eq!(
                message,
                format!("Missing required parameter 'payload.{key}'! Please follow the protocol!")
            );
        }
        for key in ["format", "sample_rate"] {
            let message = with("fun-asr-realtime", key, Value::Null)
                .unwrap_err()
                .message;
            assert!(message.contains(key), "{message}");
        }
    }

    #[test]
    fn ranges_are_held() {
        for (name, bad) in [
            ("max_sentence_silence", json!(199)),
            ("max_sentence_silence", json!(6001)),
            ("max_sentence_silence", json!("soon")),
            ("speech_noise_threshold", json!(1.1)),
            ("heartbeat", json!(1)),
            ("sample_rate", json!(44)),
            ("sample_rate", json!(-1)),
        ] {
            let error = with("fun-asr-realtime", name, bad).unwrap_err();
            assert_eq!(error.code, "InvalidParameter");
            assert!(error.message.contains(name), "{error}");
        }
        assert_eq!(
            with("fun-asr-realtime", "format", json!("flac"))
                .unwrap_err()
                .code,
            "UNSUPPORTED_FORMAT"
        );
        assert_eq!(
            with("nonsense", "heartbeat", json!(true)).unwrap_err().code,
            "ModelNotFound"
        );
        assert!(
            with("paraformer-realtime-8k-v2", "heartbeat", json!(true)).is_err(),
            "16 kHz"
        );
    }

    #[test]
    fn numbers_may_be_strings() {
        let request = with("fun-asr-realtime", "sample_rate", json!("48000")).unwrap();
        assert_eq!(request.sample_rate_hz, 48_000);
        let request = with("fun-asr-realtime", "max_sentence_silence", json!("400")).unwrap();
        assert_eq!(request.segmentation.max_sentence_silence_ms, 400);
    }

    #[test]
    fn hints_are_read_as_far_as_the_family_reads_them() {
        let hints = json!(["en", "zh", "xx", "ja"]);
        let languages = |model| {
            let request = with(model, "language_hints", hints.clone()).unwrap();
            request
                .languages
                .iter()
                .map(|language| language.code())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(languages("fun-asr-realtime"), "en");
        assert_eq!(languages("paraformer-realtime-v2"), "en zh ja");
        assert_eq!(languages("paraformer-realtime-v1"), "zh");
    }

    #[test]
    fn text_switches_act_where_the_family_has_them() {
        let off = |model| with(model, "punctuation_prediction_enabled", json!(false)).unwrap();
        assert!(off("fun-asr-realtime").text.punctuation);
        assert!(!off("paraformer-realtime-v2").text.punctuation);
    }
}
