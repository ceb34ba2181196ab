//! What is in effect in a session, and how a client's `session` object is read.

use mynah_text::Language;
use mynah_wire::ApiError;
use serde_json::{Map, Value};

use crate::limits::CONTEXT_CHARACTERS_MAX;
use crate::{AudioFormat, Segmentation};

/// The silence that ends a sentence inside an utterance that its client delimits, in milliseconds:
/// each is recognised as soon as it is heard, so that little is left to do at the commit.
const MANUAL_SILENCE_MS: u32 = 800;

/// What a session asks of the engines.
#[derive(Clone, Debug, PartialEq)]
pub struct RealtimeRequest {
    /// The model id as given.
    pub model: String,
    /// The audio's format.
    pub format: AudioFormat,
    /// The audio's sample rate, in Hz.
    pub sample_rate_hz: u32,
    /// The languages that may be spoken; empty to detect any.
    pub languages: Vec<Language>,
    /// How sentences are told apart.
    pub segmentation: Segmentation,
    /// Text that says what is spoken about: `corpus.text`, or `prompt` and `keywords`.
    pub context: Option<String>,
}

/// What is in effect.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) model: String,
    pub(crate) format: AudioFormat,
    /// The client's own word for the format.
    pub(crate) format_word: String,
    pub(crate) rate_hz: u32,
    pub(crate) modalities: Value,
    pub(crate) speech: Speech,
    /// `None` in manual mode.
    pub(crate) turns: Option<Turns>,
    pub(crate) noise_reduction: Option<Value>,
    pub(crate) include: Option<Value>,
}

/// What is known of the speech.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Speech {
    /// The object that said so.
    pub(crate) given: Option<Value>,
    /// The language's code, as the client wrote it, where it gave one.
    pub(crate) language: Option<String>,
    pub(crate) languages: Vec<Language>,
    pub(crate) context: Option<String>,
}

/// How utterances are told apart in VAD mode.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Turns {
    pub(crate) threshold: f64,
    /// -1 to 1, what the engines make of `threshold`.
    pub(crate) noise_threshold: f32,
    pub(crate) silence_ms: u32,
    pub(crate) padding_ms: Option<u32>,
    /// Where they are told apart by meaning, the client's wish for haste.
    pub(crate) eagerness: Option<String>,
}

/// What is wrong with an event, and the key that is.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) error: ApiError,
    pub(crate) param: Option<String>,
}

impl Settings {
    /// What the engines are to do.
    pub(crate) fn request(&self) -> RealtimeRequest {
        let turns = self.turns.as_ref();
        RealtimeRequest {
            model: self.model.clone(),
            format: self.format,
            sample_rate_hz: self.rate_hz,
            languages: self.speech.languages.clone(),
            segmentation: Segmentation {
                semantic: turns.is_some_and(|turns| turns.eagerness.is_some()),
                max_sentence_silence_ms: turns.map_or(MANUAL_SILENCE_MS, |turns| turns.silence_ms),
                multi_threshold: false,
                speech_noise_threshold: turns.map_or(0.0, |turns| turns.noise_threshold),
            },
            context: self.speech.context.clone(),
        }
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self { error, param: None }
    }
}

/// A JSON object, read key by key, that knows where it stands.
///
/// A key that is `null` counts as absent: SDKs send `null` for what their users left out.
pub(crate) struct Keys<'a> {
    path: String,
    object: &'a Map<String, Value>,
}

impl<'a> Keys<'a> {
    pub(crate) fn new(path: &str, object: &'a Map<String, Value>) -> Self {
        Self {
            path: path.to_owned(),
            object,
        }
    }

    /// The value as it stands, `null` too.
    pub(crate) fn raw(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key)
    }

    pub(crate) fn present(&self, key: &str) -> Option<&'a Value> {
        self.raw(key).filter(|value| !value.is_null())
    }

    pub(crate) fn object(&self, key: &str) -> Result<Option<Self>, Fault> {
        let read = |value: &'a Value| {
            let object = value.as_object();
            let object = object.ok_or_else(|| self.invalid(key, value, "an object"))?;
            Ok(Self::new(&format!("{}.{key}", self.path), object))
        };
        self.present(key).map(read).transpose()
    }

    /// Reads `turn_detection` over what is in effect: absent, it stays; `null`, the client delimits
    /// utterances; an object is read by `turns`.
    pub(crate) fn turn_detection(
        &self,
        now: &mut Option<Turns>,
        turns: impl FnOnce(&Self) -> Result<Turns, Fault>,
    ) -> Result<(), Fault> {
        if self.raw("turn_detection").is_some() {
            let given = self.object("turn_detection")?;
            *now = given.as_ref().map(turns).transpose()?;
        }
        Ok(())
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, Fault> {
        let read = |value: &'a Value| {
            let text = value.as_str();
            text.ok_or_else(|| self.invalid(key, value, "a string"))
        };
        let text = self.present(key).map(read).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Vec<&'a str>, Fault> {
        let Some(value) = self.present(key) else {
            return Ok(Vec::new());
        };
        let texts = value
            .as_array()
            .and_then(|values| values.iter().map(Value::as_str).collect());
        texts.ok_or_else(|| self.invalid(key, value, "an array of strings"))
    }

    /// A number within a range, described by `allowed`.
    pub(crate) fn number(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<f64>,
        allowed: &str,
    ) -> Result<Option<f64>, Fault> {
        let read = |value: &Value| {
            let number = value.as_f64().filter(|number| range.contains(number));
            number.ok_or_else(|| self.invalid(key, value, allowed))
        };
        self.present(key).map(read).transpose()
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy>(
        &self,
        key: &str,
        choices: &[(&'static str, T)],
    ) -> Result<Option<(&'static str, T)>, Fault> {
        let Some(value) = self.present(key) else {
            return Ok(None);
        };
        let chosen = choices.iter().find(|(word, _)| value == word);
        chosen.copied().map(Some).ok_or_else(|| {
            let words: Vec<String> = choices
                .iter()
                .map(|(word, _)| format!("'{word}'"))
                .collect();
            self.invalid(key, value, &words.join(", "))
        })
    }

    /// A spoken language; the words some clients send for "any" are none.
    pub(crate) fn language(&self, key: &str) -> Result<Option<(String, Language)>, Fault> {
        match self.text(key)? {
            None | Some("auto") => Ok(None),
            Some(code) => match Language::parse(code) {
                Some(language) => Ok(Some((code.to_owned(), language))),
                None => Err(self.invalid(key, &Value::from(code), "ISO 639 codes of languages")),
            },
        }
    }

    /// A text that says what is spoken about.
    pub(crate) fn context(&self, key: &str) -> Result<Option<String>, Fault> {
        let text = self.text(key)?;
        match text {
            Some(text) if text.chars().count() > CONTEXT_CHARACTERS_MAX => {
                let allowed = format!("texts of up to {CONTEXT_CHARACTERS_MAX} characters");
                Err(self.invalid(key, &Value::from("..."), &allowed))
            }
            text => Ok(text.map(str::to_owned)),
        }
    }

    /// The fault of a key whose value is not one of those `allowed`.
    pub(crate) fn invalid(&self, key: &str, value: &Value, allowed: &str) -> Fault {
        let shown = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        Fault {
            error: ApiError::invalid_value(&shown, allowed),
            param: Some(format!("{}.{key}", self.path)),
        }
    }

    /// The fault of a required key that is not there.
    pub(crate) fn missing(&self, key: &str) -> Fault {
        let param = format!("{}.{key}", self.path);
        Fault {
            error: ApiError::missing_event_key(&param),
            param: Some(param),
        }
    }
}
