//! The two queues between a stream's owner and the workers, both bounded.
//!
//! Audio goes in until [`INBOX_MS_MAX`] of it waits; the owner then stops reading its socket or
//! file. Events come out; a partial result that nobody has taken yet is replaced by the next, and
//! a stream with [`OUTBOX_EVENTS_MAX`] events waiting is not worked on, so that a client that does
//! not read costs nothing but its slot.

use std::collections::VecDeque;
use std::sync::Mutex;

use mynah_text::{Cue, Language, Passage, cues};
use tokio::sync::Notify;

use crate::scheduler::lock;
use crate::{SpeechError, Word, ms_to_samples};

/// Audio that may wait for a worker, in milliseconds.
pub const INBOX_MS_MAX: u32 = 30_000;
/// Events that may wait for the stream's owner.
const OUTBOX_EVENTS_MAX: usize = 64;

/// A sentence as recognised so far. Times are milliseconds from the start of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecognizedSentence {
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

impl RecognizedSentence {
    /// The sentence as subtitles; as one where there are no words with times.
    pub fn cues(&self) -> Vec<Cue> {
        if self.words.is_empty() {
            return vec![Cue {
                begin_ms: self.begin_ms,
                end_ms: self.end_ms,
                text: self.text.clone(),
            }];
        }
        cues(&Passage {
            text: self.text.clone(),
            words: self.words.clone(),
        })
    }
}

/// What a stream reports.
#[derive(Debug)]
pub enum StreamEvent {
    /// Somebody began to speak.
    Speech {
        /// Where, in milliseconds from the start of the stream.
        begin_ms: u32,
    },
    /// The open sentence, which will change.
    Partial(RecognizedSentence),
    /// The open sentence ended with this text.
    Final {
        /// The sentence.
        sentence: RecognizedSentence,
        /// What was already recognised after a cut inside running speech.
        rest: Option<RecognizedSentence>,
        /// Audio heard so far, in milliseconds.
        heard_ms: u64,
    },
    /// The open sentence turned out to hold no words.
    Nothing {
        /// Audio heard so far, in milliseconds.
        heard_ms: u64,
    },
    /// All audio has been recognised. The last event.
    Finished {
        /// Audio heard in all, in milliseconds.
        heard_ms: u64,
    },
    /// An engine failed. The last event.
    Failed(SpeechError),
}

/// What waits on either side of a stream.
#[derive(Default)]
pub(crate) struct Channel {
    inbox: Mutex<Inbox>,
    outbox: Mutex<VecDeque<StreamEvent>>,
    room: Notify,
    event: Notify,
}

#[derive(Default)]
struct Inbox {
    samples: Vec<f32>,
    finished: bool,
    abandoned: bool,
    /// Whether the stream's task is queued or running.
    scheduled: bool,
}

/// What a worker finds when it turns to a stream.
pub(crate) enum Intake {
    /// Audio, possibly none, and whether more may come.
    Audio {
        /// New samples.
        samples: Vec<f32>,
        /// Whether these are the last.
        finished: bool,
    },
    /// Nobody wants the stream any more.
    Abandoned,
}

impl Channel {
    /// Adds audio; true when the stream's task must be scheduled.
    pub(crate) fn push(&self, samples: &[f32]) -> bool {
        let mut inbox = lock(&self.inbox);
        inbox.samples.extend_from_slice(samples);
        !std::mem::replace(&mut inbox.scheduled, true)
    }

    /// Ends the audio; true when the stream's task must be scheduled.
    pub(crate) fn finish(&self) -> bool {
        let mut inbox = lock(&self.inbox);
        inbox.finished = true;
        !std::mem::replace(&mut inbox.scheduled, true)
    }

    /// Gives the stream up. What is queued is dropped by the worker that meets it.
    pub(crate) fn abandon(&self) {
        let mut inbox = lock(&self.inbox);
        inbox.abandoned = true;
        inbox.samples = Vec::new();
    }

    /// Whether the stream was given up.
    pub(crate) fn is_abandoned(&self) -> bool {
        lock(&self.inbox).abandoned
    }

    /// Samples that may be pushed now.
    pub(crate) fn room(&self) -> usize {
        ms_to_samples(INBOX_MS_MAX).saturating_sub(self.waiting())
    }

