//! One connection to `/api-ws/v1/realtime`, or to OpenAI's `/v1/realtime`, that recognises speech.
//!
//! One machine for all dialects: what happens is decided here, how it is said in [`dialect`]. In
//! VAD mode one stream of audio is cut into utterances by the engines; in manual mode the client
//! commits them. Either way the audio is a queue of stretches, each recognised as one stream of
//! the engines, one after the other in the same slot, which is taken at the first audio.
//!
//! Invariants, for any input: the session's creation comes first; of an item, `speech_started`,
//! `speech_stopped`, `committed`, its creation and exactly one of `completed` and `failed` come in
//! this order (the first two in VAD mode only), and no item is committed without that end; its
//! `text` is only ever appended to, and all its deltas make its transcript; `session.finished`
//! comes last, and only after `session.finish`.

mod dialect;
mod growing;
mod openai;
mod qwen;
mod recognition;
mod settings;

use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use mynah_wire::realtime::{ClientEvent, ErrorDetail, ServerEvent, Stamped, kind};
use mynah_wire::{ApiError, ItemId, SessionId};

use self::recognition::Stretch;
use self::settings::{Fault, Settings};
use crate::RecognitionEvent;
use crate::driver::{Action, Close, Session};
use crate::limits::{
    APPEND_CHARACTERS_MAX, EVENT_BYTES_MAX, REALTIME_GRACE, REALTIME_IDLE_MAX, REALTIME_SESSION_MAX,
};

pub use self::dialect::Dialect;
pub use self::settings::RealtimeRequest;

/// What the driver of a [`RealtimeSession`] must do.
pub type RealtimeAction = Action<Stamped, RealtimeRequest>;

/// Says whether a model id is served.
pub type ModelCheck = Box<dyn Fn(&str) -> Result<(), ApiError> + Send + Sync>;

/// Some clients leave out the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a connection asked for when it opened.
pub struct Setup {
    /// Which protocol it speaks.
    pub dialect: Dialect,
    /// The model in its address.
    pub model: Option<String>,
    /// When it ends at the latest, in seconds of Unix time.
    pub expires_at_s: u64,
    /// Which models it may name.
    pub check_model: ModelCheck,
}

/// The state machine of one connection.
pub struct RealtimeSession {
    id: SessionId,
    setup: Setup,
    settings: Settings,
    phase: Phase,
    /// Whether a slot is held.
    admitted: bool,
    /// The audio that is not recognised to its end yet. The first is being recognised, the last
    /// takes audio unless it has ended.
    stretches: VecDeque<Stretch>,
    /// The item that was committed last.
    previous: Option<ItemId>,
    /// Length of the audio before the first stretch, in milliseconds.
    heard_ms: u64,
    opened_at: Duration,
    /// When the client was heard last; `None` while its input is not read.
    input_at: Option<Duration>,
    actions: Vec<RealtimeAction>,
}

/// Where the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// What was heard is still being recognised; `session.finish` asked for that, or a shutdown.
    Finishing {
        asked: bool,
    },
    /// `session.finished` has been sent, then.
    Finished {
        since: Duration,
    },
    Closed,
}

impl RealtimeSession {
    /// A connection that opened at `now`.
    pub fn new(setup: Setup, now: Duration) -> Self {
        Self {
            id: SessionId::random(),
            settings: setup.dialect.defaults(setup.model.clone()),
            setup,
            phase: Phase::Open,
            admitted: false,
            stretches: VecDeque::new(),
            previous: None,
            heard_ms: 0,
            opened_at: now,
            input_at: Some(now),
            actions: Vec::new(),
        }
    }
}

impl Session for RealtimeSession {
    type Message = Stamped;
    type Request = RealtimeRequest;

    fn on_open(&mut self) -> Vec<RealtimeAction> {
        let dialect = self.setup.dialect;
        let created = dialect.created(&self.id, &self.settings, self.setup.expires_at_s);
        self.send(created);
        // The service lets a session with an unknown model run into the void; an error that is
        // read is better than a handshake that fails, which the SDKs take for a time-out.
        if let Err(error) = self.check_model(&self.settings.model) {
            self.fail(&error);
        }
        std::mem::take(&mut self.actions)
    }

    fn on_text(&mut self, text: &str, now: Duration) -> Vec<RealtimeAction> {
        if self.input_at.is_some() {
            self.input_at = Some(now);
        }
        if !matches!(self.phase, Phase::Closed) {
            self.read(text, now);
        }
        std::mem::take(&mut self.actions)
    }

    fn on_binary(&mut self, _: Bytes, now: Duration) -> Vec<RealtimeAction> {
        self.on_text("", now)
    }

