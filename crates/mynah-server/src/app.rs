//! The request path: every route, and every layer that a request passes.

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::{any, get, post};
use mynah_speech::Engine;
use mynah_store::Store;
use mynah_wire::ApiError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;

use crate::files::Files;
use crate::http::HttpError;
use crate::quotas::{Quotas, TaskRates};
use crate::serving::Serving;
use crate::{chat, health, hot_words, inference, multimodal, openai, realtime, tokens, uploads};

/// What the handlers share.
pub struct App {
    /// Keys and hot-word lists.
    pub store: Store,
    /// What one key may use.
    pub quotas: Quotas,
    /// How many tasks each key has started lately.
    pub task_rates: TaskRates,
    /// Where speech is recognised.
    pub engine: Engine,
    /// Which model ids are served, and by what.
    pub serving: Serving,
    /// Files: uploads, downloads, and how many are in recognition.
    pub files: Files,
    /// The open WebSocket connections, which outlive the requests that opened them.
    pub connections: TaskTracker,
    /// Cancelled when the server is to end: open tasks may still finish.
    pub shutdown: CancellationToken,
}

/// The routes and, from the outside in, the layers around them.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/health", get(health::health))
        // The Java SDK and the browser samples put a slash at the end.
        .route("/api-ws/v1/inference", any(inference::handshake))
        .route("/api-ws/v1/inference/", any(inference::handshake))
        .route(
            "/api/v1/services/audio/asr/customization",
            post(hot_words::customize),
        )
        .route("/api/v1/fine-tunes", post(hot_words::compile))
        .route("/api/v1/fine-tunes/outputs", get(hot_words::list_outputs))
        .route(
            "/api/v1/fine-tunes/outputs/{id}",
            get(hot_words::query_output).delete(hot_words::delete_output),
        )
        .route("/api/v1/tokens", post(tokens::create))
        .route(multimodal::PATH, post(multimodal::generation))
        .route(uploads::PATH, get(uploads::policy).post(uploads::upload))
        .route(
            "/compatible-mode/v1/chat/completions",
            post(chat::completions),
        )
        .route("/compatible-mode/v1/models", get(openai::models))
        .route("/v1/audio/transcriptions", post(openai::transcriptions))
        .route("/v1/audio/translations", post(openai::translations))
        .route("/v1/models", get(openai::models))
        .route("/api-ws/v1/realtime", any(realtime::qwen))
        .route("/api-ws/v1/realtime/", any(realtime::qwen))
        .route("/v1/realtime", any(realtime::openai))
        .fallback(|| async { HttpError(ApiError::path_not_found()) })
        .method_not_allowed_fallback(|method: Method| async move {
            HttpError(ApiError::method_not_supported(method.as_str()))
        })
        // Outermost, so that a panic anywhere becomes the documented answer.
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a request handler panicked");
            axum::response::IntoResponse::into_response(HttpError(ApiError::internal()))
        }))
        .with_state(app)
}
