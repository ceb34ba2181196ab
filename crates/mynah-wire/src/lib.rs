//! Messages, error codes and ids of the served API. Types only: no clocks, sockets or rules.
//!
//! Names are the documentation's own (`run-task`, `result-generated`, `sentence_end`). The types
//! serialise to exactly what the official clients parse; where a client chokes on a form that the
//! documentation would allow, the field's comment says so.

pub mod chat;
pub mod customization;
pub mod error;
pub mod fine_tunes;
mod ids;
pub mod inference;
pub mod multimodal;
pub mod openai;
pub mod realtime;
pub mod uploads;

pub use error::{ApiError, Culprit};
pub use ids::{EventId, ItemId, JobId, RequestId, SessionId, TaskId, VocabularyId};
