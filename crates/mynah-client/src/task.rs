//! One task as a state machine without sockets or clocks: which message may come when, what the
//! caller learns from it, and how long things took.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mynah_wire::TaskId;
use mynah_wire::inference::Usage;
use serde_json::Value;

use crate::Error;
use crate::message::{Body, Event, Incoming, SentenceResult};

/// Where a task is and what is known about it.
#[derive(Debug)]
pub(crate) struct TaskState {
    task_id: TaskId,
    started: bool,
    first_audio: Option<Instant>,
    first_text: Option<Instant>,
    stopped: Option<Instant>,
    ended: Option<Instant>,
    response: Option<Arc<Value>>,
    usage: Option<Usage>,
}

/// What a message means for the caller.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    Event(Event),
    Finished { usage: Option<Usage> },
    Nothing,
    Started,
}

impl TaskState {
    pub(crate) fn new(task_id: TaskId) -> Self {
        Self {
            task_id,
            started: false,
            first_audio: None,
            first_text: None,
            stopped: None,
            ended: None,
            response: None,
            usage: None,
        }
    }

    /// The caller hands over audio.
    pub(crate) fn on_audio(&mut self, now: Instant) {
        self.first_audio.get_or_insert(now);
    }

    /// The caller asks for the end.
    pub(crate) fn on_stop(&mut self, now: Instant) {
        self.stopped.get_or_insert(now);
    }

    /// The server sent a text message. A failed task and a broken protocol are errors; both end
    /// the connection.
    pub(crate) fn on_text(&mut self, text: &str, now: Instant) -> Result<Step, Error> {
        let Incoming {
            task_id,
            body,
            message,
        } = Incoming::parse(text)?;
        if task_id.is_some_and(|id| id != self.task_id.as_str()) {
            // A late word about an earlier task on the same connection.
            return Ok(Step::Nothing);
        }
        self.response = Some(Arc::clone(&message));
        match body {
            Body::Failed { code, message } => {
                self.ended = Some(now);
                Err(Error::TaskFailed {
                    code,
                    message,
                    task_id: self.task_id.to_string(),
                })
            }
            Body::Started if !self.started => {
                self.started = true;
                Ok(Step::Started)
            }
            Body::Started => Err(Error::Protocol("second task-started".to_owned())),
            _ if !self.started => Err(Error::Protocol("event before task-started".to_owned())),
            Body::Finished { usage } => {
                self.ended = Some(now);
                self.usage = usage.or(self.usage);
                Ok(Step::Finished { usage })
            }
            Body::Heartbeat => Ok(Step::Nothing),
            Body::Other => Ok(Step::Event(Event::Other(message))),
            Body::Sentence { sentence, usage } => {
                if !sentence.text.is_empty() {
                    self.first_text.get_or_insert(now);
                }
                self.usage = usage.or(self.usage);
                let result = SentenceResult {
                    sentence,
                    usage,
                    message,
                    received_at: now,
                };
                Ok(Step::Event(Event::Sentence(result)))
            }
        }
    }

    pub(crate) fn task_id(&self) -> &TaskId {
        &self.task_id
    }

    /// From the first audio to the first text.
    pub(crate) fn first_package_delay(&self) -> Option<Duration> {
        Some(
            self.first_text?
                .saturating_duration_since(self.first_audio?),
        )
    }

    /// From the call of `stop` to the end of the task.
    pub(crate) fn last_package_delay(&self) -> Option<Duration> {
        Some(self.ended?.saturating_duration_since(self.stopped?))
    }

    /// The last message of this task.
    pub(crate) fn response(&self) -> Option<Arc<Value>> {
        self.response.clone()
    }

    /// The newest usage.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const T1: &str = "t1";

    fn task() -> TaskState {
        TaskState::new(TaskId::from(T1.to_owned()))
    }

    fn started(now: Instant) -> TaskState {
        let mut task = task();
        assert_eq!(
            task.on_text(&plain("task-started"), now).unwrap(),
            Step::Started
        );
        task
    }

    fn plain(event: &str) -> String {
        json!({"header": {"task_id": T1, "event": event}, "payload": {}}).to_string()
    }

    fn sentence(text: &str, end_time: Option<u32>) -> String {
        json!({"header": {"task_id": T1, "event": "result-generated"},
            "payload": {"output": {"sentence": {"text": text, "end_time": end_time}},
                "usage": end_time.map(|_| json!({"duration": 2}))}})
        .to_string()
    }

    #[test]
    fn delays_count_from_the_first_audio_and_from_stop() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut task = started(start);
        task.on_audio(at(100));
        task.on_audio(at(200));
        task.on_text(&sentence("", None), at(300)).unwrap();
        assert_eq!(
            task.first_package_delay(),
            None,
            "an empty text is no result yet"
        );
        task.on_text(&sentence("a", None), at(450)).unwrap();
        task.on_text(&sentence("ab", Some(9)), at(700)).unwrap();
        task.on_stop(at(800));
        assert_eq!(task.last_package_delay(), None);
        task.on_text(&plain("task-finished"), at(1_000)).unwrap();
        assert_eq!(task.first_package_delay(), Some(Duration::from_millis(350)));
        assert_eq!(task.last_package_delay(), Some(Duration::from_millis(200)));
        assert_eq!(task.usage(), Some(Usage { duration: 2 }));
        assert_eq!(task.response().unwrap()["header"]["event"], "task-finished");
    }

    #[test]
    fn failure_carries_code_message_and_id() {
        let mut task = task();
        let failed = json!({"header": {"task_id": T1, "event": "task-failed",
            "error_code": "ModelNotFound", "error_message": "Model can not be found."}});
        let error = task
            .on_text(&failed.to_string(), Instant::now())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "task t1 failed with ModelNotFound: Model can not be found."
        );
    }

    #[test]
    fn messages_of_other_tasks_are_ignored() {
        let mut task = started(Instant::now());
        let other = json!({"header": {"task_id": "t0", "event": "task-finished"}});
        assert_eq!(
            task.on_text(&other.to_string(), Instant::now()).unwrap(),
            Step::Nothing
        );
        assert_eq!(task.response().unwrap()["header"]["event"], "task-started");
    }

    #[test]
    fn order_is_enforced() {
        let now = Instant::now();
        for early in [
            plain("task-finished"),
            sentence("a", None),
            plain("task-paused"),
        ] {
            assert!(
                matches!(task().on_text(&early, now), Err(Error::Protocol(_))),
                "{early}"
            );
        }
        let again = started(now).on_text(&plain("task-started"), now);
        assert!(matches!(again, Err(Error::Protocol(_))));
    }
}
