//! What a session and its driver say to each other, whatever the protocol.

use std::time::Duration;

use bytes::Bytes;
use mynah_wire::ApiError;

use crate::RecognitionEvent;

/// What the driver of a session must do, in order. `M` is the protocol's message, `R` what it asks
/// of the engines.
#[derive(Clone, Debug, PartialEq)]
pub enum Action<M, R> {
    /// Send this message as a text frame.
    Send(M),
    /// Find room for this request and answer with [`Session::on_admission`].
    Open(Box<R>),
    /// The open request's audio has been recognised; the next one takes its place, and the audio
    /// that was given since [`Action::Finish`].
    Renew(Box<R>),
    /// Give this audio, coded as the newest request says, to the engines.
    Audio(Bytes),
    /// Forget the audio that was given since the last [`Action::Finish`], as far as it is possible.
    Clear,
    /// The open request's audio is complete.
    Finish,
    /// Stop the open request; no event of it is wanted any more.
    Abandon,
    /// Close the connection after what was sent.
    Close(Close),
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// What it asked for failed.
    Failed,
    /// It had nothing to do for too long.
    Idle,
    /// All it asked for is done.
    Done,
}

/// The state machine of one connection. Time is counted from an origin that the driver chooses.
pub trait Session {
    /// A message to the client.
    type Message;
    /// What is asked of the engines.
    type Request;

    /// The connection is open.
    fn on_open(&mut self) -> Actions<Self>;

    /// Takes a text frame.
    fn on_text(&mut self, text: &str, now: Duration) -> Actions<Self>;

    /// Takes a binary frame.
    fn on_binary(&mut self, bytes: Bytes, now: Duration) -> Actions<Self>;

    /// Takes the answer to [`Action::Open`].
    fn on_admission(&mut self, answer: Result<(), ApiError>, now: Duration) -> Actions<Self>;

    /// Takes what the engines report.
    fn on_recognition(&mut self, event: RecognitionEvent, now: Duration) -> Actions<Self>;

    /// Does what has become due by `now`. To be called at [`Session::deadline`].
    fn on_timer(&mut self, now: Duration) -> Actions<Self>;

    /// The server shuts down: nothing new is begun.
    fn on_shutdown(&mut self, now: Duration) -> Actions<Self>;

    /// When [`Session::on_timer`] should be called next, if at all.
    fn deadline(&self) -> Option<Duration>;

    /// The driver stops reading because the audio queue is full: until [`Session::resume_input`]
    /// the client's silence is not the client's fault.
    fn pause_input(&mut self);

    /// The driver reads again.
    fn resume_input(&mut self, now: Duration);

    /// The driver can go no further: ends what is open with `error`.
    fn abort(&mut self, error: &ApiError) -> Actions<Self>;

    /// Whether anything is open that a shutdown should wait for.
    fn is_busy(&self) -> bool;
}

/// What a session wants done.
pub type Actions<S> = Vec<Action<<S as Session>::Message, <S as Session>::Request>>;
