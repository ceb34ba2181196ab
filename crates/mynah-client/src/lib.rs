//! Client of the speech API, for Mynah and for the cloud it speaks like.
//!
//! Live recognition over the duplex task protocol (`run-task` … `task-finished`). It offers what
//! the pages "Python SDK", "Fun-ASR client events" and "Fun-ASR server-side events" document, in
//! Rust's own shape:
//!
//! | Python | here |
//! |---|---|
//! | `Recognition(model=…, format=…, sample_rate=…, …)` | [`Recognition::builder`] |
//! | `call(file)` | [`Recognition::call`], [`Session::recognize`] |
//! | `start()` without a callback's help | [`Recognition::start`]: a [`Session`], a stream of [`Event`]s |
//! | `start()` with `RecognitionCallback` | [`Recognition::start_with_callback`] |
//! | `send_audio_frame`, `stop` | [`Session::send_audio_frame`], [`Session::stop`]; from other tasks [`Session::sender`] |
//! | `get_sentence`, `is_sentence_end`, `get_usage` | [`SentenceResult`], [`SentenceResult::is_end`] |
//! | `get_last_request_id`, `get_response` | [`Session::request_id`], [`Session::response`] |
//! | `get_first_package_delay`, `get_last_package_delay` | [`Session::first_package_delay`], [`Session::last_package_delay`] |
//! | environment `DASHSCOPE_API_KEY`, `DASHSCOPE_WEBSOCKET_BASE_URL` | the same |
//!
//! ```no_run
//! use mynah_client::{AudioFormat, Event, Recognition};
//!
//! # async fn example() -> Result<(), mynah_client::Error> {
//! let recognition = Recognition::builder()
//!     .url("ws://127.0.0.1:8787/api-ws/v1/inference")
//!     .api_key("sk-…")
//!     .model("fun-asr-realtime")
//!     .format(AudioFormat::Wav)
//!     .sample_rate(16_000)
//!     .build()?;
//!
//! // A whole file:
//! println!("{}", recognition.call("asr_example.wav").await?.text());
//!
//! // Or a stream:
//! let mut session = recognition.start().await?;
//! session.send_audio_frame(std::fs::read("asr_example.wav").unwrap_or_default()).await?;
//! session.stop().await?;
//! while let Some(event) = session.next_event().await {
//!     if let Event::Sentence(result) = event? {
//!         println!("{} {}", if result.is_end() { "final" } else { "…" }, result.sentence.text);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Invariants: sending never keeps results or pings from being read; every queue, body and wait
//! has its limit in [`limits`]; only the start of a task is ever repeated, never a stream with
//! audio in it; dropping a session closes its connection.

mod callback;
mod connection;
mod driver;
mod endpoint;
mod error;
pub mod limits;
pub mod load;
mod message;
mod options;
pub mod pacing;
mod recognition;
mod retry;
mod session;
mod task;

pub use mynah_wire::TaskId;
pub use mynah_wire::inference::{Sentence, Stash, Usage, Word};
pub use tokio_rustls::rustls;

pub use crate::callback::{CallbackSession, RecognitionCallback};
pub use crate::connection::Connection;
pub use crate::error::{Error, Refusal, Wait};
pub use crate::message::{Event, SentenceResult};
pub use crate::options::{
    API_KEY_VARIABLE, AudioFormat, Context, DEFAULT_URL, RecognitionBuilder, URL_VARIABLE,
};
pub use crate::recognition::Recognition;
pub use crate::retry::RetryPolicy;
pub use crate::session::{AudioSender, RecognitionResult, Session};
