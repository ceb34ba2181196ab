//! The entry point: what to recognise with, and the ways to start.

use std::path::Path;
use std::sync::Arc;

use tokio::fs::File;

use crate::callback::{CallbackSession, RecognitionCallback};
use crate::endpoint::Endpoint;
use crate::options::{TaskOptions, Timeouts};
use crate::{Connection, Error, RecognitionBuilder, RecognitionResult, RetryPolicy, Session};

/// A service and the options of the tasks to run there. Cheap to clone; every start is a task of
/// its own, on a connection of its own, so one value serves any number of streams at once.
#[derive(Clone, Debug)]
pub struct Recognition {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) task: Arc<TaskOptions>,
    pub(crate) retry: RetryPolicy,
    pub(crate) timeouts: Timeouts,
}

impl Recognition {
    /// Starts to collect options.
    pub fn builder() -> RecognitionBuilder {
        RecognitionBuilder::default()
    }

    /// Recognises a whole file, sent as fast as the server takes it, and gives its sentences.
    pub async fn call(&self, file: impl AsRef<Path>) -> Result<RecognitionResult, Error> {
        let audio = File::open(file).await?;
        self.start().await?.recognize(audio).await
    }

    /// Connects and starts a task; returns when the service is ready for audio.
    ///
    /// While the service says that it is overloaded the start is repeated as the
    /// [`RetryPolicy`] allows. Cancel-safe: giving up closes the connection.
    pub async fn start(&self) -> Result<Session, Error> {
        let mut attempt = 1;
        loop {
            let error = match self.start_once().await {
                Ok(session) => return Ok(session),
                Err(error) => error,
            };
            let Some(pause) = self.retry.pause(attempt, &error, fastrand::f64()) else {
                return Err(error);
            };
            let pause_ms = pause.as_millis();
            tracing::debug!(attempt, pause_ms, %error, "start refused, will try again");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// As [`start`](Self::start), with results handed to `callback` instead of a stream.
    ///
    /// A start that fails is returned here and not given to the callback.
    pub async fn start_with_callback<C>(&self, callback: C) -> Result<CallbackSession, Error>
    where
        C: RecognitionCallback + 'static,
    {
        Ok(CallbackSession::new(self.start().await?, callback))
    }

    /// Opens a connection for several tasks, one after another. Not repeated on overload.
    pub async fn connect(&self) -> Result<Connection, Error> {
        Ok(Connection::new(
            self.endpoint.connect(self.timeouts.start).await?,
        ))
    }

    async fn start_once(&self) -> Result<Session, Error> {
        self.connect().await?.start(self).await
    }
}
