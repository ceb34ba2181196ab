//! WAV as a stream, and headerless PCM.
//!
//! Both formats of the API share this decoder, because clients mix them up: a WAV file is sent as
//! `pcm`, raw microphone samples as `wav`. What begins with `RIFF` has its header honoured, the rest
//! is taken for signed 16-bit mono at the declared rate, unless it begins like another format.
//!
//! Sizes in the header are hints: streams carry 0, `0xFFFFFFFF` or the size of some earlier state.
//! After the declared end of the samples, chunks are skipped only where a chunk really begins.

use crate::AudioError;
use crate::codec::Codec;
use crate::codec::pcm::{Encoding, Layout};
use crate::limits::{CHANNELS_MAX, SAMPLE_RATES_HZ};
use crate::sink::{Sink, Spec};
use crate::sniff::{self, Container};

/// Bytes that decide what a stream is.
const START_BYTES: usize = 12;
/// Bytes of a chunk's header.
const CHUNK_BYTES: usize = 8;
/// Bytes of a format chunk that matter.
const FORMAT_BYTES: usize = 40;
/// Chunks that are known to follow the samples.
const TRAILERS: [&[u8; 4]; 11] = [
    b"LIST", b"id3 ", b"ID3 ", b"bext", b"cue ", b"fact", b"smpl", b"iXML", b"JUNK", b"PAD ",
    b"_PMX",
];

/// Decodes WAV and headerless PCM.
pub(crate) struct WavCodec {
    /// What headerless samples are.
    fallback: Spec,
    state: State,
    pending: Vec<u8>,
    format: Option<(Layout, Spec)>,
    samples: Vec<f32>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Start,
    /// At a chunk's header.
    Chunk,
    /// In the format chunk, of this many bytes.
    Format(u64),
    /// In a chunk that does not matter; bytes left.
    Skip(u64),
    /// In the samples; bytes left if the header is to be believed.
    Data(Option<u64>),
    /// At the declared end of the samples.
    DataEnd,
    /// The stream is something else altogether.
    Foreign,
}

impl WavCodec {
    /// Takes headerless samples to be mono at `rate_hz`.
    pub(crate) fn new(rate_hz: u32) -> Self {
        Self {
            fallback: Spec {
                rate_hz,
                channels: 1,
            },
            state: State::Start,
            pending: Vec::new(),
            format: None,
            samples: Vec::new(),
        }
    }

    /// Makes one step; `false` when more bytes are needed.
    fn step(
        &mut self,
        at: &mut usize,
        last: bool,
        sink: &mut Sink<'_>,
    ) -> Result<bool, AudioError> {
        let bytes = &self.pending[*at..];
        let (used, state) = match self.state {
            State::Start if bytes.len() >= START_BYTES || (last && !bytes.is_empty()) => {
                self.start(*at)
            }
            State::Chunk if bytes.len() >= CHUNK_BYTES => (CHUNK_BYTES, self.chunk(*at)?),
            State::Format(len) if bytes.len() as u64 >= len.min(FORMAT_BYTES as u64) => {
                let used = len.min(FORMAT_BYTES as u64);
                self.format = Some(read_format(&bytes[..used as usize])?);
                (used as usize, State::Skip(len - used + (len & 1)))
            }
            State::Skip(0) => (0, State::Chunk),
            State::Skip(left) if !bytes.is_empty() => {
                let used = left.min(bytes.len() as u64);
                (used as usize, State::Skip(left - used))
            }
            State::Data(Some(0)) => (0, State::DataEnd),
            State::Data(left) if !bytes.is_empty() => return self.data(at, left, sink),
            State::DataEnd if bytes.len() >= CHUNK_BYTES || (last && !bytes.is_empty()) => {
                (0, after_data(bytes))
            }
            State::Foreign if !bytes.is_empty() => (bytes.len(), State::Foreign),
            _ => return Ok(false),
        };
        self.state = state;
        *at += used;
        Ok(true)
    }

    fn start(&mut self, at: usize) -> (usize, State) {
        let bytes = &self.pending[at..];
        match sniff::sniff(bytes) {
            Some(Container::Wav) => (START_BYTES.min(bytes.len()), State::Chunk),
            // Two bytes of samples often look like the beginning of an MPEG frame.
            None | Some(Container::Adts | Container::Mpeg) => {
                self.format = Some((Layout::S16, self.fallback));
                (0, State::Data(None))
            }
            Some(_) => (0, State::Foreign),
        }
    }

