//! Protocol sessions as state machines without I/O.
//!
//! A session takes what a socket receives, what the engines report and what time it is, and
//! answers with [`Action`]s. It holds no socket, no clock, no thread and no model, so a test can
//! drive it through hours of protocol in a millisecond. Time is a [`std::time::Duration`] since an
//! origin that the driver chooses, the opening of the connection for instance.

mod driver;
mod family;
mod hot_words;
mod inference;
mod limits;
mod parameters;
mod realtime;
mod task;

pub use driver::{Action, Actions, Close, Session};
pub use family::Family;
pub use hot_words::HotWordSources;
pub use inference::{InferenceAction, InferenceSession, RecognitionEvent, RecognizedText};
pub use limits::{
    HEARTBEAT_INTERVAL, HOT_WORD_LIST_ID_BYTES_MAX, HOT_WORD_LISTS_MAX, IDLE_CONNECTION_MAX,
    INLINE_HOT_WORDS_MAX, INPUT_GAP_MAX, QUEUED_AUDIO_BYTES_MAX, REALTIME_GRACE, REALTIME_IDLE_MAX,
    REALTIME_SESSION_MAX, SILENCE_MAX,
};
pub use parameters::{AudioFormat, RecognitionRequest, Segmentation, TextParameters};
pub use realtime::{Dialect, ModelCheck, RealtimeAction, RealtimeRequest, RealtimeSession, Setup};
