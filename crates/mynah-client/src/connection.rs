//! A connection that outlives its tasks.

use std::sync::Arc;

use mynah_wire::TaskId;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::driver::{self, Start};
use crate::endpoint::Socket;
use crate::limits::AUDIO_QUEUE_FRAMES_MAX;
use crate::session::{AudioSender, EventSender, Session, Shared};
use crate::task::TaskState;
use crate::{Error, Recognition};

/// A WebSocket connection on which tasks run one after another, which saves each but the first
/// the handshake. Made by [`Recognition::connect`].
///
/// The service keeps an idle connection for about 60 seconds and closes it after a failed task;
/// then, and after a session was dropped before its end, [`start`](Self::start) fails with
/// [`Error::ClosedEarly`] and a new connection is needed. Dropping the connection closes it when
/// the running task, if there is one, has ended.
#[derive(Debug)]
pub struct Connection {
    starts: mpsc::Sender<Start>,
    turn: Arc<Semaphore>,
    driver: JoinHandle<()>,
}

impl Connection {
    pub(crate) fn new(socket: Socket) -> Self {
        let (starts, queue) = mpsc::channel(1);
        // Not bound to this handle: a session started here may outlive it. The driver ends by
        // itself when both are gone.
        let driver = tokio::spawn(driver::drive(socket, queue));
        Self {
            starts,
            turn: Arc::new(Semaphore::new(1)),
            driver,
        }
    }

    /// Starts a task with the options of `recognition` and waits for `task-started`. Its address
    /// and retry policy are of no concern here.
    ///
    /// [`Error::TaskOpen`] while the previous task has not ended. Giving up the returned future
    /// closes the connection, since a task cannot be taken back.
    pub async fn start(&self, recognition: &Recognition) -> Result<Session, Error> {
        let gone = || Error::ClosedEarly {
            code: None,
            reason: String::new(),
        };
        let turn = Arc::clone(&self.turn)
            .try_acquire_owned()
            .map_err(|_| Error::TaskOpen)?;
        let task_id = TaskId::random();
        let run_task = recognition.task.run_task(&task_id);
        let (commands, queue) = mpsc::channel(AUDIO_QUEUE_FRAMES_MAX);
        let (event_sender, events) = EventSender::channel();
        let (started, has_started) = oneshot::channel();
        let (outcome, has_ended) = watch::channel(None);
        let shared = Arc::new(Shared::new(TaskState::new(task_id), has_ended));
        let session = Session::new(events, AudioSender::new(commands, Arc::clone(&shared)));
        let start = Start {
            run_task,
            commands: queue,
            events: event_sender,
            started,
            shared: Arc::clone(&shared),
            outcome,
            timeouts: recognition.timeouts,
            turn,
        };
        self.starts.send(start).await.map_err(|_| gone())?;
        if has_started.await.is_err() {
            return Err(shared.ended().await.err().unwrap_or_else(gone));
        }
        Ok(session)
    }

    /// Whether the connection can still take a task, now or when the running one has ended.
    pub fn is_open(&self) -> bool {
        !self.starts.is_closed()
    }

    /// Waits for the running task to end, if there is one, and closes the connection.
    pub async fn close(self) {
        drop(self.starts);
        // Fails only if the runtime is shutting down, which closes the connection too.
        drop(self.driver.await);
    }
}