    fn on_admission(&mut self, answer: Result<(), ApiError>, _: Duration) -> Vec<RealtimeAction> {
        if let Err(error) = answer
            && self.phase != Phase::Closed
        {
            self.admitted = false;
            self.fail(&error);
        }
        std::mem::take(&mut self.actions)
    }

    fn on_recognition(&mut self, event: RecognitionEvent, now: Duration) -> Vec<RealtimeAction> {
        if let Some(mut stretch) = self.stretches.pop_front() {
            match event {
                RecognitionEvent::Finished { heard_ms } if stretch.ended => {
                    self.recognized(stretch, heard_ms, now);
                }
                RecognitionEvent::Failed(error) => {
                    self.stretches.push_front(stretch);
                    self.fail(&error);
                }
                event => {
                    if stretch.vad {
                        self.hear(&mut stretch, event);
                    } else {
                        self.transcribe(&mut stretch, &event);
                    }
                    self.stretches.push_front(stretch);
                }
            }
        }
        std::mem::take(&mut self.actions)
    }

    fn on_timer(&mut self, now: Duration) -> Vec<RealtimeAction> {
        match self.phase {
            Phase::Finished { since } if now >= since + REALTIME_GRACE => self.close(Close::Done),
            Phase::Closed | Phase::Finished { .. } => {}
            _ if now >= self.opened_at + REALTIME_SESSION_MAX => {
                self.fail(&ApiError::session_expired());
            }
            _ if self.idle_at().is_some_and(|at| now >= at) => self.fail(&ApiError::session_idle()),
            _ => {}
        }
        std::mem::take(&mut self.actions)
    }

    fn on_shutdown(&mut self, now: Duration) -> Vec<RealtimeAction> {
        if self.phase == Phase::Open {
            self.phase = Phase::Finishing { asked: false };
            self.end_audio();
            self.finish_if_done(now);
        }
        std::mem::take(&mut self.actions)
    }

    fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Closed => None,
            Phase::Finished { since } => Some(since + REALTIME_GRACE),
            _ => {
                let end = self.opened_at + REALTIME_SESSION_MAX;
                Some(self.idle_at().map_or(end, |idle| idle.min(end)))
            }
        }
    }

    fn pause_input(&mut self) {
        self.input_at = None;
    }

    fn resume_input(&mut self, now: Duration) {
        self.input_at = Some(now);
    }

    fn abort(&mut self, error: &ApiError) -> Vec<RealtimeAction> {
        if self.phase != Phase::Closed {
            self.fail(error);
        }
        std::mem::take(&mut self.actions)
    }

    fn is_busy(&self) -> bool {
        !self.stretches.is_empty()
    }
}

/// What clients say.
impl RealtimeSession {
    fn read(&mut self, text: &str, now: Duration) {
        // A structure could be read from an array as well.
        let object = text.trim_start().starts_with('{').then_some(text);
        let Some(Ok(event)) = object.map(serde_json::from_str::<ClientEvent<'_>>) else {
            return self.complain(ApiError::invalid_event().into(), None);
        };
        if text.len() > EVENT_BYTES_MAX && event.kind.as_deref() != Some(kind::APPEND) {
            return self.complain(ApiError::message_too_large().into(), None);
        }
        if let Err(fault) = self.act(&event, now) {
            self.complain(fault, event.event_id);
        }
    }

    fn act(&mut self, event: &ClientEvent<'_>, now: Duration) -> Result<(), Fault> {
        let Some(name) = event.kind.as_deref() else {
            return Err(missing("type"));
        };
        match name {
            // Not for recognition, and sent all the same by official samples: silence is kinder
            // than an error, which fails a session that is about to end.
            kind::RESPONSE_CREATE | kind::RESPONSE_CANCEL => Ok(()),
            name if !self.setup.dialect.client_events().contains(&name) => Err(self.unknown(name)),
            // What follows `session.finish` is late.
            _ if self.phase != Phase::Open => Ok(()),
            kind::SESSION_UPDATE | kind::TRANSCRIPTION_SESSION_UPDATE => self.update(event),
            kind::APPEND => self.append(event),
            kind::COMMIT => self.commit(),
            kind::CLEAR => {
                self.clear();
                self.send(ServerEvent::Cleared);
                Ok(())
            }
            _ => {
                self.phase = Phase::Finishing { asked: true };
                self.end_audio();
                self.finish_if_done(now);
                Ok(())
            }
        }
    }

    fn update(&mut self, event: &ClientEvent<'_>) -> Result<(), Fault> {
        let session = event.session.as_ref().ok_or_else(|| missing("session"))?;
        let dialect = self.setup.dialect;
        let next = dialect.update(&self.settings, session)?;
        if next.model != self.settings.model {
            self.check_model(&next.model)?;
        }
        let differs = next.request() != self.settings.request()
            || next.turns.is_some() != self.settings.turns.is_some();
        if differs {
            // What was said before is recognised as it was said.
            self.end_audio();
        }
        self.settings = next;
        self.send(dialect.updated(&self.id, &self.settings, self.setup.expires_at_s));
        Ok(())
    }

