//! The form of a transcription or translation.

use std::path::Path;

use mynah_speech::{StreamOptions, can_translate};
use mynah_text::Language;
use mynah_wire::ApiError;

use super::Task;
use crate::files::{AudioFile, Wanted};
use crate::form::Form;
use crate::limits::{AUDIO_FILE_BYTES_MAX, TRANSCRIPTION_SECONDS};
use crate::serving::Serving;

/// What a client sent. Unknown fields are ignored, as is `temperature`: decoding is greedy.
#[derive(Debug, Default)]
pub(super) struct TranscriptionForm {
    file: Option<AudioFile>,
    model: String,
    language: String,
    prompt: String,
    response_format: String,
    granularities: Vec<String>,
    stream: bool,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Text,
    Srt,
    Vtt,
    Verbose,
}

/// What is wanted of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) task: Task,
    pub(super) format: Format,
    /// In [`Format::Verbose`]: sentences with their times.
    pub(super) segments: bool,
    /// In [`Format::Verbose`]: words with their times.
    pub(super) words: bool,
    pub(super) stream: bool,
}

/// A request for recognition.
pub(super) struct Job {
    pub(super) file: AudioFile,
    pub(super) wanted: Wanted,
    pub(super) answer: Answer,
}

impl TranscriptionForm {
    /// Reads a form, its file into `folder`.
    pub(super) async fn read(mut form: Form, folder: &Path) -> Result<Self, ApiError> {
        let mut read = Self::default();
        while let Some(field) = form.next().await? {
            let name = field.name().to_owned();
            match name.as_str() {
                "file" => {
                    let file = field.save(folder, AUDIO_FILE_BYTES_MAX).await?;
                    let file = file.ok_or_else(ApiError::message_too_large)?;
                    read.file = Some(AudioFile::Temporary(file));
                }
                "model" => read.model = field.text().await?,
                "language" => read.language = field.text().await?,
                "prompt" => read.prompt = field.text().await?,
                "response_format" => read.response_format = field.text().await?,
                // The packages send lists, raw clients the plain name.
                "timestamp_granularities[]" | "timestamp_granularities" => {
                    read.granularities.push(field.text().await?);
                }
                "stream" => read.stream = field.text().await?.eq_ignore_ascii_case("true"),
                _ => {}
            }
        }
        Ok(read)
    }

    /// What the form asks for.
    pub(super) fn job(self, serving: &Serving, task: Task) -> Result<Job, ApiError> {
        if self.model.is_empty() {
            return Err(ApiError::empty_model());
        }
        let pipeline = serving.pipeline(&self.model)?;
        let translate = task == Task::Translate;
        if translate && !can_translate(&pipeline.recognizer) {
            return Err(ApiError::not_for_recognition());
        }
        let answer = self.answer(task)?;
        let language = match self.language.as_str() {
            "" => None,
            code => Some(Language::parse(code).ok_or_else(|| {
                ApiError::parameter_out_of_range("language is a code of ISO 639-1")
            })?),
        };
        let file = self.file.ok_or_else(|| ApiError::field_required("file"))?;
        let options = StreamOptions {
            languages: language.into_iter().collect(),
            context: self.prompt.into(),
            translate,
            ..StreamOptions::default()
        };
        Ok(Job {
            file,
            wanted: Wanted {
                model: self.model,
                pipeline,
                options,
                seconds: TRANSCRIPTION_SECONDS,
            },
            answer,
        })
    }

    fn answer(&self, task: Task) -> Result<Answer, ApiError> {
        let format = match self.response_format.as_str() {
            "" | "json" => Format::Json,
            "text" => Format::Text,
            "srt" => Format::Srt,
            "vtt" => Format::Vtt,
            "verbose_json" => Format::Verbose,
            _ => {
                let rule = "response_format is json, text, srt, verbose_json or vtt";
                return Err(ApiError::parameter_out_of_range(rule));
            }
        };
        let known = |name: &String| matches!(name.as_str(), "word" | "segment");
        if !self.granularities.iter().all(known) {
            let rule = "timestamp_granularities are word and segment";
            return Err(ApiError::parameter_out_of_range(rule));
        }
        let asked = |wanted: &str| self.granularities.iter().any(|name| name == wanted);
        Ok(Answer {
            task,
            format,
            segments: self.granularities.is_empty() || asked("segment"),
            words: asked("word"),
            stream: self.stream,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(response_format: &str, granularities: &[&str]) -> TranscriptionForm {
        TranscriptionForm {
            response_format: response_format.to_owned(),
            granularities: granularities
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
            ..TranscriptionForm::default()
        }
    }

    #[test]
    fn formats_and_granularities_are_those_of_the_reference() {
        let answer = |format: &str, granularities: &[&str]| {
            form(format, granularities).answer(Task::Transcribe)
        };
        assert_eq!(answer("", &[]).unwrap().format, Format::Json);
        assert_eq!(answer("vtt", &[]).unwrap().format, Format::Vtt);
        let asked = |granularities: &[&str]| {
            let answer = answer("verbose_json", granularities).unwrap();
            (answer.segments, answer.words)
        };
        assert_eq!(asked(&[]), (true, false));
        assert_eq!(asked(&["word"]), (false, true));
        assert_eq!(asked(&["word", "segment"]), (true, true));
        assert!(answer("xml", &[]).is_err() && answer("json", &["phone"]).is_err());
    }

    #[test]
    fn a_model_comes_before_everything_else() {
        let job = form("", &[]).job(&Serving::default(), Task::Translate);
        assert_eq!(job.err(), Some(ApiError::empty_model()));
    }
}
