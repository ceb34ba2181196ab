//! The caller's ends of a running task: [`Session`] owns it and reads its events, any number of
//! [`AudioSender`]s feed it.
//!
//! Between them and the socket stands the driver of the connection (`driver.rs`). Audio waits for
//! the socket (back-pressure); events never wait for the caller, or a caller that sends a whole
//! recording before it reads would stop the server from reading and wait for itself. Unread
//! events are kept up to a limit beyond which the task fails with [`Error::EventsNotRead`].

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use mynah_wire::TaskId;
use mynah_wire::inference::{Sentence, Usage, action};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::limits::{
    EVENT_QUEUE_BYTES_MAX, EVENT_QUEUE_EVENTS_MAX, FILE_FRAME_BYTES, RESULT_BYTES_MAX,
};
use crate::message::Event;
use crate::options::follow_up;
use crate::task::TaskState;
use crate::{Context, Error};

/// How a task ended: with its usage, or why not well.
pub(crate) type Outcome = Result<Option<Usage>, Error>;

/// A running recognition.
///
/// It is a [`Stream`] of events that ends after [`Event::Finished`] or after one error. Dropping
/// it before that closes the connection.
///
/// Events should be read while audio is sent: either take a [`sender`](Self::sender) to another
/// task, or send and read in turns.
pub struct Session {
    events: mpsc::Receiver<Queued>,
    sender: AudioSender,
    /// Whether the end was reported.
    ended: bool,
}

impl Session {
    pub(crate) fn new(events: mpsc::Receiver<Queued>, sender: AudioSender) -> Self {
        Self {
            events,
            sender,
            ended: false,
        }
    }

    /// Waits for the next event; `None` after the end. Cancel-safe.
    #[doc(alias = "on_event")]
    pub async fn next_event(&mut self) -> Option<Result<Event, Error>> {
        self.next().await
    }

    /// Sends audio, see [`AudioSender::send_audio_frame`].
    pub async fn send_audio_frame(&self, frame: impl Into<Bytes>) -> Result<(), Error> {
        self.sender.send_audio_frame(frame).await
    }

    /// Ends the audio and waits for the end of the task, see [`AudioSender::stop`]. The events
    /// that are still unread can be read afterwards.
    pub async fn stop(&self) -> Result<(), Error> {
        self.sender.stop().await
    }

    /// A further handle to send with, from another task say.
    pub fn sender(&self) -> AudioSender {
        self.sender.clone()
    }

    /// Sends all of `audio` as fast as the server takes it and gathers the final sentences.
    pub async fn recognize<R>(mut self, audio: R) -> Result<RecognitionResult, Error>
    where
        R: AsyncRead + Unpin,
    {
        let sender = self.sender();
        let sending = async {
            match sender.send_all(audio).await {
                // The server may end a task by itself; the rest of the audio is then not wanted.
                Ok(_) | Err(Error::Stopped) => sender.stop().await,
                Err(error) => Err(error),
            }
        };
        let ((), sentences) = tokio::try_join!(sending, self.final_sentences())?;
        let task = self.sender.shared.task();
        Ok(RecognitionResult {
            request_id: task.task_id().clone(),
            sentences,
            usage: task.usage(),
            first_package_delay: task.first_package_delay(),
            last_package_delay: task.last_package_delay(),
            response: task.response(),
        })
    }

    async fn final_sentences(&mut self) -> Result<Vec<Sentence>, Error> {
        let mut sentences = Vec::new();
        let mut bytes = 0;
        while let Some(event) = self.next().await {
            if let Event::Sentence(result) = event?
                && result.is_end()
            {
                bytes += size_of::<Sentence>() + result.sentence.text.len();
                bytes += result.sentence.words.len() * size_of::<mynah_wire::inference::Word>();
                if bytes > RESULT_BYTES_MAX {
                    return Err(Error::Protocol("result is too large to gather".to_owned()));
                }
                sentences.push(result.sentence);
            }
        }
        Ok(sentences)
    }

    /// The task's id, by which the service's support finds it. Known from the start.
    #[doc(alias = "get_last_request_id")]
    pub fn request_id(&self) -> TaskId {
        self.sender.request_id()
    }

    /// From sending the first audio to receiving the first text, once both have been.
    #[doc(alias = "get_first_package_delay")]
    pub fn first_package_delay(&self) -> Option<Duration> {
        self.sender.first_package_delay()
    }

    /// From the call of [`stop`](Self::stop) to the end of the task, once both have been.
    #[doc(alias = "get_last_package_delay")]
    pub fn last_package_delay(&self) -> Option<Duration> {
        self.sender.last_package_delay()
    }

