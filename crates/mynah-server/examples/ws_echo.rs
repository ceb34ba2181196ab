//! Echoes every message, over the server's own WebSocket layer: what the Autobahn test suite
//! talks to.
//!
//! `cargo run -p mynah-server --example ws_echo -- 9001`

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::routing::any;
use mynah_server::limits::MESSAGE_BYTES_MAX;
use mynah_server::socket::{Received, Socket};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .unwrap_or(9001);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let handshake =
        |upgrade: WebSocketUpgrade| async { Socket::upgrade(upgrade, MESSAGE_BYTES_MAX, echo) };
    axum::serve(listener, Router::new().route("/", any(handshake))).await
}

async fn echo(mut socket: Socket) {
    loop {
        let sent = match socket.receive().await {
            Received::Text(text) => socket.send(text).await,
            Received::Binary(bytes) => socket.send_binary(bytes).await,
            Received::TooLarge => return socket.close_too_large().await,
            Received::End => return,
        };
        if sent.is_err() {
            return;
        }
    }
}
