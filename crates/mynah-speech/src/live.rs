//! A live stream's work: partial text while a sentence grows, final text when it ends.
//!
//! A stream is one task that is run again and again by whichever worker is free, a piece at a
//! time: listening (a millisecond), then at most one decoding, whose deadline tells the scheduler
//! how urgent it is. The stream's state is locked by the worker that runs the task and by nobody
//! else.
//!
//! Two things keep the final text early and the partial text cheap. A sentence is recognised when
//! a pause of [`PAUSE_MS`] is heard, before the pause is long enough to end it; if it does end
//! there, its final text is ready. If speech goes on instead, that text stands in front of the
//! partial text of what follows, so that a long sentence is not decoded again from its start.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mynah_text::Language;

use crate::channel::{Channel, Intake, RecognizedSentence, StreamEvent};
use crate::engines::Engines;
use crate::listener::{Heard, Listener, Span, position_ms};
use crate::pipeline::{Pipeline, StreamOptions};
use crate::polish::{self, Draft};
use crate::scheduler::{Class, Scheduler, Task, lock};
use crate::{
    Effort, Hypothesis, Memo, Partial, SpeechError, Utterance, ms_to_samples, samples_to_ms,
};

/// Audio heard in one go, in milliseconds: about 10 ms of work.
const LISTEN_MS_MAX: u32 = 3_000;
/// The pause after which a sentence is recognised in advance, in milliseconds.
const PAUSE_MS: u32 = 320;
/// The pause after which a complete text ends a sentence that is cut by meaning, in milliseconds.
const SEMANTIC_PAUSE_MS: u32 = 640;
/// Speech before the first partial text, in milliseconds.
const FIRST_PARTIAL_MS: u32 = 480;
/// Speech before its language is worth detecting, in milliseconds.
const DETECTION_MS: u32 = 960;
/// Shortest time between two partial texts, in milliseconds of audio.
const PARTIAL_INTERVAL_MS: u32 = 300;
/// Partial texts may use this part of the time between them on one core: one in this many.
const PARTIAL_SHARE: u32 = 3;
/// Audio waiting beyond this means that the stream comes faster than speech, in milliseconds.
const BEHIND_MS: u32 = 1_000;
/// A live task that is overdue by this much means that the cores are short: text that is only a
/// convenience waits.
const OVERDUE_MAX: Duration = Duration::from_millis(250);

/// How soon listening should happen.
const LISTEN_WITHIN: Duration = Duration::from_millis(20);
/// How soon a final text should be begun.
const FINAL_WITHIN: Duration = Duration::from_millis(50);
/// How soon a text in advance should be begun.
const ADVANCE_WITHIN: Duration = Duration::from_millis(150);
/// How soon a partial text should be begun.
const PARTIAL_WITHIN: Duration = Duration::from_millis(300);

/// The task of a live stream.
pub(crate) struct LiveTask {
    pub(crate) channel: Arc<Channel>,
    state: Mutex<State>,
}

struct State {
    pipeline: Arc<Pipeline>,
    options: StreamOptions,
    listener: Listener,
    /// The language of the newest text.
    language: Option<Language>,
    /// Whether the language of the open sentence has been detected.
    detected: bool,
    /// What the open sentence was recognised as at its newest pause.
    advance: Option<Advance>,
    /// What is known of the speech after `advance`.
    growing: Growing,
    /// Where the speech of the newest text of the open sentence ended; 0 before there is one.
    shown_to: u64,
    /// How long the newest partial text took.
    partial_cost: Duration,
    decode: Option<Decode>,
    finished: bool,
}

/// A sentence recognised up to a pause in it.
struct Advance {
    /// End of the speech before the pause.
    end: u64,
    draft: Draft,
}

/// The speech that was only heard by a recogniser of partial text so far.
#[derive(Default)]
struct Growing {
    memo: Memo,
    shown: Partial,
}

/// A decoding to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decode {
    Partial(Span),
    Advance(Span),
    Final(Span),
}

/// What the stream needs next.
enum Next {
    /// To hear or decode more, within a time.
    Run(Duration),
    /// Audio.
    Rest,
    /// Nothing ever again.
    End,
}