    /// The last message of the task, `task-failed` say.
    #[doc(alias = "get_response")]
    pub fn response(&self) -> Option<Arc<Value>> {
        self.sender.response()
    }

    fn end(&self) -> Result<Event, Error> {
        self.sender
            .shared
            .outcome()
            .map(|usage| Event::Finished { usage })
    }
}

impl Stream for Session {
    type Item = Result<Event, Error>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(queued) = ready!(self.events.poll_recv(context)) {
            return Poll::Ready(Some(Ok(queued.event)));
        }
        self.ended = true;
        Poll::Ready(Some(self.end()))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}

/// Feeds a [`Session`]. Clones feed the same one, in the order in which their calls complete.
#[derive(Clone)]
pub struct AudioSender {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
}

impl AudioSender {
    pub(crate) fn new(commands: mpsc::Sender<Command>, shared: Arc<Shared>) -> Self {
        Self { commands, shared }
    }

    /// Queues audio, waiting while the server takes it more slowly than it comes.
    ///
    /// A frame should hold about 100 ms and 1 to 16 KB; longer ones are cut on their way. When
    /// the task has failed this returns its failure, after its end [`Error::Stopped`].
    /// Cancel-safe: the frame is queued whole or not at all.
    pub async fn send_audio_frame(&self, frame: impl Into<Bytes>) -> Result<(), Error> {
        let frame = frame.into();
        if frame.is_empty() {
            return Ok(());
        }
        self.shared.task().on_audio(Instant::now());
        self.send(Command::Audio(frame)).await
    }

    /// Sends all of `audio` in frames of 12,800 bytes as fast as the server takes them; gives the
    /// number of bytes. Not cancel-safe: what was read from `audio` may not have been sent.
    pub async fn send_all<R>(&self, mut audio: R) -> Result<u64, Error>
    where
        R: AsyncRead + Unpin,
    {
        let mut bytes = 0;
        loop {
            let frame = read_frame(&mut audio, FILE_FRAME_BYTES).await?;
            if frame.is_empty() {
                return Ok(bytes);
            }
            bytes += frame.len() as u64;
            self.send_audio_frame(frame).await?;
        }
    }

    /// Replaces the context for the audio that follows (`continue-task`), for the models whose
    /// pages list it. Cancel-safe.
    pub async fn update_context(&self, context: &Context) -> Result<(), Error> {
        let message = follow_up(&self.request_id(), action::CONTINUE_TASK, context.input());
        self.send(Command::Text(message)).await
    }

    /// Ends the audio (`finish-task`) and waits until the server has sent all results, or the
    /// task has failed. May be called again, for the same answer. Cancel-safe.
    pub async fn stop(&self) -> Result<(), Error> {
        self.shared.task().on_stop(Instant::now());
        let message = follow_up(&self.request_id(), action::FINISH_TASK, json!({}));
        // A closed queue means that the end was asked for before, or has come by itself.
        drop(self.commands.send(Command::Finish(message)).await);
        self.shared.ended().await.map(drop)
    }

    /// The task's id, see [`Session::request_id`].
    pub fn request_id(&self) -> TaskId {
        self.shared.task().task_id().clone()
    }

    /// See [`Session::first_package_delay`].
    pub fn first_package_delay(&self) -> Option<Duration> {
        self.shared.task().first_package_delay()
    }

    /// See [`Session::last_package_delay`].
    pub fn last_package_delay(&self) -> Option<Duration> {
        self.shared.task().last_package_delay()
    }

    /// See [`Session::response`].
    pub fn response(&self) -> Option<Arc<Value>> {
        self.shared.task().response()
    }

    async fn send(&self, command: Command) -> Result<(), Error> {
        let sent = self.commands.send(command).await;
        sent.map_err(|_| self.shared.failure().unwrap_or(Error::Stopped))
    }
}

impl fmt::Debug for AudioSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioSender")
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}

/// Reads until `size` bytes are there or the source ends; empty only at the end.
pub(crate) async fn read_frame<R>(audio: &mut R, size: usize) -> Result<Bytes, Error>
where
    R: AsyncRead + Unpin,
{
    let mut frame = BytesMut::with_capacity(size);
    while frame.len() < size {
        let missing = (size - frame.len()) as u64;
        if (&mut *audio).take(missing).read_buf(&mut frame).await? == 0 {
            break;
        }
    }
    Ok(frame.freeze())
}

/// What a whole recording gave.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RecognitionResult {
    /// The task's id, by which the service's support finds it.
    #[doc(alias = "get_request_id")]
    pub request_id: TaskId,
    /// The final sentences in their order; none when there was no speech.
    #[doc(alias = "get_sentence")]
    pub sentences: Vec<Sentence>,
    /// Use of the whole task, if the server said so.
    pub usage: Option<Usage>,
    /// From sending the first audio to receiving the first text.
    pub first_package_delay: Option<Duration>,
    /// From sending the last audio to the end of the task.
    pub last_package_delay: Option<Duration>,
    /// The last message of the task.
    pub response: Option<Arc<Value>>,
}

