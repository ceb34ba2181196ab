//! One recognition task: its results as messages, and its timers.

use std::time::Duration;

use mynah_text::{Language, Word};
use mynah_wire::inference::{self as wire, Sentence, ServerMessage, Usage};
use mynah_wire::{ApiError, TaskId};

use crate::limits::{HEARTBEAT_INTERVAL, INPUT_GAP_MAX, SILENCE_MAX};
use crate::{Family, RecognitionRequest};

/// What the engines report of a task.
#[derive(Clone, Debug, PartialEq)]
pub enum RecognitionEvent {
    /// Somebody began to speak.
    Speech {
        /// Where, in milliseconds from the start of the task's audio.
        begin_ms: u32,
    },
    /// The open sentence so far.
    Partial(RecognizedText),
    /// The open sentence ended.
    Final {
        /// Its text.
        sentence: RecognizedText,
        /// What is already known of the next one, after a cut inside running speech.
        rest: Option<RecognizedText>,
        /// Audio heard so far, in milliseconds.
        heard_ms: u64,
    },
    /// The open sentence turned out to hold no words.
    Nothing {
        /// Audio heard so far, in milliseconds.
        heard_ms: u64,
    },
    /// All audio has been recognised.
    Finished {
        /// Audio heard in all, in milliseconds; 0 when none could be decoded.
        heard_ms: u64,
    },
    /// The task cannot go on.
    Failed(ApiError),
}

/// A sentence as recognised so far. Times are milliseconds from the start of the task's audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecognizedText {
    /// Where its speech begins.
    pub begin_ms: u32,
    /// Where its speech ends, or has come to.
    pub end_ms: u32,
    /// The text.
    pub text: String,
    /// The words of the text, empty where the recogniser gives no times.
    pub words: Vec<Word>,
    /// The language it was recognised in.
    pub language: Language,
}

/// A task that was asked for.
#[derive(Debug)]
pub(crate) struct Task {
    id: TaskId,
    family: Family,
    heartbeat: bool,
    partials: bool,
    /// Sentences that have ended.
    sentences: u32,
    /// Where the open sentence begins, in milliseconds, once it has been announced.
    announced: Option<u32>,
    /// When the client was heard last; `None` while its input is not read.
    input_at: Option<Duration>,
    /// Since when there has been silence; `None` while somebody speaks.
    quiet_since: Option<Duration>,
    heartbeat_at: Duration,
}

impl Task {
    /// A task asked for at `now`.
    pub(crate) fn new(request: &RecognitionRequest, now: Duration) -> Self {
        Self {
            id: request.task_id.clone(),
            family: request.family,
            heartbeat: request.heartbeat,
            partials: request.partials,
            sentences: 0,
            announced: None,
            input_at: Some(now),
            quiet_since: Some(now),
            heartbeat_at: now,
        }
    }

    /// The client's id for it.
    pub(crate) fn id(&self) -> &TaskId {
        &self.id
    }

    /// The task begins: its timers run from here.
    pub(crate) fn started(&mut self, now: Duration) -> ServerMessage {
        self.input_at = Some(now);
        self.quiet_since = Some(now);
        self.heartbeat_at = now;
        ServerMessage::task_started(self.id.clone())
    }

    /// The task ends.
    pub(crate) fn finished(&self, heard_ms: u64) -> ServerMessage {
        let reports_usage = matches!(self.family, Family::QwenStreaming | Family::QwenMessage);
        ServerMessage::task_finished(self.id.clone(), reports_usage.then(|| usage(heard_ms)))
    }

    /// The client sent something.
    pub(crate) fn heard_from_client(&mut self, now: Duration) {
        self.input_at = Some(now);
    }

    /// The client is not being read.
    pub(crate) fn pause_input(&mut self) {
        self.input_at = None;
    }

    /// The messages that report an event.
    pub(crate) fn results(&mut self, event: RecognitionEvent, now: Duration) -> Vec<ServerMessage> {
        match event {
            RecognitionEvent::Speech { .. } => self.quiet_since = None,
            RecognitionEvent::Nothing { heard_ms } => {
                self.quiet_since = Some(now);
                return self.ended_without_words(heard_ms).into_iter().collect();
            }
            RecognitionEvent::Partial(text) => {
                self.quiet_since = None;
                if self.partials {
                    return self.growing(&text);
                }
            }
            RecognitionEvent::Final {
                sentence,
                rest,
                heard_ms,
            } => {
                self.quiet_since = rest.is_none().then_some(now);
                return self.ended(&sentence, rest.as_ref(), heard_ms);
            }
            RecognitionEvent::Finished { .. } | RecognitionEvent::Failed(_) => {}
        }
        Vec::new()
    }

