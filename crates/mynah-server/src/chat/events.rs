//! A chat's answer in chunks: an empty one with the role, one for each sentence, one that ends the
//! answer, one with the usage if it was asked for, and `[DONE]`.

use mynah_wire::RequestId;
use mynah_wire::chat::{Chunk, ChunkChoice, Delta, Usage};
use mynah_wire::openai::ErrorBody;

use super::{Answer, completion_id, now};
use crate::files::{Recognition, Transcript, count_tokens};
use crate::multimodal::audio_info;
use crate::sse::{self, Events};

/// The chunks of one answer.
pub(super) struct ChatEvents {
    recognition: Recognition,
    transcript: Transcript,
    answer: Answer,
    request_id: RequestId,
    created: u64,
    state: State,
}

/// What comes next.
enum State {
    Role,
    Text,
    Usage,
    Done,
    Ended,
}

impl ChatEvents {
    pub(super) fn new(recognition: Recognition, answer: Answer, request_id: &RequestId) -> Self {
        Self {
            recognition,
            transcript: Transcript::default(),
            answer,
            request_id: request_id.clone(),
            created: now(),
            state: State::Role,
        }
    }

    async fn text(&mut self) -> String {
        match self.recognition.next().await {
            Ok(Some(sentence)) => {
                let added = self.transcript.add(sentence);
                let audio = audio_info(&self.transcript, self.answer.options.as_ref());
                self.chunk(Delta {
                    role: None,
                    content: Some(added),
                    annotations: Some([audio]),
                })
            }
            Ok(None) => {
                self.state = if self.answer.include_usage {
                    State::Usage
                } else {
                    State::Done
                };
                let choice = ChunkChoice {
                    finish_reason: Some("stop"),
                    ..choice(Delta::default())
                };
                self.event(vec![choice], None)
            }
            Err(error) => {
                self.state = State::Ended;
                sse::openai(&ErrorBody::new(&error, self.request_id.clone()))
            }
        }
    }

    fn chunk(&self, delta: Delta) -> String {
        self.event(vec![choice(delta)], None)
    }

    fn event(&self, choices: Vec<ChunkChoice>, usage: Option<Usage>) -> String {
        sse::openai(&Chunk {
            id: completion_id(&self.request_id),
            object: "chat.completion.chunk",
            created: self.created,
            model: self.answer.model.clone(),
            usage,
            choices,
        })
    }
}

fn choice(delta: Delta) -> ChunkChoice {
    ChunkChoice {
        index: 0,
        finish_reason: None,
        logprobs: None,
        delta,
    }
}

impl Events for ChatEvents {
    async fn next(&mut self) -> Option<String> {
        match self.state {
            State::Role => {
                self.state = State::Text;
                Some(self.chunk(Delta {
                    role: Some("assistant"),
                    content: Some(String::new()),
                    annotations: None,
                }))
            }
            State::Text => Some(self.text().await),
            State::Usage => {
                self.state = State::Done;
                let tokens = count_tokens(&self.transcript.text);
                let usage = Usage::new(self.recognition.seconds(), tokens);
                Some(self.event(Vec::new(), Some(usage)))
            }
            State::Done => {
                self.state = State::Ended;
                Some("data: [DONE]\n\n".to_owned())
            }
            State::Ended => None,
        }
    }
}
