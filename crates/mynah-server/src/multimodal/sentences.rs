//! `qwen-audio-3.*-asr-flash` and `fun-asr-flash-*`: audio and turns of text in, text and sentences
//! out.

use axum::response::Response;
use mynah_speech::{RecognizedSentence, StreamOptions};
use mynah_text::Language;
use mynah_wire::multimodal::{
    DurationUsage, Message, Parameters, Response as Body, Sentence, SentenceOutput, Word,
};
use mynah_wire::{ApiError, RequestId};

use crate::App;
use crate::files::{Recognition, Transcript};
use crate::sse::{self, Events, Numbered};

/// The text that says what to expect, and the audio.
pub(super) fn read(
    messages: Vec<Message>,
    parameters: &Parameters,
) -> Result<(String, String), ApiError> {
    if parameters.format.as_ref().is_none_or(String::is_empty) {
        return Err(ApiError::format_empty());
    }
    let (mut context, mut audio) = (Vec::new(), None);
    for item in messages.into_iter().flat_map(|message| message.content) {
        context.extend(item.text.filter(|text| !text.is_empty()));
        if let Some(found) = item.input_audio
            && audio.replace(found.data).is_some()
        {
            return Err(ApiError::not_for_recognition());
        }
    }
    let audio = audio.ok_or_else(ApiError::empty_audio)?;
    Ok((context.join(" "), audio))
}

/// What the parameters ask of the recognisers. Unknown hints are left out, as in live recognition.
pub(super) fn stream_options(parameters: &Parameters, context: String) -> StreamOptions {
    let hints = parameters.language_hints.iter().flatten();
    StreamOptions {
        languages: hints.filter_map(|code| Language::parse(code)).collect(),
        context: context.into(),
        ..StreamOptions::default()
    }
}

/// Answers with everything at once, or with an event for each sentence.
pub(super) async fn answer(
    app: &App,
    mut recognition: Recognition,
    stream: bool,
) -> Result<Response, ApiError> {
    if stream {
        recognition.await_first().await?;
        let request_id = RequestId::random();
        let events = SentenceEvents {
            recognition: Some(recognition),
            transcript: Transcript::default(),
            numbered: Numbered::default(),
            request_id: request_id.clone(),
        };
        return Ok(sse::answer(app, events, &request_id));
    }
    let usage = DurationUsage {
        duration: recognition.seconds(),
    };
    let transcript = recognition.finish().await?;
    let output = SentenceOutput {
        sentence: whole(&transcript),
        text: transcript.text,
    };
    Ok(super::respond(output, usage))
}

/// The whole text as one sentence.
fn whole(transcript: &Transcript) -> Option<Sentence> {
    let (first, last) = (transcript.sentences.first()?, transcript.sentences.last()?);
    let words = transcript.sentences.iter().flat_map(words);
    Some(Sentence {
        sentence_id: 1,
        sentence_end: true,
        begin_time: first.begin_ms,
        end_time: last.end_ms,
        text: transcript.text.clone(),
        words: words.collect(),
    })
}

fn words(sentence: &RecognizedSentence) -> impl Iterator<Item = Word> {
    sentence.words.iter().map(|word| Word {
        begin_time: word.begin_ms,
        end_time: word.end_ms,
        text: word.text.clone(),
        punctuation: word.punctuation.clone(),
    })
}

/// An event for each sentence; one without a sentence where nothing was heard.
struct SentenceEvents {
    /// `None` after the last event.
    recognition: Option<Recognition>,
    transcript: Transcript,
    numbered: Numbered,
    request_id: RequestId,
}

impl Events for SentenceEvents {
    async fn next(&mut self) -> Option<String> {
        let recognition = self.recognition.as_mut()?;
        let duration = recognition.seconds();
        match recognition.next().await {
            Ok(Some(sentence)) => {
                self.transcript.add(sentence);
                Some(self.event(duration))
            }
            Ok(None) => {
                self.recognition = None;
                let nothing = self.transcript.sentences.is_empty();
                nothing.then(|| self.event(duration))
            }
            Err(error) => {
                self.recognition = None;
                Some(self.numbered.error(&error, &self.request_id))
            }
        }
    }
}

impl SentenceEvents {
    /// All text so far, and the newest sentence.
    fn event(&mut self, duration: u64) -> String {
        let sentences = &self.transcript.sentences;
        let newest = sentences.last().map(|newest| Sentence {
            sentence_id: sentences.len() as u32,
            sentence_end: true,
            begin_time: newest.begin_ms,
            end_time: newest.end_ms,
            text: newest.text.clone(),
            words: words(newest).collect(),
        });
        self.numbered.result(&Body {
            output: SentenceOutput {
                text: self.transcript.text.clone(),
                sentence: newest,
            },
            usage: DurationUsage { duration },
            request_id: self.request_id.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sentence(text: &str, begin_ms: u32) -> RecognizedSentence {
        RecognizedSentence {
            begin_ms,
            end_ms: begin_ms + 500,
            text: text.to_owned(),
            words: vec![mynah_speech::Word {
                begin_ms,
                end_ms: begin_ms + 400,
                text: text.trim_end_matches('.').to_owned(),
                punctuation: ".".to_owned(),
            }],
            language: Language::ENGLISH,
        }
    }

    fn wire(text: &str, id: u32, begin: u32) -> Value {
        json!({"sentence_id": id, "sentence_end": true, "begin_time": begin,
               "end_time": begin + 500, "text": text, "words": [
                   {"begin_time": begin, "end_time": begin + 400,
                    "text": text.trim_end_matches('.'), "punctuation": "."}]})
    }

    #[test]
    fn an_event_has_all_text_and_the_newest_sentence() {
        let mut events = SentenceEvents {
            recognition: None,
            transcript: Transcript::default(),
            numbered: Numbered::default(),
            request_id: RequestId::random(),
        };
        events.transcript.add(sentence("Yes.", 100));
        events.event(3);
        events.transcript.add(sentence("No.", 2000));
        let event = events.event(3);
        let (head, data) = event.split_once("data:").unwrap();
        assert_eq!(head, "id:2\nevent:result\n:HTTP_STATUS/200\n");
        assert_eq!(
            serde_json::from_str::<Value>(data).unwrap(),
            json!({"output": {"text": "Yes. No.", "sentence": wire("No.", 2, 2000)},
                   "usage": {"duration": 3}, "request_id": events.request_id})
        );
        let whole = serde_json::to_value(whole(&events.transcript)).unwrap();
        assert_eq!(whole["text"], "Yes. No.");
        assert_eq!([&whole["begin_time"], &whole["end_time"]], [100, 2500]);
        assert_eq!(whole["words"].as_array().unwrap().len(), 2);
    }
}
