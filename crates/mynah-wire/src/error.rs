//! The one table of errors: who is at fault, the documented code and message, the HTTP status.
//!
//! A fault reaches an HTTP client as a JSON body with the status, and a WebSocket client as a
//! `task-failed` event whose `error_code` and `error_message` are the same code and message.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::RequestId;

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// The client sent something it should not have.
    Client,
    /// The installation lacks what was asked for; its operator can mend that.
    Operator,
    /// The server is full; the same request may succeed later.
    Overload,
    /// The server failed.
    Server,
}

/// An error as the API documents it. Built by the constructors below, which are the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Whose fault it is.
    pub culprit: Culprit,
    /// HTTP status of the same error on an HTTP route.
    pub status: u16,
    /// `code` or `error_code`; clients compare it letter by letter.
    pub code: &'static str,
    /// `message` or `error_message`.
    pub message: String,
}

/// Rows of the table whose message is fixed: name, culprit, status, code, message.
macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident, $culprit:ident, $status:literal, $code:literal, $message:literal;)*) => {
        impl ApiError {
            $(
                $(#[$doc])*
                pub fn $name() -> Self {
                    Self::new(Culprit::$culprit, $status, $code, $message)
                }
            )*

            /// Every row with a fixed message, for tests and documentation.
            pub fn fixed_rows() -> Vec<Self> {
                vec![$(Self::$name()),*]
            }
        }
    };
}

errors! {
    /// The handshake or request carries no key.
    no_api_key, Client, 401, "InvalidApiKey", "No API-key provided.";
    /// The key is not one of ours, or was revoked.
    invalid_api_key, Client, 401, "InvalidApiKey", "Invalid API-key provided.";
    /// `run-task` while the socket's previous task is still open.
    task_already_open, Client, 400, "InvalidParameter",
        "Invalid action('run-task')! Please follow the protocol!";
    /// A message that is not JSON, or not an object of the documented form.
    malformed_message, Client, 400, "InvalidParameter",
        "Required body invalid, please check the request body format.";
    /// `input` is missing in `finish-task`.
    task_can_not_be_null, Client, 400, "InvalidParameter", "task can not be null";
    /// No message and no audio for 23 s within a task.
    request_timeout, Client, 400, "CLIENT_ERROR", "request timeout after 23 seconds.";
    /// Only silence for 60 s while `heartbeat` is off.
    response_timeout, Client, 500, "ResponseTimeout", "Response timeout!";
    /// Nothing that could be decoded as the declared format arrived before the end.
    no_valid_audio, Client, 400, "NO_VALID_AUDIO_ERROR", "NO_VALID_AUDIO_ERROR";
    /// `format` is not one of the documented ones.
    unsupported_format, Client, 400, "UNSUPPORTED_FORMAT", "UNSUPPORTED_FORMAT";
    /// A message or frame is larger than the server takes.
    message_too_large, Client, 413, "BadRequest.TooLarge", "Payload Too Large.";
    /// A real-time event that is not JSON, or has no known `type`.
    invalid_event, Client, 400, "invalid_event", "The event is not a JSON object of a known form.";
    /// `input_audio_buffer.commit` with less than a tenth of a second of audio; real-time clients
    /// know the beginning of the message.
    audio_buffer_empty, Client, 400, "input_audio_buffer_commit_empty",
        "Error committing input audio buffer: buffer too small, or have no audio.";
    /// No real-time event for 60 s, while nothing was being recognised.
    session_idle, Client, 400, "session_expired", "request timeout after 60 seconds.";
    /// A real-time session reached its greatest length.
    session_expired, Client, 400, "session_expired",
        "The session has reached its maximum length of 120 minutes.";
    /// A route, or a stored object such as a hot-word list, that does not exist.
    not_found, Client, 404, "NotFound", "Not found!";
    /// A plain HTTP request where only a WebSocket handshake is answered.
    websocket_only, Client, 400, "InvalidParameter", "current user api does not support http call.";
    /// No free slot, or too many tasks started.
    rate_quota, Overload, 429, "Throttling.RateQuota",
        "Requests rate limit exceeded, please try again later.";
    /// The server is shutting down.
    unavailable, Overload, 503, "ModelUnavailable", "Model is unavailable, try again later.";
    /// An engine failed.
    model_service_failed, Server, 500, "ModelServiceFailed", "Failed to request model service.";
    /// Anything else that failed on our side.
    internal, Server, 500, "InternalError", "An internal error has occured, please try again later or contact service support.";
}

