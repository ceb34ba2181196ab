//! Speex, in Ogg or as bare frames.
//!
//! The decoder follows libspeex 1.2.1 in its floating-point build, which is what the manual of the
//! codec ("The Speex Codec Manual", version 1.2, sections 8 to 10) leaves open; perceptual
//! enhancement is on, as in every player. It is written in safe Rust because the input comes from
//! strangers and no library for it can be built without further tools. Intensity stereo is ignored:
//! the sum of both channels is what is recognised.

mod bits;
mod comb;
mod filters;
mod lsp;
mod narrow;
mod tables;
mod wide;

use self::bits::Bits;
use self::narrow::{LAYER_BITS, MODE_BITS, Narrow};
use self::wide::Wide;
use super::ogg::{Ogg, Packets};
use crate::AudioError;
use crate::codec::Codec;
use crate::framing::{Framed, Framer, Step};
use crate::limits::SPEEX_FRAME_BYTES_MAX;
use crate::sink::{Sink, Spec};
use crate::sniff::sniff;

/// Most frames that a packet is believed to hold.
const FRAMES_PER_PACKET_MAX: u32 = 10;
/// Bytes that tell Ogg and foreign formats from bare frames.
const START_BYTES: usize = 12;

/// The bits of a frame make no sense.
#[derive(Debug)]
struct Corrupt;

/// What a band tells the band above it about a frame, by subframe.
#[derive(Default)]
struct Side {
    /// The part of the excitation that was sent, not predicted.
    innovation: Vec<f32>,
    /// Root mean square of the excitation.
    levels: [f32; 4],
    /// Response of the inverse filter at the end of the band where the next one begins.
    responses: [f32; 4],
    /// Whether the sender has announced silence.
    is_silent: bool,
}

/// The bands of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Bandwidth {
    Narrow,
    Wide,
    UltraWide,
}

impl Bandwidth {
    fn of_rate(rate_hz: u32) -> Self {
        match rate_hz {
            ..=12_500 => Self::Narrow,
            12_501..=25_000 => Self::Wide,
            _ => Self::UltraWide,
        }
    }

    /// Layers above the lowest band.
    fn layers(self) -> usize {
        match self {
            Self::Narrow => 0,
            Self::Wide => 1,
            Self::UltraWide => 2,
        }
    }

    fn frame_samples(self) -> usize {
        narrow::FRAME << self.layers()
    }

    /// Samples by which the reference encoder looks ahead.
    fn encoder_delay(self) -> u64 {
        [40, 143, 349][self.layers()]
    }

    /// Samples by which the decoder lags.
    fn decoder_delay(self) -> u64 {
        40 << self.layers()
    }
}

/// Decodes frames of one stream.
struct Decoder {
    bandwidth: Bandwidth,
    narrow: Narrow,
    layers: Vec<Wide>,
    side: Side,
}

impl Decoder {
    fn new(bandwidth: Bandwidth) -> Self {
        let mut layers = vec![Wide::wideband(), Wide::ultra_wideband()];
        layers.truncate(bandwidth.layers());
        let narrow = Narrow::new(bandwidth != Bandwidth::Narrow);
        Self {
            bandwidth,
            narrow,
            layers,
            side: Side::default(),
        }
    }

    /// Decodes one frame to samples in -1..1. After a corrupt one the decoder starts afresh.
    fn decode(&mut self, bits: &mut Bits<'_>) -> Result<Vec<f32>, Corrupt> {
        let result = self.decode_layers(bits);
        let is_sane = result
            .as_ref()
            .is_ok_and(|frame| frame.iter().all(|s| s.is_finite()));
        if !is_sane {
            *self = Self::new(self.bandwidth);
            return Err(Corrupt);
        }
        result.map(|frame| {
            frame
                .iter()
                .map(|s| (s / 32_768.0).clamp(-1.0, 1.0))
                .collect()
        })
    }

