//! The HTTP and WebSocket server: sockets, keys, limits, and the sessions' messages in and out.
//!
//! One folder per served API. What a message means is decided in `mynah-session`; what speech
//! means, in `mynah-speech`; this crate carries bytes between them.

mod accept;
mod app;
mod auth;
mod chat;
mod connection;
mod feed;
mod files;
mod form;
mod health;
mod hot_words;
mod http;
mod inference;
pub mod limits;
mod multimodal;
mod openai;
mod quotas;
mod realtime;
mod serving;
pub mod socket;
mod sse;
mod tokens;
mod uploads;

pub use accept::serve;
pub use app::App;
pub use files::{Files, FilesError};
pub use mynah_fetch::Reach;
pub use quotas::{Quotas, TaskRates};
pub use serving::{Serving, Unserved};
