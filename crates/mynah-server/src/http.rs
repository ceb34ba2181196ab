//! What every HTTP route has in common: who asks, JSON in, the documented envelope out.
//!
//! A handler takes [`Caller`] first, so that nothing of a stranger's body is read, then
//! [`JsonBody`], and returns [`Answer`] or an error; both carry the request id in the body and in
//! the `x-request-id` header.

use std::sync::Arc;

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use mynah_store::{KeyId, StoreError};
use mynah_wire::{ApiError, RequestId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use crate::App;
use crate::auth::authenticate;
use crate::limits::{BODY_TIME_MAX, ERROR_DETAIL_CHARACTERS_MAX, JSON_BODY_BYTES_MAX};

/// The header that repeats a body's `request_id`.
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The header that asks for a task instead of an answer.
const ASYNC_HEADER: HeaderName = HeaderName::from_static("x-dashscope-async");

/// Who asks.
pub(crate) struct Caller {
    /// The key of the request.
    pub(crate) key: KeyId,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, HttpError> {
        let key = authenticate(&app.store, &parts.headers, &parts.uri).await?;
        Ok(Self { key })
    }
}

/// A JSON body of at most [`JSON_BODY_BYTES_MAX`], whatever its content type says.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for JsonBody<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, HttpError> {
        let bytes = read_body(request, JSON_BODY_BYTES_MAX).await?;
        let value = serde_json::from_slice(&bytes).map_err(|_| ApiError::malformed_message())?;
        Ok(Self(value))
    }
}

/// The body of a request, if it is no longer than `bytes_max` and comes in time.
pub(crate) async fn read_body(request: Request, bytes_max: usize) -> Result<Bytes, ApiError> {
    let body = to_bytes(request.into_body(), bytes_max);
    match timeout(BODY_TIME_MAX, body).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // The other cause is a connection that broke, where no answer arrives anyway.
        Ok(Err(_)) => Err(ApiError::message_too_large()),
        Err(_) => Err(ApiError::malformed_message()),
    }
}

/// The body of a request to a service: a model, and what it is given.
#[derive(Debug)]
pub(crate) struct ServiceRequest<'a> {
    /// Model id.
    pub(crate) model: &'a str,
    /// An object whose form is the service's business.
    pub(crate) input: &'a Value,
}

impl<'a> ServiceRequest<'a> {
    /// Finds both in a JSON body.
    pub(crate) fn read(body: &'a Value) -> Result<Self, ApiError> {
        let body = body.as_object().ok_or_else(ApiError::malformed_message)?;
        let model = body.get("model").and_then(Value::as_str);
        let input = body.get("input").filter(|input| !input.is_null());
        let input = input.ok_or_else(ApiError::empty_input)?;
        if !input.is_object() {
            return Err(ApiError::input_not_json());
        }
        Ok(Self {
            model: model
                .filter(|model| !model.is_empty())
                .ok_or_else(ApiError::empty_model)?,
            input,
        })
    }
}

/// Reads a part of a JSON body, the one that `place` names; what is wrong in it is named too.
pub(crate) fn read_part<T: DeserializeOwned>(part: &Value, place: &str) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(part).map_err(|error| {
        let inner = error.path().to_string();
        let dot = if place.is_empty() { "" } else { "." };
        let path = match inner.as_str() {
            "." => place.to_owned(),
            inner => format!("{place}{dot}{inner}"),
        };
        let colon = if path.is_empty() { "" } else { ": " };
        wrong(&format!("{path}{colon}{}", error.into_inner()))
    })
}

/// Reads the query of an address.
pub(crate) fn read_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, ApiError> {
    Query::try_from_uri(uri)
        .map(|Query(query)| query)
        .map_err(|error| wrong(&error.body_text()))
}

/// A mistake in a request. Its description may repeat what the client sent, of any length.
fn wrong(mistake: &str) -> ApiError {
    let detail: String = mistake.chars().take(ERROR_DETAIL_CHARACTERS_MAX).collect();
    ApiError::parameter_out_of_range(&detail)
}

/// Refuses a request for a task where there is an answer at once.
pub(crate) fn refuse_async(headers: &HeaderMap) -> Result<(), ApiError> {
    let value = headers.get(ASYNC_HEADER);
    if value.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"enable")) {
        return Err(ApiError::synchronous_only());
    }
    Ok(())
}

/// A database that cannot be read is our fault, and its details are nobody else's business.
#[expect(clippy::needless_pass_by_value, reason = "the form that map_err calls")]
pub(crate) fn store_failed(error: StoreError) -> ApiError {
    tracing::error!(%error, "the database failed");
    ApiError::internal()
}

