//! Messages, error codes and ids of the served API. Types only: no clocks, sockets or rules.
//!
//! Names are the documentation's own (`run-task`, `result-generated`, `sentence_end`). The types
//! serialise to exactly what the official clients parse; where a client chokes on a form that the
//! documentation would allow, the field's comment says so.

pub mod error;
mod ids;
pub mod inference;
pub mod realtime;

pub use error::{ApiError, Culprit};
pub use ids::{EventId, ItemId, RequestId, SessionId, TaskId};
