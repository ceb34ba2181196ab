//! Drives one connection: its socket, its session and the engines' stream it has open.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mynah_session::{Action, Actions, Close, RecognitionEvent, Session};
use mynah_speech::Stream;
use mynah_store::KeyId;
use mynah_wire::ApiError;
use serde::Serialize;
use tokio::time::sleep_until;

use crate::App;
use crate::feed::{Feed, Order, recognition_event};
use crate::socket::{Gone, Received, Socket};

/// Says what a request is to the engines.
pub(crate) type Translate<S> = fn(&<S as Session>::Request, &App) -> Result<Order, ApiError>;

/// Serves a connection until it is closed. What is open is given up with it.
pub(crate) async fn run<S>(
    socket: Socket,
    app: &App,
    key: KeyId,
    session: S,
    translate: Translate<S>,
) where
    S: Session<Message: Serialize>,
{
    let connection = Connection {
        app,
        key,
        opened: Instant::now(),
        session,
        translate,
        feed: None,
        draining: false,
    };
    connection.run(socket).await;
}

struct Connection<'a, S: Session> {
    app: &'a App,
    key: KeyId,
    opened: Instant,
    session: S,
    translate: Translate<S>,
    feed: Option<Feed>,
    /// Whether the session knows of the shutdown.
    draining: bool,
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

impl<S: Session<Message: Serialize>> Connection<'_, S> {
    async fn run(mut self, mut socket: Socket) {
        let opening = self.session.on_open();
        let mut turn = self.perform(opening, &mut socket).await;
        while turn.is_ok() {
            turn = self.turn(&mut socket).await;
        }
        // The slot is free before the closing handshake, which a peer can make slow.
        self.feed = None;
        match turn {
            Ok(()) | Err(End::Gone) => {}
            Err(End::Close(reason)) => socket.close(reason).await,
            Err(End::TooLarge) => socket.close_too_large().await,
        }
    }

    /// Waits for whatever comes first and acts on it.
    async fn turn(&mut self, socket: &mut Socket) -> Result<(), End> {
        let deadline = self.session.deadline();
        let wake = tokio::time::Instant::from_std(self.opened + deadline.unwrap_or_default());
        let full = self.feed.as_ref().is_some_and(Feed::is_full);
        let waits = self.feed.as_ref().is_some_and(Feed::waits_for_room);
        if self.draining && !self.session.is_busy() {
            return Err(End::Close("the server is shutting down"));
        }
        let draining = self.draining;
        let stream = self.feed.as_ref().map(Feed::stream);
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
            () = has_room(stream.as_deref()), if waits => self.with_feed(Feed::pump),
            () = sleep_until(wake), if deadline.is_some() => self.session.on_timer(self.now()),
            () = self.app.shutdown.cancelled(), if !draining => {
                self.draining = true;
                self.session.on_shutdown(self.now())
            }
        };
        // A stream that ends below must leave its slot at once, not when this turn is over.
        drop(stream);
        self.perform(actions, socket).await
    }

    /// Does what the session wants, and what follows from that.
    async fn perform(&mut self, actions: Actions<S>, socket: &mut Socket) -> Result<(), End> {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            let more = match action {
                Action::Send(message) => {
                    let text = serde_json::to_string(&message).map_err(|_| End::Gone)?;
                    socket.send(text).await.map_err(|Gone| End::Gone)?;
                    Vec::new()
                }
                Action::Open(request) => {
                    let answer = self.open(&request).await;
                    self.session.on_admission(answer, self.now())
                }
                Action::Renew(request) => match (self.translate)(&request, self.app) {
                    Ok(order) => self.with_feed(|feed| feed.renew(order)),
                    Err(error) => self.session.abort(&error),
                },
                Action::Audio(bytes) => self.with_feed(|feed| feed.push(bytes)),
                Action::Clear => self.with_feed(|feed| {
                    feed.clear();
                    Ok(())
                }),
                Action::Finish => self.with_feed(Feed::finish),
                Action::Abandon => {
                    self.feed = None;
                    Vec::new()
                }
                Action::Close(Close::Failed) => return Err(End::Close("task failed")),
                Action::Close(Close::Idle) => return Err(End::Close("idle")),
                Action::Close(Close::Done) => return Err(End::Close("done")),
            };
            actions.extend(more);
        }
        Ok(())
    }

    /// Finds the models, the hot words and a slot for a request.
    async fn open(&mut self, request: &S::Request) -> Result<(), ApiError> {
        if self.app.shutdown.is_cancelled() {
            return Err(ApiError::unavailable());
        }
        let mut order = (self.translate)(request, self.app)?;
        self.app.task_rates.check(&self.key, &order.model)?;
        order.find_hot_words(&self.key, self.app).await?;
        self.feed = Some(Feed::open(order, self.app)?);
        Ok(())
    }

    /// Works on the open stream; what goes wrong ends what the session has open. While audio waits
    /// the client is not read.
    fn with_feed(&mut self, work: impl FnOnce(&mut Feed) -> Result<(), ApiError>) -> Actions<S> {
        let Some(feed) = &mut self.feed else {
            return Vec::new();
        };
        let was_full = feed.is_full();
        match work(feed) {
            Ok(()) => {
                match (was_full, feed.is_full()) {
                    (_, true) => self.session.pause_input(),
                    (true, false) => self.session.resume_input(self.opened.elapsed()),
                    (false, false) => {}
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
        Some(stream) => recognition_event(stream.next().await),
        None => std::future::pending().await,
    }
}

async fn has_room(stream: Option<&Stream>) {
    match stream {
        Some(stream) => stream.wait_for_room().await,
        None => std::future::pending().await,
    }
}