    fn decode_layers(&mut self, bits: &mut Bits<'_>) -> Result<Vec<f32>, Corrupt> {
        let mut narrow = [0.0; narrow::FRAME];
        self.narrow.decode(bits, &mut narrow, &mut self.side)?;
        let mut signal = narrow.to_vec();
        for layer in &mut self.layers {
            signal = layer.decode(bits, &signal, &mut self.side)?;
        }
        Ok(signal)
    }
}

/// Speex in Ogg.
#[derive(Default)]
pub(super) struct SpeexPackets {
    stream: Option<OggStream>,
    /// Header packets that are still to come, the comments included.
    headers_left: u64,
    /// Where the page before ended, in samples.
    granule: Option<u64>,
    /// Samples of the last page that count.
    left: Option<u64>,
}

struct OggStream {
    decoder: Decoder,
    spec: Spec,
    frames_per_packet: u32,
}

impl OggStream {
    /// Reads the header packet (the manual's table 7.1).
    fn new(header: &[u8]) -> Result<(Self, u64), AudioError> {
        let field = |at: usize| -> Result<u32, AudioError> {
            let bytes = header
                .get(at..at + 4)
                .ok_or_else(|| malformed("it is too short"))?;
            Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        };
        let bandwidth = match field(40)? {
            0 => Bandwidth::Narrow,
            1 => Bandwidth::Wide,
            2 => Bandwidth::UltraWide,
            mode => return Err(malformed(&format!("there is no mode {mode}"))),
        };
        let spec = Spec {
            rate_hz: field(36)?,
            channels: 1,
        };
        let frames_per_packet = field(64)?.clamp(1, FRAMES_PER_PACKET_MAX);
        let stream = Self {
            decoder: Decoder::new(bandwidth),
            spec,
            frames_per_packet,
        };
        Ok((stream, 1 + u64::from(field(68)?)))
    }

    /// Decodes one packet, of which at most `left` samples count; returns how many it had.
    fn packet(&mut self, packet: &[u8], left: u64, sink: &mut Sink<'_>) -> Result<u64, AudioError> {
        let mut bits = Bits::new(packet);
        let mut samples = Vec::new();
        for _ in 0..self.frames_per_packet {
            if let Ok(frame) = self.decoder.decode(&mut bits) {
                samples.extend_from_slice(&frame);
            } else {
                let lost = self.decoder.bandwidth.frame_samples();
                samples.resize(samples.len() + lost, 0.0);
            }
        }
        let kept = samples
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        sink.write(&samples[..kept], self.spec)?;
        Ok(samples.len() as u64)
    }
}

impl Packets for SpeexPackets {
    fn page(&mut self, granule: Option<u64>, last: bool) {
        let (Some(granule), Some(stream)) = (granule, &self.stream) else {
            return;
        };
        if self.headers_left > 0 {
            return;
        }
        if last {
            // Granule positions leave out the encoder's delay, once.
            let bandwidth = stream.decoder.bandwidth;
            let sent = match self.granule {
                Some(before) => granule.saturating_sub(before),
                None => granule + bandwidth.encoder_delay(),
            };
            self.left = Some(sent + bandwidth.decoder_delay());
        }
        self.granule = Some(granule);
    }

    fn packet(&mut self, packet: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        let Some(stream) = &mut self.stream else {
            let (stream, headers) = OggStream::new(packet)?;
            let bandwidth = stream.decoder.bandwidth;
            sink.skip(bandwidth.encoder_delay() + bandwidth.decoder_delay());
            self.headers_left = headers;
            self.stream = Some(stream);
            return Ok(());
        };
        if self.headers_left > 0 {
            self.headers_left -= 1;
            return Ok(());
        }
        let left = self.left.unwrap_or(u64::MAX);
        let used = stream.packet(packet, left, sink)?;
        self.left = self.left.map(|left| left.saturating_sub(used));
        Ok(())
    }
}

/// Finds and decodes frames that follow each other without a container, each from a byte boundary
/// on. How long one is follows from the modes it names.
pub(crate) struct Bare {
    decoder: Decoder,
    spec: Spec,
    started: bool,
}

