//! `/api-ws/v1/realtime` and OpenAI's `/v1/realtime`: the event protocol.

mod recognition;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mynah_session::{Dialect, REALTIME_SESSION_MAX, RealtimeSession, Setup};
use mynah_wire::ApiError;

use crate::App;
use crate::auth::{authenticate, offered_protocols};
use crate::connection;
use crate::http::HttpError;
use crate::limits::EVENT_BYTES_MAX;
use crate::socket::Socket;

/// The subprotocol of OpenAI's browser clients, which fail unless one they offer is chosen.
const BROWSER_PROTOCOL: &str = "realtime";
/// How a browser client asks for OpenAI's beta form; others send the header `OpenAI-Beta`.
const BROWSER_BETA_PROTOCOL: &str = "openai-beta.realtime-v1";

/// The query of the address, read leniently: only `model` counts, and SDKs append it to whatever
/// their user gave them. `intent` is not read: whatever it says, speech is transcribed.
type Address = Query<Vec<(String, String)>>;

/// Answers the handshake of the Qwen dialect.
pub(crate) async fn qwen(
    app: State<Arc<App>>,
    address: Address,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, HttpError> {
    handshake(app, Dialect::Qwen, address, &uri, &headers, upgrade).await
}

/// Answers the handshake of OpenAI's dialects.
pub(crate) async fn openai(
    app: State<Arc<App>>,
    address: Address,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, HttpError> {
    let dialect = if asks_for_beta(&headers) {
        Dialect::OpenAiBeta
    } else {
        Dialect::OpenAi
    };
    handshake(app, dialect, address, &uri, &headers, upgrade).await
}

fn asks_for_beta(headers: &HeaderMap) -> bool {
    let by_header = headers.get("openai-beta");
    by_header.is_some_and(|beta| beta == "realtime=v1")
        || offered_protocols(headers).any(|offered| offered == BROWSER_BETA_PROTOCOL)
}

async fn handshake(
    State(app): State<Arc<App>>,
    dialect: Dialect,
    address: Address,
    uri: &Uri,
    headers: &HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, HttpError> {
    let key = authenticate(&app.store, headers, uri).await?;
    let upgrade = upgrade.map_err(|_| ApiError::websocket_only())?;
    let upgrade = upgrade.protocols([BROWSER_PROTOCOL]);
    tracing::debug!(%key, ?dialect, "connection opened");
    let session = RealtimeSession::new(setup(&app, dialect, address), Duration::ZERO);
    let token = app.connections.token();
    let drive = move |socket| async move {
        connection::run(socket, &app, key, session, recognition::order).await;
        drop(token);
    };
    Ok(Socket::upgrade(upgrade, EVENT_BYTES_MAX, drive))
}

fn setup(app: &Arc<App>, dialect: Dialect, Query(address): Address) -> Setup {
    let is_model = |(key, value): &(String, String)| {
        key.trim_start_matches('?') == "model" && !value.is_empty()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let expires_at = now.unwrap_or_default() + REALTIME_SESSION_MAX;
    let app = app.clone();
    Setup {
        dialect,
        model: address.into_iter().find(is_model).map(|(_, model)| model),
        expires_at_s: expires_at.as_secs(),
        check_model: Box::new(move |model| app.serving.pipeline(model).map(drop)),
    }
}
