//! Codecs whose bytes come in frames that can be told apart by looking at them.
//!
//! A framer looks at the bytes from a position on and says what is there; the loop around it keeps
//! the bytes. Its answers depend on the bytes only, never on how they were cut, and it may ask for
//! no more than its longest frame: so the cut of the input does not show and memory is bounded.

use crate::AudioError;
use crate::codec::Codec;
use crate::limits::JUNK_BYTES_MAX;
use crate::sink::Sink;

/// What stands at the front of the bytes.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// A frame of this many bytes, all of them there.
    Frame(usize),
    /// This many bytes that are not audio and say so: a tag.
    Metadata(u64),
    /// At least this many bytes that make no sense.
    Junk(usize),
    /// More bytes are needed to tell.
    More,
}

/// Finds and decodes the frames of one format.
pub(crate) trait Framer: Send {
    /// Most bytes that may be needed to answer [`Framer::step`].
    const WINDOW_BYTES_MAX: usize;

    /// Says what `bytes`, which is never empty, begins with; `last` when no more will come.
    fn step(&mut self, bytes: &[u8], last: bool) -> Step;

    /// Decodes one frame.
    fn frame(&mut self, frame: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError>;

    /// Gives out what the decoder still holds.
    fn drain(&mut self, _sink: &mut Sink<'_>) -> Result<(), AudioError> {
        Ok(())
    }
}

/// A [`Framer`] with its bytes: a codec.
pub(crate) struct Framed<F> {
    framer: F,
    pending: Vec<u8>,
    /// Bytes of a tag that have not arrived yet.
    skip: u64,
    /// Bytes that made no sense before the first frame.
    junk: u64,
    found: bool,
}

impl<F: Framer> Framed<F> {
    pub(crate) fn new(framer: F) -> Self {
        Self {
            framer,
            pending: Vec::new(),
            skip: 0,
            junk: 0,
            found: false,
        }
    }

    fn run(&mut self, last: bool, sink: &mut Sink<'_>) -> Result<(), AudioError> {
        let mut at = 0;
        while at < self.pending.len() {
            let bytes = &self.pending[at..];
            match self.framer.step(bytes, last) {
                Step::Frame(len) if len > 0 && len <= bytes.len() => {
                    self.found = true;
                    self.framer.frame(&bytes[..len], sink)?;
                    at += len;
                }
                Step::Metadata(len) if len > 0 => {
                    let here = len.min(bytes.len() as u64);
                    self.skip = len - here;
                    at += here as usize;
                }
                Step::More if !last && bytes.len() < F::WINDOW_BYTES_MAX => break,
                Step::Junk(len) => at += self.count_junk(len.clamp(1, bytes.len()))?,
                _ => at += self.count_junk(1)?,
            }
        }
        self.pending.drain(..at);
        Ok(())
    }

    fn count_junk(&mut self, len: usize) -> Result<usize, AudioError> {
        self.junk += if self.found { 0 } else { len as u64 };
        if self.junk > JUNK_BYTES_MAX {
            return Err(AudioError::NothingDecodable {
                expected: "",
                found: None,
            });
        }
        Ok(len)
    }
}

impl<F: Framer> Codec for Framed<F> {
    fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        let skipped = self.skip.min(bytes.len() as u64);
        self.skip -= skipped;
        self.pending.extend_from_slice(&bytes[skipped as usize..]);
        self.run(false, sink)
    }

    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), AudioError> {
        self.run(true, sink)?;
        self.framer.drain(sink)
    }
}
