//! The task that owns a connection's socket: runs one recognition after another on it, answers
//! pings at all times, and closes it when nobody needs it.
//!
//! Reading and writing are two futures in one task, so a server that does not read stops the
//! writing only. It ends by itself: when its [`Connection`](crate::Connection) and session are
//! dropped, when a task ends badly, or when the server leaves.

use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::FusedStream;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use mynah_wire::inference::Usage;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::ProtocolError;

use crate::Error;
use crate::endpoint::Socket;
use crate::error::Wait;
use crate::limits::{CLOSE_TIMEOUT, FRAME_BYTES_MAX, SEND_TIMEOUT};
use crate::options::Timeouts;
use crate::session::{Command, EventSender, Outcome, Shared};
use crate::task::Step;

/// A task to run, with the driver's ends of everything its session holds.
pub(crate) struct Start {
    /// The `run-task` message.
    pub(crate) run_task: String,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: EventSender,
    pub(crate) started: oneshot::Sender<()>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) outcome: watch::Sender<Option<Outcome>>,
    pub(crate) timeouts: Timeouts,
    /// The connection's only turn, held while the task is open.
    pub(crate) turn: OwnedSemaphorePermit,
}

/// Serves `starts` one after another until there are no more or the connection is spent.
pub(crate) async fn drive(mut socket: Socket, mut starts: mpsc::Receiver<Start>) {
    while let Some(start) = next_start(&mut socket, &mut starts).await {
        let reusable = run(&mut socket, start).await;
        if !reusable {
            break;
        }
    }
    // Whoever asks for a task now must learn at once that there will be none.
    drop(starts);
    close(&mut socket).await;
}

/// Waits for a task, reading meanwhile so that pings are answered and a close is noticed.
async fn next_start(socket: &mut Socket, starts: &mut mpsc::Receiver<Start>) -> Option<Start> {
    loop {
        tokio::select! {
            start = starts.recv() => return start,
            incoming = socket.next() => match incoming {
                None | Some(Err(_) | Ok(Message::Close(_))) => return None,
                // Late words about a task that has ended.
                Some(Ok(_)) => {}
            },
        }
    }
}

async fn run(socket: &mut Socket, start: Start) -> bool {
    let Start {
        run_task,
        commands,
        events,
        started,
        shared,
        outcome,
        timeouts,
        turn,
    } = start;
    let (sink, stream) = socket.split();
    let mut reader = Reader {
        shared: &shared,
        events: &events,
        started: Some(started),
        waiting: Waiting::for_reply(Wait::Start, timeouts.start),
    };
    let writing = write(sink, run_task, commands);
    let end = reader.read(stream, writing, timeouts.finish).await;
    let reusable = end.is_ok();
    // In this order: who sees the end may start the next task, and who finds no more events may
    // ask for the end.
    drop(turn);
    outcome.send_replace(Some(end));
    drop(events);
    reusable
}

/// Says goodbye and waits a little for the answer.
async fn close(socket: &mut Socket) {
    let goodbye = async {
        drop(socket.close(None).await);
        while !socket.is_terminated() {
            drop(socket.next().await);
        }
    };
    drop(timeout(CLOSE_TIMEOUT, goodbye).await);
}

/// Until when the server has to say something, and what it means if it does not.
struct Waiting {
    /// `None` while the server owes nothing: it may be silent as long as nobody speaks.
    deadline: Option<tokio::time::Instant>,
    error: Error,
}

impl Waiting {
    fn for_reply(wait: Wait, patience: Duration) -> Self {
        Self::until(patience, Error::Timeout(wait))
    }

    fn until(patience: Duration, error: Error) -> Self {
        Self {
            deadline: tokio::time::Instant::now().checked_add(patience),
            error,
        }
    }

    fn for_nothing() -> Self {
        Self {
            deadline: None,
            error: Error::Stopped,
        }
    }

    async fn expired(&self) {
        match self.deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }
}

/// The receiving half of a task.
struct Reader<'a> {
    shared: &'a Shared,
    events: &'a EventSender,
    started: Option<oneshot::Sender<()>>,
    waiting: Waiting,
}