impl LiveTask {
    /// The task of a stream whose audio and events go through `channel`.
    pub(crate) fn new(pipeline: Arc<Pipeline>, options: StreamOptions) -> Self {
        let state = State {
            listener: Listener::new(options.segmentation),
            pipeline,
            options,
            language: None,
            detected: false,
            advance: None,
            growing: Growing::default(),
            shown_to: 0,
            partial_cost: Duration::ZERO,
            decode: None,
            finished: false,
        };
        Self {
            channel: Arc::default(),
            state: Mutex::new(state),
        }
    }

    /// Schedules the task because audio came.
    pub(crate) fn wake(self: &Arc<Self>, scheduler: &Scheduler) {
        scheduler.schedule(Class::Live, LISTEN_WITHIN, self.clone());
    }
}

impl Task for LiveTask {
    fn run(self: Arc<Self>, engines: &mut Engines, scheduler: &Scheduler) {
        if self.channel.is_full() {
            self.channel.pause();
            return;
        }
        let mut state = lock(&self.state);
        let next = match state.advance(&self.channel, engines, scheduler) {
            Ok(next) => next,
            Err(error) => {
                self.channel.emit(StreamEvent::Failed(error));
                Next::End
            }
        };
        let seen_finish = state.finished;
        drop(state);
        match next {
            Next::Run(within) => scheduler.schedule(Class::Live, within, self),
            Next::Rest if self.channel.rest(seen_finish) => self.wake(scheduler),
            Next::Rest | Next::End => {}
        }
    }

    fn fail(&self, error: SpeechError) {
        self.channel.emit(StreamEvent::Failed(error));
    }
}

impl State {
    /// Does the decoding that is due, or else listens until one is.
    fn advance(
        &mut self,
        channel: &Channel,
        engines: &mut Engines,
        scheduler: &Scheduler,
    ) -> Result<Next, SpeechError> {
        let samples_max = if self.decode.is_some() {
            0
        } else {
            ms_to_samples(LISTEN_MS_MAX)
        };
        let Intake::Audio { samples, finished } = channel.take(samples_max) else {
            return Ok(Next::End);
        };
        if let Some(decode) = self.decode.take() {
            self.decode(decode, channel, engines)?;
            return Ok(Next::Run(LISTEN_WITHIN));
        }
        self.listener.add(&samples);
        self.finished = finished;
        self.decode = self.listen(channel, engines, scheduler)?;
        Ok(match self.decode {
            Some(Decode::Final(_)) => Next::Run(FINAL_WITHIN),
            Some(Decode::Advance(_)) => Next::Run(ADVANCE_WITHIN),
            Some(Decode::Partial(_)) => Next::Run(PARTIAL_WITHIN),
            None if finished => {
                channel.emit(StreamEvent::Finished {
                    heard_ms: self.listener.received_ms(),
                });
                Next::End
            }
            None => Next::Rest,
        })
    }

    /// Hears what waits, until a decoding is due.
    fn listen(
        &mut self,
        channel: &Channel,
        engines: &mut Engines,
        scheduler: &Scheduler,
    ) -> Result<Option<Decode>, SpeechError> {
        let silero = engines.voice_activity()?;
        let short_of_cores = scheduler.overdue() > OVERDUE_MAX;
        while let Some(heard) = self.listener.hear(silero)? {
            let due = match heard {
                Heard::Begin => {
                    self.shown_to = 0;
                    self.detected = false;
                    self.growing = Growing::default();
                    let begin = self.listener.sentence().map_or(0, |span| span.begin);
                    channel.emit(StreamEvent::Speech {
                        begin_ms: position_ms(begin),
                    });
                    None
                }
                Heard::End(span) => self.end_of_sentence(span, channel),
                Heard::Window => self.advance_if_due(short_of_cores || self.is_behind(channel)),
            };
            if due.is_some() {
                return Ok(due);
            }
        }
        self.listener.forget_before(None);
        if !self.finished {
            let hurried = short_of_cores || self.is_behind(channel);
            return Ok(if hurried { None } else { self.partial_if_due() });
        }
        while let Some(span) = self.listener.finish(silero)? {
            if let Some(decode) = self.end_of_sentence(span, channel) {
                return Ok(Some(decode));
            }
        }
        Ok(None)
    }

