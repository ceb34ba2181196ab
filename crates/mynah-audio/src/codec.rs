//! One module per format that can arrive as a stream of bytes.

pub(crate) mod aac;
pub(crate) mod amr;
pub(crate) mod mp3;
pub(crate) mod ogg;
pub(crate) mod opus;
pub(crate) mod pcm;
pub(crate) mod speex;
pub(crate) mod wav;

use crate::AudioError;
use crate::sink::Sink;

/// Decodes bytes as they come. Any cut of the same bytes gives the same samples.
pub(crate) trait Codec: Send {
    /// Takes some bytes.
    fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError>;

    /// The stream has ended.
    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), AudioError>;
}
