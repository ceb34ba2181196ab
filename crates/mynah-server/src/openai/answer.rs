//! The answer to a transcription or translation, in each of its formats and as a stream.

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use mynah_speech::RecognizedSentence;
use mynah_text::{Cue, Language, to_srt, to_vtt};
use mynah_wire::openai::{
    DurationUsage, ErrorBody, Segment, StreamEvent, TimedWord, TokenUsage, Transcription,
    VerboseTranscription, seconds,
};
use mynah_wire::{ApiError, RequestId};

use super::Task;
use super::form::{Answer, Format};
use crate::App;
use crate::files::{Recognition, Transcript, count_tokens};
use crate::http::with_request_id;
use crate::sse::{self, Events};

/// Answers with everything at once, or with an event for each sentence.
pub(super) async fn answer(
    app: &App,
    mut recognition: Recognition,
    answer: Answer,
) -> Result<Response, ApiError> {
    let request_id = RequestId::random();
    if answer.stream {
        recognition.await_first().await?;
        let events = TranscriptionEvents {
            recognition: Some(recognition),
            transcript: Transcript::default(),
            request_id: request_id.clone(),
        };
        return Ok(sse::answer(app, events, &request_id));
    }
    let length_ms = recognition.length_ms();
    let transcript = recognition.finish().await?;
    Ok(with_request_id(
        write(&transcript, length_ms, answer),
        &request_id,
    ))
}

fn write(transcript: &Transcript, length_ms: u64, answer: Answer) -> Response {
    // The reference knows no usage of translations.
    let usage =
        (answer.task == Task::Transcribe).then(|| DurationUsage::new(length_ms.div_ceil(1000)));
    match answer.format {
        Format::Json => Json(Transcription {
            text: transcript.text.clone(),
            usage,
        })
        .into_response(),
        Format::Text => plain(transcript.text.clone() + "\n"),
        Format::Srt => plain(to_srt(&cues(transcript))),
        Format::Vtt => plain(to_vtt(&cues(transcript))),
        Format::Verbose => {
            let verbose = verbose(transcript, length_ms, answer, usage);
            Json(verbose).into_response()
        }
    }
}

fn plain(text: String) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

fn cues(transcript: &Transcript) -> Vec<Cue> {
    let sentences = transcript.sentences.iter();
    sentences.flat_map(RecognizedSentence::cues).collect()
}

fn verbose(
    transcript: &Transcript,
    length_ms: u64,
    answer: Answer,
    usage: Option<DurationUsage>,
) -> VerboseTranscription {
    let sentences = || transcript.sentences.iter();
    let segment = |(id, sentence): (usize, &RecognizedSentence)| {
        Segment::new(
            id,
            sentence.begin_ms,
            sentence.end_ms,
            sentence.text.clone(),
        )
    };
    let word = |word: &mynah_speech::Word| TimedWord {
        word: word.text.clone(),
        start: seconds(word.begin_ms.into()),
        end: seconds(word.end_ms.into()),
    };
    VerboseTranscription {
        task: match answer.task {
            Task::Transcribe => "transcribe",
            Task::Translate => "translate",
        },
        // The reference has no word for silence.
        language: transcript.language().unwrap_or(Language::ENGLISH).name(),
        duration: seconds(length_ms),
        text: transcript.text.clone(),
        segments: answer
            .segments
            .then(|| sentences().enumerate().map(segment).collect()),
        words: answer.words.then(|| {
            sentences()
                .flat_map(|sentence| &sentence.words)
                .map(word)
                .collect()
        }),
        usage,
    }
}

/// An event for each sentence, and one with the whole text.
struct TranscriptionEvents {
    /// `None` after the last event.
    recognition: Option<Recognition>,
    transcript: Transcript,
    request_id: RequestId,
}

impl Events for TranscriptionEvents {
    async fn next(&mut self) -> Option<String> {
        let recognition = self.recognition.as_mut()?;
        let seconds = recognition.seconds();
        match recognition.next().await {
            Ok(Some(sentence)) => {
                let delta = self.transcript.add(sentence);
                Some(sse::openai(&StreamEvent::Delta { delta }))
            }
            Ok(None) => {
                self.recognition = None;
                let text = std::mem::take(&mut self.transcript.text);
                let usage = TokenUsage::new(seconds, count_tokens(&text));
                Some(sse::openai(&StreamEvent::Done { text, usage }))
            }
            Err(error) => {
                self.recognition = None;
                let body = ErrorBody::new(&error, self.request_id.clone());
                Some(sse::openai(&body))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use mynah_speech::Word;
    use serde_json::{Value, json};

    use super::*;

    fn transcript() -> Transcript {
        let word = |text: &str, punctuation: &str, begin_ms| Word {
            text: text.to_owned(),
            punctuation: punctuation.to_owned(),
            begin_ms,
            end_ms: begin_ms + 200,
        };
        let mut transcript = Transcript::default();
        transcript.add(RecognizedSentence {
            begin_ms: 300,
            end_ms: 900,
            text: "It is.".to_owned(),
            words: vec![word("It", " ", 300), word("is", ".", 600)],
            language: Language::ENGLISH,
        });
        transcript
    }

    async fn body(format: Format, task: Task) -> String {
        let answer = Answer {
            task,
            format,
            segments: true,
            words: true,
            stream: false,
        };
        let response = write(&transcript(), 1200, answer);
        let bytes = to_bytes(response.into_body(), 1 << 16).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn formats_are_written_as_the_reference_shows_them() {
        assert_eq!(
            serde_json::from_str::<Value>(&body(Format::Json, Task::Transcribe).await).unwrap(),
            json!({"text": "It is.", "usage": {"type": "duration", "seconds": 2}})
        );
        assert_eq!(body(Format::Text, Task::Transcribe).await, "It is.\n");
        assert_eq!(
            body(Format::Srt, Task::Transcribe).await,
            "1\n00:00:00,300 --> 00:00:00,800\nIt is.\n\n"
        );
        assert!(
            body(Format::Vtt, Task::Transcribe)
                .await
                .starts_with("WEBVTT\n")
        );
        assert_eq!(
            serde_json::from_str::<Value>(&body(Format::Verbose, Task::Translate).await).unwrap(),
            json!({"task": "translate", "language": "english", "duration": 1.2, "text": "It is.",
                   "segments": [{"id": 0, "seek": 30, "start": 0.3, "end": 0.9, "text": "It is.",
                                 "tokens": [], "temperature": 0.0, "avg_logprob": 0.0,
                                 "compression_ratio": 1.0, "no_speech_prob": 0.0}],
                   "words": [{"word": "It", "start": 0.3, "end": 0.5},
                             {"word": "is", "start": 0.6, "end": 0.8}]})
        );
    }
}