    fn chunk(&mut self, at: usize) -> Result<State, AudioError> {
        let bytes = &self.pending[at..];
        let size = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        Ok(match &bytes[..4] {
            b"data" if self.format.is_none() => {
                return Err(malformed("the samples come before their format"));
            }
            b"data" if size == 0 || size == u32::MAX => State::Data(None),
            b"data" => State::Data(Some(u64::from(size))),
            b"fmt " => State::Format(u64::from(size)),
            // A second file behind the first: its header is 4 bytes longer than a chunk's.
            b"RIFF" => State::Skip(4),
            _ => State::Skip(u64::from(size) + u64::from(size & 1)),
        })
    }

    /// Decodes the whole frames at hand; `false` when there are none.
    fn data(
        &mut self,
        at: &mut usize,
        left: Option<u64>,
        sink: &mut Sink<'_>,
    ) -> Result<bool, AudioError> {
        let Some((layout, spec)) = self.format else {
            return Ok(false);
        };
        let bytes = &self.pending[*at..];
        let declared = usize::try_from(left.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let frame_bytes = layout.sample_bytes * usize::from(spec.channels);
        let used = bytes.len().min(declared) / frame_bytes * frame_bytes;
        self.samples.clear();
        layout.decode(&bytes[..used], &mut self.samples);
        sink.write(&self.samples, spec)?;
        *at += used;
        let left = left.map(|left| left - used as u64);
        // The declared size may not be a whole number of frames: then its end is the last frame's.
        let ended = left.is_some_and(|left| left < frame_bytes as u64);
        self.state = if ended {
            State::DataEnd
        } else {
            State::Data(left)
        };
        Ok(used > 0 || ended)
    }

    fn run(&mut self, last: bool, sink: &mut Sink<'_>) -> Result<(), AudioError> {
        let mut at = 0;
        while self.step(&mut at, last, sink)? {}
        self.pending.drain(..at);
        Ok(())
    }
}

impl Codec for WavCodec {
    fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        self.pending.extend_from_slice(bytes);
        self.run(false, sink)
    }

    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), AudioError> {
        self.run(true, sink)
    }
}

/// Tells a chunk behind the samples from samples behind a size that is too small.
fn after_data(bytes: &[u8]) -> State {
    let is_padded = bytes.len() > 4 && bytes[0] == 0 && is_trailer(&bytes[1..5]);
    match bytes {
        _ if is_padded => State::Skip(1),
        [a, b, c, d, ..] if is_trailer(&[*a, *b, *c, *d]) || bytes.starts_with(b"RIFF") => {
            State::Chunk
        }
        _ => State::Data(None),
    }
}

fn is_trailer(id: &[u8]) -> bool {
    TRAILERS.iter().any(|trailer| trailer.as_slice() == id)
}

/// Reads a `WAVEFORMATEX` or `WAVEFORMATEXTENSIBLE`.
fn read_format(bytes: &[u8]) -> Result<(Layout, Spec), AudioError> {
    let field = |at: usize| {
        bytes
            .get(at..at + 2)
            .map(|b| u16::from_le_bytes([b[0], b[1]]))
    };
    let (Some(mut tag), Some(channels), Some(rate_low), Some(rate_high), Some(align), Some(bits)) =
        (field(0), field(2), field(4), field(6), field(12), field(14))
    else {
        return Err(malformed("the format chunk is too short"));
    };
    if tag == 0xFFFE {
        tag = field(24).ok_or_else(|| malformed("the format chunk is too short"))?;
    }
    let rate_hz = u32::from(rate_low) | u32::from(rate_high) << 16;
    if channels == 0 || channels > CHANNELS_MAX || !SAMPLE_RATES_HZ.contains(&rate_hz) {
        return Err(malformed(&format!("{channels} channels at {rate_hz} Hz")));
    }
    let encoding = match tag {
        1 => Encoding::Int,
        3 => Encoding::Float,
        6 => Encoding::ALaw,
        7 => Encoding::MuLaw,
        _ => {
            return Err(AudioError::Unsupported(format!(
                "WAV with format tag {tag:#06x}"
            )));
        }
    };
    let sample_bytes = match usize::from(align / channels) {
        0 => usize::from(bits.div_ceil(8)),
        bytes => bytes,
    };
    let layout = Layout {
        encoding,
        sample_bytes,
    };
    if !layout.is_supported() {
        return Err(AudioError::Unsupported(format!(
            "WAV with {bits} bits per sample"
        )));
    }
    Ok((layout, Spec { rate_hz, channels }))
}

fn malformed(reason: &str) -> AudioError {
    AudioError::Malformed {
        container: "WAV",
        reason: reason.to_owned(),
    }
}