impl ApiError {
    fn new(culprit: Culprit, status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            culprit,
            status,
            code,
            message: message.into(),
        }
    }

    /// A required key of a WebSocket message is missing; `key` is its path, `payload.model` say.
    pub fn missing_parameter(key: &str) -> Self {
        let message = format!("Missing required parameter '{key}'! Please follow the protocol!");
        Self::new(Culprit::Client, 400, "InvalidParameter", message)
    }

    /// A parameter's type or value is outside what is documented; `rule` says what is allowed.
    pub fn parameter_out_of_range(rule: &str) -> Self {
        let message = format!("the parameters must conform to the specification: {rule}.");
        Self::new(Culprit::Client, 400, "InvalidParameter", message)
    }

    /// A value of a real-time event is not one of those allowed; `allowed` lists them.
    pub fn invalid_value(value: &str, allowed: &str) -> Self {
        let message = format!("Invalid value: '{value}'. Supported values are: {allowed}.");
        Self::new(Culprit::Client, 400, "invalid_value", message)
    }

    /// A required key of a real-time event is missing.
    pub fn missing_event_key(key: &str) -> Self {
        let message = format!("Missing required parameter: '{key}'.");
        Self::new(Culprit::Client, 400, "missing_required_parameter", message)
    }

    /// An `action` that does not exist, or that is not legal now.
    pub fn invalid_action(action: &str) -> Self {
        let message = format!("Invalid action('{action}')! Please follow the protocol!");
        Self::new(Culprit::Client, 400, "InvalidParameter", message)
    }

    /// The model id is not one that this endpoint serves.
    pub fn model_not_found(model: &str) -> Self {
        let message = format!("The model {model} does not exist.");
        Self::new(Culprit::Client, 404, "ModelNotFound", message)
    }

    /// The model id is served, but no weights for it are installed.
    pub fn model_not_installed(model: &str, remedy: &str) -> Self {
        let message =
            format!("The model {model} does not exist. No weights for it are installed: {remedy}");
        Self::new(Culprit::Operator, 404, "ModelNotFound", message)
    }

    /// The error as the JSON body of an HTTP answer.
    pub fn body(&self, request_id: RequestId) -> ErrorBody {
        ErrorBody {
            code: self.code.to_owned(),
            message: self.message.clone(),
            request_id,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ApiError {}

/// The JSON body of every failed HTTP request. All three keys are present: the Java SDK reports
/// `response_error` instead of the code when one is null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The documented code.
    pub code: String,
    /// What went wrong.
    pub message: String,
    /// The same value as the `x-request-id` header.
    pub request_id: RequestId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_code_a_message_and_a_failing_status() {
        for row in ApiError::fixed_rows() {
            assert!((400..600).contains(&row.status), "{row}");
            assert!(!row.code.is_empty() && !row.message.is_empty(), "{row}");
        }
    }

    #[test]
    fn overload_is_retryable_and_client_faults_are_not() {
        const RETRIED_BY_SDKS: [u16; 7] = [408, 409, 429, 500, 502, 503, 504];
        for row in ApiError::fixed_rows() {
            match row.culprit {
                Culprit::Overload => assert!(RETRIED_BY_SDKS.contains(&row.status), "{row}"),
                // The documentation itself gives this client fault a 500.
                Culprit::Client if row.code != "ResponseTimeout" => {
                    assert!(!RETRIED_BY_SDKS.contains(&row.status), "{row}");
                }
                _ => {}
            }
        }
    }
}
