//! AMR narrowband and wideband in the storage format of RFC 4867, section 5: a magic number, then
//! frames of 20 ms. Frames without data are comfort noise, so that times stay right.

use codec_core::codecs::amr::AmrCodec;
use codec_core::codecs::amr::mode::{AmrFrameType, AmrVariant};
use codec_core::types::{CodecConfig, CodedFrame, FrameKind, VariableRateCodec as _};

use crate::AudioError;
use crate::framing::{Framer, Step};
use crate::limits::AMR_FRAME_BYTES_MAX;
use crate::sink::{Sink, Spec};

const NARROWBAND_MAGIC: &[u8] = b"#!AMR\n";
const WIDEBAND_MAGIC: &[u8] = b"#!AMR-WB\n";
/// Frames per second.
const FRAME_RATE_HZ: u32 = 50;

/// Finds and decodes AMR frames.
#[derive(Default)]
pub(crate) struct Amr {
    stream: Option<Stream>,
}

struct Stream {
    variant: AmrVariant,
    codec: AmrCodec,
    rate_hz: u32,
    /// Mode of the last speech frame, for those that carry none.
    mode: u8,
    /// Sampling instants by which encoder and decoder together are late: 5 ms of looking ahead,
    /// and in wideband 0.94 ms of filters.
    delay: u64,
    started: bool,
}

impl Framer for Amr {
    const WINDOW_BYTES_MAX: usize = AMR_FRAME_BYTES_MAX;

    fn step(&mut self, bytes: &[u8], last: bool) -> Step {
        for (magic, variant) in [
            (NARROWBAND_MAGIC, AmrVariant::NarrowBand),
            (WIDEBAND_MAGIC, AmrVariant::WideBand),
        ] {
            if bytes.starts_with(magic) {
                self.stream = Stream::new(variant);
                return Step::Metadata(magic.len() as u64);
            }
            if magic.starts_with(bytes) && !last {
                return Step::More;
            }
        }
        let Some(stream) = &self.stream else {
            return Step::Junk(1);
        };
        match stream.frame_type(bytes[0]) {
            None => Step::Junk(1),
            Some(kind) if kind.octet_aligned_bytes() < bytes.len() => {
                Step::Frame(1 + kind.octet_aligned_bytes())
            }
            Some(_) if last => Step::Junk(bytes.len()),
            Some(_) => Step::More,
        }
    }

    fn frame(&mut self, frame: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        let spec = Spec {
            rate_hz: stream.rate_hz,
            channels: 1,
        };
        if !std::mem::replace(&mut stream.started, true) {
            sink.skip(stream.delay);
        }
        match stream.decode(frame) {
            Some(samples) => sink.write_i16(&samples, spec),
            None => sink.silence((stream.rate_hz / FRAME_RATE_HZ) as usize, spec),
        }
    }
}

impl Stream {
    fn new(variant: AmrVariant) -> Option<Self> {
        let (config, rate_hz, delay) = match variant {
            AmrVariant::NarrowBand => (CodecConfig::amr_nb(), 8_000, 40),
            AmrVariant::WideBand => (CodecConfig::amr_wb(), 16_000, 95),
        };
        let codec = AmrCodec::new(&config).ok()?;
        Some(Self {
            variant,
            codec,
            rate_hz,
            mode: 0,
            delay,
            started: false,
        })
    }

    /// Reads a frame's header: padding, type, quality, padding.
    fn frame_type(&self, header: u8) -> Option<AmrFrameType> {
        if header & 0x83 != 0 {
            return None;
        }
        AmrFrameType::from_index(self.variant, header >> 3).ok()
    }

    fn decode(&mut self, frame: &[u8]) -> Option<Vec<i16>> {
        let (&header, data) = frame.split_first()?;
        let kind = match self.frame_type(header)? {
            AmrFrameType::Speech(mode) => {
                self.mode = mode.index();
                FrameKind::Speech
            }
            AmrFrameType::Sid(_) => FrameKind::ComfortNoise,
            AmrFrameType::NoData => FrameKind::NoData,
            AmrFrameType::SpeechLost => FrameKind::Lost,
        };
        let quality_ok = header & 4 != 0;
        let frame = CodedFrame {
            kind,
            mode: self.mode,
            quality_ok,
            data: data.to_vec(),
        };
        self.codec
            .decode_frame(&frame)
            .ok()
            .filter(|samples| !samples.is_empty())
    }
}