    fn check_model(&self, model: &str) -> Result<(), ApiError> {
        if !self.setup.dialect.has_model(model) {
            return Err(ApiError::model_not_found(model));
        }
        (self.setup.check_model)(model)
    }

    fn append(&mut self, event: &ClientEvent<'_>) -> Result<(), Fault> {
        let invalid = |shown: &str, allowed: &str| Fault {
            error: ApiError::invalid_value(shown, allowed),
            param: Some("audio".to_owned()),
        };
        let audio = event.audio.as_deref().ok_or_else(|| missing("audio"))?;
        if audio.len() > APPEND_CHARACTERS_MAX {
            return Err(invalid("...", "base64 of at most 15 MiB"));
        }
        let bytes = BASE64.decode(audio).map_err(|_| invalid("...", "base64"))?;
        if bytes.is_empty() {
            return Ok(());
        }
        if self.stretches.back().is_none_or(|newest| newest.ended) {
            self.begin_stretch()?;
        }
        if let Some(newest) = self.stretches.back_mut() {
            newest.audio_bytes += bytes.len() as u64;
            self.actions.push(Action::Audio(bytes.into()));
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Fault> {
        let open = self.stretches.back().filter(|newest| !newest.ended);
        match open {
            // Not to be used in this mode, where it ends an utterance before its pause does.
            _ if self.settings.turns.is_some() => self.end_audio(),
            Some(open) if open.is_long_enough() => self.end_audio(),
            _ => return Err(ApiError::audio_buffer_empty().into()),
        }
        Ok(())
    }

    fn clear(&mut self) {
        if let Some(forgotten) = self.stretches.pop_back_if(|newest| !newest.ended) {
            // Its time has passed all the same; behind audio that is still being recognised this
            // is left out, since that audio's own times count from there.
            if self.stretches.is_empty() {
                self.heard_ms += forgotten.duration_ms().unwrap_or(0);
            }
            self.actions.push(Action::Clear);
        }
    }

    fn unknown(&self, name: &str) -> Fault {
        let known = self.setup.dialect.client_events();
        let quoted: Vec<String> = known.iter().map(|name| format!("'{name}'")).collect();
        Fault {
            error: ApiError::invalid_value(name, &quoted.join(", ")),
            param: Some("type".to_owned()),
        }
    }
}

/// What becomes of it.
impl RealtimeSession {
    /// Ends the session once everything has been recognised, if its end was asked for.
    fn finish_if_done(&mut self, now: Duration) {
        let Phase::Finishing { asked } = self.phase else {
            return;
        };
        if !self.stretches.is_empty() {
            return;
        }
        if asked {
            self.send(ServerEvent::SessionFinished);
            self.leave_slot();
            self.phase = Phase::Finished { since: now };
        } else {
            self.close(Close::Done);
        }
    }

    /// Ends the session because it cannot go on. No utterance is left without its end.
    fn fail(&mut self, error: &ApiError) {
        for stretch in std::mem::take(&mut self.stretches) {
            self.fail_stretch(stretch, error);
        }
        self.complain(error.clone().into(), None);
        self.close(Close::Failed);
    }

    fn close(&mut self, why: Close) {
        self.leave_slot();
        self.actions.push(Action::Close(why));
        self.phase = Phase::Closed;
    }

    fn leave_slot(&mut self) {
        if std::mem::take(&mut self.admitted) {
            self.actions.push(Action::Abandon);
        }
    }

    /// When the session has been idle for too long, unless something is being recognised.
    fn idle_at(&self) -> Option<Duration> {
        let recognizing = self.stretches.front().is_some_and(|first| first.ended);
        let input_at = self.input_at.filter(|_| !recognizing)?;
        Some(input_at + REALTIME_IDLE_MAX)
    }

    fn complain(&mut self, fault: Fault, event_id: Option<String>) {
        let error = ErrorDetail::new(&fault.error, fault.param, event_id);
        self.send(ServerEvent::Error { error });
    }

    fn send(&mut self, event: ServerEvent) {
        self.send_all([event]);
    }

    fn send_all(&mut self, events: impl IntoIterator<Item = ServerEvent>) {
        let stamped = events.into_iter().map(|event| Action::Send(event.into()));
        self.actions.extend(stamped);
    }
}

fn missing(key: &str) -> Fault {
    Fault {
        error: ApiError::missing_event_key(key),
        param: Some(key.to_owned()),
    }
}