impl Bare {
    fn new(rate_hz: u32) -> Self {
        let decoder = Decoder::new(Bandwidth::of_rate(rate_hz));
        Self {
            decoder,
            spec: Spec {
                rate_hz,
                channels: 1,
            },
            started: false,
        }
    }

    /// Bytes of the frame at the front of `bytes`; none if it is no frame. What is not there is
    /// taken for zero bits.
    fn frame_bytes(&self, bytes: &[u8]) -> Option<usize> {
        let mut bits = Bits::new(bytes);
        let mode = bits.peek(5);
        bits.skip(*MODE_BITS.get(mode)?);
        for _ in 0..self.decoder.bandwidth.layers() {
            let layer = bits.peek(4);
            if layer & 8 != 0 {
                bits.skip(*LAYER_BITS.get(layer & 7)?);
            }
        }
        Some(bits.position().div_ceil(8))
    }
}

impl Framer for Bare {
    const WINDOW_BYTES_MAX: usize = SPEEX_FRAME_BYTES_MAX;

    fn step(&mut self, bytes: &[u8], last: bool) -> Step {
        // The mode of the last layer stands up to four bits behind the layer below.
        match self.frame_bytes(bytes) {
            Some(len) if len < bytes.len() || (last && len == bytes.len()) => Step::Frame(len),
            Some(_) if last => Step::Junk(bytes.len()),
            Some(_) => Step::More,
            None => Step::Junk(1),
        }
    }

    fn frame(&mut self, frame: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        let bandwidth = self.decoder.bandwidth;
        if !std::mem::replace(&mut self.started, true) {
            sink.skip(bandwidth.encoder_delay() + bandwidth.decoder_delay());
        }
        match self.decoder.decode(&mut Bits::new(frame)) {
            Ok(samples) => sink.write(&samples, self.spec),
            Err(Corrupt) => sink.silence(bandwidth.frame_samples(), self.spec),
        }
    }
}

/// Speex with or without Ogg, told apart by the first bytes.
pub(crate) struct Speex {
    rate_hz: u32,
    start: Vec<u8>,
    kind: Option<Kind>,
}

enum Kind {
    Bare(Box<Framed<Bare>>),
    Foreign,
    Ogg(Framed<Ogg>),
}

impl Speex {
    /// Takes bare frames to be of the bandwidth that belongs to `rate_hz`.
    pub(crate) fn new(rate_hz: u32) -> Self {
        Self {
            rate_hz,
            start: Vec::new(),
            kind: None,
        }
    }

    fn decide(&mut self, sink: &mut Sink<'_>) -> Result<(), AudioError> {
        let start = std::mem::take(&mut self.start);
        let kind = match sniff(&start) {
            Some(crate::Container::Ogg) => Kind::Ogg(Framed::new(Ogg::default())),
            Some(_) => Kind::Foreign,
            None => Kind::Bare(Box::new(Framed::new(Bare::new(self.rate_hz)))),
        };
        self.kind.insert(kind).push(&start, sink)
    }
}

impl Codec for Speex {
    fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        if let Some(kind) = &mut self.kind {
            return kind.push(bytes, sink);
        }
        self.start.extend_from_slice(bytes);
        if self.start.len() >= START_BYTES {
            self.decide(sink)
        } else {
            Ok(())
        }
    }

    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), AudioError> {
        if self.kind.is_none() {
            self.decide(sink)?;
        }
        match &mut self.kind {
            Some(Kind::Bare(codec)) => codec.finish(sink),
            Some(Kind::Ogg(codec)) => codec.finish(sink),
            Some(Kind::Foreign) | None => Ok(()),
        }
    }
}

impl Kind {
    fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        match self {
            Self::Bare(codec) => codec.push(bytes, sink),
            Self::Foreign => Ok(()),
            Self::Ogg(codec) => codec.push(bytes, sink),
        }
    }
}

fn malformed(reason: &str) -> AudioError {
    AudioError::Malformed {
        container: "Speex",
        reason: reason.to_owned(),
    }
}
