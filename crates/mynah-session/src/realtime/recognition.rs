//! The audio of a session and what is recognised of it.

use std::time::Duration;

use mynah_wire::ApiError;
use mynah_wire::realtime::Usage;

use super::dialect::{Dialect, Item};
use super::settings::Fault;
use super::{RealtimeRequest, RealtimeSession};
use crate::driver::Action;
use crate::limits::{COMMIT_MS_MIN, UTTERANCES_MAX};
use crate::{AudioFormat, RecognitionEvent, RecognizedText};

/// Audio that the engines recognise as one stream.
pub(super) struct Stretch {
    pub(super) request: RealtimeRequest,
    /// Whether the engines find the utterances in it; otherwise it is one.
    pub(super) vad: bool,
    /// Whether it takes no more audio.
    pub(super) ended: bool,
    pub(super) audio_bytes: u64,
    /// The utterance that is being recognised. In manual mode there is always one, which the
    /// client knows of once the stretch has ended.
    pub(super) item: Option<Item>,
}

impl RealtimeSession {
    pub(super) fn begin_stretch(&mut self) -> Result<(), Fault> {
        if self.stretches.len() >= UTTERANCES_MAX {
            return Err(ApiError::rate_quota().into());
        }
        let vad = self.settings.turns.is_some();
        let stretch = Stretch {
            request: self.settings.request(),
            vad,
            ended: false,
            audio_bytes: 0,
            item: (!vad).then(|| Item::new(self.heard_ms)),
        };
        self.stretches.push_back(stretch);
        if self.stretches.len() == 1 {
            self.begin_recognition();
        }
        Ok(())
    }

    /// Has the engines begin with the first stretch.
    fn begin_recognition(&mut self) {
        let Some(first) = self.stretches.front() else {
            return;
        };
        let request = Box::new(first.request.clone());
        self.actions.push(if self.admitted {
            Action::Renew(request)
        } else {
            Action::Open(request)
        });
        self.admitted = true;
    }

    /// Ends the stretch that takes audio, if there is one. In manual mode that commits it, if it
    /// is long enough, and forgets it otherwise.
    pub(super) fn end_audio(&mut self) {
        let Some(newest) = self.stretches.back_mut().filter(|newest| !newest.ended) else {
            return;
        };
        if !newest.vad && !newest.is_long_enough() {
            return self.clear();
        }
        newest.ended = true;
        self.actions.push(Action::Finish);
        if newest.vad {
            return;
        }
        if let Some(mut item) = newest.item.take() {
            self.announce(&item);
            let text = self.setup.dialect.text(&mut item, &self.settings);
            self.send_all(text);
            if let Some(newest) = self.stretches.back_mut() {
                newest.item = Some(item);
            }
        }
    }

    /// Takes an event of audio in which the engines find the utterances.
    pub(super) fn hear(&mut self, stretch: &mut Stretch, event: RecognitionEvent) {
        match event {
            RecognitionEvent::Speech { begin_ms } => {
                self.open_item(stretch, begin_ms);
            }
            RecognitionEvent::Partial(text) => self.show(stretch, &text),
            RecognitionEvent::Final {
                sentence,
                rest,
                heard_ms,
            } => {
                self.open_item(stretch, sentence.begin_ms);
                if let Some(mut item) = stretch.item.take() {
                    item.end_ms = self.heard_ms + u64::from(sentence.end_ms);
                    item.end_sentence(&sentence.text, sentence.language);
                    self.complete_heard(item, heard_ms);
                }
                if let Some(rest) = rest {
                    self.show(stretch, &rest);
                }
            }
            RecognitionEvent::Nothing { heard_ms } => {
                if let Some(mut item) = stretch.item.take() {
                    item.end_ms = item.end_ms.max(self.heard_ms + heard_ms);
                    self.complete_heard(item, heard_ms);
                }
            }
            RecognitionEvent::Finished { .. } | RecognitionEvent::Failed(_) => {}
        }
    }

