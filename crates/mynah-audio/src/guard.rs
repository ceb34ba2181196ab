//! Panics of decoder libraries become errors.
//!
//! The decoders are ports of large C libraries and read bytes of strangers. A panic in one of them
//! is a bug, but it must cost a stream, not a worker. What was being decoded is thrown away.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::AudioError;

/// Runs `work`, which calls the decoder named `codec`.
pub(crate) fn guarded<T>(
    codec: &'static str,
    work: impl FnOnce() -> Result<T, AudioError>,
) -> Result<T, AudioError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(AudioError::Decoder {
            codec,
            reason: "it panicked".to_owned(),
        })
    })
}
