//! `/api-ws/v1/inference`: the duplex task protocol.

mod recognition;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mynah_session::InferenceSession;
use mynah_wire::ApiError;

use crate::App;
use crate::auth::authenticate;
use crate::connection;
use crate::http::HttpError;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::socket::Socket;

/// Answers the WebSocket handshake. A bad key is refused here, with the status line and the JSON
/// body that the SDKs read, never inside the task protocol.
pub(crate) async fn handshake(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, HttpError> {
    let key = authenticate(&app.store, &headers, &uri).await?;
    let upgrade = upgrade.map_err(|_| ApiError::websocket_only())?;
    tracing::debug!(%key, "connection opened");
    let token = app.connections.token();
    let drive = move |socket| async move {
        let session = InferenceSession::new(Duration::ZERO);
        connection::run(socket, &app, key, session, recognition::order).await;
        drop(token);
    };
    Ok(Socket::upgrade(upgrade, MESSAGE_BYTES_MAX, drive))
}
