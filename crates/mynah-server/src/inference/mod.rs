//! `/api-ws/v1/inference`: the duplex task protocol.

mod connection;
mod recognition;

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mynah_wire::ApiError;

use crate::App;
use crate::auth::authenticate;
use crate::http::HttpError;
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
    Ok(Socket::upgrade(upgrade, move |socket| async move {
        connection::run(socket, &app, key).await;
        drop(token);
    }))
}