/// A successful answer: `request_id`, `output` and, where there is something to count, `usage`.
pub(crate) struct Answer<O, U = ()> {
    request_id: RequestId,
    output: O,
    usage: Option<U>,
}

impl<O> Answer<O> {
    /// An answer without `usage`.
    pub(crate) fn new(output: O) -> Self {
        Self {
            request_id: RequestId::random(),
            output,
            usage: None,
        }
    }

    /// The same answer with `usage`.
    pub(crate) fn with_usage<U>(self, usage: U) -> Answer<O, U> {
        Answer {
            request_id: self.request_id,
            output: self.output,
            usage: Some(usage),
        }
    }
}

/// The envelope of [`Answer`]. No `code` and no `status_code`: clients take either for an error.
#[derive(Serialize)]
struct Envelope<'a, O, U> {
    request_id: &'a RequestId,
    output: &'a O,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: &'a Option<U>,
}

impl<O: Serialize, U: Serialize> IntoResponse for Answer<O, U> {
    fn into_response(self) -> Response {
        let envelope = Envelope {
            request_id: &self.request_id,
            output: &self.output,
            usage: &self.usage,
        };
        with_request_id(Json(envelope).into_response(), &self.request_id)
    }
}

/// An error on its way to an HTTP client.
#[derive(Debug)]
pub(crate) struct HttpError(pub(crate) ApiError);

impl From<ApiError> for HttpError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let request_id = RequestId::random();
        let body = Json(self.0.body(request_id.clone()));
        with_request_id((status(&self.0), body).into_response(), &request_id)
    }
}

/// The HTTP status of an error.
pub(crate) fn status(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Repeats the request id of the body in the header that clients fall back to.
pub(crate) fn with_request_id(mut response: Response, id: &RequestId) -> Response {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn read(response: Response) -> (StatusCode, String, Value) {
        let status = response.status();
        let header = response.headers()[REQUEST_ID_HEADER].to_str().unwrap();
        let header = header.to_owned();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, header, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn answers_carry_their_id_twice_and_nothing_that_means_failure() {
        let answer = Answer::new(json!({})).with_usage(json!({"count": 1}));
        let (status, id, body) = read(answer.into_response()).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(
            body,
            json!({"request_id": id, "output": {}, "usage": {"count": 1}})
        );
        let (_, id, body) = read(Answer::new(json!({"a": 1})).into_response()).await;
        assert_eq!(body, json!({"request_id": id, "output": {"a": 1}}));
    }

    #[tokio::test]
    async fn errors_have_all_three_keys_and_their_status() {
        let error = HttpError(ApiError::invalid_api_key());
        let (status, id, body) = read(error.into_response()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            body,
            json!({"code": "InvalidApiKey", "message": "Invalid API-key provided.",
                   "request_id": id})
        );
    }

    #[test]
    fn a_request_without_model_or_input_is_told_which() {
        let code = |body: Value| match ServiceRequest::read(&body) {
            Ok(request) => request.model.to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(
            code(json!({"input": {}, "model": "m", "parameters": 7})),
            "m"
        );
        for body in [json!({"input": {}}), json!({"input": {}, "model": ""})] {
            assert!(code(body).starts_with("BadRequest.EmptyModel"));
        }
        for body in [json!({"model": "m"}), json!({"model": "m", "input": null})] {
            assert!(code(body).starts_with("BadRequest.EmptyInput"));
        }
        let text = code(json!({"model": "m", "input": "x"}));
        assert_eq!(text, "InvalidParameter: input json error.");
        assert!(code(json!([])).contains("Required body invalid"));
    }

    #[test]
    fn a_mistake_in_a_part_is_placed_and_its_length_bounded() {
        let endless = json!({"words": [{"text": "x".repeat(100_000)}]});
        let message = |place| {
            let read = read_part::<std::collections::BTreeMap<String, Vec<u32>>>(&endless, place);
            read.unwrap_err().message
        };
        assert!(message("input").contains("input.words[0]: invalid type: map"));
        assert!(message("").contains(": words[0]: invalid type: map"));
        assert!(
            read_part::<u32>(&json!("x".repeat(100_000)), "n")
                .unwrap_err()
                .message
                .len()
                < 300
        );
    }

    #[tokio::test]
    async fn a_long_body_is_refused() {
        let request = || Request::new(axum::body::Body::from("12345"));
        assert_eq!(read_body(request(), 5).await.unwrap(), "12345");
        let error = read_body(request(), 4).await.unwrap_err();
        assert_eq!(error.code, "BadRequest.TooLarge");
    }
}