    /// Samples that wait for a worker.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.inbox).samples.len()
    }

    /// Waits until [`Channel::room`] is not zero.
    pub(crate) async fn wait_for_room(&self) {
        loop {
            let notified = self.room.notified();
            if self.room() > 0 {
                return;
            }
            notified.await;
        }
    }

    /// The next event. Cancel-safe: an event is taken only when it is returned.
    pub(crate) async fn next(&self) -> (StreamEvent, bool) {
        loop {
            let notified = self.event.notified();
            if let Some(taken) = self.take_event() {
                return taken;
            }
            notified.await;
        }
    }

    /// Takes at most `samples_max` samples of what waits.
    pub(crate) fn take(&self, samples_max: usize) -> Intake {
        let mut inbox = lock(&self.inbox);
        if inbox.abandoned {
            return Intake::Abandoned;
        }
        let count = samples_max.min(inbox.samples.len());
        let rest = inbox.samples.split_off(count);
        let samples = std::mem::replace(&mut inbox.samples, rest);
        let finished = inbox.finished && inbox.samples.is_empty();
        drop(inbox);
        self.room.notify_one();
        Intake::Audio { samples, finished }
    }

    /// Ends a task's turn: true when audio came meanwhile and the task must be scheduled again.
    pub(crate) fn rest(&self, seen_finish: bool) -> bool {
        let mut inbox = lock(&self.inbox);
        let more = !inbox.samples.is_empty() || (inbox.finished && !seen_finish);
        inbox.scheduled = more && !inbox.abandoned;
        inbox.scheduled
    }

    /// Whether the owner takes events; a stream that is full rests until it does.
    pub(crate) fn is_full(&self) -> bool {
        lock(&self.outbox).len() >= OUTBOX_EVENTS_MAX
    }

    /// Ends a task's turn because of [`Channel::is_full`].
    pub(crate) fn pause(&self) {
        lock(&self.inbox).scheduled = false;
    }

    /// Schedules a paused stream again: true when it was not scheduled already.
    pub(crate) fn resume(&self) -> bool {
        let mut inbox = lock(&self.inbox);
        !inbox.abandoned && !std::mem::replace(&mut inbox.scheduled, true)
    }

    /// Reports an event.
    pub(crate) fn emit(&self, event: StreamEvent) {
        let mut outbox = lock(&self.outbox);
        if matches!(outbox.back(), Some(StreamEvent::Partial(_)))
            && matches!(event, StreamEvent::Partial(_) | StreamEvent::Final { .. })
        {
            outbox.pop_back();
        }
        outbox.push_back(event);
        drop(outbox);
        self.event.notify_one();
    }

    /// The oldest event, and whether taking it made a full outbox accept events again.
    fn take_event(&self) -> Option<(StreamEvent, bool)> {
        let mut outbox = lock(&self.outbox);
        let was_full = outbox.len() == OUTBOX_EVENTS_MAX;
        outbox.pop_front().map(|event| (event, was_full))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partial(text: &str) -> StreamEvent {
        StreamEvent::Partial(RecognizedSentence {
            begin_ms: 0,
            end_ms: 1,
            text: text.to_owned(),
            words: Vec::new(),
            language: Language::ENGLISH,
        })
    }

    #[test]
    fn only_the_first_push_schedules_until_the_task_rests() {
        let channel = Channel::default();
        assert!(channel.push(&[0.0; 10]));
        assert!(!channel.push(&[0.0; 10]));
        assert!(
            matches!(channel.take(15), Intake::Audio { samples, finished: false } if samples.len() == 15)
        );
        assert!(channel.rest(false), "five samples are left");
        assert!(!channel.finish());
        assert!(
            matches!(channel.take(15), Intake::Audio { samples, finished: true } if samples.len() == 5)
        );
        assert!(!channel.rest(true));
        assert!(channel.push(&[0.0]));
    }

    #[test]
    fn the_inbox_has_room_for_its_limit_and_no_more() {
        let channel = Channel::default();
        channel.push(&vec![0.0; ms_to_samples(INBOX_MS_MAX) - 1]);
        assert_eq!(channel.room(), 1);
        channel.push(&[0.0; 2]);
        assert_eq!(channel.room(), 0);
        channel.abandon();
        assert!(matches!(channel.take(1), Intake::Abandoned));
    }

    #[tokio::test]
    async fn a_partial_nobody_took_is_replaced() {
        let channel = Channel::default();
        channel.emit(StreamEvent::Speech { begin_ms: 0 });
        channel.emit(partial("a"));
        channel.emit(partial("a b"));
        assert!(matches!(
            channel.next().await.0,
            StreamEvent::Speech { begin_ms: 0 }
        ));
        assert!(matches!(channel.next().await.0, StreamEvent::Partial(s) if s.text == "a b"));
    }
}
