//! The request path: every route, and every layer that a request passes.

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get};
use mynah_speech::Engine;
use mynah_store::Store;
use mynah_wire::ApiError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;

use crate::http::HttpError;
use crate::serving::Serving;
use crate::{health, inference, realtime};

/// What the handlers share.
pub struct App {
    /// Keys.
    pub store: Store,
    /// Where speech is recognised.
    pub engine: Engine,
    /// Which model ids are served, and by what.
    pub serving: Serving,
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
        .route("/api-ws/v1/realtime", any(realtime::qwen))
        .route("/api-ws/v1/realtime/", any(realtime::qwen))
        .route("/v1/realtime", any(realtime::openai))
        .fallback(|| async { HttpError(ApiError::not_found()) })
        .method_not_allowed_fallback(|| async { HttpError(ApiError::not_found()) })
        // Outermost, so that a panic anywhere becomes the documented answer.
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a request handler panicked");
            axum::response::IntoResponse::into_response(HttpError(ApiError::internal()))
        }))
        .with_state(app)
}