impl Reader<'_> {
    /// Reads to the end of the task while `writing` goes on beside it.
    async fn read<S, W>(&mut self, mut stream: S, writing: W, patience: Duration) -> Outcome
    where
        S: Stream<Item = Result<Message, WsError>> + Unpin,
        W: Future<Output = Result<(), Error>>,
    {
        let mut writing = pin!(writing);
        let mut written = false;
        loop {
            tokio::select! {
                incoming = stream.next() => {
                    if let ControlFlow::Break(usage) = self.on_incoming(incoming)? {
                        return Ok(usage);
                    }
                    if let Error::Timeout(wait @ Wait::Finish) = self.waiting.error {
                        self.waiting = Waiting::for_reply(wait, patience);
                    }
                }
                result = &mut writing, if !written => {
                    written = true;
                    self.waiting = match result {
                        Ok(()) => Waiting::for_reply(Wait::Finish, patience),
                        // The server may have said why before it stopped reading.
                        Err(error) => Waiting::until(CLOSE_TIMEOUT, error),
                    };
                }
                () = self.events.abandoned() => return Err(Error::Stopped),
                () = self.waiting.expired() => return Err(self.waiting.error.clone()),
            }
        }
    }

    /// Breaks when the task has finished.
    fn on_incoming(
        &mut self,
        incoming: Option<Result<Message, WsError>>,
    ) -> Result<ControlFlow<Option<Usage>>, Error> {
        match incoming {
            None => Err(Error::ClosedEarly {
                code: None,
                reason: String::new(),
            }),
            Some(Err(error)) => Err(socket_error(error)),
            Some(Ok(Message::Text(text))) => self.on_text(&text),
            Some(Ok(Message::Binary(_))) => Err(Error::Protocol(
                "binary message in a recognition".to_owned(),
            )),
            Some(Ok(Message::Close(frame))) => Err(Error::ClosedEarly {
                code: frame.as_ref().map(|frame| frame.code.into()),
                reason: frame
                    .map(|frame| frame.reason.to_string())
                    .unwrap_or_default(),
            }),
            // The socket has queued the pong, and sends it when it is next read or written.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    fn on_text(&mut self, text: &str) -> Result<ControlFlow<Option<Usage>>, Error> {
        let step = self.shared.task().on_text(text, Instant::now())?;
        match step {
            Step::Event(event) => self.events.push(event, text.len())?,
            Step::Finished { usage } => return Ok(ControlFlow::Break(usage)),
            Step::Nothing => {}
            Step::Started => {
                self.waiting = Waiting::for_nothing();
                if let Some(started) = self.started.take() {
                    // Nobody listens when the start was given up, which is noticed elsewhere.
                    let _ = started.send(());
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// The sending half of a task: ends well when `finish-task` is out.
async fn write<S>(
    mut sink: S,
    run_task: String,
    mut commands: mpsc::Receiver<Command>,
) -> Result<(), Error>
where
    S: Sink<Message, Error = WsError> + Unpin,
{
    send(&mut sink, Message::text(run_task)).await?;
    while let Some(command) = commands.recv().await {
        match command {
            Command::Audio(audio) => send_audio(&mut sink, audio).await?,
            Command::Finish(text) => {
                // Later senders are turned away from here on, not when this message is out.
                commands.close();
                return send(&mut sink, Message::text(text)).await;
            }
            Command::Text(text) => send(&mut sink, Message::text(text)).await?,
        }
    }
    Ok(())
}

async fn send_audio<S>(sink: &mut S, mut audio: Bytes) -> Result<(), Error>
where
    S: Sink<Message, Error = WsError> + Unpin,
{
    while !audio.is_empty() {
        let frame = audio.split_to(audio.len().min(FRAME_BYTES_MAX));
        send(sink, Message::Binary(frame)).await?;
    }
    Ok(())
}

async fn send<S>(sink: &mut S, message: Message) -> Result<(), Error>
where
    S: Sink<Message, Error = WsError> + Unpin,
{
    match timeout(SEND_TIMEOUT, sink.send(message)).await {
        Ok(sent) => sent.map_err(socket_error),
        Err(_) => Err(Error::Timeout(Wait::Send)),
    }
}

fn socket_error(error: WsError) -> Error {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};

    let closed = |reason: String| Error::ClosedEarly { code: None, reason };
    match error {
        WsError::AlreadyClosed
        | WsError::ConnectionClosed
        | WsError::Protocol(
            ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing,
        ) => closed(String::new()),
        WsError::Io(error)
            if matches!(
                error.kind(),
                BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
            ) =>
        {
            closed(error.to_string())
        }
        WsError::Capacity(_) | WsError::Protocol(_) | WsError::Utf8(_) => {
            Error::Protocol(error.to_string())
        }
        other => Error::transport(other),
    }
}
