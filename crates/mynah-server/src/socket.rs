//! A WebSocket that closes properly and never waits for its peer without a limit.

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use tokio::time::timeout;

use crate::limits::{CLOSE_TIME_MAX, SEND_TIME_MAX};

/// What a peer sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Bytes),
    /// A message beyond the socket's limit. Nothing more can be read.
    TooLarge,
    /// Nothing more will come: the peer closed or vanished, or broke the WebSocket protocol. In
    /// the first case the closing handshake is complete.
    End,
}

/// The peer takes nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// An open WebSocket.
pub struct Socket(WebSocket);

impl Socket {
    /// Answers a handshake; `drive` gets the socket once it is open. A message or frame may have
    /// `bytes_max` bytes.
    pub fn upgrade<F>(
        handshake: WebSocketUpgrade,
        bytes_max: usize,
        drive: impl FnOnce(Self) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        handshake
            .max_message_size(bytes_max)
            .max_frame_size(bytes_max)
            .on_upgrade(move |socket| drive(Self(socket)))
    }

    /// The next message. Pings are answered on the way. Cancel-safe.
    pub async fn receive(&mut self) -> Received {
        loop {
            match self.0.recv().await {
                Some(Ok(Message::Text(text))) => return Received::Text(text.as_str().to_owned()),
                Some(Ok(Message::Binary(bytes))) => return Received::Binary(bytes),
                // The answer to a close frame is flushed by reading on until the stream ends.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => {}
                Some(Err(error)) if is_too_large(&error) => return Received::TooLarge,
                Some(Err(_)) | None => return Received::End,
            }
        }
    }

    /// Sends a text frame.
    pub async fn send(&mut self, text: String) -> Result<(), Gone> {
        self.send_message(Message::Text(text.into())).await
    }

    /// Sends a binary frame.
    pub async fn send_binary(&mut self, bytes: Bytes) -> Result<(), Gone> {
        self.send_message(Message::Binary(bytes)).await
    }

    /// Closes normally (code 1000).
    pub async fn close(self, reason: &str) {
        self.close_with(close_code::NORMAL, reason).await;
    }

    /// Closes because of a message beyond the limit (code 1009).
    pub async fn close_too_large(self) {
        self.close_with(close_code::SIZE, "message too big").await;
    }

    async fn close_with(mut self, code: u16, reason: &str) {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        if self
            .send_message(Message::Close(Some(frame)))
            .await
            .is_err()
        {
            return;
        }
        let peer_answers = async { while let Some(Ok(_)) = self.0.recv().await {} };
        // A peer that does not answer is left to the operating system.
        let _ = timeout(CLOSE_TIME_MAX, peer_answers).await;
    }

    async fn send_message(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(SEND_TIME_MAX, self.0.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}

/// Whether the WebSocket library refused a message for its size. Its error type is wrapped beyond
/// reach by the web framework, so its text has to do.
fn is_too_large(error: &axum::Error) -> bool {
    let text = error.to_string();
    text.contains("too long") || text.contains("Space limit exceeded")
}
