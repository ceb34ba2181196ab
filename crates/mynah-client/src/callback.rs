//! The callback form of a session, as the Python SDK has it.

use std::panic::resume_unwind;

use bytes::Bytes;
use tokio::task::JoinSet;

use crate::message::{Event, SentenceResult};
use crate::{AudioSender, Error, Session};

/// Receives what a recognition reports, in order, from one task at a time.
///
/// The methods are called on the async runtime and should return soon; while one runs, results
/// wait. Follows the callback interface of the "Python SDK" page.
pub trait RecognitionCallback: Send {
    /// The service is ready for audio.
    fn on_open(&mut self) {}

    /// A sentence grew or became final.
    fn on_event(&mut self, result: &SentenceResult) {
        let _ = result;
    }

    /// All results have been reported.
    fn on_complete(&mut self) {}

    /// The recognition failed; no result follows.
    fn on_error(&mut self, error: &Error) {
        let _ = error;
    }

    /// The last call, after `on_complete` or `on_error`.
    fn on_close(&mut self) {}
}

/// A running recognition that reports to a [`RecognitionCallback`]. Dropping it closes the
/// connection, and no further method of the callback is called.
#[derive(Debug)]
pub struct CallbackSession {
    sender: AudioSender,
    /// The one task that calls the callback; dropping the set ends it.
    calls: JoinSet<()>,
}

impl CallbackSession {
    pub(crate) fn new<C>(session: Session, mut callback: C) -> Self
    where
        C: RecognitionCallback + 'static,
    {
        let sender = session.sender();
        callback.on_open();
        let mut calls = JoinSet::new();
        calls.spawn(report(session, callback));
        Self { sender, calls }
    }

    /// Sends audio, see [`AudioSender::send_audio_frame`].
    pub async fn send_audio_frame(&self, frame: impl Into<Bytes>) -> Result<(), Error> {
        self.sender.send_audio_frame(frame).await
    }

    /// Ends the audio and waits until `on_complete` or `on_error`, and `on_close`, have returned.
    ///
    /// # Panics
    /// With the panic of the callback, if one of its methods panicked.
    pub async fn stop(&mut self) -> Result<(), Error> {
        let end = self.sender.stop().await;
        while let Some(joined) = self.calls.join_next().await {
            if let Err(error) = joined
                && let Ok(panic) = error.try_into_panic()
            {
                resume_unwind(panic);
            }
        }
        end
    }

    /// A handle to send with from another task, with the delays and the request id.
    pub fn sender(&self) -> AudioSender {
        self.sender.clone()
    }
}

async fn report<C: RecognitionCallback>(mut session: Session, mut callback: C) {
    while let Some(event) = session.next_event().await {
        match event {
            Ok(Event::Sentence(result)) => callback.on_event(&result),
            Ok(Event::Other(message)) => tracing::debug!(%message, "message not reported"),
            Ok(Event::Finished { .. }) => callback.on_complete(),
            Err(error) => callback.on_error(&error),
        }
    }
    callback.on_close();
}
