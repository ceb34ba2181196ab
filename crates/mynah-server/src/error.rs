//! Errors as HTTP answers.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use mynah_wire::{ApiError, RequestId};

/// The header that repeats a body's `request_id`.
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// An error on its way to an HTTP client.
pub(crate) struct HttpError(pub(crate) ApiError);

impl From<ApiError> for HttpError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let request_id = RequestId::random();
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let id_header = HeaderValue::from_str(request_id.as_str());
        let mut response = (status, Json(self.0.body(request_id))).into_response();
        if let Ok(id) = id_header {
            response.headers_mut().insert(REQUEST_ID_HEADER, id);
        }
        response
    }
}