    /// Whether audio waits that could have been heard a while ago: the stream comes faster than
    /// speech, so nobody watches its text grow.
    fn is_behind(&self, channel: &Channel) -> bool {
        channel.waiting() + self.listener.unheard() > ms_to_samples(BEHIND_MS)
    }

    /// The final text of a sentence that ended: at hand, or to be decoded.
    fn end_of_sentence(&mut self, span: Span, channel: &Channel) -> Option<Decode> {
        match self.advance.take() {
            Some(advance) if advance.end == span.end => {
                self.emit_final(span, &advance.draft, None, channel);
                None
            }
            _ => Some(Decode::Final(span)),
        }
    }

    /// Whether the open sentence pauses long enough to be recognised up to here.
    fn advance_if_due(&self, hurried: bool) -> Option<Decode> {
        let span = self.listener.sentence()?;
        let semantic = self.options.segmentation.semantic;
        let wanted = semantic || (self.options.partials && !hurried);
        let known = self
            .advance
            .as_ref()
            .is_some_and(|advance| advance.end == span.end);
        let pause_ms = if semantic {
            SEMANTIC_PAUSE_MS
        } else {
            PAUSE_MS
        };
        (wanted && !known && self.listener.pause_ms() >= pause_ms).then_some(Decode::Advance(span))
    }

    /// Whether the open sentence has grown enough for another partial text.
    fn partial_if_due(&self) -> Option<Decode> {
        let span = self.listener.sentence().filter(|_| self.options.partials)?;
        let cost_ms = self.partial_cost.as_millis() as u32;
        let interval_ms = if self.shown_to == 0 {
            FIRST_PARTIAL_MS
        } else {
            PARTIAL_INTERVAL_MS.max(cost_ms * PARTIAL_SHARE)
        };
        let grown = span.end.saturating_sub(self.shown_to.max(span.begin)) as usize;
        (samples_to_ms(grown) >= interval_ms).then_some(Decode::Partial(span))
    }

    fn decode(
        &mut self,
        decode: Decode,
        channel: &Channel,
        engines: &mut Engines,
    ) -> Result<(), SpeechError> {
        match decode {
            Decode::Partial(span) => self.partial(span, channel, engines),
            Decode::Advance(span) => {
                let draft = self.recognize(span, engines)?;
                self.recognized_in_advance(span, draft, channel);
                Ok(())
            }
            Decode::Final(span) => {
                let draft = self.recognize(span, engines)?;
                self.emit_final(span, &draft, None, channel);
                Ok(())
            }
        }
    }

    /// Recognises a sentence as well as the pipeline can.
    fn recognize(&mut self, span: Span, engines: &mut Engines) -> Result<Draft, SpeechError> {
        let utterance = Utterance {
            samples: self.listener.audio(span.from, span.end),
            language: self.given_language(),
            words: true,
            effort: self.pipeline.effort,
            hot_words: &self.options.hot_words,
            context: &self.options.context,
            translate: false,
        };
        let hypothesis = engines
            .recognizer(&self.pipeline.recognizer)?
            .recognize(&utterance)?;
        if !hypothesis.text.is_empty() {
            self.language = Some(hypothesis.language);
        }
        Ok(Draft::new(hypothesis, position_ms(span.from)))
    }

    fn recognized_in_advance(&mut self, span: Span, draft: Draft, channel: &Channel) {
        let semantic = self.options.segmentation.semantic;
        if semantic && let Some((done, rest)) = draft.split_complete() {
            let cut = rest
                .as_ref()
                .map_or(span.end, |rest| rest.begin().max(span.begin));
            if let Some(span) = self.listener.cut_at(cut) {
                self.shown_to = self.listener.position();
                self.emit_final(span, &done, rest.as_ref(), channel);
                return;
            }
        }
        if !draft.is_empty() && self.options.partials {
            channel.emit(StreamEvent::Partial(self.sentence(span, &draft, false)));
        }
        self.shown_to = span.end;
        self.growing = Growing::default();
        self.advance = Some(Advance {
            end: span.end,
            draft,
        });
    }

