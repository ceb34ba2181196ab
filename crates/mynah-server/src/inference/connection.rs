//! Drives one connection: its socket, its session and its open task.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mynah_session::{Action, Close, InferenceSession, RecognitionEvent};
use mynah_speech::Stream;
use mynah_store::KeyId;
use mynah_wire::ApiError;
use tokio::time::sleep_until;

use super::recognition::{self, OpenTask};
use crate::App;
use crate::socket::{Gone, Received, Socket};

/// Serves a connection until it is closed. The open task, if any, is given up with it.
pub(crate) async fn run(socket: Socket, app: &App, key: KeyId) {
    let connection = Connection {
        app,
        key,
        opened: Instant::now(),
        session: InferenceSession::new(Duration::ZERO),
        task: None,
    };
    connection.run(socket).await;
}

struct Connection<'a> {
    app: &'a App,
    key: KeyId,
    opened: Instant,
    session: InferenceSession,
    task: Option<OpenTask>,
}

/// How a connection ends.
enum End {
    /// The peer is gone or has closed.
    Gone,
    /// We close, for this reason.
    Close(&'static str),
    /// We close because of a message beyond the limit.
    TooLarge,
}

impl Connection<'_> {
    async fn run(mut self, mut socket: Socket) {
        let end = loop {
            if let Err(end) = self.turn(&mut socket).await {
                break end;
            }
        };
        // The slot is free before the closing handshake, which a peer can make slow.
        self.task = None;
        match end {
            End::Gone => {}
            End::Close(reason) => socket.close(reason).await,
            End::TooLarge => socket.close_too_large().await,
        }
    }

    /// Waits for whatever comes first and acts on it.
    async fn turn(&mut self, socket: &mut Socket) -> Result<(), End> {
        let deadline = self.session.deadline();
        let wake = tokio::time::Instant::from_std(self.opened + deadline.unwrap_or_default());
        let full = self.task.as_ref().is_some_and(OpenTask::is_full);
        let draining = self.app.shutdown.is_cancelled();
        if draining && !self.session.has_task() {
            return Err(End::Close("the server is shutting down"));
        }
        let stream = self.task.as_ref().map(OpenTask::stream);
        let actions = tokio::select! {
            received = socket.receive(), if !full => match received {
                Received::Text(text) => self.session.on_text(&text, self.now()),
                Received::Binary(bytes) => self.session.on_binary(bytes, self.now()),
                Received::TooLarge => {
                    let actions = self.session.abort(&ApiError::message_too_large());
                    // The session's own wish to close gives way to the code for this case.
                    let _ = self.perform(actions, socket).await;
                    return Err(End::TooLarge);
                }
                Received::End => return Err(End::Gone),
            },
            event = next_event(stream.as_deref()) => {
                self.session.on_recognition(event, self.now())
            }
            () = has_room(stream.as_deref()), if full => self.refill(),
            () = sleep_until(wake), if deadline.is_some() => self.session.on_timer(self.now()),
            () = self.app.shutdown.cancelled(), if !draining => Vec::new(),
        };
        // A task that ends below must leave its slot at once, not when this turn is over.
        drop(stream);
        self.perform(actions, socket).await
    }

    /// Does what the session wants, and what follows from that.
    async fn perform(&mut self, actions: Vec<Action>, socket: &mut Socket) -> Result<(), End> {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            let more = match action {
                Action::Send(message) => {
                    let text = serde_json::to_string(&message).map_err(|_| End::Gone)?;
                    socket.send(text).await.map_err(|Gone| End::Gone)?;
                    Vec::new()
                }
                Action::Open(request) => {
                    let opened = OpenTask::open(&request, &self.key, self.app).await;
                    let answer = opened.map(|task| self.task = Some(task));
                    self.session.on_admission(answer, self.now())
                }
                Action::Audio(bytes) => self.with_task(|task| task.push(bytes)),
                Action::Finish => self.with_task(OpenTask::finish),
                Action::Abandon => {
                    self.task = None;
                    Vec::new()
                }
                Action::Close(Close::TaskFailed) => return Err(End::Close("task failed")),
                Action::Close(Close::Idle) => return Err(End::Close("idle")),
            };
            actions.extend(more);
        }
        if !self.session.has_task() {
            self.task = None;
        }
        Ok(())
    }

    /// Gives the task the audio that it had no room for.
    fn refill(&mut self) -> Vec<Action> {
        let actions = self.with_task(OpenTask::pump);
        self.session.resume_input(self.now());
        actions
    }

    /// Works on the open task; what goes wrong fails it.
    fn with_task(
        &mut self,
        work: impl FnOnce(&mut OpenTask) -> Result<(), ApiError>,
    ) -> Vec<Action> {
        let Some(task) = &mut self.task else {
            return Vec::new();
        };
        match work(task) {
            Ok(()) => {
                if task.is_full() {
                    self.session.pause_input();
                }
                Vec::new()
            }
            Err(error) => self.session.abort(&error),
        }
    }

    fn now(&self) -> Duration {
        self.opened.elapsed()
    }
}

async fn next_event(stream: Option<&Stream>) -> RecognitionEvent {
    match stream {
        Some(stream) => recognition::event(stream.next().await),
        None => std::future::pending().await,
    }
}

async fn has_room(stream: Option<&Stream>) {
    match stream {
        Some(stream) => stream.wait_for_room().await,
        None => std::future::pending().await,
    }
}
