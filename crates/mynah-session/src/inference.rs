//! One connection to `/api-ws/v1/inference` that recognises speech.
//!
//! A connection carries one task at a time and may carry many one after another. Invariants, for
//! any input: `task-started` comes first, at most one terminal event (`task-finished` or
//! `task-failed`) ends a task, nothing follows it, sentence ids count from 1 without gaps, and a
//! failed task closes the connection.

use std::time::Duration;

use bytes::Bytes;
use mynah_wire::inference::{ClientMessage, ServerMessage, action};
use mynah_wire::{ApiError, TaskId};
use serde_json::Value;

use crate::RecognitionRequest;
use crate::driver::{Action, Close, Session};
use crate::limits::{IDLE_CONNECTION_MAX, QUEUED_AUDIO_BYTES_MAX};
use crate::task::Task;

pub use crate::task::{RecognitionEvent, RecognizedText};

/// What the driver of an [`InferenceSession`] must do.
pub type InferenceAction = Action<ServerMessage, RecognitionRequest>;

/// The state machine of one connection.
#[derive(Debug)]
pub struct InferenceSession {
    state: State,
    /// The newest task that ended: clients go on sending audio and `finish-task` for a while.
    ended: Option<TaskId>,
    actions: Vec<InferenceAction>,
}

#[derive(Debug)]
enum State {
    /// No task, since then.
    Idle { since: Duration },
    /// A task waits for its admission; what came for it is kept.
    Starting {
        task: Task,
        audio: Vec<Bytes>,
        audio_bytes: usize,
        finish: bool,
    },
    /// A task takes audio.
    Running(Task),
    /// A task's audio is complete; results are still coming.
    Finishing(Task),
    /// The connection is being closed.
    Closed,
}

impl InferenceSession {
    /// A connection that opened at `now`.
    pub fn new(now: Duration) -> Self {
        Self {
            state: State::Idle { since: now },
            ended: None,
            actions: Vec::new(),
        }
    }
}

impl Session for InferenceSession {
    type Message = ServerMessage;
    type Request = RecognitionRequest;

    fn on_open(&mut self) -> Vec<InferenceAction> {
        Vec::new()
    }

    fn on_text(&mut self, text: &str, now: Duration) -> Vec<InferenceAction> {
        if !matches!(self.state, State::Closed)
            && let Err((task_id, error)) = self.read(text, now)
        {
            self.fail(task_id, &error);
        }
        std::mem::take(&mut self.actions)
    }

    fn on_binary(&mut self, bytes: Bytes, now: Duration) -> Vec<InferenceAction> {
        match &mut self.state {
            State::Starting {
                audio, audio_bytes, ..
            } => {
                *audio_bytes += bytes.len();
                if *audio_bytes > QUEUED_AUDIO_BYTES_MAX {
                    self.fail_task(&ApiError::message_too_large());
                } else {
                    audio.push(bytes);
                }
            }
            State::Running(task) => {
                task.heard_from_client(now);
                self.actions.push(Action::Audio(bytes));
            }
            State::Idle { .. } | State::Finishing(_) | State::Closed => {}
        }
        std::mem::take(&mut self.actions)
    }

    fn on_admission(
        &mut self,
        answer: Result<(), ApiError>,
        now: Duration,
    ) -> Vec<InferenceAction> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Starting {
                task,
                audio,
                finish,
                ..
            } => match answer {
                Ok(()) => self.start(task, audio, finish, now),
                Err(error) => self.close_failed(task.id(), &error),
            },
            other => self.state = other,
        }
        std::mem::take(&mut self.actions)
    }

    fn on_recognition(&mut self, event: RecognitionEvent, now: Duration) -> Vec<InferenceAction> {
        let (State::Running(task) | State::Finishing(task)) = &mut self.state else {
            return Vec::new();
        };
        match event {
            RecognitionEvent::Failed(error) => self.fail_task(&error),
            RecognitionEvent::Finished { heard_ms: 0 } => {
                self.fail_task(&ApiError::no_valid_audio());
            }
            RecognitionEvent::Finished { heard_ms } => {
                let finished = task.finished(heard_ms);
                self.ended = Some(task.id().clone());
                self.state = State::Idle { since: now };
                // The slot is free before the client hears of the end and asks for another task.
                self.actions.push(Action::Abandon);
                self.actions.push(Action::Send(finished));
            }
            event => self
                .actions
                .extend(task.results(event, now).into_iter().map(Action::Send)),
        }
        std::mem::take(&mut self.actions)
    }

    fn on_timer(&mut self, now: Duration) -> Vec<InferenceAction> {
        match &mut self.state {
            State::Idle { since } if now >= *since + IDLE_CONNECTION_MAX => {
                self.state = State::Closed;
                self.actions.push(Action::Close(Close::Idle));
            }
            State::Running(task) => match task.on_timer(now) {
                Ok(heartbeat) => self.actions.extend(heartbeat.map(Action::Send)),
                Err(error) => self.fail_task(&error),
            },
            _ => {}
        }
        std::mem::take(&mut self.actions)
    }

    fn deadline(&self) -> Option<Duration> {
        match &self.state {
            State::Idle { since } => Some(*since + IDLE_CONNECTION_MAX),
            State::Running(task) => task.deadline(),
            State::Starting { .. } | State::Finishing(_) | State::Closed => None,
        }
    }

    fn pause_input(&mut self) {
        if let State::Running(task) = &mut self.state {
            task.pause_input();
        }
    }

    fn resume_input(&mut self, now: Duration) {
        if let State::Running(task) = &mut self.state {
            task.heard_from_client(now);
        }
    }

    fn abort(&mut self, error: &ApiError) -> Vec<InferenceAction> {
        self.fail_task(error);
        std::mem::take(&mut self.actions)
    }

    fn on_shutdown(&mut self, _: Duration) -> Vec<InferenceAction> {
        // An open task may still finish.
        Vec::new()
    }

    fn is_busy(&self) -> bool {
        self.has_task()
    }
}