    /// Shows what the open sentence sounds like so far.
    fn partial(
        &mut self,
        span: Span,
        channel: &Channel,
        engines: &mut Engines,
    ) -> Result<(), SpeechError> {
        let started = Instant::now();
        self.shown_to = span.end;
        let Some((model, language)) = self.partial_recognizer(span, engines)? else {
            return Ok(());
        };
        let from = self
            .advance
            .as_ref()
            .map_or(span.from, |advance| advance.end);
        let utterance = Utterance {
            samples: self.listener.audio(from, span.end),
            language: Some(language),
            words: false,
            effort: Effort::Fast,
            hot_words: &self.options.hot_words,
            context: &self.options.context,
            translate: false,
        };
        let recognizer = engines.recognizer(&model)?;
        let guess = recognizer.recognize_more(&utterance, &mut self.growing.memo)?;
        self.partial_cost = started.elapsed();
        let text = self.growing.shown.show(&guess.text).to_owned();
        let tail = Draft::new(Hypothesis { text, ..guess }, position_ms(from));
        let draft = match &self.advance {
            Some(advance) => advance.draft.followed_by(tail),
            None => tail,
        };
        if !draft.is_empty() {
            channel.emit(StreamEvent::Partial(self.sentence(span, &draft, false)));
        }
        Ok(())
    }

    /// The recogniser for the open sentence's partial text, if its language is known by now.
    fn partial_recognizer(
        &mut self,
        span: Span,
        engines: &mut Engines,
    ) -> Result<Option<(String, Language)>, SpeechError> {
        let language = match self.given_language() {
            Some(language) => language,
            None => match self.spoken_language(span, engines)? {
                Some(language) => language,
                None => return Ok(None),
            },
        };
        for model in &self.pipeline.partials {
            if engines.recognizer(model)?.supports(language) {
                return Ok(Some((model.clone(), language)));
            }
        }
        Ok(Some((self.pipeline.recognizer.clone(), language)))
    }

    /// The language of the open sentence: detected once there is enough of it, until then that of
    /// the sentence before.
    fn spoken_language(
        &mut self,
        span: Span,
        engines: &mut Engines,
    ) -> Result<Option<Language>, SpeechError> {
        let samples = self.listener.audio(span.from, span.end);
        if self.detected || samples.len() < ms_to_samples(DETECTION_MS) {
            return Ok(self.language);
        }
        self.detected = true;
        let detector = self
            .pipeline
            .detector
            .as_ref()
            .unwrap_or(&self.pipeline.recognizer);
        let found = engines.recognizer(detector)?.detect_language(samples)?;
        let hints = &self.options.languages;
        let found = found.filter(|found| hints.is_empty() || hints.contains(found));
        if found.is_some() && found != self.language {
            // What was shown so far was heard in the wrong language.
            self.growing = Growing::default();
            self.language = found;
        }
        Ok(self.language)
    }

    /// The language, if the stream's owner gave exactly one.
    fn given_language(&self) -> Option<Language> {
        match self.options.languages.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// Reports the end of a sentence, and what follows it after a cut inside running speech.
    fn emit_final(&mut self, span: Span, draft: &Draft, rest: Option<&Draft>, channel: &Channel) {
        self.advance = None;
        self.growing = Growing::default();
        self.listener.forget_before(None);
        let heard_ms = self.listener.received_ms();
        if draft.is_empty() {
            channel.emit(StreamEvent::Nothing { heard_ms });
            return;
        }
        let rest = rest.map(|rest| {
            let end = self.listener.sentence().map_or(span.end, |open| open.end);
            self.sentence(
                Span {
                    from: span.end,
                    begin: span.end,
                    end,
                },
                rest,
                false,
            )
        });
        let sentence = self.sentence(span, draft, true);
        channel.emit(StreamEvent::Final {
            sentence,
            rest,
            heard_ms,
        });
    }

    fn sentence(&self, span: Span, draft: &Draft, ended: bool) -> RecognizedSentence {
        polish::sentence(draft, span, self.options.text, ended)
    }
}
