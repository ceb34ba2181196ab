//! What can go wrong, named by who said so.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::limits::{EVENT_QUEUE_BYTES_MAX, EVENT_QUEUE_EVENTS_MAX};

/// Why a recognition could not start, or did not come to its end.
///
/// Cheap to clone: the same failure reaches the event stream, [`stop`](crate::Session::stop) and
/// every later [`send_audio_frame`](crate::Session::send_audio_frame).
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The audio source could not be read.
    #[error("reading the audio failed: {0}")]
    Audio(#[source] Arc<io::Error>),
    /// The server closed the connection in the middle of a task, without a `task-failed`.
    #[error("connection closed before the task ended{}", Close(*code, reason))]
    ClosedEarly {
        /// WebSocket close code, if the server said goodbye at all.
        code: Option<u16>,
        /// The reason that came with the code; often empty.
        reason: String,
    },
    /// Results came and nobody read them, until the session's queue was full.
    #[error(
        "unread events exceed {EVENT_QUEUE_EVENTS_MAX} events or {EVENT_QUEUE_BYTES_MAX} bytes"
    )]
    EventsNotRead,
    /// The server refused the connection with an HTTP answer.
    #[error("connection refused with {0}")]
    Handshake(Refusal),
    /// An option of the builder is missing or unusable; nothing was sent.
    #[error("{0}")]
    InvalidOption(String),
    /// The server sent something the protocol has no place for.
    #[error("unexpected message from the server: {0}")]
    Protocol(String),
    /// The recognition has ended or was stopped, so it takes no more audio.
    #[error("speech recognition has stopped")]
    Stopped,
    /// The server ended the task with `task-failed`.
    #[error("task {task_id} failed with {code}: {message}")]
    TaskFailed {
        /// `error_code`, as listed on the page "Error messages".
        code: String,
        /// `error_message`.
        message: String,
        /// The task's id, which the service's support asks for as the request id.
        task_id: String,
    },
    /// The connection's previous task has not ended.
    #[error("a task is still open on this connection")]
    TaskOpen,
    /// The server was silent for too long.
    #[error("timed out {0}")]
    Timeout(Wait),
    /// The network, TLS or the WebSocket framing failed.
    #[error("connection failed: {0}")]
    Transport(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The documented code: of the failed task, or of the refusal's body.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Handshake(refusal) => refusal.code.as_deref(),
            Self::TaskFailed { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether the server said that it is too busy, so that the same start may succeed later:
    /// refused with status 429 or 503, or failed with a `Throttling` code.
    pub fn is_overload(&self) -> bool {
        match self {
            Self::Handshake(refusal) => matches!(refusal.status, 429 | 503),
            Self::TaskFailed { code, .. } => code.starts_with("Throttling"),
            _ => false,
        }
    }

    pub(crate) fn transport(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Transport(Arc::from(error.into()))
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Audio(Arc::new(error))
    }
}

/// An HTTP answer other than the upgrade, which is how a server refuses a key or a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The body as text, cut at [`REFUSAL_BODY_BYTES_MAX`](crate::limits::REFUSAL_BODY_BYTES_MAX).
    pub body: String,
    /// `code` of a JSON body.
    pub code: Option<String>,
    /// `message` of a JSON body.
    pub message: Option<String>,
    /// `request_id` of a JSON body.
    pub request_id: Option<String>,
    /// The `Retry-After` header, if it counts seconds.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, ", {code}: {message}"),
            (Some(one), None) | (None, Some(one)) => write!(f, ", {one}"),
            (None, None) => Ok(()),
        }
    }
}

/// What the client was doing when its patience ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wait {
    /// Connecting: name, TCP, TLS and WebSocket handshake.
    Connect,
    /// After `finish-task`, for results and `task-finished`.
    Finish,
    /// Sending a message that the server does not read.
    Send,
    /// After `run-task`, for `task-started`.
    Start,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Finish => "waiting for task-finished",
            Self::Send => "sending audio that the server does not read",
            Self::Start => "waiting for task-started",
        })
    }
}

/// A close code and reason in brackets, or nothing.
struct Close<'a>(Option<u16>, &'a str);

impl fmt::Display for Close<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (None, _) => Ok(()),
            (Some(code), "") => write!(f, " (code {code})"),
            (Some(code), reason) => write!(f, " (code {code}, {reason})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_busy_server_is_an_overload() {
        let refusal = |status| {
            Error::Handshake(Refusal {
                status,
                body: String::new(),
                code: None,
                message: None,
                request_id: None,
                retry_after: None,
            })
        };
        let failed = |code: &str| Error::TaskFailed {
            code: code.to_owned(),
            message: String::new(),
            task_id: String::new(),
        };
        for busy in [
            refusal(429),
            refusal(503),
            failed("Throttling"),
            failed("Throttling.RateQuota"),
        ] {
            assert!(busy.is_overload(), "{busy}");
        }
        for other in [
            refusal(401),
            refusal(500),
            failed("ModelNotFound"),
            Error::Stopped,
        ] {
            assert!(!other.is_overload(), "{other}");
        }
    }
}
