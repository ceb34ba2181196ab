//! A file's work: the whole of it is heard first to last, and its sentences are recognised by as
//! many workers as files may use, each sentence at the accurate setting.
//!
//! Sentences come out in order. How many may be under way at once is bounded, so that a file of
//! any length takes constant memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::channel::{Channel, Intake, StreamEvent};
use crate::engines::Engines;
use crate::listener::{Heard, Listener, Span, position_ms};
use crate::pipeline::{Pipeline, StreamOptions};
use crate::polish::{self, Draft};
use crate::scheduler::{Class, Scheduler, Task, lock};
use crate::{Effort, SpeechError, Utterance, can_translate, ms_to_samples};

/// Audio heard in one go, in milliseconds.
const LISTEN_MS_MAX: u32 = 10_000;
/// Sentences of one file that may wait for or be in recognition.
const SENTENCES_UNDER_WAY_MAX: usize = 16;
/// How soon a file's next piece should be begun; among themselves files take turns.
const WITHIN: Duration = Duration::from_secs(1);

/// The task of a file that is heard.
pub(crate) struct FileTask {
    pub(crate) channel: Arc<Channel>,
    pipeline: Arc<Pipeline>,
    options: StreamOptions,
    listener: Mutex<Listener>,
    order: Mutex<Order>,
}

/// The order of sentences, and which are done.
#[derive(Default)]
struct Order {
    begun: u64,
    reported: u64,
    done: BTreeMap<u64, StreamEvent>,
    /// Length of the file in milliseconds, once all of it has been heard.
    heard_all_ms: Option<u64>,
    /// Whether the last event has been reported.
    ended: bool,
}

/// One sentence of a file.
struct Sentence {
    file: Arc<FileTask>,
    number: u64,
    span: Span,
    heard_ms: u64,
    samples: Vec<f32>,
}

impl FileTask {
    /// The task of a file whose audio and events go through its channel.
    pub(crate) fn new(pipeline: Arc<Pipeline>, options: StreamOptions) -> Self {
        Self {
            channel: Arc::default(),
            listener: Mutex::new(Listener::new(options.segmentation)),
            pipeline,
            options,
            order: Mutex::default(),
        }
    }

    /// Schedules the task because audio came.
    pub(crate) fn wake(self: &Arc<Self>, scheduler: &Scheduler) {
        scheduler.schedule(Class::File, WITHIN, self.clone());
    }

    /// Hears what came, and begins the sentences that ended in it. Returns the milliseconds heard.
    fn listen(
        self: &Arc<Self>,
        engines: &mut Engines,
        scheduler: &Scheduler,
        samples: &[f32],
        finished: bool,
    ) -> Result<u64, SpeechError> {
        let mut listener = lock(&self.listener);
        let silero = engines.voice_activity()?;
        listener.add(samples);
        while let Some(heard) = listener.hear(silero)? {
            if let Heard::End(span) = heard {
                self.begin(&listener, span, scheduler);
            }
        }
        if finished {
            while let Some(span) = listener.finish(silero)? {
                self.begin(&listener, span, scheduler);
            }
        }
        listener.forget_before(None);
        Ok(listener.received_ms())
    }

    fn begin(self: &Arc<Self>, listener: &Listener, span: Span, scheduler: &Scheduler) {
        let mut order = lock(&self.order);
        let sentence = Sentence {
            file: self.clone(),
            number: order.begun,
            span,
            heard_ms: listener.received_ms(),
            samples: listener.audio(span.from, span.end).to_vec(),
        };
        order.begun += 1;
        drop(order);
        scheduler.schedule(Class::File, WITHIN, Arc::new(sentence));
    }

    /// Notes a recognised sentence, and reports what is due in order.
    fn done(self: &Arc<Self>, number: u64, event: StreamEvent, scheduler: &Scheduler) {
        let mut order = lock(&self.order);
        order.done.insert(number, event);
        while let Some(event) = order.next() {
            self.channel.emit(event);
        }
        self.report_end(&mut order);
        drop(order);
        self.resume(scheduler);
    }

    /// Goes on hearing after a pause.
    pub(crate) fn resume(self: &Arc<Self>, scheduler: &Scheduler) {
        if self.channel.resume() {
            self.wake(scheduler);
        }
    }

    fn report_end(&self, order: &mut Order) {
        if let Some(heard_ms) = order.heard_all_ms
            && order.reported == order.begun
            && !std::mem::replace(&mut order.ended, true)
        {
            self.channel.emit(StreamEvent::Finished { heard_ms });
        }
    }

    fn under_way(&self) -> usize {
        let order = lock(&self.order);
        (order.begun - order.reported) as usize
    }
}

impl Order {
    fn next(&mut self) -> Option<StreamEvent> {
        let event = self.done.remove(&self.reported)?;
        self.reported += 1;
        Some(event)
    }
}

impl Task for FileTask {
    fn run(self: Arc<Self>, engines: &mut Engines, scheduler: &Scheduler) {
        if self.channel.is_full() || self.under_way() >= SENTENCES_UNDER_WAY_MAX {
            self.channel.pause();
            return;
        }
        let Intake::Audio { samples, finished } = self.channel.take(ms_to_samples(LISTEN_MS_MAX))
        else {
            return;
        };
        match self.listen(engines, scheduler, &samples, finished) {
            Ok(heard_ms) if finished => {
                let mut order = lock(&self.order);
                order.heard_all_ms = Some(heard_ms);
                self.report_end(&mut order);
            }
            Ok(_) if self.channel.rest(false) => self.wake(scheduler),
            Ok(_) => {}
            Err(error) => self.fail(error),
        }
    }

    fn fail(&self, error: SpeechError) {
        let mut order = lock(&self.order);
        if !std::mem::replace(&mut order.ended, true) {
            self.channel.emit(StreamEvent::Failed(error));
        }
    }
}

impl Task for Sentence {
    fn run(self: Arc<Self>, engines: &mut Engines, scheduler: &Scheduler) {
        if self.file.channel.is_abandoned() {
            return;
        }
        match self.recognize(engines) {
            Ok(event) => self.file.done(self.number, event, scheduler),
            Err(error) => self.file.fail(error),
        }
    }

    fn fail(&self, error: SpeechError) {
        self.file.fail(error);
    }
}

impl Sentence {
    fn recognize(&self, engines: &mut Engines) -> Result<StreamEvent, SpeechError> {
        let options = &self.file.options;
        let utterance = Utterance {
            samples: &self.samples,
            language: match options.languages.as_slice() {
                [only] => Some(*only),
                _ => None,
            },
            words: !options.translate,
            effort: Effort::Accurate,
            hot_words: &options.hot_words,
            context: &options.context,
            translate: options.translate,
        };
        let model = &self.file.pipeline.recognizer;
        if options.translate && !can_translate(model) {
            let what = format!("translation with the model {model}");
            return Err(SpeechError::Unsupported(what));
        }
        let recognizer = engines.recognizer(model)?;
        let draft = Draft::new(
            recognizer.recognize(&utterance)?,
            position_ms(self.span.from),
        );
        if draft.is_empty() {
            return Ok(StreamEvent::Nothing {
                heard_ms: self.heard_ms,
            });
        }
        let sentence = polish::sentence(&draft, self.span, options.text, true);
        Ok(StreamEvent::Final {
            sentence,
            rest: None,
            heard_ms: self.heard_ms,
        })
    }
}