    /// Takes an event of audio that is one utterance.
    pub(super) fn transcribe(&mut self, stretch: &mut Stretch, event: &RecognitionEvent) {
        let Some(item) = &mut stretch.item else {
            return;
        };
        match event {
            RecognitionEvent::Partial(text) => item.guess(&text.text, text.language),
            RecognitionEvent::Final { sentence, .. } => {
                item.end_sentence(&sentence.text, sentence.language);
            }
            _ => return,
        }
        if stretch.ended {
            let event = self.setup.dialect.text(item, &self.settings);
            self.send_all(event);
        }
    }

    /// All of a stretch has been recognised, and the next one begins, if there is one.
    pub(super) fn recognized(&mut self, stretch: Stretch, heard_ms: u64, now: Duration) {
        if let Some(item) = stretch.item {
            if stretch.vad {
                self.complete_heard(item, heard_ms);
            } else {
                self.complete(item, heard_ms);
            }
        }
        self.heard_ms += heard_ms;
        self.begin_recognition();
        self.finish_if_done(now);
    }

    /// Ends what is open of a stretch because the session cannot go on.
    pub(super) fn fail_stretch(&mut self, stretch: Stretch, error: &ApiError) {
        let Some(item) = stretch.item.filter(|_| stretch.vad || stretch.ended) else {
            return;
        };
        if stretch.vad {
            self.stop_speech(&item, 0);
        }
        self.send(Dialect::failed(item, error));
    }

    /// The utterance that is being heard, which begins at `begin_ms` of its stretch if there was
    /// none.
    fn open_item<'a>(&mut self, stretch: &'a mut Stretch, begin_ms: u32) -> &'a mut Item {
        stretch.item.get_or_insert_with(|| {
            let item = Item::new(self.heard_ms + u64::from(begin_ms));
            let started = self.setup.dialect.speech_started(&item, &self.settings);
            self.send(started);
            item
        })
    }

    fn show(&mut self, stretch: &mut Stretch, text: &RecognizedText) {
        let item = self.open_item(stretch, text.begin_ms);
        item.end_ms = item.end_ms.max(self.heard_ms + u64::from(text.end_ms));
        item.guess(&text.text, text.language);
        let event = self.setup.dialect.text(item, &self.settings);
        self.send_all(event);
    }

    /// An utterance that the engines found is over. `heard_ms` is how much of its stretch has been
    /// heard.
    fn complete_heard(&mut self, item: Item, heard_ms: u64) {
        self.stop_speech(&item, heard_ms);
        let duration_ms = item.end_ms.saturating_sub(item.begin_ms);
        self.complete(item, duration_ms);
    }

    fn stop_speech(&mut self, item: &Item, heard_ms: u64) {
        let dialect = self.setup.dialect;
        let heard_ms = self.heard_ms + heard_ms;
        let stopped = dialect.speech_stopped(item, &self.settings, heard_ms);
        self.send(stopped);
        self.announce(item);
    }

    /// The audio of an utterance is complete.
    fn announce(&mut self, item: &Item) {
        let events = self
            .setup
            .dialect
            .committed(&item.id, self.previous.as_ref());
        self.send_all(events);
        self.previous = Some(item.id.clone());
    }

    fn complete(&mut self, item: Item, duration_ms: u64) {
        let usage = Usage::of_ms(duration_ms);
        let events = self.setup.dialect.completed(item, &self.settings, usage);
        self.send_all(events);
    }
}

impl Stretch {
    /// Whether there is enough audio to be committed. Of coded audio any is enough.
    pub(super) fn is_long_enough(&self) -> bool {
        let duration_ms = self.duration_ms();
        duration_ms.map_or(self.audio_bytes > 0, |ms| ms >= COMMIT_MS_MIN)
    }

    /// How long the audio is; how much coded audio holds is not known here.
    pub(super) fn duration_ms(&self) -> Option<u64> {
        let sample_bytes = match self.request.format {
            AudioFormat::Pcm => 2,
            AudioFormat::ALaw | AudioFormat::MuLaw => 1,
            _ => return None,
        };
        let samples = self.audio_bytes / sample_bytes;
        Some(samples * 1000 / u64::from(self.request.sample_rate_hz))
    }
}