impl InferenceSession {
    fn has_task(&self) -> bool {
        !matches!(self.state, State::Idle { .. } | State::Closed)
    }

    /// Reads a message; an error comes with the id of the task that it fails.
    fn read(&mut self, text: &str, now: Duration) -> Result<(), (TaskId, ApiError)> {
        let blame = |id: Option<TaskId>| id.unwrap_or_else(|| TaskId::from(String::new()));
        let malformed = |id| (blame(id), ApiError::malformed_message());
        let value: Value =
            serde_json::from_str(text).map_err(|_| malformed(self.task_id().cloned()))?;
        if !value.is_object() {
            return Err(malformed(self.task_id().cloned()));
        }
        let named = value
            .pointer("/header/task_id")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let named = named.filter(|id| !id.is_empty()).map(TaskId::from);
        let message: ClientMessage = serde_json::from_value(value)
            .map_err(|_| malformed(named.clone().or_else(|| self.task_id().cloned())))?;
        let missing = |key| ApiError::missing_parameter(key);
        let Some(task_id) = named else {
            return Err((blame(self.task_id().cloned()), missing("header.task_id")));
        };
        let Some(action) = message.header.action.clone() else {
            return Err((task_id, missing("header.action")));
        };
        self.act(&action, task_id.clone(), &message, now)
            .map_err(|error| (task_id, error))
    }

    fn act(
        &mut self,
        action: &str,
        task_id: TaskId,
        message: &ClientMessage,
        now: Duration,
    ) -> Result<(), ApiError> {
        match action {
            action::RUN_TASK if self.has_task() => Err(ApiError::task_already_open()),
            action::RUN_TASK => {
                let request = RecognitionRequest::read(task_id, &message.payload)?;
                let task = Task::new(&request, now);
                self.state = State::Starting {
                    task,
                    audio: Vec::new(),
                    audio_bytes: 0,
                    finish: false,
                };
                self.actions.push(Action::Open(Box::new(request)));
                Ok(())
            }
            action::CONTINUE_TASK | action::FINISH_TASK
                if self.ended.as_ref() == Some(&task_id) =>
            {
                Ok(())
            }
            action::CONTINUE_TASK if self.task_id() == Some(&task_id) => {
                // A new context for the hot words of the engines that have any; none has yet.
                if let State::Running(task) = &mut self.state {
                    task.heard_from_client(now);
                }
                Ok(())
            }
            action::FINISH_TASK if self.task_id() == Some(&task_id) => self.finish(message),
            other => Err(ApiError::invalid_action(other)),
        }
    }

    fn finish(&mut self, message: &ClientMessage) -> Result<(), ApiError> {
        if message.payload.input.is_none() {
            return Err(ApiError::task_can_not_be_null());
        }
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Running(task) => {
                self.actions.push(Action::Finish);
                self.state = State::Finishing(task);
            }
            State::Starting {
                task,
                audio,
                audio_bytes,
                ..
            } => {
                self.state = State::Starting {
                    task,
                    audio,
                    audio_bytes,
                    finish: true,
                };
            }
            other => self.state = other,
        }
        Ok(())
    }

    fn start(&mut self, mut task: Task, audio: Vec<Bytes>, finish: bool, now: Duration) {
        self.actions.push(Action::Send(task.started(now)));
        self.actions.extend(audio.into_iter().map(Action::Audio));
        self.state = if finish {
            self.actions.push(Action::Finish);
            State::Finishing(task)
        } else {
            State::Running(task)
        };
    }

    /// The open task.
    fn task_id(&self) -> Option<&TaskId> {
        match &self.state {
            State::Starting { task, .. } | State::Running(task) | State::Finishing(task) => {
                Some(task.id())
            }
            State::Idle { .. } | State::Closed => None,
        }
    }

    /// Fails the open task, if there is one.
    fn fail_task(&mut self, error: &ApiError) {
        if let Some(task_id) = self.task_id().cloned() {
            self.fail(task_id, error);
        }
    }

    /// Fails a task, and the open one with it: a failure always ends the connection.
    fn fail(&mut self, task_id: TaskId, error: &ApiError) {
        if matches!(self.state, State::Running(_) | State::Finishing(_)) {
            self.actions.push(Action::Abandon);
        }
        // An open task must hear of its end whatever message was at fault.
        let task_id = self.task_id().cloned().unwrap_or(task_id);
        self.close_failed(&task_id, error);
    }

    fn close_failed(&mut self, task_id: &TaskId, error: &ApiError) {
        self.actions.push(Action::Send(ServerMessage::task_failed(
            task_id.clone(),
            error,
        )));
        self.actions.push(Action::Close(Close::Failed));
        self.state = State::Closed;
    }
}
