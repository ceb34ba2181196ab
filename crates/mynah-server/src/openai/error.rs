//! Errors in OpenAI's envelope.

use axum::Json;
use axum::response::{IntoResponse, Response};
use mynah_wire::openai::ErrorBody;
use mynah_wire::{ApiError, RequestId};

use crate::http::{HttpError, status, with_request_id};

/// An error on its way to a client of an OpenAI-compatible route.
#[derive(Debug)]
pub(crate) struct OpenAiError(ApiError);

impl From<ApiError> for OpenAiError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<HttpError> for OpenAiError {
    fn from(error: HttpError) -> Self {
        Self(error.0)
    }
}

impl IntoResponse for OpenAiError {
    fn into_response(self) -> Response {
        let request_id = RequestId::random();
        let body = Json(ErrorBody::new(&self.0, request_id.clone()));
        with_request_id((status(&self.0), body).into_response(), &request_id)
    }
}
