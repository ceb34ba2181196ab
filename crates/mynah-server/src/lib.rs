//! The HTTP and WebSocket server: sockets, keys, limits, and the sessions' messages in and out.
//!
//! One folder per served API. What a message means is decided in `mynah-session`; what speech
//! means, in `mynah-speech`; this crate carries bytes between them.

mod accept;
mod app;
mod auth;
mod connection;
mod feed;
mod health;
mod http;
mod inference;
pub mod limits;
mod realtime;
mod serving;
pub mod socket;

pub use accept::serve;
pub use app::App;
pub use serving::{Serving, Unserved};