impl RecognitionResult {
    /// The texts of all sentences, joined as they came.
    pub fn text(&self) -> String {
        self.sentences
            .iter()
            .map(|sentence| sentence.text.as_str())
            .collect()
    }
}

/// What a caller's handles ask of the driver.
pub(crate) enum Command {
    Audio(Bytes),
    /// The `finish-task` message; nothing is taken after it.
    Finish(String),
    Text(String),
}

/// What the handles of a task and its driver look at together.
pub(crate) struct Shared {
    task: Mutex<TaskState>,
    outcome: watch::Receiver<Option<Outcome>>,
}

impl Shared {
    pub(crate) fn new(task: TaskState, outcome: watch::Receiver<Option<Outcome>>) -> Self {
        Self {
            task: Mutex::new(task),
            outcome,
        }
    }

    /// Locked for single reads and writes only, never across a wait.
    pub(crate) fn task(&self) -> MutexGuard<'_, TaskState> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end of the task.
    pub(crate) async fn ended(&self) -> Outcome {
        // An error means that the driver is gone, which `outcome` knows to name.
        drop(self.outcome.clone().wait_for(Option::is_some).await);
        self.outcome()
    }

    /// The outcome of a task whose driver has let go of it.
    fn outcome(&self) -> Outcome {
        let vanished = || {
            Err(Error::ClosedEarly {
                code: None,
                reason: String::new(),
            })
        };
        self.outcome.borrow().clone().unwrap_or_else(vanished)
    }

    fn failure(&self) -> Option<Error> {
        self.outcome.borrow().as_ref()?.as_ref().err().cloned()
    }
}

/// An event with its share of the queue's bytes, given back when the caller takes it.
pub(crate) struct Queued {
    event: Event,
    _share: OwnedSemaphorePermit,
}

/// The driver's end of the queue of events.
pub(crate) struct EventSender {
    queue: mpsc::Sender<Queued>,
    bytes: Arc<Semaphore>,
}

impl EventSender {
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Queued>) {
        let (queue, events) = mpsc::channel(EVENT_QUEUE_EVENTS_MAX);
        (
            Self {
                queue,
                bytes: Arc::new(Semaphore::new(EVENT_QUEUE_BYTES_MAX)),
            },
            events,
        )
    }

    /// Queues an event that came as `bytes` bytes, or says that the queue is full.
    pub(crate) fn push(&self, event: Event, bytes: usize) -> Result<(), Error> {
        let bytes = u32::try_from(bytes).map_err(|_| Error::EventsNotRead)?;
        let share = Arc::clone(&self.bytes).try_acquire_many_owned(bytes);
        let share = share.map_err(|_| Error::EventsNotRead)?;
        self.queue
            .try_send(Queued {
                event,
                _share: share,
            })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Closed(_) => Error::Stopped,
                mpsc::error::TrySendError::Full(_) => Error::EventsNotRead,
            })
    }

    /// Waits until nobody can read events any more.
    pub(crate) async fn abandoned(&self) {
        self.queue.closed().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event::Finished { usage: None }
    }

    #[tokio::test]
    async fn queue_is_bounded_in_events() {
        let (sender, mut events) = EventSender::channel();
        for _ in 0..EVENT_QUEUE_EVENTS_MAX {
            sender.push(event(), 1).unwrap();
        }
        assert!(matches!(sender.push(event(), 1), Err(Error::EventsNotRead)));
        drop(events.recv().await);
        sender.push(event(), 1).unwrap();
    }

    #[tokio::test]
    async fn queue_is_bounded_in_bytes() {
        let (sender, mut events) = EventSender::channel();
        sender.push(event(), EVENT_QUEUE_BYTES_MAX).unwrap();
        assert!(matches!(sender.push(event(), 1), Err(Error::EventsNotRead)));
        drop(events.recv().await);
        sender.push(event(), 1).unwrap();
    }

    #[tokio::test]
    async fn frames_are_filled_across_short_reads() {
        let (first, second) = (&[1_u8; 700][..], &[2_u8; 900][..]);
        let mut audio = first.chain(second);
        let mut sizes = Vec::new();
        loop {
            let frame = read_frame(&mut audio, 1_000).await.unwrap();
            if frame.is_empty() {
                break;
            }
            sizes.push(frame.len());
        }
        assert_eq!(sizes, [1_000, 600]);
    }
}
