//! Every bound of the server, in one place.

use std::time::Duration;

/// Connections that may be open at once.
pub const CONNECTIONS_MAX: usize = 1024;

/// Time for a client to send its request head, the WebSocket handshake included.
pub const REQUEST_HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// Largest WebSocket message or frame, in bytes. The documentation asks for audio in pieces of 1
/// to 16 KB; the official samples send up to 64 KiB.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// Largest message or frame of the real-time event protocol, in bytes: audio of 15 MiB of base64
/// is allowed inside one.
pub const EVENT_BYTES_MAX: usize = 24 << 20;

/// Time for a client to take one message. A slower one is cut off.
pub const SEND_TIME_MAX: Duration = Duration::from_secs(10);

/// Time for a client to answer a close frame.
pub const CLOSE_TIME_MAX: Duration = Duration::from_secs(5);

/// Time that open tasks are given to end when the server shuts down.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(30);

/// Time for a client to send a request's body.
pub const BODY_TIME_MAX: Duration = Duration::from_mins(1);

/// Largest JSON body of an ordinary request, in bytes. Routes that take audio have limits of their
/// own.
pub const JSON_BODY_BYTES_MAX: usize = 1 << 20;
