//! What can go wrong with audio, and whose fault it is.

use std::io;

use crate::sniff::Container;

/// Why audio could not be decoded.
///
/// Damage inside a stream that has already given audio is no error: the frame is replaced by
/// silence of the same length, so that times stay right.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// A decoder library failed or panicked on this stream: ours to mend.
    #[error("the {codec} decoder failed: {reason}")]
    Decoder {
        /// Name of the codec.
        codec: &'static str,
        /// What the library said.
        reason: String,
    },
    /// The decoder was given bytes after [`finish`](crate::LiveDecoder::finish): ours to mend.
    #[error("audio was pushed after the end of the stream")]
    Finished,
    /// The file could not be read.
    #[error("cannot read the audio: {0}")]
    Io(#[from] io::Error),
    /// The container's own description of the audio makes no sense.
    #[error("the {container} header is malformed: {reason}")]
    Malformed {
        /// What the bytes claim to be.
        container: &'static str,
        /// The part that is wrong.
        reason: String,
    },
    /// Nothing in the stream decodes as what it was said to be.
    #[error("no {expected} audio found; the data looks like {}", Container::describe(*.found))]
    NothingDecodable {
        /// The format that was declared or recognised.
        expected: &'static str,
        /// What the first bytes look like.
        found: Option<Container>,
    },
    /// The sampling rate is outside [`limits::SAMPLE_RATES_HZ`](crate::limits::SAMPLE_RATES_HZ).
    #[error("a sampling rate of {0} Hz is not supported")]
    SampleRate(u32),
    /// The format is recognised, but this build cannot decode it.
    #[error("{0} is not supported")]
    Unsupported(String),
}

/// Who has to act on an [`AudioError`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The sender: other audio or another declaration is needed.
    Client,
    /// This program or its machine.
    Server,
}

impl AudioError {
    /// Says whether the sender or this program has to act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Decoder { .. } | Self::Finished | Self::Io(_) => Fault::Server,
            Self::Malformed { .. }
            | Self::NothingDecodable { .. }
            | Self::SampleRate(_)
            | Self::Unsupported(_) => Fault::Client,
        }
    }
}
