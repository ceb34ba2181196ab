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
    message_too_large, Client, 400, "BadRequest.TooLarge", "Payload Too Large.";
    /// A route that does not exist.
    path_not_found, Client, 404, "NotFound", "Request path not found.";
    /// A stored object, such as a hot-word list, that does not exist or is another key's.
    resource_not_exist, Client, 400, "BadRequest.ResourceNotExist", "The Required resource not exist.";
    /// A request body without `model`.
    empty_model, Client, 400, "BadRequest.EmptyModel", "Required parameter \"model\" missing from request.";
    /// A request body without `input`.
    empty_input, Client, 400, "BadRequest.EmptyInput", "Required input parameter missing from request.";
    /// `input` is not an object.
    input_not_json, Client, 400, "InvalidParameter", "input json error.";
    /// `X-DashScope-Async` where there is no task to wait for.
    synchronous_only, Client, 403, "AccessDenied", "current user api does not support asynchronous calls.";
    /// As many stored objects as a key may have. The service itself answers 400 here, not 429:
    /// repeating the request does not help.
    allocation_quota, Client, 400, "Throttling.AllocationQuota", "Free allocated quota exceeded.";
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
    /// A plain HTTP request where only a WebSocket handshake is answered.
    websocket_only, Client, 400, "InvalidParameter", "current user api does not support http call.";
    /// The model is served, but not on this path.
    url_error, Client, 400, "InvalidParameter", "url error, please check url！";
    /// Input that a recogniser has no use for, such as a question about the audio.
    not_for_recognition, Client, 400, "InvalidParameter",
        "The dedicated task 'asr' corresponding to the current service does not support this input.";
    /// The audio behind a URL or an upload cannot be had; whatever the reason, so that nobody can
    /// explore a network by it.
    download_failed, Client, 400, "InvalidFile.DownloadFailed",
        "The audio file cannot be downloaded.";
    /// A file that holds no audio we can read.
    illegal_audio, Client, 400, "InvalidParameter",
        "The audio format is illegal and cannot be opened.";
    /// A request for recognition without audio.
    empty_audio, Client, 400, "InvalidParameter", "The audio is empty";
    /// What should be a URL, a data URI or base64 is none of these.
    invalid_url, Client, 400, "InvalidParameter",
        "The provided URL does not appear to be valid. Ensure it is correctly formatted.";
    /// `oss://` without `X-DashScope-OssResourceResolve: enable`.
    oss_not_resolved, Client, 400, "InvalidParameter.DataInspection",
        "The media format is not supported or incorrect for the data inspection.";
    /// `format` is required and missing.
    format_empty, Client, 400, "UNSUPPORTED_FORMAT", "format is empty";
    /// An upload whose certificate is too old.
    policy_expired, Client, 403, "AccessDenied", "Invalid according to Policy: Policy expired.";
    /// An upload that its certificate does not allow.
    access_denied, Client, 403, "AccessDenied", "Access denied.";
    /// There is no room for more uploads.
    uploads_full, Overload, 429, "Throttling.AllocationQuota",
        "Allocated quota exceeded, please increase your quota limit.";
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

    /// An HTTP method that the path does not have.
    pub fn method_not_supported(method: &str) -> Self {
        let message = format!("Request method '{method}' is not supported.");
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

    /// The audio is shorter or longer than the route takes.
    pub fn audio_length(seconds_min: u64, seconds_max: u64) -> Self {
        let message = format!("Audio length must be between {seconds_min}s and {seconds_max}s.");
        Self::new(
            Culprit::Client,
            400,
            "InvalidFile.AudioLengthError",
            message,
        )
    }

    /// Audio inside the request is longer than `bytes_max` bytes. The quotation mark that nothing
    /// opens is the documentation's.
    pub fn data_uri_too_large(bytes_max: usize) -> Self {
        let message = format!("Exceeded limit on max bytes per data-uri item : {bytes_max}'.");
        Self::new(Culprit::Client, 400, "InvalidParameter", message)
    }

    /// A file, downloaded or uploaded, is larger than `megabytes_max` MB.
    pub fn file_too_large(megabytes_max: u64) -> Self {
        let message =
            format!("Invalid file size. The file size must be less than {megabytes_max}MB.");
        Self::new(Culprit::Client, 400, "InvalidFile.Size", message)
    }

    /// A key of the request is missing or of the wrong kind; `key` is its path.
    pub fn field_required(key: &str) -> Self {
        let message = format!("Field required: {key}");
        Self::new(Culprit::Client, 400, "InvalidParameter", message)
    }

    /// A message's content has items of another family's kind.
    pub fn content_not_a_string(index: usize) -> Self {
        let message = format!("Input should be a valid string: input.messages.{index}.content.str");
        Self::new(Culprit::Client, 400, "InvalidParameter", message)
    }

    /// The model is served, but not through OpenAI's chat completions.
    pub fn model_not_compatible(model: &str) -> Self {
        let message = format!("Unsupported model {model} for OpenAI compatibility mode.");
        Self::new(Culprit::Client, 404, "model_not_supported", message)
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