    /// Fails the task when a timer has run out; returns a heartbeat when one is due.
    pub(crate) fn on_timer(&mut self, now: Duration) -> Result<Option<ServerMessage>, ApiError> {
        if self.input_at.is_some_and(|at| now >= at + INPUT_GAP_MAX) {
            return Err(ApiError::request_timeout());
        }
        let Some(quiet_since) = self.quiet_since else {
            return Ok(None);
        };
        if !self.heartbeat {
            let expired = now >= quiet_since + SILENCE_MAX;
            return if expired {
                Err(ApiError::response_timeout())
            } else {
                Ok(None)
            };
        }
        if now < self.heartbeat_at.max(quiet_since) + HEARTBEAT_INTERVAL {
            return Ok(None);
        }
        self.heartbeat_at = now;
        let sentence = Sentence {
            heartbeat: true,
            ..Sentence::default()
        };
        Ok(Some(ServerMessage::result_generated(
            self.id.clone(),
            sentence,
            None,
        )))
    }

    /// When [`Task::on_timer`] should be called next.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        let input = self.input_at.map(|at| at + INPUT_GAP_MAX);
        let quiet = self.quiet_since.map(|since| {
            if self.heartbeat {
                self.heartbeat_at.max(since) + HEARTBEAT_INTERVAL
            } else {
                since + SILENCE_MAX
            }
        });
        input.into_iter().chain(quiet).min()
    }

    fn growing(&mut self, text: &RecognizedText) -> Vec<ServerMessage> {
        let mut messages = self.announce(text.begin_ms);
        let sentence = Sentence {
            sentence_id: self.sentences + 1,
            begin_time: text.begin_ms,
            text: text.text.clone(),
            words: words(text, false),
            ..Sentence::default()
        };
        messages.push(ServerMessage::result_generated(
            self.id.clone(),
            sentence,
            None,
        ));
        messages
    }

    fn ended(
        &mut self,
        text: &RecognizedText,
        rest: Option<&RecognizedText>,
        heard_ms: u64,
    ) -> Vec<ServerMessage> {
        let mut messages = if self.partials {
            self.announce(text.begin_ms)
        } else {
            Vec::new()
        };
        self.announced = None;
        self.sentences += 1;
        let stash = rest.map(|rest| wire::Stash {
            sentence_id: self.sentences + 1,
            text: rest.text.clone(),
            begin_time: rest.begin_ms,
            current_time: rest.end_ms,
            words: words(rest, false),
        });
        let sentence = Sentence {
            sentence_id: self.sentences,
            begin_time: text.begin_ms,
            end_time: Some(text.end_ms),
            text: text.text.clone(),
            sentence_end: true,
            words: words(text, true),
            stash,
            ..Sentence::default()
        };
        let usage = Some(usage(heard_ms));
        messages.push(ServerMessage::result_generated(
            self.id.clone(),
            sentence,
            usage,
        ));
        messages
    }

    /// Takes back a sentence whose partial text turned out to be no speech: its final text is
    /// empty.
    fn ended_without_words(&mut self, heard_ms: u64) -> Option<ServerMessage> {
        let begin_ms = self.announced.take()?;
        self.sentences += 1;
        let sentence = Sentence {
            sentence_id: self.sentences,
            begin_time: begin_ms,
            end_time: Some(begin_ms),
            sentence_end: true,
            ..Sentence::default()
        };
        Some(ServerMessage::result_generated(
            self.id.clone(),
            sentence,
            Some(usage(heard_ms)),
        ))
    }

    /// The message that opens a sentence, unless it has been sent.
    fn announce(&mut self, begin_ms: u32) -> Vec<ServerMessage> {
        if self.announced.replace(begin_ms).is_some() {
            return Vec::new();
        }
        let sentence = Sentence {
            sentence_id: self.sentences + 1,
            begin_time: begin_ms,
            sentence_begin: true,
            ..Sentence::default()
        };
        vec![ServerMessage::result_generated(
            self.id.clone(),
            sentence,
            None,
        )]
    }
}

/// Words as the wire has them: in languages with blanks, a blank follows each word, or the marks
/// behind it, so that joining all words spells the text.
fn words(text: &RecognizedText, fixed: bool) -> Vec<wire::Word> {
    let last = text.words.len().saturating_sub(1);
    let one = |(index, word): (usize, &Word)| {
        let mut wire = wire::Word {
            begin_time: word.begin_ms,
            end_time: word.end_ms,
            text: word.text.clone(),
            punctuation: word.punctuation.clone(),
            fixed,
            speaker_id: None,
        };
        if index != last && !text.language.is_spaceless() {
            let tail = if wire.punctuation.is_empty() {
                &mut wire.text
            } else {
                &mut wire.punctuation
            };
            tail.push(' ');
        }
        wire
    };
    text.words.iter().enumerate().map(one).collect()
}

/// Whole seconds, begun ones counted.
fn usage(heard_ms: u64) -> Usage {
    Usage {
        duration: heard_ms.div_ceil(1000) as u32,
    }
}
